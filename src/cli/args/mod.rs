//! Arguments and their help, nothing else.

pub mod accounts;
pub mod archive;
mod emulator;
mod examples;
pub mod fleet;
mod global;
mod names;
mod one;
mod printed;
mod stand_in;
mod values;

use std::path::PathBuf;

pub use emulator::{Emulator, EmulatorCommand, EmulatorReset};

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::job::starter;

pub use printed::{Complete, Completions, Man, Schema, SchemaOf, Words};
pub use stand_in::StandIn;

pub use global::{Color, Format, Global, LogFormat, Progress};
pub use one::{OneRun, Report, ShowRun};
pub use values::GracePeriod;
use values::{age, at_least_one};

/// Moves integrator.io imports in bulk: migrate, rename, remap, verify, with proof of what happened to each.
#[derive(Debug, Parser)]
#[command(name = "transship", version, max_term_width = 110, arg_required_else_help = true)]
#[command(
    after_help = examples::FIRST
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
}

/// How much of a difference is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Diff {
    /// Every change, with whole values
    Full,
    /// The first few changes of each import
    #[default]
    Short,
    /// The imports without their changes
    None,
}

/// A command and its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a job would do: kinds of change, reasons, the first imports in full; reads only
    #[command(after_help = examples::PLAN)]
    Plan(Plan),
    /// Plan a job, show it, ask, and do it
    #[command(after_help = examples::RUN)]
    Run(Run),
    /// Finish an interrupted run
    #[command(after_help = examples::RESUME)]
    Resume(Resume),
    /// Redo what failed, conflicted, went stale, differs or was not processed, as a new run
    #[command(after_help = examples::RETRY)]
    Retry(Retry),
    /// Put back what a run changed, except where somebody changed it since
    #[command(after_help = examples::UNDO)]
    Undo(Undo),
    /// Check a job file without doing anything
    #[command(after_help = examples::CHECK)]
    Check(Check),
    /// List the imports a job selects: the start of a manifest
    #[command(after_help = examples::LIST)]
    List(List),
    /// List the runs, or clear them away
    #[command(after_help = examples::RUNS)]
    Runs(Runs),
    /// Show what became of a run: kinds of change, reasons, the first imports in full
    #[command(after_help = examples::SHOW)]
    Show(ShowRun),
    /// Check a run folder offline, hash by hash
    ///
    /// Exits with 3 if it is intact but not finished, with 1 if it is damaged.
    #[command(after_help = examples::VERIFY)]
    Verify(OneRun),
    // Not a doc comment: clap would show the backticks that clippy asks for.
    #[command(about = "Render a run as Markdown, CSV, JSON, HTML or JUnit")]
    #[expect(missing_docs, reason = "the words of the command line")]
    #[command(after_help = examples::REPORT)]
    Report(Report),
    /// The accounts that every job may name: list, add, test, remove
    #[command(after_help = examples::ACCOUNTS)]
    Accounts(accounts::Accounts),
    /// Look into a backup store: list, show, cat, diff, check, prune, export, drill
    Archive(archive::Archive),
    /// One job for each of many accounts: check, plan, run, status, stop, pause, approve, resume, report
    #[command(after_help = examples::FLEET)]
    Fleet(fleet::Fleet),
    /// Show every setting with its origin: flag, environment, job, user file or default
    Config(Config),
    /// Run the emulator of the service as a server
    #[command(after_help = examples::EMULATOR)]
    Emulator(Emulator),
    /// Print a commented starter job
    #[command(after_help = examples::NEW)]
    New(New),
    /// Print the JSON Schema of job files, fleet files or files of faults
    Schema(Schema),
    /// Print a completion script
    Completions(Completions),
    /// Print names for the completion of a shell
    #[command(hide = true)]
    Complete(Complete),
    /// Print the manual page, or write one for each command
    #[command(after_help = examples::MAN)]
    Man(Man),
}

