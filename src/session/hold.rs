//! What a session holds while it writes, and what tells it from what others hold.

use std::path::Path;

use super::{Session, SessionError};
use crate::model::Id;
use crate::run_folder::AccountFacts;
use crate::run_folder::lock::{Holder, TargetLock, same_origin};

impl Session {
    /// Takes the lock of an account.
    pub(super) async fn hold(
        &self,
        runs: &Path,
        what: &str,
        held: &AccountFacts,
    ) -> Result<TargetLock, SessionError> {
        let locks = self.host.locks().unwrap_or_else(|| runs.join(".locks"));
        let holder = self.holder(what);
        let apart = self.apart(held).await;
        // What tells the account apart is known to be its own whoever asks.
        let user = held.user.clone().filter(|_| apart.is_empty() || held.origin.starts_with("emulator:"));
        Ok(TargetLock::take(&locks, &AccountFacts { user, ..held.clone() }, &apart, &holder)?)
    }

    /// The account that this session holds while it writes: what tells it from every other one wherever it is asked for, and
    /// its name in the job.
    pub async fn held_account(&self) -> (String, String) {
        let held = self.held_facts();
        let (apart, origin) = (self.apart(&held).await, same_origin(&held.origin));
        let user = held.user.filter(|_| apart.is_empty()).unwrap_or_default();
        // What is only reached on a machine is that machine's own.
        let is_local = held.origin.starts_with("emulator:") || origin.starts_with("this machine");
        let machine = self.host.name().filter(|_| is_local).unwrap_or_default();
        (format!("{origin} {user}{apart} {machine}").trim_end().to_owned(), held.name)
    }

    /// What tells accounts of one origin and owner apart. Each data file of an emulator has accounts of its own.
    async fn apart(&self, held: &AccountFacts) -> String {
        if held.origin.starts_with("emulator:") {
            self.host.emulator_file().display().to_string()
        } else {
            self.environment().await.map(|id| id.to_string()).unwrap_or_default()
        }
    }

    /// What tells the environments of one owner apart.
    async fn environment(&self) -> Option<Id> {
        let account =
            if self.target.backups().is_none() { self.target_account() } else { self.source_account() };
        if account.facts.origin.starts_with("emulator:") { None } else { account.oldest_connection().await }
    }

    pub(super) fn holder(&self, what: &str) -> Holder {
        Holder { process: self.host.holder(), since: self.host.clock.now(), what: what.to_owned() }
    }

    /// What is held while a run writes: its target, or for a backup the account in the archive.
    pub(super) fn held_facts(&self) -> AccountFacts {
        let target = &self.target_account().facts;
        if self.target.backups().is_none() {
            target.clone()
        } else {
            let source = &self.source_account().facts;
            AccountFacts { origin: format!("{} of {}", target.origin, source.origin), ..source.clone() }
        }
    }
}
