//! The leaky bucket of one account.

use tokio::time::Instant;

/// A bucket of calls that refills at a steady rate.
///
/// Runs with tokio's time. Not shared: the server keeps one per account behind a lock.
#[derive(Debug)]
pub(super) struct Bucket {
    size: f64,
    refill: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// A bucket of `size` calls holding `start` of them, gaining `refill` a second.
    pub(super) fn new(size: f64, refill: f64, start: f64) -> Self {
        Self { size, refill, level: start.min(size), at: Instant::now() }
    }

    /// Takes one call out; false if the bucket is empty.
    pub(super) fn take(&mut self) -> bool {
        self.fill();
        if self.level < 1.0 {
            return false;
        }
        self.level -= 1.0;
        true
    }

    /// Takes `calls` out at once, as somebody else on the same account would; never below empty.
    pub(super) fn drain(&mut self, calls: f64) {
        self.fill();
        self.level = (self.level - calls).max(0.0);
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let gained = now.duration_since(self.at).as_secs_f64() * self.refill;
        self.level = (self.level + gained).min(self.size);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_bucket_gives_its_size_and_then_its_refill() {
        let mut bucket = Bucket::new(1000.0, 300.0, 1000.0);
        assert_eq!((0..2000).filter(|_| bucket.take()).count(), 1000);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((0..2000).filter(|_| bucket.take()).count(), 300);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!((0..2000).filter(|_| bucket.take()).count(), 1000, "never more than its size");
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_else_takes_is_gone() {
        let mut bucket = Bucket::new(10.0, 1.0, 10.0);
        bucket.drain(9.0);
        assert!(bucket.take());
        assert!(!bucket.take());
        bucket.drain(1000.0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(bucket.take(), "a drained bucket is empty, not in debt");
    }
}
