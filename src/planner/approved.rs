//! Follows an approved plan: makes a new plan, and carries out only what it has in common with the approved one.

use crate::run_folder::RunFolderError;
use std::collections::HashMap;

use crate::inventory::error::EngineError;
use crate::job::Narrowing;
use crate::model::shown::imports;
use crate::model::{Fingerprint, Head, Id, ItemKey, Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::plan_part::PlanPart;
use crate::run_folder::forecast::Outlook;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{PlanItem, PlanTail};

/// Narrows `fresh` to `approved`: items that are the same are done; those whose source or target changed since, or that
/// are gone, are `stale`, also where nothing was to be done for them; those that were not approved are left out, which a
/// note says. What `narrowed` leaves out was not compared again, and is left out as well. The calls are forecast anew.
///
/// # Errors
///
/// The approved plan is for another job, account or version.
pub fn restrict(
    approved: &PlanFile,
    fresh: &PlanFile,
    narrowed: &Narrowing,
    outlook: Outlook,
) -> Result<PlanFile, EngineError> {
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
        let now = identity(&item).and_then(|identity| keys.remove(&identity));
        let now = now.map(|key| fresh.item(key)).transpose()?;
        if now.is_none() && is_left_out(&item, narrowed) {
            continue;
        }
        let item = approve_item(item, now);
        deletions += u32::from(item.is_deletion() && fresh.tail().deletions > 0);
        part.keep(item)?;
    }
    let mut tail = PlanTail { deletions, ..fresh.tail().clone() };
    tail.notes.extend(not_approved(fresh, keys.into_values())?);
    let accounts =
        [(&approved.head().source, &fresh.head().source), (&approved.head().target, &fresh.head().target)];
    for (then, now) in accounts {
        if then.has_another_user(now) && !tail.notes.contains(&now.another_user_of_it()) {
            tail.notes.push(now.another_user_of_it());
        }
    }
    part.finish(&place, tail, outlook)
}

/// Whether the plan of a run is what [`restrict`] made of an approved plan: it does nothing else, and nothing is missing, except
/// what `narrowed` leaves out. What the approved plan calls unchanged may have been written by the run in the meantime.
///
/// # Errors
///
/// One of the plans cannot be read.
pub fn is_restricted(run: &PlanFile, approved: &PlanFile, narrowed: &Narrowing) -> Result<bool, EngineError> {
    let mut known: HashMap<(&str, Id), (bool, Operation, Option<Fingerprint>)> = HashMap::new();
    for item in approved.items() {
        let item = item?;
        let is_done = item.outcome == Some(Outcome::Unchanged);
        known.extend(
            identity(&item).map(|identity| (identity, (is_done, item.operation, item.approved_by()))),
        );
    }
    for item in run.items() {
        let item = item?;
        let Some(identity) = identity(&item) else { continue };
        let fits = known.remove(&identity).is_some_and(|(is_done, operation, sent)| {
            is_done || (operation, sent) == (item.operation, item.approved_by())
        });
        if item.is_work() && !fits {
            return Ok(false);
        }
    }
    Ok(known.is_empty() || !narrowed.is_all())
}

