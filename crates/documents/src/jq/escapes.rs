//! A character beyond the first 65,536 as two escapes, `"\ud83d\ude00"`: jq reads it, and jaq refuses each half.

use std::borrow::Cow;

use crate::problem::Problem;

/// How long a pair of escapes is.
const PAIR: usize = "\\ud83d\\ude00".len();

/// A program with its pairs of escapes replaced by the characters they stand for.
pub(super) struct Resolved<'p> {
    pub(super) program: Cow<'p, str>,
    /// Behind each character: its end in the new program, and by how much the old one is longer up to there.
    moved: Vec<(usize, usize)>,
}

impl<'p> Resolved<'p> {
    pub(super) fn of(program: &'p str) -> Self {
        let (mut new, mut copied, mut at, mut moved) = (String::new(), 0, 0, Vec::new());
        while let Some(found) = program[at..].find('\\') {
            at += found;
            if let Some(character) = pair(&program[at..]) {
                new.push_str(&program[copied..at]);
                new.push(character);
                at += PAIR;
                copied = at;
                moved.push((new.len(), at - new.len()));
            } else {
                // Escaped characters are skipped, so that `\\u` is not the escape of a character.
                at += 1 + program[at + 1..].chars().next().map_or(0, char::len_utf8);
            }
        }
        if moved.is_empty() {
            return Self { program: Cow::Borrowed(program), moved };
        }
        new.push_str(&program[copied..]);
        Self { program: Cow::Owned(new), moved }
    }

    /// A problem of the new program, at its place in the old one.
    pub(super) fn in_the_old(&self, mut problem: Problem) -> Problem {
        let old =
            |at: usize| at + self.moved.iter().rev().find(|(end, _)| *end <= at).map_or(0, |(_, by)| *by);
        problem.range = problem.range.map(|range| old(range.start)..old(range.end));
        problem
    }
}

/// The character of the pair of escapes that a text begins with.
fn pair(text: &str) -> Option<char> {
    let half = |at: usize| u16::from_str_radix(text.get(at..at + 6)?.strip_prefix("\\u")?, 16).ok();
    let (high, low) = (half(0)?, half(PAIR / 2)?);
    let is_pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    is_pair.then(|| char::decode_utf16([high, low]).next()?.ok()).flatten()
}

#[cfg(test)]
mod tests {
    use crate::jq::Filter;

    #[test]
    fn what_is_wrong_behind_a_pair_of_escapes_is_shown_where_it_stands() {
        let program = r#""\ud83d\ude00" | mop"#;
        assert_eq!(&program[Filter::compile(program).unwrap_err().range.unwrap()], "mop");
        let alone = Filter::compile(r#""\ud83d""#).unwrap_err();
        assert!(alone.range.is_some(), "{alone:?}");
    }
}
