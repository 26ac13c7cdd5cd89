//! Templates over the facts of an import, compiled once per job.
//!
//! They can use `name`, `doc` (the whole document), `row.*`, `account.*` (the columns of a CSV of accounts), `job.name`, `job.date`, `job.action`, `index`,
//! `connection` and `integration` (the names of the import's own). A value that is not known is an error, never an empty
//! text. Filters: those of minijinja, and `regex_replace(find, repl)`, `pad(width)` (zeros before a number), `slug`.
//!
//! **Templates and the service's handlebars.** Documents are full of `{{record.x}}`, which the service fills in when a
//! flow runs. So a text given to `set` is a template of the job if all of it can be read as one and uses only names that are
//! offered (`name`, `doc`, `row`, `account`, `job`, `index`, and `connection` and `integration` without a field:
//! `{{connection.x}}` is the service's); if it has a statement (`{% if … %}`); or if each of its `{{ … }}` begins with such
//! a name, or uses one where the service could read nothing. Any other text, `{{{ … }}}` and `{{#if …}}` included, is taken
//! as it stands. `raw: true` takes every text so, `raw: false` none that has braces.
//!
//! What is printed of the document is spelled as it stands there, keys in order (`spelled`).
//! A template is bounded in time and memory: what it makes, and the work for it, is counted.

mod cells;
mod fill;
mod replaced;
mod spelled;
mod unclosed;
mod whose;
mod words;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Mutex;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use regex::Regex;
use serde_json::Value;

pub use self::cells::Columns;
pub(crate) use self::cells::made_without;
use self::cells::{Cell, columns_of, printed_cells, used_cells};
pub(crate) use self::fill::Filling;
pub use self::fill::{Blank, Fill, Whole};
pub use self::whose::is_template;
pub(crate) use self::whose::{cell_or_job, foreign_template, is_of_the_row, kept_braces, name_slip, nobodys};
use self::words::{Word, words};
use crate::facts::Facts;
use crate::problem::{Problem, Problems, nearest};

/// How much work a template may cause, in operations and bytes.
const FUEL: u64 = 4 << 20;

/// How long the text that a template makes may be, in bytes.
const LONGEST: usize = 1 << 20;

/// The filter that gives a value as JSON; no template can spell it.
const AS_JSON: &str = "transship_as_json";

/// The names a template may start an expression with.
const NAMES: [&str; 8] = ["account", "connection", "doc", "index", "integration", "job", "name", "row"];

/// The filters that names are made with.
const FILTERS: [&str; 9] =
    ["upper", "lower", "title", "trim", "replace", "regex_replace", "pad", "slug", "default"];

/// Why a template could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// One compiled template of a [`Templates`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    key: String,
    uses_document: bool,
    /// Whether it needs the names of the connection or integration.
    pub uses_names: bool,
    /// The cells that it prints as they are.
    cells: Vec<Cell>,
    /// All the cells that it uses.
    used: Vec<Cell>,
}

/// The templates of a job.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    count: usize,
    columns: Columns,
    /// The columns of `account` that templates cannot do without.
    account_columns: BTreeSet<String>,
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        // Documents are JSON: a flag in a text reads as it does there, not as it would in Python.
        environment.set_formatter(|out, state, value| match json_word(value) {
            Some(word) => out.write_str(&word).map_err(Error::from),
            None => minijinja::escape_formatter(out, state, value),
        });
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
            known.get(find).map_or_else(|| Ok(text.to_string()), |regex| replaced(regex, &text, replace))
        });
        spelled::add_filters(&mut environment);
        // At the end of an expression it is read here (`fill`); anywhere else the text is passed on.
        environment.add_filter("json", |value: minijinja::Value| value);
        // A cell that says `no` is false inside of an expression too.
        environment.add_filter("bool", |value: minijinja::Value| match value.as_str() {
            Some(text) => {
                fill::truth(text).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
            }
            None if value.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
            None => Ok(value.is_true()),
        });
        environment.add_filter("pad", |value: minijinja::Value, width: usize| {
            let text = value.to_string();
            let missing = width.min(1024).saturating_sub(text.chars().count());
            "0".repeat(missing) + &text
        });
        environment.add_filter("slug", |text: Cow<'_, str>| slug(&text));
        Self { environment, count: 0, columns: Columns::default(), account_columns: BTreeSet::new() }
    }
}

