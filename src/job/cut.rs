//! Texts that YAML reads otherwise than they look: cut off at ` #`, continued by what is meant as an item, in quotes that are
//! none.

use super::problem::{Report, Span};
use super::quoting::{
    escape_of, in_typographic_quotes, looks_like_a_path, quoted, single_quoted, with_escapes,
};
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

/// The first escape in double quotes that was most likely meant as a backslash and a letter: one that makes what no text
/// of a job holds, as the `\b` of a regular expression, and in a path of Windows also a tab or a line break.
fn escape(text: &str, source: &str) -> Option<(usize, String, String)> {
    let inner = source.strip_prefix('"')?.trim_end().strip_suffix('"')?;
    let is_path = looks_like_a_path(inner);
    let is_slip = |c: char| escape_of(c).is_some() && (is_path || !matches!(c, '\t' | '\n' | '\r'));
    let (at, c) = text.char_indices().find(|(_, c)| is_slip(*c))?;
    let (escape, what) = escape_of(c)?;
    // A character that stands there itself, or by its number, is meant.
    inner.contains(escape).then_some(())?;
    let meant = with_escapes(text);
    let help = format!("in single quotes a backslash is one: write {}", single_quoted(&meant));
    Some((at, format!("in double quotes `{escape}` is {what}"), help))
}

/// Warns of a text that YAML reads otherwise than it looks.
pub(super) fn not_meant(node: &Node, report: &mut Report) {
    let Some(text) = node.text() else { return };
    let is_plain = is_plain(node, report);
    if let Some(cut) = cut(node, report) {
        report.warning(cut.span, cut.message).help(cut.help);
    }
    if let Some((at, message, help)) = escape(text, report.text_of(node.span)) {
        report.warning(node.part(&(at..at + 1)), message).help(help);
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::job::Env;
    use crate::model::time::Clock;

    #[test]
    fn an_escape_that_was_meant_as_a_backslash_and_a_letter_is_told() {
        let head = |action: &str| {
            format!(
                "version: 1\nname: n\naction: {action}\naccounts: {{ a: {{ emulator: a }} }}\nsource: a\n"
            )
        };
        for (rest, told) in [
            (
                "transform: [{ rename: { find: \"\\bOld\\b\", replace: \"$0\" } }]",
                Some("6: in double quotes `\\b` is a backspace"),
            ),
            ("select: { names: [\"re:\\bOrder\"] }", Some("6: in double quotes `\\b` is a backspace")),
            (
                "select: { where: \".name | test(\\\"\\bX\\\")\" }",
                Some("6: in double quotes `\\b` is a backspace"),
            ),
            (
                "transform: [{ set: { /settings/path: \"C:\\temp\\new\" } }]",
                Some("6: in double quotes `\\t` is a tab"),
            ),
            (
                "transform: [{ edit_lookup: { name: l, default: \"C:\\new\" } }]",
                Some("6: in double quotes `\\n` is a line break"),
            ),
            ("transform: [{ set: { /http/body/0: \"a\\tb\\n\" } }]", None),
            ("transform: [{ set: { /settings/path: 'C:\\temp\\new' } }]", None),
            ("transform: [{ rename: { find: '\\bOld\\b', replace: \"$0\" } }]", None),
            ("transform: [{ set: { /settings/a: \"a\\u0008b\" } }]", None),
        ] {
            let text = head(if rest.starts_with("select") { "delete" } else { "update" }) + rest + "\n";
            let job = crate::job::parse(
                "x.yaml",
                text.as_bytes(),
                Path::new("/"),
                &Env::default(),
                &Clock::system(),
            );
            let told_of = job.unwrap().warnings.located();
            let mut said: Vec<_> =
                told_of.iter().map(|one| format!("{}: {}", one.line.unwrap(), one.message)).collect();
            said.retain(|one| one.contains("double quotes"));
            assert_eq!(said, told.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{rest}");
        }
    }
}
