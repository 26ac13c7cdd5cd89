//! The service says no.

use crate::support::scenario::{Fault, Scenario, World, import};
use serde_json::{Value, json};
use transship::emulator::Effect;

#[test]
fn a_422_fails_the_item_at_once_with_the_services_code_and_field() {
    Scenario::migrate(["a"])
        .source(&import("b").set("/oneToMany", json!("perhaps")))
        .run()
        .expect_exit(3)
        .expect_target(["a"])
        .expect_calls("POST", "/v1/imports", 2)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "failed", "not_checked")
        .expect_cell("b", "http_status", "422")
        .expect_cell("b", "error_code", "invalid_field")
        .expect_cell("b", "error_message", "oneToMany");
}

#[test]
fn a_403_fails_the_item_and_is_not_repeated() {
    Scenario::migrate(["a", "b"])
        .fault(Fault::on_create(Fault::status(403)).named("b"))
        .run()
        .expect_exit(3)
        .expect_calls("POST", "/v1/imports", 2)
        .expect_audit("b", "failed", "not_checked")
        .expect_cell("b", "http_status", "403");
}

#[test]
fn what_the_service_says_drives_no_terminal_and_no_spreadsheet() {
    let evil = json!({ "errors": [{ "code": "=cmd()", "message": "\u{1b}[2J\u{1b}]0;owned\u{7}gone" }] });
    let ran = Scenario::migrate(["a"]).fault(Fault::on_create(Fault::says(422, evil))).run().expect_exit(3);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    let audit = ran.file("audit.csv");
    assert!(!audit.contains('\u{1b}') && !audit.contains(",=cmd"), "{audit}");
}

#[test]
fn a_token_that_is_refused_at_the_start_ends_with_6_and_nothing_is_written() {
    for account in ["SOURCE", "TARGET"] {
        Scenario::migrate(["a"])
            .env(&format!("TOKEN_{account}"), "ffffffffffffffffffffffffffffffff")
            .run()
            .expect_exit(6)
            .expect_no_write()
            .expect_stderr("token");
    }
}

#[test]
fn a_token_that_dies_midway_stops_the_run_which_goes_on_with_a_new_one() {
    let world = Scenario::migrate([]).many(12).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(401)).nth(5));
    let ran = world.run().expect_exit(6).expect_stderr("transship resume");
    assert_eq!(world.imports("target").len(), 4);
    assert_eq!(ran.audit().len(), 12, "the audit of a stopped run is complete");
    ran.expect_count("created", 4)
        .expect_count("unprocessed", 8)
        .resumed()
        .expect_exit(0)
        .expect_calls("POST", "/v1/imports", 8)
        .expect_all(12, "created", "equal");
}

#[test]
fn a_token_that_dies_after_the_writes_leaves_them_to_be_verified() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.fault(Fault::on("GET", "/v1/imports/*", Fault::status(401)));
    world.fault(Fault::on_list(Fault::status(401)).in_account("target").nth(3));
    world
        .run()
        .expect_exit(6)
        .expect_all(2, "created", "not_checked")
        .resumed()
        .expect_exit(0)
        .expect_no_write()
        .expect_all(2, "created", "equal");
}

#[test]
fn a_token_of_another_account_does_not_resume_a_run() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(401)).nth(2));
    let ran = world.run().expect_exit(6);
    world.no_faults();
    let folder = ran.folder().display().to_string();
    let mut command = world.binary(&["resume", &folder]);
    let token = world.token("source").to_owned();
    let output = command.env("TOKEN_TARGET", token).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("another account"), "{stderr}");
    assert_eq!(world.imports("target").len(), 1);
}

#[test]
fn a_409_on_deleting_what_is_in_use_fails_the_item() {
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [a, b] }").start();
    let used = world.id("source", "a");
    let flow = json!({ "name": "Uses", "pageProcessors": [{ "type": "import", "_importId": used }] });
    world.call(reqwest::Method::POST, "source", "/v1/flows", Some(&flow));
    // The plan would name the flow: a list that is behind does not show it yet.
    world.fault(Fault::on("GET", "/v1/flows", Fault::status(204)));
    world
        .run()
        .expect_exit(3)
        .expect_source(["a"])
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "http_status", "409")
        .expect_audit("b", "deleted", "equal");
}

