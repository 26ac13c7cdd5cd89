//! The library's entry point: plan, execute, resume, retry, undo, rehearse.
//!
//! A [`Session`] holds both ends of a job open. What it makes and leaves:
//!
//! | call | takes | gives |
//! |---|---|---|
//! | [`Session::preview`] | a job | a plan to look at; nothing is left on disk |
//! | [`Session::plan`] | a job | a [`Plan`] in a staging folder, with the target locked |
//! | [`Session::retry`] | a run | a plan to redo what failed, conflicted, went stale, differs or was not processed, as a new run |
//! | [`Session::undo`] | a run | the plan of what puts back what it changed |
//! | [`Session::execute`] | a [`Plan`] | a [`Run`]: journal, evidence, report |
//! | [`Session::resume`] | a run that was broken off | the same [`Run`], finished |
//! | [`drill()`] | a snapshot of an archive | which of its imports can be restored |
//!
//! Locks, staging folders, journals and reports are handled here and nowhere else. Nothing in here prints: progress goes to the
//! listeners, what a person should know is in [`Session::notes`]. Time, chance and variables are those of the [`Host`].

mod approved_plan;
mod archive_keys;
pub mod archives;
pub mod backup;
mod deletions_now;
mod drill;
mod earlier_undos;
pub mod emulator_server;
pub mod endpoint;
mod error;
mod execute;
mod hold;
mod host;
mod late_copies;
pub mod notify;
mod open_calls;
pub mod open_ends;
pub mod plan;
mod reopen;
mod resume;
mod retry;
pub mod runs;
pub mod shared;
mod undo;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use crate::api::{HttpOptions, HttpVersion, ProxyChoice};
pub use approved_plan::{is_run_of, open_approved};
pub use drill::{DrillRequest, Restorable, drill};
pub use endpoint::{Endpoint, Purpose};
pub use error::SessionError;
pub use execute::{Approval, Run};
pub use hold::ReadAccount;
pub use host::{Host, Random, TOOL};
pub use plan::{Place, Plan, PlanRequest, Preview, may_be_written};
pub use resume::Resumed;
pub use retry::{NothingToRetry, Retry, Retrying};
pub use runs::OpenedRun;
pub use undo::nothing_to_undo;

pub use crate::executor::wave_gate::{NextWave, NobodyAsked, WaveGate, WaveReport};
pub use crate::inventory::error::EngineError;
pub use crate::inventory::listing::{Listed, Listing};
pub use crate::journal::Ending;
pub use crate::planner::{Copies, UsageDetail};
pub use crate::run_folder::{AccountFacts, PlanFile, Row, RunFolder, RunFolderError, RunRecord, Summary};

use crate::api::Meter;
use crate::inventory::endpoint::Account;
use crate::job::{self, AccountChoice, Job, Selection, Settings};
use crate::journal::JournalOptions;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::lease::Lease;
use crate::report::{Gauge, ReadGauge};
use crate::run_folder::PlanHead;
use crate::run_folder::other_runs::{FolderRuns, OtherRuns};

