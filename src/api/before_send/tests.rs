//! Calls whose caller is asked before each attempt, and calls that are held back while they wait.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::api::{
    Api, Budget, BudgetOptions, Call, Client, Concurrency, Meter, Reply, RetryPolicy, Retrying, ServerClock,
    Throttled,
};
use crate::model::Id;
use crate::model::time::Clock;

/// A service that gives each attempt the next of its answers, and success after the last.
#[derive(Debug, Default)]
struct Service {
    answers: std::sync::Mutex<Vec<ErrorKind>>,
    asked: AtomicU32,
    takes: Duration,
}

#[async_trait]
impl Api for Arc<Service> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        self.asked.fetch_add(1, SeqCst);
        sleep(self.takes).await;
        let failure = { self.answers.lock().unwrap().pop() };
        if let Some(kind) = failure {
            Err(ApiError::new(call.method, &call.target, kind, "no"))
        } else {
            let body = Bytes::from_static(br#"{"_id":"x","name":"n"}"#);
            Ok(Reply::new(201, body))
        }
    }
}

fn client(service: &Arc<Service>, per_second: f64) -> Client {
    let options = BudgetOptions { per_second, burst: 1, share: 1.0 };
    let budget = Arc::new(Budget::new(options, fastrand::Rng::with_seed(1)).unwrap());
    let meter = Arc::new(Meter::new());
    let clocks = (Clock::ticking(jiff::Timestamp::UNIX_EPOCH), Arc::new(ServerClock::new()));
    let throttled =
        Throttled::new(Arc::clone(service), budget, Concurrency::Auto, Arc::clone(&meter), clocks);
    let policy = RetryPolicy {
        attempts: NonZeroU32::new(3).unwrap(),
        base: Duration::from_secs(20),
        cap: Duration::from_secs(20),
        ..RetryPolicy::default()
    };
    Client::new(Arc::new(Retrying::new(throttled, policy, meter, fastrand::Rng::with_seed(1))))
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}

#[test]
fn the_caller_is_asked_once_the_call_has_its_permit_and_the_call_is_sent_once_it_has_answered() {
    paused(async {
        let service = Arc::new(Service::default());
        let plain = client(&service, 1.0);
        plain.get("imports", &Id::from("x")).await.unwrap();
        let (before_send, mut attempts) = BeforeSend::with_attempts(&Cancel::new());
        let asking = plain.asking(before_send);
        let began = Instant::now();
        let call = asking.create("imports", Bytes::from_static(b"{}"));
        let answering = async {
            let Some(AttemptEvent::Ready(may_send)) = attempts.recv().await else {
                panic!("the caller was not asked")
            };
            assert!(began.elapsed() >= Duration::from_millis(900), "the permit comes first");
            sleep(Duration::from_secs(5)).await;
            assert_eq!(service.asked.load(SeqCst), 1, "it waits for the answer");
            may_send.send(true).unwrap();
        };
        let (created, ()) = tokio::join!(call, answering);
        created.unwrap();
        assert_eq!(service.asked.load(SeqCst), 2);
    });
}

#[test]
fn the_caller_is_asked_before_each_attempt_of_a_write() {
    paused(async {
        let service = Arc::new(Service::default());
        *service.answers.lock().unwrap() = vec![ErrorKind::Throttled, ErrorKind::NotSent];
        let (before_send, mut attempts) = BeforeSend::with_attempts(&Cancel::new());
        let client = client(&service, f64::INFINITY).asking(before_send);
        let mut heard = Vec::new();
        let call = client.create("imports", Bytes::from_static(b"{}"));
        tokio::pin!(call);
        let created = loop {
            tokio::select! {
                biased;
                Some(attempt) = attempts.recv() => match attempt {
                    AttemptEvent::Ready(may_send) => {
                        heard.push(None);
                        may_send.send(true).unwrap();
                    }
                    AttemptEvent::NotTaken { kind, .. } => heard.push(Some(kind)),
                },
                created = &mut call => break created.unwrap(),
            }
        };
        assert_eq!(heard, [None, Some(ErrorKind::NotSent), None, Some(ErrorKind::Throttled), None]);
        assert_eq!(created.attempts, 3);
    });
}

#[test]
fn what_is_held_back_was_never_sent() {
    paused(async {
        let service = Arc::new(Service::default());
        let (before_send, mut attempts) = BeforeSend::with_attempts(&Cancel::new());
        let client = client(&service, f64::INFINITY).asking(before_send);
        let call = client.create("imports", Bytes::from_static(b"{}"));
        let answering = async {
            let Some(AttemptEvent::Ready(may_send)) = attempts.recv().await else {
                panic!("the caller was not asked")
            };
            may_send.send(false).unwrap();
        };
        let (held_back, ()) = tokio::join!(call, answering);
        let error = held_back.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::Withheld, 0));
        assert_eq!(service.asked.load(SeqCst), 0);
    });
}

#[test]
fn whoever_waits_for_a_permit_or_for_the_next_attempt_is_held_back_at_once() {
    for answers in [vec![], vec![ErrorKind::NotSent]] {
        paused(async {
            let service = Arc::new(Service::default());
            let cancel = Cancel::new();
            let plain = client(&service, 0.1);
            plain.get("imports", &Id::from("x")).await.unwrap();
            let sent_before = if answers.is_empty() { 1 } else { 2 };
            *service.answers.lock().unwrap() = answers.clone();
            let stopping = plain.asking(BeforeSend::unless_draining(&cancel));
            let id = Id::from("x");
            let call = stopping.get("imports", &id);
            tokio::pin!(call);
            // The time until it waits: for the permit (10 s), or, after its first attempt, for the second.
            let wait = if answers.is_empty() { 1 } else { 11 };
            assert!(timeout(Duration::from_secs(wait), &mut call).await.is_err());
            cancel.drain();
            let began = Instant::now();
            assert_eq!(call.await.unwrap_err().kind, ErrorKind::Withheld);
            assert_eq!(began.elapsed(), Duration::ZERO);
            assert_eq!(service.asked.load(SeqCst), sent_before);
        });
    }
}

#[test]
fn what_is_on_the_wire_is_awaited() {
    paused(async {
        let service = Arc::new(Service { takes: Duration::from_secs(3), ..Service::default() });
        let cancel = Cancel::new();
        let client = client(&service, f64::INFINITY).asking(BeforeSend::unless_draining(&cancel));
        let id = Id::from("x");
        let call = client.get("imports", &id);
        tokio::pin!(call);
        assert!(timeout(Duration::from_secs(1), &mut call).await.is_err());
        cancel.drain();
        assert_eq!(call.await.unwrap().head.id, id);
    });
}
