//! Laws of `apply` and of usage, through the library's door.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use transship::emulator::CallCount;
use transship::job::{Job, Settings};
use transship::model::Outcome;
use transship::model::cancel::Cancel;
use transship::model::event::{Event, Events, Listener, Stage};
use transship::run_folder::{Row, RunFolder};
use transship::session::plan::Show;
use transship::session::{
    self, Approval, OpenRequest, OpenedRun, PlanRequest, Run, Session, SessionError, SessionOptions,
    UsageDetail,
};

use crate::two_accounts::Bench;

/// An import of the target, over the connection of that account.
fn import(number: u32, connection: &str) -> Value {
    json!({
        "_id": format!("{:024x}", 0xe00 + number), "name": format!("Order {number}"), "adaptorType": "HTTPImport",
        "_connectionId": connection, "http": { "relativeURI": ["/orders"], "method": ["POST"] },
        "createdAt": "2026-01-01T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z",
    })
}

/// A target with so many imports, and the files of an export of it.
fn exported(count: u32) -> Bench {
    let bench = Bench::new();
    let other = if bench.shop.ends_with("c1") { "c2" } else { "c1" };
    let connection = format!("{other:0>24}");
    let imports: Vec<Value> = (1..=count).map(|number| import(number, &connection)).collect();
    bench.load("eu", &imports);
    for import in &imports {
        write(&bench, import["name"].as_str().unwrap(), import);
    }
    bench
}

fn write(bench: &Bench, file: &str, document: &Value) {
    let folder = bench.work.path().join("files/imports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{file}.json")), document.to_string()).unwrap();
}

/// Changes a file; gives back what it holds then.
fn edit(bench: &Bench, file: &str, change: impl FnOnce(&mut Value)) -> Value {
    let path = bench.work.path().join(format!("files/imports/{file}.json"));
    let mut document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut document);
    write(bench, file, &document);
    document
}

/// A new file: one without an id.
fn add(bench: &Bench, number: u32) {
    let mut document = edit(bench, "Order 1", |_| ());
    document.as_object_mut().unwrap().remove("_id");
    document["name"] = json!(format!("New {number}"));
    write(bench, &format!("New {number}"), &document);
}

fn job(bench: &Bench) -> Result<(Job, Settings), SessionError> {
    let path = bench.work.path().join("apply.yaml");
    let text = "version: 1\nname: files\naction: apply\naccounts:\n  eu: { emulator: eu }\n\
                source: { folder: ./files }\ntarget: eu\n";
    std::fs::write(&path, text).unwrap();
    session::load_job(&bench.host, &path)
}

async fn open(bench: &Bench, request: OpenRequest<'_>, cancel: &Cancel) -> Session {
    let options = SessionOptions {
        cancel: cancel.clone(),
        grace_period: Duration::from_millis(50),
        ..SessionOptions::new(&bench.host)
    };
    Session::open(&bench.host, request, options).await.unwrap()
}

async fn apply(bench: &Bench, cancel: &Cancel, events: &Events) -> Run {
    let (job, settings) = job(bench).unwrap();
    let session = open(bench, OpenRequest::Write(settings), cancel).await;
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    session.execute(plan, Approval::Given, events).await.unwrap()
}

async fn rows(bench: &Bench) -> Vec<Row> {
    apply(bench, &Cancel::new(), &Events::none()).await.rows().unwrap()
}

fn writes(bench: &Bench) -> u64 {
    let is_write = |method: &str| matches!(method, "POST" | "PUT" | "DELETE" | "PATCH");
    // A question about flows that run is asked by POST.
    let is_write = |call: &&CallCount| is_write(&call.method) && call.path != "/v1/jobs/current";
    bench.control.calls().iter().filter(is_write).map(|call| call.count).sum()
}

#[tokio::test]
async fn an_export_that_nobody_edited_is_all_unchanged_and_nothing_is_written() {
    let bench = exported(5);
    let rows = rows(&bench).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.outcome == Outcome::Unchanged), "{rows:#?}");
    assert_eq!(writes(&bench), 0);
}

