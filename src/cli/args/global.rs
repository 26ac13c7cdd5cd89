//! Options of every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Form of what is printed to stdout; each command says which it knows
    #[arg(long, global = true, value_enum, env = "TRANSSHIP_FORMAT")]
    pub format: Option<Format>,
    /// Print no progress and no closing words, only errors
    #[arg(long, short, global = true, env = "TRANSSHIP_QUIET", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub quiet: bool,
    /// Log what becomes of every import; twice for every call too
    #[arg(short, long = "verbose", global = true, action = clap::ArgAction::Count, env = "TRANSSHIP_VERBOSE")]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, env = "TRANSSHIP_COLOR")]
    pub color: Color,
    /// Form of stderr: text, or JSON on every line
    #[arg(long, global = true, value_enum, default_value_t, env = "TRANSSHIP_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// Add log lines to this file, those of -v at least
    #[arg(long, global = true, value_name = "FILE", env = "TRANSSHIP_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value_t, env = "TRANSSHIP_PROGRESS")]
    pub progress: Progress,
    /// Folder of run folders, for commands that name a run
    #[arg(long, global = true, value_name = "DIR", default_value = "runs", env = "TRANSSHIP_RUNS")]
    pub runs: PathBuf,
    /// Certificates (PEM) to trust besides those of this machine, for a gateway that opens TLS
    #[arg(long, global = true, value_name = "FILE", env = "TRANSSHIP_CA")]
    pub ca: Option<PathBuf>,
    /// Speak HTTP/1.1 only, for a proxy or gateway that fails on HTTP/2
    #[arg(long, global = true, env = "TRANSSHIP_HTTP1", value_parser = clap::builder::FalseyValueParser::new(),
        action = clap::ArgAction::SetTrue)]
    pub http1: bool,
    /// Proxy of every call, or `none` [default: HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment]
    #[arg(long, global = true, value_name = "URL", env = "TRANSSHIP_PROXY", hide_env_values = true)]
    pub proxy: Option<String>,
    /// Data file of the embedded emulator [default: in the user's data folder]
    #[arg(long, global = true, value_name = "FILE", env = "TRANSSHIP_EMULATOR_DATA")]
    pub emulator_data: Option<PathBuf>,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words of the command line")]
pub enum Format {
    Text,
    Table,
    Json,
    Csv,
    Html,
    Junit,
    Markdown,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[expect(missing_docs, reason = "the words of the command line")]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[expect(missing_docs, reason = "the words of the command line")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Progress {
    /// Bars on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// Bars, which show only on a terminal
    Bar,
    /// A line every 10 seconds, and one for each import that fails
    Plain,
    /// No progress; the closing words stay
    None,
}
