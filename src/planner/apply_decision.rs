//! Decides for each item what happens to it, given the contents of the target.

use std::path::Path;

use serde_json::Value;

use crate::documents::Unreadable;
use crate::documents::document::read_tree;
use crate::documents::name::{differ_by, is_same_name};
use crate::inventory::error::EngineError;
use crate::job::{Action, MatchBy, OnExisting};
use crate::model::{Operation, Outcome};
use crate::planner::apply::{leave_out_entered, removed, stands_apart};
use crate::planner::decide::{Decision, creates_anyway};
use crate::planner::items::ended;
use crate::planner::matching::Decided;
use crate::planner::own::{Whose, whose};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::MODIFIED;
use crate::planner::request::Scope;
use crate::planner::target_difference::TargetDifference;
use crate::planner::target_index::{TargetImport, TargetIndex};
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{Span, damaged};
use crate::run_folder::plan_item::{ImportRef, PlanItem};

/// What is done for an import that the target does not have.
fn make(builder: &PlanBuilder<'_>, item: &mut PlanItem) {
    item.operation = match builder.with.job.action {
        Action::Clone => clone(item),
        Action::Restore if builder.with.goes_home() => {
            item.target = item.source.clone().map(|source| ImportRef { sha256: None, ..source });
            // A PUT would erase the secrets that come back with it.
            item.adjust = item.secrets.is_empty();
            Operation::Restore
        }
        _ => Operation::Create,
    };
}

/// What is cloned and not written to afterwards keeps its secrets: the service copies them.
fn clone(item: &mut PlanItem) -> Operation {
    if !item.adjust {
        item.secrets.clear();
    }
    Operation::Clone
}

/// Records which dependencies an import needs, if it is carried out. Ends the item if one of them is not available.
pub(crate) fn check_dependencies(builder: &mut PlanBuilder<'_>, index: usize, item: &mut PlanItem) {
    let needs = builder.needs(index).to_vec();
    if needs.is_empty() {
        return;
    }
    let was_work = item.is_work();
    if let (true, Some((outcome, problem))) = (was_work, builder.dependencies.first_problem(&needs)) {
        *item = ended(item.clone(), outcome, &problem.code, problem.message);
    }
    if was_work {
        builder.dependencies.mark(&needs, item.is_work());
    }
    if !item.is_work() {
        // It would be over a document that is never sent.
        item.sent_sha256 = None;
    }
    for change in &mut item.changes {
        change.to.iter_mut().for_each(|text| builder.dependencies.spell(text));
    }
}

