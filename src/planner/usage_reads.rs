//! What is read for the usage of imports when it is known what becomes of them: the flows of the target, and which run now.

use std::collections::{BTreeSet, HashSet};

use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::UserLists;
use crate::inventory::resource_index::{self, ResourceNames};
use crate::job::{Action, OnExisting};
use crate::model::Id;
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::request::Scope;
use crate::planner::usage::{PlanUsage, Side, UsageDetail};
use crate::run_folder::import_users::{AccountUsage, Usage};

/// Reads what uses the imports of the target that may be changed or removed, where that was not read for the source.
pub(crate) async fn read_target(builder: &mut PlanBuilder<'_>, decided: &Decided) -> Result<(), EngineError> {
    let with = builder.with;
    let waits = with.job.stop.running;
    let account = &with.target.facts.name;
    if builder.usage.target.is_none() {
        let updates = with.job.on_existing == OnExisting::Update || matches!(with.scope, Scope::Retry { .. });
        let may_change = matches!(with.job.action, Action::Migrate | Action::Restore | Action::Apply)
            && (updates && !decided.by_item.is_empty() || with.mirrors());
        let lists = match builder.usage.detail {
            UsageDetail::Full if may_change => UserLists::All,
            UsageDetail::Cheap if may_change && (waits || with.mirrors()) => UserLists::Flows,
            _ => return Ok(()),
        };
        let (lists, usage) = builder.users.of_target(with, lists).await?;
        builder.usage.target = Some(Side::new(usage, lists));
    }
    let Some(side) = &builder.usage.target else { return Ok(()) };
    let unknown = side.usage.notes(account);
    if waits && !unknown.is_empty() {
        return Err(EngineError::UsageUnknown { problems: unknown });
    }
    builder
        .notes
        .extend(unknown.into_iter().map(|what| format!("{what}: what else uses the imports is not known")));
    Ok(())
}

/// Asks which of the flows that were met run now, and for the names of their integrations; gives what the plan says at its
/// end.
pub(crate) async fn finish(builder: &mut PlanBuilder<'_>) -> Result<Usage, EngineError> {
    let with = builder.with;
    let PlanUsage { detail, source, target } = std::mem::take(&mut builder.usage);
    let mut usage = Usage::default();
    let sides = [(source, with.source, false), (target, with.target, true)];
    for (side, account, is_target) in sides {
        let Some(mut side) = side else { continue };
        let waits = with.job.stop.running && is_target;
        if detail == UsageDetail::Full || waits {
            let flows = side.flows();
            match running(account, &flows).await {
                Ok(running) => {
                    for flow in &flows {
                        if let Some(user) = side.met.get_mut(flow) {
                            user.running = Some(running.contains(flow));
                        }
                    }
                }
                Err(error) if waits => return Err(error),
                Err(error) => {
                    let why = crate::model::chain(&error);
                    builder.notes.push(format!("which flows run now is not known: {why}"));
                }
            }
        }
        name_integrations(builder, &mut side, account, detail).await;
        let read = side.lists.kinds().iter().filter(|kind| side.usage.knows_all(**kind));
        let lists: Vec<String> = read.map(|kind| kind.list().to_owned()).collect();
        if lists.is_empty() && side.met.is_empty() {
            continue;
        }
        let table = AccountUsage { lists, users: side.met.into_values().collect() };
        if is_target { usage.target = Some(table) } else { usage.source = Some(table) }
    }
    Ok(usage)
}

async fn running(account: &Account, flows: &[Id]) -> Result<HashSet<Id>, EngineError> {
    if flows.is_empty() {
        return Ok(HashSet::new());
    }
    account.client.running_flows(flows).await.map_err(account.failed("ask which flows run"))
}

/// Gives integrations their names: those that were read for something else, or where everything is asked for all.
async fn name_integrations(
    builder: &PlanBuilder<'_>,
    side: &mut Side,
    account: &Account,
    detail: UsageDetail,
) {
    let known = |id: &Id| builder.names.get(id.as_str()).cloned();
    let lacks = side.met.values().filter_map(|user| user.integration.as_ref()).any(|id| known(id).is_none());
    let mut index = ResourceIndex::default();
    if lacks && detail == UsageDetail::Full {
        let kinds = BTreeSet::from([Kind::Integrations]);
        // Without their names, they are reported by id.
        if resource_index::fill(account, &mut index, &kinds).await.is_err() {
            index = ResourceIndex::default();
        }
    }
    let names = ResourceNames::of(&index);
    for user in side.met.values_mut() {
        let id = user.integration.as_ref();
        user.integration_name =
            id.and_then(known).or_else(|| names.name(Kind::Integrations, id).map(str::to_owned));
    }
}
