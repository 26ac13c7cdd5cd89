//! Makes plans: to look at, or to carry out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::approved_plan::unfit;
use super::endpoint::{Purpose, goes_home};
use super::{Session, SessionError, TOOL};
use crate::inventory::error::EngineError;
use crate::job::{Job, Verify};
use crate::model::Action;
use crate::model::event::Events;
use crate::model::{Id, RunId};
use crate::planner::{self, OwnImport, Planned};
use crate::run_folder::forecast::Outlook;
use crate::run_folder::lock::{RunLock, TargetLock};
use crate::run_folder::reference_usage::Reference;
use crate::run_folder::staging::{StagingFolder, parent_of};
use crate::run_folder::{AccountFacts, PlanFile, RunFolder};

/// A plan to look at. Nothing is left on disk when it is dropped.
#[derive(Debug)]
pub struct Preview {
    planned: Planned,
    _work: tempfile::TempDir,
}

impl Preview {
    /// The plan as it will be carried out.
    pub fn plan(&self) -> &PlanFile {
        &self.planned.plan
    }

    /// Writes the plan to a file, so that a later run can do what it says.
    ///
    /// # Errors
    ///
    /// The file cannot be written; what was there before is untouched then.
    pub fn keep(&self, out: &Path) -> Result<(), SessionError> {
        crate::run_folder::folder::write_whole(out, |to| {
            let mut from = std::fs::File::open(self.plan().path())?;
            std::io::copy(&mut from, &mut { to }).map(|_| ())
        })?;
        Ok(())
    }

    /// What the selected imports refer to, if that was requested.
    pub fn references(&self) -> &[Reference] {
        &self.planned.references
    }
}

/// What a preview shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// What would be done.
    Changes,
    /// Also what the selected imports refer to.
    References,
}

/// The place of a run.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In a folder of its own below the job's `output`.
    BelowOutput,
    /// In this folder, which must be empty or absent.
    At(&'a Path),
}

/// The request for a plan that is to be carried out.
#[derive(Debug)]
pub struct PlanRequest<'a> {
    /// The job to plan.
    pub job: &'a Job,
    /// What the run is called: the job's name, or that of one of its accounts with it.
    pub name: &'a str,
    /// The place of the run.
    pub place: Place<'a>,
    /// How far it goes.
    pub extent: Extent<'a>,
}

impl<'a> PlanRequest<'a> {
    /// All of a job, in a run that has the job's name and is below its `output`.
    pub fn of(job: &'a Job) -> Self {
        Self { job, name: &job.name, place: Place::BelowOutput, extent: Extent::Everything }
    }
}

/// How much of a job is done.
#[derive(Debug)]
pub enum Extent<'a> {
    /// Everything in a new plan.
    Everything,
    /// What this approved plan and a new one have in common.
    Approved(&'a PlanFile),
}

/// A plan in a staging folder, to be carried out by [`Session::execute`]; dropping it removes the staging folder.
#[derive(Debug)]
pub struct Plan {
    pub(super) planned: Planned,
    pub(super) staged: Staged,
    pub(super) action: Action,
    pub(super) job_text: String,
    pub(super) harmless: bool,
    /// The run it undoes.
    pub(super) undoes: Option<RunFolder>,
    /// How many imports it removes that the undone run did not make.
    pub(super) copies: u32,
}

impl Plan {
    /// What will be done.
    pub fn file(&self) -> &PlanFile {
        &self.planned.plan
    }

    /// Whether carrying it out changes an account of the service: a person has to agree to that.
    pub fn needs_approval(&self) -> bool {
        !self.harmless && self.planned.plan.tail().has_work()
    }

    /// How many imports it removes that the undone run found and did not make: a person has to agree to that
    /// separately, whatever account they are in.
    pub fn copies(&self) -> u32 {
        self.copies
    }
}

/// A staging folder, the run it will be, and the lock of its target.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) run: RunId,
    pub(super) place: PathBuf,
    pub(super) folder: StagingFolder,
    pub(super) lock: Option<TargetLock>,
    /// The lock of the run that this one is made from.
    pub(super) earlier: Option<RunLock>,
}

