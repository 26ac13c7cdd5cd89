//! The writing stage: does what the scheduler answers, and reports to it what happened.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::documents::name::name_key;
use crate::executor::context::Context;
use crate::executor::dependencies_ready::open_needs;
use crate::executor::item::{Done, drive_or_fail};
use crate::executor::scheduler::{Input, Name, Next, Scheduler, Weight};
use crate::executor::stop_policy::Policy;
use crate::executor::waves::WaveOrder;
use crate::executor::{MOST_WAITING, finish, work_left};
use crate::inventory::error::EngineError;
use crate::model::ItemKey;
use crate::model::event::{Event, Stage};
use crate::run_folder::plan_item::PlanItem;

/// The items that are written in one go.
#[derive(Debug)]
pub(crate) enum Batch<'a> {
    /// The items of a wave, after those in doubt.
    Wave(&'a WaveOrder, u32),
    /// Items that were put off while their flows were running.
    Held(VecDeque<ItemKey>),
}

impl Batch<'_> {
    /// The items, and how many of them have still to be written.
    fn queue(self, context: &Context<'_>) -> Result<(VecDeque<ItemKey>, u64), EngineError> {
        let (order, wave) = match self {
            Self::Wave(order, wave) => (order, wave),
            Self::Held(items) => {
                let total = items.len() as u64;
                return Ok((items, total));
            }
        };
        let mut queue: VecDeque<ItemKey> = context.journal.in_doubt().into();
        let mut adjusted = 0;
        if !context.options.lookup_only {
            let all = (1..=context.plan.len()).map(ItemKey);
            let untouched = all.filter(|key| context.journal.is_untouched(*key));
            queue.extend(untouched.filter(|key| order.of(*key) == wave));
            for key in context.journal.half_done() {
                // What was made in one step is not written again: it waits to be read back.
                if context.plan.item(key)?.adjust {
                    queue.push_back(key);
                    adjusted += 1;
                }
            }
        }
        let written = if order.count() == 1 { work_left(context)? } else { order.work(context, wave)? };
        Ok((queue, written + adjusted))
    }
}

/// Starts the items of a batch in the plan's order, and receives their results.
pub(crate) async fn write_all(
    context: &Context<'_>,
    policy: &mut Policy,
    batch: Batch<'_>,
) -> Result<(), EngineError> {
    let (queue, total) = batch.queue(context)?;
    context.events.emit(&Event::StageStarted { stage: Stage::Write, total: Some(total) });
    let mut told = false;
    let mut scheduler = Scheduler::new(queue, MOST_WAITING);
    let mut under_way = FuturesUnordered::new();
    let mut place = None;
    let mut weighed = None;
    let mut failure = None;
    let mut next = Next::Ask;
    loop {
        next = match next {
            Next::Ask if context.cancel.is_draining() && !told => {
                told = true;
                if failure.is_none()
                    && policy.stopped().is_none()
                    && !policy.token_refused()
                    && !context.away.get()
                    && !context.lease_lost.get()
                {
                    let reason = "interrupted".to_owned();
                    context.events.emit(&Event::Stopping { reason });
                }
                scheduler.on(Input::Draining)
            }
            Next::Ask => {
                place = place.or_else(|| Arc::clone(&context.places).try_acquire_owned().ok());
                scheduler.on(Input::Asked { place: place.is_some() })
            }
            Next::Weigh(key) => {
                let item = context.plan.item(key)?;
                let open_needs = open_needs(context, &item);
                let weight = Weight { item: key, is_work: item.is_work(), open_needs, name: name_of(&item) };
                // It is handed on from one to the next until its end.
                weighed = Some(Box::new(item));
                scheduler.on(Input::Weighed(weight))
            }
            Next::Start(key) => {
                let item = match weighed.take().filter(|item| item.item == key) {
                    Some(item) => item,
                    None => Box::new(context.plan.item(key)?),
                };
                under_way.push(drive_or_fail(context, item, place.take()));
                Next::Ask
            }
            Next::WaitForPlaceOrEnd => tokio::select! {
                biased;
                () = context.cancel.draining() => Next::Ask,
                Some(done) = under_way.next() => {
                    take_end(context, policy, &mut scheduler, done, &mut failure)
                }
                free = Arc::clone(&context.places).acquire_owned() => {
                    place = free.ok();
                    Next::Ask
                }
            },
            Next::WaitForEnd => {
                // An item under way may need it to come to its end.
                place = None;
                tokio::select! {
                    biased;
                    () = context.cancel.draining(), if !told => Next::Ask,
                    Some(done) = under_way.next() => {
                        take_end(context, policy, &mut scheduler, done, &mut failure)
                    }
                    else => Next::Finished,
                }
            }
            Next::Finished => break,
        };
    }
    context.events.emit(&Event::StageFinished { stage: Stage::Write });
    failure.map_or(Ok(()), Err)
}

/// Handles the end of an item. If the journal or a file of the run failed, nothing more begins, and calls in flight
/// are awaited, because otherwise nobody would know their effect.
fn take_end(
    context: &Context<'_>,
    policy: &mut Policy,
    scheduler: &mut Scheduler,
    done: Result<Done, EngineError>,
    failure: &mut Option<EngineError>,
) -> Next {
    match done {
        Ok(done) => ended(context, policy, scheduler, &done),
        Err(error) => {
            failure.get_or_insert(error);
            context.cancel.drain();
            scheduler.on(Input::Failed)
        }
    }
}

/// Reports that an item ended, or got as far as it can in this run.
fn ended(context: &Context<'_>, policy: &mut Policy, scheduler: &mut Scheduler, done: &Done) -> Next {
    finish(context, policy, done);
    let (item, open) = (done.item.item, context.journal.is_open(done.item.item));
    scheduler.on(Input::Ended { item, name: name_of(&done.item), open })
}

/// The list and the name of what an item creates.
fn name_of(item: &PlanItem) -> Option<Name> {
    item.operation.makes_an_import().then(|| (item.list(), name_key(&item.name).into_owned()))
}
