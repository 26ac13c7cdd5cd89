//! The journal cut after each of its lines, and the run resumed against the account as it stood then.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use crate::support::scenario::{Scenario, World, import};

/// A finished run, and what it began with.
struct Finished {
    world: Rc<World>,
    folder: PathBuf,
    lines: Vec<String>,
    account: &'static str,
    before: Vec<Value>,
    after: Vec<Value>,
}

impl Finished {
    fn of(scenario: Scenario, account: &'static str) -> Self {
        let world = scenario.start();
        let before = world.imports(account);
        let ran = world.run().expect_exit(0);
        let lines: Vec<String> = ran.file("journal.jsonl").lines().map(str::to_owned).collect();
        let after = world.imports(account);
        Self { folder: ran.folder().to_owned(), world, lines, account, before, after }
    }

    /// The imports as they stood when the run had come to the end of `lines` lines: what was applied has had its effect.
    /// The call of the last intent has had it too if `landed`.
    fn standing(&self, lines: usize, landed: bool) -> Vec<Value> {
        let mut standing = self.before.clone();
        let plan: Value =
            serde_json::from_str(&std::fs::read_to_string(self.folder.join("plan.json")).unwrap()).unwrap();
        let item = |number: &Value| {
            plan["items"].as_array().unwrap().iter().find(|item| item["item"] == *number).unwrap().clone()
        };
        let record = |line: &String| serde_json::from_str::<Value>(line).unwrap();
        let target_of = |number: &Value| {
            let mut all = self.lines.iter().map(record);
            all.find(|r| r["item"] == *number && r["step"] == "applied").unwrap()["target"].clone()
        };
        let mut had_effect: Vec<Value> = Vec::new();
        for line in &self.lines[..lines] {
            let record = record(line);
            if record["step"] == "applied" {
                had_effect.push(record["item"].clone());
            }
        }
        if landed {
            had_effect.push(record(&self.lines[lines - 1])["item"].clone());
        }
        for number in had_effect {
            let id = target_of(&number);
            standing.retain(|import| import["_id"] != id);
            if item(&number)["operation"] != "delete" {
                standing.extend(self.after.iter().find(|import| import["_id"] == id).cloned());
            }
        }
        standing
    }

    /// Resumes from each prefix of the journal, against the account as it stood then, and compares the ends.
    fn resume_from_each_line(&self) {
        let copy = self.folder.with_file_name("prefix");
        for lines in 1..=self.lines.len() {
            let last: Value = serde_json::from_str(&self.lines[lines - 1]).unwrap();
            // Only the call of the last intent may or may not have had its effect.
            for landed in if last["step"] == "intended" { &[false, true][..] } else { &[false] } {
                self.world.reset_imports(self.account, &self.standing(lines, *landed));
                copy_run(&self.folder, &copy);
                std::fs::write(copy.join("journal.jsonl"), self.lines[..lines].join("\n") + "\n").unwrap();
                let ran = self.world.resume(&copy).expect_exit(0);
                let what = format!("resumed after line {lines} of {}, landed: {landed}", self.lines.len());
                assert_eq!(contents(&self.world.imports(self.account)), contents(&self.after), "{what}");
                for row in ran.audit() {
                    assert_eq!(row["verdict"], "equal", "{what}: {row:#?}");
                }
                assert_eq!(ran.summary()["state"], "finished", "{what}");
            }
        }
    }
}

fn copy_run(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if !["audit.csv", "summary.json", "report.html"].contains(&file.file_name().to_str().unwrap()) {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// What imports hold, but for what is different on every write.
fn contents(imports: &[Value]) -> Vec<String> {
    let strip = |import: &Value| {
        let mut import = import.clone();
        for field in ["_id", "createdAt", "lastModified", "apiIdentifier"] {
            import.as_object_mut().unwrap().remove(field);
        }
        import.to_string()
    };
    let mut contents: Vec<_> = imports.iter().map(strip).collect();
    contents.sort();
    contents
}

#[test]
fn creates_and_updates_cut_after_any_line_of_the_journal_end_as_undisturbed() {
    let there = import("b").set("/description", "old".into());
    let scenario = Scenario::migrate(["a", "b", "c", "c"])
        .target(&there)
        .job("on_existing", "update")
        .job("concurrency", "1");
    Finished::of(scenario, "target").resume_from_each_line();
}

#[test]
fn deletes_cut_after_any_line_of_the_journal_end_as_undisturbed() {
    let scenario =
        Scenario::delete(["a", "b", "c"]).job("select", "{ names: [a, b] }").job("concurrency", "1");
    Finished::of(scenario, "source").resume_from_each_line();
}

#[test]
fn clones_with_a_put_cut_after_any_line_of_the_journal_end_as_undisturbed() {
    let scenario = Scenario::cloning(["a"])
        .job("transform", r#"[{ name: "copy" }, { set: { /description: d } }]"#)
        .job("concurrency", "1");
    let finished = Finished::of(scenario, "source");
    let copy = finished.folder.with_file_name("prefix");
    // Between the clone call and its PUT the clone stands as the service made it.
    let bare = {
        let mut clone = finished.after.iter().find(|import| import["name"] == "copy").unwrap().clone();
        clone.as_object_mut().unwrap().remove("description");
        clone
    };
    let source = finished.before.clone();
    let whole: Vec<Value> = finished.after.clone();
    let half = [source.clone(), vec![bare]].concat();
    let step = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        format!(
            "{} {}",
            record["step"].as_str().unwrap_or_default(),
            record["call"].as_str().unwrap_or_default()
        )
    };
    for lines in 1..=finished.lines.len() {
        let applied = finished.lines[..lines].iter().filter(|line| step(line) == "applied ").count();
        let last = step(&finished.lines[lines - 1]);
        let standing: Vec<&Vec<Value>> = match (applied, last.as_str()) {
            (0, "intended operation") => vec![&source, &half],
            (0, _) => vec![&source],
            (1, "intended adjust") => vec![&half, &whole],
            (1, _) => vec![&half],
            _ => vec![&whole],
        };
        for standing in standing {
            finished.world.reset_imports("source", standing);
            copy_run(&finished.folder, &copy);
            std::fs::write(copy.join("journal.jsonl"), finished.lines[..lines].join("\n") + "\n").unwrap();
            finished.world.resume(&copy).expect_exit(0).expect_all(1, "cloned", "equal");
            let what = format!("after line {lines} of {}", finished.lines.len());
            assert_eq!(contents(&finished.world.imports("source")), contents(&whole), "{what}");
        }
    }
}
