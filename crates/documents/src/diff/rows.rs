//! Lists whose entries have names: mapping rows by target, lists by target, lookups by name.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Label, Walk, show};
use crate::schema::Area;

/// How the rows of a list are distinguished.
pub(super) struct Rows {
    /// The key that names a row.
    key: &'static str,
    /// What rows of this list hold in turn.
    area: Area,
    /// Whether rows nest and are named by their whole way, as in Mapper 2.0.
    nested: bool,
}

/// `lookups`, by name.
pub(super) const LOOKUPS: Rows = Rows { key: "name", area: Area::Lookup, nested: false };
/// `fields` and `lists` of Mapper 1.0, by target.
const MAPPER1: Rows = Rows { key: "generate", area: Area::Other, nested: false };
/// `mappings` of Mapper 2.0, by the way to the target.
pub(super) const MAPPER2: Rows = Rows { key: "generate", area: Area::Other, nested: true };

/// Whether both lists are of objects, so that a key can identify their entries.
pub(super) fn all_objects(before: &[Value], after: &[Value]) -> bool {
    before.iter().chain(after).all(Value::is_object)
}

/// The rows of a list, each with its name and how many of that name came before it.
fn named<'a>(rows: &Rows, list: &'a [Value]) -> Vec<(&'a str, usize, &'a Map<String, Value>)> {
    let mut count: HashMap<&str, usize> = HashMap::new();
    let named = list.iter().filter_map(Value::as_object).map(|row| {
        let name = row.get(rows.key).and_then(Value::as_str).unwrap_or_default();
        let earlier = count.entry(name).or_default();
        let occurrence = *earlier;
        *earlier += 1;
        (name, occurrence, row)
    });
    named.collect()
}

/// A row without its name, to find the one that was only renamed. Order of keys does not count.
fn rest(rows: &Rows, row: &Map<String, Value>) -> String {
    let mut members: Vec<_> = row.iter().filter(|(key, _)| *key != rows.key).collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    members
        .into_iter()
        .fold(String::new(), |text, (key, value)| text + key + "\u{0}" + &value.to_string() + "\u{0}")
}

/// The rows under a key of a mapping; none where it is absent, nothing where it is something else.
fn list_of<'a>(mapping: &'a Map<String, Value>, key: &str) -> Option<&'a [Value]> {
    match mapping.get(key) {
        None | Some(Value::Null) => Some(&[]),
        Some(Value::Array(rows)) if all_objects(rows, &[]) => Some(rows),
        Some(_) => None,
    }
}

impl Walk {
    /// Mapper 1.0: `fields`, and `lists` with `fields` of their own.
    pub(super) fn mapper1(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        let mut told = Vec::new();
        for list in ["fields", "lists"] {
            if let (Some(one), Some(other)) = (list_of(before, list), list_of(after, list)) {
                told.push(list);
                self.rows(&MAPPER1, "", one, other);
            }
        }
        let others = |mapping: &Map<String, Value>| {
            let left = mapping.iter().filter(|(key, _)| !told.contains(&key.as_str()));
            left.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>()
        };
        self.members(Area::Other, &others(before), &others(after));
    }

    /// Pairs the rows of two lists by name and returns what changed; `parents` is the path to a nested list.
    pub(super) fn rows(&mut self, rows: &Rows, parents: &str, before: &[Value], after: &[Value]) {
        let (old, new) = (named(rows, before), named(rows, after));
        let mut by_name: HashMap<(&str, usize), usize> =
            new.iter().enumerate().map(|(index, (name, nth, _))| ((*name, *nth), index)).collect();
        let mut partner: Vec<Option<usize>> =
            old.iter().map(|(name, nth, _)| by_name.remove(&(*name, *nth))).collect();
        // Rows left over on both sides that differ in nothing but the name were renamed: one change, not two.
        let mut renamed: HashMap<String, Vec<usize>> = HashMap::new();
        if !by_name.is_empty() && partner.contains(&None) {
            let mut left: Vec<usize> = by_name.values().copied().collect();
            left.sort_unstable_by(|a, b| b.cmp(a));
            for index in left {
                renamed.entry(rest(rows, new[index].2)).or_default().push(index);
            }
        }
        let mut taken = vec![false; new.len()];
        for (row, partner) in old.iter().zip(&mut partner) {
            if partner.is_none() && !renamed.is_empty() {
                *partner = renamed.get_mut(&rest(rows, row.2)).and_then(Vec::pop);
            }
            if let Some(index) = *partner {
                taken[index] = true;
            }
        }
        for ((name, nth, row), partner) in old.iter().zip(partner) {
            self.row(rows, parents, name, *nth, |walk, way| match partner {
                Some(index) => walk.members_of_row(rows, way, row, new[index].2),
                None => walk.whole(Some(row), None),
            });
        }
        for (name, nth, row) in new.iter().zip(taken).filter(|(_, taken)| !taken).map(|(row, _)| row) {
            self.row(rows, parents, name, *nth, |walk, _| walk.whole(None, Some(row)));
        }
    }

