//! What happens when the service or the network fails: nothing twice, nothing lost, nothing claimed that is not so.

mod away;
mod lists;
mod pages;
mod peers;
mod refusals;
mod waits;

use crate::support::scenario::{Fault, Scenario, import};
use transship::emulator::{CloneAnswer, Effect};

#[test]
fn a_create_cut_after_the_write_is_not_repeated() {
    Scenario::migrate(["a", "b"])
        .fault(Fault::cut_after_write("b"))
        .run()
        .expect_exit(0)
        .expect_target(["a", "b"])
        .expect_calls("POST", "/v1/imports", 2)
        .expect_audit("b", "created", "equal");
}

#[test]
fn a_create_cut_before_the_write_is_sent_again_once_it_was_looked_for() {
    Scenario::migrate(["a", "b"])
        .fault(Fault::cut_before_write("b"))
        .run()
        .expect_exit(0)
        .expect_target(["a", "b"])
        .expect_calls("POST", "/v1/imports", 3)
        .expect_audit("b", "created", "equal");
}

#[test]
fn a_reset_is_no_other_than_an_end() {
    Scenario::migrate(["a", "b"])
        .fault(Fault::cut_after_write("a").by_reset())
        .fault(Fault::cut_before_write("b").by_reset())
        .run()
        .expect_exit(0)
        .expect_target(["a", "b"])
        .expect_calls("POST", "/v1/imports", 3);
}

#[test]
fn when_every_other_answer_to_a_create_is_lost_each_import_is_there_once() {
    for seed in [1, 2, 3] {
        Scenario::migrate([])
            .many(60)
            .fault(Fault::on_create(Effect::CutAfter).at_random(0.3, seed))
            .fault(Fault::on_create(Effect::CutBefore).at_random(0.2, seed + 10))
            .job("retry", "{ attempts: 20, base: 10ms, cap: 50ms }")
            .run()
            .expect_exit(0)
            .expect_all(60, "created", "equal")
            .expect_count("created", 60)
            .again()
            .expect_no_write()
            .expect_count("unchanged", 60);
    }
}

#[test]
fn of_twins_whose_answers_are_lost_as_many_are_made_as_are_wanted() {
    Scenario::migrate(["a", "a", "a", "a"])
        .fault(Fault::on_create(Effect::CutAfter).every(2))
        .run()
        .expect_exit(0)
        .expect_target(["a", "a", "a", "a"])
        .expect_calls("POST", "/v1/imports", 4);
}

#[test]
fn an_equal_import_that_was_there_before_is_not_taken_for_the_one_that_was_sent() {
    let there = import("a").set("/description", "of the target".into());
    Scenario::migrate(["a"])
        .target(&there)
        .job("on_existing", "create")
        .fault(Fault::cut_before_write("a"))
        .run()
        .expect_exit(0)
        .expect_target(["a", "a"])
        .expect_calls("POST", "/v1/imports", 2);
}

#[test]
fn a_5xx_after_the_write_is_not_repeated() {
    let bad = Effect::CutBody;
    Scenario::migrate(["a"])
        .fault(Fault::on_create(bad).first(1))
        .run()
        .expect_exit(0)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 1)
        .expect_audit("a", "created", "equal");
}

#[test]
fn a_5xx_is_in_doubt_and_is_looked_for_before_it_is_sent_again() {
    for code in [500, 502, 503, 504] {
        Scenario::migrate(["a"])
            .fault(Fault::on_create(Fault::status(code)).first(2))
            .run()
            .expect_exit(0)
            .expect_target(["a"])
            .expect_calls("POST", "/v1/imports", 3);
    }
}

#[test]
fn a_create_that_never_gets_an_answer_fails_in_the_end_and_no_other_with_it() {
    Scenario::migrate(["a", "b"])
        .fault(Fault::on_create(Effect::CutBefore).named("b"))
        .run()
        .expect_exit(3)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 5)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "failed", "not_checked")
        .expect_cell("b", "error_code", "no_answer");
}

#[test]
fn a_create_that_is_answered_each_time_and_never_had_an_effect_is_not_said_to_have_no_answer() {
    let busy = || Fault::on_create(Fault::status(409)).named("b");
    let world = Scenario::migrate(["a", "b"]).fault(busy()).start();
    let run = world
        .run()
        .expect_exit(3)
        .expect_target(["a"])
        .expect_cell("b", "error_code", "given_up")
        .expect_cell("b", "http_status", "409");
    assert!(!run.stderr.contains("without an answer"), "{}", run.stderr);
    world.no_faults();
    world.command(&["undo", "runs/run-1", "--yes"]).expect_stderr("it is not known what this run did to it");
}

