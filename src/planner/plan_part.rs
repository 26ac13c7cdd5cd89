//! A part of a plan, written as a separate plan with its own numbers, totals and forecast.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::documents::references::Kind;
use crate::inventory::error::EngineError;
use crate::model::ItemKey;
use crate::run_folder::forecast::{Forecast, Outlook, Write};
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::{KindCount, PlanHead, PlanItem, PlanTail};

/// The part of a plan that is kept. It is written beside the plan, and takes its place in the end.
pub(crate) struct PlanPart {
    writer: PlanWriter,
    path: PathBuf,
    totals: BTreeMap<String, u32>,
    others: BTreeMap<Kind, KindCount>,
    /// The new numbers of what is kept.
    numbers: HashMap<ItemKey, ItemKey>,
    writes: Vec<Write>,
}

impl PlanPart {
    /// Begins the part that takes the place of the plan at `place`. `others` are the resources of that plan.
    pub(crate) fn create(place: &Path, head: PlanHead, tail: &PlanTail) -> Result<Self, EngineError> {
        let path = place.with_extension("part");
        let mut others = tail.others.clone();
        others.values_mut().for_each(|others| others.items = 0);
        Ok(Self {
            writer: PlanWriter::create(&path, head)?,
            path,
            totals: BTreeMap::new(),
            others,
            numbers: HashMap::new(),
            writes: Vec::new(),
        })
    }

    /// Keeps an item, under the next number. What it needs was kept before it.
    pub(crate) fn keep(&mut self, mut item: PlanItem) -> Result<(), EngineError> {
        let number = ItemKey(self.len() + 1);
        self.numbers.insert(item.item, number);
        item.item = number;
        item.needs = item.needs.iter().filter_map(|need| self.numbers.get(need).copied()).collect();
        if !item.is_import() {
            self.others.entry(item.kind).or_default().items += 1;
        }
        if item.is_work() {
            self.writes.push(Write::from(&item));
        }
        *self.totals.entry(item.total().to_owned()).or_default() += 1;
        Ok(self.writer.push(&item)?)
    }

    /// How many items were kept.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
    }

    /// Puts the part in the place of the plan. Of `tail` it takes what does not depend on the items.
    pub(crate) fn finish(
        self,
        place: &Path,
        tail: PlanTail,
        outlook: Outlook<'_>,
    ) -> Result<PlanFile, EngineError> {
        let selected = self.len();
        let Self { writer, path, totals, mut others, writes, .. } = self;
        others.retain(|_, others| others.items > 0);
        let forecast = Forecast::of(writes.into_iter(), outlook);
        writer.finish(PlanTail { selected, totals, others, forecast, ..tail })?;
        std::fs::rename(&path, place).map_err(EngineError::file("write", place))?;
        Ok(PlanFile::open(place)?)
    }
}
