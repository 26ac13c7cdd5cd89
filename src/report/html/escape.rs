//! The two ways text gets into the page: as text of an element or attribute, and as JSON inside a script element.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

/// A text that is only text, in an element as in a quoted attribute.
pub(in crate::report) struct Text<T>(pub(in crate::report) T);

impl<T: AsRef<str>> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.as_ref().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(c)?,
                // HTML knows no NUL, and reads a CR as a line feed; whoever prints the page may act on the others.
                c if c.is_control() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Writes a value as JSON for a script element.
pub(super) fn script_json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    write_escaped(&serde_json::to_vec(value)?, out)
}

/// Writes JSON so that no parser of HTML takes it for anything else: `<`, `>` and `&` only stand inside strings, where they
/// can be written as escapes.
pub(super) fn write_escaped(json: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut written = 0;
    for at in memchr::memchr3_iter(b'<', b'>', b'&', json) {
        out.write_all(&json[written..at])?;
        write!(out, "\\u{:04x}", json[at])?;
        written = at + 1;
    }
    out.write_all(&json[written..])
}