/// What JSON writes for a value that minijinja writes as Python would.
fn json_word(value: &minijinja::Value) -> Option<Cow<'static, str>> {
    match value.kind() {
        ValueKind::Bool if value.is_true() => Some("true".into()),
        ValueKind::Bool => Some("false".into()),
        ValueKind::None => Some("null".into()),
        // What is of the document writes itself.
        ValueKind::Map | ValueKind::Seq if !spelled::is_of_document(value) => {
            bounded_json(value).ok().map(Cow::from)
        }
        _ => None,
    }
}

/// Replaces every match; the result is bounded, for `replace` can hold a match many times.
fn replaced(regex: &Regex, text: &str, replace: &str) -> Result<String, Error> {
    let mut made = String::new();
    let mut done = 0;
    for groups in regex.captures_iter(text) {
        let Some(found) = groups.get(0) else { continue };
        made.push_str(&text[done..found.start()]);
        groups.expand(replace, &mut made);
        done = found.end();
        if made.len() > LONGEST {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "regex_replace makes a text that is too long",
            ));
        }
    }
    made.push_str(&text[done..]);
    Ok(made)
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
    /// Its syntax is wrong, or it uses names, filters, columns or fields that are not offered: all of them, in their order.
    pub fn compile(&mut self, source: &str) -> Result<Template, Problems> {
        let key = self.count.to_string();
        self.environment
            .add_template_owned(key.clone(), source.to_owned())
            .map_err(|error| vec![unclosed::problem(source, &error)])?;
        self.count += 1;
        let used = self.environment.get_template(&key).map(|template| template.undeclared_variables(false));
        let used = used.unwrap_or_default();
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let is_known = |name: &str| NAMES.contains(&name) || globals.contains(&name);
        let mut problems =
            unknown_names(source, used.iter().map(String::as_str).filter(|name| !is_known(name)));
        problems.extend(each(source, Word::Filter, |word| !self.has_filter(word)).map(|range| {
            let filter = &source[range.clone()];
            let known = format!("filters for names are {}", FILTERS.join(", "));
            let problem = Problem::new(format!("unknown filter `{filter}` in the template"));
            problem.help(meant(filter, FILTERS, &known)).at(range)
        }));
        // What such a template makes of a column that is not there is its own affair.
        let can_do_without = source.contains("default") || source.contains("defined");
        if !can_do_without {
            problems.extend(self.columns.unknown(source, used.contains("row"), used.contains("account")));
            problems.extend(used.contains("job").then(|| unknown_job_fields(source)).into_iter().flatten());
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.range.as_ref().map(|range| range.start));
            return Err(problems);
        }
        if used.contains("account") && !can_do_without {
            self.account_columns.extend(columns_of(source, "account").map(|(column, _)| column));
        }
        // The places of problems are those of the template as it was written.
        let uses_document = used.contains("doc");
        if uses_document {
            let spelled = spelled::with_spelling(source);
            let compiled = self.environment.add_template_owned(key.clone(), spelled);
            compiled.map_err(|error| vec![Problem::new(format!("not a template: {}", text_of(&error)))])?;
        }
        let uses_names = used.contains("connection") || used.contains("integration");
        let (cells, used) = (printed_cells(source), used_cells(source));
        Ok(Template { key, uses_document, uses_names, cells, used })
    }

    /// Says which columns there are: a template that names another one is refused, unless it says what to do without.
    pub(crate) fn set_columns(&mut self, columns: Columns) {
        self.columns = columns;
    }

    /// The columns of a CSV of accounts that the templates take from `account` and cannot do without.
    pub(crate) fn account_columns(&self) -> &BTreeSet<String> {
        &self.account_columns
    }

    fn has_filter(&self, name: &str) -> bool {
        let asked = self.environment.compile_expression("name is filter");
        let answer = asked.and_then(|asked| asked.eval(BTreeMap::from([("name", name.to_owned())])));
        answer.is_ok_and(|answer| answer.is_true())
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
        let mut made = Bounded(Vec::new());
        let rendered = compiled.render_captured_to(&context, &mut made);
        rendered.map(drop).map_err(|error| {
            if made.0.len() >= LONGEST {
                return TemplateError(format!("the template makes more than {} MiB of text", LONGEST >> 20));
            }
            if error.kind() == ErrorKind::OutOfFuel {
                return TemplateError("the template takes too much work".to_owned());
            }
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
        })?;
        String::from_utf8(made.0).map_err(|_| TemplateError("the template makes what is not text".to_owned()))
    }
}

