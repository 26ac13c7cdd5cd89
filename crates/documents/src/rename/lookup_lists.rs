//! The lists of the record that a lookup is used from: bare names in its templates are about an element of one.

use std::collections::HashMap;

use serde_json::Value;

use crate::path::{Kind, Token, extract, json_path, names};
use crate::schema::{self, Holds, Model, Record};

/// Parts of the record, by the name of a lookup.
type Parts = HashMap<String, Vec<Vec<String>>>;

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
    pub(super) fn of(document: &Value) -> Self {
        let mut found = Self::default();
        schema::walk(document, &mut |row, _, value| match row.holds {
            Holds::Mapping(Model::One, Record::Incoming) => found.mapping1(value, &Subrecord::default()),
            Holds::Mapping(Model::Two, Record::Incoming) => found.entries2(value, &[]),
            _ => {}
        });
        found
    }

    fn mapping1(&mut self, mapping: &Value, sub: &Subrecord) {
        for field in entries(mapping.get("fields")) {
            self.row1(field, sub, InList::No);
        }
        for sublist in entries(mapping.get("lists")) {
            let mut through: Vec<Vec<String>> = entries(sublist.get("fields")).filter_map(list_of).collect();
            through.dedup();
            for field in entries(sublist.get("fields")) {
                self.row1(field, sub, InList::Of(&through));
            }
        }
    }

    fn row1(&mut self, field: &Value, sub: &Subrecord, within: InList<'_>) {
        let own: Vec<Vec<String>> = list_of(field).into_iter().collect();
        for (lookup, is_of_the_value) in lookups_of(field) {
            let is_sure = is_of_the_value && !sub.is_one && matches!(within, InList::Of(_));
            let lists = match within {
                InList::Of(through) if own.is_empty() => through,
                _ => own.as_slice(),
            };
            for list in lists {
                let part = [&sub.source[..], list].concat();
                note(
                    if is_sure && !own.is_empty() { &mut self.sure } else { &mut self.perhaps },
                    lookup,
                    part,
                );
            }
            note(&mut self.perhaps, lookup, sub.source.clone());
        }
        let Some(inner) = field.get("subRecordMapping") else { return };
        let path = inner.get("jsonPath").and_then(Value::as_str).and_then(extract::parse);
        let path = path.map(|path| (path.head, names(&path.tokens)));
        let source = match path {
            Some((0, path)) => [&sub.source[..], &path].concat(),
            Some((_, path)) => path,
            None => sub.source.clone(),
        };
        self.mapping1(inner.get("mapping").unwrap_or(&Value::Null), &Subrecord { is_one: true, source });
    }

    /// Entries of Mapper 2.0, in a helper that takes the elements of `list` one by one.
    fn entries2(&mut self, mappings: &Value, list: &[String]) {
        for entry in entries(Some(mappings)) {
            let own = json_path_of(entry).and_then(|tokens| before_the_last_list(&tokens));
            for (lookup, _) in lookups_of(entry) {
                for part in own.iter().map(Vec::as_slice).chain([list]) {
                    note(&mut self.perhaps, lookup, part.to_vec());
                    // In an envelope the record is a part.
                    if let Some((first, rest)) = part.split_first()
                        && first == "record"
                    {
                        note(&mut self.perhaps, lookup, rest.to_vec());
                    }
                }
            }
            self.entries2(entry.get("mappings").unwrap_or(&Value::Null), list);
            for helper in entries(entry.get("buildArrayHelper")) {
                let inner = json_path_of(helper).map(|tokens| names(&tokens));
                let inner = inner.filter(|names| !names.is_empty()).unwrap_or_else(|| list.to_vec());
                self.entries2(helper.get("mappings").unwrap_or(&Value::Null), &inner);
            }
        }
    }
}

/// The part of the record that the rows of a subrecord see.
#[derive(Debug, Default)]
struct Subrecord {
    is_one: bool,
    source: Vec<String>,
}

/// Whether a row of Mapper 1.0 is one of a list, and the lists of the source that its rows go through.
#[derive(Debug, Clone, Copy)]
enum InList<'a> {
    No,
    Of(&'a [Vec<String>]),
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

/// The list that the source of a row of Mapper 1.0 goes through.
fn list_of(row: &Value) -> Option<Vec<String>> {
    let path = row.get("extract").and_then(Value::as_str).and_then(extract::parse)?;
    before_the_last_list(&path.tokens)
}

fn before_the_last_list(tokens: &[Token]) -> Option<Vec<String>> {
    let last = tokens.iter().rposition(|token| token.kind == Kind::Index)?;
    Some(names(&tokens[..last])).filter(|names| !names.is_empty())
}

fn json_path_of(entry: &Value) -> Option<Vec<Token>> {
    let text = entry.get("extract").and_then(Value::as_str).filter(|text| text.starts_with('$'))?;
    json_path::parse(text).map(|path| path.tokens)
}

fn note(parts: &mut Parts, lookup: &str, part: Vec<String>) {
    let known = parts.entry(lookup.to_owned()).or_default();
    if !part.is_empty() && !known.contains(&part) {
        known.push(part);
    }
}
