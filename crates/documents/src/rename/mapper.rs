//! Both mapping models, at every depth.

use std::rc::Rc;

use serde_json::Value;

use super::edit::{TextSyntax, below};
use super::part::{Part, Segment, words};
use super::scope::TemplateContext;
use super::unchanged::short;
use super::walk::Walk;
use crate::envelope::Envelope;
use crate::field_rename::Side;
use crate::path::{Token, extract, json_path, single};
use crate::schema::Record;

/// The target whose value is a list of generates.
pub(super) const INITIALIZE: &str = "celigo_initializeValues";

/// Begins a `NetSuite` generate that says a list is replaced rather than added to.
const REPLACE_LINES: &str = "celigo_replaceAllLines_";

/// Where the walk is in a Mapper 1.0 mapping.
#[derive(Debug, Clone, Default)]
struct MappingContext {
    /// The part of the source record that extracts refer to; subrecords have one of their own.
    source: Part,
    /// The part of the target record that generates refer to.
    target: Part,
}

impl Walk<'_> {
    /// A Mapper 1.0 mapping.
    pub(super) fn mapper1(&mut self, mapping: &mut Value, at: &mut String) {
        self.mapping1(mapping, &MappingContext::default(), at);
    }

    fn mapping1(&mut self, mapping: &mut Value, context: &MappingContext, at: &mut String) {
        if !mapping.is_object() {
            return self.misshapen(mapping, at);
        }
        self.each(mapping, "fields", at, &mut |walk, field, at| walk.field1(field, context, at));
        self.each(mapping, "lists", at, &mut |walk, sublist, at| {
            let mut inner = context.clone();
            inner.target = walk.target_below(&inner.target, sublist.get("generate"));
            walk.text(sublist, "generate", Side::Target, TextSyntax::Path, &context.target, at);
            walk.text(sublist, "jsonPath", Side::Source, TextSyntax::Path, &context.source, at);
            walk.each(sublist, "fields", at, &mut |walk, field, at| walk.field1(field, &inner, at));
        });
    }

    fn field1(&mut self, field: &mut Value, context: &MappingContext, at: &mut String) {
        let Some(keys) = field.as_object_mut() else { return };
        if self.sides.target.is_some() && keys.get("generate").and_then(Value::as_str) == Some(INITIALIZE) {
            self.text(field, "hardCodedValue", Side::Target, TextSyntax::List, &context.target, at);
            return self.text(field, "extract", Side::Source, TextSyntax::Extract, &context.source, at);
        }
        let is_sub = keys.contains_key("subRecordMapping");
        let parent = is_sub.then(|| self.target_below(&context.target, keys.get("generate")));
        // One pass over the keys costs less than a search for each.
        for (key, value) in keys.iter_mut() {
            match (key.as_str(), value) {
                ("extract", Value::String(text)) => {
                    self.edit(text, Side::Source, TextSyntax::Extract, &context.source, key, at);
                }
                ("generate", Value::String(text)) => self.generate1(text, context, key, at),
                _ => {}
            }
        }
        let (Some(sub), Some(target)) = (keys.get_mut("subRecordMapping"), parent) else { return };
        below(at, "subRecordMapping", |at| self.subrecord(sub, target, context, at));
    }

    fn subrecord(&mut self, sub: &mut Value, target: Part, context: &MappingContext, at: &mut String) {
        let mut inner = MappingContext { source: context.source.clone(), target };
        if let Some(path) = sub.get("jsonPath").and_then(Value::as_str).and_then(extract::parse) {
            if path.head > 0 || inner.source.is_whole() {
                inner.source.clone_from(&self.record);
            }
            inner.source = self.below(Side::Source, &inner.source, &path.tokens);
        }
        self.text(sub, "jsonPath", Side::Source, TextSyntax::Path, &context.source, at);
        self.text(sub, "_id", Side::Target, TextSyntax::Path, &Part::default(), at);
        if let Some(lookups) = sub.get_mut("lookups") {
            below(at, "lookups", |at| self.lookups(lookups, at, &inner.source, Side::Source));
        }
        if let Some(mapping) = sub.get_mut("mapping") {
            below(at, "mapping", |at| self.mapping1(mapping, &inner, at));
        }
    }

    /// A generate; one such as `celigo_replaceAllLines_item` speaks of the list `item`.
    fn generate1(&mut self, text: &mut String, context: &MappingContext, key: &str, at: &mut String) {
        let before = self.edit(text, Side::Target, TextSyntax::Path, &context.target, key, at);
        let Some(list) = text.strip_prefix(REPLACE_LINES) else { return };
        if before.is_some_and(|before| before == *text) {
            let mut list = list.to_owned();
            self.edit(&mut list, Side::Target, TextSyntax::Path, &context.target, key, at);
            *text = format!("{REPLACE_LINES}{list}");
        }
    }

    /// A Mapper 2.0 mapping. That of an answer has targets of its own.
    pub(super) fn mapper2_root(&mut self, mappings: &mut Value, at: &mut String, record: Record) {
        let side = if record == Record::Answer { Side::Response } else { Side::Source };
        let envelope = if self.sides.of(side).is_some() { Envelope::of(mappings) } else { Envelope::No };
        let context = Mapping2 { side, syntax: TextSyntax::Extract2(envelope) };
        let before =
            self.sides.of(side).filter(|side| side.rules.name_the_envelope()).map(|_| mappings.clone());
        let mut parents = Part::default();
        self.each_entry(mappings, at, &mut |walk, entry, at| walk.entry2(entry, context, &mut parents, at));
        if let (Some(before), Some(renames)) = (before, self.sides.of(side))
            && Envelope::of(mappings) != envelope
        {
            read_otherwise(&before, mappings, at, &mut renames.warnings);
        }
    }

    fn entry2(&mut self, entry: &mut Value, context: Mapping2, parents: &mut Part, at: &mut String) {
        let Some(keys) = entry.as_object_mut() else { return };
        let mut parent = None;
        let mut holds = false;
        // One pass over the keys costs less than a search for each.
        for (key, value) in keys.iter_mut() {
            match (key.as_str(), value) {
                ("extract", Value::String(text)) => {
                    self.edit(text, context.side, context.syntax, &Part::default(), key, at);
                }
                ("generate", Value::String(text)) if context.side == Side::Source => {
                    parent = self.edit(text, Side::Target, TextSyntax::Key, parents, key, at);
                    if parent.as_deref() == Some(text.as_str()) {
                        self.one_name(text, parents, at);
                    }
                }
                ("mappings" | "buildArrayHelper", _) => holds = true,
                _ => {}
            }
        }
        if !holds {
            return;
        }
        let now = || keys.get("generate").and_then(Value::as_str).map(str::to_owned);
        let parent = parent.or_else(now).filter(|name| !name.is_empty());
        let depth = parents.len();
        parent.into_iter().for_each(|name| parents.push(Segment::Name(name)));
        self.each(entry, "mappings", at, &mut |walk, inner, at| walk.entry2(inner, context, parents, at));
        self.each(entry, "buildArrayHelper", at, &mut |walk, helper, at| {
            let before = list_of(helper);
            walk.text(helper, "extract", context.side, context.syntax, &Part::default(), at);
            let outer = walk.entries.len();
            walk.entries.extend(before.zip(list_of(helper)));
            walk.each(helper, "mappings", at, &mut |walk, inner, at| {
                walk.entry2(inner, context, parents, at)
            });
            walk.entries.truncate(outer);
        });
        parents.truncate(depth);
    }

    /// Says that a row is not the field of a path, but has one name that is written like it: `size.unit`.
    fn one_name(&mut self, text: &str, parents: &Part, at: &str) {
        let Some(renames) = self.sides.of(Side::Target).filter(|_| text.contains('.')) else { return };
        let names: Vec<&str> = parents.names().chain([text]).collect();
        let path = names.join(".");
        let rules = renames.rules;
        for (index, rule) in rules.all.iter().enumerate() {
            if rule.from.len() > names.len() && rule.from != rule.to && rule.from.join(".") == path {
                renames.counts.mentioned[index] = true;
                renames.warnings.push(format!(
                    "{at}/generate: `{text}` is one name with a dot here, and is left alone: write `[\"{text}\"]` to rename it"
                ));
            }
        }
    }

    fn text(
        &mut self,
        holder: &mut Value,
        key: &str,
        side: Side,
        syntax: TextSyntax,
        context: &Part,
        at: &mut String,
    ) {
        if let Some(Value::String(text)) = holder.get_mut(key) {
            self.edit(text, side, syntax, context, key, at);
        }
    }

    /// The part that a generate leads to in a part of the target record.
    fn target_below(&mut self, part: &Part, generate: Option<&Value>) -> Part {
        let Some(text) = generate.and_then(Value::as_str).filter(|t| !t.is_empty()) else {
            return part.clone();
        };
        let tokens = extract::parse(text).map_or_else(|| vec![single(text)], |path| path.tokens);
        self.below(Side::Target, part, &tokens)
    }

    fn below(&mut self, side: Side, part: &Part, tokens: &[Token]) -> Part {
        self.sides.of(side).map_or_else(Part::default, |side| side.rules.below(part, tokens))
    }

    /// Answers what the text was, if a rename may have changed it.
    fn edit(
        &mut self,
        text: &mut String,
        side: Side,
        syntax: TextSyntax,
        context: &Part,
        key: &str,
        at: &mut String,
    ) -> Option<String> {
        let renames = self.sides.of(side)?;
        if text.is_empty() || !(renames.rules.may_concern(text) || text.contains("{{")) {
            return None;
        }
        let old = text.clone();
        let record = if side == Side::Source { self.record.clone() } else { Part::default() };
        let context = if context.is_whole() { record.clone() } else { context.clone() };
        let lookups = Rc::clone(&self.lookups);
        let entries = self.entries.clone();
        let context = TemplateContext { context, record, lookups, entries, ..TemplateContext::default() };
        below(at, key, |at| renames.edit(text, syntax, &context, at));
        Some(old)
    }
}

