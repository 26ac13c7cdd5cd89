//! Writes without a thread: for tests with paused time, in which every step is repeatable.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::JournalError;
use super::disk::{Halt, Message, Writer};

/// A writer that runs in the thread of its callers.
pub(super) struct Inline(Mutex<State>);

struct State {
    writer: Writer,
    halt: Halt,
    written: u64,
    /// Records that nobody waits for, and that a killed process loses.
    notes: Vec<Message>,
}

impl Inline {
    pub(super) fn new(writer: Writer, halt: Halt) -> Self {
        Self(Mutex::new(State { writer, halt, written: 0, notes: Vec::new() }))
    }

    /// Writes a record and what was noted before it. Never returns once the journal has stopped.
    pub(super) async fn append(&self, message: Message) -> Result<(), JournalError> {
        let done = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.notes.push(message);
            state.flush()?
        };
        if !done {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Keeps a record until the next one that is waited for.
    pub(super) fn note(&self, message: Message) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).notes.push(message);
    }

    /// Writes the remaining records.
    pub(super) fn close(&self) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush().map(drop)
    }
}

impl State {
    /// Writes the kept records; `false` once the journal has stopped.
    fn flush(&mut self) -> Result<bool, JournalError> {
        let mut batch = std::mem::take(&mut self.notes);
        if let Some(after) = self.halt.after {
            let left = usize::try_from(after.saturating_sub(self.written)).unwrap_or(usize::MAX);
            batch.truncate(left);
        }
        if !batch.is_empty() {
            self.writer.write(&mut batch)?;
            self.written += batch.len() as u64;
        }
        let stopped = self.halt.after.is_some_and(|after| self.written >= after);
        if stopped {
            self.halt.halted.cancel();
        }
        Ok(!stopped)
    }
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inline")
    }
}
