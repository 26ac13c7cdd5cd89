//! The calls that a plan forecasts are the calls that are sent, and those for planning are those that the service saw.

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::Value;

use crate::support::scenario::{Fault, Ran, Scenario, World, import};

/// The summary of the newest run folder.
fn newest(world: &World) -> Value {
    let runs = std::fs::read_dir(world.path("runs")).unwrap().map(|run| run.unwrap().path());
    let summaries = runs.map(|run| run.join("summary.json")).filter(|path| path.is_file());
    let newest: PathBuf = summaries.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap();
    serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap()
}

/// What is wrong with the forecast of the run that a command made, in words.
fn wrong(what: &str, ran: &Ran) -> Option<String> {
    let summary = newest(&ran.world);
    let sum = |key: &str| -> u64 {
        summary[key].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
    };
    let forecast = summary["forecast"]["total"].as_u64().unwrap();
    let (planned, sent) = (sum("planning_calls"), sum("calls"));
    let seen = ran.world.control().total();
    (forecast != sent || planned + sent != seen).then(|| {
        format!(
            "{what}: forecast {} sent {}; planning {}; seen {seen}: {:#?}",
            summary["forecast"]["calls"],
            summary["calls"],
            summary["planning_calls"],
            ran.world.control().calls()
        )
    })
}

fn undo(world: &Rc<World>) -> Ran {
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0)
}

#[test]
fn a_forecast_is_what_is_spent() {
    let mut all: Vec<Option<String>> = Vec::new();
    for kept in [1, 3, 20] {
        let scenario = Scenario::migrate([]).many(kept).job("mirror", "{ max_delete: 10 }");
        let world = scenario.target(&import("old 1")).target(&import("old 2")).start();
        all.push(wrong(&format!("a mirror of {kept}"), &world.run().expect_exit(0)));
        all.push(wrong(&format!("the undo of a mirror of {kept}"), &undo(&world)));
    }
    for count in [1, 2, 5, 30] {
        let world = Scenario::of("delete", []).many(count).job("select", "{ names: [\"*\"] }").start();
        all.push(wrong(&format!("a delete of {count}"), &world.run().expect_exit(0)));
        all.push(wrong(&format!("the undo of a delete of {count}"), &undo(&world)));
        let world = Scenario::migrate([]).many(count).start();
        all.push(wrong(&format!("a create of {count}"), &world.run().expect_exit(0)));
        all.push(wrong(&format!("the undo of a create of {count}"), &undo(&world)));
        let scenario = Scenario::of("backup", []).many(count).job("archive", "{ path: archive }");
        let ran = scenario.run().expect_exit(0);
        for document in ran.world.imports("source") {
            ran.world.remove("source", document["name"].as_str().unwrap());
        }
        ran.world.write_job("job.yaml", &[("action", "restore")]);
        all.push(wrong(&format!("a restore of {count}"), &ran.world.run().expect_exit(0)));
    }
    let all: Vec<String> = all.into_iter().flatten().collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn an_undo_with_copies_says_what_it_takes_whether_they_go_or_stay() {
    for (more, code) in [("--leave-copies", 3), ("--quiet", 0)] {
        let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
        world.fault(Fault::on_create(Fault::slow_after(400)).named("b"));
        let running = world.spawn_run(&[]).until_journal("\"applied\"", 1);
        let mut copy = world.as_in_target("a");
        copy["_id"] = "5b5b5b5b0000000000000001".into();
        world.load("target", &[copy]);
        running.finish().expect_exit(3);
        let ran = world.command(&["undo", "runs/run-1", "--yes", more]).expect_exit(code);
        assert_eq!(wrong(more, &ran), None);
    }
}
