//! `waves` and `pause`: so many imports at a time, each wave verified before the next begins.

use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, World};

fn waves(names: [&str; 6], pause: &str) -> std::rc::Rc<World> {
    Scenario::migrate(names).job("waves", "[1, 2, rest]").job("pause", pause).start()
}

const SIX: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn every_wave_is_verified_before_the_next_begins() {
    let world = waves(SIX, "never");
    let ran = world.run().expect_exit(0).expect_all(6, "created", "equal");
    let journal = ran.file("journal.jsonl");
    let kinds: Vec<&str> = journal
        .lines()
        .filter_map(|line| ["\"intended\"", "\"verified\""].into_iter().find(|step| line.contains(step)))
        .collect();
    let mut grouped: Vec<(&str, usize)> = Vec::new();
    for kind in kinds {
        match grouped.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => grouped.push((kind, 1)),
        }
    }
    let expected: Vec<_> =
        [1, 2, 3].into_iter().flat_map(|n| [("\"intended\"", n), ("\"verified\"", n)]).collect();
    assert_eq!(grouped, expected);
    ran.expect_stderr("Wave 1 of 3   1 import: a   1 created, 1 read back equal")
        .expect_stderr("Wave 2 of 3   2 imports: b, c")
        .expect_stderr("Wave 3 of 3   3 imports: d, e, f   3 created, 3 read back equal");
}

#[test]
fn the_forecast_counts_the_read_back_of_every_wave_and_the_question_is_told_as_it_is_asked() {
    let ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    for sizes in ["[1, 3, rest]", "[1, rest]", "[2, rest]", "[100%]"] {
        let ran = Scenario::migrate(ten).job("waves", sizes).run().expect_exit(0).expect_target(ten);
        let ran = ran.expect_stderr("a question on the terminal before each further wave, none with --yes");
        let summary = ran.summary();
        let spent: u64 = summary["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(summary["forecast"]["total"], spent, "{sizes}: {summary:#}");
    }
}

#[test]
fn a_verification_that_fails_stops_the_run_before_the_next_wave() {
    let world = waves(SIX, "never");
    let drops = Effect::DropField { pointer: "/http/body".into(), silently: true };
    world.fault(Fault::on_create(drops).named("b"));
    let ran = world.run().expect_exit(4).expect_target(["a", "b", "c"]);
    let ran =
        ran.expect_stderr("1 of 2 imports of wave 2 are not what was sent; the next wave was not begun");
    let ran = ran.expect_count("unprocessed", 3);
    // Whoever looked at it goes on.
    ran.resumed().expect_exit(3).expect_target(SIX);
}

#[test]
fn where_nobody_can_be_asked_each_resume_does_one_wave() {
    let world = Scenario::migrate(SIX).job("waves", "[1, 2, rest]").env("TRANSSHIP_YES", "0").start();
    // Without a terminal `run` itself needs an agreement, which holds for all waves.
    world.run().expect_exit(2).expect_stderr("--yes");
    let ran = world.run_with(&["--yes"]).expect_exit(0).expect_target(SIX);
    assert!(!ran.stderr.contains("no terminal to ask"), "{}", ran.stderr);

    let world = Scenario::migrate(SIX).job("waves", "[1, 2, rest]").start();
    world.fault(Fault::on_create(Fault::status(401)).named("a"));
    let ran = world.run().expect_exit(6);
    world.no_faults();
    let ran = world.resume(ran.folder()).expect_exit(130).expect_target(["a"]);
    let ran = ran.expect_stderr("nobody agreed to go on after wave 1 of 3").expect_stderr("transship resume");
    world.resume(ran.folder()).expect_exit(130).expect_target(["a", "b", "c"]);
    world.resume(ran.folder()).expect_exit(0).expect_target(SIX);
    // What was done in waves is taken back in one go.
    world.command(&["undo", "runs/run-1"]).expect_exit(0).expect_target([]);
}

#[test]
fn what_imports_refer_to_goes_with_the_first_wave_that_needs_it() {
    use crate::support::scenario::import;
    use serde_json::json;
    let needs = |name: &str, script: &str| {
        import(name).set(
            "/hooks",
            json!({ "preMap": { "function": "f", "_scriptId": format!("@scripts/{script}") } }),
        )
    };
    let script = |name: &str| json!({ "name": name, "content": "function f() {}" });
    let world = Scenario::migrate([])
        .job("references", "{ by: name, create: [scripts] }")
        .job("waves", "[1, rest]")
        .resource("source", "scripts", script("s1"))
        .resource("source", "scripts", script("s2"))
        .source(&needs("a", "s2"))
        .source(&needs("b", "s1"))
        .start();
    world.fault(Fault::on_create(Fault::status(401)).named("a"));
    let ran = world.run().expect_exit(6);
    world.no_faults();
    let ran = world.resume(ran.folder()).expect_exit(130).expect_list("scripts", ["s2"]).expect_target(["a"]);
    world.resume(ran.folder()).expect_exit(0).expect_list("scripts", ["s1", "s2"]).expect_target(["a", "b"]);
}

#[test]
fn a_wave_of_which_nothing_was_written_stops_the_run() {
    let world = waves(SIX, "never");
    world.fault(Fault::on_create(Fault::status(422)).named("a"));
    let ran = world.run().expect_exit(4).expect_target([]).expect_calls("POST", "/v1/imports", 1);
    let ran = ran.expect_stderr("no import of wave 1 was written (1 failed); the next wave was not begun");
    // Whoever looked at it goes on.
    ran.resumed().expect_exit(3).expect_target(["b", "c", "d", "e", "f"]);
    // Where a part of it was written, that was verified.
    let world = waves(SIX, "never");
    world.fault(Fault::on_create(Fault::status(422)).named("b"));
    world.run().expect_exit(3).expect_target(["a", "c", "d", "e", "f"]);
}

#[test]
fn yes_holds_for_all_waves_also_when_a_run_is_gone_on_with_or_redone() {
    let world = Scenario::migrate(SIX).job("waves", "[1, 2, rest]").start();
    world.fault(Fault::on_create(Fault::status(401)).named("a"));
    let again = ["run", "JOB", "--run-dir", "same", "--or-resume", "--yes"];
    world.command(&again).expect_exit(6).expect_target([]);
    world.no_faults();
    world.command(&again).expect_exit(0).expect_target(SIX);
    for name in SIX {
        world.remove("target", name);
    }

    world.fault(Fault::on_create(Fault::status(422)));
    let ran = world.run_with(&["--yes"]).expect_exit(4);
    world.no_faults();
    world.command(&["retry", &ran.folder().display().to_string(), "--yes"]).expect_exit(0).expect_target(SIX);
}

#[test]
fn a_resumed_run_counts_on_what_failed_before() {
    let world = Scenario::migrate(SIX).job("stop", "{ failures: 2 }").job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(422)).named("a"));
    world.fault(Fault::on_create(Fault::status(401)).named("b"));
    let ran = world.run().expect_exit(6).expect_count("failed", 1);
    world.no_faults();
    world.fault(Fault::on_create(Fault::status(422)));
    let ran = world.resume(ran.folder()).expect_exit(4).expect_count("failed", 2);
    let ran = ran.expect_stderr("2 of 6 imports failed (`stop.failures`)");
    // After a stop a person chose to go on.
    let ran = world.resume(ran.folder()).expect_exit(4).expect_count("failed", 4);
    ran.expect_stderr("2 of 4 imports failed (`stop.failures`)");
}

