//! What is written to stderr: text for people, or JSON on every line. Lines and bars never mix.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::alias::Alias;
use super::args::LogFormat;
use crate::report::Bars;

/// The target of log events that repeat messages for people, for JSON and for `--log-file`.
pub(super) const TOLD: &str = "transship::told";

/// The target of log events about single imports.
pub(super) const EVENTS: &str = "transship::events";

/// The target of log events about stages and totals: a parent reads them.
pub(super) use crate::fleet::child::PROGRESS;

/// The standard error of this process, and the bars that are on it. A clone writes to the same place.
#[derive(Debug, Clone)]
pub(super) struct Stderr {
    form: LogFormat,
    alias: Alias,
    bars: Arc<Mutex<Option<Bars>>>,
    held: Arc<AtomicBool>,
}

impl Stderr {
    /// Writes in this form; there are no bars yet.
    pub(super) fn new(form: LogFormat) -> Self {
        Self { form, alias: Alias::default(), bars: Arc::default(), held: Arc::default() }
    }

    /// While this is held, nothing is written: a pager has the terminal.
    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// From now on, an address is shown instead of a folder of this machine: here, and in the command's document.
    pub(super) fn call(&self, path: &Path, address: &str) {
        self.alias.set(path, address);
    }

    /// A text as it is shown to people.
    pub(super) fn told<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.alias.told(text)
    }

    /// Whether every line is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.form == LogFormat::Json
    }

    /// Prints a message for a person.
    pub(super) fn say(&self, text: &str) {
        let text = &*self.told(text.trim_end());
        if !self.is_json() {
            self.put(format!("{text}\n").as_bytes());
        }
        tracing::info!(target: TOLD, "{text}");
    }

    /// Reports what ended a command: its name in documents, what happened, and what to do about it.
    pub(super) fn complain(&self, code: &str, text: &str, help: Option<&str>) {
        let text = &*self.told(text.trim_end());
        if !self.is_json() {
            let help = help.map_or(String::new(), |help| format!("help: {help}\n"));
            self.put(format!("{text}\n{help}").as_bytes());
        }
        match help {
            Some(help) => tracing::error!(target: TOLD, code, help, "{text}"),
            None => tracing::error!(target: TOLD, code, "{text}"),
        }
    }

    /// Writes text for people as it is, above the bars if there are any. If stderr is gone, nobody can be informed.
    pub(super) fn put(&self, text: &[u8]) {
        if self.held.load(Ordering::Relaxed) {
            return;
        }
        let whole = std::str::from_utf8(text).map(|text| self.told(text));
        let text = whole.as_ref().map_or(text, |whole| whole.as_bytes());
        let write = || {
            let mut err = std::io::stderr().lock();
            let _ = err.write_all(text).and_then(|()| err.flush());
        };
        match &*self.bars.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Moves past the `^C` that a terminal shows at the cursor: bars leave the cursor at the right edge, so the `^C`
    /// is on a line of its own below them.
    pub(super) fn step_over_echo(&self) {
        if self.bars.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Bars::are_shown) {
            let mut err = std::io::stderr().lock();
            let _ = err.write_all(b"\r\x1b[2K\x1b[1A").and_then(|()| err.flush());
        }
    }

    /// Takes the bars off the screen until the next stage begins.
    pub(super) fn clear_bars(&self) {
        if let Some(bars) = &*self.bars.lock().unwrap_or_else(PoisonError::into_inner) {
            bars.clear();
        }
    }

    /// From now on these bars are on the screen; `None` when they are gone.
    pub(super) fn set_bars(&self, bars: Option<Bars>) {
        *self.bars.lock().unwrap_or_else(PoisonError::into_inner) = bars;
    }
}

/// A writer for lines of text, each written with one call.
impl Write for Stderr {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.put(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
