//! Templates outside the table of places: the service may have learned a key this program does not know.
//!
//! They are never changed, for it is not known which record they see; a person is told.

use serde_json::Value;

use super::edit::short;
use super::matcher::{Rules, Tally};
use super::places::PLACES;
use super::scope::Around;
use super::template::{self, Doubts};

/// What no flow renders: text for people, captured data, form state, and what has warnings of its own.
const NEVER: &[&str] = &[
    "name",
    "description",
    "aiDescription",
    "sampleData",
    "sampleResponseData",
    "mockResponse",
    "mockOutput",
    "assistantMetadata",
    "settings",
    "settingsForm",
    "hooks",
];

/// Keys of a block that are looked into elsewhere, or hold no names of the record.
const NOT_IN_BLOCKS: &[&str] = &["mapping", "lookups", "hooks", "configuration", "response", "rawOverride"];

/// Warnings for every template outside the table that names a renamed field.
pub(super) fn warnings(document: &Value, rules: &[&Rules]) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        if NEVER.contains(&key.as_str()) {
            continue;
        }
        let rows = PLACES.iter().find(|(block, _)| block == key).map_or(&[][..], |(_, rows)| *rows);
        let mut listed = rows.iter().map(|row| row.0);
        if !listed.any(str::is_empty) {
            let mut walk = Walk { rules, rows: rows.iter().map(|row| row.0).collect(), found: &mut found };
            walk.value(value, key, "");
        }
    }
    found
}

struct Walk<'a> {
    rules: &'a [&'a Rules],
    /// The listed places of the block.
    rows: Vec<&'static str>,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// `place` is the whole way to the value, `inside` the way from the block on.
    fn value(&mut self, value: &Value, place: &str, inside: &str) {
        match value {
            Value::String(text) if text.contains("{{") => self.text(text, place),
            Value::Array(entries) => {
                for entry in entries {
                    self.value(entry, &format!("{place}[]"), &format!("{inside}[]"));
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    let dot = if inside.is_empty() { "" } else { "." };
                    let inner = format!("{inside}{dot}{key}");
                    if !NOT_IN_BLOCKS.contains(&key.as_str()) && !self.is_listed(&inner) {
                        self.value(member, &format!("{place}.{key}"), &inner);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the walk over the table goes to that place or through all of it.
    fn is_listed(&self, inside: &str) -> bool {
        self.rows.iter().any(|row| {
            let mut steps = inside.split('.');
            let fits = row.split('.').all(|step| steps.next().is_some_and(|own| step == "*" || step == own));
            fits && steps.next().is_none()
        })
    }

    fn text(&mut self, text: &str, place: &str) {
        let names = |rules: &&&Rules| {
            let mut tally = Tally::new(rules.all.len());
            let found =
                template::rewrite(rules, text, &Around::default(), &mut tally, &mut Doubts::default());
            found.is_some()
        };
        if self.rules.iter().filter(|rules| rules.may_concern(text)).any(|rules| names(&rules)) {
            self.found.push(format!(
                "{place}: the template `{}` names the field, but is not known to be one; it is left alone",
                short(text)
            ));
        }
    }
}
