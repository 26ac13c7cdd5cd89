//! Writes the plan: every item in order, with its decision, and the documents that have to be written.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::references::Kind;
use crate::documents::{Mistake, contained};
use crate::inventory::endpoint::{Spent, spent};
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{Seen, may_be_listed_apart};
use crate::inventory::related::{Related, append_related};
use crate::inventory::select::Selected;
use crate::job::{Action, Verify};
use crate::model::{Fingerprint, IdSet, ItemKey, Operation, Outcome};
use crate::planner::apply_decision::{apply_decision, check_dependencies};
use crate::planner::compare::{compare_item, take_others};
use crate::planner::decide::Decision;
use crate::planner::items::ended;
use crate::planner::matching::{Decided, decide_all};
use crate::planner::mirror::take_deletions;
use crate::planner::near_names::find_near_names;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::recycle_bin::{ComesBack, RecycleBin};
use crate::planner::repoint::{counts, repoint};
use crate::planner::request::{PlanPurpose, PlannerRequest, Scope};
use crate::planner::target_index::TargetIndex;
use crate::planner::usage::tell;
use crate::planner::usage_reads;
use crate::planner::users::old_ids;
use crate::run_folder::document_file::DocumentFile;
use crate::run_folder::forecast::{Forecast, Outlook, Write};
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::{FORMAT, PlanHead, PlanItem, PlanTail};
use crate::run_folder::reference_usage::Reference;

/// A plan, and the hash of the documents to be written.
#[derive(Debug)]
pub struct Planned {
    /// The plan that was written.
    pub plan: PlanFile,
    /// SHA-256 of `wanted.jsonl`.
    pub wanted_sha256: Fingerprint,
    /// What the selected imports refer to, where that was asked for.
    pub references: Vec<Reference>,
}

/// A plan as it is written, and what it adds up to.
struct Output {
    writer: PlanWriter,
    wanted: Option<DocumentFile>,
    totals: BTreeMap<String, u32>,
    sent: Vec<Write>,
    /// Whether an import is made that the target may list by its adaptor only.
    makes_apart: bool,
    /// The imports that are backed up.
    archived: IdSet,
}

impl Output {
    fn begin(with: &PlannerRequest<'_>, head: PlanHead) -> Result<Self, EngineError> {
        let writer = PlanWriter::create(with.context.plan, head)?;
        let wanted = match with.purpose {
            PlanPurpose::Execute(wanted) => Some(DocumentFile::create(wanted)?),
            PlanPurpose::Show | PlanPurpose::References => None,
        };
        let (totals, sent, archived) = (BTreeMap::new(), Vec::new(), IdSet::default());
        Ok(Self { writer, wanted, totals, sent, makes_apart: false, archived })
    }

    /// Writes an item, and its document if there is one to write.
    fn push(&mut self, mut item: PlanItem, text: Option<&[u8]>) -> Result<(), EngineError> {
        if item.is_work() {
            self.sent.push(Write::from(&item));
            self.makes_apart |= item.is_import()
                && item.operation.makes_an_import()
                && may_be_listed_apart(item.adaptor_type.as_deref());
            if let (Some(text), Some(wanted)) = (text, &mut self.wanted) {
                item.wanted = Some(wanted.append_line(item.item, text)?);
            }
        }
        *self.totals.entry(item.total().to_owned()).or_default() += 1;
        Ok(self.writer.push(&item)?)
    }

    /// Appends what a backup keeps of the resources that its imports refer to.
    async fn append_related(
        &mut self,
        with: &PlannerRequest<'_>,
        referred: &BTreeSet<Kind>,
    ) -> Result<Related, EngineError> {
        match (&mut self.wanted, with.job.action) {
            (Some(out), Action::Backup) => {
                let of = (&self.archived, referred);
                append_related(with.source, with.backups(), of, with.context.cancel, out).await
            }
            _ => Ok(Related::default()),
        }
    }
}

