//! Doing what an approved plan says: a fresh plan is made, and only what it has in common with the approved one is done.

use crate::run_folder::RunFolderError;
use std::collections::HashMap;

use crate::inventory::error::EngineError;
use crate::model::{Id, ItemKey, Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::plan_part::PlanPart;
use crate::run_folder::forecast::Outlook;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{PlanItem, PlanTail};

/// Narrows `fresh` to `approved`: items that are the same are done; those whose source or target moved since, or that
/// are gone, are `stale`; those that were not approved are left out. The calls are told anew.
///
/// # Errors
///
/// The approved plan is for another job, account or version.
pub fn restrict(approved: &PlanFile, fresh: &PlanFile, outlook: Outlook) -> Result<PlanFile, EngineError> {
    let refuse = |message: String| RunFolderError::BadFile { path: approved.path().to_owned(), message };
    if let Some(why) = misfit(approved, fresh) {
        return Err(refuse(why).into());
    }
    let mut keys: HashMap<(&str, Id), ItemKey> = HashMap::new();
    for item in fresh.items() {
        let item = item?;
        keys.extend(identity(&item).map(|identity| (identity, item.item)));
    }
    let place = fresh.path().to_owned();
    let mut part = PlanPart::create(&place, fresh.head().clone(), fresh.tail())?;
    let mut deletions = 0;
    for item in approved.items() {
        let item = item?;
        let now = identity(&item).and_then(|identity| keys.get(&identity));
        let now = now.map(|key| fresh.item(*key)).transpose()?;
        let item = approve_item(item, now);
        deletions += u32::from(item.is_deletion() && fresh.tail().deletions > 0);
        part.keep(item)?;
    }
    let mut tail = PlanTail { deletions, ..fresh.tail().clone() };
    let accounts =
        [(&approved.head().source, &fresh.head().source), (&approved.head().target, &fresh.head().target)];
    for (then, now) in accounts {
        if then.has_another_user(now) && !tail.notes.contains(&now.another_user_of_it()) {
            tail.notes.push(now.another_user_of_it());
        }
    }
    part.finish(&place, tail, outlook)
}

/// What tells an item of one plan in another: the import it comes from; for what only stands in the target, that.
fn identity(item: &PlanItem) -> Option<(&'static str, Id)> {
    match (&item.source, &item.target) {
        (Some(source), _) => Some(("", source.id.clone())),
        (None, Some(target)) => Some((item.list(), target.id.clone())),
        (None, None) => None,
    }
}

fn misfit(approved: &PlanFile, fresh: &PlanFile) -> Option<String> {
    let seen = [&approved.tail().witnesses, &fresh.tail().witnesses];
    let [source, target] = [seen.map(|all| &all.source), seen.map(|all| &all.target)];
    let (approved, fresh) = (approved.head(), fresh.head());
    let advice = "make the plan again";
    if approved.job_sha256 != fresh.job_sha256 {
        return Some(format!("it was made for another version of the job file: {advice}"));
    }
    let sides = [(&approved.source, &fresh.source, source), (&approved.target, &fresh.target, target)];
    for (then, now, [seen_then, seen_now]) in sides {
        // A token belongs to a person, and an account to several: what was seen there tells.
        let is_another =
            then.has_another_user(now) && !seen_then.iter().any(|witness| seen_now.contains(witness));
        if (&then.name, &then.origin) != (&now.name, &now.origin) || is_another {
            return Some(format!("it was made for another account than `{}` is now: {advice}", now.name));
        }
    }
    (approved.tool != fresh.tool)
        .then(|| format!("it was made by {}, this is {}: {advice}", approved.tool, fresh.tool))
}

fn approve_item(approved: PlanItem, now: Option<PlanItem>) -> PlanItem {
    // What was not going to be done is not done now either.
    if !approved.is_work() {
        return approved;
    }
    let Some(now) = now else {
        let message = if approved.is_deletion() {
            "the source has it again, or it is gone from the target: left alone"
        } else if approved.is_import() {
            "it is no longer among the selected imports: left alone"
        } else if approved.operation == Operation::Update {
            "it names no old id any more: left alone"
        } else {
            "no import needs it to be created any more: left alone"
        };
        return ended(approved, Outcome::Stale, "gone", message);
    };
    let same = now.operation == approved.operation
        && now.name == approved.name
        && now.source == approved.source
        && now.target == approved.target
        && now.sent_sha256 == approved.sent_sha256;
    if same {
        // The numbers of what it needs are those of the approved plan.
        return PlanItem { item: approved.item, needs: approved.needs, ..now };
    }
    let moved = |then: &Option<crate::run_folder::plan_item::ImportRef>,
                 now: &Option<crate::run_folder::plan_item::ImportRef>| then != now;
    let what = if moved(&approved.source, &now.source) {
        &format!("the {} in the source was changed since the plan was made: left alone", approved.noun())
    } else if now.outcome == Some(Outcome::Unchanged) {
        "the target holds it by now: left alone"
    } else {
        "what stands in the target was changed since the plan was made: left alone"
    };
    let what = what.to_owned();
    ended(approved, Outcome::Stale, "stale", what)
}
