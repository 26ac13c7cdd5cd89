//! What counts as the same: what the service makes of names and documents by itself is no difference, and what a person did is.

use std::rc::Rc;

use crate::support::scenario::{Fault, Scenario, World, import};
use serde_json::json;
use transship::emulator::Effect;

/// The service fills a key into the first header of whatever is written.
fn fills_in(scenario: Scenario) -> Scenario {
    let fill = || Effect::ChangeField {
        pointer: "/http/headers/0/enabled".into(),
        value: json!(true),
        silently: false,
    };
    scenario
        .fault(Fault::on_create(fill()))
        .fault(Fault::on("PUT", "/v1/imports/*", fill()))
        .job("on_existing", "update")
}

fn with_header(name: &str) -> crate::support::scenario::Import {
    import(name).set("/http/headers", json!([{ "name": "Accept", "value": "text/plain" }]))
}

fn forget_runs(world: &Rc<World>) {
    std::fs::remove_dir_all(world.path("runs")).unwrap();
}

fn names(world: &Rc<World>) -> Vec<String> {
    world.imports("target").iter().map(|import| import["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_default_that_is_not_known_is_unchanged_at_the_second_run() {
    let world = fills_in(Scenario::migrate([])).source(&with_header("Order")).start();
    world.run().expect_exit(0).expect_audit("Order", "created", "equal_with_defaults");
    let again = world.run().expect_exit(0).expect_audit("Order", "unchanged", "equal_with_defaults");
    again.expect_no_write();
}

#[test]
fn a_default_that_is_not_known_is_no_difference_where_no_earlier_run_tells_of_it() {
    let world = fills_in(Scenario::migrate([])).source(&with_header("Order")).start();
    world.run().expect_exit(0);
    forget_runs(&world);
    world.run().expect_exit(0).expect_audit("Order", "updated", "equal_with_defaults");
    world.run().expect_exit(0).expect_audit("Order", "unchanged", "equal_with_defaults");
}

#[test]
fn earlier_runs_are_found_wherever_the_runs_of_a_job_lie() {
    let world = fills_in(Scenario::migrate([])).source(&with_header("Order")).start();
    for (folder, writes) in [("first", 1), ("other/second", 0), ("other/third", 0)] {
        world.command(&["run", "JOB", "--run-dir", folder]).expect_exit(0).expect_calls(
            "POST",
            "/v1/imports",
            writes,
        );
    }
    world.command(&["plan", "JOB", "--exit-code"]).expect_exit(0);
}

#[test]
fn what_all_imports_of_the_target_hold_is_the_services_own_and_what_one_holds_is_somebodys() {
    let world = fills_in(Scenario::migrate([])).source(&with_header("a")).source(&with_header("b")).start();
    world.run().expect_exit(0);
    // Without the earlier run only the documents can tell.
    forget_runs(&world);
    world.run().expect_exit(0).expect_all(2, "unchanged", "equal_with_defaults").expect_no_write();
    world.edit("target", "a", "/http/strictMode", json!("on"));
    let ran = world.run().expect_exit(0);
    ran.expect_cell("a", "outcome", "updated")
        .expect_cell("a", "changed_paths", "/http/strictMode")
        .expect_cell("b", "outcome", "unchanged");
}

#[test]
fn a_name_that_the_service_trims_cuts_or_lowers_is_made_once_however_often_the_job_runs() {
    for (sent, stored) in [
        ("Orders ", "Orders"),
        ("Orders to the depot", "orders to the depot"),
        ("Orders to the depot", "Orders to th"),
        ("Orders & more", "Orders &amp; more"),
        ("Bob\u{2019}s", "Bob's"),
        ("\u{2460} \u{fb01}les", "1 files"),
        ("Orders/returns", "Orders-returns"),
    ] {
        let change = Effect::ChangeField { pointer: "/name".into(), value: json!(stored), silently: false };
        let world = Scenario::migrate([sent]).fault(Fault::on_create(change).named(sent)).start();
        world.run().expect_exit(3);
        assert_eq!(names(&world), [stored]);
        for _ in 0..2 {
            let ran = world.run().expect_exit(0).expect_no_write();
            assert_eq!(names(&world), [stored]);
            assert_eq!(ran.audit()[0]["outcome"], "unchanged", "{sent:?} {stored:?}");
        }
    }
}

#[test]
fn what_was_made_under_a_name_of_the_services_own_is_not_deleted_nor_taken_for_another() {
    let change = Effect::ChangeField { pointer: "/name".into(), value: json!("Bob's"), silently: false };
    let scenario = Scenario::migrate(["Bob\u{2019}s"]).fault(Fault::on_create(change).named("Bob*"));
    let world = scenario.job("mirror", "{ max_delete: 10 }").start();
    world.run().expect_exit(3);
    world.run().expect_exit(0).expect_no_write();
    // Somebody edited it: then it may be somebody who gave it that name.
    world.edit("target", "Bob's", "/description", json!("by hand"));
    let ran = world.run().expect_exit(3).expect_no_write();
    ran.expect_cell("Bob\u{2019}s", "error_message", "made \"Bob's\"");
    world.edit("source", "Bob\u{2019}s", "/name", json!("Alice"));
    world.run().expect_exit(0).expect_target(["Alice"]);
}

#[test]
fn a_list_that_the_service_fills_in_is_a_default_at_each_write() {
    let fill = || Effect::ChangeField { pointer: "/http/codes".into(), value: json!([429]), silently: false };
    let scenario = Scenario::migrate(["a", "b"]).job("on_existing", "update").fault(Fault::on_create(fill()));
    let world = scenario.fault(Fault::on("PUT", "/v1/imports/*", fill())).start();
    world.run().expect_exit(0).expect_all(2, "created", "equal_with_defaults");
    world.run().expect_exit(0).expect_no_write().expect_all(2, "unchanged", "equal_with_defaults");
    world.edit("source", "a", "/description", json!("new"));
    world.run().expect_exit(0).expect_audit("a", "updated", "equal_with_defaults");
}

#[test]
fn what_the_service_adds_to_free_form_data_is_told_once_and_written_no_more() {
    let fill =
        || Effect::ChangeField { pointer: "/settings/auto".into(), value: json!("y"), silently: false };
    let source = |name: &str| import(name).set("/settings", json!({ "own": 1 }));
    let scenario = Scenario::migrate([]).source(&source("a")).source(&source("b"));
    let scenario = scenario.job("on_existing", "update").fault(Fault::on_create(fill()));
    let world = scenario.fault(Fault::on("PUT", "/v1/imports/*", fill())).start();
    let ran = world.run().expect_exit(3).expect_all(2, "created", "differs");
    assert_eq!(ran.stderr.matches("`ignore: [/settings/auto]`").count(), 1, "{}", ran.stderr);
    world.run().expect_exit(0).expect_no_write().expect_all(2, "unchanged", "equal_with_defaults");
    // What a person added there is no default.
    world.edit("target", "a", "/settings/more", json!(1));
    let ran = world.run().expect_audit("a", "updated", "differs");
    ran.expect_audit("b", "unchanged", "equal_with_defaults").expect_in_target("a", "/settings/own", 1);
}

#[test]
fn an_import_of_nearly_the_name_is_a_conflict_unless_a_second_one_is_asked_for() {
    for stored in ["Orders", "ORDERS ", "orders"] {
        let world = Scenario::migrate(["Orders "]).target(&import(stored)).start();
        world.run().expect_exit(3).expect_no_write();
        let ran = world.run();
        assert_eq!(ran.audit()[0]["error_code"], "similar_name", "{stored}");
        world.write_job("job.yaml", &[("on_existing", "create")]);
        world.run().expect_exit(0).expect_calls("POST", "/v1/imports", 1);
    }
}

#[test]
fn many_imports_that_differ_are_read_again_by_the_list_and_few_by_id() {
    let differing = |count: usize| {
        let mut scenario = Scenario::migrate([]);
        for number in 0..count {
            let name = format!("i{number}");
            scenario =
                scenario.source(&import(&name)).target(&import(&name).set("/description", json!("other")));
        }
        scenario.run().expect_exit(0).expect_count("skipped", count as u64)
    };
    differing(60).expect_calls("GET", "/v1/imports/{id}", 0);
    differing(1).expect_calls("GET", "/v1/imports/{id}", 1);
}

#[test]
fn what_is_ignored_makes_no_difference_and_is_not_shown() {
    let world = Scenario::migrate(["a", "b"])
        .target(&import("a").set("/lastUsedAt", json!(1)))
        .target(&import("b").set("/lastUsedAt", json!(2)).set("/description", json!("x")))
        .job("ignore", "[/lastUsedAt]")
        .job("on_existing", "update")
        .start();
    world
        .run()
        .expect_exit(0)
        .expect_cell("a", "outcome", "unchanged")
        .expect_cell("b", "outcome", "updated")
        .expect_cell("b", "changed_paths", "/description");
}

#[test]
fn an_import_of_the_target_that_cannot_be_read_is_a_problem_with_one_item() {
    let world =
        Scenario::migrate(["a", "b", "c"]).target(&import("b").set("/description", json!("other"))).start();
    let path = format!("/v1/imports/{}", world.id("target", "b"));
    world.fault(Fault::on("GET", &path, Fault::status(403)));
    world
        .run()
        .expect_exit(3)
        .expect_cell("b", "outcome", "failed")
        .expect_cell("b", "error_code", "unreadable")
        .expect_count("created", 2);
}

#[test]
fn what_a_step_removes_is_taken_out_of_the_target_although_all_imports_there_hold_it() {
    let both = |name: &str| import(name).set("/http/strictMode", json!("on"));
    let ran = Scenario::migrate([])
        .source(&both("a"))
        .source(&both("b"))
        .target(&both("a"))
        .target(&both("b"))
        .job("transform", "[{ remove: [/http/strictMode] }]")
        .job("on_existing", "update")
        .run();
    ran.expect_exit(0).expect_all(2, "updated", "equal").expect_cell(
        "a",
        "changed_paths",
        "/http/strictMode",
    );
}

/// The first read by id shows another value than all others.
fn restless() -> Fault {
    let effect = Effect::ReplaceBytes { find: "SEEN-0".to_owned(), with: "SEEN-1".to_owned() };
    Fault::on("GET", "/v1/imports/*", effect).first(1)
}

#[test]
fn a_field_that_changes_at_each_read_is_named_with_the_line_that_mends_it() {
    let seen = || import("a").set("/seenAt", json!("SEEN-0"));
    let migrate = Scenario::migrate(["a"]).target(&seen()).fault(restless()).run();
    migrate.expect_exit(0).expect_stderr("add `ignore: [/seenAt]` to the job");

    let update = |ignore: &str| {
        Scenario::update([])
            .source(&seen())
            .job("transform", "[{ set: { /description: new } }]")
            .job("ignore", ignore)
            .fault(restless())
            .run()
    };
    update("[/other]").expect_exit(3).expect_cell("a", "outcome", "stale").expect_cell(
        "a",
        "error_message",
        "add `ignore: [/seenAt]` to the job",
    );
    update("[/seenAt]").expect_exit(0).expect_audit("a", "updated", "equal");
}

#[test]
fn what_is_ignored_is_no_difference_and_is_shown_where_an_update_writes_it() {
    let there =
        |number: i64| import("a").set("/description", json!("there")).set("/http/maxAttempts", json!(number));
    let scenario = |number| {
        let here = import("a").set("/description", json!("here")).set("/http/maxAttempts", json!(1));
        let scenario = Scenario::migrate([]).source(&here).target(&there(number));
        scenario.job("ignore", "[/description, /lastUsedAt]").job("on_existing", "update")
    };
    scenario(1).run().expect_exit(0).expect_no_write().expect_audit("a", "unchanged", "equal");
    let ran = scenario(2).run().expect_exit(0).expect_in_target("a", "/description", "here");
    ran.expect_cell("a", "changed_paths", "/http/maxAttempts").expect_cell(
        "a",
        "changed_paths",
        "/description",
    );
}
