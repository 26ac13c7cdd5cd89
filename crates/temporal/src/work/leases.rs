//! Watches the leases of a store while its fleets are running. When a worker dies, whoever takes over its accounts has seen its leases
//! already, and does not begin to wait only then.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use transship::fleet::Objects;
use transship::fleet::lease::{LOOK, Sightings};

/// How long after something was asked of this worker it looks. The last accounts of a wave may take long on other workers; the
/// leases of what dies later are watched by whoever takes it over.
const UNDER_WAY: Duration = Duration::from_hours(1);

/// The leases of a store.
#[derive(Debug)]
pub(super) struct Leases {
    /// Since when each is seen unchanged here.
    pub sightings: Sightings,
    /// When something of a fleet of the store was asked of this worker last, or ran here.
    asked: Mutex<Instant>,
}

impl Leases {
    /// Begins to look at them.
    pub(super) fn watch(objects: Objects) -> Arc<Self> {
        let leases = Arc::new(Self { sightings: Sightings::default(), asked: Mutex::new(Instant::now()) });
        let weak: Weak<Self> = Arc::downgrade(&leases);
        tokio::spawn(async move {
            let mut look = interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                look.tick().await;
                let Some(leases) = weak.upgrade() else { return };
                if leases.asked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < UNDER_WAY {
                    leases.sightings.look(&objects).await;
                }
            }
        });
        leases
    }

    /// A fleet of the store is under way.
    pub(super) fn touch(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}
