//! decide, for all items: pairs what is wanted with what stands there, and writes the plan.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::documents::Unreadable;
use crate::documents::diff::{Change, diff};
use crate::documents::normal::masks;
use crate::inventory::endpoint::{Spent, spent};
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::Seen;
use crate::inventory::related::{Related, append_related};
use crate::job::{Action, OnExisting, Verify};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome};
use crate::planner::decide::{Decision, creates_anyway};
use crate::planner::plan::{PlanRequest, Planned};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::{ended, put_down};
use crate::planner::target_index::{TargetImport, TargetImports};
use crate::run_folder::document_file::{DocumentFile, Span};
use crate::run_folder::forecast::{Forecast, Outlook, Write};
use crate::run_folder::plan_file::PlanWriter;
use crate::run_folder::plan_item::{FORMAT, ImportRef, PlanHead, PlanItem, PlanTail};

/// A plan as it is written, and what it adds up to.
struct Output {
    writer: PlanWriter,
    wanted: Option<DocumentFile>,
    totals: BTreeMap<String, u32>,
    sent: Vec<Write>,
}

impl Output {
    fn begin(with: &PlanRequest<'_>, head: PlanHead) -> Result<Self, EngineError> {
        let writer = PlanWriter::create(with.plan, head)?;
        let wanted = with.wanted.map(DocumentFile::create).transpose()?;
        Ok(Self { writer, wanted, totals: BTreeMap::new(), sent: Vec::new() })
    }

    /// Writes an item, and the document that is to be written for it.
    fn push(&mut self, mut item: PlanItem, text: Option<&[u8]>) -> Result<(), EngineError> {
        if item.is_work() {
            self.sent.push(Write::of(&item));
            if let (Some(text), Some(wanted)) = (text, &mut self.wanted) {
                item.wanted = Some(wanted.append_line(item.item, text)?);
            }
        }
        *self.totals.entry(item.total().to_owned()).or_default() += 1;
        Ok(self.writer.push(&item)?)
    }
}

