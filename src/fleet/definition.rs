//! `fleet.json`: what a fleet is.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::waves::{assign, share_of};
use crate::job::{Fleet, FleetWave, Job, Limit, StandIn, WaveSize};
use crate::model::Fingerprint;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What a fleet is, as kept in the store. It contains no token, and not the place of one.
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
    /// SHA-256 of each file that the job names, by its path there; absent where an older program began the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, Fingerprint>>,
    /// Which account of the job a row stands for.
    #[serde(rename = "as")]
    pub role: String,
    /// The waves, in order; the last is the rest.
    pub waves: Vec<FleetWave>,
    /// How many accounts that end badly stop the fleet, so that nothing new is begun; absent if none do.
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
    /// What follows the fleet's name in a command, so that the command finds the store where this process runs; empty
    /// if the name alone is enough.
    #[serde(skip)]
    pub beside_name: String,
}

/// An account of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the CSV of accounts, which no other account of the fleet has.
    pub account: String,
    /// The wave it belongs to, from 1.
    pub wave: u32,
    /// A fingerprint of its row: where the account is, and its columns, not where its token comes from. Absent if an
    /// older program began the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Fingerprint>,
}

/// How a fleet differs from another one of its name, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    what: String,
    /// The difference is in the row of an account, which may be corrected in some cases.
    is_of_a_row: bool,
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What tells the job and the files it names, with the row of an account, from other versions of them.
pub(super) fn version(job: &Job, row: &StandIn) -> Fingerprint {
    version_of(Fingerprint::of(job.text.as_bytes()), &files(job), row.fingerprint())
}

fn version_of(job: Fingerprint, files: &BTreeMap<String, Fingerprint>, row: Fingerprint) -> Fingerprint {
    Fingerprint::of(serde_json::json!([job, files, row]).to_string().as_bytes())
}

fn files(job: &Job) -> BTreeMap<String, Fingerprint> {
    job.files.iter().map(|file| (file.written.clone(), file.sha256)).collect()
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
            files: Some(BTreeMap::new()),
            role: "source".to_owned(),
            waves,
            stop: None,
            parallel: 8,
            accounts,
            made_at: Timestamp::UNIX_EPOCH,
            made_by: None,
            beside_name: String::new(),
        }
    }
}

impl Definition {
    /// The definition that a fleet file and its job result in.
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
            files: Some(files(job)),
            role: fleet.role.clone(),
            waves: fleet.waves.clone(),
            stop: fleet.stop,
            parallel: fleet.parallel.get(),
            accounts: accounts
                .map(|(row, wave)| Member {
                    account: row.account.name.clone(),
                    wave,
                    row: Some(row.stand_in(&fleet.role).fingerprint()),
                })
                .collect(),
            made_at,
            made_by,
            beside_name: String::new(),
        }
    }

    /// The fleet as it is named in commands.
    pub fn in_a_command(&self) -> String {
        format!("{}{}", self.name, self.beside_name)
    }

    /// How this fleet differs from another, if they are not the same: their results cannot be mixed then.
    pub fn unlike(&self, other: &Self) -> Option<Unlike> {
        let of_all = |what: &str| Some(Unlike { what: what.to_owned(), is_of_a_row: false });
        if self.job_sha256 != other.job_sha256 {
            return of_all("its job is another, or another version of it");
        }
        if let (Some(own), Some(known)) = (&self.files, &other.files) {
            let changed = own.iter().find(|(name, sha256)| known.get(*name) != Some(sha256));
            if let Some((name, _)) = changed {
                return of_all(&format!("the file {name}, which its job names, was changed"));
            }
        }
        if self.role != other.role {
            return of_all("its accounts stand for another account of the job");
        }
        let names = |fleet: &Self| -> Vec<(String, u32)> {
            fleet.accounts.iter().map(|member| (member.account.clone(), member.wave)).collect()
        };
        if names(self) != names(other) {
            return of_all("it has other accounts or waves");
        }
        if let Some(what) = self.other_approvals(other) {
            return of_all(&what);
        }
        let both = self.accounts.iter().zip(&other.accounts);
        let changed = |(own, known): &(&Member, &Member)| {
            own.row.is_some() && known.row.is_some() && own.row != known.row
        };
        let mut changed = both.filter(changed);
        let (first, _) = changed.next()?;
        let more = match changed.count() {
            0 => String::new(),
            1 => ", and that of 1 other account".to_owned(),
            many => format!(", and those of {many} other accounts"),
        };
        let account = &first.account;
        let what = format!("the row of `{account}` says another place or has other columns{more}");
        Some(Unlike { what, is_of_a_row: true })
    }

    /// The first wave that asks for an approval in one of two fleets and not in the other, in words.
    fn other_approvals(&self, other: &Self) -> Option<String> {
        let asks = |fleet: &Self, at: usize| fleet.waves.get(at).is_some_and(|wave| wave.approve);
        let mut waves = 0..self.waves.len().max(other.waves.len());
        let changed = waves.find(|at| asks(self, *at) != asks(other, *at))?;
        let what = if asks(self, changed) { "added to" } else { "removed from" };
        Some(format!("`approve: true` was {what} wave {}", changed + 1))
    }

    /// Why a fleet of this name cannot be another one, and what to do.
    pub fn refusal(&self, unlike: &Unlike) -> String {
        let resume = if unlike.is_of_a_row {
            "where an account ended badly before it had a plan, let its row change: transship fleet resume FLEET; else "
        } else {
            ""
        };
        format!(
            "the fleet `{}` was begun at {:.0}, and {unlike}: {resume}put it back as it was, or give this one another name with \
             --name",
            self.name, self.made_at
        )
    }

    /// A fingerprint of the job, the files it names and the row of an account; `None` for a fleet that an older
    /// program began.
    pub fn version_of(&self, account: &str) -> Option<Fingerprint> {
        let member = self.accounts.iter().find(|member| member.account == account)?;
        Some(version_of(self.job_sha256, self.files.as_ref()?, member.row?))
    }

    /// The last wave before this one that has accounts, 0 if there is none; and whether it, or an empty wave after
    /// it, asks for an approval.
    pub fn before(&self, wave: u32) -> (u32, bool) {
        let earlier = self.accounts.iter().map(|member| member.wave).filter(|earlier| *earlier < wave);
        let last = earlier.max().unwrap_or(0);
        let waves = (last.max(1)..wave).filter_map(|number| self.waves.get(number as usize - 1));
        (last, waves.into_iter().any(|wave| wave.approve))
    }

    /// How many accounts may end badly, if `stop` says so: the last of them stops the fleet.
    pub fn most_bad(&self) -> Option<usize> {
        self.stop.map(|limit| match limit {
            Limit::Count(count) => count as usize,
            Limit::Share(share) => share_of(share, self.accounts.len()).max(1),
        })
    }

    /// How many accounts a wave has, from 1.
    pub fn size_of(&self, wave: u32) -> usize {
        self.accounts.iter().filter(|member| member.wave == wave).count()
    }
}
