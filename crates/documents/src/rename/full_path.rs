//! The full path of a name, from the root of the record: what `from` of a rename is compared with.

use std::collections::HashSet;

use super::part::{Part, Segment, is_any_child};
use crate::path::{Grammar, Kind, Style, Token};

/// One word of a full path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub kind: Kind,
    pub text: &'a str,
}

/// The full path of tokens in a part of the record, and where in it the tokens begin.
pub(super) fn full<'a>(part: &'a Part, tokens: &'a [Token]) -> (Vec<Word<'a>>, usize) {
    let mut full: Vec<Word<'a>> = part.segments().iter().filter_map(word).collect();
    let own = full.len();
    full.extend(tokens.iter().map(|token| Word {
        // The name of any child is the name of no field in particular.
        kind: if is_any_child(token) { Kind::Name } else { token.kind },
        text: &token.text,
    }));
    (full, own)
}

fn word(segment: &Segment) -> Option<Word<'_>> {
    match segment {
        Segment::Name(text) => Some(Word { kind: Kind::Name, text }),
        Segment::Digits(text) => Some(Word { kind: Kind::Digits, text }),
        Segment::Each => None,
    }
}

/// Where the names stand in the path, if it begins with them; positions in lists are passed over.
pub(super) fn positions(names: &[String], full: &[Word<'_>]) -> Option<Vec<usize>> {
    let mut found = Vec::with_capacity(names.len());
    for (at, word) in full.iter().enumerate() {
        if found.len() == names.len() {
            break;
        }
        if word.kind != Kind::Index && names[found.len()] == word.text {
            found.push(at);
        } else if word.kind == Kind::Name {
            return None;
        }
    }
    (found.len() == names.len()).then_some(found)
}

/// Whether the names have, where the path ends, the digits that it ends with.
pub(super) fn have_the_last(names: &[String], full: &[Word<'_>]) -> bool {
    let mut found = 0;
    for (at, word) in full.iter().enumerate() {
        match names.get(found) {
            None => return false,
            Some(name) if word.kind != Kind::Index && name == word.text => {
                if at + 1 == full.len() {
                    return true;
                }
                found += 1;
            }
            Some(_) if word.kind == Kind::Name => return false,
            Some(_) => {}
        }
    }
    false
}

/// A full path with what takes the entries of lists, or the values of objects, one by one.
#[derive(Debug)]
pub(super) struct OpenPath<'a> {
    words: Vec<Open<'a>>,
    own: usize,
}

#[derive(Debug, Clone, Copy)]
enum Open<'a> {
    Word(Word<'a>),
    /// A position in a list, or any one name.
    Any,
}

impl<'a> OpenPath<'a> {
    /// The path of tokens in a part of the record; nothing if all of its names are said.
    pub(super) fn of(part: &'a Part, tokens: &'a [Token], grammar: Grammar) -> Option<Self> {
        let before = part.segments().iter().map(|segment| word(segment).map_or(Open::Any, Open::Word));
        let mut words: Vec<Open<'a>> = before.collect();
        let own = words.len();
        let is_any = |token: &Token| {
            // In Mapper 1.0 `[*]` is of a list. JSON paths have it, and filters, for objects too.
            let of_values = token.text == "*" || token.text.trim_start().starts_with('?');
            let in_brackets = token.kind == Kind::Index && token.style == Style::Bracket && of_values;
            is_any_child(token) || grammar != Grammar::Extract && in_brackets
        };
        words.extend(tokens.iter().map(|token| {
            let word = Word { kind: token.kind, text: &token.text };
            if is_any(token) { Open::Any } else { Open::Word(word) }
        }));
        let is_open = words.iter().any(|word| matches!(word, Open::Any));
        is_open.then_some(Self { words, own })
    }

    /// The first name, if it is said.
    pub(super) fn first(&self) -> Option<&'a str> {
        match self.words.first() {
            Some(Open::Word(Word { kind: Kind::Name, text })) => Some(text),
            _ => None,
        }
    }

    /// Whether the names may lead along the path, and end with one of its own. Those of `fields` are of entries of a list.
    pub(super) fn may_be(&self, names: &[String], fields: &HashSet<Vec<String>>) -> bool {
        // How many of the names may stand before each word.
        let mut before = vec![false; names.len() + 1];
        before[0] = true;
        for (at, word) in self.words.iter().enumerate() {
            let mut now = vec![false; names.len() + 1];
            for (count, name) in names.iter().enumerate().filter(|(count, _)| before[*count]) {
                let (is_it, passes) = match word {
                    Open::Any => (count + 1 < names.len() && !fields.contains(&names[..=count]), true),
                    Open::Word(word) => {
                        (word.kind != Kind::Index && word.text == name, word.kind != Kind::Name)
                    }
                };
                now[count] |= passes;
                now[count + 1] |= is_it;
            }
            if now[names.len()] {
                if at >= self.own {
                    return true;
                }
                now[names.len()] = false;
            }
            before = now;
        }
        false
    }
}

/// A token of the full path after renaming.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Its name; nothing for positions in lists.
    pub name: Option<String>,
    /// Which token of the full path it was, or whose spelling a new name follows.
    pub at: usize,
    /// Whether the name is new.
    pub fresh: bool,
}

impl Step {
    /// What stands there: its name, or the position in a list that it was.
    pub(super) fn text<'s>(&'s self, full: &[Word<'s>]) -> &'s str {
        self.name.as_deref().unwrap_or(full[self.at].text)
    }
}

/// The full path after the rename; nothing when a list stands where the depth would change.
pub(super) fn rewrite(
    (from, to): (&[String], &[String]),
    full: &[Word<'_>],
    at: &[usize],
) -> Option<Vec<Step>> {
    let kept = |i: usize| Step {
        name: (full[i].kind == Kind::Name || at.contains(&i)).then(|| full[i].text.to_owned()),
        at: i,
        fresh: false,
    };
    let fresh = |name: &String, at: usize| Step { name: Some(name.clone()), at, fresh: true };
    if from.len() == to.len() {
        let mut steps: Vec<Step> = (0..full.len()).map(kept).collect();
        for (k, i) in at.iter().enumerate() {
            if from[k] != to[k] {
                steps[*i] = fresh(&to[k], *i);
            }
        }
        return Some(steps);
    }
    let shorter = from.len().min(to.len());
    let head = from.iter().zip(to).take_while(|(a, b)| a == b).count().min(shorter);
    let tail = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count().min(shorter - head);
    // Positions of lists belong to the name before them; between names that come or go they have no home.
    let from_here = at[head.saturating_sub(1)];
    let list_between = (from_here..at[from.len() - 1]).any(|i| !at.contains(&i));
    if list_between {
        return None;
    }
    let start = at.get(head).copied().unwrap_or(at[from.len() - 1] + 1);
    let end = if head + tail < from.len() { at[from.len() - 1 - tail] + 1 } else { start };
    let like = at.get(head).copied().unwrap_or(at[from.len() - 1]);
    let mut steps: Vec<Step> = (0..start).map(kept).collect();
    steps.extend(to[head..to.len() - tail].iter().map(|name| fresh(name, like)));
    steps.extend((end..full.len()).map(kept));
    Some(steps)
}
