//! Copies that appeared after a run was over: the next command that works on the run looks for them and records them
//! in its journal.

use std::collections::{BTreeMap, HashSet};

use super::execute::report_on;
use super::runs::OpenedRun;
use super::{Session, SessionError};
use crate::executor::{LateLook, late_copies};
use crate::journal::{Copy, Costs, Ending, Entry, Journal};
use crate::run_folder::rows::rows;

impl Session {
    /// Looks for copies of what a finished run made, records those that its journal lacks, and then writes its report
    /// again. Returns the run and the copies.
    ///
    /// The caller holds the lock of the run.
    pub(super) async fn find_late_copies(
        &self,
        run: OpenedRun,
    ) -> Result<(OpenedRun, Vec<Copy>), SessionError> {
        let OpenedRun { folder, plan, states, .. } = &run;
        let (target, other_runs) = (self.target_account(), &*self.options.other_runs);
        let look = LateLook { plan, folder, states, target, other_runs };
        let mut copies = self.unless_stopped(late_copies(look)).await?;
        if !copies.is_empty() {
            // What an item found in its place, and left to whoever made it, is told with that item.
            let mut found = HashSet::new();
            rows(folder, plan, states, |row| {
                found.extend(row.target_id);
                Ok(())
            })?;
            copies.retain(|copy| !found.contains(&copy.id));
        }
        let is_new = |copy: &&Copy| run.record.copies.iter().all(|known| known.id != copy.id);
        let new: Vec<Copy> = copies.iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return Ok((run, copies));
        }
        let options = self.options.journal.clone();
        let journal = Journal::reopen(&run.folder.journal(), &run.folder.before(), &run.replay, options)?;
        for copy in new {
            journal.note(Entry::CopyFound(copy)).await?;
        }
        let (ending, calls, costs) = (Ending::Finished, BTreeMap::default(), Costs::default());
        let closed =
            Entry::Closed { ending, calls, throttled: 0, millis: 0, costs, reason: None, waits_for: None };
        journal.append(closed, None).await?;
        journal.close()?;
        let path = run.folder.path().to_owned();
        report_on(run.folder, run.plan).await?;
        Ok((OpenedRun::open(&path)?, copies))
    }
}
