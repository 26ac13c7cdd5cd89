//! compare: what both accounts have and whether it is equal, and what only one of them has.

use serde_json::{Value, json};

use super::world::{World, import, with};

/// A world in which every class occurs once.
fn every_class() -> World {
    let both = |name: &str| (import("us", name), import("eu", name));
    let (same_us, same_eu) = both("same");
    let (other_us, other_eu) = both("other");
    let other_eu = with(other_eu, "/http/method/0", json!("PUT"));
    let world =
        World::new(&[same_us, other_us, import("us", "here")], &[same_eu, other_eu, import("eu", "there")]);
    world.job("compare", "");
    world
}

fn of(world: &World, name: &str, column: &str) -> String {
    let audit = world.audit("run");
    let row = audit.iter().find(|row| row["target_name"] == name);
    row.unwrap_or_else(|| panic!("no row for {name}: {audit:#?}"))[column].clone()
}

#[test]
fn each_import_is_equal_or_differs_or_stands_on_one_side_only() {
    let world = every_class();
    world.carry_out(3);
    let classes = |name: &str| ["outcome", "verdict", "error_code"].map(|column| of(&world, name, column));
    assert_eq!(classes("same"), ["unchanged", "equal", ""]);
    assert_eq!(classes("other"), ["skipped", "differs", "differs"]);
    assert_eq!(classes("here"), ["skipped", "not_checked", "only_in_source"]);
    assert_eq!(classes("there"), ["skipped", "not_checked", "only_in_target"]);
    assert_eq!(of(&world, "other", "changed_paths"), "/http/method/0");
    assert_eq!(of(&world, "same", "changed_paths"), "");
    assert_eq!((of(&world, "there", "source_id"), of(&world, "here", "target_id")), Default::default());
    assert_eq!(of(&world, "there", "target_id"), import("eu", "there")["_id"]);
}

