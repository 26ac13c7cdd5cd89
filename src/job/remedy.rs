//! What to write instead of a value that does not fit its key.

use super::env::nearest;
use super::forms::Format;
use super::keys::{CREATABLE, KINDS};
use super::quoting::{in_typographic_quotes, looks_like_a_path, quoted, single_quoted, unprintable};
use super::spec::Type;
use super::tree::{Data, Node};

/// What to write instead, where that can be said.
pub(super) fn remedy(node: &Node, holds: &Type, name: &str, is_block: bool) -> Option<String> {
    let written = node.written().map(shorten);
    if let Some(inner) = node.text().and_then(in_typographic_quotes) {
        return Some(format!("typographic quotes do not quote in YAML: write {}", quoted(inner)));
    }
    match (holds, &node.data) {
        (Type::Word(_), Data::Text(text)) if name == "create" => not_created(&text.value),
        (Type::Word(words), Data::Text(text)) => {
            let known = words.iter().map(|word| word.word);
            nearest(&text.value, known).map(|near| format!("did you mean `{near}`?"))
        }
        (Type::Either(types), Data::Text(_)) => {
            types.iter().find_map(|one| remedy(node, one, name, is_block))
        }
        (Type::Either(types), Data::Number(number, _))
            if number.as_f64().is_some_and(|share| share > 0.0 && share < 1.0) =>
        {
            types.iter().find_map(|one| remedy(node, one, name, is_block))
        }
        (Type::Bool, Data::Text(text)) => match text.value.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        (Type::Bool, Data::Number(_, text)) => match text.as_str() {
            "1" => Some("write `true`".to_owned()),
            "0" => Some("write `false`".to_owned()),
            _ => None,
        },
        (Type::Text(Format::Duration), Data::Number(..)) => {
            Some(format!("write the unit: `{}s` or `{0}ms`", written.unwrap_or_default()))
        }
        (Type::Text(Format::Duration), Data::Text(text)) => duration(&text.value).map(write),
        (Type::Text(Format::Moment), Data::Text(text)) => moment(&text.value),
        (Type::Text(Format::Percent), Data::Number(number, text)) => {
            let share = number.as_f64().filter(|share| *share < 1.0 && text.contains('.'));
            Some(match share {
                Some(share) => format!("write `{}%`", plain(share * 100.0)),
                None => format!("write `{text}%`"),
            })
        }
        (Type::Text(Format::Percent), Data::Text(text)) => {
            let number = number(per_cent(&text.value).unwrap_or(text.value.trim()))?;
            let fits = number > 0.0 && number <= 100.0;
            Some(if fits {
                format!("write `{}%`", plain(number))
            } else {
                "a share is above `0%` and at most `100%`".to_owned()
            })
        }
        (Type::Text(Format::Path | Format::Line), Data::Text(text))
            if is_block && text.value.contains(unprintable) =>
        {
            let line = text.value.split_whitespace().collect::<Vec<_>>().join(" ");
            Some(format!("a block keeps its line breaks, the last one too: write {}", quoted(&line)))
        }
        (Type::Text(Format::Line), Data::Text(text)) if text.value.contains(char::is_control) => {
            let escapes = text.value.replace('\t', "\\t").replace('\n', "\\n");
            let help = "in double quotes a backslash and the letter behind it are one character: write";
            Some(format!("{help} {}, or take it out", single_quoted(&escapes)))
        }
        (Type::Text(Format::Path), Data::Text(text)) if text.value.contains(unprintable) => {
            let (tab, line) = (text.value.contains('\t'), text.value.contains('\n'));
            let what = match (tab, line) {
                (true, true) => "`\\t` is a tab and `\\n` a line break",
                (true, false) => "`\\t` is a tab",
                (false, true) => "`\\n` is a line break",
                (false, false) => "a backslash and the letter behind it are one character",
            };
            Some(format!("in double quotes {what}: write the path in single quotes, or with `/`"))
        }
        (Type::Text(Format::Pointer), Data::Text(text)) => Some(as_pointer(&text.value)),
        (Type::Text(_), Data::Table(_)) => with_a_colon(node),
        (Type::Number(_, high), Data::Number(number, _)) => {
            // A share as a percentage.
            let percent =
                number.as_f64().filter(|number| *high <= 1.0 && *number >= 2.0 && *number <= 100.0)?;
            Some(write(plain(percent / 100.0)))
        }
        (Type::Text(_), Data::Number(..) | Data::OddNumber(_)) => {
            written.map(|text| format!("put it into quotes: \"{text}\""))
        }
        (Type::Text(_), Data::Flag(flag)) => Some(format!("put it into quotes: \"{flag}\"")),
        (Type::Integer(..) | Type::Number(..), Data::Text(text)) => amount(&text.value, holds),
        (Type::List(_), Data::Text(text)) if text.value.starts_with('-') => {
            Some("begin each item with `- `: there is a space behind the `-`".to_owned())
        }
        (Type::List(Type::Text(Format::Pointer)), Data::Text(text)) if !text.value.starts_with('/') => {
            let pointer = pointer_of(&text.value);
            Some(format!("write it as a list of JSON pointers: `{name}: [{pointer}]`"))
        }
        (Type::List(_), Data::Text(_) | Data::Number(..)) => {
            let shown = written.unwrap_or_default();
            let shown = if looks_like_a_path(&shown) || shown.contains('"') {
                single_quoted(&shown).replace('`', "")
            } else {
                format!("\"{shown}\"")
            };
            Some(format!("write it as a list: `{name}: [{shown}]`"))
        }
        (Type::List(_), Data::Table(_)) => Some("begin each item with `- `".to_owned()),
        _ => None,
    }
}

