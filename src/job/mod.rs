//! What the user asked for: the job file, read, checked and turned into a [`Job`].
//!
//! Promises: a `Job` is valid as a whole; every problem of a file is found at once and shown where it stands.
//! It sends nothing and asks no service; secrets are fetched only when [`secret::resolve`] is called.

pub mod account;
pub mod archive;
pub mod by_schema;
pub mod env;
pub mod files;
pub mod fleet;
pub mod manifest;
pub mod named_file;
pub mod narrow;
pub mod notify;
pub mod problem;
pub mod reference;
pub mod schema;
pub mod secret;
pub mod secret_source;
pub mod stand_in;
pub mod starter;
pub mod waves;

mod cells;
mod check;
mod consequences;
mod cut;
mod fit;
mod forms;
mod keys;
mod line_column;
mod load;
pub mod origin;
mod quoting;
mod read;
mod redact;
pub mod regular;
mod remedy;
pub mod settings;
mod slips;
mod spec;
mod spreadsheet;
mod synonyms;
mod text_file;
mod tree;
pub mod user;
mod yaml;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::model::Action;
pub use account::{Account, AccountPlace, Rate};
pub use archive::{Archive, BackupSettings, Keep};
pub use by_schema::{read_by_schema, yaml_value};
pub use env::Env;
pub use files::{FilesRead, ImportFile, ImportFiles};
pub use fleet::{Fleet, FleetWave, WaveSize};
pub use load::{load, load_as, parse, parse_as};
pub use manifest::Manifest;
pub use named_file::NamedFile;
pub use narrow::{Narrowing, Only, OnlyError};
pub use notify::Notify;
pub use problem::{Diagnostic, Located, Problems, Severity, Span};
pub use read::fleet::load_fleet;
pub use read::roster::load_accounts;
pub use read::user::{check_user_accounts, read_user_accounts};
pub use secret_source::{KeySource, TokenSource};
pub use settings::Settings;
pub use stand_in::{AccountChoice, AccountRow, RowOrigin, StandIn};
pub use waves::{Mirror, PageSize, Pause, Wave, Waves, share_of, wave_ends};

use crate::documents::name::name_key;
use crate::documents::pointer::Pointer;
use crate::documents::references::Rules;
use crate::documents::{Program, Selector};

/// The words of the service's regions.
pub fn regions() -> impl Iterator<Item = &'static str> {
    keys::REGIONS.iter().map(|region| region.word)
}

/// A whole, valid job.
#[derive(Debug)]
pub struct Job {
    /// The key `name`: stands in run ids, audits and reports.
    pub name: String,
    /// The key `action`: what is done.
    pub action: Action,
    /// The key `source`: the account that is read.
    pub source: Account,
    /// `target`; the source again for what works in place.
    pub target: Account,
    /// The key `select`: which imports are taken.
    pub select: Selection,
    /// The key `references`: how ids become the target's own.
    pub references: Rules,
    /// The key `transform`, compiled; shared with the thread that prepares documents.
    pub program: Arc<Program>,
    /// The key `captured_data`: how sample data is handled.
    pub captured_data: CapturedData,
    /// The key `match`: how an import is found in the target.
    pub match_by: MatchBy,
    /// The key `on_existing`: what happens to one that exists and differs.
    pub on_existing: OnExisting,
    /// `ignore`: paths that are left out of every comparison. For the planner and the executor.
    pub ignore: Vec<Pointer>,
    /// The key `verify`: what is read back.
    pub verify: Verify,
    /// `waves` and `pause`; `None` writes everything in one go. For the session and the executor.
    pub waves: Option<Waves>,
    /// `mirror`; `None` deletes nothing. For the planner.
    pub mirror: Option<Mirror>,
    /// `concurrency`; `None` is `auto`.
    pub concurrency: Option<NonZeroUsize>,
    /// `page_size`. For the inventory's list scans.
    pub page_size: PageSize,
    /// The key `retry`: how often and how long a call is repeated.
    pub retry: Retry,
    /// The key `stop`: when the run halts.
    pub stop: Stop,
    /// `output`: the folder of run folders.
    pub output: PathBuf,
    /// The key `archive`: where backups are kept.
    pub archive: Option<Archive>,
    /// `sources`: the accounts of a backup of many, in the order written; empty for one.
    pub sources: Vec<Account>,
    /// `parallel`: how many of `sources` are backed up at once, 1 to 1000.
    pub parallel: NonZeroUsize,
    /// The account of a CSV that stands for one of the job's.
    pub stand_in: Option<StandIn>,
    /// The key `notify`: who is notified of the result.
    pub notify: Notify,
    /// Every entry of `accounts`, in the order written, then those of the user's file that the job may name.
    pub accounts: Vec<Account>,
    /// The names of those that are the job's own.
    pub own_accounts: Vec<String>,
    /// What is allowed and most likely not meant.
    pub warnings: Problems,
    /// The file as it was read; it holds no secret.
    pub text: String,
    /// The files it names, as they were read, but for accounts and where their tokens are.
    pub files: Vec<NamedFile>,
}

