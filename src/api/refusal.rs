//! Reads why a call was refused: the service's error envelope, or the page of a gateway in between. Pure, no I/O.
//!
//! A gateway, a firewall or a login page answers with HTML: its title, or its first line, says more than "not JSON".

use serde::Deserialize;

use super::error::clean;
use super::{Problem, Token};

/// How many entries of an error envelope are kept.
const MOST_PROBLEMS: usize = 20;
/// The length of each of their texts, in characters.
const LONGEST_TEXT: usize = 500;
/// The length of a page's title or first line, in characters.
const LONGEST_LINE: usize = 200;
/// How much of a page is searched, in bytes.
const LOOKED_AT: usize = 64 << 10;

/// What the answer says about a failure.
pub(super) struct Refusal {
    /// The entries of the envelope.
    pub(super) problems: Vec<Problem>,
    /// One line for people.
    pub(super) summary: String,
}

impl Refusal {
    /// Reads `{"errors":[...]}`, the bare `{"message":...}`, or neither.
    /// A body of `None` was cut short.
    pub(super) fn read(status: u16, content_type: Option<&str>, body: Option<&[u8]>, token: &Token) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(default)]
            errors: Vec<serde_json::Value>,
            message: Option<String>,
        }
        let Some(body) = body else { return Self::plain(format!("{status}; its text was cut short")) };
        let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
            return Self::plain(token.redact(page(status, content_type, body)));
        };
        let tidy = |text: &str| token.redact(clean(text, LONGEST_TEXT));
        let problems: Vec<Problem> =
            envelope.errors.iter().take(MOST_PROBLEMS).map(|entry| problem(entry, &tidy)).collect();
        let mut summary = problems.iter().take(3).map(sentence).collect::<Vec<_>>().join("; ");
        if envelope.errors.len() > 3 {
            summary = format!("{summary}; and {} more", envelope.errors.len() - 3);
        }
        if summary.is_empty() {
            let another_make = || token.redact(of_another_make(status, body));
            summary = envelope.message.as_deref().map_or_else(another_make, tidy);
        }
        Self { problems, summary }
    }

    fn plain(summary: String) -> Self {
        Self { problems: Vec::new(), summary }
    }
}

fn problem(entry: &serde_json::Value, tidy: &impl Fn(&str) -> String) -> Problem {
    let text = |key| entry.get(key).and_then(serde_json::Value::as_str).map(tidy);
    Problem {
        code: text("code").unwrap_or_default(),
        message: text("message").or_else(|| entry.as_str().map(tidy)).unwrap_or_default(),
        field: text("field"),
    }
}

fn sentence(problem: &Problem) -> String {
    let field = problem.field.as_deref().map(|field| format!(" ({field})")).unwrap_or_default();
    match (problem.code.as_str(), problem.message.as_str()) {
        ("", "") => format!("no reason given{field}"),
        ("", text) | (text, "") => format!("{text}{field}"),
        (code, message) => format!("{code}: {message}{field}"),
    }
}

/// The text of a JSON refusal that is not in the service's form, unless it says nothing.
fn of_another_make(status: u16, body: &[u8]) -> String {
    let says = |value: &serde_json::Value| match value {
        serde_json::Value::Null => false,
        serde_json::Value::String(text) => !text.trim().is_empty(),
        serde_json::Value::Array(entries) => !entries.is_empty(),
        serde_json::Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    let told = serde_json::from_slice::<serde_json::Map<_, _>>(body);
    if !told.is_ok_and(|told| told.values().any(says)) {
        return format!("{status} without a reason");
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    format!("{status}: {}", clean(text.trim(), LONGEST_LINE))
}

/// What came instead of JSON: `403, text/html: Blocked by policy 4711`, `421 without a body`.
pub(super) fn page(status: u16, content_type: Option<&str>, body: &[u8]) -> String {
    let body = &body[..body.len().min(LOOKED_AT)];
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return format!("{status} without a body");
    }
    let declared = content_type.and_then(|value| value.split(';').next()).map(|kind| clean(kind.trim(), 60));
    let is_html = looks_like_html(text);
    let kind = match declared {
        // Named by its content if the header says something else.
        _ if is_html => "text/html".to_owned(),
        _ if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => "JSON".to_owned(),
        Some(kind) if !kind.is_empty() && !kind.ends_with("json") => kind,
        _ => "not JSON".to_owned(),
    };
    let line = if is_html { title(text).or_else(|| first_text(text)) } else { None };
    let line = line.or_else(|| {
        let printable = !text.contains('\u{fffd}') && !is_html;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).filter(|_| printable)?;
        Some(clean(line, LONGEST_LINE))
    });
    match line {
        Some(line) => format!("{status}, {kind}: {line}"),
        None => format!("{status}, {kind}"),
    }
}

