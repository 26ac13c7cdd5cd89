//! First Ctrl-C or SIGTERM drains, the second aborts. A terminal that goes away drains.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::world::CliContext;
use crate::model::cancel::Cancel;

/// Listens for signals as long as the runtime lives.
pub(super) fn listen(world: &CliContext, cancel: &Cancel) {
    let (world, cancel) = (world.clone(), cancel.clone());
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers a signal kills the process; the journal makes even that safe.
        return;
    };
    let mut hangup = if hangups_are_ignored(&world) { None } else { signal(SignalKind::hangup()).ok() };
    tokio::spawn(async move {
        loop {
            let hung_up = tokio::select! {
                got = interrupt.recv() => if got.is_none() { return } else { false },
                got = terminate.recv() => if got.is_none() { return } else { false },
                () = next(&mut hangup) => true,
            };
            if hung_up {
                // Shells pass it on to what the system told already: that is not a second request.
                super::say(&world, "stopping: the terminal went away; what is in flight is finished");
                cancel.drain();
                continue;
            }
            let text = if cancel.is_draining() {
                "stopping now; what is in flight will be looked up by `transship resume`"
            } else {
                "stopping: what is in flight is finished, nothing new is started; once more stops at once"
            };
            super::say(&world, text);
            cancel.escalate();
        }
    });
}

async fn next(signals: &mut Option<Signal>) {
    let got = match signals {
        Some(signals) => signals.recv().await,
        None => None,
    };
    if got.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Whether whoever started us wants us to outlive the terminal, as `nohup` does: listening would undo that.
fn hangups_are_ignored(world: &CliContext) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        // Where the system does not tell: `nohup` leaves no terminal to write to.
        return !world.stderr_is_terminal;
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, the hangup.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
