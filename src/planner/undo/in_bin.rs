//! Asks the recycle bin for what the undo brings back.

use crate::inventory::error::EngineError;
use crate::planner::recycle_bin::RecycleBin;
use crate::planner::undo::UndoRequest;
use crate::planner::undo::standings::{Now, Standings};
use crate::planner::undo::touched::{Did, Touched};

/// Asks for everything that the run removed and that is still gone.
///
/// # Errors
///
/// A file of the run cannot be read, the token is refused, the service is away, or it was interrupted.
pub(super) async fn in_bin(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    standings: &Standings,
) -> Result<RecycleBin, EngineError> {
    let is_gone = |at: usize| matches!(standings.now(at), Now::Gone);
    let removed = touched.iter().enumerate().filter(|(at, one)| one.did == Did::Removed && is_gone(*at));
    // It comes back under its own id, whatever an earlier undo made in its stead.
    let ids = removed.filter_map(|(_, one)| {
        let own = with.plan.item(one.item).ok().and_then(|item| item.target).map(|own| own.id);
        Some((one.kind.as_str(), own.or_else(|| one.target())?))
    });
    RecycleBin::ask(with.target, ids, with.cancel).await
}
