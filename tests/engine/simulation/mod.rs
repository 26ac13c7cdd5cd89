//! A simulated world: the engine against a model of the service, on paused time, with one seed that decides every fault,
//! delay, edit and kill. After each story the laws are checked against the model's own history, not the journal.
//!
//! ```sh
//! cargo test --test engine simulation                                  # 400 stories; `.ci/run` tells 2,000
//! SIMULATION_STORIES=100000 cargo test --test engine simulation        # the long form
//! SIMULATION_SEED=17 cargo test --test engine simulation               # one again, with all its calls
//! SIMULATION_DRIFT=400 cargo test --test engine simulation             # clocks that are off, in seconds
//! ```

mod laws;
#[cfg(debug_assertions)]
mod planted;
mod process;
mod service;
mod story;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use story::Telling;

/// Stories that are told unless the environment says otherwise.
const STORIES: u64 = 400;
/// Stories that are told at once.
const AT_ONCE: usize = 2;
/// Seconds by which clocks are off at most, unless the environment says otherwise.
const DRIFT: i64 = 90;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::vars().find(|(key, _)| key == name).and_then(|(_, number)| number.parse().ok())
}

#[test]
fn no_story_breaks_a_law() {
    let single = number("SIMULATION_SEED");
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let seeds = match single {
        Some(seed) => seed..seed + 1,
        None => first..first + number("SIMULATION_STORIES").unwrap_or(STORIES),
    };
    let drift = number("SIMULATION_DRIFT").and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(DRIFT);
    let (next, broken) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let telling = story::tell(seed, drift);
                    if single.is_some() {
                        let Telling { told, calls, journals, .. } = &telling;
                        println!("{}\n{}\n{}", told.join("\n"), calls.join("\n"), journals.join("\n"));
                    }
                    if let Err(law) = telling.result {
                        let told = telling.told.join("\n  ");
                        let again =
                            format!("SIMULATION_SEED={seed} SIMULATION_DRIFT={drift} cargo test --test engine simulation");
                        broken.lock().unwrap().push(format!("seed {seed}: {law}\n  {told}\n  again: {again}"));
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    for law in &broken {
        println!("{law}\n");
    }
    assert!(broken.is_empty(), "{} of {} stories broke a law", broken.len(), seeds.end - seeds.start);
}

/// Found among 100,000: a clone that was delivered twice, its name in another case, whose first a colleague removed before it
/// was completed; and two edits of the very moment of a read.
#[test]
fn stories_that_broke_a_law_once_break_none() {
    for seed in [2_005_913, 1_028_550, 2_049_393] {
        let telling = story::tell(seed, DRIFT);
        assert!(telling.result.is_ok(), "seed {seed}: {:?}", telling.result);
    }
}

#[test]
fn a_story_told_twice_is_the_same_story() {
    for seed in 0..25 {
        let [one, other] = [(); 2].map(|()| story::tell(seed, DRIFT));
        let lines = one.calls.iter().zip(&other.calls);
        if let Some((number, (line, again))) = lines.enumerate().find(|(_, (line, again))| line != again) {
            panic!("seed {seed}, call {number}: {line}, and the second time: {again}");
        }
        assert_eq!(one.calls.len(), other.calls.len(), "seed {seed}");
        assert_eq!(one.told, other.told, "seed {seed}");
    }
}
