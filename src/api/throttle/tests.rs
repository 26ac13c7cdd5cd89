//! How the budget and the gate work with a service whose bucket others use too.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

use super::*;
use crate::api::{BudgetOptions, Method, RetryPolicy, Retrying};

fn paused<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// The service's side: a bucket of 1,000 that refills by 300 a second, and that other clients use too.
#[derive(Debug)]
struct Service {
    bucket: Mutex<(f64, Instant)>,
    refill: f64,
    refused: AtomicU32,
    answered: AtomicU32,
}

impl Service {
    fn new(level: f64, refill: f64) -> Self {
        let bucket = Mutex::new((level, Instant::now()));
        Self { bucket, refill, refused: AtomicU32::new(0), answered: AtomicU32::new(0) }
    }
}

#[async_trait]
impl Api for Arc<Service> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        sleep(Duration::from_millis(25)).await;
        let accepted = {
            let mut bucket = self.bucket.lock().unwrap();
            let now = Instant::now();
            let level = (bucket.0 + (now - bucket.1).as_secs_f64() * self.refill).min(1000.0);
            *bucket = if level >= 1.0 { (level - 1.0, now) } else { (level, now) };
            level >= 1.0
        };
        sleep(Duration::from_millis(25)).await;
        if accepted {
            self.answered.fetch_add(1, Relaxed);
            return Ok(Reply::new(200, bytes::Bytes::new()));
        }
        self.refused.fetch_add(1, Relaxed);
        let error = ApiError::new(call.method, &call.target, ErrorKind::Throttled, "slow down");
        Err(ApiError { status: Some(429), retry_after: Some(Duration::from_secs(2)), ..error })
    }
}

/// Sends `calls`, 64 at a time. Returns the time in seconds and the share of 429s.
fn run(level: f64, refill: f64, concurrency: Concurrency, calls: u32) -> (f64, f64) {
    paused(async {
        let service = Arc::new(Service::new(level, refill));
        let meter = Arc::new(Meter::new());
        let clocks = (Clock::ticking(jiff::Timestamp::UNIX_EPOCH), Arc::new(ServerClock::new()));
        let budget = Arc::new(budget_of_300());
        let throttled = Throttled::new(Arc::clone(&service), budget, concurrency, Arc::clone(&meter), clocks);
        let api = Retrying::new(throttled, RetryPolicy::default(), meter, fastrand::Rng::with_seed(3));
        let (method, target) = (Method::Post, "/v1/imports".to_owned());
        let call = Call {
            method,
            target,
            body: None,
            purpose: "create import",
            can_be_halved: false,
            before_send: None,
        };
        let next = AtomicU32::new(0);
        let start = Instant::now();
        join_all((0..64).map(|_| async {
            while next.fetch_add(1, Relaxed) < calls {
                api.call(&call).await.unwrap();
            }
        }))
        .await;
        assert_eq!(service.answered.load(Relaxed), calls);
        let refused = f64::from(service.refused.load(Relaxed));
        (start.elapsed().as_secs_f64(), refused / f64::from(calls))
    })
}

#[test]
fn a_service_of_our_own_is_used_to_the_full_without_one_429() {
    for concurrency in [Concurrency::Auto, Concurrency::Fixed(NonZeroUsize::new(64).unwrap())] {
        let (took, refused) = run(1000.0, 300.0, concurrency, 10_200);
        let floor = 9200.0 / 300.0;
        assert!(took <= floor * 1.03, "{took}");
        assert!(refused == 0.0);
    }
}

#[test]
fn a_bucket_empty_at_the_start_costs_few_429s() {
    for concurrency in [Concurrency::Auto, Concurrency::Fixed(NonZeroUsize::new(64).unwrap())] {
        let (took, refused) = run(0.0, 300.0, concurrency, 10_200);
        let floor = 10_200.0 / 300.0;
        assert!(took <= floor * 1.05 && refused <= 0.003, "{took} {refused}");
    }
}

#[test]
fn a_bucket_that_somebody_else_uses_too_is_shared_without_a_storm() {
    for concurrency in [Concurrency::Auto, Concurrency::Fixed(NonZeroUsize::new(64).unwrap())] {
        let (took, refused) = run(1000.0, 200.0, concurrency, 10_200);
        let floor = 9200.0 / 200.0;
        assert!(took <= floor * 1.05 && refused <= 0.01, "{took} {refused}");
    }
}

fn budget_of_300() -> Budget {
    let options = BudgetOptions { per_second: 300.0, burst: 1000, share: 1.0 };
    Budget::new(options, fastrand::Rng::with_seed(7)).unwrap()
}
