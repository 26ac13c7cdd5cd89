//! What commands are called in documents.

use super::accounts::AccountsCommand;
use super::{Command, Emulator, EmulatorCommand, Runs, RunsCommand};

impl Command {
    /// Its words on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Run(_) => "run",
            Self::Resume(_) => "resume",
            Self::Retry(_) => "retry",
            Self::Undo(_) => "undo",
            Self::Check(_) => "check",
            Self::List(_) => "list",
            Self::Runs(Runs { command: None }) => "runs",
            Self::Runs(Runs { command: Some(RunsCommand::Prune(_)) }) => "runs prune",
            Self::Show(_) => "show",
            Self::Verify(_) => "verify",
            Self::Report(_) => "report",
            Self::Accounts(accounts) => match accounts.command {
                AccountsCommand::List => "accounts list",
                AccountsCommand::Add(_) => "accounts add",
                AccountsCommand::Test(_) => "accounts test",
                AccountsCommand::Remove(_) => "accounts remove",
            },
            Self::Archive(archive) => archive.command.name(),
            Self::Emulator(Emulator { command: None, .. }) => "emulator",
            Self::Emulator(Emulator { command: Some(EmulatorCommand::Reset(_)), .. }) => "emulator reset",
            Self::New(_) => "new",
            Self::Fleet(fleet) => fleet.command.name(),
            Self::Schema(_) => "schema",
            Self::Complete(_) => "complete",
            Self::Completions(_) => "completions",
            Self::Config(_) => "config",
            Self::Man(_) => "man",
        }
    }

    /// Whether it has a result that `--format json` shows; the others print a file.
    pub fn has_document(&self) -> bool {
        !matches!(
            self,
            Self::New(_) | Self::Schema(_) | Self::Complete(_) | Self::Completions(_) | Self::Man(_)
        )
    }
}
