//! Stopping: drain first, then abort.

use tokio_util::sync::CancellationToken;

/// How a run is told to stop. *Drain*: nothing new starts, what is in flight finishes. *Abort*: what is in flight is
/// dropped; the journal makes that safe.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Cancel {
    /// Nothing is to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that drains by itself, and aborts together with this one: for what begins after a drain was taken back.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { drain: CancellationToken::new(), abort: self.abort.clone() }
    }

    /// One that stops together with this one; what stops it alone does not stop this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { drain: self.drain.child_token(), abort: self.abort.child_token() }
    }

    /// Asks to drain; asked again, to abort.
    pub fn escalate(&self) {
        if self.drain.is_cancelled() {
            self.abort.cancel();
        }
        self.drain.cancel();
    }

    /// Asks to drain; asked again, nothing changes.
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

    /// Whether what is in flight is to be dropped.
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

    /// Waits until what is in flight is to be dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only waits.
    pub async fn aborting(&self) {
        self.abort.cancelled().await;
    }
}
