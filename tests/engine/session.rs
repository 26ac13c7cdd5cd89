//! The library's door: jobs planned, carried out, undone and refused from code, against the embedded emulator.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use transship::archive::{self, Archive, ArchiveOptions, Snapshot};
use transship::inventory::error::EngineError;
use transship::model::Outcome;
use transship::model::cancel::Cancel;
use transship::model::event::Events;
use transship::model::time::Clock;
use transship::run_folder::RunFolder;
use transship::session::plan::Show;
use transship::session::{
    self, Approval, Copies, DrillRequest, OpenRequest, OpenedRun, PlanRequest, Restorable, Resumed,
    SessionError,
};

use crate::two_accounts::Bench;

#[tokio::test]
async fn what_a_plan_shows_is_created_and_an_undo_removes_it() {
    let bench = Bench::new();
    let (job, settings) = bench.job();
    let session = bench.open(OpenRequest::Write(settings)).await;
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    assert_eq!(plan.file().tail().totals["create"], 3);
    let mut run = session.execute(plan, Approval::NotAsked, &Events::none()).await.unwrap();
    run.sound().unwrap();
    assert!(run.record.is_finished());
    let rows = run.rows().unwrap();
    assert!(rows.iter().all(|row| row.outcome == Outcome::Created && row.target_id.is_some()), "{rows:#?}");
    assert_eq!(bench.in_target(), 3);

    let done = OpenedRun::open(run.folder.path()).unwrap();
    let again = bench.open(OpenRequest::Resume(done.plan.head())).await;
    let resumed = again.resume(&run.folder, &Events::none()).await.unwrap();
    assert!(matches!(resumed, Resumed::WasFinished(_)));

    let undoing = bench.open(OpenRequest::Undo(done.plan.head())).await;
    let plan = undoing.undo(&run.folder, Copies::Leave, &Events::none()).await.unwrap();
    undoing.execute(plan, Approval::NotAsked, &Events::none()).await.unwrap().sound().unwrap();
    assert_eq!(bench.in_target(), 0);
}

#[tokio::test]
async fn a_plan_that_is_dropped_leaves_nothing_and_frees_its_target() {
    let bench = Bench::new();
    let (job, settings) = bench.job();
    let session = bench.open(OpenRequest::Write(settings.clone())).await;
    let other = bench.open(OpenRequest::Write(settings)).await;
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    let held = other.plan(PlanRequest::of(&job), &Events::none()).await.unwrap_err();
    assert!(matches!(&held, SessionError::Held(text) if text.contains("job orders")), "{held}");
    drop(plan);
    assert_eq!(bench.runs(), 0);
    other.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
}

#[tokio::test]
async fn a_preview_leaves_nothing_and_can_be_kept_over_a_plan_only() {
    let bench = Bench::new();
    let (job, settings) = bench.job();
    let session = bench.open(OpenRequest::Read(settings)).await;
    let preview = session.preview(&job, Show::Changes, &Events::none()).await.unwrap();
    let out = bench.work.path().join("plan.json");
    for _ in 0..2 {
        session::may_be_written(&out, &bench.work.path().join("job.yaml")).unwrap();
        preview.keep(&out).unwrap();
    }
    drop(preview);
    assert_eq!((bench.runs(), bench.in_target()), (0, 0));
    let error = session::may_be_written(&bench.work.path().join("job.yaml"), &out).unwrap_err();
    assert!(error.to_string().contains("not a plan"), "{error}");
}

#[tokio::test]
async fn runs_that_started_in_one_second_are_in_the_order_in_which_they_started() {
    let mut bench = Bench::new();
    bench.host.clock = Clock::ticking("2026-01-01T00:00:00Z".parse().unwrap());
    let (job, settings) = bench.job();
    let mut started = Vec::new();
    for _ in 0..4 {
        let session = bench.open(OpenRequest::Write(settings.clone())).await;
        let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
        let run = session.execute(plan, Approval::NotAsked, &Events::none()).await.unwrap();
        started.push(run.folder.path().to_owned());
    }
    let second = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap()[..16].to_owned();
    assert!(started.iter().all(|path| second(path) == second(&started[0])), "{started:?}");
    let mut by_name = started.clone();
    by_name.sort();
    assert_ne!(by_name, started, "with these names sorting them would do: take another seed");
    let runs = bench.work.path().join("runs");
    assert_eq!(session::runs::all(&runs), started);
    assert_eq!(session::runs::find(&runs, None).unwrap(), started[3], "the last is the last");
}

