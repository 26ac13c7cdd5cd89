//! Makes texts and numbers safe for terminals, spreadsheets and shells, and reverses that.

use std::borrow::Cow;

/// Makes a text from elsewhere safe on a terminal: one line, no escapes, no characters that change the direction of
/// writing.
///
/// Control characters become their visible pictures (`␛`, `␊`), other invisible ones `�`.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| picture(c).unwrap_or(c)).collect()
}

/// Whether [`clean`] would change a text.
pub fn is_raw(text: &str) -> bool {
    // Most cells are plain ASCII.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    !is_plain && text.chars().any(|c| picture(c).is_some())
}

fn picture(c: char) -> Option<char> {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32),
        '\x7f' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// A cell that no spreadsheet executes and no terminal interprets: control characters and those that change the
/// direction of writing are replaced by pictures of themselves.
pub fn inert(cell: &str) -> Cow<'_, str> {
    if !is_raw(cell) {
        return defuse(cell);
    }
    let shown = clean(cell);
    // The first character of the original cell decides.
    if matches!(defuse(cell), Cow::Owned(_)) { format!("'{shown}").into() } else { shown.into() }
}

/// Puts `'` before a cell that a spreadsheet would execute as a formula, so that it is only shown.
///
/// Some spreadsheets skip blanks and invisible characters before the sign, and accept its full-width forms.
pub fn defuse(cell: &str) -> Cow<'_, str> {
    // Most cells begin with a letter or a digit.
    if cell.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return cell.into();
    }
    let seen = cell.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let hot = cell.trim_start_matches(' ').starts_with(['\t', '\r', '\n'])
        || seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if hot { format!("'{cell}").into() } else { cell.into() }
}

/// The text from which [`inert`] made a cell, as far as the cell alone shows it: without the `'` that was put before
/// it.
///
/// Pictures of control characters stay; see [`true_text`].
pub fn undone(cell: &str) -> &str {
    let rest = cell.strip_prefix('\'');
    rest.filter(|rest| matches!(defuse(rest), Cow::Owned(_)) || begins_with_picture(rest)).unwrap_or(cell)
}

/// A JSON text without the characters that a terminal interprets and JSON allows: they are written as escapes with the
/// same meaning.
pub fn json_escaped(json: &str) -> Cow<'_, str> {
    let is_hot = |c: char| c > '~' && picture(c).is_some();
    if !json.contains(is_hot) {
        return json.into();
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hot(c) {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text.into()
}

/// A text as one word of a shell command, quoted if necessary.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-:@+=,%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

/// Writes `1234567` as `1,234,567`.
pub fn number(count: impl Into<u64>) -> String {
    let digits = count.into().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes `1 import` or `12,000 imports`.
pub fn count(count: impl Into<u64>, one: &str, many: &str) -> String {
    let count = count.into();
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Does [`count`] for imports.
pub fn imports(number: usize) -> String {
    count(number as u64, "import", "imports")
}

/// The text that a cell means if it may mean `text`: exactly that text, if [`inert`] makes the cell from it.
pub fn true_text<'t>(cell: &'t str, text: &'t str) -> &'t str {
    if inert(text) == cell { text } else { undone(cell) }
}

/// Whether a picture of a control character comes first: such a cell got its `'` because of that character.
fn begins_with_picture(text: &str) -> bool {
    text.trim_start_matches(' ').starts_with(['\u{2409}', '\u{240a}', '\u{240d}'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_nobody_defused_is_left_as_it_is() {
        for cell in ["'s Hertogenbosch", "'", "''", "'quoted'", "plain", "=1", ""] {
            assert_eq!(undone(cell), cell, "{cell:?}");
        }
        assert_eq!(true_text("'@at", "'@at"), "'@at", "the import itself is called so");
        assert_eq!(true_text("'@at v2", "@at"), "@at v2", "somebody wrote another name behind the sign");
    }

    #[test]
    fn numbers_have_separators_from_a_thousand_on() {
        let numbers = [number(0_u32), number(999_u32), number(1_000_u32), number(1_234_567_u64)];
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([imports(0), imports(1), imports(12_000)], ["0 imports", "1 import", "12,000 imports"]);
    }

    #[test]
    fn a_shell_takes_no_word_apart() {
        for (text, word) in [
            ("runs/20260101T000000Z-x-ab12", "runs/20260101T000000Z-x-ab12"),
            ("s3://ops/tränsship", "s3://ops/tränsship"),
            ("My Drive/x", "'My Drive/x'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;x", "'$HOME;x'"),
            ("~x", "'~x'"),
            ("Order *", "'Order *'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn json_holds_nothing_that_a_terminal_acts_on_and_means_the_same() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{feff}\n\u{1b}ü日";
        let json = serde_json::to_string_pretty(&serde_json::json!({ text: [text] })).unwrap();
        let escaped = json_escaped(&json);
        assert!(!escaped.chars().any(|c| c != '\n' && picture(c).is_some()), "{escaped}");
        assert!(
            escaped.contains(r"\u009b31m\u007f\u202e\udb40\udc41\ufeff\n") && escaped.contains("ü日"),
            "{escaped}"
        );
        let again: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(again[text][0], text);
        assert!(matches!(json_escaped("{\n  \"a\": \"ü日\"\n}"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn a_cell_gives_the_text_it_was_made_of(text in "[-=+@'\\t\\r\\n \u{9b}\u{202e}\u{feff}a＝]{0,4}\\PC{0,2}") {
            let cell = inert(&text).into_owned();
            prop_assert_eq!(true_text(&cell, &text), &text);
            // Without the original text, everything but the pictures is restored.
            if !is_raw(&text) && !text.starts_with('\'') {
                prop_assert_eq!(undone(&cell), &text);
            }
        }
    }
}
