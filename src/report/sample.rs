//! Rows and plans for the tests of this folder.

use std::path::Path;

use serde_json::{Value, json};

use crate::model::{Action, Fingerprint, Id, Outcome, Verdict};
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::PlanItem;
use crate::run_folder::rows::Row;
use crate::run_folder::summary::Summary;

/// An item of a plan; `extra` replaces keys.
pub(super) fn item(number: u32, extra: &Value) -> PlanItem {
    let mut item = json!({
        "item": number, "operation": "create", "name": format!("Order {number}"), "adaptor_type": "HTTPImport",
        "source": { "id": format!("5f7c579b6411271af4e{number:05x}"), "name": format!("Order {number}") },
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        item[key] = value.clone();
    }
    serde_json::from_value(item).unwrap()
}

/// A row whose item was created and reads back equal.
pub(super) fn row(number: u32) -> Row {
    let at = |millis: i64| jiff::Timestamp::from_millisecond(1_767_225_600_000 + millis).ok();
    Row {
        copies: Vec::new(),
        may_have_acted: false,
        in_doubt: false,
        item: item(number, &json!({ "sent_sha256": Fingerprint::of(b"sent") })),
        outcome: Outcome::Created,
        verdict: Verdict::Equal,
        target_id: Some(Id::from(format!("60a1579b6411271af4e{number:05x}"))),
        attempts: 1,
        http_status: Some(201),
        error_code: None,
        error_message: None,
        differences: Vec::new(),
        adopted: false,
        is_last_adopted: false,
        sent_sha256: Some(Fingerprint::of(b"sent")),
        written: (None, None),
        seen_modified: None,
        target_sha256: Some(Fingerprint::of(b"sent")),
        before_sha256: None,
        accounted_for: true,
        started_at: at(i64::from(number) * 10),
        answered_at: at(i64::from(number) * 10 + 115),
        finished_at: at(i64::from(number) * 10 + 135),
    }
}

/// A row that the service refused.
pub(super) fn failed(number: u32, message: &str) -> Row {
    Row {
        outcome: Outcome::Failed,
        verdict: Verdict::NotChecked,
        target_id: None,
        http_status: Some(422),
        error_code: Some("invalid".into()),
        error_message: Some(message.into()),
        target_sha256: None,
        before_sha256: None,
        accounted_for: true,
        ..row(number)
    }
}

/// A plan of those items, in that folder.
pub(super) fn plan(folder: &Path, items: &[PlanItem], tail: &Value) -> PlanFile {
    plan_with(folder, items, tail, |_| {})
}

/// The same; `change` changes what stands before the items.
pub(super) fn plan_with(
    folder: &Path,
    items: &[PlanItem],
    tail: &Value,
    change: impl FnOnce(&mut Value),
) -> PlanFile {
    let account = |name: &str| json!({ "name": name, "origin": format!("emulator:{name}") });
    let mut head = json!({
        "version": 1, "tool": "transship 0.1.0", "job": "orders-to-eu", "action": "migrate",
        "job_sha256": Fingerprint::of(b"job"), "made_at": "2026-01-01T00:00:00Z",
        "source": account("demo-a"), "target": account("demo-b"), "settings": settings(),
    });
    change(&mut head);
    let mut writer =
        PlanWriter::create(&folder.join("plan.json"), serde_json::from_value(head).unwrap()).unwrap();
    for item in items {
        writer.push(item).unwrap();
    }
    let mut whole = json!({
        "selected": items.len(), "totals": {}, "target_listed": 0, "target_page": 0, "spent": { "list imports": 3 },
        "forecast": { "calls": {}, "total": 0, "seconds": 0.0 },
    });
    for (key, value) in tail.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    writer.finish(serde_json::from_value(whole).unwrap()).unwrap()
}

fn settings() -> crate::job::Settings {
    use crate::job::{Account, AccountPlace, Rate, Retry, Settings, Stop, Verify};
    let account = |name: &str| Account {
        name: name.into(),
        place: AccountPlace::Emulator { name: name.into() },
        rate: Rate::default(),
    };
    Settings {
        source: account("demo-a"),
        target: account("demo-b"),
        ignore: Vec::new(),
        verify: Verify::Full,
        waves: None,
        page_size: crate::job::PageSize::Auto,
        concurrency: None,
        retry: Retry::default(),
        stop: Stop::default(),
        folder: "jobs".into(),
        backup: None,
        repoint_flows: false,
        stand_in: None,
    }
}

/// The summary of a finished run with those counts.
pub(super) fn summary(outcomes: &[(Outcome, u32)], verdicts: &[(Verdict, u32)]) -> Summary {
    let total = outcomes.iter().map(|(_, count)| count).sum();
    Summary {
        run_id: "20260101T000000Z-orders-to-eu-00ab".into(),
        job: "orders-to-eu".into(),
        action: Action::Migrate.into(),
        source: "demo-a".into(),
        target: "demo-b".into(),
        state: "finished".into(),
        selected: total,
        planned: total,
        journaled: total,
        reported: total,
        outcomes: outcomes.iter().map(|(outcome, count)| (outcome.as_str().to_owned(), *count)).collect(),
        verdicts: verdicts.iter().map(|(verdict, count)| (verdict.as_str().to_owned(), *count)).collect(),
        seconds: 3.4,
        ..Summary::default()
    }
}
