//! Values whose texts may be templates, and what a text that is one expression becomes.
//!
//! `{{ row.attempts }}` alone keeps the type of the field it replaces, where the text can be read as such; with `| int`,
//! `| float`, `| bool` or `| json` at its end it has that type; a blank cell leaves the field as it is. In a larger
//! expression such a filter is about its operand, and the result keeps its own type: `{{ row.a | int + row.b | int }}` is
//! a number.

use serde_json::Value;

use super::words::{Word, has_operator, whole_expression, words};
use super::{Template, TemplateError, Templates, is_template};
use crate::facts::Facts;
use crate::place::push_key;
use crate::problem::Problem;
use crate::shortened::shortened;
use crate::verbatim::{self, number};

/// A value whose texts may be templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// As it stands.
    Literal(Value),
    /// A text to fill in.
    Text(Template),
    /// A text that is one expression.
    Whole(Whole),
    /// A list with something to fill in.
    List(Vec<Fill>),
    /// An object with something to fill in.
    Object(Vec<(String, Fill)>),
}

/// A text that is one expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Gives the value as JSON.
    template: Template,
    /// The same value as a text of the template.
    text: Template,
    /// The type it is to have.
    cast: Option<Cast>,
    /// What it is about.
    root: Root,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cast {
    Int,
    Float,
    Bool,
    Json,
    /// The type that the expression has by itself.
    Own,
}

#[derive(Debug, Clone, PartialEq)]
enum Root {
    /// A cell of the manifest: a blank one is absent.
    Row,
    /// A value of the document, by its pointer: it keeps its digits.
    Document(String),
    Other,
}

/// What a blank cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blank {
    /// The field is left as it is.
    #[default]
    Leave,
    /// An empty text.
    Set,
}