#[tokio::test]
async fn a_name_that_is_edited_beside_its_id_is_a_rename() {
    let bench = exported(3);
    let id = edit(&bench, "Order 2", |file| file["name"] = json!("Renamed"))["_id"].clone();
    let found = rows(&bench).await;
    let row = found.iter().find(|row| row.item.name == "Renamed").unwrap();
    assert_eq!(row.outcome, Outcome::Updated);
    assert_eq!(row.target_id.as_ref().map(ToString::to_string).as_deref(), id.as_str());
    assert_eq!((bench.in_target(), writes(&bench)), (3, 1));
    assert!(rows(&bench).await.iter().all(|row| row.outcome == Outcome::Unchanged));
    assert_eq!(writes(&bench), 1);
}

#[tokio::test]
async fn two_files_with_one_id_or_one_name_are_an_error_that_names_both() {
    for key in ["_id", "name"] {
        let bench = exported(2);
        let other = edit(&bench, "Order 1", |_| ());
        edit(&bench, "Order 2", |file| file[key] = other[key].clone());
        let said = match job(&bench) {
            Err(SessionError::Job(problems)) => problems.to_string(),
            Err(error) => panic!("{key}: {error}"),
            Ok((job, settings)) => {
                let session = open(&bench, OpenRequest::Write(settings), &Cancel::new()).await;
                let planned = session.plan(PlanRequest::of(&job), &Events::none()).await;
                transship::model::chain(&planned.unwrap_err())
            }
        };
        assert!(said.contains("Order 1.json") && said.contains("Order 2.json"), "{key}: {said}");
        assert_eq!(writes(&bench), 0, "{key}");
    }
}

/// Stops a run once so many items have ended.
#[derive(Debug)]
struct StopAfter(u32, Cancel);

impl Listener for StopAfter {
    fn on(&mut self, event: &Event) {
        if matches!(event, Event::ItemFinished { outcome, .. } if outcome.wrote()) {
            self.0 = self.0.saturating_sub(1);
            if self.0 == 0 {
                self.1.drain();
            }
        }
    }
}

/// A stage goes through as many items as its beginning said.
#[derive(Debug, Default)]
struct Sums(BTreeMap<Stage, (u64, Option<u64>)>);

impl Listener for Sums {
    fn on(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, total } => {
                self.0.insert(*stage, (0, *total));
            }
            Event::StageAdvanced { stage, by } => self.0.get_mut(stage).unwrap().0 += by,
            Event::StageFinished { stage } => {
                let (done, total) = self.0[stage];
                assert!(total.is_none_or(|total| done == total), "{stage:?}: {done} of {total:?}");
            }
            _ => {}
        }
    }
}

