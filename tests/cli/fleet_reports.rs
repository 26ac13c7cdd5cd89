//! The report of a fleet: everything that was written is in it, or it says what is not.

use crate::fleet::{fleet, json};
use crate::support::process::told;

#[test]
fn the_audit_of_a_fleet_has_what_an_account_wrote_that_has_not_ended_and_names_one_that_has_no_audit() {
    let bench = fleet(2, "");
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    let path = |part: &str| bench.path(&format!("store/fleets/describe-all/{part}"));
    let rows = || std::fs::read_to_string(path("audit.csv")).unwrap().lines().count();
    let all = rows();
    // As an interrupted account leaves it: a run folder, and no result.
    std::fs::remove_file(path("results/c1.json")).unwrap();
    json(&bench, 0, &["fleet", "report", "fleet.yaml"]);
    assert_eq!(rows(), all);
    std::fs::remove_file(path("results/c2.json")).unwrap();
    let output = bench.expect(0, &["fleet", "status", "fleet.yaml"]);
    assert!(told(&output).contains("no account has ended yet"), "{}", told(&output));
    json(&bench, 0, &["fleet", "run", "fleet.yaml"]);
    // As a worker leaves it that is killed before its run had written its report.
    std::fs::remove_file(path("runs/c2/audit.csv")).unwrap();
    for words in [["fleet", "report", "fleet.yaml"], ["fleet", "run", "fleet.yaml"]] {
        let output = bench.expect(1, &words);
        let said = told(&output);
        assert!(said.contains("not whole: the runs of `c2` left none"), "{said}");
        assert!(rows() < all);
    }
    bench.expect(0, &["resume", &path("runs/c2").display().to_string()]);
    json(&bench, 0, &["fleet", "report", "fleet.yaml"]);
    assert_eq!(rows(), all);
}
