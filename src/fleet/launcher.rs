//! What runs an account, and what is known about it meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::beat::Activity;
use super::error::FleetError;
use super::result::Counts;
use crate::model::WaitsFor;
use crate::model::cancel::Cancel;

/// How a run of an account ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code; `None` for one that was killed.
    pub exit_code: Option<u8>,
    /// The results of its imports; `None` if the run did not get that far.
    pub counts: Option<Counts>,
    /// Why it ended early, in a sentence; `None` where it did not, or did not say.
    pub message: Option<String>,
    /// What its run waits for, where it waits for something.
    pub waits_for: Option<WaitsFor>,
    /// Where its run folder is: a path or an address; `None` where it has none.
    pub folder: Option<String>,
}

/// Runs an account; its progress goes into the [`Activities`].
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Runs an account to its end. Once `cancel` drains, the run is told to drain; an account whose run drained ends
    /// with 130.
    ///
    /// # Errors
    ///
    /// The run could not be started at all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future must end the run, so that the next one can continue from its journal.
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError>;

    /// Something a person should know.
    fn say(&self, text: &str);
}

/// What the accounts of a worker are doing. A clone shares it.
#[derive(Debug, Clone, Default)]
pub struct Activities(Arc<Mutex<BTreeMap<String, Activity>>>);

impl Activities {
    /// An account is so far.
    pub fn set(&self, account: &str, activity: Activity) {
        self.with(|all| all.insert(account.to_owned(), activity));
    }

    /// The progress of an account, if it was begun here.
    pub fn of(&self, account: &str) -> Option<Activity> {
        self.with(|all| all.get(account).cloned())
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Activity>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