    /// Adds `[name]` to the path: `mapping[price]`, below a list `mapping[item].[price]`, nested `mappings[item.price]`.
    fn row(
        &mut self,
        rows: &Rows,
        parents: &str,
        name: &str,
        nth: usize,
        inside: impl FnOnce(&mut Self, &str),
    ) {
        let mut way = parents.to_owned();
        if !name.is_empty() {
            if !way.is_empty() {
                way.push('.');
            }
            way.push_str(name);
        }
        if nth > 0 {
            way.push('#');
            way.push_str(&(nth + 1).to_string());
        }
        let length = self.path.len();
        if !rows.nested && self.path.ends_with(']') {
            self.path.push('.');
        }
        self.path.push('[');
        self.path.push_str(&way);
        self.path.push(']');
        inside(self, &way);
        self.path.truncate(length);
    }

    fn members_of_row(
        &mut self,
        rows: &Rows,
        way: &str,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        if before == after {
            return;
        }
        let owner = show::owner(before).or_else(|| show::owner(after)).unwrap_or_default();
        let empty = Vec::new();
        let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
        for key in keys {
            let lists = match (before.get(key), after.get(key)) {
                (Some(Value::Array(one)), Some(Value::Array(other))) => Some((one, other)),
                (Some(Value::Array(one)), None | Some(Value::Null)) => Some((one, &empty)),
                (None | Some(Value::Null), Some(Value::Array(other))) => Some((&empty, other)),
                _ => None,
            };
            match (key.as_str(), lists) {
                ("fields", Some((one, other))) if !rows.nested && all_objects(one, other) => {
                    self.rows(&MAPPER1, "", one, other);
                }
                ("mappings", Some((one, other))) if rows.nested && all_objects(one, other) => {
                    self.nested(way, one, other);
                }
                ("buildArrayHelper", Some((one, other))) if rows.nested && all_objects(one, other) => {
                    self.helpers(way, one, other);
                }
                _ => self.member_of_row(rows, Label { key, owner }, before.get(key), after.get(key)),
            }
        }
    }

    fn member_of_row(
        &mut self,
        rows: &Rows,
        label: Label<'_>,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let (area, key) = (rows.area, label.key);
        if self.before_shape.is_server_owned(area, key) {
            return;
        }
        match (before, after) {
            (Some(one), Some(other)) => self.under(key, |walk| walk.value(area, label, one, other)),
            (Some(one), None) if !self.before_shape.is_absent(area, key, one) => {
                self.under(key, |walk| walk.change(label, Some(one), None));
            }
            (None, Some(other)) if !self.after_shape.is_absent(area, key, other) => {
                self.under(key, |walk| walk.change(label, None, Some(other)));
            }
            _ => {}
        }
    }

    /// Rows below a row are named from the root: the path so far is cut back to `mappings`.
    fn nested(&mut self, way: &str, before: &[Value], after: &[Value]) {
        let Some(length) = self.path.rfind("mappings[").map(|start| start + "mappings".len()) else { return };
        let full = self.path.split_off(length);
        self.rows(&MAPPER2, way, before, after);
        self.path.push_str(&full);
    }

    /// The sources of an array: identified by their position, because they have no name.
    fn helpers(&mut self, way: &str, before: &[Value], after: &[Value]) {
        for index in 0..before.len().max(after.len()) {
            let row = |list: &'_ [Value]| list.get(index).and_then(Value::as_object).cloned();
            let length = self.path.len();
            for part in [".buildArrayHelper[", &index.to_string(), "]"] {
                self.path.push_str(part);
            }
            match (row(before).as_ref(), row(after).as_ref()) {
                (Some(one), Some(other)) => {
                    let way = if index == 0 { way.to_owned() } else { format!("{way}#{}", index + 1) };
                    self.members_of_row(&MAPPER2, &way, one, other);
                }
                (one, other) => self.whole(one, other),
            }
            self.path.truncate(length);
        }
    }

    fn whole(&mut self, before: Option<&Map<String, Value>>, after: Option<&Map<String, Value>>) {
        let value = |row: &Map<String, Value>| Value::Object(row.clone());
        self.change(Label::default(), before.map(value).as_ref(), after.map(value).as_ref());
    }
}
