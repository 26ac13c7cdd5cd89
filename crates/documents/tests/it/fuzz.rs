//! A bounded run of the fuzz targets: a few thousand texts that begin as good templates and paths.

#[path = "../../../../fuzz/checks.rs"]
mod checks;

use proptest::prelude::*;

const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{{{",
    "}}}}",
    "{{{{/",
    "{{#",
    "{{/",
    "{{^",
    "{{>",
    "{{!",
    "{{!--",
    "--}}",
    "--~}}",
    "~",
    "else",
    "each ",
    "with ",
    "if ",
    "filter ",
    "getValue ",
    "pluck ",
    "this",
    "../",
    "@root.",
    "@index",
    "record",
    ".",
    "a",
    "zz",
    "[a]",
    "['a']",
    "\"a\"",
    " ",
    "(",
    ")",
    "\\",
    "=",
    "as |a|",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_template_is_read_or_refused(text in text()) {
        checks::templates(&text);
    }

    #[test]
    fn any_path_is_read_or_refused(text in text(), plain in "[a$.*\\[\\]'\" |0-9]{0,16}") {
        checks::paths(&text);
        checks::paths(&plain);
    }
}
