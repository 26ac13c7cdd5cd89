//! A nightly backup into a real server that speaks S3, where `TRANSSHIP_S3_URL` names a place on one; `.ci/s3` starts one.

use super::{backup, now};
use crate::support::scenario::Scenario;

/// The scenario with the bucket's credentials, and a place of its own there.
#[expect(clippy::disallowed_methods, reason = "the test is told by the environment where the server is")]
#[expect(clippy::print_stdout, reason = "a test that had nothing to do says so")]
fn in_bucket(mut scenario: Scenario) -> Option<(Scenario, String)> {
    let Ok(url) = std::env::var("TRANSSHIP_S3_URL") else {
        println!(
            "TRANSSHIP_S3_URL is not set: nothing was asked of a bucket; `.ci/s3` starts a server and sets it"
        );
        return None;
    };
    for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        scenario = scenario.env(&name, &value);
    }
    let place = format!("{url}/{:016x}", fastrand::u64(..));
    Some((scenario.job("archive", &format!("{{ path: \"{place}\" }}")), place))
}

#[test]
fn a_bucket_is_backed_up_to_killed_taken_up_again_pruned_checked_drilled_and_restored_from() {
    let Some((scenario, place)) = in_bucket(backup([]).many(25)) else { return };
    let world = scenario.start();
    if cfg!(debug_assertions) {
        let output = world
            .binary(&["run", "JOB", "--run-dir", "runs/killed"])
            .env("TRANSSHIP_CRASH", "archive.before_finish:1")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), None);
        world.command(&["archive", "list", &place]).expect_stdout("0 snapshots");
        world.resume(&world.path("runs/killed")).expect_exit(0).expect_all(25, "archived", "equal");
    } else {
        world.run().expect_exit(0);
    }
    world.command(&["archive", "list", &place]).expect_exit(0).expect_stdout("1 snapshot");
    world.edit("source", "Import 00003", "/description", serde_json::json!("new"));
    world.run().expect_exit(0).expect_all(25, "archived", "equal");
    world.command(&["archive", "drill", &place]).expect_exit(0).expect_stdout("25 of 25 in snapshot");
    world.command(&["archive", "check", &place]).expect_exit(0);
    for number in 1..=25 {
        world.remove("source", &format!("Import {number:05}"));
    }
    let archive = format!("{{ path: \"{place}\" }}");
    now(&world, "restore", &[("archive", &archive)]);
    world.run().expect_exit(0).expect_all(25, "restored", "equal");
    now(&world, "compare", &[("archive", &archive)]);
    world.run().expect_exit(0).expect_all(25, "unchanged", "equal");
}
