//! What uses the imports that a restore brings back: if an import gets a new id, its users still name the old one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::job::Action;
use crate::model::{Id, IdMap};
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::stored_item::StoredItem;
use crate::planner::target_index::TargetIndex;
use crate::run_folder::import_users::ImportUser;

/// What an old id of an import becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewId<'a> {
    /// The id of this import of the target: it was created again before.
    Import(&'a Id),
    /// The id of what the item at this place brings back, which may be the old one.
    OfItem(u32),
}

/// What uses imports by ids that they no longer have.
#[derive(Debug, Default)]
pub(crate) struct OldIds {
    /// The ids of imports that may be created again, with the indices of their items: all that a restore brings
    /// back.
    made_anew: IdMap<u32>,
    /// The old ids of imports that were created again before, with their current ids.
    now: BTreeMap<Id, Id>,
    /// What uses the imports of the target; empty where no id is old.
    pub usage: Arc<FlowUsage>,
    /// Whether what uses them is pointed to the new ids, and not only named.
    pub repoint: bool,
}

impl OldIds {
    /// What an id becomes, if it is an old one.
    pub(crate) fn becomes(&self, id: &Id) -> Option<NewId<'_>> {
        let made_anew = self.made_anew.get(id).map(|place| NewId::OfItem(*place));
        made_anew.or_else(|| self.now.get(id).map(NewId::Import))
    }

    /// What names an import by an old id and is left as it is, in words.
    pub(crate) fn named(&self, id: &Id) -> Vec<String> {
        if self.repoint || !self.made_anew.contains(id) {
            return Vec::new();
        }
        self.usage.users_of(id).map(ImportUser::told).collect()
    }
}

/// Flows, APIs and tools of the target that use imports which are no longer there, by the old id. They are read only
/// where a restore finds that some are gone.
pub(crate) async fn old_ids(
    builder: &mut PlanBuilder<'_>,
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<OldIds, EngineError> {
    let with = builder.with;
    if with.job.action != Action::Restore || !with.goes_home() {
        return Ok(OldIds::default());
    }
    let repoint = with.context.settings.repoint_flows;
    // Nothing is matched by its id any more.
    let mut ids = std::mem::take(&mut builder.ids);
    ids.retain(|place| builder.stored_items.get(*place as usize).is_some_and(StoredItem::is_wanted));
    let mut now = BTreeMap::new();
    for (id, place) in ids.iter().filter(|_| repoint) {
        if !decided.creates(*place, with.job.on_existing)
            && let Some((decision, key)) = decided.by_item.get(*place)
            && let Some(there) = decision.import().and_then(|at| imports.get(key, at).transpose())
        {
            let there = there?.id;
            if there != id {
                now.insert(id, there);
            }
        }
    }
    ids.retain(|place| decided.creates(*place, with.job.on_existing));
    if ids.is_empty() && now.is_empty() {
        return Ok(OldIds::default());
    }
    let (_, usage) = builder.users.of_target(with, UserLists::All).await?;
    let unknown = |what: String| format!("{what}: whether they name imports that get a new id is not known");
    builder.notes.extend(usage.notes(&with.target.facts.name).into_iter().map(unknown));
    Ok(OldIds { made_anew: ids, now, usage, repoint })
}
