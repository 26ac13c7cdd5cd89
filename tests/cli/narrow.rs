//! `--only` and `--limit`: a part of what a job selects, for a first try.

use serde_json::{Value, json};

use crate::support::scenario::{Scenario, import};

#[test]
fn limit_takes_so_many_imports_that_are_written() {
    let world = Scenario::migrate(["a", "b", "c", "d"]).start();
    world.run_with(&["--limit", "1"]).expect_exit(0).expect_target(["a"]).expect_calls(
        "POST",
        "/v1/imports",
        1,
    );
    // What is there already does not count: the next part goes on.
    let ran = world.run_with(&["--limit", "2"]).expect_exit(0).expect_target(["a", "b", "c"]);
    ran.expect_stderr("--limit 2: the first 2 of 3 imports that would be written");
    world.command(&["verify"]).expect_exit(0);
    let plan = world.command(&["plan", "JOB", "--limit", "9", "--format", "json"]).expect_exit(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!((&plan["selected"], &plan["totals"]), (&4.into(), &json!({ "create": 1, "unchanged": 3 })));
    world.command(&["plan", "JOB", "--limit", "0"]).expect_exit(2);
}

#[test]
fn only_takes_names_patterns_and_ids() {
    let world = Scenario::migrate(["Order 1", "Order 2", "Item", "Stock"]).start();
    let id = world.id("source", "Stock");
    world
        .run_with(&["--only", "Order *", "--only", &id])
        .expect_exit(0)
        .expect_target(["Order 1", "Order 2", "Stock"])
        .expect_all(3, "created", "equal");
    for command in ["run", "plan", "list"] {
        world
            .command(&[command, "JOB", "--only", "Itm"])
            .expect_exit(2)
            .expect_stderr("error: --only \"Itm\": the job selects no such import; did you mean `Item`?")
            .expect_no_write();
    }
    // What is there and the job does not select is not taken for what is not there.
    world.write_job("job.yaml", &[("select", "{ names: [\"Order *\", Stock] }")]);
    for command in ["run", "plan", "list"] {
        world
            .command(&[command, "JOB", "--only", "Item", "--only", "Order 1"])
            .expect_exit(2)
            .expect_stderr("--only \"Item\": the job selects no such import; it exists, but the job's `select` leaves it out")
            .expect_no_write();
    }
    world
        .command(&["plan", "JOB", "--only", "*", "--format", "json"])
        .expect_exit(0)
        .expect_stdout("\"selected\":3");
    world.write_job("job.yaml", &[]);
    world.command(&["plan", "JOB", "--only", "re:("]).expect_exit(2).expect_stderr("--only \"re:(\"");
    let list = world
        .command(&["list", "JOB", "--only", "Order *", "--limit", "1", "--format", "csv"])
        .expect_exit(0);
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.stdout);
    world
        .command(&["check", "JOB", "--online", "--only", "Item"])
        .expect_exit(0)
        .expect_stdout("1 import selected, it can be done as it stands");
}

#[test]
fn what_only_later_imports_need_is_not_created() {
    let with_script = |name: &str, script: &str| {
        import(name).set(
            "/hooks",
            json!({ "preMap": { "function": "f", "_scriptId": format!("@scripts/{script}") } }),
        )
    };
    let script = |name: &str| json!({ "name": name, "content": "function f() {}" });
    let scenario = Scenario::migrate([])
        .job("references", "{ by: name, create: [scripts] }")
        .resource("source", "scripts", script("later"))
        .resource("source", "scripts", script("first"))
        .source(&with_script("a", "first"))
        .source(&with_script("b", "later"));
    let world = scenario.start();
    world.run_with(&["--limit", "1"]).expect_exit(0).expect_target(["a"]).expect_list("scripts", ["first"]);
    world.run().expect_exit(0).expect_target(["a", "b"]).expect_list("scripts", ["first", "later"]);
}

#[test]
fn a_part_of_an_approved_plan_is_done() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world.run_with(&["--plan", "plan.json", "--limit", "2"]).expect_exit(0).expect_target(["a", "b"]);
}

#[test]
fn a_comparison_of_a_part_says_nothing_of_the_others() {
    let scenario = Scenario::of("compare", ["a", "b"]).job("target", "target");
    let world = scenario.target(&import("a")).target(&import("z")).start();
    world.run_with(&["--only", "a"]).expect_exit(0);
    world.run_with(&["--only", "b"]).expect_exit(3).expect_stderr("1 only in source");
}

#[test]
fn a_backup_takes_all_that_its_job_selects() {
    let world = Scenario::of("backup", ["a"]).job("archive", "{ path: ./archive }").start();
    world.run_with(&["--limit", "1"]).expect_exit(2).expect_stderr("a backup takes all that its job selects");
}

#[test]
fn a_run_of_a_plan_tells_the_calls_of_that_plan() {
    let world = Scenario::migrate(["a", "b", "c", "d", "e"]).start();
    world.command(&["plan", "JOB", "--only", "c", "--out", "plan.json"]).expect_exit(0);
    let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(0).expect_target(["c"]);
    let plan: Value = serde_json::from_str(&ran.file("plan.json")).unwrap();
    assert_eq!(plan["forecast"]["calls"]["create import"], 1, "{}", plan["forecast"]);
}
