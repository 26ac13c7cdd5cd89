//! First Ctrl-C or SIGTERM drains, the second aborts.

use tokio::signal::unix::{SignalKind, signal};

use super::world::World;
use crate::pipeline::Cancel;

/// Listens for signals as long as the runtime lives.
pub(super) fn listen(world: &World, cancel: &Cancel) {
    let (world, cancel) = (world.clone(), cancel.clone());
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            // Without handlers a signal kills the process; the journal makes even that safe.
            return;
        };
        loop {
            tokio::select! {
                got = interrupt.recv() => if got.is_none() { return },
                got = terminate.recv() => if got.is_none() { return },
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
