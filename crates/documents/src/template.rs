//! Templates over the facts of an import, compiled once per job.
//!
//! They can use `name`, `doc` (the whole document), `row.*`, `job.name`, `job.date`, `job.action`, `index`,
//! `connection` and `integration` (the names of the import's own). A value that is not known is an error, never an empty
//! text. Filters: those of minijinja, and `regex_replace(find, repl)`, `pad(width)` (zeros before a number), `slug`.
//!
//! **Templates and the service's handlebars.** Documents are full of `{{record.x}}`, which the service fills in when a
//! flow runs. So a text given to `set` is a template only if it has `{{ … }}` and every one of them starts with a name of
//! ours: `name`, `doc`, `row`, `job`, `index`, or `connection` and `integration` without a field (`{{connection.x}}` is
//! the service's). Any other text, `{{{ … }}}` and `{{#if …}}` included, is taken as it stands.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Mutex;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use regex::Regex;
use serde_json::Value;

use crate::problem::Problem;
use crate::step::Facts;

/// The names a template may start an expression with.
const NAMES: [&str; 7] = ["connection", "doc", "index", "integration", "job", "name", "row"];

/// Why a template could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

/// One compiled template of a [`Templates`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    key: String,
    uses_document: bool,
    /// Whether it needs the names of the connection or integration.
    pub uses_names: bool,
}

/// A value whose texts may be templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// As it stands.
    Literal(Value),
    /// A text to fill in.
    Text(Template),
    /// A list with something to fill in.
    List(Vec<Fill>),
    /// An object with something to fill in.
    Object(Vec<(String, Fill)>),
}

/// The templates of a job.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    count: usize,
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        let known: Mutex<HashMap<String, Regex>> = Mutex::default();
        environment.add_filter("regex_replace", move |text: Cow<'_, str>, find: &str, replace: &str| {
            let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !known.contains_key(find) {
                // A pattern made from the row could be another for every import: none is kept for ever.
                if known.len() >= 64 {
                    known.clear();
                }
                let compiled = super::selector::regex(find)
                    .map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem.message))?;
                known.insert(find.to_owned(), compiled);
            }
            Ok(known
                .get(find)
                .map_or_else(|| text.to_string(), |regex| regex.replace_all(&text, replace).into_owned()))
        });
        environment.add_filter("pad", |value: minijinja::Value, width: usize| {
            let text = value.to_string();
            let missing = width.min(1024).saturating_sub(text.chars().count());
            "0".repeat(missing) + &text
        });
        environment.add_filter("slug", |text: Cow<'_, str>| slug(&text));
        Self { environment, count: 0 }
    }
}

/// Lower case, with one `-` for whatever stands between letters and digits.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

impl Templates {
    /// Compiles a text that is a template.
    ///
    /// # Errors
    ///
    /// Its syntax is wrong, or it uses a name that is not offered.
    pub fn compile(&mut self, source: &str) -> Result<Template, Problem> {
        let key = self.count.to_string();
        self.environment.add_template_owned(key.clone(), source.to_owned()).map_err(|error| {
            let range = error.range().filter(|range| range.end <= source.len());
            Problem::new(format!("not a template: {}", text_of(&error))).at(range)
        })?;
        self.count += 1;
        let used = self.environment.get_template(&key).map(|template| template.undeclared_variables(false));
        let used = used.unwrap_or_default();
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        if let Some(unknown) =
            used.iter().find(|name| !NAMES.contains(&name.as_str()) && !globals.contains(&name.as_str()))
        {
            return Err(Problem::new(format!("unknown name `{unknown}` in the template"))
                .at(source.find(unknown.as_str()).map(|start| start..start + unknown.len()))
                .help(format!("a template can use {}", NAMES.join(", "))));
        }
        if let Some(range) =
            filters(source).into_iter().find(|range| !self.has_filter(&source[range.clone()]))
        {
            let problem =
                Problem::new(format!("unknown filter `{}` in the template", &source[range.clone()]));
            return Err(problem.at(range).help(
                "filters for names are upper, lower, title, trim, replace, regex_replace, pad, slug, default",
            ));
        }
        let uses_names = used.contains("connection") || used.contains("integration");
        Ok(Template { key, uses_document: used.contains("doc"), uses_names })
    }

    fn has_filter(&self, name: &str) -> bool {
        let asked = self.environment.compile_expression("name is filter");
        let answer = asked.and_then(|asked| asked.eval(BTreeMap::from([("name", name.to_owned())])));
        answer.is_ok_and(|answer| answer.is_true())
    }

