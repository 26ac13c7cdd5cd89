//! A fleet: one job for each account of a CSV, in waves, over one store.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::{Bench, told};
use crate::support::schema::misfits;

/// A fleet of so many accounts of the embedded emulator, and a job that describes the imports of each.
pub(crate) fn fleet(accounts: usize, more: &str) -> Bench {
    let bench = Bench::new();
    let rows: String = (1..=accounts).map(|number| format!("c{number},shop-{number},V{number}\n")).collect();
    bench.write("accounts.csv", &format!("name,emulator,vat\n{rows}"));
    bench.write(
        "job.yaml",
        "version: 1\nname: describe\naction: update\naccounts:\n  one: { emulator: shop-1 }\nsource: one\n\
         select: { names: [\"HubSpot *\"] }\n\
         transform: [{ set: { /description: \"VAT {{ account.vat }}\" } }]\n",
    );
    bench.write(
        "fleet.yaml",
        &format!(
            "version: 1\nname: describe-all\njob: job.yaml\naccounts: accounts.csv\nstore: store\n{more}"
        ),
    );
    bench
}

/// The one document of a command, which is what its schema says.
#[track_caller]
pub(crate) fn json(bench: &Bench, code: i32, words: &[&str]) -> Value {
    let output = bench.expect(code, &[words, &["--format", "json"]].concat());
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
    let definition = match words[1] {
        known @ ("check" | "plan" | "run" | "status" | "report") => format!("fleet_{known}"),
        _ => "fleet_control".to_owned(),
    };
    let schema =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.schema.json")).unwrap();
    let wrong = misfits(&serde_json::from_str(&schema).unwrap(), &definition, &document);
    assert!(wrong.is_empty(), "{wrong:#?}\n{document:#}");
    document
}

fn audit_rows(bench: &Bench, path: &str) -> usize {
    std::fs::read_to_string(bench.path(path)).unwrap().lines().count() - 1
}

#[test]
fn each_account_is_run_once_reported_with_the_others_and_the_fleet_may_be_started_again() {
    let bench = fleet(3, "parallel: 2\n");
    json(&bench, 0, &["fleet", "check", "fleet.yaml"]);
    let document = json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    let status = &document["fleet"];
    assert_eq!(
        (&status["state"], &status["done"], &status["attention"]),
        (&"finished".into(), &3.into(), &0.into())
    );
    let updated = status["outcomes"]["updated"].as_u64().unwrap();
    assert!(updated > 0, "{status}");
    let store = "store/fleets/describe-all";
    let each: usize =
        (1..=3).map(|number| audit_rows(&bench, &format!("{store}/runs/c{number}/audit.csv"))).sum();
    assert_eq!(audit_rows(&bench, &format!("{store}/audit.csv")), each);
    let page = std::fs::read_to_string(bench.path(&format!("{store}/report.html"))).unwrap();
    assert!(
        page.contains("runs/c2/report.html") && page.contains("every account ended as planned"),
        "{page}"
    );
    let journal = std::fs::read_to_string(bench.path(&format!("{store}/runs/c2/journal.jsonl"))).unwrap();
    assert!(journal.lines().next().unwrap().contains("\"account\":\"c2\""));
    // Nothing that is secret is in the store, and nothing is done twice.
    let kept = std::fs::read_to_string(bench.path(&format!("{store}/fleet.json"))).unwrap();
    assert!(!kept.contains("token"), "{kept}");
    json(&bench, 0, &["fleet", "report", "fleet.yaml"]);
    let again = json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    assert_eq!(again["fleet"]["total_calls"], document["fleet"]["total_calls"]);
    let named = json(&bench, 0, &["fleet", "status", "describe-all", "--store", "store"]);
    assert_eq!(named["fleet"]["done"], 3);
    let output = bench.expect(2, &["fleet", "status", "another", "--store", "store"]);
    assert!(told(&output).contains("it holds describe-all"), "{}", told(&output));
    // Another job under the same name is refused.
    let job = std::fs::read_to_string(bench.path("job.yaml")).unwrap();
    bench.write("job.yaml", &job.replace("VAT ", "No. "));
    let output = bench.expect(2, &["fleet", "run", "fleet.yaml"]);
    assert!(told(&output).contains("its job is another"), "{}", told(&output));
    bench.expect(0, &["fleet", "run", "fleet.yaml", "--name", "another"]);
}

