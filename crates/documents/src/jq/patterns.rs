//! Regular expressions in filters: `test`, `match`, `capture`, `scan`, `split` and `sub` are made of these.
//!
//! jaq has a small reader of patterns, which knows ASCII only: `\w` does not match `ö`, `\s` does not match a
//! non-breaking space, and `i` distinguishes `É` from `é`. It omits groups that did not take part, so that the
//! following groups move up, and panics if a group is repeated around another (`((a)|b)+`). Here, patterns work as in
//! every other step.

use std::cell::RefCell;
use std::rc::Rc;

use jaq_json::{Error, Map, Val};
use regex::{Captures, Regex, RegexBuilder};

use super::bounds;

/// How large a compiled pattern may be, in bytes.
const SIZE: usize = 4 << 20;

/// How many compiled patterns one run keeps: a program that makes its patterns could make any number.
const KEPT: usize = 32;

/// What is taken of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Matches,
    Between,
    Both,
}

/// A pattern with its flags.
struct Pattern {
    regex: Regex,
    is_global: bool,
    is_without_empty: bool,
}

/// The patterns of one run, by what they are compiled from.
#[derive(Default)]
pub(super) struct Patterns(RefCell<Vec<((String, String), Rc<Pattern>)>>);

impl Patterns {
    /// What a pattern takes of a text; `None` where that is too much.
    ///
    /// # Errors
    ///
    /// The text, the pattern or the flags are none.
    pub(super) fn take(
        &self,
        text: &Val,
        pattern: &Val,
        flags: &Val,
        what: Taken,
    ) -> Result<Option<Val>, Error> {
        let pattern = self.compiled(pattern, flags)?;
        let text = as_text(text)?;
        let mut taken = Vec::new();
        let mut groups = 0;
        let (mut end, mut counted, mut characters) = (0, 0, 0);
        let mut from = 0;
        // An empty match right behind another one counts, which the iterator of the crate passes over.
        while let Some(found) = (from <= text.len()).then(|| pattern.regex.captures_at(text, from)).flatten()
        {
            let Some(whole) = found.get(0) else { break };
            let next = || text[whole.end()..].chars().next().map_or(1, char::len_utf8);
            from = whole.end() + if whole.is_empty() { next() } else { 0 };
            if pattern.is_without_empty && whole.is_empty() {
                continue;
            }
            if what != Taken::Matches {
                taken.push(Val::utf8_str(text.as_bytes()[end..whole.start()].to_vec()));
            }
            if what != Taken::Between {
                groups += found.len();
                if groups > 2 * bounds::TAKEN_APART {
                    return Ok(None);
                }
                characters += text[counted..whole.start()].chars().count();
                counted = whole.start();
                taken.push(groups_of(&found, &pattern.regex, text, (counted, characters)));
            }
            end = whole.end();
            if !pattern.is_global {
                break;
            }
        }
        if what != Taken::Matches {
            taken.push(Val::utf8_str(text.as_bytes()[end..].to_vec()));
        }
        Ok(Some(taken.into_iter().collect()))
    }

    fn compiled(&self, pattern: &Val, flags: &Val) -> Result<Rc<Pattern>, Error> {
        let pattern = as_text(pattern)?;
        let flags = if matches!(flags, Val::Null) { "" } else { as_text(flags)? };
        let mut known = self.0.borrow_mut();
        if let Some((_, found)) = known.iter().find(|((one, other), _)| one == pattern && other == flags) {
            return Ok(Rc::clone(found));
        }
        let compiled = Rc::new(compile(pattern, flags)?);
        if known.len() == KEPT {
            known.remove(0);
        }
        known.push(((pattern.to_owned(), flags.to_owned()), Rc::clone(&compiled)));
        Ok(compiled)
    }
}

fn compile(pattern: &str, flags: &str) -> Result<Pattern, Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(SIZE).dfa_size_limit(SIZE);
    let (mut is_global, mut is_without_empty) = (false, false);
    for flag in flags.chars() {
        match flag {
            'g' => is_global = true,
            'n' => is_without_empty = true,
            'i' => drop(builder.case_insensitive(true)),
            'x' => drop(builder.ignore_whitespace(true)),
            // `^` and `$` are the ends of the text anyway: no flag of jq makes them those of a line.
            's' => {}
            'm' => drop(builder.multi_line(true)),
            'l' => drop(builder.swap_greed(true)),
            'p' => drop(builder.dot_matches_new_line(true)),
            other => return Err(Error::str(format_args!("invalid regex flag: {other}"))),
        }
    }
    let regex = builder.build().map_err(|error| {
        let shown = error.to_string();
        // The lines before it show the pattern, which is in the program.
        let why = shown.lines().last().unwrap_or_default();
        Error::str(format_args!("invalid regex: {}", why.strip_prefix("error: ").unwrap_or(why)))
    })?;
    Ok(Pattern { regex, is_global, is_without_empty })
}

