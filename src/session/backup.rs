//! What a backup has that other runs do not: many accounts, and a prune at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::archives::{IfAbsent, key_of, open_for_job};
use super::{Host, SessionError, unless_stopped};
use crate::archive::{ArchiveError, Policy, PruneReport, Series};
use crate::job::{self, AccountPlace, Job, Keep, Settings};
use crate::model::cancel::Cancel;

/// How long a prune waits for one of the whole archive.
const PATIENCE: Duration = Duration::from_mins(1);

/// The settings of a job for one of its accounts.
pub fn of_account(settings: &Settings, account: &job::Account) -> Settings {
    let mut settings = settings.clone();
    settings.source = account.clone();
    if let AccountPlace::Archive { of, of_origin, .. } = &mut settings.target.place {
        of.clone_from(&account.name);
        *of_origin = account.place.origin();
    }
    settings
}

/// The settings of a job, once for each of its accounts.
pub fn each(job: &Job, settings: Settings) -> Vec<Settings> {
    if job.sources.is_empty() {
        return vec![settings];
    }
    job.sources.iter().map(|account| of_account(&settings, account)).collect()
}

/// Removes the snapshots of these accounts that the job made, or another with the same selection, and that its `keep` does not
/// keep; `None` where the job keeps all.
///
/// Backups of other accounts into the same archive go on meanwhile. Waits up to a minute for a prune of the whole archive.
///
/// # Errors
///
/// The archive cannot be read or written, is still in use, or an interruption.
///
/// # Cancel safety
///
/// Dropping the future leaves an archive that is whole.
pub async fn prune(
    host: &Host,
    settings: &Settings,
    accounts: &[job::Account],
    cancel: &Cancel,
) -> Result<Option<PruneReport>, SessionError> {
    let keep = settings.backup.as_ref().and_then(|backup| backup.keep.as_ref());
    let (Some(keep), AccountPlace::Archive { place, .. }) = (keep, &settings.target.place) else {
        return Ok(None);
    };
    let selection = settings.backup.as_ref().and_then(|backup| backup.selection.clone());
    let series = accounts.iter().filter_map(|account| {
        let (account, origin) = (account.name.clone(), account.place.origin()?);
        Some(Series { account, origin, selection: selection.clone() })
    });
    let series: BTreeSet<Series> = series.collect();
    let key = key_of(host, &settings.target)?;
    let archive = open_for_job(host, place, key, IfAbsent::Fail).await?;
    let began = tokio::time::Instant::now();
    let pruning = async {
        loop {
            match archive.prune_own(policy(keep), series.clone()).await {
                // Somebody prunes the whole archive, or sweeps it.
                Err(ArchiveError::Busy { .. }) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                pruned => return pruned,
            }
        }
    };
    unless_stopped(cancel, pruning).await.map(Some)
}

/// The rules of `keep` in the form of the archive.
pub fn policy(keep: &Keep) -> Policy {
    Policy {
        last: keep.last.unwrap_or(0),
        daily: keep.daily.unwrap_or(0),
        weekly: keep.weekly.unwrap_or(0),
        monthly: keep.monthly.unwrap_or(0),
        yearly: keep.yearly.unwrap_or(0),
        tags: keep.tags.clone(),
    }
}
