//! What an id of the source account stands for in the target: the map, then the same id, then the name.

use std::collections::HashMap;

use super::family::fits;
use super::{Counterpart, Found, How, Kind, PendingResource, Resource, ResourceIndex, Rules};
use crate::Id;
use crate::name::name_key;
use crate::problem::nearest;

/// What follows the reason of an id that the source does not know, before its kind: what to do in the job.
pub const ADD_TO_MAP: &str = ": add its id to references.map.";

/// What ids of the source account stand for in the target.
#[derive(Debug)]
pub(super) struct Counterparts {
    pub source: ResourceIndex,
    target: ResourceIndex,
    pub rules: Rules,
    pub same_account: bool,
    /// Id in the source to its kind and index.
    pub known: HashMap<String, (Kind, usize)>,
    /// The same of ids that resources of several kinds have, but for the first.
    known_again: HashMap<(Kind, String), usize>,
    /// Kind and name in the source to the indices of the resources with that name, if there are several.
    twins: HashMap<(Kind, String), Vec<usize>>,
    /// Kind and id in the target to its index.
    target_ids: HashMap<Kind, HashMap<String, usize>>,
    /// Kind and name in the target to the indices of the resources with that name.
    target_names: HashMap<Kind, HashMap<String, Vec<usize>>>,
    /// Kind and id or name in the source to id or name in the target.
    map: HashMap<Kind, HashMap<String, String>>,
    /// What the target does not have of what the map leads to, to the name there that is most like it.
    near: HashMap<(Kind, String), String>,
}

/// What becomes of one id.
pub(super) enum Answer {
    Stands,
    /// It stands, although its own account no longer has what it names.
    Gone,
    Becomes(Id),
    Created(PendingResource),
    None {
        reason: String,
        namesakes: Vec<Resource>,
    },
    Several {
        reason: String,
        candidates: Vec<(Id, String)>,
    },
}

impl Counterparts {
    /// Prepares the look-ups; in the same account every id stands for itself unless mapped.
    pub(super) fn new(
        source: ResourceIndex,
        target: ResourceIndex,
        rules: Rules,
        same_account: bool,
    ) -> Self {
        let mut known: HashMap<String, (Kind, usize)> = HashMap::new();
        let mut known_again = HashMap::new();
        let mut twins = HashMap::new();
        for (kind, resources) in &source.kinds {
            let mut named: HashMap<_, Vec<usize>> = HashMap::new();
            for (index, resource) in resources.iter().enumerate() {
                let id = resource.id.as_str().to_owned();
                if known.get(&id).is_some_and(|(first, _)| first != kind) {
                    known_again.insert((*kind, id), index);
                } else {
                    known.insert(id, (*kind, index));
                }
                if !resource.name.is_empty() {
                    named.entry(name_key(&resource.name)).or_default().push(index);
                }
            }
            let several = named.into_iter().filter(|(_, indices)| indices.len() > 1);
            twins.extend(several.map(|(name, indices)| ((*kind, name.into_owned()), indices)));
        }
        let mut target_ids: HashMap<Kind, HashMap<String, usize>> = HashMap::new();
        let mut target_names: HashMap<Kind, HashMap<String, Vec<usize>>> = HashMap::new();
        for (kind, resources) in &target.kinds {
            let ids = target_ids.entry(*kind).or_default();
            let names = target_names.entry(*kind).or_default();
            for (index, resource) in resources.iter().enumerate() {
                // A list read while it moved can hold an entry twice: that is one resource, not two candidates.
                if ids.insert(resource.id.as_str().to_owned(), index).is_none() && !resource.name.is_empty() {
                    names.entry(name_key(&resource.name).into_owned()).or_default().push(index);
                }
            }
        }
        let mut map: HashMap<Kind, HashMap<String, String>> = HashMap::new();
        let mut near = HashMap::new();
        for (kind, from, to) in &rules.map {
            let is_there = target_ids.get(kind).is_some_and(|ids| ids.contains_key(to))
                || target_names.get(kind).is_some_and(|names| names.contains_key(&*name_key(to)));
            if !is_there && !near.contains_key(&(*kind, to.clone())) {
                let names = target.kinds.get(kind).into_iter().flatten().map(|one| one.name.as_str());
                let meant = nearest(to, names.filter(|name| !name.is_empty()));
                near.extend(meant.map(|meant| ((*kind, to.clone()), meant.to_owned())));
            }
            map.entry(*kind).or_default().insert(super::map_key(from), to.clone());
        }
        Self {
            source,
            target,
            rules,
            same_account,
            known,
            known_again,
            twins,
            target_ids,
            target_names,
            map,
            near,
        }
    }

