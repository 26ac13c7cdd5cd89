//! One job for each account of a CSV, and many jobs over one archive.

use std::process::Stdio;
use std::rc::Rc;

use serde_json::json;

use crate::support::process::{Bench, told};
use crate::support::scenario::{Fault, Scenario, World, import};

/// Imports in both accounts, and a CSV in which `acme` is the account `target`.
fn listed(scenario: Scenario) -> Rc<World> {
    let world = scenario.target(&import("a")).target(&import("b")).start();
    let rows = format!(
        "name,url,token_env,wave,vat\nacme,{0},TOKEN_TARGET,1,AT-7\nother,{0},TOKEN_SOURCE,,DE-9\n",
        world.url()
    );
    std::fs::write(world.path("accounts.csv"), rows).unwrap();
    world
}

fn described() -> Scenario {
    Scenario::update(["a", "b"])
        .job("transform", "[{ set: { /description: \"VAT {{ account.vat }} of {{ account.name }}\" } }]")
}

const ACME: [&str; 4] = ["--accounts", "accounts.csv", "--account", "acme"];

#[test]
fn an_account_of_a_csv_stands_for_the_one_of_the_job_and_its_columns_are_for_templates() {
    let world = listed(described());
    let ran = world.run_with(&ACME).expect_exit(0).expect_all(2, "updated", "equal");
    let ran = ran.expect_cell("a", "target_account", "acme").expect_cell("a", "source_account", "acme");
    assert!(ran.file("journal.jsonl").lines().next().unwrap().contains("\"account\":\"acme\""));
    assert_eq!(world.import("target", "a")["description"], json!("VAT AT-7 of acme"));
    assert_ne!(world.import("source", "a")["description"], json!("VAT DE-9 of other"));
    // What the run keeps is enough to go on with it, and its folder is of this account.
    let run = ran.folder().display().to_string();
    let words = ["run", "JOB", "--run-dir", &run, "--or-resume", "--accounts", "accounts.csv", "--account"];
    world.command(&[&words[..], &["acme"]].concat()).expect_exit(0).expect_no_write();
    world.command(&[&words[..], &["other"]].concat()).expect_exit(2).expect_stderr("another job or account");
    world.command(&["retry", &run]).expect_exit(0).expect_stderr("nothing in this run needs to be redone");
}

#[test]
fn a_run_that_is_gone_on_with_takes_its_token_from_where_its_row_says_now() {
    let world = listed(described().job("concurrency", "1"));
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::status(401)).named("b"));
    let words = ["run", "JOB", "--run-dir", "same", "--or-resume", "--yes"];
    let words = [&words[..], &ACME].concat();
    world.command(&words).expect_exit(6);
    world.no_faults();
    let rows = world.read("accounts.csv");
    // As after the token was renewed, and is kept elsewhere: nobody has the old one any more.
    let token = world.token("target").to_owned();
    world.set_env("TOKEN_TARGET", "");
    world.set_env("TOKEN_NEW", &token);
    std::fs::write(world.path("accounts.csv"), rows.replace("TOKEN_TARGET", "TOKEN_NEW")).unwrap();
    // A token of another account is refused there, as at any resume.
    world.set_env("TOKEN_NEW", world.token("source"));
    world.command(&words).expect_exit(2).expect_stderr("opens another account").expect_no_write();
    world.set_env("TOKEN_NEW", &token);
    world.command(&words).expect_exit(0).expect_in_target("b", "/description", "VAT AT-7 of acme");
}

#[test]
fn without_an_account_a_template_about_it_fails_each_import_and_says_why() {
    let world = listed(described());
    world.run().expect_exit(3).expect_stderr("`account.name`, `account.vat` is not known for this import");
}

#[test]
fn an_account_can_stand_for_the_target_or_for_an_account_by_its_name() {
    {
        let role = "target";
        let world = listed(Scenario::migrate(["c"]));
        let ran = world.run_with(&[&ACME[..], &["--as", role]].concat());
        ran.expect_exit(0).expect_audit("c", "created", "equal").expect_cell("c", "target_account", "acme");
    }
    let world = listed(Scenario::migrate(["c"]));
    world
        .run_with(&[&ACME[..], &["--as", "nobody"]].concat())
        .expect_exit(2)
        .expect_stderr("neither source nor target");
    world
        .run_with(&["--accounts", "accounts.csv", "--account", "acm"])
        .expect_exit(2)
        .expect_stderr("did you mean `acme`?");
    world.run_with(&["--accounts", "accounts.csv"]).expect_exit(2);
    world
        .command(&["list", "JOB", "--accounts", "accounts.csv", "--account", "acme"])
        .expect_exit(0)
        .expect_stdout("b");
    world.command(&[&["check", "JOB", "--as", "target"], &ACME[..]].concat()).expect_exit(0);
    world
        .command(&[&["plan", "JOB", "--as", "target"], &ACME[..]].concat())
        .expect_exit(0)
        .expect_stdout("create");
}

