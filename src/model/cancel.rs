//! Stopping: drain first, then abort.

use tokio_util::sync::CancellationToken;

/// Tells a run to stop. *Drain*: nothing new starts, and what is in flight finishes. *Abort*: what is in flight is
/// dropped; the journal makes that safe.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Cancel {
    /// Nothing stops yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns one that drains separately, and aborts together with this one: for work that begins after a drain was
    /// cancelled.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { drain: CancellationToken::new(), abort: self.abort.clone() }
    }

    /// Returns one that stops together with this one. Stopping only that one does not stop this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { drain: self.drain.child_token(), abort: self.abort.child_token() }
    }

    /// Asks to drain; the second time, to abort.
    pub fn escalate(&self) {
        if self.drain.is_cancelled() {
            self.abort.cancel();
        }
        self.drain.cancel();
    }

    /// Asks to drain; the second time, nothing changes.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Asks to drain and to abort.
    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Whether nothing new may start.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Whether calls in flight should be dropped.
    pub fn is_aborting(&self) -> bool {
        self.abort.is_cancelled()
    }

    /// Waits until nothing new may start.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only waits.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Waits until calls in flight should be dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only waits.
    pub async fn aborting(&self) {
        self.abort.cancelled().await;
    }
}
