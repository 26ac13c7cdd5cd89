//! Accounts of a fleet that somebody stepped in for: undone, killed, held; and what is told of them.

use serde_json::Value;

use crate::fleet::{fleet, json};
use crate::support::process::told;

const STORE: &str = "store/fleets/describe-all";

/// A fleet of two accounts, of which the second was killed at this point of its run.
#[cfg(debug_assertions)]
fn killed(point: &str) -> crate::support::process::Bench {
    let bench = fleet(2, "waves: [{ accounts: 1 }, { rest: true }]\n");
    // One call at a time: what was answered is on the disk before the next call.
    let job = std::fs::read_to_string(bench.path("job.yaml")).unwrap();
    bench.write("job.yaml", &format!("{job}concurrency: 1\n"));
    let words = ["fleet", "run", "fleet.yaml", "--no-wait", "--shard"];
    bench.expect(130, &[&words[..], &["0/2"]].concat());
    let folder = format!("{STORE}/runs/c2");
    let run =
        ["run", "job.yaml", "--accounts", "accounts.csv", "--account", "c2", "--run-dir", &folder, "--yes"];
    let killed = bench.transship(&run).env("TRANSSHIP_CRASH", point).output().unwrap();
    assert_eq!(killed.status.code(), None, "{}", told(&killed));
    // As after a while: whoever is dead holds nothing.
    std::fs::remove_dir_all(bench.path("store/leases")).unwrap();
    bench
}

#[cfg(debug_assertions)]
#[test]
fn an_account_whose_run_was_undone_in_the_middle_ends_and_is_not_refused_for_ever() {
    let bench = killed("call.after_answer:3");
    let folder = format!("{STORE}/runs/c2");
    bench.expect(0, &["undo", &folder, "--yes"]);
    for _ in 0..2 {
        let document = json(&bench, 3, &["fleet", "run", "fleet.yaml", "--no-wait"]);
        let status = &document["fleet"];
        assert_eq!((&status["state"], &status["done"]), (&"finished".into(), &1.into()), "{status:#}");
        let row = &status["rows"][0];
        assert_eq!((&row["account"], &row["exit_code"]), (&"c2".into(), &3.into()), "{row}");
        assert!(row["message"].as_str().unwrap().contains("was undone by"), "{row}");
        assert!(row["help"].as_str().unwrap().contains("--name"), "{row}");
    }
    // The audit has its rows, and the same job is done under another name.
    let audit = std::fs::read_to_string(bench.path(&format!("{STORE}/audit.csv"))).unwrap();
    assert!(audit.lines().any(|line| line.contains(",c2,")), "{audit}");
    let document = json(&bench, 0, &["fleet", "run", "fleet.yaml", "--name", "again"]);
    assert_eq!(document["fleet"]["done"], 2);
}

#[cfg(debug_assertions)]
#[test]
fn the_report_has_what_the_journal_of_a_killed_run_says() {
    let bench = killed("call.after_answer:6");
    let output = bench.expect(0, &["fleet", "report", "fleet.yaml"]);
    let said = told(&output);
    assert!(said.contains("with what their journals say so far: `c2`"), "{said}");
    let audit = std::fs::read_to_string(bench.path(&format!("{STORE}/audit.csv"))).unwrap();
    let rows: Vec<&str> = audit.lines().filter(|line| line.contains(",c2,")).collect();
    assert!(rows.iter().any(|row| row.contains(",updated,")), "{audit}");
    assert!(rows.iter().any(|row| row.contains(",unprocessed,")), "{audit}");
    let page = std::fs::read_to_string(bench.path(&format!("{STORE}/report.html"))).unwrap();
    assert!(page.contains("not ended") && page.contains("unprocessed"), "{page}");
    // The run folder is as the killed run left it.
    assert!(!bench.path(&format!("{STORE}/runs/c2/audit.csv")).exists());
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
}

