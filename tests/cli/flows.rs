//! Flows that use imports: conditions that go by them, what a plan tells of them, and runs that wait for them.

use std::rc::Rc;

use serde_json::{Value, json};
use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, World, id_of, import};

fn step(import: &str) -> Value {
    json!({ "type": "import", "_importId": format!("@imports/{import}") })
}

/// An account in which flows of all shapes use imports, and a tool of an integration.
fn used(action: &str) -> Scenario {
    let routers = json!([{ "branches": [{ "pageProcessors": [step("routed 2")] }] }]);
    let orders = "@integrations/Orders";
    let flow =
        |name: &str, steps: Value| json!({ "name": name, "_integrationId": orders, "pageProcessors": steps });
    Scenario::of(action, ["linear", "routed", "by tool", "instance", "unused"])
        .resource("source", "integrations", json!({ "name": "Orders" }))
        .resource("source", "flows", flow("Hourly", json!([step("linear 1")])))
        .resource("source", "flows", json!({ "name": "Routed", "disabled": true, "routers": routers }))
        .resource(
            "source",
            "flows",
            json!({ "name": "Instance", "_abstractFlowId": "5f0000000000000000000009",
                "overrides": { "imports": [{ "_id": "@imports/instance 4" }] } }),
        )
        .resource(
            "source",
            "tools",
            json!({ "name": "T", "_integrationId": orders,
                "routers": [{ "branches": [{ "pageProcessors": [step("by tool 3")] }] }] }),
        )
}

/// Adds a mark to the imports that a condition holds for, and gives their names without it.
#[track_caller]
fn marked(when: &str) -> Vec<String> {
    let step = format!("[{{ when: {when}, rename: {{ find: \"$\", replace: \" !\" }} }}]");
    let ran = used("update").job("transform", &step).run().expect_exit(0);
    let names = ran.world.imports("source").into_iter().map(|import| import["name"].to_string());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.trim_matches('"').strip_suffix(" !")?.to_owned())).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_step_is_for_the_imports_of_the_flows_that_its_when_names() {
    assert_eq!(marked("{ flows: [Hourly, Routed] }"), ["linear", "routed"]);
    assert_eq!(
        marked("{ flows: [Instance] }"),
        ["instance"],
        "an instance is on the list if it is asked for"
    );
    assert_eq!(marked(&format!("{{ flows: [{}] }}", id_of("source", "flows", "Hourly"))), ["linear"]);
    assert_eq!(
        marked("{ names: [\"*\"], exclude: { flows: [Hourly] } }"),
        ["by tool", "instance", "routed", "unused"]
    );
    assert_eq!(marked("{ integrations: [Orders] }"), ["by tool", "linear"]);
}

#[test]
fn a_flow_that_a_when_names_and_that_is_not_there_is_an_error_and_nothing_is_written() {
    let step = "[{ when: { flows: [Hourli] }, rename: { find: \"$\", replace: \" !\" } }]";
    used("update")
        .job("transform", step)
        .run()
        .expect_exit(2)
        .expect_stderr("has no flow `Hourli`; did you mean `Hourly`?")
        .expect_no_write();
}

/// A flow whose document no program can hold is not one without imports.
#[test]
fn a_flow_that_a_selection_names_and_that_cannot_be_read_is_an_error() {
    let flow = json!({ "name": "Cut", "pageProcessors": [step("linear 1")], "description": "CUT" });
    let cut = || {
        let effect = Effect::ReplaceBytes { find: "CUT".to_owned(), with: "\\ud83d".to_owned() };
        Fault::on("GET", "/v1/flows", effect)
    };
    for select in ["{ flows: [Cut] }", "{ exclude: { flows: [Cut] } }"] {
        used("update")
            .resource("source", "flows", flow.clone())
            .fault(cut())
            .job("select", select)
            .job("transform", "[{ rename: { find: \"$\", replace: \" !\" } }]")
            .run()
            .expect_exit(2)
            .expect_stderr("flow \"Cut\"")
            .expect_stderr("which imports it uses is not known")
            .expect_no_write();
    }
}

#[test]
fn a_service_that_does_not_know_of_instances_is_asked_for_the_other_flows() {
    let refused = || Fault::on("GET", "/v1/flows", Fault::status(400)).with_query("*includeInstances=true*");
    let world = used("update")
        .fault(refused())
        .job("select", "{ flows: [Hourly] }")
        .job("transform", "[{ rename: { find: \"$\", replace: \" !\" } }]")
        .start();
    world.run().expect_exit(0).expect_source(["by tool", "instance", "linear !", "routed", "unused"]);
}

