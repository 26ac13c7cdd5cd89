//! Checks YAML files that are not jobs against their own JSON Schema, such as a faults file of the emulator.
//!
//! It follows the part of JSON Schema that such a schema uses: `type`, `properties`, `required`, `items`, `oneOf`, `const`,
//! `minimum`, `maximum`, the format `json-pointer`, and `#/$defs/time`.

use serde_json::Value;

use super::check::Subject;
use super::env::nearest;
use super::forms::Format;
use super::problem::{Problems, Report};
use super::remedy::{Written, as_pointer, remedy, shorten};
use super::spec::Type;
use super::tree::{Data, Entry, Node};
use super::yaml;
use crate::documents::Problem;

/// Reads the YAML or JSON `text` of a file that people know as `name`, as plain values.
///
/// # Errors
///
/// Every problem of its YAML with its line; the rules are those of [`read_by_schema`].
pub fn yaml_value(name: &str, text: &str) -> Result<Value, Problems> {
    read_by_schema(name, text, &Value::Null, Ok)
}

/// Reads the YAML or JSON `text` of a file that people know as `name`, and hands what fits `schema` to `take`.
///
/// The rules are those of job files: no anchors, aliases or tags, one document, no duplicate keys.
///
/// # Errors
///
/// Every problem with its line, those that `take` finds included.
pub fn read_by_schema<T>(
    name: &str,
    text: &str,
    schema: &Value,
    take: impl FnOnce(Value) -> Result<T, Vec<Problem>>,
) -> Result<T, Problems> {
    let mut report = Report::new(name, text);
    let help = "leave the option out, or write at least one key";
    let Some(root) = yaml::parse_or(text, help, &mut report) else { return Err(report.finish()) };
    let mut check = Check { report };
    check.value(&root, schema, Subject::Key("the file"));
    let mut report = check.report;
    if report.errors() > 0 {
        return Err(report.finish());
    }
    take(root.json()).map_err(|problems| {
        for problem in problems {
            report.error(root.follow(&problem.path).span, problem.message).maybe_help(problem.help);
        }
        report.finish()
    })
}

struct Check {
    report: Report,
}

impl Check {
    /// Reports what of a value does not fit; `subject` says whose it is.
    fn value(&mut self, node: &Node, holds: &Value, subject: Subject<'_>) {
        let text = |key: &str| holds[key].as_str();
        match (&node.data, text("type")) {
            (Data::Broken, _) => {}
            (Data::Null, Some(_)) => {
                let help = format!("give it {}, or leave the key out", describe(holds));
                self.report.error(node.span, format!("{subject} has no value")).help(help);
            }
            _ if holds.get("oneOf").is_some() => self.choice(node, &holds["oneOf"], subject),
            _ if text("$ref") == Some("#/$defs/time") => {
                let fits = node.text().is_some_and(|text| text.parse::<jiff::SignedDuration>().is_ok());
                if !fits {
                    self.misfit(
                        node,
                        "a time like `500ms`, `3s` or `2m`",
                        &Type::Text(Format::Duration),
                        subject,
                    );
                }
            }
            (Data::Table(entries), Some("object")) => self.table(node, entries, holds, subject),
            (Data::List(items), Some("array")) => {
                items
                    .iter()
                    .for_each(|item| self.value(item, &holds["items"], Subject::Item(subject.name())));
            }
            (_, None) => {}
            (_, Some(kind)) => self.scalar(node, kind, holds, subject),
        }
    }

    fn scalar(&mut self, node: &Node, kind: &str, holds: &Value, subject: Subject<'_>) {
        let least = holds["minimum"].as_f64().unwrap_or(f64::MIN);
        let most = holds["maximum"].as_f64().unwrap_or(f64::MAX);
        let is_within = |number: f64| (least..=most).contains(&number);
        let pointer = holds["format"].as_str() == Some("json-pointer");
        let (fits, like) = match kind {
            "string" if pointer => {
                (node.text().is_some_and(|text| text.starts_with('/')), Type::Text(Format::Pointer))
            }
            "string" => (node.text().is_some(), Type::Text(Format::Free)),
            "boolean" => (node.flag().is_some(), Type::Bool),
            #[expect(clippy::cast_possible_truncation, reason = "bounds of a schema are small")]
            "integer" => {
                let fits = node.whole().and_then(|_| node.number()).is_some_and(is_within);
                (fits, Type::Integer(least as i64, most as i64))
            }
            "number" => (node.number().is_some_and(is_within), Type::Number(least - f64::EPSILON, most)),
            "array" => (false, Type::List(&Type::Any)),
            _ => (false, Type::Any),
        };
        if !fits {
            self.misfit(node, &describe(holds), &like, subject);
        }
    }

