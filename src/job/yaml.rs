//! Reads YAML 1.2 (and so JSON) into a tree with positions. Refuses anchors, aliases, tags and several documents.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::problem::{Report, Span};
use super::quoting::is_invisible;
use super::slips::{self, Slip};
use super::tree::{Data, Entry, Node, Text};
use crate::documents::spelling;

/// How deep collections may nest; the deepest documented job needs nine.
const DEPTH: usize = 64;

/// How many slips are repaired before the rest of the file is left unread.
const SLIPS: usize = 50;

/// Reads the file into a tree. `None` if there is no usable tree; the report then says why.
///
/// A slip that can be read over is reported, replaced by a value that nobody looks at, and the file is read again.
pub(super) fn parse(text: &str, report: &mut Report) -> Option<Node> {
    parse_or(text, "`transship new migrate` prints a job to start from", report)
}

/// The same for a file that is not a job: `empty` is the advice for an empty file.
pub(super) fn parse_or(text: &str, empty: &str, report: &mut Report) -> Option<Node> {
    let mut repaired = Cow::Borrowed(text);
    let mut masked: Vec<Range<usize>> = Vec::new();
    let mut slips: Vec<Slip> = Vec::new();
    let before = report.len();
    let root = loop {
        match pass(&repaired, text, &masked, report) {
            Ok(root) => {
                if root.is_none() && report.len() == before && slips.is_empty() {
                    report.error(None, "the file is empty").help(empty);
                }
                break root;
            }
            Err(slip) => {
                let known = |range: &Range<usize>| {
                    slips.iter().any(|slip| slip.repair.as_ref().is_some_and(|known| known.range == *range))
                };
                let repair = slip.repair.clone().filter(|repair| {
                    slips.len() < SLIPS && !repair.range.is_empty() && !known(&repair.range)
                });
                slips.push(slip);
                let Some(repair) = repair else { break None };
                // What was found so far is found again.
                report.truncate(before);
                repaired.to_mut().replace_range(repair.range, &repair.filler);
                masked.extend(repair.masked);
            }
        }
    };
    for slip in slips {
        report.error(slip.span, slip.message).maybe_help(slip.help);
    }
    root
}

/// Reads the file once, up to the first slip.
fn pass(
    repaired: &str,
    text: &str,
    masked: &[Range<usize>],
    report: &mut Report,
) -> Result<Option<Node>, Slip> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder =
        Builder { text, masked, report, open: Vec::new(), root: None, documents: 0, slip: None };
    for event in Parser::new_from_str_with_options(repaired, options) {
        match event {
            Ok((event, span)) => builder.on(event, place(repaired, text, span)),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                return Err(slips::recognise(text, at, error.kind(), &builder.flows()));
            }
        }
        if let Some(slip) = builder.slip.take() {
            return Err(slip);
        }
    }
    Ok(builder.root)
}

/// The place of an event in the file. One character of the file may have been repaired into several blanks.
fn place(repaired: &str, text: &str, span: granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or(0..0);
    let end = range.end.min(repaired.len());
    let start = range.start.min(end);
    // A block scalar's span takes in the blank lines after it.
    let slice = repaired.get(start..end).unwrap_or_default();
    let kept = slice.trim_end_matches([' ', '\t', '\r', '\n']).len();
    Span::new(text.floor_char_boundary(start), text.ceil_char_boundary(start + kept))
}

/// A collection that is not closed yet.
enum Open {
    List {
        start: Option<Span>,
        flow: bool,
        items: Vec<Node>,
    },
    Table {
        start: Option<Span>,
        flow: bool,
        entries: Vec<Entry>,
        /// Where each key stands in `entries`.
        known: HashMap<String, usize>,
        key: Option<(Option<String>, Span)>,
    },
}

struct Builder<'a> {
    /// The file as it is, without repairs.
    text: &'a str,
    /// What is not looked at: it stands for a value that has been reported.
    masked: &'a [Range<usize>],
    report: &'a mut Report,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    slip: Option<Slip>,
}

