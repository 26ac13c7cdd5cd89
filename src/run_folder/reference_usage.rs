//! The other resources that the selected imports refer to, and what each of them resolves to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::documents::first_few::FirstFew;
use crate::documents::references::{Found, How, Kind, Missing, Resolver, Rules};
use crate::model::{Head, Id, ItemKey};
use crate::run_folder::plan_item::ImportRef;

/// Imports that are named for each reference; the rest are counted.
const MOST_NAMED: usize = 5;

/// [`Reference::resolution`] of what the run creates.
pub(crate) const CREATED: &str = "created";

/// One resource that selected imports refer to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// Its kind, named as its list is.
    pub kind: &'static str,
    /// Its id in the source.
    pub id: Id,
    /// Its name in the source, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Places that refer to it.
    pub uses: u64,
    /// Free texts and settings that mention its id.
    pub mentions: u64,
    /// Imports with a reference to it or a mention of it.
    pub imports: u64,
    /// The first five of them.
    pub by: Vec<ImportRef>,
    /// `map`, `name`, `same_id`, `created` (by the run), `missing` or `ambiguous`.
    pub resolution: &'static str,
    /// The id it becomes; absent if it is not resolved, or has no id before the run creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<ImportRef>,
    /// The candidates, or the resources of the same name but another type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<ImportRef>,
    /// Why it is not resolved, and what to do; absent if it is resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the job does with imports that use it if it is missing: `fail`, `skip` or `drop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<&'static str>,
}

impl Reference {
    /// Whether it has exactly one counterpart, or will have one.
    pub fn is_resolved(&self) -> bool {
        self.target.is_some() || self.resolution == CREATED
    }
}

#[derive(Debug, Default)]
struct Use {
    uses: u64,
    mentions: u64,
    imports: u64,
    /// The first of them in the order of the selection, not of processing.
    by: FirstFew<ImportRef, MOST_NAMED>,
}

/// Counts the references of documents while they are read.
#[derive(Debug)]
pub(crate) struct UsageSurvey {
    resolver: Arc<Resolver>,
    found: Mutex<BTreeMap<(Kind, String), Use>>,
}

impl UsageSurvey {
    pub(crate) fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver, found: Mutex::default() }
    }

    /// Records a document of the source, transformed and not yet resolved.
    pub(crate) fn take(&self, number: ItemKey, head: &Head, document: &Value) {
        let mut here: BTreeMap<(Kind, String), (u64, u64)> = BTreeMap::new();
        self.resolver.uses(document, &mut |mentioned, kind, id| {
            let (uses, mentions) = here.entry((kind, id.to_owned())).or_default();
            *uses += u64::from(!mentioned);
            *mentions += u64::from(mentioned);
        });
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, (uses, mentions)) in here {
            let found = all.entry(key).or_default();
            found.uses += uses;
            found.mentions += mentions;
            found.imports += 1;
            found.by.take(number.0, || ImportRef {
                id: head.id.clone(),
                name: head.name.clone(),
                sha256: None,
                modified: None,
            });
        }
    }

    /// The result, by kind and then by how often it is used. Clears the counts.
    pub(crate) fn finish(&self, rules: &Rules) -> Vec<Reference> {
        let resolver = &self.resolver;
        let all = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner)).into_iter();
        let mut references: Vec<_> =
            all.map(|((kind, id), found)| (kind, reference(resolver, rules, kind, &id, found))).collect();
        references.sort_by(|(one, a), (other, b)| {
            (one, std::cmp::Reverse(a.imports), &a.name, &a.id).cmp(&(
                other,
                std::cmp::Reverse(b.imports),
                &b.name,
                &b.id,
            ))
        });
        references.into_iter().map(|(_, reference)| reference).collect()
    }
}

fn reference(resolver: &Resolver, rules: &Rules, kind: Kind, id: &str, found: Use) -> Reference {
    let counterpart = resolver.lookup(kind, id);
    let import_ref = |(id, name): (Id, String)| ImportRef { id, name, sha256: None, modified: None };
    let mut reference = Reference {
        kind: kind.as_str(),
        id: Id::from(id),
        name: counterpart.name,
        uses: found.uses,
        mentions: found.mentions,
        imports: found.imports,
        by: found.by.into_values().collect(),
        resolution: "missing",
        target: None,
        candidates: Vec::new(),
        reason: None,
        missing: None,
    };
    match counterpart.found {
        Found::One { id, name, how } => {
            reference.resolution = match how {
                How::Map => "map",
                How::Name => "name",
                How::SameId => "same_id",
                How::Gone => "gone",
            };
            reference.target = Some(import_ref((id, name.unwrap_or_default())));
        }
        Found::Created { .. } => reference.resolution = CREATED,
        Found::Nothing { reason, namesakes } => {
            reference.candidates = namesakes.into_iter().map(import_ref).collect();
            reference.reason = Some(reason);
            reference.missing = Some(match rules.missing(kind) {
                Missing::Fail => "fail",
                Missing::Skip => "skip",
                Missing::Drop => "drop",
            });
        }
        Found::Several { reason, candidates } => {
            reference.resolution = "ambiguous";
            reference.candidates = candidates.into_iter().map(import_ref).collect();
            reference.reason = Some(reason);
        }
    }
    reference
}
