//! A process that stands still past its lease: whoever takes over waits 35 s, as on every machine.

use std::process::{Command, Stdio};

use crate::shared_runs::{address, all_there, expect, on, segments, until};
use crate::support::process::told;
use crate::support::scenario::{Fault, Scenario};

#[test]
fn a_process_that_stood_still_past_its_lease_sends_nothing_while_another_machine_finished_its_run() {
    let world = Scenario::migrate([]).many(40).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(150)));
    let place = address(&world);
    let mut stalled = on("one", &world, &["run", "JOB", "--run-dir", &place]);
    let stalled = stalled.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("some intents are written", || segments(&world) >= 6);
    signal(stalled.id(), "-STOP");
    world.no_faults();
    // Whoever looks while its lease holds is told who has it.
    let output = on("two", &world, &["resume", &place]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    all_there(&world, 40, "finished by the other");
    signal(stalled.id(), "-CONT");
    let ended = stalled.wait_with_output().unwrap();
    assert!(matches!(ended.status.code(), Some(1 | 130)), "{:?}: {}", ended.status, told(&ended));
    all_there(&world, 40, "after the stalled one went on");
    expect(0, "two", &world, &["verify", &place]);
}

fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}
