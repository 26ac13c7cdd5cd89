//! The rules of the controller, against a model of the service: latency by kind, workers, failures, an allowed rate.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// A model of a service and its load. Times in seconds.
#[derive(Debug, Clone)]
struct Model {
    /// Kinds of calls in turn, and how long each takes without load.
    calls: Vec<(CallKind, f64)>,
    /// Latencies vary by this part in both directions.
    spread: f64,
    /// Calls the service works on at once; the others wait their turn there.
    workers: usize,
    /// Calls a second that the budget allows.
    rate: f64,
    /// One of this many calls fails; none if zero.
    failing: u64,
    /// From `from` on, until `until`, every latency is `times` as long.
    slower: (f64, f64, f64),
    /// Between these times every call fails.
    down: (f64, f64),
}

const POST: CallKind = CallKind::One(Method::Post);
const GET: CallKind = CallKind::One(Method::Get);

fn model(calls: &[(CallKind, f64)]) -> Model {
    Model {
        calls: calls.to_vec(),
        spread: 0.2,
        workers: usize::MAX,
        rate: 270.0,
        failing: 0,
        slower: (f64::INFINITY, f64::INFINITY, 1.0),
        down: (f64::INFINITY, f64::INFINITY),
    }
}

/// The results, second by second.
#[derive(Debug)]
struct Course {
    /// Good answers in each second.
    answers: Vec<f64>,
    /// The limit at the end of each second.
    limits: Vec<usize>,
}

