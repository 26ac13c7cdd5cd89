//! The reader: what it takes, what it refuses, and where things stand.

use super::*;

fn tags(text: &str) -> Vec<String> {
    let template = read(text, Backslash::Escapes).unwrap();
    template.tags.iter().map(|tag| text[tag.span.clone()].to_owned()).collect()
}

#[test]
fn every_tag_has_the_span_of_all_of_it() {
    for (text, expected) in [
        ("a {{b}} {{{c}}} d", &["{{b}}", "{{{c}}}"][..]),
        ("{{~b~}}{{~{c}~}}", &["{{~b~}}", "{{~{c}~}}"]),
        ("{{!-- {{a}} -- {{b}} --}}{{c}}", &["{{c}}"]),
        ("{{!--}}{{!----}}{{!-----}}{{!--~}}{{c}}", &["{{c}}"]),
        ("{{!-- }} }}} --~}}{{!-- --~ }} - -}} ~}} --}}}{{c}}", &["{{c}}"]),
        ("{{! a }}{{b}}", &["{{b}}"]),
        (r"\{{a}} \\{{b}}", &["{{b}}"]),
        ("{{{{r}}}}{{a}}{{{{/r}}}}", &["{{{{r}}}}{{a}}{{{{/r}}}}"]),
        ("{{{{r}}}}{{{{s}}}}{{{{/s}}}}{{{{/r}}}}{{a}}", &["{{{{r}}}}{{{{s}}}}{{{{/s}}}}{{{{/r}}}}", "{{a}}"]),
        ("{{#if a}}{{else}}{{/if}}", &["{{#if a}}", "{{else}}", "{{/if}}"]),
        ("{\"a\":{\"b\":{{c}}}}", &["{{c}}"]),
        ("{{}}", &["{{}}"]),
    ] {
        assert_eq!(tags(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_handlebars_is_refused_with_its_place() {
    for (text, place) in [
        ("a {{b", "{{b"),
        ("{{trim part(*).code}}", "{{trim part(*).code}}"),
        ("{{a \"b}}", "{{a \"b}}"),
        ("{{a.}}", "{{a.}}"),
        ("{{a..b}}", "{{a..b}}"),
        ("{{.a}}", "{{.a}}"),
        ("{{a [b}}", "{{a [b}}"),
        ("{{a (b}}", "{{a (b}}"),
        ("{{a)}}", "{{a)}}"),
        ("{{a k=b c}}", "{{a k=b c}}"),
        ("{{#if a}}", "{{#if a}}"),
        ("{{#if a}}{{/each}}", "{{/each}}"),
        ("{{/if}}", "{{/if}}"),
        ("{{else}}", "{{else}}"),
        ("{{#}}{{/}}", "{{#}}"),
        ("{{{a}}", "{{{a}}"),
        ("{{!-- a }}", "{{!-- a }}"),
        ("{{{{a}}}}b", "{{{{a}}}}"),
        ("{{#each a as ||}}{{/each}}", "{{#each a as ||}}"),
        ("{{@}}", "{{@}}"),
    ] {
        let problem = read(text, Backslash::Escapes).unwrap_err();
        assert_eq!(&text[problem.span.clone()], place, "{text}: {problem}");
    }
}

#[test]
fn a_tag_says_what_it_does() {
    use TagKind::{
        Close, Decorator, Else, Open, OpenDecorator, OpenInverse, OpenPartial, Partial, Raw, Value,
    };
    let text = "{{a}}{{&a}}{{> a}}{{* a}}{{#a}}{{^}}{{else if b}}{{/a}}{{^a}}{{/a}}{{#> a}}{{/a}}\
                {{#* a}}{{/a}}{{{{a}}}}{{{{/a}}}}";
    let kinds: Vec<TagKind> =
        read(text, Backslash::Escapes).unwrap().tags.iter().map(|tag| tag.kind).collect();
    assert_eq!(
        kinds,
        [
            Value,
            Value,
            Partial,
            Decorator,
            Open,
            Else,
            Else,
            Close,
            OpenInverse,
            Close,
            OpenPartial,
            Close,
            OpenDecorator,
            Close,
            Raw
        ]
    );
}

#[test]
fn words_are_told_apart() {
    let text = r#"{{a b.c "d" 'e' 1 -2.5 true @index ../f (g h) k="v"}}"#;
    let template = read(text, Backslash::Escapes).unwrap();
    let call = template.tags[0].call.as_ref().unwrap();
    let shown: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| {
            let kind = match argument {
                Expression::Path(path) if path.data => "data",
                Expression::Path(_) => "path",
                Expression::Text(_) => "text",
                Expression::Literal(_) => "literal",
                Expression::Call(_) => "call",
            };
            format!("{kind} {}", &text[argument.span()])
        })
        .collect();
    let expected = [
        "path b.c",
        "text \"d\"",
        "text 'e'",
        "literal 1",
        "literal -2.5",
        "literal true",
        "data @index",
        "path ../f",
        "call (g h)",
    ];
    assert_eq!(shown, expected);
    assert_eq!(call.hash[0].0, "k");
}

#[test]
fn folders_are_no_escapes() {
    let text = r"\\NAS\{{a}}";
    assert_eq!(read(text, Backslash::Escapes).unwrap().tags.len(), 0);
    assert_eq!(read(text, Backslash::SeparatesFolders).unwrap().tags.len(), 1);
}