#[test]
fn what_only_the_target_has_comes_by_name() {
    let names = ["f", "b", "e", "a", "d", "c"];
    let world = World::new(&[import("us", "a")], &names.map(|name| import("eu", name)));
    world.job("compare", "");
    world.carry_out(3);
    let audit = world.audit("run");
    let order: Vec<_> = audit.iter().map(|row| row["target_name"].as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn nothing_is_sent_and_every_import_is_accounted_for() {
    let world = every_class();
    world.carry_out(3);
    assert_eq!(world.writes(), 0, "{:?}", world.control.calls());
    let summary = world.summary("run");
    for sum in ["selected", "planned", "journaled", "reported"] {
        assert_eq!(summary[sum], 4, "{sum}");
    }
    assert_eq!(summary["unlike"], json!({ "differs": 1, "only_in_source": 1, "only_in_target": 1 }));
    assert_eq!(summary["state"], "finished");
}

#[test]
fn plan_and_run_say_it_in_words() {
    let world = every_class();
    let plan = world.run(&["plan", "job.yaml"]);
    assert_eq!(plan.exit, 3, "{}", plan.err);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("…[0-9a-f]{6}", "…");
    settings.bind(|| {
        insta::assert_snapshot!(plan.out, @r#"
        Comparison  test   4 imports of us and eu; changes lead from eu to us

          equal             1
          different         1
          only in us        1
          only in eu        1

        What changes
                1 import   /http/method  "PUT" → "POST"

        ~ differs   other                                    … → …
              /http/method/0: "PUT" → "POST"
        + only here here                                     …
              only `us` has it, `eu` does not (only_in_source)
        - only there there                                    …
              only `eu` has it, `us` does not (only_in_target)
        "#);
    });
    let ran = world.carry_out(3);
    let headline = "Compared 4 imports of us and eu: 1 equal, 1 differs, 1 only in us, 1 only in eu.";
    assert!(ran.err.contains(headline), "{}", ran.err);
    assert!(ran.err.contains("Nothing was written."), "{}", ran.err);
}

#[test]
fn equal_accounts_exit_with_0() {
    let world = World::new(&[import("us", "a")], &[import("eu", "a")]);
    world.job("compare", "");
    world.carry_out(0);
    assert_eq!(world.run(&["plan", "job.yaml", "--exit-code"]).exit, 0);
    assert_eq!(of(&world, "a", "verdict"), "equal", "the connections have other ids and the same name");
}

#[test]
fn what_the_job_would_have_changed_is_no_difference() {
    let world =
        World::new(&[import("us", "a")], &[with(import("eu", "EU a"), "/description", json!("Moved"))]);
    let steps = "transform:\n  - rename: { find: '^', replace: 'EU ' }\n  - set: { /description: Moved }";
    world.job("compare", steps);
    world.carry_out(0);
}

#[test]
fn one_that_cannot_be_compared_needs_attention_and_its_namesake_is_not_called_alone() {
    let lost = with(import("us", "a"), "/_connectionId", json!("5f7c579b6411271af4e7cefa"));
    let world = World::new(&[lost], &[import("eu", "EU a")]);
    world.job("compare", "transform: [{ rename: { find: '^', replace: 'EU ' } }]");
    world.carry_out(3);
    let audit = world.audit("run");
    assert_eq!(audit.len(), 1, "{audit:#?}");
    assert_eq!(audit[0]["error_code"], "missing_reference");
}

#[test]
fn the_second_of_a_name_is_only_there() {
    let twin =
        with(with(import("eu", "a"), "/_id", json!("5b5b5b5b00000000000000aa")), "/description", json!("x"));
    let world = World::new(&[import("us", "a")], &[import("eu", "a"), twin]);
    world.job("compare", "");
    world.carry_out(3);
    let mut audit: Vec<_> =
        world.audit("run").iter().map(|row| (row["verdict"].clone(), row["target_id"].clone())).collect();
    audit.sort();
    assert_eq!(audit[0].0, "equal");
    assert_eq!(audit[1], ("not_checked".to_owned(), "5b5b5b5b00000000000000aa".to_owned()));
}

#[test]
fn select_holds_on_both_sides_and_what_it_leaves_out_in_the_source_is_not_called_alone() {
    let ftp = with(import("us", "c"), "/adaptorType", json!("FTPImport"));
    let world =
        World::new(&[import("us", "a"), ftp], &[import("eu", "a"), import("eu", "b"), import("eu", "c")]);
    world.load("eu", "imports", &[with(import("eu", "d"), "/adaptorType", json!("FTPImport"))]);
    world.job("compare", "select: { adaptor_types: [HTTPImport] }");
    world.carry_out(3);
    let names: Vec<String> = world.audit("run").iter().map(|row| row["target_name"].clone()).collect();
    assert_eq!(names, ["a", "b"], "`c` is in the source too, `d` is not selected");
}

#[test]
fn with_ids_only_those_are_compared_and_the_plan_says_so() {
    let world = World::new(&[import("us", "a"), import("us", "b")], &[import("eu", "a"), import("eu", "c")]);
    let one = import("us", "a")["_id"].as_str().unwrap().to_owned();
    world.job("compare", &format!("select: {{ ids: [\"{one}\"] }}"));
    let ran = world.carry_out(0);
    assert_eq!(world.audit("run").len(), 1);
    assert!(ran.err.contains("what only `eu` has was not looked for"), "{}", ran.err);
}

#[test]
fn masked_secrets_are_not_compared_but_one_side_without_is_a_difference() {
    let secret = |document: Value| with(document, "/http/auth/token", json!("******"));
    let world = World::new(
        &[secret(import("us", "a")), secret(import("us", "b"))],
        &[secret(import("eu", "a")), import("eu", "b")],
    );
    world.job("compare", "");
    world.carry_out(3);
    assert_eq!(of(&world, "a", "verdict"), "equal");
    assert!(of(&world, "a", "warnings").contains("not compared: /http/auth/token"));
    assert_eq!(of(&world, "b", "verdict"), "differs");
}

#[test]
fn a_comparison_is_not_undone_and_not_redone_in_part() {
    let world = every_class();
    world.carry_out(3);
    let undo = world.run(&["undo", "run", "--yes"]);
    assert!(undo.exit == 0 && undo.err.contains("nothing to undo"), "{} {}", undo.exit, undo.err);
    let retry = world.run(&["retry", "run"]);
    assert!(retry.exit == 2 && retry.err.contains("run its job again"), "{} {}", retry.exit, retry.err);
    assert_eq!(world.run(&["run", "job.yaml", "--plan", "run/plan.json"]).exit, 2);
}
