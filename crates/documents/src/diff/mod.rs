//! What changed between two documents, as a person would say it: mapping rows by target, not by array index.
//!
//! Differences without a meaning are not changes: fields the service manages, documented defaults, rows in another
//! order. Nothing secret is shown: for masked secrets, for headers and fields with credentials, and for captured data,
//! the result only says that they changed, not what their values were.

mod rows;
mod show;

pub use show::is_hidden;

use serde_json::{Map, Value};

use crate::place::push_key;
use crate::planted::{PANIC_DIFFING, panic_over};
use crate::schema::{self as service, Area, Shape};

/// One place where two documents differ, with both values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Where: a JSON pointer, or for mapping rows `mapping[target]`, `mapping[list].[target]`, `mappings[a.b]`,
    /// `lookups[name]`, behind the name of the block and before the key, as `http.lookups[name].extract`.
    pub path: String,
    /// The value before, as compact JSON, shortened; absent when added. Never a secret or captured data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value after; absent when removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The differences from `before` to `after`, server-managed fields left out, in the order of the documents.
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    panic_over(PANIC_DIFFING, before);
    let mut walk = Walk::new(Shape::of(before), after);
    walk.value(Area::Root, Label::default(), before, after);
    walk.changes
}

/// What is known of a document before some members of its top level changed.
#[derive(Debug)]
pub(crate) struct Was<'v> {
    /// The shape it had before.
    pub shape: Shape,
    /// Its `name`, or what else names an object.
    pub owner: Option<&'v str>,
    /// The members that may have changed, in its order; `None` where there was none.
    pub members: Vec<(&'v str, Option<&'v Value>)>,
}

/// The same as [`diff`], for a document in which only these members may have changed.
pub(crate) fn diff_members(before: &Was<'_>, after: &Value) -> Vec<Change> {
    panic_over(PANIC_DIFFING, after);
    let mut walk = Walk::new(before.shape, after);
    let Value::Object(after) = after else { return Vec::new() };
    let owner = before.owner.or_else(|| show::owner(after)).unwrap_or_default();
    for (key, was) in &before.members {
        let Some(was) = was.filter(|_| !before.shape.is_server_owned(Area::Root, key)) else { continue };
        walk.member(Area::Root, Label { key, owner }, was, after.get(*key));
    }
    // Told in the order of the document that has them.
    let is_new = |key: &str| before.members.iter().any(|(known, was)| *known == key && was.is_none());
    let any = before.members.iter().any(|(_, was)| was.is_none());
    for (key, value) in after.iter().filter(|(key, _)| any && is_new(key)) {
        walk.added(Area::Root, Label { key, owner }, value);
    }
    walk.changes
}

/// The paths of some changes, each once, in order: what the audit lists.
pub fn paths(changes: &[Change]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    changes.iter().filter(|change| seen.insert(&change.path)).map(|change| change.path.clone()).collect()
}

/// What a value is called: its key, and what names the object it stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Label<'a> {
    /// The key under which the value stands.
    key: &'a str,
    /// `name` or `generate` of the object: a header's value is as secret as its name says.
    owner: &'a str,
}

struct Walk {
    before_shape: Shape,
    after_shape: Shape,
    path: String,
    /// Whether keys are joined by dots, as below a mapping row, and not by slashes.
    dotted: bool,
    changes: Vec<Change>,
}

impl Walk {
    fn new(before_shape: Shape, after: &Value) -> Self {
        let (path, changes) = (String::new(), Vec::new());
        Self { before_shape, after_shape: Shape::of(after), path, dotted: false, changes }
    }

    fn value(&mut self, area: Area, label: Label<'_>, before: &Value, after: &Value) {
        if is_identical(before, after) || before == after {
            return;
        }
        let inner = if label.key.is_empty() { area } else { area.enter(label.key) };
        match (before, after) {
            _ if area == Area::Root && service::is_captured(label.key) => {
                self.change(label, Some(before), Some(after));
            }
            _ if inner == Area::Envelope && self.means_the_same(area, label.key, before, after) => {}
            (Value::Object(before), Value::Object(after)) => match label.key {
                "mapping" if inner != Area::Free => self.in_rows(|walk| walk.mapper1(before, after)),
                _ => self.members(inner, before, after),
            },
            (Value::Array(before), Value::Array(after)) if inner != Area::Free => match label.key {
                "lookups" if rows::all_objects(before, after) => {
                    self.in_rows(|walk| walk.rows(&rows::LOOKUPS, "", before, after));
                }
                "mappings" if rows::all_objects(before, after) => {
                    self.in_rows(|walk| walk.rows(&rows::MAPPER2, "", before, after));
                }
                _ => self.entries(area, label, before, after),
            },
            _ if self.means_the_same(area, label.key, before, after) => {}
            _ => self.change(label, Some(before), Some(after)),
        }
    }

