//! Which flows, APIs and tools use which imports: what `select.flows` and `select.integrations` go by.
//!
//! An import does not say which flows use it, and only those of Integration Apps name an integration. Flows, APIs and
//! tools own the integration, and name the imports in their steps.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::{StreamExt, pin_mut};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::{ApiError, ErrorKind, ListRequest};
use crate::documents::SelectorSpec;
use crate::documents::name::is_same_name;
use crate::documents::references::{Kind, Resource, ResourceIndex};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::PAGE;
use crate::model::cancel::Cancel;
use crate::model::{Head, Id};

/// What uses the imports of an account, as far as a selection asks for it.
#[derive(Debug, Default)]
pub(crate) struct FlowUsage {
    by_import: HashMap<Id, UsedBy>,
    /// The flows of the account; empty if no selection names one.
    pub flows: Vec<Resource>,
}

/// What uses an import: ids and names, of what the selection names only.
#[derive(Debug, Default)]
pub(crate) struct UsedBy {
    pub flows: Vec<String>,
    pub integrations: Vec<String>,
}

static NOTHING: UsedBy = UsedBy { flows: Vec::new(), integrations: Vec::new() };

impl FlowUsage {
    /// Reads what a selection asks for; nothing if it names neither flows nor integrations. `known` holds the account's
    /// integrations.
    pub(crate) async fn read(
        account: &Account,
        spec: &SelectorSpec,
        known: &ResourceIndex,
        cancel: &Cancel,
    ) -> Result<Self, EngineError> {
        let mut usage = Self::default();
        let asked = Asked::of(spec);
        if asked.flows.is_empty() && asked.integrations.is_empty() {
            return Ok(usage);
        }
        let integrations = known.kinds.get(&Kind::Integrations).map(Vec::as_slice).unwrap_or_default();
        for list in ["flows", "apis", "tools"] {
            if list != "flows" && asked.integrations.is_empty() {
                continue;
            }
            // An instance of an abstract flow is on the list only if it is asked for.
            let instances = if list == "flows" { &[("includeInstances", "true")][..] } else { &[] };
            let read = match usage.list(account, list, instances, &asked, integrations, cancel).await {
                Err(Unread::Api(error)) if error.status == Some(400) && !instances.is_empty() => {
                    usage.list(account, list, &[], &asked, integrations, cancel).await
                }
                read => read,
            };
            match read {
                Ok(()) => {}
                // An account without the licence for APIs or tools has none of them.
                Err(Unread::Api(error))
                    if error.kind == ErrorKind::NotFound
                        || list != "flows" && error.kind == ErrorKind::Refused => {}
                Err(Unread::Api(error)) => return Err(account.failed(&format!("list the {list}"))(error)),
                Err(Unread::Engine(error)) => return Err(error),
            }
        }
        Ok(usage)
    }

