//! When two names are one: the keys by which imports and resources are matched.
//!
//! People write one name in several ways, and services store it in another: they trim it, collapse its blanks, or
//! compose its letters. Two names with one [`name_key`] are the same name. Two names that only share a
//! [`loose_name_key`] are most likely the same one, changed by a service; that is a reason to ask, never to match.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Composes letters and their accents (Unicode NFC).
const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();

/// Entities that services write in place of the characters of a name.
const ENTITIES: &[(&str, char)] =
    &[("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("#39", '\''), ("nbsp", ' ')];

/// The key of a name: Unicode NFC, without blanks at its ends, and with one space for each run of blanks inside.
///
/// Blanks are all Unicode white space, no-break spaces and the byte order mark included. Case counts.
///
/// ```
/// # use transship_documents::name::name_key;
/// assert_eq!(name_key(" Order\u{a0} 1"), "Order 1");
/// assert_eq!(name_key("Cafe\u{301}"), "Café");
/// ```
pub fn name_key(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    let composed = NFC.normalize(name);
    let mut key = String::with_capacity(composed.len());
    for word in composed.split(is_blank).filter(|word| !word.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    Cow::Owned(key)
}

/// The key for a second look before something is created: as [`name_key`], but without regard to case, invisible
/// characters and HTML entities.
///
/// Never matches by itself: names that share only this key may be two names.
pub fn loose_name_key(name: &str) -> String {
    let shown: String = unescaped(name).chars().filter(|c| !is_invisible(*c)).collect();
    // Upper case first: `ß` and `SS`, and the two small sigmas, become one.
    let folded = shown.to_uppercase().to_lowercase();
    name_key(&folded).into_owned()
}

/// Whether two names are one.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || name_key(one) == name_key(other)
}

/// What two different names with one loose key differ by, in the words of a sentence: "… by blanks only".
pub fn differ_by(one: &str, other: &str) -> &'static str {
    if is_same_name(one, other) {
        let words = |name: &str| name.split(is_blank).filter(|word| !word.is_empty()).collect::<String>();
        return if words(one) == words(other) { "blanks" } else { "the Unicode form of its letters" };
    }
    let (one, other) = (unescaped(one), unescaped(other));
    if is_same_name(&one, &other) {
        return "HTML entities";
    }
    let lower = |name: &str| name_key(&name.to_uppercase().to_lowercase()).into_owned();
    if lower(&one) == lower(&other) { "upper and lower case" } else { "invisible characters" }
}

/// Whether a name is its own key, seen at a glance: ASCII with single spaces inside.
fn is_plain(name: &str) -> bool {
    let mut before = b' ';
    for byte in name.bytes() {
        if !(b' '..0x7f).contains(&byte) || byte == b' ' && before == b' ' {
            return false;
        }
        before = byte;
    }
    before != b' ' || name.is_empty()
}

fn is_blank(character: char) -> bool {
    // The byte order mark is white space to JavaScript, so services trim it.
    character.is_whitespace() || character == '\u{feff}'
}

/// Characters that nobody sees: soft hyphens, zero-width characters, marks of direction.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The name with HTML entities turned into the characters they stand for, once.
fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('&') {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let entity = ENTITIES
            .iter()
            .find_map(|(word, character)| Some((after.strip_prefix(word)?.strip_prefix(';')?, *character)));
        if let Some((left, character)) = entity {
            text.push(character);
            rest = left;
        } else {
            text.push('&');
            rest = after;
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_composition_make_no_other_name() {
        for (one, other) in [
            ("Orders ", "Orders"),
            ("\u{a0}Orders\t", "Orders"),
            ("\u{feff}Orders", "Orders"),
            ("a  b", "a b"),
            ("a \u{202f}\n b", "a b"),
            ("a\u{3000}b", "a b"),
            ("Cafe\u{301}", "Caf\u{e9}"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
            ("", "  "),
        ] {
            assert!(is_same_name(one, other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn what_people_tell_apart_stays_apart() {
        for (one, other) in [("a b", "ab"), ("A", "a"), ("e", "\u{e9}"), ("a\u{200b}b", "ab"), ("&amp;", "&")]
        {
            assert!(!is_same_name(one, other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn a_second_look_sees_through_case_entities_and_invisible_characters() {
        for (one, other, by) in [
            ("Orders", "ORDERS", "upper and lower case"),
            (" Orders", "Orders", "blanks"),
            ("Cafe\u{301}", "Caf\u{e9}", "the Unicode form of its letters"),
            ("A &amp; B", "A & B", "HTML entities"),
            ("a &lt;b&gt; &#39;c&#39;", "a <b> 'c'", "HTML entities"),
            ("Stra\u{df}e", "STRASSE", "upper and lower case"),
            ("a\u{200b}b", "ab", "invisible characters"),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}", "upper and lower case"),
        ] {
            assert_eq!(loose_name_key(one), loose_name_key(other), "{one:?} and {other:?}");
            assert_eq!(differ_by(one, other), by, "{one:?} and {other:?}");
        }
        for (one, other) in [("Order 1", "Order 10"), ("a b", "ab"), ("R&D", "RD"), ("&amp;amp;", "&")] {
            assert_ne!(loose_name_key(one), loose_name_key(other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn a_plain_name_is_its_own_key_and_costs_nothing() {
        for name in ["", "Order 1", "a-b_c (d)"] {
            assert!(matches!(name_key(name), Cow::Borrowed(_)), "{name:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_key_is_its_own_key(name in "\\PC{0,12}[ \u{a0}]{0,2}\\PC{0,6}") {
            let key = name_key(&name).into_owned();
            proptest::prop_assert_eq!(name_key(&key).into_owned(), key.clone());
            proptest::prop_assert_eq!(loose_name_key(&key), loose_name_key(&name));
        }
    }
}
