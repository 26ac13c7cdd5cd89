//! From ids of the source account to ids of the target account.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::family::{entry_of, family, fits};
use super::paths::{self, Candidate};
use super::{
    Accounts, Counterpart, Found, How, Kind, Missing, PendingResource, Place, Resolution, Resource,
    ResourceIndex, Rules, Unresolved, scan,
};
use crate::name::name_key;
use crate::{Id, normal};

/// Turns ids of the source account into ids of the target account.
#[derive(Debug)]
pub struct Resolver {
    source: ResourceIndex,
    target: ResourceIndex,
    rules: Rules,
    same_account: bool,
    /// Id in the source to its kind and index.
    known: HashMap<String, (Kind, usize)>,
    /// Kind and id in the target to its index.
    target_ids: HashMap<Kind, HashMap<String, usize>>,
    /// Kind and name in the target to the indices of those that bear it.
    target_names: HashMap<Kind, HashMap<String, Vec<usize>>>,
    /// Kind and id or name in the source to id or name in the target.
    map: HashMap<Kind, HashMap<String, String>>,
}

/// What becomes of one id.
enum Answer {
    Stands,
    Becomes(Id),
    Created(PendingResource),
    None { reason: String, namesakes: Vec<Resource> },
    Several { reason: String, candidates: Vec<(Id, String)> },
}

impl Resolver {
    /// Prepares the look-ups between two accounts. Where the caller knows that they are one, ids stand for themselves
    /// unless mapped; see also [`Self::within`].
    pub fn new(source: ResourceIndex, target: ResourceIndex, rules: Rules, accounts: Accounts) -> Self {
        Self::prepare(source, target, rules, accounts == Accounts::Same)
    }

    /// Whether source and target are one account.
    pub fn accounts(&self) -> Accounts {
        if self.same_account { Accounts::Same } else { Accounts::Different }
    }

    /// Prepares the look-ups within one account: every id stands for itself unless mapped, known or not.
    pub fn within(account: ResourceIndex, rules: Rules) -> Self {
        Self::prepare(account.clone(), account, rules, true)
    }

