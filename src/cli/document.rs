//! The one JSON document that a command prints to stdout with `--format json`, also if it fails. See `docs/json.md`.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::stderr::Stderr;
use crate::model::shown::json_escaped;
use crate::report::{Attention, ReasonGroup};
use crate::session::{PlanFile, Summary};

/// The maximum number of reasons in a document; the report has all.
const MOST_REASONS: usize = 100;

/// `result`: a run was carried out; `summary` says how far.
pub(super) const RAN: &str = "ran";
/// `result`: the run was finished before, and nothing was sent.
pub(super) const WAS_FINISHED: &str = "was_finished";
/// `result`: the run was undone before it was finished, and nothing was sent.
pub(super) const WAS_UNDONE: &str = "was_undone";
/// `result`: the plan was made and shown, and nothing else was requested.
pub(super) const DRY_RUN: &str = "dry_run";
/// `result`: the plan was made and shown, and the user declined.
pub(super) const DECLINED: &str = "declined";
/// `result`: there is nothing to redo or to put back.
pub(super) const NOTHING_TO_DO: &str = "nothing_to_do";

/// What is known so far about the result of a command. A clone is filled in together with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Document(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    members: Map<String, Value>,
    /// The command printed its own document.
    is_printed: bool,
}

impl Document {
    /// Adds a member, or replaces it.
    pub(super) fn set(&self, key: &str, value: impl Serialize) {
        // What is put in here is plain data, which always becomes JSON.
        if let Ok(value) = serde_json::to_value(value) {
            self.parts(|parts| parts.members.insert(key.to_owned(), value));
        }
    }

    /// Adds an element to the list of that name.
    pub(super) fn push(&self, key: &str, value: Value) {
        self.parts(|parts| match parts.members.get_mut(key) {
            Some(Value::Array(list)) => list.push(value),
            _ => drop(parts.members.insert(key.to_owned(), Value::Array(vec![value]))),
        });
    }

    /// The command prints its own document, and has begun.
    pub(super) fn printed(&self) {
        self.parts(|parts| parts.is_printed = true);
    }

    /// The plan that was made.
    pub(super) fn plan(&self, plan: &PlanFile) {
        let tail = plan.tail();
        self.set(
            "plan",
            json!({
                "selected": tail.selected,
                "totals": tail.totals,
                "forecast": tail.forecast,
                "notes": tail.notes,
            }),
        );
    }

    /// The run, as its journal tells it.
    pub(super) fn run(
        &self,
        folder: &Path,
        summary: &Summary,
        attention: &[Attention],
        reasons: &[ReasonGroup],
    ) {
        self.set("folder", folder);
        self.set("summary", summary);
        self.set("attention", attention);
        self.set("reasons", &reasons[..reasons.len().min(MOST_REASONS)]);
    }

    /// How the command, or its part for one account, ended.
    pub(super) fn ended(&self, exit: Exit, failure: Option<&Failure>) -> Map<String, Value> {
        let mut members = self.parts(|parts| std::mem::take(&mut parts.members));
        members.insert("exit_code".to_owned(), exit.code().into());
        if let Some(failure) = failure {
            members.insert("error".to_owned(), failure.document());
        }
        members
    }

    /// Prints the document of a command, unless it did so by itself. A folder for which `stderr` has an address is
    /// shown by its address.
    pub(super) fn print(
        &self,
        command: Option<&str>,
        exit: Exit,
        failure: Option<&Failure>,
        stderr: &Stderr,
    ) -> std::io::Result<()> {
        if self.parts(|parts| parts.is_printed) {
            return Ok(());
        }
        let mut whole = Map::from_iter([("command".to_owned(), json!(command))]);
        whole.extend(self.ended(exit, failure));
        let text = serde_json::to_string_pretty(&whole)?;
        let mut out = std::io::stdout().lock();
        out.write_all(json_escaped(&stderr.told(&text)).as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    fn parts<T>(&self, work: impl FnOnce(&mut Parts) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
