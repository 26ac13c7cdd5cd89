//! While accounts of a fleet run here: reads what people ask for, and tells `transship fleet status` what is going on.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use transship::fleet::Beat;
use transship::fleet::control::ControlState;
use transship::model::time::Clock;

use super::fleet::Loaded;

/// How often what people ask for is read.
const LOOK: Duration = Duration::from_secs(3);
/// How often it is told what is going on.
const TELL: Duration = Duration::from_secs(10);

/// Watches a fleet as long as it is loaded.
pub(super) fn watch(fleet: Weak<Loaded>, clock: Clock, worker: String) {
    tokio::spawn(async move {
        let since = clock.now();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut calls_then, mut was_busy): (Option<Instant>, u64, bool) = (None, 0, false);
        loop {
            look.tick().await;
            let Some(fleet) = fleet.upgrade() else { return };
            let running = fleet.all_running();
            if running.is_empty() && !was_busy {
                continue;
            }
            // A store that cannot be read now is read the next time; the children read it too.
            if let Ok(control) = fleet.store.control().await {
                fleet.set_stopped(control.state == ControlState::Stopped);
            }
            let is_over = running.is_empty();
            if !is_over && told.is_some_and(|then| then.elapsed() < TELL) {
                continue;
            }
            let calls: u64 = running.values().map(|activity| activity.calls).sum();
            let seconds = told.map_or(0.0, |then| then.elapsed().as_secs_f64());
            #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
            let gone = calls.saturating_sub(calls_then) as f64;
            let beat = Beat {
                worker: worker.clone(),
                at: clock.now(),
                since,
                is_over,
                running,
                // An account that others hold is tried again by Temporal, on any worker.
                held: BTreeMap::new(),
                calls_per_second: if seconds > 0.0 && !is_over { gone / seconds } else { 0.0 },
            };
            // For people only: nothing is decided by it.
            let _ = fleet.store.beat(&beat).await;
            (told, calls_then, was_busy) = (Some(Instant::now()), calls, !is_over);
        }
    });
}
