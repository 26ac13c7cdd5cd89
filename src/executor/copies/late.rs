//! Finds copies that appeared after a run was over: a gateway held back a create, which took effect later than any
//! grace period. The next command that works on the run looks for them.

use std::collections::HashSet;

use crate::documents::normal::Ignore;
use crate::documents::pointer::Pointer;
use crate::documents::references::Kind;
use crate::executor::copies::look::{Beside, Stranger, makes_imports};
use crate::executor::lookup::Before;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::journal::{Copy, ItemStates};
use crate::model::{Id, IdSet, ItemKey};
use crate::run_folder::dependency_items::DependencyItems;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::known_ids::KnownIds;
use crate::run_folder::other_runs::{OtherRuns, deeds_since};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::texts_in_order::TextsInOrder;

/// What the search for late copies works with.
#[derive(Debug, Clone, Copy)]
pub struct LateLook<'a> {
    /// The plan of the run.
    pub plan: &'a PlanFile,
    /// The folder of the run.
    pub folder: &'a RunFolder,
    /// The states of its items.
    pub states: &'a ItemStates,
    /// The account it wrote to.
    pub target: &'a Account,
    /// The runs beside it.
    pub other_runs: &'a dyn OtherRuns,
}

/// Looks once at the imports in the target of a finished run, and returns those that were not there when the run was
/// planned, that none of its items has, that no other run in the folder of runs made, and that have the name of an
/// item. Nothing is written or recorded.
///
/// Returns nothing for a run whose `known.ids` is missing or was changed, or for an account that shows nothing that
/// the run saw or made: it may be another account.
///
/// # Errors
///
/// The list cannot be read, or a file of the run.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind.
pub async fn late_copies(with: LateLook<'_>) -> Result<Vec<Copy>, EngineError> {
    let LateLook { plan, folder, states, target, other_runs } = with;
    let Some(sha256) = plan.tail().known_sha256.filter(|_| makes_imports(plan)) else {
        return Ok(Vec::new());
    };
    // A run folder without the file can be used all the same; only late copies cannot be found then.
    let Ok(known) = KnownIds::read(&folder.known_ids(), sha256) else { return Ok(Vec::new()) };
    let (others, before) = (DependencyItems::of(plan)?, Before::new(plan, Some(&known)));
    let ignore = Ignore::new(plan.head().settings.ignore.iter().map(Pointer::as_str));
    let wanted = TextsInOrder::open(&folder.wanted()).ok();
    let imports =
        (1..).map(ItemKey).zip(states.states()).filter(|(key, _)| others.kind(*key) == Kind::Imports);
    let mut owned: IdSet = imports.filter_map(|(_, state)| Some((state.target()?.clone(), ()))).collect();
    states.found().for_each(|(_, id)| _ = owned.insert(id, ()));
    let of_item = |item: ItemKey| others.id_of(item, states);
    let may_have_acted = |item: ItemKey| states.may_have_acted(item);
    let beside = Beside {
        plan,
        others: &others,
        before: &before,
        ignore: &ignore,
        wanted: wanted.as_ref(),
        target,
        of_item: &of_item,
        may_have_acted: &may_have_acted,
        owned,
        // Whether the list lacks anything is not asked.
        deleted: IdSet::default(),
    };
    let shown = beside.look().await?;
    let mut strangers = if shown.is_familiar { shown.strangers } else { Vec::new() };
    leave_to_other_runs(plan, other_runs, &mut strangers).await;
    let mut copies: Vec<Copy> = Vec::new();
    for stranger in strangers {
        copies.extend(beside.inspect(&stranger).await?);
    }
    Ok(copies)
}

/// Leaves out what another run made: it is named, and undone, with that run.
pub(super) async fn leave_to_other_runs(
    plan: &PlanFile,
    other_runs: &dyn OtherRuns,
    strangers: &mut Vec<Stranger>,
) {
    let sought: HashSet<Id> = strangers.iter().map(|stranger| stranger.id.clone()).collect();
    let deeds = deeds_since(other_runs, plan, sought).await;
    strangers.retain(|stranger| !deeds.iter().any(|deed| deed.id == stranger.id));
}
