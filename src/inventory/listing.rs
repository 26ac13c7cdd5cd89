//! What a selection sees, without doing anything with it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::documents::references::{Kind, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::resource_index;
use crate::inventory::select::{SelectRequest, select};
use crate::job::Selection;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::{Head, Id};
use crate::run_folder::document_file::read_document;

/// An import a selection sees.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The import's id, name and what else a list shows of it.
    pub head: Head,
    /// Name of its connection.
    pub connection_name: Option<String>,
    /// Name of its integration.
    pub integration_name: Option<String>,
}

/// Lists what a selection sees in an account, in the service's order. `folder` is for documents in passing.
///
/// # Errors
///
/// A list that cannot be read or trusted.
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
    let request = SelectRequest { account, selection, known, mind: None, folder, cancel, events };
    let mut picks = select(request).await?;
    let names: HashMap<(Kind, Id), String> = directory
        .kinds
        .into_iter()
        .flat_map(|(kind, list)| list.into_iter().map(move |r| ((kind, r.id), r.name)))
        .collect();
    let name = |kind: Kind, id: &Option<Id>| id.clone().and_then(|id| names.get(&(kind, id)).cloned());
    let mut listed = Vec::with_capacity(picks.items.len());
    for pick in &picks.items {
        let text = picks.spool.read(pick.slot)?;
        let head = read_document(text, folder)?.head().clone();
        listed.push(Listed {
            connection_name: name(Kind::Connections, &head.connection),
            integration_name: name(Kind::Integrations, &head.integration),
            head,
        });
    }
    Ok(listed)
}
