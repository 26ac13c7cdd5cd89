//! What two documents have in common to the letter tells nothing of how they differ.

use proptest::prelude::*;
use serde_json::Value;
use transship_documents::Head;
use transship_documents::beside::{head_of_same, is_same, unlike_members};
use transship_documents::diff::diff;
use transship_documents::document::{Printed, read_tree};
use transship_documents::normal::{Ignore, erased, fingerprint, strip_server_fields};
use transship_documents::verbatim;

use super::light_tree::{KEYS, plain, value};

/// Members of which some stand in both texts, in one order or in another.
fn pair() -> impl Strategy<Value = (String, String)> {
    let fate = prop_oneof![6 => Just(0_u8), 2 => Just(1), 1 => Just(2), 1 => Just(3)];
    let raw = prop_oneof![
        8 => value(),
        1 => Just(r#"{"lookups":[{"name":"x"}],"a":"***"}"#.to_owned()),
        1 => Just(r#"[{"name":"x"}]"#.to_owned()),
        1 => Just(r#""Bearer ***""#.to_owned()),
    ];
    let blocks = prop_oneof![4 => prop::sample::select(KEYS), 3 => prop::sample::select(&["http", "ftp", "rest", "lookups", "mapping", "description"][..])];
    let member = (blocks, raw.clone(), raw, fate);
    (prop::collection::vec(member, 0..9), any::<bool>()).prop_map(|(members, turned)| {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for (key, raw, instead, fate) in members {
            let written = |raw: &str| format!("\"{key}\":{raw}");
            if fate != 2 {
                one.push(written(&raw));
            }
            if fate != 3 {
                other.push(written(if fate == 1 { &instead } else { &raw }));
            }
        }
        if turned {
            other.reverse();
        }
        (format!("{{{}}}", one.join(",")), format!("{{{}}}", other.join(",")))
    })
}

/// Everything in a plan about how an import of the target differs from what is wanted.
fn told(wanted: &Value, found: &Value, ignore: &Ignore) -> (String, String, Vec<String>) {
    let comparison = format!("{:?}", ignore.compare(wanted, found));
    (comparison, format!("{:?}", diff(found, wanted)), erased(found, wanted))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_differs_is_told_without_what_does_not((one, other) in pair()) {
        let (Ok(wanted), Ok(found)) = (read_tree(one.as_bytes()), read_tree(other.as_bytes())) else { return Ok(()) };
        let Some((few, fewer)) = unlike_members(&one, &other) else { return Ok(()) };
        for ignore in [Ignore::default(), Ignore::new(["/http/*", "/a/0", "/*/name", "/s3"])] {
            prop_assert_eq!(told(&wanted, &found, &ignore), told(&few, &fewer, &ignore), "{} {}", one, other);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_to_be_the_same_has_one_fingerprint((one, other) in prop_oneof![pair(), (plain(), plain())]) {
        let Ok(mut wanted) = read_tree(one.as_bytes()) else { return Ok(()) };
        strip_server_fields(&mut wanted);
        let text = verbatim::to_text(&wanted);
        let put_in = |members: &str| match text.as_str() {
            "{}" => format!("{{{members}}}"),
            _ => format!("{{{members},{}", &text[1..]),
        };
        let inside = other.trim_start_matches('{').trim_end_matches('}');
        for found in [other.clone(), text.clone(), put_in(r#""_id":"i""#), put_in(inside)] {
            let head = Head::at_a_glance(&found).filter(|_| is_same(&text, &found));
            prop_assert_eq!(head_of_same(&text, &found), head, "{} {}", text, found);
            if is_same(&text, &found) {
                let printed = Printed::by(found.as_bytes(), fingerprint);
                prop_assert_eq!(printed.unreadable(), None, "{} {}", text, found);
                prop_assert_eq!(printed.print, fingerprint(&wanted), "{} {}", text, found);
            }
        }
    }
}

#[test]
fn what_the_service_fills_in_is_seen_past() {
    let wanted = r#"{"name":"a","adaptorType":"HTTPImport","mapping":{"fields":[{"extract":"x"}]},"http":{"body":["\"x"]}}"#;
    let found = r#"{"_id":"i","lastModified":"t","name":"a","adaptorType":"HTTPImport","mapping":{"fields":[{"extract":"x"}]},
        "http":{"body":["\"x"],"sendPostMappedData":true},"filter":{"type":"expression","expression":{"version":"1"},"version":"1"},
        "settings":null,"ignoreExisting":false}"#;
    assert!(is_same(wanted, found) && is_same(wanted, wanted));
    assert!(
        is_same(wanted, &found.replace("\"settings\":null", "\"ftp\":{}")),
        "an empty block is nobody's adaptor"
    );
    for other in [
        found.replace("\"a\"", "\"b\""),
        found.replace("settings\":null", "settings\":1"),
        found.replace("\"x\"}", "\"y\"}"),
        found.replace("\"name\":\"a\",", ""),
        found.replace("\"name\":\"a\",", "\"name\":\"a\",\"name\":\"a\","),
        found.replace("\"settings\":null", "\"ftp\":{\"a\":1}"),
        found.replace("\"t\"", "\"\\ud800\""),
        found.replace("\"t\"", "1e5"),
        format!("{found}x"),
        "{}".to_owned(),
        String::new(),
    ] {
        assert!(!is_same(wanted, &other), "{other}");
    }
}

#[test]
fn only_what_differs_is_read() {
    let one = r#"{"name":"a","http":{"body":["x"]},"n":1, "mapping": {"fields":[{"generate":"g"}]}}"#;
    let other =
        r#"{"_id":"i","mapping":{"fields":[{"generate":"g"}]},"n":1.0,"http":{"body":["y"]},"name":"a"}"#;
    let (one, other) = unlike_members(one, other).unwrap();
    assert_eq!(one.to_string(), r#"{"name":"a","http":{"body":["x"]},"n":1,"mapping":{}}"#);
    assert_eq!(other.to_string(), r#"{"_id":"i","mapping":{},"n":1.0,"http":{"body":["y"]},"name":"a"}"#);
}

#[test]
fn what_is_out_of_the_ordinary_is_for_the_whole_trees() {
    let plain = r#"{"a":1}"#;
    for odd in [
        r#"{"a":1,"a":2}"#,
        r#"{"\u0061":1}"#,
        r#"{"b":1e5}"#,
        r#"{"b":{"$serde_json::private::Number":"1"}}"#,
        r#"{"lookups":[]}"#,
        r#"{"adaptorType":"HTTPImport"}"#,
        "[]",
        "\u{feff}{}",
        "",
    ] {
        assert_eq!(unlike_members(plain, odd), None, "{odd}");
        assert_eq!(unlike_members(odd, plain), None, "{odd}");
    }
}