/// What stands before a per cent sign, or before a word for it.
fn per_cent(text: &str) -> Option<&str> {
    let text = text.trim();
    let signs = ["%", "\u{ff05}", "percent", "per cent", "pct"];
    signs.iter().find_map(|sign| {
        let at = text.len().checked_sub(sign.len())?;
        let (bare, end) = (text.get(..at)?, text.get(at..)?);
        end.eq_ignore_ascii_case(sign).then_some(bare.trim_end())
    })
}

fn write(text: String) -> String {
    format!("write `{text}`")
}

/// A number as people write it: with a comma for the point, with blanks, `_` or `'` between the thousands.
fn number(text: &str) -> Option<f64> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '_' | '\'')).collect();
    let parsed = bare.parse::<f64>().ok().or_else(|| match bare.split_once(',') {
        Some((thousands, rest)) if rest.len() == 3 && !thousands.is_empty() && !rest.contains(',') => {
            format!("{thousands}{rest}").parse().ok()
        }
        Some(_) => bare.replace(',', ".").parse().ok(),
        None => None,
    });
    parsed.filter(|number| number.is_finite())
}

/// A number without trailing zeros and without the digits that only binary fractions have.
fn plain(number: f64) -> String {
    let rounded = (number * 1e6).round() / 1e6;
    format!("{rounded}")
}

/// The number that somebody means who writes it as a text.
fn amount(text: &str, holds: &Type) -> Option<String> {
    let (share, bare) = match per_cent(text) {
        Some(bare) => (true, bare),
        None => (false, text.trim()),
    };
    // `300/s` and `300 per second`.
    let bare = bare.split(['/', 'p']).next().unwrap_or(bare).trim();
    let number = number(bare)?;
    let number = if share { number / 100.0 } else { number };
    let fits = match holds {
        Type::Integer(low, high) => {
            plain(number).parse::<i64>().is_ok_and(|number| (*low..=*high).contains(&number))
        }
        Type::Number(low, high) => number > *low && number <= *high,
        _ => false,
    };
    if !fits {
        return None;
    }
    if text.trim() == plain(number) {
        return Some("write it without quotes".to_owned());
    }
    Some(write(plain(number)))
}

/// `30 sec`, `5min`, `1 hour`, `1d`.
fn duration(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_lowercase().as_str() {
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => return number.checked_mul(24).map(|hours| format!("{hours}h")),
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// A day in another order or with other separators; a time without its offset.
fn moment(text: &str) -> Option<String> {
    if text.contains('T') || text.len() > 10 && text.contains(':') {
        return Some("a time needs its offset: `Z` for UTC, or e.g. `+01:00`".to_owned());
    }
    let parts: Vec<&str> = text.split(['.', '/', '-', ' ']).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let number = |part: &str| part.parse::<u16>().ok();
    let (first, second, third) = (number(first)?, number(second)?, number(third)?);
    // A day of three numbers that ends with the year is read the one way here and the other way there.
    let (year, month, day) = if first > 31 { (first, second, third) } else { (third, second, first) };
    if year < 1000 {
        return None;
    }
    if first <= 31 && month <= 12 && day <= 12 && month != day {
        return Some(format!("write `{year}-MM-DD`: the year, the month, the day"));
    }
    let (month, day) = if month > 12 { (day, month) } else { (month, day) };
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| format!("write `{year}-{month:02}-{day:02}`"))
}

/// The JSON pointer that somebody who writes a path in another way may mean.
pub(super) fn as_pointer(text: &str) -> String {
    format!("did you mean `{}`?", pointer_of(text))
}

fn pointer_of(text: &str) -> String {
    let path = text.trim_start_matches(['.', '$', '#', '/']);
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

/// A text with a colon in it, which YAML takes for a key and its value: `[a, Order: 1]`.
fn with_a_colon(node: &Node) -> Option<String> {
    let [entry] = node.entries() else { return None };
    // A mapping that is meant stands in brackets.
    let value = entry.node.written().filter(|_| node.span.start == entry.at.start)?;
    Some(format!("a text that holds `: ` needs quotes: write {}", quoted(&format!("{}: {value}", entry.key))))
}

/// Why a kind of resource cannot stand in `references.create`.
fn not_created(word: &str) -> Option<String> {
    if word == "connections" {
        let help = "connections hold secrets, which the service never shows: create them in the target yourself, under the \
                    same names";
        return Some(help.to_owned());
    }
    if KINDS.contains(&word) {
        return Some(format!(
            "transship does not create {word}: create them in the target yourself, under the same names"
        ));
    }
    nearest(word, CREATABLE.iter().map(|word| word.word)).map(|near| format!("did you mean `{near}`?"))
}

/// At most forty characters of a text.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
