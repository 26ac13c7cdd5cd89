//! Runs an account: `transship` as a child process, so that a crash of one account is not a crash of all.
//!
//! The child dies with this process if the system supports that, and is in a process group of its own: a Ctrl-C at
//! the terminal reaches it once, through this process.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::beat::Activity;
use super::launcher::{Activities, ChildEnd};
use super::result::Counts;
use crate::model::cancel::Cancel;
use crate::model::shown::clean;

/// The variable in which a parent gives its process id to a child that is to die with it.
pub const PARENT: &str = "TRANSSHIP_PARENT";

/// The variable in which a parent names the store for which it has checked that conditional writes are honoured.
pub const TRIED: &str = "TRANSSHIP_STORE_TRIED";

/// The target of the lines of a child's log that report its progress.
pub const PROGRESS: &str = "transship::progress";

/// The target of the log lines of a child in the log of its parent. It begins as that of events does: whoever logs events logs
/// them.
const ACCOUNT_LOG: &str = "transship::events::account";

/// How much of a child's document is kept: that of a run is small, and a plan is read from its file.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// What every child process needs to start.
#[derive(Debug, Clone)]
pub struct Program {
    /// Path of the program that is started: `transship`, or one that can act as it.
    pub exe: PathBuf,
    /// Arguments before all others, for a program that acts as `transship` only with these.
    pub words: Vec<OsString>,
    /// The folder it is started in.
    pub folder: PathBuf,
    /// The location of the store.
    pub store: String,
    /// Name of the fleet. The child writes it into its leases, and drains once that fleet is stopped.
    pub fleet: String,
    /// Variables in addition to those of this process: how services are reached, where the emulator is. The address
    /// of a proxy may contain a password, so none of them is an argument.
    pub variables: Vec<(&'static str, OsString)>,
}

impl Program {
    /// Starts it with these arguments; its document is on its stdout, its progress on its stderr.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn start<W: AsRef<OsStr>>(&self, words: &[W]) -> std::io::Result<Child> {
        let mut command = Command::new(&self.exe);
        command.args(&self.words).args(words).args([
            "--format",
            "json",
            "--log-format",
            "json",
            "--progress",
            "plain",
        ]);
        command.current_dir(&self.folder);
        command.env(PARENT, std::process::id().to_string());
        command.env("TRANSSHIP_STORE", &self.store).env("TRANSSHIP_FLEET", &self.fleet);
        // It was tried by this process, so that each child need not.
        command.env(TRIED, &self.store);
        // What is said of this process is not said of its children.
        for name in ["TRANSSHIP_LOG_FILE", "TRANSSHIP_QUIET", "TRANSSHIP_YES", "TRANSSHIP_DIFF"] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        #[cfg(unix)]
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }
}

/// The result of a child process.
#[derive(Debug, Default)]
pub struct Ended {
    /// `None` for a killed process.
    pub exit_code: Option<u8>,
    /// Its document, if it printed one that is not too large.
    pub document: Option<Value>,
}

impl Ended {
    /// Why it ended early, in a sentence.
    pub fn message(&self) -> Option<String> {
        let document = self.document.as_ref()?;
        if let Some(by) = document.get("undone_by").and_then(Value::as_str) {
            return Some(format!("its run was undone by {by} before it was finished"));
        }
        let Some(error) = document.get("error") else {
            // A run that came to no end by itself says in its summary why.
            return Some(document.get("summary")?.get("reason")?.as_str()?.to_owned());
        };
        let first = error.get("problems").and_then(|problems| problems.get(0)?.get("message"));
        Some(first.or(error.get("message"))?.as_str()?.to_owned())
    }

    /// What a fleet keeps of the run of an account.
    #[must_use]
    pub fn of_run(self, folder: String) -> ChildEnd {
        let message = self.message();
        let summary = self.document.as_ref().and_then(|document| document.get("summary"));
        // A summary that is not one counts nothing, and says so by being absent.
        let mut counts = summary.and_then(|summary| serde_json::from_value::<Counts>(summary.clone()).ok());
        if let Some(undone) = counts.as_mut().filter(|_| self.document.as_ref().is_some_and(is_undone)) {
            // What it had done was put back.
            let Counts { selected, total_calls, .. } = *undone;
            *undone = Counts { selected, total_calls, ..Counts::default() };
        }
        let waits_for = summary.and_then(|summary| summary.get("waits_for")).cloned();
        let waits_for = waits_for.and_then(|word| serde_json::from_value(word).ok());
        ChildEnd { exit_code: self.exit_code, counts, message, waits_for, folder: Some(folder) }
    }
}

/// Whether somebody undid the run of a document.
fn is_undone(document: &Value) -> bool {
    document.get("undone_by").is_some_and(Value::is_string)
}

