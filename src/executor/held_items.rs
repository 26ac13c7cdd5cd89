//! Imports whose flows are running are written last: when the flows have ended, or not at all.

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

/// The pause between two checks of the flows that the run waits for.
const PAUSE: Duration = Duration::from_secs(5);

/// How many flows are named while the run waits for them.
const NAMED: usize = 3;

/// Waits until `deadline` for the flows of the items that were put off, and returns the items whose flows have ended.
/// Returns none once all items are done, the run is draining or the deadline has passed; the items that are left are
/// then ended and passed to `ended`.
pub(crate) async fn next_free(
    context: &Context<'_>,
    flows: &RunningFlows,
    deadline: Instant,
    mut ended: impl FnMut(Done),
) -> Result<VecDeque<ItemKey>, EngineError> {
    let mut held = flows.take_held();
    let mut told = String::new();
    while !held.is_empty() && !context.cancel.is_draining() {
        flows.ask_again().await;
        let (mut free, mut kept, mut names) = (VecDeque::new(), Vec::new(), Vec::new());
        let mut is_known = true;
        for key in held {
            let item = context.plan.item(key)?;
            match flows.of_item(context.target, &item).await {
                Flows::Quiet => free.push_back(key),
                // Writing the item meets the same refusal, which ends the run as it should.
                Flows::Unauthorized | Flows::Withheld => free.push_back(key),
                Flows::Running(name) => {
                    kept.push((item, format!("the flow \"{name}\" uses it, and runs")));
                    names.push(name);
                }
                Flows::Unknown(why) => {
                    kept.push((
                        item,
                        format!("it is not known whether a flow that uses it is running: {why}"),
                    ));
                    is_known = false;
                }
            }
        }
        let now = Instant::now();
        if free.is_empty() && now >= deadline {
            for (item, why) in kept {
                let (key, message) = (item.item, format!("{why}: left alone"));
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
        let what = if is_known { in_words(&names) } else { "an answer to which flows run".to_owned() };
        if what != told {
            let left = jiff::SignedDuration::try_from(deadline - now).unwrap_or_default();
            let until = context.clock.now().saturating_add(left).unwrap_or(jiff::Timestamp::MAX);
            context.events.emit(&Event::Waiting { until, what: what.clone() });
            told = what;
        }
        tokio::select! {
            biased;
            () = context.cancel.draining() => {}
            () = sleep_until(deadline.min(now + PAUSE)) => {}
        }
    }
    Ok(VecDeque::new())
}

/// `the flow "Orders", which runs`; `the flows "A", "B", "C" and 2 more, which run`.
fn in_words(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("\"{name}\"")).collect();
    match (named.as_slice(), names.len() - named.len()) {
        ([one], 0) => format!("the flow {one}, which runs"),
        ([first @ .., last], 0) => format!("the flows {} and {last}, which run", first.join(", ")),
        (named, more) => format!("the flows {} and {more} more, which run", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_that_are_waited_for_are_named_up_to_three() {
        for (names, words) in [
            (&["A"][..], r#"the flow "A", which runs"#),
            (&["A", "B"], r#"the flows "A" and "B", which run"#),
            (&["A", "B", "C"], r#"the flows "A", "B" and "C", which run"#),
            (&["A", "B", "C", "D", "E"], r#"the flows "A", "B", "C" and 2 more, which run"#),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(in_words(&names), words);
        }
    }
}
