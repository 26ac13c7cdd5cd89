//! `--repoint-flows`: what names an import by the id it had before a restore names it by its new one.

use std::collections::BTreeMap;
use std::rc::Rc;

use reqwest::Method;
use serde_json::{Value, json};

use super::{backup, now};
use transship::emulator::Behaviour;

use crate::support::scenario::{Ran, World};

/// An export, which is not what a restore is about.
const EXPORT: &str = "5e0000000000000000000001";

/// What uses the imports, by list and id: `a` and `b` are gone from the recycle bin too, `c` lies in it, `d` is there.
struct Lost {
    world: Rc<World>,
    ids: BTreeMap<&'static str, String>,
    users: Vec<(&'static str, Value)>,
}

impl Lost {
    fn new() -> Self {
        Self::of(|_| {})
    }

    /// A service that takes references that lead nowhere, and lets go what is used: so it was before the restore.
    fn lenient() -> Self {
        Self::of(|service| {
            service.check_references = false;
            service.delete_in_use_conflicts = false;
        })
    }

    fn of(change: impl FnOnce(&mut Behaviour)) -> Self {
        let export = json!({ "_id": EXPORT, "name": "Orders", "adaptorType": "HTTPExport" });
        let world =
            backup(["a", "b", "c", "d"]).resource("source", "exports", export).service(change).start();
        world.run().expect_exit(0);
        let ids: BTreeMap<_, _> = ["a", "b", "c", "d"].map(|name| (name, world.id("source", name))).into();
        ["a", "b", "c"].iter().for_each(|name| world.remove("source", name));
        for name in ["a", "b"] {
            let path = format!("/v1/recycleBinTTL/imports/{}", ids[name]);
            assert_eq!(world.call(Method::DELETE, "source", &path, None).0, 204);
        }
        let step =
            |name: &str| json!({ "type": "import", "_importId": ids[name], "proceedOnFailure": false });
        let branch = |steps: Value| json!({ "name": "", "pageProcessors": steps, "nextRouterId": "" });
        let routers = json!([
            { "id": "r1", "routeRecordsUsing": "input_filters", "branches": [
                branch(json!([step("a"), { "type": "export", "_exportId": EXPORT }])),
                branch(json!([step("b"), step("d")])) ] },
            { "id": "r2", "branches": [branch(json!([step("c")]))] },
        ]);
        let about =
            json!({ "createdAt": "2026-01-01T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z" });
        let user = |list: &'static str, id: &str, keys: Value| {
            let mut document = json!({ "_id": id, "name": format!("{list} {}", &id[22..]), "disabled": true,
                "description": format!("of {} – \"ü\"", ids["a"]), "number": 1.0 });
            document.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
            document.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
            (list, document)
        };
        let users = vec![
            user(
                "flows",
                "5f0000000000000000000001",
                json!({ "pageProcessors": [step("a"), step("d"), step("a")] }),
            ),
            user("flows", "5f0000000000000000000002", json!({ "routers": routers })),
            user("flows", "5f0000000000000000000003", json!({ "pageProcessors": [step("c")] })),
            user("flows", "5f0000000000000000000004", json!({ "pageProcessors": [step("d")] })),
            user(
                "apis",
                "5f0000000000000000000005",
                json!({ "type": "builder", "builder": { "routers": routers } }),
            ),
            user("tools", "5f0000000000000000000006", json!({ "routers": routers })),
        ];
        for (list, document) in &users {
            world.load_list("source", list, std::slice::from_ref(document));
        }
        now(&world, "restore", &[]);
        Self { world, ids, users }
    }

    fn read(&self, list: &str, id: &str) -> Value {
        let (status, document) = self.world.call(Method::GET, "source", &format!("/v1/{list}/{id}"), None);
        assert_eq!(status, 200, "{list} {id}");
        document
    }

    /// Everything that uses imports is as it was but for the ids of steps.
    #[track_caller]
    fn expect_only_new_ids(&self) {
        let new: BTreeMap<&str, String> =
            ["a", "b", "c", "d"].map(|name| (name, self.world.id("source", name))).into();
        assert!(new["a"] != self.ids["a"] && new["b"] != self.ids["b"]);
        assert_eq!((&new["c"], &new["d"]), (&self.ids["c"], &self.ids["d"]), "it came back with its id");
        for (list, was) in &self.users {
            let mut text = was.to_string();
            for name in ["a", "b"] {
                let step = |id: &str| format!("\"_importId\":\"{id}\"");
                text = text.replace(&step(&self.ids[name]), &step(&new[name]));
            }
            self.expect_is(list, &serde_json::from_str(&text).unwrap());
        }
    }

