//! Terminals that go away, questions that are not answered, and readers that have read enough.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{expect_ten_once, ten};
use crate::support::scenario::{Fault, Scenario, World};

#[test]
fn a_terminal_that_goes_away_drains_the_run_which_can_be_resumed() {
    if hangups_are_ignored_here() {
        eprintln!("these tests are to outlive their terminal, and so is what they start: not tried");
        return;
    }
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_after(100)));
    // Shells pass on what the system told already.
    let running = world.spawn_run(&[]).until_journal("applied", 2).signal("HUP").signal("HUP");
    let ran = running.finish().expect_exit(130).expect_stderr("transship resume");
    assert_eq!(ran.summary()["state"], "interrupted");
    assert_eq!(ran.audit().len(), 10);
    assert!(!ran.file("journal.jsonl").contains("in_doubt"), "what was in flight was finished");
    expect_ten_once(ran.resumed());
}

#[test]
fn after_the_first_signal_no_further_call_leaves() {
    let world = Scenario::migrate([]).many(100).start();
    world.fault(Fault::on_create(Fault::slow_before(1_500)));
    let control = world.control().clone();
    let arrived = || control.count("POST", "/v1/imports");
    let running = world.spawn_run(&[]).until("a second wave of creates", || arrived() >= 12);
    let intents = running.in_journal("\"step\":\"intended\"");
    let ran = running.signal("INT").finish().expect_exit(130);
    let after = control.count("POST", "/v1/imports");
    // Calls whose intent is written while the signal is on its way to the run may still leave.
    assert!(after <= intents + 8, "{intents} intents were written, {after} calls were sent in the end");
    assert!(after < 100, "all were sent");
    let journal = ran.file("journal.jsonl");
    let steps = |step: &str| journal.matches(&format!("\"step\":\"{step}\"")).count() as u64;
    assert_eq!(steps("applied"), after, "what was on the wire was awaited");
    assert_eq!(
        steps("intended"),
        after + steps("not_sent"),
        "an intent whose call was not sent is recorded so"
    );
    assert_eq!(ran.summary()["outcomes"]["created"], after);
    assert_eq!(world.imports("target").len() as u64, after);
    world.no_faults();
    world.resume(ran.folder()).expect_exit(0).expect_all(100, "created", "equal");
    assert_eq!(world.imports("target").len(), 100);
}

#[test]
fn a_signal_during_a_long_pause_is_noticed_at_once() {
    let world = ten();
    world.fault(Fault::on_create(Fault::throttled("30")).nth(3));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    let since = Instant::now();
    let ran = running.signal("TERM").finish().expect_exit(130);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    expect_ten_once(ran.resumed());
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_after(50)));
    let mut child =
        in_shell(&world, "trap '' HUP", &["run", "JOB", "--run-dir", "runs/kept"]).spawn().unwrap();
    let journal = world.path("runs/kept/journal.jsonl");
    while !std::fs::read_to_string(&journal).unwrap_or_default().contains("applied") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(world.imports("target").len(), 10);
}

#[test]
fn a_signal_while_the_service_is_asked_whose_token_it_is_ends_with_130_and_nothing_is_sent() {
    let world = ten();
    world.fault(Fault::on("GET", "/v1/tokenInfo", Fault::slow_before(20_000)).in_account("target"));
    let control = world.control().clone();
    let running =
        world.spawn_run(&[]).until("the first token", || control.count("GET", "/v1/tokenInfo") >= 1);
    let ran = running.signal("INT").finish().expect_exit(130).expect_no_write();
    assert!(!ran.folder().exists());
}

