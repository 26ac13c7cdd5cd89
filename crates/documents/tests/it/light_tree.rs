//! The light tree and serde_json's own never disagree, whatever the text: one fingerprint, one tree, one refusal.

use proptest::prelude::*;
use serde_json::Value as Full;
use serde_json::value::RawValue;
use transship_documents::document::{Printed, read_tree};
use transship_documents::normal::{Ignore, fingerprint};
use transship_documents::tree::{LightTree, Seen, Tree};
use transship_documents::{quick, verbatim};

/// Keys, as they are written: those that mean something to the normal form, escapes, and the keys that serde_json keeps for itself,
/// spelled in every way.
pub(super) const KEYS: &[&str] = &[
    "a",
    "b",
    r"\u0061",
    r"\u0000",
    "",
    "é",
    r"\u00e9",
    "_id",
    "lastModified",
    "name",
    "settings",
    "filter",
    "expression",
    "type",
    "version",
    "rules",
    "lookups",
    "http",
    "sendPostMappedData",
    "oneToMany",
    "netsuite_da",
    "operation",
    "s3",
    "region",
    "adaptorType",
    "sampleData",
    "distributed",
    "responseTransform",
    "file",
    "csv",
    "rowDelimiter",
    "guardrail",
    "aiAgent",
    "openai",
    "confidenceThreshold",
    "map",
    "_httpConnectorId",
    "$serde_json::private::Number",
    r"\u0024serde_json::private::Number",
    r"$serde_json::private\u003a:Number",
    r"$s\u0065rde_json::private::Number",
    "$serde_json::private::RawValue",
    r"$serde_json::private::\u0052awValue",
    r"$serde_json::priv\u0061te::RawValue",
    r"\ud800",
    r"\ud83d\ude00",
];

const TEXTS: &[&str] = &[
    "",
    "x",
    "false",
    "TRUE",
    "AddUpdate",
    "expression",
    "1",
    r"\n",
    r"\/",
    r"\u2028",
    r#"\"}"#,
    r"\\",
    "1e5",
    ":1e5,",
    "😀",
    r"\ud83d",
    r"\ude00\ud83d",
    r"\uD83D\uDE00",
    "HTTPImport",
    "NetSuiteDistributedImport",
    "us-EAST-1",
    "{{x}}",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "1",
    "1.0",
    "1.10",
    "1e5",
    "1E5",
    "1e+5",
    "1E+05",
    "1e-7",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "12345678901234567890123",
    "0.1000000000000000055511151231257827",
    "100000",
    "0.7",
    "-",
    "1.",
    "00.5",
];

/// Texts that are not values.
const MISTAKES: &[&str] =
    &["01", "1e", "t", ".5", "+1", "'a'", "", "NaN", "\"\u{1}\"", "\"\\x\"", "1 2", "/**/1"];

fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")]
}

pub(super) fn value() -> BoxedStrategy<String> {
    value_of(KEYS, leaf().boxed())
}

/// Keys of documents as they are.
const PLAIN_KEYS: &[&str] = &[
    "a",
    "b",
    "é",
    "_id",
    "lastModified",
    "name",
    "settings",
    "filter",
    "responseTransform",
    "expression",
    "type",
    "version",
    "rules",
    "lookups",
    "map",
    "http",
    "rest",
    "file",
    "csv",
    "rowDelimiter",
    "sendPostMappedData",
    "oneToMany",
    "netsuite_da",
    "distributed",
    "operation",
    "s3",
    "region",
    "adaptorType",
    "sampleData",
    "guardrail",
    "aiAgent",
    "openai",
    "confidenceThreshold",
    "internalId",
    "configuration",
];

/// A document that is nothing out of the ordinary.
pub(super) fn plain() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => prop::sample::select(&["null", "true", "false", "[]", "{}"][..]),
        3 => prop::sample::select(&["0", "-0", "1.50", "0.7", "5000", "18446744073709551616"][..]),
        10 => prop::sample::select(&[
            "\"\"", "\"x\"", "\"false\"", "\"TRUE\"", "\"AddUpdate\"", "\"expression\"", "\"1\"", "\"us-EAST-1\"", "\"HTTPImport\"",
            "\"NetSuiteDistributedImport\"", r#""\n""#, r#""a\u00e9\"""#, "\"😀 and more than eight\"",
        ][..]),
    ];
    let value = value_of(PLAIN_KEYS, leaf.prop_map(str::to_owned).boxed());
    let member = (prop::sample::select(PLAIN_KEYS), value);
    prop::collection::vec(member, 0..14).prop_map(|members| {
        let mut met = Vec::new();
        let once = members.into_iter().filter(|(key, _)| {
            let is_new = !met.contains(key);
            met.push(*key);
            is_new
        });
        let all: Vec<String> = once.map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", all.join(","))
    })
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(&["null", "true", "false", "[]", "{}"][..]).prop_map(str::to_owned),
        10 => prop::sample::select(NUMBERS).prop_map(str::to_owned),
        10 => prop::sample::select(TEXTS).prop_map(|text| format!("\"{text}\"")),
        1 => (120_usize..132).prop_map(|deep| format!("{}1{}", "[".repeat(deep), "]".repeat(deep))),
        1 => (120_usize..132).prop_map(|deep| format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep))),
        1 => prop::sample::select(MISTAKES).prop_map(str::to_owned),
    ]
}

