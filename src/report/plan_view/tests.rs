//! What a plan looks like.

use serde_json::{Value, json};

use super::*;
use crate::report::sample;

fn shown(items: &[PlanItem], tail: &Value, options: PlanViewOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    let plan = sample::plan(folder.path(), items, tail);
    let mut out = Vec::new();
    table(&plan, &mut out, options).unwrap();
    String::from_utf8(out).unwrap()
}

fn items() -> Vec<PlanItem> {
    let target = json!({ "id": "60a1579b6411271af4e00002", "name": "Order 2" });
    let changes: Vec<_> =
        (0..9).map(|n| json!({ "path": format!("/filter/rules/{n}"), "to": "1" })).collect();
    let trouble = |code: &str, message: &str| json!({ "code": code, "message": message });
    vec![
        sample::item(
            1,
            &json!({ "changes": [{ "path": "/name", "from": "\"Order 1\"", "to": "\"EU Order 1\"" }], "name": "EU Order 1",
                "warnings": ["the script `before send` may use `internal_id`"], "secrets": ["/http/auth/token"] }),
        ),
        sample::item(2, &json!({ "operation": "update", "target": target, "changes": changes })),
        sample::item(
            3,
            &json!({ "operation": "none", "outcome": "unchanged", "verdict": "equal", "target": target }),
        ),
        sample::item(
            4,
            &json!({ "operation": "none", "outcome": "conflict",
                "trouble": trouble("ambiguous_name", "two imports in demo-b are called `Order 4`") }),
        ),
        sample::item(
            5,
            &json!({ "operation": "none", "outcome": "failed",
                "trouble": trouble("missing_reference", "no connection `NetSuite EU` in demo-b") }),
        ),
        sample::item(
            6,
            &json!({ "operation": "none", "outcome": "skipped", "trouble": trouble("integration_app", "owned by an app") }),
        ),
        sample::item(
            7,
            &json!({ "operation": "delete", "source": null, "target": target, "name": "old\u{1b}[2J" }),
        ),
    ]
}

fn tail() -> Value {
    json!({
        "totals": { "create": 1000, "update": 1, "unchanged": 1, "conflict": 1, "failed": 1, "skipped": 1, "none": 4 },
        "forecast": { "calls": { "create import": 1000, "list imports": 20 }, "total": 1020, "seconds": 3.1 },
        "notes": ["the list of demo-b changed while it was read; it was read again"],
    })
}

#[test]
fn every_import_that_does_not_stay_as_it_is_has_its_line_and_its_changes() {
    let options = PlanViewOptions { per_second: Some(270.0), ..PlanViewOptions::default() };
    insta::assert_snapshot!(shown(&items(), &tail(), options), @r#"
    Plan of orders-to-eu: migrate 7 imports from demo-a to demo-b

    + create    EU Order 1                               …e00001 -> new
          /name: "Order 1" -> "EU Order 1"
          warning: the script `before send` may use `internal_id`
          1 secret to enter by hand: /http/auth/token
    ~ update    Order 2                                  …e00002 -> …e00002
          /filter/rules/0: added 1
          /filter/rules/1: added 1
          /filter/rules/2: added 1
          /filter/rules/3: added 1
          /filter/rules/4: added 1
          /filter/rules/5: added 1
          … and 3 more changes
    ? conflict  Order 4                                  …e00004
          two imports in demo-b are called `Order 4` (ambiguous_name)
    ! failed    Order 5                                  …e00005
          no connection `NetSuite EU` in demo-b (missing_reference)
    · skip      Order 6                                  …e00006
          owned by an app (integration_app)
    - delete    old␛[2J                                  …e00002

    Totals:   1,000 to create, 1 to update, 1 unchanged, 1 skipped, 1 in conflict, 1 failed
    Forecast: 1,020 calls: 1,000 create import, 20 list imports; about 3 s at 270 calls a second
    Note:     the list of demo-b changed while it was read; it was read again
    "#);
}

#[test]
fn a_plan_can_be_cut_short_or_shown_whole() {
    let options = PlanViewOptions { limit: Some(2), diff: Diff::None, ..PlanViewOptions::default() };
    insta::assert_snapshot!(shown(&items(), &tail(), options), @"
    Plan of orders-to-eu: migrate 7 imports from demo-a to demo-b

    + create    EU Order 1                               …e00001 -> new
          warning: the script `before send` may use `internal_id`
          1 secret to enter by hand: /http/auth/token
    ~ update    Order 2                                  …e00002 -> …e00002
    … and 4 imports not shown

    Totals:   1,000 to create, 1 to update, 1 unchanged, 1 skipped, 1 in conflict, 1 failed
    Forecast: 1,020 calls: 1,000 create import, 20 list imports; about 3 s
    Note:     the list of demo-b changed while it was read; it was read again
    ");
    let whole = PlanViewOptions { diff: Diff::Full, unchanged: true, ..PlanViewOptions::default() };
    let text = shown(&items(), &tail(), whole);
    assert!(text.contains("/filter/rules/8: added 1"));
    assert!(text.contains("= unchanged Order 3"));
}

#[test]
fn warnings_of_imports_that_stay_as_they_are_are_summed_up() {
    let item = |number, warnings: &[&str]| {
        let target = json!({ "id": "60a1579b6411271af4e00002", "name": "Order 2" });
        sample::item(
            number,
            &json!({ "operation": "none", "outcome": "unchanged", "verdict": "equal", "target": target,
                "warnings": warnings }),
        )
    };
    let mut items: Vec<_> =
        (1..=1200).map(|number| item(number, &["scripts may mention it: preMap"])).collect();
    items.push(item(1201, &["settings: mentions it", "scripts may mention it: preMap"]));
    items.push(item(1202, &[]));
    insta::assert_snapshot!(shown(&items, &json!({ "totals": { "unchanged": 1202 } }), PlanViewOptions::default()), @r#"
    Plan of orders-to-eu: migrate 1,202 imports from demo-a to demo-b

    1,201 imports stay as they are, with a warning (`-v` lists each):
          1,201: scripts may mention it: preMap
          1: settings: mentions it

    Totals:   1,202 unchanged
    Forecast: no calls: there is nothing to do
    "#);
    let all = PlanViewOptions { unchanged: true, ..PlanViewOptions::default() };
    let text = shown(&items, &json!({}), all);
    assert_eq!(text.matches("warning: scripts may mention it").count(), 1201);
    assert!(!text.contains("stay as they are"));
}

#[test]
fn colours_add_nothing_but_colours() {
    let plain = shown(&items(), &tail(), PlanViewOptions::default());
    let colored = shown(&items(), &tail(), PlanViewOptions { color: true, ..PlanViewOptions::default() });
    assert!(!plain.contains('\x1b'));
    let codes = regex::Regex::new("\x1b\\[\\d+m").unwrap();
    assert_eq!(codes.replace_all(&colored, ""), plain);
}

#[test]
fn a_plan_as_json_is_the_file_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let plan = sample::plan(folder.path(), &items(), &tail());
    let mut out = Vec::new();
    json(&plan, &mut out).unwrap();
    assert_eq!(out, std::fs::read(plan.path()).unwrap());
}

#[test]
fn a_plan_without_calls_says_so() {
    let text = shown(&[], &json!({}), PlanViewOptions::default());
    assert!(
        text.ends_with("Totals:   nothing selected\nForecast: no calls: there is nothing to do\n"),
        "{text}"
    );
}
