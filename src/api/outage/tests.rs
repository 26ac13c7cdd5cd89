//! Services that are unavailable for a while, for ever, or not at all.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures::future::join_all;
use tokio::time::sleep;

use super::*;
use crate::api::{Method, Retrying};
use crate::model::event::{Event, Events, Listener};

/// A service that is unavailable between two moments, and counts the calls it gets in between.
#[derive(Debug)]
struct Service {
    began: Instant,
    away: std::ops::Range<u64>,
    sign: AwaySign,
    asked_while_away: AtomicU32,
    handled: AtomicU32,
}

impl Service {
    fn new(away: std::ops::Range<u64>, sign: AwaySign) -> Arc<Self> {
        let (asked_while_away, handled) = (AtomicU32::new(0), AtomicU32::new(0));
        Arc::new(Self { began: Instant::now(), away, sign, asked_while_away, handled })
    }
}

#[async_trait]
impl Api for Arc<Service> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        sleep(Duration::from_millis(50)).await;
        if self.away.contains(&self.began.elapsed().as_secs()) {
            self.asked_while_away.fetch_add(1, Relaxed);
            let (kind, status) = match self.sign {
                AwaySign::Busy => (ErrorKind::InDoubt, Some(503)),
                _ => (ErrorKind::NotSent, None),
            };
            let error = ApiError::new(call.method, &call.target, kind, "scripted");
            return Err(ApiError { status, away: Some(self.sign), ..error });
        }
        self.handled.fetch_add(1, Relaxed);
        Ok(Reply::new(200, bytes::Bytes::new()))
    }
}

type Stack = Retrying<Patient<Arc<Service>>>;

fn stack(service: &Arc<Service>, meter: &Arc<Meter>) -> Stack {
    let (policy, random) = (RetryPolicy::default(), || fastrand::Rng::with_seed(3));
    let patient = Patient::new(Arc::clone(service), policy, Arc::clone(meter), random());
    Retrying::new(patient, policy, Arc::clone(meter), random())
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

/// Sends a call a second from each of 64 callers for two minutes. Returns the failures.
async fn two_minutes(api: &Stack, method: Method) -> Vec<ApiError> {
    let caller = async |_| {
        let (begun, mut failed) = (Instant::now(), Vec::new());
        while begun.elapsed() < Duration::from_mins(2) {
            failed.extend(api.call(&call(method)).await.err());
            sleep(Duration::from_secs(1)).await;
        }
        failed
    };
    join_all((0..64).map(caller)).await.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_away_for_a_minute_fails_no_call_and_is_asked_by_one() {
    for method in [Method::Get, Method::Post] {
        let service = Service::new(10..70, AwaySign::Unreachable);
        let meter = Arc::new(Meter::new());
        assert!(two_minutes(&stack(&service, &meter), method).await.is_empty());
        let asked = service.asked_while_away.load(Relaxed);
        // The calls that were under way when it became unavailable, and a few questions.
        assert!(asked <= 64 + 16, "{asked}");
        assert!(service.handled.load(Relaxed) > 64 * 45);
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_fails_no_read_and_leaves_in_doubt_only_the_writes_that_were_under_way() {
    let service = Service::new(10..70, AwaySign::Busy);
    assert!(two_minutes(&stack(&service, &Arc::default()), Method::Get).await.is_empty());
    let service = Service::new(10..70, AwaySign::Busy);
    let failed = two_minutes(&stack(&service, &Arc::default()), Method::Post).await;
    assert!(failed.len() <= 64 && failed.iter().all(|error| error.kind == ErrorKind::InDoubt));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_away_is_given_up_after_the_patience_and_then_at_once() {
    let service = Service::new(10..100_000, AwaySign::Unreachable);
    let meter = Arc::default();
    let api = stack(&service, &meter);
    api.call(&call(Method::Get)).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    let gone = Instant::now();
    let results = join_all((0..64).map(|_| async { api.call(&call(Method::Post)).await.unwrap_err() })).await;
    assert!(results.iter().all(|error| error.kind == ErrorKind::Away && error.away.is_none()));
    assert!(results[0].summary.starts_with("the service has been away for 600 s: "), "{}", results[0]);
    let waited = gone.elapsed().as_secs();
    assert!((600..=601).contains(&waited), "{waited}");
    api.call(&call(Method::Get)).await.unwrap_err();
    assert_eq!(gone.elapsed().as_secs(), waited);
    // One question every five to ten seconds.
    let asked = service.asked_while_away.load(Relaxed);
    assert!((64 + 50..64 + 130).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_never_there_is_waited_for_briefly_and_a_name_that_is_not_known_not_at_all() {
    let service = Service::new(0..100_000, AwaySign::Unreachable);
    let begun = Instant::now();
    let error = stack(&service, &Arc::default()).call(&call(Method::Get)).await.unwrap_err();
    assert_eq!((error.kind, error.away), (ErrorKind::Away, Some(AwaySign::NoConnection)));
    assert_eq!(begun.elapsed().as_secs(), 30);
    let service = Service::new(0..100_000, AwaySign::NoConnection);
    let error = stack(&service, &Arc::default()).call(&call(Method::Get)).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::NotSent, 6));
}

#[tokio::test(start_paused = true)]
async fn one_document_that_is_always_answered_with_503_is_no_absence() {
    /// Answers 503 to one path and 200 to all others.
    #[derive(Debug)]
    struct OneBad(AtomicU32);
    #[async_trait]
    impl Api for Arc<OneBad> {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            if call.target == "/v1/imports" {
                self.0.fetch_add(1, Relaxed);
                let error = ApiError::new(call.method, &call.target, ErrorKind::InDoubt, "503");
                return Err(ApiError { status: Some(503), away: Some(AwaySign::Busy), ..error });
            }
            Ok(Reply::new(200, bytes::Bytes::new()))
        }
    }
    let (policy, random, meter) = (RetryPolicy::default(), || fastrand::Rng::with_seed(3), Arc::default());
    let service = Arc::new(OneBad(AtomicU32::new(0)));
    let patient = Patient::new(Arc::clone(&service), policy, Arc::clone(&meter), random());
    let api = Retrying::new(patient, policy, meter, random());
    let begun = Instant::now();
    let error = api.call(&call(Method::Get)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InDoubt);
    assert!(begun.elapsed() < Duration::from_mins(2) && service.0.load(Relaxed) < 40);
}

#[derive(Debug, Default, Clone)]
struct Heard(Arc<Mutex<Vec<Event>>>);

impl Listener for Heard {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn an_absence_is_told_when_it_begins_with_its_end_and_when_it_is_over() {
    let (service, meter) = (Service::new(10..40, AwaySign::Unreachable), Arc::new(Meter::new()));
    let heard = Heard::default();
    meter.listen(&Events::to(vec![Box::new(heard.clone())]));
    let api = stack(&service, &meter);
    api.call(&call(Method::Get)).await.unwrap();
    sleep(Duration::from_secs(11)).await;
    let read = call(Method::Get);
    let waiting = api.call(&read);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    let paused = meter.snapshot().paused.unwrap();
    assert_eq!(paused.reason, "the service is away: scripted");
    waiting.await.unwrap();
    let heard = heard.0.lock().unwrap();
    assert_eq!(heard[0], Event::Paused { until: paused.until, reason: paused.reason });
    assert!(
        matches!(&heard[1], Event::Noted { message } if message.starts_with("the service answers again after "))
    );
    assert_eq!((heard.len(), meter.snapshot().paused), (2, None));
}
