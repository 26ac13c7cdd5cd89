//! What a selection sees, without doing anything with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::resource_index::{self, ResourceNames};
use crate::inventory::select::{Mind, SelectRequest, select};
use crate::job::Selection;
use crate::model::Head;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::run_folder::document_file::spooled_document;

/// An import a selection sees.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The import's id, name and what else a list shows of it.
    pub head: Head,
    /// Name of its connection, where it has one that is known.
    pub connection_name: Option<String>,
    /// Name of its integration, where it has one that is known.
    pub integration_name: Option<String>,
}

/// Lists what a selection sees in an account, in the service's order. `folder` is for documents in passing.
///
/// # Errors
///
/// A list that cannot be read or trusted.
///
/// # Cancel safety
///
/// Dropping the future is safe: the account is only read. Files of documents may be left in `folder`.
pub async fn inventory(
    account: &Account,
    selection: &Selection,
    folder: &Path,
    cancel: &Cancel,
    events: &Events,
) -> Result<Vec<Listed>, EngineError> {
    let mut directory = ResourceIndex::default();
    let kinds = BTreeSet::from([Kind::Connections, Kind::Integrations]);
    resource_index::fill(account, &mut directory, &kinds).await?;
    let known = &directory;
    let lists = UserLists::asked_by(selection.selector.spec());
    let usage = &Arc::new(FlowUsage::read(account, lists, cancel).await?);
    usage.complete(account, lists)?;
    let request =
        SelectRequest { account, selection, known, usage, mind: Mind::Nothing, folder, cancel, events };
    let mut picks = select(request).await?;
    let names = ResourceNames::of(&directory);
    let mut listed = Vec::with_capacity(picks.items.len());
    for pick in picks.items.iter() {
        let text = picks.spool.read(pick.slot())?;
        let head = spooled_document(text, folder)?.head().clone();
        listed.push(Listed {
            connection_name: names.name(Kind::Connections, head.connection.as_ref()).map(str::to_owned),
            integration_name: names.name(Kind::Integrations, head.integration.as_ref()).map(str::to_owned),
            head,
        });
    }
    Ok(listed)
}
