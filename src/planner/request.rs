//! The requests that the planner accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::related::Backups;
use crate::job::{Action, ImportFiles, Job, MatchBy, OnExisting, Settings};
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::{Fingerprint, Head, Id};
use crate::planner::repeated_update::UnverifiedWrite;

/// What a plan is made of, how far it goes, and what for.
#[derive(Debug, Clone, Copy)]
pub struct PlannerRequest<'a> {
    /// What the user asked for.
    pub job: &'a Job,
    /// Where imports come from.
    pub source: &'a Account,
    /// Where they go; the source again for what works in place.
    pub target: &'a Account,
    /// Which imports the plan is for.
    pub scope: Scope<'a>,
    /// What the plan is for.
    pub purpose: PlanPurpose<'a>,
    /// Where imports come from and go to.
    pub route: Route<'a>,
    /// What it is made with.
    pub context: PlanContext<'a>,
}

/// The import of the target that an earlier run made of an item, or was to overwrite for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnImport {
    /// The id of the import in the target.
    pub id: Id,
    /// Fingerprint of what the run left there; `None` where it wrote nothing, or never saw what it wrote.
    pub left: Option<Fingerprint>,
    /// Whether somebody may have edited it before the run read it back.
    pub may_be_edited: bool,
}

/// The imports of the source that are planned again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Their ids, with the names that they had.
    pub ids: BTreeMap<Id, String>,
    /// The names of those that were asked for by name and were not there.
    pub names: BTreeSet<String>,
    /// Those that were updated, but did not read back as they were written.
    pub written: BTreeMap<Id, UnverifiedWrite>,
}

impl Only {
    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.names.is_empty()
    }

    /// Adds an import with this data from a row of an earlier plan.
    pub fn insert(&mut self, id: &Id, name: &str) {
        if id.as_str().is_empty() {
            self.names.insert(name.to_owned());
        } else {
            self.ids.insert(id.clone(), name.to_owned());
        }
    }

    pub(crate) fn takes(&self, head: &Head) -> bool {
        self.ids.contains_key(&head.id) || self.names.contains(&head.name)
    }

    /// Whether what was asked for and is not there is among them.
    pub(crate) fn asks_for(&self, asked: &str) -> bool {
        self.ids.contains_key(&Id::from(asked)) || self.names.contains(asked)
    }
}

/// Which imports a plan is about.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// All that the job selects.
    All,
    /// What an earlier run did not bring about.
    Retry {
        /// The id of the earlier run.
        of_run: &'a str,
        /// Only these imports of the source.
        only: &'a Only,
        /// Imports of the target that belong to other imports of the source.
        taken: &'a BTreeSet<Id>,
        /// Imports of the source with a known import in the target, which is updated whatever its name.
        own: &'a BTreeMap<Id, OwnImport>,
    },
}

/// What a plan is for.
#[derive(Debug, Clone, Copy)]
pub enum PlanPurpose<'a> {
    /// To be looked at.
    Show,
    /// To be looked at, with what the selected imports refer to.
    References,
    /// To be carried out: the documents to be written go to this file.
    Execute(&'a Path),
}

/// Where imports come from and go to.
#[derive(Debug, Clone, Copy)]
pub enum Route<'a> {
    /// From account to account, or out of an archive into another account than the one it is of.
    Between,
    /// From an account into an archive.
    Backup(&'a Backups),
    /// Out of a folder of files.
    Files {
        /// The files that are read.
        files: &'a ImportFiles,
        /// Why they may not be all imports of the account that was exported.
        incomplete: Option<&'a str>,
    },
    /// Out of an archive, back to where the backup was made: the recycle bin may still hold what was deleted.
    Home,
}

/// What a plan is made with.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// How the job will be carried out.
    pub settings: &'a Settings,
    /// A folder for documents between stages; what is put there is removed again.
    pub folder: &'a Path,
    /// Where the plan goes.
    pub plan: &'a Path,
    /// How to be stopped.
    pub cancel: &'a Cancel,
    /// The listeners of progress.
    pub events: &'a Events,
    /// When planning began, by this machine's clock.
    pub now: jiff::Timestamp,
    /// The program and its version.
    pub tool: &'a str,
}

