//! What an item waits for: the end of other items and, where it will hold their ids, their success.

use crate::executor::context::{Context, sent_sha256};
use crate::executor::record::{End, Next, end};
use crate::inventory::error::EngineError;
use crate::journal::ItemState;
use crate::model::{ItemKey, Outcome};
use crate::run_folder::dependency_items::not_created;
use crate::run_folder::plan_item::PlanItem;

/// The items that an item needs and that have not ended yet.
pub(crate) fn open_needs(context: &Context<'_>, item: &PlanItem) -> Vec<ItemKey> {
    let is_open = |need: &ItemKey| {
        let other = context.others.get(*need).or_else(|| context.others.import(*need));
        context.journal.is_open(*need) && other.is_none_or(PlanItem::is_work)
    };
    item.needs.iter().copied().filter(is_open).collect()
}

/// Ends the removal of a resource that an import still uses because that import was not removed or put back before;
/// `None` if there is no such import.
///
/// The service is asked as well, but not every service answers this.
async fn still_used(context: &Context<'_>, item: &PlanItem) -> Result<Option<Next>, EngineError> {
    for need in &item.needs {
        let state = context.journal.state(*need);
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

/// Ends an item that needs something that was not created; `None` if it has everything it needs.
pub(crate) async fn unmet(context: &Context<'_>, item: &PlanItem) -> Result<Option<Next>, EngineError> {
    if !item.holds_placeholders() {
        return still_used(context, item).await;
    }
    for need in &item.needs {
        if context.others.import(*need).is_some() {
            if let ItemState::InDoubt { .. } = context.journal.state(*need) {
                let message = "it is not known what became of an import that it uses".to_owned();
                return Ok(Some(Next::StillInDoubt(message)));
            }
            continue;
        }
        let Some(other) = context.others.get(*need) else { continue };
        let state = context.journal.state(*need);
        let over = matches!(state, ItemState::Ended { .. });
        // It was made, or something equal was found in its place: then nothing was sent for it.
        let stands = context.journal.id_of(*need).is_some();
        if stands && (!over || state.target().is_none()) {
            continue;
        }
        if over || !other.is_work() {
            let problem = not_created(other.noun(), &other.name, "its own row says why");
            return end(context, item.item, End::failed(problem.code, problem.message)).await.map(Some);
        }
        let message = format!(
            "needs {} \"{}\", of which it is not known whether it was created",
            other.noun(),
            other.name
        );
        return Ok(Some(Next::StillInDoubt(message)));
    }
    let was = item.target.as_ref().and_then(|target| target.sha256);
    let names_imports = item.needs.iter().any(|need| context.others.import(*need).is_some());
    if names_imports && was.is_some() && sent_sha256(context, item) == was {
        let message = "the imports that it uses have no new ids";
        return end(context, item.item, End::new(Outcome::Unchanged, "no_new_ids", message)).await.map(Some);
    }
    Ok(None)
}
