//! Arguments of `archive` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Diff;
use crate::documents::references::Kind;

/// The arguments of `archive`: one of its commands.
#[derive(Debug, Args)]
#[command(after_help = "A snapshot is named by its id, by the start of it, or as `latest`, for \
    which an archive of several accounts wants --account. A key is never an argument: it is \
    in the file of --key-file or --passphrase-file, or in the environment as TRANSSHIP_ARCHIVE_KEY_FILE, \
    TRANSSHIP_ARCHIVE_PASSPHRASE or TRANSSHIP_ARCHIVE_PASSPHRASE_FILE.\n\nExit codes: 0 all is well, 1 the storage \
    failed, 2 bad arguments, no such archive or snapshot, or a wrong key, 3 damage or a difference, 7 somebody else is \
    at work in the archive.")]
pub struct Archive {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `archive`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the snapshots, with what they hold and take
    List(List),
    /// Show one snapshot and what is in it, or one import over all of them
    Show(Show),
    /// Print a document as it was backed up, byte for byte
    Cat(Cat),
    /// Compare two snapshots; 3 if they differ. A `compare` job compares with a live account
    Diff(Difference),
    /// Read all that is stored, or a share that moves on, and name what is damaged
    Check(Check),
    /// Remove the snapshots that no rule keeps, and what only they needed
    Prune(Prune),
    /// Write a snapshot as sorted JSON, one file for each document, made for git
    Export(Export),
    /// Restore imports into a throw-away emulator and compare: what is new, and a share of the rest that moves on
    Drill(Drill),
}

impl Command {
    /// Its words on the command line.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "archive list",
            Self::Show(_) => "archive show",
            Self::Cat(_) => "archive cat",
            Self::Diff(_) => "archive diff",
            Self::Check(_) => "archive check",
            Self::Prune(_) => "archive prune",
            Self::Export(_) => "archive export",
            Self::Drill(_) => "archive drill",
        }
    }
}

/// Which archive, and what opens it.
#[derive(Debug, Args)]
pub struct Place {
    /// The archive: a folder or a URL (file://, s3://, gs://, az://); credentials come from the environment
    pub archive: String,
    /// Key file of an encrypted archive.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "passphrase_file",
        help = "Key file of an encrypted archive [env: TRANSSHIP_ARCHIVE_KEY_FILE]"
    )]
    pub key_file: Option<PathBuf>,
    /// File whose first line is the passphrase of an encrypted archive.
    #[arg(
        long,
        value_name = "FILE",
        help = "File whose first line is the passphrase of an encrypted archive \
        [env: TRANSSHIP_ARCHIVE_PASSPHRASE_FILE, or the passphrase itself in TRANSSHIP_ARCHIVE_PASSPHRASE]"
    )]
    pub passphrase_file: Option<PathBuf>,
}

/// What `archive list` lists: the snapshots of all accounts, or of one.
#[derive(Debug, Args)]
pub struct List {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// What `archive show` shows: one snapshot, or one document over all snapshots.
#[derive(Debug, Args)]
pub struct Show {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The snapshot [default: the latest; of several accounts, --account names one]
    pub snapshot: Option<String>,
    /// Show this document over all snapshots instead: when it appeared, what changed, when it was gone
    #[arg(long, value_name = "NAME|ID", conflicts_with = "snapshot")]
    pub import: Option<String>,
    /// Only this kind, e.g. imports, connections, scripts [default with --import: imports]
    #[arg(long)]
    pub kind: Option<String>,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// How much of each difference is shown
    #[arg(long, value_enum, default_value_t, env = "TRANSSHIP_DIFF")]
    pub diff: Diff,
}

/// The document that `archive cat` prints, and the snapshot that holds it.
#[derive(Debug, Args)]
pub struct Cat {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The snapshot: its id, the start of it, or `latest`
    pub snapshot: String,
    /// The document: its id or its name
    #[arg(value_name = "NAME|ID")]
    pub document: String,
    /// Of what kind it is, e.g. connections, scripts
    #[arg(long, default_value = Kind::Imports.as_str())]
    pub kind: String,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// The two snapshots that `archive diff` compares.
#[derive(Debug, Args)]
pub struct Difference {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The first snapshot
    #[arg(value_name = "A")]
    pub first: String,
    /// The second snapshot [default: the latest of the same account]
    #[arg(value_name = "B")]
    pub second: Option<String>,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Only this kind, e.g. imports, connections, scripts
    #[arg(long)]
    pub kind: Option<String>,
    /// How much of each difference is shown
    #[arg(long, value_enum, default_value_t, env = "TRANSSHIP_DIFF")]
    pub diff: Diff,
}

/// How much of an archive `archive check` reads.
#[derive(Debug, Args)]
pub struct Check {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// Read only this share of the blobs, e.g. 5%, each time the next one, until all had their turn. Every manifest is
    /// read each time, and a blob that is missing is always found
    #[arg(long, value_name = "PERCENT")]
    pub sample: Option<String>,
}

/// Which snapshots `archive prune` keeps, and whether it asks before it removes the others.
#[derive(Debug, Args)]
pub struct Prune {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The rules by which snapshots are kept.
    #[command(flatten)]
    pub keep: Keep,
    /// Take the policy from `archive.keep` of this job file
    #[arg(long, value_name = "JOB", conflicts_with_all = ["keep_last", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly"])]
    pub job: Option<PathBuf>,
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short, env = "TRANSSHIP_YES", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub yes: bool,
}

/// What a prune keeps of each account. What any rule keeps, stays.
#[derive(Debug, Args)]
pub struct Keep {
    /// Keep the newest N snapshots
    #[arg(long, value_name = "N")]
    pub keep_last: Option<u32>,
    /// Keep the newest of each of the last N days that have one (UTC)
    #[arg(long, value_name = "N")]
    pub keep_daily: Option<u32>,
    /// Keep the newest of each of the last N weeks that have one
    #[arg(long, value_name = "N")]
    pub keep_weekly: Option<u32>,
    /// Keep the newest of each of the last N months that have one
    #[arg(long, value_name = "N")]
    pub keep_monthly: Option<u32>,
    /// Keep the newest of each of the last N years that have one
    #[arg(long, value_name = "N")]
    pub keep_yearly: Option<u32>,
    /// Keep all that carry this tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    pub keep_tag: Vec<String>,
}

/// The snapshot that `archive export` writes, and the folder it writes to.
#[derive(Debug, Args)]
pub struct Export {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The snapshot [default: the latest; of several accounts, --account names one]
    pub snapshot: Option<String>,
    /// The folder to write to. Files there that are not of an export are left alone
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// The snapshot that `archive drill` restores from, and how much of it.
#[derive(Debug, Args)]
pub struct Drill {
    /// The archive, and the key that opens it.
    #[command(flatten)]
    pub place: Place,
    /// The snapshot [default: the latest of each account]
    pub snapshot: Option<String>,
    /// The share of what was restored before to restore again, that which was restored longest ago first. All that is
    /// new is always restored
    #[arg(long, value_name = "PERCENT", default_value = "5%")]
    pub sample: String,
    /// Restore every import
    #[arg(long, conflicts_with = "sample")]
    pub all: bool,
    /// Only snapshots of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}
