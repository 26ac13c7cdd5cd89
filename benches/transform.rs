//! What does a transformation cost, next to parsing the document it is applied to? All sides in one run.
//!
//! The documents are the demo imports of the emulator, and the shared real ones where they are at hand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and has nobody to tell"
)]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transship::documents::diff::diff;
use transship::documents::{Facts, Program, Side, StepSpec};

/// Rounds of each measurement.
const ROUNDS: usize = 21;

fn texts() -> Vec<String> {
    let demo = transship::emulator::seed::documents("demo-a");
    let mut texts: Vec<String> = demo["imports"].as_array().unwrap().iter().map(Value::to_string).collect();
    #[expect(clippy::disallowed_methods, reason = "benches find the shared documents by it")]
    let named = std::env::var_os("TRANSSHIP_SHARED_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    for file in std::fs::read_dir(folder.join("imports")).into_iter().flatten().flatten() {
        if file.path().extension().is_some_and(|extension| extension == "json") {
            texts.push(std::fs::read_to_string(file.path()).unwrap());
        }
    }
    texts
}

fn program(step: StepSpec) -> Program {
    Program::compile(vec![step]).unwrap()
}

fn field(side: Side, from: &str, to: &str) -> StepSpec {
    StepSpec::new("rename_field", json!({ "side": side.as_str(), "from": from, "to": to }))
}

/// The median time of `work` over some rounds, each on what `prepare` gives it; only `work` is timed.
fn median<T>(mut prepare: impl FnMut() -> T, mut work: impl FnMut(T)) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let input = prepare();
            let start = Instant::now();
            work(input);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn main() {
    let texts = texts();
    let documents: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let parse = median(
        || (),
        |()| {
            for text in &texts {
                black_box(serde_json::from_str::<Value>(text).unwrap());
            }
        },
    );
    println!("{} documents, median of {ROUNDS} rounds", documents.len());
    let tell = |name: &str, time: Duration| {
        let ratio = time.as_secs_f64() / parse.as_secs_f64();
        println!("{name:<20} {:>9.3} ms   {ratio:>6.3} x parse", time.as_secs_f64() * 1e3);
    };
    tell("parse", parse);
    let rename = StepSpec::new("rename", json!({ "find": "^", "replace": "EU " }));
    for (name, step) in [
        ("rename", rename),
        ("rename_field source", field(Side::Source, "email", "contact.email")),
        ("rename_field target", field(Side::Target, "entity", "customer")),
        ("rename_field absent", field(Side::Source, "no_such_field", "x")),
        ("jq .", StepSpec::new("jq", json!("."))),
    ] {
        let program = program(step);
        let apply = |document| program.apply(document, &Facts::default()).unwrap().document;
        let time = median(
            || documents.clone(),
            |documents| {
                black_box(documents.into_iter().map(apply).collect::<Vec<_>>());
            },
        );
        tell(name, time);
    }
    let renamed = program(field(Side::Source, "email", "contact.email"));
    let after: Vec<Value> = documents
        .iter()
        .map(|document| renamed.apply(document.clone(), &Facts::default()).unwrap().document)
        .collect();
    let time = median(
        || (),
        |()| {
            for (before, after) in documents.iter().zip(&after) {
                black_box(diff(before, after));
            }
        },
    );
    tell("diff", time);
}
