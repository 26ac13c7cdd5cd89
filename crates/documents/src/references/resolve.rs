//! From ids of the source account to ids of the target account.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::counterparts::{Answer, Counterparts};
use super::family::{entry_of, family};
use super::paths::{self, Candidate, Candidates};
use super::{
    Accounts, Counterpart, Kind, Missing, Place, Resolution, ResourceIndex, Rules, Unresolved, scan,
};
use crate::{Id, normal};

/// Turns ids of the source account into ids of the target account.
#[derive(Debug)]
pub struct Resolver(Counterparts);

impl Resolver {
    /// Prepares the look-ups between two accounts. Where the caller knows that they are one, ids stand for themselves
    /// unless mapped; see also [`Self::within`].
    pub fn new(source: ResourceIndex, target: ResourceIndex, rules: Rules, accounts: Accounts) -> Self {
        Self(Counterparts::new(source, target, rules, accounts == Accounts::Same))
    }

    /// Whether source and target are one account.
    pub fn accounts(&self) -> Accounts {
        if self.0.same_account { Accounts::Same } else { Accounts::Different }
    }

    /// Prepares the look-ups within one account: every id stands for itself unless mapped, known or not.
    pub fn within(account: ResourceIndex, rules: Rules) -> Self {
        Self(Counterparts::new(account.clone(), account, rules, true))
    }

    /// Rewrites every reference of the document. Afterwards it holds no id of the source account, or the answer
    /// names what is unresolved and the document must not be sent.
    pub fn resolve(&self, document: &mut Value) -> Resolution {
        let found = self.find(document);
        self.resolve_found(document, found)
    }

    /// What [`Self::resolve_found`] may rewrite in the document.
    pub fn find(&self, document: &Value) -> Candidates {
        // Within one account a mentioned id is as good as it was, unless the map says that another one takes its place.
        Candidates::of(document, !self.0.same_account || !self.0.rules.map.is_empty())
    }

