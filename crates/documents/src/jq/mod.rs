//! jq filters: compiled once, run per document, always ended.
//!
//! jaq gives its results as a lazy iterator that nothing outside can interrupt: a thread that waits for it with a
//! timeout can give up, but the filter would burn its core until the process ends. So the end is put inside. Before it
//! is compiled, a call to a native filter is written into every definition, fold and product of the program and of the
//! standard library (`watch`): wherever a program can go on for ever, it passes there. That filter looks at the
//! clock and at the depth of the stack, and ends the run in a way that `try` cannot catch.
//!
//! Not offered, for a document is transformed without clock, environment or output: `now`, `localtime`,
//! `strflocaltime`, `env`, `debug`, `stderr`, `halt`, modules. `docs/jq.md` lists what else differs from jq 1.7.

mod as_jq;
mod bounds;
mod cells;
mod condition;
mod convert;
mod escapes;
mod folds;
mod formats;
mod kinds;
mod numbers;
mod order;
mod patterns;
mod positions;
mod put;
mod raised;
mod removal;
mod slips;
mod state;
mod terms;
mod unknown;
mod watch;
mod watched;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use serde_json::Value;

use crate::problem::Problem;
use escapes::Resolved;
use state::{End, State};
use unknown::undefined;
use watched::{Watch, Watched};

/// The default time limit for one document.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// How many levels a document may be nested: what is deeper, no reader of JSON takes back.
const LEVELS: usize = 126;

/// The name under which the user's program is compiled: a definition, for only those can be written to.
const MAIN: &str = "transship_program";

/// Why a program gave no result for a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JqError {
    /// It took too long and was ended.
    #[error("the filter did not end within {}", Seconds(.0))]
    TimedOut(Duration),
    /// It called itself too deep and was ended.
    #[error("the filter calls itself too deep")]
    TooDeep,
    /// It nested values deeper than a document can be.
    #[error("the filter nests values too deep")]
    Nested,
    /// It made a text or list that is too long and was ended.
    #[error("the filter makes a text, list or document that is too large: the limit is 64 MiB")]
    TooLong,
    /// It raised an error.
    #[error("{0}")]
    Raised(String),
    /// It gave what JSON cannot hold.
    #[error("the result holds {0}")]
    NotJson(&'static str),
}

struct Seconds<'a>(&'a Duration);

impl fmt::Display for Seconds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

/// A compiled program. Cheap to share between threads.
pub struct Filter {
    compiled: jaq_core::Filter<Watched>,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

impl Filter {
    /// Compiles a program.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn compile(program: &str) -> Result<Self, Problem> {
        Self::of_program(program, false)
    }

    /// Compiles a program that is a condition.
    ///
    /// # Errors
    ///
    /// As [`Self::compile`]; and an assignment, or a filter like `del`, which would hold for every document.
    pub fn condition(program: &str) -> Result<Self, Problem> {
        Self::of_program(program, true)
    }

    fn of_program(program: &str, is_condition: bool) -> Result<Self, Problem> {
        let resolved = Resolved::of(program);
        let term = parse(&resolved.program, is_condition);
        let compiled = term.and_then(|term| Self::of_term(&resolved.program, term));
        compiled.map_err(|problem| resolved.in_the_old(problem))
    }

    fn of_term(program: &str, term: load::parse::Term<&str>) -> Result<Self, Problem> {
        let main = load::parse::Def { name: MAIN, args: Vec::new(), body: watch::term(term) };
        let arena = Arena::default();
        let file = File { code: MAIN, path: () };
        let modules = Loader::new(watch::library().into_iter().chain([main]))
            .load(&arena, file)
            .map_err(|_| Problem::new("not a jq filter"))?;
        let compiled =
            Compiler::default().with_funs(watch::natives()).compile(modules).map_err(|errors| {
                let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
                first.map_or_else(
                    || Problem::new("not a jq filter"),
                    |(name, what)| {
                        let library = watch::library();
                        let defined = library.iter().map(|def| (def.name, def.args.len()));
                        let natives = watch::natives().map(|(name, args, _)| (name, args.len()));
                        undefined(program, name, what.as_str(), defined.chain(natives))
                    },
                )
            })?;
        Ok(Self { compiled })
    }

    /// All results for an input.
    ///
    /// # Errors
    ///
    /// The first error raised, or that the deadline passed.
    pub fn run(&self, input: &Value, deadline: Duration) -> Result<Vec<Value>, JqError> {
        let mut results = Vec::new();
        self.each(input, deadline, |result| {
            results.push(value_of(&result)?);
            Ok(true)
        })?;
        Ok(results)
    }

