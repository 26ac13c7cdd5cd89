//! Selects imports: the keys of `select`, `exclude` and `when`, compiled once.
//!
//! Names are compared with case, and in the form of [`name_key`], which ignores differences in blanks and accents. In a
//! glob, `*` and `?` match any character, including `/`, because a name is not a path.

use std::collections::HashSet;
use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};
use regex::Regex;
use serde_json::Value;

use super::jq;
use super::name::{is_same_name, name_key};
use crate::Head;
use crate::Unreadable;
use crate::problem::{Problem, Problems};

/// The keys of `select` as the user wrote them. Every key given must hold; nothing given: all imports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SelectorSpec {
    /// The key `ids`: ids of imports, one of which must be the import's.
    pub ids: Vec<String>,
    /// `names`: globs, or regular expressions after `re:`.
    pub names: Vec<String>,
    /// The key `adaptor_types`: patterns, one of which must match.
    pub adaptor_types: Vec<String>,
    /// `connections`: ids or names.
    pub connections: Vec<String>,
    /// `flows`: ids or names of flows that use the import; which do is not written in an import, see [`Names`].
    pub flows: Vec<String>,
    /// `integrations`: ids or names.
    pub integrations: Vec<String>,
    /// The key `modified_since`: changed at this moment or later.
    pub modified_since: Option<jiff::Timestamp>,
    /// `where`: a jq filter; anything but `false`, `null` or nothing keeps the import.
    pub filter: Option<String>,
    /// `exclude`: the same keys; an import for which they hold is left out.
    pub exclude: Option<Box<SelectorSpec>>,
}

/// Why it is unknown whether an import is selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {cause}")]
pub struct SelectorError {
    /// The key whose filter failed: `where`, or `exclude: where`.
    pub place: String,
    cause: SelectorCause,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum SelectorCause {
    #[error("the import cannot be read: {0}")]
    Unreadable(Unreadable),
    #[error("{0}")]
    Filter(jq::JqError),
}

impl SelectorError {
    fn inside_exclude(self) -> Self {
        Self { place: format!("exclude: {}", self.place), ..self }
    }
}

/// The names a selector may be asked about beside the document: those of its connection and integration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Name of the import's connection.
    pub connection: Option<&'a str>,
    /// Name of its integration.
    pub integration: Option<&'a str>,
    /// Ids and names of the flows that use it, as far as the selector names them.
    pub flows: &'a [String],
    /// Ids and names of the integrations whose flows, APIs or tools use it, as far as the selector names them.
    pub integrations: &'a [String],
}

/// A compiled [`SelectorSpec`].
#[derive(Debug)]
pub struct Selector {
    spec: SelectorSpec,
    ids: HashSet<String>,
    names: Vec<NameTest>,
    filter: Option<jq::Filter>,
    exclude: Option<Box<Selector>>,
}

#[derive(Debug)]
enum NameTest {
    Literal(String),
    /// The text as written too: a name such as `Order [EU]` selects itself.
    Glob(String, GlobMatcher),
    Regex(Regex),
}

