//! Text from the service made safe for a terminal, and the few texts that numbers need.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use crate::model::shown::{clean, count, is_raw, number};
use crate::run_folder::plan_item::PlanItem;

/// The name of an item, made inert; for what is not an import, with its kind.
pub fn titled(item: &PlanItem) -> String {
    let name = clean(&item.name);
    if item.is_import() { name } else { format!("{} \"{name}\"", item.noun()) }
}

/// Columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, cut with `…` if it takes more than `columns`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let mut short = String::new();
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken >= columns.max(1) {
            break;
        }
        short.push(c);
    }
    short.push('…');
    Cow::Owned(short)
}

/// Cuts two texts to the given widths. If the cut would leave only their common beginning visible, most of that
/// beginning is dropped, so that the difference shows.
pub fn cut_both(one: &str, other: &str, columns: (usize, usize)) -> (String, String) {
    /// How many characters of the common beginning stay.
    const SEEN_BEFORE: usize = 6;
    let both =
        |one: &str, other: &str| (cut(one, columns.0).into_owned(), cut(other, columns.1).into_owned());
    let cut_so = both(one, other);
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    // The shown text includes the sign that it was cut, which does not count.
    let is_seen = |text: &str, shown: &str| shown == text || shown.chars().count() > alike + 1;
    if one == other || is_seen(one, &cut_so.0) && is_seen(other, &cut_so.1) {
        return cut_so;
    }
    let from = |text: &str| text.chars().skip(alike.saturating_sub(SEEN_BEFORE)).collect::<String>();
    both(&format!("…{}", from(one)), &format!("…{}", from(other)))
}

/// The end of the text, with `…` before it if the whole text takes more than `columns`.
pub fn cut_front(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < columns.max(1)
    };
    let kept: Vec<char> = text.chars().rev().take_while(fits).collect();
    Cow::Owned(std::iter::once('…').chain(kept.into_iter().rev()).collect())
}

/// The narrowest width that plans and closing lines are laid out for.
pub const NARROWEST: usize = 40;

/// The text on as many lines as it needs in `columns`, broken at blanks; those after the first begin with `indent` blanks. A
/// word that is longer than a line stays whole.
pub fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used > indent && used + 1 + wide > columns {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += wide;
    }
    wrapped
}

/// The text, cut or filled with spaces to exactly `columns`.
pub fn fit(text: &str, columns: usize) -> String {
    let mut fitted = cut(text, columns).into_owned();
    fitted.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&fitted))));
    fitted
}

/// A count of something whose plural has an `s`.
pub fn counted(number: u32, one: &str) -> String {
    count(number, one, &format!("{one}s"))
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A number of bytes, as exact as a person wants it: `812 B`, `1.2 kB`, `34 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    // In tenths of the unit, so that it is rounded only once.
    let (mut tenths, mut unit) = (count / 100, 0);
    while tenths >= 10_000 {
        (tenths, unit) = (tenths / 1000, unit + 1);
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// A count of documents of a kind, in words: `2 file definitions`.
pub(super) fn of_kind(list: &str, number: u64) -> String {
    let words = match list {
        "asynchelpers" => "async helpers",
        "ediprofiles" => "EDI profiles",
        "filedefinitions" => "file definitions",
        "lookupcaches" => "lookup caches",
        "tpconnectors" => "trading partner connectors",
        list => list,
    };
    count(number, words.strip_suffix('s').unwrap_or(words), words)
}

/// A span of time, as exact as a person wants it: `3.2 s`, `2 min 05 s`, `1 h 04 min`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// The last six characters of an id: enough to tell two apart by eye.
pub fn short_id(id: &str) -> String {
    let id = clean(id);
    // A file stands for an import that has no id yet.
    if id.contains(['/', '.']) {
        return id;
    }
    match id.char_indices().rev().nth(5) {
        Some((start, _)) if start > 1 => format!("…{}", &id[start..]),
        _ => id,
    }
}

/// The meaning of a colour. Every use of a colour also says it in words or with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well, or adds something.
    Good,
    /// A person should look at it.
    Warn,
    /// It went wrong, or takes something away.
    Bad,
    /// It changes something.
    Change,
    /// It is of less interest.
    Dim,
    /// A heading, or a word that has to be seen.
    Strong,
}

/// Writes in colours, or without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether to colour at all.
    pub color: bool,
}

impl Paint {
    /// The text in that tone.
    pub fn tone<T: fmt::Display>(self, tone: Tone, text: T) -> impl fmt::Display {
        Painted { code: self.color.then_some(code(tone)), text }
    }
}

fn code(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "31",
        Tone::Change => "36",
        Tone::Dim => "2",
        Tone::Strong => "1",
    }
}

struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\x1b[{code}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_two_long_texts_it_is_seen_where_they_differ() {
        let both = |one: &str, other: &str| cut_both(one, other, (10, 10));
        assert_eq!(both("abc", "abd"), ("abc".into(), "abd".into()));
        assert_eq!(both("0123456789abcdef", "1"), ("012345678…".into(), "1".into()));
        assert_eq!(both("0123456789abcdef", "0123456789abcxef"), ("…789abcdef".into(), "…789abcxef".into()));
        assert_eq!(both("0123456789abcdef", "0123456789abcdef"), ("012345678…".into(), "012345678…".into()));
    }

    #[test]
    fn a_name_cannot_send_escapes_to_the_terminal() {
        assert_eq!(clean("a\x1b]0;x\x07b\r\n"), "a␛]0;x␇b␍␊");
        assert_eq!(clean("abc\u{202e}fed\u{9b}31m"), "abc\u{fffd}fed\u{fffd}31m");
        assert_eq!(clean("Aufträge 日本 👩\u{200d}🚀"), "Aufträge 日本 👩\u{200d}🚀");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fit("日本語", 4), "日… ");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(
            [cut_front("/a/b/c", 6), cut_front("/a/b/c", 4), cut_front("日本語", 4)],
            ["/a/b/c", "…b/c", "…語"]
        );
    }

    #[test]
    fn long_lines_are_broken_at_blanks() {
        assert_eq!(
            wrap("Calls   12 calls: 10 create import", 24, 8),
            "Calls   12 calls: 10\n        create import"
        );
        assert_eq!(wrap("a  b", 80, 4), "a  b", "blanks stay as they are");
        assert_eq!(wrap("averylongword and", 5, 2), "averylongword\n  and");
        assert_eq!(wrap("", 5, 2), "");
    }

    #[test]
    fn spans_read_as_people_write_them() {
        assert_eq!(count(1_u32, "import", "imports"), "1 import");
        let spans = [3.24, 59.9, 125.0, 3900.0].map(|s| span(Duration::from_secs_f64(s)));
        assert_eq!(spans, ["3.2 s", "59 s", "2 min 05 s", "1 h 05 min"]);
        let sizes = [0, 999, 1000, 1_299, 99_999, 1_000_000, 12_345_678, u64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.2 kB", "99 kB", "1.0 MB", "12 MB", "18 EB"]);
        assert_eq!(short_id("5f7c579b6411271af4e7cefa"), "…e7cefa");
        assert_eq!(short_id("ab"), "ab");
    }

    proptest! {
        #[test]
        fn whatever_a_name_holds_it_stays_on_its_line_and_in_its_columns(name in "\\PC*|.*", columns in 1_usize..60) {
            let text = clean(&name);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert_eq!(clean(&text), text.clone());
        }
    }
}
