//! Being told to wait, and slow answers.

use jiff::SignedDuration;
use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario};

#[test]
fn a_429_is_waited_out_as_long_as_it_says() {
    let begun = std::time::Instant::now();
    Scenario::migrate(["a", "b"])
        .fault(Fault::on_create(Fault::throttled("1")).first(1))
        .run()
        .expect_exit(0)
        .expect_target(["a", "b"])
        .expect_audit("a", "created", "equal");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "it asked for a second");
}

#[test]
fn a_429_that_does_not_say_how_long_is_waited_out_too() {
    let ran = Scenario::migrate(["a"])
        .fault(Fault::on_create(Fault::status(429)).first(1))
        .run()
        .expect_exit(0)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 2);
    assert_eq!(ran.summary()["throttled"], 1);
}

#[test]
fn a_retry_after_that_is_a_date_in_the_past_or_no_time_at_all_is_no_reason_to_hang() {
    for odd in ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", "0"] {
        Scenario::migrate(["a"])
            .fault(Fault::on_create(Fault::throttled(odd)).first(1))
            .run()
            .expect_exit(0)
            .expect_target(["a"]);
    }
}

#[test]
fn a_burst_of_429s_costs_time_and_nothing_else() {
    let ran = Scenario::migrate([])
        .many(20)
        .fault(Fault::on_create(Fault::throttled("0")).every(3))
        .run()
        .expect_exit(0)
        .expect_all(20, "created", "equal");
    assert!(ran.summary()["throttled"].as_u64().unwrap() >= 5);
}

#[test]
fn a_bucket_smaller_than_thought_is_found_out_and_kept_to() {
    Scenario::migrate([])
        .many(40)
        .service(|service| {
            service.rate_limited = true;
            (service.bucket_size, service.bucket_refill, service.retry_after) = (10.0, 200.0, 0);
        })
        .run()
        .expect_exit(0)
        .expect_all(40, "created", "equal");
}

#[test]
fn slow_answers_are_waited_for() {
    Scenario::migrate(["a", "b", "c"])
        .fault(Fault::on_create(Fault::slow_before(150)).named("a"))
        .fault(Fault::on_create(Fault::slow_after(150)).named("b"))
        .run()
        .expect_exit(0)
        .expect_target(["a", "b", "c"])
        .expect_calls("POST", "/v1/imports", 3);
}

#[test]
fn a_write_that_was_done_although_its_answer_was_429_is_this_runs_own_and_undone() {
    let late = |method: &str| {
        let effect = Effect::Late { code: 429, after: SignedDuration::from_millis(5) };
        Fault::on(method, "/v1/imports/*", effect).named("a").first(1)
    };
    let deleting = Scenario::delete(["a", "b"]).job("select", "{ names: [a] }").fault(late("DELETE")).start();
    deleting.run().expect_exit(0).expect_audit("a", "deleted", "equal").expect_source(["b"]);
    deleting.command(&["undo", "runs/run-1"]).expect_exit(0).expect_source(["a", "b"]);

    let step = "[{ set: { /description: new } }]";
    let updating = Scenario::update(["a", "b"]).job("transform", step).fault(late("PUT")).start();
    updating.run().expect_exit(0).expect_all(2, "updated", "equal");
    let undone = updating.command(&["undo", "runs/run-1"]).expect_exit(0);
    assert!(updating.imports("source").iter().all(|import| import["description"] != "new"), "{undone:?}");
}
