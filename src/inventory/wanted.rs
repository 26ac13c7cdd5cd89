//! The ids and names that a selection asks for one by one, and which of them were found.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::documents::name::{is_same_name, name_key};
use crate::job::{Manifest, Selection};
use crate::model::Head;
use crate::model::shown::{inert, undone};

/// What is asked for by id or name, not only by property.
pub(crate) struct Wanted<'a> {
    manifest: Option<&'a Manifest>,
    by_id: HashMap<&'a str, u32>,
    by_name: HashMap<&'a str, u32>,
    /// Rows by the key of their name.
    by_key: HashMap<Cow<'a, str>, u32>,
    /// All ids that are not found yet, if only ids are asked for.
    open_ids: Option<HashSet<&'a str>>,
    met_ids: HashSet<String>,
    met_rows: HashSet<u32>,
    /// Rows for which an import with exactly that name was found.
    exact_rows: HashSet<u32>,
    /// Rows that name an import which another row names by its id, with that other row.
    named_by_id: HashMap<u32, u32>,
}

/// The row of a manifest that names an import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowMatch {
    pub row: u32,
    /// Whether only the spelling of the name differs: another import may have exactly that name.
    pub loosely: bool,
}

/// Something that was asked for and does not exist, or could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Absent {
    /// The id or name.
    pub asked: String,
    /// Where it was asked for.
    pub place: String,
    /// Why nothing is done for this request.
    pub why: WhyAbsent,
}

