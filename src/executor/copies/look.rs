//! One scan of the list of imports for copies: imports that appeared since the run was planned, that do not belong to
//! an item, and that have the name of one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use crate::api::{ApiError, ErrorKind};
use crate::documents::contained;
use crate::documents::document::{Printed, read_tree};
use crate::documents::name::{loose_name_key, name_key};
use crate::documents::normal::Ignore;
use crate::documents::references::Kind;
use crate::executor::context::wanted_text;
use crate::executor::lookup::Before;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::names_listed;
use crate::journal::Copy;
use crate::model::cancel::Cancel;
use crate::model::{Chunks, Fingerprint, Head, Id, IdSet, ItemKey, Operation, PackedId, Verdict};
use crate::run_folder::dependency_items::DependencyItems;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;
use crate::run_folder::texts_in_order::TextsInOrder;

/// The maximum number of items that one unknown import with a shorter name is compared with.
const MOST_CUT: usize = 20;
/// The maximum number of items of one name that an unknown import of that name is compared with.
const MOST_NAMESAKES: usize = 100;

/// What a scan works with.
pub(super) struct Beside<'a> {
    pub plan: &'a PlanFile,
    pub others: &'a DependencyItems,
    /// What was in the target when the run was planned.
    pub before: &'a Before<'a>,
    /// What is left out of every comparison.
    pub ignore: &'a Ignore,
    pub wanted: Option<&'a TextsInOrder>,
    pub target: &'a Account,
    /// The import that belongs to an item.
    pub of_item: &'a dyn Fn(ItemKey) -> Option<Id>,
    /// Whether a call for an item was sent that may have had its effect, whatever its result.
    pub may_have_acted: &'a dyn Fn(ItemKey) -> bool,
    /// The imports that belong to items.
    pub owned: IdSet,
    /// Those among them that items have deleted.
    pub deleted: IdSet,
}

/// What the list of imports shows in addition to this run's imports.
pub(super) struct Shown {
    /// Imports that this run made and the list lacks.
    pub missing: IdSet,
    /// Imports that were not there when the run was planned, that belong to no item, and that have the name of one.
    pub strangers: Vec<Stranger>,
    /// Whether the list shows anything that was there when the run was planned, or that belongs to an item.
    pub is_familiar: bool,
}

/// An import that appeared, and the items that have its name.
pub(super) struct Stranger {
    pub id: Id,
    pub items: Vec<ItemKey>,
    bears: Bears,
}

/// How the name of an unknown import relates to the name of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bears {
    /// The same name, apart from Unicode form and blanks.
    ItsName,
    /// Another case, with entities, or a part of it. It may be a different name, so only an import with the same
    /// content is a copy.
    WhatAServiceMakesOfIt,
}

/// The present names of what this run made, as hashes of their keys, because there may be very many.
#[derive(Default)]
struct Names {
    of: Chunks<(PackedId, u64)>,
    hasher: RandomState,
}

impl Names {
    fn take(&mut self, id: &Id, name: &str) {
        self.of.push((PackedId::from(id), self.hash(name)));
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name_key(name).as_ref())
    }
}

