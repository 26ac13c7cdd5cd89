//! YAML 1.2 (and so JSON) to a tree with places. Anchors, aliases, tags and several documents are refused.

use std::cell::Cell;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};
use serde_json::Number;

use super::problem::{Report, Span};
use super::tree::{Data, Entry, Node, Text};

/// How deep collections may nest; the deepest documented job needs nine.
const DEPTH: usize = 64;

/// Reads the file into a tree. `None` when there is none to speak of; the report then says why.
pub(super) fn parse(text: &str, report: &mut Report) -> Option<Node> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder = Builder { text, report, open: Vec::new(), root: None, documents: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.on(event, place(text, span)),
            Err(error) => {
                builder.syntax_error(&error);
                return None;
            }
        }
    }
    if builder.documents == 0 {
        let help = "`transship new migrate` prints a job to start from";
        builder.report.error(None, "the file is empty").help(help);
    }
    builder.root
}

fn place(text: &str, span: granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or(0..0);
    let end = range.end.min(text.len());
    // A block scalar's span takes in the blank lines after it.
    let kept = text.get(range.start..end).map_or(0, |slice| slice.trim_end().len());
    Span::new(range.start.min(end), range.start.min(end) + kept)
}

/// A collection that is not closed yet.
enum Open {
    List { start: Option<Span>, flow: bool, items: Vec<Node> },
    Table { start: Option<Span>, flow: bool, entries: Vec<Entry>, key: Option<(Option<String>, Span)> },
}

struct Builder<'a> {
    text: &'a str,
    report: &'a mut Report,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    fn on(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(..) => self.document(span),
            // What follows a second document's start was reported with it.
            _ if self.documents > 1 => {}
            Event::Scalar(value, style, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let data = scalar(self.text, &value, style, span);
                self.add(Node { span, data });
            }
            Event::SequenceStart(style, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let flow = style == StructureStyle::Flow;
                self.open.push(Open::List { start: flow.then_some(span), flow, items: Vec::new() });
            }
            Event::MappingStart(style, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let flow = style == StructureStyle::Flow;
                self.open.push(Open::Table {
                    start: flow.then_some(span),
                    flow,
                    entries: Vec::new(),
                    key: None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Anchor(..) => {
                let help = "a job file says everything where it stands: write the value out; a text that begins with `&` needs quotes";
                self.report.error(span, "anchors (`&`) are not supported").help(help);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let help = "a text that begins with `*` needs quotes; to use a value twice, write it twice";
                self.report.error(span, "aliases (`*`) are not supported").help(help);
                self.add(Node { span, data: Data::Broken });
            }
            _ => {}
        }
    }

    fn document(&mut self, span: Span) {
        self.documents += 1;
        if self.documents == 2 {
            let message = "a second document begins here; a job file holds one";
            self.report.error(span, message).help("put each job into a file of its own");
        }
    }

    fn refuse_tag(&mut self, tag: Option<&granit_parser::Tag>, span: Span) {
        if tag.is_some() {
            let message = "tags (`!`) are not supported";
            self.report
                .error(span, message)
                .help("write the value alone; put a text into quotes to keep it a text");
        }
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { start, items, .. }) => {
                start.get_or_insert(node.span);
                items.push(node);
            }
            Some(Open::Table { start, entries, key, .. }) => {
                start.get_or_insert(node.span);
                let Some((word, at)) = key.take() else {
                    let word = match &node.data {
                        Data::Flag(flag) => Some(flag.to_string()),
                        _ => node.written().map(str::to_owned),
                    };
                    if word.is_none() && !matches!(node.data, Data::Broken) {
                        let message = format!("a key must be a text, but this is {}", node.kind());
                        self.report.error(node.span, message);
                    }
                    *key = Some((word, node.span));
                    return;
                };
                let Some(word) = word else { return };
                if let Some(first) = entries.iter().find(|entry| entry.key == word) {
                    let message = format!("`{word}` stands here twice");
                    self.report
                        .error(at, message)
                        .related(first.at, "first here")
                        .help("keep one of the two");
                    return;
                }
                entries.push(Entry { key: word, at, node, read: Cell::new(false) });
            }
        }
    }

    fn close(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let whole = |start: Option<Span>, flow: bool| match start {
            Some(start) if flow => Span::new(start.start, end.end),
            Some(start) => start,
            None => end,
        };
        let node = match open {
            Open::List { start, flow, items } => Node { span: whole(start, flow), data: Data::List(items) },
            Open::Table { start, flow, entries, .. } => {
                Node { span: whole(start, flow), data: Data::Table(entries) }
            }
        };
        self.add(node);
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let end = self.text[self.text.floor_char_boundary(at)..].chars().next().map_or(0, char::len_utf8);
        let help = match error.kind() {
            ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
                Some("indent with spaces")
            }
            ErrorKind::MappingValueNotAllowed => Some("a text that holds `: ` needs quotes"),
            ErrorKind::UnclosedQuotedScalar => Some("the quote that begins here has no counterpart"),
            ErrorKind::RecursionLimitExceeded => Some("no job needs to nest this deep"),
            ErrorKind::UnknownQuotedScalarEscape => Some(
                "in \"double\" quotes a backslash is written twice; in 'single' quotes it stands for itself",
            ),
            _ => None,
        };
        let message = format!("not valid YAML: {}", error.kind());
        self.report.error(Span::new(at, at + end), message).maybe_help(help);
    }
}

