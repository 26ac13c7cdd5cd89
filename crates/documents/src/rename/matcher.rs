//! The renames of one side, and what they make of one path.

use std::collections::{HashMap, HashSet};

use super::counts::{Counts, Outer};
use super::full_path::{OpenPath, Step, Word, full, have_the_last, positions, rewrite};
use super::part::{Part, Segment, is_any_child};
use super::words::Words;
use crate::envelope;
use crate::path::{Grammar, Kind, Piece, Token, extract, is_digits};

/// One rename, as names from the root of the record.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub from: Vec<String>,
    pub to: Vec<String>,
}

impl Rule {
    /// The rename as a person writes it.
    pub(super) fn shown(names: &[String]) -> String {
        names.join(".")
    }
}

/// The renames of one side, applied together: each path follows the one with the longest `from`.
#[derive(Debug)]
pub(super) struct Rules {
    pub all: Vec<Rule>,
    from: HashMap<String, Vec<usize>>,
    pub to: HashMap<String, Vec<usize>>,
    /// The last name of every `from`, and the names of every `to`: a text without any of them holds nothing to do.
    needle: Words,
    /// Whether a name in a rename is of digits only.
    has_digits: bool,
    /// The same renames backwards, where that is unambiguous.
    pub reverse: Option<Box<Rules>>,
}

/// What the renames make of one path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No rename is about it.
    Nothing,
    /// A rename affects it, but the text here does not change (only the part around it does).
    Same,
    /// A rename is about the part around it, and only that.
    Enclosing,
    /// The path after that rename.
    Changed(usize, Vec<Piece>),
    /// That rename is about it, but cannot be said in this place.
    Unsayable(usize),
}

/// One way to read a path: which part of the record it is in, and how many of its tokens are not part of the record's path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub context: Part,
    pub skip: usize,
}

impl Rules {
    /// Compiles the renames; nothing when there are none. Every rename has at least one name on both sides.
    pub(super) fn compile(rules: Vec<Rule>, with_reverse: bool) -> Option<Self> {
        if rules.is_empty() {
            return None;
        }
        let (mut from, mut to) = (index(&rules, |r| &r.from), index(&rules, |r| &r.to));
        for list in from.values_mut() {
            list.sort_by_key(|i| std::cmp::Reverse(rules[*i].from.len()));
        }
        for list in to.values_mut() {
            list.sort_by_key(|i| std::cmp::Reverse(rules[*i].to.len()));
        }
        let words = rules
            .iter()
            .flat_map(|r| r.from.last().into_iter().chain(&r.to))
            .map(|name| longest_plain_run(name).to_owned());
        let needle = Words::new(words.collect());
        let reverse = if with_reverse && is_one_to_one(&rules) {
            let back = rules.iter().map(|r| Rule { from: r.to.clone(), to: r.from.clone() }).collect();
            Self::compile(back, false).map(Box::new)
        } else {
            None
        };
        let has_digits =
            rules.iter().flat_map(|rule| rule.from.iter().chain(&rule.to)).any(|name| is_digits(name));
        Some(Self { all: rules, from, to, needle, has_digits, reverse })
    }

    /// Whether the text may hold something to do.
    pub(super) fn may_concern(&self, text: &str) -> bool {
        self.needle.is_match(text)
    }

    /// Whether a rename is to or from a name that identifies an envelope around the record.
    pub(super) fn name_the_envelope(&self) -> bool {
        let names = self
            .all
            .iter()
            .filter(|rule| rule.from != rule.to)
            .flat_map(|rule| [rule.from.first(), rule.to.first()]);
        names.flatten().any(|name| name == "record" || envelope::is_member(name))
    }

    /// The same renames, each at its place, but for some, in order: what those are about goes with the field around it.
    pub(super) fn without(&self, left: &[usize]) -> Option<Self> {
        let mut rules = Self::compile(self.all.clone(), true)?;
        rules.reverse.iter_mut().for_each(|reverse| reverse.leave(left));
        rules.leave(left);
        Some(rules)
    }

    fn leave(&mut self, left: &[usize]) {
        let lists = self.from.values_mut().chain(self.to.values_mut());
        lists.for_each(|list| list.retain(|at| left.binary_search(at).is_err()));
        for at in left {
            let Rule { from, to } = &mut self.all[*at];
            to.clone_from(from);
        }
    }