/// The groups of a match, the whole first; `start` is where that begins, in bytes and in characters.
fn groups_of(found: &Captures<'_>, regex: &Regex, text: &str, start: (usize, usize)) -> Val {
    let group = |(at, (group, name)): (usize, (Option<regex::Match<'_>>, Option<&str>))| {
        let number = |count: usize| isize::try_from(count).map_or(Val::Null, Val::from);
        let (offset, length, string) = match group {
            Some(group) => {
                let before = text.get(start.0..group.start()).unwrap_or_default().chars().count();
                let string = Val::utf8_str(group.as_str().as_bytes().to_vec());
                (number(start.1 + before), number(group.as_str().chars().count()), string)
            }
            None => (Val::from(-1_isize), number(0), Val::Null),
        };
        let name = name.map_or(Val::Null, |name| Val::utf8_str(name.as_bytes().to_vec()));
        let named = (at > 0).then_some(("name", name));
        let members = [("offset", offset), ("length", length), ("string", string)].into_iter().chain(named);
        Val::obj(members.map(|(key, value)| (Val::utf8_str(key.as_bytes().to_vec()), value)).collect::<Map>())
    };
    found.iter().zip(regex.capture_names()).enumerate().map(group).collect()
}

fn as_text(value: &Val) -> Result<&str, Error> {
    let text = if let Val::TStr(text) = value { std::str::from_utf8(text).ok() } else { None };
    text.ok_or_else(|| Error::typ(value.clone(), "string"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::jq::{DEADLINE, Filter, JqError};

    #[test]
    fn patterns_are_of_characters_and_find_what_they_find_in_jq() {
        // Checked with jq 1.7
        for (program, expected) in [
            (r#""Größe" | gsub("\\W"; "_")"#, json!("Größe")),
            (r#""Größe X" | [splits("\\W")]"#, json!(["Größe", "X"])),
            (r#""ÉTÉ" | test("été"; "i")"#, json!(true)),
            (r#""a\u00a0b" | gsub("\\s"; "_")"#, json!("a_b")),
            (r#""A" | test("^\\p{Lu}$")"#, json!(true)),
            (r#""aé" | gsub("\\B"; "|")"#, json!("a|é")),
            (r#""äbäb" | [match("b"; "g") | .offset, .length]"#, json!([1, 1, 3, 1])),
            (r#""ab" | test("((a)|b)+")"#, json!(true)),
            (r#""ab" | [match("(x)?(a)").captures[].string]"#, json!([null, "a"])),
            (
                r#""ab" | match("(x)?").captures"#,
                json!([{ "offset": -1, "length": 0, "string": null, "name": null }]),
            ),
            (r#""ab" | match("b") | has("name")"#, json!(false)),
            (r#""abc" | capture("(?<x>q)?(?<y>b)")"#, json!({ "x": null, "y": "b" })),
            (r#""ab" | [scan("(x)?(a)")], [scan("[ab]")]"#, json!([[null, "a"]])),
            (r#""ab" | test("b"; null)"#, json!(true)),
            (r#""a\nb" | [test("a.b"), test("a.b"; "p"), test("a.b"; "s")]"#, json!([false, true, false])),
            (r#""a\nb" | [test("^b"), test("^b"; "s"), test("^b"; "p")]"#, json!([false, false, false])),
            (r#""foo bar" | sub("(?<a>\\w+) (?<b>\\w+)"; "\(.b) \(.a)")"#, json!("bar foo")),
            (r#""a1b" | split("\\d"; null)"#, json!(["a", "b"])),
            (r#""aab" | gsub("a"; "")"#, json!("b")),
        ] {
            let found = Filter::compile(program).unwrap().run(&json!(null), DEADLINE);
            assert_eq!(found.map(|found| found[0].clone()), Ok(expected), "{program}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_or_too_large_is_an_error() {
        for (program, why) in [
            (r#""x" | test("(")"#, "invalid regex: unclosed group"),
            (r#""x" | test("x"; "q")"#, "invalid regex flag: q"),
            (
                r#""x" | test("((\\w{1000}){1000}){1000}")"#,
                "invalid regex: Compiled regex exceeds size limit",
            ),
            (r#"1 | test("1")"#, "cannot use a number as string"),
        ] {
            match Filter::compile(program).unwrap().run(&json!(null), DEADLINE) {
                Err(JqError::Raised(said)) => assert!(said.starts_with(why), "{program}: {said}"),
                other => panic!("{program}: {other:?}"),
            }
        }
        let many = r#"("x" * 100000) | [match("()" * 100; "g")] | length"#;
        let found = Filter::compile(many).unwrap().run(&json!(null), DEADLINE * 30);
        assert_eq!(found, Err(JqError::TooLong));
    }
}
