//! The bytes of a file as the text that people wrote.

use super::problem::{Report, Span};

/// The text of a file, without its byte-order mark.
pub(super) fn decode<'b>(bytes: &'b [u8], limit: usize, report: &mut Report) -> Option<&'b str> {
    if bytes.len() > limit {
        let message = format!("the file is larger than {} MiB", limit >> 20);
        report.error(None, message).help("long lists of imports belong in a manifest");
        return None;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        report.error(None, "the file is UTF-16").help("save it as UTF-8");
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let at = error.valid_up_to();
            // The text shown has a replacement character of three bytes there.
            let span = Span::new(at, at + '\u{fffd}'.len_utf8());
            report.error(span, "the file is not UTF-8 from here on").help("save it as UTF-8");
            None
        }
    }
}
