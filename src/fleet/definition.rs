//! `fleet.json`: what a fleet is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::waves::assign;
use crate::job::{Fleet, FleetWave, Job, Limit, WaveSize};
use crate::model::Fingerprint;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What a fleet is, as the store keeps it. It holds no token, and not where one comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The version of the format.
    pub version: u32,
    /// What the fleet is called.
    pub name: String,
    /// `name` of the job.
    pub job: String,
    /// The word of its action.
    pub action: String,
    /// SHA-256 of the job file: every worker runs this one and no other.
    pub job_sha256: Fingerprint,
    /// The job file.
    pub job_text: String,
    /// Which account of the job a row stands for.
    #[serde(rename = "as")]
    pub role: String,
    /// The waves, in order; the last is the rest.
    pub waves: Vec<FleetWave>,
    /// How many accounts that end badly stop the fleet, so that nothing new is begun; absent where none do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Limit>,
    /// How many accounts are done at once, over all workers; at least 1.
    pub parallel: usize,
    /// The accounts, in order.
    pub accounts: Vec<Member>,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom: the user and the machine, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
}

/// An account of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the CSV of accounts, which no other account of the fleet has.
    pub account: String,
    /// The wave it belongs to, from 1.
    pub wave: u32,
}

#[cfg(test)]
impl Definition {
    /// A fleet for tests: these accounts, in these waves.
    pub(super) fn sample(name: &str, accounts: Vec<Member>, waves: Vec<FleetWave>) -> Self {
        Self {
            version: FORMAT,
            name: name.to_owned(),
            job: "remap".to_owned(),
            action: "update".to_owned(),
            job_sha256: Fingerprint::of(b""),
            job_text: String::new(),
            role: "source".to_owned(),
            waves,
            stop: None,
            parallel: 8,
            accounts,
            made_at: Timestamp::UNIX_EPOCH,
            made_by: None,
        }
    }
}

impl Definition {
    /// What a fleet file and its job come to.
    pub fn of(fleet: &Fleet, job: &Job, made_at: Timestamp, made_by: Option<String>) -> Self {
        let fixed: Vec<Option<u32>> = fleet.rows.iter().map(|row| row.wave).collect();
        let sizes: Vec<WaveSize> = fleet.waves.iter().map(|wave| wave.size).collect();
        let accounts = fleet.rows.iter().zip(assign(&fixed, &sizes));
        Self {
            version: FORMAT,
            name: fleet.name.clone(),
            job: job.name.clone(),
            action: job.action.as_str().to_owned(),
            job_sha256: Fingerprint::of(job.text.as_bytes()),
            job_text: job.text.clone(),
            role: fleet.role.clone(),
            waves: fleet.waves.clone(),
            stop: fleet.stop,
            parallel: fleet.parallel.get(),
            accounts: accounts
                .map(|(row, wave)| Member { account: row.account.name.clone(), wave })
                .collect(),
            made_at,
            made_by,
        }
    }

    /// What tells this fleet from that one, if they are not the same: then their results cannot be mixed.
    pub fn unlike(&self, other: &Self) -> Option<&'static str> {
        if self.job_sha256 != other.job_sha256 {
            Some("its job is another, or another version of it")
        } else if self.role != other.role {
            Some("its accounts stand for another account of the job")
        } else if self.accounts != other.accounts {
            Some("it has other accounts or waves")
        } else {
            None
        }
    }

    /// How many accounts a wave has, from 1.
    pub fn size_of(&self, wave: u32) -> usize {
        self.accounts.iter().filter(|member| member.wave == wave).count()
    }
}
