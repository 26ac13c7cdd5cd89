//! Reasons why items are not as planned, grouped: the number of items for each, and the first names.

use std::collections::HashMap;

use serde::Serialize;

use super::audit::reason;
use super::groups::{IN_USE, Line};
use super::text::{clean, cut};
use crate::documents::references::Kind;
use crate::model::{Outcome, Verdict};
use crate::run_folder::plan_item::DIFFERS;
use crate::run_folder::rows::Row;

/// How many different reasons are distinguished; the rest is counted together.
const REASONS: usize = 2_000;

/// How many items are named for each reason.
const NAMED: usize = 3;

/// The leads of reasons, the gravest first. Those up to `copy` need a person.
const WORDS: [&str; 10] = [
    "failed",
    "in doubt",
    "stale",
    "conflict",
    "differs",
    "not_checked",
    "copy",
    "alone",
    "unprocessed",
    "skipped",
];

/// An item that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Attention {
    /// `failed`, `conflict`, `stale`, `differs`, `copy`, or `not_checked` for what was not shown at the read-back; `alone` for what only one side of a comparison has.
    pub word: &'static str,
    /// The name in the target.
    pub name: String,
    /// Why a person has to look at it, as one sentence.
    pub reason: String,
}

impl Attention {
    /// The attention a row needs, if any.
    pub fn of(row: &Row) -> Option<Self> {
        let word = if let Some(unlike) = row.item.unlike() {
            if unlike == DIFFERS { unlike } else { "alone" }
        } else if row.outcome.needs_attention() {
            row.outcome.as_str()
        } else if row.verdict == Verdict::Differs {
            Verdict::Differs.as_str()
        } else if !row.copies.is_empty() {
            "copy"
        } else if row.could_not_be_read_back() {
            Verdict::NotChecked.as_str()
        } else {
            return None;
        };
        let copies = || {
            let ids: Vec<String> = row.copies.iter().map(|copy| copy.id.to_string()).collect();
            (!ids.is_empty()).then(|| format!("this run did not make {}", ids.join(", ")))
        };
        let reason = reason(row).or_else(|| row.error_code.clone()).or_else(copies).unwrap_or_default();
        let name = if row.item.is_import() {
            row.item.name.clone()
        } else {
            format!("{} {}", row.item.noun(), row.item.name)
        };
        Some(Self { word, name, reason })
    }
}

/// Items with the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonGroup {
    /// `failed`, `in doubt`, `stale`, `conflict`, `differs`, `not_checked`, `copy`, `alone`, `unprocessed` or `skipped`.
    pub word: &'static str,
    /// The reason that they share, as one sentence.
    pub reason: String,
    /// The number of imports that share it.
    pub imports: u64,
    /// The first of them, at most three.
    pub names: Vec<String>,
}

impl ReasonGroup {
    /// The group as a line of a block.
    pub(super) fn line(&self) -> Line {
        let mut names =
            self.names.iter().map(|name| cut(&clean(name), 40).into_owned()).collect::<Vec<_>>().join(", ");
        if self.imports > self.names.len() as u64 {
            names.push_str(", …");
        }
        Line {
            lead: self.word.to_owned(),
            kind: Kind::Imports,
            resources: self.imports,
            text: clean(&self.reason),
            names,
        }
    }

    /// Whether it says how items ended, and not only their present state.
    pub(super) fn is_an_end(&self) -> bool {
        !matches!(self.word, "in doubt" | "unprocessed")
    }

    /// Whether a person has to look at them.
    pub fn needs_attention(&self) -> bool {
        !matches!(self.word, "unprocessed" | "skipped")
    }
}

/// Groups reasons row by row.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    places: HashMap<(&'static str, String), usize>,
    groups: Vec<ReasonGroup>,
}

