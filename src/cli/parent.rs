//! `--die-with-parent`: a run does not outlive the process that started it.

use super::args::Parent;
use super::failure::Failure;

/// Has the system send SIGTERM to this process when the thread that started it ends.
#[cfg(target_os = "linux")]
pub(super) fn follow(parent: Parent) -> Result<(), Failure> {
    if !parent.is_followed {
        return Ok(());
    }
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .map_err(|error| Failure::BadInput(format!("--die-with-parent: the system refuses: {error}")))
}

/// Refused: only Linux tells a process that its parent died.
#[cfg(not(target_os = "linux"))]
pub(super) fn follow(parent: Parent) -> Result<(), Failure> {
    if !parent.is_followed {
        return Ok(());
    }
    let message = "--die-with-parent works on Linux only: leave it out".to_owned();
    Err(Failure::BadInput(message))
}