/// Whether a plan holds only imports that `narrowed` takes.
///
/// # Errors
///
/// The plan cannot be read.
pub fn is_narrowed(plan: &PlanFile, narrowed: &Narrowing) -> Result<bool, EngineError> {
    if narrowed.only.is_empty() {
        return Ok(true);
    }
    for item in plan.items() {
        if let Some(false) = is_taken(&item?, narrowed) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `narrowed` takes the import of the source from which an item comes; `None` if it comes from none.
pub fn is_taken(item: &PlanItem, narrowed: &Narrowing) -> Option<bool> {
    let import = item.source.as_ref().filter(|_| item.is_import())?;
    Some(narrowed.takes(&Head::new(import.id.clone(), &import.name)))
}

/// Identifies an item of one plan in another: by the source import; for an item that is only in the target, by the
/// target import. Nothing identifies an import that was asked for by name and does not exist.
fn identity(item: &PlanItem) -> Option<(&'static str, Id)> {
    match (&item.source, &item.target) {
        (Some(source), _) if source.id.as_str().is_empty() => None,
        (Some(source), _) => Some(("", source.id.clone())),
        (None, Some(target)) => Some((item.list(), target.id.clone())),
        (None, None) => None,
    }
}

/// Whether the fresh plan lacks an item because it is narrowed: what the target alone has is looked for only by a whole one.
fn is_left_out(approved: &PlanItem, narrowed: &Narrowing) -> bool {
    approved.is_import() && !is_taken(approved, narrowed).unwrap_or(narrowed.is_all())
}

/// Says how many imports a new plan would write or delete and the approved one does not hold.
fn not_approved(
    fresh: &PlanFile,
    items: impl Iterator<Item = ItemKey>,
) -> Result<Option<String>, EngineError> {
    let mut count = 0;
    for key in items {
        let item = fresh.item(key)?;
        count += usize::from(item.is_import() && item.is_work());
    }
    let (are, them) = if count == 1 { ("is", "it") } else { ("are", "them") };
    let message = || {
        format!(
            "{} that a new plan would write or delete {are} not in the approved plan and {are} left alone; plan again to include {them}",
            imports(count)
        )
    };
    Ok((count > 0).then(message))
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
        // A token belongs to a person, and several people may use an account: the resources seen there identify it.
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
    if !approved.is_work() {
        return without_work(approved, now);
    }
    let Some(now) = now else {
        let message = if approved.is_deletion() {
            "a new plan would not delete it: left alone"
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
        && is_same_target(&now, &approved)
        && now.approved_by() == approved.approved_by();
    if same {
        // The numbers of what it needs are those of the approved plan.
        return PlanItem { item: approved.item, needs: approved.needs, ..now };
    }
    let what = if approved.source != now.source {
        &source_changed(&approved, &now)
    } else if now.outcome == Some(Outcome::Unchanged) {
        "the target holds it by now: left alone"
    } else if !is_same_target(&now, &approved) || approved.operation != now.operation {
        "what the target holds was changed since the plan was made: left alone"
    } else {
        "what would be written is no longer what was approved: left alone"
    };
    let what = what.to_owned();
    ended(approved, Outcome::Stale, "stale", what)
}

/// Says that what an item comes from was changed, and what to do where its `lastModified` did not move: the service may show a
/// field otherwise at each read.
fn source_changed(approved: &PlanItem, now: &PlanItem) -> String {
    let read = [approved, now].map(|item| item.target.as_ref().filter(|_| item.keeps_its_id()));
    let hint = match read.map(|read| read.and_then(|read| read.modified.as_ref())) {
        [Some(then), Some(now)] if then == now => {
            " (its `lastModified` did not move: if the service changes a field at each read, `ignore` leaves it out)"
        }
        _ => "",
    };
    format!("the {} in the source was changed since the plan was made{hint}: left alone", approved.noun())
}

/// Whether the target holds the same for an item of two plans. Whether the recycle bin was asked for its document, and still had
/// it, is no difference.
fn is_same_target(now: &PlanItem, approved: &PlanItem) -> bool {
    match (&now.target, &approved.target) {
        (Some(now_there), Some(then)) if now.operation == Operation::Restore => {
            let (print, other) = (now_there.sha256, then.sha256);
            now_there.id == then.id && (print == other || print.is_none() || other.is_none())
        }
        (now, then) => now == then,
    }
}

/// An item for which the approved plan does nothing: it is what the target shows now, and not done if that takes a write.
fn without_work(approved: PlanItem, now: Option<PlanItem>) -> PlanItem {
    let (code, message) = match now {
        Some(now) if !now.is_work() => {
            return PlanItem { item: approved.item, needs: approved.needs, ..now };
        }
        Some(now) if approved.source != now.source => ("stale", source_changed(&approved, &now)),
        Some(now) if approved.target != now.target => {
            ("stale", "what the target holds was changed since the plan was made: left alone".to_owned())
        }
        Some(_) => ("stale", "a new plan would write it, the approved one does not: left alone".to_owned()),
        None if approved.is_import() && identity(&approved).is_some() => {
            ("gone", "it is no longer among the selected imports: left alone".to_owned())
        }
        None => return approved,
    };
    ended(PlanItem { verdict: None, ..approved }, Outcome::Stale, code, message)
}
