//! Both mapping models, at every depth.

use std::collections::HashMap;

use serde_json::Value;

use super::edit::Written;
use super::extract1;
use super::path::{Kind, names, single};
use super::scope::Around;
use super::walk::Walk;

/// Begins a `NetSuite` generate that says a list is replaced rather than added to.
const REPLACE_LINES: &str = "celigo_replaceAllLines_";

/// Where the walk is in a Mapper 1.0 mapping.
#[derive(Debug, Clone, Default)]
struct Here {
    /// The part of the source record that extracts are about; subrecords have one of their own.
    source: Vec<String>,
    /// The part of the target record that generates are about.
    target: Vec<String>,
}

impl Walk<'_> {
    /// A Mapper 1.0 mapping.
    pub(super) fn mapper1(&mut self, mapping: &mut Value, place: &str) {
        self.mapping1(mapping, &Here::default(), place);
    }

    fn mapping1(&mut self, mapping: &mut Value, here: &Here, place: &str) {
        let fields = format!("{place}.fields");
        for field in list(mapping, "fields") {
            self.field1(field, here, &fields);
        }
        let fields = format!("{place}.lists[].fields");
        for sublist in list(mapping, "lists") {
            let mut inner = here.clone();
            inner.target.extend(names_of(sublist.get("generate")));
            self.target(sublist, "generate", Written::Path, &here.target, place);
            self.source(sublist, "jsonPath", Written::Path, &here.source, place);
            for field in list(sublist, "fields") {
                self.field1(field, &inner, &fields);
            }
        }
    }

    fn field1(&mut self, field: &mut Value, here: &Here, place: &str) {
        let Some(keys) = field.as_object_mut() else { return };
        if self.target.is_some()
            && keys.get("generate").and_then(Value::as_str) == Some("celigo_initializeValues")
        {
            self.target(field, "hardCodedValue", Written::List, &here.target, place);
            return self.source(field, "extract", Written::Extract, &here.source, place);
        }
        let parent = keys.contains_key("subRecordMapping").then(|| names_of(keys.get("generate")));
        // One pass over the keys costs less than a look-up for each.
        for (key, value) in keys.iter_mut() {
            match (key.as_str(), value) {
                ("extract", Value::String(text)) => {
                    self.source_text(text, Written::Extract, &here.source, place, key);
                }
                ("generate", Value::String(text)) => self.generate1(text, here, place, key),
                _ => {}
            }
        }
        let (Some(sub), Some(parent)) = (keys.get_mut("subRecordMapping"), parent) else { return };
        let mut inner = here.clone();
        inner.target.extend(parent);
        let place = format!("{place}[].subRecordMapping");
        if let Some(path) = sub.get("jsonPath").and_then(Value::as_str).and_then(extract1::parse) {
            if path.head > 0 {
                inner.source.clear();
            }
            inner.source.extend(names(&path.tokens));
        }
        self.source(sub, "jsonPath", Written::Path, &here.source, &place);
        self.target(sub, "_id", Written::Path, &[], &place);
        if let Some(lookups) = sub.get_mut("lookups") {
            self.lookups(lookups, &format!("{place}.lookups"), &inner.source);
        }
        if let Some(mapping) = sub.get_mut("mapping") {
            self.mapping1(mapping, &inner, &place);
        }
    }

    /// A generate; one such as `celigo_replaceAllLines_item` speaks of the list `item`.
    fn generate1(&mut self, text: &mut String, here: &Here, place: &str, key: &str) {
        let before = self.target_text(text, Written::Path, &here.target, place, key);
        let Some(list) = text.strip_prefix(REPLACE_LINES) else { return };
        if before.is_some_and(|before| before == *text) {
            let mut list = list.to_owned();
            self.target_text(&mut list, Written::Path, &here.target, place, key);
            *text = format!("{REPLACE_LINES}{list}");
        }
    }

    /// A list of Mapper 2.0 entries; `generates`: their targets are fields of the outgoing record.
    pub(super) fn mapper2_root(&mut self, entries: &mut Value, place: &str, generates: bool) {
        let mut envelope = Envelope::default();
        if self.source.is_some() {
            envelope.scan(entries);
        }
        let written = Written::Extract2 { envelope: envelope.is_one() };
        self.mapper2(entries, written, &mut Vec::new(), generates, place);
    }

    fn mapper2(
        &mut self,
        entries: &mut Value,
        written: Written,
        parents: &mut Vec<String>,
        generates: bool,
        place: &str,
    ) {
        for entry in entries.as_array_mut().into_iter().flatten() {
            let Some(keys) = entry.as_object_mut() else { continue };
            let mut parent = None;
            let mut holds = false;
            // One pass over the keys costs less than a look-up for each.
            for (key, value) in keys.iter_mut() {
                match (key.as_str(), value) {
                    ("extract", Value::String(text)) => self.source_text(text, written, &[], place, key),
                    ("generate", Value::String(text)) if generates => {
                        parent = self.target_text(text, Written::Key, parents, place, key);
                    }
                    ("mappings" | "buildArrayHelper", _) => holds = true,
                    _ => {}
                }
            }
            if !holds {
                continue;
            }
            let now = || keys.get("generate").and_then(Value::as_str).map(str::to_owned);
            let parent = parent.or_else(now).filter(|name| !name.is_empty());
            let depth = parents.len();
            parents.extend(parent);
            if let Some(inner) = entry.get_mut("mappings") {
                self.mapper2(inner, written, parents, generates, place);
            }
            for helper in list(entry, "buildArrayHelper") {
                self.source(helper, "extract", written, &[], place);
                if let Some(inner) = helper.get_mut("mappings") {
                    self.mapper2(inner, written, parents, generates, place);
                }
            }
            parents.truncate(depth);
        }
    }

    fn source(&mut self, holder: &mut Value, key: &str, written: Written, context: &[String], place: &str) {
        if let Some(Value::String(text)) = holder.get_mut(key) {
            self.source_text(text, written, context, place, key);
        }
    }

    fn source_text(
        &mut self,
        text: &mut String,
        written: Written,
        context: &[String],
        place: &str,
        key: &str,
    ) {
        let Some(party) = &mut self.source else { return };
        if !party.rules.may_concern(text) {
            return;
        }
        let around = Around { context: context.to_vec(), others: self.children.clone(), ..Around::default() };
        party.edit(text, written, &around, &format!("{place}[].{key}"));
    }

    fn target(&mut self, holder: &mut Value, key: &str, written: Written, context: &[String], place: &str) {
        if let Some(Value::String(text)) = holder.get_mut(key) {
            self.target_text(text, written, context, place, key);
        }
    }

    /// Answers what the text was, if a rename may have changed it.
    fn target_text(
        &mut self,
        text: &mut String,
        written: Written,
        context: &[String],
        place: &str,
        key: &str,
    ) -> Option<String> {
        let party = self.target.as_mut()?;
        if text.is_empty() || !party.rules.may_concern(text) {
            return None;
        }
        let old = text.clone();
        let around = Around { context: context.to_vec(), ..Around::default() };
        party.edit(text, written, &around, &format!("{place}[].{key}"));
        Some(old)
    }
}

