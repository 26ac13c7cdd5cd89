//! What filters promise.

use serde_json::json;

use super::*;

const SHORT: Duration = Duration::from_millis(80);

/// The results of a program, with time enough for a slow machine.
pub(super) fn run(program: &str, input: &Value) -> Result<Vec<Value>, JqError> {
    Filter::compile(program).unwrap().run(input, Duration::from_mins(1))
}

#[test]
fn the_identity_gives_the_document_back_byte_for_byte() {
    let text = r#"{"z":1,"a":{"y":[null,true,"é\"\u0001"],"b":{}},"n":[0,-1,9007199254740993,18446744073709551615,
        -9223372036854775808,1.0,0.1,1e300,5e-324,-0.0],"":[]}"#;
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(run(".", &document).unwrap()[0].to_string(), document.to_string());
}

#[test]
fn numbers_that_are_passed_on_keep_every_digit() {
    let text = "[1.0,1e+5,-0.0,0.10,1e+400,12345678901234567890123,0.1000000000000000055511151231257827,1e5,1E-05,-2E5]";
    let document = crate::verbatim::from_slice(text.as_bytes()).unwrap();
    assert_eq!(run(".", &document).unwrap()[0].to_string(), text);
    assert_eq!(
        run(".[0] + 1, .[1] * 2, .[5] + 1", &document).unwrap()[2].to_string(),
        "12345678901234567890124"
    );
}

