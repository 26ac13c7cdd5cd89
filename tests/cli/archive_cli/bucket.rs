//! The binary against a real server that speaks S3, where `TRANSSHIP_S3_URL` names a place on one; `.ci/s3` starts one.

use std::process::Command;
use std::time::Duration;

use transship::archive::{Archive, ArchiveOptions, Notes};
use transship::model::time::Clock;

use super::store::Said;
use super::support::{account, import, imports};

/// The variables of the environment, and a place of one's own on the server.
#[expect(clippy::disallowed_methods, reason = "the test is told by the environment where the server is")]
#[expect(clippy::print_stdout, reason = "a test that had nothing to do says so")]
fn place() -> Option<(String, Vec<(String, String)>)> {
    let Ok(url) = std::env::var("TRANSSHIP_S3_URL") else {
        println!(
            "TRANSSHIP_S3_URL is not set: nothing was asked of a bucket; `.ci/s3` starts a server and sets it"
        );
        return None;
    };
    Some((format!("{url}/{:016x}", fastrand::u64(..)), std::env::vars().collect()))
}

#[test]
fn every_command_works_on_a_bucket() {
    let Some((url, variables)) = place() else { return };
    let options = ArchiveOptions { create: true, variables, ..ArchiveOptions::new(Clock::system()) };
    // Its worker renews the lease while the test waits for the binary.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let archive = runtime.block_on(Archive::open(&url, options)).unwrap();
    let mut documents = imports(0..40);
    let mut nights = Vec::new();
    for night in 0..3 {
        documents[7] = import(7, night);
        let made = runtime.block_on(async {
            let mut writer = archive.backup(account("eu")).await.unwrap();
            for (facts, text) in &documents {
                writer.add(facts.clone(), text).await.unwrap();
            }
            writer.finish(Notes::default()).await.unwrap()
        });
        nights.push(made.id.to_string());
    }
    let run = |command: &str, rest: &[&str]| {
        let arguments = [&["archive", command, url.as_str()], rest].concat();
        Said::of(&Command::new(env!("CARGO_BIN_EXE_transship")).args(arguments).output().unwrap())
    };
    run("list", &[]).exits(0).says("3 snapshots, 42 blobs").says(&nights[0]);
    run("show", &[]).exits(0).says("40 documents");
    run("show", &["--import", "import 7"]).exits(0).says("mapping[b1]");
    assert_eq!(run("cat", &[&nights[0], "import 7"]).exits(0).out.as_bytes(), import(7, 0).1);
    run("diff", &[&nights[0], &nights[2]]).exits(3).says("1 changed, 39 equal");
    run("check", &[]).exits(0).says("all 42 blobs read");
    run("check", &["--sample", "50%"]).exits(0);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("out");
    run("export", &["--to", folder.to_str().unwrap()]).exits(0).says("40 written");

    // A prune that was refused does not stand in the way of the next.
    run("prune", &["--keep-tag", "no such", "--yes"]).exits(2).complains("every snapshot of eu");
    run("prune", &["--keep-last", "3", "--yes"]).exits(0).says("removed 0 snapshots");

    // Somebody at work in it is seen from another process.
    let writer = runtime.block_on(archive.backup(account("eu"))).unwrap();
    run("prune", &["--keep-last", "1", "--yes"]).exits(7).complains("a backup by process");
    drop(writer);
    run("prune", &["--keep-last", "1", "--dry-run"]).exits(0).says("would remove 2 snapshots");
    // Its lease goes in the background.
    let mut pruned = run("prune", &["--keep-last", "1", "--yes"]);
    for _ in 0..50 {
        if pruned.code != Some(7) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        pruned = run("prune", &["--keep-last", "1", "--yes"]);
    }
    pruned.exits(0).says("removed 2 snapshots");
    run("check", &[]).exits(0).says("1 whole snapshot");
    let elsewhere = format!("{url}/elsewhere");
    let nothing =
        Command::new(env!("CARGO_BIN_EXE_transship")).args(["archive", "list", &elsewhere]).output();
    Said::of(&nothing.unwrap()).exits(2).complains("the first backup makes it");
}
