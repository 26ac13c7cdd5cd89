//! The first Ctrl-C or SIGTERM drains, the second aborts. A terminal that is closed drains.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::world::CliContext;
use crate::model::cancel::Cancel;

/// The signals that ask this process to stop, as they arrive.
#[derive(Debug, Clone)]
pub(super) struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Waits for a signal that arrives from now on.
    pub(super) async fn another(&mut self) {
        self.0.mark_unchanged();
        if self.0.changed().await.is_err() {
            // Nobody listens: signals kill the process.
            std::future::pending::<()>().await;
        }
    }
}

/// Listens for signals as long as the process lives, on a thread that does nothing else, so a signal is answered at
/// once whatever the program computes. The user's first signal drains, also if the run has stopped by itself before;
/// the second one aborts.
pub(super) fn listen(world: &CliContext, cancel: &Cancel) -> Signals {
    let (count, counted) = watch::channel(0_u32);
    // Without handlers a signal kills the process; the journal makes even that safe.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return Signals(counted);
    };
    let handler = SignalHandler { world: world.clone(), cancel: cancel.clone(), count };
    let entered = runtime.enter();
    let (Ok(interrupt), Ok(terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return Signals(counted);
    };
    let hangup = if hangups_are_ignored(world) { None } else { signal(SignalKind::hangup()).ok() };
    drop(entered);
    let work = move || runtime.block_on(handler.run(interrupt, terminate, hangup));
    // Where no thread can be had, they kill the process as well.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(work);
    Signals(counted)
}

/// The receivers of signals.
struct SignalHandler {
    world: CliContext,
    cancel: Cancel,
    count: watch::Sender<u32>,
}

impl SignalHandler {
    async fn run(self, mut interrupt: Signal, mut terminate: Signal, mut hangup: Option<Signal>) {
        let Self { world, cancel, count } = self;
        loop {
            let (hung_up, typed) = tokio::select! {
                got = interrupt.recv() => if got.is_none() { return } else { (false, true) },
                got = terminate.recv() => if got.is_none() { return } else { (false, false) },
                () = next(&mut hangup) => (true, false),
            };
            if typed && world.stdin_is_terminal && world.stderr_is_terminal {
                world.stderr.step_over_echo();
            }
            if hung_up {
                // Shells pass it on to what the system told already: that is not a second request.
                super::say(&world, "stopping: the terminal was closed; waiting for the calls in flight");
                cancel.drain();
                continue;
            }
            let is_first = *count.borrow() == 0;
            count.send_modify(|count| *count += 1);
            if is_first {
                let text = "stopping: waiting for the calls in flight, nothing new starts; a second signal stops at once";
                super::say(&world, text);
                cancel.drain();
            } else {
                let text = "stopping now; what is in flight will be looked up by `transship resume`";
                super::say(&world, text);
                cancel.abort();
            }
        }
    }
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

/// Whether the parent wants this process to outlive the terminal, as `nohup` does: listening would undo that.
fn hangups_are_ignored(world: &CliContext) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        // Where the system does not tell: `nohup` leaves no terminal to write to.
        return !world.stderr_is_terminal;
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, the hangup.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