#[test]
fn a_write_that_was_done_although_its_answer_was_409_is_this_runs_own_and_undone() {
    let done_all_the_same = |world: &World, method: &str| {
        let late = Effect::Late { code: 409, after: jiff::SignedDuration::ZERO };
        world.fault(Fault::on(method, "/v1/imports/*", late).named("a").first(1));
        // The answer comes when it is done.
        world.fault(Fault::on(method, "/v1/imports/*", Fault::slow_after(30)).named("a").first(1));
    };
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [a, b] }").start();
    done_all_the_same(&world, "DELETE");
    world.run().expect_exit(0).expect_source([]).expect_all(2, "deleted", "equal");
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_source(["a", "b"]);
    let world = Scenario::update(["a", "b"]).job("transform", "[{ set: { /description: new } }]").start();
    done_all_the_same(&world, "PUT");
    world.run().expect_exit(0).expect_all(2, "updated", "equal").expect_in_source("a", "/description", "new");
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
    assert_eq!(world.import("source", "a").get("description"), None);
    // The first is refused, and has no effect; the second one has.
    let second = |world: &World, method: &str| {
        let late = Effect::Late { code: 409, after: jiff::SignedDuration::ZERO };
        world.fault(Fault::on(method, "/v1/imports/*", Fault::status(409)).named("a").nth(1));
        world.fault(Fault::on(method, "/v1/imports/*", late).named("a").nth(2));
        world.fault(Fault::on(method, "/v1/imports/*", Fault::slow_after(30)).named("a").nth(2));
    };
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [a, b] }").start();
    second(&world, "DELETE");
    world.run().expect_exit(0).expect_source([]).expect_all(2, "deleted", "equal");
    let world = Scenario::update(["a", "b"]).job("transform", "[{ set: { /description: new } }]").start();
    second(&world, "PUT");
    world.run().expect_exit(0).expect_all(2, "updated", "equal").expect_in_source("a", "/description", "new");
}

#[test]
fn a_409_on_a_put_that_was_not_done_fails_the_item() {
    let world = Scenario::update(["a", "b"]).job("transform", "[{ set: { /description: new } }]").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::status(409)).named("a"));
    world
        .run()
        .expect_exit(3)
        .expect_audit("a", "failed", "not_checked")
        .expect_audit("b", "updated", "equal");
}

#[test]
fn a_run_that_could_not_find_out_what_its_calls_did_is_not_finished_and_resume_finds_it_out() {
    let world = Scenario::migrate(["a", "b"]).job("retry", "{ attempts: 2, base: 1ms, cap: 1ms }").start();
    world.fault(Fault::cut_after_write("a"));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    world.fault(Fault::on_list(Fault::status(503)));
    let ran = running.finish().expect_exit(1).expect_stderr("transship resume");
    assert_eq!(ran.summary()["state"], "broken");
    ran.world.no_faults();
    ran.resumed().expect_exit(0).expect_target(["a", "b"]).expect_calls("POST", "/v1/imports", 0);
}

