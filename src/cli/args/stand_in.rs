//! The arguments by which an account of a CSV stands for one of a job's.

use std::path::PathBuf;

use clap::Args;

/// An account of a CSV that stands for one of the job's.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "One account of many")]
pub struct StandIn {
    /// The account of the CSV that stands for one of the job's; its name is in the journal and the audit
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// CSV of accounts: name,region,url,emulator,token_env,token_file; other columns are `account.*` in templates
    /// [default: the job's `sources`]
    #[arg(long, value_name = "FILE", requires = "account")]
    pub accounts: Option<PathBuf>,
    /// Which account of the job it stands for: source, target, or the name of one
    #[arg(long = "as", value_name = "source|target|NAME", requires = "account", default_value = "source")]
    pub role: String,
}
