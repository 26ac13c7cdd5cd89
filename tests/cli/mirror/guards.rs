//! When nothing is deleted.

use serde_json::json;

use super::migrate;
use crate::apply::{edit, exported, of, path};
use crate::support::scenario::{Fault, Scenario, import};

fn with_old(scenario: Scenario, count: usize) -> Scenario {
    (1..=count).fold(scenario, |scenario, number| scenario.target(&import(&format!("old {number}"))))
}

#[test]
fn more_than_may_be_deleted_is_refused_with_the_list_and_nothing_at_all_is_sent() {
    for (most, refused) in [("2", true), ("3", false), ("70%", true), ("75%", false), ("100%", false)] {
        let scenario = Scenario::migrate(["a", "b"]).job("mirror", &format!("{{ max_delete: {most} }}"));
        // Of the target's four imports three are to go.
        let world = with_old(scenario.target(&import("a")), 3).start();
        if refused {
            let ran =
                world.run().expect_exit(2).expect_no_write().expect_stderr("would delete 3 of the 4 imports");
            ran.expect_stderr("\"old 1\", \"old 2\", \"old 3\"")
                .expect_target(["a", "old 1", "old 2", "old 3"]);
            world.command(&["plan", "JOB"]).expect_exit(2).expect_stderr("\"old 3\"");
        } else {
            world.run().expect_exit(0).expect_target(["a", "b"]);
        }
    }
}

#[test]
fn what_has_nearly_the_name_of_an_import_of_the_source_stays_whatever_the_job_says() {
    let near = ["left", "LEFT ", "Le\u{200b}ft"];
    for (key, value) in [
        ("select", "{ names: [\"*\"], exclude: { names: [Left] } }"),
        ("on_existing", "create"),
        ("on_existing", "skip"),
        ("transform", "[{ rename: { find: \"^\", replace: \"EU \" } }]"),
    ] {
        let scenario = migrate(["a", "Left"]).job(key, value).target(&import("gone"));
        let world = near.iter().fold(scenario, |scenario, name| scenario.target(&import(name))).start();
        let ran = world.run();
        let there: Vec<String> = world
            .imports("target")
            .iter()
            .filter_map(|import| import["name"].as_str().map(str::to_owned))
            .collect();
        assert!(near.iter().all(|name| there.iter().any(|other| other == name)), "{key}: {there:?}");
        assert!(
            ran.stderr.contains(
                "3 imports are left alone in `target`: the name is that of an import of the source, or nearly"
            ),
            "{}",
            ran.stderr
        );
    }
    // What the job calls otherwise now is there under its old name still.
    let scenario = migrate(["a"]).job("transform", "[{ rename: { find: \"^\", replace: \"EU \" } }]");
    scenario.target(&import("a")).target(&import("gone")).run().expect_target(["EU a", "a"]);
}

#[test]
fn an_empty_source_deletes_nothing() {
    let ran = with_old(migrate([]), 1).run().expect_exit(2).expect_no_write().expect_target(["old 1"]);
    ran.expect_stderr("holds no import that `select` takes").expect_stderr("\"old 1\"");
    // Nor does one of which the job selects nothing.
    let scenario = migrate(["a"]).job("select", "{ where: '.description == \"x\"' }");
    let ran = scenario.target(&import("old").set("/description", json!("x"))).run().expect_exit(2);
    ran.expect_no_write().expect_target(["old"]);
}

#[test]
fn a_folder_whose_export_could_not_read_an_import_deletes_nothing() {
    let world = exported(of(["a", "b"]));
    world.write_job("job.yaml", &[("mirror", "{ max_delete: 5 }")]);
    let list = world.path("exported/.transship-export.json");
    let mut index: serde_json::Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    let file = path(&world, "b");
    let at = file.strip_prefix(world.path("exported")).unwrap().to_str().unwrap().to_owned();
    let hash = index["files"].as_object_mut().unwrap().shift_remove(&at);
    index["missing"] = json!({ &at: "b" });
    std::fs::write(&list, index.to_string()).unwrap();
    std::fs::remove_file(&file).unwrap();
    edit(&world, "a", |file| file["description"] = json!("edited"));
    let ran = world.run().expect_exit(0).expect_target(["a", "b"]).expect_audit("a", "updated", "equal");
    ran.expect_stderr("nothing is deleted in `target` (1 would be), because the export could not read \"b\"");
    // Removed by somebody, it goes.
    index.as_object_mut().unwrap().remove("missing");
    index["files"][&at] = hash.unwrap();
    std::fs::write(&list, index.to_string()).unwrap();
    world.run().expect_exit(0).expect_target(["a"]);
}