impl Reasons {
    /// Counts a row; returns the place of its group in [`Reasons::groups`], if it has a reason.
    pub(super) fn take(&mut self, row: &Row) -> Option<usize> {
        let (word, reason, name) = of(row)?;
        let mut key = (word, reason);
        if self.groups.len() >= REASONS && !self.places.contains_key(&key) {
            "for other reasons".clone_into(&mut key.1);
        }
        let groups = &mut self.groups;
        let place = *self.places.entry(key).or_insert_with_key(|(word, reason)| {
            groups.push(ReasonGroup { word, reason: reason.clone(), imports: 0, names: Vec::new() });
            groups.len() - 1
        });
        let group = &mut self.groups[place];
        group.imports += 1;
        if group.names.len() < NAMED {
            group.names.push(name);
        }
        Some(place)
    }

    /// The groups, in the order in which they first occurred.
    pub(super) fn groups(&self) -> &[ReasonGroup] {
        &self.groups
    }

    /// The groups with their places, the gravest first, then the largest.
    pub(super) fn sorted(&self) -> Vec<(usize, ReasonGroup)> {
        let mut sorted: Vec<(usize, ReasonGroup)> = self.groups.iter().cloned().enumerate().collect();
        let rank = |group: &ReasonGroup| WORDS.iter().position(|word| *word == group.word);
        sorted.sort_by_key(|(place, group)| (rank(group), std::cmp::Reverse(group.imports), *place));
        sorted
    }
}

/// The word, the reason and the name of a row that is not as planned.
fn of(row: &Row) -> Option<(&'static str, String, String)> {
    if let Some(Attention { word, name, reason }) = Attention::of(row) {
        let reason = match word {
            "copy" => "an import of the same name appeared that this run did not make".to_owned(),
            // Each names flows of its own.
            "conflict" if is_used(row) => {
                "flows use it: left alone; remove it from those flows first".to_owned()
            }
            _ => reason,
        };
        return Some((word, reason, name));
    }
    let name = row.item.name.clone();
    let why = || reason(row).or_else(|| row.error_code.clone()).unwrap_or_default();
    if row.in_doubt {
        return Some(("in doubt", why(), name));
    }
    match row.outcome {
        Outcome::Skipped => Some(("skipped", why(), name)),
        Outcome::Unprocessed => Some(("unprocessed", "the run ended before its turn".to_owned(), name)),
        _ => None,
    }
}

/// Whether it was not deleted because flows use it.
fn is_used(row: &Row) -> bool {
    row.error_code.as_deref() == Some(IN_USE) && !row.item.used_by.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn equal_reasons_are_counted_together_the_gravest_first() {
        let mut reasons = Reasons::default();
        let mut skipped = sample::row(1);
        (skipped.outcome, skipped.error_message) = (Outcome::Skipped, Some("exists".to_owned()));
        assert_eq!(reasons.take(&skipped), Some(0));
        assert_eq!(reasons.take(&sample::row(2)), None);
        let places: Vec<_> = (3..9).map(|number| reasons.take(&sample::failed(number, "offline"))).collect();
        assert_eq!(places, [Some(1); 6]);
        let sorted = reasons.sorted();
        let told: Vec<_> = sorted.iter().map(|(place, group)| (*place, group.word, group.imports)).collect();
        assert_eq!(told, [(1, "failed", 6), (0, "skipped", 1)]);
        assert_eq!(sorted[0].1.names, ["Order 3", "Order 4", "Order 5"]);
    }

    #[test]
    fn imports_that_flows_keep_from_being_deleted_are_one_reason() {
        let mut reasons = Reasons::default();
        for number in 1..=3 {
            let mut row = sample::failed(number, &format!("it is used by the flow \"{number}\""));
            (row.outcome, row.error_code) = (Outcome::Conflict, Some("in_use".to_owned()));
            row.item.used_by = vec![format!("f{number}").into()];
            reasons.take(&row);
        }
        assert_eq!((reasons.groups().len(), reasons.groups()[0].imports), (1, 3));
    }

    #[test]
    fn a_thousand_different_reasons_are_still_few() {
        let mut reasons = Reasons::default();
        for number in 1..=3000 {
            reasons.take(&sample::failed(number, &format!("reason {number}")));
        }
        assert_eq!(reasons.groups().len(), REASONS + 1);
        assert_eq!(reasons.groups()[REASONS].imports, 1000);
    }
}
