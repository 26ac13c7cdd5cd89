//! What uses imports, in words: how many flows, in how many integrations, which of them are running.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::text::{NARROWEST, Paint, Tone, clean, count, counted, listed, number, wrap};
use crate::model::{Id, Operation, Outcome};
use crate::run_folder::import_users::{
    AccountUsage, AffectedUser, ImportUser, UsageSummary, UserCounts, UserKind,
};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// How many flows are named in a sentence; more are counted.
const NAMED: usize = 3;

/// `214 flows and 2 APIs in 11 integrations, 12 of them disabled; 3 are running now: Orders hourly, Stock sync, Refunds`.
/// `now` says when they ran.
pub(super) fn sentence(usage: &UsageSummary, now: &str) -> String {
    if usage.is_empty() {
        let kinds =
            UserKind::ALL.into_iter().filter(|kind| usage.lists.iter().any(|list| list == kind.list()));
        let nouns: Vec<&str> = kinds.map(UserKind::noun).collect();
        return match nouns.as_slice() {
            [] => "nothing that was read".to_owned(),
            [one] => format!("no {one}"),
            [first @ .., last] => format!("no {} or {last}", first.join(", ")),
        };
    }
    let kinds = [(usage.flows, "flow"), (usage.apis, "API"), (usage.tools, "tool")];
    let some = kinds.into_iter().filter(|(number, _)| *number > 0);
    let mut text = listed(&some.map(|(number, one)| counted(number, one)).collect::<Vec<_>>());
    if usage.integrations > 0 {
        text.push_str(&format!(" in {}", counted(usage.integrations, "integration")));
    }
    let all = usage.flows + usage.apis + usage.tools;
    match usage.disabled {
        0 => {}
        disabled if disabled == all => text.push_str(if all == 1 { ", disabled" } else { ", all disabled" }),
        disabled => text.push_str(&format!(", {} of them disabled", number(disabled))),
    }
    match usage.running {
        None => {}
        Some(0) => {
            text.push_str(&format!("; none {} running {now}", if now == "now" { "is" } else { "was" }))
        }
        Some(running) => {
            let verb = match (now == "now", running) {
                (true, 1) => "is",
                (true, _) => "are",
                (false, 1) => "was",
                (false, _) => "were",
            };
            let ran = usage.users.iter().filter(|one| one.user.running == Some(true));
            let names: Vec<String> = ran.take(NAMED).map(|one| clean(&one.user.name)).collect();
            let more = if running as usize > names.len() { ", …" } else { "" };
            text.push_str(&format!("; {} {verb} running {now}: {}{more}", number(running), names.join(", ")));
        }
    }
    text
}

/// What one user is, and its state: `running`, `disabled`, both, or neither.
pub(super) fn user_state(user: &ImportUser) -> &'static str {
    match (user.running, user.disabled) {
        (Some(true), Some(true)) => "running, though disabled",
        (Some(true), _) => "running",
        (_, Some(true)) => "disabled",
        _ => "",
    }
}

/// The name of the integration of a user, or its id.
pub(super) fn integration(affected: &AffectedUser) -> String {
    let user = &affected.user;
    let id = || user.integration.as_ref().map(|id| id.as_str().to_owned());
    user.integration_name.clone().or_else(id).unwrap_or_default()
}

/// What uses the imports of a plan, counted while it is read once.
#[derive(Debug, Default)]
pub(super) struct UsageView {
    target: UserCounts,
    source: UserCounts,
    /// Whether something is done to an import of the target, and with one of the source.
    touches: (bool, bool),
}

impl UsageView {
    /// Counts the users of an import that is changed, removed or copied, and of one that they keep from being removed.
    pub(super) fn take(&mut self, item: &PlanItem) {
        let is_kept = item.outcome == Some(Outcome::Conflict);
        if item.operation.touches_an_import() || is_kept {
            self.touches.0 = true;
            item.used_by.iter().for_each(|id| *self.target.entry(id.clone()).or_default() += 1);
        }
        if item.operation != Operation::None {
            self.touches.1 = true;
            item.used_in_source.iter().for_each(|id| *self.source.entry(id.clone()).or_default() += 1);
        }
    }

    /// Writes a line for each account that was read.
    pub(super) fn write(
        &self,
        plan: &PlanFile,
        paint: Paint,
        columns: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (head, usage) = (plan.head(), &plan.tail().usage);
        let one = head.source == head.target;
        let sides = [
            (&usage.source, &self.source, &head.source, self.touches.1),
            (&usage.target, &self.target, &head.target, self.touches.0),
        ];
        let mut wrote = false;
        for (read, counts, account, touches) in sides {
            // Where nothing is touched, that no flow uses it would be said of imports that flows do use.
            let Some(read) = read.as_ref().filter(|_| touches) else { continue };
            let lead =
                if one { "Used by".to_owned() } else { format!("Used in {} by", clean(&account.name)) };
            let text = sentence(&UsageSummary::of(read, counts), "now");
            let text = wrap(&format!("{lead}   {text}"), columns.max(NARROWEST), lead.len() + 3);
            let rest = text.strip_prefix(lead.as_str()).unwrap_or(&text);
            writeln!(out, "{}{rest}", paint.tone(Tone::Strong, &lead))?;
            wrote = true;
        }
        if wrote { writeln!(out) } else { Ok(()) }
    }
}