    fn prepare(source: ResourceIndex, target: ResourceIndex, rules: Rules, same_account: bool) -> Self {
        let mut known = HashMap::new();
        for (kind, resources) in &source.kinds {
            for (index, resource) in resources.iter().enumerate() {
                known.insert(resource.id.as_str().to_owned(), (*kind, index));
            }
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
        for (kind, from, to) in &rules.map {
            map.entry(*kind).or_default().insert(super::map_key(from), to.clone());
        }
        Self { source, target, rules, same_account, known, target_ids, target_names, map }
    }

    /// Rewrites every reference of the document. Afterwards it holds no id of the source account, or the answer
    /// names what is unresolved and the document must not be sent.
    pub fn resolve(&self, document: &mut Value) -> Resolution {
        let mut resolution = Resolution::default();
        let mut found = Vec::new();
        paths::hits(document, &mut |hit| found.push(hit));
        let mut keys = Vec::new();
        for hit in found {
            match hit {
                Candidate::Reference(place) => self.reference(document, place, &mut resolution),
                // Within one account a mentioned id is as good as it was.
                _ if self.same_account => {}
                Candidate::Text { pointer } => {
                    if let Some(Value::String(text)) = document.pointer_mut(&pointer)
                        && let Some(new) = self.rewrite(text, &pointer, &mut resolution)
                    {
                        *text = new;
                    }
                }
                Candidate::Key { pointer, key } => keys.push((pointer, key)),
            }
        }
        normal::remove_pointers(document, &resolution.dropped);
        // Keys last and from the end: they change the pointers of what stands under them.
        for (pointer, key) in keys.into_iter().rev() {
            self.rename_key(document, &pointer, &key, &mut resolution);
        }
        resolution
    }

    /// What an id of the source stands for.
    pub fn lookup(&self, kind: Kind, id: &str) -> Counterpart {
        let source = self.source_of(kind, id);
        let name = source.map(|resource| resource.name.clone());
        let id = &*Id::canonical(id);
        let mapped = self.map.get(&kind).is_some_and(|map| {
            map.contains_key(id) || name.as_ref().is_some_and(|name| map.contains_key(&*name_key(name)))
        });
        let one = |id: Id, how: How| {
            let index = self.target_ids.get(&kind).and_then(|ids| ids.get(id.as_str()));
            let name = index.map(|index| self.target.kinds[&kind][*index].name.clone());
            Found::One { id, name, how }
        };
        let found = match self.answer(kind, id) {
            Answer::Stands => one(Id::from(id), How::SameId),
            Answer::Becomes(id) => one(id, if mapped { How::Map } else { How::Name }),
            Answer::Created(fresh) => Found::Created { name: fresh.name },
            Answer::None { reason, namesakes } => {
                let namesakes = namesakes.into_iter().map(|other| (other.id, other.name)).collect();
                Found::Nothing { reason, namesakes }
            }
            Answer::Several { reason, candidates } => Found::Several { reason, candidates },
        };
        Counterpart { name, found }
    }

    /// Reports every reference of a document, and every known id that a free text or key mentions: whether it is only
    /// mentioned, its kind and the id.
    pub fn uses(&self, document: &Value, report: &mut dyn FnMut(bool, Kind, &str)) {
        paths::hits(document, &mut |hit| {
            let text = match &hit {
                Candidate::Reference(place) => return report(false, place.kind, &place.id),
                Candidate::Text { pointer } => document.pointer(pointer).and_then(Value::as_str),
                Candidate::Key { key, .. } => Some(key.as_str()),
            };
            let text = text.unwrap_or_default();
            for id in scan::ids(text).map(|range| Id::canonical(&text[range])) {
                if let Some((kind, _)) = self.known.get(&*id) {
                    report(true, *kind, &id);
                }
            }
        });
    }

    fn reference(&self, document: &mut Value, place: Place, resolution: &mut Resolution) {
        match self.answer(place.kind, &place.id) {
            Answer::Stands => {}
            Answer::Becomes(id) => {
                if let Some(value) = document.pointer_mut(&place.pointer) {
                    *value = Value::String(id.as_str().to_owned());
                }
            }
            Answer::Created(fresh) => {
                if let Some(value) = document.pointer_mut(&place.pointer) {
                    *value = Value::String(fresh.placeholder());
                }
                resolution.fresh.push(fresh);
            }
            Answer::None { reason, namesakes } => {
                for other in namesakes {
                    resolution.warnings.push(format!(
                        "{} used at {} is {} in the source; in the target the {} of that name ({}) is {}",
                        self.describe(place.kind, &place.id),
                        place.pointer,
                        family(self.source_of(place.kind, &place.id)),
                        place.kind.singular(),
                        other.id,
                        family(Some(&other)),
                    ));
                }
                if self.rules.missing(place.kind) == Missing::Drop {
                    resolution.dropped.push(entry_of(&place.pointer).to_owned());
                } else {
                    resolution.unresolved.push(self.unresolved(place, "used at", &reason, Vec::new()));
                }
            }
            Answer::Several { reason, candidates } => {
                resolution.unresolved.push(self.unresolved(place, "used at", &reason, candidates));
            }
        }
    }

    /// The text with known ids rewritten; `None` where it stays as it is.
    fn rewrite(&self, text: &str, pointer: &str, resolution: &mut Resolution) -> Option<String> {
        let mut new = String::new();
        let mut done = 0;
        for range in scan::runs(text) {
            if range.len() > scan::ID {
                self.inside_a_longer_run(&text[range], pointer, resolution);
                continue;
            }
            let id = &*Id::canonical(&text[range.clone()]);
            let Some((kind, _)) = self.known.get(id) else {
                if paths::is_dead(pointer) {
                    resolution.warnings.push(format!(
                        "{id} in {pointer} is not known in the source account and is carried over as it is: nothing \
                         reads that tree"
                    ));
                }
                continue;
            };
            let place = || Place { pointer: pointer.to_owned(), kind: *kind, id: id.to_owned() };
            let mut put = |instead: &str| {
                new.push_str(&text[done..range.start]);
                new.push_str(instead);
                done = range.end;
            };
            let what = || format!("{} mentioned in {pointer}", self.describe(*kind, id));
            match self.answer(*kind, id) {
                Answer::Stands => {}
                Answer::Becomes(other) => {
                    resolution.warnings.push(format!("{} was replaced by {other}", what()));
                    put(other.as_str());
                }
                Answer::Created(fresh) => {
                    resolution.warnings.push(format!("{} is replaced by the one that is created", what()));
                    put(&fresh.placeholder());
                    resolution.fresh.push(fresh);
                }
                Answer::None { reason, .. } => {
                    resolution.unresolved.push(self.unresolved(place(), "mentioned in", &reason, Vec::new()));
                }
                Answer::Several { reason, candidates } => {
                    resolution.unresolved.push(self.unresolved(place(), "mentioned in", &reason, candidates));
                }
            }
        }
        (done > 0).then(|| new + &text[done..])
    }

    /// A longer run of hex digits is no id, but may have been made of one.
    fn inside_a_longer_run(&self, run: &str, pointer: &str, resolution: &mut Resolution) {
        let run = run.to_ascii_lowercase();
        let mut windows = (0..=run.len() - scan::ID).filter_map(|at| run.get(at..at + scan::ID));
        if let Some((id, (kind, _))) = windows.find_map(|id| self.known.get_key_value(id)) {
            resolution.warnings.push(format!(
                "{} stands inside a longer run of hex digits in {pointer}, which was left as it is",
                self.describe(*kind, id)
            ));
        }
    }

    fn rename_key(&self, document: &mut Value, pointer: &str, key: &str, resolution: &mut Resolution) {
        let Some(Value::Object(members)) = document.pointer_mut(pointer) else { return };
        if members.contains_key(key)
            && let Some(new) = self.rewrite(key, pointer, resolution)
        {
            // Rebuilt, so that the key keeps its place in the order.
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, value)| if name == key { (new.clone(), value) } else { (name, value) })
                .collect::<Map<_, _>>();
        }
    }

    /// Decides on one id: the map, then the same id in the target, then the name.
    fn answer(&self, kind: Kind, id: &str) -> Answer {
        let id = &*Id::canonical(id);
        let source = self.source_of(kind, id);
        let word = kind.as_str();
        if let Some(map) = self.map.get(&kind)
            && let Some(to) = map.get(id).or_else(|| map.get(&*name_key(&source?.name)))
        {
            return self.mapped(kind, source, to);
        }
        if self.same_account || self.target_ids.get(&kind).is_some_and(|ids| ids.contains_key(id)) {
            return Answer::Stands;
        }
        let none = |reason: String| Answer::None { reason, namesakes: Vec::new() };
        let Some(source) = source else {
            let known =
                if self.source.kinds.contains_key(&kind) { "is not among" } else { "was not looked for in" };
            return none(format!(
                "{known} the {word} of the source account: add its id to references.map.{word}"
            ));
        };
        if !self.rules.by_name {
            return none(format!(
                "has no counterpart: add it to references.map.{word}, or set references.by to name"
            ));
        }
        let bearers = self.bearers(kind, &source.name);
        let (same, other): (Vec<&Resource>, Vec<&Resource>) =
            bearers.into_iter().partition(|resource| fits(source, resource));
        let same = written_so(same, &source.name);
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
            several => Self::several(kind, several),
        }
    }

    fn mapped(&self, kind: Kind, source: Option<&Resource>, to: &str) -> Answer {
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
            ([], _) => Answer::None {
                reason: format!(
                    "is mapped to \"{to}\", which the target does not have: correct references.map.{}",
                    kind.as_str()
                ),
                namesakes: Vec::new(),
            },
            (several, _) => Self::several(kind, several),
        }
    }

    fn several(kind: Kind, several: &[&Resource]) -> Answer {
        let ids: Vec<&str> = several.iter().map(|resource| resource.id.as_str()).collect();
        Answer::Several {
            reason: format!(
                "has {} counterparts in the target, {}: choose one in references.map.{}",
                several.len(),
                ids.join(" and "),
                kind.as_str()
            ),
            candidates: several.iter().map(|resource| (resource.id.clone(), resource.name.clone())).collect(),
        }
    }

    /// Those of that name, however blanks and accents are written.
    fn bearers(&self, kind: Kind, name: &str) -> Vec<&Resource> {
        let indices = self.target_names.get(&kind).and_then(|names| names.get(&*name_key(name)));
        indices.into_iter().flatten().map(|index| &self.target.kinds[&kind][*index]).collect()
    }

    fn source_of(&self, kind: Kind, id: &str) -> Option<&Resource> {
        let (known, index) = self.known.get(&*Id::canonical(id))?;
        (*known == kind).then(|| &self.source.kinds[known][*index])
    }

    fn describe(&self, kind: Kind, id: &str) -> String {
        match self.source_of(kind, id) {
            Some(resource) => format!("{} \"{}\" ({id})", kind.singular(), resource.name),
            None => format!("{} {id}", kind.singular()),
        }
    }

    fn unresolved(&self, place: Place, how: &str, reason: &str, candidates: Vec<(Id, String)>) -> Unresolved {
        let what = self.describe(place.kind, &place.id);
        let name = self.source_of(place.kind, &place.id).map(|resource| resource.name.clone());
        let message = format!("{what} {how} {} {reason}", place.pointer);
        Unresolved { place, name, candidates, message }
    }
}

/// Of several whose names are one, those whose name is written exactly so, if any.
fn written_so<'a>(bearers: Vec<&'a Resource>, name: &str) -> Vec<&'a Resource> {
    if bearers.len() > 1 && bearers.iter().any(|resource| resource.name == name) {
        return bearers.into_iter().filter(|resource| resource.name == name).collect();
    }
    bearers
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
