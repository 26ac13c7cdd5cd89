//! A bounded run of the fuzz target of manifests: texts that begin as the lines of a good one.

#[path = "../../../../fuzz/manifest_checks.rs"]
mod manifest_checks;

use proptest::prelude::*;

const HEAD: &str = concat!(
    r#"{"transship_snapshot":1,"id":"20260301T020000Z-us-1a2b","time":"2026-03-01T02:00:00Z","account":{"name":"us"},"#,
    r#""counts":{"imports":1},"entries":1,"text_bytes":2,"new_blobs":1,"new_bytes":2,"body_bytes":BYTES,"body_sha256":"HASH"}"#,
);

const BODY: &str = concat!(
    r#"{"kind":"imports","id":"5f7c579b6411271af4e7cefa","name":"a","fingerprint":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","blob":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","bytes":2}"#,
    "\n",
    r#"{"entries":1,"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"#,
    "\n",
);

const PIECES: [&str; 16] = [
    "",
    "{",
    "}",
    "\"",
    ",",
    ":",
    "0",
    "-1",
    "1e400",
    "null",
    "[]",
    "\n",
    "../",
    "\\u0000",
    "\u{e9}",
    "9999999999999999999",
];

type Cut = (prop::sample::Index, usize, usize);

fn changed(text: &str, cuts: &[Cut]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, less, piece) in cuts {
        let at = at.index(text.len() + 1);
        let end = (at + less).min(text.len());
        text.splice(at..end, PIECES[*piece].chars());
    }
    text.into_iter().collect()
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, 0..PIECES.len()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 3 / 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_manifest_is_read_or_named_as_damaged(head in cuts(), body in cuts()) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (head, body) = (changed(HEAD, &head), changed(BODY, &body));
        runtime.block_on(manifest_checks::manifests(folder.path(), &head, &body));
    }
}