    /// Compiles the texts of a value that are templates, by the rule at the top of this module.
    ///
    /// # Errors
    ///
    /// As [`Self::compile`], with the way to the text inside the value.
    pub fn compile_value(&mut self, value: &Value) -> Result<Fill, Problem> {
        let fill = match value {
            Value::String(text) if is_template(text) => Fill::Text(self.compile(text)?),
            Value::Array(entries) => {
                let fills = entries.iter().enumerate();
                let fills = fills.map(|(index, entry)| {
                    self.compile_value(entry).map_err(|problem| problem.under(index.to_string()))
                });
                Fill::List(fills.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let fills = members.iter().map(|(key, member)| {
                    let fill = self.compile_value(member);
                    fill.map(|fill| (key.clone(), fill)).map_err(|problem| problem.under(key))
                });
                Fill::Object(fills.collect::<Result<_, _>>()?)
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

    /// Fills a template in.
    ///
    /// # Errors
    ///
    /// A value is not known for this import, or a filter failed.
    pub fn render(
        &self,
        template: &Template,
        document: &Value,
        facts: &Facts,
    ) -> Result<String, TemplateError> {
        let context = context(template, document, facts);
        let compiled =
            self.environment.get_template(&template.key).map_err(|error| TemplateError(text_of(&error)))?;
        compiled.render(&context).map_err(|error| {
            if error.kind() != ErrorKind::UndefinedError {
                return TemplateError(text_of(&error));
            }
            let mut unknown: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
            unknown.retain(|path| lookup(&context, path).is_none_or(|value| value.is_undefined()));
            unknown.sort();
            TemplateError(match unknown.as_slice() {
                [] => text_of(&error),
                names => format!("`{}` is not known for this import", names.join("`, `")),
            })
        })
    }

    /// Fills a value in.
    ///
    /// # Errors
    ///
    /// As [`Self::render`].
    pub fn fill(&self, fill: &Fill, document: &Value, facts: &Facts) -> Result<Value, TemplateError> {
        Ok(match fill {
            Fill::Literal(value) => value.clone(),
            Fill::Text(template) => Value::String(self.render(template, document, facts)?),
            Fill::List(fills) => Value::Array(
                fills.iter().map(|fill| self.fill(fill, document, facts)).collect::<Result<_, _>>()?,
            ),
            Fill::Object(fills) => {
                let members =
                    fills.iter().map(|(key, fill)| Ok((key.clone(), self.fill(fill, document, facts)?)));
                Value::Object(members.collect::<Result<_, TemplateError>>()?)
            }
        })
    }
}

impl Fill {
    /// Whether anything in it needs the names of the connection or integration.
    pub fn uses_names(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Text(template) => template.uses_names,
            Self::List(fills) => fills.iter().any(Self::uses_names),
            Self::Object(fills) => fills.iter().any(|(_, fill)| fill.uses_names()),
        }
    }
}

/// Where the names of filters stand in a template that compiles.
fn filters(source: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut inside, mut quote, mut at) = (false, None, 0);
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        let step = match (inside, quote) {
            (false, _) if rest.starts_with("{#") => rest.find("#}").map_or(rest.len(), |end| end + 2),
            (false, _) if rest.starts_with("{{") || rest.starts_with("{%") => {
                inside = true;
                2
            }
            (false, _) => c.len_utf8(),
            (true, Some(_)) if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (true, Some(mark)) => {
                quote = quote.filter(|_| c != mark);
                c.len_utf8()
            }
            (true, None) if rest.starts_with("}}") || rest.starts_with("%}") => {
                inside = false;
                2
            }
            (true, None) if c == '|' => {
                let blank = rest[1..].len() - rest[1..].trim_start().len();
                let start = at + 1 + blank;
                let name = |c: char| c.is_alphanumeric() || c == '_';
                let end = source[start..].find(|c| !name(c)).map_or(source.len(), |end| start + end);
                found.push(start..end);
                end - at
            }
            (true, None) => {
                quote = matches!(c, '"' | '\'').then_some(c);
                c.len_utf8()
            }
        };
        at += step;
    }
    found
}

fn context(template: &Template, document: &Value, facts: &Facts) -> minijinja::Value {
    use minijinja::Value as Any;
    let job = [("name", &facts.job_name), ("date", &facts.job_date), ("action", &facts.job_action)];
    let mut all: BTreeMap<&str, Any> = BTreeMap::new();
    all.insert("name", Any::from(document.get("name").and_then(Value::as_str).unwrap_or_default()));
    all.insert("row", Any::from_pairs(facts.row.iter().map(|(key, text)| (key.as_str(), text.as_str()))));
    all.insert("job", Any::from_pairs(job.into_iter().map(|(key, text)| (key, text.as_str()))));
    all.insert("index", Any::from(facts.index));
    for (key, name) in [("connection", &facts.connection_name), ("integration", &facts.integration_name)] {
        if let Some(name) = name {
            all.insert(key, Any::from(name.as_str()));
        }
    }
    if template.uses_document {
        // Converted only where it is used: that costs as much as all else together.
        all.insert("doc", any(document));
    }
    Any::from_pairs(all)
}

/// A value as templates see it. Numbers that are not whole are those of the machine here, digits and all.
fn any(value: &Value) -> minijinja::Value {
    use minijinja::Value as Any;
    match value {
        Value::Null => Any::from(()),
        Value::Bool(flag) => Any::from(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) => Any::from(integer),
            (None, Some(integer), _) => Any::from(integer),
            (None, None, Some(float)) => Any::from(float),
            (None, None, None) => Any::from(number.as_str()),
        },
        Value::String(text) => Any::from(text.as_str()),
        Value::Array(entries) => entries.iter().map(any).collect(),
        Value::Object(members) => {
            Any::from_pairs(members.iter().map(|(key, member)| (key.as_str(), any(member))))
        }
    }
}

fn lookup(context: &minijinja::Value, path: &str) -> Option<minijinja::Value> {
    path.split('.').try_fold(context.clone(), |value, step| value.get_attr(step).ok())
}

fn text_of(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// Whether a text of `set` is a template of ours and not the service's handlebars.
pub fn is_template(text: &str) -> bool {
    let mut rest = text;
    let mut any = false;
    while let Some(start) = rest.find("{{") {
        let inner = &rest[start + 2..];
        let Some(end) = inner.find("}}") else { return false };
        if !is_ours(&inner[..end]) {
            return false;
        }
        any = true;
        rest = &inner[end + 2..];
    }
    any
}

fn is_ours(expression: &str) -> bool {
    let expression = expression.strip_prefix(['-', '+']).unwrap_or(expression).trim_start();
    let end = expression.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(expression.len());
    let (root, rest) = expression.split_at(end);
    let field = rest.trim_start().starts_with(['.', '[']);
    match root {
        "connection" | "integration" => !field,
        "row" | "job" | "doc" => true,
        root => NAMES.contains(&root),
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
