//! Makes a plan: select → fetch → transform → resolve → decide, over all items, reading only.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::archive;
use crate::documents::Selector;
use crate::documents::references::{Accounts, Kind, Resolver, ResourceIndex, kinds_in};
use crate::inventory::endpoint::Spent;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::list_scan::begin_to_read;
use crate::inventory::resource_index;
use crate::inventory::select::{Mind, SelectRequest, Selected, select};
use crate::inventory::select_names::check_names;
use crate::job::{Action, Job};
use crate::planner::apply::refuse_equal_names;
use crate::planner::map_notes::map_notes;
use crate::planner::mirror::claims;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare_all::prepare_all;
use crate::planner::request::PlannerRequest;
use crate::planner::usage::{PlanUsage, UsageDetail, lists_of_source};
use crate::planner::write_plan::{Planned, decide_and_write};

/// Makes the plan of a job. Nothing is written to the service.
///
/// # Errors
///
/// A list or document that cannot be read or trusted, a file that cannot be written, or an interruption.
///
/// # Cancel safety
///
/// Dropping the future leaves files of the plan that nobody needs, and nothing else.
pub async fn plan(with: PlannerRequest<'_>) -> Result<Planned, EngineError> {
    plan_telling(with, UsageDetail::default()).await
}

/// The same, and so much of what uses the imports.
///
/// # Errors
///
/// As [`plan`].
///
/// # Cancel safety
///
/// As [`plan`].
pub async fn plan_telling(with: PlannerRequest<'_>, detail: UsageDetail) -> Result<Planned, EngineError> {
    // The second scan of a long list goes on while imports are prepared. Where it sees others, all is done once more.
    match Box::pin(plan_from_list(&with, detail, false)).await? {
        Some(planned) => Ok(planned),
        None => Box::pin(plan_from_list(&with, detail, true)).await?.ok_or(EngineError::Interrupted),
    }
}

/// Makes the plan; `None` if two scans of the list of the source saw different imports, and were not waited for.
async fn plan_from_list(
    with: &PlannerRequest<'_>,
    detail: UsageDetail,
    waits: bool,
) -> Result<Option<Planned>, EngineError> {
    let job = with.job;
    // Whoever connects the accounts asks whose tokens they are: those calls are spent on the plan too.
    let before = Spent::default();
    let mut here = ResourceIndex::default();
    let mut named: BTreeSet<Kind> = BTreeSet::new();
    if job.select.selector.needs_names() || job.program.needs_names() {
        named.extend([Kind::Connections, Kind::Integrations]);
    }
    let mut there = ResourceIndex::default();
    let comparing = job.action == Action::Compare;
    let mirroring = with.mirrors();
    let both = if comparing || mirroring { named.clone() } else { BTreeSet::new() };
    futures::try_join!(
        resource_index::fill(with.source, &mut here, &named),
        resource_index::fill(with.target, &mut there, &both),
    )?;
    // What stands in the target is asked for once every import is prepared; its list is read beside that of the source.
    let begun = with.matches_by_key().then(|| begin_to_read(with.target, with.context.cancel));
    let asked = lists_asked_by(job);
    let lists = asked.max(lists_of_source(job, detail));
    let reading = FlowUsage::read(with.source, lists, with.context.cancel);
    let read_and_picked = async {
        if asked.is_some() {
            let usage = Arc::new(reading.await?);
            usage.complete(with.source, asked)?;
            check_conditions(with, &here, &usage)?;
            let picks = pick(with, &here, &usage, waits).await?;
            return Ok((usage, picks));
        }
        let nothing = Arc::default();
        check_conditions(with, &here, &nothing)?;
        let (usage, picks) = futures::try_join!(reading, pick(with, &here, &nothing, waits))?;
        Ok::<_, EngineError>((Arc::new(usage), picks))
    };
    let is_read = here.kinds.contains_key(&Kind::Connections);
    let early = async { Ok(if is_read { None } else { early_connections(with).await }) };
    let ((usage, mut picks), early) = futures::try_join!(read_and_picked, early)?;
    guard(with, &picks).await?;
    let resolver = resolver(with, early, &mut here, &mut there, &mut picks).await?.map(Arc::new);
    let mut builder = PlanBuilder::new(with)?;
    builder.usage = PlanUsage::of_source(with, detail, Arc::clone(&usage), lists);
    builder.users.keep_source(lists, &usage);
    let resources = [&here, &there].into_iter().flat_map(|index| index.kinds.values()).flatten();
    builder.names = resources.map(|one| (one.id.as_str().to_owned(), one.name.clone())).collect();
    prepare_all(&mut builder, &mut picks, resolver.as_ref(), &here, &usage).await?;
    // It is stopped only with the runtime.
    if let Some(goes_on) = picks.goes_on.take()
        && !goes_on.await.unwrap_or(Err(EngineError::Interrupted))?
    {
        builder.clean_up();
        return Ok(None);
    }
    claims(&mut builder, &mut picks, &here, &usage)?;
    // They are stored items now, and there may be very many.
    picks.items.clear();
    if with.files().is_none() {
        builder.witnesses.source = picks.remembered.witnesses(&here);
    }
    builder.remembered = std::mem::take(&mut picks.remembered);
    builder.plan_dependencies(resolver, here, &there, Arc::clone(&picks.ids)).await?;
    if !mirroring && job.action != Action::Delete {
        // They were needed to tell mentions of them, and there may be very many.
        picks.ids = Arc::default();
    }
    let mut imports = builder.read_target(&there, &picks.passed_over, begun).await?;
    refuse_equal_names(&builder, &mut imports)?;
    let (source, target) = (&with.source.facts, &with.target.facts);
    if job.action == Action::Migrate && imports.holds_source && source.origin == target.origin {
        let (source_name, target) = (source.name.clone(), target.name.clone());
        return Err(EngineError::SameAccount { source_name, target });
    }
    builder.witnesses.target =
        if job.in_place() { builder.witnesses.source.clone() } else { imports.remembered.witnesses(&there) };
    decide_and_write(builder, imports, &picks, before).await.map(Some)
}