impl Job {
    /// The budget of an account of the job; the usual one for a name it does not have.
    pub fn rate_of(&self, account: &str) -> Rate {
        self.accounts
            .iter()
            .find(|known| known.name == account)
            .map_or_else(Rate::default, |known| known.rate)
    }

    /// Whether it makes imports beside those that there are.
    pub fn makes_copies(&self) -> bool {
        !matches!(
            self.action,
            Action::Update | Action::Backup | Action::Restore | Action::Apply | Action::Compare
        )
    }

    /// Whether the job reads and writes one and the same account.
    pub fn in_place(&self) -> bool {
        self.source.name == self.target.name && self.source.place == self.target.place
    }
}

/// `select`: which imports of the source.
#[derive(Debug)]
pub struct Selection {
    /// All keys but the manifest, compiled.
    pub selector: Selector,
    /// The rows of the file under `manifest`.
    pub manifest: Option<Manifest>,
    /// `integration_apps: true`: also take what an Integration App owns.
    pub integration_apps: bool,
    /// `--only` and `--limit`: the part of it that is taken this time.
    pub narrowed: Narrowing,
}

impl Selection {
    /// The columns of the manifest, in the order of their names; none without one.
    fn columns(&self) -> Vec<String> {
        let first = self.manifest.iter().filter_map(|manifest| manifest.rows.first());
        first.flat_map(|row| row.columns.keys().cloned()).collect()
    }
}

/// `captured_data`: how samples and mock answers are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CapturedData {
    /// It is written with the import.
    #[default]
    Keep,
    /// It is left out of what is written.
    Drop,
}

/// `match`: how an import is matched with one in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchBy {
    /// By its name after the transformation.
    #[default]
    Name,
    /// By the field `externalId`.
    ExternalId,
}

impl MatchBy {
    /// The key by which an import is matched; without one, it matches nothing. Names that count as equal have the same key.
    pub fn key(self, head: &crate::model::Head) -> Option<Cow<'_, str>> {
        match self {
            Self::Name => Some(name_key(&head.name)),
            Self::ExternalId => head.external_id.as_deref().map(Cow::Borrowed),
        }
    }

    /// The same for a document that will be written.
    pub fn key_of(self, document: &serde_json::Value) -> Option<Cow<'_, str>> {
        let text = |field: &str| document.get(field).and_then(serde_json::Value::as_str);
        match self {
            Self::Name => text("name").map(name_key),
            Self::ExternalId => text("externalId").map(Cow::Borrowed),
        }
    }
}

/// `on_existing`: what happens to an import that is there and differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the words of the job file")]
pub enum OnExisting {
    #[default]
    Skip,
    Update,
    Create,
    Fail,
}

impl OnExisting {
    /// What holds where the job does not say: restore puts imports back and apply writes edits, so both update. The other
    /// actions leave alone what exists.
    pub(crate) fn usual(action: Action) -> Self {
        if matches!(action, Action::Restore | Action::Apply) { Self::Update } else { Self::Skip }
    }
}

/// `verify`: how a write is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Read back and compared.
    #[default]
    Full,
    /// What the write answered is compared.
    Response,
    /// Written documents are neither read back nor compared.
    None,
}

/// How often and how long a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Retry {
    /// How often a call is sent at most, at least 1. Default 6.
    pub attempts: u32,
    /// The first pause, before jitter; it doubles with each attempt. Default 500 ms.
    pub base: Duration,
    /// The longest pause that is not asked for by the service. Default 30 s.
    pub cap: Duration,
    /// How long a service that is away (refused, no DNS entry, 503 to everybody) is waited for before the run ends as
    /// interrupted. For the api.
    #[serde(default = "patience")]
    pub patience: Duration,
    /// How long one call may take, the last byte of its answer included. Default 1 minute.
    #[serde(default = "timeout")]
    pub timeout: Duration,
}

/// How long a service that is away is waited for, if a job does not say.
const fn patience() -> Duration {
    Duration::from_mins(10)
}

/// How long one call may take, if a job does not say.
const fn timeout() -> Duration {
    Duration::from_mins(1)
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 6,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            patience: patience(),
            timeout: timeout(),
        }
    }
}

/// `stop`: when a run halts by itself. A limit that is absent never stops it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stop {
    /// `failures`: a count, or a share of what has to be written.
    pub failures: Option<Limit>,
    /// `consecutive`: the number of failures in a row that stops the run.
    pub consecutive: Option<u32>,
    /// `differs`: written imports whose verification said `differs`.
    pub differs: Option<Limit>,
    /// `running`: an import is left alone while a flow that uses it runs. For the planner and the executor.
    #[serde(default)]
    pub running: bool,
    /// `wait`: how long to wait for running flows when everything else is written. Default 10 minutes.
    #[serde(default = "usual_wait")]
    pub wait: Duration,
}

fn usual_wait() -> Duration {
    Duration::from_mins(10)
}

impl Default for Stop {
    fn default() -> Self {
        Self { failures: None, consecutive: None, differs: None, running: false, wait: usual_wait() }
    }
}

/// A number of items, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// A number of imports.
    Count(u32),
    /// A share of the imports, from 0 to 1.
    Share(f64),
}