/// The users of single imports.
#[derive(Debug, Default)]
pub(super) struct UserLines<'a> {
    target: BTreeMap<&'a Id, &'a ImportUser>,
    source: BTreeMap<&'a Id, &'a ImportUser>,
}

impl<'a> UserLines<'a> {
    /// Those of a plan.
    pub(super) fn of(plan: &'a PlanFile) -> Self {
        let users = |read: &'a Option<AccountUsage>| {
            let users = read.iter().flat_map(|read| &read.users);
            users.map(|user| (&user.id, user)).collect()
        };
        let usage = &plan.tail().usage;
        Self { target: users(&usage.target), source: users(&usage.source) }
    }

    /// `used by flow "Orders hourly" (running), flow "Returns" and 2 more`, for each account in which something uses
    /// it.
    pub(super) fn of_item(&self, item: &PlanItem) -> Vec<String> {
        let mut lines = Vec::new();
        if item.operation.touches_an_import() {
            lines.extend(line("used by", &item.used_by, &self.target));
        }
        if item.operation != Operation::None {
            lines.extend(line("used in the source by", &item.used_in_source, &self.source));
        }
        lines
    }
}

fn line(lead: &str, ids: &[Id], users: &BTreeMap<&Id, &ImportUser>) -> Option<String> {
    let mut all: Vec<&ImportUser> = ids.iter().filter_map(|id| users.get(id).copied()).collect();
    all.sort_by_key(|user| user.running != Some(true));
    let mut parts: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|user| {
            let user_state = match user_state(user) {
                "" => String::new(),
                user_state => format!(" ({user_state})"),
            };
            format!("{} \"{}\"{user_state}", user.kind.noun(), clean(&user.name))
        })
        .collect();
    match all.len().saturating_sub(NAMED) {
        0 => {}
        more => parts.push(count(more as u64, "more", "more")),
    }
    (!parts.is_empty()).then(|| format!("{lead} {}", listed(&parts)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(users: &serde_json::Value, lists: &[&str]) -> String {
        let read: AccountUsage = serde_json::from_value(json!({ "lists": lists, "users": users })).unwrap();
        let counts = read.users.iter().map(|user| (user.id.clone(), 1)).collect();
        sentence(&UsageSummary::of(&read, &counts), "now")
    }

    #[test]
    fn where_nothing_changes_nothing_is_said_of_flows() {
        let folder = tempfile::tempdir().unwrap();
        let target = json!({ "lists": ["flows"], "users": [] });
        let plan = crate::report::sample::plan(folder.path(), &[], &json!({ "usage": { "target": target } }));
        for (operation, outcome, told) in [("update", None, true), ("none", Some("unchanged"), false)] {
            let target = json!({ "id": "a", "name": "A" });
            let item = json!({ "operation": operation, "outcome": outcome, "target": target });
            let (mut view, mut out) = (UsageView::default(), Vec::new());
            view.take(&crate::report::sample::item(1, &item));
            view.write(&plan, Paint { color: false }, 80, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap().contains("no flow"), told, "{operation}");
        }
    }

    #[test]
    fn flows_are_counted_and_those_that_run_are_named() {
        let user = |number: u32, more: &serde_json::Value| {
            let mut user = json!({ "kind": "flow", "id": format!("f{number}"), "name": format!("Flow {number}"),
                "integration": format!("i{}", number % 2) });
            user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            user
        };
        let flows = &["flows"][..];
        assert_eq!(told(&json!([]), flows), "no flow");
        assert_eq!(told(&json!([]), &["flows", "apis", "tools"]), "no flow, API or tool");
        let off = json!({ "disabled": true });
        assert_eq!(told(&json!([user(1, &off)]), flows), "1 flow in 1 integration, disabled");
        let none = json!({ "running": false });
        assert_eq!(
            told(&json!([user(1, &none), user(2, &off)]), flows),
            "2 flows in 2 integrations, 1 of them disabled; none is running now"
        );
        let runs = json!({ "running": true });
        let many: Vec<_> = (1..=5).map(|number| user(number, &runs)).collect();
        assert_eq!(
            told(&json!(many), flows),
            "5 flows in 2 integrations; 5 are running now: Flow 1, Flow 2, Flow 3, …"
        );
        let tool = json!({ "kind": "tool", "id": "t", "name": "T\u{1b}" });
        assert_eq!(
            told(&json!([user(1, &runs), tool]), flows),
            "1 flow and 1 tool in 1 integration; 1 is running now: Flow 1"
        );
    }
}