/// Reading a pipe never ends.
#[test]
fn journals_of_earlier_runs_are_not_read_where_nothing_is_created() {
    let world: Rc<World> = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    let mut other = world.import("target", "a");
    other["name"] = "other".into();
    other["_id"] = "5b5b5b5b00000000000000aa".into();
    world.load("target", &[other]);
    let folder = world.path("runs/old");
    std::fs::create_dir_all(&folder).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("journal.jsonl")).status().unwrap();
    assert!(made.success());
    world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout("unchanged");
}

/// Renames every import.
const RENAME: &str = "[{ rename: { find: \"$\", replace: \" !\" } }]";

fn running(account: &str, flow: &str, status: &str) -> Value {
    json!({ "_id": "5f00000000000000000000f1", "type": "flow", "status": status,
        "_flowId": id_of(account, "flows", flow) })
}

fn plan_of(world: &Rc<World>, code: i32, words: &[&str]) -> Value {
    let words = [&["plan", "JOB", "--format", "json"], words].concat();
    serde_json::from_str(&world.command(&words).expect_exit(code).stdout).unwrap()
}

/// The names of what uses an import of a plan.
fn users(plan: &Value, side: &str, import: &str) -> Vec<String> {
    let items = plan["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["source"]["name"] == import).unwrap();
    let key = if side == "target" { "used_by" } else { "used_in_source" };
    let name = |id: &Value| {
        let users = plan["usage"][side]["users"].as_array().unwrap();
        users.iter().find(|user| user["id"] == *id).unwrap()["name"].as_str().unwrap().to_owned()
    };
    item[key].as_array().map(|ids| ids.iter().map(name).collect()).unwrap_or_default()
}

#[test]
fn the_plan_of_a_change_in_place_says_which_flows_use_the_imports_at_the_cost_of_one_list() {
    let world = used("update").job("transform", RENAME).start();
    world
        .command(&["plan", "JOB"])
        .expect_exit(0)
        .expect_stdout("Used by   3 flows in 1 integration, 1 of them disabled\n")
        .expect_stdout("used by flow \"Hourly\"")
        .expect_stdout("used by flow \"Routed\" (disabled)")
        .expect_calls("GET", "/v1/flows", 1)
        .expect_calls("GET", "/v1/tools", 0)
        .expect_calls("GET", "/v1/apis", 0)
        .expect_calls("POST", "/v1/jobs/current", 0);
    let plan = plan_of(&world, 0, &[]);
    assert_eq!(users(&plan, "target", "linear"), ["Hourly"]);
    assert!(users(&plan, "target", "by tool").is_empty() && users(&plan, "target", "unused").is_empty());
    assert_eq!(plan["usage"]["target"]["lists"], json!(["flows"]));
    // Who selects by flows pays nothing more.
    world.write_job("job.yaml", &[("select", "{ flows: [Hourly] }")]);
    world.command(&["plan", "JOB"]).expect_stdout("Used by   1 flow in 1 integration\n").expect_calls(
        "GET",
        "/v1/flows",
        1,
    );
}

#[test]
fn usage_tells_flows_apis_tools_and_which_flows_run_in_the_fewest_calls() {
    let world = used("update")
        .job("transform", RENAME)
        .resource("source", "jobs", running("source", "Hourly", "running"))
        .start();
    let ran = world
        .command(&["plan", "JOB", "--usage"])
        .expect_exit(0)
        .expect_stdout(
            "Used by   3 flows and 1 tool in 1 integration, 1 of them disabled; 1 is running now: Hourly\n",
        )
        .expect_stdout("used by flow \"Hourly\" (running)")
        .expect_stdout("used by tool \"T\"");
    for (method, path) in [
        ("GET", "/v1/flows"),
        ("GET", "/v1/apis"),
        ("GET", "/v1/tools"),
        ("GET", "/v1/integrations"),
        ("POST", "/v1/jobs/current"),
    ] {
        let calls = world.control().count(method, path);
        assert_eq!(calls, 1, "{method} {path}: {}", ran.stdout);
    }
    let plan = plan_of(&world, 0, &["--usage"]);
    let hourly =
        plan["usage"]["target"]["users"].as_array().unwrap().iter().find(|user| user["name"] == "Hourly");
    let hourly = hourly.unwrap();
    assert_eq!(
        (&hourly["running"], &hourly["integration_name"], &hourly["kind"]),
        (&true.into(), &"Orders".into(), &"flow".into())
    );
    assert_eq!(users(&plan, "target", "by tool"), ["T"]);
}

#[test]
fn a_migration_tells_the_flows_of_the_source_and_those_of_the_target_whose_imports_it_overwrites() {
    let flow = json!({ "name": "Theirs", "pageProcessors": [{ "type": "import", "_importId": "@imports/linear 1" }] });
    let world = used("migrate")
        .job("target", "target")
        .target(&import("linear").set("/description", json!("old")))
        .resource("target", "flows", flow)
        .start();
    // Nothing of the target is overwritten: its flows are not asked for.
    let ran = world
        .command(&["plan", "JOB", "--usage"])
        .expect_exit(0)
        .expect_stdout("Used in source by   2 flows");
    ran.expect_calls("GET", "/v1/flows", 1);
    world.command(&["plan", "JOB"]).expect_exit(0).expect_calls("GET", "/v1/flows", 0);
    world.write_job("job.yaml", &[("on_existing", "update")]);
    world
        .command(&["plan", "JOB", "--usage"])
        .expect_exit(0)
        .expect_stdout("Used in source by   3 flows and 1 tool")
        .expect_stdout("Used in target by   1 flow; none is running now")
        .expect_calls("GET", "/v1/flows", 2)
        .expect_calls("POST", "/v1/jobs/current", 2);
    let plan = plan_of(&world, 0, &["--usage"]);
    assert_eq!(users(&plan, "source", "routed"), ["Routed"]);
    assert_eq!(users(&plan, "target", "linear"), ["Theirs"]);
    let ran = world.run_with(&["--usage"]).expect_exit(0);
    let usage = &ran.summary()["usage"];
    assert_eq!((&usage["flows"], &usage["users"][0]["name"]), (&1.into(), &"Theirs".into()));
    let copied = &ran.summary()["usage_in_source"];
    assert_eq!((&copied["flows"], &copied["tools"]), (&3.into(), &1.into()));
    let page = ran.file("report.html");
    assert!(
        page.contains("Flows that use what was changed") && page.contains("Flows that use what was copied")
    );
    assert!(page.contains("used there by 3 flows and 1 tool in 1 integration"));
    world.command(&["verify"]).expect_exit(0);
}

#[test]
fn an_import_that_a_flow_uses_is_not_deleted_and_the_plan_names_the_flow() {
    let world = used("delete").job("select", "{ names: [linear, unused] }").start();
    let plan = plan_of(&world, 3, &[]);
    assert_eq!(plan["totals"], json!({ "conflict": 1, "delete": 1 }));
    world
        .run()
        .expect_exit(3)
        .expect_source(["by tool", "instance", "linear", "routed"])
        .expect_stderr("it is used by the flow \"Hourly\": left alone")
        .expect_audit("linear", "conflict", "not_checked")
        .expect_cell("linear", "error_code", "in_use")
        .expect_audit("unused", "deleted", "equal")
        .expect_calls("DELETE", "/v1/imports/{id}", 1);
}

#[test]
fn an_import_is_not_deleted_while_it_is_not_known_whether_a_flow_uses_it() {
    let cut = Effect::ReplaceBytes { find: "Hourly".to_owned(), with: "\\ud83d".to_owned() };
    for (effect, says) in [
        (Fault::status(403), "the flows could not be read ("),
        (Fault::status(500), "the flows could not be read ("),
        (cut, "cannot be read (lone surrogate"),
    ] {
        let world = used("delete").job("select", "{ names: [linear, unused] }").start();
        world.fault(Fault::on("GET", "/v1/flows", effect.clone()));
        let ran = world.run().expect_exit(3).expect_calls("DELETE", "/v1/imports/{id}", 0);
        let ran = ran.expect_audit("unused", "conflict", "not_checked").expect_cell(
            "unused",
            "error_code",
            "use_unknown",
        );
        let ran = ran.expect_cell("unused", "error_message", says);
        assert!(!ran.stderr.contains("no flow"), "{}", ran.stderr);
        // Nor by a mirror, nor by an undo.
        let old = import("old");
        let world = Scenario::migrate(["a"])
            .job("mirror", "{ max_delete: 1 }")
            .target(&old)
            .both("flows", json!({ "name": "Hourly" }))
            .start();
        let flows = || world.fault(Fault::on("GET", "/v1/flows", effect.clone()).in_account("target"));
        flows();
        world.run().expect_exit(3).expect_target(["a", "old"]).expect_cell(
            "old",
            "error_code",
            "use_unknown",
        );
        let undone =
            world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["a", "old"]);
        undone.expect_stderr("whether a flow uses it is not known: left alone");
        world.no_faults();
        world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target(["old"]);
    }
    // An account without any list of flows has no flows.
    let world = used("delete").job("select", "{ names: [unused] }").start();
    world.fault(Fault::on("GET", "/v1/flows", Fault::status(404)));
    world.run().expect_exit(0).expect_audit("unused", "deleted", "equal");
}

