//! The arguments of commands that only print: `schema`, `man`, `completions`, `complete`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Of which files
    #[arg(value_enum, default_value_t)]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SchemaOf {
    /// Job files
    #[default]
    Job,
    /// Fleet files
    Fleet,
    /// Files of faults, for `emulator --faults`
    Faults,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for each command into this folder, instead of printing the first
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `complete`.
#[derive(Debug, Args)]
pub struct Complete {
    /// Names of what
    #[arg(value_enum)]
    pub words: Words,
}

/// What a shell completes the names of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words of the command line")]
pub enum Words {
    Runs,
    Accounts,
    Imports,
}
