//! What a command knows about the machine: captured once, passed down as a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::args::{Color, Format, Global};
use super::document::Document;
use super::failure::Failure;
use super::leases::Leases;
use super::remote::Remote;
use super::stderr::Stderr;
use super::stdout::{Data, Out, stdout};
use crate::job::Env;
use crate::report::LineStyle;
use crate::session::Host;

/// The machine and the options of every command.
#[derive(Debug, Clone)]
pub(super) struct CliContext {
    pub global: Global,
    pub host: Host,
    pub stderr: Stderr,
    pub document: Document,
    /// What this process holds in a shared store.
    pub leases: Leases,
    /// The store of the run folder that the command was given by an address.
    pub remote: Remote,
    /// The words with which the program of this process acts as `transship`: for the processes that it starts.
    pub words: Vec<OsString>,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// The time zone of the machine, for times on the terminal.
    pub zone: TimeZone,
}

impl CliContext {
    /// Captures the state of the machine.
    pub(super) fn capture(global: Global) -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = variables.get("HOME").map(PathBuf::from);
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let emulator_data = global.emulator_data.clone();
        let stderr = Stderr::new(global.log_format);
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the machine is looked at")]
        let zone = TimeZone::system();
        Self {
            global,
            stderr,
            document: Document::default(),
            leases: Leases::default(),
            remote: Remote::default(),
            host: Host { emulator_data, ..Host::new(Env { variables, home, folder }) },
            words: Vec::new(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            zone,
        }
    }

    /// Where data goes. The caller prints the document of `--format json` itself.
    pub(super) fn out(&self) -> Out {
        self.document.printed();
        stdout(if self.global.format == Some(Format::Json) { Data::Json } else { Data::Verbatim })
    }

    /// The same for data that is not this program's own, whatever the form.
    pub(super) fn verbatim(&self) -> Out {
        self.document.printed();
        stdout(Data::Verbatim)
    }

    /// A folder as people know it: its address, if it is the copy of a folder in a store.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        PathBuf::from(self.stderr.told(&path.display().to_string()).into_owned())
    }

    /// Refuses forms that a command does not print.
    pub(super) fn text_or_json(&self, command: &str) -> Result<(), Failure> {
        match self.global.format {
            None | Some(Format::Text | Format::Json) => Ok(()),
            Some(_) => Err(Failure::BadInput(format!("`{command}` prints `--format text` or `json`"))),
        }
    }

    /// Whether to colour what goes to stdout.
    pub(super) fn color_out(&self) -> bool {
        self.color(self.stdout_is_terminal)
    }

    /// Whether to colour what goes to stderr.
    pub(super) fn color_err(&self) -> bool {
        self.color(self.stderr_is_terminal)
    }

    /// How lines about progress are written to stderr.
    pub(super) fn line_style(&self) -> LineStyle {
        LineStyle { color: self.color_err(), zone: self.zone.clone() }
    }

    fn color(&self, is_terminal: bool) -> bool {
        match self.global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let plain = self.host.env.get("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !plain && self.host.env.get("TERM") != Some("dumb")
            }
        }
    }

    /// Columns of the terminal.
    pub(super) fn columns(&self) -> usize {
        let told = self.host.env.get("COLUMNS").and_then(|columns| columns.parse().ok());
        let size = self.stderr_is_terminal.then(|| usize::from(console::Term::stderr().size().1));
        told.or(size).unwrap_or(100).clamp(40, 200)
    }

    /// The width for stdout, in columns: in a file or a pipe nothing needs to be shortened.
    pub(super) fn columns_out(&self) -> usize {
        self.columns_of(self.stdout_is_terminal)
    }

    /// The same for stderr.
    pub(super) fn columns_err(&self) -> usize {
        self.columns_of(self.stderr_is_terminal)
    }

    fn columns_of(&self, is_terminal: bool) -> usize {
        let endless = !is_terminal && self.host.env.get("COLUMNS").is_none();
        if endless { usize::MAX >> 1 } else { self.columns() }
    }
}