#[test]
fn an_undo_that_goes_on_later_asks_again_which_imports_flows_use() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.run().expect_exit(0).expect_target(["a", "b"]);
    let mut killed = world.binary(&["undo", "runs/run-1", "--yes"]);
    let killed = killed.env("TRANSSHIP_CRASH", "journal.after_sync:2").output().unwrap();
    assert_eq!(killed.status.code(), None);
    let (a, b) = (world.id("target", "a"), world.id("target", "b"));
    for used in [a, b] {
        let step = json!({ "type": "import", "_importId": used });
        let flow = json!({ "name": "New", "pageProcessors": [step] });
        world.call(reqwest::Method::POST, "target", "/v1/flows", Some(&flow));
    }
    let runs = std::fs::read_dir(world.path("runs")).unwrap().map(|entry| entry.unwrap().path());
    let undo = runs.into_iter().find(|run| !run.ends_with("run-1")).expect("an undo");
    let ran = world.resume(&undo).expect_exit(3).expect_target(["a", "b"]).expect_calls(
        "DELETE",
        "/v1/imports/{id}",
        0,
    );
    ran.expect_stderr("it is used by the flow \"New\": left alone");
}

#[test]
fn flows_that_cannot_be_listed_are_a_note_where_they_are_only_told() {
    for (status, says) in
        [(403, "the flows of `source` could not be read"), (500, "what else uses the imports is not known")]
    {
        used("update")
            .job("transform", RENAME)
            .fault(Fault::on("GET", "/v1/flows", Fault::status(status)))
            .run()
            .expect_exit(0)
            .expect_stderr(says)
            .expect_count("updated", 5);
    }
    used("update")
        .fault(Fault::on("POST", "/v1/jobs/current", Fault::status(403)))
        .job("transform", RENAME)
        .command(["plan", "JOB", "--usage"])
        .expect_exit(0)
        .expect_stdout("which flows run now is not known");
}

