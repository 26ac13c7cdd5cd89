//! A fleet does what it was begun with, and what was planned: files that change meanwhile are refused.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::fleet::{fleet, json};
use crate::support::process::{Bench, told};

/// A fleet of three accounts in two waves, whose job names a file.
fn two_waves() -> Bench {
    let bench = fleet(3, "waves: [{ accounts: 1, approve: true }, { rest: true }]\n");
    let job = std::fs::read_to_string(bench.path("job.yaml")).unwrap();
    bench.write("job.yaml", &job.replace("transform: [", "transform: [{ rename_fields: fields.csv }, "));
    bench.write("fields.csv", "side,from,to\nsource,vendor_no,vendor_number\n");
    bench
}

fn edit(bench: &Bench, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(bench.path(file)).unwrap();
    assert!(text.contains(from), "{text}");
    bench.write(file, &text.replace(from, to));
}

#[test]
fn a_job_or_a_file_of_it_or_a_row_that_changes_after_the_first_wave_is_refused_and_named() {
    let run = ["fleet", "run", "fleet.yaml", "--no-wait"];
    let edits = [
        ("job.yaml", "VAT ", "No. ", "its job is another"),
        ("fields.csv", "vendor_number", "vendor_id", "the file fields.csv, which its job names, was changed"),
        ("accounts.csv", "V2", "V9", "the row of `c2` says another place or has other columns: "),
        (
            "accounts.csv",
            "shop-",
            "store-",
            "`c1` says another place or has other columns, and those of 2 other",
        ),
    ];
    let bench = two_waves();
    bench.expect(130, &run);
    bench.expect(0, &["fleet", "approve", "fleet.yaml"]);
    for (file, from, to, why) in edits {
        edit(&bench, file, from, to);
        for words in [&run[..], &["fleet", "plan", "fleet.yaml"]] {
            let output = bench.expect(2, words);
            let said = told(&output);
            assert!(said.contains(why) && said.contains("give this one another name"), "{said}");
        }
        edit(&bench, file, to, from);
    }
    assert!(!bench.path("store/fleets/describe-all/runs/c2").exists());
    // Where a token is may change.
    edit(&bench, "accounts.csv", "name,emulator,vat", "name,emulator,vat,token_env");
    for number in 1..=3 {
        edit(&bench, "accounts.csv", &format!(",V{number}"), &format!(",V{number},"));
    }
    bench.expect(0, &run);
}

#[test]
fn an_approval_that_is_removed_from_a_wave_or_added_to_one_is_refused_and_named() {
    let run = ["fleet", "run", "fleet.yaml", "--no-wait"];
    let bench = two_waves();
    bench.expect(130, &run);
    for (from, to, why) in [
        (
            ", approve: true }, { rest: true }",
            " }, { rest: true }",
            "`approve: true` was removed from wave 1:",
        ),
        ("{ rest: true }", "{ rest: true, approve: true }", "`approve: true` was added to wave 2:"),
    ] {
        edit(&bench, "fleet.yaml", from, to);
        for words in [&run[..], &["fleet", "plan", "fleet.yaml"]] {
            let said = told(&bench.expect(2, words));
            assert!(said.contains(why) && said.contains("give this one another name"), "{said}");
        }
        edit(&bench, "fleet.yaml", to, from);
    }
    assert!(!bench.path("store/fleets/describe-all/runs/c2").exists());
    // How much is done at once and when it stops may change.
    edit(&bench, "fleet.yaml", "store: store\n", "store: store\nparallel: 1\nstop: { accounts: 2 }\n");
    bench.expect(130, &run);
    bench.expect(0, &["fleet", "approve", "fleet.yaml"]);
    bench.expect(0, &run);
}

#[test]
fn a_worker_that_waits_begins_no_account_with_files_that_changed_meanwhile() {
    let bench = two_waves();
    let mut worker = bench.transship(&["fleet", "run", "fleet.yaml"]);
    let worker = worker.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while !bench.path("store/fleets/describe-all/results/c1.json").exists() {
        assert!(since.elapsed() < Duration::from_mins(1), "the first wave never ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    edit(&bench, "job.yaml", "VAT ", "No. ");
    bench.expect(0, &["fleet", "approve", "describe-all", "--store", "store"]);
    let output = worker.wait_with_output().unwrap();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("its job is another"), "{said}");
    assert!(!bench.path("store/fleets/describe-all/runs/c2").exists());
}

#[test]
fn a_run_that_a_fleet_started_refuses_what_changed_while_it_started() {
    let bench = two_waves();
    let words = ["plan", "job.yaml", "--accounts", "accounts.csv", "--account", "c2"];
    let mut command = bench.transship(&words);
    let output = command.env("TRANSSHIP_FLEET_VERSION", "0".repeat(64)).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("the row of `c2` was changed"), "{}", told(&output));
    bench.expect(0, &words);
}

