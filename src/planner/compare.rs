//! Describes differences for a comparison. Imports are paired as for migrate.

use crate::documents::document::read_tree;
use crate::documents::normal::masks;
use crate::inventory::error::EngineError;
use crate::inventory::offline_api::damage_in;
use crate::model::{ItemKey, Outcome, Verdict};
use crate::planner::apply_decision::{ambiguous, changes, import_ref};
use crate::planner::decide::Decision;
use crate::planner::items::ended;
use crate::planner::likeness::removed;
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::TargetIndex;
use crate::run_folder::document_file::stored_document;
use crate::run_folder::plan_item::{DIFFERS, ONLY_IN_SOURCE, PlanItem};

/// Places named in the message of an import that differs.
const MOST_PLACES: usize = 5;

/// Describes how an item compares with the other side.
pub(crate) fn compare_item(
    builder: &mut PlanBuilder<'_>,
    mut item: PlanItem,
    index: usize,
    decided: &Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<PlanItem, EngineError> {
    // What the transformation changed is not what the two sides differ in.
    let removed = removed(&std::mem::take(&mut item.changes));
    let with = builder.with;
    let alone = |item| {
        let message =
            format!("only `{}` has it, `{}` does not", with.source.facts.name, with.target.facts.name);
        ended(item, Outcome::Skipped, ONLY_IN_SOURCE, message)
    };
    let decision = decided.by_item.get(u32::try_from(index).unwrap_or(u32::MAX));
    let Some((decision, key)) = decision else {
        return Ok(alone(item));
    };
    let there = imports.of(key)?;
    let (at, verdict) = match decision {
        Decision::Create => return Ok(alone(item)),
        Decision::Ambiguous => return Ok(ambiguous(item, &there, builder.with.job.match_by)),
        Decision::Unchanged(at) => (at, builder.stored_items[index].verdict),
        Decision::Differs(at) => (at, Verdict::Differs),
    };
    let Some(import) = there.get(at).cloned() else {
        return Ok(item);
    };
    item.target = Some(import_ref(&import, &item.name));
    if let Some(why) = &import.unreadable {
        let message = format!("the import in `{}` cannot be read: {why}", with.target.facts.name);
        return Ok(ended(item, Outcome::Conflict, "unreadable", message));
    }
    if verdict != Verdict::Equal
        && let Some(damage) = damage_in(&imports.file.read(import.span)?)
    {
        let message = format!("its backup cannot be read: {damage}");
        item.verdict = Some(Verdict::NotChecked);
        return Ok(ended(item, Outcome::Failed, "damaged", message));
    }
    if verdict != Verdict::Equal {
        item.changes = changes(builder, index, import.span, &removed, decided, imports)?.changes;
    }
    let differed = !item.changes.is_empty();
    leave_out_masked(builder, &mut item, index)?;
    // What only one side has and shows masked is not known to differ: a migration leaves it out too.
    let verdict = if differed && item.changes.is_empty() { Verdict::EqualWithDefaults } else { verdict };
    item.verdict = Some(verdict);
    if verdict != Verdict::Differs {
        item.outcome = Some(Outcome::Unchanged);
        return Ok(item);
    }
    let mut places: Vec<&str> =
        item.changes.iter().take(MOST_PLACES).map(|change| change.path.as_str()).collect();
    if item.changes.len() > MOST_PLACES {
        places.push("...");
    }
    let message = format!("the two differ at {}", places.join(", "));
    Ok(ended(item, Outcome::Skipped, DIFFERS, message))
}

/// Removes from the differences what this side shows only masked: it is reported as not compared.
fn leave_out_masked(
    builder: &mut PlanBuilder<'_>,
    item: &mut PlanItem,
    index: usize,
) -> Result<(), EngineError> {
    if item.changes.is_empty() {
        return Ok(());
    }
    let text = builder.wanted_text(index)?;
    let hidden = text.and_then(|text| read_tree(&text).ok()).map(|tree| masks(&tree)).unwrap_or_default();
    item.changes.retain(|change| !hidden.contains(&change.path));
    Ok(())
}

/// Puts down what only the target has, also what bears a key that fewer items want.
pub(crate) fn take_others(
    builder: &mut PlanBuilder<'_>,
    decided: &mut Decided,
    imports: &mut TargetIndex<'_>,
) -> Result<(), EngineError> {
    let Some(target_only) = &mut imports.target_only else {
        return Ok(());
    };
    for import in std::mem::take(&mut decided.left) {
        let text = imports.file.read(import.span)?;
        let document = stored_document(text, imports.file.path())?;
        target_only.keep(document.head(), document.text(), None)?;
    }
    for mut item in target_only.items()? {
        item.item = ItemKey(u32::try_from(builder.stored_items.len() + 1).unwrap_or(u32::MAX));
        builder.put_down(&item)?;
    }
    Ok(())
}
