//! plan --references and check --online: every reference of the selection and what it becomes.

use serde_json::{Value, json};

use super::world::{World, id, import, resource, with};

/// Imports that refer in every way there is: by name, by map, to what is missing, to what is there twice.
fn every_way() -> World {
    let us = |kind: &str, name: &str| json!(id("us", kind, name));
    let over = |name: &str, connection: &str| {
        with(import("us", name), "/_connectionId", us("connections", connection))
    };
    let hooked = with(
        over("a", "Shop"),
        "/hooks/preMap",
        json!({ "function": "f", "_scriptId": us("scripts", "Check") }),
    );
    let telling = with(
        over("b", "Shop"),
        "/settings",
        json!({ "note": format!("see {}", id("us", "connections", "Depot")) }),
    );
    let world = World::new(&[hooked, telling, over("c", "Depot"), over("d", "Twin")], &[]);
    world.load("us", "connections", &["Depot", "Twin"].map(|name| resource("us", "connections", name)));
    world.load("us", "scripts", &[resource("us", "scripts", "Check")]);
    let twin = with(resource("eu", "connections", "Twin"), "/_id", json!("5b5b5b5b00000000000000aa"));
    world.load("eu", "connections", &["Depot EU", "Twin"].map(|name| resource("eu", "connections", name)));
    world.load("eu", "connections", &[twin]);
    world.job("migrate", "references: { map: { connections: { Depot: Depot EU } } }");
    world
}

fn references(world: &World) -> Vec<Value> {
    let ran = world.run(&["plan", "job.yaml", "--references", "--format", "json"]);
    assert_eq!(world.writes(), 0);
    let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    document["references"].as_array().unwrap().clone()
}

fn one(references: &[Value], name: &str) -> Value {
    references.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{references:#?}")).clone()
}

#[test]
fn each_is_told_with_its_uses_and_what_it_becomes() {
    let world = every_way();
    let found = references(&world);
    assert_eq!(found.len(), 4, "{found:#?}");
    let shop = one(&found, "Shop");
    assert_eq!(
        (&shop["uses"], &shop["imports"], &shop["resolution"]),
        (&json!(2), &json!(2), &json!("name"))
    );
    assert_eq!(shop["target"], json!({ "id": id("eu", "connections", "Shop"), "name": "Shop" }));
    assert_eq!(shop["id"], id("us", "connections", "Shop"));
    let depot = one(&found, "Depot");
    assert_eq!((&depot["resolution"], &depot["target"]["name"]), (&json!("map"), &json!("Depot EU")));
    assert_eq!(
        (&depot["uses"], &depot["mentions"]),
        (&json!(1), &json!(1)),
        "a note of another import mentions it"
    );
    assert_eq!(depot["by"].as_array().unwrap().len(), 2);
    let check = one(&found, "Check");
    assert_eq!(
        (&check["kind"], &check["resolution"], &check["missing"]),
        (&json!("scripts"), &json!("missing"), &json!("fail"))
    );
    assert!(check["reason"].as_str().unwrap().contains("create a script of that name"), "{check}");
    let twin = one(&found, "Twin");
    assert_eq!((&twin["resolution"], twin["candidates"].as_array().unwrap().len()), (&json!("ambiguous"), 2));
}

#[test]
fn it_is_told_in_words_too() {
    let ran = every_way().run(&["plan", "job.yaml", "--references"]);
    assert_eq!(ran.exit, 3, "{}", ran.err);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("[0-9a-f]{24}", "ID");
    settings.bind(|| insta::assert_snapshot!(ran.out, @r#"
        References of 4 imports from us to eu

        connections
          "Depot" (ID) -> "Depot EU" (ID) by the map
              used 1 time, mentioned 1 time in texts by 2 imports: "b", "c"
          "Shop" (ID) -> "Shop" (ID) by name
              used 2 times by 2 imports: "a", "b"
        ! "Twin" (ID) -> ambiguous: "Twin" (ID) or "Twin" (ID)
              used 1 time by 1 import: "d"
              it has 2 counterparts in the target, ID and ID: choose one in references.map.connections

        scripts
        ! "Check" (ID) -> missing: imports that use it fail
              used 1 time by 1 import: "a"
              it has no counterpart in the target: add it to references.map.scripts, or create a script of that name

        references: 1 by the map, 1 by name, 1 missing, 1 ambiguous
    "#));
}

#[test]
fn check_online_prints_the_summary_of_it() {
    let ran = every_way().run(&["check", "job.yaml", "--online"]);
    assert_eq!(ran.exit, 3, "{}", ran.err);
    assert!(ran.out.contains("references: 1 by the map, 1 by name, 1 missing, 1 ambiguous"), "{}", ran.out);
    assert!(ran.out.contains("scripts \"Check\""), "{}", ran.out);
    assert!(ran.out.contains("\nCannot be done\n  fail "), "reasons, as the plan tells them: {}", ran.out);
    assert!(!ran.out.contains("connections \"Shop\""), "what is resolved is only counted: {}", ran.out);
}

#[test]
fn imports_are_named_up_to_five_and_counted_beyond() {
    let names: Vec<String> = (0..9).map(|number| format!("import {number}")).collect();
    let imports: Vec<Value> = names.iter().map(|name| import("us", name)).collect();
    let world = World::new(&imports, &[]);
    world.job("migrate", "");
    let shop = one(&references(&world), "Shop");
    assert_eq!((&shop["imports"], shop["by"].as_array().unwrap().len()), (&json!(9), 5));
    let told = world.run(&["plan", "job.yaml", "--references"]).out;
    assert!(told.contains("\"import 4\" and 4 more"), "{told}");
}

#[test]
fn in_place_references_stand_as_they_are_and_are_named() {
    let world = World::new(&[import("us", "a")], &[]);
    let text = "select: { names: [a] }";
    world.job("delete", text);
    let job =
        std::fs::read_to_string(world.folder.path().join("job.yaml")).unwrap().replace("target: eu\n", "");
    std::fs::write(world.folder.path().join("job.yaml"), job).unwrap();
    let shop = one(&references(&world), "Shop");
    assert_eq!((&shop["resolution"], &shop["target"]["name"]), (&json!("same_id"), &json!("Shop")));
}

#[test]
fn what_is_missing_is_dealt_with_by_kind() {
    let hook = json!({ "function": "f", "_scriptId": "5a5a5a5a00000000000000ff" });
    let cache = json!({ "_lookupCacheId": "5a5a5a5a00000000000000fe", "name": "x" });
    let world = World::new(
        &[
            with(import("us", "script"), "/hooks/preMap", hook),
            with(import("us", "cache"), "/http/lookups", json!([cache])),
            with(import("us", "connection"), "/_connectionId", json!("5a5a5a5a00000000000000fd")),
        ],
        &[],
    );
    world.job("migrate", "references: { missing: { default: fail, scripts: drop, lookupcaches: skip } }");
    world.carry_out(3);
    let mut outcomes: Vec<_> =
        world.audit("run").iter().map(|row| (row["source_name"].clone(), row["outcome"].clone())).collect();
    outcomes.sort();
    let expected = [("cache", "skipped"), ("connection", "failed"), ("script", "created")];
    assert_eq!(outcomes, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
    let made = world.list("eu", "imports");
    assert!(made[0]["hooks"]["preMap"].get("_scriptId").is_none(), "{made:#?}");
}
