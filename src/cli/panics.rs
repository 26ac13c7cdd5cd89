//! The message of a panic: one line without anything that acts on a terminal, because its text may contain a part of
//! a document.

use std::panic::PanicHookInfo;

use super::stderr::Stderr;
use crate::report::text::clean;

/// From now on, panics are reported like this, in the form that stderr has.
pub(super) fn tame(stderr: &Stderr) {
    let stderr = stderr.clone();
    std::panic::set_hook(Box::new(move |panic| stderr.complain("panic", &told(panic), None)));
}

fn told(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    line(&place, text.or(payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default())
}

fn line(place: &str, text: &str) -> String {
    format!("error: this program made a mistake, please report it: {} ({place})", clean(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_panic_drives_no_terminal() {
        let said = line("src/x.rs:1:2", "byte 3 is inside `\u{1b}]0;title\u{7}\n\u{202e}`");
        assert!(said.ends_with("(src/x.rs:1:2)"), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{7}', '\n', '\u{202e}']), "{said:?}");
    }
}
