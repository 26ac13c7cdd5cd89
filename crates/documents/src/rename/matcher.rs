//! The renames of one side, and what they make of one path.

use std::collections::HashMap;

use super::counts::Counts;
use super::words::Words;
use crate::envelope;
use crate::path::{Kind, Piece, Token, extract};

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
    to: HashMap<String, Vec<usize>>,
    /// The last name of every `from`, and the names of every `to`: a text without any of them holds nothing to do.
    needle: Words,
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

/// One way to read a path: which names stand before it, and how many of its tokens are not part of the record's path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub context: Vec<String>,
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
        Some(Self { all: rules, from, to, needle, reverse })
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

    /// Notes when a path that stays as it is, is what some rename makes of another.
    pub(super) fn note_taken(&self, view: &View, tokens: &[Token], counts: &mut Counts) {
        let full = full(&view.context, &tokens[view.skip..]);
        if let Some((rule, _)) = self.longest(&full, &self.to, |r| &r.to)
            && self.all[rule].to.len() > view.context.len()
        {
            counts.taken[rule] = true;
        }
        if full.iter().all(|part| part.kind == Kind::Name) {
            self.note_outer(&full.iter().map(|part| part.text.to_owned()).collect::<Vec<_>>(), counts);
        }
    }

    /// Notes when the name of a field is what some rename puts another field into, that was not inside of it before.
    fn note_outer(&self, name: &[String], counts: &mut Counts) {
        for at in name.first().and_then(|first| self.to.get(first)).into_iter().flatten() {
            let Rule { from, to } = &self.all[*at];
            let is_inside = to.len() > name.len() && to.starts_with(name);
            if is_inside && counts.outer[*at].is_none() {
                let was_inside =
                    (1..from.len()).any(|length| self.rewrite_names(&from[..length]).as_slice() == name);
                counts.outer[*at] = (!was_inside).then(|| name.to_vec());
            }
        }
    }

    fn resolve_one(&self, context: &[String], tokens: &[Token], counts: &mut Counts) -> Found {
        if tokens.is_empty() {
            return Found::Nothing;
        }
        let full = full(context, tokens);
        let Some((rule, positions)) = self.longest(&full, &self.from, |r| &r.from) else {
            return Found::Nothing;
        };
        let Some(renamed) = rewrite(&self.all[rule], &full, &positions) else {
            return Found::Unsayable(rule);
        };
        // What one rename made of this path may be what another makes of a second one.
        let names: Vec<String> = renamed.iter().filter_map(|step| step.name.clone()).collect();
        self.note_outer(&names, counts);
        let back = self.longest(&self::full(&names, &[]), &self.to, |r| &r.to);
        if let Some((other, _)) = back.filter(|(other, _)| *other != rule) {
            counts.taken[other] = true;
        }
        // The part around the path is renamed in its own place; what is left must begin with it.
        let mut rest = renamed.as_slice();
        for name in &self.rewrite_names(context) {
            if rest.first().and_then(|step| step.name.as_ref()) != Some(name) {
                return Found::Unsayable(rule);
            }
            rest = &rest[1..];
        }
        let mut pieces = Vec::with_capacity(rest.len());
        for step in rest {
            let own = step.at.checked_sub(context.len());
            pieces.push(match (step.fresh, own) {
                (false, Some(at)) => Piece::Kept(at),
                (false, None) => return Found::Unsayable(rule),
                (true, own) => Piece::New(step.name.clone().unwrap_or_default(), own.unwrap_or(0)),
            });
        }
        let same =
            pieces.len() == tokens.len() && pieces.iter().enumerate().all(|(i, p)| *p == Piece::Kept(i));
        if same {
            return if self.all[rule].from.len() <= context.len() { Found::Enclosing } else { Found::Same };
        }
        if pieces.is_empty() {
            return Found::Unsayable(rule);
        }
        Found::Changed(rule, pieces)
    }

    /// The names of a path after renaming; those that cannot be said stay.
    pub(super) fn rewrite_names(&self, path: &[String]) -> Vec<String> {
        if path.is_empty() {
            return Vec::new();
        }
        let full = full(path, &[]);
        self.longest(&full, &self.from, |r| &r.from)
            .and_then(|(rule, positions)| rewrite(&self.all[rule], &full, &positions))
            .map_or_else(|| path.to_vec(), |steps| steps.into_iter().filter_map(|s| s.name).collect())
    }

    fn longest<'r>(
        &'r self,
        full: &[Part<'_>],
        index: &HashMap<String, Vec<usize>>,
        names: impl Fn(&'r Rule) -> &'r Vec<String>,
    ) -> Option<(usize, Vec<usize>)> {
        for part in full {
            if part.kind != Kind::Index
                && let Some(rules) = index.get(part.text)
                && let Some(found) =
                    rules.iter().find_map(|i| Some((*i, positions(names(&self.all[*i]), full)?)))
            {
                return Some(found);
            }
            if part.kind == Kind::Name {
                return None;
            }
        }
        None
    }
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

#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    kind: Kind,
    text: &'a str,
}

fn full<'a>(context: &'a [String], tokens: &'a [Token]) -> Vec<Part<'a>> {
    let before = context.iter().map(|name| Part { kind: Kind::Name, text: name });
    before.chain(tokens.iter().map(|t| Part { kind: t.kind, text: &t.text })).collect()
}

/// Where the names stand in the path, if it begins with them; positions in lists are passed over.
fn positions(names: &[String], full: &[Part<'_>]) -> Option<Vec<usize>> {
    let mut found = Vec::with_capacity(names.len());
    for (at, part) in full.iter().enumerate() {
        if found.len() == names.len() {
            break;
        }
        if part.kind != Kind::Index && names[found.len()] == part.text {
            found.push(at);
        } else if part.kind == Kind::Name {
            return None;
        }
    }
    (found.len() == names.len()).then_some(found)
}

/// A token of the full path after renaming.
#[derive(Debug, Clone)]
struct Step {
    /// Its name; nothing for positions in lists.
    name: Option<String>,
    /// Which token of the full path it was, or whose spelling a new name follows.
    at: usize,
    /// Whether the name is new.
    fresh: bool,
}

/// The full path after the rename; nothing when a list stands where the depth would change.
fn rewrite(rule: &Rule, full: &[Part<'_>], at: &[usize]) -> Option<Vec<Step>> {
    let kept = |i: usize| Step {
        name: (full[i].kind == Kind::Name || at.contains(&i)).then(|| full[i].text.to_owned()),
        at: i,
        fresh: false,
    };
    let fresh = |name: &String, at: usize| Step { name: Some(name.clone()), at, fresh: true };
    let (from, to) = (&rule.from, &rule.to);
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
