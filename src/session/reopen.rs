//! Reopens a run: its journal is opened again, or the run is refused because of what its journal lost.

use super::runs::OpenedRun;
use super::{SessionError, TOOL};
use crate::job::Settings;
use crate::journal::{Entry, FORMAT, ItemState, Journal, JournalError, JournalOptions};
use crate::model::ItemKey;
use crate::model::shown::shell_word;
use crate::run_folder::{PlanHead, RunFolderError};

impl OpenedRun {
    /// The head of its plan, with tokens from where these settings say: the places of tokens may change.
    pub fn head_with_tokens_of(&self, settings: &Settings) -> PlanHead {
        let head = self.plan.head();
        PlanHead { settings: head.settings.with_tokens_of(settings), ..head.clone() }
    }

    /// Opens its journal again, to continue the run.
    pub(super) async fn reopen(&self, options: &JournalOptions) -> Result<Journal, SessionError> {
        let (path, before) = (self.folder.journal(), self.folder.before());
        resumed(Journal::reopen(&path, &before, &self.replay, options.clone())?).await
    }

    /// Does the same for a run in which nothing is overwritten or removed any more.
    pub(super) async fn reopen_to_note(&self, options: &JournalOptions) -> Result<Journal, SessionError> {
        let (path, before) = (self.folder.journal(), self.folder.before());
        resumed(Journal::reopen_to_note(&path, &before, &self.replay, options.clone())?).await
    }

    /// How many of its calls have an unknown effect.
    pub(super) fn doubts(&self) -> usize {
        self.states.states().filter(|state| matches!(state, ItemState::InDoubt { .. })).count()
    }

    /// What is in doubt must be looked up before anything is built on the run.
    pub(super) fn refuse_unfinished(&self) -> Result<(), SessionError> {
        if self.record.ending.is_none() || self.doubts() > 0 {
            return Err(SessionError::Refused(format!(
                "this run was cut off, and it is not known what it did last: first `transship resume {}`",
                shell_word(&self.folder.path().display().to_string())
            )));
        }
        Ok(())
    }

    /// Refuses a run whose journal lacks its end, according to summary.json: records of writes may be missing too,
    /// and an undo would silently leave these imports. A resume finds out by itself.
    pub(super) fn refuse_lost_end(&self) -> Result<(), SessionError> {
        if !self.record.lacks_reported || self.record.is_finished() {
            return Ok(());
        }
        let open = |state: &ItemState| matches!(state, ItemState::Untouched | ItemState::InDoubt { .. });
        for (key, _) in (1..).map(ItemKey).zip(self.states.states()).filter(|(_, state)| open(state)) {
            if self.plan.item(key)?.is_work() {
                let message = "its end was lost: summary.json knows a record that is not there; put the file back from a \
                               copy, or remove summary.json to undo what is left";
                let (path, line) = (self.folder.journal(), self.replay.next + 1);
                let damaged = JournalError::Damaged { path, line, message: message.to_owned() };
                return Err(RunFolderError::Journal(damaged).into());
            }
        }
        Ok(())
    }
}

async fn resumed(journal: Journal) -> Result<Journal, SessionError> {
    journal.append(Entry::Resumed { tool: TOOL.to_owned(), format: FORMAT }, None).await?;
    Ok(journal)
}
