//! The arguments of `accounts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The arguments of `accounts`: one of its commands.
#[derive(Debug, Args)]
pub struct Accounts {
    /// What to do with them.
    #[command(subcommand)]
    pub command: AccountsCommand,
}

/// What can be done with the accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// List them: where each is, and where its token is found
    List,
    /// Add an account to the file, under a name that is not in it yet
    Add(Add),
    /// Ask the service which user each token belongs to; 6 if it refuses one
    Test(Names),
    /// Remove one from the file; nothing is done to the account itself
    Remove(Remove),
}

/// The account that `accounts add` adds: its name, its place, and where its token is found.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("place").required(true))]
#[command(group = clap::ArgGroup::new("token").conflicts_with("emulator"))]
pub struct Add {
    /// What jobs call it
    pub name: String,
    /// Region of the service: us, eu, au or ca
    #[arg(long, group = "place", value_parser = clap::builder::PossibleValuesParser::new(crate::job::regions()))]
    pub region: Option<String>,
    /// Address of the service
    #[arg(long, group = "place", value_name = "URL")]
    pub url: Option<String>,
    /// Name of an account of the embedded emulator
    #[arg(long, group = "place", value_name = "NAME")]
    pub emulator: Option<String>,
    /// Environment variable that holds the token
    #[arg(long, group = "token", value_name = "VARIABLE")]
    pub token_env: Option<String>,
    /// File that holds the token
    #[arg(long, group = "token", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Command that prints the token; repeat the option for each of its words
    #[arg(long, group = "token", value_name = "WORD", allow_hyphen_values = true)]
    pub token_command: Vec<String>,
    /// Entry of the system's keyring that holds the token
    #[arg(long, group = "token", value_name = "NAME")]
    pub token_keyring: Option<String>,
}

/// The accounts that `accounts test` asks the service about.
#[derive(Debug, Args)]
pub struct Names {
    /// Names of the accounts to test [default: all]
    pub names: Vec<String>,
}

/// The account that `accounts remove` takes out of the file.
#[derive(Debug, Args)]
pub struct Remove {
    /// Name of the account to remove
    pub name: String,
}
