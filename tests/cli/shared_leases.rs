//! Machines that share a store: the lease of an account that is written, and the notes of those that read it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::told;
use crate::support::scenario::{Fault, Scenario};

#[test]
fn a_run_of_one_person_takes_the_lease_of_its_target_where_a_store_is_shared_and_lets_go_of_it() {
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_STORE", "shared").start();
    for _ in 0..2 {
        world.run().expect_exit(0);
        let leases = std::fs::read_dir(world.path("shared/leases")).unwrap();
        let mut leases = leases.filter(|lease| lease.as_ref().is_ok_and(|lease| lease.path().is_file()));
        let lease = leases.next().expect("a lease").unwrap().path();
        assert!(leases.next().is_none(), "one account, one lease");
        let note: Value = serde_json::from_slice(&std::fs::read(lease).unwrap()).unwrap();
        assert_eq!((&note["released"], &note["what"]), (&true.into(), &"account `target`".into()), "{note}");
    }
    // A plan and a dry run share the accounts with others that read, and leave nothing there.
    std::fs::remove_dir_all(world.path("shared")).unwrap();
    world.command(&["plan", "JOB"]).expect_exit(0);
    world.run_with(&["--dry-run"]).expect_exit(0);
    assert_eq!(files_below(&world.path("shared/leases")), 0);
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

#[test]
fn those_that_read_an_account_share_it_and_its_budget_and_one_that_writes_has_it_for_itself() {
    let world = Scenario::migrate([]).many(150).job("rate", "{ per_second: 10, burst: 250, share: 1 }");
    let world = world.job("concurrency", "4").env("TRANSSHIP_STORE", "shared").start();
    world.fault(Fault::on_list(Fault::slow_before(1500)));
    let plan = |machine: &str| {
        let mut command = world.binary(&["plan", "JOB"]);
        command.env("XDG_STATE_HOME", world.path(machine)).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (one, other) = (plan("one"), plan("other"));
    let since = Instant::now();
    // Each has a note beside the lease of each of the two accounts.
    while files_below(&world.path("shared/leases")) < 4 {
        assert!(since.elapsed() < Duration::from_mins(1), "they never shared them");
        std::thread::sleep(Duration::from_millis(5));
    }
    for reader in [one, other] {
        let ended = reader.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", told(&ended));
    }
    assert_eq!(files_below(&world.path("shared/leases")), 0, "they let go");
    // Whoever only looks does so beside one that writes.
    world.no_faults();
    world.fault(Fault::on_create(Fault::slow_before(500)));
    let writer = world.spawn_run(&[]);
    let lease = || files_below(&world.path("shared/leases")) > 0 && world.path("runs/run-1").is_dir();
    while !lease() {
        assert!(since.elapsed() < Duration::from_mins(2), "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    let reader = plan("other").wait_with_output().unwrap();
    assert_eq!(reader.status.code(), Some(0), "{}", told(&reader));
    assert!(lease(), "the writer is still at work");
    // A run that writes does not begin.
    world.write_job("back.yaml", &[("source", "target"), ("target", "source")]);
    world.command(&["run", "back.yaml"]).expect_exit(7).expect_stderr("another run holds account");
    world.no_faults();
    writer.finish().expect_exit(0);
}

#[test]
fn two_machines_that_begin_one_run_in_one_folder_do_it_once() {
    let world = Scenario::migrate([]).many(5).env("TRANSSHIP_STORE", "shared").start();
    let begin = |machine: &str| {
        let mut command = world.binary(&["run", "JOB", "--run-dir", "runs/one", "--or-resume"]);
        // A machine has locks of its own.
        command.env("XDG_STATE_HOME", world.path(machine)).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (one, other) = (begin("one"), begin("other"));
    let ended = [one.wait_with_output().unwrap(), other.wait_with_output().unwrap()];
    let codes: Vec<Option<i32>> = ended.iter().map(|output| output.status.code()).collect();
    // One that waits sees the other live, or finds what it did; it never begins beside it.
    let is_right = codes.contains(&Some(0)) && codes.iter().all(|code| matches!(code, Some(0 | 7)));
    assert!(is_right, "{codes:?}\n{}\n{}", told(&ended[0]), told(&ended[1]));
    assert_eq!(world.imports("target").len(), 5);
}
