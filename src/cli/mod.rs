//! The command line: arguments, commands, exit codes. One file a command; only this folder and `report` print.

mod accounts;
mod alias;
mod archive;
pub mod args;
mod ask;
mod backup;
mod bring;
mod check;
mod complete;
mod config;
mod core_dumps;
mod document;
mod early;
mod emulator;
pub mod exit;
mod failure;
mod faults_file;
mod fleet;
mod jobs;
mod lease;
mod lease_place;
mod leases;
mod list;
mod listen;
mod log;
mod network;
mod new;
mod next_command;
mod one_run;
mod or_resume;
mod pager;
mod panics;
mod parent;
mod plan;
mod prune_runs;
mod remote;
mod resume;
mod run;
mod runs;
mod show;
mod signal;
mod small;
mod small_pages;
mod stderr;
mod stdout;
mod store;
mod tell;
mod typed;
mod undo;
mod verify;
mod view;
mod wave_gate;
mod world;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command, Format, Progress};
use exit::Exit;
use failure::Failure;
use world::CliContext;

/// Parses the arguments of this process, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    main_after(&[])
}

/// Does the same for a program that acts as this one if its arguments begin with these words.
pub fn main_after(words: &[&str]) -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(words.len()).collect();
    if let (Some(first), Some(word)) = (arguments.first_mut(), words.last()) {
        *first = word.into();
    }
    let given: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let matches = Cli::command().try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // A reader that went away cannot be told.
            let _ = error.print();
            return Exit::Done.into();
        }
        Err(error) => return early::refuse(&error, &given).into(),
    };
    let mut world = CliContext::capture(cli.global);
    world.words = words.iter().map(OsString::from).collect();
    #[cfg(debug_assertions)]
    if let Some(problem) =
        world.host.env.get("TRANSSHIP_CRASH").and_then(|at| crate::model::crash::arm(at).err())
    {
        return Failure::BadInput(format!("TRANSSHIP_CRASH: {problem}")).report(&world.stderr).into();
    }
    core_dumps::turn_off();
    small_pages::ask_for();
    panics::tame(&world.stderr);
    let (name, has_document) = (cli.command.name(), cli.command.has_document());
    let done = started(&mut world, &cli.command).and_then(|runtime| {
        runtime.block_on(async {
            let done = dispatch(&world, cli.command, &matches).await;
            for failed in world.remote.publish().await {
                say(&world, &format!("warning: {failed}"));
            }
            world.leases.release().await;
            world.remote.close();
            done
        })
    });
    let (mut exit, failure) = match done {
        Ok(exit) => (exit, None),
        Err(failure) => (failure.report(&world.stderr), Some(failure)),
    };
    let wants = has_document || failure.is_some();
    if wants && world.global.format == Some(Format::Json) && !matches!(failure, Some(Failure::ClosedPipe)) {
        let printed = world.document.print(Some(name), exit, failure.as_ref(), &world.stderr);
        // A reader that went away has what it wanted; for all others the result is lost, whatever was done.
        if let Err(error) = printed
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let lost =
                anyhow::Error::from(error).context("the result could not be written to the standard output");
            let told = Failure::from(lost).report(&world.stderr);
            exit = if exit == Exit::Done { told } else { exit };
        }
    }
    exit.into()
}

/// How many threads do blocking work (files and comparisons) for all accounts of a command. The allocator keeps
/// memory for each thread: eight backups at a time asked for 240 threads and took three times as much. None of this
/// work waits for other work of its kind.
const BLOCKING_THREADS: usize = 16;

/// Starts logging, reads how services are reached, and starts the runtime of the commands.
fn started(world: &mut CliContext, command: &Command) -> Result<tokio::runtime::Runtime, Failure> {
    log::start(log::LogOptions::of(world))?;
    if network::is_for(command) {
        world.host.http = network::http_options(&world.global, &world.host.env)?;
        world.host.events = listen::while_opening(world);
    }
    if world.stderr.is_json() && world.global.progress == Progress::Bar {
        let message = "--progress bar is not for --log-format json: take plain or none".to_owned();
        return Err(Failure::BadInput(message));
    }
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()?)
}

async fn dispatch(world: &CliContext, command: Command, matches: &clap::ArgMatches) -> Result<Exit, Failure> {
    match bring::bring(world, command).await? {
        Command::Plan(args) => plan::plan(world, &args).await,
        Command::Run(args) => Box::pin(run::run(world, &args)).await,
        Command::Resume(args) => resume::resume(world, &args).await,
        Command::Retry(args) => undo::retry(world, &args).await,
        Command::Undo(args) => undo::undo(world, &args).await,
        Command::Check(args) => check::check(world, &args).await,
        Command::List(args) => list::list(world, &args).await,
        Command::Runs(args) => prune_runs::runs(world, &args),
        Command::Show(args) => show::show(world, &args),
        Command::Verify(args) => verify::verify(world, &args),
        Command::Report(args) => show::report(world, &args),
        Command::Accounts(args) => accounts::accounts(world, &args).await,
        Command::Archive(args) => archive::archive(world, &args.command).await,
        Command::Fleet(args) => Box::pin(fleet::fleet(world, &args)).await,
        Command::Emulator(args) => emulator::emulator(world, &args).await,
        Command::New(args) => new::new(world, &args).await,
        Command::Schema(args) => small::schema(&args),
        Command::Complete(args) => complete::complete(world, &args),
        Command::Completions(args) => complete::completions(&args),
        Command::Config(args) => config::config(world, &args, matches),
        Command::Man(args) => small::man(&args),
    }
}

/// Prints a message for the person at the terminal.
fn say(world: &CliContext, text: &str) {
    world.stderr.say(text);
}
