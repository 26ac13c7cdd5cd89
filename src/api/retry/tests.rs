//! Which calls are sent again, how often, and how long the waits are.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::*;
use crate::api::Method;

/// Answers from a script, and with 200 when the script has ended.
#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<ApiError>>,
    calls: AtomicU32,
}

#[async_trait]
impl Api for Arc<Scripted> {
    async fn call(&self, _: &Call) -> Result<Reply, ApiError> {
        self.calls.fetch_add(1, Relaxed);
        match self.script.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => Ok(Reply::new(200, bytes::Bytes::new())),
        }
    }
}

fn failure(kind: ErrorKind) -> ApiError {
    ApiError::new(Method::Get, "/v1/imports", kind, "scripted")
}

fn retrying(script: impl IntoIterator<Item = ApiError>) -> (Arc<Scripted>, Retrying<Arc<Scripted>>) {
    let inner =
        Arc::new(Scripted { script: Mutex::new(script.into_iter().collect()), ..Scripted::default() });
    let random = fastrand::Rng::with_seed(5);
    let meter = Arc::new(Meter::new());
    (Arc::clone(&inner), Retrying::new(inner, RetryPolicy::default(), meter, random))
}

fn call(method: Method) -> Call {
    Call {
        method,
        target: "/v1/imports".to_owned(),
        body: None,
        purpose: "test",
        can_be_halved: false,
        before_send: None,
    }
}

/// How often a call is sent when it fails with `kind` three times over.
async fn check(method: Method, kind: ErrorKind, sent: u32) {
    let (inner, api) = retrying((0..3).map(|_| failure(kind)));
    let result = api.call(&call(method)).await;
    assert_eq!(inner.calls.load(Relaxed), sent, "{method:?} {kind:?}");
    let attempts = result.map_or_else(|error| error.attempts, |reply| reply.attempts);
    assert_eq!(attempts, sent, "attempts of {method:?} {kind:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_or_was_throttled_is_sent_again_whatever_its_verb() {
    for method in [Method::Get, Method::Post, Method::Put, Method::Delete] {
        check(method, ErrorKind::NotSent, 4).await;
        check(method, ErrorKind::Throttled, 4).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_polite_end_of_a_connection_costs_neither_time_nor_attempts() {
    let ended = || ApiError { retry_after: Some(Duration::ZERO), ..failure(ErrorKind::NotSent) };
    let start = Instant::now();
    let (inner, api) = retrying((0..15).map(|_| ended()));
    assert_eq!(api.call(&call(Method::Post)).await.unwrap().attempts, 16);
    assert_eq!((inner.calls.load(Relaxed), start.elapsed()), (16, Duration::ZERO));
    let (inner, api) = retrying((0..100).map(|_| ended()));
    assert_eq!(api.call(&call(Method::Post)).await.unwrap_err().kind, ErrorKind::NotSent);
    assert_eq!(inner.calls.load(Relaxed), 26, "a service that only ends connections is not called for ever");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_told_at_once() {
    let redirect = ApiError { status: Some(302), ..failure(ErrorKind::Broken) };
    let (inner, api) = retrying([redirect]);
    assert_eq!(api.call(&call(Method::Get)).await.unwrap_err().status, Some(302));
    assert_eq!(inner.calls.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_doubt_is_sent_again_only_if_it_reads() {
    for kind in [ErrorKind::InDoubt, ErrorKind::Broken] {
        check(Method::Get, kind, 4).await;
        for method in [Method::Post, Method::Put, Method::Delete] {
            check(method, kind, 1).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_no_is_a_no() {
    for kind in [ErrorKind::Refused, ErrorKind::NotFound, ErrorKind::Unauthorized] {
        check(Method::Get, kind, 1).await;
        check(Method::Post, kind, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_have_an_end() {
    let (inner, api) = retrying((0..50).map(|_| failure(ErrorKind::InDoubt)));
    let error = api.call(&call(Method::Get)).await.unwrap_err();
    assert_eq!((inner.calls.load(Relaxed), error.attempts, error.kind), (6, 6, ErrorKind::InDoubt));
}

#[tokio::test(start_paused = true)]
async fn being_throttled_spends_no_attempts_but_has_an_end_too() {
    let (inner, api) = retrying((0..500).map(|_| failure(ErrorKind::Throttled)));
    let error = api.call(&call(Method::Post)).await.unwrap_err();
    assert_eq!((inner.calls.load(Relaxed), error.kind), (100, ErrorKind::Throttled));

    let mixed = [ErrorKind::Throttled; 20].into_iter().chain([ErrorKind::NotSent; 5]);
    let (_, api) = retrying(mixed.map(failure));
    assert_eq!(api.call(&call(Method::Post)).await.unwrap().attempts, 26);
}

/// Throttles every call, and takes four minutes for each.
#[derive(Debug)]
struct Slow;

#[async_trait]
impl Api for Slow {
    async fn call(&self, _: &Call) -> Result<Reply, ApiError> {
        sleep(Duration::from_mins(4)).await;
        Err(failure(ErrorKind::Throttled))
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_throttled_for_ten_minutes_fails_as_throttled() {
    let api = Retrying::new(Slow, RetryPolicy::default(), Arc::default(), fastrand::Rng::with_seed(1));
    let error = api.call(&call(Method::Post)).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Throttled, 4));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_cannot_be_sent_is_not_tried_again() {
    let (inner, api) = retrying([ApiError { attempts: 0, ..failure(ErrorKind::Broken) }]);
    assert_eq!(api.call(&call(Method::Get)).await.unwrap_err().attempts, 0);
    assert_eq!(inner.calls.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_service_is_left_alone_for_as_long_as_it_asks() {
    let overloaded = ApiError {
        status: Some(503),
        retry_after: Some(Duration::from_secs(40)),
        ..failure(ErrorKind::InDoubt)
    };
    let (_, api) = retrying([overloaded]);
    let start = Instant::now();
    api.call(&call(Method::Get)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_waits_the_same_time() {
    let wait = || async {
        let (_, api) = retrying((0..5).map(|_| failure(ErrorKind::NotSent)));
        let start = Instant::now();
        api.call(&call(Method::Post)).await.unwrap();
        start.elapsed()
    };
    let (first, second) = (wait().await, wait().await);
    assert_eq!(first, second);
    assert!(!first.is_zero());
}

#[test]
fn back_off_must_stay_finite_and_below_its_cap() {
    let extremes = [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(500), Duration::MAX];
    for base in extremes {
        for cap in extremes {
            for random in [0.0, 0.5, 1.0, f64::NAN.max(0.3)] {
                let mut delays = Delays::new(RetryPolicy { base, cap, ..RetryPolicy::default() });
                for _ in 0..2000 {
                    let delay = delays.next(random);
                    assert!(delay <= cap, "{base:?} {cap:?} {random}: {delay:?}");
                }
            }
        }
    }
}

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_the_jitter_is_full() {
    let mut top = Delays::new(RetryPolicy::default());
    let ceilings: Vec<_> = (0..9).map(|_| top.next(1.0).as_millis()).collect();
    assert_eq!(ceilings, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    let mut bottom = Delays::new(RetryPolicy::default());
    assert!((0..9).all(|_| bottom.next(0.0).is_zero()));
}
