//! What does the safety cost? The whole pipeline (plan, journal, write, read back, audit) against a bare loop of
//! GET + POST + GET per import with no safety at all, both against the same emulator, in turns.
//!
//! `cargo bench --bench pipeline` compares the two with the limiter off; `cargo bench --bench pipeline -- rate`
//! measures 10,000 creates at 300 a second against the floor (calls − burst) / rate; `-- states N` runs N imports and
//! prints the peak memory of this process, which holds the emulator too.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints and may fail loudly")]
#![allow(missing_docs, reason = "a bench has no callers")]

use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};
use transship::api::{self, Access, BudgetOptions, ClientOptions, Concurrency, Token};
use transship::emulator::{AccountSpec, Behaviour, Embedded, Options, Store};
use transship::executor::{ExecuteRequest, RunOptions, Withdrawn, run};
use transship::inventory::endpoint::Account;
use transship::job::{self, Env, Job, Settings};
use transship::journal::{Entry, FORMAT, ItemStates, Journal, JournalOptions, RunHeader};
use transship::model::cancel::Cancel;
use transship::model::event::Events;
use transship::model::time::Clock;
use transship::model::{Action, AlwaysHeld, Fingerprint, RunId};
use transship::planner::{PlanContext, PlanPurpose, PlannerRequest, Route, Scope, plan};
use transship::report::{RunView, write_files};
use transship::run_folder::folder::RunFolder;
use transship::run_folder::other_runs::FolderRuns;
use transship::run_folder::plan_item::AccountFacts;
use transship::run_folder::read_journal;

fn document(number: usize) -> Value {
    let fields: Vec<Value> = (0..24)
        .map(|field| json!({"extract": format!("order.lines[*].f{field}"), "generate": format!("target_{field}")}))
        .collect();
    json!({
        "_id": format!("{number:024x}"),
        "createdAt": "2025-01-01T00:00:00.000Z",
        "lastModified": "2025-01-01T00:00:00.000Z",
        "name": format!("Orders {number:06}"),
        "description": "An import of the size most have: some mapping, a body, a lookup.",
        "_connectionId": "5f7c579b6411271af4e7cefa",
        "apiIdentifier": format!("i{number:09x}"),
        "oneToMany": false,
        "sandbox": false,
        "mapping": {"fields": fields, "lists": []},
        "http": {
            "relativeURI": ["/orders/{{record.id}}"],
            "method": ["POST"],
            "body": ["{\"order\":{{{json record}}},\"origin\":\"{{record.origin}}\"}"],
            "formType": "http",
            "lookups": [{"name": "country", "map": {"DE": "49", "FR": "33"}, "allowFailures": true, "default": "1"}]
        },
        "adaptorType": "HTTPImport"
    })
}

fn emulator(count: usize, targets: &[String], bucket: (f64, f64)) -> Embedded {
    let store = Store::in_memory();
    let connection = json!([{"_id": "5f7c579b6411271af4e7cefa", "name": "Shop", "type": "http"}]);
    let source = store.account("source").unwrap();
    let imports: Vec<Value> = (0..count).map(document).collect();
    store.load(&source, &json!({"connections": connection, "imports": imports})).unwrap();
    let other = json!([{"_id": "6f7c579b6411271af4e7cefb", "name": "Shop", "type": "http"}]);
    for target in targets {
        store.load(&store.account(target).unwrap(), &json!({"connections": other})).unwrap();
    }
    let accounts =
        std::iter::once("source".to_owned()).chain(targets.iter().cloned()).map(AccountSpec::empty);
    let behaviour = Behaviour { bucket_size: bucket.0, bucket_refill: bucket.1, ..Behaviour::default() };
    Embedded::with(store, Options { accounts: accounts.collect(), behaviour, ..Options::default() }).unwrap()
}

fn account(emulator: &Embedded, name: &str, rate: job::Rate) -> Account {
    let access = Access {
        origin: emulator.url().parse().unwrap(),
        token: Token::new(emulator.token(name).unwrap()),
        renew: None,
    };
    let options = ClientOptions {
        budget: BudgetOptions { per_second: rate.per_second, burst: rate.burst, share: rate.share },
        concurrency: Concurrency::Auto,
        ..ClientOptions::default()
    };
    let connected = api::connect(access, &options, false).unwrap();
    Account {
        facts: AccountFacts { name: name.to_owned(), origin: emulator.url().to_owned(), user: None },
        client: connected.client,
        meter: connected.meter,
        clock: connected.clock,
        per_second: rate.per_second * rate.share,
        burst: f64::from(rate.burst) * 0.98,
        at_rest: false,
    }
}

