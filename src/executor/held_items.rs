//! Imports whose flows run are written last: when the flows have come to their end, or not at all.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::executor::context::Context;
use crate::executor::item::Done;
use crate::executor::record::{End, Next, end};
use crate::executor::running_flows::{Flows, RunningFlows};
use crate::inventory::error::EngineError;
use crate::model::event::Event;
use crate::model::{ItemKey, Outcome};

/// Between two looks at the flows that are waited for.
const PAUSE: Duration = Duration::from_secs(5);

/// Flows that are named while they are waited for.
const NAMED: usize = 3;

/// Waits for the flows of the items that were put off, until `deadline` at most. Gives the items whose flows have ended;
/// none when all are done, or the run drains, or nothing is waited for any longer: then those that are left are ended, and
/// handed to `ended`.
pub(crate) async fn next_free(
    context: &Context<'_>,
    flows: &RunningFlows,
    deadline: Instant,
    mut ended: impl FnMut(Done),
) -> Result<VecDeque<ItemKey>, EngineError> {
    let mut held = flows.take_held();
    let mut told: Vec<String> = Vec::new();
    while !held.is_empty() && !context.cancel.is_draining() {
        flows.ask_again().await;
        let (mut free, mut kept, mut names) = (VecDeque::new(), Vec::new(), Vec::new());
        for key in held {
            let item = context.plan.item(key)?;
            match flows.of_item(context.target, &item).await {
                Flows::Quiet => free.push_back(key),
                // Writing it meets the same refusal, which ends the run as it should.
                Flows::Unauthorized | Flows::Withheld => free.push_back(key),
                Flows::Running(name) => {
                    kept.push((item, format!("the flow \"{name}\" uses it, and runs")));
                    names.push(format!("the flow \"{name}\", which runs"));
                }
                Flows::Unknown(why) => {
                    kept.push((item, format!("whether a flow runs that uses it is not known: {why}")));
                    names.push("an answer to which flows run".to_owned());
                }
            }
        }
        let now = Instant::now();
        if free.is_empty() && now >= deadline {
            for (item, why) in kept {
                let (key, message) =
                    (item.item, format!("{why}: left alone; `transship retry` takes it up again"));
                let next = end(context, key, End::new(Outcome::Conflict, "flow_running", message)).await?;
                let Next::Ended(message) = next else { continue };
                ended(Done::over(item, Outcome::Conflict, message));
            }
            return Ok(VecDeque::new());
        }
        held = kept.into_iter().map(|(item, _)| item.item).collect();
        if !free.is_empty() {
            held.into_iter().for_each(|key| flows.hold(key));
            return Ok(free);
        }
        names.sort_unstable();
        names.dedup();
        if names != told {
            let more = names.len().saturating_sub(NAMED);
            let mut what = names[..names.len() - more].join(", ");
            if more > 0 {
                what.push_str(&format!(" and {more} more"));
            }
            let left = jiff::SignedDuration::try_from(deadline - now).unwrap_or_default();
            let until = context.clock.now().saturating_add(left).unwrap_or(jiff::Timestamp::MAX);
            context.events.emit(&Event::Waiting { until, what });
            told = names;
        }
        tokio::select! {
            biased;
            () = context.cancel.draining() => {}
            () = sleep_until(deadline.min(now + PAUSE)) => {}
        }
    }
    Ok(VecDeque::new())
}
