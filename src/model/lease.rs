//! The right to write to a target, which can be lost during a run.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// A right to write that only one process has at a time. It is checked with the permit in hand, right before each write
/// is sent: a process that was suspended for a while must not write to a target that another process has taken over.
pub trait Lease: Debug + Send + Sync {
    /// Whether this process still has it. Answers at once from local knowledge: a deadline on its own monotonic clock,
    /// or a file that it holds open. The clocks of two machines are never compared.
    fn still_held(&self) -> bool;

    /// How it may have been lost, in one clause, such as `the lock file was replaced`.
    fn how_lost(&self) -> String;
}

/// No lease is needed: nobody else can write there, or nothing is written.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysHeld;

impl Lease for AlwaysHeld {
    fn still_held(&self) -> bool {
        true
    }

    fn how_lost(&self) -> String {
        "it cannot be lost".to_owned()
    }
}

/// A lease that expires unless its end is moved by a renewal.
#[derive(Debug)]
pub struct LeaseUntil(Mutex<Instant>);

impl LeaseUntil {
    /// A lease that ends at a moment of the monotonic clock.
    pub fn new(end: Instant) -> Self {
        Self(Mutex::new(end))
    }

    /// Moves its end after a renewal was answered, to a time to live after that renewal was *sent*. An expired lease
    /// stays expired, because another process may have taken it.
    pub fn renew(&self, end: Instant) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() < *until {
            *until = end.max(*until);
        }
    }
}

impl Lease for LeaseUntil {
    fn still_held(&self) -> bool {
        Instant::now() < *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn how_lost(&self) -> String {
        "it was not renewed in time".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_ends_unless_it_is_renewed_and_one_that_ended_does_not_begin_again() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let lease = LeaseUntil::new(now + 30 * second);
        tokio::time::advance(20 * second).await;
        lease.renew(now + 50 * second);
        lease.renew(now + 40 * second);
        tokio::time::advance(29 * second).await;
        assert!(lease.still_held(), "49 s");
        tokio::time::advance(second).await;
        assert!(!lease.still_held(), "50 s");
        lease.renew(now + 100 * second);
        assert!(!lease.still_held(), "another may have it");
    }
}
