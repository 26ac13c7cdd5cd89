//! What a run did, read from its journal, for an undo of it.

use std::collections::HashSet;

use crate::documents::normal::consensus::place;
use crate::inventory::error::EngineError;
use crate::job::Verify;
use crate::journal::ItemStates;
use crate::model::{PackedId, Verdict};
use crate::planner::undo::UndoRequest;
use crate::planner::undo::records::Records;
use crate::planner::undo::touched::Touched;
use crate::run_folder::rows::{Row, rows};

/// Places at which the service keeps something else than it was sent, at most: a run in which they are more tells nothing by them.
const MOST_PLACES: usize = 1000;

/// What the run did, item by item, and the copies that it found; and the places at which the service keeps something else than it
/// was sent.
pub(super) fn all_touched(
    with: &UndoRequest<'_>,
    states: &ItemStates,
    records: &mut Records,
) -> Result<(Vec<Touched>, HashSet<String>), EngineError> {
    let mut services_own = HashSet::new();
    // Exactly: a growing list takes twice as much.
    let (mut touched, mut copies) = (Vec::with_capacity(with.plan.len() as usize), Vec::new());
    rows(with.folder, with.plan, states, |row| {
        let is_recent = is_recent(with, &row);
        if let Some((one, recorded)) = Touched::of(&row, states, is_recent) {
            touched.push(one.now_as(with.made_anew).kept(&recorded, records)?);
        }
        if row.reads_back_as_answered() && services_own.len() < MOST_PLACES {
            services_own.extend(row.differences.iter().map(|pointer| place(pointer)));
        }
        for (one, recorded) in Touched::copies(&row, states, is_recent) {
            copies.push(one.kept(&recorded, records)?);
        }
        Ok(())
    })?;
    if !copies.is_empty() {
        // One may have been found to be an item's own since.
        let own: HashSet<&PackedId> = touched.iter().filter_map(Touched::packed_target).collect();
        copies.retain(|copy: &Touched| copy.packed_target().is_some_and(|id| !own.contains(id)));
    }
    touched.extend(copies);
    Ok((touched, services_own))
}

/// Whether a read may still be behind what the run did to an item. Clocks jump and differ: by their word a read is trusted
/// only where the run saw by a read of its own what it had done.
fn is_recent(with: &UndoRequest<'_>, row: &Row) -> bool {
    let was_read_back =
        with.plan.head().settings.verify == Verify::Full && row.verdict != Verdict::NotChecked;
    let grace = jiff::SignedDuration::try_from(with.grace_period).unwrap_or(jiff::SignedDuration::MAX);
    !was_read_back || row.finished_at.is_none_or(|at| with.now.duration_since(at) < grace)
}
