//! The service's clock: what `Date`, `createdAt` and `lastModified` are read from.
//!
//! It starts at a given instant and runs with tokio's time, so a test that pauses time pauses it too.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that may be ahead of or behind the machine's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows the machine's time.
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// A clock that shows `start` now and runs from there.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, started: Instant::now() }
    }

    /// The same clock, moved by `skew`; as it was if that leads out of the calendar.
    #[must_use]
    pub fn skewed(mut self, skew: SignedDuration) -> Self {
        self.start = self.start.checked_add(skew).unwrap_or(self.start);
        self
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }

    /// The present instant as documents show it: ISO 8601, UTC, milliseconds.
    pub fn stamp(&self) -> String {
        iso(self.now())
    }

    /// The present instant as the `Date` header shows it.
    pub fn http_date(&self) -> String {
        let since_1970 = Duration::from_millis(u64::try_from(self.now().as_millisecond()).unwrap_or(0));
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since_1970)
    }
}

/// `instant` in ISO 8601, UTC, with milliseconds.
pub(super) fn iso(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_runs_with_tokios_time_and_shows_milliseconds() {
        let start: Timestamp = "2026-01-02T03:04:05.006Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        tokio::time::advance(std::time::Duration::from_millis(1500)).await;
        assert_eq!(clock.stamp(), "2026-01-02T03:04:06.506Z");
        assert_eq!(clock.http_date(), "Fri, 02 Jan 2026 03:04:06 GMT");
        assert_eq!(clock.skewed(SignedDuration::from_secs(-60)).stamp(), "2026-01-02T03:03:06.506Z");
    }
}
