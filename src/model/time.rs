//! Time as a parameter: nothing below `cli/` reads the machine's clock.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// A clock: the machine's own, or one that a test sets.
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

    /// A clock that starts at `start` and advances one millisecond each time it is read: times are distinct and
    /// repeatable.
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

/// A time in the form of the audit: UTC, with milliseconds.
pub fn stamp(time: Timestamp) -> String {
    const WITH_MILLIS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    WITH_MILLIS.timestamp_to_string(&time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_milliseconds_cut_and_not_rounded() {
        for (nanoseconds, stamped) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_999_999, "1970-01-01T00:00:00.001Z"),
            (999_999_999, "1970-01-01T00:00:00.999Z"),
            (1_767_225_599_120_000_000, "2025-12-31T23:59:59.120Z"),
        ] {
            assert_eq!(stamp(Timestamp::from_nanosecond(nanoseconds).unwrap()), stamped);
        }
    }
}