    /// One is as it was, but for the time of its last change.
    #[track_caller]
    fn expect_is(&self, list: &str, wanted: &Value) {
        let without = |document: &Value| {
            let mut document = document.clone();
            document.as_object_mut().unwrap().remove("lastModified");
            document
        };
        let found = self.read(list, wanted["_id"].as_str().unwrap());
        assert_eq!(without(&found), without(wanted), "{}", wanted["name"]);
    }

    #[track_caller]
    fn expect_as_it_was(&self) {
        self.users.iter().for_each(|(list, was)| self.expect_is(list, was));
    }

    fn outcome(ran: &Ran, name: &str) -> String {
        let rows = ran.rows(name);
        assert_eq!(rows.len(), 1, "{name}: {rows:#?}");
        rows[0]["outcome"].clone()
    }
}

#[test]
fn flows_apis_and_tools_are_pointed_to_what_was_made_anew_and_undo_points_them_back() {
    let lost = Lost::lenient();
    let plan = lost.world.command(&["plan", "JOB", "--repoint-flows"]).expect_exit(0);
    let plan = plan.expect_stdout("3 flows").expect_stdout("1 API").expect_stdout("1 tool");
    plan.expect_stdout("/pageProcessors/0/_importId").expect_no_write();
    lost.expect_as_it_was();
    let ran = lost.world.run_with(&["--repoint-flows"]).expect_exit(0);
    lost.expect_only_new_ids();
    for (name, outcome) in [
        ("flows 01", "updated"),
        ("flows 02", "updated"),
        ("flows 03", "unchanged"),
        ("apis 05", "updated"),
        ("tools 06", "updated"),
    ] {
        assert_eq!(Lost::outcome(&ran, name), outcome, "{name}");
    }
    assert!(ran.rows("flows 04").is_empty(), "it names nothing that was lost");
    let row = ran.row("flows 01");
    assert_eq!((row["verdict"].as_str(), row["adaptor_type"].as_str()), ("equal", "flows"));
    assert_eq!(row["changed_paths"], "/pageProcessors/0/_importId; /pageProcessors/2/_importId");
    assert_eq!(ran.row("a")["warnings"].matches("still names the old id").count(), 0);
    assert!(ran.summary().get("old_ids_in_use").is_none(), "{}", ran.summary());
    let folder = ran.folder().display().to_string();
    lost.world.command(&["verify", &folder]).expect_exit(0);
    // A second run finds nothing to do.
    lost.world.run_with(&["--repoint-flows"]).expect_exit(0).expect_no_write();
    lost.world.command(&["undo", &folder, "--yes"]).expect_exit(0);
    lost.expect_as_it_was();
    let left: Vec<Value> = lost.world.imports("source").into_iter().map(|one| one["name"].clone()).collect();
    assert_eq!(left, [json!("d")]);
}

#[test]
fn without_the_option_they_are_named_and_a_later_restore_points_them() {
    let lost = Lost::lenient();
    lost.world.run().expect_exit(0).expect_stderr("--repoint-flows").expect_stderr("flows 01");
    lost.expect_as_it_was();
    let ran =
        lost.world.run_with(&["--repoint-flows"]).expect_exit(0).expect_audit("a", "unchanged", "equal");
    lost.expect_only_new_ids();
    assert_eq!(Lost::outcome(&ran, "flows 02"), "updated");
    let folder = ran.folder().display().to_string();
    lost.world.command(&["undo", &folder, "--yes"]).expect_exit(0);
    lost.expect_as_it_was();
}

#[test]
fn a_flow_that_somebody_changed_since_the_plan_is_left_alone() {
    let lost = Lost::new();
    lost.world.command(&["plan", "JOB", "--repoint-flows", "--out", "plan.json"]).expect_exit(0);
    let (list, mut edited) = lost.users[0].clone();
    edited["description"] = json!("edited");
    edited["lastModified"] = json!("2026-02-02T02:02:02.002Z");
    lost.world.load_list("source", list, &[edited.clone()]);
    let ran = lost.world.run_with(&["--repoint-flows", "--plan", "plan.json"]).expect_exit(3);
    lost.expect_is(list, &edited);
    assert_eq!(Lost::outcome(&ran, "flows 01"), "stale");
    assert_eq!(Lost::outcome(&ran, "flows 02"), "updated");
    assert!(
        lost.read("flows", "5f0000000000000000000002").to_string().contains(&lost.world.id("source", "a"))
    );
    let retried = lost.world.command(&["retry", &ran.folder().display().to_string()]).expect_exit(3);
    retried.expect_stderr("run the job again with --repoint-flows").expect_no_write();
    // What was pointed and changed since is left by undo, and so is what it uses.
    let (_, mut pointed) = (list, lost.read("flows", "5f0000000000000000000002"));
    pointed["description"] = json!("edited too");
    pointed["lastModified"] = json!("2100-02-02T02:02:02.002Z");
    lost.world.load_list("source", "flows", &[pointed.clone()]);
    let folder = ran.folder().display().to_string();
    lost.world.command(&["undo", &folder, "--yes"]).expect_exit(3).expect_stderr("flows 02");
    lost.expect_is("flows", &pointed);
}

