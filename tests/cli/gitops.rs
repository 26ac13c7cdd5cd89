//! The recipe for a Git repository with review: its workflow is YAML, and its commands do what they say.

use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::scenario::{Scenario, World, import};

fn recipe(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/gitops").join(file);
    std::fs::read_to_string(path).expect(file)
}

/// The lines of a job of the workflow that call this program.
fn commands(job: &str) -> Vec<String> {
    let workflow = transship::job::yaml_value("github-actions.yml", &recipe("github-actions.yml")).unwrap();
    let steps = workflow["jobs"][job]["steps"].as_array().expect("steps").clone();
    let runs = steps.iter().filter_map(|step| step["run"].as_str());
    let lines = runs.flat_map(str::lines).filter(|line| line.starts_with("transship ")).map(str::to_owned);
    let lines: Vec<String> = lines.collect();
    assert!(!lines.is_empty(), "{job}");
    lines
}

/// The first step of the README: the commands that export an account.
fn export() -> String {
    let text = recipe("README.md");
    let line = text.lines().find(|line| line.starts_with("1. ")).expect("a first step");
    line.split('`').find(|part| part.starts_with("transship ")).expect("its commands").to_owned()
}

#[track_caller]
fn shell(world: &World, line: &str, code: i32) -> String {
    let output = world.shell(line);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = format!("{line}\n{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

/// A repository as the README lays it out, over an account with these imports.
fn repository<const N: usize>(names: [&str; N]) -> Rc<World> {
    let scenario = names.iter().fold(Scenario::of("apply", []), |all, name| all.target(&import(name)));
    let world = scenario.start();
    for file in ["apply.yaml", "backup.yaml"] {
        std::fs::write(world.path(file), recipe(file)).unwrap();
    }
    world.set_env("CELIGO_URL", world.url());
    world.set_env("CELIGO_TOKEN", world.token("target"));
    world.set_env("GITHUB_STEP_SUMMARY", world.path("summary.md").to_str().unwrap());
    shell(&world, &export(), 0);
    world
}

fn file(world: &World, name: &str) -> std::path::PathBuf {
    let folder = world.path("imports/imports/no integration");
    let id = world.id("target", name);
    folder.join(format!("{name}.{id}.json"))
}

#[test]
fn the_plan_is_posted_and_the_merge_applies_it() {
    let world = repository(["a", "b", "c"]);
    let changed = file(&world, "a");
    let mut document: Value = serde_json::from_slice(&std::fs::read(&changed).unwrap()).unwrap();
    document["description"] = json!("reviewed");
    std::fs::write(&changed, document.to_string()).unwrap();
    for line in commands("plan") {
        shell(&world, &line, 0);
    }
    let plan = world.read("plan.md");
    assert!(
        plan.starts_with("### imports: apply ./imports → production\n\nupdate 1, unchanged 2\n\n```text\n"),
        "{plan}"
    );
    assert!(plan.contains("added \"reviewed\"") && plan.ends_with("```\n"), "{plan}");
    assert_eq!(
        world.import("target", "a")["description"],
        Value::Null,
        "nothing is written for a pull request"
    );
    for line in commands("apply") {
        shell(&world, &line, 0);
    }
    assert_eq!(world.import("target", "a")["description"], "reviewed");
    assert!(world.read("summary.md").contains("| updated | 1 |"), "{}", world.read("summary.md"));
}

#[test]
fn a_merge_that_would_delete_too_much_changes_nothing() {
    let world = repository(["a", "b", "c"]);
    std::fs::remove_file(file(&world, "a")).unwrap();
    let told = shell(&world, &commands("apply")[0], 2);
    assert!(told.contains("would delete 1 of the 3 imports"), "{told}");
    assert_eq!(world.imports("target").len(), 3);
}

#[test]
fn a_file_that_cannot_be_read_fails_the_check() {
    let world = repository(["a"]);
    std::fs::write(file(&world, "a"), "<<<<<<< HEAD\n").unwrap();
    let told = shell(&world, &commands("plan")[0], 2);
    assert!(told.contains("this is a merge conflict, not JSON"), "{told}");
}
