//! `transship-temporal`: a fleet of transship on Temporal.
//!
//! | file | what it knows |
//! |---|---|
//! | `payload` | what goes through Temporal: names, hashes, counts |
//! | `outcome`, `lanes` | what an exit code means, which account comes next; pure |
//! | `workflow` | the workflow `fleet`: pages of accounts, in lanes |
//! | `activities` | the activities as the SDK calls them: heartbeats, cancelling, failures |
//! | `work` | fleets that are loaded on a worker, and what the store says; without the SDK |
//! | `connect`, `worker`, `submit` | the commands |
//! | `demo` | a server, workers and emulated accounts on one machine |

#![allow(
    unreachable_pub,
    reason = "a program: nothing of it is reached from elsewhere, and macros make it public"
)]

mod activities;
mod args;
mod connect;
mod demo;
mod lanes;
mod outcome;
mod payload;
mod submit;
mod work;
mod worker;
mod workflow;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use transship::job::Env;
use transship::session::Host;

/// The task queue, unless another is named.
const QUEUE: &str = "transship";

/// The task queue of what is short, beside that of accounts: whatever a person asks for would wait behind hours of accounts.
fn errands(queue: &str) -> String {
    format!("{queue}/errands")
}

/// The word by which this program is `transship`.
const AS_TRANSSHIP: &str = "transship";

fn main() -> ExitCode {
    // Its arguments are those of `transship`, not of this program.
    if std::env::args_os().nth(1).is_some_and(|word| word == AS_TRANSSHIP) {
        return transship::cli::main_after(&[AS_TRANSSHIP]);
    }
    let cli = args::Cli::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("TRANSSHIP_LOG").unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli.command)));
    match done {
        Ok(code) => code.into(),
        Err(error) => {
            say(&format!("error: {error:#}"));
            if error.is::<submit::BadInput>() { 2 } else { 1 }.into()
        }
    }
}

async fn run(command: args::Command) -> anyhow::Result<u8> {
    match command {
        args::Command::Worker(args) => Box::pin(worker::worker(&args)).await,
        args::Command::Submit(args) => Box::pin(submit::submit(&args)).await,
        args::Command::Schedule(args) => Box::pin(submit::schedule(&args)).await,
        args::Command::Demo(args) => Box::pin(demo::demo(&args)).await,
        args::Command::History(args) => Box::pin(submit::history(&args)).await,
        args::Command::Transship => Ok(2),
    }
}

/// What a command knows of the machine.
fn host() -> Host {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let home = variables.get("HOME").map(PathBuf::from);
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    Host::new(Env { variables, home, folder })
}

/// Says something to the person at the terminal.
#[expect(clippy::print_stderr, reason = "what a program says")]
fn say(text: &str) {
    eprintln!("{text}");
}
