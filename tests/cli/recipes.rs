//! The sample jobs, each run by the real binary on demo accounts of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

struct Bench {
    folder: tempfile::TempDir,
}

/// What a run left behind: its exit code, the outcomes that occurred, and the rows of its audit.
struct Ran {
    code: Option<i32>,
    outcomes: BTreeMap<String, u64>,
    rows: Vec<BTreeMap<String, String>>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn transship(&self, arguments: &[&str]) -> std::process::Output {
        self.command(arguments).output().expect("it runs")
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_transship"));
        command
            .current_dir(self.folder.path())
            .env_remove("TRANSSHIP_RUNS")
            .env("HOME", self.folder.path())
            .env("TRANSSHIP_EMULATOR_DATA", self.folder.path().join("accounts.jsonl"))
            .args(arguments);
        command
    }

    fn run(&self, job: &str) -> Ran {
        let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs").join(job);
        let known = self.runs();
        let output = self.transship(&["run", &job.display().to_string(), "--yes", "--quiet"]);
        let new = self.runs().into_iter().find(|run| !known.contains(run));
        let folder = new.unwrap_or_else(|| panic!("no run: {}", String::from_utf8_lossy(&output.stderr)));
        let summary: Value =
            serde_json::from_slice(&std::fs::read(folder.join("summary.json")).expect("a summary"))
                .expect("JSON");
        let outcomes = summary["outcomes"].as_object().expect("outcomes");
        let outcomes = outcomes.iter().map(|(word, count)| (word.clone(), count.as_u64().expect("a count")));
        let mut audit = csv::Reader::from_path(folder.join("audit.csv")).expect("an audit");
        let rows = audit.deserialize().map(|row| row.expect("a row")).collect();
        Ran { code: output.status.code(), outcomes: outcomes.filter(|(_, count)| *count > 0).collect(), rows }
    }

    fn runs(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.folder.path().join("runs"));
        folder.into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect()
    }
}

impl Ran {
    fn expect(&self, code: i32, outcomes: &[(&str, u64)]) -> &Self {
        let expected: BTreeMap<_, _> =
            outcomes.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
        assert_eq!((self.code, &self.outcomes), (Some(code), &expected));
        self
    }

    /// The places that changed, over all rows of an outcome.
    fn changed(&self, outcome: &str) -> Vec<&str> {
        let rows = self.rows.iter().filter(|row| row["outcome"] == outcome);
        let mut paths: Vec<_> = rows.flat_map(|row| row["changed_paths"].split("; ")).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    fn warnings(&self, words: &str) -> usize {
        self.rows.iter().filter(|row| row["warnings"].contains(words)).count()
    }
}

#[test]
fn every_recipe_has_a_test() {
    let here = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/recipes.rs")).unwrap();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/jobs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let recipe = std::path::Path::new(&name).extension().is_some_and(|extension| extension == "yaml");
        assert!(!recipe || here.contains(&format!("run(\"{name}\")")), "{name}");
    }
}

#[test]
fn migrate_copies_into_the_other_account_and_a_second_run_changes_nothing() {
    let bench = Bench::new();
    let ran = bench.run("migrate.yaml");
    ran.expect(0, &[("created", 160), ("skipped", 13)]);
    assert!(ran.warnings("in the target system: make sure it exists there") > 0);
    assert_eq!(ran.warnings("captured data goes along"), 0, "the job takes it out");
    bench.run("migrate.yaml").expect(0, &[("skipped", 13), ("unchanged", 160)]);
}

#[test]
fn scripts_and_the_like_are_made_where_they_are_missing_and_undo_removes_them_again() {
    let bench = Bench::new();
    let ran = bench.run("migrate-with-scripts.yaml");
    ran.expect(0, &[("created", 77)]);
    let kinds = ["scripts", "filedefinitions", "lookupcaches", "asynchelpers"];
    let made = |kind: &str| ran.rows.iter().filter(|row| row["adaptor_type"] == kind).count();
    assert_eq!(kinds.map(made), [7, 2, 2, 1]);
    assert_eq!(ran.warnings("made without its data"), 2);
    let first = bench.runs().pop().expect("a run");
    bench.run("migrate-with-scripts.yaml").expect(0, &[("unchanged", 65)]);
    let undone = bench.transship(&["undo", &first.display().to_string(), "--yes", "--quiet"]);
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    bench.run("migrate-with-scripts.yaml").expect(0, &[("created", 77)]);
}

#[test]
fn compare_says_what_differs_and_writes_nothing() {
    let bench = Bench::new();
    let compared = bench.run("compare.yaml");
    compared.expect(3, &[("skipped", 174)]);
    assert_eq!(compared.warnings("imports of this run would be called"), 0, "a comparison gives no name");
    bench.run("migrate.yaml").expect(0, &[("created", 160), ("skipped", 13)]);
    bench.run("compare.yaml").expect(3, &[("skipped", 14), ("unchanged", 160)]);
}