/// Lets others have their turn every few items, and stops if that is asked for.
pub(crate) async fn breathe(cancel: &Cancel, turn: usize) -> Result<(), EngineError> {
    if turn.is_multiple_of(BREATH) {
        tokio::task::yield_now().await;
        if cancel.is_draining() {
            return Err(EngineError::Interrupted);
        }
    }
    Ok(())
}

/// Items after which the program looks up: whether it is to stop, and what else has come in.
const BREATH: usize = 8;

impl<'a> PlannerRequest<'a> {
    /// Lets others have their turn every few items, and stops if that is asked for.
    pub(crate) async fn breathe(&self, turn: usize) -> Result<(), EngineError> {
        breathe(self.context.cancel, turn).await
    }

    /// Folders in which earlier runs of the job may lie: its `output`, that of the run that is planned, and its own.
    pub(crate) fn places_of_runs(&self) -> Vec<PathBuf> {
        let mut places = vec![self.job.output.clone(), self.context.settings.folder.clone()];
        if let PlanPurpose::Execute(_) = self.purpose {
            places.extend(self.context.folder.parent().map(Path::to_owned));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Whether items are matched with imports of the target by keys: its list is read.
    pub(crate) fn matches_by_key(&self) -> bool {
        use Action::{Apply, Clone, Compare, Migrate, Restore};
        matches!(self.job.action, Migrate | Clone | Compare | Restore | Apply)
    }

    /// Only these imports of the source, where not all of them are planned.
    pub(crate) fn only(&self) -> Option<&'a Only> {
        match self.scope {
            Scope::All => None,
            Scope::Retry { only, .. } => Some(only),
        }
    }

    /// Imports of the target that belong to other imports of the source.
    pub(crate) fn taken(&self) -> Option<&'a BTreeSet<Id>> {
        match self.scope {
            Scope::All => None,
            Scope::Retry { taken, .. } => Some(taken),
        }
    }

    /// Imports of the source whose import in the target is known, and which that is.
    pub(crate) fn own(&self) -> Option<&'a BTreeMap<Id, OwnImport>> {
        match self.scope {
            Scope::All => None,
            Scope::Retry { own, .. } => Some(own),
        }
    }

    /// The archive a backup goes to.
    pub(crate) fn backups(&self) -> Option<&'a Backups> {
        match self.route {
            Route::Backup(backups) => Some(backups),
            Route::Between | Route::Files { .. } | Route::Home => None,
        }
    }

    /// The files of an apply.
    pub(crate) fn files(&self) -> Option<&'a ImportFiles> {
        match self.route {
            Route::Files { files, .. } => Some(files),
            Route::Between | Route::Backup(_) | Route::Home => None,
        }
    }

    /// Why the files of an apply may not be all imports of the account that was exported.
    pub(crate) fn why_files_are_few(&self) -> Option<&'a str> {
        match self.route {
            Route::Files { incomplete, .. } => incomplete,
            Route::Between | Route::Backup(_) | Route::Home => None,
        }
    }

    /// Whether imports go back to where their backup was made.
    pub(crate) fn goes_home(&self) -> bool {
        matches!(self.route, Route::Home)
    }

    /// Whether an account is compared with its own backup.
    pub(crate) fn compares_with_itself(&self) -> bool {
        self.job.action == Action::Compare && self.goes_home()
    }

    /// Whether to say what the selected imports refer to.
    pub(crate) fn shows_references(&self) -> bool {
        matches!(self.purpose, PlanPurpose::References)
    }

    /// Why a job with `mirror` deletes nothing this time; `None` where it may.
    pub(crate) fn why_no_mirror(&self) -> Option<&'static str> {
        let select = &self.job.select;
        if !matches!(self.scope, Scope::All) {
            Some("a retry is planned")
        } else if !select.narrowed.is_all() {
            Some("--only or --limit is given")
        } else if select.manifest.is_some() || !select.selector.spec().ids.is_empty() {
            Some("`select` names imports one by one")
        } else {
            None
        }
    }

    /// Whether what the source no longer has is looked for.
    pub(crate) fn mirrors(&self) -> bool {
        self.job.mirror.is_some() && self.why_no_mirror().is_none()
    }

    /// Whether a name that is nearly the same stands in the way of a create.
    pub(crate) fn checks_near_names(&self) -> bool {
        let creates =
            matches!(self.job.action, Action::Migrate | Action::Clone | Action::Restore | Action::Apply);
        creates && self.job.match_by == MatchBy::Name && self.job.on_existing != OnExisting::Create
    }
}
