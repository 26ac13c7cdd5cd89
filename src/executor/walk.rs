//! The order of a run: wave by wave, then the items that waited for their flows, and deletions last.

use std::time::Duration;

use tokio::time::Instant;

use crate::executor::context::Context;
use crate::executor::held_items::next_free;
use crate::executor::stop_policy::Policy;
use crate::executor::waves::{self, WaveOrder};
use crate::executor::write_stage::{self, Batch};
use crate::executor::{copies, finish, verify};
use crate::inventory::error::EngineError;
use crate::job::Verify;

/// Writes and reads back wave by wave, and looks for copies; returns what could not be found out.
pub(crate) async fn walk(context: &Context<'_>, policy: &mut Policy) -> Result<Option<String>, EngineError> {
    let reads_back = reads_back(context);
    let order = WaveOrder::new(context.plan, context.waves.map(|(waves, _)| waves))?;
    if reads_back && order.count() > 1 && context.again {
        // What an earlier process wrote is verified before more is written.
        verify::read_back(context, policy).await?;
        // Without waves of the job's, only deletions are kept from what differs, and they look by themselves.
        if context.waves.is_some() {
            waves::stop_if_different(context, policy);
        }
    }
    let (last, open): (Vec<u32>, Vec<u32>) =
        order.open(context)?.into_iter().partition(|wave| order.deletes(*wave));
    if let Some(next) = open.first().or(last.first())
        && let Some(before) = waves::not_passed(context, &order, *next)?
        && still_writes(context)
    {
        // The process that wrote it was killed before the next wave was begun.
        waves::pass(context, policy, &order, (before, *next), Duration::ZERO).await?;
    }
    let mut since = Instant::now();
    // Whether the last read-back was the look for copies.
    let mut looked = false;
    for (at, wave) in open.iter().enumerate().take_while(|_| !context.cancel.is_draining()) {
        since = Instant::now();
        write(context, policy, Batch::Wave(&order, *wave)).await?;
        looked = read_back(context, policy).await?;
        if let Some(next) = open.get(at + 1)
            && still_writes(context)
        {
            // The next wave waits for what this one put off.
            looked = write_held(context, policy).await?.unwrap_or(looked);
            if context.cancel.is_draining() {
                break;
            }
            waves::pass(context, policy, &order, (*wave, *next), since.elapsed()).await?;
        }
    }
    let mut ends_with = open.last().copied();
    looked = write_held(context, policy).await?.unwrap_or(looked);
    // Deletions come after everything else, also after what waited for its flows.
    if let Some(wave) = last.first().copied() {
        if let Some(before) = open.last()
            && still_writes(context)
        {
            waves::pass(context, policy, &order, (*before, wave), since.elapsed()).await?;
        }
        since = Instant::now();
        delete(context, policy, &order, wave).await?;
        looked = read_back(context, policy).await?;
        ends_with = Some(wave);
    }
    if let Some(wave) = ends_with
        && still_writes(context)
    {
        waves::tell(context, &order, wave, since.elapsed())?;
    }
    let look = reads_back || context.options.lookup_only || context.sent_again.get().is_some();
    if looked || !look || context.cancel.is_draining() {
        return Ok(None);
    }
    copies::look_for_copies(context).await
}

/// Writes what was put off because its flows ran, as they end. Says, if anything was written, whether the last read-back was the
/// look for copies.
async fn write_held(context: &Context<'_>, policy: &mut Policy) -> Result<Option<bool>, EngineError> {
    let Some(flows) = &context.running else { return Ok(None) };
    let deadline = Instant::now() + context.options.stop.wait;
    let mut looked = None;
    loop {
        let free = next_free(context, flows, deadline, |done| finish(context, policy, &done)).await?;
        if free.is_empty() {
            return Ok(looked);
        }
        write(context, policy, Batch::Held(free)).await?;
        looked = Some(read_back(context, policy).await?);
    }
}

/// Whether another wave may be written: the run neither drains nor only looks up.
fn still_writes(context: &Context<'_>) -> bool {
    !context.cancel.is_draining() && !context.options.lookup_only
}

/// Whether what is written is read back.
fn reads_back(context: &Context<'_>) -> bool {
    context.options.verify == Verify::Full && !context.options.lookup_only
}

/// Reads back what was written, unless the job does without it or the run is draining. Returns whether this also
/// served as the search for copies: they are recorded then, whatever comes next.
async fn read_back(context: &Context<'_>, policy: &mut Policy) -> Result<bool, EngineError> {
    if !reads_back(context) || context.cancel.is_draining() {
        return Ok(false);
    }
    let Some(met) = verify::read_back(context, policy).await? else { return Ok(false) };
    copies::record_those_among(context, met).await?;
    Ok(true)
}

/// Deletes what the source no longer has, once everything else is as wanted.
async fn delete(
    context: &Context<'_>,
    policy: &mut Policy,
    order: &WaveOrder,
    wave: u32,
) -> Result<(), EngineError> {
    if still_writes(context) {
        waves::stop_before_deletions(context, policy, order)?;
    }
    if context.cancel.is_draining() {
        return Ok(());
    }
    write(context, policy, Batch::Wave(order, wave)).await
}

/// Writes one wave, or the items that were put off, and looks up what is in doubt.
async fn write(context: &Context<'_>, policy: &mut Policy, batch: Batch<'_>) -> Result<(), EngineError> {
    {
        let writing = write_stage::write_all(context, policy, batch);
        let finding = context.lookups.serve(&context.journal);
        tokio::pin!(writing, finding);
        tokio::select! {
            written = &mut writing => written?,
            found = &mut finding => match found {},
        }
    }
    Ok(())
}