#[test]
fn clone_copies_under_other_names_and_names_that_collide_are_said() {
    let bench = Bench::new();
    let ran = bench.run("clone.yaml");
    ran.expect(0, &[("cloned", 110), ("skipped", 4)]);
    assert_eq!(ran.warnings("3 imports of this run would be called \"Weekly sync (copy)\""), 3);
    assert_eq!(ran.warnings("imports of this run would be called"), 5);
}

#[test]
fn manifests_for_a_cluster_name_the_image_of_this_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for name in ["jobs/nightly/cronjob.yaml", "docs/recipes/cronjob.yaml", "docs/recipes/indexed-job.yaml"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        for image in text.split("/transship:").skip(1) {
            let version = image.split_whitespace().next();
            assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn clones_get_another_connection() {
    let ran = Bench::new().run("clone-to-another-connection.yaml");
    ran.expect(0, &[("cloned", 13), ("skipped", 4)]);
    assert_eq!(ran.changed("cloned"), ["/_connectionId", "/name"]);
}

#[test]
fn a_mass_rename_changes_names_and_leaves_alone_what_holds_masked_secrets() {
    let ran = Bench::new().run("rename.yaml");
    ran.expect(3, &[("conflict", 2), ("unchanged", 248), ("updated", 56)]);
    assert_eq!(ran.changed("updated"), ["/name"]);
}

#[test]
fn fields_are_remapped_from_a_csv_and_undo_puts_them_back() {
    let bench = Bench::new();
    let ran = bench.run("remap-fields.yaml");
    ran.expect(0, &[("skipped", 2), ("unchanged", 21), ("updated", 16)]);
    let changed = ran.changed("updated");
    assert!(!changed.contains(&"/name") && changed.contains(&"mapping[email].extract"), "{changed:?}");
    assert!(ran.warnings("scripts are not checked; they may use the renamed fields") > 0);
    let first = bench.runs().pop().expect("a run");
    bench.run("remap-fields.yaml").expect(0, &[("skipped", 2), ("unchanged", 37)]);
    let undone = bench.transship(&["undo", &first.display().to_string(), "--yes", "--quiet"]);
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    bench.run("remap-fields.yaml").expect(0, &[("skipped", 2), ("unchanged", 21), ("updated", 16)]);
}

#[test]
fn a_connection_is_swapped_and_nothing_else() {
    let bench = Bench::new();
    let ran = bench.run("swap-connection.yaml");
    ran.expect(0, &[("updated", 9)]);
    assert_eq!(ran.changed("updated"), ["/_connectionId"]);
}

#[test]
fn captured_data_is_cleaned() {
    let bench = Bench::new();
    let ran = bench.run("clean-captured-data.yaml");
    ran.expect(3, &[("conflict", 1), ("updated", 10)]);
    assert_eq!(ran.changed("updated"), ["/mockResponse", "/sampleData"]);
    bench.run("clean-captured-data.yaml").expect(3, &[("conflict", 1)]);
}

#[test]
fn mappers_are_upgraded_where_nothing_is_lost() {
    let ran = Bench::new().run("upgrade-mapper.yaml");
    ran.expect(0, &[("unchanged", 45), ("updated", 4)]);
    assert_eq!(ran.changed("updated"), ["/mapping", "/mappings"]);
    assert_eq!(ran.warnings("stays on Mapper 1.0"), 45, "each that stays says why");
}

#[test]
fn imports_are_deleted_by_manifest() {
    Bench::new().run("delete-by-manifest.yaml").expect(0, &[("deleted", 3)]);
}

#[test]
fn a_backup_is_restored_after_harm_was_done() {
    let bench = Bench::new();
    bench.run("backup.yaml").expect(0, &[("archived", 306)]);
    bench.run("clean-captured-data.yaml").expect(3, &[("conflict", 1), ("updated", 10)]);
    bench.run("delete-by-manifest.yaml").expect(0, &[("deleted", 3)]);
    let ran = bench.run("restore.yaml");
    ran.expect(0, &[("restored", 3), ("unchanged", 293), ("updated", 10)]);
    assert_eq!(ran.changed("updated"), ["/mockResponse", "/sampleData"]);
}

#[test]
fn the_nightly_job_is_valid_and_every_file_beside_it_starts_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/nightly");
    let job = folder.join("backup.yaml").display().to_string();
    let checked = Bench::new().command(&["check", &job]).env("TRANSSHIP_ARCHIVE", "./archive").output();
    let checked = checked.expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for file in ["transship.service", "crontab", "cronjob.yaml", "github-actions.yml"] {
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        assert!(text.contains("run") && text.contains("backup.yaml"), "{file}");
    }
    for file in ["cronjob.yaml", "github-actions.yml"] {
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        transship::job::yaml_value(file, &text).expect(file);
    }
}