#[test]
fn plans_of_another_version_are_refused_before_the_fleet_begins() {
    let bench = two_waves();
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    for (file, from, to) in [("job.yaml", "VAT ", "No. "), ("fields.csv", "_number", "_id")] {
        edit(&bench, file, from, to);
        let output = bench.expect(2, &["fleet", "run", "fleet.yaml", "--no-wait"]);
        let said = told(&output);
        assert!(said.contains("what was planned for `c1`, `c2` and `c3` is of another version"), "{said}");
        assert!(!bench.path("store/fleets/describe-all/fleet.json").exists());
    }
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    bench.expect(130, &["fleet", "run", "fleet.yaml", "--no-wait"]);
}

#[test]
fn nothing_is_written_to_an_account_whose_plan_was_refused_or_is_gone_and_one_never_planned_is_named() {
    let bench = fleet(4, "");
    let rows = std::fs::read_to_string(bench.path("accounts.csv")).unwrap();
    bench.write("accounts.csv", "name,emulator,vat,region,token_env\nc1,,V1,us,NO_SUCH\nc2,shop-2,V2,,\n");
    bench.expect(3, &["fleet", "plan", "fleet.yaml"]);
    bench.write("accounts.csv", &rows);
    // The row says another place by now.
    let output = bench.expect(2, &["fleet", "run", "fleet.yaml"]);
    assert!(told(&output).contains("what was planned for `c1` is of another version"), "{}", told(&output));
    json(&bench, 0, &["fleet", "plan", "fleet.yaml", "--shard", "2/2"]);
    std::fs::remove_file(bench.path("store/fleets/describe-all/plans/c3.json")).unwrap();
    let output = bench.expect(3, &["fleet", "run", "fleet.yaml"]);
    let said = told(&output);
    assert!(said.contains("and none of `c4`: each is done without a plan"), "{said}");
    assert!(said.contains("c3.json is gone: nothing was written"), "{said}");
    assert!(!bench.path("store/fleets/describe-all/runs/c3").exists());
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    bench.expect(0, &["fleet", "resume", "fleet.yaml"]);
    bench.expect(0, &["fleet", "run", "fleet.yaml"]);
}

#[test]
fn an_account_that_could_not_be_planned_is_not_written_unseen() {
    let bench = fleet(2, "");
    bench.write(
        "accounts.csv",
        "name,emulator,region,token_env,vat\nc1,shop-1,,,V1\nc2,,us,NO_SUCH_TOKEN,V2\n",
    );
    bench.expect(3, &["fleet", "plan", "fleet.yaml"]);
    let status = told(&bench.expect(0, &["fleet", "status", "fleet.yaml"]));
    for part in ["   planned 2", "not begun", "attention 1", "c2", "no plan: "] {
        assert!(status.contains(part), "{part}: {status}");
    }
    assert!(
        status.contains("Next: transship fleet run fleet.yaml") && !status.contains("approve"),
        "{status}"
    );
    // Its token may be there by now: what it would do was shown to nobody.
    let output = bench.transship(&["fleet", "run", "fleet.yaml"]).env("NO_SUCH_TOKEN", "x").output().unwrap();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("`fleet plan` made no plan of it (")
            && said.contains("plan again: transship fleet plan fleet.yaml"),
        "{said}"
    );
    assert!(!bench.path("store/fleets/describe-all/runs/c2").exists());
}

#[test]
fn a_note_of_a_worker_that_cannot_be_read_keeps_nobody_from_work_and_a_damaged_fleet_is_not_called_planned() {
    let bench = fleet(1, "");
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    let store = "store/fleets/describe-all";
    std::fs::create_dir_all(bench.path(&format!("{store}/workers"))).unwrap();
    for (number, text) in ["{", "", "{\"worker\": \"old\"}", "[1]"].iter().enumerate() {
        bench.write(&format!("{store}/workers/old-{number}.json"), text);
    }
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    let status = json(&bench, 0, &["fleet", "status", "fleet.yaml"]);
    assert_eq!(status["fleet"]["calls_per_second"].to_string(), "0.0");
    let kept = std::fs::read_to_string(bench.path(&format!("{store}/fleet.json"))).unwrap();
    for (text, code, why) in [
        ("{".to_owned(), 1, "fleet.json in "),
        (kept.replacen("\"version\": 1", "\"version\": 2", 1), 2, "newer version of transship"),
    ] {
        bench.write(&format!("{store}/fleet.json"), &text);
        let output = bench.expect(code, &["fleet", "status", "fleet.yaml"]);
        assert!(told(&output).contains(why), "{}", told(&output));
    }
}