#[test]
fn a_source_that_is_refused_or_away_deletes_nothing() {
    for effect in [Fault::status(403), Fault::status(500)] {
        let world = with_old(migrate(["a"]), 1).start();
        world.fault(Fault::on_list(effect).in_account("source"));
        let ran = world.run().expect_no_write().expect_target(["old 1"]);
        assert_ne!(ran.exit_code(), Some(0));
    }
}

#[test]
fn a_list_that_shrank_deletes_nothing() {
    // Every look leaves the same import out, but a flow uses it.
    let world = migrate(["a", "b"]).start();
    world.run().expect_exit(0).expect_target(["a", "b"]);
    let hidden = world.import("source", "b");
    let flow = json!({ "_id": "5a5a5a5a00000000000000f1", "name": "Orders", "pageProcessors": [{ "_importId": hidden["_id"] }] });
    world.load_list("source", "flows", &[flow]);
    let short = json!([world.import("source", "a")]);
    world.fault(Fault::on_list(Fault::says(200, short)).in_account("source"));
    let ran = world.run().expect_exit(1).expect_no_write().expect_target(["a", "b"]);
    ran.expect_stderr("cannot be trusted");
}

#[test]
fn a_source_that_answers_nothing_although_flows_use_imports_deletes_nothing() {
    let world = with_old(migrate(["a"]), 1).start();
    let used = world.id("source", "a");
    let flow = json!({ "_id": "5a5a5a5a00000000000000f1", "name": "Orders", "pageProcessors": [{ "_importId": used }] });
    world.load_list("source", "flows", &[flow]);
    world.fault(Fault::on_list(Fault::status(204)).in_account("source"));
    let ran = world.run().expect_no_write().expect_target(["old 1"]);
    assert_ne!(ran.exit_code(), Some(0));
}

#[test]
fn a_part_of_a_job_deletes_nothing_and_says_so() {
    for part in [["--only", "a"], ["--limit", "1"]] {
        let world = with_old(migrate(["a"]), 1).start();
        let ran = world.run_with(&part).expect_exit(0).expect_target(["a", "old 1"]);
        ran.expect_stderr("nothing is deleted in `target`");
    }
    let scenario = migrate(["a"]).job("select", "{ manifest: m.csv }").file("m.csv", "name\na\n");
    with_old(scenario, 1)
        .run()
        .expect_exit(0)
        .expect_target(["a", "old 1"])
        .expect_stderr("names imports one by one");
}

#[test]
fn nothing_is_deleted_while_an_import_of_the_source_fails() {
    // What it would be called in the target is not known.
    let transform = "[{ jq: 'if .name == \"b\" then error(\"no\") else .name = \"EU \" + .name end' }]";
    let world = migrate(["a", "b"]).job("transform", transform).target(&import("EU b")).start();
    let ran = world.run().expect_exit(3).expect_target(["EU a", "EU b"]);
    ran.expect_stderr("nothing is deleted in `target` (1 would be)");
    // Nor where the job leaves such an import out.
    let world = migrate(["a", "b"])
        .job("transform", transform)
        .job("select", "{ exclude: { names: [b] } }")
        .target(&import("EU b"))
        .start();
    world.run().expect_exit(0).expect_target(["EU a", "EU b"]);
}

#[test]
fn what_has_nothing_to_be_recognised_by_is_not_taken_for_gone() {
    let known = |name: &str, id: &str| import(name).set("/externalId", json!(id));
    let scenario = migrate([]).source(&known("a", "x1")).job("match", "external_id");
    let world = scenario.target(&known("old", "x2")).target(&import("b")).start();
    let ran = world.run().expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr("without an externalId to match them by");
    // Nor is anything where the source holds such an import: it may be any of the target's.
    let scenario = migrate(["b"]).source(&known("a", "x1")).job("match", "external_id");
    let ran = scenario.target(&known("old", "x2")).run().expect_exit(3).expect_target(["a", "old"]);
    ran.expect_stderr("nothing is deleted in `target` (1 would be)");
}

