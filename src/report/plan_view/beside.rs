//! What is made or changed beside the imports of a plan, by kind.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::words::sign;
use crate::model::Operation;
use crate::report::text::{NARROWEST, Paint, Tone, clean, counted, cut};
use crate::run_folder::plan_item::PlanItem;

/// Documents that are named of each kind.
const NAMED: usize = 3;

/// What is done to documents that are no imports, as the items of a plan pass by.
#[derive(Debug, Default)]
pub(super) struct Beside(BTreeMap<(&'static str, &'static str), (u32, Vec<String>)>);

impl Beside {
    /// Counts an item.
    pub(super) fn take(&mut self, item: &PlanItem) {
        if item.is_import() || item.operation == Operation::None || item.outcome.is_some() {
            return;
        }
        let (_, _, word) = sign(item);
        let (many, names) = self.0.entry((word, item.noun())).or_default();
        *many += 1;
        if names.len() < NAMED {
            names.push(clean(&item.name));
        }
    }

    /// Writes a line for each kind, and a blank line.
    pub(super) fn write(&self, paint: Paint, width: usize, out: &mut dyn Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", paint.tone(Tone::Strong, "Beside the imports"))?;
        for ((word, noun), (many, names)) in &self.0 {
            let more = if *many as usize > names.len() { ", …" } else { "" };
            let line = format!("  {word:<8} {}: {}{more}", counted(*many, noun), names.join(", "));
            writeln!(out, "{}", cut(&line, width.max(NARROWEST)))?;
        }
        writeln!(out)
    }
}