    /// The last names of what is renamed.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter(|r| r.from != r.to).filter_map(|r| r.from.last()).map(String::as_str)
    }

    /// The renames whose field a text may name: by its path, also behind `record`, or by its last name.
    pub(super) fn named_by(&self, text: &str) -> Vec<usize> {
        if !self.may_concern(text) {
            return Vec::new();
        }
        let tokens = extract::parse(text).map(|path| path.tokens).unwrap_or_default();
        let names: Vec<&str> =
            tokens.iter().filter(|t| t.kind == Kind::Name).map(|t| t.text.as_str()).collect();
        let inner = match names.split_first() {
            Some((first, rest)) if matches!(*first, "record" | "data") => rest,
            _ => names.as_slice(),
        };
        let is = |from: &[String]| {
            from.last().is_some_and(|last| last == text)
                || [&names[..], inner]
                    .iter()
                    .any(|n| n.len() >= from.len() && n.iter().zip(from).all(|(a, b)| a == b))
        };
        let changing = self.all.iter().enumerate().filter(|(_, rule)| rule.from != rule.to);
        changing.filter(|(_, rule)| is(&rule.from)).map(|(at, _)| at).collect()
    }

    /// The renames whose last name a text holds, wherever.
    pub(super) fn mentioned_in(&self, text: &str) -> Vec<usize> {
        if !self.may_concern(text) {
            return Vec::new();
        }
        let changing = self.all.iter().enumerate().filter(|(_, rule)| rule.from != rule.to);
        changing
            .filter(|(_, rule)| rule.from.last().is_some_and(|last| text.contains(longest_plain_run(last))))
            .map(|(at, _)| at)
            .collect()
    }

    /// What the renames make of a path, by the first of the views a rename is about.
    pub(super) fn resolve(&self, views: &[View], tokens: &[Token], counts: &mut Counts) -> Found {
        let mut found = Found::Nothing;
        for view in views {
            match self.resolve_one(&view.context, &tokens[view.skip..], counts) {
                Found::Nothing => self.note_taken(view, tokens, counts),
                Found::Changed(rule, mut pieces) => {
                    counts.changed[rule] += 1;
                    for piece in &mut pieces {
                        let (Piece::Kept(i) | Piece::New(_, i)) = piece;
                        *i += view.skip;
                    }
                    pieces.splice(0..0, (0..view.skip).map(Piece::Kept));
                    return Found::Changed(rule, pieces);
                }
                // Only the part around the path is renamed: this does not prove that this reading is right.
                Found::Enclosing => {
                    self.note_taken(view, tokens, counts);
                    found = Found::Same;
                }
                Found::Unsayable(rule) => {
                    self.note_taken(view, tokens, counts);
                    return Found::Unsayable(rule);
                }
                Found::Same => return Found::Same,
            }
        }
        found
    }

    fn resolve_one(&self, context: &Part, tokens: &[Token], counts: &mut Counts) -> Found {
        if tokens.is_empty() {
            return Found::Nothing;
        }
        let (full, before) = full(context, tokens);
        let Some((rule, positions)) = self.longest(&full, &self.from, |r| &r.from) else {
            return Found::Nothing;
        };
        let Rule { from, to } = &self.all[rule];
        let Some(renamed) = rewrite((from, to), &full, &positions) else {
            return Found::Unsayable(rule);
        };
        // What one rename made of this path may be what another makes of a second one. Two with one new name are told as such.
        let names: Vec<String> = renamed.iter().filter_map(|step| step.name.clone()).collect();
        self.note_outer(Outer { names: names.clone(), is_list: false }, counts);
        self.note_lists(&full, counts);
        let back = self.longest(&words(&names), &self.to, |r| &r.to);
        if let Some((other, _)) = back.filter(|(other, _)| self.all[*other].to != self.all[rule].to) {
            counts.taken[other] = true;
        }
        // The part around the path is renamed in its own place; what is left must begin with it.
        let mut rest = renamed.as_slice();
        for step in self.rewrite_words(&full[..before]) {
            match rest.split_first() {
                Some((first, behind)) if first.text(&full) == step.text(&full) => rest = behind,
                _ => return Found::Unsayable(rule),
            }
        }
        let mut pieces = Vec::with_capacity(rest.len());
        for step in rest {
            let own = step.at.checked_sub(before);
            pieces.push(match (step.fresh, own) {
                (false, Some(at)) => Piece::Kept(at),
                (false, None) => return Found::Unsayable(rule),
                (true, own) => Piece::New(step.name.clone().unwrap_or_default(), own.unwrap_or(0)),
            });
        }
        let same =
            pieces.len() == tokens.len() && pieces.iter().enumerate().all(|(i, p)| *p == Piece::Kept(i));
        if same {
            let is_around = positions.last().is_none_or(|last| *last < before);
            return if is_around { Found::Enclosing } else { Found::Same };
        }
        if pieces.is_empty() {
            return Found::Unsayable(rule);
        }
        Found::Changed(rule, pieces)
    }

    /// The names of a path after renaming; those that cannot be said stay.
    pub(super) fn rewrite_names(&self, path: &[String]) -> Vec<String> {
        self.rewrite_words(&words(path)).into_iter().filter_map(|step| step.name).collect()
    }

    /// The part of the record after renaming.
    pub(super) fn rewrite_part(&self, part: &Part) -> Part {
        let full = full(part, &[]).0;
        let mut new = Part::default();
        for step in self.rewrite_words(&full) {
            new.push(match step.name {
                Some(name) if full[step.at].kind == Kind::Digits && is_digits(&name) => Segment::Digits(name),
                Some(name) => Segment::Name(name),
                None => Segment::Digits(full[step.at].text.to_owned()),
            });
        }
        new
    }

    fn rewrite_words(&self, full: &[Word<'_>]) -> Vec<Step> {
        let kept = |at: usize| {
            let name = (full[at].kind == Kind::Name).then(|| full[at].text.to_owned());
            Step { name, at, fresh: false }
        };
        self.longest(full, &self.from, |r| &r.from)
            .and_then(|(rule, positions)| {
                rewrite((&self.all[rule].from, &self.all[rule].to), full, &positions)
            })
            .unwrap_or_else(|| (0..full.len()).map(kept).collect())
    }

    /// The part that tokens lead to in a part of the record. Digits are positions in lists, and no step of their own, unless a
    /// rename has a name of these digits there.
    pub(super) fn below(&self, part: &Part, tokens: &[Token]) -> Part {
        let mut part = part.clone();
        for token in tokens {
            match token.kind {
                Kind::Name => part.push(Segment::Name(token.text.clone())),
                Kind::Digits if self.may_name(&part, token) => part.push(Segment::Digits(token.text.clone())),
                _ if is_any_child(token) => part.push(Segment::Each),
                Kind::Digits | Kind::Index => {}
            }
        }
        part
    }

    /// Whether a rename has a name of these digits in that part of the record.
    pub(super) fn may_name(&self, part: &Part, token: &Token) -> bool {
        self.has_digits
            && token.kind == Kind::Digits
            && self.have_the_last(&full(part, std::slice::from_ref(token)).0)
    }

    pub(super) fn have_the_last(&self, full: &[Word<'_>]) -> bool {
        let has = |index: &HashMap<String, Vec<usize>>, names: fn(&Rule) -> &Vec<String>| {
            candidates(full, index).any(|at| have_the_last(names(&self.all[at]), full))
        };
        self.has_digits && (has(&self.from, |rule| &rule.from) || has(&self.to, |rule| &rule.to))
    }

    /// The rename that a path may be about where it takes the values of an object one by one, whose names it does not say. What
    /// is known to hold `fields` is a list.
    pub(super) fn through_values(
        &self,
        view: &View,
        tokens: &[Token],
        grammar: Grammar,
        fields: &HashSet<Vec<String>>,
    ) -> Option<usize> {
        let open = OpenPath::of(&view.context, tokens.get(view.skip..)?, grammar)?;
        let is_meant = |at: &usize| {
            let rule = &self.all[*at];
            rule.from != rule.to && open.may_be(&rule.from, fields)
        };
        match open.first() {
            Some(first) => self.from.get(first)?.iter().copied().find(is_meant),
            None => (0..self.all.len()).find(is_meant),
        }
    }

    pub(super) fn longest<'r>(
        &'r self,
        full: &[Word<'_>],
        index: &HashMap<String, Vec<usize>>,
        names: impl Fn(&'r Rule) -> &'r Vec<String>,
    ) -> Option<(usize, Vec<usize>)> {
        candidates(full, index).find_map(|at| Some((at, positions(names(&self.all[at]), full)?)))
    }
}

/// The renames that may be about a path by its first name, which digits at its start may be or not.
fn candidates(full: &[Word<'_>], index: &HashMap<String, Vec<usize>>) -> impl Iterator<Item = usize> {
    let named = full.iter().position(|word| word.kind == Kind::Name).map_or(full.len(), |at| at + 1);
    let words = full[..named].iter().filter(|word| word.kind != Kind::Index);
    words.filter_map(|word| index.get(word.text)).flatten().copied()
}

fn words(names: &[String]) -> Vec<Word<'_>> {
    names.iter().map(|name| Word { kind: Kind::Name, text: name }).collect()
}

fn index(rules: &[Rule], names: impl Fn(&Rule) -> &Vec<String>) -> HashMap<String, Vec<usize>> {
    let mut index: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, rule) in rules.iter().enumerate() {
        if let Some(first) = names(rule).first() {
            index.entry(first.clone()).or_default().push(at);
        }
    }
    index
}

fn is_one_to_one(rules: &[Rule]) -> bool {
    let mut seen = std::collections::HashSet::new();
    rules.iter().all(|r| seen.insert(&r.to))
}

/// The longest part of a name that is spelled the same in every grammar.
fn longest_plain_run(name: &str) -> &str {
    name.split(['\'', '"', '\\', ']']).max_by_key(|run| run.len()).unwrap_or(name)
}
