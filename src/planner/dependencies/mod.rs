//! Dependencies: what imports need and the target lacks (`references.create`). Each becomes an item of the plan, before the
//! imports; what it needs itself comes before it.
//!
//! A dependency is identified by its kind and by its name in the target. Equal ones with the same name are created
//! once; different ones with the same name are an error. Their documents are read in full, by id: the lists do not show
//! all fields.

mod make;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use crate::api::{Document, ErrorKind};
use crate::documents::references::{
    Kind, PendingResource, Resolver, ResourceIndex, kinds_in, mentions_ids, placeholders,
};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::resource_index;
use crate::job::Job;
use crate::model::{Id, IdSet, ItemKey, Outcome};
use crate::planner::dependencies::make::{Made, make};
use crate::planner::items::ended;
use crate::run_folder::dependency_items::not_created;
use crate::run_folder::document_file::{DocumentFile, Span};
use crate::run_folder::plan_item::{KindCount, PlanItem, Reason};

/// Reads in flight: few resources are shared by many imports.
const AT_ONCE: usize = 8;

/// A resource to be created.
#[derive(Debug)]
struct Dependency {
    kind: Kind,
    name: String,
    /// What stands for its id until it has one.
    placeholder: String,
    /// The resources of the source that have the name, if they are needed.
    ids: BTreeSet<Id>,
    needs: Vec<u32>,
    item: Option<PlanItem>,
    wanted: Option<Span>,
    /// Whether an item that is carried out needs it.
    wanted_by_work: bool,
    number: Option<ItemKey>,
}

impl Dependency {
    fn is_work(&self) -> bool {
        self.item.as_ref().is_some_and(PlanItem::is_work)
    }
}

/// All dependencies of a plan.
#[derive(Debug, Default)]
pub(crate) struct DependencyPlanner {
    index: HashMap<(Kind, String), u32>,
    all: Vec<Dependency>,
    /// Those whose documents have not been read.
    unread: Vec<(u32, Id)>,
    /// In this order each comes after what it needs.
    order: Vec<u32>,
    listed: BTreeMap<Kind, u64>,
    /// What the target has of the kinds that are listed.
    there: Vec<(Kind, Id)>,
}

/// What dependencies are planned with.
pub(crate) struct DependencyInputs<'a> {
    pub job: &'a Job,
    pub source: &'a Account,
    pub target: &'a Account,
    pub here: ResourceIndex,
    pub there: ResourceIndex,
    pub resolver: Arc<Resolver>,
    /// The imports of the source.
    pub imports: Arc<IdSet>,
}

impl DependencyPlanner {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those of `pending` that a document still holds, each once, in their order: what a dropped reference stood in is not
    /// needed any more.
    pub(crate) fn needs_in(&mut self, text: &str, pending: &[PendingResource]) -> Vec<u32> {
        let held = pending.iter().filter(|pending| text.contains(&pending.placeholder()));
        let mut needs: Vec<u32> = held.map(|pending| self.need(pending)).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// The index of a dependency; it is new when nobody needed it before.
    fn need(&mut self, pending: &PendingResource) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let index = *self.index.entry((pending.kind, pending.name.clone())).or_insert(next);
        if index == next {
            self.all.push(Dependency {
                kind: pending.kind,
                name: pending.name.clone(),
                placeholder: pending.placeholder(),
                ids: BTreeSet::new(),
                needs: Vec::new(),
                item: None,
                wanted: None,
                wanted_by_work: false,
                number: None,
            });
        }
        if self.all[index as usize].ids.insert(pending.id.clone()) {
            self.unread.push((index, pending.id.clone()));
        }
        index
    }