    fn misfit(&mut self, node: &Node, what: &str, like: &Type, subject: Subject<'_>) {
        let found = match node.written() {
            Some(written) => format!("not `{}`", shorten(written)),
            None => format!("but this is {}", node.kind()),
        };
        let place = Written { name: subject.name(), is_block: false, source: self.report.text_of(node.span) };
        let help = match (like, node.text()) {
            (Type::Text(Format::Pointer), Some(text)) => Some(as_pointer(text)),
            _ => remedy(node, like, &place),
        };
        self.report.error(node.span, format!("{subject} must be {what}, {found}")).maybe_help(help);
    }

    fn table(&mut self, node: &Node, entries: &[Entry], holds: &Value, subject: Subject<'_>) {
        let name = subject.name();
        let Some(known) = holds["properties"].as_object() else { return };
        let of = if name == "the file" { String::new() } else { format!(" in `{name}`") };
        for entry in entries {
            match known.get(&entry.key) {
                Some(inner) => self.value(&entry.node, inner, Subject::Key(&entry.key)),
                None => {
                    let help = meant(&entry.key, known.keys().map(String::as_str), "the keys here are");
                    self.report.error(entry.at, format!("unknown key `{}`{of}", entry.key)).help(help);
                }
            }
        }
        let unknown = || entries.iter().filter(|entry| !known.contains_key(&entry.key));
        for key in holds["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let is_meant = unknown().any(|entry| nearest(&entry.key, std::iter::once(key)).is_some());
            if !node.has(key) && !is_meant {
                let doc = known[key]["description"].as_str().map(super::check::lower);
                let help = format!("add `{key}: …`{}", doc.map(|doc| format!(": {doc}")).unwrap_or_default());
                self.report.error(node.span, format!("{subject} needs `{key}`")).help(help);
            }
        }
    }

    /// One of some words, or a mapping of one key, which says which mapping it holds.
    fn choice(&mut self, node: &Node, choices: &Value, subject: Subject<'_>) {
        let name = subject.name();
        let choices = || choices.as_array().into_iter().flatten();
        let words: Vec<&str> = choices().filter_map(|one| one["const"].as_str()).collect();
        let keyed = |key: &str| choices().find_map(|one| one["properties"].get(key));
        let keys: Vec<&str> = choices()
            .filter_map(|one| one["properties"].as_object())
            .flat_map(|of| of.keys().map(String::as_str))
            .collect();
        let all = || words.iter().chain(&keys).copied();
        let told = match (node.written(), node.entries()) {
            (Some(word), _) if words.contains(&word) => return,
            (Some(word), _) if keys.contains(&word) => {
                let inner = keyed(word).and_then(|inner| inner["properties"].as_object());
                let inner = inner.and_then(|inner| inner.keys().next()).map_or("…", String::as_str);
                let help = format!("write `{name}: {{ {word}: {{ {inner}: … }} }}`");
                (node.span, format!("`{word}` needs keys of its own"), help)
            }
            (Some(word), _) => {
                let message = format!("`{name}` cannot be `{}`", shorten(word));
                (node.span, message, meant(word, all(), "it is one of"))
            }
            (None, [entry]) if words.contains(&entry.key.as_str()) => {
                let message = format!("`{}` has no keys of its own", entry.key);
                (entry.at, message, format!("write `{name}: {}`", entry.key))
            }
            (None, [entry]) => match keyed(&entry.key) {
                Some(inner) => return self.value(&entry.node, inner, Subject::Key(&entry.key)),
                None => {
                    let message = format!("unknown key `{}` in `{name}`", entry.key);
                    (entry.at, message, meant(&entry.key, all(), "it is one of"))
                }
            },
            (None, [first, second, ..]) => {
                let message = format!("`{name}` holds both `{}` and `{}`", first.key, second.key);
                (
                    second.at,
                    message,
                    format!("one `{name}` holds one of them: begin the second with a `-` of its own"),
                )
            }
            (None, []) => {
                let known: Vec<&str> = all().collect();
                let message = format!("`{name}` must be one word or key, but this is {}", node.kind());
                (node.span, message, format!("it is one of {}", known.join(", ")))
            }
        };
        let (span, message, help) = told;
        self.report.error(span, message).help(help);
    }
}

/// The word that was most likely meant; otherwise all there are.
fn meant<'w>(word: &str, known: impl Iterator<Item = &'w str> + Clone, all: &str) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{all} {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// What a schema asks for, with its article.
fn describe(holds: &Value) -> String {
    let bound = |key: &str| holds[key].as_f64();
    let bounds = match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        _ => String::new(),
    };
    match holds["type"].as_str() {
        Some("string") if holds["format"] == "json-pointer" => {
            "a JSON pointer like `/description`".to_owned()
        }
        Some("string") => "a text".to_owned(),
        Some("integer") => format!("a whole number{bounds}"),
        Some("number") => format!("a number{bounds}"),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("object") => "a mapping of keys and values".to_owned(),
        _ => "a value".to_owned(),
    }
}