#[test]
fn the_first_signal_is_answered_at_once_while_imports_are_prepared() {
    // Each import takes the filter the two seconds that it is given: whoever looks up between imports only answers late.
    let world =
        Scenario::migrate([]).many(40).job("transform", "[{ jq: 'last(range(1e12)) as $x | .' }]").start();
    let said = world.path("said");
    let heard = |text: &str| std::fs::read_to_string(&said).unwrap_or_default().contains(text);
    let mut command = world.binary(&["run", "JOB", "--yes", "-v"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&said).unwrap());
    let mut child = command.spawn().unwrap();
    let id = child.id().to_string();
    let mut wait_for = |text: &str| {
        let since = Instant::now();
        while !heard(text) {
            assert!(child.try_wait().unwrap().is_none(), "it ended without `{text}`");
            std::thread::sleep(Duration::from_millis(2));
        }
        since.elapsed()
    };
    wait_for("stage=\"prepare\"");
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    // A fifth of a second on a machine that does nothing else.
    let answered = wait_for("stopping");
    assert!(answered < Duration::from_secs(2), "{answered:?}");
    let since = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        since.elapsed() < Duration::from_secs(20),
        "the other imports are not prepared: {:?}",
        since.elapsed()
    );
}

#[test]
fn a_signal_at_the_question_is_a_no() {
    // Only a terminal is asked; `script` gives one to a command.
    let line = format!("{} run job.yaml --run-dir runs/asked", env!("CARGO_BIN_EXE_transship"));
    let world = ten();
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(world.path("")).stdin(Stdio::piped());
    for (name, value) in world.binary(&[]).get_envs() {
        command.env(name, value.unwrap());
    }
    let Ok(mut child) =
        command.env("SHELL", "/bin/sh").env_remove("TRANSSHIP_YES").stdout(Stdio::piped()).spawn()
    else {
        eprintln!("there is no `script` here to make a terminal with: not tried");
        return;
    };
    let (mut out, mut shown) = (child.stdout.take().unwrap(), String::new());
    let mut piece = [0; 1024];
    while !shown.contains("[y/N]") {
        let read = out.read(&mut piece).unwrap();
        assert_ne!(read, 0, "it was not asked: {shown}");
        shown.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let mut typed = child.stdin.take().unwrap();
    typed.write_all(b"\x03").unwrap();
    out.read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{shown}");
    assert!(shown.contains("interrupted before anything was written"), "{shown}");
    assert!(!world.path("runs/asked").exists());
    assert_eq!(world.imports("target").len(), 0);
}

#[test]
fn a_quiet_run_that_is_not_finished_still_says_how_to_go_on() {
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_after(100)));
    let ran = world.spawn_run(&["--quiet"]).until_journal("applied", 1).signal("TERM").finish();
    ran.expect_exit(130).expect_stderr("transship resume");
}

#[test]
fn a_reader_that_went_away_does_not_change_what_a_command_exits_with() {
    let world = Scenario::migrate([]).many(200).start();
    assert_eq!(unread(&world, &["plan", "JOB", "--exit-code"]), Some(5));
    let ran = world.run().expect_exit(0);
    let run = ran.folder().display().to_string();
    for words in [
        vec!["show", &run],
        vec!["report", &run, "--format", "csv"],
        vec!["verify", &run],
        vec!["show", &run, "--format", "json"],
        vec!["list", "JOB"],
        vec!["list", "JOB", "--format", "csv"],
        vec!["schema"],
    ] {
        assert_eq!(unread(&world, &words), Some(0), "{words:?}");
    }
    assert_eq!(unread(&world, &["plan", "JOB", "--format", "json"]), Some(0));
    std::fs::write(ran.folder().join("audit.csv"), "changed").unwrap();
    assert_eq!(unread(&world, &["verify", &run]), Some(1), "a damaged run is damaged, read or not");
}

/// Whether these tests were started by `nohup` or the like: what they start inherits it, and cannot undo it.
fn hangups_are_ignored_here() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

/// The exit code of a command whose output nobody reads; it must have nothing to complain about.
fn unread(world: &World, words: &[&str]) -> Option<i32> {
    let mut child = world.binary(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(!complaints.contains("error") && !complaints.contains("panicked"), "{words:?}: {complaints}");
    output.status.code()
}

/// The binary, started by a shell that does something first.
pub(super) fn in_shell(world: &World, first: &str, words: &[&str]) -> Command {
    let binary = world.binary(words);
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{first}; exec \"$0\" \"$@\""))
        .arg(binary.get_program())
        .args(binary.get_args());
    command.current_dir(world.path("")).env_clear().stdin(Stdio::null());
    for (name, value) in binary.get_envs() {
        command.env(name, value.unwrap());
    }
    command
}
