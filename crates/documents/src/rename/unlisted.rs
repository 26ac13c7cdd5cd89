//! Finds texts outside the table that look like names of fields: the service may have added a key that this program
//! does not know.
//!
//! They are never changed, because it is unknown which record they refer to; they are reported instead.

use serde_json::Value;

use super::counts::Counts;
use super::edit::{SideRename, TextSyntax, below};
use super::matcher::Rules;
use super::unchanged::short;
use crate::schema::{self, Field, Holds, LOOKUP, Record};

/// Calls `found` with a warning for every template, rule or extract outside the table that names a renamed field.
pub(super) fn warnings(document: &Value, rules: &[&Rules], found: &mut dyn FnMut(usize, &Counts, String)) {
    let mut at = String::new();
    let mut walk = Walk { rules, found };
    for (key, value) in document.as_object().into_iter().flatten() {
        let rows = schema::rows_of(key);
        if rows.iter().any(|row| row.at == key) {
            continue;
        }
        below(&mut at, key, |at| walk.member(key, value, at, "", rows));
    }
    schema::walk(document, &mut |row, at, value| {
        let of = match row.holds {
            Holds::Mapping(_, record) if record != Record::Answer => Of::Row,
            Holds::Lookups(record) if record != Record::Answer => Of::Lookup,
            _ => return,
        };
        walk.beside(value, &mut at.to_owned(), of);
    });
}

/// What the walked keys belong to.
#[derive(Clone, Copy)]
enum Of {
    Row,
    Lookup,
}

impl Of {
    /// Whether a key is looked into for names elsewhere, or holds text for people.
    fn knows(self, key: &str) -> bool {
        match self {
            Self::Row => ["extract", "generate", "jsonPath", "_id", "description"].contains(&key),
            Self::Lookup => {
                ["name", "description"].contains(&key) || LOOKUP.iter().any(|(known, _)| *known == key)
            }
        }
    }

    /// Whether the parts of a row under a key are none that the mapping is known to have: their extracts are looked at by
    /// nobody else.
    fn holds_other_parts(self, key: &str, member: &Value) -> bool {
        const PARTS: [&str; 8] = [
            "mapping",
            "mappings",
            "buildArrayHelper",
            "fields",
            "lists",
            "subRecordMapping",
            "conditional",
            "lookups",
        ];
        matches!(self, Self::Row) && (member.is_array() || member.is_object()) && !PARTS.contains(&key)
    }
}

struct Walk<'a, 'f> {
    /// The renames of each side.
    rules: &'a [&'a Rules],
    found: &'f mut dyn FnMut(usize, &Counts, String),
}

impl Walk<'_, '_> {
    /// Templates under other keys of rows and lookups: in a default, in a fixed value.
    fn beside(&mut self, value: &Value, at: &mut String, of: Of) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.key(key, at);
                    let of = if key == "lookups" { Of::Lookup } else { of };
                    if of.knows(key) || schema::is_closed(key) {
                        continue;
                    }
                    if of.holds_other_parts(key, member) {
                        below(at, key, |at| self.value(member, at, "", &[]));
                        continue;
                    }
                    below(at, key, |at| self.beside(member, at, of));
                }
            }
            Value::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    below(at, &index.to_string(), |at| self.beside(entry, at, of));
                }
            }
            Value::String(text) if text.contains("{{") => {
                self.text(text, TextSyntax::Template, "the template", at);
            }
            _ => {}
        }
    }

    /// `inside` is the way from the block on.
    fn value(&mut self, value: &Value, at: &mut String, inside: &str, rows: &[&Field]) {
        match value {
            Value::String(text) if text.contains("{{") => {
                self.text(text, TextSyntax::Template, "the template", at);
            }
            Value::Array(entries) => {
                if let [Value::String(operator), Value::String(path)] = entries.as_slice()
                    && operator == "extract"
                {
                    return below(at, "1", |at| self.text(path, TextSyntax::Path, "the rule", at));
                }
                for (index, entry) in entries.iter().enumerate() {
                    let inside = format!("{inside}[]");
                    below(at, &index.to_string(), |at| self.value(entry, at, &inside, rows));
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.key(key, at);
                    let dot = if inside.is_empty() { "" } else { "." };
                    let inner = format!("{inside}{dot}{key}");
                    let free = schema::holds_anywhere(key).any(|holds| holds == Holds::FreeForm);
                    if !free && !is_listed(rows, &inner) {
                        below(at, key, |at| self.member(key, member, at, &inner, rows));
                    }
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, key: &str, member: &Value, at: &mut String, inside: &str, rows: &[&Field]) {
        match member {
            Value::String(path) if key.ends_with("xtract") && !path.contains("{{") => {
                self.text(path, syntax_of(path), "the extract", at);
            }
            // A path from the root, whatever it is called; and what is called a field.
            Value::String(path) if path.starts_with("$.") || path.starts_with("$[") => {
                self.text(path, syntax_of(path), "the path", at);
            }
            Value::String(name) if is_of_fields(key) && !name.contains("{{") => {
                self.text(name, TextSyntax::Path, "the name", at);
            }
            Value::Array(entries) if is_of_fields(key) => {
                for (index, entry) in entries.iter().enumerate() {
                    let inside = format!("{inside}[]");
                    below(at, &index.to_string(), |at| self.member(key, entry, at, &inside, rows));
                }
            }
            _ => self.value(member, at, inside, rows),
        }
    }

    /// A template in a key; `at` is the place of the object.
    fn key(&mut self, key: &str, at: &str) {
        if key.contains("{{") {
            self.text(key, TextSyntax::Template, "the template in a key", at);
        }
    }

    fn text(&mut self, text: &str, syntax: TextSyntax, what: &str, at: &str) {
        for (side, rules) in self.rules.iter().enumerate() {
            if let Some(counts) = SideRename::would_touch(rules, text, syntax) {
                let warning = format!(
                    "{at}: {what} `{}` names the field, but is not known to be one; it is left alone",
                    short(text)
                );
                (self.found)(side, &counts, warning);
            }
        }
    }
}

fn syntax_of(path: &str) -> TextSyntax {
    if path.starts_with('$') {
        TextSyntax::Extract2(crate::envelope::Envelope::No)
    } else {
        TextSyntax::Extract
    }
}

/// Whether the value of a key is called a field, or fields: `groupByFields`, `field`, `keyColumns`, `sortBy`.
fn is_of_fields(key: &str) -> bool {
    ["ield", "ields", "olumn", "olumns", "By"].iter().any(|end| key.ends_with(end))
}

/// Whether the walk over the table goes to that place, or knows that there are no names at or below it.
fn is_listed(rows: &[&Field], inside: &str) -> bool {
    rows.iter().any(|row| {
        let known = matches!(
            row.holds,
            Holds::Names(..)
                | Holds::Mapping(..)
                | Holds::Lookups(_)
                | Holds::Words
                | Holds::Dead
                | Holds::FreeForm
                | Holds::Captured
        );
        let mut steps = inside.split('.');
        let mut wanted = schema::below_block(row.at).split('.');
        let fits = wanted.all(|step| {
            steps.next().is_some_and(|own| step == "*" || step == own || step.strip_suffix("[]") == Some(own))
        });
        known && fits && steps.next().is_none()
    })
}