/// Why nothing is done for a request.
#[derive(Debug, Clone)]
pub(crate) enum WhyAbsent {
    /// It does not exist.
    Gone,
    /// It could not be read, for this reason.
    Unread(String),
    /// Another row of the manifest, in this line, names the same import: by its id, or by its name in another spelling.
    NamedBefore(u64),
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
            named_by_id: HashMap::new(),
        };
        let ids = &selection.selector.spec().ids;
        if let Some(manifest) = &selection.manifest {
            for (index, row) in (0_u32..).zip(&manifest.rows) {
                if let Some(id) = &row.id {
                    wanted.by_id.insert(id, index);
                } else if let Some(name) = &row.name {
                    wanted.by_name.insert(name, index);
                    for name in [name.as_str(), undone(name)] {
                        wanted.by_key.insert(name_key(name), index);
                    }
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

    /// The wanted ids that were not found, in order.
    pub(crate) fn missing(&self) -> Vec<String> {
        let open = self.open_ids.iter().flatten().filter(|id| !self.met_ids.contains(**id));
        let mut missing: Vec<String> = open.map(|id| (*id).to_owned()).collect();
        missing.sort_unstable();
        missing
    }

    /// How many wanted ids were not found.
    pub(crate) fn count_missing(&self) -> usize {
        self.open_ids.as_ref().map_or(0, |open| open.len() - self.met_ids.len())
    }

    pub(crate) fn restart(&mut self) {
        self.met_ids.clear();
        self.met_rows.clear();
        self.exact_rows.clear();
        self.named_by_id.clear();
    }

    /// Records an import. Returns the row that names it.
    pub(crate) fn meet(&mut self, head: &Head) -> Option<RowMatch> {
        let id = head.id.as_str();
        if self.open_ids.as_ref().is_some_and(|open| open.contains(id)) {
            self.met_ids.insert(id.to_owned());
        }
        // A table from `list` shows some names in another way.
        let by_name = || {
            let row = self.by_name.get(head.name.as_str());
            row.or_else(|| self.by_name.get(&*inert(&head.name))).copied()
        };
        if let (Some(row), Some(named)) = (self.by_id.get(id), by_name()) {
            self.named_by_id.insert(named, *row);
        }
        let exact = self.by_id.get(id).copied().or_else(by_name);
        let found = exact.map(|row| RowMatch { row, loosely: false }).or_else(|| {
            let row = self.by_key.get(&*name_key(&head.name)).copied()?;
            Some(RowMatch { row, loosely: true })
        })?;
        // The row was matched even if another key excludes the import: then the import is not absent.
        self.met_rows.insert(found.row);
        if !found.loosely {
            self.exact_rows.insert(found.row);
        }
        Some(found)
    }

    /// Whether an import that a row names loosely gives way to one with exactly that name.
    pub(crate) fn is_better_named(&self, found: RowMatch) -> bool {
        found.loosely && self.exact_rows.contains(&found.row)
    }

    /// What is wrong with an import if its row has its id and the name of another import.
    pub(crate) fn contradiction(&self, row: u32, head: &Head) -> Option<String> {
        let row = self.manifest?.rows.get(row as usize)?;
        let (Some(_), Some(name)) = (&row.id, &row.name) else { return None };
        let is_same = |name: &str| is_same_name(name, &head.name) || visible(name) == visible(&head.name);
        if is_same(name) || *name == *inert(&head.name) || is_same(undone(name)) {
            return None;
        }
        Some(format!("line {}: the id is `{}`, the row says `{name}`", row.line, head.name))
    }

    /// What was asked for by id or name and does not exist. `unread` has the ids that could not be read, and why.
    pub(crate) fn absent(&self, unread: &HashMap<String, String>) -> Vec<Absent> {
        let of = |asked: String, place: String| {
            let why = unread.get(&asked).cloned().map_or(WhyAbsent::Gone, WhyAbsent::Unread);
            Absent { asked, place, why }
        };
        if let Some(manifest) = self.manifest {
            let rows = || (0_u32..).zip(&manifest.rows);
            let gone = rows().filter(|(index, _)| !self.met_rows.contains(index));
            let met = rows().filter(|(index, row)| row.id.is_none() && self.met_rows.contains(index));
            let by_key: HashMap<_, _> =
                met.filter_map(|(_, row)| Some((name_key(row.name.as_deref()?), row.line))).collect();
            return gone
                .filter_map(|(index, row)| {
                    let asked = row.id.clone().or_else(|| row.name.clone())?;
                    let absent = of(asked, format!("line {} of the manifest", row.line));
                    let by_id =
                        self.named_by_id.get(&index).and_then(|other| manifest.rows.get(*other as usize));
                    let by_name = || row.name.as_deref().filter(|_| row.id.is_none()).map(name_key);
                    let other = by_id.map(|other| other.line);
                    Some(match other.or_else(|| by_key.get(&by_name()?).copied()) {
                        Some(line) => Absent { why: WhyAbsent::NamedBefore(line), ..absent },
                        None => absent,
                    })
                })
                .collect();
        }
        self.missing().into_iter().map(|id| of(id, "select.ids".to_owned())).collect()
    }
}

/// The message for a row that names the same import as the row in `line`.
pub(crate) fn named_before(place: &str, line: u64) -> String {
    format!("{place} names the import of line {line}: keep one of the two rows")
}

/// A name in which control characters are shown as pictures, as `list` shows them.
fn visible(name: &str) -> String {
    let is_picture = |c: char| matches!(c, '\u{2400}'..='\u{2421}' | '\u{fffd}');
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    name.chars().filter(|c| !is_picture(*c) && !is_hidden(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Selector, SelectorSpec};
    use crate::job::Narrowing;
    use crate::job::manifest::Row;
    use crate::model::Id;

    fn selection(rows: &[(Option<&str>, Option<&str>)]) -> Selection {
        let row = |(line, (id, name)): (u64, &(Option<&str>, Option<&str>))| Row {
            line,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            columns: std::collections::BTreeMap::new(),
        };
        let manifest = Manifest { rows: (2..).zip(rows).map(row).collect() };
        let selector = Selector::compile(SelectorSpec::default()).unwrap();
        let narrowed = Narrowing::default();
        Selection { selector, manifest: Some(manifest), integration_apps: false, narrowed }
    }

    #[test]
    fn a_row_that_names_the_import_of_another_is_told_as_that_and_not_as_one_that_is_not_there() {
        const ID: &str = "5f7c579b6411271af4e7cefa";
        let order = |id: &str| Head::new(Id::from(id), "Order");
        let selection = selection(&[(Some(ID), None), (None, Some("Order")), (None, Some("Gone"))]);
        let mut wanted = Wanted::of(&selection);
        assert_eq!(wanted.meet(&order(ID)).map(|found| found.row), Some(0));
        let absent = wanted.absent(&HashMap::new());
        assert!(matches!(absent[0].why, WhyAbsent::NamedBefore(2)), "{absent:?}");
        assert!(matches!(absent[1].why, WhyAbsent::Gone), "{absent:?}");
        assert_eq!(
            named_before(&absent[0].place, 2),
            "line 3 of the manifest names the import of line 2: keep one of the two rows"
        );
        // The row means another import, which has that name.
        wanted.meet(&order("5f7c579b6411271af4e7cefb"));
        assert_eq!(wanted.absent(&HashMap::new()).len(), 1);
    }

    #[test]
    fn so_is_a_row_that_spells_the_name_of_another_in_its_own_way() {
        let head = |name: &str| Head::new(Id::from("5f7c579b6411271af4e7cefa"), name);
        for [one, other] in [["Order", " Order "], [" Order ", "Order"]] {
            let selection = selection(&[(None, Some(one)), (None, Some(other))]);
            let mut wanted = Wanted::of(&selection);
            let met = wanted.meet(&head("Order")).unwrap().row;
            let absent = wanted.absent(&HashMap::new());
            assert!(
                matches!(&absent[..], [Absent { why: WhyAbsent::NamedBefore(line), .. }] if *line == u64::from(met) + 2)
            );
            // The row means both imports with these names.
            wanted.meet(&head(" Order "));
            assert_eq!(wanted.absent(&HashMap::new()).len(), 0);
        }
    }

    #[test]
    fn a_row_of_a_table_that_no_spreadsheet_runs_names_the_import_it_was_made_of() {
        const ID: &str = "5f7c579b6411271af4e7cefa";
        for (name, told) in [
            ("=cmd", "'=cmd"),
            ("-flag", "'-flag"),
            ("@at", "'@at"),
            ("+1", "'+1"),
            ("\ttab", "'␉tab"),
            ("two\nlines", "two␊lines"),
            ("\u{202e}turned", "\u{fffd}turned"),
        ] {
            assert_eq!(inert(name), told);
            let head = Head::new(Id::from(ID), name);
            let selection = selection(&[(Some(ID), Some(told))]);
            assert_eq!(Wanted::of(&selection).contradiction(0, &head), None, "{name}");
            let selection = self::selection(&[(None, Some(told))]);
            assert_eq!(Wanted::of(&selection).meet(&head).map(|found| found.row), Some(0), "{name}");
        }
        let selection = selection(&[(Some(ID), Some("'s Hertogenbosch"))]);
        let other = Wanted::of(&selection).contradiction(0, &Head::new(Id::from(ID), "s Hertogenbosch"));
        assert!(other.is_some());
    }
}