impl Templates {
    /// Compiles the texts of a value that are templates, by the rule at the top of the module `template`.
    ///
    /// # Errors
    ///
    /// As [`Self::compile`], with the way to the text inside the value.
    pub fn compile_value(&mut self, value: &Value) -> Result<Fill, Problem> {
        let fill = match value {
            Value::String(text) if is_template(text) => self.compile_text(text)?,
            Value::Array(entries) => {
                let fill = |(index, entry): (usize, &Value)| {
                    self.compile_value(entry).map_err(|problem| problem.under(index.to_string()))
                };
                Fill::List(entries.iter().enumerate().map(fill).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let fill = |(key, member): (&String, &Value)| {
                    let fill = self.compile_value(member);
                    fill.map(|fill| (key.clone(), fill)).map_err(|problem| problem.under(key))
                };
                Fill::Object(members.iter().map(fill).collect::<Result<_, _>>()?)
            }
            other => return Ok(Fill::Literal(other.clone())),
        };
        let plain = match &fill {
            Fill::List(fills) => fills.iter().all(|fill| matches!(fill, Fill::Literal(_))),
            Fill::Object(fills) => fills.iter().all(|(_, fill)| matches!(fill, Fill::Literal(_))),
            _ => false,
        };
        Ok(if plain { Fill::Literal(value.clone()) } else { fill })
    }

    fn compile_text(&mut self, text: &str) -> Result<Fill, Problem> {
        let whole = self.compile(text)?;
        let Some(range) = whole_expression(text) else { return Ok(Fill::Text(whole)) };
        let words = words(text);
        let cast = words
            .last()
            .filter(|(word, last)| *word == Word::Filter && text[last.end..range.end].trim().is_empty());
        let (cast, end) = match cast.map(|(_, last)| (&text[last.clone()], last.start)) {
            Some(("int", at)) => (Some(Cast::Int), at),
            Some(("float", at)) => (Some(Cast::Float), at),
            Some(("bool", at)) => (Some(Cast::Bool), at),
            Some(("json", at)) => (Some(Cast::Json), at),
            _ => (None, range.end),
        };
        let before = text[range.start..end].trim().trim_end_matches('|').trim();
        let (cast, inner) = match cast {
            Some(_) if has_operator(before) => (Some(Cast::Own), text[range].trim()),
            cast => (cast, before),
        };
        let root = match words.first().map(|(_, first)| &text[first.clone()]) {
            Some("row") => Root::Row,
            Some("doc") => pointer(inner).map_or(Root::Other, Root::Document),
            _ => Root::Other,
        };
        let template = self.compile(&format!("{{{{ ({inner}) | {} }}}}", super::AS_JSON))?;
        let text = if cast.is_some() { self.compile(&format!("{{{{ {inner} }}}}"))? } else { whole };
        Ok(Fill::Whole(Whole { template, text, cast, root }))
    }

    /// Fills a value in. `there` is what it is to replace. `None`: it is a blank cell, and nothing is to be replaced; in
    /// an object such a key is left out.
    ///
    /// # Errors
    ///
    /// A value is not known for this import, is not of the type it is to have, or a filter failed.
    pub fn fill(
        &self,
        fill: &Fill,
        document: &Value,
        facts: &Facts,
        there: Option<&Value>,
        blank: Blank,
    ) -> Result<Option<Value>, TemplateError> {
        let inner = |fill, there| self.fill(fill, document, facts, there, blank);
        Ok(Some(match fill {
            Fill::Literal(value) => value.clone(),
            Fill::Text(template) => Value::String(self.render(template, document, facts)?),
            Fill::Whole(whole) => return self.whole(whole, document, facts, there, blank),
            Fill::List(fills) => {
                let entry = |(index, fill)| {
                    let there = there.and_then(|there| there.get(index));
                    inner(fill, there).map(|value| value.unwrap_or_else(|| Value::String(String::new())))
                };
                Value::Array(fills.iter().enumerate().map(entry).collect::<Result<_, _>>()?)
            }
            Fill::Object(fills) => {
                let mut members = serde_json::Map::new();
                for (key, fill) in fills {
                    if let Some(value) = inner(fill, there.and_then(|there| there.get(key)))? {
                        members.insert(key.clone(), value);
                    }
                }
                Value::Object(members)
            }
        }))
    }

    fn whole(
        &self,
        whole: &Whole,
        document: &Value,
        facts: &Facts,
        there: Option<&Value>,
        blank: Blank,
    ) -> Result<Option<Value>, TemplateError> {
        if let (Root::Document(pointer), None) = (&whole.root, whole.cast)
            && let Some(value) = document.pointer(pointer)
        {
            let text = matches!(there, Some(Value::String(_)));
            return Ok(Some(match value {
                Value::Number(_) | Value::Bool(_) if text => Value::String(value.to_string()),
                Value::String(text) => of_type(text, there),
                other => other.clone(),
            }));
        }
        let json = self.render(&whole.template, document, facts)?;
        let value: Value = serde_json::from_str(&json)
            .map_err(|error| TemplateError::new(format!("the value cannot be held: {error}")))?;
        if let Value::String(text) = &value
            && text.trim().is_empty()
            && (whole.root == Root::Row || whole.cast.is_some())
        {
            return Ok((blank == Blank::Set && whole.cast.is_none()).then_some(value));
        }
        if let Some(cast) = whole.cast {
            return cast.read(&value).map(Some);
        }
        Ok(Some(match &value {
            Value::String(text) => of_type(text, there),
            Value::Number(_) | Value::Bool(_) => {
                let text = self.render(&whole.text, document, facts)?;
                of_type(&text, there)
            }
            _ => value,
        }))
    }
}

impl Fill {
    /// Says where it made a text of what was of another type: what it was filled in with cannot be read as that.
    pub fn other_types(&self, there: Option<&Value>, made: &Value, at: &str, said: &mut Vec<String>) {
        match (self, there) {
            (Self::Text(_) | Self::Whole(_), Some(there)) => {
                let was = match there {
                    Value::Number(_) => "a number",
                    Value::Bool(_) => "true or false",
                    Value::Array(_) => "a list",
                    Value::Object(_) => "an object",
                    Value::Null | Value::String(_) => return,
                };
                if let Value::String(text) = made {
                    said.push(format!(
                        "{at}: was {was} and becomes the text `{}`, which cannot be read as {was}",
                        shortened(text, 60)
                    ));
                }
            }
            (Self::List(fills), Some(there)) => {
                for (index, (fill, made)) in
                    fills.iter().zip(made.as_array().into_iter().flatten()).enumerate()
                {
                    fill.other_types(there.get(index), made, &format!("{at}/{index}"), said);
                }
            }
            (Self::Object(fills), Some(there)) => {
                for (key, fill) in fills {
                    let mut inside = at.to_owned();
                    push_key(&mut inside, key);
                    if let Some(made) = made.get(key) {
                        fill.other_types(there.get(key), made, &inside, said);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether anything in it needs the names of the connection or integration.
    pub fn uses_names(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Text(template) => template.uses_names,
            Self::Whole(whole) => whole.template.uses_names,
            Self::List(fills) => fills.iter().any(Self::uses_names),
            Self::Object(fills) => fills.iter().any(|(_, fill)| fill.uses_names()),
        }
    }
}

/// The pointer of `doc.a.b[0]` and `doc["a b"]`; nothing for any other expression: `doc.a[name]` is a key that the name
/// says.
fn pointer(expression: &str) -> Option<String> {
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

/// A text as the type of the value it replaces, where it can be read as such.
fn of_type(text: &str, there: Option<&Value>) -> Value {
    match there {
        Some(Value::Number(_)) => number(text.trim()).map(Value::Number),
        // Spreadsheets write `TRUE`.
        Some(Value::Bool(_)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(Value::Array(_)) => verbatim::from_slice(text.as_bytes()).ok().filter(Value::is_array),
        Some(Value::Object(_)) => verbatim::from_slice(text.as_bytes()).ok().filter(Value::is_object),
        _ => None,
    }
    .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A text as true or false.
pub(super) fn truth(text: &str) -> Result<bool, TemplateError> {
    let value = Cast::Bool.read(&Value::from(text))?;
    Ok(value == Value::Bool(true))
}

impl Cast {
    /// The value as that type.
    fn read(self, value: &Value) -> Result<Value, TemplateError> {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
        let (found, what) = match self {
            Self::Int => {
                let digits = text.strip_prefix('+').unwrap_or(&text);
                let unsigned = digits.strip_prefix('-').unwrap_or(digits);
                let plain = unsigned.trim_start_matches('0');
                let plain = if plain.is_empty() && !unsigned.is_empty() { "0" } else { plain };
                let whole = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
                let sign = if digits.starts_with('-') && plain != "0" { "-" } else { "" };
                (
                    whole.then(|| number(&format!("{sign}{plain}"))).flatten().map(Value::Number),
                    "a whole number",
                )
            }
            Self::Float => (number(&text).map(Value::Number), "a number"),
            Self::Bool => {
                let found = match text.to_lowercase().as_str() {
                    "true" | "yes" | "1" => Some(true),
                    "false" | "no" | "0" => Some(false),
                    _ => None,
                };
                (found.map(Value::Bool), "true or false")
            }
            Self::Json if value.is_string() => (verbatim::from_slice(text.as_bytes()).ok(), "JSON"),
            Self::Json | Self::Own => (Some(value.clone()), "JSON"),
        };
        found.ok_or_else(|| TemplateError::new(format!("`{}` is not {what}", shortened(&text, 60))))
    }
}