impl Staged {
    pub(super) fn plan(&self) -> PathBuf {
        self.folder.path().join("plan.json")
    }

    pub(super) fn wanted(&self) -> PathBuf {
        self.folder.path().join("wanted.jsonl")
    }
}

/// What the planner needs in addition to the job.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Narrowed<'a> {
    pub(super) only: Option<&'a planner::Only>,
    pub(super) taken: Option<&'a BTreeSet<Id>>,
    /// Imports of the source whose import in the target is known, with that import.
    pub(super) own: Option<&'a BTreeMap<Id, OwnImport>>,
    pub(super) of_run: Option<&'a str>,
}

impl Session {
    /// Makes a plan to look at. Nothing is written to the service.
    ///
    /// # Errors
    ///
    /// A list or document that cannot be read or trusted, or an interruption.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn preview(&self, job: &Job, show: Show, events: &Events) -> Result<Preview, SessionError> {
        let work = tempfile::tempdir().map_err(EngineError::file("make", "a temporary folder"))?;
        let plan = work.path().join("plan.json");
        let files = Files { folder: work.path(), plan: &plan, wanted: None };
        let mut planned = self.make(job, files, Narrowed::default(), show, events).await?;
        planned.plan = self.limited(job, planned.plan)?;
        Ok(Preview { planned, _work: work })
    }

    /// Makes the plan of a job, to be carried out. Nothing is written to the service; where the session can write, its
    /// target is locked until the plan is dropped or carried out.
    ///
    /// # Errors
    ///
    /// As [`Session::preview`]; the target is held by another run, the place of the run is taken, or the approved plan
    /// is of another job, account or version.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn plan(&self, request: PlanRequest<'_>, events: &Events) -> Result<Plan, SessionError> {
        let PlanRequest { job, name, place, extent } = request;
        let run = RunId::new(self.host.clock.now(), name, self.host.random.u16());
        let place = match place {
            Place::BelowOutput => job.output.join(&run.0),
            Place::At(place) => place.to_owned(),
        };
        let staged = self.stage(run, place, &format!("job {}", job.name), &self.held_facts()).await?;
        self.wait_for_open_calls(&staged.place, events).await?;
        let mut plan = self.make_staged(job, staged, Narrowed::default(), events).await?;
        if let Extent::Approved(approved) = extent {
            let (fresh, narrowed) = (&plan.planned.plan, &job.select.narrowed);
            let outlook = self.outlook(job, fresh);
            plan.planned.plan =
                planner::approved::restrict(approved, fresh, narrowed, outlook).map_err(unfit)?;
        }
        plan.planned.plan = self.limited(job, plan.planned.plan)?;
        Ok(plan)
    }

    /// Takes the lock of the target and makes the staging folder of a run.
    pub(super) async fn stage(
        &self,
        run: RunId,
        place: PathBuf,
        what: &str,
        held: &AccountFacts,
    ) -> Result<Staged, SessionError> {
        let lock = match self.purpose {
            Purpose::Reading => None,
            Purpose::Writing => Some(self.hold(parent_of(&place), what, held).await?),
        };
        let folder = StagingFolder::create(&place).map_err(|error| SessionError::refused(&error))?;
        Ok(Staged { run, place, folder, lock, earlier: None })
    }

    /// Plans a job in a staging folder.
    pub(super) async fn make_staged(
        &self,
        job: &Job,
        staged: Staged,
        narrowed: Narrowed<'_>,
        events: &Events,
    ) -> Result<Plan, SessionError> {
        let (plan, wanted) = (staged.plan(), staged.wanted());
        let files = Files { folder: staged.folder.path(), plan: &plan, wanted: Some(&wanted) };
        let planned = self.make(job, files, narrowed, Show::Changes, events).await?;
        let (action, job_text) = (job.action, job.text.clone());
        let harmless = !self.target.is_service();
        Ok(Plan { planned, staged, action, job_text, harmless, undoes: None, copies: 0 })
    }

    /// The plan, cut off where `--limit` says so.
    fn limited(&self, job: &Job, plan: PlanFile) -> Result<PlanFile, SessionError> {
        let Some(limit) = job.select.narrowed.limit else { return Ok(plan) };
        let outlook = self.outlook(job, &plan);
        Ok(planner::limit::limit(plan, limit, outlook)?)
    }

    /// The basis for counting the calls of a part of a plan.
    fn outlook(&self, job: &Job, plan: &PlanFile) -> Outlook<'_> {
        let target = self.target_account();
        Outlook {
            target_listed: plan.tail().target_listed,
            page: plan.tail().target_page,
            read_back: job.verify == Verify::Full,
            looks_for_copies: true,
            deletes_last: job.mirror.is_some(),
            waves: self.settings.waves.as_ref(),
            per_second: target.per_second,
            burst: target.burst,
        }
    }

    async fn make(
        &self,
        job: &Job,
        files: Files<'_>,
        narrowed: Narrowed<'_>,
        show: Show,
        events: &Events,
    ) -> Result<Planned, SessionError> {
        let scope = match (narrowed.of_run, narrowed.only, narrowed.taken, narrowed.own) {
            (Some(of_run), Some(only), Some(taken), Some(own)) => {
                planner::Scope::Retry { of_run, only, taken, own }
            }
            _ => planner::Scope::All,
        };
        let purpose = match (files.wanted, show) {
            (Some(wanted), _) => planner::PlanPurpose::Execute(wanted),
            (None, Show::References) => planner::PlanPurpose::References,
            (None, Show::Changes) => planner::PlanPurpose::Show,
        };
        let route = match self.target.backups() {
            Some(backups) => planner::Route::Backup(backups),
            None if goes_home(&self.source, &self.target) => planner::Route::Home,
            None => match &self.source {
                super::Endpoint::Files { files, incomplete, .. } => {
                    planner::Route::Files { files, incomplete: incomplete.as_deref() }
                }
                _ => planner::Route::Between,
            },
        };
        let context = planner::PlanContext {
            settings: &self.settings,
            folder: files.folder,
            plan: files.plan,
            cancel: &self.options.cancel,
            events,
            now: self.host.clock.now(),
            tool: TOOL,
        };
        let (source, target) = (self.source_account(), self.target_account());
        let request = planner::PlannerRequest { job, source, target, scope, purpose, route, context };
        // On the heap: it is large, and passed on.
        let planning = Box::pin(planner::plan_telling(request, self.usage));
        self.unless_stopped(planning).await
    }
}

