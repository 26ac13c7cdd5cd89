//! The face: arguments, commands, exit codes. One file a command; what is printed is printed here or in `report`.

mod archive;
pub mod args;
mod ask;
mod backup;
mod check;
mod emulator;
pub mod exit;
mod failure;
mod jobs;
mod list;
mod listen;
mod log;
mod one_run;
mod or_resume;
mod parent;
mod plan;
mod prune_runs;
mod resume;
mod run;
mod runs;
mod show;
mod signal;
mod small;
mod tell;
mod undo;
mod verify;
mod view;
mod world;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command, LogFormat};
use exit::Exit;
use failure::Failure;
use world::CliContext;

/// Parses the arguments, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that went away cannot be told.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Done } else { Exit::BadInput }.into();
        }
    };
    let world = CliContext::capture(cli.global);
    #[cfg(debug_assertions)]
    if let Some(problem) =
        world.host.env.get("TRANSSHIP_CRASH").and_then(|at| crate::model::crash::arm(at).err())
    {
        return Failure::BadInput(format!("TRANSSHIP_CRASH: {problem}")).report().into();
    }
    start_log(&world);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::from(error).report().into(),
    };
    let exit = runtime.block_on(dispatch(&world, cli.command));
    exit.unwrap_or_else(|failure| failure.report()).into()
}

async fn dispatch(world: &CliContext, command: Command) -> Result<Exit, Failure> {
    match command {
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
        Command::Archive(args) => archive::archive(world, &args.command).await,
        Command::Emulator(args) => emulator::emulator(world, &args).await,
        Command::New(args) => small::new(&args),
        Command::Schema => small::schema(),
        Command::Completions(args) => small::completions(&args),
        Command::Man => small::man(),
    }
}

fn start_log(world: &CliContext) {
    let level = match world.global.verbose {
        0 => "transship=warn",
        1 => "transship=info",
        _ => "transship=debug",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(world.color_err());
    match world.global.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Says something to the person at the terminal.
fn say(world: &CliContext, text: &str) {
    if world.global.log_format == LogFormat::Json {
        tracing::warn!("{text}");
        return;
    }
    // Nobody can be told that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
