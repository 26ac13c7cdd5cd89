//! A set of words, and whether a text holds any of them.
//!
//! A table of renames can be as long as a spreadsheet, and building an automaton takes the square of the number of
//! words. A sorted list is enough: of all words that a text may begin with at a position, only the last one in order
//! can match.

/// Words that are looked for in texts.
#[derive(Debug)]
pub(super) struct Words {
    /// In order; none of them begins with another one.
    sorted: Vec<String>,
    /// The bytes that any of them begins with.
    begins: [bool; 256],
}

impl Words {
    pub(super) fn new(mut words: Vec<String>) -> Self {
        words.sort_by(|word, other| {
            count_comparison();
            word.cmp(other)
        });
        // Where a word stands that begins with another one, that one stands too.
        words.dedup_by(|word, before| word.starts_with(before.as_str()));
        let mut begins = [false; 256];
        for first in words.iter().filter_map(|word| word.bytes().next()) {
            begins[usize::from(first)] = true;
        }
        Self { sorted: words, begins }
    }

    /// Whether a text holds any of the words, wherever.
    pub(super) fn is_match(&self, text: &str) -> bool {
        // An empty word is in every text, and then the only one here.
        if self.sorted.first().is_some_and(String::is_empty) {
            return true;
        }
        let bytes = text.as_bytes();
        let mut places = bytes.iter().enumerate().filter(|(_, byte)| self.begins[usize::from(**byte)]);
        places.any(|(at, _)| self.begins_with_one(&bytes[at..]))
    }

    fn begins_with_one(&self, text: &[u8]) -> bool {
        let behind = self.sorted.partition_point(|word| {
            count_comparison();
            word.as_bytes() <= text
        });
        behind.checked_sub(1).is_some_and(|at| text.starts_with(self.sorted[at].as_bytes()))
    }
}

/// Counts the comparisons of words in tests: the work that a table of renames makes.
fn count_comparison() {
    #[cfg(test)]
    tests::COMPARISONS.set(tests::COMPARISONS.get() + 1);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        pub(super) static COMPARISONS: Cell<u64> = const { Cell::new(0) };
    }

    proptest! {
        #[test]
        fn a_word_is_found_wherever_it_stands(
            words in prop::collection::vec("[abé']{0,4}", 0..6), text in "[abcé']{0,12}",
        ) {
            let expected = words.iter().any(|word| text.contains(word.as_str()));
            prop_assert_eq!(Words::new(words).is_match(&text), expected);
        }
    }

    #[test]
    fn four_times_the_words_take_about_four_times_the_comparisons() {
        let comparisons = |count: usize| {
            // Not in order: what is in order already is sorted for next to nothing.
            let words: Vec<String> = (0..count).map(|at| format!("field{}", at * 7919 % count)).collect();
            COMPARISONS.set(0);
            let words = Words::new(words);
            assert!(words.is_match("{{record.field17}}") && !words.is_match(&"{{record.fie}}".repeat(20)));
            COMPARISONS.get()
        };
        let (few, many) = (comparisons(20_000), comparisons(80_000));
        assert!(few > 0 && many < few * 6, "{few} {many}");
    }
}
