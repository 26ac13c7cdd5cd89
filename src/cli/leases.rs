//! The leases that this process holds in a store that machines share: let go at its end.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fleet::lease::StoreLease;

/// The leases of this process. A clone shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases(Arc<Mutex<Vec<Arc<StoreLease>>>>);

impl Leases {
    pub(super) fn hold(&self, lease: Arc<StoreLease>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lease);
    }

    /// Lets go of all, so that the next run need not wait until they end.
    pub(super) async fn release(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        futures::future::join_all(all.iter().map(|lease| lease.release())).await;
    }
}
