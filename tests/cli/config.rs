//! `config`, `man --dir`, and the examples of the help.

use serde_json::Value;

use crate::support::scenario::Scenario;

#[test]
fn every_setting_is_shown_with_its_origin() {
    let world = Scenario::migrate(["a"])
        .env("TRANSSHIP_COLOR", "never")
        .env("TRANSSHIP_PROGRESS", "plain")
        .job("verify", "response")
        .start();
    let words = ["config", "JOB", "--format", "json", "--progress", "none"];
    let ran = world.command(&words).expect_exit(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let settings = document["settings"].as_array().unwrap();
    for (setting, value, origin, from) in [
        ("--progress", "none", "flag", "--progress"),
        ("--format", "json", "flag", "--format"),
        ("--color", "never", "environment", "TRANSSHIP_COLOR"),
        ("--runs", "runs", "default", "TRANSSHIP_RUNS"),
        ("run --settle", "0.2", "environment", "TRANSSHIP_SETTLE"),
        ("verify", "response", "job", "job.yaml"),
        ("retry.attempts", "4", "job", "job.yaml"),
        ("retry.timeout", "60s", "default", ""),
        ("source", "source", "job", "job.yaml"),
    ] {
        let found = settings.iter().find(|one| one["setting"] == setting);
        let found = found.unwrap_or_else(|| panic!("no {setting} in {document:#}"));
        let told = (&found["value"], &found["origin"], &found["from"]);
        assert_eq!(told, (&value.into(), &origin.into(), &from.into()), "{setting}");
    }
    let table = world
        .command(&["config"])
        .expect_exit(0)
        .expect_stdout("--log-format")
        .expect_stdout("accounts file");
    assert!(!table.stdout.contains("verify"), "without a job there are no settings of one");
    let secret = world.token("source").to_owned();
    assert!(!table.stdout.contains(&secret) && !ran.stdout.contains(&secret));
    assert_eq!(world.control().total(), 0, "nothing is sent");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let world = Scenario::migrate(["a"]).start();
    world.command(&["man", "--dir", "pages"]).expect_exit(0);
    for page in ["transship.1", "transship-run.1", "transship-archive-list.1", "transship-accounts-add.1"] {
        assert!(world.read(&format!("pages/{page}")).contains(".TH"), "{page}");
    }
    world.command(&["man"]).expect_exit(0).expect_stdout(".TH");
    world.command(&["run", "--help"]).expect_exit(0).expect_stdout("transship run job.yaml --limit 5");
}

#[test]
fn shells_complete_the_ids_of_runs() {
    let world = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    for (shell, part) in [
        ("bash", "_transship_with_runs"),
        ("zsh", ":_transship_runs'"),
        ("fish", "seen_subcommand_from resume"),
    ] {
        let script = world.command(&["completions", shell]).expect_exit(0).expect_stdout(part).stdout;
        std::fs::write(world.path(&format!("complete.{shell}")), script).unwrap();
    }
    // In bash as it is used, where there is one.
    let ask = "source ./complete.bash; COMP_WORDS=(transship undo run); COMP_CWORD=2; _transship_with_runs; echo ${COMPREPLY[@]}";
    let bash = std::process::Command::new("bash").args(["-c", ask]).current_dir(world.path(".")).output();
    if let Ok(output) = bash {
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.split_whitespace().any(|word| word == "run-1"), "{output:?}");
    }
}