    /// [`Self::resolve`] in two steps: what was found in this very document is rewritten.
    pub fn resolve_found(&self, document: &mut Value, found: Candidates) -> Resolution {
        let mut resolution = Resolution::default();
        let mut keys: Vec<(String, String)> = Vec::new();
        for hit in found.0 {
            match hit {
                Candidate::Reference(place) => self.reference(document, place, &mut resolution),
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
        if normal::remove_pointers(document, &resolution.dropped) && !keys.is_empty() {
            // The entries behind one that went have other places now.
            keys.clear();
            paths::hits(document, &mut |hit| {
                if let Candidate::Key { pointer, key } = hit {
                    keys.push((pointer, key));
                }
            });
        }
        // Keys last and the deepest first: they change the pointers of the values below them.
        keys.sort_by_cached_key(|(pointer, _)| (Reverse(pointer.matches('/').count()), pointer.clone()));
        for keys in keys.chunk_by(|(one, _), (other, _)| one == other) {
            if let Some(Value::Object(members)) = document.pointer_mut(&keys[0].0) {
                self.rename_keys(members, keys, &mut resolution);
            }
        }
        resolution
    }

    /// What an id of the source stands for.
    pub fn lookup(&self, kind: Kind, id: &str) -> Counterpart {
        self.0.lookup(kind, id)
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
                let kind = self.0.known.get(&*id).map(|(kind, _)| kind);
                if let Some(kind) = kind.filter(|kind| Kind::ALL.contains(kind)) {
                    report(true, *kind, &id);
                }
            }
        });
    }

    fn reference(&self, document: &mut Value, place: Place, resolution: &mut Resolution) {
        match self.0.answer(place.kind, &place.id) {
            Answer::Stands => {}
            Answer::Gone => resolution.warnings.push(format!(
                "{} used at {} is gone from the account, and its id stays as it is: say in references.map.{} what it becomes",
                self.0.describe(place.kind, &place.id),
                place.pointer,
                place.kind.as_str()
            )),
            Answer::Becomes(id) => {
                let twins = self.0.twins(place.kind, &place.id);
                if !twins.is_empty() {
                    let others: Vec<_> = twins.into_iter().map(Id::as_str).collect();
                    resolution.warnings.push(format!(
                        "{} used at {} became {id} by its name, which {} of the source bears too: if they are not the \
                         same, say in references.map.{} what becomes of each",
                        self.0.describe(place.kind, &place.id),
                        place.pointer,
                        others.join(" and "),
                        place.kind.as_str()
                    ));
                }
                if let Some(value) = document.pointer_mut(&place.pointer) {
                    *value = Value::String(id.as_str().to_owned());
                }
            }
            Answer::Created(pending) => {
                if let Some(value) = document.pointer_mut(&place.pointer) {
                    *value = Value::String(pending.placeholder());
                }
                resolution.pending.push(pending);
            }
            Answer::None { reason, namesakes } => {
                for other in namesakes {
                    resolution.warnings.push(format!(
                        "{} used at {} is {} in the source; in the target the {} of that name ({}) is {}",
                        self.0.describe(place.kind, &place.id),
                        place.pointer,
                        family(self.0.source_of(place.kind, &place.id)),
                        place.kind.singular(),
                        other.id,
                        family(Some(&other)),
                    ));
                }
                if self.0.rules.missing(place.kind) == Missing::Drop {
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
        if self.0.same_account {
            self.left_in_a_text(text, pointer, resolution);
            return None;
        }
        let mut new = String::new();
        let mut done = 0;
        for range in scan::runs(text) {
            if range.len() > scan::ID {
                self.inside_a_longer_run(&text[range], pointer, resolution);
                continue;
            }
            let id = &*Id::canonical(&text[range.clone()]);
            let Some((kind, _)) = self.0.known.get(id) else {
                if paths::is_dead(pointer) {
                    resolution.warnings.push(format!(
                        "{id} in {pointer} is not known in the source account and is carried over as it is: nothing \
                         reads that tree"
                    ));
                } else {
                    resolution.unknown.push((pointer.to_owned(), Id::from(id)));
                }
                continue;
            };
            if !Kind::ALL.contains(kind) {
                resolution.warnings.push(carried(&self.0.describe(*kind, id), pointer));
                continue;
            }
            let place = || Place { pointer: pointer.to_owned(), kind: *kind, id: id.to_owned() };
            let mut put = |instead: &str| {
                new.push_str(&text[done..range.start]);
                new.push_str(instead);
                done = range.end;
            };
            let what = || format!("{} mentioned in {pointer}", self.0.describe(*kind, id));
            match self.0.answer(*kind, id) {
                Answer::Stands | Answer::Gone => {}
                Answer::Becomes(other) => {
                    resolution.warnings.push(format!("{} was replaced by {other}", what()));
                    put(other.as_str());
                }
                Answer::Created(pending) => {
                    resolution.warnings.push(format!("{} is replaced by the one that is created", what()));
                    put(&pending.placeholder());
                    resolution.pending.push(pending);
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

    /// Within one account texts stay as they are; what the map gives another id to is said.
    fn left_in_a_text(&self, text: &str, pointer: &str, resolution: &mut Resolution) {
        for id in scan::ids(text).map(|range| Id::canonical(&text[range])) {
            if let Some(kind) = self.0.mapped_kind(&id)
                && let Answer::Becomes(other) = self.0.answer(kind, &id)
                && other.as_str() != &*id
            {
                resolution.warnings.push(format!(
                    "{} mentioned in {pointer} stays as it is: references.map gives references {other} instead; \
                     change what is mentioned with a step",
                    self.0.describe(kind, &id)
                ));
            }
        }
    }

    /// A longer run of hex digits is not an id, but may have been made from one.
    fn inside_a_longer_run(&self, run: &str, pointer: &str, resolution: &mut Resolution) {
        let run = run.to_ascii_lowercase();
        let mut windows = (0..=run.len() - scan::ID).filter_map(|at| run.get(at..at + scan::ID));
        if let Some((id, (kind, _))) = windows.find_map(|id| self.0.known.get_key_value(id)) {
            resolution.warnings.push(format!(
                "{} stands inside a longer run of hex digits in {pointer}, which was left as it is",
                self.0.describe(*kind, id)
            ));
        }
    }

    /// Rewrites keys of one object together, so that one can become what another one was. Where two would become one, a
    /// value would be lost: the keys stay as they are then, and a warning says so.
    fn rename_keys(
        &self,
        members: &mut Map<String, Value>,
        keys: &[(String, String)],
        resolution: &mut Resolution,
    ) {
        let mut rewritten = Resolution::default();
        let mut renamed: BTreeMap<&str, String> = BTreeMap::new();
        for (pointer, key) in keys.iter().filter(|(_, key)| members.contains_key(key)) {
            let mut of_key = Resolution::default();
            if let Some(new) = self.rewrite(key, pointer, &mut of_key) {
                renamed.insert(key, new);
                rewritten.append(of_key);
            } else {
                resolution.append(of_key);
            }
        }
        if renamed.is_empty() {
            return;
        }
        let new_name = |key: &str| renamed.get(key).cloned().unwrap_or_else(|| key.to_owned());
        let distinct: HashSet<String> = members.keys().map(|key| new_name(key)).collect();
        if distinct.len() == members.len() {
            // Rebuilt, so that each key keeps its place in the order.
            *members =
                std::mem::take(members).into_iter().map(|(key, value)| (new_name(&key), value)).collect();
        } else {
            rewritten.pending.clear();
            let place =
                Some(keys[0].0.as_str()).filter(|pointer| !pointer.is_empty()).unwrap_or("the document");
            rewritten.warnings = vec![format!(
                "{place}: two keys would become one; its keys are left alone and hold ids of the source: {}",
                renamed.keys().copied().collect::<Vec<_>>().join(", ")
            )];
        }
        resolution.append(rewritten);
    }

    fn unresolved(&self, place: Place, how: &str, reason: &str, candidates: Vec<(Id, String)>) -> Unresolved {
        let what = self.0.describe(place.kind, &place.id);
        let name = self.0.source_of(place.kind, &place.id).map(|resource| resource.name.clone());
        let message = format!("{what} {how} {} {reason}", place.pointer);
        Unresolved { place, name, candidates, message }
    }
}

/// That an id of the source stands in a text, of what has no counterpart because it does not travel with an import.
pub fn carried(what: &str, pointer: &str) -> String {
    format!(
        "{what} mentioned in {pointer} is carried over as it is: put the id that counts in the target there with a step"
    )
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
