//! Imports as files: what an edit in a folder becomes in the target.

mod files;
mod real;
mod runs;

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::scenario::{Import, Scenario, World, import};

/// An apply of `./exported` to the target, which holds imports of these names.
pub fn of<const N: usize>(names: [&str; N]) -> Scenario {
    names.iter().fold(empty(), |scenario, name| scenario.target(&import(name)))
}

fn empty() -> Scenario {
    Scenario::of("apply", []).job("source", "{ folder: exported }").job("target", "target")
}

/// Starts the service, and exports an account into `./exported`.
fn exported_from(scenario: Scenario, account: &str) -> Rc<World> {
    let world = scenario.start();
    let job =
        [("action", "backup"), ("source", account), ("target", account), ("archive", "{ path: archive }")];
    world.write_job("backup.yaml", &job);
    world.command(&["run", "backup.yaml", "--run-dir", "runs/backup"]).expect_exit(0);
    world.command(&["archive", "export", "archive", "--to", "exported"]).expect_exit(0);
    world
}

/// The same, of the target: the files are its own.
pub fn exported(scenario: Scenario) -> Rc<World> {
    exported_from(scenario, "target")
}

/// The file of the import of that name.
pub fn path(world: &World, name: &str) -> PathBuf {
    let mut open = vec![world.path("exported/imports")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}.")) {
                return entry;
            }
        }
    }
    panic!("no file of {name}")
}

fn read(world: &World, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(world, name)).unwrap()).unwrap()
}

/// Changes the file of an import.
pub fn edit(world: &World, name: &str, change: impl FnOnce(&mut Value)) {
    let path = path(world, name);
    let mut document = read(world, name);
    change(&mut document);
    std::fs::write(path, serde_json::to_string_pretty(&document).unwrap()).unwrap();
}

/// Puts a new file beside the others.
fn add(world: &World, file: &str, document: &Value) {
    let folder = world.path("exported/imports/new");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(file), serde_json::to_string_pretty(document).unwrap()).unwrap();
}

/// A new import as somebody writes it, over the connection of an account.
fn written(import: &Import, account: &str) -> Value {
    let mut document = import.in_account(account, 900);
    let members = document.as_object_mut().unwrap();
    for key in ["_id", "createdAt", "lastModified", "apiIdentifier"] {
        members.remove(key);
    }
    document
}

#[test]
fn an_unedited_export_is_all_unchanged_whatever_the_imports_are_like() {
    let masked = import("m").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let owned = import("o").set("/_connectorId", json!("5a00000000000000000000aa"));
    let dangling = import("d").set("/_connectionId", json!("5b5b5b5b00000000000000de"));
    let scenario = of(["a", "b"]).target(&masked).target(&owned).target(&dangling);
    let world =
        exported(scenario.target(&import("twin")).target(&import("twin").set("/description", json!("2"))));
    let ran = world.run().expect_exit(0).expect_all(7, "unchanged", "equal").expect_no_write();
    assert!(!ran.stderr.contains("to enter"), "what is masked on both sides is there: {}", ran.stderr);
    ran.again().expect_exit(0).expect_no_write();
}

#[test]
fn an_edit_is_an_update_and_an_edited_name_is_a_rename() {
    let world = exported(of(["a", "b", "c"]));
    let id = world.id("target", "b");
    edit(&world, "a", |file| file["description"] = json!("edited"));
    edit(&world, "b", |file| file["name"] = json!("b renamed"));
    let ran = world
        .run()
        .expect_exit(0)
        .expect_target(["a", "b renamed", "c"])
        .expect_in_target("a", "/description", "edited")
        .expect_audit("a", "updated", "equal")
        .expect_audit("b renamed", "updated", "equal")
        .expect_audit("c", "unchanged", "equal")
        .expect_cell("b renamed", "changed_paths", "/name")
        .expect_calls("POST", "/v1/imports", 0);
    assert_eq!(world.id("target", "b renamed"), id);
    ran.again().expect_exit(0).expect_all(3, "unchanged", "equal").expect_no_write();
}

#[test]
fn a_new_file_is_created_once_although_it_has_no_id() {
    let world = exported(of(["a"]));
    add(&world, "n.json", &written(&import("n"), "target"));
    let ran = world
        .run()
        .expect_exit(0)
        .expect_target(["a", "n"])
        .expect_audit("n", "created", "equal")
        .expect_cell("n", "source_id", "imports/new/n.json");
    let made = world.import("target", "n");
    assert_ne!(made["_id"], json!("imports/new/n.json"), "the service gives the id");
    ran.again().expect_exit(0).expect_all(2, "unchanged", "equal").expect_no_write();
    // As in a checkout that has no earlier run: what the service filled in is still its own.
    std::fs::remove_dir_all(world.path("runs")).unwrap();
    world.run().expect_exit(0).expect_no_write();
}

