//! What a mirror deletes, before everything else that a plan says.

use std::io::{self, Write};

use super::{Detail, PlanViewOptions};
use crate::report::text::{Paint, Tone, clean, count, short_id};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// Imports that are named, unless all are asked for.
const SHOWN: usize = 10;

/// Name and short id of what is deleted because the source no longer has it: of as many as are named.
#[derive(Debug, Default)]
pub(super) struct Deletions(Vec<(String, String)>);

impl Deletions {
    /// Takes an item of the plan.
    pub(super) fn take(&mut self, item: &PlanItem, options: &PlanViewOptions<'_>) {
        if item.is_deletion() && (self.0.len() < SHOWN || options.detail == Detail::All) {
            let id = item.target.as_ref().map(|target| short_id(target.id.as_str())).unwrap_or_default();
            self.0.push((clean(&item.name), id));
        }
    }

    /// Writes their names below a title, and how many more there are; nothing where nothing is deleted.
    pub(super) fn write(
        &self,
        plan: &PlanFile,
        options: &PlanViewOptions<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let all = plan.tail().deletions;
        if all == 0 {
            return Ok(());
        }
        let paint = Paint { color: options.color };
        let (source, target) = (clean(&plan.head().source.name), clean(&plan.head().target.name));
        let title = format!("To be deleted in {target}, because {source} no longer has it");
        writeln!(out, "{}", paint.tone(Tone::Bad, title))?;
        for (name, id) in &self.0 {
            writeln!(out, "  - {name}  {}", paint.tone(Tone::Dim, id))?;
        }
        let more = u64::from(all).saturating_sub(self.0.len() as u64);
        if more > 0 {
            writeln!(out, "  … and {}: --all", count(more, "other", "others"))?;
        }
        writeln!(out)
    }
}
