//! What an item waits for: the ends of other items, and for what it is to hold the ids of, their success.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::executor::context::Context;
use crate::executor::record::{End, Next, end};
use crate::inventory::error::EngineError;
use crate::journal::ItemState;
use crate::model::{ItemKey, Outcome};
use crate::run_folder::dependency_items::not_created;
use crate::run_folder::plan_item::PlanItem;

/// Items that wait for others; only their numbers, for there may be very many.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    behind: HashMap<ItemKey, Vec<ItemKey>>,
    /// Items that came back and are still open: nobody waits for them any longer.
    given_up: HashSet<ItemKey>,
}

impl Waiting {
    /// Puts an item behind the first that it waits for; `false` if there is none.
    pub(crate) fn holds(&mut self, context: &Context<'_>, item: &PlanItem) -> bool {
        let open = item.needs.iter().find(|need| {
            context.ledger.is_open(**need)
                && !self.given_up.contains(need)
                && context.others.get(**need).is_none_or(PlanItem::is_work)
        });
        let Some(open) = open else { return false };
        self.behind.entry(*open).or_default().push(item.item);
        true
    }

    /// An item came to an end, or back: those behind it are next.
    pub(crate) fn release(&mut self, context: &Context<'_>, item: ItemKey, queue: &mut VecDeque<ItemKey>) {
        if context.ledger.is_open(item) {
            self.given_up.insert(item);
        }
        for behind in self.behind.remove(&item).unwrap_or_default().into_iter().rev() {
            queue.push_front(behind);
        }
    }
}

/// Ends the removal of what an import uses that was not removed or put back before; `None` if there is none.
///
/// The service is asked too, but not every service tells.
async fn still_used(context: &Context<'_>, item: &PlanItem) -> Result<Option<Next>, EngineError> {
    for need in &item.needs {
        let state = context.ledger.state(*need);
        let left = match state {
            ItemState::Applied { .. } | ItemState::Verified { .. } => continue,
            // It was gone already.
            ItemState::Ended { outcome: Outcome::Unchanged, .. } => continue,
            state => state,
        };
        let user = context.plan.item(*need)?;
        let name = format!("{} \"{}\"", user.noun(), user.name);
        if matches!(left, ItemState::Ended { .. }) {
            let message = format!("{name} uses it and was left as it is: left alone");
            return end(context, item.item, End::new(Outcome::Conflict, "in_use", message)).await.map(Some);
        }
        let message = format!("{name} uses it, and it is not known what became of that");
        return Ok(Some(Next::StillInDoubt(message)));
    }
    Ok(None)
}

/// Ends an item that needs what was not created; `None` if it has all it needs.
pub(crate) async fn unmet(context: &Context<'_>, item: &PlanItem) -> Result<Option<Next>, EngineError> {
    if !item.holds_placeholders() {
        return still_used(context, item).await;
    }
    for need in &item.needs {
        let Some(other) = context.others.get(*need) else { continue };
        let state = context.ledger.state(*need);
        let (made, over) = (state.target().is_some(), matches!(state, ItemState::Ended { .. }));
        if made && !over {
            continue;
        }
        if over || !other.is_work() {
            let trouble = not_created(other.noun(), &other.name, "its own row says why");
            return end(context, item.item, End::failed(trouble.code, trouble.message)).await.map(Some);
        }
        let message = format!(
            "needs {} \"{}\", of which it is not known whether it was created",
            other.noun(),
            other.name
        );
        return Ok(Some(Next::StillInDoubt(message)));
    }
    Ok(None)
}
