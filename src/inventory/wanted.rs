//! What a selection asks for by id or name, one by one, and which of it was met.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::documents::name::{is_same_name, name_key};
use crate::job::{Manifest, Selection};
use crate::model::Head;

/// What is asked for by id or name, and not only by property.
pub(crate) struct Wanted<'a> {
    manifest: Option<&'a Manifest>,
    by_id: HashMap<&'a str, u32>,
    by_name: HashMap<&'a str, u32>,
    /// Rows by the key of their name.
    by_key: HashMap<Cow<'a, str>, u32>,
    /// When only ids are asked for: all of them.
    open_ids: Option<HashSet<&'a str>>,
    met_ids: HashSet<String>,
    met_rows: HashSet<u32>,
    /// Rows of which an import bears the very name.
    exact_rows: HashSet<u32>,
}

/// The row of a manifest that names an import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowMatch {
    pub row: u32,
    /// By a name that is written in another way: another import may bear the very name.
    pub loosely: bool,
}

/// What was asked for and is not there, or could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Absent {
    /// The id or name.
    pub asked: String,
    /// Where it was asked for.
    pub place: String,
    /// Why it could not be read; `None` if it is not there.
    pub unread: Option<String>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(selection: &'a Selection) -> Self {
        let mut wanted = Self {
            manifest: selection.manifest.as_ref(),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            by_key: HashMap::new(),
            open_ids: None,
            met_ids: HashSet::new(),
            met_rows: HashSet::new(),
            exact_rows: HashSet::new(),
        };
        let ids = &selection.selector.spec().ids;
        if let Some(manifest) = &selection.manifest {
            for (index, row) in (0_u32..).zip(&manifest.rows) {
                if let Some(id) = &row.id {
                    wanted.by_id.insert(id, index);
                } else if let Some(name) = &row.name {
                    wanted.by_name.insert(name, index);
                    wanted.by_key.insert(name_key(name), index);
                }
            }
            if wanted.by_name.is_empty() {
                let asked: HashSet<&str> = ids.iter().map(String::as_str).collect();
                let rows = wanted.by_id.keys().copied();
                wanted.open_ids = Some(rows.filter(|id| asked.is_empty() || asked.contains(id)).collect());
            }
        } else if !ids.is_empty() {
            wanted.open_ids = Some(ids.iter().map(String::as_str).collect());
        }
        wanted
    }

    /// Whether only ids are asked for, so that a list need not be read to its end.
    pub(crate) fn only_ids(&self) -> bool {
        self.open_ids.is_some()
    }

    pub(crate) fn has_manifest(&self) -> bool {
        self.manifest.is_some()
    }

    /// Whether an import is asked for by its id.
    pub(crate) fn asks_for(&self, head: &Head) -> bool {
        self.open_ids.as_ref().is_some_and(|open| open.contains(head.id.as_str()))
    }

    /// The wanted ids that were not met, in order.
    pub(crate) fn missing(&self) -> Vec<String> {
        let open = self.open_ids.iter().flatten().filter(|id| !self.met_ids.contains(**id));
        let mut missing: Vec<String> = open.map(|id| (*id).to_owned()).collect();
        missing.sort_unstable();
        missing
    }

    /// How many wanted ids were not met.
    pub(crate) fn count_missing(&self) -> usize {
        self.open_ids.as_ref().map_or(0, |open| open.len() - self.met_ids.len())
    }

    pub(crate) fn restart(&mut self) {
        self.met_ids.clear();
        self.met_rows.clear();
        self.exact_rows.clear();
    }

    /// Takes note of an import; gives the row that names it.
    pub(crate) fn meet(&mut self, head: &Head) -> Option<RowMatch> {
        let id = head.id.as_str();
        if self.open_ids.as_ref().is_some_and(|open| open.contains(id)) {
            self.met_ids.insert(id.to_owned());
        }
        let exact = self.by_id.get(id).or_else(|| self.by_name.get(head.name.as_str())).copied();
        let found = exact.map(|row| RowMatch { row, loosely: false }).or_else(|| {
            let row = self.by_key.get(&*name_key(&head.name)).copied()?;
            Some(RowMatch { row, loosely: true })
        })?;
        // Met, even if another key leaves it out: then it is not absent.
        self.met_rows.insert(found.row);
        if !found.loosely {
            self.exact_rows.insert(found.row);
        }
        Some(found)
    }

    /// Whether an import that a row names loosely is left to the one that bears the very name.
    pub(crate) fn is_better_named(&self, found: RowMatch) -> bool {
        found.loosely && self.exact_rows.contains(&found.row)
    }

    /// What is wrong with an import whose row has an id and the name of another.
    pub(crate) fn contradiction(&self, row: u32, head: &Head) -> Option<String> {
        let row = self.manifest?.rows.get(row as usize)?;
        let (Some(_), Some(name)) = (&row.id, &row.name) else { return None };
        if is_same_name(name, &head.name) || visible(name) == visible(&head.name) {
            return None;
        }
        Some(format!("line {}: the id is `{}`, the row says `{name}`", row.line, head.name))
    }

    /// What was asked for by id or name and is not there. `unread` are ids that could not be read, and why.
    pub(crate) fn absent(&self, unread: &HashMap<String, String>) -> Vec<Absent> {
        let of = |asked: String, place: String| {
            let unread = unread.get(&asked).cloned();
            Absent { asked, place, unread }
        };
        if let Some(manifest) = self.manifest {
            let gone = (0_u32..).zip(&manifest.rows).filter(|(index, _)| !self.met_rows.contains(index));
            return gone
                .filter_map(|(_, row)| {
                    let asked = row.id.clone().or_else(|| row.name.clone())?;
                    Some(of(asked, format!("line {} of the manifest", row.line)))
                })
                .collect();
        }
        self.missing().into_iter().map(|id| of(id, "select.ids".to_owned())).collect()
    }
}

/// What is left of a name where control characters are shown as pictures, as `list` shows them.
fn visible(name: &str) -> String {
    let is_picture = |c: char| matches!(c, '\u{2400}'..='\u{2421}' | '\u{fffd}');
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    name.chars().filter(|c| !is_picture(*c) && !is_hidden(*c)).collect()
}