/// Whether a body begins like a web page, whatever its header says.
pub(super) fn looks_like_html(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let start: String = text.chars().take(1024).collect::<String>().to_ascii_lowercase();
    start.starts_with('<')
        && ["<!doctype html", "<html", "<head", "<title", "<body"].iter().any(|tag| start.contains(tag))
}

/// The text of `<title>`.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower[begin..].find('>')? + 1;
    let end = begin + lower[begin..].find("</title").unwrap_or(lower.len() - begin);
    tidy(&page[begin..end])
}

/// The first text of a page that a browser would show.
fn first_text(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let mut at = 0;
    while at < page.len() {
        let Some(open) = lower[at..].find('<') else { return tidy(&page[at..]) };
        if let Some(text) = tidy(&page[at..at + open]) {
            return Some(text);
        }
        let tag = at + open;
        // What is inside these is not text.
        let skipped = [("<!--", "-->"), ("<script", "</script"), ("<style", "</style")];
        let close =
            skipped.iter().find(|(begin, _)| lower[tag..].starts_with(begin)).map_or(">", |(_, end)| end);
        let length = lower[tag..].find(close)?;
        at = tag + length + close.len();
        if close.starts_with("</") {
            at += lower[at..].find('>').map_or(0, |rest| rest + 1);
        }
    }
    None
}

/// The text of a page as a person reads it: entities decoded, blanks collapsed; `None` if nothing is left.
fn tidy(text: &str) -> Option<String> {
    let mut out = text.to_owned();
    for (entity, meant) in [
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, meant);
    }
    let out = clean(&out.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_LINE);
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: Option<&str>, body: &str, expected: &str) {
        assert_eq!(page(403, content_type, body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn a_page_is_told_by_its_title_or_its_first_text() {
        let html = Some("text/html; charset=utf-8");
        check(
            html,
            "<!DOCTYPE html>\n<html><head><TITLE lang=en>\n Blocked by\tpolicy 4711 &amp; more</TITLE></head>",
            "403, text/html: Blocked by policy 4711 & more",
        );
        check(Some("application/json"), "<html><title>Blocked</title></html>", "403, text/html: Blocked");
        check(
            html,
            "<html><head><style>p { color: red }</style><script>if (1 < 2) go()</script></head><!-- x --><body><h1>No &lt;entry&gt;</h1>",
            "403, text/html: No <entry>",
        );
        check(html, "<html><title></title><body><p>Go away</p>", "403, text/html: Go away");
        check(html, "<html><title>Cut", "403, text/html: Cut");
        check(html, "<html><script>never closed", "403, text/html");
        check(html, "<html><body></body></html>", "403, text/html");
    }

    #[test]
    fn text_is_told_by_its_first_line_and_nothing_by_its_absence() {
        check(
            Some("text/plain"),
            "\n  upstream connect error\nmore",
            "403, text/plain: upstream connect error",
        );
        check(Some("application/json"), "oops", "403, not JSON: oops");
        check(None, "oops", "403, not JSON: oops");
        check(
            Some("text/xml"),
            "<?xml version=\"1.0\"?><Error/>",
            "403, text/xml: <?xml version=\"1.0\"?><Error/>",
        );
        check(Some("text/html"), " \r\n", "403 without a body");
        check(None, "", "403 without a body");
    }

    #[test]
    fn what_a_page_says_is_cut_and_cannot_drive_a_terminal() {
        let long = format!("<html><title>\u{1b}[31m{}</title>", "é".repeat(5000));
        let told = page(403, None, long.as_bytes());
        assert!(told.chars().count() < 260 && !told.contains('\u{1b}'), "{told}");
        assert_eq!(page(403, Some("\u{1b}[31ma/b"), b"x"), "403, a/b: x");
        assert_eq!(page(502, Some("image/png"), b"\x89PNG\r\n\x1a\n\0\0"), "502, image/png");
        // An entity in the title may encode a control character; it is kept as written.
        check(None, "<title>&#27;[31m</title>", "403, text/html: &#27;[31m");
    }

    #[test]
    fn odd_letters_do_not_move_the_places_of_tags() {
        // `İ` is longer in lower case; only ASCII letters are lowered, so positions stay the same.
        check(None, "<html><p>İİİ</p><title>İstanbul</title>", "403, text/html: İstanbul");
    }
}