    /// Reads what is needed, and what that needs, and plans its creation. Gives what a person should know beside.
    pub(crate) async fn plan(
        &mut self,
        mut inputs: DependencyInputs<'_>,
        documents: &mut DocumentFile,
    ) -> Result<Option<String>, EngineError> {
        let (mut note, mut has_looked) = (None, false);
        while !self.unread.is_empty() {
            let wave = std::mem::take(&mut self.unread);
            let source = inputs.source;
            let kinds: Vec<Kind> = wave.iter().map(|(index, _)| self.all[*index as usize].kind).collect();
            let reads = wave.into_iter().zip(kinds).map(|((index, id), kind)| async move {
                match source.client.get(kind.as_str(), &id).await {
                    Ok(document) => Ok((index, id, Ok(document))),
                    Err(error) if error.kind == ErrorKind::NotFound => Ok((index, id, Err(removed()))),
                    Err(error) if error.kind != ErrorKind::Unauthorized && error.is_of_one_document() => {
                        let message = format!("it cannot be read: {}", error.summary);
                        Ok((index, id, Err(Reason::new("unreadable", message))))
                    }
                    Err(error) => Err(source.failed(&format!("read {} {id}", kind.singular()))(error)),
                }
            });
            let read: Vec<(u32, Id, Result<Document, Reason>)> =
                futures::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
            let mut kinds = BTreeSet::new();
            let mut mentions = false;
            for document in read.iter().filter_map(|(_, _, document)| document.as_ref().ok()) {
                kinds_in(&document.text, &mut kinds);
                mentions = mentions || mentions_ids(&document.text);
            }
            let known = inputs.here.kinds.len();
            let rules = &inputs.job.references;
            let (here, there) = ((inputs.source, &mut inputs.here), (inputs.target, &mut inputs.there));
            resource_index::fill_both(here, there, &kinds, rules).await?;
            if mentions && !has_looked {
                let (here, there) = ((inputs.source, &mut inputs.here), (inputs.target, &mut inputs.there));
                note = resource_index::fill_mentioned(here, there, &rules.create).await?;
                has_looked = true;
            }
            if inputs.here.kinds.len() > known {
                let (here, there) = (inputs.here.clone(), inputs.there.clone());
                let accounts = inputs.resolver.accounts();
                inputs.resolver =
                    Arc::new(Resolver::new(here, there, inputs.job.references.clone(), accounts));
            }
            for (index, id, document) in read {
                self.take(index, id, document.as_ref().map_err(Clone::clone), &inputs, documents)?;
            }
        }
        let there = inputs.there.kinds.iter();
        self.there = there.flat_map(|(kind, list)| list.iter().map(|one| (*kind, one.id.clone()))).collect();
        self.listed = inputs.there.kinds.iter().map(|(kind, list)| (*kind, list.len() as u64)).collect();
        self.arrange();
        Ok(note)
    }

    /// Plans the creation of one that was read; of a second of the same name only whether it is the same.
    fn take(
        &mut self,
        index: u32,
        id: Id,
        document: Result<&Document, Reason>,
        inputs: &DependencyInputs<'_>,
        documents: &mut DocumentFile,
    ) -> Result<(), EngineError> {
        let dependency = &self.all[index as usize];
        let Made { item, wanted, pending } = make(dependency.kind, &dependency.name, id, document, inputs);
        if let Some(first) = &dependency.item {
            let ids = dependency.ids.iter().map(Id::as_str).collect::<Vec<_>>().join(" and ");
            let kinds = dependency.kind.as_str();
            let mut first = first.clone();
            if item.is_work() && first.is_work() && item.sent_sha256 == first.sent_sha256 {
                let warning = format!(
                    "the source has several {kinds} of this name, which are equal ({ids}): one is made"
                );
                if !first.warnings.contains(&warning) {
                    first.warnings.push(warning);
                }
            } else {
                let message = format!(
                    "the source has several {kinds} of this name, and they differ ({ids}): rename all but one, or say in \
                     references.map.{kinds} what becomes of each"
                );
                first = ended(first, Outcome::Failed, "ambiguous_source", message);
            }
            self.all[index as usize].item = Some(first);
            return Ok(());
        }
        let mut span = None;
        if let Some(wanted) = wanted {
            let text = wanted.to_string();
            span = Some(documents.append(text.as_bytes())?);
            self.all[index as usize].needs = self.needs_in(&text, &pending);
        }
        let dependency = &mut self.all[index as usize];
        (dependency.item, dependency.wanted) = (Some(item), span);
        Ok(())
    }

    /// Puts each after what it needs; one that needs what is not created, or in the end itself, is not created either.
    fn arrange(&mut self) {
        let mut placed = vec![false; self.all.len()];
        loop {
            self.place_what_is_ready(&mut placed);
            let circular: Vec<usize> =
                (0..placed.len()).filter(|index| !placed[*index] && self.needs_itself(*index)).collect();
            if circular.is_empty() {
                break;
            }
            for index in circular {
                placed[index] = true;
                self.order.push(u32::try_from(index).unwrap_or(u32::MAX));
                let message = if self.all[index].needs.contains(&u32::try_from(index).unwrap_or(u32::MAX)) {
                    "it mentions its own id, which it has not before it is made: make it in the target by hand"
                } else {
                    "it mentions what in turn mentions it, so neither can be made before the other: make one of \
                     them in the target by hand"
                };
                self.end(index, Outcome::Failed, Reason::new("reference_cycle", message));
            }
        }
    }

    fn place_what_is_ready(&mut self, placed: &mut [bool]) {
        loop {
            let ready = (0..self.all.len()).find(|index| {
                !placed[*index] && self.all[*index].needs.iter().all(|need| placed[*need as usize])
            });
            let Some(index) = ready else { break };
            placed[index] = true;
            self.order.push(u32::try_from(index).unwrap_or(u32::MAX));
            if let (true, Some((outcome, problem))) =
                (self.all[index].is_work(), self.first_problem(&self.all[index].needs))
            {
                self.end(index, outcome, problem);
            }
        }
    }

