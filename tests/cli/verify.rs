//! `verify` finds whatever was changed in the folder of a run, offline, and says where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::process::{Bench, Server, told};
use serde_json::Value;
use transship::report::evidence::{Evidence, State, verify};
use transship::run_folder::folder::RunFolder;

const UPDATE: &str = "version: 1\nname: small\naction: update\naccounts: { a: { emulator: demo-a } }\nsource: a\n\
    select: { names: [\"FTP - shipments*\"] }\ntransform: [{ set: { /description: changed } }]\n";

/// A finished run of updates: the one kind that has every file.
struct Finished {
    bench: Bench,
    folder: PathBuf,
    files: Vec<(String, Vec<u8>)>,
}

impl Finished {
    fn new() -> Self {
        let bench = Bench::new();
        bench.write("job.yaml", UPDATE);
        bench.expect(0, &["run", "job.yaml", "--run-dir", "runs/one"]);
        let folder = bench.path("runs/one");
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        Self { bench, folder, files }
    }

    /// What `verify` says with one file changed; `None` removes it.
    fn with(&self, file: &str, bytes: Option<&[u8]>) -> Evidence {
        let path = self.folder.join(file);
        match bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let evidence = verify(&RunFolder::at(&self.folder));
        let (_, whole) = self.files.iter().find(|(name, _)| name == file).unwrap();
        std::fs::write(&path, whole).unwrap();
        evidence
    }
}

#[track_caller]
fn assert_names(evidence: &Evidence, file: &str, line: u64, what: &str) {
    assert_eq!(evidence.state, State::Damaged, "{what} in {file}, line {line}");
    let first = evidence.first_damage().unwrap();
    assert_eq!(first.file, file, "{what} in line {line}: {first:?}");
    match (file, first.line) {
        // One hash stands for the whole of these.
        ("job.yaml" | "known.ids" | "plan.json", None) => {}
        // Of a version of the format that there will be one day nothing can be said.
        ("journal.jsonl", None) => assert!(first.message.contains("newer"), "{first:?}"),
        // A record is vouched for by the next one, the last by the summary.
        ("journal.jsonl", Some(named)) => assert!(named.abs_diff(line) <= 1, "{what} in {line}: {first:?}"),
        // A second copy of a line is right where it stands; what follows is not.
        (_, Some(named)) => assert!((line..=line + 1).contains(&named), "{what} in {line}: {first:?}"),
        (_, None) => panic!("{what} in {file}, line {line}: no line is named: {first:?}"),
    }
}

#[test]
fn a_finished_run_is_intact_as_it_stands() {
    let run = Finished::new();
    let names: Vec<&str> = run.files.iter().map(|(name, _)| name.as_str()).collect();
    let every = [
        "audit.csv",
        "before.jsonl",
        "job.yaml",
        "journal.jsonl",
        "plan.json",
        "report.html",
        "summary.json",
        "wanted.jsonl",
    ];
    for name in every {
        assert!(names.contains(&name), "{name} not in {names:?}");
    }
    let evidence = verify(&RunFolder::at(&run.folder));
    assert_eq!(evidence.state, State::Intact, "{evidence:#?}");
    for name in names {
        assert!(evidence.checks.iter().any(|check| check.file == name), "{name} is not checked");
    }
    let said = told(&run.bench.expect(0, &["verify", "one"]));
    assert!(said.contains("is intact"), "{said}");
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_its_place_named() {
    let run = Finished::new();
    let mut draws = fastrand::Rng::with_seed(4);
    for (file, whole) in &run.files {
        // The first and the last bytes of a file are the ones that checks forget.
        let ends = (0..8).chain(whole.len() - 8..whole.len());
        let drawn: Vec<usize> = (0..12).map(|_| draws.usize(..whole.len())).collect();
        for at in ends.chain(drawn) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << draws.u8(..8);
            let line = 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
            assert_names(&run.with(file, Some(&bytes)), file, line, &format!("byte {at}"));
        }
    }
}