#[test]
fn every_problem_of_the_files_of_a_fleet_is_shown_at_once() {
    let bench = fleet(
        2,
        "waves: [{ accounts: 1, aprove: true }, { rest: true }, { share: 10% }]\nstop: { accounts: 0 }\nparalel: 3\n",
    );
    bench.write(
        "accounts.csv",
        "name,emulator,region,wave\na,x,us,1\na b,x,,\n,w,,\nc,,mars,\nd,y,,9\nD,z,,\n",
    );
    let output = bench.expect(2, &["fleet", "check", "fleet.yaml"]);
    let text = told(&output);
    for part in [
        "unknown key `aprove`",
        "did you mean `approve`?",
        "nothing is left for the waves after `rest`",
        "`accounts` must be",
        "did you mean `parallel`?",
        "which needs nothing else",
        "this is not a name of letters",
        "the row has no name",
        "a region that is not us, eu, au or ca",
        "two rows name the account `D`",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let bench = fleet(1, "waves: [{ accounts: 1 }, { share: 10% }]\n");
    assert!(
        told(&bench.expect(2, &["fleet", "check", "fleet.yaml"]))
            .contains("the last wave leaves accounts out")
    );
    let bench = fleet(1, "waves: [{ accounts: 1 }, { rest: true }]\n");
    bench.write("accounts.csv", "name,emulator,wave\na,x,1\nb,y,9\n");
    let output = bench.expect(2, &["fleet", "check", "fleet.yaml"]);
    assert!(told(&output).contains("the account `b` is of wave 9, and there are 2"), "{}", told(&output));
    let schema = bench.expect(0, &["schema", "fleet"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(schema["properties"]["as"]["default"], "source");
}

#[test]
fn a_fleet_that_its_children_would_refuse_is_refused_by_check() {
    let refused = |accounts: &str, more: &str, part: &str| {
        let bench = fleet(1, more);
        bench.write("accounts.csv", accounts);
        let output = bench.expect(2, &["fleet", "check", "fleet.yaml"]);
        assert!(told(&output).contains(part), "{part}\n{}", told(&output));
        assert!(!told(&output).contains("0123456789abcdef"), "{}", told(&output));
    };
    let token = "0123456789abcdef0123456789abcdef";
    refused(&format!("name,emulator,vat\na,x,{token}\n"), "", "this looks like a token");
    refused("name,emulator,vat,wave\na,x,1,2\n", "", "is of wave 2, and there is 1");
    refused("name,emulator,wave\na,x,2\n", "waves: [{ rest: true }]\n", "is of wave 2, and there is 1");
    refused("name,emulator\na,x\n", "", "the CSV of accounts has no column `vat`");
    let output = Bench::new().expect(2, &["fleet", "check", "missing.yaml"]);
    assert!(told(&output).contains("docs/fleet.md"), "{}", told(&output));
    let folder = Bench::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    let output = folder.expect(2, &["fleet", "check", "folder"]);
    assert!(told(&output).contains("not a fleet file"), "{}", told(&output));
}

#[test]
fn plans_are_kept_for_each_account_and_grouped_by_equal_change() {
    let bench = fleet(3, "");
    let text = std::fs::read_to_string(bench.path("accounts.csv")).unwrap();
    bench.write("accounts.csv", &text.replace(",V2", ",V1"));
    let document = json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    let status = json(&bench, 0, &["fleet", "status", "describe-all", "--store", "store"]);
    assert_eq!((&status["fleet"]["state"], &status["fleet"]["waiting"]), (&"planned".into(), &3.into()));
    let output = bench.expect(2, &["fleet", "stop", "fleet.yaml"]);
    assert!(
        told(&output).contains("was planned and not begun yet: transship fleet run fleet.yaml"),
        "{}",
        told(&output)
    );
    let groups = document["groups"].as_array().unwrap();
    assert_eq!(groups[0]["accounts"], serde_json::json!(["c1", "c2"]), "{document:#}");
    assert_eq!(groups.len(), 2);
    assert!(bench.path("store/fleets/describe-all/plans/c3.json").is_file());
    let output = bench.expect(0, &["fleet", "plan", "fleet.yaml"]);
    assert!(told(&output).contains("2 accounts: "), "{}", told(&output));
    // What was planned is what is done.
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
}

#[test]
fn an_account_that_cannot_be_reached_ends_in_its_row_and_no_later_wave_is_begun_until_that_is_seen_to() {
    let bench = fleet(4, "waves: [{ accounts: 1 }, { rest: true }]\n");
    let text = std::fs::read_to_string(bench.path("accounts.csv")).unwrap();
    let broken = text
        .replace("name,emulator,vat", "name,emulator,vat,region,token_env")
        .replace(",V", ",V,,")
        .replace("V,,", "V");
    let broken: String = broken
        .lines()
        .enumerate()
        .map(|(number, line)| match number {
            0 => format!("{line}\n"),
            1 => "c1,,V1,us,NO_SUCH_TOKEN\n".to_owned(),
            _ => format!("{line},,\n"),
        })
        .collect();
    bench.write("accounts.csv", &broken);
    let document = json(&bench, 3, &["fleet", "run", "fleet.yaml"]);
    let status = &document["fleet"];
    assert_eq!((&status["attention"], &status["not_started"]), (&1.into(), &0.into()), "{status:#}");
    assert_eq!((&status["waiting"], &status["state"]), (&3.into(), &"waiting".into()));
    assert!(!bench.path("store/fleets/describe-all/runs/c2").exists(), "no account of a later wave");
    assert!(status["rows"][0]["message"].as_str().unwrap().contains("NO_SUCH_TOKEN"), "{status:#}");
    // The file is mended, and the account is run again.
    bench.write("accounts.csv", &text);
    json(&bench, 0, &["fleet", "resume", "fleet.yaml"]);
    let document = json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    assert_eq!(document["fleet"]["done"], 4);
}

#[test]
fn a_wave_waits_for_its_approval_and_a_stop_begins_nothing_more() {
    let bench =
        fleet(4, "waves: [{ accounts: 1, approve: true }, { accounts: 1, approve: true }, { rest: true }]\n");
    let run = ["fleet", "run", "fleet.yaml", "--no-wait"];
    let output = bench.expect(130, &run);
    assert!(told(&output).contains("wave 2 (1 account) needs approval"), "{}", told(&output));
    // What is printed works as it is printed; the store is named where no command finds it by itself.
    let said = told(&output);
    let (_, command) = said.split_once("Next: wave 2 (1 account) needs approval: transship ").expect(&said);
    let words: Vec<&str> = command.lines().next().unwrap().split(' ').collect();
    assert_eq!(words[3], "--store", "{said}");
    bench.expect(0, &words);
    let mut status = bench.transship(&["fleet", "status", "fleet.yaml"]);
    let status = status.env("TRANSSHIP_STORE", bench.path("store")).output().unwrap();
    assert!(!told(&status).contains("--store"), "{}", told(&status));
    // A worker that waits goes on when somebody approves.
    let child = bench.transship(&run[..3]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let done = |count: u64| {
        let since = Instant::now();
        while json(&bench, 0, &["fleet", "status", "fleet.yaml"])["fleet"]["done"].as_u64() != Some(count) {
            assert!(since.elapsed() < Duration::from_mins(1), "never came about: {count} done");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    done(2);
    json(&bench, 0, &["fleet", "pause", "fleet.yaml"]);
    bench.expect(0, &["fleet", "approve", "fleet.yaml"]);
    let status = json(&bench, 0, &["fleet", "status", "fleet.yaml"]);
    assert_eq!(status["fleet"]["state"], "paused");
    bench.expect(0, &["fleet", "stop", "fleet.yaml"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    bench.expect(4, &run);
    bench.expect(0, &["fleet", "resume", "fleet.yaml"]);
    bench.expect(0, &run);
    for command in ["approve", "stop", "pause", "resume"] {
        let output = bench.expect(2, &["fleet", command, "fleet.yaml"]);
        assert!(told(&output).contains("is finished"), "{}", told(&output));
    }
}

#[test]
fn why_an_import_cannot_be_changed_is_shown_with_the_plans() {
    let bench = fleet(2, "");
    let job = std::fs::read_to_string(bench.path("job.yaml")).unwrap();
    bench.write("job.yaml", &job.replace("set: { /description:", "set: { /name/deeper:"));
    let output = bench.expect(3, &["fleet", "plan", "fleet.yaml"]);
    assert!(told(&output).contains("failed: set: "), "{}", told(&output));
}

#[test]
fn shards_do_all_of_it_together() {
    let bench = fleet(4, "");
    bench.expect(130, &["fleet", "run", "fleet.yaml", "--shard", "1/2", "--no-wait"]);
    assert_eq!(json(&bench, 0, &["fleet", "status", "fleet.yaml"])["fleet"]["done"], 2);
    bench.expect(0, &["fleet", "run", "fleet.yaml", "--shard", "2/2", "--no-wait"]);
    bench.expect(2, &["fleet", "run", "fleet.yaml", "--shard", "3/2"]);
}

#[test]
fn without_a_terminal_nobody_can_agree_and_without_a_store_there_is_nothing_to_share() {
    let bench = fleet(1, "");
    let output =
        bench.transship(&["fleet", "run", "fleet.yaml"]).env_remove("TRANSSHIP_YES").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let text = std::fs::read_to_string(bench.path("fleet.yaml")).unwrap();
    bench.write("fleet.yaml", &text.replace("store: store\n", ""));
    bench.expect(2, &["fleet", "run", "fleet.yaml"]);
    let mut command = bench.transship(&["fleet", "run", "fleet.yaml"]);
    assert_eq!(command.env("TRANSSHIP_STORE", "shared").status().unwrap().code(), Some(0));
    std::fs::create_dir_all(bench.path(".config/transship")).unwrap();
    bench.write(".config/transship/accounts.yaml", "version: 1\nstore: ../../shared\n");
    bench.expect(0, &["fleet", "status", "describe-all"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_killed_takes_its_runs_with_it_and_the_next_one_finishes_them() {
    let bench = fleet(6, "parallel: 3\n");
    let mut child = bench
        .transship(&["fleet", "run", "fleet.yaml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let since = Instant::now();
    while !bench.path("store/fleets/describe-all/runs/c1/journal.jsonl").exists() {
        assert!(since.elapsed() < Duration::from_mins(1), "no run began");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let document = json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    assert_eq!(document["fleet"]["done"], 6);
    for number in 1..=6 {
        bench.expect(0, &["verify", &format!("store/fleets/describe-all/runs/c{number}")]);
    }
    let left = Command::new("pgrep").args(["-f", &bench.path("store").display().to_string()]).output();
    assert!(left.is_ok_and(|left| left.stdout.is_empty()), "a run outlived its worker");
}

/// A fleet over a real server that speaks S3, where `TRANSSHIP_S3_URL` names a place on one; `.ci/s3` starts one.
#[expect(clippy::disallowed_methods, reason = "the test is told by the environment where the server is")]
#[test]
fn another_machine_goes_on_with_the_accounts_of_a_fleet_in_a_bucket() {
    let Ok(url) = std::env::var("TRANSSHIP_S3_URL") else {
        println!(
            "TRANSSHIP_S3_URL is not set: nothing was asked of a bucket; `.ci/s3` starts a server and sets it"
        );
        return;
    };
    let place = format!("{url}/{:016x}", fastrand::u64(..));
    let bench = fleet(3, "");
    let on = |machine: &str, words: &[&str]| {
        let mut command = bench.transship(words);
        command.env("XDG_STATE_HOME", bench.path(machine));
        command.envs(std::env::vars().filter(|(name, _)| name.starts_with("AWS_")));
        command
    };
    let run = |machine: &str, words: &[&str]| {
        let output = on(machine, words).args(["--store", &place, "--format", "json"]).output().unwrap();
        let document: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
        (output.status.code(), document)
    };
    assert_eq!(run("one", &["fleet", "plan", "fleet.yaml"]).0, Some(0));
    // The first machine is switched off while it does the second account.
    let mut command = on("one", &["fleet", "run", "fleet.yaml", "--parallel", "1", "--store", &place]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    while run("two", &["fleet", "status", "describe-all"]).1["fleet"]["done"].as_u64() < Some(1) {
        assert!(since.elapsed() < Duration::from_mins(1), "no account was done");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, document) = run("two", &["fleet", "run", "fleet.yaml"]);
    assert_eq!((code, &document["fleet"]["done"]), (Some(0), &3.into()), "{document:#}");
    assert_eq!(run("two", &["fleet", "status", "describe-all"]).1["fleet"]["state"], "finished");
    assert_eq!(run("one", &["fleet", "run", "fleet.yaml"]).0, Some(0));
    for number in 1..=3 {
        let folder = format!("{place}/fleets/describe-all/runs/c{number}");
        let output = on("three", &["verify", &folder]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    }
    let audit = run("three", &["fleet", "report", "describe-all"]).1;
    assert!(audit["audit"].as_str().unwrap().starts_with(&place), "{audit:#}");
}

#[test]
fn a_check_names_the_waves_that_wait_and_refuses_a_store_that_cannot_be_one() {
    let waves = [
        ("", vec![4], vec![], "for 4 accounts, in one wave\n"),
        (
            "[{ accounts: 1, approve: true }, { rest: true }]",
            vec![1, 3],
            vec![2],
            "1, 3; wave 2 waits for an approval\n",
        ),
        (
            "[{ accounts: 1, approve: true }, { accounts: 2, approve: true }, { rest: true, approve: true }]",
            vec![1, 2, 1],
            vec![2, 3],
            "1, 2, 1; wave 2 and wave 3 wait for an approval each\n",
        ),
        // It is the next wave that waits.
        (
            "[{ accounts: 1 }, { accounts: 2, approve: true }, { rest: true }]",
            vec![1, 2, 1],
            vec![3],
            "; wave 3 waits for an approval\n",
        ),
    ];
    for (written, sizes, approvals, said) in waves {
        let more = if written.is_empty() { String::new() } else { format!("waves: {written}\n") };
        let bench = fleet(4, &more);
        let checked = json(&bench, 0, &["fleet", "check", "fleet.yaml"]);
        assert_eq!(
            (&checked["waves"], &checked["approvals"]),
            (&sizes.into(), &approvals.into()),
            "{written}"
        );
        let output = bench.expect(0, &["fleet", "check", "fleet.yaml"]);
        assert!(told(&output).contains(said), "{}", told(&output));
    }
    let bench = fleet(1, "");
    let file = std::fs::read_to_string(bench.path("fleet.yaml")).unwrap();
    bench.write("fleet.yaml", &file.replace("store: store", "store: ftp://host/x"));
    let output = bench.expect(2, &["fleet", "check", "fleet.yaml"]);
    assert!(told(&output).contains("`ftp://` is not a supported store"), "{}", told(&output));
    bench.write("fleet.yaml", &file.replace("accounts.csv", "none.csv"));
    let output = bench.expect(2, &["fleet", "check", "fleet.yaml"]);
    assert!(told(&output).contains("a relative path begins at the fleet file's folder"), "{}", told(&output));
}

#[test]
fn the_log_of_a_fleet_has_what_the_runs_of_its_accounts_log() {
    let bench = fleet(2, "");
    let words = ["fleet", "run", "fleet.yaml", "--name"];
    let loud = bench.expect(0, &[&words[..], &["loud", "-v"]].concat());
    for account in ["c1", "c2"] {
        let of_account = |line: &str| line.contains("item finished") && line.contains(account);
        assert!(told(&loud).lines().any(of_account), "{}", told(&loud));
    }
    bench.expect(0, &[&words[..], &["filed", "-vv", "--log-file", "log", "--log-format", "json"]].concat());
    let log = std::fs::read_to_string(bench.path("log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_accounts: Vec<Value> = lines.filter(|line| line["fields"]["account"] == "c2").collect();
    assert!(of_accounts.iter().any(|line| line["level"] == "INFO"), "{log}");
    assert!(of_accounts.iter().any(|line| line["level"] == "DEBUG"), "{log}");
    let quiet = bench.expect(0, &["fleet", "run", "fleet.yaml"]);
    assert!(!told(&quiet).contains("INFO"), "{}", told(&quiet));
}