    /// Whether what it needs needs it, at whatever remove.
    fn needs_itself(&self, index: usize) -> bool {
        let (mut open, mut met) = (self.all[index].needs.clone(), BTreeSet::new());
        while let Some(need) = open.pop() {
            if need as usize == index {
                return true;
            }
            if met.insert(need) {
                open.extend(&self.all[need as usize].needs);
            }
        }
        false
    }

    fn end(&mut self, index: usize, outcome: Outcome, problem: Reason) {
        let dependency = &mut self.all[index];
        if let Some(item) = dependency.item.take() {
            dependency.item = Some(ended(item, outcome, &problem.code, problem.message));
        }
    }

    /// Why what needs these cannot be done; `None` if all of them are created.
    pub(crate) fn first_problem(&self, needs: &[u32]) -> Option<(Outcome, Reason)> {
        let open =
            needs.iter().map(|need| &self.all[*need as usize]).find(|dependency| !dependency.is_work())?;
        let item = open.item.as_ref();
        let why = item.and_then(|item| item.problem.as_ref()).map_or("", |problem| problem.message.as_str());
        let skipped = item.is_some_and(|item| item.outcome == Some(Outcome::Skipped));
        let outcome = if skipped { Outcome::Skipped } else { Outcome::Failed };
        Some((outcome, not_created(open.kind.singular(), &open.name, why)))
    }

    /// Why a dependency is not created, by kind and name; `None` for one that is, or that nobody needs.
    pub(crate) fn reason(&self, kind: &str, name: &str) -> Option<&str> {
        let index = self.index.get(&(Kind::of(kind)?, name.to_owned()))?;
        let item = self.all[*index as usize].item.as_ref().filter(|item| !item.is_work())?;
        item.problem.as_ref().map(|problem| problem.message.as_str())
    }

    /// Records that an item that is carried out needs these, or which of them prevented it.
    pub(crate) fn mark(&mut self, needs: &[u32], is_work: bool) {
        let mut open: Vec<u32> = needs.to_vec();
        while let Some(index) = open.pop() {
            let dependency = &mut self.all[index as usize];
            if !dependency.wanted_by_work && (is_work || !dependency.is_work()) {
                dependency.wanted_by_work = true;
                open.extend(&dependency.needs);
            }
        }
    }

    /// Numbers those that are needed, from 1; gives how many.
    pub(crate) fn number(&mut self) -> u32 {
        let mut count = 0;
        for index in &self.order {
            let dependency = &mut self.all[*index as usize];
            if dependency.wanted_by_work {
                count += 1;
                dependency.number = Some(ItemKey(count));
            }
        }
        count
    }

    /// The numbers of the items that create these.
    pub(crate) fn numbers(&self, needs: &[u32]) -> Vec<ItemKey> {
        let mut numbers: Vec<_> = needs.iter().filter_map(|need| self.all[*need as usize].number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The items, in the order of their numbers, and where their documents stand.
    pub(crate) fn items(&self) -> impl Iterator<Item = (PlanItem, Option<Span>)> + '_ {
        self.order.iter().filter_map(|index| {
            let dependency = &self.all[*index as usize];
            let mut item = dependency.item.clone()?;
            item.item = dependency.number?;
            if item.is_work() {
                item.needs = self.numbers(&dependency.needs);
            }
            Some((item, dependency.wanted))
        })
    }

    /// How many items of each kind there are, and how many of it the target listed.
    pub(crate) fn counts(&self) -> BTreeMap<Kind, KindCount> {
        let mut counts: BTreeMap<Kind, KindCount> = BTreeMap::new();
        for dependency in self.all.iter().filter(|dependency| dependency.number.is_some()) {
            let listed = self.listed.get(&dependency.kind).copied().unwrap_or(0);
            let of = counts.entry(dependency.kind).or_insert(KindCount { items: 0, listed });
            of.items += 1;
        }
        counts
    }

    /// What the target has of the kinds that will be created.
    pub(crate) fn known(&self) -> impl Iterator<Item = (Kind, &Id)> {
        let made = self.counts();
        self.there.iter().filter(move |(kind, _)| made.contains_key(kind)).map(|(kind, id)| (*kind, id))
    }

    /// Says placeholders in the words of people.
    pub(crate) fn spell(&self, text: &mut String) {
        if !placeholders::is_in(text) {
            return;
        }
        for dependency in
            self.all.iter().filter(|dependency| text.contains(&dependency.placeholder)).collect::<Vec<_>>()
        {
            let words = format!("the new {} \"{}\"", dependency.kind.singular(), dependency.name);
            *text = text
                .replace(&format!("\"{}\"", dependency.placeholder), &words)
                .replace(&dependency.placeholder, &words);
        }
    }
}

/// Why what is not there any more cannot be made.
fn removed() -> Reason {
    Reason::new("not_found", "it was removed from the source while the plan was made")
}
