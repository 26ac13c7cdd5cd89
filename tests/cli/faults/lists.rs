//! Lists that cannot be trusted fail the plan; they never mean that nothing is there.

use crate::support::scenario::{Fault, Ran, Scenario, import};
use serde_json::json;
use transship::emulator::Effect;

/// Three pages of the source, three of the target; everything is in the target already.
fn pages() -> Scenario {
    let mut scenario = Scenario::migrate([]).many(25).service(|service| service.page_cap = 10);
    for number in 1..=25 {
        scenario = scenario.target(&import(&format!("Import {number:05}")));
    }
    scenario
}

/// Runs with an effect on each list of imports of an account, one run each.
fn with(effect: &Effect, change: impl Fn(Fault) -> Fault) -> Vec<Ran> {
    let accounts = ["source", "target"];
    accounts
        .map(|account| pages().fault(change(Fault::on_list(effect.clone()).in_account(account))).run())
        .into()
}

fn harmless(effect: &Effect) {
    for ran in with(effect, |fault| fault.nth(2)) {
        ran.expect_exit(0).expect_no_write().expect_count("unchanged", 25);
    }
}

fn fatal(effect: &Effect) {
    for ran in with(effect, |fault| fault) {
        let text = ran.stderr.clone();
        assert!(text.contains("error: "), "{text}");
        let ran = ran.expect_exit(1).expect_no_write();
        assert!(!ran.folder().exists(), "there is no run");
        assert_eq!(ran.world.imports("target").len(), 25);
    }
}

#[test]
fn a_list_page_that_fails_once_is_read_again() {
    for effect in [
        Effect::CutBefore,
        Effect::CutAfter,
        Effect::CutBody,
        Effect::BadJson,
        Effect::NotArray,
        Effect::WrongContentLength { delta: 9 },
        Effect::WrongContentLength { delta: -9 },
        Effect::OkWithErrorBody,
        Fault::status(503),
    ] {
        harmless(&effect);
    }
}

#[test]
fn a_list_page_that_fails_always_fails_the_plan() {
    for effect in [
        Effect::CutAfter,
        Effect::CutBody,
        Effect::BadJson,
        Effect::NotArray,
        Effect::WrongContentLength { delta: 9 },
        Effect::OkWithErrorBody,
        Fault::status(500),
        Fault::status(403),
    ] {
        fatal(&effect);
    }
}

#[test]
fn a_body_without_an_end_is_not_swallowed() {
    let huge = Effect::HugeBody { bytes: 1 << 30 };
    pages()
        .fault(Fault::on_list(huge).in_account("target"))
        .run()
        .expect_exit(1)
        .expect_no_write()
        .expect_stderr("larger than");
}

#[test]
fn a_link_to_another_host_is_an_error_and_no_call_goes_there() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let origin = format!("http://{}", other.local_addr().unwrap());
    for ran in with(&Effect::LinkElsewhere { origin }, |fault| fault) {
        ran.expect_exit(1).expect_no_write();
    }
    assert!(other.accept().is_err(), "the token went elsewhere");
}

#[test]
fn links_in_a_circle_are_an_error() {
    for ran in with(&Effect::LinkCircle, |fault| fault) {
        ran.expect_exit(1).expect_no_write().expect_stderr("circle");
    }
}

#[test]
fn a_link_without_a_host_leads_on() {
    for ran in with(&Effect::LinkRelative, |fault| fault) {
        ran.expect_exit(0).expect_no_write().expect_count("unchanged", 25);
    }
}

#[test]
fn a_list_that_ends_early_once_is_looked_at_again() {
    harmless(&Effect::ShrunkenList { keep: 3 });
    harmless(&Effect::ShrunkenList { keep: 0 });
}

#[test]
fn a_list_that_ends_early_each_time_in_another_place_fails_the_plan() {
    let shrunken = |keep, nth| Fault::on_list(Effect::ShrunkenList { keep }).in_account("target").nth(nth);
    let mut scenario = pages();
    // Every second look is short.
    for nth in (1..40).step_by(2) {
        scenario = scenario.fault(shrunken(usize::try_from(nth % 7).unwrap(), nth));
    }
    scenario.run().expect_exit(1).expect_no_write().expect_stderr("cannot be trusted");
}

#[test]
fn a_list_that_ends_early_always_in_the_same_place_fails_the_plan() {
    for keep in [1, 7] {
        fatal(&Effect::ShrunkenList { keep });
    }
    for ran in with(&Effect::ShrunkenList { keep: 7 }, |fault| fault) {
        ran.expect_stderr("it ended after 7 imports, but there are more");
    }
}

#[test]
fn what_is_in_doubt_is_not_sent_again_because_a_list_ends_early() {
    let world = Scenario::migrate([]).many(12).job("concurrency", "1").start();
    world.fault(Fault::on_create(Effect::CutAfter).nth(12));
    let running = world.spawn_run(&[]).until_journal("intended", 12);
    // All but the last: every import that the run knows it made is on the list.
    world.fault(Fault::on_list(Effect::ShrunkenList { keep: 11 }).in_account("target"));
    let ran = running.finish().expect_exit(1).expect_calls("POST", "/v1/imports", 12);
    let ran = ran.resumed().expect_exit(0).expect_no_write().expect_all(12, "created", "equal");
    assert_eq!(ran.world.imports("target").len(), 12);
}

#[test]
fn pages_that_repeat_or_reorder_leave_nothing_out() {
    harmless(&Effect::Reorder { seed: 4 });
    for ran in with(&Effect::Reorder { seed: 4 }, |fault| fault) {
        ran.expect_exit(0).expect_no_write().expect_count("unchanged", 25);
    }
    harmless(&Effect::RepeatPage);
}

#[test]
fn an_empty_list_while_flows_use_imports_is_not_believed() {
    for account in ["source", "target"] {
        let flow = json!({ "name": "Uses", "pageProcessors": [{ "type": "import", "_importId": "5b5b5b5b0000000000000001" }] });
        Scenario::migrate(["a"])
            .target(&import("a"))
            .resource(account, "flows", flow)
            .fault(Fault::on_list(Effect::ShrunkenList { keep: 0 }).in_account(account))
            .run()
            .expect_exit(1)
            .expect_no_write()
            .expect_stderr("flows use some")
            .expect_target(["a"]);
    }
}

#[test]
fn a_read_back_that_fails_ends_the_run_resumably_and_nothing_is_claimed() {
    let mut scenario =
        Scenario::migrate(["a", "b"]).fault(Fault::on("GET", "/v1/imports/*", Fault::status(500)));
    // All after those of the plan, down to the smallest page.
    for nth in 3..60 {
        scenario = scenario.fault(Fault::on_list(Fault::status(500)).in_account("target").nth(nth));
    }
    scenario
        .run()
        .expect_exit(1)
        .expect_stderr("transship resume")
        .expect_target(["a", "b"])
        .expect_all(2, "created", "not_checked")
        .resumed()
        .expect_exit(0)
        .expect_no_write()
        .expect_all(2, "created", "equal");
}
