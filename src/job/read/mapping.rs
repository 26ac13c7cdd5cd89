//! The steps on rows of the mapping and on lookups, and the CSV of a lookup's map.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Reader;
use super::steps::{columns, text};
use crate::documents::Step;
use crate::documents::mapping_edit::{LookupEdit, MappingEdit, Row, Target};
use crate::job::problem::{Report, Span};
use crate::job::sheet::Sheet;
use crate::job::tree::Node;

fn target(value: &Node) -> Option<Target> {
    Some(Target { target: text(value, "target")?, list: text(value, "list") })
}

fn row(value: &Node) -> Row {
    let json = |key: &str| value.get(key).map(Node::json);
    Row {
        source: json("source"),
        hard_coded: json("hard_coded"),
        default: json("default"),
        lookup: json("lookup"),
        data_type: json("data_type"),
        source_data_type: json("source_data_type"),
        when: json("when"),
        when_lookup: json("when_lookup"),
        extract_date_format: json("extract_date_format"),
        extract_date_timezone: json("extract_date_timezone"),
        generate_date_format: json("generate_date_format"),
        generate_date_timezone: json("generate_date_timezone"),
        description: json("description"),
        status: json("status"),
        internal_id: json("internal_id"),
        immutable: json("immutable"),
        discard_if_empty: json("discard_if_empty"),
        is_key: json("is_key"),
    }
}

fn edit(edit: MappingEdit) -> Step {
    Step::EditMapping { edit }
}

impl Reader<'_> {
    pub(super) fn add_mapping(&mut self, value: &Node) -> Option<Step> {
        let row = row(value);
        let given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
        if !given(&row.source) && !given(&row.hard_coded) && !given(&row.lookup) {
            let help = "add `source`, `hard_coded` or `lookup`";
            self.report.error(value.span, "`add_mapping` does not say where the value comes from").help(help);
            return None;
        }
        self.literal(value)?;
        Some(edit(MappingEdit::Add(target(value)?, row)))
    }

    pub(super) fn edit_mapping(&mut self, value: &Node) -> Option<Step> {
        let set = value.get("set")?;
        let row = row(set);
        self.literal(set)?;
        Some(edit(MappingEdit::Edit(target(value)?, row)))
    }

    pub(super) fn remove_mapping(value: &Node) -> Option<Step> {
        Some(edit(MappingEdit::Remove(target(value)?)))
    }

    /// A hard-coded value is a scalar, and stands in place of a source.
    fn literal(&mut self, value: &Node) -> Option<()> {
        let Some(entry) = value.entry("hard_coded") else { return Some(()) };
        let literal = entry.node.json();
        if literal.is_array() || literal.is_object() {
            let message = "`hard_coded` must be a text, a number, or true or false";
            self.report.error(entry.node.span, message);
            return None;
        }
        if let Some(source) = value.entry("source")
            && !literal.is_null()
            && source.node.text().is_some()
        {
            let message = "a row holds both `source` and `hard_coded`";
            self.report.error(entry.at, message).related(source.at, "first here").help("keep one of the two");
            return None;
        }
        Some(())
    }

    pub(super) fn add_lookup(&mut self, value: &Node) -> Option<Step> {
        let mut lookup = Map::new();
        lookup.insert("name".to_owned(), Value::from(text(value, "name")?));
        let (set, map) = self.lookup(value)?;
        if map.is_empty() && !value.has("set") {
            let help = "add `map` or `map_file`, or `set` for one that asks the target";
            self.report.error(value.span, "`add_lookup` does not say what is looked up").help(help);
            return None;
        }
        lookup.extend(set.into_iter().filter(|(_, value)| !value.is_null()));
        let map: Map<_, _> = map.into_iter().filter(|(_, value)| !value.is_null()).collect();
        if !map.is_empty() {
            lookup.insert("map".to_owned(), Value::Object(map));
        }
        Some(Step::EditLookup { edit: LookupEdit::Add(lookup) })
    }

    pub(super) fn edit_lookup(&mut self, value: &Node) -> Option<Step> {
        let name = text(value, "name")?;
        let (set, map) = self.lookup(value)?;
        if map.is_empty() && set.is_empty() {
            let help = "add one of map, map_file, default, allow_failures, set";
            self.report.error(value.span, "`edit_lookup` changes nothing").help(help);
            return None;
        }
        Some(Step::EditLookup { edit: LookupEdit::Edit { name, set, map } })
    }

    pub(super) fn remove_lookup(value: &Node) -> Option<Step> {
        Some(Step::EditLookup { edit: LookupEdit::Remove { name: text(value, "name")? } })
    }

    /// The keys of a lookup beside its name, and its map.
    fn lookup(&mut self, value: &Node) -> Option<(Map<String, Value>, Map<String, Value>)> {
        let mut set = Map::new();
        for (ours, theirs) in [("default", "default"), ("allow_failures", "allowFailures")] {
            if let Some(node) = value.get(ours) {
                set.insert(theirs.to_owned(), node.json());
            }
        }
        for entry in value.get("set").map(Node::entries).unwrap_or_default() {
            entry.read.set(true);
            let own = match entry.key.as_str() {
                "name" => Some("a lookup keeps its name: rows refer to it by that"),
                "map" => Some("`map` stands beside `set`"),
                "default" => Some("`default` stands beside `set`"),
                "allowFailures" => Some("`allow_failures` stands beside `set`"),
                _ => None,
            };
            if let Some(help) = own {
                let message = format!("`{}` does not stand in `set`", entry.key);
                self.report.error(entry.at, message).help(help);
                return None;
            }
            set.insert(entry.key.clone(), entry.node.json());
        }
        let mut map = Map::new();
        let mut places: HashMap<String, Span> = HashMap::new();
        for entry in value.get("map").map(Node::entries).unwrap_or_default() {
            entry.read.set(true);
            places.insert(entry.key.clone(), entry.at);
            map.insert(entry.key.clone(), entry.node.json());
        }
        if let Some(file) = value.get("map_file").filter(|f| f.text().is_some_and(|t| !t.trim().is_empty())) {
            for (from, to) in self.sheet(file, pairs)? {
                if let Some(at) = places.get(&from) {
                    let message = format!("`{from}` stands in `map`, and in `map_file` too");
                    self.report.error(*at, message).help("keep one of the two");
                    return None;
                }
                map.insert(from, Value::from(to));
            }
        }
        Some((set, map))
    }
}

/// `from,to`.
fn pairs(sheet: &Sheet, report: &mut Report) -> Vec<(String, String)> {
    let Some([from_at, to_at]) = columns(sheet, ["from", "to"], report) else { return Vec::new() };
    if sheet.rows.is_empty() {
        report.error(None, "the file maps no value").help("add a row for each value: `Germany,DE`");
    }
    let mut seen: HashMap<&str, (u64, Span)> = HashMap::new();
    let mut pairs = Vec::new();
    for row in &sheet.rows {
        let (from, to) = (&row.cells[from_at], &row.cells[to_at]);
        if let Some((line, first)) = seen.get(from.text.as_str()) {
            let message = format!("`{}` is mapped in line {line} and again in line {}", from.text, row.line);
            report.error(from.span, message).related(*first, "first here").help("keep one of the two rows");
            continue;
        }
        seen.insert(&from.text, (row.line, from.span));
        pairs.push((from.text.clone(), to.text.clone()));
    }
    pairs
}
