//! Finds ids in a text: 24 hex digits in a row, in small letters or in capitals.

use std::ops::Range;

/// Length of an id.
pub(super) const ID: usize = 24;

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// The places of the runs in `text` that have the shape of an id. Letters and `_` may be next to one, as in
/// `feed_<id>`; a part of a longer run of hex digits is not an id.
pub(super) fn ids(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    runs(text).filter(|run| run.len() == ID)
}

/// The places of all runs of hex digits that are as long as an id, or longer.
///
/// It looks at the last byte of a window first: where that is no digit, the whole window is passed over, so that
/// prose and markup cost a fraction of a look per byte.
pub(super) fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        while start + ID <= bytes.len() {
            if let Some(gap) = bytes[start..start + ID].iter().rposition(|byte| !is_hex(*byte)) {
                start += gap + 1;
                continue;
            }
            let more = bytes[start + ID..].iter().position(|byte| !is_hex(*byte));
            let end = more.map_or(bytes.len(), |more| start + ID + more);
            let found = start..end;
            start = found.end;
            return Some(found);
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_24_hex_digits_is_found_wherever_it_stands() {
        let id = "5f7c579b6411271af4e7cefa";
        for (text, count) in [
            (id.to_owned(), 1),
            (format!("/v1/connections/{id}/ping"), 1),
            (format!("é{id}é, \"{id}\""), 2),
            (format!("{{{{#if x}}}}{id}{{{{/if}}}}"), 1),
            (format!("a{id}"), 0),
            (format!("A{id}"), 0),
            (format!("{id}0"), 0),
            (format!("{id}B"), 0),
            (format!("x{id}"), 1),
            (format!("feed_{id}_1"), 1),
            (format!("{id}g"), 1),
            (id.to_uppercase(), 1),
            (format!("/x/{}_1", id.to_uppercase()), 1),
            (format!("{}0", id.to_uppercase()), 0),
            (id[1..].to_owned(), 0),
            (format!("{}-{id}", "ab".repeat(16)), 1),
        ] {
            let found: Vec<_> = ids(&text).collect();
            assert_eq!(found.len(), count, "{text}");
            assert!(found.into_iter().all(|range| crate::Id::canonical(&text[range]) == id), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_finds_what_a_regular_expression_finds(text in "[0-9a-fg_. éA]{0,120}|([0-9a-f]{22,26}[-_gA]?){0,4}") {
            let plain = regex::Regex::new(r"[0-9a-fA-F]+").unwrap();
            let expected: Vec<_> = plain
                .find_iter(&text)
                .filter(|found| found.len() == ID)
                .map(|found| found.range())
                .collect();
            proptest::prop_assert_eq!(ids(&text).collect::<Vec<_>>(), expected);
        }
    }
}
