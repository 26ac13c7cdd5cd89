//! The calls of runs that were cut off: a new run of the same target waits until none of them can be executing any more.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::runs::OpenedRun;
use super::{Session, SessionError};
use crate::inventory::error::EngineError;
use crate::model::event::{Event, Events};
use crate::model::shown::{count, shell_word};
use crate::run_folder::RunFolder;
use crate::run_folder::staging::parent_of;

impl Session {
    /// Waits until what the runs beside `place` sent to the target without an answer can no longer be executing, and tells of
    /// them: what a call makes after the new plan has looked would be made twice. The lock of the target is held, so nobody
    /// writes these runs. What is in doubt in the run at `place` itself is looked up by whoever goes on with it.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub(super) async fn wait_for_open_calls(
        &self,
        place: &Path,
        events: &Events,
    ) -> Result<(), SessionError> {
        let runs = parent_of(place).to_owned();
        let since = SystemTime::from(self.host.clock.now()).checked_sub(self.options.grace_period);
        let recent = tokio::task::spawn_blocking(move || since.map(|since| written_since(&runs, since)));
        for path in recent.await.ok().flatten().unwrap_or_default() {
            if path.file_name() == place.file_name() {
                continue;
            }
            // One that cannot be read is told by every command that names it.
            let Ok(run) = OpenedRun::open(&path) else { continue };
            let is_here = run.plan.head().target.is_the_account(&self.target_account().facts);
            let open = run.doubts();
            if !is_here || open == 0 || run.record.writer.is_some() {
                continue;
            }
            let calls = count(open as u64, "call", "calls");
            let folder = path.display().to_string();
            let folder = shell_word(&folder);
            events.emit(&Event::Noted {
                message: format!(
                    "the run {folder} was cut off with {calls} in doubt: `transship resume {folder}` settles it"
                ),
            });
            let Some(until) = last_end(&run, self.options.grace_period) else { continue };
            self.unless_stopped(self.wait_until(
                until,
                &format!("{calls} of the run {folder} to end"),
                events,
            ))
            .await?;
        }
        Ok(())
    }

    async fn wait_until(&self, until: Timestamp, what: &str, events: &Events) -> Result<(), EngineError> {
        if let Ok(left) = Duration::try_from(until.duration_since(self.host.clock.now())) {
            events.emit(&Event::Waiting { until, what: what.to_owned() });
            tokio::time::sleep(left).await;
        }
        Ok(())
    }
}

/// When the last call of a run that was cut off can no longer be executing.
fn last_end(run: &OpenedRun, grace_period: Duration) -> Option<Timestamp> {
    run.record.last_at?.checked_add(SignedDuration::try_from(grace_period).ok()?).ok()
}

/// The folders of runs whose journal was written to since then.
fn written_since(runs: &Path, since: SystemTime) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let is_recent = |path: &PathBuf| {
        let journal = std::fs::metadata(RunFolder::at(path).journal());
        journal.and_then(|file| file.modified()).is_ok_and(|written| written >= since)
    };
    let mut recent: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_recent).collect();
    recent.sort_unstable();
    recent
}
