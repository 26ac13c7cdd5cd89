//! What does a transformation cost, next to parsing the document it is applied to? All sides in one run.
//!
//! The documents are the demo imports of the emulator, and the shared real ones where they are at hand.

#![allow(clippy::unwrap_used, reason = "a bench has nobody to tell")]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use transship::documents::diff::diff;
use transship::documents::{Facts, Program, Side, StepSpec};

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

fn transform(criterion: &mut Criterion) {
    let texts = texts();
    let documents: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(20).throughput(Throughput::Elements(documents.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(serde_json::from_str::<Value>(text).unwrap());
            }
        });
    });
    let rename = StepSpec::new("rename", json!({ "find": "^", "replace": "EU " }));
    for (name, step) in [
        ("rename", rename),
        ("rename_field source", field(Side::Source, "email", "contact.email")),
        ("rename_field target", field(Side::Target, "entity", "customer")),
        ("rename_field absent", field(Side::Source, "no_such_field", "x")),
        ("jq .", StepSpec::new("jq", json!("."))),
    ] {
        let program = program(step);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || documents.clone(),
                |documents| {
                    let apply = |document| program.apply(document, &Facts::default()).unwrap().document;
                    documents.into_iter().map(apply).collect::<Vec<_>>()
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    let renamed = program(field(Side::Source, "email", "contact.email"));
    let after: Vec<Value> = documents
        .iter()
        .map(|document| renamed.apply(document.clone(), &Facts::default()).unwrap().document)
        .collect();
    group.bench_function("diff", |bencher| {
        bencher.iter(|| {
            for (before, after) in documents.iter().zip(&after) {
                black_box(diff(before, after));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, transform);
criterion_main!(benches);
