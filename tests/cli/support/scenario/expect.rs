//! What must have come of a command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::World;

/// A row of the audit, by column.
pub type Row = BTreeMap<String, String>;

/// A command that has ended. Expectations return it, so that they can be strung together.
#[derive(Debug)]
pub struct Ran {
    pub world: Rc<World>,
    pub(super) words: Vec<String>,
    pub(super) folder: Option<PathBuf>,
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The run's folder.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("the command was a run")
    }

    /// The text of a file of the run.
    #[track_caller]
    pub fn file(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder().join(name));
        text.unwrap_or_else(|error| self.fail(&format!("{name}: {error}")))
    }

    /// Runs the job once more.
    pub fn again(self) -> Self {
        self.world.run()
    }

    /// Takes the run up again, with nothing going wrong any more.
    pub fn resumed(self) -> Self {
        self.world.no_faults();
        self.world.resume(self.folder())
    }

    #[track_caller]
    fn fail(&self, why: &str) -> ! {
        panic!(
            "{why}\n--- transship {}\nexit {:?}\n--- stdout\n{}\n--- stderr\n{}\n--- calls\n{:#?}",
            self.words.join(" "),
            self.exit,
            self.stdout,
            self.stderr,
            self.world.control().calls()
        )
    }

    #[track_caller]
    pub fn expect(self, what: &str, holds: bool) -> Self {
        if !holds {
            self.fail(what);
        }
        self
    }

    /// What it exited with; `None` if it was killed.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit
    }

    #[track_caller]
    pub fn expect_exit(self, code: i32) -> Self {
        let holds = self.exit == Some(code);
        self.expect(&format!("expected exit {code}"), holds)
    }

    /// Killed by a signal.
    #[track_caller]
    pub fn expect_killed(self) -> Self {
        let holds = self.exit.is_none();
        self.expect("expected death by a signal", holds)
    }

    #[track_caller]
    pub fn expect_stderr(self, part: &str) -> Self {
        let holds = self.stderr.contains(part);
        self.expect(&format!("expected on stderr: {part}"), holds)
    }

    #[track_caller]
    pub fn expect_stdout(self, part: &str) -> Self {
        let holds = self.stdout.contains(part);
        self.expect(&format!("expected on stdout: {part}"), holds)
    }

    /// The names of the target's imports, in any order.
    #[track_caller]
    pub fn expect_target<const N: usize>(self, names: [&str; N]) -> Self {
        self.expect_names("target", names)
    }

    /// The names of the source's imports, in any order.
    #[track_caller]
    pub fn expect_source<const N: usize>(self, names: [&str; N]) -> Self {
        self.expect_names("source", names)
    }

    #[track_caller]
    fn expect_names<const N: usize>(self, account: &str, names: [&str; N]) -> Self {
        let imports = self.world.imports(account);
        let mut found: Vec<_> = imports.iter().map(|import| import["name"].as_str().unwrap()).collect();
        let mut wanted = names.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        self.expect(&format!("the {account} holds {found}, expected {wanted}"), found == wanted)
    }

    /// The value at a pointer of the target's import of that name.
    #[track_caller]
    pub fn expect_in_target(self, name: &str, pointer: &str, value: impl Into<Value>) -> Self {
        let (value, import) = (value.into(), self.world.import("target", name));
        let found = import.pointer(pointer).cloned().unwrap_or_default();
        self.expect(&format!("{name} holds {found} at {pointer}, expected {value}"), found == value)
    }

    /// The value at a pointer of the source's import of that name.
    #[track_caller]
    pub fn expect_in_source(self, name: &str, pointer: &str, value: impl Into<Value>) -> Self {
        let (value, import) = (value.into(), self.world.import("source", name));
        let found = import.pointer(pointer).cloned().unwrap_or_default();
        self.expect(&format!("{name} holds {found} at {pointer}, expected {value}"), found == value)
    }

    /// The names in a list of the target, in any order.
    #[track_caller]
    pub fn expect_list<const N: usize>(self, list: &str, names: [&str; N]) -> Self {
        let entries = self.world.list("target", list);
        let mut found: Vec<_> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        let mut wanted = names.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        self.expect(&format!("the {list} of the target are {found}, expected {wanted}"), found == wanted)
    }

    /// How often a method was called on a path; an id in it is `{id}`.
    #[track_caller]
    pub fn expect_calls(self, method: &str, path: &str, count: u64) -> Self {
        let found = self.world.control().count(method, path);
        self.expect(&format!("{found} calls of {method} {path}, expected {count}"), found == count)
    }

    /// That nothing but reads was sent.
    #[track_caller]
    pub fn expect_no_write(self) -> Self {
        let calls = self.world.control().calls();
        let holds = calls.iter().all(|call| call.method == "GET" || call.path == "/v1/jobs/current");
        self.expect("expected no write", holds)
    }

    /// The rows of the audit.
    #[track_caller]
    pub fn audit(&self) -> Vec<Row> {
        let text = self.file("audit.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        let rows = reader.records().map(|record| {
            let record = record.unwrap();
            columns.iter().zip(record.iter()).map(|(column, cell)| (column.into(), cell.into())).collect()
        });
        rows.collect()
    }

    /// The rows of the audit about a name, on either side.
    #[track_caller]
    pub fn rows(&self, name: &str) -> Vec<Row> {
        let mut rows = self.audit();
        rows.retain(|row| row["source_name"] == name || row["target_name"] == name);
        rows
    }

    /// The one row of the audit about a name.
    #[track_caller]
    pub fn row(&self, name: &str) -> Row {
        let mut rows = self.rows(name);
        if rows.len() != 1 {
            self.fail(&format!("{} rows about {name}: {rows:#?}", rows.len()));
        }
        rows.remove(0)
    }

    /// What the audit says of an import.
    #[track_caller]
    pub fn expect_audit(self, name: &str, outcome: &str, verdict: &str) -> Self {
        let row = self.row(name);
        let holds = row["outcome"] == outcome && row["verdict"] == verdict;
        self.expect(&format!("{name} is not {outcome}, {verdict}: {row:#?}"), holds)
    }

    /// What every row of the audit says.
    #[track_caller]
    pub fn expect_all(self, count: usize, outcome: &str, verdict: &str) -> Self {
        let rows = self.audit();
        let odd = rows.iter().find(|row| row["outcome"] != outcome || row["verdict"] != verdict);
        let what = format!("{} rows, expected {count} {outcome}, {verdict}; odd: {odd:#?}", rows.len());
        let holds = odd.is_none() && rows.len() == count;
        self.expect(&what, holds)
    }

    /// That a cell of an import's row holds this text.
    #[track_caller]
    pub fn expect_cell(self, name: &str, column: &str, part: &str) -> Self {
        let row = self.row(name);
        let holds = row[column].contains(part);
        self.expect(&format!("expected {part} in {column}: {row:#?}"), holds)
    }

    /// `summary.json`.
    #[track_caller]
    pub fn summary(&self) -> Value {
        serde_json::from_str(&self.file("summary.json")).unwrap()
    }

    /// How many items ended so, by the summary.
    #[track_caller]
    pub fn expect_count(self, outcome: &str, count: u64) -> Self {
        let found = self.summary()["outcomes"][outcome].clone();
        self.expect(&format!("{found} {outcome}, expected {count}"), found == count)
    }
}
