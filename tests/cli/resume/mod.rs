//! A run that is cut off anywhere is finished by `resume`, and ends as an undisturbed one.

mod colleague;
mod disk;
mod prefixes;
mod signals;

use std::path::PathBuf;
use std::rc::Rc;

use crate::support::scenario::{Fault, Ran, Scenario, World, import};
use serde_json::{Value, json};
use transship::emulator::Effect;

/// Ten creates, one after the other.
fn ten() -> Rc<World> {
    Scenario::migrate([]).many(10).job("concurrency", "1").start()
}

fn expect_ten_once(ran: Ran) {
    let ran = ran.expect_exit(0).expect_all(10, "created", "equal");
    assert_eq!(ran.world.imports("target").len(), 10);
    ran.again().expect_exit(0).expect_no_write().expect_all(10, "unchanged", "equal");
}

#[test]
fn the_first_sigterm_or_ctrl_c_drains_and_the_run_can_be_resumed() {
    for signal in ["TERM", "INT"] {
        let world = ten();
        world.fault(Fault::on_create(Fault::slow_after(100)));
        let ran = world.spawn_run(&[]).until_journal("applied", 2).signal(signal).finish();
        let ran = ran.expect_exit(130).expect_stderr("transship resume");
        let made = world.imports("target").len();
        assert!(
            (2..10).contains(&made),
            "{made} made: what was in flight is finished, nothing new is started"
        );
        let rows = ran.audit();
        assert_eq!(rows.len(), 10, "the audit of an interrupted run is complete");
        assert_eq!(rows.iter().filter(|row| row["outcome"] == "created").count(), made);
        assert_eq!(ran.summary()["state"], "interrupted");
        expect_ten_once(ran.resumed());
    }
}

#[test]
fn the_second_signal_aborts_and_the_run_can_be_resumed() {
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_after(1_500)).nth(3));
    let running = world.spawn_run(&[]).until_journal("intended", 3).signal("TERM");
    let begun = std::time::Instant::now();
    // The system merges a second signal with the first if that was not taken yet: signals are noticed within 0.2 s.
    let noticed = || begun.elapsed() > std::time::Duration::from_millis(400);
    let running = running.until("the first signal is noticed", noticed).signal("TERM");
    let ran = running.finish().expect_exit(130);
    let ran = ran.expect_stderr("may or may not exist. `transship resume` finds out");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    expect_ten_once(ran.resumed());
}

#[test]
fn a_signal_while_the_plan_is_made_ends_with_130_and_leaves_no_run() {
    let world = ten();
    world.fault(Fault::on_list(Fault::slow_before(300)));
    let control = world.control().clone();
    let running = world.spawn_run(&[]).until("the tokens", || control.count("GET", "/v1/tokenInfo") >= 2);
    let ran = running.signal("TERM").finish();
    let ran = ran.expect_exit(130).expect_no_write();
    assert!(!ran.folder().exists());
    assert!(world.imports("target").is_empty());
}

#[test]
fn a_run_killed_at_any_moment_is_finished_by_resume() {
    for (text, times) in [("opened", 1), ("intended", 1), ("intended", 4), ("applied", 5), ("applied", 10)] {
        let world = ten();
        world.fault(Fault::on_create(Fault::slow_after(20)));
        let ran = world.spawn_run(&[]).until_journal(text, times).signal("KILL").finish().expect_killed();
        expect_ten_once(ran.resumed());
    }
}

#[test]
fn a_call_that_is_still_executing_when_the_run_is_resumed_is_not_doubled() {
    let world = Scenario::migrate([]).many(10).job("concurrency", "1").env("TRANSSHIP_SETTLE", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).nth(4));
    let ran = world.spawn_run(&[]).until_journal("intended", 4).signal("KILL").finish().expect_killed();
    world.no_faults();
    let landing = world.as_in_target("Import 00004");
    let path = ran.folder().display().to_string();
    let running = world.spawn(&["resume", &path], Some(ran.folder().to_owned()));
    let control = world.control();
    let running = running.until("a look", || control.count("GET", "/v1/imports") >= 1);
    world.load("target", &[landing]);
    expect_ten_once(running.finish().expect_calls("POST", "/v1/imports", 6));
}

