//! Runs as others find them: being written, killed, left behind, named by nobody.

use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::support::scenario::{Fault, Scenario, World};

fn ten() -> Rc<World> {
    Scenario::migrate([]).many(10).job("concurrency", "1").start()
}

fn slow() -> Fault {
    Fault::on_create(Fault::slow_after(150))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_run_that_is_being_written_is_left_alone_wherever_home_is() {
    let world = ten();
    world.fault(slow());
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    for command in ["resume", "retry", "undo"] {
        let mut other = world.binary(&[command, "runs/run-1"]);
        let elsewhere = world.path("elsewhere");
        let output = other.env("HOME", &elsewhere).env("XDG_STATE_HOME", &elsewhere).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(7), "{command}: {said}");
        assert!(said.contains("another process writes the run in runs/run-1 (process "), "{command}: {said}");
        assert!(said.contains(", since "), "{command}: {said}");
    }
    running.finish().expect_exit(0).expect_all(10, "created", "equal");
}

#[test]
fn a_run_that_is_being_written_is_shown_so_and_one_that_was_killed_with_what_is_unknown() {
    let world = ten();
    world.fault(slow());
    let running = world.spawn_run(&[]).until_journal("applied", 2);
    let process = format!("is being written now by process {}", running.id());
    world.command(&["show", "runs/run-1"]).expect_exit(0).expect_stdout(&process).expect_stdout("so far; ");
    let ran = world.command(&["verify", "runs/run-1"]).expect_exit(3);
    let ran = ran.expect_stdout("is intact so far").expect_stdout("it is written when the run ends");
    assert!(!ran.stdout.contains("cut off") && !ran.stdout.contains("resume"), "{}", ran.stdout);
    world.command(&["runs"]).expect_exit(0).expect_stdout("running");
    running.signal("KILL").finish().expect_killed();
    let unknown = "The effect of 1 call is unknown: 1 import may or may not exist.";
    for (words, figures) in [(&["show", "runs/run-1"][..], false), (&["report", "runs/run-1"], false)] {
        let ran = world.command(words).expect_exit(0).expect_stdout(unknown).expect_stdout("was cut off");
        assert_eq!(ran.stdout.contains("API call"), figures, "{}", ran.stdout);
    }
    world.command(&["show", "runs/run-1"]).expect_stdout("Go on:   transship resume runs/run-1");
    world.command(&["report", "runs/run-1", "--format", "junit"]).expect_stdout("<error type=\"in_doubt\"");
    world.command(&["runs"]).expect_exit(0).expect_stdout("1 in doubt");
    world.no_faults();
    world.command(&["resume", "runs/run-1"]).expect_exit(0);
}

#[test]
fn an_unfinished_run_that_was_undone_is_not_redone_in_part_and_goes_with_the_others() {
    let world = ten();
    world.fault(Fault::on_create(Fault::status(401)).nth(4));
    world.run().expect_exit(6);
    world.no_faults();
    world.command(&["undo", "runs/run-1"]).expect_exit(0).expect_target([]);
    for command in ["retry", "resume"] {
        let ran = world.command(&[command, "runs/run-1"]).expect_exit(2).expect_no_write();
        let ran = ran.expect_stderr("this run was undone by ").expect_stderr("start a new run of its job");
        assert!(!ran.stderr.contains("goes on with it"), "{}", ran.stderr);
    }
    world.command(&["runs"]).expect_exit(0).expect_stdout("undone by ");
    world.command(&["show", "runs/run-1"]).expect_exit(0).expect_stdout("It was undone by the run ");
    let ran = world.command(&["runs", "prune", "--keep-last", "0"]).expect_exit(0);
    ran.expect_stdout("removed: runs/run-1");
}

#[test]
fn a_finished_run_that_was_undone_is_listed_so() {
    let world = ten();
    world.run().expect_exit(0);
    world.command(&["undo", "runs/run-1"]).expect_exit(0);
    let ran = world.command(&["runs"]).expect_exit(0);
    let undone: Vec<_> = ran.stdout.lines().filter(|line| line.contains("undone by ")).collect();
    assert!(matches!(undone[..], [line] if line.contains("10 created, undone by ")), "{}", ran.stdout);
}

