//! Job files that say something else than was meant.

use super::Case;
use crate::support::scenario::Ran;

fn check(case: &str, job: &str) -> Ran {
    Case::of(case).check(job).expect_exit(2)
}

fn errors(ran: &Ran) -> usize {
    ran.stderr.lines().filter(|line| line.starts_with("error")).count()
}

#[test]
fn case_20_slips_of_yaml_are_told_with_the_cure() {
    for (job, at, help) in [
        ("job-1-star.yaml", ":8:11", "\"*\""),
        ("job-2-braces.yaml", ":8:11", "\"{{ name }} EU\""),
        ("job-3-indent.yaml", ":9:", "3"),
    ] {
        let ran =
            check("20-yaml-without-a-hint", job).expect_stderr(at).expect_stderr(help).expect_stderr("help");
        assert_eq!(errors(&ran), 1, "{}", ran.stderr);
    }
}

#[test]
fn variants_of_case_20_are_told_once_too() {
    for (names, at, help) in [
        ("[Order, *]", ":8:18", "\"*\""),
        ("[@x]", ":8:11", "\"@x\""),
        ("[%x]", ":8:11", "\"%x\""),
        ("[`x`]", ":8:11", "needs quotes"),
        ("{{ name }}", ":8:10", "\"{{ name }}\""),
        ("[&x]", ":8:11", "\"&x\""),
        ("- Order *", ":8:10", "`names: [\"Order *\"]`"),
        ("[Order #1]", ":8:17", "\"Order #1\""),
        ("[a, Order: 1]", ":8:14", "\"Order: 1\""),
        ("[[a-z]+, b]", ":8:11", "\"[a-z]+\""),
    ] {
        let case = Case::of("20-yaml-without-a-hint");
        let job = case.world.read("job-1-star.yaml").replace("[*, Order *]", names);
        std::fs::write(case.world.path("job.yaml"), job).unwrap();
        let ran = case.check("job.yaml").expect_exit(2).expect_stderr(at).expect_stderr(help);
        assert_eq!(errors(&ran), 1, "{}", ran.stderr);
    }
}

#[test]
fn variants_of_case_22_lead_to_the_cure() {
    for (limit, cure) in [
        ("5 percent", "`5%`"),
        ("5 per cent", "`5%`"),
        ("5pct", "`5%`"),
        ("\"5 %\"", "`5%`"),
        ("\"2,5 %\"", "`2.5%`"),
        ("0.05", "`5%`"),
    ] {
        let case = Case::of("22-values-and-pointers");
        let job = case.world.read("job-1-share.yaml").replace("90%", "0.9").replace("5 %", limit);
        std::fs::write(case.world.path("job.yaml"), job).unwrap();
        let ran = case.check("job.yaml").expect_exit(2).expect_stderr(cure);
        assert_eq!(errors(&ran), 1, "{}", ran.stderr);
    }
}

#[test]
fn case_21_what_is_valid_and_not_meant_is_told() {
    let case = Case::of("21-valid-but-not-meant");
    let told = |ran: Ran| ran.expect_exit(0).expect_stderr("comment").expect_stderr("the same name");
    told(case.check("job-1-comment.yaml"));
    told(case.world.command(&["plan", "job-1-comment.yaml"]));
    let ran = check("21-valid-but-not-meant", "job-2-escapes.yaml").expect_stderr(":7:");
    assert_eq!(errors(&ran), 1, "{}", ran.stderr);
}

#[test]
fn variants_of_case_21_are_told() {
    let base = Case::of("21-valid-but-not-meant").world.read("job-1-comment.yaml");
    let head = base.split("transform:").next().unwrap();
    for (body, exit, said) in [
        (
            "transform: [{ set: { /description: 'a' } }]\nselect:\n  names:\n    - Order #1\n",
            0,
            "is a comment",
        ),
        ("select:\n  names:\n  - Order 1\n   - Order 2\n", 0, "this is one text, `Order 1 - Order 2`"),
        ("select: { names: [“Order *”] }\n", 0, "typographic quotes"),
        ("transform: [{ set: { /name: Order } }]\n", 0, "the same name"),
        ("transform: [{ rename: { find: '(?s).*', replace: Order } }]\n", 0, "the same name"),
        ("transform: [{ patch: [{ op: replace, path: /name, value: Order }] }]\n", 0, "the same name"),
        ("transform: [{ jq: '.name = \"Order\"' }]\n", 0, "the same name"),
        ("select: { manifest: \"in\\new.csv\" }\n", 2, "holds a line break"),
        ("references: { map_file: \"a\\table.csv\" }\n", 2, "holds a tab"),
        ("output: \"C:\\Users\"\n", 2, "means nothing in double quotes"),
        ("transform:\n  - set:\n      /description: See #5 here\n", 0, "`\"See #5 here\"`"),
        (
            "transform:\n  - patch:\n    - op: add\n      path: /description\n      value: See #5\n",
            0,
            "`\"See #5\"`",
        ),
        (
            "transform:\n  - rename_field:\n      side: source\n      from: Order #\n      to: x\n",
            0,
            "`\"Order #\"`",
        ),
        ("references:\n  map:\n    connections:\n      Depot: Depot #2\n", 0, "`\"Depot #2\"`"),
        ("select:\n  where: .name == \"a #b\"\n", 2, "what follows ` #` is a comment, and not part"),
        ("transform:\n  - jq: .name = \"a #b\"\n", 2, "what follows ` #` is a comment, and not part"),
        (
            "transform:\n  - edit_lookup:\n      name: l\n      map:\n        A: B\n        C #2: D\n",
            2,
            "write `\"C #2\": D`",
        ),
        (
            "transform:\n  - edit_lookup:\n      name: l\n      map:\n        C #2: D\n",
            2,
            "write `\"C #2\": D`",
        ),
        ("transform:\n  - name: |\n      EU {{ name }}\n", 2, "write `\"EU {{ name }}\"`"),
        ("transform:\n  - name: >\n      EU\n      {{ name }}\n", 2, "write `\"EU {{ name }}\"`"),
        (
            "transform:\n  - name: \"a\\tb {{ name }}\"\n",
            2,
            "`name` holds a tab, which should not be in a name",
        ),
        ("transform: [{ set: { /name: \"{{ name }}\\n\" } }]\n", 2, "`name` holds a line break"),
        ("transform: [{ rename: { find: a, replace: \"b\\n\" } }]\n", 2, "`name` holds a line break"),
        ("transform: [{ patch: [{ op: add, path: /name, value: \"b\\n\" }] }]\n", 2, "`name` holds a line"),
        ("transform: [{ rename: { find: \"\\bOld\\b\", replace: X } }]\n", 0, "write `'\\bOld\\b'`"),
        ("transform: [{ name: \"{{ name | regex_replace('\\bOld\\b', 'x') }}\" }]\n", 2, "''\\bOld\\b''"),
        ("output: |\n  runs\n", 2, "a block keeps its line breaks, the last one too: write `\"runs\"`"),
    ] {
        let case = Case::of("21-valid-but-not-meant");
        std::fs::write(case.world.path("job.yaml"), format!("{head}{body}")).unwrap();
        let ran = case.check("job.yaml").expect_exit(exit).expect_stderr(said).expect_stderr("help");
        assert_eq!(errors(&ran), usize::from(exit > 0), "{body}{}", ran.stderr);
    }
}

