//! The names that the imports of a run will have. If several have the same name, and the job set it for any of them,
//! this is reported.

use crate::documents::name::name_key;
use crate::model::Outcome;
use crate::planner::request::PlannerRequest;
use crate::planner::wanted_keys::Keys;
use crate::run_folder::plan_item::PlanItem;

/// Hashes of names; the last bit says whether the job gave it.
#[derive(Debug, Default)]
pub(crate) struct GivenNames {
    all: Vec<u64>,
}

impl GivenNames {
    /// Allocated for this many items: a growing list would take twice as much.
    pub(crate) fn reserve(&mut self, items: usize, with: &PlannerRequest<'_>) {
        if gives_names(with) {
            self.all.reserve_exact(items);
        }
    }

    /// Records the name that an item will have, and the one that it had.
    pub(crate) fn take(&mut self, name: &str, before: &str, keys: &Keys, with: &PlannerRequest<'_>) {
        if gives_names(with) {
            let is_given = with.job.makes_copies() || name != before;
            self.all.push(keys.of(&name_key(name)) & !1 | u64::from(is_given));
        }
    }

    /// To be called once, when all names are there.
    pub(crate) fn sort(&mut self) {
        self.all.sort_unstable();
    }

    /// Adds a note that other imports of the run will have the item's name too.
    pub(crate) fn warn(&self, item: &mut PlanItem, keys: &Keys) {
        if self.all.is_empty() || !item.is_work() && item.outcome != Some(Outcome::Unchanged) {
            return;
        }
        let name = keys.of(&name_key(&item.name)) & !1;
        let from = self.all.partition_point(|known| *known < name);
        let count = self.all[from..].iter().take_while(|known| **known <= name | 1).count();
        // In their order, the last one says whether the job gave it to any.
        if count >= 2 && self.all[from + count - 1] & 1 == 1 {
            item.warnings.push(format!("{count} imports of this run would be called \"{}\"", item.name));
        }
    }
}

/// Whether an import may get a name that it did not have. Elsewhere names are not kept: there may be very many.
fn gives_names(with: &PlannerRequest<'_>) -> bool {
    with.job.makes_copies() || !with.job.program.is_empty()
}
