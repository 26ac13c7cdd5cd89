//! Whether what a selection names exists: an unknown connection, flow or integration is an error, a pattern that matches
//! nothing is a note.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use crate::documents::name::{is_same_name, loose_name_key};
use crate::documents::references::{Kind, Resource, ResourceIndex};
use crate::documents::{Selector, SelectorSpec};
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::resource_index::ResourceNames;
use crate::job::Narrowing;
use crate::model::{Head, Id};

/// Names that are proposed for one that does not exist, at most.
const MOST_NAMED: usize = 3;

/// How alike two names must be for the one to be proposed for the other, 0 to 1.
const ALIKE: f64 = 0.8;

/// Makes sure that every connection, flow and integration that a selection names exists in an account.
///
/// # Errors
///
/// [`EngineError::UnknownNames`], with the nearest names. Kinds that were not read are not judged.
pub(crate) fn check_names(
    account: &str,
    spec: &SelectorSpec,
    known: &ResourceIndex,
    usage: &FlowUsage,
) -> Result<(), EngineError> {
    let mut problems = Vec::new();
    let mut next = Some(spec);
    while let Some(spec) = next {
        for (kind, names) in
            [(Kind::Connections, &spec.connections), (Kind::Integrations, &spec.integrations)]
        {
            if let Some(all) = known.kinds.get(&kind) {
                problems.extend(names.iter().filter_map(|name| unknown(account, kind.singular(), name, all)));
            }
        }
        next = spec.exclude.as_deref();
    }
    problems.extend(check_flows(account, spec, known, usage));
    if problems.is_empty() { Ok(()) } else { Err(EngineError::UnknownNames { problems }) }
}

/// What is wrong with the flows that a condition names: those that do not exist, with the nearest names, and those that
/// cannot be read.
pub(crate) fn check_flows(
    account: &str,
    spec: &SelectorSpec,
    known: &ResourceIndex,
    usage: &FlowUsage,
) -> Vec<String> {
    if UserLists::asked_by(spec).is_none() {
        return Vec::new();
    }
    let (flows, names) = (usage.flows(), ResourceNames::of(known));
    let mut problems = Vec::new();
    let mut next = Some(spec);
    while let Some(spec) = next {
        problems.extend(spec.flows.iter().filter_map(|name| unknown(account, "flow", name, &flows)));
        let unreadable = usage.unreadable_for(spec, &names).into_iter();
        problems.extend(unreadable.map(|what| format!("account `{account}` has {what}")));
        next = spec.exclude.as_deref();
    }
    problems
}

/// Which of `--only` are met by an import that the job selects, while the imports of an account pass by.
#[derive(Debug)]
pub(crate) struct OnlyWatch<'a> {
    narrowed: &'a Narrowing,
    met: Vec<bool>,
    /// Whether it means an import that the job does not select.
    left_out: Vec<bool>,
    /// Names of imports that the job selects and that are not taken.
    others: Vec<String>,
}

impl<'a> OnlyWatch<'a> {
    pub(crate) fn new(narrowed: &'a Narrowing) -> Self {
        let none = || vec![false; narrowed.only.len()];
        Self { narrowed, met: none(), left_out: none(), others: Vec::new() }
    }

    pub(crate) fn restart(&mut self) {
        self.met.fill(false);
        self.left_out.fill(false);
        self.others.clear();
    }

    /// Whether an import that the job selects is taken.
    pub(crate) fn takes(&mut self, head: &Head) -> bool {
        if self.narrowed.only.is_empty() {
            return true;
        }
        let takes = Self::mark(self.narrowed, head, &mut self.met);
        if !takes {
            self.others.push(head.name.clone());
        }
        takes
    }

    /// Takes note of an import that the job does not select.
    pub(crate) fn pass(&mut self, head: &Head) {
        Self::mark(self.narrowed, head, &mut self.left_out);
    }

    fn mark(narrowed: &Narrowing, head: &Head, marks: &mut [bool]) -> bool {
        let mut any = false;
        for (only, mark) in narrowed.only.iter().zip(marks) {
            if only.matches(head) {
                (*mark, any) = (true, true);
            }
        }
        any
    }

    /// Makes sure that every `--only` was met.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownNames`], with the nearest names among those of the other imports that the job selects.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let all = self.narrowed.only.iter().zip(self.met.iter().zip(&self.left_out));
        let problems: Vec<String> = all
            .filter(|(_, (met, _))| !**met)
            .map(|(only, (_, left_out))| {
                let near = nearest(&only.text, self.others.iter().map(String::as_str));
                let why = match near.as_slice() {
                    _ if *left_out => "; it exists, but the job's `select` leaves it out".to_owned(),
                    [] => String::new(),
                    near => format!("; did you mean {}?", near.join(" or ")),
                };
                format!("--only {:?}: the job selects no such import{why}", only.text)
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(EngineError::UnknownNames { problems }) }
    }
}

fn unknown(account: &str, kind: &str, name: &str, all: &[Resource]) -> Option<String> {
    if all.iter().any(|one| one.id.as_str() == name || is_same_name(&one.name, name)) {
        return None;
    }
    if Id::looks_like(name) {
        return Some(format!("account `{account}` has no {kind} with the id {name}"));
    }
    let near = nearest(name, all.iter().map(|one| one.name.as_str()));
    let near = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    let is_pattern = name.starts_with("re:") || name.contains('*');
    let cure = if is_pattern { "; only the key `names` takes patterns" } else { "" };
    Some(format!("account `{account}` has no {kind} `{name}`{near}{cure}"))
}

