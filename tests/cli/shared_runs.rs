//! Run folders in a store that machines share: begun on one machine, gone on with, checked and undone on another.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::told;
use crate::support::scenario::{Fault, Scenario, World};

/// The run folder of these tests, below the folder of a world.
const RUN: &str = "shared/runs/one";

/// The address of the run folder.
pub(crate) fn address(world: &World) -> String {
    format!("file://{}", world.path(RUN).display())
}

/// A command as a machine of that name runs it, with state of its own.
pub(crate) fn on(machine: &str, world: &World, words: &[&str]) -> Command {
    let mut command = world.binary(words);
    command.env("XDG_STATE_HOME", world.path(machine)).stdin(Stdio::null());
    command
}

#[track_caller]
pub(crate) fn expect(code: i32, machine: &str, world: &World, words: &[&str]) -> Output {
    let output = on(machine, world, words).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", told(&output));
    assert!(!told(&output).contains(".planning-"), "the copy is nobody's business: {}", told(&output));
    output
}

pub(crate) fn segments(world: &World) -> usize {
    std::fs::read_dir(world.path(RUN).join("journal")).map_or(0, Iterator::count)
}

/// A killed process lets go of nothing: another machine would wait 35 s for it.
fn forget_the_lease(world: &World) {
    let _ = std::fs::remove_dir_all(world.path(RUN).join("leases"));
}

