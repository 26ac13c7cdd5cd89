//! Questions to the person at the terminal.

use std::io::BufRead;

use super::args::Run;
use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::model::cancel::Cancel;
use crate::report::plan_view;
use crate::session::{Plan, Session, SessionError, unless_stopped};

/// Asks on a terminal whether to carry out a plan, unless the target is an emulator or nothing is written.
pub(super) async fn agreed(
    world: &CliContext,
    yes: bool,
    session: &Session,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<bool, Failure> {
    if yes || !plan.needs_approval() {
        return Ok(true);
    }
    let facts = &session.target().account().facts;
    let account = format!("account `{}` ({})", facts.name, facts.origin);
    if !world.stdin_is_terminal {
        return Err(nobody_to_ask(&format!("to change {account}")));
    }
    let what = plan_view::question(plan.file());
    ask(world, &format!("{what} in {account}? [y/N] "), cancel).await
}

/// Asks whether a target that lists no imports although its flows use some is really empty, and whether one that holds
/// none of a backup's imports is really the account of that backup. `--empty-target` confirms it.
pub(super) async fn is_really_empty(
    world: &CliContext,
    args: &Run,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<bool, Failure> {
    let tail = plan.file().tail();
    let is_in_question = tail.target_empty_but_used || tail.target_is_strange;
    if args.empty_target || !is_in_question || !tail.has_work() {
        return Ok(true);
    }
    let account = &plan.file().head().target.name;
    let told = if tail.target_empty_but_used {
        format!("account `{account}` lists no imports, but its flows use some")
    } else {
        format!(
            "account `{account}` holds none of the backup's imports, but others, as if its token were that of another environment"
        )
    };
    if !world.stdin_is_terminal {
        let message = format!(
            "{told}: nothing was written. If the imports are really gone, run again with --empty-target to restore them"
        );
        return Err(Failure::BadInput(message));
    }
    ask(world, &format!("{told}. Are they really gone? [y/N] "), cancel).await
}

/// Without a terminal nobody can agree to what is shown, so `--yes` is needed.
pub(super) fn nobody_to_ask(what: &str) -> Failure {
    Failure::BadInput(format!("there is no terminal to ask {what}: give --yes to agree"))
}

/// Asks a question to which only `y` or `yes` agrees. A signal is also an answer: nothing is written.
pub(super) async fn ask(world: &CliContext, question: &str, cancel: &Cancel) -> Result<bool, Failure> {
    let line = line_of(world, question, cancel).await?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks a question, and returns the line of the answer; empty at the end of the input.
pub(super) async fn line_of(world: &CliContext, question: &str, cancel: &Cancel) -> Result<String, Failure> {
    let unasked = |error| Failure::Other(anyhow::Error::new(error).context("cannot ask whether to go on"));
    if world.stderr.is_json() {
        say(world, question);
    } else {
        if world.stdin_is_terminal {
            super::typed::forget();
        }
        world.stderr.put(question.as_bytes());
    }
    let (answer, answered) = tokio::sync::oneshot::channel();
    // A thread of its own: reading a terminal cannot be called off, and must not keep the process.
    std::thread::spawn(move || {
        let mut line = String::new();
        // Nobody waits for it any more after a signal.
        let _ = answer.send(std::io::stdin().lock().read_line(&mut line).map(|_| line));
    });
    let read = async { Ok::<_, SessionError>(answered.await) };
    match unless_stopped(cancel, read).await? {
        Ok(line) => line.map_err(unasked),
        Err(_) => Ok(String::new()),
    }
}