#[test]
fn a_date_that_is_not_the_clock_of_the_documents_doubles_nothing_when_a_run_is_resumed() {
    let hour = jiff::SignedDuration::from_hours(1);
    for (clock, date) in [(hour, -hour), (-hour, hour)] {
        let world = Scenario::migrate([])
            .many(10)
            .job("concurrency", "1")
            .service(|service| (service.clock_skew, service.date_skew) = (clock, date))
            .start();
        world.fault(Fault::on_create(Fault::slow_after(5_000)).nth(4));
        let running = world.spawn_run(&[]).until_journal("intended", 4);
        let running = running.until("the fourth", || world.imports("target").len() == 4);
        let ran = running.signal("KILL").finish().expect_killed();
        expect_ten_once(ran.resumed().expect_calls("POST", "/v1/imports", 6));
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_comes_to_its_end() {
    let world = Scenario::migrate([]).many(40).job("concurrency", "3").start();
    world.fault(Fault::on_create(Fault::slow_after(50)));
    let mut ran = world.spawn_run(&[]).until_journal("applied", 2).signal("KILL").finish();
    for applied in [5, 10, 15] {
        let path = ran.folder().display().to_string();
        let running = world.spawn(&["resume", &path], Some(ran.folder().to_owned()));
        ran = running.until_journal("applied", applied).signal("KILL").finish().expect_killed();
    }
    let ran = ran.resumed().expect_exit(0).expect_all(40, "created", "equal");
    assert_eq!(world.imports("target").len(), 40);
    // A kill that comes before a resume has written its first line leaves no trace of it.
    assert!((1..=4).contains(&ran.summary()["resumed"].as_u64().unwrap()));
}

#[test]
fn what_is_in_doubt_is_found_out_although_somebody_removed_what_this_run_had_made() {
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).nth(4));
    let ran = world.spawn_run(&[]).until_journal("intended", 4).signal("KILL").finish().expect_killed();
    world.remove("target", "Import 00001");
    let ran = ran.resumed().expect_exit(3).expect_count("created", 10);
    ran.expect_audit("Import 00001", "created", "differs").expect_audit("Import 00004", "created", "equal");
    assert_eq!(world.imports("target").len(), 9);
}

#[test]
fn what_is_in_doubt_is_found_out_although_somebody_removed_what_was_there_before() {
    let world = Scenario::migrate(["a"]).target(&import("x")).target(&import("y")).start();
    world.fault(Fault::cut_before_write("a"));
    world.fault(Fault::on_create(Fault::slow_before(300)));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    world.remove("target", "x");
    running.finish().expect_exit(0).expect_target(["a", "y"]).expect_audit("a", "created", "equal");
}

#[test]
fn names_that_differ_in_the_blanks_around_them_are_not_taken_for_each_other_when_answers_are_lost() {
    let world = Scenario::migrate(["a", "a ", " a", "b"]).start();
    world.fault(Fault::on_create(Effect::CutAfter).every(2));
    world.fault(Fault::on_create(Effect::CutBefore).nth(3));
    let ran =
        world.run().expect_exit(0).expect_all(4, "created", "equal").expect_target([" a", "a", "a ", "b"]);
    ran.again().expect_exit(0).expect_no_write();
}

/// A run of two that was killed before the second create.
fn killed() -> (Rc<World>, PathBuf) {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).named("b"));
    let ran = world.spawn_run(&[]).until_journal("intended", 2).signal("KILL").finish().expect_killed();
    world.no_faults();
    (world, ran.folder().join("journal.jsonl"))
}

#[test]
fn a_torn_last_line_never_happened() {
    let (world, journal) = killed();
    let text = std::fs::read_to_string(&journal).unwrap();
    for torn in [r#"{"n":"#, "\u{0}\u{0}\u{0}", &text.lines().last().unwrap()[..40]] {
        world.reset_imports("target", &[]);
        world.run().expect_exit(0);
        let standing = vec![world.import("target", "a")];
        world.reset_imports("target", &standing);
        std::fs::write(&journal, format!("{text}{torn}")).unwrap();
        // `a` was made by the run itself; here its twin of another run stands in for it.
        let owned = first_target(&text);
        let mut a = standing[0].clone();
        a["_id"] = json!(owned);
        world.reset_imports("target", &[a]);
        world
            .resume(journal.parent().unwrap())
            .expect_exit(0)
            .expect_target(["a", "b"])
            .expect_all(2, "created", "equal");
    }
}

fn first_target(journal: &str) -> String {
    let mut records = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let applied = records.find(|record| record["step"] == "applied").unwrap();
    applied["target"].as_str().unwrap().to_owned()
}

#[test]
fn damage_anywhere_else_is_an_error_with_its_line_and_nothing_is_sent() {
    let (world, journal) = killed();
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for damaged in 0..lines.len() - 1 {
        for damage in ["changed", "dropped"] {
            let mut copy: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            if damage == "changed" {
                copy[damaged] = copy[damaged].replace("\"at\":\"20", "\"at\":\"21");
            } else {
                copy.remove(damaged);
            }
            std::fs::write(&journal, copy.join("\n") + "\n").unwrap();
            // A changed line is noticed by the one after it; a dropped one by the one in its place.
            let line = if damage == "changed" { damaged + 2 } else { damaged + 1 };
            world
                .resume(journal.parent().unwrap())
                .expect_exit(1)
                .expect_no_write()
                .expect_stderr(&format!("damaged at line {line}"));
        }
    }
}

