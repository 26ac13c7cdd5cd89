//! Estimates the service's clock from the `Date` of its answers.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// An estimate of the service's clock.
///
/// `Date` has whole seconds, and each answer only says that the service's clock showed that second at some moment
/// between sending and receiving. Many answers narrow it down: the estimate is the intersection of their bounds.
#[derive(Debug, Default)]
pub struct ServerClock(Mutex<Option<Bounds>>);

/// How far the service's clock is ahead of ours: lower and upper bound.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    least: SignedDuration,
    most: SignedDuration,
}

impl ServerClock {
    /// An estimate without data: the service's clock is assumed to equal ours.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns from an answer dated `date`, to a call sent and received at these times of our clock.
    pub fn observe(&self, sent: Timestamp, received: Timestamp, date: Timestamp) {
        let seen = Bounds {
            least: date.duration_since(received),
            most: date.duration_since(sent).saturating_add(SignedDuration::from_secs(1)),
        };
        if seen.least > seen.most {
            return; // Our own clock was set back during the call.
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(match *known {
            Some(old) if old.least.max(seen.least) <= old.most.min(seen.most) => {
                Bounds { least: old.least.max(seen.least), most: old.most.min(seen.most) }
            }
            // Nothing is known yet, or one of the clocks was set: the newer observation counts.
            _ => seen,
        });
    }

    /// The service's time when ours is `now`.
    pub fn estimate(&self, now: Timestamp) -> Timestamp {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.map_or(now, |known| now.saturating_add(known.middle()).unwrap_or(now))
    }

    /// How far the estimate may be off in either direction; `None` if nothing was learned yet.
    pub fn slack(&self) -> Option<SignedDuration> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.map(|known| known.most.saturating_sub(known.least) / 2)
    }
}

impl Bounds {
    fn middle(self) -> SignedDuration {
        self.least.saturating_add(self.most.saturating_sub(self.least) / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_clock_an_hour_off_is_found_to_within_the_answers() {
        for hour in [3_600_000, -3_600_000, 0] {
            let clock = ServerClock::new();
            for step in 0..50_i64 {
                let (sent, received) = (step * 130, step * 130 + 40);
                let date = (received - 20 + hour).div_euclid(1000) * 1000;
                clock.observe(at(sent), at(received), at(date));
            }
            let error = clock.estimate(at(9000)).duration_since(at(9000 + hour)).abs();
            assert!(error <= SignedDuration::from_millis(60), "{hour}: {error:?}");
            assert!(clock.slack().unwrap() <= SignedDuration::from_millis(60));
        }
    }

    #[test]
    fn a_clock_that_is_set_is_followed() {
        let clock = ServerClock::new();
        clock.observe(at(0), at(10), at(0));
        clock.observe(at(1000), at(1010), at(7_201_000));
        let ahead = clock.estimate(at(0)).duration_since(at(0));
        assert!(
            (SignedDuration::from_secs(7199)..SignedDuration::from_secs(7202)).contains(&ahead),
            "{ahead:?}"
        );
    }

    #[test]
    fn before_the_first_answer_the_service_is_taken_to_have_our_time() {
        assert_eq!(ServerClock::new().estimate(at(5)), at(5));
        assert_eq!(ServerClock::new().slack(), None);
    }
}
