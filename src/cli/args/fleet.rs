//! The arguments of `fleet` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;
use crate::fleet::Shard;

/// The arguments of `fleet`: one of its commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every account ended as planned, 2 bad arguments, fleet, job or store, 3 an account needs \
    attention, 4 stopped, by `stop` or by `fleet stop`, 7 other runs hold accounts, 130 not finished (may be started again)."
)]
pub struct Fleet {
    /// What to do.
    #[command(subcommand)]
    pub command: FleetCommand,
}

/// The commands of `fleet`.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Check the fleet file, its accounts and its job; nothing is sent
    Check(Check),
    /// Plan every account into the store, and show the plans grouped by equal change; reads only
    #[command(after_help = examples::FLEET_PLAN)]
    Plan(Work),
    /// Run the job for each account, in waves; may be started again at any time, also on several machines
    #[command(after_help = examples::FLEET_RUN)]
    Run(Run),
    /// Show how it stands
    Status(Named),
    /// Begin no more accounts, and let running ones end at a point where they can be resumed
    Stop(Named),
    /// Begin no account until it is resumed; those that run go on
    Pause(Named),
    /// Let the next wave begin
    Approve(Named),
    /// Take back a stop or a pause, and have accounts that ended badly run again
    Resume(Named),
    /// Write one page and one audit for all accounts into the store
    Report(Named),
}

impl FleetCommand {
    /// Its words on the command line.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "fleet check",
            Self::Plan(_) => "fleet plan",
            Self::Run(_) => "fleet run",
            Self::Status(_) => "fleet status",
            Self::Stop(_) => "fleet stop",
            Self::Pause(_) => "fleet pause",
            Self::Approve(_) => "fleet approve",
            Self::Resume(_) => "fleet resume",
            Self::Report(_) => "fleet report",
        }
    }
}

/// Where the fleet is, beside its file.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The store: a shared folder, or an address like s3://bucket/folder [default: that of the fleet file, else of the
    /// user's accounts file]
    #[arg(long, value_name = "LOCATION", env = "TRANSSHIP_STORE")]
    pub store: Option<String>,
    /// Name of the fleet, instead of the one in its file: e.g. a new one each night for the same file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// The fleet that `fleet check` checks.
#[derive(Debug, Args)]
pub struct Check {
    /// The fleet file
    pub fleet: PathBuf,
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
}

/// What `fleet plan` and `fleet run` share.
#[derive(Debug, Args)]
pub struct Work {
    /// The fleet file
    pub fleet: PathBuf,
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
    /// How many accounts at once in this process, 1 to 10,000 [default: the fleet's `parallel`, shared among the shards]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub parallel: Option<u32>,
    /// Only the I-th of N parts: from 1/N to N/N, or from 0/N to N-1/N
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
}

/// The fleet that `fleet run` runs, and whether it asks and waits.
#[derive(Debug, Args)]
pub struct Run {
    /// What it does.
    #[command(flatten)]
    pub work: Work,
    /// Do not ask for confirmation; this approves no wave
    #[arg(long, short, env = "TRANSSHIP_YES", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// Instead of waiting, end with 130 where the next wave needs an approval or other workers
    #[arg(long)]
    pub no_wait: bool,
    /// What becomes of it when its parent dies.
    #[command(flatten)]
    pub parent: super::Parent,
}

/// A command that takes a fleet by its name or its file.
#[derive(Debug, Args)]
pub struct Named {
    /// The fleet: its name, or its file
    #[arg(value_name = "NAME|FLEET")]
    pub fleet: String,
    /// Where it is.
    #[command(flatten)]
    pub place: Place,
}