/// The job that `plan` plans, and what is shown of the plan.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Plan {
    /// The job file; `-` reads it from stdin
    pub job: PathBuf,
    /// Write the plan there, for `run --plan`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Show what the selected imports refer to and what each of it becomes, instead of the plan
    #[arg(long, conflicts_with = "usage")]
    pub references: bool,
    /// Show the flows, APIs and tools that use each import, and which flows run now
    #[arg(long)]
    pub usage: bool,
    /// Exit with 5 if there are changes
    #[arg(long)]
    pub exit_code: bool,
    /// For a restore: point flows, APIs and tools that name an import by an id it no longer has to its new id
    #[arg(long, env = "TRANSSHIP_REPOINT_FLOWS", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub repoint_flows: bool,
    /// Exit with 3 if nothing is selected, and write nothing
    #[arg(long, env = "TRANSSHIP_FAIL_IF_EMPTY", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub fail_if_empty: bool,
    /// Which imports are taken.
    #[command(flatten)]
    pub narrow: Narrow,
    /// Which account of many it is done for.
    #[command(flatten)]
    pub stand_in: StandIn,
    /// What is shown of the plan.
    #[command(flatten)]
    pub show: PlanDetail,
}

/// Which of the imports that a job selects are taken.
#[derive(Debug, Clone, Args)]
pub struct Narrow {
    /// Take only this import: a name, a glob, `re:` and a regular expression, or an id; repeatable
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Stop after N imports that would be written
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub limit: Option<u32>,
}

/// Which imports of a plan are shown in full, and how much of each.
#[derive(Debug, Args)]
pub struct PlanDetail {
    /// Show every import in full, not only the first
    #[arg(long, conflicts_with = "import")]
    pub all: bool,
    /// Show this import in full, by name or id; repeatable
    #[arg(long, value_name = "NAME")]
    pub import: Vec<String>,
    /// How much of each difference is shown
    #[arg(long, value_enum, default_value_t, env = "TRANSSHIP_DIFF")]
    pub diff: Diff,
}

/// The job or plan that `run` carries out, its run folder, and whether it asks.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Run {
    /// The job file; `-` reads it from stdin
    pub job: PathBuf,
    /// Do not ask
    #[arg(long, short, env = "TRANSSHIP_YES", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// For a restore: the target is known to hold no imports, although its flows use some, or none of the backup's
    #[arg(long, env = "TRANSSHIP_EMPTY_TARGET", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub empty_target: bool,
    /// For a restore: point flows, APIs and tools that name an import by an id it no longer has to its new id
    #[arg(long, env = "TRANSSHIP_REPOINT_FLOWS", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub repoint_flows: bool,
    /// Do what this plan says, and leave alone what moved since it was made
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Plan and show, but send no write
    #[arg(long)]
    pub dry_run: bool,
    /// Show the flows, APIs and tools that use each import, and which flows run now
    #[arg(long)]
    pub usage: bool,
    /// Exit with 3 if nothing is selected, and write nothing
    #[arg(long, env = "TRANSSHIP_FAIL_IF_EMPTY", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub fail_if_empty: bool,
    /// Folder of this run, or its address in a store like s3://bucket/runs/one [default: a folder of its own below the job's
    /// `output`]
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// If `--run-dir` holds a run already, resume it; if that is finished, end at once with its exit code
    #[arg(long, requires = "run_dir")]
    pub or_resume: bool,
    /// Which imports are taken.
    #[command(flatten)]
    pub narrow: Narrow,
    /// Which account of many it is done for.
    #[command(flatten)]
    pub stand_in: StandIn,
    /// What becomes of it when its parent dies.
    #[command(flatten)]
    pub parent: Parent,
    /// What is shown of the plan.
    #[command(flatten)]
    pub show: PlanDetail,
    /// How long calls without an answer are waited for.
    #[command(flatten)]
    pub grace: GracePeriod,
}

/// What becomes of a run whose parent process dies.
#[derive(Debug, Clone, Copy, Args)]
pub struct Parent {
    /// Stop as after SIGTERM when the process that started this one dies (Linux only)
    #[arg(long = "die-with-parent", env = "TRANSSHIP_DIE_WITH_PARENT",
        value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub is_followed: bool,
}

