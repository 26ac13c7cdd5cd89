//! What a rename cannot see or must not touch, said in one line each.

use serde_json::Value;

use super::edit::short;
use super::matcher::{Rule, Rules};
use super::unlisted;
use super::walk::{ImportRef, Walk};

/// Names a statement holds outside its braces.
pub(super) fn words(party: &mut ImportRef<'_>, value: &Value, place: &str) {
    match value {
        Value::String(text) if party.rules.may_concern(text) => {
            let outside = outside_braces(text);
            for word in party.rules.words().filter(|w| mentions(&outside, w)) {
                let warning = format!(
                    "{place}: `{word}` also stands outside the braces of `{}`; that is left alone",
                    short(text)
                );
                party.notes.warnings.push(warning);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| words(party, one, place)),
        _ => {}
    }
}

fn outside_braces(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        out.push_str(&rest[..open]);
        out.push(' ');
        rest = rest[open..].find("}}").map_or("", |n| &rest[open + n + 2..]);
    }
    out.push_str(rest);
    out
}

/// Whether a text holds the word, not as a part of a longer one.
fn mentions(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part)
            && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}

impl Walk<'_> {
    /// All warnings of the document: what the walk met, then what it could not look into.
    pub(super) fn warnings(self, document: &Value) -> Vec<String> {
        let mut warnings = Vec::new();
        let (source, target) = (self.source.is_some(), self.target.is_some());
        let mut words: Vec<&str> = Vec::new();
        let rules: Vec<&Rules> =
            [&self.source, &self.target].into_iter().flatten().map(|p| p.rules).collect();
        // A document without any of the names is none of this job's; that it has a new one says nothing.
        let both = [&self.source, &self.target];
        let touched = both.into_iter().flatten().any(|p| p.notes.tally.changed.iter().any(|n| *n > 0));
        for (side, party) in [("source", self.source), ("target", self.target)] {
            let Some(party) = party else { continue };
            if touched {
                collisions(side, &party, &mut warnings);
            }
            words.extend(party.rules.words());
            warnings.extend(party.notes.warnings);
        }
        warnings.extend(unlisted::warnings(document, &rules));
        let scripts = scripts(document, source, target);
        if !scripts.is_empty() {
            warnings.push(format!(
                "scripts may mention the renamed fields and are not looked into: {}",
                scripts.join(", ")
            ));
        }
        for (place, value) in free(document) {
            let mut texts = Vec::new();
            collect(value, &rules, &mut texts);
            let mut found = words.clone();
            found.retain(|word| texts.iter().any(|text| mentions(text, word)));
            found.dedup();
            if !found.is_empty() {
                warnings.push(format!(
                    "{place}: mentions `{}`; it is free-form and left alone",
                    found.join("`, `")
                ));
            }
        }
        let mut seen = std::collections::HashSet::new();
        warnings.retain(|w| seen.insert(w.clone()));
        warnings
    }
}

fn collisions(side: &str, party: &ImportRef<'_>, warnings: &mut Vec<String>) {
    let rules = &party.rules.all;
    let tally = &party.notes.tally;
    for (at, rule) in rules.iter().enumerate().filter(|(_, r)| r.from != r.to) {
        let (from, to) = (Rule::shown(&rule.from), Rule::shown(&rule.to));
        if tally.taken[at] {
            let more = if tally.changed[at] > 0 { "; the two are now one name" } else { "" };
            warnings.push(format!("{side}: `{to}` was there before `{from}` was to become it{more}"));
        }
        if tally.changed[at] == 0 {
            continue;
        }
        for (other, second) in rules.iter().enumerate().skip(at + 1) {
            if second.to == rule.to && tally.changed[other] > 0 {
                let second = Rule::shown(&second.from);
                warnings.push(format!("{side}: `{from}` and `{second}` both became `{to}`"));
            }
        }
    }
}

/// Scripts that see the record of a renamed side.
fn scripts(document: &Value, source: bool, target: bool) -> Vec<String> {
    let mut found = Vec::new();
    let hooks = [("preMap", true), ("postMap", false), ("postSubmit", false), ("postAggregate", false)];
    let blocks = [
        ("hooks", "/hooks"),
        ("netsuite_da.hooks", "/netsuite_da/hooks"),
        ("netsuite.hooks", "/netsuite/hooks"),
    ];
    for (block, pointer) in blocks {
        let Some(found_here) = document.pointer(pointer) else { continue };
        for (hook, before) in hooks {
            let here = found_here.get(hook).is_some_and(|h| {
                ["function", "_scriptId", "_stackId", "fileInternalId"].iter().any(|key| h.get(key).is_some())
            });
            // What runs after mapping is handed the record before it as well.
            if here && (source || (target && !before)) {
                found.push(format!("{block}.{hook}"));
            }
        }
    }
    for block in ["filter", "responseTransform"] {
        let here = document.get(block).is_some_and(|b| b.pointer("/script/_scriptId").is_some());
        if here && source {
            found.push(block.to_owned());
        }
    }
    found
}

/// Free-form parts of a document.
fn free(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let places = [
        ("settings", "/settings"),
        ("settingsForm", "/settingsForm"),
        ("wrapper.configuration", "/wrapper/configuration"),
    ];
    for (place, pointer) in places {
        if let Some(value) = document.pointer(pointer) {
            found.push((place.to_owned(), value));
        }
    }
    for (block, pointer) in [("hooks", "/hooks"), ("netsuite_da.hooks", "/netsuite_da/hooks")] {
        let hooks = document.pointer(pointer).and_then(Value::as_object);
        for (hook, value) in hooks.into_iter().flatten() {
            if let Some(value) = value.get("configuration") {
                found.push((format!("{block}.{hook}.configuration"), value));
            }
        }
    }
    found
}

/// The texts and keys of a value that may mention a name.
fn collect<'v>(value: &'v Value, rules: &[&Rules], texts: &mut Vec<&'v str>) {
    let concerns = |text: &str| rules.iter().any(|r| r.may_concern(text));
    match value {
        Value::String(text) if concerns(text) => texts.push(text),
        Value::Array(list) => list.iter().for_each(|v| collect(v, rules, texts)),
        Value::Object(map) => {
            for (key, inner) in map {
                texts.extend(concerns(key).then_some(key.as_str()));
                collect(inner, rules, texts);
            }
        }
        _ => {}
    }
}
