//! The arguments of `emulator`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The arguments of `emulator`: what it serves, or one of its commands.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Emulator {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<EmulatorCommand>,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0, env = "TRANSSHIP_EMULATOR_PORT")]
    pub port: u16,
    /// Data: a file that is kept, or a `.json` file that is loaded into memory
    /// [default: the embedded emulator's own]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Faults and behaviour, as YAML or JSON [default: none]
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Accounts to serve, each with its demo data on first use
    #[arg(long = "account", value_name = "NAME", default_values = ["demo-a", "demo-b"])]
    pub accounts: Vec<String>,
    /// File with `NAME TOKEN` on each line, for a server that is started again; other tokens are random at each start
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
}

/// What can be done to the emulator's data.
#[derive(Debug, Subcommand)]
pub enum EmulatorCommand {
    /// Forget accounts with all they hold; each begins with its demo data again when it is next used
    Reset(EmulatorReset),
}

/// The accounts that `emulator reset` forgets, and the file that holds them.
#[derive(Debug, Args)]
pub struct EmulatorReset {
    /// Accounts to forget
    #[arg(required = true, value_name = "NAME")]
    pub accounts: Vec<String>,
    /// The data file [default: the embedded emulator's own]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}
