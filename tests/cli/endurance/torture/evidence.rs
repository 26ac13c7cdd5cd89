//! What run folders say of a torture.

use std::path::Path;

use serde_json::Value;

use super::Torture;

/// One row for every item, and one final outcome in each.
pub(super) fn audit_is_complete(run: &Path) {
    let plan: Value = serde_json::from_slice(&std::fs::read(run.join("plan.json")).unwrap()).unwrap();
    let mut audit = csv::Reader::from_path(run.join("audit.csv")).unwrap();
    let rows: Vec<(u32, String, String)> = audit
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[1].parse().unwrap(), row[3].to_owned(), row[4].to_owned()))
        .collect();
    let numbers: Vec<u32> = rows.iter().map(|row| row.0).collect();
    assert_eq!(
        numbers,
        (1..=u32::try_from(plan["items"].as_array().unwrap().len()).unwrap()).collect::<Vec<_>>()
    );
    for (item, outcome, verdict) in rows {
        let done = ["created", "cloned", "updated", "deleted", "restored", "unchanged"];
        let well = done.contains(&outcome.as_str()) && verdict.starts_with("equal");
        assert!(well, "item {item} is {outcome}, {verdict}\n{}", story_of_the_odd(run));
    }
}

/// What the journal says of items that did not end well, and of the run as a whole.
pub(super) fn story_of_the_odd(run: &Path) -> String {
    let mut audit = csv::Reader::from_path(run.join("audit.csv")).unwrap();
    let odd: Vec<u64> = audit
        .records()
        .map(|row| row.unwrap())
        .filter(|row| !row[4].starts_with("equal"))
        .map(|row| row[1].parse().unwrap())
        .collect();
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let about = |line: &&str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["item"].as_u64().is_none_or(|item| odd.contains(&item))
    };
    journal.lines().filter(about).collect::<Vec<_>>().join("\n")
}

impl Torture {
    /// Counts what the journal of a run tells.
    pub(super) fn count_steps(&mut self, run: &Path) {
        for line in std::fs::read_to_string(run.join("journal.jsonl")).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let word = match record["adopted"].as_bool() {
                Some(true) => "adopted".to_owned(),
                _ if record["event"] == "item" => word("step"),
                _ => word("event"),
            };
            *self.steps.entry(word).or_default() += 1;
        }
    }
}
