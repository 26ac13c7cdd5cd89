//! Finds the import of the target that an earlier run created for an item, or was going to overwrite for it: a retry
//! updates it.

use std::collections::HashMap;

use crate::inventory::error::EngineError;
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::{Id, ItemKey};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::{TargetImport, TargetIndex};
use crate::planner::wanted_keys::id_key;
use crate::run_folder::plan_item::PlanItem;

/// Reads the imports of which an earlier run says that they are an item's, where the list did not show them: a list may
/// lag, and to conclude from it that one is gone would make a second one. Gives the items whose import cannot be read, and why.
pub(crate) async fn read_own(
    builder: &PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
) -> Result<HashMap<u32, String>, EngineError> {
    let mut unread = HashMap::new();
    let Some(own) = builder.with.own() else {
        return Ok(unread);
    };
    let index_of = |id: &Id| builder.ids.get(id).copied();
    let is_missing = |id: &Id| index_of(id).is_some_and(|index| !imports.by_id.contains(ItemKey(index)));
    let missing: Vec<Id> = own.values().map(|own| own.id.clone()).filter(is_missing).collect();
    read_by_id(builder.with.target, missing, builder.with.context.cancel, |id, read| {
        let Some(index) = index_of(&id) else { return Ok(()) };
        match read {
            ReadById::Found(document) => {
                let import = imports.keep(&builder.print, &document.head, &document.text)?;
                imports.by_key.insert(id_key(index), import);
                imports.by_id.insert(ItemKey(index));
            }
            ReadById::Gone => {}
            ReadById::Unreadable(why) => drop(unread.insert(index, format!("{id} is its own, and {why}"))),
        }
        Ok(())
    })
    .await?;
    Ok(unread)
}

/// Whose an import of the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// That is decided by its name and content.
    Unknown,
    /// The item's own, as the earlier run left it.
    Own,
    /// The item's own, and somebody changed it since.
    Edited,
    /// The item's own, and somebody may have changed it before it was read back.
    MayBeEdited,
}

/// Whether an import of the target is known to be an item's.
pub(crate) fn whose(
    builder: &PlanBuilder<'_>,
    item: &PlanItem,
    import: &TargetImport,
    imports: &mut TargetIndex<'_>,
) -> Result<Whose, EngineError> {
    let source = item.source.as_ref().map(|source| &source.id);
    let Some(own) = builder.with.own().zip(source).and_then(|(own, id)| own.get(id)) else {
        return Ok(Whose::Unknown);
    };
    if own.id != import.id {
        return Ok(Whose::Unknown);
    }
    if let Some(left) = own.left
        && left != imports.print_when_read(&builder.print, import)?
    {
        return Ok(Whose::Edited);
    }
    Ok(if own.may_be_edited { Whose::MayBeEdited } else { Whose::Own })
}
