//! `run`: plans, shows, asks, does it.

use super::args::Run;
use super::exit::Exit;
use super::failure::Failure;
use super::jobs::{for_a_restore, load_part, take_repoint};
use super::one_run::{Company, Order};
use super::or_resume::run_or_resume;
use super::tell::{end_of, tell};
use super::world::CliContext;
use super::{backup, parent, signal};
use crate::model::cancel::Cancel;

/// Carries out `run`.
pub(super) async fn run(world: &CliContext, args: &Run) -> Result<Exit, Failure> {
    world.text_or_json("run")?;
    parent::follow(world, args.parent)?;
    let (job, mut settings) = load_part(world, &args.job, &args.narrow, &args.stand_in)?;
    take_repoint(&mut settings, &job, args.repoint_flows)?;
    for_a_restore(&job, "--empty-target", args.empty_target)?;
    let cancel = Cancel::new();
    let mut signals = signal::listen(world, &cancel);
    if !job.sources.is_empty() {
        return backup::many(world, args, &job, &settings, &cancel, &mut signals).await;
    }
    let place = args.run_dir.as_deref();
    let company = Company::Alone;
    let name = match &job.stand_in {
        Some(row) => format!("{}-{}", job.name, row.account.name),
        None => job.name.clone(),
    };
    let order = Order { args, job: &job, name: &name, place, cancel: &cancel, company };
    let ended = Box::pin(run_or_resume(world, order, settings.clone())).await;
    if let Ok(ended) = &ended
        && ended.was_finished
    {
        return Ok(ended.exit);
    }
    let ended = backup::prune_after(world, &job, &settings, ended, &cancel).await;
    if !args.dry_run {
        tell(world, &job, &[end_of(&settings.source.name, &ended)], &mut signals).await;
    }
    ended.map(|ended| ended.exit)
}
