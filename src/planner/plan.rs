//! Makes a plan: select → fetch → transform → resolve → decide, over all items, reading only.

use std::collections::BTreeSet;
use std::path::Path;

use crate::archive;
use crate::documents::references::{Accounts, Kind, Resolver, ResourceIndex, kinds_in};
use crate::inventory::endpoint::{Account, Spent};
use crate::inventory::error::EngineError;
use crate::inventory::related::Backups;
use crate::inventory::resource_index;
use crate::inventory::select::{SelectRequest, Selected, select};
use crate::job::{Action, Job, Settings};
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::{Fingerprint, Id};
use crate::planner::plan_builder::PlanBuilder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::reference_usage::Reference;

/// What a plan is made with.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest<'a> {
    /// What the user asked for.
    pub job: &'a Job,
    /// How it will be carried out.
    pub settings: &'a Settings,
    /// Where imports come from.
    pub source: &'a Account,
    /// Where they go; the source again for what works in place.
    pub target: &'a Account,
    /// A folder for documents between stages; what is put there is removed again.
    pub folder: &'a Path,
    /// Where the plan goes.
    pub plan: &'a Path,
    /// Where the documents to be written go; `None` when nothing will be written.
    pub wanted: Option<&'a Path>,
    /// How to be stopped.
    pub cancel: &'a Cancel,
    /// Who listens.
    pub events: &'a Events,
    /// The time.
    pub now: jiff::Timestamp,
    /// The program and its version.
    pub tool: &'a str,
    /// Only these imports of the source, by id (`retry`).
    pub only: Option<&'a BTreeSet<Id>>,
    /// Imports of the target that are those of other imports of the source (`retry`).
    pub taken: Option<&'a BTreeSet<Id>>,
    /// Whether to say what the selected imports refer to.
    pub references: bool,
    /// The run this one takes up again as a new one.
    pub of_run: Option<&'a str>,
    /// Where a backup goes.
    pub backups: Option<&'a Backups>,
    /// Whether a restore goes back to where the backup was made: then the recycle bin may still hold what was deleted.
    pub home: bool,
}

/// A plan, and the hash of the documents to be written.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: PlanFile,
    /// SHA-256 of `wanted.jsonl`.
    pub wanted_sha256: Fingerprint,
    /// What the selected imports refer to, where that was asked for.
    pub references: Vec<Reference>,
}

/// Makes the plan of a job. Nothing is written to the service.
///
/// # Errors
///
/// A list or document that cannot be read or trusted, a file that cannot be written, or an interruption.
pub async fn plan(with: PlanRequest<'_>) -> Result<Planned, EngineError> {
    let job = with.job;
    // Whoever connects the accounts asks whose tokens they are: those calls are spent on the plan too.
    let before = Spent::default();
    let mut here = ResourceIndex::default();
    let mut named: BTreeSet<Kind> = BTreeSet::new();
    if job.select.selector.needs_names() || job.program.needs_names() {
        named.extend([Kind::Connections, Kind::Integrations]);
    }
    resource_index::fill(with.source, &mut here, &named).await?;
    let mut there = ResourceIndex::default();
    let comparing = job.action == Action::Compare;
    if comparing {
        resource_index::fill(with.target, &mut there, &named).await?;
    }
    let mind = comparing.then_some(job.match_by);
    let mut picks = select(SelectRequest {
        account: with.source,
        selection: &job.select,
        known: &here,
        mind,
        folder: with.folder,
        cancel: with.cancel,
        events: with.events,
    })
    .await?;
    guard(&with, &picks)?;
    let resolver = resolver(&with, &mut here, &mut there, &mut picks).await?;
    let mut bench = PlanBuilder::new(&with)?;
    let resources = [&here, &there].into_iter().flat_map(|index| index.kinds.values()).flatten();
    bench.names = resources.map(|one| (one.id.as_str().to_owned(), one.name.clone())).collect();
    bench.prepare_all(&mut picks, resolver.as_ref(), &here)?;
    bench.supply(resolver, here, &there).await?;
    let standings = bench.read_target(&there, &picks.passed_over).await?;
    bench.decide_and_write(standings, picks.seen, before).await
}

/// Refuses to back up an account that shows far fewer imports than it did.
fn guard(with: &PlanRequest<'_>, picks: &Selected) -> Result<(), EngineError> {
    let (Some(shelved), Some(previous)) =
        (&with.settings.shelved, with.backups.and_then(|backups| backups.previous.as_ref()))
    else {
        return Ok(());
    };
    let before = previous.counts.get("imports").copied().unwrap_or(0);
    let Some(shrunk) = archive::shrunk(before, picks.items.len() as u64, shelved.shrink) else {
        return Ok(());
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares from 0 to 1")]
    let percent = |share: f64| (share * 100.0).round() as u32;
    Err(EngineError::Shrunk {
        account: with.source.facts.name.clone(),
        before,
        now: shrunk.now,
        percent: percent(shrunk.gone),
        limit: percent(shelved.shrink),
    })
}

/// The look-ups for references, or `None` where they stay as they are.
async fn resolver(
    with: &PlanRequest<'_>,
    here: &mut ResourceIndex,
    there: &mut ResourceIndex,
    picks: &mut Selected,
) -> Result<Option<Resolver>, EngineError> {
    let job = with.job;
    if job.action == Action::Backup || job.action == Action::Delete && !with.references {
        return Ok(None);
    }
    let mut kinds: BTreeSet<Kind> = job.references.map.iter().map(|(kind, _, _)| *kind).collect();
    if job.in_place() {
        if with.references {
            kinds.append(&mut picks.kinds);
        } else if kinds.is_empty() {
            return Ok(None);
        }
        resource_index::fill(with.source, here, &kinds).await?;
        return Ok(Some(Resolver::within(here.clone(), job.references.clone())));
    }
    kinds.append(&mut picks.kinds);
    // A step may bring in a reference that no document had.
    kinds_in(&job.text, &mut kinds);
    // What is created may mention more of them than imports do, and a mention is found only of what was read.
    kinds.extend(&job.references.create);
    resource_index::fill(with.source, here, &kinds).await?;
    if picks.mentions {
        resource_index::fill_mentioned(with.source, here).await;
    }
    resource_index::fill_target(with.target, here, there, &kinds, &job.references.create).await?;
    if picks.mentions {
        resource_index::fill_mentioned(with.target, there).await;
    }
    let accounts = if with.home { Accounts::Same } else { Accounts::Different };
    Ok(Some(Resolver::new(here.clone(), there.clone(), job.references.clone(), accounts)))
}
