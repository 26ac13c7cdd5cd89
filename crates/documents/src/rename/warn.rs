//! What a rename cannot see or must not touch, said in one line each.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::answer;
use super::counts::{Counts, mention};
use super::edit::{SideRename, TextSyntax, below};
use super::matcher::{Rule, Rules};
use super::statement::mentions;
use super::unlisted;
use super::values::for_each_text;
use super::walk::{Sides, Walk, rules_would_touch};
use crate::envelope::Envelope;
use crate::field_rename::Side;
use crate::schema::{self, Holds, Record};

impl Walk<'_> {
    /// All warnings of the document: what the walk met, then what it could not look into.
    pub(super) fn warnings(mut self, document: &Value) -> (Sides<Counts>, Vec<String>) {
        let mut warnings = Vec::new();
        if let Some(side) = self.sides.response.as_mut() {
            answer::unknown_paths(side, document);
        }
        // A document without any of the names is not affected by this job; having a new name proves nothing.
        let touched = self.sides.each().any(|(_, side)| side.counts.changed.iter().any(|n| *n > 0));
        for (side, renames) in self.sides.each() {
            if touched {
                collisions(side.as_str(), renames, &mut warnings);
            }
            warnings.extend(renames.warnings.iter().cloned());
        }
        self.unlisted(document, &mut warnings);
        self.answer(document, &mut warnings);
        let scripts = scripts(document, &self.sides);
        if !scripts.is_empty() {
            warnings.push(format!(
                "scripts are not checked; they may use the renamed fields: {}",
                scripts.join(", ")
            ));
        }
        self.free(document, &mut warnings);
        let mut seen = HashSet::new();
        warnings.retain(|w| seen.insert(w.clone()));
        let Sides { source, target, response } = self.sides;
        let counts = |side: Option<SideRename<'_>>| side.map(|side| side.counts);
        (Sides { source: counts(source), target: counts(target), response: counts(response) }, warnings)
    }

    /// What stands outside the table.
    fn unlisted(&mut self, document: &Value, warnings: &mut Vec<String>) {
        let order: Vec<Side> = self.sides.each().map(|(side, _)| side).collect();
        let rules: Vec<&Rules> = self.sides.each().map(|(_, side)| side.rules).collect();
        let mut found: Vec<(Side, Vec<bool>)> = Vec::new();
        unlisted::warnings(document, &rules, &mut |at, counts, warning| {
            let mut mentioned = vec![false; rules[at].all.len()];
            mention(&mut mentioned, counts);
            found.push((order[at], mentioned));
            warnings.push(warning);
        });
        for (side, mentioned) in found {
            if let Some(side) = self.sides.of(side) {
                side.counts.mentioned.iter_mut().zip(mentioned).for_each(|(one, found)| *one |= found);
            }
        }
    }

    /// Renames of the record leave the transform of the answer alone.
    fn answer(&mut self, document: &Value, warnings: &mut Vec<String>) {
        for side in [Side::Source, Side::Target] {
            let Some(renames) = self.sides.of(side) else { continue };
            let rules = renames.rules;
            let mut names: Vec<String> = Vec::new();
            schema::walk(document, &mut |row, _, value| {
                let answer = matches!(
                    row.holds,
                    Holds::Names(_, Record::Answer)
                        | Holds::Mapping(_, Record::Answer)
                        | Holds::Lookups(Record::Answer)
                );
                if !answer {
                    return;
                }
                let mut note = |counts: &Counts| {
                    mention(&mut renames.counts.mentioned, counts);
                    for (rule, times) in rules.all.iter().zip(&counts.changed) {
                        let shown = Rule::shown(&rule.from);
                        if *times > 0 && !names.contains(&shown) {
                            names.push(shown);
                        }
                    }
                };
                rules_would_touch(rules, value, &mut note);
                if !matches!(row.holds, Holds::Names(..)) {
                    for_each_text(value, &mut String::new(), &mut |text, _| {
                        let syntax = TextSyntax::Extract2(Envelope::No);
                        if let Some(counts) = SideRename::would_touch(rules, text, syntax) {
                            note(&counts);
                        }
                    });
                }
            });
            if !names.is_empty() {
                warnings.push(format!(
                    "/responseTransform: names `{}` of the response and is left alone; to rename there, use `side: response`",
                    names.join("`, `")
                ));
            }
        }
    }

    /// Warns of old names in free-form parts, which are not changed.
    fn free(&self, document: &Value, warnings: &mut Vec<String>) {
        let rules: Vec<&Rules> = self.sides.each().map(|(_, side)| side.rules).collect();
        let words: Vec<&str> = rules.iter().flat_map(|rules| rules.words()).collect();
        for (at, value, words_of) in free(document) {
            let mut texts = Vec::new();
            collect(value, &rules, &mut texts);
            if words_of == WordsOf::People {
                texts.retain(|text| text.contains("{{"));
            }
            let mut found = words.clone();
            found.retain(|word| texts.iter().any(|text| mentions(text, word)));
            found.dedup();
            if !found.is_empty() {
                warnings
                    .push(format!("{at}: mentions `{}`; it is free-form and left alone", found.join("`, `")));
            }
        }
    }
}

