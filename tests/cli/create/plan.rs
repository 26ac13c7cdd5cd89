//! What plan, check and a saved plan say of what is going to be created; and what is not created after all.

use serde_json::{Value, json};

use super::{hooked, script, sharing};
use crate::support::scenario::{Fault, id_of, import};
use transship::emulator::Effect;

#[test]
fn the_plan_shows_what_is_created_first_and_counts_its_calls() {
    sharing()
        .command(["plan", "JOB"])
        .expect_exit(0)
        .expect_no_write()
        .expect_stdout("3 imports selected, with 1 script")
        .expect_stdout("+ create    script \"Check\"")
        .expect_stdout("the new script \"Check\"")
        .expect_stdout("1 create other");
}

#[test]
fn references_and_check_say_that_it_will_be_created() {
    let world = sharing().start();
    world.command(&["plan", "JOB", "--references"]).expect_exit(0).expect_stdout("-> will be created");
    let ran = world.command(&["plan", "JOB", "--references", "--format", "json"]).expect_exit(0);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let one = found["references"].as_array().unwrap().iter().find(|one| one["name"] == "Check").unwrap();
    assert_eq!((&one["resolution"], &one["imports"]), (&json!("created"), &json!(2)));
    world
        .command(&["check", "JOB", "--online"])
        .expect_exit(0)
        .expect_no_write()
        .expect_stdout("used by 2 imports, will be created")
        .expect_stdout("3 imports selected, all of them can be done as they stand");
}

#[test]
fn references_say_why_one_cannot_be_created() {
    let mut twin = json!({ "name": "Check", "content": "other" });
    twin["_id"] = json!("5a5a5a5a00000000000000f8");
    sharing()
        .resource("source", "scripts", twin)
        .source(&hooked("d", "Check").set("/hooks/preMap/_scriptId", json!("5a5a5a5a00000000000000f8")))
        .command(["plan", "JOB", "--references"])
        .expect_stdout("it cannot be created: the source has several scripts of this name");
}

#[test]
fn what_no_import_needs_after_all_is_not_created() {
    // Both imports that need it are there already, and are left alone.
    sharing()
        .target(&import("a"))
        .target(&import("b"))
        .run()
        .expect_exit(0)
        .expect_list("scripts", [])
        .expect_audit("a", "skipped", "not_checked")
        .expect_count("created", 1);
}

#[test]
fn an_import_that_is_overwritten_gets_what_was_created_for_it() {
    let ran = sharing()
        .target(&import("a").set("/description", json!("old")))
        .job("on_existing", "update")
        .run()
        .expect_exit(0)
        .expect_list("scripts", ["Check"])
        .expect_audit("a", "updated", "equal");
    let made = ran.world.list("target", "scripts")[0]["_id"].clone();
    let ran = ran.expect_in_target("a", "/hooks/preMap/_scriptId", made);
    ran.world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(0)
        .expect_list("scripts", [])
        .expect_in_target("a", "/description", "old");
}

#[test]
fn a_step_that_takes_the_reference_out_takes_the_need_away() {
    sharing()
        .job("transform", "[{ remove: [/hooks] }]")
        .run()
        .expect_exit(0)
        .expect_list("scripts", [])
        .expect_all(3, "created", "equal");
}

#[test]
fn a_saved_plan_creates_what_it_shows() {
    let world = sharing().start();
    world.command(&["plan", "JOB", "--out", "approved.json"]).expect_exit(0);
    world.run_with(&["--plan", "approved.json"]).expect_exit(0).expect_all(4, "created", "equal");
}

#[test]
fn a_saved_plan_makes_nothing_that_it_does_not_show() {
    let world = sharing().start();
    world.command(&["plan", "JOB", "--out", "approved.json"]).expect_exit(0);
    let post = |list: &str, document: &Value| {
        let (status, made) =
            world.call(reqwest::Method::POST, "source", &format!("/v1/{list}"), Some(document));
        assert_eq!(status, 201, "{made}");
        made["_id"].clone()
    };
    let late = post("scripts", &script("Late"));
    let mut import = world.import("source", "a");
    import["name"] = json!("late");
    import["hooks"]["preMap"]["_scriptId"] = late;
    post("imports", &import);
    world
        .run_with(&["--plan", "approved.json"])
        .expect_exit(0)
        .expect_all(4, "created", "equal")
        .expect_list("scripts", ["Check"])
        .expect_target(["a", "b", "c"]);
    world.command(&["verify", "runs/run-1"]).expect_exit(0);
}

#[test]
fn a_saved_plan_makes_no_script_that_somebody_made_meanwhile() {
    let world = sharing().start();
    world.command(&["plan", "JOB", "--out", "approved.json"]).expect_exit(0);
    let theirs = json!({ "name": "Check", "content": "theirs" });
    assert_eq!(world.call(reqwest::Method::POST, "target", "/v1/scripts", Some(&theirs)).0, 201);
    world
        .run_with(&["--plan", "approved.json"])
        .expect_exit(3)
        .expect_list("scripts", ["Check"])
        .expect_target(["c"])
        .expect_audit("Check", "stale", "not_checked")
        .expect_audit("a", "stale", "not_checked");
}

#[test]
fn a_saved_plan_does_nothing_with_a_script_that_was_changed_in_the_source_since() {
    let world = sharing().start();
    world.command(&["plan", "JOB", "--out", "approved.json"]).expect_exit(0);
    let path = format!("/v1/scripts/{}", id_of("source", "scripts", "Check"));
    let changed = json!({ "name": "Check", "content": "changed" });
    assert_eq!(world.call(reqwest::Method::PUT, "source", &path, Some(&changed)).0, 200);
    world
        .run_with(&["--plan", "approved.json"])
        .expect_exit(3)
        .expect_list("scripts", [])
        .expect_target(["c"])
        .expect_audit("Check", "stale", "not_checked")
        .expect_cell("a", "error_code", "reference_not_created");
}

#[test]
fn a_list_of_scripts_that_ends_early_does_not_make_one_a_second_time() {
    let shrunken = Fault::on("GET", "/v1/scripts", Effect::ShrunkenList { keep: 1 }).in_account("target");
    sharing()
        .resource("target", "scripts", script("Another"))
        .resource("target", "scripts", script("Check"))
        .fault(shrunken.first(1))
        .run()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_list("scripts", ["Another", "Check"])
        .expect_all(3, "created", "equal");
}

#[test]
fn a_list_of_scripts_that_never_agrees_with_itself_fails_the_plan() {
    let shrunken = |keep| Effect::ShrunkenList { keep };
    let on = |effect, nth| Fault::on("GET", "/v1/scripts", effect).in_account("target").nth(nth);
    sharing()
        .resource("target", "scripts", script("One"))
        .resource("target", "scripts", script("Two"))
        .fault(on(shrunken(1), 1))
        .fault(on(shrunken(1), 3))
        .run()
        .expect_exit(1)
        .expect_no_write()
        .expect_stderr("the list of scripts of account `target` cannot be trusted");
}

#[test]
fn a_secret_that_is_shown_only_masked_is_left_out_and_listed() {
    let helper = json!({ "name": "Feed", "http": { "auth": { "token": "******" } } });
    sharing()
        .resource("source", "asynchelpers", helper)
        .source(&import("d").set("/http/_asyncHelperId", json!("@asynchelpers/Feed")))
        .job("references", "{ create: [scripts, asynchelpers] }")
        .run()
        .expect_exit(0)
        .expect_all(6, "created", "equal")
        .expect_stderr("Enter 1 secret manually");
}
