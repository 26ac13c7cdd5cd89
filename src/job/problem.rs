//! The problems of a job file, and how they are shown: the line itself, underlined.
//!
//! Nothing here prints; secrets are blacked out of the text before it is kept.

use std::collections::BTreeMap;
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::consequences::{Spot, told};
use super::line_column::{Cursor, floor, line_and_column, line_around};

/// How many problems are shown; the rest is counted.
const SHOWN: usize = 100;

/// A stretch of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The place of the first byte, from 0.
    pub start: usize,
    /// The place behind the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
}

/// Whether the job can run in spite of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The job cannot be run.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// A file a problem can stand in.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Its name as the user knows it.
    pub(super) name: String,
    /// Its text; in a finished [`Problems`] without secrets.
    pub(super) text: String,
}

/// One problem of a job, with the place in the file where it stands.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as one sentence for people.
    pub message: String,
    /// What to do about it; absent where the message says it.
    pub help: Option<String>,
    /// Where; `None` when the file as a whole is meant.
    pub span: Option<Span>,
    /// Other places it has to do with, each with a word on it.
    pub related: Vec<(Span, String)>,
    file: usize,
}

impl Diagnostic {
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe_help(&mut self, help: Option<impl Into<String>>) -> &mut Self {
        self.help = help.map(Into::into);
        self
    }

    pub(super) fn related(&mut self, span: Span, word: impl Into<String>) -> &mut Self {
        self.related.push((span, word.into()));
        self
    }
}

/// A problem with its place resolved, for machines.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Located {
    /// How bad it is.
    pub severity: Severity,
    /// The file as the user knows it.
    pub file: String,
    /// The line, from 1; absent when the file as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in characters, from 1; absent when the file as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong, as one sentence for people.
    pub message: String,
    /// What to do about it; absent where the message says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// All problems of a job: its own file and those it names, in the order in which they stand there.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
}

impl Problems {
    /// The one problem of a file that cannot be read at all; `what` it should be, and `help` where there is none.
    pub(super) fn unreadable(name: &str, error: &std::io::Error, what: &str, help: &str) -> Self {
        let mut report = Report::new(name, "");
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::IsADirectory => format!("this is a folder, not {what}"),
            kind => format!("cannot be read: {kind}"),
        };
        report.error(None, message).help(help);
        report.finish()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The problems one by one: errors first, then in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Each with file, line and column.
    pub fn located(&self) -> Vec<Located> {
        let mut cursors: Vec<Cursor> = self.sources.iter().map(|source| Cursor::new(&source.text)).collect();
        let locate = |problem: &Diagnostic| {
            let source = &self.sources[problem.file];
            let place = problem.span.map(|span| cursors[problem.file].line_and_column(span.start));
            Located {
                severity: problem.severity,
                file: source.name.clone(),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                message: problem.message.clone(),
                help: problem.help.clone(),
            }
        };
        self.list.iter().map(locate).collect()
    }

    /// The problems as text for people, each with its line underlined.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let shown = self.list.iter().take(SHOWN).map(|problem| self.render_one(problem, &renderer));
        let mut text = shown.collect::<Vec<_>>().join("\n\n");
        if self.list.len() > SHOWN {
            let more = format!("{} more problems are not shown", self.list.len() - SHOWN);
            let more = Group::with_title(Level::NOTE.primary_title(more));
            text.push_str("\n\n");
            text.push_str(&renderer.render(&[more]));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        // The renderer shows control characters as pictures, but not those that some terminals take for an escape.
        text.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), "\u{fffd}")
    }

    fn render_one(&self, problem: &Diagnostic, renderer: &Renderer) -> String {
        let source = &self.sources[problem.file];
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(problem.message.as_str());
        let help = problem.help.as_deref().map(|help| Level::HELP.message(normalize_untrusted_str(help)));
        let Some(span) = problem.span else {
            let group = title.element(Origin::path(inert(&source.name))).elements(help);
            return renderer.render(&[group]);
        };
        // Only the lines that are shown are handed over: a manifest may hold a hundred thousand.
        let places = || problem.related.iter().map(|(at, _)| *at).chain([span]);
        let first = places().map(|at| at.start).min().unwrap_or(span.start);
        let last = places().map(|at| at.start).max().unwrap_or(span.start);
        let (start, end) = (line_around(&source.text, first).start, line_around(&source.text, last).end);
        let inside = |at: Span| {
            let line = line_around(&source.text, at.start);
            let from = floor(&source.text, at.start.min(line.end));
            from - start..floor(&source.text, at.end.clamp(from, line.end)) - start
        };
        let mut snippet = Snippet::source(&source.text[start..end])
            .path(inert(&source.name))
            .line_start(line_and_column(&source.text, start).0)
            .annotation(AnnotationKind::Primary.span(inside(span)));
        for (at, word) in &problem.related {
            snippet = snippet.annotation(AnnotationKind::Context.span(inside(*at)).label(word.as_str()));
        }
        renderer.render(&[title.element(snippet).elements(help)])
    }
}