#[test]
fn the_sources_of_a_job_are_enough_for_every_action() {
    let world = listed(described());
    let text = world.read("job.yaml").replace("source: source\n", "sources: accounts.csv\n");
    let text = text.lines().filter(|line| !line.starts_with("  ") && !line.starts_with("accounts:"));
    std::fs::write(world.path("job.yaml"), text.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    world.run_with(&["--account", "acme"]).expect_exit(0).expect_all(2, "updated", "equal");
    world.run_with(&["--account", "acne"]).expect_exit(2).expect_stderr("did you mean `acme`?");
    world.run().expect_exit(2).expect_stderr("`sources` has no meaning for update");
}

#[test]
fn a_backup_of_a_csv_of_accounts_needs_no_accounts_beside_it() {
    let bench = Bench::new();
    let rows: String = (1..=5).map(|number| format!("c{number},demo-{number},q\n")).collect();
    bench.write("accounts.csv", &format!("name,emulator,queue\n{rows}"));
    let job = "version: 1\nname: night\naction: backup\nsources: accounts.csv\nparallel: 2\narchive: { path: archive }\n";
    bench.write("job.yaml", job);
    let output = bench.expect(0, &["run", "job.yaml", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> =
        document["runs"].as_array().unwrap().iter().map(|run| run["account"].as_str().unwrap()).collect();
    assert_eq!(names, ["c1", "c2", "c3", "c4", "c5"]);
    bench.expect(0, &["run", "job.yaml", "--account", "c3"]);
}

#[test]
fn an_account_that_sources_name_twice_is_backed_up_under_both_names_one_after_the_other() {
    let world = Scenario::update(["a", "b"]).start();
    let rows = format!("name,url,token_env\none,{0},TOKEN_SOURCE\ntwo,{0},TOKEN_SOURCE\n", world.url());
    std::fs::write(world.path("accounts.csv"), rows).unwrap();
    let job = "version: 1\nname: night\naction: backup\nsources: accounts.csv\narchive: { path: archive, keep: { last: 1 } }\n";
    std::fs::write(world.path("job.yaml"), job).unwrap();
    // Both are at work at the same time.
    world.fault(Fault::on("GET", "/v1/imports", Fault::slow_before(300)));
    let ran = world.command(&["run", "JOB"]).expect_exit(0).expect_stderr("2 of 2 accounts backed up");
    let ran = ran.expect_stderr("tried again when the others are over: another run holds account");
    assert!(!ran.stderr.contains("NOT good"), "{}", ran.stderr);
    for name in ["one", "two"] {
        world
            .command(&["archive", "show", "archive", "--account", name])
            .expect_exit(0)
            .expect_stdout("imports");
    }
}

#[test]
fn many_backups_that_prune_one_archive_keep_nobody_out() {
    let bench = Bench::new();
    let rows: String = (1..=4).map(|number| format!("c{number},shop-{number}\n")).collect();
    bench.write("accounts.csv", &format!("name,emulator\n{rows}"));
    let job = "version: 1\nname: night\naction: backup\nsources: accounts.csv\narchive: { path: archive, keep: { last: 1 } }\n";
    bench.write("job.yaml", job);
    bench.expect(0, &["run", "job.yaml", "--account", "c1"]);
    std::thread::scope(|scope| {
        for number in 1..=4 {
            let bench = &bench;
            scope.spawn(move || {
                // One after the other: an account is backed up by one run at a time.
                for _ in 0..2 {
                    let mut command =
                        bench.transship(&["run", "job.yaml", "--account", &format!("c{number}")]);
                    // Each has an emulator of its own, as each account has a service of its own.
                    command.env("TRANSSHIP_EMULATOR_DATA", bench.path(&format!("data-{number}.jsonl")));
                    let output = command.stdin(Stdio::null()).output().unwrap();
                    assert_eq!(output.status.code(), Some(0), "c{number}: {}", told(&output));
                }
            });
        }
    });
    let output = bench.expect(0, &["archive", "list", "archive", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["snapshots"].as_array().unwrap().len(), 4, "{listed}");
    bench.expect(0, &["archive", "check", "archive"]);
}
