//! Every mistake, with its position and message.

use crate::job::problem::Report;
use crate::job::yaml;

/// What is said of a text: line, column, message, and what to do.
pub(super) fn told(text: &str) -> Vec<String> {
    let mut report = Report::new("x.yaml", text);
    yaml::parse(text, &mut report);
    let located = report.finish().located();
    let shown = |help: &Option<String>| help.clone().unwrap_or_default();
    located
        .iter()
        .map(|one| {
            let (line, column) = (one.line.unwrap_or_default(), one.column.unwrap_or_default());
            format!("{line}:{column} {} | {}", one.message, shown(&one.help)).trim_end().to_owned()
        })
        .collect()
}

/// The text behind two lines that are right, and what is said of it.
const SLIPS: &[(&str, &[&str])] = &[
    (
        "select:\n  names:\n    - *\n    - x\n",
        &[r#"5:7 a text that begins with `*` needs quotes | write `"*"`"#],
    ),
    ("select:\n  names: [*foo, x]\n", &[r#"4:11 a text that begins with `*` needs quotes | write `"*foo"`"#]),
    (
        "select:\n  names:\n    - * (old)\n",
        &[r#"5:7 a text that begins with `*` needs quotes | write `"* (old)"`"#],
    ),
    ("select:\n  names: [*.x, y]\n", &[r#"4:11 a text that begins with `*` needs quotes | write `"*.x"`"#]),
    ("n: * abc\n", &[r#"3:4 a text that begins with `*` needs quotes | write `"* abc"`"#]),
    (
        "transform:\n  - name: {{ name }} EU\n",
        &[r#"4:11 a value that begins with `{{` needs quotes | write `"{{ name }} EU"`"#],
    ),
    (
        "transform:\n  - name: {{ name }}\nx: 1\n",
        &[r#"4:11 a value that begins with `{{` needs quotes | write `"{{ name }}"`"#],
    ),
    (
        "transform: [ { name: {{ name }} EU } ]\n",
        &[r#"3:22 a value that begins with `{{` needs quotes | write `"{{ name }} EU"`"#],
    ),
    (
        "transform:\n  - set: { /d: {{ job.date }} }\n",
        &[r#"4:16 a value that begins with `{{` needs quotes | write `"{{ job.date }}"`"#],
    ),
    (
        "select:\n  names: [\"Order *\"]\n   adaptor_types: [HTTPImport]\n",
        &["5:4 this line is indented by 3, its neighbours by 2 | indent it by 2 spaces"],
    ),
    (
        "select:\n  names: [\"Order *\"]\n adaptor_types: [HTTPImport]\n",
        &["5:2 this line is indented by 1, its neighbours by 2 | indent it by 2 spaces"],
    ),
    (
        "  source: us\ntarget: eu\n",
        &["3:3 this line is indented by 2, its neighbours by 0 | begin it at the start of the line"],
    ),
    (
        " source: us\ntarget: eu\n",
        &["3:2 this line is indented by 1, its neighbours by 0 | begin it at the start of the line"],
    ),
    (
        "source: us\n  target: eu\n",
        &["4:3 this line is indented by 2, its neighbours by 0 | begin it at the start of the line"],
    ),
    (
        "transform:\n  - name: x\n - name: y\n",
        &["5:2 this line is indented by 1, its neighbours by 2 | indent it by 2 spaces"],
    ),
    (
        "transform:\n  - name: x\n   - name: y\n",
        &["5:4 this line is indented by 3, its neighbours by 2 | indent it by 2 spaces"],
    ),
    (
        "accounts: { a: 1 }\n  x: 2\n",
        &["4:3 this line is indented by 2, its neighbours by 0 | begin it at the start of the line"],
    ),
    (
        "transform:\n  - when: { a: b }\n   name: y\n",
        &["5:4 this line is indented by 3, its neighbours by 4 | indent it by 4 spaces"],
    ),
    (
        "transform:\n  - when: { a: b }\n     name: y\n",
        &["5:6 this line is indented by 5, its neighbours by 4 | indent it by 4 spaces"],
    ),
    (
        "output: \"C:\\Users\\me\"\n",
        &[
            r"3:12 not valid YAML: `\U` means nothing in double quotes | write `'C:\Users\me'`, for in single quotes a backslash stands for itself, or the path with `/`",
        ],
    ),
    (
        "source:\u{a0}us\n",
        &[
            "3:8 not valid YAML: a no-break space (U+00A0) is here instead of a space | delete it and type a space",
        ],
    ),
    (
        "select:\n\u{a0}\u{a0}names: [a]\n",
        &[
            "4:1 not valid YAML: a no-break space (U+00A0) is here instead of a space | delete it and type a space",
        ],
    ),
    (
        "select:\n  where: |\n  \u{a0}\n",
        &[
            "5:3 not valid YAML: a no-break space (U+00A0) is here instead of a space | delete it and type a space",
        ],
    ),
    (
        "select:\n  where: a\n  \u{85}\n",
        &[
            "5:3 not valid YAML: this line is neither `key: value` nor `- item` | a longer text needs quotes, or `|` and lines that are indented further",
        ],
    ),
    (
        "\u{a0}source: us\n",
        &[
            "3:1 not valid YAML: a no-break space (U+00A0) is here instead of a space | delete it and type a space",
        ],
    ),
    (
        "select:\n  names: - a\n",
        &[
            r#"4:10 not valid YAML: an item of a list is on the line of the list's key | write `names: ["a"]`, or each item on a line of its own"#,
        ],
    ),
    (
        "select:\n  names: [Order #1]\n",
        &[
            r#"4:17 what follows ` #` is a comment, the closing bracket with it | a text that holds ` #` needs quotes: write `"Order #1"`"#,
        ],
    ),
    (
        "transform:\n  - set: { /d: Moved #1, /e: f }\nx: y\n",
        &[
            r#"4:22 what follows ` #` is a comment, the closing bracket with it | a text that holds ` #` needs quotes: write `"Moved #1"`"#,
        ],
    ),
    (
        "transform:\n  - rename: { find: [a-z]+, replace: x }\n",
        &[r#"4:21 a text that begins with `[` needs quotes | write `"[a-z]+"`"#],
    ),
    (
        "map: { a: Order: 1, b: c }\n",
        &[
            r#"3:16 not valid YAML: this colon is not expected here | a text that holds `: ` needs quotes: write `"Order: 1"`"#,
        ],
    ),
    (
        "select:\n  names: [&x, a]\n",
        &[
            r#"4:11 anchors (`&`) are not supported | a job file says everything where it stands: write the value out; a text that begins with `&` needs quotes: `"&x"`"#,
        ],
    ),
    ("name: “a: b”\n", &[r#"3:7 typographic quotes do not quote in YAML | write `"a: b"`"#]),
    ("stop: { failures: %5 }\n", &["3:19 a share is written with its `%` behind the number | write `5%`"]),
    ("stop:\n  failures: %5\n", &["4:13 a share is written with its `%` behind the number | write `5%`"]),
    (
        "%foo\n",
        &[
            r#"3:1 a text that begins with `%` needs quotes | write `"%foo"`"#,
            "3:1 not valid YAML: this line is neither `key: value` nor `- item` | a longer text needs quotes, or `|` and lines that are indented further",
        ],
    ),
    ("name: @foo\n", &[r#"3:7 a text that begins with `@` needs quotes | write `"@foo"`"#]),
    ("name: `foo`\n", &[r#"3:7 a text that begins with a backtick needs quotes | write `"`foo`"`"#]),
    (
        "select:\n\tnames: [a]\n",
        &["4:1 not valid YAML: this line is indented with a tab | indent with spaces"],
    ),
    (
        "select:\n  names: [a]\n\tids: [b]\n",
        &["5:1 not valid YAML: this line is indented with a tab | indent with spaces"],
    ),
    (
        "source:us\ntarget: eu\n",
        &["3:1 not valid YAML: there is no space after the colon | write `source: us`"],
    ),
    (
        "name: a: b\n",
        &[
            r#"3:8 not valid YAML: this colon is not expected here | a text that holds `: ` needs quotes: write `"a: b"`"#,
        ],
    ),
    (
        "name: \"abc\nsource: us\n",
        &[
            r#"3:7 not valid YAML: this quote is never closed | close it; a quote inside single quotes is written twice, inside double quotes as `\"`"#,
        ],
    ),
    (
        "name: 'abc\nsource: us\n",
        &[
            r#"3:7 not valid YAML: this quote is never closed | close it; a quote inside single quotes is written twice, inside double quotes as `\"`"#,
        ],
    ),
    ("name: 'it's'\n", &[r#"3:11 not valid YAML: there is text after the closing quote | write `"it's"`"#]),
    ("name: \"a\" b\n", &[r#"3:11 not valid YAML: there is text after the closing quote | write `'"a" b'`"#]),
    (
        "where: \".a\" == \"b\"\n",
        &[r#"3:13 not valid YAML: there is text after the closing quote | write `'".a" == "b"'`"#],
    ),
    (
        "names: [a, b\nsource: us\n",
        &["3:8 not valid YAML: this `[` is never closed | add the `]`, or a comma before what follows"],
    ),
    (
        "accounts: { us: { emulator: us }\nsource: us\n",
        &["3:11 not valid YAML: this `{` is never closed | add the `}`, or a comma before what follows"],
    ),
    (
        "accounts: { us: 1 } }\nsource: us\n",
        &["3:21 not valid YAML: this `}` closes nothing | remove it, or add the bracket that it closes"],
    ),
    (
        "names: [a] ]\n",
        &["3:12 not valid YAML: this `]` closes nothing | remove it, or add the bracket that it closes"],
    ),
    (
        "names: [\"a\" \"b\"]\n",
        &["3:13 not valid YAML: a comma is missing before this | separate items by `, `"],
    ),
    (
        "rate: { a: 1 b: 2 }\n",
        &[
            "3:15 not valid YAML: a comma is missing before this | separate items, and one key from the next, by `, `",
        ],
    ),
    ("names:\n  - a\n  -b\n", &["5:3 not valid YAML: there is no space after the `-` | write `- b`"]),
    (
        "name: !foo\n",
        &[
            r#"3:7 tags (`!`) are not supported | write the value alone; a text that begins with `!` needs quotes: `"!foo"`"#,
        ],
    ),
    (
        "select:\n  names: [!x, a]\n",
        &[
            r#"4:11 tags (`!`) are not supported | write the value alone; a text that begins with `!` needs quotes: `"!x"`"#,
        ],
    ),
    (
        "name: !x |\n  a\n",
        &[
            r#"3:7 tags (`!`) are not supported | write the value alone; a text that begins with `!` needs quotes: `"!x |"`"#,
        ],
    ),
    (
        "name: &foo\n",
        &[
            "3:7 anchors (`&`) are not supported | a job file says everything where it stands: write the value out; a text that begins with `&` needs quotes",
        ],
    ),
    ("name: & foo\n", &[r#"3:7 a text that begins with `&` needs quotes | write `"& foo"`"#]),
    ("name: ? foo\n", &[r#"3:7 a text that begins with `?` needs quotes | write `"? foo"`"#]),
    ("jq: | .a\n", &[r#"3:5 a text that begins with `|` needs quotes | write `"| .a"`"#]),
    ("name: >a\n", &[r#"3:7 a text that begins with `>` needs quotes | write `">a"`"#]),
    (
        "source = us\n",
        &["3:1 not valid YAML: a key and its value are separated by a colon | write `source: us`"],
    ),
    (
        "name: x\nsource = us\ntarget: eu\n",
        &["4:1 not valid YAML: a key and its value are separated by a colon | write `source: us`"],
    ),
    (
        "name: a\nsource\ntarget: eu\n",
        &["4:1 not valid YAML: there is no colon after `source` | write `source: …`"],
    ),
    (
        "name: a\n- b\n",
        &[
            "4:1 not valid YAML: this item belongs to no list | write the items below the key of their list, which has no other value",
        ],
    ),
    (
        "names: [re:^[a-z]+$]\n",
        &[
            "3:13 not valid YAML: a text with a bracket in it is not in quotes | put it into quotes: inside `[ ]` and `{ }` brackets have a meaning",
        ],
    ),
    (
        "select: { names: [\"A\", \"B\" }\n",
        &["3:18 not valid YAML: this `[` is never closed | add the `]`, or a comma before what follows"],
    ),
    (
        "transform: [{ name: \"{{ name }}a\" }}\n",
        &["3:12 not valid YAML: this `[` is never closed | add the `]`, or a comma before what follows"],
    ),
    (
        "names: [re:^a{2}$]\n",
        &[
            "3:14 not valid YAML: a text with a bracket in it is not in quotes | put it into quotes: inside `[ ]` and `{ }` brackets have a meaning",
        ],
    ),
    ("// comment\nname: a\n", &["3:1 not valid YAML: a comment begins with `#` | write `# comment`"]),
    (
        "\u{200b}name: a\n",
        &[
            "3:1 not valid YAML: a zero-width space (U+200B) is here instead of a space | delete it and type a space",
        ],
    ),
    ("name: a\n\u{feff}source: b\n", &["4:1 not valid YAML: a byte-order mark (U+FEFF) is here | remove it"]),
    ("name: a\u{1}b\n", &["3:8 not valid YAML: a control character (U+0001) is here | remove it"]),
    (
        "```yaml\nname: a\n```\n",
        &[
            "3:1 not valid YAML: this line is a fence of Markdown | remove it",
            "5:1 not valid YAML: this line is a fence of Markdown | remove it",
        ],
    ),
    (
        "---\nname: a\n...\n",
        &["3:1 a second document begins here; a job file holds one | put each job into a file of its own"],
    ),
    (
        "name: [EU] {{ name }}\n",
        &[r#"3:7 a text that begins with `[` needs quotes | write `"[EU] {{ name }}"`"#],
    ),
    (
        "where: .a | test(\"x: y\")\n",
        &[
            r#"3:20 not valid YAML: this colon is not expected here | a text that holds `: ` needs quotes: write `'.a | test("x: y")'`"#,
        ],
    ),
    ("where: [.a]|length\n", &[r#"3:8 a text that begins with `[` needs quotes | write `"[.a]|length"`"#]),
    (
        "where: \".name == \"x\"\"\n",
        &[r#"3:19 not valid YAML: there is text after the closing quote | write `'.name == "x"'`"#],
    ),
    (
        "names: [\"re:\\d+\"]\n",
        &[
            r"3:13 not valid YAML: `\d` means nothing in double quotes | write `'re:\d+'`, for in single quotes a backslash stands for itself",
        ],
    ),
    (
        "find: \"^(\\w+)$\"\n",
        &[
            r"3:10 not valid YAML: `\w` means nothing in double quotes | write `'^(\w+)$'`, for in single quotes a backslash stands for itself",
        ],
    ),
    (": a\n", &["3:1 a key must be a text, but this is nothing |"]),
    ("source： us\n", &["3:1 not valid YAML: this is a full-width colon | write `source: us`"]),
    (
        "source:\u{3000}us\n",
        &[
            "3:8 not valid YAML: a full-width space (U+3000) is here instead of a space | delete it and type a space",
        ],
    ),
    (
        "name: a\u{2028}source: b\n",
        &[
            "3:15 not valid YAML: this colon is not expected here | a text that holds `: ` needs quotes: write `\"a\u{2028}source: b\"`",
        ],
    ),
];

#[test]
fn each_slip_is_told_once_at_its_place_with_what_to_write_instead() {
    for (text, expected) in SLIPS {
        assert_eq!(told(&format!("version: 1\naction: case\n{text}")), *expected, "{text:?}");
    }
}

#[test]
fn texts_that_only_look_like_slips_are_sound() {
    for text in [
        "name: EU {{ name }}\n",
        "name: \"{{ name }}\"\n",
        "jq: |\n  {{ a: 1 }}\n  * b\n",
        "names: [a*, \"*\", 'b: c', \"“x”\"]\n",
        "where: .a | .b # and so on\n",
        "names:\t[a]\n",
        "accounts: {\"us\":{emulator: us}}\n",
    ] {
        assert!(told(&format!("version: 1\n{text}")).is_empty(), "{text:?}");
    }
}

#[test]
fn slips_without_end_are_told_up_to_a_limit() {
    let text = "names:\n".to_owned() + &"  - *\n".repeat(1000);
    assert_eq!(told(&text).len(), 51);
}

#[test]
fn a_place_inside_of_what_was_repaired_is_one_of_the_file() {
    let text = "transform:\n  - set:\n      /x: >-2\n      \u{2028}\n\n      [\n%d\n    raw: true\n";
    let mut report = Report::new("x.yaml", text);
    yaml::parse(text, &mut report);
    let problems = report.finish();
    assert!(!problems.is_empty() && !problems.render(false).is_empty());
}