/// Problems with names that are not offered, each where it stands first.
fn unknown_names<'n>(source: &str, names: impl Iterator<Item = &'n str>) -> Problems {
    let mut unknown: BTreeSet<&str> = names.collect();
    let problem = |name: &str, at: Option<std::ops::Range<usize>>| {
        let help = meant(name, NAMES, &format!("a template can use {}", NAMES.join(", ")));
        Problem::new(format!("unknown name `{name}` in the template")).help(help).at(at)
    };
    let mut problems = Problems::new();
    if !unknown.is_empty() {
        for (_, range) in words(source).into_iter().filter(|(word, _)| *word == Word::Name) {
            if unknown.remove(&source[range.clone()]) {
                problems.push(problem(&source[range.clone()], Some(range)));
            }
        }
    }
    problems.extend(unknown.into_iter().map(|name| problem(name, None)));
    problems
}

/// The fields that a template takes of `job`, and that it does not have.
fn unknown_job_fields(source: &str) -> Problems {
    const FIELDS: [&str; 3] = ["name", "date", "action"];
    let mut fields: Vec<_> = columns_of(source, "job").collect();
    fields.retain(|(field, _)| !FIELDS.contains(&field.as_str()));
    let problem = |(field, at): (String, std::ops::Range<usize>)| {
        let help = match nearest(&field, FIELDS.into_iter()) {
            Some(near) => format!("did you mean `job.{near}`?"),
            None => "a template can use `job.name`, `job.date` and `job.action`".to_owned(),
        };
        Problem::new(format!("`job` has no `{field}` here")).at(at).help(help)
    };
    fields.into_iter().map(problem).collect()
}

/// The word that was most likely meant; otherwise all there are.
fn meant<'w>(word: &str, known: impl IntoIterator<Item = &'w str>, all: &str) -> String {
    nearest(word, known.into_iter()).map_or_else(|| all.to_owned(), |near| format!("did you mean `{near}`?"))
}

/// The words of that sort which are meant, each once, where it stands first.
fn each(
    source: &str,
    sort: Word,
    is_it: impl Fn(&str) -> bool,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut seen = BTreeSet::new();
    words(source).into_iter().map(move |(word, range)| (word == sort, range)).filter_map(
        move |(is_of_sort, range)| {
            let word = &source[range.clone()];
            (is_of_sort && is_it(word) && seen.insert(word.to_owned())).then_some(range)
        },
    )
}

/// A value as JSON, no longer than [`LONGEST`].
fn bounded_json(value: &minijinja::Value) -> serde_json::Result<String> {
    let mut made = Bounded(Vec::new());
    serde_json::to_writer(&mut made, value)?;
    String::from_utf8(made.0).map_err(serde::ser::Error::custom)
}

/// A text that may not become longer than [`LONGEST`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(LONGEST - self.0.len());
        self.0.extend_from_slice(&bytes[..fits]);
        if fits == bytes.len() { Ok(fits) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn context(template: &Template, document: &Value, facts: &Facts) -> minijinja::Value {
    use minijinja::Value as Any;
    let job = [("name", &facts.job_name), ("date", &facts.job_date), ("action", &facts.job_action)];
    let mut all: BTreeMap<&str, Any> = BTreeMap::new();
    all.insert("name", Any::from(document.get("name").and_then(Value::as_str).unwrap_or_default()));
    all.insert("row", Any::from_pairs(facts.row.iter().map(|(key, text)| (key.as_str(), text.as_str()))));
    if !facts.account.is_empty() {
        let account = facts.account.iter().map(|(key, text)| (key.as_str(), text.as_str()));
        all.insert("account", Any::from_pairs(account));
    }
    all.insert("job", Any::from_pairs(job.into_iter().map(|(key, text)| (key, text.as_str()))));
    all.insert("index", Any::from(facts.index));
    for (key, name) in [("connection", &facts.connection_name), ("integration", &facts.integration_name)] {
        if let Some(name) = name {
            all.insert(key, Any::from(name.as_str()));
        }
    }
    if template.uses_document {
        // Copied only where it is used: that costs as much as all else together.
        all.insert("doc", spelled::document(document));
    }
    Any::from_pairs(all)
}

fn lookup(context: &minijinja::Value, path: &str) -> Option<minijinja::Value> {
    path.split('.').try_fold(context.clone(), |value, step| value.get_attr(step).ok())
}

fn text_of(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