/// The arguments of `runs`: one of its commands, or none to list the runs.
#[derive(Debug, Args)]
pub struct Runs {
    /// Instead of listing them
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
}

/// What can be done with the runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Remove what killed processes left, backups that broke off, and finished runs that are not to be kept
    Prune(RunsPrune),
}

/// `runs prune`. Without an option only what killed processes left is removed, and backups that broke off.
#[derive(Debug, Args)]
pub struct RunsPrune {
    /// Remove finished runs, except the newest N
    #[arg(long, value_name = "N")]
    pub keep_last: Option<usize>,
    /// Remove finished runs that ended longer ago, e.g. `30d`, `12h`
    #[arg(long, value_name = "D", value_parser = age)]
    pub older_than: Option<std::time::Duration>,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The run that `resume` finishes.
#[derive(Debug, Args)]
pub struct Resume {
    /// The run: its folder, its address in a store, or its id [default: the one that is not finished]
    pub run: Option<PathBuf>,
    /// What becomes of it when its parent dies.
    #[command(flatten)]
    pub parent: Parent,
    /// How long calls without an answer are waited for.
    #[command(flatten)]
    pub grace: GracePeriod,
}

/// The run that `retry` redoes in part, and whether it asks.
#[derive(Debug, Args)]
pub struct Retry {
    /// The run: its folder, its address in a store, or its id [default: the last that left something to redo]
    pub run: Option<PathBuf>,
    /// What becomes of it when its parent dies.
    #[command(flatten)]
    pub parent: Parent,
    /// Do not ask
    #[arg(long, short, env = "TRANSSHIP_YES", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// What is shown of the plan.
    #[command(flatten)]
    pub show: PlanDetail,
    /// How long calls without an answer are waited for.
    #[command(flatten)]
    pub grace: GracePeriod,
}

/// The run that `undo` takes back, and whether it asks.
#[derive(Debug, Args)]
pub struct Undo {
    /// The run: its folder, its address in a store, or its id
    pub run: PathBuf,
    /// What becomes of it when its parent dies.
    #[command(flatten)]
    pub parent: Parent,
    /// Do not ask; copies that the run did not make, equal and untouched, are removed too
    #[arg(long, short, env = "TRANSSHIP_YES", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// Leave alone the copies that the run did not make, and do not ask about them
    #[arg(long)]
    pub leave_copies: bool,
    /// What is shown of the plan.
    #[command(flatten)]
    pub show: PlanDetail,
    /// How long calls without an answer are waited for.
    #[command(flatten)]
    pub grace: GracePeriod,
}

/// The job that `check` checks, and whether it asks the service.
#[derive(Debug, Args)]
pub struct Check {
    /// The job file; `-` reads it from stdin
    pub job: PathBuf,
    /// Also try the tokens and look up what the job refers to
    #[arg(long)]
    pub online: bool,
    /// Which imports are taken.
    #[command(flatten)]
    pub narrow: Narrow,
    /// Which account of many it is done for.
    #[command(flatten)]
    pub stand_in: StandIn,
}

/// The job whose imports `list` lists, and of which account.
#[derive(Debug, Args)]
pub struct List {
    /// The job file; `-` reads it from stdin
    pub job: PathBuf,
    /// The account to list: one of the job's, or with --accounts one of that CSV [default: the job's source]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// CSV of accounts that holds it
    #[arg(long, value_name = "FILE", requires = "account")]
    pub accounts: Option<PathBuf>,
    /// Which imports are taken.
    #[command(flatten)]
    pub narrow: Narrow,
}

/// What `new` writes a job for, and where to.
#[derive(Debug, Args)]
pub struct New {
    /// What the job is for; without it, and on a terminal, questions are asked
    #[arg(value_parser = PossibleValuesParser::new(starter::actions()))]
    pub action: Option<String>,

    /// Write the job to this file, and its JSON Schema beside it, instead of printing it
    pub file: Option<std::path::PathBuf>,
}

/// The job, if any, whose settings `config` shows too.
#[derive(Debug, Args)]
pub struct Config {
    /// A job whose settings are shown too; `-` reads it from stdin
    pub job: Option<PathBuf>,
}
