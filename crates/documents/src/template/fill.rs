//! Values whose texts may be templates, and what a text that is one expression becomes.
//!
//! `{{ row.attempts }}` alone keeps the type of the field it replaces, where the text can be read as such; with `| int`,
//! `| float`, `| bool` or `| json` at its end it has that type; a blank cell leaves the field as it is. In a larger
//! expression such a filter is about its operand, and the result keeps its own type: `{{ row.a | int + row.b | int }}` is
//! a number.

use serde_json::{Number, Value};

use super::spelled::pointer;
use super::whose::has_marks;
use super::words::{Word, has_operator, whole_expression, words};
use super::{Template, TemplateError, Templates, is_template};
use crate::facts::Facts;
use crate::place::push_key;
use crate::problem::{Problems, under};
use crate::shortened::shortened;
use crate::spelling::Written;
use crate::verbatim::{self, number};

/// A value whose texts may be templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// As it stands.
    Literal(Value),
    /// A number of the job that may have been meant as a text.
    Written(Written),
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
    /// A cell of the manifest, or of the CSV of accounts: a blank one is absent.
    Cell,
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

/// What templates are filled in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filling<'a> {
    /// The import as it is now.
    pub(crate) document: &'a Value,
    /// What else is known of it.
    pub(crate) facts: &'a Facts,
    /// What a blank cell means.
    pub(crate) blank: Blank,
}

impl Templates {
    /// Compiles the texts of a value that are templates, by the rule at the top of the module `template`.
    ///
    /// # Errors
    ///
    /// As [`Self::compile`], with the way to the text inside the value.
    pub fn compile_value(&mut self, value: &Value) -> Result<Fill, Problems> {
        self.compile_where(value, is_template)
    }

    /// Compiles every text of a value that holds braces of a template, also where they may be meant for the service.
    ///
    /// # Errors
    ///
    /// As [`Self::compile_value`].
    pub(crate) fn compile_all(&mut self, value: &Value) -> Result<Fill, Problems> {
        self.compile_where(value, has_marks)
    }

    fn compile_where(&mut self, value: &Value, is_ours: fn(&str) -> bool) -> Result<Fill, Problems> {
        let mut problems = Problems::new();
        let fill = match value {
            Value::String(text) if is_ours(text) => self.compile_text(text)?,
            Value::Array(entries) => {
                let fill = |(index, entry): (usize, &Value)| {
                    let fill = self.compile_where(entry, is_ours);
                    fill.map_err(|found| problems.extend(under(found, &index.to_string()))).ok()
                };
                Fill::List(entries.iter().enumerate().filter_map(fill).collect())
            }
            Value::Object(members) => {
                let fill = |(key, member): (&String, &Value)| {
                    let fill = self.compile_where(member, is_ours);
                    let fill = fill.map_err(|found| problems.extend(under(found, key)));
                    fill.map(|fill| (key.clone(), fill)).ok()
                };
                Fill::Object(members.iter().filter_map(fill).collect())
            }
            other => return Ok(Fill::literal(other)),
        };
        if problems.is_empty() { Ok(fill.or_literal(value)) } else { Err(problems) }
    }