fn scalar(text: &str, value: &str, style: ScalarStyle, span: Span) -> Data {
    if style == ScalarStyle::Plain {
        // The parser gives `~` for a value that is not there.
        if span.start == span.end || matches!(value, "~" | "null" | "Null" | "NULL") {
            return Data::Null;
        }
        match value {
            "true" | "True" | "TRUE" => return Data::Flag(true),
            "false" | "False" | "FALSE" => return Data::Flag(false),
            _ => {}
        }
        if let Some(number) = number(value) {
            return number;
        }
    }
    Data::Text(Text { value: value.to_owned(), runs: runs(text, value, style, span) })
}

/// A number of the YAML 1.2 core schema.
fn number(value: &str) -> Option<Data> {
    let of = |number: Option<Number>| match number {
        Some(number) => Data::Number(number, value.to_owned()),
        None => Data::OddNumber(value.to_owned()),
    };
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(value, ".nan" | ".NaN" | ".NAN") {
        return Some(of(None));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(rest) = value.strip_prefix(prefix).filter(|rest| rest.chars().all(|c| c.is_digit(radix)))
            && !rest.is_empty()
        {
            return Some(of(u64::from_str_radix(rest, radix).ok().map(Number::from)));
        }
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let unsigned = value.strip_prefix('+').unwrap_or(value);
        let whole = unsigned.parse::<i64>().map(Number::from).ok();
        return Some(of(whole.or_else(|| unsigned.parse::<Number>().ok())));
    }
    let looks = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let float = looks.then(|| value.parse::<f64>().ok()).flatten()?;
    // What is a number in JSON as well keeps its spelling, and with it all its digits.
    Some(of(value.parse::<Number>().ok().or_else(|| Number::from_f64(float))))
}

/// Where the text's stretches stand in the file; see [`Text::runs`].
fn runs(source: &str, value: &str, style: ScalarStyle, span: Span) -> Vec<(usize, usize, usize)> {
    let raw = &source[span.start..span.end];
    match style {
        ScalarStyle::Plain if raw == value => vec![(0, span.start, value.len())],
        ScalarStyle::DoubleQuoted if raw.get(1..raw.len() - 1) == Some(value) => {
            vec![(0, span.start + 1, value.len())]
        }
        ScalarStyle::SingleQuoted if !raw.contains('\n') => {
            let mut runs = Vec::new();
            let mut start = 0;
            let mut at = span.start + 1;
            // Each doubled quote ends a stretch: one byte of the text, two of the file.
            for piece in value.split_inclusive('\'') {
                runs.push((start, at, piece.len()));
                start += piece.len();
                at += piece.len() + usize::from(piece.ends_with('\''));
            }
            runs
        }
        ScalarStyle::Literal => {
            let mut runs = Vec::new();
            // The span begins at the first line that is not empty.
            let mut start = value.len() - value.trim_start_matches('\n').len();
            let mut at = source[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
            for (line, raw) in value[start..].lines().zip(source[at..].split_inclusive('\n')) {
                let shown = raw.trim_end_matches(['\r', '\n']);
                if !shown.ends_with(line) {
                    return Vec::new();
                }
                runs.push((start, at + shown.len() - line.len(), line.len()));
                start += line.len() + 1;
                at += raw.len();
            }
            runs
        }
        _ => Vec::new(),
    }
}
