//! Carrying out a plan: its staging folder becomes a run folder, its journal is opened, and its report is written.

use super::plan::Staged;
use super::{Plan, Session, SessionError, TOOL};
use crate::executor::backup::{BackupRequest, run_backup};
use crate::executor::{ExecuteRequest, RunEnd, RunOptions, Withdrawn, run as carry_out};
use crate::inventory::error::EngineError;
use crate::job::{Action, Stop};
use crate::journal::{Entry, FORMAT, ItemStates, Journal, RunHeader};
use crate::model::event::Events;
use crate::model::{AlwaysHeld, Fingerprint, Lease, RunId, crash};
use crate::planner::Planned;
use crate::report::{self, Attention, ReasonGroup, RunView};
use crate::run_folder::folder::sync_folder;
use crate::run_folder::lock::{RunLock, TargetLock};
use crate::run_folder::rows::rows;
use crate::run_folder::{PlanFile, Row, RunFolder, RunFolderError, RunRecord, Summary, read_journal};

/// Whether somebody agreed to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Somebody has seen it and agreed.
    Given,
    /// Nobody was asked: only a plan that changes no account of the service is carried out.
    NotAsked,
}

/// A run that ended, in whatever way.
#[derive(Debug)]
pub struct Run {
    /// The folder of the run.
    pub folder: RunFolder,
    /// The plan that was carried out.
    pub plan: PlanFile,
    /// What its journal says about the run as a whole: how it ended, and why.
    pub record: RunRecord,
    /// The counts of the run.
    pub summary: Summary,
    /// The first items that need attention, at most 20 or so: as many as a closing names.
    pub attention: Vec<Attention>,
    /// Why items are not as planned: grouped by reason, the gravest first.
    pub reasons: Vec<ReasonGroup>,
    states: ItemStates,
    broken: Option<EngineError>,
}

impl Run {
    /// Checks that the run was not broken off and that its counts agree.
    ///
    /// # Errors
    ///
    /// The error that broke the run off, or counts that disagree.
    pub fn sound(&mut self) -> Result<(), SessionError> {
        if let Some(error) = self.broken.take() {
            return Err(error.into());
        }
        match self.summary.disagreement() {
            Some(disagreement) => Err(RunFolderError::Sums(disagreement).into()),
            None => Ok(()),
        }
    }

    /// Passes the result of every item, in the plan's order.
    ///
    /// # Errors
    ///
    /// The plan or the journal cannot be read.
    pub fn for_each_row(&self, mut each: impl FnMut(Row)) -> Result<(), SessionError> {
        rows(&self.folder, &self.plan, &self.states, |row| {
            each(row);
            Ok(())
        })?;
        Ok(())
    }

    /// The results of all items, in the plan's order; all of them in memory, so only for runs of some thousand items.
    ///
    /// # Errors
    ///
    /// All rows at once, in memory; otherwise as [`Run::for_each_row`].
    pub fn rows(&self) -> Result<Vec<Row>, SessionError> {
        let mut rows = Vec::new();
        self.for_each_row(|row| rows.push(row))?;
        Ok(rows)
    }
}

/// A run whose journal is open.
#[derive(Debug)]
pub(super) struct OpenRun<'a> {
    pub(super) folder: RunFolder,
    pub(super) plan: PlanFile,
    pub(super) journal: Journal,
    pub(super) states: ItemStates,
    pub(super) run: String,
    pub(super) part: Part<'a>,
    pub(super) lock: RunLock,
    /// The lock of what it writes to.
    pub(super) held: Option<TargetLock>,
}

/// Which part of a run is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// From its beginning.
    First,
    /// What an earlier process left undone, without these deletions.
    Resumed(&'a Withdrawn),
    /// Only what an earlier process left in doubt, by reads.
    LookupOnly,
}

/// What a run holds while it writes; it must still hold all of it.
#[derive(Debug)]
struct Leases<'a>([Option<&'a dyn Lease>; 2]);

impl Lease for Leases<'_> {
    fn still_held(&self) -> bool {
        self.0.iter().flatten().all(|lease| lease.still_held())
    }

    fn how_lost(&self) -> String {
        let lost = self.0.iter().flatten().find(|lease| !lease.still_held());
        lost.map_or_else(|| AlwaysHeld.how_lost(), |lease| lease.how_lost())
    }
}

impl Session {
    /// Carries out a plan, and writes the report of the run.
    ///
    /// # Errors
    ///
    /// Nobody agreed, the run folder cannot be made, or its report not be written. A run that was broken off is not an
    /// error here: [`Run::sound`] says so, and [`Session::resume`] goes on with it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves a run that can be resumed, or none.
    pub async fn execute(
        &self,
        plan: Plan,
        approval: Approval,
        events: &Events,
    ) -> Result<Run, SessionError> {
        if approval == Approval::NotAsked && plan.needs_approval() {
            return Err(SessionError::Refused(format!(
                "nobody agreed to change account `{}`",
                self.target_account().facts.name
            )));
        }
        let Plan { planned, staged, action, job_text, undoes, .. } = plan;
        let Staged { run, place, folder, lock, earlier } = staged;
        let folder = folder.keep(&place, &job_text)?;
        let open = self.begin(folder, run.clone(), action, &job_text, planned, undoes.as_ref()).await?;
        if let Some(undone) = undoes {
            // Whoever resumes this run does it, if it does not come to that.
            self.mark_undone(&undone, &run).await?;
        }
        let ended = self.carry_out(OpenRun { held: lock, ..open }, events).await;
        drop(earlier);
        ended
    }