#[test]
fn a_retry_of_some_of_several_of_one_name_takes_none_of_the_others_for_them() {
    let mut scenario = Scenario::migrate([]).job("concurrency", "1");
    for number in 0..4 {
        scenario = scenario.source(&import("n").set("/description", json!(format!("number {number}"))));
    }
    let world = scenario
        .fault(Fault::on_create(Fault::status(422)).nth(2))
        .fault(Fault::on_create(Fault::status(422)).nth(3))
        .start();
    let ran = world.run().expect_exit(3).expect_target(["n", "n"]);
    world.no_faults();
    // Found again with the answer lost, too.
    world.fault(Fault::on_create(Effect::CutAfter).first(1));
    let folder = ran.folder().display().to_string();
    world.command(&["retry", &folder]).expect_exit(0).expect_calls("POST", "/v1/imports", 2);
    let mut found: Vec<String> = world
        .imports("target")
        .iter()
        .map(|import| import["description"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, ["number 0", "number 1", "number 2", "number 3"]);
}

#[test]
fn a_clone_that_cannot_be_read_to_be_completed_is_completed_by_a_retry_and_not_cloned_again() {
    let described = import("a").set("/description", json!("old"));
    let world = Scenario::cloning([])
        .source(&described)
        .job("transform", "[{ remove: [/description] }]")
        .job("retry", "{ attempts: 2, base: 1ms, cap: 1ms }")
        .fault(Fault::on("GET", "/v1/imports/*", Fault::status(500)))
        .start();
    let ran = world.run().expect_exit(3).expect_stderr("transship retry");
    assert_eq!((&*ran.audit()[0]["outcome"], ran.summary()["state"].as_str()), ("failed", Some("finished")));
    world.no_faults();
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(0);
    ran.expect_calls("POST", "/v1/imports/{id}/clone", 0).expect_calls("PUT", "/v1/imports/{id}", 1);
    assert_eq!(world.imports("source").len(), 2);
}

#[test]
fn what_may_not_be_read_after_a_write_without_an_answer_is_its_own_row_and_ends_no_run() {
    let update = Scenario::update(["a"]).job("transform", "[{ set: { /description: new } }]");
    for (scenario, method) in
        [(update, "PUT"), (Scenario::delete(["a"]).job("select", "{ names: [a] }"), "DELETE")]
    {
        let world = scenario
            .fault(Fault::on(method, "/v1/imports/*", Effect::CutAfter).first(1))
            .fault(Fault::on("GET", "/v1/imports/*", Fault::status(403)).nth(2))
            .start();
        let ran = world
            .run()
            .expect_exit(3)
            .expect_audit("a", "conflict", "not_checked")
            .expect_cell("a", "http_status", "403")
            .expect_cell("a", "error_message", "whether that had its effect is not known");
        assert_eq!(ran.summary()["state"], "finished");
        // As long as it cannot be read, an undo leaves it alone. Once it can, that settles it.
        let undo = |exit| world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(exit);
        world.no_faults();
        world.fault(Fault::on("GET", "/v1/imports/*", Fault::status(403)));
        drop(undo(3).expect_no_write().expect_stderr("it is not known what this run did to it"));
        world.no_faults();
        undo(0).expect_source(["a"]);
        assert_eq!(world.import("source", "a")["description"], Value::Null);
        // Once more, there is nothing left.
        drop(undo(0));
    }
}

#[test]
fn the_put_that_completes_a_clone_is_given_up_as_any_other() {
    for effect in [Fault::status(500), Fault::status(409), Effect::CutBefore] {
        Scenario::cloning(["a"])
            .job("transform", "[{ set: { /description: new } }]")
            .job("retry", "{ attempts: 3, base: 1ms, cap: 1ms }")
            .env("TRANSSHIP_SETTLE", "0.05")
            .fault(Fault::on("PUT", "/v1/imports/*", effect))
            .run()
            .expect_exit(3)
            .expect_audit("Clone - a", "failed", "not_checked");
    }
}

#[test]
fn what_could_not_be_found_out_is_found_out_by_a_resume_and_a_retry_says_so() {
    // What the first call did not do, the retry did.
    for (effect, outcome, verdict) in
        [(Effect::CutAfter, "updated", "equal"), (Effect::CutBefore, "unchanged", "not_checked")]
    {
        let world = Scenario::update(["a"])
            .job("transform", "[{ set: { /description: new } }]")
            .fault(Fault::on("PUT", "/v1/imports/*", effect).first(1))
            .fault(Fault::on("GET", "/v1/imports/*", Fault::status(403)).nth(2))
            .start();
        let ran = world.run().expect_exit(3).expect_audit("a", "conflict", "not_checked");
        let ran = ran.expect_stderr("The effect of 1 call is unknown").expect_stderr("transship resume");
        world.no_faults();
        let retried = world.command(&["retry", "runs/run-1"]).expect_exit(3);
        drop(retried.expect_stderr("the effect of 1 call is unknown: run `transship resume"));
        let ran = world.resume(ran.folder()).expect_exit(0).expect_audit("a", outcome, verdict);
        assert_eq!(ran.world.import("source", "a")["description"], "new");
    }
}

#[test]
fn what_cannot_be_read_after_a_write_without_an_answer_is_read_once_more_and_then_is_its_own_row() {
    let update = || Scenario::update(["a", "b"]).job("transform", "[{ set: { /description: new } }]");
    let delete = || Scenario::delete(["a", "b"]).job("select", "{ names: [a, b] }");
    for (scenario, method, done) in
        [(update as fn() -> Scenario, "PUT", "updated"), (delete as fn() -> Scenario, "DELETE", "deleted")]
    {
        // One failure passes; two of them do not.
        for (fails, exit, outcome) in [(1, 0, done), (2, 3, "conflict")] {
            let world = scenario()
                .job("retry", "{ attempts: 1, base: 1ms, cap: 1ms }")
                .fault(Fault::on(method, "/v1/imports/*", Effect::CutAfter).named("a").first(1))
                .start();
            let path = format!("/v1/imports/{}", world.id("source", "a"));
            for nth in 2..2 + fails {
                world.fault(Fault::on("GET", &path, Fault::status(500)).nth(nth));
            }
            let ran = world.run().expect_exit(exit);
            assert_eq!(ran.row("a")["outcome"], outcome);
            assert_eq!(
                (&*ran.row("b")["outcome"], ran.summary()["state"].as_str()),
                (done, Some("finished"))
            );
            assert!(!ran.stderr.contains("not reached"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_clone_that_may_not_be_read_to_be_completed_ends_by_itself_and_is_completed_by_a_retry() {
    let world = Scenario::cloning([])
        .source(&import("a").set("/description", json!("old")))
        .job("transform", "[{ remove: [/description] }]")
        .fault(Fault::on("GET", "/v1/imports/*", Fault::status(403)))
        .start();
    let ran = world.run().expect_exit(3);
    assert_eq!((&*ran.audit()[0]["outcome"], ran.summary()["state"].as_str()), ("failed", Some("finished")));
    world.no_faults();
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(0);
    ran.expect_calls("POST", "/v1/imports/{id}/clone", 0).expect_calls("PUT", "/v1/imports/{id}", 1);
    assert_eq!(world.imports("source").len(), 2);
}

#[test]
fn a_sign_in_page_in_the_place_of_an_answer_is_told_as_what_it_is() {
    let page = json!("<!doctype html><html><head><title>Sign in</title></head></html>");
    for (code, part) in [
        (200, "given up after 4 attempts: answered 200"),
        (403, "403, "),
        (503, "given up after 4 attempts: 503, "),
    ] {
        Scenario::migrate(["a", "b"])
            .fault(Fault::on_create(Fault::says(code, page.clone())).named("b"))
            .run()
            .expect_exit(3)
            .expect_audit("a", "created", "equal")
            .expect_audit("b", "failed", "not_checked")
            .expect_cell("b", "http_status", &code.to_string())
            .expect_cell("b", "error_message", "Sign in")
            .expect_stderr(part);
    }
}

#[test]
fn what_could_not_be_read_back_is_read_again_by_resume_and_retry_says_so() {
    let run = |scenario: Scenario, fault: &Fault| {
        let world = scenario.start();
        world.fault(fault.clone());
        let ran = world.run().expect_exit(3).expect_stderr("`transship resume` reads it again");
        let ran = ran
            .expect_stderr("it could not be read back: unexpected_error: Forbidden   b")
            .expect_stderr("Go on:   transship resume run-1");
        assert!(!ran.stderr.contains("Again:"), "{}", ran.stderr);
        let ran = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_no_write();
        ran.expect_stderr("could not be read back: run `transship resume run-1` to check again");
        // It still cannot be read.
        let folder = world.path("runs/run-1");
        world.resume(&folder).expect_exit(3).expect_no_write();
        world.no_faults();
        (world, folder)
    };
    let unread = Fault::on("GET", "/v1/imports/*", Fault::status(403)).in_account("target");
    let (world, folder) = run(Scenario::migrate(["b"]), &unread);
    let ran = world.resume(&folder).expect_exit(0).expect_no_write().expect_audit("b", "created", "equal");
    ran.world.command(&["verify", "runs/run-1"]).expect_exit(0);
    world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_stderr("nothing in this run");
    world.command(&["resume", "runs/run-1"]).expect_exit(0).expect_stderr("this run is finished");
    // One that somebody changed since is not what was sent.
    let (world, folder) = run(Scenario::migrate(["b"]), &unread);
    world.edit("target", "b", "/http/method", json!(["PATCH"]));
    world.resume(&folder).expect_exit(3).expect_no_write().expect_audit("b", "created", "differs");
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["b"]);
    // A clone that was completed by a second call is not completed once more.
    let cloning = Scenario::cloning(["a"]).job("transform", "[{ set: { /description: new } }]");
    let unread = Fault::on("GET", "/v1/imports/*", Fault::status(403)).nth(2);
    let ran = cloning.fault(unread).run().expect_exit(3).expect_audit("Clone - a", "cloned", "not_checked");
    let ran = ran.resumed().expect_exit(0).expect_no_write();
    ran.expect_audit("Clone - a", "cloned", "equal");
}

#[test]
fn what_is_wrong_with_each_of_two_tokens_is_an_error_of_its_own() {
    let world = Scenario::migrate(["a"]).start();
    for (token, code) in [("refused", 6), ("", 2)] {
        for name in ["TOKEN_SOURCE", "TOKEN_TARGET"] {
            world.set_env(name, token);
        }
        let ran = world.command(&["plan", "JOB"]).expect_exit(code);
        let errors =
            ran.stderr.lines().filter(|line| line.starts_with("error: ") && line.contains("account `"));
        assert_eq!(errors.count(), 2, "{}", ran.stderr);
    }
}
