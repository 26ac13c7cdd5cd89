//! The walk over the table of places.

use std::collections::HashMap;

use serde_json::Value;

use super::edit::{Notes, Written, edit, edit_all};
use super::matcher::{Rules, Tally};
use super::places::{LOOKUP, PLACES, Record, Row, Syntax};
use super::scope::Around;
use super::{extract1, path, warn};

/// The renames of one side and what they did.
pub(super) struct ImportRef<'a> {
    pub rules: &'a Rules,
    pub notes: Notes,
}

impl<'a> ImportRef<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        let notes = Notes { tally: Tally::new(rules.all.len()), warnings: Vec::new() };
        Self { rules, notes }
    }

    pub(super) fn edit(&mut self, text: &mut String, written: Written, around: &Around, place: &str) {
        edit(self.rules, text, written, around, place, &mut self.notes);
    }
}

/// One document.
pub(super) struct Walk<'a> {
    pub source: Option<ImportRef<'a>>,
    pub target: Option<ImportRef<'a>>,
    /// Whether the import maps at all; without, the record after mapping is the record before it.
    pub mapped: bool,
    /// The child records of `oneToMany`.
    pub children: Vec<Vec<String>>,
    /// Lists whose fields use a lookup, by its name.
    pub lists: HashMap<String, Vec<Vec<String>>>,
}

impl<'a> Walk<'a> {
    /// Renames in every place of the document.
    pub(super) fn run(&mut self, document: &mut Value) {
        let Some(map) = document.as_object_mut() else { return };
        for (block, rows) in PLACES {
            let Some(value) = map.get_mut(*block) else { continue };
            let unmapped_body = value.get("sendPostMappedData") == Some(&Value::Bool(false));
            for row in *rows {
                visit(value, row.0, &mut |found| self.place(block, *row, unmapped_body, found));
            }
        }
    }

    /// The renames a place follows, and whether they are those of the source.
    fn party(&mut self, record: Record, unmapped_body: bool) -> Option<(bool, &mut ImportRef<'a>)> {
        let source = match record {
            Record::Before => true,
            Record::After => !self.mapped,
            Record::Body => !self.mapped || unmapped_body,
            Record::Target | Record::Both => false,
        };
        let party = if source { self.source.as_mut() } else { self.target.as_mut() };
        party.map(|party| (source, party))
    }

    fn place(&mut self, block: &str, (inside, syntax, record): Row, unmapped_body: bool, found: &mut Value) {
        let place = if inside.is_empty() { block.to_owned() } else { format!("{block}.{inside}") };
        match syntax {
            Syntax::Mapper1 => return self.mapper1(found, &place),
            Syntax::Mapper2 => return self.mapper2_root(found, &place, record == Record::Both),
            Syntax::Lookups => return self.lookups(found, &place, &[]),
            _ => {}
        }
        let children = self.children.clone();
        let Some((source, party)) = self.party(record, unmapped_body) else { return };
        let around = Around {
            // The path to the children is one of the incoming record.
            others: if source { children } else { Vec::new() },
            json: syntax == Syntax::JsonTemplate,
            folders: syntax == Syntax::FolderTemplate,
            ..Around::default()
        };
        match syntax {
            Syntax::Path => {
                // The path to the child records is about the record that has them.
                let around = if block == "pathToMany" { Around::default() } else { around };
                edit_all(party.rules, found, Written::Path, &around, &place, &mut party.notes);
            }
            Syntax::Keys => keys(party, found, &around, &place),
            Syntax::Rules => rules(party, found, &around, &place),
            _ => {
                if syntax == Syntax::Statement {
                    warn::words(party, found, &place);
                }
                edit_all(party.rules, found, Written::Template, &around, &place, &mut party.notes);
            }
        }
    }