/// Turns a decision into what is done.
pub(crate) fn apply_decision(
    builder: &mut PlanBuilder<'_>,
    mut item: PlanItem,
    index: usize,
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<PlanItem, EngineError> {
    let job = builder.with.job;
    let number = u32::try_from(index).unwrap_or(u32::MAX);
    if let Some(why) = decided.unread.get(&number) {
        return Ok(ended(item, Outcome::Failed, "unreadable", format!("{why}: left alone")));
    }
    if let Some(why) = decided.conflicts.get(&number) {
        return Ok(ended(item, Outcome::Conflict, "similar_name", why.clone()));
    }
    let Some((decision, key)) = decided.by_item.get(number) else {
        make(builder, &mut item);
        return stands_apart(builder, item, number, None, imports);
    };
    let there = imports.of(key)?;
    let ids = || there.iter().map(|import| import.id.clone()).collect::<Vec<_>>();
    match decision {
        Decision::Unchanged(at) => {
            item.target = there.get(at).map(|import| import_ref(import, &item.name));
            item.outcome = Some(Outcome::Unchanged);
            item.verdict = Some(builder.stored_items[index].verdict);
            if let Some(import) = there.get(at).cloned() {
                leave_out_entered(builder, &mut item, &import, imports)?;
            }
        }
        Decision::Create => {
            item.namesakes = ids();
            make(builder, &mut item);
            return stands_apart(builder, item, number, None, imports);
        }
        Decision::Ambiguous if creates_anyway(job.on_existing) => {
            item.namesakes = ids();
            make(builder, &mut item);
            return stands_apart(builder, item, number, None, imports);
        }
        Decision::Ambiguous => return Ok(ambiguous(item, &there, job.match_by)),
        Decision::Differs(at) => {
            let Some(import) = there.get(at).cloned() else {
                return Ok(item);
            };
            let whose = whose(builder, &item, &import, imports)?;
            let on_existing = if whose == Whose::Own { OnExisting::Update } else { job.on_existing };
            let changed = match whose {
                Whose::Edited => Some("somebody changed it since"),
                Whose::MayBeEdited => Some("somebody may have changed it before it was read back"),
                Whose::Own | Whose::Unknown => None,
            };
            if let Some(changed) = changed.filter(|_| on_existing != OnExisting::Update) {
                item.target = Some(import_ref(&import, &item.name));
                let message = format!(
                    "the run made it, and {changed}: left alone; set `on_existing: update` in the job and run it \
                     again to overwrite it"
                );
                return Ok(ended(item, Outcome::Conflict, "edited", message));
            }
            if on_existing == OnExisting::Create {
                let is_clone = job.action == Action::Clone;
                item.operation = if is_clone { clone(&mut item) } else { Operation::Create };
                item.namesakes = ids();
                return stands_apart(builder, item, number, None, imports);
            }
            item.target = Some(import_ref(&import, &item.name));
            if let Some(why) = decided.confirmed.unread.get(&(key, at)) {
                let message = format!("already exists in the target, and {why}: left alone");
                return Ok(ended(item, Outcome::Failed, "unreadable", message));
            }
            if let Some(why) = &import.unreadable {
                return Ok(unreadable(item, why, on_existing));
            }
            let removed = removed(builder, &item, &import);
            let mut found = changes(builder, index, import.span, &removed, decided, imports)?;
            item.changes.clone_from(&found.changes);
            let mut item = exists(builder, item, on_existing, &import, &found);
            if !item.is_work() {
                return Ok(item);
            }
            if let Some(target) = &mut item.target {
                target.sha256 = Some(imports.print_when_read(&builder.print, &import)?);
            }
            // Nothing is written that is not shown.
            item.changes.append(&mut found.ignored);
            return stands_apart(builder, item, number, Some(&import), imports);
        }
    }
    Ok(item)
}

/// What is done with an import that the target has and that differs.
fn exists(
    builder: &PlanBuilder<'_>,
    mut item: PlanItem,
    on_existing: OnExisting,
    import: &TargetImport,
    found: &TargetDifference,
) -> PlanItem {
    let job = builder.with.job;
    let same_name = found.name == item.name;
    match on_existing {
        OnExisting::Update | OnExisting::Create => {
            let goes_back = job.action == Action::Restore && builder.with.goes_home();
            if import.app && !job.select.integration_apps && !goes_back {
                let message = "the import in the target belongs to an Integration App; \
                               `select.integration_apps: true` overwrites it all the same";
                return ended(item, Outcome::Skipped, "integration_app", message);
            }
            if !found.hidden.is_empty() {
                let message = format!(
                    "the import in the target holds secrets that the service shows only masked ({}): \
                     overwriting it would erase them",
                    found.hidden.join(", ")
                );
                return ended(item, Outcome::Conflict, "masked_secret", message);
            }
            item.operation = Operation::Update;
            if let Some(target) = &mut item.target {
                target.modified.clone_from(&found.modified);
            }
            item.clone = None;
            item.adjust = false;
            item
        }
        OnExisting::Skip if !same_name && is_same_name(&found.name, &item.name) => {
            let by = differ_by(&item.name, &found.name);
            let message = format!(
                "the target has \"{}\" ({}), whose name differs by {by} only: rename one of the two, or set \
                 `on_existing: update` to overwrite it",
                found.name, import.id
            );
            ended(item, Outcome::Conflict, "similar_name", message)
        }
        // Redoing an item without changing it would be reported as done.
        OnExisting::Skip if matches!(builder.with.scope, Scope::Retry { .. }) => {
            let message = "already exists in the target and still differs from what is wanted; set \
                           `on_existing: update` in the job and run it again to overwrite it";
            ended(item, Outcome::Conflict, "exists", message)
        }
        OnExisting::Skip => {
            let message =
                "already exists in the target and differs; set `on_existing: update` to overwrite it";
            ended(item, Outcome::Skipped, "exists", message)
        }
        OnExisting::Fail => {
            let message = "already exists in the target and differs, and `on_existing` is `fail`";
            ended(item, Outcome::Failed, "exists", message)
        }
    }
}

/// What an update would change in the import that is there, and the secrets it would erase.
pub(crate) fn changes(
    builder: &mut PlanBuilder<'_>,
    index: usize,
    span: Span,
    removed: &[String],
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<TargetDifference, EngineError> {
    let mut found = match builder.found(index, span)? {
        Some(found) => found,
        None => {
            let there = put_down(&imports.file.read(span)?, imports.file.path())?;
            match builder.wanted_text(index)? {
                Some(text) => TargetDifference::between(&there, &put_down(&text, builder.documents.path())?),
                None => TargetDifference::of(&there),
            }
        }
    };
    let ignore = &builder.print.ignore;
    found.modified = found.modified.filter(|_| !ignore.covers(MODIFIED));
    decided.own.leave_out(&found.adaptor, removed, &mut found.changes);
    (found.ignored, found.changes) =
        found.changes.into_iter().partition(|change| ignore.covers(&change.path));
    Ok(found)
}

/// An import that stands in the target, as an item names it.
pub(crate) fn import_ref(import: &TargetImport, name: &str) -> ImportRef {
    ImportRef { id: import.id.clone(), name: name.to_owned(), sha256: Some(import.print), modified: None }
}

/// An item whose import in the target has no tree: its contents are unknown, so it is never overwritten.
pub(crate) fn unreadable(item: PlanItem, why: &Unreadable, on_existing: OnExisting) -> PlanItem {
    let message = format!("already exists in the target, and the import there cannot be read: {why}");
    match on_existing {
        OnExisting::Skip => ended(item, Outcome::Skipped, "exists", message),
        OnExisting::Fail => ended(item, Outcome::Failed, "exists", message),
        OnExisting::Update | OnExisting::Create => {
            ended(item, Outcome::Conflict, "unreadable", format!("{message}: left alone"))
        }
    }
}

/// An item that several imports of the target could be.
pub(crate) fn ambiguous(item: PlanItem, there: &[TargetImport], match_by: MatchBy) -> PlanItem {
    let all = there.iter().map(|import| import.id.to_string()).collect::<Vec<_>>().join(", ");
    let message = match match_by {
        MatchBy::Name => format!(
            "the target holds several imports called \"{}\" that differ from it ({all}): rename or remove all but one, \
             or use `match: external_id`",
            item.name
        ),
        MatchBy::ExternalId => format!(
            "the target holds several imports with its externalId that differ from it ({all}): give each one of its own, or \
             remove all but one"
        ),
    };
    ended(item, Outcome::Conflict, "ambiguous_target", message)
}

/// The tree of a document that the planner itself stored.
fn put_down(text: &[u8], path: &Path) -> Result<Value, RunFolderError> {
    read_tree(text).map_err(|why| damaged(path, &why))
}
