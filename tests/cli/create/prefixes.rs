//! Every prefix of the journal of a run that creates scripts and imports, resumed: the end is the undisturbed one.

use std::path::Path;

use serde_json::Value;

use super::{expect_no_source_ids, hooked, script, sharing};
use crate::support::scenario::World;

/// Empties a list of the target, recycle bin included.
fn empty(world: &World, list: &str) {
    for document in world.list("target", list) {
        let id = document["_id"].as_str().unwrap();
        for path in [format!("/v1/{list}/{id}"), format!("/v1/recycleBinTTL/{list}/{id}")] {
            assert_eq!(world.call(reqwest::Method::DELETE, "target", &path, None).0, 204, "{path}");
        }
    }
}

fn copy(from: &Path, to: &Path, journal: &[&str]) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for file in ["job.yaml", "plan.json", "wanted.jsonl", "known.ids"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    std::fs::write(to.join("journal.jsonl"), journal.join("\n") + "\n").unwrap();
}

#[test]
fn a_run_that_creates_scripts_cut_after_any_line_of_its_journal_ends_as_undisturbed() {
    let world = sharing()
        .resource("source", "scripts", script("Other"))
        .source(&hooked("d", "Other"))
        .job("concurrency", "1")
        .start();
    let ran = world.run().expect_exit(0).expect_all(6, "created", "equal");
    let text = ran.file("journal.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    let after: Vec<(&str, Vec<Value>)> =
        ["imports", "scripts"].map(|list| (list, world.resources("target", list))).into();
    let target_of = |item: &Value| {
        let mut records = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.find(|record| record["item"] == *item && record["step"] == "applied").unwrap()["target"]
            .clone()
    };
    let folder = ran.folder().to_owned();
    for cut in 1..=lines.len() {
        let is_intent = serde_json::from_str::<Value>(lines[cut - 1]).unwrap()["step"] == "intended";
        // Only the call of the last intent may or may not have had its effect.
        for landed in if is_intent { &[false, true][..] } else { &[false] } {
            let mut there: Vec<Value> = Vec::new();
            for (at, line) in lines[..cut].iter().enumerate() {
                let record: Value = serde_json::from_str(line).unwrap();
                let last = at + 1 == cut && *landed;
                if record["step"] == "applied" || last {
                    there.push(target_of(&record["item"]));
                }
            }
            // Imports first, for a script that is used is not removed.
            after.iter().for_each(|(list, _)| empty(&world, list));
            for (list, documents) in &after {
                let standing: Vec<Value> =
                    documents.iter().filter(|document| there.contains(&document["_id"])).cloned().collect();
                world.load_list("target", list, &standing);
            }
            let other = folder.with_file_name("prefix");
            copy(&folder, &other, &lines[..cut]);
            let what = format!("after line {cut} of {}, landed: {landed}", lines.len());
            let resumed = world.resume(&other);
            assert_eq!(resumed.exit, Some(0), "{what}: {}", resumed.stderr);
            let names = |list: &str| {
                let mut names: Vec<_> = world
                    .list("target", list)
                    .iter()
                    .map(|one| one["name"].as_str().unwrap().to_owned())
                    .collect();
                names.sort();
                names
            };
            assert_eq!(names("scripts"), ["Check", "Other"], "{what}");
            assert_eq!(names("imports"), ["a", "b", "c", "d"], "{what}");
            for row in resumed.audit() {
                assert_eq!(
                    (row["outcome"].as_str(), row["verdict"].as_str()),
                    ("created", "equal"),
                    "{what}"
                );
                assert_eq!(row["sent_sha256"], row["target_sha256"], "{what}");
            }
            expect_no_source_ids(&world);
        }
    }
}