#[test]
fn documents_that_were_changed_since_the_run_began_are_not_written() {
    let (world, journal) = killed();
    let wanted = journal.with_file_name("wanted.jsonl");
    let text = std::fs::read_to_string(&wanted).unwrap();
    std::fs::write(&wanted, text.replace("{{record.id}}", "{{record.xx}}")).unwrap();
    world.resume(journal.parent().unwrap()).expect_exit(1).expect_no_write();
}

#[test]
fn a_plan_that_was_changed_since_the_run_began_is_not_carried_out() {
    let (world, journal) = killed();
    let plan = journal.with_file_name("plan.json");
    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, text.replacen("\"create\"", "\"delete\"", 1)).unwrap();
    world.resume(journal.parent().unwrap()).expect_exit(1).expect_no_write();
}

#[test]
fn a_run_that_the_stop_policy_halted_exits_with_4_and_goes_on_when_resumed() {
    let world = Scenario::migrate([])
        .many(10)
        .job("concurrency", "1")
        .job("stop", "{ failures: 2 }")
        .fault(Fault::on_create(Fault::status(403)).first(2))
        .start();
    world
        .run()
        .expect_exit(4)
        .expect_calls("POST", "/v1/imports", 2)
        .expect_count("failed", 2)
        .expect_count("unprocessed", 8)
        .resumed()
        .expect_exit(3)
        .expect_count("created", 8)
        .expect_count("failed", 2);
}

#[test]
fn a_run_whose_verification_fails_is_halted_by_the_stop_policy() {
    let drops = transship::emulator::Effect::DropField { pointer: "/http/body".into(), silently: false };
    Scenario::migrate([])
        .many(10)
        .job("concurrency", "1")
        .job("stop", "{ differs: 2 }")
        .fault(Fault::on_create(drops))
        .run()
        .expect_exit(4)
        .expect_calls("POST", "/v1/imports", 2)
        .expect_count("unprocessed", 8);
}

#[test]
fn a_run_with_an_import_still_in_doubt_is_not_finished_and_resume_looks_it_up() {
    let world = Scenario::migrate(["a", "b"]).fault(Fault::cut_after_write("a")).start();
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    world.fault(Fault::on_list(Fault::status(500)).in_account("target"));
    let ran = running
        .finish()
        .expect_exit(1)
        .expect_stderr("it could not be found out whether the calls of 1 import had their effect")
        .expect_audit("a", "unprocessed", "not_checked")
        .expect_audit("b", "created", "equal");
    ran.resumed()
        .expect_exit(0)
        .expect_calls("POST", "/v1/imports", 0)
        .expect_target(["a", "b"])
        .expect_all(2, "created", "equal");
}

#[test]
fn a_finished_run_is_not_resumed() {
    let ran = Scenario::migrate(["a"]).run().expect_exit(0);
    ran.resumed().expect_exit(0).expect_no_write().expect_stderr("nothing to resume");
}

#[test]
fn a_finished_run_answers_at_once_with_the_exit_code_of_the_run_and_asks_the_service_nothing() {
    for (refused, exit) in [(false, 0), (true, 3)] {
        let world = Scenario::migrate(["a", "b"]).start();
        if refused {
            world.fault(Fault::on_create(Fault::status(422)).named("b"));
        }
        let ran = world.run().expect_exit(exit);
        // Neither a service nor a token is needed for it.
        world.set_env("TOKEN_TARGET", "");
        let again = world.resume(ran.folder()).expect_exit(exit).expect_stderr("nothing to resume");
        let calls = world.control().calls();
        again.expect(&format!("no call: {calls:?}"), calls.is_empty());
    }
}

#[test]
fn resume_without_a_name_takes_the_last_run() {
    let (world, _) = killed();
    world.command(&["resume"]).expect_exit(0).expect_target(["a", "b"]);
}

#[test]
fn a_second_run_on_the_same_target_is_refused_with_7() {
    let world = ten();
    world.fault(Fault::on_create(Fault::slow_after(1_000)).nth(1));
    let first = world.spawn_run(&[]).until_journal("intended", 1);
    world.run().expect_exit(7).expect_stderr("another run holds account");
    let path = world.path("runs/run-1");
    world.resume(&path).expect_exit(7);
    world.command(&["plan", "JOB"]).expect_exit(0);
    expect_ten_once(first.finish());
}

#[test]
fn a_run_that_was_killed_before_its_journal_began_says_that_nothing_was_sent() {
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_CRASH", "draft.after_keep").start();
    world.run().expect_killed();
    // None of them comes so far.
    world.set_env("TRANSSHIP_CRASH", "report.after_files");
    for command in ["resume", "retry", "undo"] {
        let refused = world.command(&[command, "runs/run-1"]).expect_exit(2).expect_no_write();
        refused.expect_stderr("was cut off before it began: nothing was sent; start it again");
    }
}
