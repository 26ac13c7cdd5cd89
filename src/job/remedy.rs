//! What to write instead of a value that does not fit its key.

mod times;

use super::env::nearest;
use super::fit::fits;
use super::forms::{self, Format};
use super::keys::{CREATABLE, KINDS};
use super::quoting::{
    in_typographic_quotes, looks_like_a_path, quoted, single_quoted, unprintable, with_escapes,
};
use super::spec::{Table, Type};
use super::synonyms;
use super::tree::{Data, Node};
use times::{duration, moment};

/// Where a value stands, and how it is written there.
pub(super) struct Written<'a> {
    /// The key that the value stands under.
    pub(super) name: &'a str,
    /// Whether it is a text in a block, behind `|` or `>`.
    pub(super) is_block: bool,
    /// What the file says there.
    pub(super) source: &'a str,
}

/// What to write instead, where that can be said.
pub(super) fn remedy(node: &Node, holds: &Type, place: &Written<'_>) -> Option<String> {
    let Written { name, is_block, .. } = *place;
    let written = node.written().map(shorten);
    if let Some(inner) = node.text().and_then(in_typographic_quotes) {
        return Some(format!("typographic quotes do not quote in YAML: write {}", quoted(inner)));
    }
    match (holds, &node.data) {
        (Type::Word(_), Data::Text(text)) if name == "create" => not_created(&text.value),
        (Type::Word(words), Data::Text(text)) => {
            let known = words.iter().map(|word| word.word);
            let near = synonyms::word(&text.value, known.clone()).or_else(|| nearest(&text.value, known));
            near.map(|near| format!("did you mean `{near}`?"))
        }
        (Type::Word(words), Data::Flag(flag)) => {
            let known = words.iter().map(|word| word.word);
            synonyms::word(&flag.to_string(), known).map(|near| format!("did you mean `{near}`?"))
        }
        (Type::Either(types), Data::Text(_) | Data::Flag(_)) => {
            // A text is meant as one, and not as the value of a key.
            types.iter().filter(|one| !one.is_mapping()).find_map(|one| remedy(node, one, place))
        }
        (Type::Either(types), Data::Number(number, _))
            if number.as_i64() == Some(0)
                && types.iter().any(|one| matches!(one, Type::Text(Format::Percent))) =>
        {
            Some("the least is `1`; leave the key out for no limit".to_owned())
        }
        (Type::Either(types), Data::Number(number, _))
            if number.as_f64().is_some_and(|share| share > 0.0 && share < 1.0)
                || !types.iter().any(|one| matches!(one, Type::Integer(..))) =>
        {
            types.iter().find_map(|one| remedy(node, one, place))
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
        (Type::Text(Format::Duration | Format::ShortDuration), Data::Number(_, number)) => {
            let is_large = node.whole().is_some_and(|number| number >= 100);
            let other = if is_large { "ms" } else { "m" };
            Some(format!("write the unit: `{number}s` or `{number}{other}`"))
        }
        (Type::Text(Format::ShortDuration), Data::Text(text)) => duration(&text.value).map(|written| {
            let is_short = forms::duration(&written).is_some_and(|time| time <= forms::SHORT);
            if is_short { write(written) } else { "write `10m` or less".to_owned() }
        }),
        (Type::Text(Format::Duration), Data::Text(text)) => duration(&text.value).map(write),
        (Type::Text(Format::Moment), Data::Text(text)) => moment(text.value.trim()),
        (Type::Text(Format::Moment), Data::Number(_, year)) if year.len() == 4 => {
            Some(format!("write the month and the day too, as in `{year}-01-01`"))
        }
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
            let help = "in double quotes a backslash and the letter behind it are one character: write";
            Some(format!("{help} {}, or take it out", single_quoted(&with_escapes(&text.value))))
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
        (Type::Text(Format::Pointer), Data::Number(..) | Data::Flag(_)) => Some(as_pointer("")),
        (Type::Table(table), Data::Text(text)) => {
            without_a_space(&text.value, holds).or_else(|| as_a_key(node, table, place))
        }
        (Type::Table(table), Data::Number(..)) => as_a_key(node, table, place),
        (Type::Table(table), Data::List(items))
            if table.key("names").is_some()
                && place.source.starts_with('[')
                && items.iter().all(|item| item.written().is_some()) =>
        {
            Some(format!("write `{name}: {{ names: {} }}`", shorten(place.source)))
        }
        (Type::Dictionary(_), Data::Text(text)) => without_a_space(&text.value, holds),
        (Type::Table(_) | Type::Dictionary(_), Data::List(items))
            if items.iter().all(|item| matches!(item.data, Data::Table(_))) && !items.is_empty() =>
        {
            Some("write the keys without a `-` before them: a mapping is not a list".to_owned())
        }
        (Type::Text(Format::Path), Data::Table(_)) => None,
        (Type::Text(_), Data::Table(_)) => with_a_colon(node).or_else(|| in_brackets(node, place)),
        (Type::Text(_) | Type::Word(_), Data::List(_)) => in_brackets(node, place),
        (Type::Number(_, high), Data::Number(number, _)) => {
            // A share as a percentage.
            let percent =
                number.as_f64().filter(|number| *high <= 1.0 && *number >= 2.0 && *number <= 100.0)?;
            Some(write(plain(percent / 100.0)))
        }
        (Type::Text(Format::Moment), Data::Number(..)) if written.as_deref().and_then(moment).is_some() => {
            written.as_deref().and_then(moment)
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
        (Type::List(inner), Data::Text(_) | Data::Number(..)) if fits(node, inner) && !is_text(inner) => {
            Some(format!("write it as a list: `{name}: [{}]`", written.unwrap_or_default()))
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
        (Type::List(_), Data::Table(_)) if place.source.starts_with('{') => {
            Some(format!("write it as a list: `{name}: [{}]`", shorten(place.source)))
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
    let (bare, factor) = match bare.strip_suffix(['k', 'K']) {
        Some(bare) => (bare, 1000.0),
        None => (bare.strip_suffix('M').unwrap_or(bare), if bare.ends_with('M') { 1e6 } else { 1.0 }),
    };
    let number = number(bare)? * factor;
    let number = if share { number / 100.0 } else { number };
    let fits = match holds {
        // A share is not a count.
        Type::Integer(..) if share => false,
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

/// The JSON pointer that somebody who writes a path in another way may mean.
pub(super) fn as_pointer(text: &str) -> String {
    if pointer_of(text) == "/" {
        return "write the path of a field, as in `/description`".to_owned();
    }
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

/// A mapping whose key has no space behind its colon, which YAML takes for a text: `names:[a]`.
fn without_a_space(text: &str, holds: &Type) -> Option<String> {
    let (key, value) = text.split_once(':')?;
    let is_key = match holds {
        Type::Table(table) => table.key(key).is_some(),
        _ => !key.contains([' ', '/']),
    };
    (is_key && !value.is_empty())
        .then(|| format!("there is no space after the colon: write `{key}: {}`", shorten(value)))
}

/// A value that is given without its key, as in `stop: 5%`.
fn as_a_key(node: &Node, table: &Table, place: &Written<'_>) -> Option<String> {
    // The key that the example of the message begins with.
    let word = table.what.split_once("`{ ")?.1.split(':').next()?;
    let key = table.key(word)?;
    if table.keys.iter().any(|other| other.required && other.word != word) {
        return None;
    }
    fits(node, &key.holds)
        .then(|| format!("write `{}: {{ {}: {} }}`", place.name, key.word, shorten(place.source)))
}

fn is_text(holds: &Type) -> bool {
    matches!(holds, Type::Text(_))
}

/// A text that begins with a bracket, or one value in the brackets of a list.
fn in_brackets(node: &Node, place: &Written<'_>) -> Option<String> {
    const PROGRAMS: [&str; 5] = ["find", "jq", "name", "replace", "where"];
    let sign = place.source.chars().next().filter(|sign| matches!(sign, '[' | '{'));
    if let Some(sign) = sign.filter(|sign| *sign == '{' || PROGRAMS.contains(&place.name)) {
        let is_line = !place.source.contains('\n');
        let quoted = if is_line { quoted(place.source) } else { "the value in quotes".to_owned() };
        return Some(format!("a text that begins with `{sign}` needs quotes: write {quoted}"));
    }
    let what = if sign.is_some() { "brackets" } else { "`- `" };
    match node.items() {
        [one] => Some(format!("write it without {what}: `{}: {}`", place.name, shorten(one.written()?))),
        [] => None,
        _ => Some(format!("`{}` takes one, not a list", place.name)),
    }
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
