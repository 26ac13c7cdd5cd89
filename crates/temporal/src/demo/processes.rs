//! The workers of the demo as processes, and how they are killed, stopped and let go on.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use transship::session::emulator_server::EMULATOR_SERVER;

/// Variables for the processes of the demo.
pub(super) type Variables = Vec<(&'static str, OsString)>;

/// Where Temporal and the emulated accounts are.
pub(super) fn temporal_variables(address: &str, emulator: &Path) -> Variables {
    vec![("TEMPORAL_ADDRESS", address.into()), (EMULATOR_SERVER, emulator.into())]
}

fn this(folder: &Path, variables: &Variables) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.current_dir(folder).envs(variables.iter().map(|(name, value)| (*name, value)));
    for name in ["TRANSSHIP_STORE", "TRANSSHIP_FLEET", "TRANSSHIP_PROGRAM"] {
        command.env_remove(name);
    }
    // A Ctrl-C at the terminal reaches this process only, which ends the others.
    command.process_group(0);
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// Submits the fleet, and waits for its end.
pub(super) fn submit(folder: &Path, fleet: &Path, variables: &Variables) -> anyhow::Result<Child> {
    let mut command = this(folder, variables)?;
    Ok(command.arg("submit").arg(fleet).arg("--wait").spawn()?)
}

/// Carries out a command of `transship`.
pub(super) async fn transship(folder: &Path, words: &[&str], variables: &Variables) -> anyhow::Result<()> {
    let mut command = this(folder, variables)?;
    let status = command.arg(crate::AS_TRANSSHIP).args(words).status().await?;
    anyhow::ensure!(status.success(), "transship {} ended with {status}", words.join(" "));
    Ok(())
}

/// A worker of the demo; it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
}

impl Worker {
    pub(super) fn start(folder: &Path, slots: u32, variables: &Variables) -> anyhow::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("workers.log"))?;
        let mut command = this(folder, variables)?;
        command.args(["worker", "--slots", &slots.to_string()]);
        command.stdout(Stdio::null()).stderr(log);
        Ok(Self { child: command.spawn()? })
    }

    fn id(&self) -> Option<i32> {
        self.child.id().and_then(|id| i32::try_from(id).ok())
    }

    /// The accounts whose runs are its children.
    pub(super) fn running(&self) -> BTreeSet<String> {
        let ids = self.id().map(children).unwrap_or_default();
        ids.into_iter().filter_map(account_of).collect()
    }

    /// Kills the worker by SIGKILL and waits until it has ended.
    pub(super) async fn kill(&mut self) {
        if let Some(id) = self.id() {
            send(id, Signal::KILL);
        }
        self.wait().await;
    }

    /// kill -9, of its children first, while it cannot notice.
    pub(super) async fn kill_with_children(&mut self) {
        let Some(id) = self.id() else { return };
        send(id, Signal::STOP);
        for child in children(id) {
            send(child, Signal::KILL);
        }
        send(id, Signal::KILL);
        self.wait().await;
    }

    /// Stops it and its children; gives their ids.
    pub(super) fn freeze(&self) -> Vec<i32> {
        let Some(id) = self.id() else { return Vec::new() };
        send(id, Signal::STOP);
        let mut all = children(id);
        all.iter().for_each(|child| send(*child, Signal::STOP));
        all.push(id);
        all
    }

    /// Lets them go on, the children first.
    pub(super) fn thaw(&self, all: &[i32]) {
        all.iter().for_each(|id| send(*id, Signal::CONT));
    }

    /// Tells it to end.
    pub(super) fn terminate(&self) {
        if let Some(id) = self.id() {
            send(id, Signal::TERM);
        }
    }

    pub(super) async fn wait(&mut self) {
        // It has ended, or it cannot be waited for.
        let _ = self.child.wait().await;
    }
}

fn send(id: i32, signal: Signal) {
    if let Some(id) = Pid::from_raw(id) {
        // It may have ended by itself.
        let _ = kill_process(id, signal);
    }
}

/// The children of a process.
fn children(id: i32) -> Vec<i32> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter(|other| parent(*other) == Some(id)).collect()
}

fn parent(id: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold spaces.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The account that a process runs.
fn account_of(id: i32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let words: Vec<String> =
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let at = words.iter().position(|word| word == "--account")?;
    words.get(at + 1).cloned()
}