/// Selects and fetches.
async fn pick(
    with: &PlannerRequest<'_>,
    known: &ResourceIndex,
    usage: &Arc<FlowUsage>,
    waits: bool,
) -> Result<Selected, EngineError> {
    select(SelectRequest {
        account: with.source,
        selection: &with.job.select,
        known,
        usage,
        mind: match with.job.action {
            Action::Compare => Mind::Keys(with.job.match_by),
            _ if with.mirrors() => Mind::Documents,
            _ => Mind::Nothing,
        },
        waits,
        folder: with.context.folder,
        cancel: with.context.cancel,
        events: with.context.events,
    })
    .await
}

/// What the selection and the conditions of the steps ask for.
fn lists_asked_by(job: &Job) -> Option<UserLists> {
    let conditions = job.program.conditions().map(|(_, when)| UserLists::asked_by(when.spec()));
    UserLists::asked_by(job.select.selector.spec()).max(conditions.max().flatten())
}

/// Makes sure that every connection, flow and integration exists that `select` and the `when` of a step name.
fn check_conditions(
    with: &PlannerRequest<'_>,
    known: &ResourceIndex,
    usage: &FlowUsage,
) -> Result<(), EngineError> {
    let check = |when: &Selector| check_names(&with.source.facts.described(), when.spec(), known, usage);
    let mut problems = check(&with.job.select.selector);
    let selects = !problems.is_empty();
    let mut place = "`select`";
    let conditions = with.job.program.conditions().map(|(step, when)| (step, check(when)));
    for (step, found) in conditions.filter(|(_, found)| !found.is_empty()) {
        place = if selects { "the job" } else { "`when`" };
        problems.extend(found.into_iter().map(|problem| format!("{step}: {problem}")));
    }
    if problems.is_empty() { Ok(()) } else { Err(EngineError::UnknownNames { place, problems }) }
}

