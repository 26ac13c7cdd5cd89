//! Failures that others' tools are known for, each as a rule that is kept here.

use crate::support::scenario::{Fault, Scenario, import};
use serde_json::json;
use transship::emulator::Effect;

/// contentful-import#27: waits of 9.4e+116 ms, and `Infinity`.
#[test]
fn back_off_stays_finite_however_often_it_fails() {
    let ran = Scenario::migrate(["a"])
        .job("retry", "{ attempts: 100, base: 1ms, cap: 3ms }")
        .job("page_size", "1")
        .fault(Fault::on_list(Fault::status(500)).in_account("source"))
        .run();
    // The list of the target is looked at twice beside it.
    ran.expect_exit(1).expect_no_write().expect_calls("GET", "/v1/imports", 100 + 2);
}

/// auth0-deploy-cli#1227: the first dry runs deployed for real.
#[test]
fn a_dry_run_sends_no_write_verb() {
    let there = import("a").set("/description", json!("old"));
    let world = Scenario::migrate(["a", "b"]).target(&there).job("on_existing", "update").start();
    world.run_with(&["--dry-run", "--yes"]).expect_exit(0).expect_no_write().expect_target(["a"]);
}

/// auth0-deploy-cli#1462: dry run and real run used different filters.
#[test]
fn a_dry_run_and_a_run_say_the_same_of_each_import() {
    let world = Scenario::migrate(["a 1", "a 2", "b"]).job("select", r#"{ names: ["a *"] }"#).start();
    world.command(&["plan", "JOB", "--out", "dry.json"]).expect_exit(0);
    let wet = world.run().expect_exit(0).expect_target(["a 1", "a 2"]);
    let names = |text: &str| {
        let plan: serde_json::Value = serde_json::from_str(text).unwrap();
        let items = plan["items"].as_array().unwrap().iter();
        items.map(|item| format!("{} {}", item["operation"], item["name"])).collect::<Vec<_>>()
    };
    assert_eq!(names(&world.read("dry.json")), names(&wet.file("plan.json")));
}

/// deck#2140: the old value of a secret appeared in a diff.
#[test]
fn the_value_of_a_secret_header_never_appears_in_what_is_shown() {
    let with = |secret: &str| {
        let headers = json!([{ "name": "Authorization", "value": format!("Bearer {secret}") }]);
        import("a").set("/http/headers", headers)
    };
    let world = Scenario::migrate([])
        .source(&with("new-S3cr3t-value"))
        .target(&with("old-S3cr3t-value"))
        .job("on_existing", "update")
        .start();
    let plan = world.command(&["plan", "JOB", "--diff", "full"]).expect_exit(0);
    let ran = world.run_with(&["--diff", "full"]).expect_exit(0).expect_audit("a", "updated", "equal");
    for text in [&plan.stdout, &plan.stderr, &ran.stdout, &ran.stderr, &ran.file("audit.csv")] {
        assert!(!text.contains("S3cr3t"), "{text}");
    }
}

/// The token itself is in nothing that a run leaves behind.
#[test]
fn the_token_is_in_no_file_and_no_output() {
    let world = Scenario::migrate(["a"]).start();
    let ran = world.run_with(&["-vv"]).expect_exit(0);
    for account in ["source", "target"] {
        let token = world.token(account);
        assert!(!ran.stdout.contains(token) && !ran.stderr.contains(token), "{}", ran.stderr);
        for file in std::fs::read_dir(ran.folder()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(token), "{}", path.display());
        }
    }
}

/// datadog-sync-cli: Ctrl-C ended with 0.
#[test]
fn an_interrupted_run_does_not_exit_with_0() {
    let world = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_after(300)).named("a"));
    world.spawn_run(&[]).until_journal("intended", 1).signal("INT").finish().expect_exit(130);
}

/// datadog-sync-cli: a 403 in the middle of a list ended the list.
#[test]
fn a_list_that_breaks_off_in_the_middle_fails_the_run() {
    Scenario::migrate([])
        .many(30)
        .service(|service| service.page_cap = 10)
        // Whichever of the two looks at the list comes to its second page first.
        .fault(Fault::on_list(Fault::status(403)).in_account("source").with_query("*skip=10*"))
        .run()
        .expect_exit(1)
        .expect_no_write();
}

/// datadog-sync-cli#669: what to create was decided by saved state.
#[test]
fn existence_is_decided_by_a_live_read() {
    let world = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    world.remove("target", "a");
    world.run().expect_exit(0).expect_audit("a", "created", "equal").expect_target(["a"]);
}

/// barkdog#15: an empty list made the tool create everything once more.
#[test]
fn an_empty_list_is_not_all_missing() {
    Scenario::migrate(["a", "b"])
        .target(&import("a"))
        .target(&import("b"))
        .fault(Fault::on_list(Effect::ShrunkenList { keep: 0 }).in_account("target").first(1))
        .run()
        .expect_exit(0)
        .expect_no_write()
        .expect_count("unchanged", 2);
}

/// jabali-panel#1466: a lock of a process long dead made every run fail, with exit 0.
#[test]
fn the_lock_of_a_dead_process_is_no_lock() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).named("a").first(1));
    let killed = world.spawn_run(&[]).until_journal("intended", 1).signal("KILL").finish();
    killed.expect_killed().resumed().expect_exit(0).expect_target(["a", "b"]);
}

/// deck#2122: after a partial failure the counts were wrong.
#[test]
fn counts_after_a_partial_failure_are_true() {
    let ran = Scenario::migrate([])
        .many(10)
        .fault(Fault::on_create(Fault::status(403)).every(3))
        .run()
        .expect_exit(3)
        .expect_count("created", 7)
        .expect_count("failed", 3);
    assert_eq!(ran.world.imports("target").len(), 7);
    let summary = ran.summary();
    for sum in ["selected", "planned", "journaled", "reported"] {
        assert_eq!(summary[sum], 10, "{sum}");
    }
}

/// deck#2114: a parallelism of zero hung.
#[test]
fn no_parallelism_at_all_is_an_error_and_no_hang() {
    for none in ["0", "-1"] {
        Scenario::migrate(["a"]).job("concurrency", none).run().expect_exit(2).expect_stderr("concurrency");
    }
}

/// gcarbone `copy flow`: a reference without a counterpart was written as the word `unknown`.
#[test]
fn an_unresolved_reference_stops_the_item() {
    Scenario::migrate([])
        .resource("source", "connections", json!({ "name": "Depot", "type": "http" }))
        .source(&import("a").set("/_connectionId", json!("@connections/Depot")))
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_audit("a", "failed", "not_checked");
}

/// terraform#20718: a killed job left orphans behind.
#[test]
fn what_a_killed_run_made_is_known_to_the_one_that_resumes_it() {
    let world = Scenario::migrate([]).many(20).job("concurrency", "4").start();
    world.fault(Fault::on_create(Fault::slow_after(40)));
    let killed = world.spawn_run(&[]).until_journal("applied", 6).signal("KILL").finish().expect_killed();
    let ran = killed.resumed().expect_exit(0).expect_all(20, "created", "equal");
    assert_eq!(ran.world.imports("target").len(), 20);
}
