//! Which flows, APIs and tools use some imports, told by name: for what is put back and gets a new id.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::api::{ErrorKind, ListRequest};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::used_imports;
use crate::inventory::list_scan::PAGE;
use crate::model::Id;
use crate::model::cancel::Cancel;

/// What uses some imports of an account.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// By import: `flow "Orders" (5f7c…)`.
    pub by_import: BTreeMap<Id, Vec<String>>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

impl Users {
    /// Reads the flows, APIs and tools of an account. A list that the service refuses is named, and the rest is read.
    pub(crate) async fn read(
        account: &Account,
        imports: &HashSet<Id>,
        cancel: &Cancel,
    ) -> Result<Self, EngineError> {
        let mut users = Self::default();
        for (list, one) in [("flows", "flow"), ("apis", "API"), ("tools", "tool")] {
            // An instance of an abstract flow is on the list only if it is asked for.
            let instances = (list == "flows").then(|| ("includeInstances", "true".to_owned()));
            let filters = instances.into_iter().collect();
            let request = ListRequest { path: list.to_owned(), limit: PAGE, include: Vec::new(), filters };
            let pages = account.client.pages(request);
            pin_mut!(pages);
            loop {
                let page = tokio::select! {
                    page = pages.next() => page,
                    () = cancel.draining() => return Err(EngineError::Interrupted),
                };
                match page {
                    None => break,
                    Some(Ok(page)) => {
                        page.documents.iter().for_each(|text| users.take(one, text.get(), imports));
                    }
                    Some(Err(error)) if error.kind == ErrorKind::Unauthorized => {
                        return Err(account.failed(&format!("list the {list}"))(error));
                    }
                    // An account without the licence for APIs or tools has none of them.
                    Some(Err(error))
                        if list != "flows" && error.status.is_some_and(|status| status < 500) =>
                    {
                        break;
                    }
                    Some(Err(error)) => {
                        let account = &account.facts.name;
                        users.unread.push(format!("the {list} of `{account}` could not be read ({error})"));
                        break;
                    }
                }
            }
        }
        Ok(users)
    }

    fn take(&mut self, one: &str, text: &str, imports: &HashSet<Id>) {
        let Ok(document) = serde_json::from_str::<Value>(text) else { return };
        let field = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut used = BTreeSet::new();
        used_imports(&document, &mut used);
        for id in used.into_iter().map(Id::from).filter(|id| imports.contains(id)) {
            let user = format!("{one} \"{}\" ({})", field("name"), field("_id"));
            self.by_import.entry(id).or_default().push(user);
        }
    }
}