    fn compile_text(&mut self, text: &str) -> Result<Fill, Problems> {
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
            Some("row" | "account") => Root::Cell,
            Some("doc") => pointer(inner).map_or(Root::Other, Root::Document),
            _ => Root::Other,
        };
        let template = self.compile(&format!("{{{{ ({inner}) | {} }}}}", super::AS_JSON))?;
        let text = if cast.is_some() { self.compile(&format!("{{{{ {inner} }}}}"))? } else { whole };
        Ok(Fill::Whole(Whole { template, text, cast, root }))
    }

    /// Fills a value in. `there` is what it is to replace. `None`: it is made of blank cells, and nothing is to be
    /// replaced. Inside of a list or an object a blank cell leaves the entry that stands there.
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
        let with = Filling { document, facts, blank };
        self.fill_at("", fill, &with, there, &mut Vec::new())
    }

    /// As [`Self::fill`]; `left` gets the places that were left as they are, below `at`.
    pub(crate) fn fill_at(
        &self,
        at: &str,
        fill: &Fill,
        with: &Filling<'_>,
        there: Option<&Value>,
        left: &mut Vec<String>,
    ) -> Result<Option<Value>, TemplateError> {
        let filled = match fill {
            Fill::Literal(value) => Some(value.clone()),
            Fill::Written(number) => Some(number.put(there)),
            Fill::Text(template) => {
                let text = self.render(template, with.document, with.facts)?;
                let is_blank = with.blank == Blank::Leave
                    && text.trim().is_empty()
                    && template.meets_a_blank_cell(with.facts);
                (!is_blank).then_some(Value::String(text))
            }
            Fill::Whole(whole) => self.whole(whole, with, there)?,
            Fill::List(fills) => {
                let (mut entries, mut is_said) = (Vec::new(), false);
                for (index, fill) in fills.iter().enumerate() {
                    let old = there.and_then(|there| there.get(index));
                    let new = self.fill_at(&format!("{at}/{index}"), fill, with, old, left)?;
                    is_said |= new.is_some();
                    entries.extend(new.or_else(|| old.cloned()));
                }
                return Ok((is_said || fills.is_empty()).then_some(Value::Array(entries)));
            }
            Fill::Object(fills) => {
                let (mut members, mut is_said) = (serde_json::Map::new(), false);
                for (key, fill) in fills {
                    let old = there.and_then(|there| there.get(key));
                    let mut inside = at.to_owned();
                    push_key(&mut inside, key);
                    let new = self.fill_at(&inside, fill, with, old, left)?;
                    is_said |= new.is_some();
                    if let Some(value) = new.or_else(|| old.cloned()) {
                        members.insert(key.clone(), value);
                    }
                }
                return Ok((is_said || fills.is_empty()).then_some(Value::Object(members)));
            }
        };
        if filled.is_none() {
            left.push(at.to_owned());
        }
        Ok(filled)
    }

    fn whole(
        &self,
        whole: &Whole,
        with: &Filling<'_>,
        there: Option<&Value>,
    ) -> Result<Option<Value>, TemplateError> {
        let Filling { document, facts, blank } = *with;
        if let (Root::Document(pointer), None | Some(Cast::Json)) = (&whole.root, whole.cast)
            && let Some(value) = document.pointer(pointer)
            && !(whole.cast.is_some() && value.is_string())
        {
            let text = whole.cast.is_none() && matches!(there, Some(Value::String(_)));
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
            && (whole.root == Root::Cell || whole.cast.is_some() || whole.text.meets_a_blank_cell(facts))
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
    /// A value as it stands in the job, with nothing to fill in.
    pub fn literal(value: &Value) -> Self {
        let fill = match value {
            Value::Number(number) => Written::of(number).map(Self::Written),
            Value::Array(entries) => Some(Self::List(entries.iter().map(Self::literal).collect())),
            Value::Object(members) => {
                let member = |(key, member): (&String, &Value)| (key.clone(), Self::literal(member));
                Some(Self::Object(members.iter().map(member).collect()))
            }
            _ => None,
        };
        fill.map_or_else(|| Self::Literal(value.clone()), |fill| fill.or_literal(value))
    }

    /// The value itself where nothing in it is to be filled in.
    fn or_literal(self, value: &Value) -> Self {
        let is_plain = match &self {
            Self::List(fills) => fills.iter().all(|fill| matches!(fill, Self::Literal(_))),
            Self::Object(fills) => fills.iter().all(|(_, fill)| matches!(fill, Self::Literal(_))),
            _ => false,
        };
        if is_plain { Self::Literal(value.clone()) } else { self }
    }

    /// What a step of a job puts where `there` stands; for a value without templates.
    pub(crate) fn plain(&self, there: Option<&Value>) -> Value {
        match self {
            Self::Written(number) => number.put(there),
            Self::List(fills) => {
                let entry =
                    |(index, fill): (usize, &Self)| fill.plain(there.and_then(|there| there.get(index)));
                Value::Array(fills.iter().enumerate().map(entry).collect())
            }
            Self::Object(fills) => {
                let member = |(key, fill): &(String, Self)| {
                    (key.clone(), fill.plain(there.and_then(|there| there.get(key))))
                };
                Value::Object(fills.iter().map(member).collect())
            }
            Self::Literal(value) => value.clone(),
            Self::Text(_) | Self::Whole(_) => Value::Null,
        }
    }

    /// The blank cells that a text in it is made with; a text that is nothing but a cell is left as it is then.
    pub fn blank_cells(&self, facts: &Facts) -> Vec<String> {
        match self {
            Self::Text(template) => Templates::blank_cells(template, facts),
            Self::Literal(_) | Self::Written(_) | Self::Whole(_) => Vec::new(),
            Self::List(fills) => fills.iter().flat_map(|fill| fill.blank_cells(facts)).collect(),
            Self::Object(fills) => fills.iter().flat_map(|(_, fill)| fill.blank_cells(facts)).collect(),
        }
    }

    /// Whether anything in it needs the names of the connection or integration.
    pub fn uses_names(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Written(_) => false,
            Self::Text(template) => template.uses_names,
            Self::Whole(whole) => whole.template.uses_names,
            Self::List(fills) => fills.iter().any(Self::uses_names),
            Self::Object(fills) => fills.iter().any(|(_, fill)| fill.uses_names()),
        }
    }
}

/// A text as the type of the value it replaces, where it can be read as such.
fn of_type(text: &str, there: Option<&Value>) -> Value {
    match there {
        Some(Value::Number(_)) => finite(text.trim()).map(Value::Number),
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

/// A text as a number that others can hold: `1e999` is none.
fn finite(text: &str) -> Option<Number> {
    number(text).filter(|number| number.as_f64().is_some_and(f64::is_finite))
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
                    whole.then(|| finite(&format!("{sign}{plain}"))).flatten().map(Value::Number),
                    "a whole number",
                )
            }
            Self::Float => (finite(&text).map(Value::Number), "a number"),
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
