//! What templates promise.

use serde_json::json;

use super::*;

fn facts() -> Facts {
    Facts {
        account: [("vat".to_owned(), "AT-7".to_owned())].into(),
        row: [("region".to_owned(), "eu".to_owned())].into(),
        job_name: "orders".to_owned(),
        job_date: "2026-01-31".to_owned(),
        job_action: "migrate".to_owned(),
        index: 7,
        connection_name: Some("NetSuite Prod".to_owned()),
        integration_name: None,
        ..Facts::default()
    }
}

fn render(source: &str) -> Result<String, String> {
    let document = json!({"name": "Order <EU> & Co", "http": {"method": ["PUT"]}});
    let mut templates = Templates::default();
    let template = templates.compile(source).unwrap();
    templates.render(&template, &document, &facts()).map_err(|error| error.to_string())
}

#[test]
fn every_fact_can_be_used() {
    for (source, expected) in [
        ("{{ name }}", "Order <EU> & Co"),
        ("{{ doc.http.method[0] }}", "PUT"),
        ("{{ name == 'a' }} {{ 1 == 1 }} {{ none }}", "false true null"),
        ("{{ name }} ({{ row.region | upper }})", "Order <EU> & Co (EU)"),
        ("{{ account.vat }}", "AT-7"),
        ("{{ job.name }}/{{ job.date }}/{{ job.action }}", "orders/2026-01-31/migrate"),
        ("{{ index | pad(4) }}", "0007"),
        ("{{ connection | slug }}", "netsuite-prod"),
        ("{{ name | regex_replace('^(\\\\w+) .*$', '$1!') }}", "Order!"),
        ("{{ name | replace('Order', 'Item') | lower }}", "item <eu> & co"),
        ("{{ ' a ' | trim }}{{ 'big deal' | title }}", "aBig Deal"),
        ("{% if row.region == 'eu' %}EU{% endif %}\n", "EU\n"),
    ] {
        assert_eq!(render(source), Ok(expected.to_owned()), "{source}");
    }
}

#[test]
fn what_is_not_known_is_an_error_that_names_it() {
    assert_eq!(render("{{ row.country }}"), Err("`row.country` is not known for this import".to_owned()));
    assert_eq!(render("{{ integration }}"), Err("`integration` is not known for this import".to_owned()));
    assert_eq!(render("{{ doc.nope.x }}"), Err("`doc.nope.x` is not known for this import".to_owned()));
    assert!(render("{{ name | regex_replace('(', '') }}").unwrap_err().contains("unclosed group"));
}

#[test]
fn a_syntax_error_and_an_unknown_name_are_found_when_compiled() {
    for (source, part) in [("a {{ name | }} b", "}}"), ("{{ nme }}", "nme"), ("{% if name %}", "")]
        .into_iter()
        .chain([("{{ name | uper }}", "uper"), ("{{ '|x' ~ (name|lower|nope('|')) }} | y", "nope")])
        .chain([("{% if name | upcase == 'A' %}{% endif %}", "upcase")])
    {
        let problem = Templates::default().compile(source).unwrap_err().remove(0);
        assert!(!problem.message.contains("filter") || problem.help.is_some(), "{problem:?}");
        if !part.is_empty() {
            assert_eq!(problem.range.map(|range| source[range].trim()), Some(part), "{source}");
        }
    }
}

#[test]
fn the_columns_that_templates_need_are_known_in_every_spelling() {
    for (source, columns) in [
        ("VAT {{ account.vat }} {{account . no}}", vec!["no", "vat"]),
        ("{{ account['cost centre'] | upper }} {{ account [ \"x y\" ] }}", vec!["cost centre", "x y"]),
        ("{{ account.vat | default('-') }}", vec![]),
        ("{% if account.vat is defined %}{{ account.vat }}{% endif %}", vec![]),
        ("{{ account.get('vat') }} {{ account }} {{ account['é }}", vec![]),
        ("{{ 'account.vat' ~ doc.account.vat }}{# account.no #}", vec![]),
        ("{{ account[name] }}{{ account['a' ~ name] }}", vec![]),
    ] {
        let mut templates = Templates::default();
        let _ = templates.compile(source);
        let found: Vec<_> = templates.account_columns().iter().map(String::as_str).collect();
        assert_eq!(found, columns, "{source}");
    }
    let mut templates = Templates::default();
    templates.set_columns(Columns { row: Some(vec!["cost centre".to_owned()]), account: None });
    templates.compile("{{ row['cost centre'] }}").unwrap();
    let source = "é {{ row[\"cost center\"] }}";
    let problem = templates.compile(source).unwrap_err().remove(0);
    assert_eq!(problem.range.map(|range| &source[range]), Some("cost center"), "{}", problem.message);
}