/// How long a call without an answer may still be executing in the service, by default.
pub const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// What a session is opened for.
#[derive(Debug, Clone)]
pub enum OpenRequest<'a> {
    /// To plan, without being able to write to the service.
    Read(Settings),
    /// To plan a job and carry the plan out.
    Write(Settings),
    /// To resume a run: an archive that it read is not opened again.
    Resume(&'a PlanHead),
    /// To redo what failed, conflicted, went stale, differs or was not processed.
    Retry(&'a PlanHead),
    /// To put back what a run changed: only its target is opened.
    Undo(&'a PlanHead),
}

/// How a session works.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The caller's way to stop it.
    pub cancel: Cancel,
    /// How long a call without an answer may still be executing in the service: 0 to an hour, 10 s unless told otherwise.
    pub grace_period: Duration,
    /// A right to write that the caller holds in addition to the lock of the target, such as a lease in a shared
    /// store; `None` for a machine that writes alone. It is checked right before each write is sent; once it is lost,
    /// nothing more is sent, and the run ends as interrupted.
    pub lease: Option<Arc<dyn Lease>>,
    /// How journals are written.
    pub journal: JournalOptions,
    /// Where the other runs are: by default in the run's folder of runs on this machine.
    pub other_runs: Arc<dyn OtherRuns>,
    /// Receives the results of waves, and is asked between two of them. By default nobody is: then `pause: ask` ends
    /// the run after each wave, and [`Session::resume`] begins the next.
    pub gate: Arc<dyn WaveGate>,
}

impl SessionOptions {
    /// The default of each option: without a lease, and nobody is asked between two waves.
    pub fn new(host: &Host) -> Self {
        Self {
            cancel: Cancel::new(),
            grace_period: GRACE_PERIOD,
            lease: None,
            journal: JournalOptions::new(host.clock.clone()),
            other_runs: Arc::new(FolderRuns),
            gate: Arc::new(NobodyAsked),
        }
    }
}

/// Both ends of a job, open, and what can be done between them.
#[derive(Debug)]
pub struct Session {
    host: Host,
    settings: Settings,
    source: Endpoint,
    target: Endpoint,
    purpose: Purpose,
    options: SessionOptions,
    notes: Vec<String>,
    usage: UsageDetail,
}

impl Session {
    /// Opens the ends of a job or a run, and asks the service which user each token belongs to.
    ///
    /// # Errors
    ///
    /// A token that cannot be found or is refused, an archive that does not open, or an interruption.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind but an archive that may have been made.
    pub async fn open(
        host: &Host,
        request: OpenRequest<'_>,
        options: SessionOptions,
    ) -> Result<Self, SessionError> {
        let cancel = options.cancel.clone();
        if let OpenRequest::Read(settings) | OpenRequest::Write(settings) = &request
            && settings.folder.to_str().is_none()
        {
            let folder = settings.folder.display();
            return Err(SessionError::Refused(format!("the folder `{folder}` is not UTF-8: move the job")));
        }
        let opening = async {
            let (mut settings, purpose) = match &request {
                OpenRequest::Read(settings) => (settings.clone(), Purpose::Reading),
                OpenRequest::Write(settings) => (settings.clone(), Purpose::Writing),
                OpenRequest::Resume(head) | OpenRequest::Retry(head) => {
                    (head.settings.clone(), Purpose::Writing)
                }
                OpenRequest::Undo(head) => {
                    let settings = head.settings.clone();
                    (Settings { source: settings.target.clone(), ..settings }, Purpose::Writing)
                }
            };
            let ends = if let OpenRequest::Resume(head) = &request {
                open_ends::open_to_resume(host, &mut settings, &head.source).await?
            } else {
                open_ends::open_both(host, &mut settings, purpose).await?
            };
            let session = Self::with_endpoints(host, settings, ends.source, ends.target, purpose, options);
            Ok::<_, SessionError>(Self { notes: ends.notes, ..session })
        };
        unless_stopped(&cancel, opening).await
    }

    /// A session with ends that the caller opened, such as accounts behind an [`Api`](crate::api::Api) of its own.
    pub fn with_endpoints(
        host: &Host,
        settings: Settings,
        source: Endpoint,
        target: Endpoint,
        purpose: Purpose,
        options: SessionOptions,
    ) -> Self {
        let (notes, usage) = (Vec::new(), UsageDetail::default());
        Self { host: host.clone(), settings, source, target, purpose, options, notes, usage }
    }

    /// The same session, with plans that say this much about what uses the imports.
    #[must_use]
    pub fn telling(self, usage: UsageDetail) -> Self {
        Self { usage, ..self }
    }

    /// Adds a right to write that is checked with the others, right before each write is sent: one that could only be
    /// taken once it was known which account this session writes to.
    pub fn set_lease(&mut self, lease: Arc<dyn Lease>) {
        self.options.lease = Some(lease);
    }

    /// The source of the imports.
    pub fn source(&self) -> &Endpoint {
        &self.source
    }

    /// The target of the imports.
    pub fn target(&self) -> &Endpoint {
        &self.target
    }

    /// What a person should know about the accounts, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The settings, with the snapshot that is read by name.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads what the calls of this session have cost so far, for progress displays.
    pub fn gauge(&self) -> ReadGauge {
        let meters = self.meters();
        Arc::new(move || {
            let mut gauge = Gauge::default();
            for meter in &meters {
                let snapshot = meter.snapshot();
                gauge.in_flight += snapshot.in_flight;
                gauge.calls += snapshot.total();
                gauge.waited += snapshot.waited;
                if let Some(pause) = snapshot.paused
                    && gauge.paused.as_ref().is_none_or(|(until, _)| *until < pause.until)
                {
                    gauge.paused = Some((pause.until, pause.reason));
                }
                gauge.throttled += snapshot.throttled;
                gauge.retries += snapshot.retries;
            }
            gauge
        })
    }

    /// From now on, reports pauses of the accounts to `events`: until when, and who asked.
    pub fn listen(&self, events: &Events) {
        for meter in self.meters() {
            meter.listen(events);
        }
    }

    fn meters(&self) -> Vec<Arc<Meter>> {
        let mut meters = vec![Arc::clone(&self.source_account().meter)];
        if !Arc::ptr_eq(&meters[0], &self.target_account().meter) {
            meters.push(Arc::clone(&self.target_account().meter));
        }
        meters
    }

    fn source_account(&self) -> &Account {
        self.source.account()
    }

    fn target_account(&self) -> &Account {
        self.target.account()
    }

    /// Runs work that may be dropped at any point, unless told to stop.
    async fn unless_stopped<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, SessionError>
    where
        SessionError: From<E>,
    {
        unless_stopped(&self.options.cancel, work).await
    }
}

/// Runs work that may be dropped at any point, unless told to stop.
///
/// # Errors
///
/// That of the work, or [`EngineError::Interrupted`].
///
/// # Cancel safety
///
/// Dropping the future drops the work, which is what being told to stop does.
pub async fn unless_stopped<T, E>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, SessionError>
where
    SessionError: From<E>,
{
    tokio::select! {
        biased;
        () = cancel.draining() => Err(EngineError::Interrupted.into()),
        done = work => Ok(done?),
    }
}

/// Asks the service which user the token of an account belongs to.
///
/// # Errors
///
/// The token cannot be found or is refused, the service does not answer, or an interruption.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind.
pub async fn whose(
    host: &Host,
    account: &job::Account,
    cancel: &Cancel,
) -> Result<AccountFacts, SessionError> {
    let settings = Settings::of_account(account, host.env.folder.clone());
    let asking = async {
        let (endpoint, _) = open_ends::open_one(host, &settings, account, Purpose::Reading).await?;
        Ok::<_, SessionError>(endpoint.account().facts.clone())
    };
    unless_stopped(cancel, asking).await
}

/// Writes a file that only its owner can read, whole or not at all; its folder is created if needed.
///
/// # Errors
///
/// It cannot be written; what was there before is untouched then.
pub fn write_private(path: &Path, text: &str) -> Result<(), SessionError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(RunFolderError::file("make", folder))?;
    }
    crate::run_folder::folder::write_whole(path, |out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// The imports that a selection selects in an account or a snapshot.
///
/// # Errors
///
/// As [`Session::open`], or the list cannot be read or trusted.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind.
pub async fn list(
    host: &Host,
    settings: &Settings,
    account: &job::Account,
    select: &Selection,
    cancel: &Cancel,
) -> Result<Listing, SessionError> {
    let listing = async {
        let (endpoint, notes) = open_ends::open_one(host, settings, account, Purpose::Reading).await?;
        let work = tempfile::tempdir().map_err(EngineError::file("make", "a temporary folder"))?;
        let events = Events::none();
        let listed =
            crate::inventory::listing::inventory(endpoint.account(), select, work.path(), cancel, &events);
        let mut listing = listed.await?;
        listing.notes.splice(0..0, notes);
        Ok::<_, SessionError>(listing)
    };
    unless_stopped(cancel, listing).await
}

/// Loads a job file, with the settings that a session is opened with; `-` is the standard input.
///
/// # Errors
///
/// [`SessionError::Job`]: everything that is wrong with it, at once.
pub fn load_job(host: &Host, path: &Path) -> Result<(Job, Settings), SessionError> {
    load_job_as(host, path, None)
}

/// As [`load_job`], with an account that stands for one of the job's.
///
/// # Errors
///
/// [`SessionError::Job`]: everything that is wrong with it, at once.
pub fn load_job_as(
    host: &Host,
    path: &Path,
    choice: Option<&AccountChoice>,
) -> Result<(Job, Settings), SessionError> {
    let job = job::load_as(path, &host.env, &host.clock, choice)
        .map_err(|problems| SessionError::Job(Box::new(problems)))?;
    let folder = if path == Path::new("-") { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    let settings = Settings::of(&job, host.env.folder.join(folder));
    Ok((job, settings))
}
