//! Which import of the target an earlier run made of an item, or was to overwrite for it: a retry updates that one.

use futures::{StreamExt, pin_mut};

use crate::api::ErrorKind;
use crate::documents::references::Kind;
use crate::inventory::error::EngineError;
use crate::model::{Id, ItemKey};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::{TargetImport, TargetImports};
use crate::planner::wanted_keys::id_key;
use crate::run_folder::plan_item::PlanItem;

/// Reads in flight at once; the account's own budget holds them back further.
const AT_ONCE: usize = 64;

/// Reads the imports of which an earlier run says that they are an item's, where the list did not show them: a list may
/// lag, and to conclude from it that one is gone would make a second one.
pub(crate) async fn read_own(
    builder: &PlanBuilder<'_>,
    imports: &mut TargetImports<'_>,
) -> Result<(), EngineError> {
    let Some(own) = builder.with.own() else {
        return Ok(());
    };
    let target = builder.with.target;
    let missing: Vec<(Id, u32)> = own
        .values()
        .filter_map(|own| Some((own.id.clone(), *builder.ids.get(&own.id)?)))
        .filter(|(_, index)| !imports.by_id.contains(ItemKey(*index)))
        .collect();
    let answers = futures::stream::iter(missing)
        .map(|(id, index)| async move { (index, target.client.get(Kind::Imports.as_str(), &id).await) })
        .buffer_unordered(AT_ONCE);
    pin_mut!(answers);
    while let Some((index, answer)) = answers.next().await {
        match answer {
            Ok(document) => {
                let import = imports.keep(&builder.print, &document.head, &document.text)?;
                imports.by_key.insert(id_key(index), import);
                imports.by_id.insert(ItemKey(index));
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(target.failed("read an import")(error)),
        }
    }
    Ok(())
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
    imports: &mut TargetImports<'_>,
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