fn value_of(keys: &'static [&'static str], leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(4, 48, 16, move |inner| {
        let entries = prop::collection::vec((blank(), inner.clone()), 0..6);
        let list = entries.prop_map(|entries| {
            let entries: Vec<String> =
                entries.into_iter().map(|(blank, entry)| format!("{blank}{entry}{blank}")).collect();
            format!("[{}]", entries.join(","))
        });
        prop_oneof![1 => list, 2 => members(keys, inner)]
    })
    .boxed()
}

/// An object. Few keys, so that one stands twice now and then; sometimes more than are held against each other one by one.
fn members(
    keys: &'static [&'static str],
    inner: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let member = (prop::sample::select(keys), blank(), inner);
    let numbered = prop_oneof![4 => Just(0_usize), 1 => 10_usize..40];
    (prop::collection::vec(member, 0..5), numbered, any::<bool>()).prop_map(|(members, more, twice)| {
        let mut all: Vec<String> = members
            .into_iter()
            .map(|(key, blank, value)| format!("{blank}\"{key}\"{blank}:{value}{blank}"))
            .collect();
        all.extend((0..more).map(|at| format!("\"k{at}\":{at}")));
        all.extend((more > 0 && twice).then(|| format!("\"k{}\":1", more / 2)));
        format!("{{{}}}", all.join(","))
    })
}

/// Whether two trees hold the same in the same order, numbers as they are written.
fn agree(light: &LightTree<'_>, value: &Full) -> bool {
    match (light.seen(), value.seen()) {
        (Seen::Null, Seen::Null) => true,
        (Seen::Bool(one), Seen::Bool(other)) => one == other,
        (Seen::Number(one), Seen::Number(other)) => one.as_str() == other.as_str(),
        (Seen::Text(one), Seen::Text(other)) => one == other,
        (Seen::List(one), Seen::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| agree(one, other))
        }
        (Seen::Object(one), Seen::Object(other)) => {
            one.clone().count() == other.clone().count()
                && one.zip(other).all(|((key, one), (same, other))| key == same && agree(one, other))
                && light.member("a").is_some() == value.member("a").is_some()
        }
        _ => false,
    }
}

fn check(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    let full = Printed::by(text, fingerprint);
    let light = Printed::new(text, &Ignore::default());
    assert_eq!(light.print, full.print, "{shown}");
    let by_serde_json = verbatim::from_any_slice(text).ok();
    let by_hand = verbatim::from_slice(text).ok();
    assert_eq!(by_hand, by_serde_json, "{shown}");
    // Objects are equal whatever the order of their keys.
    assert_eq!(by_hand.map(|tree| tree.to_string()), by_serde_json.as_ref().map(Full::to_string), "{shown}");
    if let Some(tree) = &by_serde_json {
        assert_eq!(verbatim::to_text(tree), tree.to_string(), "{shown}");
    }
    if let Some((length, _)) = quick::object_before(text) {
        let object = str::from_utf8(&text[..length]);
        assert!(object.is_err() || serde_json::from_str::<&RawValue>(object.unwrap()).is_ok(), "{shown}");
    }
    if let Some(tree) = LightTree::read(text) {
        let value = read_tree(text).unwrap_or_else(|why| panic!("{why}: {shown}"));
        assert!(agree(&tree, &value), "{shown}");
        assert_eq!(fingerprint(&tree), fingerprint(&value), "{shown}");
    }
    assert_eq!(light.unreadable(), full.unreadable(), "{shown}");
    assert_eq!(light.into_tree(), full.into_tree(), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_light_tree_and_a_full_one_agree_on_any_text(text in members(KEYS, value()), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        check(text.as_bytes());
        let mut spoilt = text.into_bytes();
        let at = at.index(spoilt.len());
        spoilt[at] = byte;
        check(&spoilt);
        spoilt.truncate(at);
        check(&spoilt);
    }

    #[test]
    fn they_agree_on_what_is_nothing_out_of_the_ordinary(text in plain()) {
        check(text.as_bytes());
    }
}