    /// Opens the journal of a new run in `folder`.
    async fn begin(
        &self,
        folder: RunFolder,
        run: RunId,
        action: Action,
        job: &str,
        planned: Planned,
        undoes: Option<&RunFolder>,
    ) -> Result<OpenRun<'static>, SessionError> {
        let Planned { plan, wanted_sha256, .. } = planned;
        let plan = plan.moved_to(folder.plan());
        let header = RunHeader {
            format: FORMAT,
            run,
            tool: TOOL.to_owned(),
            action: action.into(),
            items: plan.len(),
            job_sha256: Fingerprint::of(job.as_bytes()),
            plan_sha256: plan.sha256(),
            wanted_sha256,
            by: self.host.who(),
            account: self.settings.stand_in.as_ref().map(|row| row.account.name.clone()),
            undoes: undoes.and_then(|of| Some(of.path().file_name()?.to_str()?.to_owned())),
        };
        let name = header.run.0.clone();
        let journal = Journal::create(&folder.journal(), &folder.before(), self.options.journal.clone())?;
        sync_folder(folder.path())?;
        let lock = RunLock::take(&folder, &self.holder(&format!("run {name}")))?;
        crash::point("journal.created");
        journal.append(Entry::Opened(Box::new(header)), None).await?;
        folder.mark_begun()?;
        let states = ItemStates::blank(plan.len());
        Ok(OpenRun { folder, plan, journal, states, run: name, part: Part::First, lock, held: None })
    }

    /// Carries out a run whose journal is open, and writes its report.
    pub(super) async fn carry_out(&self, open: OpenRun<'_>, events: &Events) -> Result<Run, SessionError> {
        let OpenRun { folder, plan, journal, states, run, part, lock, held } = open;
        let ended = self.act(&folder, &plan, journal, states, (&run, part), held.as_ref(), events).await;
        let reported = report_on(folder.clone(), plan).await;
        let broken = ended.err().map(|error| error.once_begun(|| self.why_cut_off(held.as_ref())));
        drop((lock, held));
        match (reported, broken) {
            (Ok(run), broken) => Ok(Run { broken, ..run }),
            // What ended the run comes first; that its report could not be written either follows from it.
            (Err(error), broken) => {
                let source = broken.map_or(error, SessionError::from);
                Err(SessionError::Unreported { folder: folder.path().to_owned(), source: Box::new(source) })
            }
        }
    }

    /// Why a run ends early: it lost the right to write, or it was told to stop.
    fn why_cut_off(&self, held: Option<&TargetLock>) -> String {
        let leases = Leases([held.map(|lock| lock as &dyn Lease), self.options.lease.as_deref()]);
        if leases.still_held() { "interrupted".to_owned() } else { crate::executor::lost_lease(&leases) }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one run, taken apart for the executor")]
    pub(super) async fn act(
        &self,
        folder: &RunFolder,
        plan: &PlanFile,
        journal: Journal,
        states: ItemStates,
        (run, part): (&str, Part<'_>),
        held: Option<&TargetLock>,
        events: &Events,
    ) -> Result<RunEnd, EngineError> {
        // What ends this lookup does not end what comes after.
        let lookup_cancel = (part == Part::LookupOnly).then(|| self.options.cancel.child());
        let cancel = lookup_cancel.as_ref().unwrap_or(&self.options.cancel);
        if let (Some(backup), Some(backups)) = (&self.settings.backup, self.target.backups()) {
            let request = BackupRequest {
                plan,
                folder,
                journal,
                states,
                archive: &backups.archive,
                backup,
                run,
                again: part != Part::First,
                source: self.source_account(),
                cancel,
                events,
            };
            return run_backup(request).await;
        }
        let settings = &self.settings;
        // What a run did is taken back in one go, and all of it that can be.
        let is_undo = plan.head().action == Action::Undo;
        let options = RunOptions {
            verify: settings.verify,
            stop: if is_undo { Stop::default() } else { settings.stop },
            in_flight: settings.concurrency.map_or(64, std::num::NonZeroUsize::get),
            attempts: settings.retry.attempts,
            grace_period: self.options.grace_period,
            lookup_only: part == Part::LookupOnly,
        };
        let (target, clock) = (self.target_account(), &self.host.clock);
        let nothing = Withdrawn::new();
        let (again, withdrawn) = match part {
            Part::Resumed(withdrawn) => (true, withdrawn),
            Part::First | Part::LookupOnly => (false, &nothing),
        };
        let waves = settings.waves.as_ref().filter(|_| !is_undo);
        let waves = waves.map(|waves| (waves, &*self.options.gate));
        let held = held.map(|lock| lock as &dyn Lease);
        let leases = Leases([held, self.options.lease.as_deref()]);
        let request = ExecuteRequest {
            plan,
            folder,
            journal,
            states,
            target,
            again,
            options,
            lease: &leases,
            other_runs: &*self.options.other_runs,
            cancel,
            events,
            clock,
            waves,
            withdrawn,
        };
        carry_out(request).await
    }
}

/// Reads a run back from its files and writes its report, on a separate thread: this takes seconds for very many
/// items, and signals must be handled meanwhile.
pub(super) async fn report_on(folder: RunFolder, plan: PlanFile) -> Result<Run, SessionError> {
    let writing = tokio::task::spawn_blocking(move || write_report(folder, plan));
    writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn write_report(folder: RunFolder, plan: PlanFile) -> Result<Run, SessionError> {
    let (states, mut record, _) = read_journal(&folder, &plan)?;
    // Its writer is this process, and that is done with it.
    record.writer = None;
    crash::point("report.before_files");
    let view = RunView { folder: &folder, plan: &plan, states: &states, record: &record };
    let reported = report::write_files(view)?;
    crash::point("report.after_files");
    let report::Reported { summary, attention, reasons } = reported;
    Ok(Run { folder, plan, record, summary, attention, reasons, states, broken: None })
}
