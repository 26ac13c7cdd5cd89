//! The last check before a call is sent: its caller can write an intent for it, or hold it back.
//!
//! A call may wait a long time: for a place, for the budget, for the end of a pause, for the next attempt. Meanwhile
//! its caller may want to stop. The caller of a write must put an intent on disk for a call that is about to be sent,
//! not for one that is waiting. So each attempt asks here once it has its permit.

use tokio::sync::{mpsc, oneshot};

use super::{ApiError, ErrorKind};
use crate::model::cancel::Cancel;

/// Asked right before each attempt of a call is sent. Cheap to clone.
///
/// A call that is held back fails with [`ErrorKind::Withheld`], at once even while it waits for its turn.
#[derive(Debug, Clone)]
pub struct BeforeSend {
    cancel: Cancel,
    attempts: Option<mpsc::Sender<AttemptEvent>>,
    pub(super) goes_ahead: bool,
    pub(super) keeps_answers: bool,
}

/// What the caller of a write learns before its answer arrives.
#[derive(Debug)]
pub enum AttemptEvent {
    /// The call has its permit and is sent as soon as the answer is `true`. `false`, or no answer, holds it back.
    Ready(oneshot::Sender<bool>),
    /// The service did not accept an attempt. The call is tried again: another [`AttemptEvent::Ready`] follows.
    NotTaken {
        /// What the attempt meant: [`ErrorKind::NotSent`] or [`ErrorKind::Throttled`].
        kind: ErrorKind,
        /// The status, if there was an answer.
        status: Option<u16>,
        /// What happened, for people.
        message: String,
        /// How many times it was sent.
        sends: u32,
    },
}

impl BeforeSend {
    /// Holds calls back once nothing new may start.
    pub fn unless_draining(cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), attempts: None, goes_ahead: false, keeps_answers: false }
    }

    /// Holds calls back once nothing new may start, and sends each attempt to the receiver, which has to answer.
    pub fn with_attempts(cancel: &Cancel) -> (Self, mpsc::Receiver<AttemptEvent>) {
        // One call has one attempt at a time.
        let (sender, attempts) = mpsc::channel(1);
        (Self { attempts: Some(sender), ..Self::unless_draining(cancel) }, attempts)
    }

    /// Lets calls go ahead of those that wait for a place or for the budget; at most one waiting call goes first.
    #[must_use]
    pub fn going_ahead(self) -> Self {
        Self { goes_ahead: true, ..self }
    }

    /// Gives each answer of the service to the caller. Otherwise the client waits after a 429 and sends the call again;
    /// but a service may answer 429 after it has acted.
    #[must_use]
    pub fn keeping_answers(self) -> Self {
        Self { keeps_answers: true, ..self }
    }

    /// Asks whether a call may be sent now. The caller has its permit and sends it at once if so.
    pub(super) async fn may_send(&self) -> bool {
        if self.cancel.is_draining() {
            return false;
        }
        let Some(attempts) = &self.attempts else { return true };
        let (answer, may) = oneshot::channel();
        attempts.send(AttemptEvent::Ready(answer)).await.is_ok() && may.await.unwrap_or(false)
    }

    /// Reports that the service did not accept an attempt, which is tried again.
    pub(super) async fn not_taken(&self, error: &ApiError) {
        if let Some(attempts) = &self.attempts {
            let (kind, status, sends) = (error.kind, error.status, error.attempts);
            let message = error.summary.clone();
            // A caller that no longer listens does not need the event.
            let _ = attempts.send(AttemptEvent::NotTaken { kind, status, message, sends }).await;
        }
    }

    /// Waits until calls that are not on the wire are held back.
    pub(super) async fn held_back(&self) {
        self.cancel.draining().await;
    }
}

#[cfg(test)]
mod tests;