#[test]
fn everything_that_is_unknown_is_told_in_its_order() {
    let mut templates = Templates::default();
    let columns = |all: &[&str]| Some(all.iter().map(|column| (*column).to_owned()).collect());
    templates.set_columns(Columns { row: columns(&["region"]), account: columns(&["name", "zone"]) });
    let source = "{{ nme }} {{ row.regoin | uper }} {{ colour }} {{ account.zoen }} {{ job.dat }} {{ nme }} {{ row.regoin }}";
    for _ in 0..10 {
        let problems = templates.compile(source).unwrap_err();
        let at: Vec<_> = problems.iter().map(|one| &source[one.range.clone().unwrap()]).collect();
        assert_eq!(at, ["nme", "regoin", "uper", "colour", "zoen", "dat"]);
        assert_eq!(
            problems[4].in_one_line(),
            "the CSV of accounts has no column `zoen`: did you mean `zone`?"
        );
    }
}

#[test]
fn numbers_of_the_document_are_filled_in_as_they_are() {
    let document: Value = serde_json::from_str(r#"{"a":[1,1.5,18446744073709551615],"b":{"c":-3}}"#).unwrap();
    let mut templates = Templates::default();
    let template =
        templates.compile("{{ doc.a[0] + 1 }} {{ doc.a[1] }} {{ doc.a[2] }} {{ doc.b.c }}").unwrap();
    let rendered = templates.render(&template, &document, &facts());
    assert_eq!(rendered, Ok("2 1.5 18446744073709551615 -3".to_owned()));
}

#[test]
fn handlebars_of_the_service_are_no_template() {
    for text in [
        "Moved {{ job.date }}",
        "{{name}}",
        "{{- row.region -}}",
        "{{ connection }} {{integration}}",
        "{{ name | upper }}",
        "{{doc.http.method}}",
        "{{ index }}",
    ] {
        assert!(is_template(text), "{text}");
    }
    for text in [
        "plain",
        "{{record.name}}",
        "{{ name }} {{record.x}}",
        "{{{name}}}",
        "{{#if name}}x{{/if}}",
        "{{connection.http.token}}",
        "{{integration.settings.x}}",
        "{{names}}",
        "{{data.0.name}}",
        "{{> partial}}",
        "{{ name",
        "{% raw %}",
    ] {
        assert!(!is_template(text), "{text}");
    }
}

#[test]
fn texts_are_filled_in_at_any_depth_and_handlebars_pass_through() {
    let value = json!({"b": ["{{ job.date }}", "{{record.id}}", 1], "a": {"x": "{{ index }}", "y": null}});
    let mut templates = Templates::default();
    let fill = templates.compile_value(&value).unwrap();
    let filled = templates.fill(&fill, &json!({}), &facts(), None, Blank::Leave).unwrap().unwrap();
    assert_eq!(filled.to_string(), r#"{"b":["2026-01-31","{{record.id}}",1],"a":{"x":"7","y":null}}"#);
    let plain = json!({"a": ["{{record.id}}", {"b": 1}]});
    assert_eq!(templates.compile_value(&plain), Ok(Fill::Literal(plain)));
    let wrong = json!({"a": ["", "{{ name | }}"], "b": "{{ name | }}"});
    let problems = templates.compile_value(&wrong).unwrap_err();
    let paths: Vec<_> = problems.into_iter().map(|problem| problem.path.join(" ")).collect();
    assert_eq!(paths, ["a 1", "b"]);
}

fn filled(text: &str, row: &str, there: Value) -> Result<Option<Value>, String> {
    let facts = Facts { row: [("x".to_owned(), row.to_owned())].into(), index: 7, ..Facts::default() };
    let document = br#"{"n": 1e5, "big": 12345678901234567890123, "t": "a", "l": [1, true]}"#;
    let document = crate::verbatim::from_slice(document).unwrap();
    let mut templates = Templates::default();
    let fill = templates.compile_value(&json!(text)).unwrap();
    let there = (!there.is_null()).then_some(&there);
    templates.fill(&fill, &document, &facts, there, Blank::Leave).map_err(|error| error.to_string())
}

#[test]
fn one_expression_alone_keeps_the_type_of_what_it_replaces() {
    for (text, row, there, expected) in [
        ("{{ row.x }}", "5", json!(3), json!(5)),
        ("{{row.x}}", " 5 ", json!(3), json!(5)),
        ("{{ row.x }}", "5", json!("3"), json!("5")),
        ("{{ row.x }}", "5", Value::Null, json!("5")),
        ("{{ row.x }}", "007", json!(3), json!("007")),
        ("{{ row.x }}", "true", json!(false), json!(true)),
        ("{{ row.x }}", "maybe", json!(false), json!("maybe")),
        ("{{ row.x }}", "FALSE", json!(true), json!(false)),
        ("{{ row.x }}", " True ", json!(false), json!(true)),
        ("{{ row.x }}", "TRUE", json!("x"), json!("TRUE")),
        ("{{ row.x }}", "[\"y\"]", json!(["x"]), json!(["y"])),
        ("{{ row.x }}", "{\"y\": 1}", json!({}), json!({ "y": 1 })),
        ("{{ row.x }}", "[\"y\"]", json!({}), json!("[\"y\"]")),
        ("{{ row.x }}", "[\"y\"]", json!("x"), json!("[\"y\"]")),
        ("v{{ row.x }}", "5", json!(3), json!("v5")),
        ("{{ row.x | trim }}", " a ", json!("b"), json!("a")),
        ("{{ index }}", "", Value::Null, json!("7")),
        ("{{ index }}", "", json!(1), json!(7)),
        ("{{ row.x | int }}", "007", Value::Null, json!(7)),
        ("{{ row.x|int }}", "-0", json!("text"), json!(0)),
        ("{{ row.x | bool }}", "No", Value::Null, json!(false)),
        ("{{ row.x | json }}", "[1, {\"a\": null}]", Value::Null, json!([1, { "a": null }])),
        ("{{ doc.l }}", "", Value::Null, json!([1, true])),
        ("{{ doc.l[0] }}", "", Value::Null, json!(1)),
        ("{{ doc.l[0] }}", "", json!("x"), json!("1")),
    ] {
        assert_eq!(filled(text, row, there.clone()), Ok(Some(expected)), "{text} {row} {there}");
    }
    for (text, row, expected) in [
        ("{{ row.x | float }}", "1e5", "1e5"),
        ("{{ row.x | int }}", "12345678901234567890123", "12345678901234567890123"),
        ("{{ row.x | json }}", "1.50", "1.50"),
        ("{{ doc.n }}", "", "1e5"),
        ("{{ doc.big }}", "", "12345678901234567890123"),
    ] {
        assert_eq!(filled(text, row, Value::Null).unwrap().unwrap().to_string(), expected, "{text}");
    }
    for (text, row, part) in [
        ("{{ row.x | int }}", "1.5", "`1.5` is not a whole number"),
        ("{{ row.x | float }}", "1,5", "is not a number"),
        ("{{ row.x | bool }}", "maybe", "is not true or false"),
        ("{{ row.x | json }}", "{", "is not JSON"),
        ("{{ row.y }}", "", "`row.y` is not known"),
    ] {
        let error = filled(text, row, Value::Null).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_blank_cell_is_absent() {
    for text in ["{{ row.x }}", "{{ row.x | trim }}", "{{ row.x | int }}", "{{ row.x | json }}"] {
        assert_eq!(filled(text, " ", json!(3)), Ok(None), "{text}");
    }
    assert_eq!(filled("{{ row.x | default('d', true) }}", "", json!("a")), Ok(Some(json!("d"))));
    assert_eq!(filled("<{{ row.x }}>", "", json!("a")), Ok(Some(json!("<>"))));
}

#[test]
fn a_template_is_bounded_in_time_and_memory() {
    let nested = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let doubled = format!("{{% set x = 'x' %}}{}{{{{ x }}}}", "{% set x = x ~ x %}".repeat(40));
    for source in [
        nested,
        doubled.as_str(),
        "{{ 'x' * 90000000 }}",
        "{% for a in range(9999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ '%900000000d' | format(1) }}",
        "{{ [1] | batch(900000000, 0) | list | length }}",
        "{{ [1] | slice(900000000) | list | length }}",
        "{{ range(9999) | join('x' * 90000) }}",
        "{% set x = 'x' * 900000 %}{{ [x, x, x, x, x, x, x, x] }}",
        "{{ ('a' * 1000000) | regex_replace('a', '$0$0$0$0') }}",
        "{{ ('a' * 1000000) | replace('a', 'b' * 1000) }}",
    ] {
        let error = render(source).unwrap_err();
        assert!(error.len() < 200, "{source}: {error}");
    }
    assert_eq!(render("{{ 1 | pad(5) }}{{ 'ab' * 3 }}"), Ok("00001ababab".to_owned()));
}

#[test]
fn an_unknown_name_is_underlined_where_it_stands() {
    for (source, at) in [
        ("nme {{ name }} {{ nme }}", 18..21),
        ("{{ 'nme' ~ nme }}", 11..14),
        ("{{ row.nme ~ nme }}", 13..16),
        ("{# nme #}{% raw %}{{ nme }}{% endraw %}{{ nme }}", 42..45),
        ("{{ name|nme }}", 8..11),
    ] {
        assert_eq!(Templates::default().compile(source).unwrap_err()[0].range, Some(at), "{source}");
    }
}

#[test]
fn a_template_is_of_the_row_whatever_words_of_the_language_it_holds() {
    for text in [
        "{{ row.x }}",
        "{{ row.x if row.x is defined else None }}",
        "{{ row.x if True and not False else none }}",
        "{{ row.x == true }}",
        "{{ row.x | default('name', true) }}",
        "{{ row['job'] ~ 'index' }}",
        "{{ row.x in ['doc', row.y] }}",
        "{{ row.list[range(2)[1]] }}",
        "{{ row.x | }}",
    ] {
        assert!(is_of_the_row(text), "{text}");
    }
    for text in [
        "{{ row.x ~ name }}",
        "{{ name }}",
        "{{ index }}",
        "{{ row.x }}{{record.y}}",
        "{{ row[name] }}",
        "{{ job.name | }}",
        "plain",
    ] {
        assert!(!is_of_the_row(text), "{text}");
    }
}

#[test]
fn a_cast_inside_a_larger_expression_is_about_its_operand() {
    for (text, row, expected) in [
        ("{{ row.x | int + row.x | int }}", "2", json!(4)),
        ("{{ (row.x | int) + row.x | int }}", "2", json!(4)),
        ("{{ ((row.x ~ '0') | int) }}", "2", json!("20")),
        ("{{ (row.x ~ '0') | int }}", "2", json!(20)),
        ("{{ row.x ~ row.x | int }}", "2", json!("22")),
        ("{{ row.x if row.x == '3' else row.x | int }}", "2", json!(2)),
        ("{{ row.x | default('a - b') | int }}", "2", json!(2)),
        ("{{ row['x'] | int }}", "2", json!(2)),
        ("{{ row.x is not none | bool }}", "2", json!(true)),
        ("{{ (not row.x | bool) or row.x | bool }}", "no", json!(true)),
        ("{{ (row.x | bool) == false }}", "no", json!("true")),
        ("{{- row.x | int -}}", "2", json!(2)),
        ("{{ row.x | int * 2.5 }}", "3", json!("7.5")),
    ] {
        assert_eq!(filled(text, row, Value::Null), Ok(Some(expected)), "{text}");
    }
    assert_eq!(filled("{{ row.x | int * 2.5 }}", "3", json!(1)), Ok(Some(json!(7.5))));
    assert!(
        filled("{{ row.x == row.x | bool }}", "maybe", Value::Null)
            .unwrap_err()
            .contains("`maybe` is not true")
    );
}

#[test]
fn a_key_that_a_name_says_is_looked_up_and_not_read_as_it_is_written() {
    let document =
        json!({ "name": "a b", "m": { "name": "wrong", "a b": "right", "a/b": 1.5 }, "l": [1, 2] });
    for (text, expected) in [
        ("{{ doc.m[name] }}", json!("right")),
        ("{{ doc.m['a b'] }}", json!("right")),
        ("{{ doc.m[\"a/b\"] }}", json!(1.5)),
        ("{{ doc.m.name }}", json!("wrong")),
        ("{{ doc['m']['name'] }}", json!("wrong")),
        ("{{ doc.l[1] }}", json!(2)),
        ("{{ doc.l[-1] }}", json!("2")),
    ] {
        let mut templates = Templates::default();
        let fill = templates.compile_value(&json!(text)).unwrap();
        let filled = templates.fill(&fill, &document, &Facts::default(), None, Blank::Leave);
        assert_eq!(filled, Ok(Some(expected)), "{text}");
    }
}

#[test]
fn what_is_printed_of_the_document_is_spelled_as_it_stands_there() {
    let text = br#"{"p":1.10,"huge":123456789012345678901234567890123456789012345,"e":1E+3,"x":1e400,"t":"a<b","n":null,
        "o":{"z":1.10,"a":[2,{"k":"v"}]},"l":[-0,"a"]}"#;
    let document = crate::verbatim::from_slice(text).unwrap();
    let render = |source: &str| {
        let mut templates = Templates::default();
        let template = templates.compile(source).unwrap();
        templates.render(&template, &document, &facts()).map_err(|error| error.to_string())
    };
    for (source, made) in [
        (
            "{{ doc.p }}|{{doc.huge}}|{{- doc.e -}}|{{ doc[\"x\"] }}",
            "1.10|123456789012345678901234567890123456789012345|1E+3|1e400",
        ),
        ("{{ doc.o }} {{ doc.l }}", r#"{"z":1.10,"a":[2,{"k":"v"}]} [-0,"a"]"#),
        (
            "{{ doc.o | tojson }}{{ doc.o | json }}",
            r#"{"z":1.10,"a":[2,{"k":"v"}]}{"z":1.10,"a":[2,{"k":"v"}]}"#,
        ),
        ("{{ doc.o.a[1] }}{{ doc.o.a[1].k }}{{ doc.l[0] }}", r#"{"k":"v"}v-0"#),
        ("{{ doc.p | tojson }} {{ doc.p | pad(6) }} {{ doc.t | tojson }}", r#"1.10 001.10 "a\u003cb""#),
        ("{{ doc.p * 2 }} {{ doc.l | length }} {{ doc.p | round(0) }}", "2.2 2 1.0"),
        ("{% for key in doc.o %}{{ key }}{% endfor %}{{ 'a' in doc.l }}", "zatrue"),
        ("{{ 'x' ~ doc.huge }}", "x123456789012345678901234567890123456789012345"),
        ("{{ [1, 'a'] }}{{ {'b': none} }}{{ doc.n }}", r#"[1,"a"]{"b":null}null"#),
        ("{{ doc.q | default('d') }}{{ doc.l | last }}", "da"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(made), "{source}");
    }
    for endless in [
        "{{ doc | tojson(indent=900000000) }}",
        "{{ doc | tojson(900000000) }}",
        "{{ [[[1]]] | tojson(indent=9223372036854775807) }}",
        "{{ [[range(1000) | list] * 100] * 10 | tojson(indent=9) }}",
    ] {
        assert!(render(endless).is_err(), "{endless}");
    }
    assert_eq!(render("{{ [1] | tojson(indent=2) }}{{ [1] | tojson(true) }}").unwrap(), "[\n  1\n][\n  1\n]");
    assert!(render("{{ doc.huge * 2 }}").is_err(), "digits are not lost in silence");
    assert_eq!(render("p {{ doc.q }}").unwrap_err(), "`doc.q` is not known for this import");
    let mut templates = Templates::default();
    let fill = templates.compile_value(&json!("{{ doc.o | json }}")).unwrap();
    let filled = templates.fill(&fill, &document, &facts(), Some(&json!("t")), Blank::Leave).unwrap();
    assert_eq!(filled.unwrap().to_string(), r#"{"z":1.10,"a":[2,{"k":"v"}]}"#);
}