/// A job that leaves imports alone whose flow runs; `Hourly`, which uses `linear`, does.
fn waiting(wait: &str) -> Rc<World> {
    used("update")
        .job("transform", RENAME)
        .job("stop", &format!("{{ running: true, wait: {wait} }}"))
        .resource("source", "jobs", running("source", "Hourly", "running"))
        .start()
}

fn flow_ends(world: &World) {
    world.load_list("source", "jobs", &[running("source", "Hourly", "completed")]);
}

#[test]
fn an_import_whose_flow_runs_is_left_alone_and_retry_takes_it_up() {
    let world = waiting("1s");
    world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout("1 is running now: Hourly");
    let ran = world
        .run()
        .expect_exit(3)
        .expect_source(["by tool !", "instance !", "linear", "routed !", "unused !"])
        .expect_stderr("waits    for the flow \"Hourly\", which runs, until ")
        .expect_audit("linear !", "conflict", "not_checked")
        .expect_cell("linear !", "error_code", "flow_running")
        .expect_cell("linear !", "error_message", "the flow \"Hourly\" uses it, and runs")
        .expect_count("updated", 4)
        // For the plan, at the start, when all else is written, and at the end of the wait.
        .expect_calls("POST", "/v1/jobs/current", 4);
    flow_ends(&world);
    let folder = ran.folder().display().to_string();
    world.command(&["verify", &folder]).expect_exit(0);
    world.command(&["retry", &folder]).expect_exit(0);
    assert_eq!(world.id("source", "linear !"), id_of("source", "imports", "linear 1"));
}