/// The names that are most like one, in backquotes, the nearest first.
pub(crate) fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = loose_name_key(name);
    let mut near: Vec<(f64, &str)> = all
        .filter(|other| !other.is_empty())
        .map(|other| (strsim::jaro_winkler(&wanted, &loose_name_key(other)), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    near.dedup_by(|(_, one), (_, other)| one == other);
    near.into_iter().take(MOST_NAMED).map(|(_, name)| format!("`{name}`")).collect()
}

/// Which patterns of `select.names` match nothing, while the imports of an account pass by.
#[derive(Debug, Default)]
pub(crate) struct PatternWatch {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    matched: bool,
    loose: Option<Loose>,
    /// Names it would match in another case, and the first of them.
    near: u32,
    first: Option<String>,
}

/// A pattern without regard to case.
#[derive(Debug)]
enum Loose {
    Literal(String),
    Glob(GlobMatcher),
    Regex(Regex),
}

impl Loose {
    fn of(text: &str) -> Option<Self> {
        if let Some(pattern) = text.strip_prefix("re:") {
            return RegexBuilder::new(pattern).case_insensitive(true).build().ok().map(Self::Regex);
        }
        if !text.contains(['*', '?', '[', '{', '\\']) {
            return Some(Self::Literal(loose_name_key(text)));
        }
        let mut glob = GlobBuilder::new(text);
        glob.literal_separator(false).backslash_escape(true).empty_alternates(true).case_insensitive(true);
        glob.build().ok().map(|glob| Self::Glob(glob.compile_matcher()))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(key) => *key == loose_name_key(name),
            Self::Glob(glob) => glob.is_match(name),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

/// Patterns that are watched, at most: each import is held against all that matched nothing yet.
const MOST_WATCHED: usize = 200;

impl PatternWatch {
    pub(crate) fn new(spec: &SelectorSpec) -> Self {
        let patterns = spec.names.iter().take(MOST_WATCHED).map(|text| Pattern {
            text: text.clone(),
            matched: false,
            loose: Loose::of(text),
            near: 0,
            first: None,
        });
        Self { patterns: patterns.collect() }
    }

    pub(crate) fn restart(&mut self) {
        for pattern in &mut self.patterns {
            (pattern.matched, pattern.near, pattern.first) = (false, 0, None);
        }
    }

    /// Takes note of the name of an import.
    pub(crate) fn take(&mut self, name: &str, selector: &Selector) {
        for (at, pattern) in self.patterns.iter_mut().enumerate().filter(|(_, pattern)| !pattern.matched) {
            if selector.matches_name(at, name) {
                pattern.matched = true;
            } else if pattern.loose.as_ref().is_some_and(|loose| loose.matches(name)) {
                pattern.near += 1;
                pattern.first.get_or_insert_with(|| name.to_owned());
            }
        }
    }

    /// A note for each pattern that matched nothing.
    pub(crate) fn notes(&self) -> Vec<String> {
        let idle = self.patterns.iter().filter(|pattern| !pattern.matched);
        idle.map(|Pattern { text, near, first, .. }| {
            let note = format!("`select.names`: `{text}` matches no import");
            match first {
                Some(first) => {
                    format!("{note}; in another case it matches {near} (`{}`)", respelled(text, first))
                }
                None => note,
            }
        })
        .collect()
    }
}

/// A pattern in the case of a name it nearly matches: as far as both agree from the start.
fn respelled(pattern: &str, name: &str) -> String {
    let mut spelled = String::with_capacity(pattern.len());
    let mut letters = name.chars();
    let mut rest = pattern.chars();
    while let (Some(one), Some(other)) = (rest.clone().next(), letters.next()) {
        if one != other && !one.to_lowercase().eq(other.to_lowercase()) {
            break;
        }
        rest.next();
        spelled.push(other);
    }
    spelled.extend(rest);
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str) -> Resource {
        Resource { id: Id::from("c00000000000000000000001"), name: name.to_owned(), family: None, app: false }
    }

    #[test]
    fn what_does_not_exist_is_told_with_the_nearest_names() {
        let all = [resource("Depot API"), resource("Other")];
        assert_eq!(unknown("us", "connection", "Depot  API", &all), None);
        assert_eq!(unknown("us", "connection", "c00000000000000000000001", &all), None);
        assert_eq!(
            unknown("us", "connection", "Depot APl", &all).unwrap(),
            "account `us` has no connection `Depot APl`; did you mean `Depot API`?"
        );
        assert_eq!(unknown("us", "flow", "x", &all).unwrap(), "account `us` has no flow `x`");
        let pattern = unknown("us", "flow", "re:^x", &all).unwrap();
        assert_eq!(pattern, "account `us` has no flow `re:^x`; only the key `names` takes patterns");
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_named_with_what_it_would_match_in_another_case() {
        let names = ["order *", "Order 2", "re:^ship", "nothing", "*"];
        let spec = SelectorSpec { names: names.map(str::to_owned).to_vec(), ..SelectorSpec::default() };
        let selector = Selector::compile(spec.clone()).unwrap();
        let mut watch = PatternWatch::new(&spec);
        for name in ["Order 1", "Order 2", "Shipping"] {
            watch.take(name, &selector);
        }
        assert_eq!(
            watch.notes(),
            [
                "`select.names`: `order *` matches no import; in another case it matches 2 (`Order *`)",
                "`select.names`: `re:^ship` matches no import; in another case it matches 1 (`re:^ship`)",
                "`select.names`: `nothing` matches no import",
            ]
        );
        watch.restart();
        assert_eq!(watch.notes().len(), names.len());
    }

    #[test]
    fn a_pattern_is_spelled_as_the_name_it_nearly_matches() {
        assert_eq!(respelled("order *", "Order 1"), "Order *");
        assert_eq!(respelled("*x", "Ax"), "*x");
        assert_eq!(respelled("order 1", "ORDER 1"), "ORDER 1");
    }
}
