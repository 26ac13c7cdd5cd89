//! `archive prune`: the reason for each snapshot, and nothing that was not asked for.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use super::store::{Said, Store, flip, now, three_nights};
use super::support::{everything_listed_is_whole, files, imports};
use crate::redacted;

#[test]
fn each_snapshot_is_told_with_the_reason_and_a_dry_run_touches_nothing() {
    let (store, nights) = three_nights();
    let before = files(&store.path());
    let rules = ["--keep-last", "1", "--keep-weekly", "2", "--keep-tag", "release"];
    let said = store.run("prune", &[&rules[..], &["--dry-run"]].concat()).exits(0);
    redacted!("prune_dry_run", said.out);
    assert_eq!(files(&store.path()), before);
    let (_, told) = store.json("prune", &[&rules[..], &["--dry-run"]].concat());
    assert_eq!(told["dry_run"], true);
    let reasons: Vec<_> =
        told["decisions"].as_array().unwrap().iter().map(|one| one["reasons"].to_string()).collect();
    assert_eq!(
        reasons,
        [
            r#"["weekly 2 of 2"]"#,
            r#"["no rule keeps it"]"#,
            r#"["last 1 of 1","weekly 1 of 2","tag release"]"#
        ]
    );
    store.run("prune", &rules).exits(0).says("removed 1 snapshot");
    let (_, told) = store.json("list", &[]);
    let left: Vec<_> =
        told["snapshots"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(left, [nights[0].as_str(), nights[2].as_str()]);
    store.run("check", &[]).exits(0);
}

#[test]
fn a_prune_that_would_keep_nothing_is_refused() {
    let (store, _) = three_nights();
    let before = files(&store.path());
    store.run("prune", &[]).exits(2).complains("--keep-last");
    store.run("prune", &["--keep-last", "0", "--yes"]).exits(2).complains("--keep-last");
    store.run("prune", &["--keep-tag", "no such"]).exits(2).complains("every snapshot of eu");
    store.run("prune", &["--keep-last", "-1"]).exits(2);
    assert_eq!(files(&store.path()), before);
}

#[test]
fn the_policy_of_a_job_is_taken_from_its_archive() {
    let (store, _) = three_nights();
    let job = |archive: &str| {
        format!(
            "version: 1\nname: same\naction: compare\naccounts:\n  a: {{ emulator: a }}\n  b: {{ emulator: b }}\nsource: a\n\
             target: b\narchive: {archive}\n"
        )
    };
    store.bench.write("job.yaml", &job("{ path: ./archive, keep: { last: 2 } }"));
    store.bench.write("bare.yaml", &job("{ path: ./archive }"));
    let said = store.run("prune", &["--job", "job.yaml", "--dry-run"]).exits(0);
    assert!(said.out.contains("last 2 of 2") && said.out.contains("would remove 1 snapshot"), "{}", said.out);
    store.run("prune", &["--job", "bare.yaml"]).exits(2).complains("`archive.keep`");
    store.run("prune", &["--job", "job.yaml", "--keep-last", "1"]).exits(2).complains("cannot be used with");
    store.run("prune", &["--job", "nowhere.yaml"]).exits(2).complains("nowhere.yaml");
}

#[test]
fn what_cannot_be_read_is_named_and_stays() {
    let (store, nights) = three_nights();
    flip(&store.manifest(&nights[2]));
    let said = store.run("prune", &["--keep-last", "1"]).exits(0);
    let damaged = format!("damaged {}", nights[2]);
    assert!(said.out.contains(&damaged) && said.out.contains("no blob was removed"), "{}", said.out);
    assert!(store.manifest(&nights[2]).exists() && store.manifest(&nights[1]).exists());
    assert!(!store.manifest(&nights[0]).exists());
}

#[test]
fn quiet_prunes_without_a_word() {
    let (store, _) = three_nights();
    let said = store.run("prune", &["--keep-last", "1", "--quiet"]).exits(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    let (_, told) = store.json("list", &[]);
    assert_eq!(told["totals"]["snapshots"], 1);
}

#[test]
fn accounts_are_pruned_each_by_itself() {
    let store = Store::new();
    for _ in 0..3 {
        store.night(&imports(0..2));
        store.night_of("us", &imports(0..2), &[]);
    }
    store.run("prune", &["--keep-last", "1"]).exits(0).says("2 snapshots left");
    let (_, told) = store.json("list", &[]);
    let accounts: Vec<_> =
        told["snapshots"].as_array().unwrap().iter().map(|one| &one["account"]["name"]).collect();
    assert_eq!(accounts, ["eu", "us"]);
}

/// Runs a prune on a terminal of its own and answers its question, after typing something before it is asked; `None` where
/// there is no `script` to make one.
fn on_a_terminal(store: &Store, rest: &str, early: &str, answer: &str) -> Option<Said> {
    // A terminal hands out one line at a time: once `head` has the first, the others wait there before anything is asked.
    let first = if early.is_empty() { "" } else { "head -n 1 >/dev/null; " };
    let line = format!("{first}{} archive prune archive {rest}", env!("CARGO_BIN_EXE_transship"));
    let mut command = Command::new("script");
    command.env_remove("TRANSSHIP_YES");
    command.args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1").current_dir(store.bench.path("."));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    if !early.is_empty() {
        stdin.write_all(format!("go\n{early}").as_bytes()).unwrap();
    }
    let (mut text, mut piece) = (Vec::new(), [0_u8; 4096]);
    let mut waiting = Some(stdin);
    loop {
        let read = stdout.read(&mut piece).unwrap_or(0);
        if read == 0 {
            break;
        }
        text.extend_from_slice(&piece[..read]);
        if String::from_utf8_lossy(&text).contains("[y/N]")
            && let Some(mut stdin) = waiting.take()
        {
            stdin.write_all(answer.as_bytes()).unwrap();
        }
    }
    let status = child.wait().unwrap();
    Some(Said::of(&Output { status, stdout: text, stderr: Vec::new() }))
}

#[test]
fn on_a_terminal_it_shows_what_goes_and_asks() {
    let (store, _) = three_nights();
    let left = || store.json("list", &[]).1["totals"]["snapshots"].as_u64();
    let Some(said) = on_a_terminal(&store, "--keep-last 2", "", "n\n") else { return };
    let said =
        said.exits(130).says("no rule keeps it").says("Remove this for good?").says("nothing was removed");
    assert!(!said.out.contains("removed 1"), "{}", said.out);
    assert_eq!(left(), Some(3));
    // What was typed before the question is no answer to it.
    on_a_terminal(&store, "--keep-last 2", "y\n", "n\n").unwrap().exits(130).says("nothing was removed");
    assert_eq!(left(), Some(3));
    on_a_terminal(&store, "--keep-last 2", "", "y\n").unwrap().exits(0).says("removed 1 snapshot");
    assert_eq!(left(), Some(2));
    let said = on_a_terminal(&store, "--keep-last 1 --yes", "", "").unwrap().exits(0);
    assert!(!said.out.contains('?'), "{}", said.out);
    assert_eq!(left(), Some(1));
}

#[test]
fn documents_that_no_snapshot_needs_any_more_go_once_they_are_a_day_old() {
    let (store, _) = three_nights();
    let young = store.run("prune", &["--keep-last", "1"]).exits(0);
    assert!(
        young.out.contains("0 other files") && young.out.contains("2 blobs that no snapshot names"),
        "{}",
        young.out
    );
    store.age();
    store
        .run("prune", &["--keep-last", "1", "--dry-run"])
        .exits(0)
        .says("would remove 0 snapshots and 2 other files");
    store.run("prune", &["--keep-last", "1"]).exits(0).says("removed 0 snapshots and 2 other files");
    store.run("check", &[]).exits(0).says("all 3 blobs read");
}

/// Begins a prune and kills it when no more than so many files of a sort are left.
fn kill_at(store: &Store, folder: &str, left: usize) {
    let mut command = store.bench.transship(&["archive", "prune", "archive", "--keep-last", "2"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let count = || files(&store.path().join(folder)).len();
    while child.try_wait().unwrap().is_none() && count() > left {
        std::thread::yield_now();
    }
    // It may be done by now.
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_prune_that_was_killed_anywhere_leaves_whole_snapshots_and_is_finished_by_the_next() {
    let mut draws = fastrand::Rng::with_seed(11);
    for _ in 0..4 {
        let store = Store::new();
        for night in 0..12 {
            store.night(&imports(night * 5..night * 5 + 20));
        }
        store.age();
        // A snapshot is two files: its manifest and the hash of that.
        for (folder, left) in [
            ("snapshots", draws.usize(15..24)),
            ("snapshots", draws.usize(4..15)),
            ("blobs", draws.usize(50..75)),
            ("blobs", draws.usize(25..50)),
        ] {
            kill_at(&store, folder, left);
            let listed = now(everything_listed_is_whole(&store.open()));
            assert!((2..=12).contains(&listed), "{listed}");
            store.run("check", &[]).exits(0);
        }
        store.run("prune", &["--keep-last", "2"]).exits(0).says("2 snapshots left");
        store.run("check", &[]).exits(0).says("2 whole snapshots, all 25 blobs read");
    }
}