/// Refuses to back up an account that shows far fewer imports than it did, or few of those that it did: it may be another.
async fn guard(with: &PlannerRequest<'_>, picks: &Selected) -> Result<(), EngineError> {
    let (Some(backup), Some(backups)) = (&with.context.settings.backup, with.backups()) else {
        return Ok(());
    };
    let Some(previous) = &backups.previous else { return Ok(()) };
    let before = previous.counts.get(Kind::Imports.as_str()).copied().unwrap_or(0);
    let now = picks.items.len() as u64;
    // Where the last backup cannot be read, its count is known still.
    let gone = match backups.archive.entries(&previous.id).await {
        Ok((_, entries)) => entries
            .map_while(Result::ok)
            .filter(|entry| entry.kind == Kind::Imports.as_str() && !picks.ids.contains(&entry.id))
            .count() as u64,
        Err(_) => 0,
    };
    let gone = gone.max(before.saturating_sub(now));
    let Some(share) = archive::shrunk(before, gone, backup.shrink) else { return Ok(()) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares from 0 to 1")]
    let percent = |share: f64| (share * 100.0).round() as u32;
    Err(EngineError::Shrunk {
        account: with.source.facts.name.clone(),
        before,
        now,
        gone,
        percent: percent(share),
        limit: percent(backup.shrink),
    })
}

/// The connections of both accounts, read while the imports are, where these go from one to the other: nearly every import
/// has one. Where they cannot be had nothing is said, for it may be that no import has one.
async fn early_connections(with: &PlannerRequest<'_>) -> Option<(ResourceIndex, ResourceIndex)> {
    if with.job.in_place() || matches!(with.job.action, Action::Backup | Action::Delete) {
        return None;
    }
    let (mut here, mut there) = (ResourceIndex::default(), ResourceIndex::default());
    let kinds = BTreeSet::from([Kind::Connections]);
    let (source, target) = ((with.source, &mut here), (with.target, &mut there));
    resource_index::fill_both(source, target, &kinds, &with.job.references).await.ok()?;
    Some((here, there))
}

/// The look-ups for references, or `None` where they stay as they are.
async fn resolver(
    with: &PlannerRequest<'_>,
    early: Option<(ResourceIndex, ResourceIndex)>,
    here: &mut ResourceIndex,
    there: &mut ResourceIndex,
    picks: &mut Selected,
) -> Result<Option<Resolver>, EngineError> {
    let job = with.job;
    if job.action == Action::Backup || job.action == Action::Delete && !with.shows_references() {
        return Ok(None);
    }
    let mut kinds: BTreeSet<Kind> = job.references.map.iter().map(|(kind, _, _)| *kind).collect();
    if job.in_place() {
        if with.shows_references() {
            kinds.append(&mut picks.kinds);
        } else if kinds.is_empty() {
            return Ok(None);
        }
        resource_index::fill_surely(with.source, here, &kinds, &job.references).await?;
        picks.notes.extend(map_notes(&job.references, here, &with.source.facts.described()));
        return Ok(Some(Resolver::within(here.clone(), job.references.clone())));
    }
    kinds.append(&mut picks.kinds);
    // A step may bring in a reference that no document had.
    kinds_in(&job.text, &mut kinds);
    let rules = &job.references;
    if let Some(early) = early.filter(|_| kinds.contains(&Kind::Connections)) {
        let (source, target) = early;
        here.kinds.extend(source.kinds);
        there.kinds.extend(target.kinds);
    }
    resource_index::fill_both((with.source, &mut *here), (with.target, &mut *there), &kinds, rules).await?;
    picks.notes.extend(map_notes(&job.references, here, &with.source.facts.described()));
    if picks.mentions {
        let (here, there) = ((with.source, &mut *here), (with.target, &mut *there));
        picks.notes.extend(resource_index::fill_mentioned(here, there, &rules.create).await?);
    }
    let accounts = if with.goes_home() { Accounts::Same } else { Accounts::Different };
    Ok(Some(Resolver::new(here.clone(), there.clone(), job.references.clone(), accounts)))
}
