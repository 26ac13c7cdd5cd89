//! Mistakes inside brackets, with the position and the message of each.

use super::tests::told;

const SLIPS: &[(&str, &[&str])] = &[
    (
        "select: { names:[a, b], ids: [c] }\n",
        &["3:11 not valid YAML: there is no space after the colon | write `names: [a, b]`"],
    ),
    ("names: [|x, y]\n", &[r#"3:9 a text that begins with `|` needs quotes | write `"|x"`"#]),
    ("names: [>x]\n", &[r#"3:9 a text that begins with `>` needs quotes | write `">x"`"#]),
    (
        "names: [, a, , b]\n",
        &[
            "3:9 not valid YAML: there is nothing before this comma | remove it, or write what is missing",
            "3:14 not valid YAML: there is nothing before this comma | remove it, or write what is missing",
        ],
    ),
    (
        "names: [- a]\n",
        &[
            "3:9 not valid YAML: between `[` and `]` items have no `-` | remove it, and separate items by `, `",
        ],
    ),
    (
        "names: [\n  - a,\n  - b\n]\n",
        &[
            "4:3 not valid YAML: between `[` and `]` items have no `-` | remove it, and separate items by `, `",
            "5:3 not valid YAML: between `[` and `]` items have no `-` | remove it, and separate items by `, `",
        ],
    ),
];

#[test]
fn each_slip_in_brackets_is_told_with_what_to_write_instead() {
    for (text, expected) in SLIPS {
        assert_eq!(told(&format!("version: 1\naction: case\n{text}")), *expected, "{text:?}");
    }
}

#[test]
fn a_bracket_that_is_never_closed_is_named_also_in_a_job_of_one_line() {
    let never = |at: usize, sign: &str, close: &str| {
        format!(
            "1:{at} not valid YAML: this `{sign}` is never closed | add the `{close}`, or a comma before what follows"
        )
    };
    for (text, expected) in [
        (r#"{"version":1,"transform":[{"name":"{{ name }}a"}}"#, never(26, "[", "]")),
        (r#"{"version":1,"transform":[{"name":"]"}"#, never(26, "[", "]")),
        (r#"{"version":1,"select":{"names":["\"]"]]}"#, never(23, "{", "}")),
        (r#"{"version":1,"action":"update""#, never(1, "{", "}")),
    ] {
        assert_eq!(told(text), [expected], "{text}");
    }
}