#[test]
fn an_answer_to_a_create_that_cannot_be_read_leaves_it_in_doubt_and_it_is_found() {
    for effect in [
        Effect::CutBody,
        Effect::BadJson,
        Effect::WrongContentLength { delta: 7 },
        Effect::SlowBody { chunk: 64, pause: jiff::SignedDuration::from_millis(1) },
    ] {
        Scenario::migrate(["a"])
            .fault(Fault::on_create(effect))
            .run()
            .expect_exit(0)
            .expect_target(["a"])
            .expect_calls("POST", "/v1/imports", 1)
            .expect_audit("a", "created", "equal");
    }
}

#[test]
fn a_create_answered_200_with_an_error_is_looked_for_and_sent_again() {
    Scenario::migrate(["a"])
        .fault(Fault::on_create(Effect::OkWithErrorBody).first(1))
        .run()
        .expect_exit(0)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 2);
}

/// `a` is to be updated.
fn updating() -> Scenario {
    let there = import("a").set("/description", "old".into());
    Scenario::migrate(["a"]).target(&there).job("on_existing", "update")
}

#[test]
fn a_put_without_an_answer_is_looked_at_before_it_is_sent_again() {
    for (effect, puts) in [(Effect::CutAfter, 1), (Effect::CutBefore, 2), (Fault::status(503), 2)] {
        updating()
            .fault(Fault::on("PUT", "/v1/imports/*", effect).first(1))
            .run()
            .expect_exit(0)
            .expect_target(["a"])
            .expect_calls("PUT", "/v1/imports/{id}", puts)
            .expect_audit("a", "updated", "equal");
    }
}

#[test]
fn a_delete_without_an_answer_ends_with_the_import_gone() {
    for (effect, deletes) in [(Effect::CutAfter, 1), (Effect::CutBefore, 2)] {
        Scenario::delete(["a", "b"])
            .job("select", "{ names: [a] }")
            .fault(Fault::on("DELETE", "/v1/imports/*", effect).first(1))
            .run()
            .expect_exit(0)
            .expect_source(["b"])
            .expect_calls("DELETE", "/v1/imports/{id}", deletes)
            .expect_audit("a", "deleted", "equal");
    }
}

#[test]
fn a_clone_without_an_answer_is_found_by_what_it_was_cloned_from() {
    for answer in [CloneAnswer::Document, CloneAnswer::Array] {
        for (effect, clones) in [(Effect::CutAfter, 1), (Effect::CutBefore, 2)] {
            Scenario::cloning(["a"])
                .service(|service| service.clone_answer = answer)
                .fault(Fault::on("POST", "/v1/imports/*/clone", effect).first(1))
                .run()
                .expect_exit(0)
                .expect_source(["a", "Clone - a"])
                .expect_calls("POST", "/v1/imports/{id}/clone", clones)
                .expect_audit("Clone - a", "cloned", "equal");
        }
    }
}

#[test]
fn a_clone_without_an_answer_is_found_by_what_it_holds_where_the_service_does_not_say_whose_it_is() {
    let unsaid = Effect::DropField { pointer: "/_sourceId".to_owned(), silently: false };
    Scenario::cloning(["a"])
        .fault(Fault::on("POST", "/v1/imports/*/clone", unsaid))
        .fault(Fault::on("POST", "/v1/imports/*/clone", Effect::CutAfter).first(1))
        .run()
        .expect_exit(0)
        .expect_source(["a", "Clone - a"])
        .expect_calls("POST", "/v1/imports/{id}/clone", 1);
}

