//! Numbers that floating point cannot hold, and those that it would spell in another way.

use serde_json::Value;

use crate::support::scenario::{Scenario, import};

const NUMBERS: &str = r#"{"id":12345678901234567890123,"max":18446744073709551615,"large":1e+400,"one":1.0,
    "cent":0.10,"minus":-0.0,"fine":0.1000000000000000055511151231257827,"power":1e+5,"list":[9007199254740993]}"#;

#[test]
fn a_number_is_written_with_every_digit_it_was_read_with() {
    let numbers: Value = serde_json::from_str(NUMBERS).unwrap();
    for steps in [
        r"[{ rename: { find: x, replace: y } }]",
        r"[{ jq: '.settings.id |= .' }, { rename_field: { side: source, from: a, to: b } }]",
        r"[{ set: { /settings/one: 1.0, /settings/id: 12345678901234567890123 } }]",
        r"[{ patch: [{ op: test, path: /settings/one, value: 1 }] }]",
    ] {
        let ran = Scenario::migrate([])
            .source(&import("a").set("/settings", numbers.clone()))
            .job("transform", steps)
            .run()
            .expect_exit(0)
            .expect_audit("a", "created", "equal");
        let body = ran.file("wanted.jsonl");
        let written = numbers.to_string();
        let ran = ran.expect("the digits stand in what is written", body.contains(&written));
        ran.expect_in_target("a", "/settings", numbers.clone()).again().expect_all(1, "unchanged", "equal");
    }
}