#[test]
fn a_wave_waits_for_the_flows_of_what_it_put_off() {
    let waves = |wait: &str| {
        let world = waiting(wait);
        world.write_job("job.yaml", &[("waves", "[3, rest]"), ("pause", "never")]);
        world
    };
    let world = waves("5s");
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 2);
    flow_ends(&world);
    running
        .finish()
        .expect_exit(0)
        .expect_stderr("Wave 1 of 2   3 imports")
        .expect_stderr("3 updated, 3 read back equal")
        .expect_all(5, "updated", "equal");
    // What was not written although it was waited for ends with its wave.
    let ran = waves("1s").run().expect_exit(3).expect_count("updated", 4);
    ran.expect_stderr("1 conflict, 2 updated");
}

#[test]
fn what_a_running_flow_uses_is_written_last_when_the_flow_has_ended() {
    let world = waiting("2s");
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 4);
    flow_ends(&world);
    let ran = running.finish().expect_exit(0).expect_all(5, "updated", "equal");
    let journal = ran.file("journal.jsonl");
    let last = journal.lines().rfind(|line| line.contains("\"intended\"")).unwrap();
    assert!(last.contains("\"item\":1,"), "{last}");
}

#[test]
fn a_run_that_is_interrupted_while_it_waits_is_resumed() {
    let world = waiting("10m");
    let running = world.spawn_run(&[]).until_journal("\"verified\"", 4);
    let ran = running.signal("TERM").finish().expect_exit(130).expect_count("unprocessed", 1);
    flow_ends(&world);
    ran.resumed().expect_exit(0).expect_all(5, "updated", "equal");
}

#[test]
fn where_it_cannot_be_known_which_flows_run_nothing_is_written() {
    let refused = |method: &str, path: &str| Fault::on(method, path, Fault::status(403));
    for (fault, says) in [
        (refused("POST", "/v1/jobs/current"), "cannot ask which flows run of account `source`"),
        (refused("GET", "/v1/flows"), "which imports those use is not known"),
    ] {
        let world = waiting("1s");
        world.fault(fault);
        world.run_with(&["--yes"]).expect_exit(1).expect_stderr(says).expect_no_write();
    }
}

#[test]
fn imports_that_are_made_anew_wait_for_no_flow() {
    used("migrate")
        .job("target", "target")
        .job("stop", "{ running: true }")
        .resource("source", "jobs", running("source", "Hourly", "running"))
        .run()
        .expect_exit(0)
        .expect_count("created", 5)
        .expect_calls("POST", "/v1/jobs/current", 0);
}

#[test]
fn a_wait_without_running_is_told() {
    used("update")
        .job("transform", RENAME)
        .job("stop", "{ wait: 1m }")
        .command(["check", "JOB"])
        .expect_exit(0)
        .expect_stderr("`wait` has no meaning without `running: true`");
}

#[test]
fn what_a_mirror_would_delete_and_a_flow_uses_is_left_alone() {
    let flow =
        json!({ "name": "Theirs", "pageProcessors": [{ "type": "import", "_importId": "@imports/kept 2" }] });
    used("migrate")
        .job("target", "target")
        .job("mirror", "{ max_delete: 100% }")
        .target(&import("gone"))
        .target(&import("kept"))
        .resource("target", "flows", flow)
        .run()
        .expect_exit(3)
        .expect_target(["by tool", "instance", "kept", "linear", "routed", "unused"])
        .expect_audit("kept", "conflict", "not_checked")
        .expect_cell("kept", "error_message", "it is used by the flow \"Theirs\": left alone")
        .expect_audit("gone", "deleted", "equal")
        .expect_calls("DELETE", "/v1/imports/{id}", 1);
}

#[test]
fn list_names_the_integrations_of_what_uses_an_import_and_says_where_that_is_not_known() {
    let world = used("migrate").start();
    let listed = |world: &Rc<World>| {
        let ran = world.command(&["list", "JOB", "--format", "json"]).expect_exit(0);
        let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
        let of = |row: &Value| {
            Some((row["name"].as_str()?.to_owned(), row["integration_name"].as_str()?.to_owned()))
        };
        let mut named: Vec<_> = rows.iter().filter_map(of).collect();
        named.sort();
        (named, ran.stderr)
    };
    let named = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), "Orders".to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(listed(&world).0, named(&["by tool", "linear"]));
    world.fault(Fault::on("GET", "/v1/flows", Fault::status(403)));
    let (known, said) = listed(&world);
    assert_eq!(known, named(&["by tool"]));
    assert!(said.contains("the flows of `source` could not be read") && said.contains("left out"), "{said}");
}