#[test]
fn a_target_is_one_target_however_its_address_is_written() {
    let world = ten();
    let job = world.read("job.yaml").replace("127.0.0.1", "localhost");
    std::fs::write(world.path("other.yaml"), job).unwrap();
    world.fault(slow());
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    let output = world.binary(&["run", "other.yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert!(said(&output).contains("another run holds account `target` (process "), "{}", said(&output));
    running.finish().expect_exit(0);
    assert_eq!(world.imports("target").len(), 10);
}

#[test]
fn without_a_home_locks_lie_beside_the_runs() {
    let world = ten();
    let mut run = world.binary(&["run", "JOB"]);
    let output = run.env_remove("HOME").env_remove("XDG_STATE_HOME").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(std::fs::read_dir(world.path("runs/.locks")).unwrap().count(), 1);
}

#[test]
fn a_run_that_is_started_again_in_its_folder_is_done_once() {
    let world = ten();
    world.fault(slow());
    let words = ["run", "JOB", "--run-dir", "runs/one", "--or-resume"];
    let folder = world.path("runs/one");
    let killed = world.spawn(&words, Some(folder.clone())).until_journal("applied", 3).signal("KILL");
    killed.finish().expect_killed();
    world.no_faults();
    let ran = world.spawn(&words, Some(folder.clone())).finish();
    ran.expect_exit(0).expect_all(10, "created", "equal");
    // Now it is finished: its exit code comes at once, and nothing is sent.
    let ran = world.spawn(&words, Some(folder)).finish().expect_exit(0);
    ran.expect_calls("GET", "/v1/imports", 0).expect_calls("GET", "/v1/tokenInfo", 0);
    assert_eq!(world.imports("target").len(), 10);
    world.write_job("other.yaml", &[("name", "another")]);
    let ran = world.command(&["run", "other.yaml", "--run-dir", "runs/one", "--or-resume"]);
    ran.expect_exit(2).expect_stderr("holds a run of another job").expect_no_write();
}

#[test]
fn what_a_run_left_that_was_killed_before_it_began_is_begun_again() {
    for words in [
        &["run", "JOB", "--run-dir", "runs/one", "--or-resume"][..],
        &["run", "JOB", "--run-dir", "runs/one"],
    ] {
        let world = ten();
        let mut killed = world.binary(words);
        let killed = killed.env("TRANSSHIP_CRASH", "journal.created").stderr(Stdio::null()).status().unwrap();
        assert_eq!(killed.code(), None);
        let ran = world.spawn(words, Some(world.path("runs/one"))).finish();
        ran.expect_exit(0).expect_all(10, "created", "equal");
    }
}

#[test]
fn a_folder_with_files_of_somebody_else_is_never_cleared() {
    let world = ten();
    std::fs::create_dir(world.path("mine")).unwrap();
    world.command(&["plan", "JOB", "--out", "mine/plan.json"]).expect_exit(0);
    std::fs::write(world.path("mine/job.yaml"), "mine").unwrap();
    std::fs::write(world.path("mine/notes.txt"), "mine").unwrap();
    for more in [&["--or-resume"][..], &[]] {
        let words = [&["run", "JOB", "--run-dir", "mine"][..], more].concat();
        world.command(&words).expect_exit(2).expect_stderr("not empty").expect_no_write();
    }
    assert_eq!(world.read("mine/notes.txt"), "mine");
    assert!(world.path("mine/plan.json").exists());
}

#[test]
fn resume_without_a_name_takes_the_run_that_is_not_finished() {
    let world = ten();
    world.fault(Fault::on_create(Fault::status(401)).nth(3));
    world.run().expect_exit(6);
    world.no_faults();
    world.write_job("one.yaml", &[("name", "one"), ("select", "{ names: [\"Import 00001\"] }")]);
    world.command(&["run", "one.yaml"]).expect_exit(0);
    world.command(&["resume"]).expect_exit(0).expect_stderr("runs/run-1");
    assert_eq!(world.imports("target").len(), 10);
    // Nothing is left to resume.
    world.command(&["resume"]).expect_exit(0).expect_stderr("nothing to resume").expect_no_write();
}

#[test]
fn resume_without_a_name_lists_the_runs_if_several_are_not_finished() {
    let world = ten();
    for _ in 0..2 {
        world.no_faults();
        world.fault(Fault::on_create(Fault::status(401)).nth(2));
        world.run().expect_exit(6);
    }
    let ran = world.command(&["resume"]).expect_exit(2).expect_stderr("2 runs in runs are not finished");
    ran.expect_stderr("transship resume runs/run-1").expect_stderr("transship resume runs/run-2");
    world.command(&["runs"]).expect_exit(0).expect_stderr("not finished: transship resume runs/run-2");
}

#[test]
fn what_killed_processes_left_is_listed_and_pruned_and_old_runs_go() {
    let world = ten();
    world.run().expect_exit(0);
    world.run().expect_exit(0);
    let left = world.path("runs/.planning-left");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("wanted.jsonl"), "in clear").unwrap();
    world.command(&["runs"]).expect_exit(0).expect_stderr("left by a killed process: runs/.planning-left");
    let ran = world.command(&["runs", "prune", "--keep-last", "1", "--dry-run"]).expect_exit(0);
    ran.expect_stdout("would be removed: runs/run-1").expect_stdout("would be removed: runs/.planning-left");
    assert!(left.exists() && world.path("runs/run-1").exists());
    world.command(&["runs", "prune", "--older-than", "1d"]).expect_exit(0);
    assert!(!left.exists() && world.path("runs/run-1").exists(), "a run of today was removed");
    world.command(&["runs", "prune", "--keep-last", "1"]).expect_exit(0);
    assert!(!world.path("runs/run-1").exists() && world.path("runs/run-2").exists());
}

#[test]
fn without_a_terminal_nothing_is_written_unless_somebody_agreed_beforehand() {
    let world = ten();
    let output =
        world.binary(&["run", "JOB"]).env_remove("TRANSSHIP_YES").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("give --yes"), "{}", said(&output));
    assert!(world.imports("target").is_empty());
    world.run().expect_exit(0);
    let mut undo = world.binary(&["undo", "runs/run-1"]);
    let output = undo.env_remove("TRANSSHIP_YES").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(world.imports("target").len(), 10);
}

#[test]
fn a_plan_is_written_over_a_plan_and_over_nothing_else() {
    let world = ten();
    let job = world.read("job.yaml");
    let ran = world.command(&["plan", "JOB", "--out", "job.yaml"]).expect_exit(2);
    ran.expect_stderr("which is the job").expect_calls("GET", "/v1/imports", 0);
    assert_eq!(world.read("job.yaml"), job);
    std::fs::write(world.path("notes.txt"), "mine").unwrap();
    world.command(&["plan", "JOB", "--out", "notes.txt"]).expect_exit(2).expect_stderr("not a plan");
    assert_eq!(world.read("notes.txt"), "mine");
    world.command(&["plan", "JOB", "--out", "."]).expect_exit(2).expect_stderr("not a file");
    let ran = world.command(&["plan", "JOB", "--out", "plans/plan.json"]).expect_exit(2);
    ran.expect_stderr("plans, which is no folder: make it first").expect_calls("GET", "/v1/imports", 0);
    for _ in 0..2 {
        world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    }
}

#[test]
fn a_run_whose_folder_or_journal_is_taken_away_stops_before_the_next_write_and_says_what_it_wrote() {
    type Harm = fn(&std::path::Path);
    let harms: [(&str, Harm); 4] = [
        ("the folder is moved", |run| std::fs::rename(run, run.with_file_name("moved")).unwrap()),
        ("the folder is removed", |run| std::fs::remove_dir_all(run).unwrap()),
        ("the journal is removed", |run| std::fs::remove_file(run.join("journal.jsonl")).unwrap()),
        ("the journal is replaced", |run| {
            std::fs::copy(run.join("journal.jsonl"), run.join("copy")).unwrap();
            std::fs::rename(run.join("copy"), run.join("journal.jsonl")).unwrap();
        }),
    ];
    for (harm, act) in harms {
        println!("{harm}");
        let world = ten();
        world.fault(slow());
        let running = world.spawn_run(&[]).until_journal("applied", 2);
        act(&world.path("runs/run-1"));
        let mut ran = running.finish().expect_exit(1).expect_stderr("was removed, moved or replaced");
        let made = world.imports("target");
        assert!(made.len() < 6, "it went on writing");
        for import in made {
            let (id, name) = (import["_id"].as_str().unwrap(), import["name"].as_str().unwrap());
            ran = ran.expect_stderr(&format!("created \"{name}\" ({id})"));
        }
    }
}

#[test]
fn a_run_whose_documents_as_they_were_are_taken_away_overwrites_nothing_more() {
    let world = Scenario::update([]).many(10).job("transform", "[{ set: { /description: new } }]");
    let world = world.job("concurrency", "1").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_after(150)));
    let running = world.spawn_run(&[]).until_journal("applied", 2);
    std::fs::remove_file(world.path("runs/run-1/before.jsonl")).unwrap();
    running.finish().expect_exit(1).expect_stderr("before.jsonl was removed, moved or replaced");
    let written = world.imports("source").iter().filter(|import| import["description"] == "new").count();
    assert!(written < 6, "it went on writing");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_parent_died_before_it_began_writes_nothing() {
    let world = ten();
    world.set_env("TRANSSHIP_PARENT", "1");
    let ran = world.run_with(&["--die-with-parent"]).expect_exit(130);
    ran.expect_stderr("the process that started this one is gone").expect_no_write();
    world.set_env("TRANSSHIP_PARENT", &std::process::id().to_string());
    world.run_with(&["--die-with-parent"]).expect_exit(0);
}

