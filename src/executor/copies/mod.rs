//! Finds copies: imports that appeared during the run but were not made by it, for example by a late effect of a
//! call, a duplicated delivery or a run on another machine.
//!
//! It reads and records, and removes nothing: people decide whose the copies are.

mod late;
mod look;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub use late::{LateLook, late_copies};

use crate::documents::references::Kind;
use crate::executor::context::Context;
use crate::executor::copies::look::{Beside, Stranger, makes_imports};
use crate::executor::lookup::are_gone;
use crate::inventory::error::EngineError;
use crate::journal::Entry;
use crate::model::event::Event;
use crate::model::{Id, ItemKey};

/// The shortest time for which a list that lacks what this run made is read again, if a create was sent a second
/// time.
const LEAST_LAG: Duration = Duration::from_secs(5);
/// The same in grace periods.
const LAG_PERIODS: u32 = 6;
/// The longest pause between two scans.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Looks for copies once everything is written, and records them. Returns the reason if this cannot be determined.
///
/// A run that made nothing is skipped, and so is a run that does not know what was in the target before. A resumed
/// run may have made more than its folder knows, if the folder was restored from an older copy.
pub(crate) async fn look_for_copies(context: &Context<'_>) -> Result<Option<String>, EngineError> {
    let again = context.sent_again.get();
    let made_nothing = !context.journal.owns_any(Kind::Imports) && again.is_none() && !context.again;
    if !may_be_told(context) || made_nothing {
        return Ok(None);
    }
    let (of_item, may_have_acted) = (of_item(context), |item| context.journal.may_have_acted(item));
    let beside = beside(context, &of_item, &may_have_acted);
    // A call that is sent again may have been executing all the time.
    let wait = context.options.grace_period.max(context.lag.get());
    let mut due = again.map_or_else(Instant::now, |at| at + wait);
    let give_up = match again {
        Some(_) => due + (context.options.grace_period * LAG_PERIODS).max(LEAST_LAG),
        None => due + context.options.grace_period,
    };
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = sleep_until(due) => {}
            () = context.cancel.draining() => return Ok(None),
        }
        let shown = match beside.look().await {
            Ok(shown) => shown,
            Err(EngineError::Interrupted) => return Ok(None),
            Err(error) if again.is_none() && !error.is_unauthorized() => {
                let message = format!("copies were not looked for: {}", crate::model::chain(&error));
                context.events.emit(&Event::Noted { message });
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut strangers = shown.strangers;
        if let (true, Some(other_runs)) = (context.options.lookup_only, context.other_runs) {
            late::leave_to_other_runs(context.plan, other_runs, &mut strangers).await;
        }
        for stranger in strangers {
            record(context, &beside, stranger).await?;
        }
        if are_gone(context.target, Kind::Imports, &shown.missing).await {
            return Ok(None);
        }
        if Instant::now() >= give_up && again.is_none() {
            let message = format!(
                "the list of imports lacks {} of those that were made: whether it hides copies could not be told",
                shown.missing.len()
            );
            context.events.emit(&Event::Noted { message });
            return Ok(None);
        }
        if Instant::now() >= give_up {
            return Ok(Some(format!(
                "a create was sent again, and the list of imports lacks {} of those that were made: whether one was \
                 made twice is not known yet",
                shown.missing.len()
            )));
        }
        looks += 1;
        due = Instant::now() + Duration::from_secs(u64::from(looks)).min(LONGEST_PAUSE);
    }
}

/// Records the copies that the read-back found, if its scan showed everything that this run made as it should be: no
/// further scan is needed.
pub(crate) async fn record_those_among(
    context: &Context<'_>,
    met: BTreeMap<Id, String>,
) -> Result<(), EngineError> {
    let (of_item, may_have_acted) = (of_item(context), |item| context.journal.may_have_acted(item));
    let beside = beside(context, &of_item, &may_have_acted);
    for stranger in beside.strangers_among(met)? {
        record(context, &beside, stranger).await?;
    }
    Ok(())
}

/// Whether copies can be recognised at all: only if it is known what was in the target before.
fn may_be_told(context: &Context<'_>) -> bool {
    context.before.is_known() && makes_imports(context.plan)
}

/// Whether a scan that reads back `imports` imports can also look for copies: they are all that this run has, and no
/// call may still be executing.
pub(crate) fn is_look(context: &Context<'_>, imports: usize) -> bool {
    may_be_told(context)
        && !context.again
        && context.sent_again.get().is_none()
        // What the service makes of names is read back only where they are compared.
        && !context.ignore.covers("/name")
        && context.journal.count_owned(Kind::Imports) == imports
}

/// The import that an item has.
fn of_item(context: &Context<'_>) -> impl Fn(ItemKey) -> Option<Id> {
    |item| context.journal.id_of(item)
}

fn beside<'a>(
    context: &'a Context<'_>,
    of_item: &'a dyn Fn(ItemKey) -> Option<Id>,
    may_have_acted: &'a dyn Fn(ItemKey) -> bool,
) -> Beside<'a> {
    Beside {
        plan: context.plan,
        others: context.others,
        before: context.before,
        ignore: &context.ignore,
        wanted: context.wanted.as_ref(),
        target: context.target,
        of_item,
        may_have_acted,
        owned: context.journal.owned(Kind::Imports),
        deleted: context.journal.owned_by(Kind::Imports, |item| context.before.deletes(item)),
    }
}

/// Records a copy once, with what it holds.
async fn record(context: &Context<'_>, beside: &Beside<'_>, stranger: Stranger) -> Result<(), EngineError> {
    // What is in doubt may turn out to be an item's own: whoever finds that out looks again.
    let may_be_own = stranger.items.iter().any(|item| context.journal.doubt(*item).is_some());
    if may_be_own || context.copies.borrow().contains(&stranger.id) {
        return Ok(());
    }
    let copy = match beside.inspect(&stranger).await {
        Ok(Some(copy)) => copy,
        Ok(None) => return Ok(()),
        Err(error) if matches!(error, EngineError::Interrupted) || error.is_away() => {
            crate::executor::held_back(context);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    context.copies.borrow_mut().insert(stranger.id);
    let (id, item, equal): (Id, ItemKey, bool) = (copy.id.clone(), copy.item, copy.equal);
    context.journal.record(Entry::CopyFound(copy)).await?;
    let likeness = if equal { "equal to" } else { "unlike" };
    let message = format!(
        "import {id} has the name \"{}\", is {likeness} it, and was not made by this run",
        context.plan.item(item)?.name
    );
    context.events.emit(&Event::Noted { message });
    Ok(())
}
