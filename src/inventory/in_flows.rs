//! Whether a list of imports shows all that the account's flows use: what a flow uses is there, whatever a list says.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::ErrorKind;
use crate::inventory::each_user::{Unread, each_user};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::used_imports;
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::cancel::Cancel;
use crate::model::{Head, Id};
use crate::run_folder::import_users::UserKind;

/// Refuses a list of imports that lacks one which a flow uses and which is there. A token that may not read flows tells
/// nothing. `is_listed` says whether the list shows an import, `listed` how many it shows.
///
/// # Errors
///
/// [`EngineError::CutShort`], the account cannot be read, or an interruption.
pub(crate) async fn refuse_short_list(
    account: &Account,
    is_listed: impl Fn(&Id) -> bool,
    listed: u64,
    cancel: &Cancel,
) -> Result<(), EngineError> {
    let mut used_by_flows: BTreeSet<Id> = BTreeSet::new();
    let mut take = |_: &Head, text: &RawValue| {
        let Ok(flow) = serde_json::from_str::<Value>(text.get()) else { return };
        let mut used = BTreeSet::new();
        used_imports(&flow, &mut used);
        used_by_flows.extend(used.into_iter().map(Id::from));
    };
    match each_user(account, UserKind::Flow, cancel, &mut take).await {
        Ok(()) => {}
        Err(Unread::Interrupted) => return Err(EngineError::Interrupted),
        Err(Unread::Api(error)) if matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound) => {
            return Ok(());
        }
        Err(Unread::Api(error)) => return Err(account.failed("list the flows")(error)),
    }
    let missing: BTreeSet<Id> = used_by_flows.into_iter().filter(|id| !is_listed(id)).collect();
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
    Err(EngineError::CutShort { account: account.facts.name.clone(), listed })
}