    /// Every lookup of a list; `context` is the part of the record a subrecord sees.
    pub(super) fn lookups(&mut self, lookups: &mut Value, place: &str, context: &[String]) {
        let Some(party) = &mut self.source else { return };
        for lookup in lookups.as_array_mut().into_iter().flatten() {
            let name = lookup.get("name").and_then(Value::as_str).unwrap_or_default();
            let lists = self.lists.get(name).into_iter().flatten();
            let others: Vec<Vec<String>> = self.children.iter().chain(lists).cloned().collect();
            for (key, syntax) in LOOKUP {
                let Some(value) = lookup.get_mut(*key) else { continue };
                let place = format!("{place}[].{key}");
                let around = Around {
                    context: context.to_vec(),
                    others: others.clone(),
                    json: *syntax == Syntax::JsonTemplate,
                    folders: false,
                };
                if *syntax == Syntax::Statement {
                    warn::words(party, value, &place);
                }
                edit_all(party.rules, value, Written::Template, &around, &place, &mut party.notes);
            }
        }
    }
}

/// Calls `f` with every value at the path below `value`.
pub(super) fn visit(value: &mut Value, path: &str, f: &mut dyn FnMut(&mut Value)) {
    if path.is_empty() {
        return f(value);
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    if step == "*" {
        for one in value.as_object_mut().into_iter().flat_map(|m| m.values_mut()) {
            visit(one, rest, f);
        }
        return;
    }
    let Some(found) = value.get_mut(step.trim_end_matches("[]")) else { return };
    if step.ends_with("[]") {
        for one in found.as_array_mut().into_iter().flatten() {
            visit(one, rest, f);
        }
    } else {
        visit(found, rest, f);
    }
}

/// `modelMetadata`: the keys are field names.
fn keys(party: &mut ImportRef<'_>, found: &mut Value, around: &Around, place: &str) {
    let Some(map) = found.as_object_mut() else { return };
    let mut renamed: Vec<String> = Vec::with_capacity(map.len());
    for key in map.keys() {
        let mut key = key.clone();
        party.edit(&mut key, Written::Path, around, place);
        renamed.push(key);
    }
    let distinct: std::collections::HashSet<&String> = renamed.iter().collect();
    if distinct.len() < renamed.len() {
        party.notes.warnings.push(format!("{place}: two keys would become one; its keys are left alone"));
        return;
    }
    let old = std::mem::take(map);
    *map = renamed.into_iter().zip(old).map(|(key, (_, value))| (key, value)).collect();
}

/// Rules of a filter or transform: `["extract", path]` at any depth, and `{extract}` of the older transforms.
fn rules(party: &mut ImportRef<'_>, found: &mut Value, around: &Around, place: &str) {
    match found {
        Value::Array(list) => match list.as_mut_slice() {
            [Value::String(operator), Value::String(path)] if operator == "extract" => {
                party.edit(path, Written::Path, around, place);
            }
            list => list.iter_mut().for_each(|one| rules(party, one, around, place)),
        },
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("extract") {
                party.edit(path, Written::Extract, around, place);
            }
        }
        _ => {}
    }
}

/// Whether the import maps at all.
pub(super) fn is_mapped(document: &Value) -> bool {
    let some = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let maps =
        |block: &Value| block.get("mapping").is_some_and(|m| some(m.get("fields")) || some(m.get("lists")));
    some(document.get("mappings"))
        || maps(document)
        || ["netsuite_da", "netsuite"].iter().any(|key| document.get(key).is_some_and(maps))
}

/// The part of the record its children are, when the import takes them one by one.
pub(super) fn children(document: &Value) -> Vec<Vec<String>> {
    let many = matches!(document.get("oneToMany"), Some(Value::Bool(true)))
        || document.get("oneToMany") == Some(&Value::from("true"));
    let path = document.get("pathToMany").and_then(Value::as_str).filter(|_| many);
    path.and_then(extract1::parse)
        .map(|p| path::names(&p.tokens))
        .filter(|n| !n.is_empty())
        .into_iter()
        .collect()
}
