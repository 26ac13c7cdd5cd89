//! What a session holds while it writes, and what distinguishes it from what others hold.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use super::{Endpoint, Purpose, Session, SessionError};
use crate::api::Budget;
use crate::inventory::endpoint::Account;
use crate::run_folder::AccountFacts;
use crate::run_folder::lock::{Holder, TargetLock, same_origin};

/// An account of the service that a session reads, perhaps together with other processes.
#[derive(Debug, Clone)]
pub struct ReadAccount {
    /// What distinguishes it from every other account, wherever it is used.
    pub identity: String,
    /// Its name in the job.
    pub name: String,
    budget: Arc<Budget>,
}

impl ReadAccount {
    /// This process has joined others: this many share its budget, including this one. Until they have counted it, it
    /// takes a tenth of its part.
    pub fn join(&self, holders: NonZeroU32) {
        self.budget.join(holders);
    }

    /// From now on, this many processes share its budget, including this one.
    pub fn share_among(&self, holders: NonZeroU32) {
        self.budget.share_among(holders);
    }
}

impl Session {
    /// Whether it writes to no account.
    pub fn only_reads(&self) -> bool {
        self.purpose == Purpose::Reading
    }

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

    /// The account that this session holds while it writes: what distinguishes it from every other account, and its
    /// name in the job.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn held_account(&self) -> (String, String) {
        let held = self.held_facts();
        let apart = self.apart(&held).await;
        (self.identity(&held, &apart), held.name)
    }

    /// What distinguishes an account from every other one; `apart` distinguishes the accounts of one owner.
    fn identity(&self, facts: &AccountFacts, apart: &str) -> String {
        let origin = same_origin(&facts.origin);
        let user = facts.user.as_deref().filter(|_| apart.is_empty()).unwrap_or_default();
        // What is only reached on a machine is that machine's own.
        let is_local = facts.origin.starts_with("emulator:") || origin.starts_with("this machine");
        let machine = self.host.name().filter(|_| is_local).unwrap_or_default();
        format!("{origin} {user}{apart} {machine}").trim_end().to_owned()
    }

    /// The accounts of the service that this session reads and does not hold, each once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn read_accounts(&self) -> Vec<ReadAccount> {
        let reads = [Some(&self.source), Some(&self.target).filter(|_| self.purpose == Purpose::Reading)];
        let held = match self.purpose {
            Purpose::Writing => Some(self.held_account().await.0),
            Purpose::Reading => None,
        };
        let mut found: Vec<ReadAccount> = Vec::new();
        for endpoint in reads.into_iter().flatten() {
            let (Endpoint::Service(account) | Endpoint::Emulator { account, .. }) = endpoint else {
                continue;
            };
            let Some(budget) = account.client.budget() else { continue };
            let apart = self.apart_in(&account.facts, account).await;
            let identity = self.identity(&account.facts, &apart);
            if Some(&identity) == held.as_ref() || found.iter().any(|known| known.identity == identity) {
                continue;
            }
            let name = account.facts.name.clone();
            found.push(ReadAccount { identity, name, budget: Arc::clone(budget) });
        }
        found
    }

    /// What distinguishes the held account from others of its origin and owner.
    async fn apart(&self, held: &AccountFacts) -> String {
        let account =
            if self.target.backups().is_none() { self.target_account() } else { self.source_account() };
        self.apart_in(held, account).await
    }

    /// What distinguishes accounts of one origin and owner: each data file of an emulator has accounts of its own,
    /// and each environment of an owner has a different first connection.
    async fn apart_in(&self, facts: &AccountFacts, account: &Account) -> String {
        if facts.origin.starts_with("emulator:") {
            return self.host.emulator_file().display().to_string();
        }
        if account.facts.origin.starts_with("emulator:") {
            return String::new();
        }
        account.oldest_connection().await.map(|id| id.to_string()).unwrap_or_default()
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
