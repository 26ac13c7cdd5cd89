//! Time as a parameter: nobody below `cli/` asks the machine what time it is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// Tells the time of day; the machine's own, or one that a test sets.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that starts at `start` and goes one millisecond on with every look: times are distinct and repeatable.
    pub fn ticking(start: Timestamp) -> Self {
        let next = Mutex::new(start);
        Self::new(move || {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = *next;
            *next = now + jiff::SignedDuration::from_millis(1);
            now
        })
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl From<Clock> for transship_archive::Clock {
    fn from(clock: Clock) -> Self {
        Self::new(move || clock.now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// A time as it stands in journals and audits: UTC, with milliseconds.
pub fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
