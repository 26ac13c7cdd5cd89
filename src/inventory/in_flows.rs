//! Whether a list of imports shows all that the account's flows use: what a flow uses is there, whatever a list says.

use std::collections::BTreeSet;

use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::api::{ErrorKind, ListRequest};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::used_imports;
use crate::inventory::list_scan::PAGE;
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::Id;
use crate::model::cancel::Cancel;

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
    let request =
        ListRequest { path: "flows".to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
    let pages = account.client.pages(request);
    pin_mut!(pages);
    let mut missing: BTreeSet<Id> = BTreeSet::new();
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = cancel.draining() => return Err(EngineError::Interrupted),
        };
        let page = match page {
            None => break,
            Some(Ok(page)) => page,
            Some(Err(error)) if matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound) => {
                return Ok(());
            }
            Some(Err(error)) => return Err(account.failed("list the flows")(error)),
        };
        for text in page.documents {
            let Ok(flow) = serde_json::from_str::<Value>(text.get()) else { continue };
            let mut used = BTreeSet::new();
            used_imports(&flow, &mut used);
            missing.extend(used.into_iter().map(Id::from).filter(|id| !is_listed(id)));
        }
    }
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
