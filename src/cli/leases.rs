//! The leases that this process holds in a shared store: released when it ends.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fleet::lease::{SharedLease, StoreLease};

/// The leases of this process. A clone shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    own: Vec<Arc<StoreLease>>,
    shared: Vec<Arc<SharedLease>>,
}

impl Leases {
    pub(super) fn hold(&self, lease: Arc<StoreLease>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).own.push(lease);
    }

    pub(super) fn share(&self, lease: Arc<SharedLease>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shared.push(lease);
    }

    /// Releases all of them, so that the next run need not wait until they expire.
    pub(super) async fn release(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let own = futures::future::join_all(all.own.iter().map(|lease| lease.release()));
        let shared = futures::future::join_all(all.shared.iter().map(|lease| lease.release()));
        futures::future::join(own, shared).await;
    }
}
