//! Flows that use imports: conditions that go by them, what a plan tells of them, and runs that wait for them.

use std::rc::Rc;

use serde_json::{Value, json};
use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, World, id_of};

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