#[test]
fn a_run_that_dies_with_its_parent_can_be_resumed() {
    let world = ten();
    world.fault(slow());
    let line = format!(
        "{} run job.yaml --run-dir runs/one --die-with-parent & wait",
        env!("CARGO_BIN_EXE_transship")
    );
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &line]).current_dir(world.path("")).stdin(Stdio::null()).stderr(Stdio::null());
    for (name, value) in world.binary(&[]).get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut shell = shell.spawn().unwrap();
    let journal = world.path("runs/one/journal.jsonl");
    let wait = |text: &str| {
        let since = Instant::now();
        while !std::fs::read_to_string(&journal).unwrap_or_default().contains(text) {
            assert!(since.elapsed() < Duration::from_mins(1), "never came about: {text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait("applied");
    shell.kill().unwrap();
    shell.wait().unwrap();
    wait("\"ending\":\"interrupted\"");
    // Its report comes after that.
    let since = Instant::now();
    while journal.with_file_name(".writer").exists() {
        assert!(since.elapsed() < Duration::from_mins(1), "it does not come to its end");
        std::thread::sleep(Duration::from_millis(5));
    }
    world.resume(&world.path("runs/one")).expect_exit(0).expect_all(10, "created", "equal");
}

/// A dump of its memory would hold the token.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_holds_a_token_leaves_no_core_dump() {
    let world = ten();
    world.fault(slow());
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    let process = running.id();
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // What cannot be dumped belongs to root, whoever runs it.
    let killed = running.signal("ABRT").finish();
    assert_eq!(killed.exit_code(), None);
    let dumps = std::fs::read_dir(world.path("")).unwrap().flatten();
    let dumps = dumps.filter(|entry| entry.file_name().to_string_lossy().starts_with("core"));
    assert_eq!(dumps.count(), 0);
}

#[test]
fn a_run_into_another_environment_of_the_owner_is_not_held_up() {
    let shop = || serde_json::json!({ "name": "Shop", "type": "http" });
    let world = Scenario::migrate(["a", "b"]).resource("elsewhere", "connections", shop()).start();
    world.fault(Fault::on_create(Fault::slow_after(4_000)).in_account("target"));
    let first = world.spawn_run(&[]).until_journal("intended", 2);
    world.run().expect_exit(7).expect_no_write().expect_stderr("another run holds account `target`");
    let token = world.token("target").to_owned();
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    world.run().expect_exit(0).expect_all(2, "created", "equal");
    assert_eq!(world.imports("elsewhere").len(), 2);
    world.set_env("TOKEN_TARGET", &token);
    first.finish().expect_exit(0).expect_target(["a", "b"]);
}
