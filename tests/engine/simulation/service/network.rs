//! The way to the service and back: what becomes of each call, decided by the seed.

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::time::{Instant, sleep};
use transship::api::{Api, ApiError, Call, ErrorKind, Method, Problem, Reply};

use super::endpoints::effect_of;
use super::state::key_of;
use super::{Sent, Service};

/// How badly the service behaves: shares of calls, 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// A call that never reaches the service.
    pub not_sent: f64,
    /// A write whose answer is lost after it had its effect.
    pub lost_answers: f64,
    /// A write that is answered with 5xx and has no effect.
    pub refused_5xx: f64,
    /// A write that is answered with 504, or a create with 409, and has its effect later.
    pub late: f64,
    /// A create that is answered with 429, 409 or 5xx after it had its effect.
    pub done_but: f64,
    /// A write that is delivered twice, one time a little later.
    pub twice: f64,
    /// A create that is answered with an import that stood there already.
    pub another: f64,
    /// A call that is answered with 429.
    pub throttled: f64,
    /// How long a list may lag behind, at most.
    pub list_lag: Duration,
    /// How long one way may take, at most.
    pub delay: Duration,
    /// How far clocks of nodes are off, at most.
    pub drift: SignedDuration,
}

/// How long an effect may come after the answer that hid it.
pub const LATEST: Duration = Duration::from_secs(8);

/// What becomes of one call.
#[derive(Debug)]
enum Fate {
    Answered,
    NotSent,
    LostAnswer,
    Refused5xx,
    Late { status: u16, by: Duration },
    DoneBut { status: u16 },
    Twice { by: Duration },
    Another,
    Throttled,
}

/// One call on its way.
struct Journey {
    there: Duration,
    back: Duration,
    fate: Fate,
    seen: Option<Instant>,
}

impl Service {
    /// Decides what becomes of a call.
    fn send(&self, call: &Call) -> Journey {
        let mut state = self.state();
        let is_write = call.method != Method::Get;
        let seen = state.seen(&call.target);
        let weather = state.weather;
        let most = u64::try_from(weather.delay.as_millis()).unwrap().max(1);
        let mut way = || Duration::from_millis(state.random.u64(1..=most));
        let (there, back) = (way(), way());
        let mut draw = state.random.f64();
        let mut happens = |share: f64| {
            let hit = draw < share;
            draw -= share;
            hit
        };
        // Not the deletes and restores: those name what they are about.
        let is_create = call.method == Method::Post && !call.target.contains("recycleBin");
        let fate = if happens(weather.not_sent) {
            Fate::NotSent
        } else if happens(weather.throttled) {
            Fate::Throttled
        } else if is_write && happens(weather.lost_answers) {
            Fate::LostAnswer
        } else if is_write && happens(weather.refused_5xx) {
            Fate::Refused5xx
        } else if is_write && happens(weather.late) {
            let latest = u64::try_from(LATEST.as_millis()).unwrap();
            let by = Duration::from_millis(state.random.u64(1..=latest));
            Fate::Late { status: if is_create && state.random.bool() { 409 } else { 504 }, by }
        } else if is_create && happens(weather.done_but) {
            Fate::DoneBut { status: [409, 429, 500][state.random.usize(..3)] }
        } else if is_write && happens(weather.twice) {
            Fate::Twice { by: Duration::from_millis(state.random.u64(1..=1500)) }
        } else if is_create && happens(weather.another) {
            Fate::Another
        } else {
            Fate::Answered
        };
        let told = format!("{:?} {:?} {} {fate:?}", state.elapsed(), call.method, call.target);
        state.calls.push(told);
        if is_write {
            let at = Instant::now();
            state.writes.push(at);
            let key = is_create.then(|| effect_of(&mut state, call, seen)).flatten().and_then(|e| key_of(&e));
            let in_doubt = match fate {
                Fate::LostAnswer | Fate::Refused5xx => true,
                Fate::Late { status, .. } | Fate::DoneBut { status } => status >= 500,
                _ => false,
            };
            state.creates.extend(key.map(|key| Sent { at, key, in_doubt }));
        }
        Journey { there, back, fate, seen }
    }

    /// Lets a write have its effect later.
    fn defer(&self, call: &Call, due: Instant, seen: Option<Instant>) {
        let mut state = self.state();
        if let Some(effect) = effect_of(&mut state, call, seen) {
            state.defer(due, effect);
        }
    }
}

/// What a status means for a create.
fn meaning(status: u16) -> ErrorKind {
    if status == 429 { ErrorKind::Throttled } else { ErrorKind::InDoubt }
}

#[async_trait]
impl Api for Service {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let Journey { there, back, fate, seen } = self.send(call);
        let failed = |kind: ErrorKind, status: Option<u16>, summary: &str| {
            let problem = status.map(|status| Problem { code: status.to_string(), ..Problem::default() });
            let retry_after = (kind == ErrorKind::Throttled).then_some(Duration::from_secs(1));
            let error = ApiError::new(call.method, &call.target, kind, summary);
            Err(ApiError { status, problems: problem.into_iter().collect(), retry_after, ..error })
        };
        let now = Instant::now();
        match fate {
            Fate::NotSent => return failed(ErrorKind::NotSent, None, "the connection was refused"),
            Fate::Throttled => {
                sleep(there).await;
                return failed(ErrorKind::Throttled, Some(429), "too many requests");
            }
            Fate::Refused5xx => {
                sleep(there + back).await;
                return failed(ErrorKind::InDoubt, Some(500), "internal error");
            }
            Fate::Late { status, by } => {
                self.defer(call, now + there + by, seen);
                sleep(there + back).await;
                return failed(ErrorKind::InDoubt, Some(status), "no answer in time");
            }
            Fate::LostAnswer => {
                self.defer(call, now + there, seen);
                sleep(there + back).await;
                return failed(ErrorKind::InDoubt, None, "the connection was cut");
            }
            Fate::DoneBut { status } => {
                self.defer(call, now + there, seen);
                sleep(there + back).await;
                return failed(meaning(status), Some(status), "refused after it was done");
            }
            Fate::Another => {
                sleep(there + back).await;
                if let Some(reply) = self.answer_with_another() {
                    return Ok(reply);
                }
            }
            Fate::Twice { by } => self.defer(call, now + there + by, seen),
            Fate::Answered => {}
        }
        // A write that is on its way has its effect although nobody waits for the answer any more.
        let armed = call.method != Method::Get;
        let mut guard = OnTheWay { service: self, call, due: now + there, seen, armed };
        sleep(there).await;
        guard.armed = false;
        let answer = self.answer(call, seen);
        sleep(back).await;
        answer
    }
}

struct OnTheWay<'a> {
    service: &'a Service,
    call: &'a Call,
    due: Instant,
    seen: Option<Instant>,
    armed: bool,
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.service.defer(self.call, self.due, self.seen);
        }
    }
}
