//! The lists of the record that a lookup is used from: bare names in its templates are about an element of one.

use std::collections::HashMap;

use serde_json::Value;

use super::matcher::Rules;
use super::part::Part;
use crate::path::{Kind, Token, extract, json_path};
use crate::schema::{self, Holds, Model, Record};

/// Parts of the record, by the name of a lookup.
type Parts = HashMap<String, Vec<Part>>;

/// What the rows of a document say of what its lookups see.
#[derive(Debug, Default)]
pub(super) struct LookupLists {
    /// The lists whose rows use a lookup for their own value.
    pub sure: Parts,
    /// Parts that a lookup may see, where that is not known.
    pub perhaps: Parts,
}

impl LookupLists {
    /// Those of all mappings of a document.
    pub(super) fn of(document: &Value, rules: &Rules) -> Self {
        let mut reader = Reader { rules, found: Self::default() };
        schema::walk(document, &mut |row, _, value| match row.holds {
            Holds::Mapping(Model::One, Record::Incoming) => reader.mapping1(value, &Subrecord::default()),
            Holds::Mapping(Model::Two, Record::Incoming) => reader.entries2(value, &Part::default()),
            _ => {}
        });
        reader.found
    }
}

/// Reads the mappings of a document.
struct Reader<'a> {
    rules: &'a Rules,
    found: LookupLists,
}

impl Reader<'_> {
    fn mapping1(&mut self, mapping: &Value, sub: &Subrecord) {
        for field in entries(mapping.get("fields")) {
            self.row1(field, sub, InList::No);
        }
        for sublist in entries(mapping.get("lists")) {
            let rows = entries(sublist.get("fields"));
            let mut through: Vec<Part> = rows.filter_map(|row| self.list_of(row)).collect();
            through.dedup();
            for field in entries(sublist.get("fields")) {
                self.row1(field, sub, InList::Of(&through));
            }
        }
    }

    fn row1(&mut self, field: &Value, sub: &Subrecord, within: InList<'_>) {
        let own: Vec<Part> = self.list_of(field).into_iter().collect();
        for (lookup, is_of_the_value) in lookups_of(field) {
            let is_sure = is_of_the_value && !sub.is_one && matches!(within, InList::Of(_));
            let lists = match within {
                InList::Of(through) if own.is_empty() => through,
                _ => own.as_slice(),
            };
            for list in lists {
                let LookupLists { sure, perhaps } = &mut self.found;
                note(
                    if is_sure && !own.is_empty() { sure } else { perhaps },
                    lookup,
                    list.inside(&sub.source),
                );
            }
            note(&mut self.found.perhaps, lookup, sub.source.clone());
        }
        let Some(inner) = field.get("subRecordMapping") else { return };
        let path = inner.get("jsonPath").and_then(Value::as_str).and_then(extract::parse);
        let source = path.map_or_else(
            || sub.source.clone(),
            |path| {
                let outer = if path.head > 0 { Part::default() } else { sub.source.clone() };
                self.rules.below(&outer, &path.tokens)
            },
        );
        self.mapping1(inner.get("mapping").unwrap_or(&Value::Null), &Subrecord { is_one: true, source });
    }

    /// Entries of Mapper 2.0, in a helper that takes the elements of `list` one by one.
    fn entries2(&mut self, mappings: &Value, list: &Part) {
        for entry in entries(Some(mappings)) {
            let own = json_path_of(entry).and_then(|tokens| self.before_the_last_list(&tokens));
            for (lookup, _) in lookups_of(entry) {
                for part in own.iter().chain([list]) {
                    note(&mut self.found.perhaps, lookup, part.clone());
                    // In an envelope the record is a part.
                    if let Some(rest) = part.behind("record") {
                        note(&mut self.found.perhaps, lookup, rest);
                    }
                }
            }
            self.entries2(entry.get("mappings").unwrap_or(&Value::Null), list);
            for helper in entries(entry.get("buildArrayHelper")) {
                let inner = json_path_of(helper).map(|tokens| self.rules.below(&Part::default(), &tokens));
                let inner = inner.filter(|part| !part.is_whole()).unwrap_or_else(|| list.clone());
                self.entries2(helper.get("mappings").unwrap_or(&Value::Null), &inner);
            }
        }
    }

    /// The list that the source of a row of Mapper 1.0 goes through.
    fn list_of(&self, row: &Value) -> Option<Part> {
        let path = row.get("extract").and_then(Value::as_str).and_then(extract::parse)?;
        self.before_the_last_list(&path.tokens)
    }

    fn before_the_last_list(&self, tokens: &[Token]) -> Option<Part> {
        let last = tokens.iter().rposition(|token| token.kind == Kind::Index)?;
        Some(self.rules.below(&Part::default(), &tokens[..last])).filter(|part| !part.is_whole())
    }
}

/// The part of the record that the rows of a subrecord see.
#[derive(Debug, Default)]
struct Subrecord {
    is_one: bool,
    source: Part,
}

/// Whether a row of Mapper 1.0 is one of a list, and the lists of the source that its rows go through.
#[derive(Debug, Clone, Copy)]
enum InList<'a> {
    No,
    Of(&'a [Part]),
}

fn entries(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The lookups of a row: of its value, and of its condition.
fn lookups_of(row: &Value) -> impl Iterator<Item = (&str, bool)> {
    let condition = row.get("conditional").and_then(|condition| condition.get("lookupName"));
    let named = [(row.get("lookupName"), true), (condition, false)];
    named.into_iter().filter_map(|(name, of_the_value)| Some((name?.as_str()?, of_the_value)))
}

fn json_path_of(entry: &Value) -> Option<Vec<Token>> {
    let text = entry.get("extract").and_then(Value::as_str).filter(|text| text.starts_with('$'))?;
    json_path::parse(text).map(|path| path.tokens)
}

fn note(parts: &mut Parts, lookup: &str, part: Part) {
    let known = parts.entry(lookup.to_owned()).or_default();
    if !part.is_whole() && !known.contains(&part) {
        known.push(part);
    }
}