#[track_caller]
pub(crate) fn all_there(world: &World, count: usize, what: &str) {
    let mut names: Vec<String> =
        world.imports("target").iter().map(|import| import["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), count, "{what}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{what}: a name is there twice");
}

#[test]
fn a_run_is_checked_shown_gone_on_with_and_undone_from_another_machine() {
    let world = Scenario::migrate([]).many(5).start();
    let place = address(&world);
    let output = expect(0, "one", &world, &["run", "JOB", "--run-dir", &place, "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["folder"], place.as_str());
    for name in ["journal/000001.jsonl", "audit.csv", "report.html", "summary.json"] {
        assert!(world.path(RUN).join(name).is_file(), "{name}");
    }
    let left =
        |machine: &str| std::fs::read_dir(world.path(machine).join("transship")).map_or(0, Iterator::count);
    let names: Vec<_> = std::fs::read_dir(world.path("one").join("transship"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left("one") <= 1, "the copy is gone, the locks stay: {names:?}");
    assert!(!world.path("runs").exists());
    let again = expect(0, "two", &world, &["run", "JOB", "--run-dir", &place, "--or-resume"]);
    assert!(told(&again).contains("this run is finished"), "{}", told(&again));
    expect(0, "two", &world, &["resume", &place]);
    expect(0, "two", &world, &["verify", &place]);
    let output = expect(0, "two", &world, &["show", &place]);
    assert!(told(&output).contains(&place), "{}", told(&output));
    let output = expect(0, "two", &world, &["report", &place, "--format", "csv"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 6);
    expect(0, "two", &world, &["retry", &place]);
    let output = expect(2, "two", &world, &["run", "JOB", "--run-dir", &place]);
    assert!(told(&output).contains("not empty"), "{}", told(&output));
    expect(0, "three", &world, &["undo", &place]);
    all_there(&world, 0, "undone");
    // The undo is a run of its own, beside the other.
    let mut runs = std::fs::read_dir(world.path("shared/runs")).unwrap();
    let is_undo = |run: &std::fs::DirEntry| run.path().join("journal").is_dir() && run.file_name() != "one";
    let undo = runs.find_map(|run| run.ok().filter(is_undo)).expect("the undo");
    let undo = format!("file://{}", undo.path().display());
    expect(0, "two", &world, &["verify", &undo]);
}

#[test]
fn what_another_run_in_the_store_made_is_no_late_copy() {
    let world = Scenario::migrate(["a", "b"]).job("on_existing", "create").start();
    let place = |run: &str| format!("file://{}", world.path("shared/runs").join(run).display());
    expect(0, "one", &world, &["run", "JOB", "--run-dir", &place("one")]);
    for name in ["a", "b"] {
        world.edit("source", name, "/description", serde_json::json!("newer"));
    }
    expect(0, "two", &world, &["run", "JOB", "--run-dir", &place("two")]);
    assert_eq!(world.imports("target").len(), 4);
    expect(0, "three", &world, &["retry", &place("one")]);
    expect(0, "three", &world, &["undo", &place("one"), "--yes"]);
    all_there(&world, 2, "what the other run made stays");
    assert_eq!(world.import("target", "a")["description"], "newer");
}

#[test]
fn killed_at_each_point_between_segment_and_call_it_is_finished_on_another_machine_and_nothing_is_there_twice()
 {
    let points = [
        "draft.after_keep:1",
        "segment.before_files:1",
        "segment.before_put:1",
        "segment.after_put:1",
        "segment.before_put:2",
        "segment.after_put:2",
        "segment.after_put:3",
        "journal.before_write:2",
        "journal.torn_write:3",
        "call.before_send:1",
        "call.before_send:2",
        "call.after_answer:1",
        "call.after_answer:2",
        "report.before_files:1",
    ];
    for point in points {
        let world = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1").start();
        let place = address(&world);
        let words = ["run", "JOB", "--run-dir", &place, "--or-resume"];
        let killed = on("one", &world, &words).env("TRANSSHIP_CRASH", point).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}: {}", told(&killed));
        forget_the_lease(&world);
        expect(0, "two", &world, &words);
        all_there(&world, 3, point);
        expect(0, "two", &world, &["verify", &place]);
    }
}

#[cfg(debug_assertions)]
#[test]
fn an_undo_that_is_killed_at_its_beginning_is_gone_on_with_on_another_machine_and_its_run_is_not() {
    let mut begun = 0;
    for segment in 1..=4 {
        let world =
            Scenario::migrate(["a", "b"]).job("concurrency", "1").env("TRANSSHIP_SETTLE", "0").start();
        world.fault(Fault::on_create(Fault::status(401)).named("b"));
        let place = address(&world);
        expect(6, "one", &world, &["run", "JOB", "--run-dir", &place]);
        world.no_faults();
        let point = format!("segment.before_put:{segment}");
        let mut killed = on("one", &world, &["undo", &place, "--yes"]);
        let killed = killed.env("TRANSSHIP_CRASH", &point).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}: {}", told(&killed));
        forget_the_lease(&world);
        let mut runs = std::fs::read_dir(world.path("shared/runs")).unwrap();
        let has_begun =
            |run: &std::fs::DirEntry| run.path().join("journal").is_dir() && run.file_name() != "one";
        let Some(undo) = runs.find_map(|run| run.ok().filter(has_begun)) else {
            expect(0, "two", &world, &["resume", &place]);
            all_there(&world, 2, &point);
            continue;
        };
        begun += 1;
        expect(0, "two", &world, &["resume", &format!("file://{}", undo.path().display())]);
        let refused = expect(2, "three", &world, &["resume", &place]);
        assert!(told(&refused).contains("was undone by"), "{point}: {}", told(&refused));
        all_there(&world, 0, &point);
    }
    assert!((1..=3).contains(&begun), "{begun}");
}

#[test]
fn a_run_that_another_machine_writes_is_left_to_it() {
    let world = Scenario::migrate([]).many(30).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(600)));
    let place = address(&world);
    let mut running = on("one", &world, &["run", "JOB", "--run-dir", &place]);
    let running = running.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("an intent is written", || segments(&world) >= 3);
    let output = expect(7, "two", &world, &["resume", &place]);
    assert!(told(&output).contains("another run holds"), "{}", told(&output));
    world.no_faults();
    let ended = running.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", told(&ended));
}

#[test]
fn an_address_that_is_no_run_folder_is_refused() {
    let world = Scenario::migrate(["a"]).start();
    let shared = world.path("shared");
    std::fs::create_dir(&shared).unwrap();
    for (place, part) in [
        (format!("file://{}/", shared.display()), "there is no run in"),
        (format!("file://{}/no run", shared.display()), "name a folder for the run"),
        ("s3://bucket".to_owned(), "name a folder for the run"),
        ("ftp://host/runs/one".to_owned(), "ftp:// is not known"),
    ] {
        let output = on("one", &world, &["verify", &place]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{place}: {}", told(&output));
        assert!(told(&output).contains(part), "{place}: {}", told(&output));
    }
    // One flipped byte, one segment that is gone.
    let place = address(&world);
    expect(0, "one", &world, &["run", "JOB", "--run-dir", &place]);
    let second = world.path(RUN).join("journal/000002.jsonl");
    let kept = std::fs::read(&second).unwrap();
    let mut flipped = kept.clone();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    std::fs::write(&second, flipped).unwrap();
    expect(1, "one", &world, &["verify", &place]);
    std::fs::remove_file(&second).unwrap();
    let output = expect(1, "one", &world, &["verify", &place]);
    assert!(told(&output).contains("segment 2 is missing"), "{}", told(&output));
    std::fs::write(&second, kept).unwrap();
    expect(0, "one", &world, &["verify", &place]);
}

pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_mins(1), "never came about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn whoever_writes_to_a_run_folder_of_a_fleet_takes_the_lease_that_its_workers_take() {
    let world = Scenario::migrate([]).many(3).start();
    let leases = |store: &str| {
        let found = std::fs::read_dir(world.path(store).join("leases")).into_iter().flatten().flatten();
        let count = found.filter(|entry| entry.path().is_file()).count();
        let _ = std::fs::remove_dir_all(world.path(store).join("leases"));
        count
    };
    std::fs::create_dir_all(world.path("shared/fleets/f/runs")).unwrap();
    std::fs::write(world.path("shared/fleets/f/fleet.json"), "{}").unwrap();
    let shared = world.path("shared/fleets/f/runs").display().to_string();
    for (folder, place) in [("one", format!("file://{shared}/one")), ("two", format!("{shared}/two"))] {
        expect(0, "a", &world, &["run", "JOB", "--run-dir", &place]);
        assert_eq!(leases("shared"), 1, "{place}");
        assert!(!world.path(&format!("shared/fleets/f/runs/{folder}/leases")).exists());
        expect(0, "b", &world, &["undo", &place, "--yes"]);
        assert_eq!(leases("shared"), 1, "{place}: undone");
    }
    // One with a store of its own meets those of the fleet too, and the others of that store.
    let place = format!("file://{shared}/three");
    let run = |store: &str| {
        let mut command = on("c", &world, &["run", "JOB", "--run-dir", &place, "--or-resume"]);
        let output = command.env("TRANSSHIP_STORE", world.path(store)).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    };
    run("other");
    assert_eq!((leases("other"), leases("shared")), (1, 1));
    // The store of the fleet is one store, however it is named.
    std::fs::remove_dir_all(world.path("shared/fleets/f/runs/three")).unwrap();
    run("./shared");
    assert_eq!(leases("shared"), 1);
}
