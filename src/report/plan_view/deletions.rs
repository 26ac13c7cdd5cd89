//! What a mirror deletes, before everything else that a plan says.

use std::io::Write;

use super::{Detail, PlanViewOptions};
use crate::report::text::{Paint, Tone, clean, count, short_id};
use crate::report::to_output;
use crate::run_folder::RunFolderError;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// Imports that are named, unless all are asked for.
const SHOWN: usize = 10;

/// Names what is deleted because the source no longer has it.
pub(super) fn deletions(
    plan: &PlanFile,
    options: &PlanViewOptions<'_>,
    out: &mut dyn Write,
) -> Result<(), RunFolderError> {
    let all = plan.tail().deletions;
    if all == 0 {
        return Ok(());
    }
    let paint = Paint { color: options.color };
    let (source, target) = (clean(&plan.head().source.name), clean(&plan.head().target.name));
    let title = format!("To be deleted in {target}, because {source} no longer has it");
    writeln!(out, "{}", paint.tone(Tone::Bad, title)).map_err(to_output)?;
    let shown = if options.detail == Detail::All { usize::MAX } else { SHOWN };
    let is_deletion = |item: &Result<PlanItem, _>| item.as_ref().map_or(true, PlanItem::is_deletion);
    for item in plan.items().filter(is_deletion).take(shown) {
        let item = item?;
        let id = item.target.as_ref().map(|target| short_id(target.id.as_str())).unwrap_or_default();
        writeln!(out, "  - {}  {}", clean(&item.name), paint.tone(Tone::Dim, id)).map_err(to_output)?;
    }
    let more = u64::from(all).saturating_sub(shown as u64);
    if more > 0 {
        writeln!(out, "  … and {}: --all", count(more, "other", "others")).map_err(to_output)?;
    }
    writeln!(out).map_err(to_output)
}
