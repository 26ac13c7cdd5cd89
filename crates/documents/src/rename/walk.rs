//! The walk over the table of fields.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::Value;

use super::answer;
use super::counts::mention;
use super::edit::{SideRename, TextSyntax, below};
use super::lookup_lists::LookupLists;
use super::matcher::Rules;
use super::part::Part;
use super::scope::{Parent, TemplateContext};
use super::statement;
use super::unchanged::short;
use super::values::for_each_text;
use crate::envelope::Envelope;
use crate::field_rename::Side;
use crate::path::extract;
use crate::schema::{self, Field, Holds, LOOKUP, Model, Record, Syntax};

/// The renames of each side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sides<T> {
    pub source: Option<T>,
    pub target: Option<T>,
    pub response: Option<T>,
}

impl<T> Sides<T> {
    /// Those that are there.
    pub(super) fn each(&self) -> impl Iterator<Item = (Side, &T)> {
        let all =
            [(Side::Source, &self.source), (Side::Target, &self.target), (Side::Response, &self.response)];
        all.into_iter().filter_map(|(side, one)| Some((side, one.as_ref()?)))
    }

    pub(super) fn of(&mut self, side: Side) -> Option<&mut T> {
        match side {
            Side::Source => self.source.as_mut(),
            Side::Target => self.target.as_mut(),
            Side::Response => self.response.as_mut(),
        }
    }
}

/// The walk over one document, place by place.
pub(super) struct Walk<'a> {
    pub sides: Sides<SideRename<'a>>,
    /// Whether the import maps at all; without, the record after mapping is the record before it.
    pub mapped: bool,
    /// Where the record of the import is in the record that came in: the child records of `oneToMany`, or all of it.
    pub record: Part,
    /// The lists that its lookups are used from.
    pub lists: LookupLists,
    /// The names of its lookups.
    pub lookups: Rc<HashSet<String>>,
    /// The lists of the helpers around a row of Mapper 2.0, as they were named and as they are.
    pub entries: Vec<(Vec<String>, Vec<String>)>,
}

impl<'a> Walk<'a> {
    /// A walk over a document that has no lookups.
    pub(super) fn new(sides: Sides<SideRename<'a>>, mapped: bool, record: Part) -> Self {
        Self {
            sides,
            mapped,
            record,
            lists: LookupLists::default(),
            lookups: Rc::default(),
            entries: Vec::new(),
        }
    }
}

