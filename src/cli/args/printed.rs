//! The arguments of commands that only print: `schema`, `man`, `completions`, `complete`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The kind of file whose schema `schema` prints.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which files the schema describes
    #[arg(value_enum, default_value_t)]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SchemaOf {
    /// Job files, which `plan` and `run` take
    #[default]
    Job,
    /// Fleet files, which `fleet plan` and `fleet run` take
    Fleet,
    /// Files of faults, for `emulator --faults`
    Faults,
}

/// Whether `man` prints the first page or writes all of them.
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for each command into this folder, instead of printing the first
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// The shell that `completions` prints a script for.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that the script is for
    pub shell: clap_complete::Shell,
}

/// The names that `complete` prints for a completion script.
#[derive(Debug, Args)]
pub struct Complete {
    /// What to print the names of
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