fn job(target: &str, rate: &str) -> Job {
    let text = format!(
        "version: 1\nname: bench\naction: migrate\naccounts:\n  source: {{ emulator: source }}\n  \
         {target}: {{ emulator: {target} }}\nsource: source\ntarget: {target}\nrate: {rate}\ntransform:\n  \
         - rename: {{ find: \"^\", replace: \"EU \" }}\n"
    );
    let folder = Path::new(".");
    job::parse("bench.yaml", text.as_bytes(), folder, &Env::default(), &Clock::system())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

struct Measured {
    wall: Duration,
    calls: u64,
    throttled: u64,
    records: u64,
    syncs: u64,
}

/// Plans and runs a migration of everything, as the program does.
async fn pipeline(emulator: &Embedded, target: &str, rate: &str, sync: bool) -> Measured {
    let job = job(target, rate);
    let settings = Settings::of(&job, ".".into());
    let (source, to) =
        (account(emulator, "source", job.rate_of("source")), account(emulator, target, job.rate_of(target)));
    let work = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(work.path().join("run")).unwrap();
    let (cancel, events, clock) = (Cancel::new(), Events::none(), Clock::system());
    let began = Instant::now();
    let (plan_to, wanted) = (folder.plan(), folder.wanted());
    let context = PlanContext {
        settings: &settings,
        folder: folder.path(),
        plan: &plan_to,
        cancel: &cancel,
        events: &events,
        now: clock.now(),
        tool: "bench",
    };
    let planned = plan(PlannerRequest {
        job: &job,
        source: &source,
        target: &to,
        scope: Scope::All,
        purpose: PlanPurpose::Execute(&wanted),
        route: Route::Between,
        context,
    })
    .await
    .unwrap();
    let options = JournalOptions { sync, ..JournalOptions::new(clock.clone()) };
    let journal = Journal::create(&folder.journal(), &folder.before(), options).unwrap();
    let taken = RunHeader {
        format: FORMAT,
        run: RunId("bench".into()),
        tool: "bench".into(),
        action: Action::Migrate.into(),
        items: planned.plan.len(),
        job_sha256: Fingerprint::of(b""),
        plan_sha256: planned.plan.sha256(),
        wanted_sha256: planned.wanted_sha256,
        by: None,
        account: None,
        undoes: None,
    };
    journal.append(Entry::Opened(Box::new(taken)), None).await.unwrap();
    let stats = journal.stats();
    run(ExecuteRequest {
        plan: &planned.plan,
        folder: &folder,
        journal,
        states: ItemStates::blank(planned.plan.len()),
        target: &to,
        again: false,
        options: RunOptions {
            verify: settings.verify,
            stop: settings.stop,
            in_flight: 64,
            attempts: 6,
            grace_period: Duration::from_secs(10),
            lookup_only: false,
        },
        lease: &AlwaysHeld,
        other_runs: &FolderRuns,
        cancel: &cancel,
        events: &events,
        clock: &clock,
        waves: None,
        withdrawn: &Withdrawn::new(),
    })
    .await
    .unwrap();
    let (states, record, _) = read_journal(&folder, &planned.plan).unwrap();
    let view = RunView { folder: &folder, plan: &planned.plan, states: &states, record: &record };
    let summary = write_files(view).unwrap().summary;
    assert_eq!(summary.outcomes["created"], planned.plan.len());
    assert_eq!(summary.verdicts["differs"], 0);
    let (records, syncs) = stats.counts();
    let throttled = source.meter.snapshot().throttled + to.meter.snapshot().throttled;
    let calls = source.meter.snapshot().total() + to.meter.snapshot().total();
    Measured { wall: began.elapsed(), calls, throttled, records, syncs }
}

/// What a script does: read, create, read back, 64 at once, and hope.
async fn bare(emulator: &Embedded, target: &str, count: usize) -> Duration {
    let client = reqwest::Client::new();
    let (from, to) = (emulator.token("source").unwrap(), emulator.token(target).unwrap());
    let base = format!("{}/v1/imports", emulator.url());
    let began = Instant::now();
    futures::stream::iter(0..count)
        .map(|number| {
            let (client, base) = (client.clone(), base.clone());
            async move {
                let text =
                    client.get(format!("{base}/{number:024x}")).bearer_auth(from).send().await.unwrap();
                let mut body: Value = serde_json::from_slice(&text.bytes().await.unwrap()).unwrap();
                body["name"] = Value::from(format!("EU {}", body["name"].as_str().unwrap()));
                body["_connectionId"] = Value::from("6f7c579b6411271af4e7cefb");
                let body = serde_json::to_vec(&body).unwrap();
                let post =
                    client.post(&base).bearer_auth(to).header("content-type", "application/json").body(body);
                let made: Value =
                    serde_json::from_slice(&post.send().await.unwrap().bytes().await.unwrap()).unwrap();
                let id = made["_id"].as_str().unwrap();
                let back = client.get(format!("{base}/{id}")).bearer_auth(to).send().await.unwrap();
                let back: Value = serde_json::from_slice(&back.bytes().await.unwrap()).unwrap();
                assert_eq!(back["name"], made["name"]);
            }
        })
        .buffer_unordered(64)
        .collect::<()>()
        .await;
    began.elapsed()
}

const OFF: &str = "{ per_second: 100000, burst: 100000, share: 1 }";

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn compare(count: usize, rounds: usize) {
    let targets: Vec<String> =
        (0..rounds).flat_map(|n| [format!("bare{n}"), format!("full{n}"), format!("loose{n}")]).collect();
    let emulator = emulator(count, &targets, (1e9, 1e9));
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let loop_time = bare(&emulator, &format!("bare{round}"), count).await;
        let full = pipeline(&emulator, &format!("full{round}"), OFF, true).await;
        let loose = pipeline(&emulator, &format!("loose{round}"), OFF, false).await;
        let speed = |time: Duration| count as f64 / time.as_secs_f64();
        ratios.push(speed(full.wall) / speed(loop_time));
        println!(
            "bare {:7.0} imports/s | pipeline {:7.0} imports/s, ratio {:.2}, {:.4} calls an import, {:.1} journal records a sync \
             | without sync {:7.0} imports/s",
            speed(loop_time),
            speed(full.wall),
            speed(full.wall) / speed(loop_time),
            full.calls as f64 / count as f64,
            full.records as f64 / full.syncs.max(1) as f64,
            speed(loose.wall),
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median ratio pipeline / bare loop: {:.2} (must be at least 0.6, aim 1)",
        ratios[ratios.len() / 2]
    );
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
async fn rate(count: usize, start: u32) {
    let emulator = emulator(count, &["target".to_owned()], (1000.0, 300.0));
    if start == 0 {
        // Empties the bucket: the service refuses until it refills.
        let client = reqwest::Client::new();
        for _ in 0..1000 {
            let url = format!("{}/v1/tokenInfo", emulator.url());
            client.get(url).bearer_auth(emulator.token("target").unwrap()).send().await.unwrap();
        }
    }
    let measured = pipeline(&emulator, "target", "{ per_second: 300, burst: 1000, share: 1 }", true).await;
    let floor = (measured.calls as f64 - f64::from(start)) / 300.0;
    println!(
        "{count} creates, bucket at {start} of 1000: {} calls ({:.4} an import), {:.2} s, floor {:.2} s, ratio {:.3}, 429s {}",
        measured.calls,
        measured.calls as f64 / count as f64,
        measured.wall.as_secs_f64(),
        floor,
        measured.wall.as_secs_f64() / floor,
        measured.throttled,
    );
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown").to_owned()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number =
        |index: usize, or: usize| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(or);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match arguments.first().map(String::as_str) {
        Some("rate") => {
            runtime.block_on(rate(number(1, 10_000), 1000));
            runtime.block_on(rate(number(1, 10_000), 0));
        }
        Some("memory") => {
            let count = number(1, 1000);
            let emulator = emulator(count, &["target".to_owned()], (1e9, 1e9));
            let measured = runtime.block_on(pipeline(&emulator, "target", OFF, true));
            println!("{count} imports: {:.1} s, {}", measured.wall.as_secs_f64(), peak_memory());
        }
        _ => runtime.block_on(compare(number(0, 2000), number(1, 3))),
    }
}
