//! The holder of a lock, as its file shows it to other processes.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use jiff::Timestamp;

use crate::model::time::stamp;

/// The holder of a lock, for processes that find it taken.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The process, e.g. `process 4711 on build-3`.
    pub process: String,
    /// When the holder took the lock.
    pub since: Timestamp,
    /// The purpose, e.g. `job orders`.
    pub what: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, since {}, {}", self.process, stamp(self.since), self.what)
    }
}

/// The process that is writing a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The process, e.g. `process 4711 on build-3`; `another process` if unknown.
    pub process: String,
    /// When it began to write the run, if known.
    pub since: Option<Timestamp>,
}

impl Writer {
    /// Reads the process from the text of a [`Holder`].
    pub(super) fn of(holder: &str) -> Self {
        let (process, rest) = holder.split_once(", since ").unwrap_or_default();
        let since = rest.split(',').next().and_then(|since| since.parse().ok());
        let process = if process.is_empty() { "another process" } else { process };
        Self { process: process.to_owned(), since }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.process)?;
        self.since.map_or(Ok(()), |since| write!(f, ", since {}", since.strftime("%Y-%m-%d %H:%M:%S UTC")))
    }
}

/// The holder that a lock file names; empty if it cannot be read.
pub(super) fn read_holder(file: &mut File) -> String {
    let mut text = [0; 4096];
    // In one read: the second of two reads might see newer contents. A line without an end is still being written.
    let Ok(length) = file.read(&mut text) else { return String::new() };
    let text = String::from_utf8_lossy(&text[..length]);
    match text.split_once('\n') {
        Some((holder, _)) => holder.to_owned(),
        None => String::new(),
    }
}

/// Writes the holder into its lock file.
pub(super) fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let line = format!("{holder}\n");
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len() as u64)
}
