//! A fleet that restores from one archive: every account gets the same snapshot, whatever is backed up meanwhile.

use crate::fleet::json;
use crate::support::process::{Bench, told};

const STORE: &str = "store/fleets/golden-to-all";

/// A golden account with a backup, and a fleet of three accounts in two waves that restores it to each.
fn golden(role: &str, source: &str) -> Bench {
    let bench = Bench::new();
    bench.write("accounts.csv", "name,emulator\nc1,shop-1\nc2,shop-2\nc3,shop-3\n");
    let accounts = "accounts: { golden: { emulator: golden }, one: { emulator: shop-1 } }\n";
    bench.write(
        "backup.yaml",
        &format!("version: 1\nname: back-up\naction: backup\n{accounts}source: golden\narchive: {{ path: archive }}\n"),
    );
    bench.write(
        "job.yaml",
        &format!(
            "version: 1\nname: restore-golden\naction: restore\n{accounts}{source}\
             select: {{ names: [\"HubSpot *\"] }}\non_existing: update\narchive: {{ path: archive }}\n"
        ),
    );
    bench.write(
        "fleet.yaml",
        &format!(
            "version: 1\nname: golden-to-all\njob: job.yaml\nas: {role}\naccounts: accounts.csv\nstore: store\n\
             waves: [{{ accounts: 1, approve: true }}, {{ rest: true }}]\n"
        ),
    );
    back_up(&bench);
    bench
}

fn back_up(bench: &Bench) {
    bench.expect(0, &["run", "backup.yaml"]);
}

/// The snapshot that the plan of an account was made of.
fn snapshot(bench: &Bench, plan: &str) -> String {
    let text = std::fs::read_to_string(bench.path(&format!("{STORE}/{plan}"))).unwrap();
    let (_, rest) = text.split_once("\"snapshot\":").unwrap_or_else(|| panic!("{plan}: {text}"));
    rest.trim_start().trim_start_matches('"').split('"').next().unwrap().to_owned()
}

#[test]
fn the_latest_snapshot_of_an_archive_is_the_same_for_every_wave() {
    let bench = golden("target", "source: golden\ntarget: one\n");
    let run = ["fleet", "run", "fleet.yaml", "--no-wait"];
    let said = told(&bench.expect(130, &run));
    let first = snapshot(&bench, "runs/c1/plan.json");
    assert!(said.contains(&format!("every account gets snapshot {first} of the archive")), "{said}");
    back_up(&bench);
    bench.expect(0, &["fleet", "approve", "fleet.yaml"]);
    json(&bench, 0, &run);
    for account in ["c2", "c3"] {
        assert_eq!(snapshot(&bench, &format!("runs/{account}/plan.json")), first, "{account}");
    }
    // Another fleet of the same file takes what is the latest now.
    bench.expect(130, &[&run[..], &["--name", "another"]].concat());
    let kept = std::fs::read_to_string(bench.path("store/fleets/another/snapshot.json")).unwrap();
    assert!(!kept.contains(&first), "{kept}");
}

#[test]
fn what_was_planned_of_a_snapshot_is_done_of_it_and_planned_anew_is_of_the_latest() {
    let bench = golden("target", "source: golden\ntarget: one\n");
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    let first = snapshot(&bench, "plans/c3.json");
    back_up(&bench);
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    let second = snapshot(&bench, "plans/c3.json");
    assert_ne!(first, second);
    back_up(&bench);
    bench.expect(130, &["fleet", "run", "fleet.yaml", "--no-wait"]);
    bench.expect(0, &["fleet", "approve", "fleet.yaml"]);
    // Once it has begun, it is planned of the same as well.
    json(&bench, 0, &["fleet", "plan", "fleet.yaml"]);
    json(&bench, 0, &["fleet", "run", "fleet.yaml", "--no-wait"]);
    for plan in ["plans/c3.json", "runs/c1/plan.json", "runs/c3/plan.json"] {
        assert_eq!(snapshot(&bench, plan), second, "{plan}");
    }
}

#[test]
fn an_account_that_gets_backups_of_its_own_gets_the_latest_of_those() {
    let bench = golden("source", "source: one\n");
    // Each has backups under its own name, and there is no one snapshot.
    bench.expect(3, &["fleet", "run", "fleet.yaml", "--no-wait"]);
    assert!(!bench.path(&format!("{STORE}/snapshot.json")).exists());
    let said = told(&bench.expect(0, &["fleet", "status", "fleet.yaml"]));
    assert!(said.contains("holds no backup of account `c1`"), "{said}");
}