impl PlanBuilder<'_> {
    pub(crate) async fn decide_and_write(
        mut self,
        mut standings: TargetImports<'_>,
        source_seen: Seen,
        before: Spent,
    ) -> Result<Planned, EngineError> {
        let with = self.with;
        let mut decided: HashMap<u32, (Decision, u64)> = HashMap::new();
        let groups: Vec<(u64, Vec<u32>)> = std::mem::take(&mut self.by_key)
            .into_iter()
            .filter(|(key, _)| standings.by_key.contains_key(key))
            .collect();
        let mut groups = groups;
        Self::recognise(&mut groups, &mut standings);
        let mut left = Vec::new();
        for (key, wanted) in groups {
            left.extend(self.decide(key, &wanted, &mut standings, &mut decided).await?);
        }
        self.take_others(left, &mut standings)?;
        let head = PlanHead {
            version: FORMAT,
            tool: with.tool.to_owned(),
            job: with.job.name.clone(),
            action: with.job.action.as_str().to_owned(),
            job_sha256: Fingerprint::of(with.job.text.as_bytes()),
            made_at: with.now,
            source: with.source.facts.clone(),
            target: with.target.facts.clone(),
            settings: with.settings.clone(),
            of_run: with.of_run.map(str::to_owned),
        };
        // Which supplies are needed is known when every import is settled, and they come first in the plan.
        let settled = !self.supplies.is_empty();
        for index in 0..if settled { self.drafts.len() } else { 0 } {
            let mut item = self.settled(index, &decided, &mut standings)?;
            self.weigh(index, &mut item);
            self.put_back(index, &item)?;
        }
        let first = self.supplies.number();
        let mut output = Output::begin(with, head)?;
        let mut used: HashSet<Id> = HashSet::new();
        let supplies: Vec<_> = self.supplies.items().collect();
        for (item, slot) in supplies {
            let text = slot.map(|slot| self.documents.read(slot)).transpose()?;
            output.push(item, text.as_deref())?;
        }
        for index in 0..self.drafts.len() {
            let mut item =
                if settled { self.item(index)? } else { self.settled(index, &decided, &mut standings)? };
            item.item = ItemKey(item.item.0 + first);
            if item.is_work() {
                item.needs = self.supplies.numbers(&self.drafts[index].needs);
            }
            if item.operation == Operation::Archive {
                used.extend(item.source.as_ref().map(|source| source.id.clone()));
            }
            let slot = self.drafts[index].wanted.filter(|_| item.is_work());
            let text = slot.map(|slot| self.documents.read(slot)).transpose()?;
            output.push(item, text.as_deref())?;
        }
        let Output { writer, mut wanted, totals, sent } = output;
        let mut related = Related::default();
        if let (Some(out), Action::Backup) = (&mut wanted, with.job.action) {
            related = append_related(with.source, with.backups, &used, with.cancel, out).await?;
            self.notes.append(&mut related.notes);
        }
        let wanted_sha256 = wanted.map_or_else(|| Ok(Fingerprint::of(b"")), DocumentFile::finish)?;
        let seen =
            if with.job.in_place() && standings.seen.listed == 0 { source_seen } else { standings.seen };
        let outlook = Outlook {
            target_listed: seen.listed,
            page: page_size(seen),
            read_back: with.job.verify == Verify::Full,
            per_second: with.target.per_second,
            burst: with.target.burst,
        };
        let makes = |operation: Operation| totals.contains_key(operation.as_str());
        let known_sha256 = match with.wanted {
            Some(_) if [Operation::Create, Operation::Clone, Operation::Restore].into_iter().any(makes) => {
                let mut known = standings.known.take();
                for (kind, id) in self.supplies.known() {
                    if let Some(known) = &mut known {
                        known.insert(Some(kind), id);
                    }
                }
                known.map(|mut known| known.write(&with.folder.join("known.ids"))).transpose()?
            }
            _ => None,
        };
        let forecast = Forecast::of(sent.into_iter(), outlook);
        let tail = PlanTail {
            names: std::mem::take(&mut self.names),
            selected: first + u32::try_from(self.drafts.len()).unwrap_or(u32::MAX),
            totals,
            others: self.supplies.others(),
            target_listed: outlook.target_listed,
            target_page: outlook.page,
            target_listed_apart: seen.apart,
            known_sha256,
            spent: spent([with.source, with.target]).since(&before).calls,
            forecast,
            related: related.counts,
            notes: std::mem::take(&mut self.notes),
        };
        let plan = writer.finish(tail)?;
        self.clean_up();
        Ok(Planned { plan, wanted_sha256, references: std::mem::take(&mut self.references) })
    }

    /// What is done for an import that the target does not have.
    fn make(&self, item: &mut PlanItem) {
        item.operation = match self.with.job.action {
            Action::Clone => Operation::Clone,
            Action::Restore if self.with.home => {
                item.target = item.source.clone().map(|source| ImportRef { sha256: None, ..source });
                // A PUT would erase the secrets that come back with it.
                item.adjust = item.secrets.is_empty();
                Operation::Restore
            }
            _ => Operation::Create,
        };
    }

    /// The item, now that it is known what stands in the target.
    fn settled(
        &mut self,
        index: usize,
        decided: &HashMap<u32, (Decision, u64)>,
        standings: &mut TargetImports<'_>,
    ) -> Result<PlanItem, EngineError> {
        let mut item = self.item(index)?;
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        if self.drafts[index].wanted.is_some() {
            let decision = decided.get(&number).copied();
            item = match self.with.job.action {
                Action::Migrate | Action::Clone | Action::Restore => {
                    self.settle(item, index, decision, standings)?
                }
                Action::Compare => self.contrast(item, index, decision, standings)?,
                _ => item,
            };
        }
        self.warn_of_namesakes(&mut item);
        Ok(item)
    }

    /// Says which supplies an import needs, if it is carried out; and ends it if one of them cannot be had.
    fn weigh(&mut self, index: usize, item: &mut PlanItem) {
        let needs = std::mem::take(&mut self.drafts[index].needs);
        if needs.is_empty() {
            return;
        }
        let was_work = item.is_work();
        if let (true, Some((outcome, trouble))) = (was_work, self.supplies.trouble(&needs)) {
            *item = ended(item.clone(), outcome, &trouble.code, trouble.message);
        }
        if was_work {
            self.supplies.mark(&needs, item.is_work());
        }
        if !item.is_work() {
            // It would be over a document that is never sent.
            item.sent_sha256 = None;
        }
        for change in &mut item.changes {
            change.to.iter_mut().for_each(|text| self.supplies.spell(text));
        }
        self.drafts[index].needs = needs;
    }

    /// Turns a decision into what is done.
    fn settle(
        &mut self,
        mut item: PlanItem,
        index: usize,
        decision: Option<(Decision, u64)>,
        standings: &mut TargetImports<'_>,
    ) -> Result<PlanItem, EngineError> {
        let job = self.with.job;
        let Some((decision, key)) = decision else {
            self.make(&mut item);
            return Ok(item);
        };
        let there = standings.by_key.get(&key).map(Vec::as_slice).unwrap_or_default();
        let ids = || there.iter().map(|standing| standing.id.clone()).collect::<Vec<_>>();
        let party = |at: usize, name: &str| there.get(at).map(|standing| party(standing, name));
        match decision {
            Decision::Unchanged(at) => {
                item.target = party(at, &item.name);
                item.outcome = Some(Outcome::Unchanged);
                item.verdict = Some(self.drafts[index].verdict);
            }
            Decision::Create => {
                self.make(&mut item);
                item.namesakes = ids();
            }
            Decision::Ambiguous if creates_anyway(job.on_existing) => {
                self.make(&mut item);
                item.namesakes = ids();
            }
            Decision::Ambiguous => return Ok(ambiguous(item, there)),
            Decision::Differs(at) => {
                item.target = party(at, &item.name);
                let Some(standing) = there.get(at).cloned() else { return Ok(item) };
                match job.on_existing {
                    OnExisting::Create => {
                        item.operation =
                            if job.action == Action::Clone { Operation::Clone } else { Operation::Create };
                        item.namesakes = ids();
                        item.target = None;
                    }
                    _ if let Some(why) = &standing.unreadable => {
                        item = unreadable(item, why, job.on_existing);
                    }
                    OnExisting::Skip => {
                        let message = "is there and differs; `on_existing: update` overwrites it";
                        item = ended(item, Outcome::Skipped, "exists", message);
                        item.changes = self.changes(index, &standing.slot, standings)?.0;
                    }
                    OnExisting::Fail => {
                        item = ended(
                            item,
                            Outcome::Failed,
                            "exists",
                            "is there and differs, and `on_existing` is `fail`",
                        );
                        item.changes = self.changes(index, &standing.slot, standings)?.0;
                    }
                    OnExisting::Update => {
                        let (changes, hidden) = self.changes(index, &standing.slot, standings)?;
                        item.changes = changes;
                        if standing.app && !job.select.integration_apps {
                            let message = "the import in the target belongs to an Integration App; \
                                           `select.integration_apps: true` overwrites it all the same";
                            return Ok(ended(item, Outcome::Skipped, "integration_app", message));
                        }
                        if !hidden.is_empty() {
                            let message = format!(
                                "the import in the target holds secrets that the service shows only masked ({}): \
                                 overwriting it would erase them",
                                hidden.join(", ")
                            );
                            return Ok(ended(item, Outcome::Conflict, "masked_secret", message));
                        }
                        item.operation = Operation::Update;
                        item.clone = None;
                        item.adjust = false;
                    }
                }
            }
        }
        Ok(item)
    }

    /// What an update would change in the import that is there, and the secrets it would erase.
    pub(crate) fn changes(
        &mut self,
        index: usize,
        slot: &Span,
        standings: &mut TargetImports<'_>,
    ) -> Result<(Vec<Change>, Vec<String>), EngineError> {
        let there = put_down(standings.spool.read(*slot)?, standings.spool.path())?;
        let Some(wanted) = self.drafts[index].wanted else { return Ok((Vec::new(), Vec::new())) };
        let wanted = put_down(self.documents.read(wanted)?, self.documents.path())?;
        Ok((diff(&there, &wanted), masks(&there)))
    }
}

