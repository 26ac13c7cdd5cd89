//! The totals of a plan or a run, in few lines: kinds of change, and reasons that need a person, each with the number
//! of imports or other resources.

mod affix;

use std::collections::{BTreeMap, HashMap};

use self::affix::{Affix, affix, plain};
use super::changes::OF_THE_TARGET;
use super::text::{clean, count, cut, cut_both, number};
use crate::documents::diff::Change;
use crate::documents::references::Kind;
use crate::model::Outcome;
use crate::run_folder::plan_item::PlanItem;

/// How many different values of one kind of change are distinguished; the rest is only counted.
const VALUES: usize = 200;
/// How many different kinds of change are distinguished, and what the rest is counted under.
const KINDS: usize = 2_000;
const ELSEWHERE: &str = "other places";
/// How many different reasons are distinguished; the rest is counted under its code.
const REASONS: usize = 2_000;
/// The code of an import that is in use and would be deleted, and the text for all of them.
pub(super) const IN_USE: &str = "in_use";
const USED: &str = "flows use it (named below for each import): left alone; remove it from those flows first";
/// How many imports are named for each reason.
const NAMED: usize = 3;
/// How many values are shown for each kind of change.
const SHOWN: usize = 3;
/// The maximum width of one value, in columns.
const VALUE_WIDTH: usize = 32;

/// Everything that is counted while a plan is read once.
#[derive(Debug, Default)]
pub(super) struct Groups {
    kinds: BTreeMap<(Kind, String), ChangeKind>,
    reasons: HashMap<(&'static str, String), Reason>,
    secrets: u64,
    secret_imports: u64,
}

/// One kind of change.
#[derive(Debug, Default)]
struct ChangeKind {
    /// Imports, or resources of another kind.
    resources: u64,
    places: u64,
    affix: Affix,
    values: HashMap<(String, String), u64>,
    /// More values than are distinguished.
    overflow: bool,
}

/// One reason for which imports need a person.
#[derive(Debug, Default)]
struct Reason {
    imports: u64,
    names: Vec<String>,
}

/// A line of a group: its lead, the number of imports or other resources, and the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) lead: String,
    pub(super) kind: Kind,
    pub(super) resources: u64,
    pub(super) text: String,
    pub(super) names: String,
}

impl Line {
    /// The noun for what is counted, in singular or plural.
    pub(super) fn unit(&self) -> String {
        let one = self.kind.singular();
        if self.resources == 1 { one.to_owned() } else { format!("{one}s") }
    }
}

impl Groups {
    /// Counts the changes of an item.
    pub(super) fn changes_of(&mut self, item: &PlanItem) {
        let mut families: Vec<&str> = Vec::new();
        for change in &item.changes {
            let mut family = family(&change.path);
            if self.kinds.len() >= KINDS && !self.kinds.contains_key(&(item.kind, family.to_owned())) {
                family = ELSEWHERE;
            }
            let kind = self.kinds.entry((item.kind, family.to_owned())).or_default();
            kind.take(change);
            if !families.contains(&family) {
                kind.resources += 1;
                families.push(family);
            }
        }
    }

    /// Counts an item of a plan: what it changes or what differs in a comparison, and why it needs a person.
    pub(super) fn take(&mut self, item: &PlanItem) {
        // What is left alone changes nothing, whatever the transformation would have made of it.
        if item.outcome.is_none() || item.unlike().is_some() {
            self.changes_of(item);
        }
        if item.unlike().is_none()
            && let (Some(outcome), Some(reason)) = (item.outcome, &item.problem)
            && let Some(lead) = lead(outcome)
        {
            // Each names flows of its own: they are one reason, and each import names its flows below.
            let is_used = reason.code == IN_USE && !item.used_by.is_empty();
            let text = if is_used { USED } else { reason.message.as_str() };
            self.reason(lead, text, &reason.code, &item.name);
        }
        for warning in &item.warnings {
            self.reason("warning", warning, "other warnings", &item.name);
        }
        // Of what is not written nothing is lost.
        let secrets = item.secrets_to_enter();
        if item.is_work() && !secrets.is_empty() {
            self.secrets += secrets.len() as u64;
            self.secret_imports += 1;
        }
    }

    /// Counts only why an item cannot be done as it is.
    pub(super) fn problem_of(&mut self, item: &PlanItem) {
        if let (Some(outcome), Some(problem)) = (item.outcome, &item.problem)
            && let Some(lead) = lead(outcome).filter(|_| outcome.needs_attention())
        {
            let of = if item.is_import() { String::new() } else { format!("{} ", item.noun()) };
            self.reason(lead, &problem.message, &problem.code, &format!("{of}{}", item.name));
        }
    }

    fn reason(&mut self, lead: &'static str, text: &str, code: &str, name: &str) {
        let mut key = (lead, text.to_owned());
        if self.reasons.len() >= REASONS && !self.reasons.contains_key(&key) {
            key.1 = format!("{code}, for different reasons");
        }
        let reason = self.reasons.entry(key).or_default();
        reason.imports += 1;
        if reason.names.len() < NAMED {
            reason.names.push(name.to_owned());
        }
    }