#[test]
fn a_clone_that_is_to_be_completed_is_found_by_what_its_source_holds_also_under_a_cut_name() {
    let unsaid = Effect::DropField { pointer: "/_sourceId".to_owned(), silently: false };
    let name =
        Effect::ChangeField { pointer: "/name".to_owned(), value: "a for the".into(), silently: false };
    for (renamed, exit) in [(false, 0), (true, 3)] {
        let scenario = Scenario::cloning(["a"])
            .job("transform", "[{ name: \"{{ name }} for the year\" }, { set: { /description: new } }]");
        let world = scenario.env("TRANSSHIP_SETTLE", "0.1").start();
        world.fault(Fault::on("POST", "/v1/imports/*/clone", unsaid.clone()));
        if renamed {
            world.fault(Fault::on("POST", "/v1/imports/*/clone", name.clone()));
            world.fault(Fault::on("PUT", "/v1/imports/*", name.clone()));
        }
        world.fault(Fault::on("POST", "/v1/imports/*/clone", Effect::CutAfter).first(1));
        let name = if renamed { "a for the" } else { "a for the year" };
        let ran = world.run().expect_exit(exit).expect_source(["a", name]);
        ran.expect_calls("POST", "/v1/imports/{id}/clone", 1).expect_in_source(name, "/description", "new");
    }
}

#[test]
fn a_clone_whose_completion_got_no_answer_is_its_own_whatever_the_service_made_of_its_name() {
    let cut =
        Effect::ChangeField { pointer: "/name".to_owned(), value: "a for the year".into(), silently: false };
    let world = Scenario::cloning(["a"])
        .job("transform", "[{ name: \"{{ name }} for the year 2026\" }, { set: { /description: new } }]")
        .env("TRANSSHIP_SETTLE", "0.1")
        .fault(Fault::on("PUT", "/v1/imports/*", cut))
        .fault(Fault::on("PUT", "/v1/imports/*", Effect::CutAfter).first(1))
        .start();
    let ran = world.run().expect_exit(3).expect_source(["a", "a for the year"]);
    drop(ran.expect_calls("PUT", "/v1/imports/{id}", 1).expect_audit(
        "a for the year 2026",
        "cloned",
        "differs",
    ));
    world.no_faults();
    drop(world.command(&["undo", "runs/run-1"]).expect_exit(0).expect_source(["a"]));
}

#[test]
fn a_service_whose_clock_is_an_hour_off_changes_nothing() {
    for hours in [-1, 1] {
        Scenario::migrate(["a", "b", "c"])
            .service(|service| service.clock_skew = jiff::SignedDuration::from_hours(hours))
            .fault(Fault::cut_after_write("a"))
            .fault(Fault::cut_before_write("b"))
            .run()
            .expect_exit(0)
            .expect_target(["a", "b", "c"])
            .expect_calls("POST", "/v1/imports", 4);
    }
}

#[test]
fn a_date_that_is_not_the_clock_of_the_documents_doubles_nothing() {
    let hour = jiff::SignedDuration::from_hours(1);
    let zero = jiff::SignedDuration::ZERO;
    // Only `Date` is off, or only the stamps of the documents.
    for (clock, date) in [(zero, hour), (zero, -hour), (hour, -hour), (-hour, hour)] {
        Scenario::migrate(["a", "b", "c"])
            .service(|service| (service.clock_skew, service.date_skew) = (clock, date))
            .fault(Fault::cut_after_write("a"))
            .fault(Fault::cut_before_write("b"))
            .run()
            .expect_exit(0)
            .expect_target(["a", "b", "c"])
            .expect_calls("POST", "/v1/imports", 4);
    }
}

#[test]
fn an_equal_that_seems_older_than_the_create_is_its_own_for_times_decide_nothing() {
    let hour = jiff::SignedDuration::from_hours(1);
    let ran = Scenario::migrate(["a"])
        .service(|service| (service.clock_skew, service.date_skew) = (-hour, hour))
        .fault(Fault::cut_after_write("a"))
        .run()
        .expect_exit(0)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 1)
        .expect_audit("a", "created", "equal");
    ran.again().expect_exit(0).expect_no_write().expect_all(1, "unchanged", "equal");
}

#[test]
fn a_create_that_lands_while_it_is_looked_for_is_not_sent_again() {
    // The proxy in front gave up; the service goes on, and is done after the first look but before the settle time.
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_SETTLE", "1").start();
    let landing = world.as_in_target("a");
    world.fault(Fault::on_create(Fault::status(504)).first(1));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    // The plan looks twice at each account.
    let running = running.until("a look", || world.control().count("GET", "/v1/imports") > 4);
    world.load("target", &[landing]);
    running.finish().expect_exit(0).expect_target(["a"]).expect_calls("POST", "/v1/imports", 1);
}