#[test]
fn a_line_dropped_doubled_swapped_or_added_is_found_and_named() {
    let run = Finished::new();
    let mut draws = fastrand::Rng::with_seed(5);
    for (file, whole) in &run.files {
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        // The first and the last lines are the ones that checks forget; of the others some are drawn.
        let ends = (0..lines.len()).filter(|at| *at < 2 || *at + 3 > lines.len());
        let mut places: BTreeSet<usize> = ends.collect();
        places.extend((0..4).map(|_| draws.usize(..lines.len())));
        for at in places {
            let line = at as u64 + 1;
            let check = |lines: Vec<&[u8]>, what: &str| {
                assert_names(&run.with(file, Some(&lines.concat())), file, line, what);
            };
            let mut dropped = lines.clone();
            dropped.remove(at);
            check(dropped, "a dropped line");
            let mut doubled = lines.clone();
            doubled.insert(at, lines[at]);
            check(doubled, "a doubled line");
            if at + 1 < lines.len() && lines[at] != lines[at + 1] {
                let mut swapped = lines.clone();
                swapped.swap(at, at + 1);
                check(swapped, "swapped lines");
            }
            let mut added = lines.clone();
            added.insert(at + 1, b"{\"item\":1,\"document\":{}}\n");
            assert_names(&run.with(file, Some(&added.concat())), file, line + 1, "an added line");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let run = Finished::new();
    for (file, _) in &run.files {
        let evidence = run.with(file, None);
        let first = evidence.first_damage().unwrap();
        assert_eq!((first.file, evidence.state), (file.as_str(), State::Damaged));
        assert!(first.message.contains("missing"), "{first:?}");
    }
}

#[test]
fn the_exit_code_and_the_json_say_the_same() {
    let run = Finished::new();
    std::fs::remove_file(run.folder.join("audit.csv")).unwrap();
    let output = run.bench.expect(1, &["verify", "one", "--format", "json"]);
    let evidence: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(evidence["state"], "damaged");
    let damaged: Vec<&Value> =
        evidence["checks"].as_array().unwrap().iter().filter(|check| check["fits"] == false).collect();
    assert_eq!((damaged.len(), &damaged[0]["file"]), (1, &Value::from("audit.csv")));
    std::fs::remove_file(run.folder.join("journal.jsonl")).unwrap();
    let said = told(&run.bench.expect(1, &["verify", "runs/one"]));
    assert!(said.contains("journal.jsonl: is missing"), "{said}");
    run.bench.expect(2, &["verify", "no-such-run"]);
}

#[cfg(debug_assertions)]
#[test]
fn a_run_that_was_killed_is_intact_but_not_finished_until_it_is_resumed() {
    // An update in a folder passes none of the archive and none of a bucket.
    let elsewhere =
        |point: &&&str| ["draft", "archive", "segment"].iter().any(|room| point.starts_with(room));
    for point in transship::model::crash::POINTS.iter().filter(|point| !elsewhere(point)) {
        let bench = Bench::new();
        bench.write("job.yaml", UPDATE);
        let mut run = bench.transship(&["run", "job.yaml", "--run-dir", "runs/one", "--settle", "0"]);
        let killed = run.env("TRANSSHIP_CRASH", format!("{point}:1")).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point} is passed: {}", told(&killed));
        let evidence = verify(&RunFolder::at(bench.path("runs/one")));
        if point.starts_with("report.before") || point.starts_with("report.between") {
            // The run ended; that its reports are missing must not pass for a whole folder.
            assert_eq!(evidence.state, State::Damaged, "{point}");
        } else if *point == "report.after_files" {
            assert_eq!(evidence.state, State::Intact, "{point}");
        } else {
            assert_eq!(evidence.state, State::Unfinished, "{point}: {evidence:#?}");
        }
        let began = std::fs::read(bench.path("runs/one/journal.jsonl")).unwrap().contains(&b'\n');
        if began {
            bench.expect(0, &["resume", "one", "--settle", "0"]);
        } else {
            bench.expect(2, &["resume", "one", "--settle", "0"]);
            bench.expect(0, &["run", "job.yaml", "--run-dir", "runs/two"]);
        }
        let last = bench.runs().pop().unwrap();
        let evidence = verify(&RunFolder::at(&last));
        assert_eq!(evidence.state, State::Intact, "{point}: {evidence:#?}");
    }
}

fn assert_without(secret: &str, text: &[u8], place: &str) {
    let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(!found, "{place} holds the token");
}

fn assert_folder_without(secret: &str, folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_folder_without(secret, &path);
        } else {
            assert_without(secret, &std::fs::read(&path).unwrap(), &path.display().to_string());
            files += 1;
        }
    }
    files
}

#[test]
fn no_file_of_a_run_and_no_output_holds_the_token() {
    let bench = Bench::new();
    // Refusals, cuts and broken answers: texts of errors are where tokens slip out.
    let faults = "faults:\n  - { match: { method: PUT }, every: 3, effect: cut_after }\n  \
        - { match: { method: PUT }, every: 5, effect: bad_json }\n  \
        - { match: { method: PUT }, nth: 2, effect: { status: { code: 422 } } }\n";
    let faults = bench.write("faults.yaml", faults);
    let server = Server::start(&bench, "server.jsonl", &faults);
    let secret = server.token("demo-a").to_owned();
    let account = format!("{{ url: \"{}\", token: {{ env: PLANTED }} }}", server.url);
    bench.write("job.yaml", &UPDATE.replace("{ emulator: demo-a }", &account));
    let commands: [(i32, &[&str]); 11] = [
        (0, &["check", "job.yaml", "--online"]),
        (0, &["plan", "job.yaml", "--out", "runs/plan.json", "--diff", "full"]),
        (0, &["list", "job.yaml", "--format", "json"]),
        (3, &["run", "job.yaml", "--run-dir", "runs/one", "--settle", "0", "-vv"]),
        (3, &["retry", "one", "--settle", "0", "-vv", "--log-format", "json"]),
        (0, &["show", "one"]),
        (0, &["report", "one", "--format", "csv"]),
        (0, &["verify", "one"]),
        (0, &["runs", "--format", "json"]),
        (0, &["undo", "one", "--settle", "0", "-vv"]),
        (3, &["resume", "one", "-vv"]),
    ];
    std::fs::create_dir(bench.path("runs")).unwrap();
    for (_, arguments) in commands {
        let output = bench.transship(arguments).env("PLANTED", &secret).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 10), "{arguments:?} {}", told(&output));
        assert_without(&secret, &output.stdout, &format!("{arguments:?}: stdout"));
        assert_without(&secret, &output.stderr, &format!("{arguments:?}: stderr"));
    }
    // A token the service refuses is a secret all the same: it may be good elsewhere.
    let wrong = "0123456789abcdef0123456789abcdef";
    let refused = bench.transship(&["run", "job.yaml", "-vv"]).env("PLANTED", wrong).output().unwrap();
    assert_eq!(refused.status.code(), Some(6), "{}", told(&refused));
    assert_without(wrong, &refused.stderr, "the refusal");
    let files = assert_folder_without(&secret, &bench.path("runs"));
    assert!(files > 15, "only {files} files were searched");
    assert_folder_without(wrong, &bench.path("runs"));
}