    /// Kinds of change, the most frequent first. `name_of` returns the name of an id, if it is known.
    pub(super) fn changes(&self, name_of: &dyn Fn(&str) -> Option<String>) -> Vec<Line> {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|((of, family), kind)| (std::cmp::Reverse(kind.resources), family, *of));
        let line = |((of, family), kind): (&(Kind, String), &ChangeKind)| Line {
            lead: clean(family),
            kind: *of,
            resources: kind.resources,
            text: kind.text(name_of),
            names: String::new(),
        };
        kinds.into_iter().map(line).collect()
    }

    /// Reasons that need a person, the gravest first.
    pub(super) fn attention(&self) -> Vec<Line> {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|((lead, text), reason)| {
            (LEADS.iter().position(|known| known == lead), std::cmp::Reverse(reason.imports), text.as_str())
        });
        let mut lines: Vec<Line> = reasons
            .into_iter()
            .map(|((lead, text), reason)| {
                let mut names = reason.names.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
                if reason.imports > reason.names.len() as u64 {
                    names.push_str(", …");
                }
                Line {
                    lead: (*lead).to_owned(),
                    kind: Kind::Imports,
                    resources: reason.imports,
                    text: clean(text),
                    names,
                }
            })
            .collect();
        if self.secrets > 0 {
            let secrets = count(self.secrets, "secret", "secrets");
            // Work for a person, of which there may be no more than this line: many warnings do not hide it.
            let before = lines.iter().position(|line| matches!(line.lead.as_str(), "skip" | "warning"));
            let line = Line {
                lead: "by hand".to_owned(),
                kind: Kind::Imports,
                resources: self.secret_imports,
                text: format!("{secrets} to enter after the run: the service never shows them"),
                names: String::new(),
            };
            lines.insert(before.unwrap_or(lines.len()), line);
        }
        lines
    }
}

/// What leads a reason, in the order in which they are shown.
const LEADS: [&str; 5] = ["fail", "stale", "conflict", "skip", "warning"];

fn lead(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Failed => Some("fail"),
        Outcome::Stale => Some("stale"),
        Outcome::Conflict => Some("conflict"),
        Outcome::Skipped => Some("skip"),
        _ => None,
    }
}

impl ChangeKind {
    fn take(&mut self, change: &Change) {
        self.places += 1;
        let affix = match (&change.from, &change.to) {
            (Some(from), Some(to)) => affix(from, to),
            _ => Affix::None,
        };
        self.affix = match std::mem::take(&mut self.affix) {
            Affix::Unseen => affix,
            same if same == affix => same,
            _ => Affix::None,
        };
        let value = (change.from.clone().unwrap_or_default(), change.to.clone().unwrap_or_default());
        if self.values.len() < VALUES || self.values.contains_key(&value) {
            *self.values.entry(value).or_default() += 1;
        } else {
            self.overflow = true;
        }
    }

    fn text(&self, name_of: &dyn Fn(&str) -> Option<String>) -> String {
        match &self.affix {
            Affix::Prefix(prefix) => return format!("gets the prefix \"{}\"", clean(prefix)),
            Affix::Suffix(suffix) => return format!("gets the suffix \"{}\"", clean(suffix)),
            Affix::Unseen | Affix::None => {}
        }
        let places = if self.places > self.resources {
            format!("in {}: ", count(self.places, "place", "places"))
        } else {
            String::new()
        };
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_by_key(|(value, times)| (std::cmp::Reverse(**times), *value));
        if self.overflow || (values.len() > 2 * SHOWN && *values[0].1 == 1) {
            let more = if self.overflow { "more than " } else { "" };
            return format!("{places}{more}{} different values", number(values.len() as u64));
        }
        let name = |text: &str| plain(text).and_then(|id| name_of(&id));
        let show =
            |text: &str| clean(&cut(&clean(&name(text).unwrap_or_else(|| text.to_owned())), VALUE_WIDTH));
        let single = values.len() == 1;
        let shown = values.iter().take(SHOWN).map(|((from, to), times)| {
            let change = match (from.as_str(), to.as_str()) {
                ("", "") => "changed".to_owned(),
                ("", to) => format!("added {}", show(to)),
                (from, "") => format!("removed {}", show(from)),
                // Another id of the same name: its counterpart in the target.
                (from, to) if from != to && name(from).is_some() && name(from) == name(to) => {
                    format!("{}{OF_THE_TARGET}", show(to))
                }
                (from, to) => {
                    let named = |text| clean(&name(text).unwrap_or_else(|| text.to_owned()));
                    let (from, to) = cut_both(&named(from), &named(to), (VALUE_WIDTH, VALUE_WIDTH));
                    format!("{from} → {to}")
                }
            };
            if single { change } else { format!("{change} ({})", number(**times)) }
        });
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if values.len() > SHOWN {
            text.push_str(", …");
        }
        format!("{places}{text}")
    }
}