#[test]
fn nothing_but_a_restore_points_flows() {
    let lost = Lost::new();
    now(&lost.world, "backup", &[]);
    for command in ["run", "plan"] {
        let ran = lost.world.command(&[command, "JOB", "--repoint-flows"]).expect_exit(2).expect_no_write();
        ran.expect_stderr("--repoint-flows is for a restore");
    }
    now(&lost.world, "restore", &[]);
    lost.world.run_with(&["--repoint-flows", "--dry-run"]).expect_exit(0).expect_no_write();
    lost.expect_as_it_was();
    // The first import that would be written, and what uses it.
    let ran = lost.world.run_with(&["--repoint-flows", "--limit", "1"]).expect_exit(0);
    assert_eq!(Lost::outcome(&ran, "flows 01"), "updated");
    assert!(ran.rows("flows 03").is_empty());
}

#[test]
fn what_cannot_be_restored_keeps_its_id_where_it_is_used() {
    use crate::support::scenario::Fault;
    let lost = Lost::lenient();
    lost.world.fault(
        Fault::on_create(Fault::says(422, json!({ "errors": [{ "code": "invalid", "message": "no" }] })))
            .named("b"),
    );
    let ran =
        lost.world.run_with(&["--repoint-flows"]).expect_exit(3).expect_audit("b", "failed", "not_checked");
    let made = lost.world.id("source", "a");
    let routed = lost.read("flows", "5f0000000000000000000002").to_string();
    assert!(routed.contains(&made) && routed.contains(&lost.ids["b"]), "{routed}");
    assert_eq!(Lost::outcome(&ran, "flows 02"), "updated");
    // Once it can be, the job is run again.
    lost.world.no_faults();
    lost.world.run_with(&["--repoint-flows"]).expect_exit(0).expect_audit("b", "restored", "equal");
    lost.expect_only_new_ids();
}

#[cfg(debug_assertions)]
#[test]
fn a_restore_killed_while_it_points_flows_is_finished_by_resume() {
    for point in [
        "call.after_answer:2",
        "call.after_answer:3",
        "call.before_send:4",
        "call.after_answer:4",
        "call.before_send:5",
        "call.after_answer:5",
        "call.after_answer:6",
        "before.after_sync:1",
        "report.before_files:1",
    ] {
        let lost = Lost::lenient();
        let folder = lost.world.path("runs/killed");
        let words = ["run", "JOB", "--run-dir", "runs/killed", "--yes", "--repoint-flows"];
        let output = lost.world.binary(&words).env("TRANSSHIP_CRASH", point).output().unwrap();
        assert_eq!(output.status.code(), None, "{point}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::remove_dir_all(lost.world.path("archive")).unwrap();
        let ran = lost.world.resume(&folder).expect_exit(0).expect_source(["a", "b", "c", "d"]);
        lost.expect_only_new_ids();
        let shown = folder.display().to_string();
        ran.world.command(&["verify", &shown]).expect_exit(0);
        ran.world.command(&["undo", &shown, "--yes"]).expect_exit(0);
        lost.expect_as_it_was();
    }
}

#[test]
fn an_import_that_an_instance_overrides_is_pointed_too() {
    let lost = Lost::new();
    let overrides = json!({ "imports": [{ "_id": lost.ids["a"], "_abstractId": lost.ids["b"] }] });
    let instance = json!({ "_id": "5f0000000000000000000007", "name": "instance", "disabled": true,
        "_abstractFlowId": "5f0000000000000000000001", "overrides": overrides });
    lost.world.load_list("source", "flows", &[instance]);
    lost.world.run_with(&["--repoint-flows"]).expect_exit(0);
    let found = lost.read("flows", "5f0000000000000000000007")["overrides"]["imports"][0].clone();
    assert_eq!(
        found,
        json!({ "_id": lost.world.id("source", "a"), "_abstractId": lost.world.id("source", "b") })
    );
}

#[test]
fn where_the_service_refuses_the_old_ids_undo_says_so_and_leaves_what_is_used() {
    let lost = Lost::new();
    let ran = lost.world.run_with(&["--repoint-flows"]).expect_exit(0);
    let folder = ran.folder().display().to_string();
    let undone = lost.world.command(&["undo", &folder, "--yes"]).expect_exit(3).expect_stderr("invalid_ref");
    undone.expect_stderr("names imports by ids that they no longer have");
    lost.expect_only_new_ids();
}