#[test]
fn an_import_that_lost_its_name_may_be_any_of_the_target() {
    for name in [json!(""), json!(" "), json!(null)] {
        for (select, exit) in [("{ names: [a, b] }", 0), ("{ exclude: { names: [c] } }", 3)] {
            let scenario =
                migrate(["a"]).job("select", select).source(&import("b").set("/name", name.clone()));
            let ran = scenario.target(&import("b")).run().expect_exit(exit).expect_target(["a", "b"]);
            ran.expect_stderr("nothing is deleted in `target` (1 would be)");
        }
        // Nor is it deleted itself, where only the target has it.
        let ran = migrate(["a"]).target(&import("b").set("/name", name)).run().expect_exit(0);
        ran.expect_calls("DELETE", "/v1/imports/{id}", 0).expect_stderr("without a name to match them by");
    }
}

#[test]
fn what_is_recognised_by_its_external_id_needs_no_name() {
    let known = |name: &str, id: &str| import(name).set("/externalId", json!(id));
    let blank = known("b", "x2").set("/name", json!(" "));
    let scenario = migrate([]).source(&known("a", "x1")).source(&blank).job("match", "external_id");
    let ran = scenario.target(&known("old", "x3")).target(&blank).run().expect_exit(0);
    assert_eq!(ran.world.imports("target").len(), 2);
}

#[test]
fn a_file_that_lost_its_name_keeps_every_import_of_the_target() {
    for name in [json!(""), json!(null)] {
        let world = crate::apply::exported(crate::apply::of(["a", "b", "c"]));
        std::fs::remove_file(crate::apply::path(&world, "c")).unwrap();
        crate::apply::edit(&world, "b", |file| {
            file["name"] = name;
            file["_id"] = json!("0123456789abcdef01234567");
        });
        world.write_job("job.yaml", &[("mirror", "{ max_delete: 10 }")]);
        let ran = world.run().expect_exit(3).expect_target(["a", "b", "c"]);
        ran.expect_stderr("nothing is deleted in `target` (2 would be)");
    }
}

#[test]
fn an_import_that_moved_since_the_plan_is_stale_and_stays() {
    let world = migrate(["a"]).job("concurrency", "1").target(&import("old")).start();
    world.fault(Fault::on_create(Fault::slow_after(600)));
    let running = world.spawn_run(&["--quiet"]).until_journal("intended", 1);
    world.edit("target", "old", "/description", json!("newer"));
    running
        .finish()
        .expect_exit(3)
        .expect_target(["a", "old"])
        .expect_audit("old", "stale", "not_checked")
        .expect_audit("a", "created", "equal");
}

#[test]
fn an_approved_plan_deletes_only_what_it_lists() {
    let world = migrate(["a"]).target(&import("old 1")).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world.load("target", &[import("old 2").in_account("target", 77)]);
    world.run_with(&["--plan", "plan.json"]).expect_exit(0).expect_target(["a", "old 2"]);
}

#[test]
fn nothing_is_deleted_where_what_was_approved_in_its_place_is_stale() {
    let world = migrate(["renamed", "other"]).target(&import("orders")).target(&import("other")).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world.edit("source", "renamed", "/description", json!("edited"));
    let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(4).expect_target(["orders", "other"]);
    ran.expect_stderr("run the job again").expect_audit("renamed", "stale", "not_checked");
}

#[test]
fn a_part_of_an_approved_plan_deletes_nothing() {
    let world = migrate(["a"]).target(&import("old")).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    for part in [["--limit", "5"], ["--only", "a"]] {
        let ran = world.run_with(&["--plan", "plan.json", part[0], part[1]]).expect_exit(0);
        ran.expect_target(["a", "old"]).expect_stderr("--only or --limit is given, so nothing is deleted");
        world.remove("target", "a");
    }
}

#[test]
fn mirror_is_for_migrate_and_apply() {
    let scenario =
        Scenario::update(["a"]).job("mirror", "{ max_delete: 1 }").job("transform", "[{ remove: [/x] }]");
    scenario.run().expect_exit(2).expect_stderr("`mirror` has no meaning for update");
}
