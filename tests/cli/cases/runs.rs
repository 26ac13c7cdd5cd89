//! Cases of runs: what is shown while they wait, in which form, and which run is meant.

use serde_json::Value;

use crate::support::scenario::{Fault, Scenario};

#[test]
fn case_47_a_long_pause_is_shown_when_it_begins_with_who_asked_and_until_when() {
    let world = Scenario::migrate([]).many(12).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::throttled("240")).nth(3));
    let running = world.spawn_run(&["--progress", "plain"]).until_journal("doubted", 1);
    let ran = running.signal("TERM").finish().expect_exit(130);
    ran.expect_stderr("paused   until ").expect_stderr("the service asks for 240 s (429)");
    assert_eq!(world.imports("target").len(), 2, "no call before the pause is over");
}

#[test]
fn case_48_with_a_json_log_each_line_of_stderr_is_one_object_in_every_command() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.fault(Fault::on_create(Fault::status(422)).named("b"));
    let json = ["--log-format", "json", "-v"];
    let ran = world.run_with(&json).expect_exit(3);
    let mut said = vec![("run", ran.stderr)];
    let mut command = |words: &[&'static str], exit: i32| {
        let ran = world.command(&[words, &json].concat()).expect_exit(exit);
        said.push((words[0], ran.stderr));
    };
    command(&["retry", "runs/run-1"], 3);
    command(&["resume", "runs/run-1"], 3);
    command(&["undo", "runs/run-1", "--yes"], 0);
    command(&["run", "no-such-job.yaml"], 2);
    command(&["show", "no-such-run"], 2);
    for (command, stderr) in said {
        for line in stderr.lines() {
            let is_object = serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object());
            assert!(is_object, "{command}: {line}");
        }
    }
}

#[test]
fn case_49_retry_without_a_name_takes_the_newest_run_that_left_something_to_redo() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    world.fault(Fault::on_create(Fault::status(422)).named("b"));
    world.run().expect_exit(3).expect_target(["a", "c"]);
    world.no_faults();
    world.write_job("two.yaml", &[("select", "{ names: [c] }")]);
    world.command(&["run", "two.yaml"]).expect_exit(0);
    world.command(&["retry"]).expect_exit(0).expect_stderr("run-1").expect_target(["a", "b", "c"]);
    world.command(&["retry"]).expect_no_write();
}