    /// What an id of the source stands for.
    pub(super) fn lookup(&self, kind: Kind, id: &str) -> Counterpart {
        let source = self.source_of(kind, id);
        let name = source.map(|resource| resource.name.clone());
        let id = &*Id::canonical(id);
        let mapped = self.mapping(kind, id, source).is_some();
        let one = |id: Id, how: How| {
            let index = self.target_ids.get(&kind).and_then(|ids| ids.get(id.as_str()));
            let name = index.map(|index| self.target.kinds[&kind][*index].name.clone());
            Found::One { id, name, how }
        };
        let found = match self.answer(kind, id) {
            Answer::Stands => one(Id::from(id), How::SameId),
            Answer::Gone => one(Id::from(id), How::Gone),
            Answer::Becomes(id) => one(id, if mapped { How::Map } else { How::Name }),
            Answer::Created(pending) => Found::Created { name: pending.name },
            Answer::None { reason, namesakes } => {
                let namesakes = namesakes.into_iter().map(|other| (other.id, other.name)).collect();
                Found::Nothing { reason, namesakes }
            }
            Answer::Several { reason, candidates } => Found::Several { reason, candidates },
        };
        Counterpart { name, found }
    }

    /// Decides on one id: the map, then the same id in the target, then the name.
    pub(super) fn answer(&self, kind: Kind, id: &str) -> Answer {
        let id = &*Id::canonical(id);
        let source = self.source_of(kind, id);
        if let Some((from, to)) = self.mapping(kind, id, source) {
            return self.mapped(kind, source, &self.rules.place(kind, from), to);
        }
        match self.by_id_or_name(kind, id, source) {
            // The import may stand there with that id all the while.
            Answer::None { .. } | Answer::Several { .. }
                if self.same_account && !self.rules.create.contains(&kind) =>
            {
                Answer::Gone
            }
            answer => answer,
        }
    }

    fn by_id_or_name(&self, kind: Kind, id: &str, source: Option<&Resource>) -> Answer {
        let word = kind.as_str();
        let is_there = self.target_ids.get(&kind).map(|ids| ids.contains_key(id));
        // What goes back to its own account may need what was there at the time and is gone.
        let is_gone = is_there == Some(false) && source.is_some();
        if is_there == Some(true) || self.same_account && !is_gone {
            return Answer::Stands;
        }
        let none = |reason: String| Answer::None { reason, namesakes: Vec::new() };
        let Some(source) = source else {
            let known =
                if self.source.kinds.contains_key(&kind) { "is not among" } else { "was not looked for in" };
            return none(format!("{known} the {word} of the source account{ADD_TO_MAP}{word}"));
        };
        if !self.rules.by_name {
            return none(format!(
                "has no counterpart: add it to references.map.{word}, or set references.by to name"
            ));
        }
        // That a list could not be read does not mean that nothing is there.
        if is_there.is_none() {
            return none(format!(
                "was not looked for in the target, whose {word} could not be listed: add it to references.map.{word}"
            ));
        }
        let (same, other) = self.namesakes(kind, source);
        match same.as_slice() {
            [one] => Answer::Becomes(one.id.clone()),
            [] if self.rules.create.contains(&kind) && source.app => none(format!(
                "belongs to an Integration App and is not created: install the app in the target, or add it to \
                 references.map.{word}"
            )),
            [] if self.rules.create.contains(&kind) && !source.name.is_empty() => {
                Answer::Created(PendingResource { kind, id: source.id.clone(), name: source.name.clone() })
            }
            [] => {
                let article = match &source.family {
                    Some(family) if kind == Kind::Connections => format!("a connection of type {family}"),
                    _ => format!("a {}", kind.singular()),
                };
                let reason = format!(
                    "has no counterpart in the target: add it to references.map.{word}, or create {article} of that name"
                );
                Answer::None { reason, namesakes: other.into_iter().cloned().collect() }
            }
            several => Self::several(&format!("references.map.{}", kind.as_str()), several),
        }
    }