/// An import that stands in the target, as an item names it.
pub(crate) fn party(standing: &TargetImport, name: &str) -> ImportRef {
    ImportRef { id: standing.id.clone(), name: name.to_owned(), sha256: Some(standing.print) }
}

/// An item whose import in the target has no tree: what it holds is not known, so it is never overwritten.
pub(crate) fn unreadable(item: PlanItem, why: &Unreadable, on_existing: OnExisting) -> PlanItem {
    let message = format!("already exists in the target, and the import there cannot be read: {why}");
    match on_existing {
        OnExisting::Skip => ended(item, Outcome::Skipped, "exists", message),
        OnExisting::Fail => ended(item, Outcome::Failed, "exists", message),
        OnExisting::Update | OnExisting::Create => {
            ended(item, Outcome::Conflict, "unreadable", format!("{message}: left alone"))
        }
    }
}

/// An item that several imports of the target could be.
pub(crate) fn ambiguous(item: PlanItem, there: &[TargetImport]) -> PlanItem {
    let all = there.iter().map(|standing| standing.id.to_string()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "the target holds several imports called \"{}\" that differ from it ({all}): rename or remove all but one, \
         or use `match: external_id`",
        item.name
    );
    ended(item, Outcome::Conflict, "ambiguous_target", message)
}

fn page_size(seen: Seen) -> u64 {
    // A list of one page tells nothing of how long a page can be.
    if seen.page < seen.listed { seen.page } else { u64::from(crate::inventory::list_scan::PAGE) }
}
