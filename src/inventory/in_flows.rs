//! Checks that a list of imports has all the imports that the account's flows use: those must exist, whatever the list
//! shows.

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
    /// How many imports it showed.
    pub count: u64,
}

/// Refuses a list of imports that lacks an import which is in use and still exists. If the token may not read flows,
/// nothing is checked.
///
/// # Errors
///
/// [`EngineError::CutShort`], the flows or an import cannot be read, or the run is interrupted.
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
        // An import that cannot be read may exist.
        hidden += u32::from(!matches!(read, ReadById::Gone));
        Ok(())
    })
    .await?;
    if hidden == 0 {
        return Ok(());
    }
    Err(EngineError::CutShort { account: account.facts.name.clone(), listed: listed.count })
}