#[test]
fn a_file_whose_id_the_target_does_not_have_is_recognised_by_its_name() {
    let scenario = empty().source(&import("a").set("/description", json!("source"))).source(&import("new"));
    let world = exported_from(scenario.target(&import("a")).target(&import("other")), "source");
    world
        .run()
        .expect_exit(0)
        .expect_audit("a", "updated", "equal")
        .expect_audit("new", "created", "equal")
        .expect_in_target("a", "/description", "source")
        .expect_target(["a", "new", "other"]);
    let shop = &world.list("target", "connections")[0]["_id"];
    for name in ["a", "new"] {
        assert_eq!(&world.import("target", name)["_connectionId"], shop, "{name}: found by its name");
    }
}

#[test]
fn what_the_service_manages_makes_no_difference_in_a_file() {
    let world = exported(of(["a"]));
    edit(&world, "a", |file| {
        file["lastModified"] = json!("2020-01-01T00:00:00.000Z");
        file.as_object_mut().unwrap().remove("createdAt");
        file["apiIdentifier"] = json!("elsewhere");
    });
    world.run().expect_exit(0).expect_all(1, "unchanged", "equal").expect_no_write();
}

#[test]
fn a_field_that_is_taken_out_of_a_file_is_taken_out_of_the_import() {
    let described = |name: &str| import(name).set("/description", json!("the same"));
    let world = exported(empty().target(&described("a")).target(&described("b")));
    edit(&world, "a", |file| {
        file.as_object_mut().unwrap().remove("description");
    });
    let ran = world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    ran.expect_audit("b", "unchanged", "equal").expect_in_target("a", "/description", Value::Null);
}

#[test]
fn a_field_that_the_service_began_to_fill_in_since_is_no_edit() {
    let world = exported(of(["a", "b"]));
    for name in ["a", "b"] {
        world.edit("target", name, "/newer", json!("default"));
    }
    world.run().expect_exit(0).expect_no_write();
}

#[test]
fn masked_secrets_are_never_written() {
    let masked =
        |name: &str| import(name).set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let world = exported(empty().target(&masked("m")));
    edit(&world, "m", |file| file["description"] = json!("edited"));
    add(&world, "n.json", &written(&masked("n"), "target"));
    let ran = world
        .run()
        .expect_exit(3)
        .expect_audit("m", "conflict", "not_checked")
        .expect_cell("m", "error_code", "masked_secret")
        .expect_audit("n", "created", "equal");
    assert_eq!(ran.world.import("target", "n").pointer("/http/headers/0/value"), None);
}

#[test]
fn what_on_existing_says_goes_before_the_file() {
    for (on_existing, exit, outcome) in
        [("skip", 0, "skipped"), ("fail", 3, "failed"), ("update", 0, "updated")]
    {
        let world = exported(of(["a"]));
        world.write_job("job.yaml", &[("on_existing", on_existing)]);
        edit(&world, "a", |file| file["description"] = json!("edited"));
        let verdict = if outcome == "updated" { "equal" } else { "not_checked" };
        world.run().expect_exit(exit).expect_audit("a", outcome, verdict);
    }
}

#[test]
fn an_edit_beside_a_reference_that_leads_nowhere_in_the_target_itself_is_no_problem() {
    let dangling = import("d").set("/_connectionId", json!("5b5b5b5b00000000000000de"));
    let world = exported(empty().target(&dangling));
    edit(&world, "d", |file| file["description"] = json!("edited"));
    // Whether the service takes it is the service's to say.
    let planned = world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout("update        1");
    planned.expect_stdout("the import there holds it already");
    edit(&world, "d", |file| file["_connectionId"] = json!("5b5b5b5b00000000000000df"));
    let ran = world.run().expect_exit(3).expect_audit("d", "failed", "not_checked").expect_no_write();
    ran.expect_cell("d", "error_code", "missing_reference");
}

#[test]
fn what_an_integration_app_owns_is_not_edited_unless_the_job_says_so() {
    let owned = import("o").set("/_connectorId", json!("5a00000000000000000000aa"));
    let world = exported(empty().target(&owned));
    edit(&world, "o", |file| file["description"] = json!("edited"));
    world.run().expect_exit(0).expect_audit("o", "skipped", "not_checked").expect_no_write();
    let apply = [("select", "{ integration_apps: true }")];
    world.write_job("job.yaml", &apply);
    world.run().expect_exit(0).expect_audit("o", "updated", "equal");
}

#[test]
fn files_are_transformed_and_selected_like_anything_else() {
    let world = exported(of(["a", "b"]));
    let set = "[{ set: { /description: \"{{ name }} at {{ job.name }}\" } }]";
    world.write_job("job.yaml", &[("select", "{ exclude: { names: [b] } }"), ("transform", set)]);
    world
        .run()
        .expect_exit(0)
        .expect_all(1, "updated", "equal")
        .expect_in_target("a", "/description", "a at scenario")
        .expect_in_target("b", "/description", Value::Null);
}
