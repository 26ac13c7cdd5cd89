//! What uses the imports that a restore puts back: where one gets a new id, they still name the old one.

use std::collections::BTreeMap;

use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::job::Action;
use crate::model::Id;
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::run_folder::import_users::ImportUser;

/// Flows, APIs and tools of the target that use imports which are no longer there, by the old id. They are read only
/// where a restore finds that some are gone.
pub(crate) async fn users_of_what_is_gone(
    builder: &mut PlanBuilder<'_>,
    decided: &Decided,
) -> Result<BTreeMap<Id, Vec<String>>, EngineError> {
    let with = builder.with;
    if with.job.action != Action::Restore || !with.goes_home() {
        return Ok(BTreeMap::new());
    }
    let written = |index: u32| builder.drafts.get(index as usize).is_some_and(|draft| draft.wanted.is_some());
    let lost = |index: u32| written(index) && decided.creates(index, with.job.on_existing);
    let gone: Vec<Id> =
        builder.ids.iter().filter(|(_, index)| lost(**index)).map(|(id, _)| id.clone()).collect();
    if gone.is_empty() {
        return Ok(BTreeMap::new());
    }
    let usage = FlowUsage::read(with.target, Some(UserLists::All), with.context.cancel).await?;
    let unknown = |what: String| format!("{what}: whether they name imports that get a new id is not known");
    builder.notes.extend(usage.notes(&with.target.facts.name).into_iter().map(unknown));
    let users = |id: &Id| usage.users_of(id).map(ImportUser::told).collect::<Vec<_>>();
    let used = gone.into_iter().map(|id| (id.clone(), users(&id)));
    Ok(used.filter(|(_, users)| !users.is_empty()).collect())
}
