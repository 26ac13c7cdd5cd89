//! The document as templates see it: its keys stay in order, and what is printed of it is spelled as it stands there.
//!
//! In an expression a number is one of the machine, so that it can be reckoned with; one that the machine cannot hold is only
//! good to be printed. `{{ doc.price }}`, where nothing is done to the number, is printed digit by digit.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value as Any};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Number, Value};

use super::words::{Word, words};
use super::{AS_JSON, Bounded, LONGEST, bounded_json};
use crate::place::push_key;
use crate::verbatim;

/// The filter that gives a number of the document its spelling; no template can spell it.
const SPELLED: &str = "transship_spelled";

/// The filters behind which a number is printed and not reckoned with.
const PRINTING: [&str; 4] = ["json", "tojson", "string", "pad"];

/// An object or a list of the document.
#[derive(Debug)]
struct Node {
    document: Arc<Value>,
    pointer: String,
}

/// A number that is only good to be printed.
#[derive(Debug)]
struct Spelled(Number);

/// The document as a value of templates.
pub(super) fn document(document: &Value) -> Any {
    any(&Arc::new(document.clone()), String::new())
}

fn any(document: &Arc<Value>, pointer: String) -> Any {
    match document.pointer(&pointer) {
        None => Any::UNDEFINED,
        Some(Value::Null) => Any::from(()),
        Some(Value::Bool(flag)) => Any::from(*flag),
        Some(Value::Number(number)) => of_number(number),
        Some(Value::String(text)) => Any::from(text.as_str()),
        Some(Value::Array(_) | Value::Object(_)) => {
            Any::from_object(Node { document: Arc::clone(document), pointer })
        }
    }
}

fn of_number(number: &Number) -> Any {
    if let Ok(integer) = number.as_str().parse::<i64>() {
        return Any::from(integer);
    }
    if let Ok(integer) = number.as_str().parse::<i128>() {
        return Any::from(integer);
    }
    let is_whole = !number.as_str().contains(['.', 'e', 'E']);
    match number.as_f64().filter(|float| float.is_finite() && !is_whole) {
        Some(float) => Any::from(float),
        None => Any::from_object(Spelled(number.clone())),
    }
}

impl Node {
    fn value(&self) -> &Value {
        self.document.pointer(&self.pointer).unwrap_or(&Value::Null)
    }
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.value().is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Any) -> Option<Any> {
        let mut pointer = self.pointer.clone();
        match (self.value(), key.as_str(), key.as_usize()) {
            (Value::Object(members), Some(key), _) if members.contains_key(key) => {
                push_key(&mut pointer, key)
            }
            (Value::Array(entries), None, Some(index)) if index < entries.len() => {
                push_key(&mut pointer, &index.to_string());
            }
            _ => return None,
        }
        Some(any(&self.document, pointer))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.value() {
            Value::Array(entries) => Enumerator::Seq(entries.len()),
            Value::Object(members) => {
                Enumerator::Values(members.keys().map(|key| Any::from(key.as_str())).collect())
            }
            _ => Enumerator::Empty,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&verbatim::to_text(self.value()))
    }
}