impl Walk<'_> {
    /// Renames in every place of the document.
    pub(super) fn run(&mut self, document: &mut Value) {
        self.run_in(document, |holds| {
            matches!(holds, Holds::Names(..) | Holds::Mapping(..) | Holds::Lookups(_))
        });
    }

    /// The same, in the places for which `is_one` is true.
    pub(super) fn run_in(&mut self, document: &mut Value, is_one: impl Fn(&Holds) -> bool) {
        let Some(map) = document.as_object_mut() else { return };
        for (block, value) in map.iter_mut() {
            let rows = schema::rows_of(block);
            if rows.is_empty() {
                continue;
            }
            let unmapped_body = value.get("sendPostMappedData") == Some(&Value::Bool(false));
            // As they are before any of them is renamed.
            let response = self.sides.response.as_ref();
            let resources = response.map(|side| answer::resources(value, side.rules)).unwrap_or_default();
            for row in rows {
                if !is_one(&row.holds) {
                    continue;
                }
                let mut at = format!("/{block}");
                schema::visit_mut(value, schema::below_block(row.at), &mut at, &mut |at, found| match self
                    .sides
                    .response
                    .as_mut()
                    .filter(|_| row.at == schema::RESOURCE_ID)
                {
                    Some(side) => answer::ids(side, found, &resources, at),
                    None => self.place(row, unmapped_body, found, at),
                });
            }
        }
    }

    /// The side whose names a place holds.
    fn side(&self, record: Record, unmapped_body: bool) -> Side {
        let incoming = match record {
            Record::Incoming | Record::Statement => true,
            Record::Mapped => !self.mapped,
            Record::Body => !self.mapped || unmapped_body,
            Record::Outgoing => false,
            Record::Answer => return Side::Response,
        };
        if incoming { Side::Source } else { Side::Target }
    }

    fn place(&mut self, row: &Field, unmapped_body: bool, found: &mut Value, at: &mut String) {
        match row.holds {
            Holds::Mapping(Model::One, _) => self.mapper1(found, at),
            Holds::Mapping(Model::Two, record) => self.mapper2_root(found, at, record),
            Holds::Lookups(record) => {
                let side = self.side(record, false);
                self.lookups(found, at, &Part::default(), side);
            }
            Holds::Names(syntax, record) => self.names(row.at, syntax, record, unmapped_body, found, at),
            _ => {}
        }
    }

    fn names(
        &mut self,
        row: &str,
        syntax: Syntax,
        record: Record,
        unmapped_body: bool,
        found: &mut Value,
        at: &mut String,
    ) {
        let side = self.side(record, unmapped_body);
        // The path to the child records is about the record that has them.
        let whole = side != Side::Source || row == "pathToMany";
        let context = TemplateContext {
            context: if whole { Part::default() } else { self.record.clone() },
            record: if whole { Part::default() } else { self.record.clone() },
            json: syntax == Syntax::JsonTemplate,
            statement: syntax == Syntax::Statement,
            folders: syntax == Syntax::FolderTemplate,
            lookups: Rc::clone(&self.lookups),
            parent: if side == Side::Target { Parent::Left } else { Parent::Renamed },
            ..TemplateContext::default()
        };
        if record == Record::Statement && self.mapped {
            self.uncertain(found, at);
        }
        let is_template = matches!(syntax, Syntax::Template | Syntax::JsonTemplate | Syntax::FolderTemplate);
        if side == Side::Target
            && is_template
            && let Some(source) = self.sides.source.as_mut()
        {
            let context = TemplateContext { parent: Parent::Alone, ..context.clone() };
            source.edit_all(found, TextSyntax::Template, &context, at);
        }
        let Some(side) = self.sides.of(side) else { return };
        match syntax {
            Syntax::Path => side.edit_all(found, TextSyntax::Path, &context, at),
            Syntax::Keys => side.edit_names_in_keys(found, &context, at),
            Syntax::Rules => rules(side, found, &context, at),
            Syntax::Statement => {
                statement::words(side, found, at);
                side.edit_all(found, TextSyntax::Template, &context, at);
            }
            Syntax::Template | Syntax::JsonTemplate | Syntax::FolderTemplate => {
                side.edit_all(found, TextSyntax::Template, &context, at);
            }
        }
    }

    /// A statement beside a mapping may see the mapped record.
    fn uncertain(&mut self, found: &Value, at: &mut String) {
        let Some(target) = self.sides.target.as_mut() else { return };
        for_each_text(found, at, &mut |text, at| {
            if let Some(counts) = SideRename::would_touch(target.rules, text, TextSyntax::Template) {
                mention(&mut target.counts.mentioned, &counts);
                target.warnings.push(format!(
                    "{at}: `{}` may see the mapped record; only source fields are renamed there",
                    short(text)
                ));
            }
        });
    }

    /// A value that is not the list or object that the service requires. The service would refuse the document, so the
    /// value is not changed.
    pub(super) fn misshapen(&mut self, found: &Value, at: &mut String) {
        for side in [Side::Source, Side::Target, Side::Response] {
            let Some(renames) = self.sides.of(side) else { continue };
            for_each_text(found, at, &mut |text, at| {
                let syntax = if text.starts_with('$') {
                    TextSyntax::Extract2(Envelope::No)
                } else {
                    TextSyntax::Extract
                };
                if let Some(counts) = SideRename::would_touch(renames.rules, text, syntax) {
                    mention(&mut renames.counts.mentioned, &counts);
                    renames.warnings.push(format!(
                        "{at}: `{}` stands in a mapping that the service does not read; it is left alone",
                        short(text)
                    ));
                }
            });
        }
    }

    /// Every lookup of a list; `context` is the part of the record a subrecord sees.
    pub(super) fn lookups(&mut self, lookups: &mut Value, at: &mut String, context: &Part, side: Side) {
        if !lookups.is_array() {
            return self.misshapen(lookups, at);
        }
        let names = Rc::clone(&self.lookups);
        let record = if side == Side::Source { self.record.clone() } else { Part::default() };
        let context = if context.is_whole() { &record } else { context };
        let Some(side) = self.sides.of(side) else { return };
        for (index, lookup) in lookups.as_array_mut().into_iter().flatten().enumerate() {
            let name = lookup.get("name").and_then(Value::as_str).unwrap_or_default();
            let parts = |parts: Option<&Vec<Part>>| -> Vec<Part> {
                parts.into_iter().flatten().map(|part| part.inside(&record)).collect()
            };
            let (others, perhaps) = (parts(self.lists.sure.get(name)), parts(self.lists.perhaps.get(name)));
            for (key, syntax) in LOOKUP {
                let Some(value) = lookup.get_mut(*key) else { continue };
                let context = TemplateContext {
                    context: context.clone(),
                    record: record.clone(),
                    others: others.clone(),
                    perhaps: perhaps.clone(),
                    lookups: Rc::clone(&names),
                    json: *syntax == Syntax::JsonTemplate,
                    statement: *syntax == Syntax::Statement,
                    folders: false,
                    parent: Parent::Renamed,
                    entries: Vec::new(),
                };
                below(at, &index.to_string(), |at| {
                    below(at, key, |at| {
                        if *syntax == Syntax::Statement {
                            statement::words(side, value, at);
                        }
                        side.edit_all(value, TextSyntax::Template, &context, at);
                    });
                });
            }
        }
    }
}