/// Where a plan and its documents go.
#[derive(Debug, Clone, Copy)]
struct Files<'a> {
    folder: &'a Path,
    plan: &'a Path,
    wanted: Option<&'a Path>,
}

/// Makes sure that a plan may be written to `out`: its folder is there, and only a plan is ever overwritten.
///
/// # Errors
///
/// `out` is the job, or something else that is not a plan, or its folder does not exist.
pub fn may_be_written(out: &Path, job: &Path) -> Result<(), SessionError> {
    let refused = |why: &str| {
        Err(SessionError::Refused(format!(
            "--out would overwrite {}, which is {why}: name another file",
            out.display()
        )))
    };
    let Ok(found) = std::fs::metadata(out) else {
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        return match folder.filter(|folder| !folder.is_dir()) {
            Some(folder) => Err(SessionError::Refused(format!(
                "--out names a file in {}, which is no folder: make it first",
                folder.display()
            ))),
            None => Ok(()),
        };
    };
    let identity = |path: &Path| path.canonicalize().ok();
    if identity(out).is_some() && identity(out) == identity(job) {
        return refused("the job");
    }
    if !found.is_file() {
        return refused("not a file");
    }
    if found.len() > 0 && PlanFile::open(out).is_err() {
        return refused("not a plan");
    }
    Ok(())
}
