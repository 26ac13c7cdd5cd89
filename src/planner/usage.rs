//! What uses the imports of a plan, for each item: reported if requested, or if it costs only one list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::job::{AccountPlace, Action, Job};
use crate::model::{Id, Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::request::PlannerRequest;
use crate::run_folder::import_users::{ImportUser, UserKind};
use crate::run_folder::plan_item::{PlanItem, Reason};

/// Users of an import that are named where it cannot be deleted; more are counted.
const MOST_NAMED: usize = 3;

/// How much a plan reports about what uses the imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UsageDetail {
    /// What is read anyway, and where imports are changed or removed in place the list of flows.
    #[default]
    Cheap,
    /// The flows, APIs and tools of the accounts that matter, the names of their integrations, and which flows run now.
    Full,
}

/// What uses the imports of one account, and what of it was met.
#[derive(Debug)]
pub(crate) struct Side {
    pub usage: Arc<FlowUsage>,
    pub lists: UserLists,
    pub met: BTreeMap<Id, ImportUser>,
    /// Why an import of which no user is known cannot be deleted.
    unknown: Option<String>,
}

impl Side {
    pub(crate) fn new(usage: Arc<FlowUsage>, lists: UserLists) -> Self {
        let unknown = usage.unknown_flows().map(|why| left_as_unknown(&why));
        Self { usage, lists, met: BTreeMap::new(), unknown }
    }

    fn of(&mut self, import: &Id) -> Vec<Id> {
        let users = self.usage.users_of(import);
        let mut ids = BTreeSet::new();
        for user in users {
            ids.insert(user.id.clone());
            if !self.met.contains_key(&user.id) {
                self.met.insert(user.id.clone(), user.clone());
            }
        }
        ids.into_iter().collect()
    }

    /// The flows that were met.
    pub(crate) fn flows(&self) -> Vec<Id> {
        let flows = self.met.values().filter(|user| user.kind == UserKind::Flow);
        flows.map(|flow| flow.id.clone()).filter(|id| !id.as_str().is_empty()).collect()
    }
}

/// What uses the imports of a plan.
#[derive(Debug, Default)]
pub(crate) struct PlanUsage {
    pub detail: UsageDetail,
    pub source: Option<Side>,
    pub target: Option<Side>,
}

/// Whether imports are changed or removed where they stand.
fn is_in_place(job: &Job) -> bool {
    matches!(job.action, Action::Update | Action::Delete)
}

/// Whether the source is an account, whose flows can be read.
fn is_of_the_service(job: &Job) -> bool {
    !job.source.place.is_archive() && !matches!(job.source.place, AccountPlace::Folder { .. })
}

/// What is read of the source for the report, in addition to what the selection needs.
pub(crate) fn lists_of_source(job: &Job, detail: UsageDetail) -> Option<UserLists> {
    if !is_of_the_service(job) {
        return None;
    }
    match detail {
        UsageDetail::Full => Some(UserLists::All),
        UsageDetail::Cheap => is_in_place(job).then_some(UserLists::Flows),
    }
}

impl PlanUsage {
    /// What was read of the source, or of the account in which imports are changed in place.
    pub(crate) fn of_source(
        with: &PlannerRequest<'_>,
        detail: UsageDetail,
        usage: Arc<FlowUsage>,
        lists: Option<UserLists>,
    ) -> Self {
        let side = lists.filter(|_| is_of_the_service(with.job)).map(|lists| Side::new(usage, lists));
        let (source, target) = if is_in_place(with.job) { (None, side) } else { (side, None) };
        Self { detail, source, target }
    }
}

/// Why an import is not deleted that something uses.
pub(crate) fn left_for(users: &[&ImportUser]) -> String {
    let named: Vec<String> = users
        .iter()
        .take(MOST_NAMED)
        .map(|user| format!("the {} \"{}\"", user.kind.noun(), user.name))
        .collect();
    let more = match users.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let from = match users {
        [user] => format!("the {}", user.kind.noun()),
        _ => "them".to_owned(),
    };
    format!("it is used by {}{more}: left alone; remove it from {from} first", named.join(", "))
}

/// Why an import is not deleted while it is not known what uses it.
pub(crate) fn left_as_unknown(why: &str) -> String {
    format!("{why}, so whether a flow uses it is not known: left alone")
}

/// What uses an import of the target, and why it is not deleted; `None` if nothing stands in the way.
pub(crate) fn why_not_deleted(side: &mut Side, import: &Id) -> Option<(Vec<Id>, Reason)> {
    let used_by = side.of(import);
    let users: Vec<&ImportUser> = used_by.iter().filter_map(|id| side.met.get(id)).collect();
    let reason = match &side.unknown {
        _ if !users.is_empty() => Reason::new("in_use", left_for(&users)),
        unknown => Reason::new("use_unknown", unknown.as_deref()?),
    };
    Some((used_by, reason))
}

/// Tells what uses an item's imports; an import that something uses, or of which that is not known, cannot be deleted,
/// and nothing is sent for it.
pub(crate) fn tell(usage: &mut PlanUsage, item: &mut PlanItem) {
    if !item.is_import() {
        return;
    }
    if let (Some(side), Some(source)) = (&mut usage.source, &item.source) {
        item.used_in_source = side.of(&source.id);
    }
    let (Some(side), Some(target)) = (&mut usage.target, &item.target) else { return };
    item.used_by = side.of(&target.id);
    if item.operation != Operation::Delete {
        return;
    }
    if let Some((used_by, Reason { code, message })) = why_not_deleted(side, &target.id) {
        *item = PlanItem { used_by, ..ended(item.clone(), Outcome::Conflict, &code, message) };
    }
}
