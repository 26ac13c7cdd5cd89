//! What a plan looks like.

use serde_json::{Value, json};

use super::*;
use crate::job::{Limit, Pause, Wave, Waves};
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
    let problem = |code: &str, message: &str| json!({ "code": code, "message": message });
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
                "trouble": problem("ambiguous_name", "two imports in demo-b are called `Order 4`") }),
        ),
        sample::item(
            5,
            &json!({ "operation": "none", "outcome": "failed",
                "trouble": problem("missing_reference", "no connection `NetSuite EU` in demo-b") }),
        ),
        sample::item(
            6,
            &json!({ "operation": "none", "outcome": "skipped", "trouble": problem("integration_app", "owned by an app") }),
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

/// A plan with so many creates that all get a prefix and another connection, beside what [`items`] holds.
fn many(creates: u32) -> Vec<PlanItem> {
    let create = |number: u32| {
        let connection = if number.is_multiple_of(3) { "a" } else { "b" };
        sample::item(
            number,
            &json!({ "name": format!("EU Order {number}"), "changes": [
                { "path": "/name", "from": format!("\"Order {number}\""), "to": format!("\"EU Order {number}\"") },
                { "path": "/_connectionId", "from": format!("\"{connection}\""), "to": "\"c\"" },
            ] }),
        )
    };
    items().into_iter().chain((8..8 + creates).map(create)).collect()
}

#[test]
fn a_plan_begins_with_what_it_comes_to() {
    let options = PlanViewOptions { per_second: Some(270.0), ..PlanViewOptions::default() };
    insta::assert_snapshot!(shown(&items(), &tail(), options), @r#"
    Plan  orders-to-eu   migrate  demo-a → demo-b   7 imports selected
    Note: the list of demo-b changed while it was read; it was read again

      create       1,000
      update           1
      unchanged        1
      skip             1
      conflict         1
      fail             1

    What changes
            1 import   /filter/rules  in 9 places: added 1
            1          /name          gets the prefix "EU "

    Needs attention
      fail          1  no connection `NetSuite EU` in demo-b   Order 5
      conflict      1  two imports in demo-b are called `Order 4`   Order 4
      by hand       1  1 secret to enter after the run: the service never shows them
      skip          1  owned by an app   Order 6
      warning       1  the script `before send` may use `internal_id`   EU Order 1

    + create    EU Order 1                               …e00001 → new
          /name: "Order 1" → "EU Order 1"
          warning: the script `before send` may use `internal_id`
          enter 1 secret manually: /http/auth/token
    ~ update    Order 2                                  …e00002 → …e00002
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

    Calls   1,020 calls: 1,000 create import, 20 list imports; about 3 s at 270 calls a second
    "#);
}

#[test]
fn a_plan_of_thousands_fits_sixty_lines_and_names_what_all_have_in_common() {
    let mut tail = tail();
    tail["names"] = json!({ "a": "Shop API", "b": "NetSuite Prod", "c": "Shop API EU" });
    let items = many(3000);
    let text = shown(&items, &tail, PlanViewOptions { width: 140, ..PlanViewOptions::default() });
    assert!(text.lines().count() <= 60, "{} lines:\n{text}", text.lines().count());
    for line in [
        "/_connectionId  \"NetSuite Prod\" → \"Shop API EU\" (2,000), \"Shop API\" → \"Shop API EU\" (1,000)",
        "/name           gets the prefix \"EU \"",
        "      /_connectionId: \"Shop API\" → \"Shop API EU\"",
        "All of them: --all. One: --import NAME.",
    ] {
        assert!(text.contains(line), "`{line}` in:\n{text}");
    }
    let all = PlanViewOptions { detail: Detail::All, ..PlanViewOptions::default() };
    assert!(shown(&items, &tail, all).lines().count() > 9000);
}

#[test]
fn one_import_can_be_asked_for_by_name_or_id() {
    for name in ["Order 2", "60a1579b6411271af4e00002"] {
        let names = [name.to_owned()];
        let options =
            PlanViewOptions { detail: Detail::Named(&names), diff: Diff::Full, ..PlanViewOptions::default() };
        let text = shown(&items(), &tail(), options);
        assert!(text.contains("~ update    Order 2") && text.contains("/filter/rules/8: added 1"), "{text}");
        assert!(!text.contains("+ create"), "{text}");
    }
    let names = ["nobody".to_owned()];
    let options = PlanViewOptions { detail: Detail::Named(&names), ..PlanViewOptions::default() };
    assert!(shown(&items(), &tail(), options).contains("no import of this plan is called nobody"));
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
        (1..=1200).map(|number| item(number, &["scripts are not checked: preMap"])).collect();
    items.push(item(1201, &["settings use it", "scripts are not checked: preMap"]));
    items.push(item(1202, &[]));
    insta::assert_snapshot!(shown(&items, &json!({ "totals": { "unchanged": 1202 } }), PlanViewOptions::default()), @r#"
    Plan  orders-to-eu   migrate  demo-a → demo-b   1,202 imports selected

      unchanged    1,202

    Needs attention
      warning   1,201  scripts are not checked: preMap   Order 1, Order 2, Order 3, …
      warning       1  settings use it   Order 1201

    Calls   no calls: there is nothing to do
    "#);
    let all = PlanViewOptions { unchanged: true, detail: Detail::All, ..PlanViewOptions::default() };
    let text = shown(&items, &json!({}), all);
    assert_eq!(text.matches("warning: scripts are not checked").count(), 1201);
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
    assert!(text.ends_with("  nothing selected\n\nCalls   no calls: there is nothing to do\n"), "{text}");
}

#[test]
fn no_line_of_a_plan_is_wider_than_a_narrow_terminal() {
    let mut tail = tail();
    tail["names"] = json!({ "a": "Shop API", "b": "NetSuite Prod of the old shop", "c": "Shop API EU" });
    for width_of in [40, 60, 80] {
        for items in [items(), many(30)] {
            let text =
                shown(&items, &tail, PlanViewOptions { width: width_of, ..PlanViewOptions::default() });
            let wide: Vec<_> = text.lines().filter(|line| width(line) > width_of).collect();
            assert!(wide.is_empty(), "{width_of}: {wide:#?}\n{text}");
        }
    }
}

#[test]
fn an_undo_promises_no_waves() {
    for (action, is_told) in [("migrate", true), ("undo", false)] {
        let folder = tempfile::tempdir().unwrap();
        let plan = sample::plan_with(folder.path(), &items(), &tail(), |head| {
            let waves = Waves { sizes: vec![Wave::Of(Limit::Count(1)), Wave::Rest], pause: Pause::Ask };
            (head["action"], head["settings"]["waves"]) = (json!(action), json!(waves));
        });
        let mut out = Vec::new();
        table(&plan, &mut out, PlanViewOptions { width: 60, ..PlanViewOptions::default() }).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.contains("Waves   1, then the rest; a question"), is_told, "{out}");
        let widest = out.lines().map(width).max();
        assert!(widest <= Some(60), "{out}");
    }
}

#[test]
fn the_question_holds_what_is_done() {
    let asked = |action: &str, totals: Value, others: Value| {
        let folder = tempfile::tempdir().unwrap();
        let tail = json!({ "totals": totals, "others": others });
        question(&sample::plan_with(folder.path(), &[], &tail, |head| head["action"] = json!(action)))
    };
    for (action, totals, others, wanted) in [
        ("migrate", json!({ "create": 1195, "unchanged": 2 }), json!({}), "Create 1,195 imports"),
        ("migrate", json!({ "create": 1, "none": 4 }), json!({}), "Create 1 import"),
        (
            "apply",
            json!({ "delete": 3, "update": 12, "create": 180, "conflict": 1 }),
            json!({}),
            "Create 180, update 12 and delete 3 imports",
        ),
        (
            "migrate",
            json!({ "create": 5 }),
            json!({ "scripts": { "items": 2, "listed": 0 } }),
            "Create 5 documents",
        ),
        (
            "undo",
            json!({ "delete": 60, "update": 1 }),
            json!({}),
            "Undo this: update 1 and delete 60 imports",
        ),
    ] {
        assert_eq!(asked(action, totals, others), wanted);
    }
}
