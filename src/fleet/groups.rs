//! The plans of many accounts, grouped by equal change. Pure.
//!
//! The same change of every customer is one line, whatever the imports are called and however many there are: a change is
//! what happens to a field, or for what is made or removed, to a name. Ids differ from account to account and count as
//! equal.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::model::{Fingerprint, Operation};
use crate::run_folder::plan_item::PlanItem;

/// How many changes of a group are kept; the hash is of all.
const MOST_CHANGES: usize = 100;

static IDS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-f]{24}\b").expect("the pattern is valid"));
static PLACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"/\d+(/|$)").expect("the pattern is valid"));

/// The totals of an account's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Name of the account in the CSV.
    pub account: String,
    /// The exit code of its plan.
    pub exit_code: u8,
    /// The changes, each once, in order; at most a hundred.
    pub changes: Vec<String>,
    /// How many different changes there are.
    pub count: usize,
    /// A hash by which equal changes are recognised.
    pub sha256: Fingerprint,
    /// Imports that would be written.
    pub writes: u64,
    /// Imports that a person has to look at.
    pub attention: u64,
    /// Why there is no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The version of the job, of the files it names and of its row that the plan is for; absent if an older program
    /// made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Fingerprint>,
}

/// Accounts with equal changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Names of the accounts, in the order of their plans; at least one.
    pub accounts: Vec<String>,
    /// Whether they have no plan.
    pub is_refused: bool,
    /// The changes, each once; at most a hundred.
    pub changes: Vec<String>,
    /// How many different changes there are.
    pub count: usize,
    /// Imports that would be written, over all accounts.
    pub writes: u64,
    /// Imports that a person has to look at, over all accounts.
    pub attention: u64,
    /// Why there is no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Collects the changes of one plan.
#[derive(Debug, Default)]
pub struct Changes {
    counts: BTreeMap<String, u64>,
    writes: u64,
    attention: u64,
}

impl Changes {
    /// Adds an item of the plan.
    pub fn take(&mut self, item: &PlanItem) {
        if let Some(outcome) = item.outcome.filter(|outcome| outcome.needs_attention()) {
            self.attention += 1;
            let why = item.problem.as_ref().map_or_else(String::new, |problem| {
                // The same reason for two imports is one: its name is left out.
                let message = match item.name.as_str() {
                    "" => problem.message.clone(),
                    name => problem.message.replace(name, "(name)"),
                };
                format!("{}: {message}", problem.code)
            });
            self.add(format!("{outcome}: {why}"));
        }
        if !item.is_work() {
            return;
        }
        self.writes += 1;
        let (word, noun) = (item.operation.as_str(), item.noun());
        if item.operation != Operation::Update || item.changes.is_empty() {
            let name = if item.operation == Operation::Update { "" } else { item.name.as_str() };
            self.add(format!("{word} {noun} {name}").trim_end().to_owned());
            return;
        }
        for change in &item.changes {
            let value =
                |value: &Option<String>, absent: &str| value.clone().unwrap_or_else(|| absent.to_owned());
            let path = general(&change.path);
            let (from, to) = (value(&change.from, "(absent)"), value(&change.to, "(removed)"));
            self.add(format!("{word} {path}: {from} → {to}"));
        }
    }

    fn add(&mut self, change: String) {
        let change = IDS.replace_all(&change, "(id)").into_owned();
        *self.counts.entry(change).or_default() += 1;
    }

    /// The totals of the plan.
    pub fn planned(self, account: &str, exit_code: u8) -> Planned {
        let all: Vec<&str> = self.counts.keys().map(String::as_str).collect();
        Planned {
            account: account.to_owned(),
            exit_code,
            count: all.len(),
            sha256: Fingerprint::of(all.join("\n").as_bytes()),
            changes: self.counts.into_keys().take(MOST_CHANGES).collect(),
            writes: self.writes,
            attention: self.attention,
            message: None,
            version: None,
        }
    }
}

/// A path without the places in lists, which differ from import to import.
fn general(path: &str) -> String {
    let mut path = path.to_owned();
    // Overlapping places need a second look.
    for _ in 0..2 {
        path = PLACES.replace_all(&path, "/*$1").into_owned();
    }
    path
}

impl Planned {
    /// An account without a plan.
    pub fn refused(account: &str, exit_code: u8, message: String) -> Self {
        Self {
            account: account.to_owned(),
            exit_code,
            changes: Vec::new(),
            count: 0,
            sha256: Fingerprint::of(message.as_bytes()),
            writes: 0,
            attention: 0,
            message: Some(message),
            version: None,
        }
    }
}

/// Groups accounts by equal change: the largest group first, those without a plan last.
pub fn group(planned: &[Planned]) -> Vec<Group> {
    let mut groups: BTreeMap<(bool, Fingerprint), Group> = BTreeMap::new();
    for plan in planned {
        let key = (plan.message.is_some(), plan.sha256);
        let group = groups.entry(key).or_insert_with(|| Group {
            accounts: Vec::new(),
            is_refused: plan.message.is_some(),
            changes: plan.changes.clone(),
            count: plan.count,
            writes: 0,
            attention: 0,
            message: plan.message.clone(),
        });
        group.accounts.push(plan.account.clone());
        group.writes += plan.writes;
        group.attention += plan.attention;
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        (a.is_refused, b.accounts.len(), &a.accounts).cmp(&(b.is_refused, a.accounts.len(), &b.accounts))
    });
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn planned(account: &str, items: &[Value]) -> Planned {
        let mut changes = Changes::default();
        for item in items {
            changes.take(&serde_json::from_value(item.clone()).unwrap());
        }
        changes.planned(account, 0)
    }

    fn update(name: &str, path: &str, from: &str, to: &str) -> Value {
        json!({ "item": 1, "operation": "update", "name": name, "changes": [{ "path": path, "from": from, "to": to }] })
    }

    #[test]
    fn accounts_are_equal_where_the_same_happens_to_the_same_fields() {
        let (one, other) = ("5f7c579b6411271af4e7cefa", "5f7c579b6411271af4e7cefb");
        let plans = [
            planned("a", &[update("X", "/http/body/0", one, "b")]),
            planned("b", &[update("Y", "/http/body/7", other, "b"), update("Z", "/http/body/0", other, "b")]),
            planned("c", &[update("X", "/http/body/0", one, "c")]),
            planned("d", &[]),
            Planned::refused("e", 6, "token refused".into()),
            planned("f", &[json!({ "item": 1, "operation": "create", "name": "New" })]),
        ];
        let groups = group(&plans);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.accounts.iter().map(String::as_str).collect()).collect();
        assert_eq!(names[0], ["a", "b"]);
        assert_eq!((names.len(), names.last().unwrap().as_slice()), (5, ["e"].as_slice()));
        assert_eq!(groups[0].changes, ["update /http/body/*: (id) → b"]);
        assert_eq!((groups[0].writes, groups[0].count), (3, 1));
        assert_eq!(groups[4].message.as_deref(), Some("token refused"));
        assert!(groups.iter().any(|group| group.changes == ["create import New"]));
    }
}
