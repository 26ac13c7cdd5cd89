//! Names in a JSON text that are written with escapes: `gr\u00f6\u00dfe` is `größe`.

use super::counts::Counts;
use super::matcher::Rules;

/// The renames that are about names which are written with escapes, and so stay.
pub(super) fn left(rules: &Rules, text: &str, rewrite: impl Fn(&str, &mut Counts)) -> Vec<usize> {
    let plain = Some(text).filter(|text| text.contains("\\u") && text.contains("{{")).and_then(unescaped);
    let Some(plain) = plain.filter(|plain| rules.may_concern(plain)) else { return Vec::new() };
    let counts = |text: &str| {
        let mut counts = Counts::new(rules.all.len());
        rewrite(text, &mut counts);
        counts
    };
    let (as_written, as_read) = (counts(text), counts(&plain));
    let is_left = |rule: &usize| {
        as_read.changed[*rule] > as_written.changed[*rule]
            || as_read.mentioned[*rule] && !as_written.mentioned[*rule]
    };
    (0..rules.all.len()).filter(is_left).collect()
}

/// The text with its `\u` escapes as the letters they stand for; `None` without any.
fn unescaped(text: &str) -> Option<String> {
    let (mut out, mut rest, mut any) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (units, length) = units(&rest[at..]);
        if length == 0 {
            // Any other escape, or a backslash that is escaped itself, stays.
            let end = rest[at + 1..].chars().next().map_or(rest.len(), |c| at + 1 + c.len_utf8());
            out.push_str(&rest[at..end]);
            rest = &rest[end..];
            continue;
        }
        any = true;
        out.push_str(&String::from_utf16_lossy(&units));
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    any.then_some(out)
}

/// The UTF-16 units of the escapes at the beginning of a text, and how long these are.
fn units(text: &str) -> (Vec<u16>, usize) {
    let (mut units, mut length) = (Vec::new(), 0);
    while let Some(digits) = text[length..].strip_prefix("\\u").and_then(|rest| rest.get(..4))
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && let Ok(unit) = u16::from_str_radix(digits, 16)
    {
        units.push(unit);
        length += 6;
    }
    (units, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_the_letters_they_stand_for() {
        for (text, plain) in [
            (r"gr\u00f6\u00DFe", Some("größe")),
            (r"\ud83d\udc4d!", Some("👍!")),
            (r"a\\u00f6", None),
            (r"a\\\u00f6", Some(r"a\\ö")),
            (r"\u00f", None),
            (r"\n\u00e9\", Some(r"\né\")),
            ("größe", None),
        ] {
            assert_eq!(unescaped(text).as_deref(), plain, "{text}");
        }
    }
}
