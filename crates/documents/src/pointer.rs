//! Edits by JSON pointer: set, remove, and RFC 6902 patches. The keys that are not named keep their order.
//!
//! Patches are read by json-patch and applied here: its own removal moves the last key of an object into the gap.

use json_patch::PatchOperation;
use serde_json::{Map, Value};

use crate::normal::{masks, same_number};
use crate::place::{position, push_key};
use crate::problem::Problem;
use crate::schema as service;

/// A JSON pointer, checked.
///
/// As JSON it is the text as written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

impl Pointer {
    /// Reads a pointer such as `/http/method/0`.
    ///
    /// # Errors
    ///
    /// It is empty (the whole document), does not start with `/`, or has a `~` that stands for nothing.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(Problem::new(if text.is_empty() {
                "an empty pointer is the whole document: name a field, as `/description`".to_owned()
            } else {
                format!("not a JSON pointer: write `/{}`", text.trim_start_matches('.').replace('.', "/"))
            }));
        };
        let steps = rest.split('/').map(unescape).collect::<Option<Vec<_>>>();
        match steps {
            Some(steps) => Ok(Self { text: text.to_owned(), steps }),
            None => Err(Problem::new("not a JSON pointer: `~` is written `~0` and `/` inside a key `~1`")),
        }
    }

    /// Reads a pointer to something that is sent: what the service manages is stripped, and a step on it would do
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`], and a pointer to a field that the service manages.
    pub fn writable(text: &str) -> Result<Self, Problem> {
        let pointer = Self::parse(text)?;
        match pointer.server_field() {
            Some(field) => {
                let problem = Problem::new(format!("`{field}` is managed by the service and never sent"));
                Err(problem.help("leave it out: the target sets its own"))
            }
            None => Ok(pointer),
        }
    }

    /// The keys and positions it is made of.
    pub fn steps(&self) -> &[String] {
        &self.steps
    }

    /// Whether it ends with a position in a list: adding or removing entries changes which entry that is.
    pub fn is_entry(&self) -> bool {
        self.steps.len() > 1 && self.steps.last().is_some_and(|last| position(last).is_some())
    }

    /// The pointer as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the managed field it leads to or into, if it does: what is written there is not sent.
    pub fn server_field(&self) -> Option<&str> {
        self.steps.first().map(String::as_str).filter(|first| service::is_server_field(first))
    }
}

impl TryFrom<String> for Pointer {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.text
    }
}

/// Why a value could not be put, or a patch not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PointerError(String);

fn unescape(step: &str) -> Option<String> {
    let mut text = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// Sets a value, replacing what is there. Objects on the way are made where missing or `null`; `-` as the last step
/// appends to a list that has no equal entry, and makes one where there is none.
///
/// # Errors
///
/// Something on the way is neither object nor list, or a list has no such entry. Digits where nothing is: they may be
/// the position in a list that is missing, or a key. The document may then hold objects
/// that were made on the way.
pub fn set(document: &mut Value, pointer: &Pointer, value: Value) -> Result<(), PointerError> {
    let mut current = document;
    let mut walked = String::new();
    for (index, step) in pointer.steps.iter().enumerate() {
        if current.is_null() {
            if position(step).is_some() {
                let walked = shown(&walked);
                return Err(PointerError(format!(
                    "there is nothing at {walked}, and `{step}` may be an entry of a list or a key: set {walked} as a whole"
                )));
            }
            *current = if step == "-" { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        }
        let last = index + 1 == pointer.steps.len();
        if let Value::Array(entries) = current
            && step == "-"
            && last
        {
            if !entries.contains(&value) {
                entries.push(value);
            }
            return Ok(());
        }
        let found = kind(current);
        let next = match current {
            Value::Object(members) => Some(members.entry(step).or_insert(Value::Null)),
            Value::Array(entries) => {
                let count = entries.len();
                let entry = position(step).and_then(|index| entries.get_mut(index));
                Some(entry.ok_or_else(|| {
                    PointerError(format!(
                        "{} is a list of {count}, it has no entry `{step}`: use `-` to append",
                        shown(&walked)
                    ))
                })?)
            }
            _ => None,
        };
        current = next
            .ok_or_else(|| PointerError(format!("{} is {found}, not an object or a list", shown(&walked))))?;
        push_key(&mut walked, step);
    }
    *current = value;
    Ok(())
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "the document" } else { pointer }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The operation that other programs give another name.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word {
        "set" | "update" | "change" | "edit" => "replace",
        "delete" | "unset" | "drop" => "remove",
        "insert" | "append" => "add",
        "rename" => "move",
        _ => return None,
    })
}

/// Reads one operation of a patch.
///
/// # Errors
///
/// It is not one of RFC 6902, or writes to a field the service manages.
pub fn operation(value: &Value) -> Result<PatchOperation, Problem> {
    const WORDS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if let Some(word) = text("op").filter(|word| !WORDS.contains(word)) {
        let near = WORDS.iter().copied().find(|known| strsim::damerau_levenshtein(known, word) == 1);
        let help = match meant(word).or(near) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", WORDS.join(", ")),
        };
        return Err(Problem::new(format!("`{word}` is not an operation of RFC 6902")).help(help).under("op"));
    }
    for key in ["path", "from"] {
        if let Some(path) = text(key).filter(|path| !path.is_empty() && !path.starts_with('/')) {
            let meant = path.trim_start_matches(['.', '$', '#']).replace(['.', '['], "/").replace(']', "");
            let problem = Problem::new(format!("`{path}` is not a JSON pointer like `/http/method/0`"));
            let help = format!("did you mean `/{}`?", meant.trim_start_matches('/'));
            return Err(problem.help(help).under(key));
        }
    }
    let needed: &[&str] = match text("op") {
        Some("add" | "replace" | "test") => &["path", "value"],
        Some("move" | "copy") => &["path", "from"],
        Some(_) => &["path"],
        None => &["op"],
    };
    if let Some(key) = needed.iter().find(|key| value.get(**key).is_none()) {
        let what = text("op").map_or_else(|| "a patch operation".to_owned(), |word| format!("`{word}`"));
        return Err(Problem::new(format!("{what} needs `{key}`")).help(format!("add `{key}: …`")));
    }
    let operation: PatchOperation = serde::Deserialize::deserialize(value)
        .map_err(|error| Problem::new(format!("not an operation of RFC 6902: {error}")))?;
    let written = match &operation {
        PatchOperation::Add(op) => Some(op.path.as_str()),
        PatchOperation::Replace(op) => Some(op.path.as_str()),
        PatchOperation::Move(op) => Some(op.path.as_str()),
        PatchOperation::Copy(op) => Some(op.path.as_str()),
        PatchOperation::Remove(op) => Some(op.path.as_str()),
        PatchOperation::Test(_) => None,
    };
    let taken = if let PatchOperation::Move(op) = &operation { Some(op.from.as_str()) } else { None };
    for path in written.into_iter().chain(taken) {
        let pointer = Pointer::parse(path)?;
        if let Some(field) = pointer.server_field() {
            return Err(Problem::new(format!("`{field}` is managed by the service and not sent")));
        }
    }
    Ok(operation)
}

/// Applies one operation of a patch.
///
/// # Errors
///
/// It could not be applied. The caller drops the document.
pub fn apply(document: &mut Value, operation: &PatchOperation) -> Result<(), PointerError> {
    match operation {
        PatchOperation::Add(op) => add(document, op.path.as_str(), op.value.clone()),
        PatchOperation::Remove(op) => take(document, op.path.as_str()).map(drop),
        PatchOperation::Replace(op) => {
            *find(document, op.path.as_str())? = op.value.clone();
            Ok(())
        }
        PatchOperation::Move(op) => {
            let (from, to) = (op.from.as_str(), op.path.as_str());
            if to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
                return Err(PointerError(format!("{from} cannot be moved into itself")));
            }
            let value = take(document, from)?;
            add(document, to, value)
        }
        PatchOperation::Copy(op) => {
            let value = find(document, op.from.as_str())?.clone();
            add(document, op.path.as_str(), value)
        }
        PatchOperation::Test(op) => {
            let found = find(document, op.path.as_str())?;
            if same(found, &op.value) {
                return Ok(());
            }
            // The value itself is not quoted: it can be a secret.
            let path = op.path.as_str();
            Err(PointerError(format!("{path} is {} that is not the one tested for", kind(found))))
        }
    }
}

/// Equal in the sense of RFC 6902: numbers by their value, however they are spelled.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn find<'a>(document: &'a mut Value, path: &str) -> Result<&'a mut Value, PointerError> {
    document.pointer_mut(path).ok_or_else(|| PointerError(format!("there is nothing at {path}")))
}

fn take(document: &mut Value, path: &str) -> Result<Value, PointerError> {
    masks::remove(document, path).ok_or_else(|| PointerError(format!("there is nothing at {path}")))
}

/// The `add` of RFC 6902: into an object under a key, new or not; into a list before an entry.
fn add(document: &mut Value, path: &str, value: Value) -> Result<(), PointerError> {
    let (parent, last) = path.rsplit_once('/').unwrap_or_default();
    match find(document, parent)? {
        Value::Object(members) => {
            members.insert(unescape(last).unwrap_or_default(), value);
            Ok(())
        }
        Value::Array(entries) => {
            let index = if last == "-" { Some(entries.len()) } else { position(last) };
            match index.filter(|index| *index <= entries.len()) {
                Some(index) => {
                    entries.insert(index, value);
                    Ok(())
                }
                None => {
                    let count = entries.len();
                    Err(PointerError(format!(
                        "{} is a list of {count}, it has no place `{last}`",
                        shown(parent)
                    )))
                }
            }
        }
        other => {
            let found = kind(other);
            Err(PointerError(format!("{} is {found}, not an object or a list", shown(parent))))
        }
    }
}

#[cfg(test)]
#[path = "pointer_tests.rs"]
mod tests;