    /// Whether any result is neither `false` nor `null`; results after the first such one are not computed.
    ///
    /// # Errors
    ///
    /// Whether the filter's result is true; limits and errors as for [`Self::run`].
    pub fn holds(&self, input: &Value, deadline: Duration) -> Result<bool, JqError> {
        let mut holds = false;
        self.each(input, deadline, |result| {
            holds = !matches!(result, jaq_json::Val::Null | jaq_json::Val::Bool(false));
            Ok(!holds)
        })?;
        Ok(holds)
    }

    /// The one result for an input, its keys in the order of the input's; an error that says how many there were
    /// otherwise.
    ///
    /// # Errors
    ///
    /// As [`Self::run`]; none or several results.
    pub fn one(&self, input: &Value, deadline: Duration) -> Result<Value, JqError> {
        let mut first = None;
        let mut several = false;
        self.each(input, deadline, |result| {
            several = first.is_some();
            if !several {
                first = Some(value_of(&result)?);
            }
            Ok(!several)
        })?;
        match first {
            Some(mut value) if !several => {
                order::keep(input, &mut value);
                Ok(value)
            }
            Some(_) => Err(JqError::Raised("the filter gave several results, not one".to_owned())),
            None => Err(JqError::Raised("the filter gave no result".to_owned())),
        }
    }

    /// Hands each result to `take` until that says stop.
    fn each(
        &self,
        input: &Value,
        deadline: Duration,
        mut take: impl FnMut(jaq_json::Val) -> Result<bool, JqError>,
    ) -> Result<(), JqError> {
        let input = convert::of_value(input);
        let state = State::start(deadline, &input);
        let watch = Watch::new(&self.compiled.lut, &state);
        let ctx = Ctx::<Watched>::new(watch, Vars::new([]));
        for result in self.compiled.id.run((ctx, input)) {
            match result {
                Ok(value) => {
                    if !take(value)? {
                        break;
                    }
                }
                Err(exception) => {
                    return Err(match (state.ended(), exception.get_err()) {
                        (Some(End::Time), _) => JqError::TimedOut(deadline),
                        (Some(End::Depth), _) => JqError::TooDeep,
                        (Some(End::Nested), _) => JqError::Nested,
                        (Some(End::Size), _) => JqError::TooLong,
                        (None, Ok(error)) => JqError::Raised(raised::said(error)),
                        (None, Err(_)) => JqError::Raised("the filter ended without a result".to_owned()),
                    });
                }
            }
        }
        Ok(())
    }
}

fn value_of(result: &jaq_json::Val) -> Result<Value, JqError> {
    if bounds::measure(result, bounds::LONGEST).is_none() {
        return Err(JqError::TooLong);
    }
    if state::is_deeper(result, LEVELS, usize::MAX) {
        return Err(JqError::Nested);
    }
    convert::to_value(result)
}

fn parse(program: &str, is_condition: bool) -> Result<load::parse::Term<&str>, Problem> {
    let problem = |message: String, found: &str| {
        let range = place(program, found);
        let help = slips::help(program, range.start);
        let problem = Problem::new(message).at(range);
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    };
    let tokens = load::Lexer::new(program).lex().map_err(|errors| {
        errors.first().map_or_else(
            || problem("not a jq filter".to_owned(), ""),
            |(expected, found)| {
                // At the end of the program, what was opened is what to look at.
                let open = if let load::lex::Expect::Delim(open) = expected { *open } else { "" };
                let found = first_char(found);
                let said =
                    problem(slips::unreadable(expected, found), if found.is_empty() { open } else { found });
                match open {
                    open if open.is_empty() || !found.is_empty() => said,
                    open => said.help(format!("add the `{}`", slips::closing(open))),
                }
            },
        )
    })?;
    let term = load::Parser::new(&tokens).parse(jaq_core::load::Parser::term).map_err(|errors| {
        errors.first().map_or_else(
            || problem("not a jq filter".to_owned(), ""),
            |(expected, found)| {
                let found = load::lex::Token::opt_as_str(*found, program);
                let message = slips::unexpected(expected, found);
                problem(message, found)
            },
        )
    })?;
    match is_condition.then(|| condition::check(program, &tokens, &term)).flatten() {
        Some(problem) => Err(problem),
        None => Ok(term),
    }
}

fn first_char(text: &str) -> &str {
    &text[..text.chars().next().map_or(0, char::len_utf8)]
}

/// Where a part of the program stands in it; its end for what is not a part.
fn place(program: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(program.as_ptr().addr());
    match start.checked_add(part.len()) {
        Some(end) if end <= program.len() => start..end,
        _ => program.len()..program.len(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
