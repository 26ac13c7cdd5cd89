//! Finding ids inside text: words of 24 hex digits.

use std::ops::Range;

/// Length of an id.
const ID: usize = 24;

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The places of the words in `text` that have the shape of an id.
///
/// It looks at the last byte of a window first: where that is no digit, the whole window is passed over, so that
/// prose and markup cost a fraction of a look per byte.
pub(super) fn ids(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        while start + ID <= bytes.len() {
            if let Some(gap) = bytes[start..start + ID].iter().rposition(|byte| !is_hex(*byte)) {
                start += gap + 1;
                continue;
            }
            let end = bytes[start + ID..]
                .iter()
                .position(|byte| !is_hex(*byte))
                .map_or(bytes.len(), |more| start + ID + more);
            let found = start..end;
            let free = !bytes.get(end).copied().is_some_and(is_word)
                && !found.start.checked_sub(1).is_some_and(|before| is_word(bytes[before]));
            start = end;
            if found.len() == ID && free {
                return Some(found);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_24_hex_digits_is_found_wherever_it_stands() {
        let id = "5f7c579b6411271af4e7cefa";
        for (text, count) in [
            (id.to_owned(), 1),
            (format!("/v1/connections/{id}/ping"), 1),
            (format!("é{id}é, \"{id}\""), 2),
            (format!("{{{{#if x}}}}{id}{{{{/if}}}}"), 1),
            (format!("a{id}"), 0),
            (format!("{id}0"), 0),
            (format!("x{id}"), 0),
            (format!("_{id}"), 0),
            (format!("{id}g"), 0),
            (id.to_uppercase(), 0),
            (id[1..].to_owned(), 0),
            (format!("{}-{id}", "ab".repeat(16)), 1),
        ] {
            let found: Vec<_> = ids(&text).collect();
            assert_eq!(found.len(), count, "{text}");
            assert!(found.into_iter().all(|range| &text[range] == id), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_finds_what_a_regular_expression_finds(text in "[0-9a-fg_. é]{0,120}|([0-9a-f]{22,26}[-_g]?){0,4}") {
            let plain = regex::Regex::new(r"(^|[^0-9A-Za-z_])([0-9a-f]{24})").unwrap();
            let mut expected = Vec::new();
            let mut from = 0;
            while let Some(found) = plain.captures_at(&text, from).and_then(|groups| groups.get(2)) {
                let after = text.as_bytes().get(found.end()).copied();
                if !after.is_some_and(is_word) {
                    expected.push(found.range());
                }
                from = found.end();
            }
            proptest::prop_assert_eq!(ids(&text).collect::<Vec<_>>(), expected);
        }
    }
}