    async fn list(
        &mut self,
        account: &Account,
        list: &str,
        filters: &[(&'static str, &str)],
        asked: &Asked<'_>,
        integrations: &[Resource],
        cancel: &Cancel,
    ) -> Result<(), Unread> {
        let filters = filters.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let request = ListRequest { path: list.to_owned(), limit: PAGE, include: Vec::new(), filters };
        let pages = account.client.pages(request);
        pin_mut!(pages);
        let mut seen = HashSet::new();
        loop {
            let page = tokio::select! {
                page = pages.next() => page,
                () = cancel.draining() => return Err(Unread::Engine(EngineError::Interrupted)),
            };
            let Some(page) = page else { return Ok(()) };
            for text in page.map_err(Unread::Api)?.documents {
                if seen.insert(Head::read(text.get()).id) {
                    self.take(list, &text, asked, integrations);
                }
            }
        }
    }

    /// Takes note of the imports in the steps of a flow, an API or a tool.
    fn take(&mut self, list: &str, text: &RawValue, asked: &Asked<'_>, integrations: &[Resource]) {
        let Ok(document) = serde_json::from_str::<Value>(text.get()) else { return };
        let field = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let (id, name) = (field("_id"), field("name"));
        let of_flow =
            list == "flows" && asked.flows.iter().any(|flow| *flow == id || is_same_name(flow, name));
        if list == "flows" && !asked.flows.is_empty() {
            let (id, name) = (Id::from(id), name.to_owned());
            self.flows.push(Resource { id, name, family: None, app: false });
        }
        let owner =
            integrations.iter().find(|integration| integration.id.as_str() == field("_integrationId"));
        let owner = owner.filter(|owner| {
            let named = |asked: &&str| *asked == owner.id.as_str() || is_same_name(asked, &owner.name);
            asked.integrations.iter().any(named)
        });
        if !of_flow && owner.is_none() {
            return;
        }
        let mut imports = BTreeSet::new();
        used_imports(&document, &mut imports);
        for import in imports {
            let used = self.by_import.entry(Id::from(import)).or_default();
            if of_flow {
                used.flows.extend([id.to_owned(), name.to_owned()]);
            }
            if let Some(owner) = owner
                && !used.integrations.iter().any(|known| known == owner.id.as_str())
            {
                used.integrations.extend([owner.id.as_str().to_owned(), owner.name.clone()]);
            }
        }
    }

    /// What uses an import.
    pub(crate) fn of(&self, head: &Head) -> &UsedBy {
        self.by_import.get(&head.id).unwrap_or(&NOTHING)
    }
}

enum Unread {
    Api(ApiError),
    Engine(EngineError),
}

/// The flows and integrations a selection names, those of `exclude` too.
struct Asked<'a> {
    flows: Vec<&'a str>,
    integrations: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(spec: &'a SelectorSpec) -> Self {
        let mut asked = Self { flows: Vec::new(), integrations: Vec::new() };
        let mut next = Some(spec);
        while let Some(spec) = next {
            asked.flows.extend(spec.flows.iter().map(String::as_str));
            asked.integrations.extend(spec.integrations.iter().map(String::as_str));
            next = spec.exclude.as_deref();
        }
        asked
    }
}

/// Ids of the imports in the steps of a flow, an API or a tool: of `pageProcessors`, of `routers` and their branches, of
/// an API's `builder`, of a flow of 2016, and of what an instance overrides.
pub(crate) fn used_imports<'v>(document: &'v Value, found: &mut BTreeSet<&'v str>) {
    found.extend(document.get("_importId").and_then(Value::as_str));
    for key in ["pageProcessors", "routers", "builder"] {
        if let Some(steps) = document.get(key) {
            import_ids(steps, found);
        }
    }
    let overridden = document.pointer("/overrides/imports").and_then(Value::as_array);
    for import in overridden.into_iter().flatten() {
        let ids = ["_id", "_abstractId"].into_iter().filter_map(|key| import.get(key));
        found.extend(ids.filter_map(Value::as_str));
    }
}

fn import_ids<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(id) if key == "_importId" => {
                        found.insert(id);
                    }
                    value => import_ids(value, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| import_ids(entry, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn imports_are_found_in_steps_routers_builders_and_overrides() {
        let of = |document: Value| {
            let mut found = BTreeSet::new();
            used_imports(&document, &mut found);
            found.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of(json!({"pageProcessors": [{"_importId": "a"}, {"_exportId": "x"}]})), ["a"]);
        let routers =
            json!([{"branches": [{"pageProcessors": [{"_importId": "b"}]}, {"pageProcessors": []}]}]);
        assert_eq!(of(json!({"routers": routers})), ["b"]);
        assert_eq!(of(json!({"builder": {"routers": routers}})), ["b"]);
        assert_eq!(of(json!({"_importId": "c", "_exportId": "e"})), ["c"]);
        assert_eq!(of(json!({"overrides": {"imports": [{"_id": "d", "_abstractId": "e"}]}})), ["d", "e"]);
        assert!(of(json!({"aliases": [{"_importId": "f"}], "name": "_importId"})).is_empty());
    }
}