impl Object for Spelled {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Whether a value is a part of the document that writes itself.
pub(super) fn is_of_document(value: &Any) -> bool {
    value.downcast_object_ref::<Node>().is_some() || value.downcast_object_ref::<Spelled>().is_some()
}

/// What JSON writes for a value that is a part of the document.
fn json(value: &Any) -> Option<String> {
    is_of_document(value).then(|| value.to_string())
}

/// Refuses a value whose JSON would be too long, before it is made: what `tojson` makes is counted only afterwards.
fn is_short_enough(value: &Any, indent: usize) -> Result<(), Error> {
    let too_long = || Error::new(ErrorKind::InvalidOperation, "tojson makes a text that is too long");
    let blanks = (indent <= LONGEST).then(|| " ".repeat(indent)).ok_or_else(too_long)?;
    let pretty = PrettyFormatter::with_indent(blanks.as_bytes());
    let mut writer = Serializer::with_formatter(Bounded(Vec::new()), pretty);
    match value.serialize(&mut writer) {
        Err(error) if error.is_io() => Err(too_long()),
        // What is no JSON at all is told by the filter.
        _ => Ok(()),
    }
}

/// Adds the filters that know the spelling of the document.
pub(super) fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter(AS_JSON, |value: Any| {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let written = json(&value).map_or_else(|| bounded_json(&value), Ok);
        written.map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    environment.add_filter("tojson", |value: Any, indent: Option<Any>, more: Kwargs| match json(&value) {
        Some(text) if indent.is_none() && !more.has("indent") => Ok(Any::from(text)),
        _ => {
            let width = indent.clone().or(more.peek::<Option<Any>>("indent")?);
            is_short_enough(&value, width.as_ref().and_then(Any::as_usize).unwrap_or(2))?;
            minijinja::filters::tojson(&value, indent, more)
        }
    });
    environment.add_filter(SPELLED, |state: &State<'_, '_>, value: Any, pointer: &str| {
        let root = state.lookup("doc").filter(|_| value.is_number());
        let root = root.as_ref().and_then(|root| root.downcast_object_ref::<Node>());
        match root.filter(|root| root.pointer.is_empty()).and_then(|root| root.document.pointer(pointer)) {
            Some(Value::Number(number)) => Any::from_object(Spelled(number.clone())),
            _ => value,
        }
    });
}

/// The template in which each number of the document that is only printed is printed as it is spelled.
pub(super) fn with_spelling(source: &str) -> String {
    let mut made = String::with_capacity(source.len());
    let mut done = 0;
    for (_, at) in
        words(source).into_iter().filter(|(word, at)| *word == Word::Name && &source[at.clone()] == "doc")
    {
        let before = source[..at.start].trim_end().trim_end_matches(['-', '+']);
        let length = source[at.start..].find(|c: char| c == '|' || c == '}' || c.is_whitespace());
        let end = length.map_or(source.len(), |length| at.start + length);
        let expression = source[at.start..end].trim_end_matches(['-', '+']);
        let end = at.start + expression.len();
        if let Some(pointer) =
            pointer(expression).filter(|_| before.ends_with("{{") && is_printed(&source[end..]))
        {
            made.push_str(&source[done..end]);
            made.push_str(" | ");
            made.push_str(SPELLED);
            made.push('(');
            verbatim::write_text(&pointer, &mut made);
            made.push(')');
            done = end;
        }
    }
    made + &source[done..]
}

/// Whether an expression ends here, or goes on with a filter that prints.
fn is_printed(rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.trim_start_matches(['-', '+']).starts_with("}}") {
        return true;
    }
    let Some(filter) = rest.strip_prefix('|').map(str::trim_start) else { return false };
    let end = filter.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(filter.len());
    PRINTING.contains(&&filter[..end])
}

/// The pointer of `doc.a.b[0]` and `doc["a b"]`; nothing for any other expression: `doc.a[name]` is a key that the name
/// says.
pub(super) fn pointer(expression: &str) -> Option<String> {
    let mut rest = expression.strip_prefix("doc")?.trim_end();
    let mut pointer = String::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            (end > 0 && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(())?;
            push_key(&mut pointer, &name[..end]);
            rest = &name[end..];
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        if let Some(mark) = inside.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (key, behind) = inside[1..].split_once(mark)?;
            (!key.contains('\\')).then_some(())?;
            push_key(&mut pointer, key);
            rest = behind.strip_prefix(']')?;
        } else {
            let (digits, behind) = inside.split_once(']')?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let index: usize = plain.then(|| digits.parse().ok()).flatten()?;
            push_key(&mut pointer, &index.to_string());
            rest = behind;
        }
    }
    (!pointer.is_empty()).then_some(pointer)
}