    /// What `map` or `map_file` say of an id.
    fn mapping(&self, kind: Kind, id: &str, source: Option<&Resource>) -> Option<(&str, &str)> {
        let map = self.map.get(&kind)?;
        let entry = map.get_key_value(id).or_else(|| map.get_key_value(&*name_key(&source?.name)));
        entry.map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// The kind of an id that the map gives another one to.
    pub(super) fn mapped_kind(&self, id: &str) -> Option<Kind> {
        let known = self.known.get(id).map(|(kind, _)| *kind);
        let kinds = known.into_iter().chain(self.map.keys().copied());
        kinds.into_iter().find(|kind| self.mapping(*kind, id, self.source_of(*kind, id)).is_some())
    }

    /// The resources of the target with the name of one of the source: which fit it, and which do not.
    fn namesakes(&self, kind: Kind, source: &Resource) -> (Vec<&Resource>, Vec<&Resource>) {
        let bearers = self.bearers(kind, &source.name);
        let (same, other): (Vec<_>, Vec<_>) =
            bearers.into_iter().partition(|resource| fits(source, resource));
        (written_so(same, &source.name), other)
    }

    /// The others of the source that become the same by their name as this one does; none where the map says what it becomes.
    pub(super) fn twins(&self, kind: Kind, id: &str) -> Vec<&Id> {
        let id = &*Id::canonical(id);
        let Some(source) = self.source_of(kind, id).filter(|_| !self.twins.is_empty()) else {
            return Vec::new();
        };
        if self.mapping(kind, id, Some(source)).is_some() {
            return Vec::new();
        }
        let becomes = |one: &Resource| self.namesakes(kind, one).0.first().map(|found| &found.id);
        let indices = self.twins.get(&(kind, name_key(&source.name).into_owned()));
        let all = indices.into_iter().flatten().map(|index| &self.source.kinds[&kind][*index]);
        let others = all.filter(|other| {
            let is_mapped = self.mapping(kind, other.id.as_str(), Some(other)).is_some();
            other.id != source.id && !is_mapped && fits(source, other) && becomes(other) == becomes(source)
        });
        others.map(|other| &other.id).collect()
    }

    /// What something becomes that is mapped; `place` is where the job says so.
    fn mapped(&self, kind: Kind, source: Option<&Resource>, place: &str, to: &str) -> Answer {
        if let Some(index) = self.target_ids.get(&kind).and_then(|ids| ids.get(to)) {
            return Answer::Becomes(self.target.kinds[&kind][*index].id.clone());
        }
        let all = self.bearers(kind, to);
        let fitting: Vec<&Resource> = all
            .iter()
            .copied()
            .filter(|resource| source.is_none_or(|source| fits(source, resource)))
            .collect();
        let fitting = written_so(fitting, to);
        match (all.as_slice(), fitting.as_slice()) {
            ([one], _) | (_, [one]) => Answer::Becomes(one.id.clone()),
            // What was not read cannot be checked: an id is taken at its word.
            ([], _) if Id::looks_like(to) && !self.target.kinds.contains_key(&kind) => {
                Answer::Becomes(to.into())
            }
            ([], _) => {
                let meant = self.near.get(&(kind, to.to_owned()));
                let meant = meant.map_or(String::new(), |meant| format!(" (did you mean \"{meant}\"?)"));
                let reason =
                    format!("is mapped to \"{to}\", which the target does not have: correct {place}{meant}");
                Answer::None { reason, namesakes: Vec::new() }
            }
            (several, _) => Self::several(place, several),
        }
    }

    fn several(place: &str, several: &[&Resource]) -> Answer {
        let ids: Vec<&str> = several.iter().map(|resource| resource.id.as_str()).collect();
        Answer::Several {
            reason: format!(
                "has {} counterparts in the target, {}: choose one in {place}",
                several.len(),
                ids.join(" and "),
            ),
            candidates: several.iter().map(|resource| (resource.id.clone(), resource.name.clone())).collect(),
        }
    }

    /// Those of that name, however blanks and accents are written.
    fn bearers(&self, kind: Kind, name: &str) -> Vec<&Resource> {
        let indices = self.target_names.get(&kind).and_then(|names| names.get(&*name_key(name)));
        indices.into_iter().flatten().map(|index| &self.target.kinds[&kind][*index]).collect()
    }

    /// The resource of the source that has the id.
    pub(super) fn source_of(&self, kind: Kind, id: &str) -> Option<&Resource> {
        let id = Id::canonical(id);
        let index = match self.known.get(&*id)? {
            (known, index) if *known == kind => *index,
            _ => *self.known_again.get(&(kind, id.into_owned()))?,
        };
        Some(&self.source.kinds[&kind][index])
    }

    /// The resource of that id, in words.
    pub(super) fn describe(&self, kind: Kind, id: &str) -> String {
        match self.source_of(kind, id) {
            Some(resource) => format!("{} \"{}\" ({id})", kind.singular(), resource.name),
            None => format!("{} {id}", kind.singular()),
        }
    }
}

/// Where several names come to the same: those that are written exactly so, or all if none is.
fn written_so<'a>(bearers: Vec<&'a Resource>, name: &str) -> Vec<&'a Resource> {
    if bearers.len() > 1 && bearers.iter().any(|resource| resource.name == name) {
        return bearers.into_iter().filter(|resource| resource.name == name).collect();
    }
    bearers
}