    fn means_the_same(&self, area: Area, key: &str, before: &Value, after: &Value) -> bool {
        use crate::normal::compare::same_scalar;
        same_scalar(area, key, before, after)
            || self.before_shape.is_absent(area, key, before) && self.after_shape.is_absent(area, key, after)
    }

    fn members(&mut self, area: Area, before: &Map<String, Value>, after: &Map<String, Value>) {
        let owner = show::owner(before).or_else(|| show::owner(after)).unwrap_or_default();
        let (mut in_step, mut matched) = (after.iter(), 0);
        for (key, value) in before {
            if self.before_shape.is_server_owned(area, key) {
                continue;
            }
            let label = Label { key, owner };
            // The order of keys is mostly the same: the look-up by hash is the second resort.
            let other = match in_step.clone().next() {
                Some((same, other)) if same == key => {
                    in_step.next();
                    Some(other)
                }
                _ => after.get(key),
            };
            matched += usize::from(other.is_some());
            self.member(area, label, value, other);
        }
        let all_matched = matched == after.len();
        for (key, value) in after.iter().filter(|(key, _)| !all_matched && !before.contains_key(*key)) {
            self.added(area, Label { key, owner }, value);
        }
    }

    fn member(&mut self, area: Area, label: Label<'_>, before: &Value, after: Option<&Value>) {
        match after {
            Some(after) => self.under(label.key, |walk| walk.value(area, label, before, after)),
            None if self.before_shape.is_absent(area, label.key, before) => {}
            None => self.under(label.key, |walk| walk.change(label, Some(before), None)),
        }
    }

    fn added(&mut self, area: Area, label: Label<'_>, after: &Value) {
        if !self.after_shape.is_absent(area, label.key, after) {
            self.under(label.key, |walk| walk.change(label, None, Some(after)));
        }
    }

    /// Lists that are not rows: lined up at both ends, so that one entry put in is one change.
    fn entries(&mut self, area: Area, label: Label<'_>, before: &[Value], after: &[Value]) {
        let same = |(one, other): &(&Value, &Value)| one == other;
        let head = before.iter().zip(after).take_while(same).count();
        let tail = before[head..].iter().rev().zip(after[head..].iter().rev()).take_while(same).count();
        let left = &before[head..before.len() - tail];
        let right = &after[head..after.len() - tail];
        for index in 0..left.len().max(right.len()) {
            self.entry(head + index, |walk| match (left.get(index), right.get(index)) {
                (Some(one), Some(other)) => match (one, other) {
                    (Value::Object(one), Value::Object(other)) => {
                        walk.members(area.enter(label.key), one, other);
                    }
                    _ if crate::normal::compare::same_scalar(area, label.key, one, other) => {}
                    _ => walk.change(label, Some(one), Some(other)),
                },
                (one, other) => walk.change(label, one, other),
            });
        }
    }

    fn change(&mut self, label: Label<'_>, before: Option<&Value>, after: Option<&Value>) {
        let (from, to) = show::both(label, before, after);
        self.changes.push(Change { path: self.path.clone(), from, to });
    }

    fn under(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if self.dotted {
            self.path.push('.');
            self.path.push_str(key);
        } else {
            push_key(&mut self.path, key);
        }
        inside(self);
        self.path.truncate(length);
    }

    fn entry(&mut self, index: usize, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if self.dotted {
            for part in ["[", &index.to_string(), "]"] {
                self.path.push_str(part);
            }
        } else {
            push_key(&mut self.path, &index.to_string());
        }
        inside(self);
        self.path.truncate(length);
    }

    /// Goes over from the pointer `/http/lookups` to the name `http.lookups`.
    fn in_rows(&mut self, inside: impl FnOnce(&mut Self)) {
        if self.dotted {
            return inside(self);
        }
        let name = self.path.trim_start_matches('/').replace('/', ".");
        let pointer = std::mem::replace(&mut self.path, name);
        self.dotted = true;
        inside(self);
        self.dotted = false;
        self.path = pointer;
    }
}

/// Whether two values are the same except for the order of their keys, without a hash lookup for each key.
fn is_identical(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let is_same = |((key, value), (same, other)): ((&String, &Value), (&String, &Value))| {
                key == same && is_identical(value, other)
            };
            one.len() == other.len() && one.iter().zip(other).all(is_same)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_identical(one, other))
        }
        _ => one == other,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
