//! Failures of calls, by what they mean for the caller.

use std::time::Duration;

use super::Method;

/// What a failed call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The service never received it: safe to send again.
    NotSent,
    /// The caller held it back because the run is stopping: never sent, and must not be sent now.
    Withheld,
    /// The service is unavailable for longer than the patience: not sent, and no other call will be. No item is at
    /// fault.
    Away,
    /// The service asked the caller to wait (429) and did not act. Safe to send again after the pause.
    Throttled,
    /// The service may have acted: no answer, a cut answer, a time-out, 408, 5xx, 409 to a create or a read. A write is
    /// looked up before it is repeated.
    InDoubt,
    /// The service refused it (4xx): repeating cannot help.
    Refused,
    /// The service does not know the resource (404, or `invalid_ref` for an id in the path).
    NotFound,
    /// The service does not accept the token (401).
    Unauthorized,
    /// The answer is not what the reference promises (not JSON, not an array, a redirect, too large, ...).
    Broken,
}

/// A sign that the service is unavailable, as far as one call can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwaySign {
    /// Nothing listens at the address, or there is no route to it.
    Unreachable,
    /// No connection for another reason, such as an unknown host name or a certificate. If the service never answered,
    /// waiting does not help.
    NoConnection,
    /// A proxy or gateway answered 502, 503 or 504.
    Busy,
}

/// A sign that a page was too large, as far as one failure can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLargeSign {
    /// It was larger than the local limit, did not end in time, or the service refused the request (400, 413, 414, 422, 431).
    Certain,
    /// It was cut, or answered with 408 or 5xx: its size may be the cause if this happens again.
    Possible,
}

/// One entry of the service's error envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// The service's `code`, which is stable.
    #[serde(default)]
    pub code: String,
    /// The service's `message`: a sentence for people.
    #[serde(default)]
    pub message: String,
    /// `field`: a dotted path in the document; absent if the service names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A call that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {path} failed{}{}: {summary}",
    // The summary of a page that is not the service's answer includes the status already.
    .status.map(|status| format!(" with {status}")).filter(|with| !.summary.starts_with(&with[6..])).unwrap_or_default(),
    if *.attempts > 1 { format!(" after {} attempts", .attempts) } else { String::new() })]
pub struct ApiError {
    /// The HTTP method of the call.
    pub method: &'static str,
    /// The path, without host and query.
    pub path: String,
    /// How many times it was sent.
    pub attempts: u32,
    /// What the failure means for the caller.
    pub kind: ErrorKind,
    /// The HTTP status; absent when there was no answer.
    pub status: Option<u16>,
    /// What the service said, entry by entry. Bounded in number and length.
    pub problems: Vec<Problem>,
    /// The pause it asked for, clamped.
    pub retry_after: Option<Duration>,
    /// Whether it is a sign that the service is unavailable. With [`ErrorKind::Away`]: that it has never answered.
    pub away: Option<AwaySign>,
    /// Whether it is a sign that the page should have fewer documents.
    pub too_large: Option<TooLargeSign>,
    /// The service's clock, from `Date`; absent without an answer that has a `Date`.
    pub date: Option<jiff::Timestamp>,
    /// One line for people: the service's words, or what happened to the connection.
    pub summary: String,
}

impl ApiError {
    /// Whether a failed read concerns only the requested document, not the service as a whole.
    pub fn is_of_one_document(&self) -> bool {
        let answered = matches!(self.kind, ErrorKind::NotFound | ErrorKind::Refused);
        answered || self.status.is_some() && matches!(self.kind, ErrorKind::InDoubt | ErrorKind::Broken)
    }

    /// A failed call to `target` (path and query, or a whole URL) that was sent once or, if it never left this machine,
    /// zero times.
    pub fn new(method: Method, target: &str, kind: ErrorKind, summary: impl Into<String>) -> Self {
        Self {
            method: method.as_str(),
            path: path_of(target),
            attempts: 1,
            kind,
            status: None,
            problems: Vec::new(),
            retry_after: None,
            away: None,
            too_large: None,
            date: None,
            summary: summary.into(),
        }
    }

    /// Whether the call was held back because its caller is stopping or the service is unavailable: nothing was sent.
    pub fn is_held_back(&self) -> bool {
        matches!(self.kind, ErrorKind::Withheld | ErrorKind::Away)
    }

    /// The first code the service gave.
    pub fn code(&self) -> Option<&str> {
        self.problems.iter().map(|problem| problem.code.as_str()).find(|code| !code.is_empty())
    }
}

/// The path of a target, without host, query and characters that a terminal would interpret.
pub(super) fn path_of(target: &str) -> String {
    let path =
        target.split_once("://").map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    clean(path.split(['?', '#']).next().unwrap_or_default(), 300)
}

/// Makes a text of the service safe for a terminal and a log: at most `most` characters, no control characters, no
/// escape sequences, no characters that change the direction of writing.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    let mut length = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if length == most {
            out.push('…');
            break;
        }
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => {
                out.push(' ');
                length += 1;
            }
            c if c.is_control() => {}
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => {
                out.push(c);
                length += 1;
            }
        }
    }
    out
}

/// Skips the rest of a terminal escape sequence: `ESC [ ... letter`, `ESC ] ... BEL`, or one character.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => drop(chars.find(|c| ('@'..='~').contains(c))),
        Some(']') => drop(chars.find(|c| matches!(c, '\u{7}' | '\\'))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_path_but_neither_host_nor_query() {
        let path = |target| ApiError::new(Method::Get, target, ErrorKind::Broken, "x").path;
        assert_eq!(path("/v1/imports?limit=3"), "/v1/imports");
        assert_eq!(path("https://api.integrator.io/v1/imports?after=x#y"), "/v1/imports");
        assert_eq!(path("https://api.integrator.io"), "/");
    }

    #[test]
    fn text_of_the_service_cannot_drive_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m\u{7}b\nc\u{202e}d", 100), "aredb cd");
        assert_eq!(clean("\u{1b}]0;title\u{7}x", 100), "x");
        assert_eq!(clean(&"é".repeat(600), 500).chars().count(), 501);
    }

    #[test]
    fn the_message_says_what_was_tried_how_often_and_what_came_of_it() {
        let mut error = ApiError::new(Method::Put, "/v1/imports/1", ErrorKind::InDoubt, "bad gateway");
        error.status = Some(502);
        error.attempts = 3;
        assert_eq!(error.to_string(), "PUT /v1/imports/1 failed with 502 after 3 attempts: bad gateway");
    }
}