fn list<'v>(holder: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    holder.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

fn names_of(path: Option<&Value>) -> Vec<String> {
    let Some(text) = path.and_then(Value::as_str).filter(|t| !t.is_empty()) else { return Vec::new() };
    extract1::parse(text).map_or_else(|| names(&[single(text)]), |p| names(&p.tokens))
}

/// Whether JSON paths of a mapping begin with an envelope around the record.
///
/// Nothing in a document says so, so it is told from the paths: every one begins with a part of the envelope.
#[derive(Debug, Default)]
struct Envelope {
    record: bool,
    outside: bool,
}

impl Envelope {
    /// Looks through the entries until a path settles it: almost always the first.
    fn scan(&mut self, entries: &Value) {
        for entry in entries.as_array().into_iter().flatten() {
            self.path(entry.get("extract"));
            if self.outside {
                return;
            }
            entry.get("mappings").into_iter().for_each(|inner| self.scan(inner));
            for helper in entry.get("buildArrayHelper").and_then(Value::as_array).into_iter().flatten() {
                self.path(helper.get("extract"));
                helper.get("mappings").into_iter().for_each(|inner| self.scan(inner));
            }
        }
    }

    fn path(&mut self, extract: Option<&Value>) {
        let Some(text) =
            extract.and_then(Value::as_str).filter(|t| t.starts_with("$.") || t.starts_with("$["))
        else {
            return;
        };
        // Names of the envelope are plain words, so reading up to the next mark will do.
        match text[2..].split(['.', '[']).next() {
            Some("record") => self.record = true,
            Some("settings" | "connection" | "import" | "lookup" | "job" | "integration" | "flow") => {}
            _ => self.outside = true,
        }
    }

    fn is_one(&self) -> bool {
        self.record && !self.outside
    }
}

/// The lists of the record whose fields use a lookup, by its name: its bare names are about an element of theirs.
pub(super) fn lookup_lists(document: &Value) -> HashMap<String, Vec<Vec<String>>> {
    let mut found = HashMap::new();
    for mapping in [document.get("mapping"), document.pointer("/netsuite_da/mapping")].into_iter().flatten() {
        for sublist in mapping.get("lists").and_then(Value::as_array).into_iter().flatten() {
            for field in sublist.get("fields").and_then(Value::as_array).into_iter().flatten() {
                collect(field, &mut found);
            }
        }
    }
    found
}

fn collect(field: &Value, found: &mut HashMap<String, Vec<Vec<String>>>) {
    let text = |key: &str| field.get(key).and_then(Value::as_str);
    let (Some(lookup), Some(path)) = (text("lookupName"), text("extract").and_then(extract1::parse)) else {
        return;
    };
    let Some(last) = path.tokens.iter().rposition(|t| t.kind == Kind::Index) else { return };
    let array = names(&path.tokens[..last]);
    let lists = found.entry(lookup.to_owned()).or_default();
    if !array.is_empty() && !lists.contains(&array) {
        lists.push(array);
    }
}