impl Beside<'_> {
    /// Reads the list once, names only if the service can do that.
    pub(super) async fn look(&self) -> Result<Shown, EngineError> {
        let mut missing = self.owned.clone();
        self.deleted.iter().for_each(|(id, ())| _ = missing.remove(&id));
        let mut names_of_own = Names::default();
        let mut met: BTreeMap<Id, String> = BTreeMap::new();
        let mut is_familiar = false;
        let listed_apart = self.plan.tail().target_listed_apart;
        // The calls themselves are held back once the run drains.
        names_listed(self.target, listed_apart, &Cancel::new(), &mut |head: &Head| {
            if self.owned.contains(&head.id) {
                missing.remove(&head.id);
                names_of_own.take(&head.id, &head.name);
                is_familiar = true;
            } else if self.before.had(Kind::Imports, &head.id) {
                is_familiar = true;
            } else {
                met.insert(head.id.clone(), head.name.clone());
            }
        })
        .await?;
        let strangers = self.with_names_of_items(met, Some(&names_of_own))?;
        Ok(Shown { missing, strangers, is_familiar })
    }

    /// The unknown imports that a scan met. The import of every item was found to have the name of its item.
    pub(super) fn strangers_among(
        &self,
        mut met: BTreeMap<Id, String>,
    ) -> Result<Vec<Stranger>, EngineError> {
        met.retain(|id, _| !self.owned.contains(id));
        self.with_names_of_items(met, None)
    }

    /// The unknown imports that have the name of an item: as it was sent, as the service stores it, or what a service
    /// makes of names. Without the names of what this run made, each import counts as having the name of its item.
    fn with_names_of_items(
        &self,
        met: BTreeMap<Id, String>,
        names_of_own: Option<&Names>,
    ) -> Result<Vec<Stranger>, EngineError> {
        if met.is_empty() {
            return Ok(Vec::new());
        }
        let (as_sent, nothing) = (names_of_own.is_none(), Names::default());
        let names_of_own = names_of_own.unwrap_or(&nothing);
        let wanted: HashSet<u64> = met.values().map(|name| names_of_own.hash(name)).collect();
        let stored: HashMap<&PackedId, u64> = names_of_own.of.iter().map(|(id, name)| (id, *name)).collect();
        // A service that is seen to keep names keeps that of a copy too: what is called otherwise may be somebody's. What it makes of
        // one is guessed where it alters any, and of items of which it shows nothing.
        let (mut keeps_names, mut unseen) = (true, HashSet::new());
        let (mut named, mut loosely) =
            (HashMap::<u64, Vec<ItemKey>>::new(), BTreeSet::<(String, ItemKey)>::new());
        for key in (1..=self.plan.len()).map(ItemKey) {
            let item = self.plan.item(key)?;
            if !bears_a_name(&item) {
                continue;
            }
            let own = (self.of_item)(key);
            let stored = own.as_ref().and_then(|own| stored.get(&PackedId::from(own)).copied());
            let sent = names_of_own.hash(&item.name);
            for name in [Some(sent), stored.filter(|stored| *stored != sent)].into_iter().flatten() {
                if wanted.contains(&name) {
                    let items = named.entry(name).or_default();
                    if items.len() < MOST_NAMESAKES {
                        items.push(key);
                    }
                }
            }
            // What stood there before was named by somebody: it does not tell what the service makes of names.
            if !item.operation.makes_an_import() {
                continue;
            }
            keeps_names &= stored.is_none_or(|stored| stored == sent);
            let is_shown = own.is_some() && (as_sent || stored.is_some());
            if !is_shown && (own.is_some() || (self.may_have_acted)(key)) {
                unseen.insert(key);
            }
            loosely.insert((loose_name_key(&item.name), key));
        }
        let mut strangers = Vec::new();
        for (id, name) in &met {
            if let Some(items) = named.get(&names_of_own.hash(name)) {
                strangers.push(Stranger { id: id.clone(), items: items.clone(), bears: Bears::ItsName });
                continue;
            }
            // A service that cuts names leaves the beginning of one.
            let begin = loose_name_key(name);
            let alike = loosely.range((begin.clone(), ItemKey(0))..);
            let alike = alike.take_while(|(name, _)| name.starts_with(&begin)).filter(|_| !begin.is_empty());
            let alike = alike.filter(|(_, item)| !keeps_names || unseen.contains(item));
            let items: Vec<ItemKey> = alike.take(MOST_CUT).map(|(_, item)| *item).collect();
            if !items.is_empty() {
                strangers.push(Stranger { id: id.clone(), items, bears: Bears::WhatAServiceMakesOfIt });
            }
        }
        Ok(strangers)
    }

    /// Reads an unknown import, and returns whose copy it is; `None` if it is gone or is no copy.
    pub(super) async fn inspect(&self, stranger: &Stranger) -> Result<Option<Copy>, EngineError> {
        let Stranger { id, items, bears } = stranger;
        let copy =
            |item, equal, sha256, modified| Some(Copy { item, id: id.clone(), equal, sha256, modified });
        let Some(first) = items.first().copied() else { return Ok(None) };
        let there = match self.target.client.get(Kind::Imports.as_str(), id).await {
            Ok(there) => there,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            // What nobody can read is named, and is equal to nothing.
            Err(error) if error.is_of_one_document() && *bears == Bears::ItsName => {
                return Ok(copy(first, false, unread(&error), None));
            }
            Err(error) if error.is_of_one_document() => return Ok(None),
            Err(error) => return Err(self.target.failed(&format!("read import {id}"))(error)),
        };
        let text = there.text.as_bytes();
        let printed = Printed::by(text, |tree| self.ignore.fingerprint(tree));
        let print = printed.print;
        let found = printed.into_tree().ok().map(without_name);
        let mut named = (*bears == Bears::ItsName).then_some(first);
        for key in items {
            let item = self.plan.item(*key)?;
            // A clone that was never completed still holds what its source holds: its `_sourceId` says which item made it.
            if item.operation == Operation::Clone
                && there.head.cloned_from.is_some()
                && there.head.cloned_from.as_ref() == item.source.as_ref().map(|source| &source.id)
            {
                named = Some(*key);
            }
            if !item.is_work() {
                // Nothing is sent for it: it holds what was read for the plan.
                if item.target.as_ref().is_some_and(|own| own.sha256 == Some(print)) {
                    return Ok(copy(*key, true, print, there.head.last_modified));
                }
                continue;
            }
            let wanted = self.document(&item)?;
            let wanted = read_tree(&wanted).ok().map(without_name);
            let is_alike = |(wanted, found)| self.ignore.compare(wanted, found).verdict != Verdict::Differs;
            let both = wanted.as_ref().zip(found.as_ref());
            if both.is_some_and(|both| contained(|| is_alike(both)).unwrap_or(false)) {
                return Ok(copy(*key, true, print, there.head.last_modified));
            }
        }
        Ok(named.and_then(|item| copy(item, false, print, there.head.last_modified)))
    }

    fn document(&self, item: &PlanItem) -> Result<bytes::Bytes, EngineError> {
        wanted_text(self.plan, self.wanted, self.others, item, self.of_item)
    }
}

/// Whether an item's import is, or will be, in the target under its name.
fn bears_a_name(item: &PlanItem) -> bool {
    let stands = match item.operation {
        Operation::Create | Operation::Clone | Operation::Restore | Operation::Update => true,
        Operation::None => item.target.is_some(),
        Operation::Delete | Operation::Archive => false,
    };
    item.is_import() && stands
}

fn without_name(mut document: Value) -> Value {
    document.as_object_mut().map(|members| members.shift_remove("name"));
    document
}

/// The fingerprint of a document that could not be read: no document has it.
fn unread(error: &ApiError) -> Fingerprint {
    Fingerprint::of(error.summary.as_bytes())
}

/// Whether a plan creates imports at all.
pub(super) fn makes_imports(plan: &PlanFile) -> bool {
    let makes = [Operation::Create, Operation::Clone, Operation::Restore];
    makes.iter().any(|operation| plan.tail().totals.contains_key(operation.as_str()))
}
