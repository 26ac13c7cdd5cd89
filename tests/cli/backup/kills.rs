//! Killed, cut off or told to stop: a snapshot is whole or it is not there, and `resume` ends as if nothing had been.

use serde_json::json;

use super::{Stored, backup, now};
use crate::support::scenario::World;

/// Runs the job with the program dying at a named point; the folder of the run, if it came to have one.
#[cfg(debug_assertions)]
fn dies_at(world: &std::rc::Rc<World>, point: &str) -> Option<std::path::PathBuf> {
    let folder = world.path("runs/killed");
    let output = world
        .binary(&["run", "JOB", "--run-dir", "runs/killed", "--yes"])
        .env("TRANSSHIP_CRASH", point)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), None, "{point}: {}", String::from_utf8_lossy(&output.stderr));
    folder.join("journal.jsonl").is_file().then_some(folder)
}

#[cfg(debug_assertions)]
#[test]
fn a_backup_killed_at_any_named_point_is_finished_by_resume_and_made_once() {
    let points = [
        ("draft.before_keep:1", false),
        ("journal.created:1", false),
        ("journal.torn_write:1", false),
        ("journal.after_sync:1", true),
        ("archive.before_finish:1", true),
        ("archive.after_finish:1", true),
        ("journal.before_write:2", true),
        ("journal.torn_write:2", true),
        ("report.before_files:1", true),
        ("report.between_files:1", true),
    ];
    for (point, begun) in points {
        let world = backup(["a", "b", "c"]).start();
        let folder = dies_at(&world, point);
        let archive = world.path("archive");
        let stored = if archive.exists() { Stored::of(&world).snapshots().len() } else { 0 };
        assert!(stored <= 1, "{point}");
        if let Some(folder) = folder.filter(|_| begun) {
            // Neither the service nor the job is needed any more.
            std::fs::remove_file(world.path("job.yaml")).unwrap();
            let ran = world.resume(&folder).expect_exit(0).expect_all(3, "archived", "equal");
            assert_eq!(Stored::of(&world).snapshots().len(), 1, "{point}: one snapshot, whoever made it");
            assert!(!folder.join("wanted.jsonl").exists(), "{point}: no second copy is kept");
            let folder = folder.display().to_string();
            ran.world.command(&["verify", &folder]).expect_exit(0);
        } else {
            std::fs::remove_dir_all(world.path("runs")).unwrap();
            world.run().expect_exit(0);
            assert_eq!(Stored::of(&world).snapshots().len(), 1, "{point}");
        }
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_restore_killed_at_any_named_point_is_finished_by_resume_without_the_archive() {
    for point in [
        "call.before_send:1",
        "call.after_answer:1",
        "call.before_send:3",
        "call.after_answer:2",
        "call.after_answer:3",
        "journal.after_sync:2",
        "journal.torn_write:3",
        "before.after_sync:1",
    ] {
        let world = backup(["a", "b", "c", "d"]).start();
        world.run().expect_exit(0);
        let before = ["a", "b", "c", "d"].map(|name| world.import("source", name));
        world.edit("source", "a", "/description", json!("harm"));
        world.remove("source", "b");
        world.edit("source", "c", "/description", json!("harm"));
        world.remove("source", "c");
        now(&world, "restore", &[]);
        let folder = dies_at(&world, point).expect("it began");
        std::fs::remove_dir_all(world.path("archive")).unwrap();
        let ran = world.resume(&folder).expect_exit(0).expect_source(["a", "b", "c", "d"]);
        for (name, was) in ["a", "b", "c", "d"].into_iter().zip(before) {
            let is = world.import("source", name);
            assert_eq!((is.get("description"), &is["_id"]), (was.get("description"), &was["_id"]), "{point}");
        }
        ran.expect_audit("d", "unchanged", "equal");
    }
}

#[cfg(debug_assertions)]
#[test]
fn what_was_made_anew_is_not_made_once_more_from_an_older_run_folder() {
    let world = backup(["a"]).start();
    world.run().expect_exit(0);
    let id = world.id("source", "a");
    world.remove("source", "a");
    world.call(reqwest::Method::DELETE, "source", &format!("/v1/recycleBinTTL/imports/{id}"), None);
    now(&world, "restore", &[]);
    // Before the create is announced.
    let folder = dies_at(&world, "journal.before_write:2").expect("it began");
    let older = world.path("runs/older");
    std::fs::create_dir(&older).unwrap();
    let files = std::fs::read_dir(&folder).unwrap().map(Result::unwrap);
    for file in files.filter(|entry| entry.path().is_file()) {
        std::fs::copy(file.path(), older.join(file.file_name())).unwrap();
    }
    world.resume(&folder).expect_exit(0).expect_source(["a"]).expect_audit("a", "restored", "equal");
    std::fs::remove_dir_all(&folder).unwrap();
    let ran = world.resume(&older).expect_exit(0).expect_calls("POST", "/v1/imports", 0).expect_source(["a"]);
    ran.expect_cell("a", "error_message", "appeared since the run was planned, and is equal");
}

#[cfg(debug_assertions)]
#[test]
fn what_somebody_changed_between_the_recycle_bin_and_the_completion_stays_and_is_named() {
    // Killed behind the recycle bin's answer, and behind that of the PUT.
    for (point, edited, completed) in [
        ("call.after_answer:1", true, false),
        ("call.after_answer:2", true, true),
        ("call.after_answer:1", false, false),
    ] {
        let world = backup(["a"]).start();
        world.edit("source", "a", "/mockOutput", json!({ "kept": 1 }));
        world.run().expect_exit(0);
        world.edit("source", "a", "/description", json!("harm"));
        world.remove("source", "a");
        now(&world, "restore", &[]);
        let folder = dies_at(&world, point).expect("it began");
        if !edited {
            let ran = world.resume(&folder).expect_exit(0).expect_audit("a", "restored", "equal");
            assert_eq!(ran.world.import("source", "a").get("description"), None, "{point}");
            continue;
        }
        world.edit("source", "a", "/mockOutput", json!({ "theirs": 1 }));
        let ran = world.resume(&folder).expect_exit(3).expect_no_write();
        let ran = ran.expect_in_source("a", "/mockOutput", json!({ "theirs": 1 }));
        assert_eq!(ran.world.import("source", "a").get("description").is_some(), !completed, "{point}");
        ran.expect_audit("a", "stale", "not_checked").expect_cell(
            "a",
            "error_message",
            "somebody else changed it since",
        );
        let folder = folder.display().to_string();
        let ran = world.command(&["undo", &folder]).expect_exit(3).expect_no_write();
        ran.expect_in_source("a", "/mockOutput", json!({ "theirs": 1 }));
    }
}

#[test]
fn two_backups_of_one_account_into_one_archive_do_not_run_at_once() {
    use crate::support::scenario::Fault;
    let world = backup(["a", "b"]).start();
    world.fault(Fault::on("GET", "/v1/flows", Fault::slow_before(1500)));
    let first = world.spawn_run(&[]);
    let first = first.until("the first is at work", || world.path("archive/archive.json").exists());
    world.run().expect_exit(7).expect_stderr("another run holds account `source`");
    first.finish().expect_exit(0);
    assert_eq!(Stored::of(&world).snapshots().len(), 1);
}

#[test]
fn a_folder_that_may_not_be_written_is_said_and_nothing_counts() {
    let world = backup(["a"]).start();
    std::fs::write(world.path("archive"), "a file, not a folder").unwrap();
    world.run().expect_exit(2).expect_stderr("it is a file: name a folder");
    std::fs::remove_file(world.path("archive")).unwrap();
    std::fs::create_dir(world.path("archive")).unwrap();
    std::fs::write(world.path("archive/notes.txt"), "somebody's").unwrap();
    world.run().expect_exit(2).expect_stderr("it holds notes.txt instead: choose an empty place");
    assert_eq!(world.read("archive/notes.txt"), "somebody's");
}

#[test]
fn a_backup_changes_nothing_so_there_is_nothing_to_undo_or_to_retry() {
    let ran = backup(["a"]).run().expect_exit(0);
    let folder = ran.folder().display().to_string();
    ran.world.command(&["undo", &folder, "--yes"]).expect_exit(0).expect_stderr("there is nothing to undo");
    ran.world.command(&["retry", &folder]).expect_exit(2).expect_stderr("is not redone in part");
}

/// Kills in all; `TRANSSHIP_TORTURE=N` goes on until N.
#[expect(clippy::disallowed_methods, reason = "how long it goes on is told by the environment")]
fn kills_wanted() -> u32 {
    std::env::var("TRANSSHIP_TORTURE").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[test]
fn killed_at_random_moments_every_listed_snapshot_is_whole_and_the_account_ends_as_it_was() {
    let world = backup([]).many(40).job("archive", "{ path: archive, tags: [first] }").start();
    let mut draws = fastrand::Rng::with_seed(7);
    world.run().expect_exit(0);
    let first = Stored::of(&world).snapshots()[0].id.to_string();
    let keep = ("archive", "{ path: archive, keep: { last: 2, tags: [first] } }");
    let of_first = format!("{{ path: archive, snapshot: {first} }}");
    let of_first = ("archive", of_first.as_str());
    let (mut kills, mut round, mut whole) = (0, 0, 0);
    while kills < kills_wanted() {
        round += 1;
        let harmed = format!("Import {:05}", draws.u32(1..=40));
        if draws.bool() {
            world.edit("source", &harmed, "/description", json!(round));
        } else {
            world.remove("source", &harmed);
        }
        // A backup of a harmed account, a prune, a restore of the first snapshot: each killed at any moment.
        for action in ["backup", "prune", "restore"] {
            match action {
                "backup" => now(&world, "backup", &[keep]),
                "restore" => now(&world, "restore", &[of_first]),
                _ => {}
            }
            let place = format!("runs/{round}-{action}");
            let words: &[&str] = match action {
                "prune" => {
                    &["archive", "prune", "archive", "--keep-last", "1", "--keep-tag", "first", "--yes"]
                }
                _ => &["run", "JOB", "--run-dir", &place, "--yes", "--quiet"],
            };
            let mut child = world.binary(words).stderr(std::process::Stdio::null()).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(draws.u64(5..400)));
            let alive = child.try_wait().unwrap().is_none();
            // It may have ended by itself.
            let _ = child.kill();
            child.wait().unwrap();
            kills += u32::from(alive);
            whole += Stored::of(&world).snapshots().len();
            if world.path(&place).join("journal.jsonl").is_file() {
                // One that was cut off before its first record never began.
                let code = world.resume(&world.path(&place)).exit_code();
                assert!(matches!(code, Some(0 | 2)), "{action} of round {round}: {code:?}");
            }
        }
        now(&world, "restore", &[of_first]);
        world.run().expect_exit(0);
        assert_eq!(world.imports("source").len(), 40, "round {round}");
    }
    println!("{kills} kills in {round} rounds; {whole} times a listed snapshot was read whole");
}