#[test]
fn variants_of_case_22_are_told_once_under_the_text() {
    let base = Case::of("22-values-and-pointers").world.read("job-1-share.yaml");
    let head = base.split("rate:").next().unwrap();
    for (body, cure) in [
        ("rate: { share: 90 }", "write `0.9`"),
        ("transform: [{ remove: mockResponse }]", "`remove: [/mockResponse]`"),
        (
            "transform: [{ patch: [{ op: replace, path: http.method, value: PUT }] }]",
            "did you mean `/http/method`?",
        ),
        ("transform: [{ patch: [{ op: rplace, path: /name, value: X }] }]", "did you mean `replace`?"),
        ("transform: [{ set: { http.method: PUT } }]", "did you mean `/http/method`?"),
        ("ignore: [aiDescription]", "did you mean `/aiDescription`?"),
        ("select: { where: '' }", "it must be"),
        ("select: { name: [a] }", "did you mean `names`?"),
    ] {
        let case = Case::of("22-values-and-pointers");
        std::fs::write(case.world.path("job.yaml"), format!("{head}{body}\n")).unwrap();
        let ran = case.check("job.yaml").expect_exit(2).expect_stderr(cure);
        assert_eq!(errors(&ran), 1, "{body}{}", ran.stderr);
    }
}

#[test]
fn variants_of_case_22_one_mistake_is_one_error() {
    let case = Case::of("22-values-and-pointers");
    let base = case.world.read("job-3-typing-error.yaml").replace("targt:", "target:");
    let one = |text: &str, help: &str| {
        std::fs::write(case.world.path("job.yaml"), text).unwrap();
        let ran = case.check("job.yaml").expect_exit(2).expect_stderr(help);
        assert_eq!(errors(&ran), 1, "{}", ran.stderr);
    };
    one(&base.replace("accounts:", "acounts:"), "did you mean `accounts`?");
    one(&format!("{base}select: {{ names: [!x] }}\n"), "needs quotes: `\"!x\"`");
    for (step, columns) in [
        ("transform: [{ rename_fields: t.csv }]", ["side", "from", "to"].as_slice()),
        ("references: { map_file: t.csv }", &["kind", "source", "target"]),
        ("transform: [{ edit_lookup: { name: a, map_file: t.csv } }]", &["from", "to"]),
        ("select: { manifest: t.csv }", &["id", "name"]),
    ] {
        for (separator, help) in [(";", "not by semicolons"), ("\t", "not by tabs")] {
            let table = format!("{}\na,b{separator}c\n", columns.join(separator));
            std::fs::write(case.world.path("t.csv"), table).unwrap();
            one(&format!("{base}{step}\n"), help);
        }
    }
}

#[test]
fn case_22_a_value_that_is_wrong_is_told_once_and_with_the_cure() {
    let of = |job| check("22-values-and-pointers", job);
    let ran = of("job-1-share.yaml").expect_stderr("`0.9`").expect_stderr("`5%`");
    assert_eq!(errors(&ran), 2, "{}", ran.stderr);
    let ran = of("job-2-pointer.yaml").expect_stderr("/description").expect_stderr("/mockResponse");
    assert_eq!(errors(&ran), 2, "{}", ran.stderr);
    let ran = of("job-3-typing-error.yaml").expect_stderr("did you mean `target`?");
    assert_eq!(errors(&ran), 1, "{}", ran.stderr);
}

#[test]
fn case_23_a_condition_that_assigns_is_refused_by_every_command() {
    let case = Case::of("23-where-that-assigns");
    let text = case.world.read("job.yaml");
    for operator in ["=", "|=", "+=", "-=", "*=", "/=", "%=", "//="] {
        let condition = text.replace(".name = ", &format!(".name {operator} "));
        std::fs::write(case.world.path("job.yaml"), condition).unwrap();
        for command in ["check", "plan", "run"] {
            let ran = case.world.command(&[command, "job.yaml"]).expect_exit(2).expect_no_write();
            ran.expect_stderr(&format!("`{operator}` assigns"));
        }
    }
    assert_eq!(case.world.imports("source").len(), 3);
}