/// Rules of a filter or transform: `["extract", path]` at any depth, and `{extract}` of the older transforms.
fn rules(side: &mut SideRename<'_>, found: &mut Value, context: &TemplateContext, at: &mut String) {
    match found {
        Value::Array(list) => match list.as_mut_slice() {
            [Value::String(operator), Value::String(path)] if operator == "extract" => {
                below(at, "1", |at| side.edit(path, TextSyntax::Path, context, at));
            }
            list => {
                for (index, one) in list.iter_mut().enumerate() {
                    below(at, &index.to_string(), |at| rules(side, one, context, at));
                }
            }
        },
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("extract") {
                below(at, "extract", |at| side.edit(path, TextSyntax::Extract, context, at));
            }
        }
        _ => {}
    }
}

/// Whether the renames would touch the rules, and which of them.
pub(super) fn rules_would_touch(rules: &Rules, value: &Value, f: &mut dyn FnMut(&super::counts::Counts)) {
    let mut check = |text: &str, syntax| {
        if let Some(counts) = SideRename::would_touch(rules, text, syntax) {
            f(&counts);
        }
    };
    match value {
        Value::Array(list) => match list.as_slice() {
            [Value::String(operator), Value::String(path)] if operator == "extract" => {
                check(path, TextSyntax::Path);
            }
            list => list.iter().for_each(|one| rules_would_touch(rules, one, f)),
        },
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get("extract") {
                check(path, TextSyntax::Extract);
            }
            map.values().for_each(|one| rules_would_touch(rules, one, f));
        }
        _ => {}
    }
}

/// Whether the import maps at all.
pub(super) fn is_mapped(document: &Value) -> bool {
    let mut found = false;
    schema::walk(document, &mut |row, _, value| match row.holds {
        Holds::Mapping(model, record) if record != Record::Answer => found |= schema::is_active(model, value),
        _ => {}
    });
    found
}

/// The names of the document's lookups.
pub(super) fn lookup_names(document: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    schema::walk(document, &mut |row, _, value| {
        if matches!(row.holds, Holds::Lookups(_)) {
            let names = value.as_array().into_iter().flatten().filter_map(|l| l.get("name")?.as_str());
            found.extend(names.map(str::to_owned));
        }
    });
    found
}

/// Where the record of the import is in the record that came in: its children, when the import takes them one by one.
pub(super) fn record(document: &Value, rules: &Rules) -> Part {
    let many = matches!(document.get("oneToMany"), Some(Value::Bool(true)))
        || document.get("oneToMany") == Some(&Value::from("true"));
    let path = document.get("pathToMany").and_then(Value::as_str).filter(|_| many);
    path.and_then(extract::parse).map(|p| rules.below(&Part::default(), &p.tokens)).unwrap_or_default()
}
