//! Checks that the names in a selection exist: an unknown connection, flow or integration is an error.

use crate::documents::SelectorSpec;
use crate::documents::name::{is_same_name, loose_name_key};
use crate::documents::references::{Kind, Resource, ResourceIndex};
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::resource_index::ResourceNames;
use crate::job::Narrowing;
use crate::model::{Head, Id};

/// The most names that are suggested for one that does not exist.
const MOST_NAMED: usize = 3;

/// How similar two names must be for a suggestion, 0 to 1.
const ALIKE: f64 = 0.8;

/// What is wrong with the connections, flows and integrations that a condition names: those that do not exist in an
/// account (as [`AccountFacts::described`](crate::run_folder::plan_item::AccountFacts::described) names it), with the
/// nearest names. Kinds that were not read are not checked.
pub(crate) fn check_names(
    account: &str,
    spec: &SelectorSpec,
    known: &ResourceIndex,
    usage: &FlowUsage,
) -> Vec<String> {
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
    problems
}

/// What is wrong with the flows that a condition names: those that do not exist, with the nearest names, and those that
/// cannot be read.
fn check_flows(account: &str, spec: &SelectorSpec, known: &ResourceIndex, usage: &FlowUsage) -> Vec<String> {
    if UserLists::asked_by(spec).is_none() {
        return Vec::new();
    }
    let (flows, names) = (usage.flows(), ResourceNames::of(known));
    let mut problems = Vec::new();
    let mut next = Some(spec);
    while let Some(spec) = next {
        problems.extend(spec.flows.iter().filter_map(|name| unknown(account, "flow", name, &flows)));
        let unreadable = usage.unreadable_for(spec, &names).into_iter();
        problems.extend(unreadable.map(|what| format!("{account} has {what}")));
        next = spec.exclude.as_deref();
    }
    problems
}

/// Records which names of `--only` match an import that the job selects, while the imports of an account are read.
#[derive(Debug)]
pub(crate) struct OnlyWatch<'a> {
    narrowed: &'a Narrowing,
    met: Vec<bool>,
    /// Whether it names an import that the job does not select.
    left_out: Vec<bool>,
    /// Names of imports that the job selects but `--only` does not.
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

    /// Records an import that the job does not select.
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

    /// Checks that every `--only` matched.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotSelected`], with the nearest names among those of the other imports that the job selects.
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
        if problems.is_empty() { Ok(()) } else { Err(EngineError::NotSelected { problems }) }
    }
}

fn unknown(account: &str, kind: &str, name: &str, all: &[Resource]) -> Option<String> {
    if all.iter().any(|one| one.id.as_str() == name || is_same_name(&one.name, name)) {
        return None;
    }
    if Id::looks_like(name) {
        return Some(format!("{account} has no {kind} with the id {name}"));
    }
    let near = nearest(name, all.iter().map(|one| one.name.as_str()));
    let near = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    let is_pattern = name.starts_with("re:") || name.contains('*');
    let cure = if is_pattern { "; only the key `names` takes patterns" } else { "" };
    Some(format!("{account} has no {kind} `{name}`{near}{cure}"))
}

/// The most similar names, in backquotes, the nearest first.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str) -> Resource {
        Resource { id: Id::from("c00000000000000000000001"), name: name.to_owned(), family: None, app: false }
    }

    #[test]
    fn what_does_not_exist_is_told_with_the_nearest_names() {
        let all = [resource("Depot API"), resource("Other")];
        assert_eq!(unknown("account `us`", "connection", "Depot  API", &all), None);
        assert_eq!(unknown("account `us`", "connection", "c00000000000000000000001", &all), None);
        assert_eq!(
            unknown("account `us`", "connection", "Depot APl", &all).unwrap(),
            "account `us` has no connection `Depot APl`; did you mean `Depot API`?"
        );
        assert_eq!(unknown("account `us`", "flow", "x", &all).unwrap(), "account `us` has no flow `x`");
        let pattern = unknown("account `us`", "flow", "re:^x", &all).unwrap();
        assert_eq!(pattern, "account `us` has no flow `re:^x`; only the key `names` takes patterns");
    }
}
