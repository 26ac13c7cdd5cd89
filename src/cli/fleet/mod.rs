//! `fleet`: one job for each of many accounts.

mod audits;
mod control;
mod emulated;
mod load;
mod plan;
mod read_status;
mod report;
mod run;
mod snapshot;

use super::args::fleet::{Fleet, FleetCommand};
use super::exit::Exit;
use super::failure::Failure;
use super::world::CliContext;

/// Carries out `fleet`.
pub(super) async fn fleet(world: &CliContext, args: &Fleet) -> Result<Exit, Failure> {
    world.text_or_json("fleet")?;
    match &args.command {
        FleetCommand::Check(args) => load::check(world, args),
        FleetCommand::Plan(args) => plan::plan(world, args).await,
        FleetCommand::Run(args) => Box::pin(run::run(world, args)).await,
        FleetCommand::Status(args) => control::status(world, args).await,
        FleetCommand::Stop(args) => control::stop(world, args).await,
        FleetCommand::Pause(args) => control::pause(world, args).await,
        FleetCommand::Approve(args) => control::approve(world, args).await,
        FleetCommand::Resume(args) => control::resume(world, args).await,
        FleetCommand::Report(args) => report::report(world, args).await,
    }
}