fn collisions(side: &str, renames: &SideRename<'_>, warnings: &mut Vec<String>) {
    let rules = &renames.rules.all;
    let counts = &renames.counts;
    // Several fields may become one name: where that was there before, it was for each of them that is there.
    let mut new_names: HashMap<&[String], (bool, bool)> = HashMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let (taken, changed) = new_names.entry(&rule.to).or_default();
        *taken |= counts.taken[at];
        *changed |= counts.changed[at] > 0;
    }
    for (at, rule) in rules.iter().enumerate().filter(|(_, r)| r.from != r.to) {
        let (from, to) = (Rule::shown(&rule.from), Rule::shown(&rule.to));
        let (taken, changed) = new_names.get(rule.to.as_slice()).copied().unwrap_or_default();
        if taken && (counts.changed[at] > 0 || !changed) {
            let more = if counts.changed[at] > 0 { "; the two are now one name" } else { "" };
            warnings.push(format!("{side}: `{to}` was there before `{from}` was to become it{more}"));
        }
        if counts.changed[at] == 0 {
            continue;
        }
        if let Some(outer) = &counts.outer[at] {
            let why = if outer.is_list {
                "is a list there: a list has no field of its own"
            } else {
                "is there too: if that is a plain value, it cannot hold another"
            };
            let outer = Rule::shown(&outer.names);
            warnings.push(format!("{side}: `{from}` became `{to}`, and `{outer}` {why}"));
        }
        for (other, second) in rules.iter().enumerate().skip(at + 1) {
            if second.to == rule.to && counts.changed[other] > 0 {
                let second = Rule::shown(&second.from);
                warnings.push(format!("{side}: `{from}` and `{second}` both became `{to}`"));
            }
        }
    }
}

/// Scripts that see the record of a renamed side.
fn scripts(document: &Value, sides: &Sides<SideRename<'_>>) -> Vec<String> {
    let (source, target, answer) = (sides.source.is_some(), sides.target.is_some(), sides.response.is_some());
    let mut found = Vec::new();
    // What runs after mapping is handed the record before it as well; after submitting, the answer.
    let hooks = [
        ("preMap", source),
        ("postMap", source || target),
        ("postSubmit", source || target || answer),
        ("postAggregate", source || target),
    ];
    for block in ["/hooks", "/netsuite_da/hooks", "/netsuite/hooks"] {
        let Some(hooks_of_block) = document.pointer(block) else { continue };
        for (hook, sees) in hooks {
            let is_there = hooks_of_block.get(hook).is_some_and(|h| {
                ["function", "_scriptId", "_stackId", "fileInternalId"].iter().any(|key| h.get(key).is_some())
            });
            if is_there && sees {
                found.push(format!("{block}/{hook}"));
            }
        }
    }
    for (block, sees) in [("filter", source), ("responseTransform", answer)] {
        let is_there = document.get(block).is_some_and(|b| b.pointer("/script/_scriptId").is_some());
        if is_there && sees {
            found.push(format!("/{block}"));
        }
    }
    found
}

/// Who wrote the words in a free-form part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WordsOf {
    /// Those of the import.
    Import,
    /// Those of people or of a form as well, among which only a template speaks of a field.
    People,
}

/// Free-form and dead parts of a document, captured data left out.
fn free(document: &Value) -> Vec<(String, &Value, WordsOf)> {
    let mut found = Vec::new();
    schema::walk(document, &mut |row, at, value| {
        let holds = |wanted: fn(Holds) -> bool| {
            schema::FIELDS.iter().any(|other| other.at == row.at && wanted(other.holds))
        };
        let free = matches!(row.holds, Holds::FreeForm | Holds::Dead);
        if free && !holds(|holds| matches!(holds, Holds::Names(..))) {
            let words = if holds(|holds| holds == Holds::Words) { WordsOf::People } else { WordsOf::Import };
            found.push((at.to_owned(), value, words));
        }
    });
    let mut at = String::new();
    deep(document, &mut at, &mut found);
    found
}

/// Free-form parts at any depth.
fn deep<'v>(value: &'v Value, at: &mut String, found: &mut Vec<(String, &'v Value, WordsOf)>) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let free = schema::holds_anywhere(key).any(|holds| holds == Holds::FreeForm);
                below(at, key, |at| match () {
                    // The map of a lookup holds values.
                    () if free && key != "map" => found.push((at.clone(), inner, WordsOf::Import)),
                    () if schema::is_closed(key) => {}
                    () => deep(inner, at, found),
                });
            }
        }
        Value::Array(entries) => {
            for (index, inner) in entries.iter().enumerate() {
                below(at, &index.to_string(), |at| deep(inner, at, found));
            }
        }
        _ => {}
    }
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