impl NameTest {
    fn compile(text: &str) -> Result<Self, Problem> {
        if let Some(pattern) = text.strip_prefix("re:") {
            return regex(pattern).map(Self::Regex).map_err(|problem| {
                let range = problem.range.clone().map(|range| range.start + 3..range.end + 3);
                problem.at(range).help("see docs.rs/regex for the syntax")
            });
        }
        if !text.contains(['*', '?', '[', '{', '\\']) {
            return Ok(Self::Literal(text.to_owned()));
        }
        match GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
        {
            Ok(glob) => Ok(Self::Glob(text.to_owned(), glob.compile_matcher())),
            Err(error) => {
                let help =
                    "write `\\[` or `\\{` for the character itself, or a regular expression after `re:`";
                Err(Problem::new(format!("not a glob: {}", error.kind())).help(help))
            }
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(text) => is_same_name(text, name),
            Self::Glob(text, glob) => text == name || glob.is_match(name) || glob.is_match(&*name_key(name)),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

/// Compiles a regular expression; what is wrong with it in one line, and where.
pub(super) fn regex(pattern: &str) -> Result<Regex, Problem> {
    Regex::new(pattern).map_err(|error| {
        let place = match regex_syntax::parse(pattern) {
            Err(regex_syntax::Error::Parse(inner)) => Some((span(inner.span()), inner.kind().to_string())),
            Err(regex_syntax::Error::Translate(inner)) => {
                Some((span(inner.span()), inner.kind().to_string()))
            }
            _ => None,
        };
        match place {
            Some((mut range, message)) => {
                if range.is_empty() {
                    // A repetition without what it repeats has no extent of its own.
                    range.end += pattern[range.start..].chars().next().map_or(0, char::len_utf8);
                }
                Problem::new(format!("not a regular expression: {message}")).at(range)
            }
            None => {
                Problem::new(format!("not a regular expression: {}", error.to_string().replace('\n', " ")))
            }
        }
    })
}

fn span(span: &regex_syntax::ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

impl Selector {
    /// Compiles globs, regular expressions and the jq filter.
    ///
    /// # Errors
    ///
    /// Compiles the patterns and conditions, or returns every problem at once.
    pub fn compile(spec: SelectorSpec) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut names = Vec::new();
        for (index, text) in spec.names.iter().enumerate() {
            match NameTest::compile(text) {
                Ok(test) => names.push(test),
                Err(problem) => problems.push(problem.under(index.to_string()).under("names")),
            }
        }
        let filter = spec.filter.as_deref().and_then(|program| match jq::Filter::condition(program) {
            Ok(filter) => Some(filter),
            Err(problem) => {
                problems.push(problem.under("where"));
                None
            }
        });
        let exclude = spec.exclude.as_deref().and_then(|inner| match Self::compile(inner.clone()) {
            Ok(selector) => Some(Box::new(selector)),
            Err(inner) => {
                problems.extend(inner.into_iter().map(|problem| problem.under("exclude")));
                None
            }
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let ids = spec.ids.iter().cloned().collect();
        Ok(Self { spec, ids, names, filter, exclude })
    }

    /// The keys it was made of.
    pub fn spec(&self) -> &SelectorSpec {
        &self.spec
    }

    /// What leaves imports out.
    pub fn exclude(&self) -> Option<&Selector> {
        self.exclude.as_deref()
    }

    /// Whether the document has to be parsed to decide (a `where` is given, here or in `exclude`).
    pub fn needs_document(&self) -> bool {
        self.filter.is_some() || self.exclude.as_ref().is_some_and(|exclude| exclude.needs_document())
    }

    /// Whether names of connections or integrations have to be known to decide.
    pub fn needs_names(&self) -> bool {
        !self.spec.connections.is_empty()
            || !self.spec.integrations.is_empty()
            || self.exclude.as_ref().is_some_and(|exclude| exclude.needs_names())
    }

    /// Whether it has to be known which flows use an import, also for their integrations.
    pub fn needs_flows(&self) -> bool {
        !self.spec.flows.is_empty()
            || !self.spec.integrations.is_empty()
            || self.exclude.as_ref().is_some_and(|exclude| exclude.needs_flows())
    }

    /// Whether the pattern at that position of `names` matches a name.
    pub fn matches_name(&self, at: usize, name: &str) -> bool {
        self.names.get(at).is_some_and(|test| test.matches(name))
    }

    /// Whether the keys hold. `document` is asked for only when [`Self::needs_document`], and only if all else holds;
    /// with a `where` in `exclude` too, it is asked for once for each.
    ///
    /// # Errors
    ///
    /// The document has no tree, or the jq filter failed on it or took too long.
    pub fn matches(
        &self,
        head: &Head,
        names: Names<'_>,
        document: &mut dyn FnMut() -> Result<Value, Unreadable>,
    ) -> Result<bool, SelectorError> {
        if !self.head_holds(head, names) {
            return Ok(false);
        }
        if let Some(exclude) = &self.exclude
            && !exclude.is_empty()
            && exclude.matches(head, names, document).map_err(SelectorError::inside_exclude)?
        {
            return Ok(false);
        }
        match &self.filter {
            Some(filter) => {
                let failed = |cause| SelectorError { place: "where".to_owned(), cause };
                let tree = document().map_err(|why| failed(SelectorCause::Unreadable(why)))?;
                filter.holds(&tree, jq::DEADLINE).map_err(|error| failed(SelectorCause::Filter(error)))
            }
            None => Ok(true),
        }
    }

    /// Whether no key is given at all: as `select` that is every import, as `exclude` none.
    pub fn is_empty(&self) -> bool {
        self.spec == SelectorSpec::default()
    }

    fn head_holds(&self, head: &Head, names: Names<'_>) -> bool {
        let spec = &self.spec;
        let among = |wanted: &[String], id: Option<&str>, name: Option<&str>| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|text| id == Some(text) || name.is_some_and(|name| is_same_name(name, text)))
        };
        let through = |wanted: &[String], all: &[String]| {
            wanted.iter().any(|text| all.iter().any(|one| one == text || is_same_name(one, text)))
        };
        (spec.ids.is_empty() || self.ids.contains(head.id.as_str()))
            && (self.names.is_empty() || self.names.iter().any(|test| test.matches(&head.name)))
            && (spec.adaptor_types.is_empty()
                || among(&spec.adaptor_types, head.adaptor_type.as_deref(), None))
            && among(&spec.connections, head.connection.as_ref().map(crate::Id::as_str), names.connection)
            && (among(
                &spec.integrations,
                head.integration.as_ref().map(crate::Id::as_str),
                names.integration,
            ) || through(&spec.integrations, names.integrations))
            && (spec.flows.is_empty() || through(&spec.flows, names.flows))
            && spec.modified_since.is_none_or(|since| {
                // An import without a time of change is not known to be older.
                let changed = head.last_modified.as_deref().or(head.created_at.as_deref());
                changed.and_then(|text| text.parse::<jiff::Timestamp>().ok()).is_none_or(|time| time >= since)
            })
    }
}

#[cfg(test)]
#[path = "selector_tests.rs"]
mod tests;