async fn resume(bench: &Bench, folder: &Path) -> Vec<Row> {
    let run = OpenedRun::open(folder).unwrap();
    let session = open(bench, OpenRequest::Resume(run.plan.head()), &Cancel::new()).await;
    let events = Events::to(vec![Box::new(Sums::default())]);
    session.resume(&RunFolder::at(folder), &events).await.unwrap();
    let run = OpenedRun::open(folder).unwrap();
    assert!(run.record.is_finished());
    let mut rows = Vec::new();
    transship::run_folder::rows::rows(&run.folder, &run.plan, &run.states, |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

/// Six files: two new, one edited, one renamed.
fn edited() -> Bench {
    let bench = exported(4);
    edit(&bench, "Order 2", |file| file["name"] = json!("Renamed"));
    edit(&bench, "Order 3", |file| file["description"] = json!("edited"));
    add(&bench, 1);
    add(&bench, 2);
    bench
}

fn expect_done(rows: &[Row], what: &str) {
    let outcomes = |name: &str| -> Vec<Outcome> {
        rows.iter().filter(|row| row.item.name == name).map(|row| row.outcome).collect()
    };
    for name in ["New 1", "New 2"] {
        let found = outcomes(name);
        assert!(matches!(found[..], [Outcome::Created | Outcome::Unchanged]), "{what}: {name} is {found:?}");
    }
    for name in ["Renamed", "Order 3"] {
        let found = outcomes(name);
        assert!(matches!(found[..], [Outcome::Updated | Outcome::Unchanged]), "{what}: {name} is {found:?}");
    }
}

#[tokio::test]
async fn an_apply_that_is_stopped_after_any_item_and_resumed_makes_nothing_twice() {
    for after in 1..=4 {
        let bench = edited();
        let cancel = Cancel::new();
        let events = Events::to(vec![Box::new(StopAfter(after, cancel.clone()))]);
        let run = apply(&bench, &cancel, &events).await;
        let folder = run.folder.path().to_owned();
        // What was edited since is not looked at: the run is what was planned.
        add(&bench, 3);
        expect_done(&resume(&bench, &folder).await, &format!("stopped after {after}"));
        assert_eq!(bench.in_target(), 6, "stopped after {after}");
    }
}

#[tokio::test]
async fn an_apply_whose_journal_ends_after_any_line_is_resumed_and_makes_nothing_twice() {
    let bench = edited();
    let run = apply(&bench, &Cancel::new(), &Events::none()).await;
    let journal = std::fs::read_to_string(run.folder.journal()).unwrap();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    assert_eq!(bench.in_target(), 6);
    for kept in 1..lines.len() {
        let copy = bench.work.path().join("runs").join(format!("cut-{kept}"));
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(run.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
        std::fs::write(copy.join("journal.jsonl"), lines[..kept].concat()).unwrap();
        let rows = resume(&bench, &copy).await;
        for name in ["New 1", "New 2"] {
            let row = rows.iter().find(|row| row.item.name == name).unwrap();
            assert!(matches!(row.outcome, Outcome::Created | Outcome::Unchanged), "{kept}: {row:#?}");
        }
        assert_eq!(bench.in_target(), 6, "cut after line {kept}");
    }
}

#[tokio::test]
async fn usage_names_every_flow_of_an_import_and_reads_the_flows_of_an_account_once() {
    let bench = Bench::new();
    let us: Vec<String> = (1..=3).map(|number| format!("{number:024x}")).collect();
    let flow = |number: u32, imports: &[&String]| {
        let steps: Vec<Value> =
            imports.iter().map(|id| json!({ "type": "import", "_importId": id })).collect();
        json!({ "_id": format!("{:024x}", 0xf00 + number), "name": format!("Flow {number}"),
            "pageProcessors": steps })
    };
    bench.load_list("us", "flows", &[flow(1, &[&us[0], &us[1]]), flow(2, &[&us[1]])]);
    for action in ["update", "delete"] {
        let path = bench.work.path().join("usage.yaml");
        let step = if action == "update" { "transform: [{ set: { /description: new } }]\n" } else { "" };
        let text = format!(
            "version: 1\nname: usage\naction: {action}\naccounts:\n  us: {{ emulator: us }}\nsource: us\n\
             select: {{ names: [\"Order *\"] }}\n{step}"
        );
        std::fs::write(&path, text).unwrap();
        let (job, settings) = session::load_job(&bench.host, &path).unwrap();
        bench.control.reset();
        let session = bench.open(OpenRequest::Read(settings)).await.telling(UsageDetail::Full);
        let preview = session.preview(&job, Show::Changes, &Events::none()).await.unwrap();
        let used: Vec<usize> =
            preview.plan().items().map(|item| item.unwrap()).map(|item| item.used_by.len()).collect();
        assert_eq!(used, [1, 2, 0], "{action}");
        let users = &preview.plan().tail().usage.target.as_ref().unwrap().users;
        let mut names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Flow 1", "Flow 2"], "{action}");
        assert_eq!(bench.control.count("GET", "/v1/flows"), 1, "{action}");
        assert_eq!(writes(&bench), 0, "{action}");
    }
}
