//! Texts that YAML reads otherwise than they look: cut off at ` #`, continued by what is meant as an item, in quotes that are
//! none.

use super::problem::{Report, Span};
use super::quoting::{in_typographic_quotes, quoted};
use super::remedy::shorten;
use super::tree::Node;

/// What is said of a text that a comment cuts off.
const MESSAGE: &str = "what follows ` #` is a comment, and not part of the text";

/// A comment that is most likely the rest of a text.
pub(super) struct Cut {
    /// Where the comment stands.
    pub(super) span: Span,
    /// What is wrong.
    pub(super) message: &'static str,
    /// The text as it was meant, in quotes.
    pub(super) help: String,
}

/// The comment that cuts off the text of a node.
pub(super) fn cut(node: &Node, report: &Report) -> Option<Cut> {
    let text = node.written().filter(|_| is_plain(node, report))?;
    let comment = report.comment_behind(node.span).filter(|comment| is_text_meant(comment))?;
    let help = format!("to keep it, write {}", quoted(&format!("{text} {comment}")));
    let start = node.span.end + report.rest_of_line(node.span).find('#').unwrap_or_default();
    Some(Cut { span: Span::new(start, start + comment.len()), message: MESSAGE, help })
}

/// Reports what is wrong with a text, unless a comment cuts it off: then that, for the rest follows from it.
pub(super) fn error_in<'r>(
    node: &Node,
    span: Span,
    message: String,
    help: Option<String>,
    report: &'r mut Report,
) -> &'r mut super::Diagnostic {
    match cut(node, report) {
        Some(cut) => report.error(cut.span, cut.message).help(cut.help),
        None => report.error(span, message).maybe_help(help),
    }
}

/// Whether a comment is most likely the rest of a text: nothing is between the `#` and the first word, or it is a template,
/// or there is no word at all.
pub(super) fn is_text_meant(comment: &str) -> bool {
    let rest = comment.trim_start_matches('#');
    comment == "#"
        || comment.contains("{{")
        || !rest.is_empty() && rest.len() + 1 == comment.len() && !rest.starts_with([' ', '\t'])
}

fn is_plain(node: &Node, report: &Report) -> bool {
    !report.text_of(node.span).starts_with(['"', '\'', '|', '>'])
}

/// Whether a text stands in a block, behind `|` or `>`.
pub(super) fn is_block(node: &Node, report: &Report) -> bool {
    let above = report.before(node.span).trim_end();
    let signs = above.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    node.text().is_some() && signs.ends_with(['|', '>'])
}

/// Warns of a text that YAML reads otherwise than it looks.
pub(super) fn not_meant(node: &Node, report: &mut Report) {
    let Some(text) = node.text() else { return };
    let is_plain = is_plain(node, report);
    if let Some(cut) = cut(node, report) {
        report.warning(cut.span, cut.message).help(cut.help);
    }
    let source = report.text_of(node.span);
    if is_plain && source.lines().skip(1).any(|line| line.trim_start().starts_with("- ")) {
        let message = format!(
            "this is one text, `{}`: an item that is indented further continues the one above",
            shorten(text)
        );
        report
            .warning(node.span, message)
            .help("begin each item below the other, or put the text into quotes");
    }
    if is_plain && let Some(inner) = in_typographic_quotes(text) {
        let help = format!("to quote it, write {}", quoted(inner));
        report.warning(node.span, "typographic quotes are part of the text").help(help);
    }
}
