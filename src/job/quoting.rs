//! How a text is written in YAML so that it means itself, and characters that only look like others.

/// The value in quotes, in backticks; a long one is not repeated.
pub(super) fn quoted(value: &str) -> String {
    if value.contains(['"', '\\']) { single_quoted(value) } else { shown(&format!("\"{value}\"")) }
}

pub(super) fn single_quoted(value: &str) -> String {
    shown(&format!("'{}'", value.replace('\'', "''")))
}

fn shown(quoted: &str) -> String {
    if quoted.chars().count() > 80 { "the value in quotes".to_owned() } else { format!("`{quoted}`") }
}

/// Whether a text is most likely a path of Windows.
pub(super) fn looks_like_a_path(text: &str) -> bool {
    let mut chars = text.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
    drive || text.starts_with("\\\\") || text.starts_with(".\\") || text.starts_with("..\\")
}

/// A quote of a word processor.
pub(super) fn is_typographic(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»')
}

/// What a text holds that stands between quotes of a word processor, which mean nothing in YAML.
pub(super) fn in_typographic_quotes(text: &str) -> Option<&str> {
    let inner = text.trim_matches(is_typographic);
    (text.starts_with(is_typographic) && text.ends_with(is_typographic) && !inner.is_empty()).then_some(inner)
}

/// A character that looks like a space, or like nothing.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202f}'
        | '\u{205f}'..='\u{2064}' | '\u{3000}' | '\u{feff}')
}

/// Whether a character has no place in a path: what an escape in double quotes turns into.
pub(super) fn unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{a0}' | '\u{2028}' | '\u{2029}')
}

/// The escape of YAML that stands for a control character, and what it makes.
pub(super) fn escape_of(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        '\0' => ("\\0", "a zero byte"),
        '\u{7}' => ("\\a", "a bell"),
        '\u{8}' => ("\\b", "a backspace"),
        '\t' => ("\\t", "a tab"),
        '\n' => ("\\n", "a line break"),
        '\u{b}' => ("\\v", "a vertical tab"),
        '\u{c}' => ("\\f", "a form feed"),
        '\r' => ("\\r", "a carriage return"),
        '\u{1b}' => ("\\e", "an escape character"),
        _ => return None,
    })
}

/// The text with the escapes that stand for its control characters.
pub(super) fn with_escapes(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match escape_of(c) {
            Some((escape, _)) => written.push_str(escape),
            None => written.push(c),
        }
    }
    written
}

/// What people call an invisible character.
pub(super) fn name_of(c: char) -> String {
    let name = match c {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{200b}' => "a zero-width space",
        '\u{feff}' => "a byte-order mark",
        '\u{3000}' => "a full-width space",
        '\u{2028}' | '\u{2029}' => "a line separator",
        c if c.is_control() => "a control character",
        _ => "a special space",
    };
    format!("{name} (U+{:04X})", u32::from(c))
}