#[test]
fn a_run_that_was_killed_between_two_waves_passes_on_as_it_would_have() {
    let world = waves(SIX, "10m");
    let start = |log: &str| {
        world.spawn(&["run", "JOB", "--run-dir", "same", "--or-resume", "--yes", "--log-file", log], None)
    };
    for (log, signal) in [("one.log", "KILL"), ("two.log", "KILL"), ("three.log", "INT")] {
        let running = start(log).until("it waits", || {
            std::fs::read_to_string(world.path(log)).is_ok_and(|said| said.contains("after wave 1"))
        });
        drop(running.signal(signal).finish());
        assert_eq!(world.imports("target").len(), 1, "{log}");
    }
}

#[test]
fn nobody_agrees_by_starting_a_run_again() {
    let world = Scenario::migrate(SIX).job("waves", "[1, 2, rest]").env("TRANSSHIP_YES", "0").start();
    world.fault(Fault::on_create(Fault::status(401)).named("a"));
    let again = ["run", "JOB", "--run-dir", "same", "--or-resume"];
    world.command(&[&again[..], &["--yes"]].concat()).expect_exit(6);
    world.no_faults();
    world.command(&again).expect_exit(2).expect_stderr("--yes").expect_target([]);
    world.command(&[&again[..], &["--yes"]].concat()).expect_exit(0).expect_target(SIX);
    // There is nothing to agree to any more.
    world.command(&again).expect_exit(0);
}