#[test]
fn an_edit_leaves_the_rest_untouched_and_in_order() {
    let document = json!({"z": 1, "http": {"headers": [{"name": "X-Old"}, {"name": "b"}], "m": 1}, "a": 2});
    let results = run(r#".http.headers |= map(select(.name != "X-Old"))"#, &document).unwrap();
    assert_eq!(results[0].to_string(), r#"{"z":1,"http":{"headers":[{"name":"b"}],"m":1},"a":2}"#);
}

#[test]
fn a_deletion_leaves_the_other_keys_in_their_order() {
    let document =
        json!({"z": 1, "y": {"c": 1, "b": 2, "a": 3}, "x": [{"q": 1, "p": 2, "o": 3}, {"o": 1}], "w": 4});
    for (program, expected) in [
        (
            "del(.z) | del(.y.c) | .n = 1",
            r#"{"y":{"b":2,"a":3},"x":[{"q":1,"p":2,"o":3},{"o":1}],"w":4,"n":1}"#,
        ),
        (".x |= map(del(.q))", r#"{"z":1,"y":{"c":1,"b":2,"a":3},"x":[{"p":2,"o":3},{"o":1}],"w":4}"#),
        ("del(.x[1]) | del(.w)", r#"{"z":1,"y":{"c":1,"b":2,"a":3},"x":[{"q":1,"p":2,"o":3}]}"#),
    ] {
        let result = Filter::compile(program).unwrap().one(&document, DEADLINE).unwrap();
        assert_eq!(result.to_string(), expected, "{program}");
    }
}

#[test]
fn it_assigns_and_deletes_where_nothing_is_as_jq_does() {
    let document = json!({"n": [3, 1, 2], "o": {"a": null, "b": 1}, "l": [{"x": 1}, {}]});
    for (program, expected) in [
        // Checked with jq 1.6
        (".s.t.u = 1 | .s", json!({"t": {"u": 1}})),
        (".s.t += 1 | .s", json!({"t": 1})),
        (".s.t //= 1 | .s", json!({"t": 1})),
        ("(.s.t, .s.u) = 1 | .s", json!({"t": 1, "u": 1})),
        ("(.s | .t.u) |= 2 | .s", json!({"t": {"u": 2}})),
        (".o.a.b = 1 | .o", json!({"a": {"b": 1}, "b": 1})),
        (".l[].y.z = 1 | .l", json!([{"x": 1, "y": {"z": 1}}, {"y": {"z": 1}}])),
        ("reduce (\"p\", \"q\") as $k (.; .s[$k].v = $k) | .s", json!({"p": {"v": "p"}, "q": {"v": "q"}})),
        (".s |= (.t = 1) | .s", json!({"t": 1})),
        (".\"a b\".\"c.d\" = 1 | .[\"a b\"]", json!({"c.d": 1})),
        ("del(.s.t[]?)", document.clone()),
        ("del(.s.t.u)", document.clone()),
        ("del(.s.t[]? | select(.u))", document.clone()),
        ("del(.n[0, 1]) | .n", json!([2])),
        ("del(.n[1:]) | .n", json!([3])),
        ("del(.n[-1], .n[0]) | .n", json!([1])),
        ("del(.l[].x, .o.b, .q) | [.l, .o]", json!([[{}, {}], {"a": null}])),
        ("delpaths([[\"n\", 0], [\"n\", 1], [\"s\", \"t\"]]) | .n", json!([2])),
        ("del(.. | select(. == 1)) | [.n, .o]", json!([[3, 2], {"a": null}])),
        ("del(.)", json!(null)),
        ("[\"a\", null, 1, true] | join(\"-\")", json!("a--1-true")),
        ("[] | join(\",\")", json!("")),
    ] {
        assert_eq!(run(program, &document).unwrap()[0], expected, "{program}");
    }
    assert!(run(".n.x = 1", &document).is_err() && run("del(.n.x)", &document).is_err());
    assert!(run("[[1]] | join(\",\")", &document).is_err());
}

#[test]
fn what_a_path_passes_by_is_not_made_for_nothing() {
    for program in [
        ".q[]?.v |= 9",
        ".q.r[]? |= 9",
        "(.q | select(.r)) |= 9",
        ".q[]? |= (if . == null then 1 else . end)",
        ".q.r |= empty",
    ] {
        assert_eq!(run(program, &json!({"n": 1})), Ok(vec![json!({"n": 1})]), "{program}");
    }
    assert_eq!(run(".q = null | .r |= null", &json!({})), Ok(vec![json!({"q": null, "r": null})]));
    // Checked with jq 1.6 and 1.7
    for (program, expected) in [
        (".q.r = null", json!({"q": {"r": null}})),
        (".q.r = .s", json!({"q": {"r": null}})),
        ("(.p, .q.r) = null", json!({"p": null, "q": {"r": null}})),
        (".q[1] = null", json!({"q": [null, null]})),
        ("getpath([\"q\", \"r\"]) = null", json!({"q": {"r": null}})),
        (".q[]?.v = 9", json!({})),
        ("(.q | select(.r)) = 9", json!({})),
        ("[(.q, .r.s) = (1, null)]", json!([{"q": 1, "r": {"s": 1}}, {"q": null, "r": {"s": null}}])),
    ] {
        assert_eq!(run(program, &json!({})), Ok(vec![expected]), "{program}");
    }
}

#[test]
fn numbers_and_texts_come_out_as_jq_writes_them() {
    for (program, expected) in [
        // Checked with jq 1.7
        (r#""part \(4 / 2) of \(1.5 + 0.5), \(3 / 2)""#, json!("part 2 of 2, 1.5")),
        (r#"{"a": 6} | .a /= 2 | "\(.a)""#, json!("3")),
        ("[pow(2; 10), (9 | sqrt), -(1.5 * 2)] | tojson", json!("[1024,3,-3]")),
        ("[1, 2] | .[] |= (., .)", json!([1, 2])),
        (r#"[(1, null, "ab", ["ab"]) | ltrimstr("a") | rtrimstr("b")]"#, json!([1, null, "", ["ab"]])),
        (r#""äxä" | ltrimstr("ä"), rtrimstr("ä")"#, json!("xä")),
        (r#"[("12", "-1.50", "1e3", 7) | tonumber] | tojson"#, json!("[12,-1.50,1e3,7]")),
    ] {
        assert_eq!(run(program, &json!(null)).unwrap()[0], expected, "{program}");
    }
    for text in ["2024-03-10", "0x10", "1_000", "12 Main Street", "1 2", "[1]", "true", ""] {
        let result = run("[tonumber]", &json!(text));
        assert!(matches!(result, Err(JqError::Raised(_))), "{text}: {result:?}");
    }
}

#[test]
fn the_library_works_under_watch_for_values_paths_and_updates() {
    let document = json!({"a": [3, 1, 2], "b": {"c": "x y"}});
    for (program, expected) in [
        (".a | sort | map(. * 2)", json!([2, 4, 6])),
        ("[paths]", json!([["a"], ["a", 0], ["a", 1], ["a", 2], ["b"], ["b", "c"]])),
        ("[path(..)] | length", json!(7)),
        (".a |= map(select(. > 1)) | .a", json!([3, 2])),
        ("(.. | strings) |= ascii_upcase | .b.c", json!("X Y")),
        ("(.a[] | select(. == 3)) = 9 | .a", json!([9, 1, 2])),
        ("del(.a[0]) | .a", json!([1, 2])),
        (".b | with_entries(.value |= length)", json!({"c": 3})),
        ("walk(if type == \"number\" then . + 1 else . end) | .a", json!([4, 2, 3])),
        ("reduce .a[] as $x (0; . + $x)", json!(6)),
        ("[limit(2; repeat(1))]", json!([1, 1])),
        ("def f: if . < 100000 then . + 1 | f else . end; 0 | f", json!(100_000)),
        ("[range(0; 10; 3)]", json!([0, 3, 6, 9])),
        ("first(.a[] | select(. < 3))", json!(1)),
        (".b.c | sub(\" \"; \"-\")", json!("x-y")),
        ("[.a[] as $x | .a[] as $y | $x * $y] | add", json!(36)),
        ("{x: .a[]} | .x", json!(3)),
        ("[label $out | .a[] | ., break $out]", json!([3])),
        (".q // \"none\"", json!("none")),
        ("try error(\"no\") catch .", json!("no")),
        ("\"\\(.a[0]) and \\(.b.c)\"", json!("3 and x y")),
        ("getpath([\"b\", \"c\"])", json!("x y")),
        ("[.a[] | tostring] | join(\",\")", json!("3,1,2")),
        ("to_entries | map(.key)", json!(["a", "b"])),
        (".b.c |= gsub(\"(?<l>[xy])\"; \"<\\(.l)>\") | .b.c", json!("<x> <y>")),
    ] {
        assert_eq!(run(program, &document).unwrap()[0], expected, "{program}");
    }
}

#[test]
fn a_program_without_end_is_ended_whatever_it_catches() {
    for program in [
        "def f: f; f",
        "last(repeat(1))",
        "last(range(infinite))",
        "reduce range(0; infinite; 1) as $i (0; . + $i)",
        "[recurse(. ; true)] | length",
        "until(false; . + 1)",
        "def f: (try error catch .) | f; f",
        "last(while(true; 1 - .))",
        "isempty(repeat(1) | select(false))",
        "0 | last(recurse(. + 1))",
        "[range(2000)] | [.[] as $a | .[] as $b | .[] as $c | select($a + $b + $c < 0)] | length",
        "[range(2000)] | isempty((.[] + .[] + .[]) | select(. < 0))",
        "[range(2000)] | isempty({a: .[], b: .[], c: .[]} | select(.a < 0))",
    ] {
        let started = std::time::Instant::now();
        let filter = Filter::compile(program).unwrap();
        assert_eq!(filter.run(&json!(1), SHORT), Err(JqError::TimedOut(SHORT)), "{program}");
        // Far more than it takes on a busy machine, and far less than it would take by itself.
        assert!(started.elapsed() < Duration::from_secs(20), "{program} took {:?}", started.elapsed());
    }
}

#[test]
fn a_program_that_calls_itself_too_deep_is_ended_before_the_stack_is() {
    for program in ["def f: 1 + f; f", "def f: try f catch f; f", "def f: [f]; f", "def f: {a: f}; f"] {
        let filter = Filter::compile(program).unwrap();
        assert_eq!(filter.run(&json!({}), Duration::from_secs(20)), Err(JqError::TooDeep), "{program}");
    }
}

#[test]
fn a_program_that_nests_values_without_end_is_ended_before_they_fill_the_stack() {
    for program in [
        "def f: {a: .} | f; f",
        "until(false; [.])",
        "last(recurse([.]))",
        "reduce range(1000000) as $i (.; {a: .}) | 1",
        "reduce range(1000000) as $i (.; [[], ., []]) | 1",
        "\"[\" * 100000 + \"]\" * 100000 | fromjson | 1",
        "reduce range(128) as $i (1; [.])",
        "[range(10000) | []] | reduce range(200) as $i (.; {a: .})",
    ] {
        let filter = Filter::compile(program).unwrap();
        assert_eq!(filter.run(&json!({}), Duration::from_secs(20)), Err(JqError::Nested), "{program}");
    }
    assert!(run("reduce range(126) as $i ([]; [.])", &json!(1)).is_ok());
    assert_eq!(run("[.a | fromjson] | tojson | fromjson", &json!({"a": "[1]"})), Ok(vec![json!([[1]])]));
}

#[test]
fn a_program_that_doubles_a_value_is_ended_before_memory_is() {
    for program in ["reduce range(99) as $i ([1]; . + .) | 1", "reduce range(99) as $i (\"x\"; . + .) | 1"] {
        let filter = Filter::compile(program).unwrap();
        assert_eq!(filter.run(&json!({}), Duration::from_secs(20)), Err(JqError::TooLong), "{program}");
    }
}

#[test]
fn a_program_can_be_run_again_after_it_was_ended() {
    let filter = Filter::compile("if . then last(repeat(1)) else 1 end").unwrap();
    assert!(filter.run(&json!(true), SHORT).is_err());
    assert_eq!(filter.run(&json!(false), SHORT), Ok(vec![json!(1)]));
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    for (program, part, message) in [
        (".a | mop(.b)", "mop", "undefined filter `mop`"),
        (".a | $x", "$x", "undefined variable `$x`"),
        ("1 as $x | {a: &}", "&", "expected"),
        (".a | (.b", "(", "this `(` is never closed"),
        (".a[] |", "", "expected a value or a filter, found the end"),
        (".a ] .b", "]", "`]` is not expected here"),
        ("\"\\(1 +)\"", ")", "expected a value or a filter"),
    ] {
        let problem = Filter::compile(program).unwrap_err();
        assert!(problem.message.starts_with(message), "{program}: {problem:?}");
        let range = problem.range.unwrap();
        assert!(
            part.is_empty() && range.start == program.len() || program[range].contains(part),
            "{program}"
        );
    }
}

#[test]
fn a_filter_sees_the_document_only() {
    for program in ["now", "env", "$ENV", "debug", "stderr", "halt", "halt_error", "input", "localtime"] {
        let problem = Filter::compile(program).unwrap_err();
        assert!(problem.help.is_some(), "{problem:?}");
    }
    for program in ["import \"a\" as a; .", "include \"a\"; ."] {
        assert!(Filter::compile(program).is_err());
    }
}

#[test]
fn an_error_names_kinds_of_values_and_quotes_none() {
    let document = json!({"a": {"password": "s3cret"}, "l": [1, "s3cret"], "t": "s3cret as x", "n": 7});
    for (program, message) in [
        (".a | keys | map(tonumber)", "cannot parse a text as number"),
        (".a + 1", "cannot calculate with an object and a number"),
        ("1 - .l", "cannot calculate with a number and a list"),
        (".t - .a", "cannot calculate with a text and an object"),
        (".n[]", "cannot use a number as iterable (array or object)"),
        (".t | keys", "cannot use a text as iterable"),
        (".l.x", "cannot index a list with \"x\""),
        (".t[0].x.y", "cannot index a text with"),
        (".q.x |= map(1)", "cannot use null as"),
        ("error(\"say \" + .a.password)", "say s3cret"),
    ] {
        match run(program, &document) {
            Err(JqError::Raised(said)) => assert!(said.starts_with(message), "{program}: {said}"),
            other => panic!("{program}: {other:?}"),
        }
    }
}

#[test]
fn what_json_cannot_hold_is_an_error() {
    for program in ["nan", "infinite", "-infinite"] {
        assert_eq!(
            run(program, &json!(1)),
            Err(JqError::NotJson("a number that is not finite")),
            "{program}"
        );
    }
}

#[test]
fn one_result_is_one_and_any_true_one_holds() {
    let filter = |program| Filter::compile(program).unwrap();
    assert_eq!(filter(".").one(&json!(1), DEADLINE), Ok(json!(1)));
    assert!(filter("1, 2").one(&json!(1), DEADLINE).unwrap_err().to_string().contains("several"));
    assert!(filter("empty").one(&json!(1), DEADLINE).unwrap_err().to_string().contains("no result"));
    assert_eq!(filter("null, false").holds(&json!(1), DEADLINE), Ok(false));
    assert_eq!(filter("empty").holds(&json!(1), DEADLINE), Ok(false));
    assert_eq!(filter("false, 0, error").holds(&json!(1), DEADLINE), Ok(true));
    assert_eq!(filter("error(\"why\")").holds(&json!(1), DEADLINE), Err(JqError::Raised("why".to_owned())));
}

#[test]
fn what_would_take_all_memory_is_refused_before_it_is_made() {
    let document = json!({ "name": "First", "text": "x".repeat(1 << 20) });
    for program in [
        "\"ab\" * 9000000000000000000",
        "\"ab\" * 1000000000000",
        "1000000000000 * \"ab\"",
        "\"ab\" * 100000000000000000000000",
        ".name *= 1000000000000",
        "[.name, .text] | map(. * 100000000)",
        "reduce range(1000) as $i (.; setpath([\"a\\($i)\", 100000]; 1))",
        "reduce range(1000) as $i (.; \"a\\($i)\" as $k | .[$k] = ([1] | .[100000] = 1))",
        "reduce range(60) as $i (\"x\"; . * 10)",
        "reduce range(60) as $i (.; [., .])",
        "reduce range(60) as $i (.; { a: ., b: . })",
        "reduce range(60) as $i (.; [., .]) | tojson | length",
        "reduce range(60) as $i (.; [., .]) | .foo",
        "reduce range(60) as $i (.; [., .]) | error",
        "[range(1000000000000)]",
        "[repeat(1)]",
        "[limit(1000000000; repeat(\"x\"))]",
        "[range(1000) | \"x\" * 10000000]",
        "{ a: [range(1000) as $i | (\"\\($i)\" * 1000000)] }",
        "reduce range(60) as $i (3; . * .)",
        "\"9\" * 10000000 | tonumber",
        ".text | explode",
        ".text / \"\"",
        "[.text | match(\"\"; \"g\")]",
    ] {
        let filter = Filter::compile(program).unwrap();
        let small = json!({ "name": "First" });
        let input = if program.contains(".text") { &document } else { &small };
        let result = filter.one(input, Duration::from_mins(5));
        assert!(matches!(result, Err(JqError::TooLong)), "{program}: {:?}", result.map(|_| ()));
    }
}

#[test]
fn what_a_filter_may_make_still_is_made() {
    for (program, expected) in [
        ("\"ab\" * 3, 3 * \"ab\", \"ab\" * 0", json!(["ababab", "ababab", null])),
        ("(1, 2) * (3, 4)", json!([3, 6, 4, 8])),
        ("{ a: { b: 1 } } * { a: { c: 2 } }", json!([{ "a": { "b": 1, "c": 2 } }])),
        ("{ a: 2 } | .a *= 3 | .a", json!([6])),
        ("[1, 2] | .[] *= (10, 100)", json!([[10, 20], [100, 200]])),
        ("\"a,b\" / \",\"", json!([["a", "b"]])),
        ("reduce range(16) as $i (7; . * .) | tostring | length > 50000", json!([true])),
        ("[range(100000)] | length", json!([100_000])),
        ("[limit(3; repeat(\"x\"))] | add", json!(["xxx"])),
    ] {
        assert_eq!(run(program, &json!(null)).unwrap(), *expected.as_array().unwrap(), "{program}");
    }
}

#[test]
fn a_condition_may_not_assign() {
    for (program, sign, help) in [
        (".name = \"Order 1\"", 6..7, "write `==`"),
        (".name|=\"x\"", 5..7, "write `==`"),
        (".a += 1", 3..5, "write `+`"),
        (".a //= 1", 3..6, "write `//`"),
        ("select(.name = \"x\")", 13..14, "write `==`"),
        ("any(.http.headers[]; .name = \"x\")", 27..28, "write `==`"),
        ("\"\\(.a = 1)\"", 6..7, "write `==`"),
        ("del(.x)", 0..3, "compare"),
        (".a | del(.x)", 5..8, "compare"),
    ] {
        let problem = Filter::condition(program).unwrap_err();
        assert_eq!(problem.range, Some(sign), "{program}");
        assert!(problem.help.unwrap().contains(help), "{program}");
    }
    for program in [
        ".name == \"=\"",
        ".a <= 1 and .b != 2",
        ".http.method // [] | index(\"POST\")",
        "del(.x) == {}",
        ".a >= 1 # = 5",
    ] {
        assert!(Filter::condition(program).is_ok(), "{program}");
    }
}
