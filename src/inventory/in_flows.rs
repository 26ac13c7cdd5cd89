//! Whether a list of imports shows all that the account's flows use: what a flow uses is there, whatever a list says.

use std::collections::BTreeSet;

use crate::api::ErrorKind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::cancel::Cancel;
use crate::model::{Id, IdSet};

/// What a list of imports showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListedImports<'a> {
    pub ids: &'a IdSet,
    /// How many it showed.
    pub count: u64,
}

/// Refuses a list of imports that lacks one which is in use and which is there. A token that may not read flows tells
/// nothing.
///
/// # Errors
///
/// [`EngineError::CutShort`], the flows or an import cannot be read, or an interruption.
pub(crate) async fn refuse_short_list(
    account: &Account,
    usage: &FlowUsage,
    listed: ListedImports<'_>,
    cancel: &Cancel,
) -> Result<(), EngineError> {
    match usage.unread_flows() {
        None => {}
        Some(error) if matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound) => return Ok(()),
        Some(error) => return Err(account.failed("list the flows")(error.clone())),
    }
    let missing: BTreeSet<Id> = usage.imports().filter(|id| !listed.ids.contains(id)).cloned().collect();
    let mut hidden = 0;
    read_by_id(account, missing, cancel, |_, read| {
        // One that cannot be read may be there.
        hidden += u32::from(!matches!(read, ReadById::Gone));
        Ok(())
    })
    .await?;
    if hidden == 0 {
        return Ok(());
    }
    Err(EngineError::CutShort { account: account.facts.name.clone(), listed: listed.count })
}