#[tokio::test]
async fn a_file_that_is_missing_from_a_run_folder_is_named_and_what_does_not_need_it_works() {
    let bench = Bench::new();
    let (job, settings) = bench.job();
    let session = bench.open(OpenRequest::Write(settings)).await;
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    let run = session.execute(plan, Approval::NotAsked, &Events::none()).await.unwrap();
    let head = OpenedRun::open(run.folder.path()).unwrap().plan.head().clone();
    drop(session);
    let files: Vec<String> = std::fs::read_dir(run.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let needed = ["plan.json", "journal.jsonl"];
    assert!(needed.iter().all(|file| files.iter().any(|there| there == file)), "{files:?}");
    for missing in &files {
        let copy = bench.work.path().join("runs").join(format!("without-{missing}"));
        std::fs::create_dir(&copy).unwrap();
        for file in files.iter().filter(|file| *file != missing) {
            std::fs::copy(run.folder.path().join(file), copy.join(file)).unwrap();
        }
        let undoing = bench.open(OpenRequest::Undo(&head)).await;
        let undone = undoing.undo(&RunFolder::at(&copy), Copies::Leave, &Events::none()).await;
        match undone {
            Ok(plan) => {
                assert!(!needed.contains(&missing.as_str()), "undone without {missing}");
                assert_eq!(plan.file().tail().totals["delete"], 3, "without {missing}");
            }
            Err(error) => {
                let said = transship::model::chain(&error);
                assert!(said.contains(missing.as_str()), "without {missing}: {said}");
                let spare = ["job.yaml", "audit.csv", "summary.json", "report.html", "known.ids"];
                assert!(!spare.contains(&missing.as_str()), "not undone without {missing}: {said}");
            }
        }
    }
}

/// A run of a job of one account, and what its session noted.
async fn done(bench: &Bench, action: &str, more: &str) -> (Vec<(String, Outcome)>, Vec<String>) {
    done_in(bench, "us", action, more).await
}

/// The same, with the account of the emulator that bears the name `us`.
async fn done_in(
    bench: &Bench,
    place: &str,
    action: &str,
    more: &str,
) -> (Vec<(String, Outcome)>, Vec<String>) {
    let path = bench.work.path().join("job.yaml");
    let text = format!(
        "version: 1\nname: case\naction: {action}\naccounts:\n  us: {{ emulator: {place} }}\nsource: us\n{more}"
    );
    std::fs::write(&path, text).unwrap();
    let (job, settings) = session::load_job(&bench.host, &path).unwrap();
    let session = bench.open(OpenRequest::Write(settings)).await;
    let notes = session.notes().to_vec();
    let plan = session.plan(PlanRequest::of(&job), &Events::none()).await.unwrap();
    let mut run = session.execute(plan, Approval::Given, &Events::none()).await.unwrap();
    run.sound().unwrap();
    let rows = run.rows().unwrap().into_iter().map(|row| (row.item.name.clone(), row.outcome)).collect();
    (rows, notes)
}

#[tokio::test]
async fn case_44_a_snapshot_from_the_future_is_never_the_latest() {
    const ARCHIVE: &str = "archive: { path: ./archive }\n";
    let mut bench = Bench::new();
    let mut nights = Vec::new();
    for time in ["2026-03-01T02:00:00Z", "2030-03-02T02:00:00Z"] {
        bench.host.clock = Clock::ticking(time.parse().unwrap());
        nights.push(done(&bench, "backup", ARCHIVE).await);
    }
    for time in ["2026-03-03T02:00:00Z", "2026-03-04T02:00:00Z"] {
        bench.host.clock = Clock::ticking(time.parse().unwrap());
        let edit = "transform:\n  - set: { /description: \"edited {{ job.date }}\" }\n";
        let (rows, _) = done(&bench, "update", edit).await;
        assert!(rows.iter().all(|(_, outcome)| *outcome == Outcome::Updated), "{rows:?}");
        nights.push(done(&bench, "backup", ARCHIVE).await);
    }
    let warned = |notes: &[String]| notes.iter().any(|note| note.contains("dated in the future"));
    let told: Vec<bool> = nights.iter().map(|(_, notes)| warned(notes)).collect();
    assert_eq!(told, [false, false, true, true], "a backup beside it warns, too");
    bench.host.clock = Clock::ticking("2026-03-05T02:00:00Z".parse().unwrap());
    let (rows, notes) = done(&bench, "restore", ARCHIVE).await;
    assert!(rows.iter().all(|(_, outcome)| *outcome == Outcome::Unchanged), "{rows:?}");
    assert!(warned(&notes) && notes.iter().any(|note| note.contains("archive.snapshot")), "{notes:?}");
}

#[tokio::test]
async fn of_two_accounts_of_one_name_each_is_restored_from_its_own_backup() {
    const ARCHIVE: &str = "archive: { path: ./archive }\n";
    let mut bench = Bench::new();
    let mut told = Vec::new();
    for (action, place, time) in [
        ("backup", "us", "2026-03-01T02:00:00Z"),
        ("restore", "eu", "2026-03-02T02:00:00Z"),
        ("backup", "eu", "2026-03-03T02:00:00Z"),
        ("restore", "us", "2026-03-04T02:00:00Z"),
        ("restore", "eu", "2026-03-05T02:00:00Z"),
    ] {
        bench.host.clock = Clock::ticking(time.parse().unwrap());
        let (rows, notes) = done_in(&bench, place, action, ARCHIVE).await;
        let warned = notes.iter().any(|note| note.contains("is a backup of emulator:us"));
        told.push((rows.len(), warned));
        if told.len() > 3 {
            assert!(rows.iter().all(|(_, outcome)| *outcome == Outcome::Unchanged), "{place}: {rows:?}");
        }
    }
    assert_eq!(told, [(3, false), (3, true), (3, false), (3, false), (3, false)]);
}

/// An archive in that storage, with a snapshot of one import.
async fn backed_up(storage: &Arc<ThrottledStore<InMemory>>) -> (Archive, Snapshot) {
    let options = ArchiveOptions { create: true, ..ArchiveOptions::new(Clock::system()) };
    let storage = Arc::<ThrottledStore<InMemory>>::clone(storage);
    let archive = Archive::open_store(storage, "bucket", options).await.unwrap();
    let account = archive::Account { name: "us".to_owned(), origin: "o".to_owned(), user: "u".to_owned() };
    let mut writer = archive.backup(account).await.unwrap();
    let (id, text) = ("5f7c579b6411271af4e7cefa", r#"{"_id":"5f7c579b6411271af4e7cefa","name":"a"}"#);
    let facts = archive::Facts {
        kind: "imports".to_owned(),
        id: id.into(),
        name: "a".to_owned(),
        adaptor_type: None,
        integration: None,
        last_modified: None,
        fingerprint: transship::model::Fingerprint::of(text.as_bytes()),
    };
    writer.add(facts, text.as_bytes()).await.unwrap();
    let snapshot = writer.finish(archive::Notes::default()).await.unwrap();
    (archive, snapshot)
}

#[tokio::test]
async fn a_drill_of_a_bucket_that_does_not_answer_stops_when_it_is_told_to() {
    let storage = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
    let (archive, snapshot) = backed_up(&storage).await;
    storage.config_mut(|config| config.wait_get_per_call = Duration::from_hours(1));
    let (bench, cancel) = (Bench::new(), Cancel::new());
    let (mut known, request) =
        (Restorable::default(), DrillRequest { archive: &archive, snapshot: &snapshot, share: 1.0 });
    let stop = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.drain();
    };
    let drill = tokio::time::timeout(
        Duration::from_secs(5),
        session::drill(&bench.host, request, &mut known, &cancel),
    );
    let (drilled, ()) = tokio::join!(drill, stop);
    let stopped = drilled.expect("it stops").unwrap_err();
    assert!(matches!(stopped, SessionError::Engine(EngineError::Interrupted)), "{stopped}");
}
