//! Checks the recycle bin for what the undo restores.

use crate::inventory::error::EngineError;
use crate::planner::recycle_bin::{ComesBack, RecycleBin};
use crate::planner::undo::UndoRequest;
use crate::planner::undo::target_states::{Now, TargetStates};
use crate::planner::undo::touched::{Did, Touched};
use crate::run_folder::RunFolderError;

/// Asks for everything that the run removed and that is still gone.
///
/// # Errors
///
/// A file of the run cannot be read, the token is refused, the service is away, or it was interrupted.
pub(super) async fn in_bin(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    target_states: &TargetStates,
) -> Result<RecycleBin, EngineError> {
    let is_gone = |at: usize| matches!(target_states.now(at), Now::Gone);
    let removed = touched.iter().enumerate().filter(|(at, one)| one.did == Did::Removed && is_gone(*at));
    let mut all = ComesBack::default();
    for (_, one) in removed {
        all.push(|| {
            // It comes back under its own id, whatever an earlier undo made in its stead.
            let own = with.plan.item(one.item)?.target.map(|own| own.id);
            let id = own.or_else(|| one.target());
            Ok::<_, RunFolderError>(id.map(|id| (one.kind.as_str(), id)))
        })?;
    }
    RecycleBin::ask(with.target, all, with.cancel).await
}
