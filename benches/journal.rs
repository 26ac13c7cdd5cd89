//! What does it cost that every intent is on the disk before its call? Both sides in one run; ratios are what counts.
//!
//! An item writes three records, as a create does: `intended` (waited for), `applied`, `verified` (not waited for).

#![allow(clippy::unwrap_used, reason = "a bench has nobody to tell")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use transship::journal::{Call, Entry, Journal, JournalOptions, Record, Step};
use transship::model::time::Clock;
use transship::model::{Fingerprint, Id, ItemKey, Operation, Verdict};

const ITEMS: u32 = 4000;
/// The slow side gets fewer: a sync for each record.
const ITEMS_SYNCED_ONE_BY_ONE: u32 = 200;
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 5;
const PACED_PER_SECOND: u32 = 300;

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let short = std::env::args().any(|argument| argument == "--test");
    let (items, one_by_one, rounds) =
        if short { (256, 8, 1) } else { (ITEMS, ITEMS_SYNCED_ONE_BY_ONE, ROUNDS) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    let mut per_sync = Vec::new();
    for round in 0..rounds {
        // One after the other in every round: what the machine does meanwhile hits all of them.
        let place = |kind: &str| folder.path().join(format!("{kind}-{round}.jsonl"));
        rates[0].push(each_record_synced(&place("each"), one_by_one));
        let (grouped, records_per_sync) = runtime.block_on(unpaced(&place("grouped"), items, true));
        rates[1].push(grouped);
        per_sync.push(records_per_sync);
        rates[2].push(runtime.block_on(unpaced(&place("unsynced"), items, false)).0);
    }
    let [each, grouped, unsynced] = rates.map(median);
    println!("records a second, a sync for each record      {each:>10.0}");
    println!(
        "records a second, group commit, {IN_FLIGHT} in flight   {grouped:>10.0}   {:.1} x",
        grouped / each
    );
    println!("records a second, not synced at all           {unsynced:>10.0}   {:.1} x", unsynced / each);
    println!("records for each sync, {IN_FLIGHT} in flight            {:>10.1}", median(per_sync));
    let seconds = if short { 1 } else { 5 };
    let (off, _) = runtime.block_on(paced(None, seconds));
    let (on, waits) = runtime.block_on(paced(Some(&folder.path().join("paced.jsonl")), seconds));
    let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "at {PACED_PER_SECOND} items a second, journal on / off: {:.4}; an intent waits {:.1} ms (median), {:.1} ms (99 %)",
        on.as_secs_f64() / off.as_secs_f64(),
        at(50),
        at(99)
    );
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn steps(item: u32) -> [Entry; 3] {
    let print = Fingerprint::of(&item.to_le_bytes());
    let id = Id::from(format!("{item:024x}"));
    [
        Step::Intended {
            operation: Operation::Create,
            call: Call::Operation,
            attempt: 1,
            server_time: Some(jiff::Timestamp::UNIX_EPOCH),
            before_sha256: None,
        },
        Step::Applied {
            target: id,
            status: Some(201),
            sends: 1,
            adopted: false,
            sha256: Some(print),
            modified: None,
        },
        Step::Verified {
            verdict: Verdict::Equal,
            sha256: Some(print),
            differences: Vec::new(),
            modified: None,
        },
    ]
    .map(|step| Entry::Item { item: ItemKey(item), step })
}

fn records(items: u32) -> f64 {
    f64::from(items) * 3.0
}

/// The naive way: encode, write, sync, next.
fn each_record_synced(path: &Path, items: u32) -> f64 {
    let clock = Clock::system();
    let began = Instant::now();
    let mut file = File::create_new(path).unwrap();
    let (mut n, mut prev) = (0, Fingerprint::of(b""));
    for entry in (1..=items).flat_map(steps) {
        let mut line = serde_json::to_vec(&Record { n, prev, at: clock.now(), entry }).unwrap();
        (n, prev) = (n + 1, Fingerprint::of(&line));
        line.push(b'\n');
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
    }
    records(items) / began.elapsed().as_secs_f64()
}

/// As fast as it goes, so many items in flight: records a second, and records for each sync.
async fn unpaced(path: &Path, items: u32, sync: bool) -> (f64, f64) {
    let journal = open(path, sync);
    let began = Instant::now();
    futures::stream::iter(1..=items).for_each_concurrent(IN_FLIGHT, |item| write(&journal, item)).await;
    let stats = journal.stats();
    journal.close().unwrap();
    let rate = records(items) / began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
    let per_sync = stats.counts().0 as f64 / stats.counts().1.max(1) as f64;
    (rate, per_sync)
}

async fn write(journal: &Journal, item: u32) {
    let [intended, applied, verified] = steps(item);
    journal.append(intended, None).await.unwrap();
    journal.note(applied).await.unwrap();
    journal.note(verified).await.unwrap();
}

/// At the service's pace: how long it takes in all, and how long each intent waited, sorted.
async fn paced(path: Option<&Path>, seconds: u32) -> (Duration, Vec<Duration>) {
    let journal = path.map(|path| open(path, true));
    let began = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / PACED_PER_SECOND);
    let mut waits = Vec::new();
    let (journal_ref, started) = (&journal, futures::stream::FuturesUnordered::new());
    let mut started = started;
    for item in 1..=PACED_PER_SECOND * seconds {
        tick.tick().await;
        started.push(async move {
            let [intended, applied, verified] = steps(item);
            let waiting = Instant::now();
            if let Some(journal) = journal_ref {
                journal.append(intended, None).await.unwrap();
                journal.note(applied).await.unwrap();
                journal.note(verified).await.unwrap();
            }
            waiting.elapsed()
        });
        while let Some(Some(wait)) = futures::FutureExt::now_or_never(started.next()) {
            waits.push(wait);
        }
    }
    while let Some(wait) = started.next().await {
        waits.push(wait);
    }
    let took = began.elapsed();
    drop(started);
    if let Some(journal) = journal {
        journal.close().unwrap();
    }
    waits.sort();
    (took, waits)
}

fn open(path: &Path, sync: bool) -> Journal {
    let options = JournalOptions { sync, ..JournalOptions::new(Clock::system()) };
    Journal::create(path, &path.with_extension("before"), options).unwrap()
}