impl Builder<'_> {
    fn on(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(..) => self.document(span),
            // What follows a second document's start was reported with it.
            _ if self.documents > 1 => {}
            Event::Scalar(value, style, _, tag) => {
                if tag.is_some() {
                    self.slip = Some(slips::tag(self.text, span.start, !self.flows().is_empty()));
                }
                let is_masked = self.masked.iter().any(|range| range.contains(&span.start));
                let data = if is_masked { Data::Broken } else { scalar(self.text, &value, style, span) };
                self.add(Node { span, data });
            }
            Event::SequenceStart(style, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let flow = style == StructureStyle::Flow;
                self.open.push(Open::List { start: flow.then_some(span), flow, items: Vec::new() });
            }
            Event::MappingStart(StructureStyle::Flow, ..) if self.text[span.start..].starts_with("{{") => {
                self.slip = Some(slips::template(self.text, span.start, !self.flows().is_empty()));
            }
            Event::MappingStart(style, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let flow = style == StructureStyle::Flow;
                self.open.push(Open::Table {
                    start: flow.then_some(span),
                    flow,
                    entries: Vec::new(),
                    known: HashMap::new(),
                    key: None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Anchor(..) if !self.flows().is_empty() => {
                self.slip = Some(slips::anchor(self.text, span.start));
            }
            Event::Anchor(..) => {
                let help = "a job file says everything where it stands: write the value out; a text that begins with `&` needs quotes";
                self.report.error(span, "anchors (`&`) are not supported").help(help);
            }
            Event::UnresolvedAlias(_) => {
                self.slip = Some(slips::unquoted(self.text, span.start, !self.flows().is_empty()));
            }
            Event::Alias(_) => {
                let help = "to use a value twice, write it twice; a text that begins with `*` needs quotes";
                self.report.error(span, "aliases (`*`) are not supported").help(help);
                self.add(Node { span, data: Data::Broken });
            }
            _ => {}
        }
    }

    /// Where the brackets stand that are open.
    fn flows(&self) -> Vec<usize> {
        let starts = self.open.iter().filter_map(|open| match open {
            Open::List { start, flow: true, .. } | Open::Table { start, flow: true, .. } => {
                start.map(|span| span.start)
            }
            _ => None,
        });
        starts.collect()
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
            Some(Open::Table { start, entries, known, key, .. }) => {
                start.get_or_insert(node.span);
                let Some((word, at)) = key.take() else {
                    if node.written().is_some_and(|word| word.starts_with(is_invisible)) {
                        self.slip = Some(slips::invisible(self.text, node.span.start));
                    }
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
                if let Some(first) = known.get(&word) {
                    let message = format!("duplicate key `{word}`");
                    self.report
                        .error(at, message)
                        .related(entries[*first].at, "first here")
                        .help("keep one of the two");
                    return;
                }
                known.insert(word.clone(), entries.len());
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
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(value, ".nan" | ".NaN" | ".NAN") {
        return Some(Data::OddNumber(value.to_owned()));
    }
    let is_of = |prefix: &str, radix| {
        let digits = value.strip_prefix(prefix).filter(|digits| !digits.is_empty());
        digits.is_some_and(|digits| digits.chars().all(|c| c.is_digit(radix)))
    };
    let looks = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let is_number = is_of("0x", 16) || is_of("0o", 8) || looks && value.parse::<f64>().is_ok();
    is_number.then_some(())?;
    Some(match spelling::number(value) {
        Some(number) => Data::Number(number, value.to_owned()),
        None => Data::OddNumber(value.to_owned()),
    })
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
        ScalarStyle::Folded | ScalarStyle::Plain => folded(raw, value, span.start),
        _ => Vec::new(),
    }
}

/// The stretches of a text whose lines are joined by blanks.
fn folded(raw: &str, value: &str, mut at: usize) -> Vec<(usize, usize, usize)> {
    let (mut runs, mut start) = (Vec::new(), 0);
    for line in raw.split_inclusive('\n') {
        let shown = line.trim();
        start += value[start..].len() - value[start..].trim_start().len();
        if !value[start..].starts_with(shown) {
            return Vec::new();
        }
        runs.push((start, at + line.len() - line.trim_start().len(), shown.len()));
        (start, at) = (start + shown.len(), at + line.len());
    }
    runs
}
