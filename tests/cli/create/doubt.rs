//! A create of a script that gets no answer, and a run that is cut off around it: made once, whatever happens.

use serde_json::json;
use transship::emulator::Effect;

use super::{expect_no_source_ids, hooked, script, sharing};
use crate::support::scenario::{Fault, Scenario};

fn on_script(effect: Effect) -> Fault {
    Fault::on("POST", "/v1/scripts", effect).first(1)
}

#[test]
fn a_create_cut_after_the_write_is_found_and_not_repeated() {
    for fault in
        [on_script(Effect::CutAfter), on_script(Effect::CutAfter).by_reset(), on_script(Effect::BadJson)]
    {
        let ran = sharing()
            .fault(fault)
            .run()
            .expect_exit(0)
            .expect_calls("POST", "/v1/scripts", 1)
            .expect_list("scripts", ["Check"])
            .expect_all(4, "created", "equal");
        expect_no_source_ids(&ran.world);
    }
}

#[test]
fn a_create_cut_before_the_write_is_sent_again() {
    sharing()
        .fault(on_script(Effect::CutBefore))
        .run()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 2)
        .expect_list("scripts", ["Check"])
        .expect_all(4, "created", "equal");
}

#[test]
fn a_script_of_its_name_that_differs_is_not_taken_for_it() {
    // Somebody else makes one of that name while the call is under way.
    let world = sharing().fault(on_script(Effect::CutBefore)).start();
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    let other = json!({ "name": "Check", "content": "something else" });
    assert_eq!(world.call(reqwest::Method::POST, "target", "/v1/scripts", Some(&other)).0, 201);
    running
        .finish()
        .expect_exit(3)
        .expect_list("scripts", ["Check"])
        .expect_target(["c"])
        .expect_cell("Check", "error_code", "unlike")
        .expect_cell("a", "error_code", "reference_not_created");
}

#[test]
fn imports_that_need_a_script_in_doubt_wait_for_it_and_the_others_do_not() {
    let world = sharing().fault(on_script(Effect::CutAfter)).env("TRANSSHIP_SETTLE", "1").start();
    let ran = world.run().expect_exit(0).expect_all(4, "created", "equal");
    let steps: Vec<serde_json::Value> =
        ran.file("journal.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |item: u64, step: &str| {
        let found = steps.iter().position(|record| record["item"] == item && record["step"] == step);
        found.unwrap_or_else(|| panic!("item {item} was never {step}"))
    };
    // Item 1 is the script, 2 the import that needs nothing, 3 and 4 those that need it.
    assert!(at(2, "applied") < at(1, "applied"));
    for needy in [3, 4] {
        assert!(at(needy, "intended") > at(1, "applied"));
    }
}

#[test]
fn killed_around_the_create_of_a_script_it_ends_as_undisturbed() {
    let points = [
        "call.before_send:1",
        "call.after_answer:1",
        "call.before_send:2",
        "call.after_answer:2",
        "call.after_answer:3",
    ];
    for point in points {
        let world = sharing().env("TRANSSHIP_CRASH", point).job("concurrency", "1").start();
        let ran = world.run().expect_killed();
        let resumed = world
            .binary(&["resume", &ran.folder().display().to_string()])
            .env_remove("TRANSSHIP_CRASH")
            .output();
        let resumed = resumed.unwrap();
        assert_eq!(resumed.status.code(), Some(0), "{point}: {}", String::from_utf8_lossy(&resumed.stderr));
        ran.expect_list("scripts", ["Check"])
            .expect_target(["a", "b", "c"])
            .expect_all(4, "created", "equal");
        expect_no_source_ids(&world);
    }
}

#[test]
fn a_run_is_resumed_without_its_job_file_and_with_the_ids_it_made() {
    let world =
        sharing().job("concurrency", "1").fault(Fault::on_create(Fault::slow_before(400)).named("b")).start();
    let ran = world.spawn_run(&[]).until_journal("applied", 2).signal("KILL").finish().expect_killed();
    std::fs::remove_file(world.path("job.yaml")).unwrap();
    let made = world.list("target", "scripts")[0]["_id"].clone();
    ran.resumed()
        .expect_exit(0)
        .expect_list("scripts", ["Check"])
        .expect_target(["a", "b", "c"])
        .expect_in_target("b", "/hooks/preMap/_scriptId", made)
        .expect_all(4, "created", "equal");
}

#[test]
fn a_script_that_could_not_be_looked_up_leaves_its_imports_unprocessed() {
    let list = Fault::on("GET", "/v1/scripts", Fault::status(500)).in_account("target");
    let world = sharing().fault(on_script(Effect::CutAfter)).start();
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    world.fault(list);
    running
        .finish()
        .expect_target(["c"])
        .expect_audit("Check", "unprocessed", "not_checked")
        .expect_audit("a", "unprocessed", "not_checked")
        .expect_audit("c", "created", "equal")
        .resumed()
        .expect_exit(0)
        .expect_list("scripts", ["Check"])
        .expect_all(4, "created", "equal");
}

#[test]
fn an_interrupted_run_finishes_the_script_in_flight_and_starts_none_of_its_imports() {
    let slow = Fault::on("POST", "/v1/scripts", Fault::slow_after(1500));
    let world = sharing().job("concurrency", "1").fault(slow).start();
    // A call is counted with its answer; that it arrived shows in what is there.
    let arrived = || !world.list("target", "scripts").is_empty();
    let ran = world.spawn_run(&[]).until("the script arrived", arrived).signal("INT").finish();
    ran.expect_exit(130)
        .expect_list("scripts", ["Check"])
        .expect_target([])
        .expect_audit("Check", "created", "not_checked")
        .expect_audit("a", "unprocessed", "not_checked")
        .resumed()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_all(4, "created", "equal");
}

#[test]
fn replies_cut_at_random_make_no_script_and_no_import_twice() {
    for seed in 1..=3 {
        let mut scenario =
            Scenario::migrate([]).job("references", "{ create: [scripts] }").job("concurrency", "4");
        for number in 0..6 {
            scenario = scenario.resource("source", "scripts", script(&format!("s{number}")));
        }
        for number in 0..18 {
            scenario = scenario.source(&hooked(&format!("i{number:02}"), &format!("s{}", number % 6)));
        }
        let cut = |path: &str, seed| Fault::on("POST", path, Effect::CutAfter).at_random(0.3, seed);
        let ran = scenario
            .job("retry", "{ attempts: 9, base: 10ms, cap: 50ms }")
            .fault(cut("/v1/scripts", seed))
            .fault(cut("/v1/imports", seed + 10))
            .run()
            .expect_exit(0)
            .expect_list("scripts", ["s0", "s1", "s2", "s3", "s4", "s5"])
            .expect_all(24, "created", "equal");
        assert_eq!(ran.world.imports("target").len(), 18);
        expect_no_source_ids(&ran.world);
    }
}