/// The name of a file with pictures for its control characters: the renderer prints names as they are.
pub(super) fn inert(name: &str) -> String {
    let picture = |c: char| match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(c),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        other => other,
    };
    name.chars().map(picture).collect()
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Problems {}

/// Collects problems while a job is read.
#[derive(Debug)]
pub(super) struct Report {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
    /// The end of each secret, by where it begins.
    secrets: BTreeMap<usize, usize>,
    file: usize,
}

impl Report {
    /// About the job file, and later the files it names.
    pub(super) fn new(name: &str, text: &str) -> Self {
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        Self { sources: vec![source], list: Vec::new(), secrets: BTreeMap::new(), file: 0 }
    }

    /// The line of the job file a span begins in, from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        self.sources.first().map_or(1, |source| line_and_column(&source.text, span.start).0)
    }

    /// What follows is about another file, until [`Self::end_file`].
    pub(super) fn begin_file(&mut self, name: &str, text: &str) {
        self.file = self.sources.len();
        self.sources.push(Source { name: name.to_owned(), text: text.to_owned() });
    }

    /// The file at hand, as the user knows it.
    pub(super) fn file_name(&self) -> &str {
        &self.sources[self.file].name
    }

    /// What follows is about the job file again.
    pub(super) fn end_file(&mut self) {
        self.file = 0;
    }

    /// Something that keeps the job from running.
    pub(super) fn error(
        &mut self,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Error, span.into(), message.into())
    }

    /// Something to look at.
    pub(super) fn warning(
        &mut self,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Warning, span.into(), message.into())
    }

    /// The text of a stretch of the file at hand.
    pub(super) fn text_of(&self, span: Span) -> &str {
        self.sources[self.file].text.get(span.start..span.end).unwrap_or_default()
    }

    /// What stands before a stretch.
    pub(super) fn before(&self, span: Span) -> &str {
        self.sources[self.file].text.get(..span.start).unwrap_or_default()
    }

    /// What stands behind a stretch on its last line.
    pub(super) fn rest_of_line(&self, span: Span) -> &str {
        let rest = self.sources[self.file].text.get(span.end..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// The comment behind a stretch, where nothing but blanks (and the colon of an empty value) is between.
    pub(super) fn comment_behind(&self, span: Span) -> Option<&str> {
        let rest = self.rest_of_line(span);
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let comment = rest.trim_start_matches([' ', '\t']);
        (comment.len() < rest.len() && comment.starts_with('#')).then(|| comment.trim_end())
    }

    /// How many problems there are so far.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Forgets the problems after the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// A stretch of the job file that must never be shown.
    pub(super) fn black_out(&mut self, span: Span) {
        self.secrets.insert(span.start, span.end);
    }

    /// Whether a place will be blacked out.
    pub(super) fn is_secret(&self, at: usize) -> bool {
        self.secrets.range(..=at).next_back().is_some_and(|(_, end)| at < *end)
    }

    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// The problems, in the order of the files.
    pub(super) fn finish(mut self) -> Problems {
        for (start, end) in std::mem::take(&mut self.secrets) {
            super::redact::black_out(&mut self.sources[0].text, start..end);
        }
        for (index, source) in self.sources.iter_mut().enumerate() {
            // A manifest may be large; one that has nothing to show need not be kept.
            let shown = self.list.iter().any(|problem| problem.file == index);
            source.text = if shown { super::redact::redact(&source.text) } else { String::new() };
        }
        for problem in &mut self.list {
            problem.message = super::redact::without_tokens(&problem.message);
            problem.help = problem.help.take().map(|help| super::redact::without_tokens(&help));
        }
        let spot = |problem: &Diagnostic| {
            let is_error = problem.severity == Severity::Error;
            problem.span.map(|span| Spot { file: problem.file, at: span.start..span.end, is_error })
        };
        let mut told = told(&self.list.iter().map(spot).collect::<Vec<_>>()).into_iter();
        self.list.retain(|_| told.next().unwrap_or(true));
        self.list.sort_by_key(|problem| (problem.severity, problem.file, problem.span));
        Problems { sources: self.sources, list: self.list }
    }

    fn push(&mut self, severity: Severity, span: Option<Span>, message: String) -> &mut Diagnostic {
        let index = self.list.len();
        let file = self.file;
        self.list.push(Diagnostic { severity, message, help: None, span, related: Vec::new(), file });
        &mut self.list[index]
    }
}