impl<'a> Walk<'a> {
    /// The entries of the list under a key.
    fn each(&mut self, holder: &mut Value, key: &str, at: &mut String, f: &mut OnEntry<'_, 'a>) {
        if let Some(found) = holder.get_mut(key) {
            below(at, key, |at| self.each_entry(found, at, f));
        }
    }

    fn each_entry(&mut self, found: &mut Value, at: &mut String, f: &mut OnEntry<'_, 'a>) {
        match found {
            Value::Array(list) => {
                for (index, one) in list.iter_mut().enumerate() {
                    below(at, &index.to_string(), |at| f(self, one, at));
                }
            }
            other => self.misshapen(other, at),
        }
    }
}

/// Warns of renamed paths in a mapping whose paths, taken together, now mean something else: what is under
/// `$.record`, or beside it, is not the field that it was.
fn read_otherwise(before: &Value, now: &Value, at: &mut String, warnings: &mut Vec<String>) {
    let mut inner = |key: &str, before: &Value, now: &Value| {
        below(at, key, |at| match (before.as_str(), now.as_str()) {
            (Some(old), Some(new)) if old != new && old.starts_with('$') && key == "extract" => {
                warnings.push(format!(
                    "{at}: `{}` became `{}`, beside which the paths of the mapping are read otherwise; the reverse rename \
                     would spell it differently",
                    short(old),
                    short(new)
                ));
            }
            _ => read_otherwise(before, now, at, warnings),
        });
    };
    match (before, now) {
        (Value::Array(before), Value::Array(now)) => {
            before
                .iter()
                .zip(now)
                .enumerate()
                .for_each(|(at, (before, now))| inner(&at.to_string(), before, now));
        }
        (Value::Object(before), Value::Object(now)) => {
            before.iter().zip(now.values()).for_each(|((key, before), now)| inner(key, before, now));
        }
        _ => {}
    }
}

/// What is done with an entry and its pointer.
type OnEntry<'f, 'a> = dyn FnMut(&mut Walk<'a>, &mut Value, &mut String) + 'f;

/// What holds for all of a Mapper 2.0 mapping.
#[derive(Debug, Clone, Copy)]
struct Mapping2 {
    side: Side,
    syntax: TextSyntax,
}

/// The list whose entries a helper takes one by one.
fn list_of(helper: &Value) -> Option<Vec<String>> {
    let text = helper.get("extract").and_then(Value::as_str).filter(|text| text.starts_with('$'))?;
    json_path::parse(text).map(|path| words(&path.tokens).into_iter().map(str::to_owned).collect())
}
