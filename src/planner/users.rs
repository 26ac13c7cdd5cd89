//! What uses the imports that a restore puts back: where one gets a new id, they still name the old one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::job::Action;
use crate::model::{Id, ItemKey};
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::TargetImports;
use crate::run_folder::import_users::ImportUser;

/// What an old id of an import becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewId {
    /// The id of this import of the target: it was made anew before.
    Import(Id),
    /// The id of what this item brings back, which may be the old one; and the name of that.
    OfItem(ItemKey, String),
}

/// What uses imports by ids that they no longer have.
#[derive(Debug, Default)]
pub(crate) struct OldIds {
    /// The old ids.
    pub becomes: BTreeMap<Id, NewId>,
    /// What uses the imports of the target; empty where no id is old.
    pub usage: Arc<FlowUsage>,
    /// Whether what uses them is pointed to the new ids, and not only named.
    pub repoint: bool,
}

impl OldIds {
    /// Takes out what names an import by an old id and is left as it is, in words.
    pub(crate) fn named(&self, id: &Id) -> Vec<String> {
        match self.becomes.get(id) {
            Some(NewId::OfItem(..)) if !self.repoint => {
                self.usage.users_of(id).map(ImportUser::told).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Flows, APIs and tools of the target that use imports which are no longer there, by the old id. They are read only
/// where a restore finds that some are gone. `first` is how many items come before the imports.
pub(crate) async fn old_ids(
    builder: &mut PlanBuilder<'_>,
    decided: &Decided,
    imports: &mut TargetImports<'_>,
    first: u32,
) -> Result<OldIds, EngineError> {
    let with = builder.with;
    if with.job.action != Action::Restore || !with.goes_home() {
        return Ok(OldIds::default());
    }
    let repoint = with.context.settings.repoint_flows;
    let mut becomes = BTreeMap::new();
    // Nothing is recognised by its id any more; which of them comes first makes no difference.
    let ids = std::mem::take(&mut builder.ids);
    for (id, index) in ids.iter().map(|(id, index)| (id, *index)) {
        if builder.drafts.get(index as usize).is_none_or(|draft| !draft.is_wanted()) {
            continue;
        }
        if decided.creates(index, with.job.on_existing) {
            let name = builder.item(index as usize)?.name;
            becomes.insert(id, NewId::OfItem(ItemKey(first + index + 1), name));
        } else if repoint
            && let Some((decision, key)) = decided.by_item.get(index)
            && let Some(there) = decision.import().and_then(|at| imports.get(key, at).transpose())
        {
            let there = there?;
            if there.id != id {
                becomes.insert(id, NewId::Import(there.id));
            }
        }
    }
    if becomes.is_empty() {
        return Ok(OldIds::default());
    }
    let (_, usage) = builder.users.of_target(with, UserLists::All).await?;
    let unknown = |what: String| format!("{what}: whether they name imports that get a new id is not known");
    builder.notes.extend(usage.notes(&with.target.facts.name).into_iter().map(unknown));
    Ok(OldIds { becomes, usage, repoint })
}