impl Course {
    /// Good answers a second from second `from` to second `to`.
    fn rate(&self, from: usize, to: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let seconds = (to - from) as f64;
        self.answers[from..to].iter().sum::<f64>() / seconds
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment(f64);
impl Eq for Moment {}
impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Runs the controller against the model for this number of seconds, with more calls than it can carry.
fn course(model: &Model, seconds: usize) -> Course {
    let mut random = fastrand::Rng::with_seed(11);
    let mut controller = Controller::new();
    // Ends of calls: when, which.
    let mut under_way: BinaryHeap<Reverse<(Moment, usize)>> = BinaryHeap::new();
    let mut workers: BinaryHeap<Reverse<Moment>> = BinaryHeap::new();
    let mut sent: Vec<(CallKind, f64, u64, bool)> = Vec::new();
    let (mut now, mut permit) = (0.0_f64, 0.0_f64);
    let mut course = Course { answers: vec![0.0; seconds], limits: vec![0; seconds] };
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let end = seconds as f64;
    loop {
        // A place is free: the next call waits for its permit and is sent.
        if under_way.len() < controller.limit() {
            let at = now.max(permit);
            let next_end = under_way.peek().map_or(f64::INFINITY, |Reverse((end, _))| end.0);
            if at <= next_end {
                now = at;
                permit = at + 1.0 / model.rate;
                if now >= end {
                    return course;
                }
                let number = sent.len();
                let (kind, takes) = model.calls[number % model.calls.len()];
                let slower = (model.slower.0..model.slower.1).contains(&now);
                let takes = takes * if slower { model.slower.2 } else { 1.0 };
                let takes = takes * (1.0 + model.spread * (2.0 * random.f64() - 1.0));
                let begin = if workers.len() < model.workers {
                    now
                } else {
                    workers.pop().map_or(now, |Reverse(free)| free.0.max(now))
                };
                workers.push(Reverse(Moment(begin + takes)));
                while workers.peek().is_some_and(|Reverse(free)| free.0 <= now) && workers.len() > 1 {
                    workers.pop();
                }
                let fails = (model.failing > 0 && random.u64(..model.failing) == 0)
                    || (model.down.0..model.down.1).contains(&now);
                sent.push((kind, now, controller.generation(), fails));
                under_way.push(Reverse((Moment(begin + takes), number)));
                continue;
            }
        }
        let Reverse((Moment(at), number)) = under_way.pop().unwrap();
        now = at;
        if now >= end {
            return course;
        }
        let (kind, begun, generation, fails) = sent[number];
        let load = if fails { Load::TooMuch } else { Load::Borne };
        let latency = now - begun;
        controller.observe(Observation { kind, load, latency, held: latency, generation, rate: model.rate });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
        let second = now as usize;
        course.answers[second] += f64::from(u8::from(!fails));
        course.limits[second] = controller.limit();
    }
}

/// Checks that, from the fifth second on, at least this share of the possible rate is reached.
fn check(model: &Model, can: f64, share: f64) -> Course {
    let course = course(model, 25);
    let carried = course.rate(5, 25) / can;
    assert!(carried >= share, "{carried:.3} < {share}: {model:?}\n{course:?}");
    course
}

#[test]
fn slow_writes_beside_fast_reads_carry_the_allowed_rate() {
    check(&model(&[(POST, 0.150)]), 270.0, 0.95);
    check(&model(&[(POST, 0.150), (GET, 0.002)]), 270.0, 0.95);
    check(&model(&[(GET, 0.002), (POST, 0.150), (GET, 0.002)]), 270.0, 0.95);
}

#[test]
fn any_latency_carries_the_allowed_rate_or_what_64_can_carry() {
    for latency in [0.001, 0.010, 0.050, 0.100, 0.200] {
        check(&model(&[(POST, latency), (GET, latency)]), 270.0, 0.95);
    }
    check(&model(&[(POST, 0.300), (GET, 0.300)]), 64.0 / 0.300, 0.95);
    check(&model(&[(POST, 1.0)]), 64.0, 0.93);
    check(&Model { spread: 0.9, ..model(&[(POST, 0.150)]) }, 270.0, 0.95);
}

#[test]
fn a_stray_failure_costs_little() {
    for latency in [0.002, 0.050, 0.150] {
        check(&Model { failing: 200, ..model(&[(POST, latency), (GET, 0.002)]) }, 270.0 * 0.995, 0.95);
    }
    check(&Model { failing: 200, ..model(&[(POST, 0.200)]) }, 270.0 * 0.995, 0.95);
    check(&Model { failing: 200, ..model(&[(POST, 0.300)]) }, 64.0 / 0.300 * 0.995, 0.90);
    check(&Model { failing: 50, ..model(&[(POST, 0.150)]) }, 270.0 * 0.98, 0.90);
}

#[test]
fn what_began_fast_and_became_slow_carries_the_rate_again_within_five_seconds() {
    for times in [3.0, 20.0, 75.0] {
        let model = Model { slower: (3.0, 100.0, times), ..model(&[(POST, 0.002), (GET, 0.002)]) };
        let course = course(&model, 25);
        let carried = course.rate(8, 25) / 270.0;
        assert!(carried >= 0.95, "{times}: {carried:.3} {course:?}");
    }
    // And the other way round.
    let model = Model { slower: (0.0, 3.0, 50.0), ..model(&[(POST, 0.003)]) };
    assert!(course(&model, 25).rate(8, 25) >= 0.95 * 270.0);
}

#[test]
fn no_more_is_under_way_than_helps() {
    // 8 at once, each 50 ms, are 160 a second, however many more are under way.
    let model = Model { workers: 8, rate: f64::INFINITY, ..model(&[(POST, 0.050)]) };
    let course = check(&model, 160.0, 0.93);
    let mean = course.limits[5..].iter().sum::<usize>() / 20;
    assert!(mean <= 24 && course.limits[5..].iter().all(|limit| *limit <= 32), "{course:?}");
    // At the allowed rate, at most one and a half times the calls that it needs.
    let course = check(&self::model(&[(POST, 0.050)]), 270.0, 0.95);
    assert!(course.limits[5..].iter().all(|limit| *limit <= 24), "{course:?}");
}

#[test]
fn a_service_that_fails_is_left_in_peace_and_taken_up_again() {
    let model = Model { down: (5.0, 10.0), ..model(&[(POST, 0.150)]) };
    let course = course(&model, 25);
    assert_eq!(course.limits[9], 1);
    assert!(course.rate(15, 25) >= 0.95 * 270.0, "{course:?}");
}

#[test]
fn failures_of_one_round_trip_halve_it_once() {
    let mut controller = Controller { limit: 32, ..Controller::new() };
    let failure = |generation| Observation {
        kind: POST,
        load: Load::TooMuch,
        latency: 0.1,
        held: 0.1,
        generation,
        rate: 270.0,
    };
    controller.observe(failure(0));
    assert_eq!(controller.limit(), 32, "one is chance");
    (0..31).for_each(|_| controller.observe(failure(0)));
    assert_eq!(controller.limit(), 16);
}

#[test]
fn a_refusal_for_the_rate_and_a_call_that_was_not_sent_say_nothing_of_the_load() {
    let mut controller = Controller::new();
    for load in [Load::Refused, Load::Unknown] {
        for _ in 0..100 {
            let seen = Observation { kind: POST, load, latency: 9.0, held: 9.0, generation: 0, rate: 270.0 };
            controller.observe(seen);
        }
    }
    assert_eq!((controller.limit(), controller.aim(270.0)), (4, 4));
}