/// Asks the recycle bin for what comes back to where the backup was made.
async fn ask_the_bin(builder: &mut PlanBuilder<'_>, decided: &Decided) -> Result<RecycleBin, EngineError> {
    let with = builder.with;
    let mut all = ComesBack::default();
    let comes_back = with.goes_home() && with.job.action != Action::Compare;
    for index in 0..if comes_back { builder.stored_items.len() } else { 0 } {
        with.breathe(index).await?;
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        if builder.stored_items[index].is_wanted() && decided.creates(number, with.job.on_existing) {
            all.push(|| {
                let source = builder.item(index)?.source;
                Ok::<_, EngineError>(source.map(|source| (Kind::Imports.as_str(), source.id)))
            })?;
        }
    }
    RecycleBin::ask(with.target, all, with.context.cancel).await
}

/// Whether the account to which a backup goes back lists imports, and none of those of the backup.
fn shows_others_only(
    builder: &PlanBuilder<'_>,
    imports: &TargetIndex<'_>,
    source: &Selected,
    decided: &Decided,
) -> bool {
    let Some(known) = imports.known.as_ref().filter(|known| !known.is_empty()) else { return false };
    // What is equal has the connection of the backup too: it was made anew by an earlier restore.
    let is_equal = |(decision, _)| matches!(decision, Decision::Unchanged(_));
    matches!(builder.with.scope, Scope::All)
        && !source.ids.iter().any(|(id, ())| known.contains(Kind::Imports, &id))
        && !decided.by_item.iter().any(is_equal)
}

fn strange_note(account: &str) -> String {
    format!(
        "account `{account}` holds imports, but none of those of the backup, and its recycle bin has none either: make sure \
         that its token is not that of another environment"
    )
}

/// Decides what happens to each item, and writes the plan.
pub(crate) async fn decide_and_write(
    mut builder: PlanBuilder<'_>,
    mut imports: TargetIndex<'_>,
    source: &Selected,
    before: Spent,
) -> Result<Planned, EngineError> {
    let with = builder.with;
    let mut decided = decide(&mut builder, &mut imports).await?;
    // Which dependencies are needed is known when every import is decided, and they come first in the plan.
    let is_decided = !builder.dependencies.is_empty() || with.job.mirror.is_some();
    let failed = if is_decided { decide_items(&mut builder, &decided, &mut imports).await? } else { 0 };
    let only_in_target = take_deletions(&mut builder, &mut decided, &mut imports, failed, source).await?;
    let first = builder.dependencies.number();
    let old = old_ids(&mut builder, &decided, &mut imports).await?;
    let repointed = if old.repoint { repoint(&mut builder, &old, first).await? } else { Vec::new() };
    let bin = ask_the_bin(&mut builder, &decided).await?;
    builder.notes.extend(bin.notes());
    let is_strange = bin.has_none() && shows_others_only(&builder, &imports, source, &decided);
    if is_strange {
        builder.notes.insert(0, strange_note(&with.target.facts.name));
    }
    let mut output = Output::begin(with, head(with))?;
    write_dependencies(&mut builder, &mut output)?;
    for index in 0..builder.stored_items.len() {
        with.breathe(index).await?;
        let mut item = if is_decided {
            builder.item(index)?
        } else {
            decided_item(&mut builder, index, &decided, &mut imports)?
        };
        item.item = ItemKey(item.item.0 + first);
        if let (Operation::Restore, Some(was)) = (item.operation, &item.source) {
            item.users = old.named(&was.id);
            let wanted = if item.secrets.is_empty() { None } else { builder.wanted_text(index)? };
            bin.tell(&mut item, wanted.as_deref(), &builder.print.ignore);
        }
        write_item(&mut builder, &mut output, index, item)?;
    }
    let last = first + u32::try_from(builder.stored_items.len()).unwrap_or(u32::MAX);
    let mut others = builder.dependencies.counts();
    others.extend(counts(&repointed, &old.usage));
    let selected = last + u32::try_from(repointed.len()).unwrap_or(u32::MAX);
    for one in repointed {
        output.push(one.item, one.text.as_deref())?;
    }
    let usage = usage_reads::finish(&mut builder).await?;
    let mut related = output.append_related(with, &source.kinds).await?;
    builder.notes.append(&mut related.notes);
    let known_sha256 = write_known_ids(&builder, &mut imports, source, &output.totals)?;
    if imports.seen.empty_but_used {
        let account = &with.target.facts.name;
        let note = format!(
            "account `{account}` lists no imports, but its flows use some: make sure that they are really gone"
        );
        builder.notes.insert(0, note);
    }
    let seen = if with.job.in_place() && imports.seen.listed == 0 { source.seen } else { imports.seen };
    let outlook = outlook(with, seen);
    let Output { writer, wanted, totals, sent, makes_apart, .. } = output;
    let wanted_sha256 = wanted.map_or_else(|| Ok(Fingerprint::of(b"")), DocumentFile::finish)?;
    let tail = PlanTail {
        names: std::mem::take(&mut builder.names),
        selected,
        totals,
        others,
        target_listed: outlook.target_listed,
        target_page: outlook.page,
        target_listed_apart: seen.apart || makes_apart,
        target_empty_but_used: imports.seen.empty_but_used,
        target_is_strange: is_strange,
        known_sha256,
        spent: spent([with.source, with.target]).since(&before).calls,
        forecast: Forecast::of(sent.into_iter(), outlook),
        deletions: only_in_target.deleted,
        kept: only_in_target.kept,
        related: related.counts,
        lacks: related.lacks,
        usage,
        notes: std::mem::take(&mut builder.notes),
        witnesses: std::mem::take(&mut builder.witnesses),
    };
    let plan = writer.finish(tail)?;
    builder.clean_up();
    Ok(Planned { plan, wanted_sha256, references: std::mem::take(&mut builder.references) })
}

