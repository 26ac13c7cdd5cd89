//! The last check before a call is sent: its caller can write an intent for it, or hold it back.
//!
//! A call waits for its turn in a queue that may be long: for a place, for the budget, for a pause to be over, for the
//! next attempt. Whoever asked for it may want to stop meanwhile, and whoever writes must put an intent on disk for a
//! call that is about to be sent, not for one that waits. So each attempt asks here, with its permit in hand.

use tokio::sync::{mpsc, oneshot};

use super::{ApiError, ErrorKind};
use crate::model::cancel::Cancel;

/// Is asked right before each attempt of a call is sent. Cheap to clone.
///
/// A call that is held back fails with [`ErrorKind::Withheld`], at once also while it waits for its turn.
#[derive(Debug, Clone)]
pub struct BeforeSend {
    cancel: Cancel,
    attempts: Option<mpsc::Sender<AttemptEvent>>,
    pub(super) goes_ahead: bool,
    pub(super) keeps_answers: bool,
}

/// What the caller of a write learns of it before its answer.
#[derive(Debug)]
pub enum AttemptEvent {
    /// The call has its permit and is sent as soon as `true` is answered. `false`, or no answer, holds it back.
    Ready(oneshot::Sender<bool>),
    /// The service did not take an attempt of it, which is tried again: another [`AttemptEvent::Ready`] follows.
    NotTaken {
        /// What the attempt meant: [`ErrorKind::NotSent`] or [`ErrorKind::Throttled`].
        kind: ErrorKind,
        /// The status, if there was an answer.
        status: Option<u16>,
        /// What happened, for people.
        message: String,
        /// Times it was sent.
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

    /// Lets calls go ahead of those that wait for a place or for the budget: at most one of them goes first.
    #[must_use]
    pub fn going_ahead(self) -> Self {
        Self { goes_ahead: true, ..self }
    }

    /// Gives each answer of the service to the caller. Without it a 429 is waited out and the call sent again; but a
    /// service may say 429 after it has acted.
    #[must_use]
    pub fn keeping_answers(self) -> Self {
        Self { keeps_answers: true, ..self }
    }

    /// Asks whether a call may be sent now. The permit is in hand: it is sent at once if so.
    pub(super) async fn may_send(&self) -> bool {
        if self.cancel.is_draining() {
            return false;
        }
        let Some(attempts) = &self.attempts else { return true };
        let (answer, may) = oneshot::channel();
        attempts.send(AttemptEvent::Ready(answer)).await.is_ok() && may.await.unwrap_or(false)
    }

    /// Tells that an attempt was not taken by the service and is tried again.
    pub(super) async fn not_taken(&self, error: &ApiError) {
        if let Some(attempts) = &self.attempts {
            let (kind, status, sends) = (error.kind, error.status, error.attempts);
            let message = error.summary.clone();
            // Whoever does not listen any more does not want to know.
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
