//! `archive show --import`: a document over all snapshots.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Compared, Form, json as write_json, when};
use crate::archive::Version;
use crate::model::Id;
use crate::report::changes::Changes;
use crate::report::plan_view::Diff;
use crate::report::text::{Paint, Tone, clean};

/// The history of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The account that was backed up.
    pub account: String,
    /// `imports`, `scripts`, …
    pub kind: String,
    /// The import's id in that account.
    pub id: Id,
    /// Its versions, oldest first.
    pub steps: Vec<Step>,
}

/// Its version for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The version, or the fact that it was gone.
    pub version: Version,
    /// Against the last version before this one; `None` for the first, and while it is gone.
    pub compared: Option<Compared>,
}

impl Step {
    fn as_str(&self) -> (Tone, &'static str) {
        match (&self.version.entry, &self.compared) {
            (None, _) => (Tone::Bad, "gone"),
            (Some(_), None) => (Tone::Good, "there"),
            (Some(_), Some(Compared::Changes(changes))) if changes.is_empty() => (Tone::Good, "back"),
            (Some(_), Some(_)) => (Tone::Change, "changed"),
        }
    }
}

/// Writes the history of each import from snapshot to snapshot.
///
/// # Errors
///
/// `out` cannot be written.
pub fn history(histories: &[History], diff: Diff, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let Form::Text { width, color } = form else {
        return write_json(&histories.iter().map(value).collect::<Vec<_>>(), out);
    };
    let paint = Paint { color };
    let lines = Changes { diff, width, paint };
    for (number, told) in histories.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let entries = told.steps.iter().rev().find_map(|step| step.version.entry.as_ref());
        let name = clean(entries.map_or("", |entry| entry.name.as_str()));
        let (kind, id, account) = (clean(&told.kind), clean(told.id.as_str()), clean(&told.account));
        writeln!(out, "{} {id} ({kind} of {account})", paint.tone(Tone::Strong, name))?;
        for step in &told.steps {
            let Version { first, last, .. } = &step.version;
            let (tone, word) = step.as_str();
            let word = paint.tone(tone, format!("{word:<7}"));
            let until = if first == last { String::new() } else { format!(" until {}", last.0) };
            writeln!(out, "  {}  {word}  {}{until}", when(first.1), first.0)?;
            match &step.compared {
                Some(Compared::Changes(changes)) if changes.is_empty() => {}
                Some(compared) => compared.write(lines, out)?,
                None => {}
            }
        }
    }
    Ok(())
}

fn value(told: &History) -> Value {
    let steps = told.steps.iter().map(|step| {
        let Version { first, last, entry } = &step.version;
        let at = |(id, time): &(_, jiff::Timestamp)| json!({ "snapshot": id, "time": time });
        json!({
            "state": step.as_str().1,
            "first": at(first),
            "last": at(last),
            "name": entry.as_ref().map(|entry| &entry.name),
            "last_modified": entry.as_ref().and_then(|entry| entry.last_modified.as_ref()),
            "fingerprint": entry.as_ref().map(|entry| entry.fingerprint),
            "bytes": entry.as_ref().map(|entry| entry.bytes),
            "changes": step.compared.as_ref().and_then(Compared::changes),
            "problem": step.compared.as_ref().and_then(Compared::problem),
        })
    });
    json!({ "account": told.account, "kind": told.kind, "id": told.id, "steps": steps.collect::<Vec<_>>() })
}