/// Matches every item with the contents of the target, and reads what else the decision needs.
async fn decide(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
) -> Result<Decided, EngineError> {
    let mut decided = decide_all(builder, imports).await?;
    decided.conflicts = find_near_names(builder, imports, &mut decided).await?;
    builder.notes.extend(decided.confirmed.note());
    usage_reads::read_target(builder, &decided).await?;
    if builder.with.job.action == Action::Compare {
        take_others(builder, &mut decided, imports)?;
    }
    Ok(decided)
}

/// Decides every item before the first is written. Returns how many failed.
async fn decide_items(
    builder: &mut PlanBuilder<'_>,
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<u32, EngineError> {
    let mut failed = 0;
    for index in 0..builder.stored_items.len() {
        let mut item = decided_item(builder, index, decided, imports)?;
        builder.with.breathe(index).await?;
        check_dependencies(builder, index, &mut item);
        failed += u32::from(item.outcome == Some(Outcome::Failed));
        builder.put_back(index, &item)?;
    }
    Ok(failed)
}

/// The head of a plan that is made from a job.
fn head(with: &PlannerRequest<'_>) -> PlanHead {
    PlanHead {
        version: FORMAT,
        tool: with.context.tool.to_owned(),
        job: with.job.name.clone(),
        action: with.job.action.into(),
        job_sha256: Fingerprint::of(with.job.text.as_bytes()),
        made_at: with.context.now,
        source: with.source.facts.clone(),
        target: with.target.facts.clone(),
        settings: with.context.settings.clone(),
        of_run: match with.scope {
            Scope::All => None,
            Scope::Retry { of_run, .. } => Some(of_run.to_owned()),
        },
    }
}

/// Writes the items of the dependencies that are needed, with their documents.
fn write_dependencies(builder: &mut PlanBuilder<'_>, output: &mut Output) -> Result<(), EngineError> {
    let dependencies: Vec<_> = builder.dependencies.items().collect();
    for (item, span) in dependencies {
        let text = span.map(|span| builder.documents.read(span)).transpose()?;
        output.push(item, text.as_deref())?;
    }
    Ok(())
}

/// Writes the item of an import, with its document.
fn write_item(
    builder: &mut PlanBuilder<'_>,
    output: &mut Output,
    index: usize,
    mut item: PlanItem,
) -> Result<(), EngineError> {
    tell(&mut builder.usage, &mut item);
    if item.is_work() {
        item.needs = builder.dependencies.numbers(builder.needs(index));
    }
    if let (Operation::Archive, Some(source)) = (item.operation, &item.source) {
        output.archived.insert(&source.id, ());
    }
    // A plan that is only shown has no documents.
    let span = builder.stored_items[index].wanted().filter(|_| item.is_work() && output.wanted.is_some());
    let text = span.map(|span| builder.documents.read(span)).transpose()?;
    output.push(item, text.as_deref())?;
    builder.stored_items.release(index);
    Ok(())
}

/// Writes the ids that are in the target, where the run or its undo has to tell from them what was made since.
fn write_known_ids(
    builder: &PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    source: &Selected,
    totals: &BTreeMap<String, u32>,
) -> Result<Option<Fingerprint>, EngineError> {
    let with = builder.with;
    let PlanPurpose::Execute(_) = with.purpose else { return Ok(None) };
    let makes = |operation: Operation| totals.contains_key(operation.as_str());
    let known = if [Operation::Create, Operation::Clone, Operation::Restore].into_iter().any(makes) {
        let mut known = imports.known.take();
        for (kind, id) in builder.dependencies.known() {
            if let Some(known) = &mut known {
                known.insert(kind, id);
            }
        }
        known
    } else if with.job.action == Action::Delete && makes(Operation::Delete) {
        // The undo must be able to distinguish it from what others have created since.
        source.known()
    } else {
        None
    };
    Ok(known.map(|mut known| known.write(&with.context.folder.join("known.ids"))).transpose()?)
}

/// What the forecast of a plan rests on, if the list of the target was `seen`.
fn outlook<'a>(with: &PlannerRequest<'a>, seen: Seen) -> Outlook<'a> {
    Outlook {
        target_listed: seen.listed,
        page: page_size(seen),
        read_back: with.job.verify == Verify::Full,
        looks_for_copies: true,
        deletes_last: with.job.mirror.is_some(),
        waves: with.context.settings.waves.as_ref(),
        per_second: with.target.per_second,
        burst: with.target.burst,
    }
}

/// The item, given the contents of the target. A panic fails only this item.
fn decided_item(
    builder: &mut PlanBuilder<'_>,
    index: usize,
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<PlanItem, EngineError> {
    let mut item = builder.item(index)?;
    if builder.stored_items[index].is_wanted() {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let deciding = contained(|| match builder.with.job.action {
            _ if decided.mistakes.contains(&number) => Ok(failed(item, Mistake)),
            Action::Migrate | Action::Clone | Action::Restore | Action::Apply => {
                apply_decision(builder, item, index, decided, imports)
            }
            Action::Compare => compare_item(builder, item, index, decided, imports),
            _ => Ok(item),
        });
        item = match deciding {
            Ok(decided) => decided?,
            Err(mistake) => failed(builder.item(index)?, mistake),
        };
    }
    builder.warn_of_namesakes(&mut item);
    Ok(item)
}

fn failed(item: PlanItem, mistake: Mistake) -> PlanItem {
    ended(item, Outcome::Failed, "panic", mistake.to_string())
}

fn page_size(seen: Seen) -> u64 {
    // A list of one page does not show how long a page can be.
    if seen.page < seen.listed { seen.page } else { u64::from(crate::inventory::list_scan::PAGE) }
}