/// Waits for a child and keeps its progress; once `cancel` drains, the child is told to drain, and once it aborts, it
/// is told again.
///
/// # Errors
///
/// Its output cannot be read.
///
/// # Cancel safety
///
/// Dropping the future kills the child.
pub async fn follow(
    mut child: Child,
    account: &str,
    activities: &Activities,
    cancel: &Cancel,
) -> std::io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let document = async {
        let mut text = Vec::new();
        if let Some(stdout) = stdout {
            let mut limited = stdout.take(DOCUMENT_LIMIT);
            limited.read_to_end(&mut text).await?;
            // The rest is read and let go: a child whose pipe is full would wait for ever.
            tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await?;
        }
        Ok::<_, std::io::Error>(serde_json::from_slice::<Value>(&text).ok())
    };
    let progress = async {
        if let Some(stderr) = stderr {
            read_progress(BufReader::new(stderr), account, activities).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let id = child.id();
    let signals = async {
        cancel.draining().await;
        interrupt(id);
        cancel.aborting().await;
        interrupt(id);
        std::future::pending::<()>().await;
    };
    let ended = async { tokio::try_join!(document, progress, child.wait()) };
    let (document, (), status) = tokio::select! {
        ended = ended => ended?,
        () = signals => unreachable!("signals are sent until the child has ended"),
    };
    let exit_code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Ended { exit_code, document })
}

/// Reads the lines of stderr; those of progress are kept.
async fn read_progress(
    mut lines: impl AsyncBufRead + Unpin,
    account: &str,
    activities: &Activities,
) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        // A line that is no JSON is one that a crash left.
        let Ok(said) = serde_json::from_slice::<Value>(&line) else { continue };
        if said.get("target").and_then(Value::as_str) != Some(PROGRESS) {
            relay(account, &said);
            continue;
        }
        let field = |name: &str| said.get("fields").and_then(|fields| fields.get(name)?.as_u64());
        if let Some(calls) = field("calls") {
            let (done, total) = (field("done").unwrap_or(0), field("total").unwrap_or(0));
            activities.set(account, Activity { done, total, calls });
        }
    }
}

/// Writes a log line of a child to the log of this process.
fn relay(account: &str, said: &Value) {
    let line = in_words(said);
    match said.get("level").and_then(Value::as_str) {
        Some("ERROR") => tracing::error!(target: ACCOUNT_LOG, account, "{line}"),
        Some("WARN") => tracing::warn!(target: ACCOUNT_LOG, account, "{line}"),
        Some("INFO") => tracing::info!(target: ACCOUNT_LOG, account, "{line}"),
        _ => tracing::debug!(target: ACCOUNT_LOG, account, "{line}"),
    }
}

/// A log line of JSON as one of text: its message, then its other fields.
fn in_words(said: &Value) -> String {
    let fields = said.get("fields").and_then(Value::as_object);
    let message = fields.and_then(|fields| fields.get("message")?.as_str()).unwrap_or_default();
    let others = fields.into_iter().flatten().filter(|(name, _)| *name != "message");
    let others = others.map(|(name, value)| match value.as_str() {
        Some(text) => format!(" {name}={text}"),
        None => format!(" {name}={value}"),
    });
    clean(&format!("{message}{}", others.collect::<String>()))
}

/// Tells a process to drain, as Ctrl-C does.
fn interrupt(id: Option<u32>) {
    let id = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn why_an_account_ended_is_its_error_else_the_reason_of_its_run() {
        let message = |document: Value| Ended { exit_code: Some(130), document: Some(document) }.message();
        let cut = json!({ "summary": { "reason": "the lease of the target was lost: x" } });
        assert_eq!(message(cut).as_deref(), Some("the lease of the target was lost: x"));
        let both = json!({ "error": { "message": "m", "problems": [{ "message": "p" }] }, "summary": { "reason": "r" } });
        assert_eq!(message(both).as_deref(), Some("p"));
        assert_eq!(message(json!({ "summary": {} })), None);
        let undone = json!({ "undone_by": "undo-1", "summary": { "reason": "r" } });
        assert_eq!(message(undone).as_deref(), Some("its run was undone by undo-1 before it was finished"));
    }

    #[test]
    fn a_line_of_a_log_is_told_in_words() {
        let said = json!({
            "level": "WARN", "target": "transship::events",
            "fields": { "message": "item finished", "item": 3, "name": "a\u{1b}b", "outcome": "failed" },
        });
        assert_eq!(in_words(&said), "item finished item=3 name=a␛b outcome=failed");
        assert_eq!(in_words(&json!({})), "");
    }

    #[test]
    fn what_was_undone_is_not_counted_as_done() {
        let counts = |undone_by: Value| {
            let summary =
                json!({ "selected": 4, "outcomes": { "created": 3, "unprocessed": 1 }, "total_calls": 9 });
            let document = Some(json!({ "undone_by": undone_by, "summary": summary }));
            Ended { exit_code: Some(3), document }.of_run("runs/a".to_owned()).counts.unwrap()
        };
        let undone = counts("undo-1".into());
        assert_eq!((undone.outcomes.len(), undone.selected, undone.total_calls), (0, 4, 9));
        assert_eq!(counts(Value::Null).outcomes["created"], 3);
    }
}