#[test]
fn status_says_how_far_the_accounts_are_that_run_and_who_holds_others() {
    let bench = fleet(2, "");
    let emulated = bench.transship(&["fleet", "run", "fleet.yaml"]).output().unwrap();
    assert_eq!(emulated.status.code(), Some(0), "{}", told(&emulated));
    // As a worker leaves it that is at work.
    for number in 1..=2 {
        std::fs::remove_file(bench.path(&format!("{STORE}/results/c{number}.json"))).unwrap();
    }
    let now = jiff::Timestamp::now();
    let beat = serde_json::json!({
        "worker": "build-7-1-0a0a", "at": now, "since": now, "is_over": false, "calls_per_second": 3.0,
        "running": { "c1": { "done": 4, "total": 9, "calls": 13 } },
        "held": { "c2": "another run holds account `one` (alice on build-7)" },
    });
    bench.write(&format!("{STORE}/workers/build-7-1-0a0a.json"), &beat.to_string());
    let status = json(&bench, 0, &["fleet", "status", "fleet.yaml"]);
    let status = &status["fleet"];
    let counts = ["running", "waiting", "held"].map(|key| status[key].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1)], "{status:#}");
    let rows: Vec<&Value> = status["under_way"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&rows[0]["state"], &rows[0]["done"], &rows[0]["total"]),
        (&"running".into(), &4.into(), &9.into())
    );
    assert_eq!(rows[1]["state"], "held");
    let said = told(&bench.expect(0, &["fleet", "status", "fleet.yaml"]));
    assert!(said.contains("4 of 9 imports, 13 calls"), "{said}");
    assert!(said.contains("another run holds account `one` (alice on build-7)"), "{said}");
    assert!(said.contains("waiting 1 (1 held)"), "{said}");
}

#[test]
fn the_row_of_an_account_that_changed_is_refused_with_the_command_that_lets_it() {
    let bench = fleet(2, "");
    bench.write(
        "accounts.csv",
        "name,emulator,region,token_env,vat\nc1,shop-1,,,V1\nc2,,us,NO_SUCH_TOKEN,V2\n",
    );
    json(&bench, 3, &["fleet", "run", "fleet.yaml"]);
    bench.write("accounts.csv", "name,emulator,region,token_env,vat\nc1,shop-1,,,V1\nc2,shop-2,,,V2\n");
    let said = told(&bench.expect(2, &["fleet", "run", "fleet.yaml"]));
    assert!(said.contains("the row of `c2`") && said.contains("transship fleet resume FLEET"), "{said}");
    json(&bench, 0, &["fleet", "resume", "fleet.yaml"]);
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
}

#[test]
fn a_limit_that_stops_a_fleet_is_named_by_status_and_approve_and_a_higher_one_lets_it_go_on() {
    let stop = |number: u32| {
        format!("waves: [{{ accounts: 1 }}, {{ rest: true }}]\nstop: {{ accounts: {number} }}\n")
    };
    let bench = fleet(2, &stop(1));
    bench.write(
        "accounts.csv",
        "name,emulator,region,token_env,vat\nc1,,us,NO_SUCH_TOKEN,V1\nc2,shop-2,,,V2\n",
    );
    let run = ["fleet", "run", "fleet.yaml", "--no-wait"];
    bench.expect(4, &run);
    let expect_status = |parts: [&str; 3]| {
        let said = told(&bench.expect(0, &["fleet", "status", "fleet.yaml"]));
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    };
    let why = "because 1 account ended badly (`stop`): run it again with transship fleet resume describe-all";
    expect_status(["stopped by `stop`", why, "wave 2 (1 account) needs approval"]);
    let said = told(&bench.expect(0, &["fleet", "approve", "fleet.yaml"]));
    assert!(said.contains("it does not begin yet: nothing new begins, ") && said.contains(why), "{said}");
    bench.expect(4, &run);
    expect_status(["stopped by `stop`", why, "or raise `stop` in the fleet file"]);
    let status = json(&bench, 0, &["fleet", "status", "fleet.yaml"]);
    let (state, after) = (&status["fleet"]["state"], &status["fleet"]["stopped_after"]);
    assert_eq!((state, after), (&"stopped".into(), &1.into()));
    // The wave is approved already.
    let file = std::fs::read_to_string(bench.path("fleet.yaml")).unwrap();
    bench.write("fleet.yaml", &file.replace(&stop(1), &stop(2)));
    let document = json(&bench, 3, &run);
    assert_eq!(document["fleet"]["done"], 1, "{document:#}");
}

#[test]
fn an_approval_of_a_fleet_that_is_stopped_or_paused_says_what_else_is_needed() {
    for (asked, word) in [("stop", "the fleet is stopped: "), ("pause", "the fleet is paused: ")] {
        let bench = fleet(2, "waves: [{ accounts: 1, approve: true }, { rest: true }]\n");
        bench.expect(130, &["fleet", "run", "fleet.yaml", "--no-wait"]);
        bench.expect(0, &["fleet", asked, "fleet.yaml"]);
        let said = told(&bench.expect(0, &["fleet", "approve", "fleet.yaml"]));
        assert!(
            said.contains("is approved: 1 account; it does not begin yet: ") && said.contains(word),
            "{said}"
        );
        bench.expect(0, &["fleet", "resume", "fleet.yaml"]);
        bench.expect(0, &["fleet", "run", "fleet.yaml"]);
    }
}