/// What a path of a change belongs to: its mapping, its lookups, or the pointer up to the first number.
fn family(path: &str) -> &str {
    if let Some(rows) = path.find('[') {
        return &path[..rows];
    }
    let mut end = path.len();
    let mut at = 0_usize;
    for (depth, part) in path.split('/').enumerate() {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if depth > 0 && number || depth > 3 {
            end = at.saturating_sub(1);
            break;
        }
        at += part.len() + 1;
    }
    if end == 0 { path } else { &path[..end] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_kind_come_together() {
        for (path, wanted) in [
            ("/name", "/name"),
            ("/http/headers/3/value", "/http/headers"),
            ("/http/relativeURI/0", "/http/relativeURI"),
            ("mapping[email].extract", "mapping"),
            ("http.lookups[name].extract", "http.lookups"),
            ("/a/b/c/d/e", "/a/b/c"),
            ("/0", "/0"),
            ("", ""),
        ] {
            assert_eq!(family(path), wanted, "{path}");
        }
    }

    #[test]
    fn imports_that_flows_keep_from_being_deleted_are_one_reason() {
        let mut groups = Groups::default();
        for number in 1..=3 {
            groups.take(&crate::report::sample::item(
                number,
                &serde_json::json!({ "operation": "none", "outcome": "conflict", "used_by": [format!("f{number}")],
                    "trouble": { "code": "in_use", "message": format!("it is used by the flow {number}") } }),
            ));
        }
        let lines = groups.attention();
        assert_eq!((lines.len(), lines[0].resources), (1, 3));
    }

    #[test]
    fn what_has_to_be_done_by_hand_stands_before_warnings() {
        let mut groups = Groups::default();
        let problem = serde_json::json!({ "code": "x", "message": "why" });
        for item in [
            serde_json::json!({ "warnings": ["one", "two"], "secrets": ["/http/auth/token"] }),
            serde_json::json!({ "operation": "none", "outcome": "skipped", "trouble": problem }),
            serde_json::json!({ "operation": "none", "outcome": "failed", "trouble": problem }),
        ] {
            groups.take(&crate::report::sample::item(1, &item));
        }
        let leads: Vec<_> = groups.attention().into_iter().map(|line| line.lead).collect();
        assert_eq!(leads, ["fail", "by hand", "skip", "warning", "warning"]);
    }

    #[test]
    fn a_change_of_imports_and_one_of_flows_are_two() {
        let mut groups = Groups::default();
        for (number, kind) in [(1, "imports"), (2, "flows"), (3, "flows"), (4, "apis")] {
            let change = serde_json::json!([{ "path": "/pageProcessors/0/_importId", "to": "1" }]);
            let item = serde_json::json!({ "kind": kind, "changes": change });
            groups.changes_of(&crate::report::sample::item(number, &item));
        }
        let lines = groups.changes(&|_| None);
        let told: Vec<_> = lines.iter().map(|line| format!("{} {}", line.resources, line.unit())).collect();
        assert_eq!(told, ["2 flows", "1 import", "1 API"]);
    }

    #[test]
    fn documents_that_all_differ_elsewhere_do_not_fill_the_memory() {
        let mut groups = Groups::default();
        for number in 0..3000 {
            let item = crate::report::sample::item(
                1,
                &serde_json::json!({ "changes": [{ "path": format!("/key{number}"), "to": "1" }] }),
            );
            groups.changes_of(&item);
        }
        assert_eq!(groups.kinds.len(), KINDS + 1);
        assert_eq!(groups.kinds[&(Kind::Imports, ELSEWHERE.to_owned())].resources, 1000);
    }

    #[test]
    fn what_all_new_texts_have_in_common_is_said_once() {
        let change = |from: &str, to: &str| Change {
            path: "/name".into(),
            from: Some(format!("{from:?}")),
            to: Some(format!("{to:?}")),
        };
        let text = |changes: &[Change]| {
            let mut kind = ChangeKind::default();
            changes.iter().for_each(|change| kind.take(change));
            kind.resources = kind.places;
            kind.text(&|_| None)
        };
        assert_eq!(text(&[change("a", "EU a"), change("b", "EU b")]), "gets the prefix \"EU \"");
        assert_eq!(text(&[change("a", "a (old)"), change("b", "b (old)")]), "gets the suffix \" (old)\"");
        assert_eq!(
            text(&[change("a", "EU a"), change("b", "US b")]),
            "\"a\" → \"EU a\" (1), \"b\" → \"US b\" (1)"
        );
        assert_eq!(text(&[change("a", "b"), change("a", "b")]), "\"a\" → \"b\"");
        let long = "x".repeat(40);
        let one = text(&[change(&format!("{long}email}}}}"), &format!("{long}contact.email}}}}"))]);
        assert_eq!(one, "…xxxxxxemail}}\" → …xxxxxxcontact.email}}\"");
        let many: Vec<_> = (0..9).map(|n| change(&format!("a{n}"), &format!("b{n}"))).collect();
        assert_eq!(text(&many), "9 different values");
    }
}
