//! `--die-with-parent`: a run does not outlive the process that started it.

use super::args::Parent;
use super::failure::Failure;
#[cfg(target_os = "linux")]
use super::say;
use super::world::CliContext;
#[cfg(target_os = "linux")]
use crate::fleet::child::PARENT;
#[cfg(target_os = "linux")]
use crate::session::EngineError;

/// Makes the system send SIGTERM to this process when the thread that started it ends.
#[cfg(target_os = "linux")]
pub(super) fn follow(world: &CliContext, options: Parent) -> Result<(), Failure> {
    if !options.is_followed {
        return Ok(());
    }
    let parent = rustix::process::getppid();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| Failure::BadInput(format!("--die-with-parent: the system refuses: {error}")))?;
    // One that died before is never told of: then another process has taken this one over. A parent that died before
    // the program began is recognised by its id, where it gave it.
    let given = world.host.env.get(PARENT).and_then(|id| id.parse::<i32>().ok());
    let now = rustix::process::getppid();
    let is_another = given.is_some_and(|given| now.is_none_or(|now| now.as_raw_nonzero().get() != given));
    if now != parent || is_another {
        say(world, "the process that started this one is gone: nothing was sent (--die-with-parent)");
        return Err(EngineError::Interrupted.into());
    }
    Ok(())
}

/// Refuses: only Linux informs a process that its parent died.
#[cfg(not(target_os = "linux"))]
pub(super) fn follow(_: &CliContext, options: Parent) -> Result<(), Failure> {
    if !options.is_followed {
        return Ok(());
    }
    let message = "--die-with-parent works on Linux only: leave it out".to_owned();
    Err(Failure::BadInput(message))
}
