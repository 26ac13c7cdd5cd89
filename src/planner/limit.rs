//! `--limit`: a plan that is cut off after a number of imports that would be written.

use std::collections::HashSet;

use crate::inventory::error::EngineError;
use crate::model::{Action, ItemKey, Operation};
use crate::planner::plan_part::PlanPart;
use crate::run_folder::forecast::Outlook;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{PlanItem, PlanTail};

/// Cuts a plan off behind the import that is the last of `limit` to be written. What comes before and is not written
/// stays; what only later imports need goes with them. A comparison writes nothing: there every import counts.
///
/// # Errors
///
/// The plan cannot be read or written.
pub fn limit(plan: PlanFile, limit: u32, outlook: Outlook) -> Result<PlanFile, EngineError> {
    let counts_all = plan.head().action == Action::Compare;
    let counts = |item: &PlanItem| item.is_import() && (counts_all || item.is_work());
    let (mut kept, mut last, mut whole) = (0_u32, None, 0_u32);
    for item in plan.items() {
        let item = item?;
        if counts(&item) {
            whole += 1;
            if kept < limit {
                kept += 1;
                last = Some(item.item);
            }
        }
    }
    if whole <= limit {
        return Ok(plan);
    }
    let is_kept = |item: &PlanItem, needed: &HashSet<ItemKey>| {
        let is_before_end = |item: &ItemKey| last.is_some_and(|last| *item <= last);
        if item.is_import() {
            is_before_end(&item.item)
        } else if item.operation == Operation::Update {
            // What uses imports is pointed to all of them at once.
            item.needs.iter().all(is_before_end)
        } else {
            needed.contains(&item.item)
        }
    };
    let needed = needed(&plan, |item| item.is_import() && is_kept(item, &HashSet::new()))?;
    let place = plan.path().to_owned();
    let mut part = PlanPart::create(&place, plan.head().clone(), plan.tail())?;
    let mut unpointed = 0_u32;
    for item in plan.items() {
        let item = item?;
        if is_kept(&item, &needed) {
            part.keep(item)?;
        } else {
            unpointed += u32::from(!item.is_import() && item.operation == Operation::Update);
        }
    }
    let mut notes = plan.tail().notes.clone();
    let what = if counts_all { "compared" } else { "written" };
    notes.push(format!("--limit {limit}: the first {kept} of {whole} imports that would be {what}"));
    if unpointed > 0 {
        notes.push(format!(
            "{unpointed} of the flows, APIs and tools use imports behind the limit: they are not pointed to new ids"
        ));
    }
    let tail = PlanTail { notes, ..plan.tail().clone() };
    part.finish(&place, tail, outlook)
}

/// The items that kept imports need, and that those need in turn.
fn needed(plan: &PlanFile, is_kept: impl Fn(&PlanItem) -> bool) -> Result<HashSet<ItemKey>, EngineError> {
    let mut needed = HashSet::new();
    let mut open = Vec::new();
    for item in plan.items() {
        let item = item?;
        if is_kept(&item) {
            open.extend(item.needs);
        }
    }
    while let Some(key) = open.pop() {
        if needed.insert(key) {
            open.extend(plan.item(key)?.needs);
        }
    }
    Ok(needed)
}
