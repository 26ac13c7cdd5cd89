//! Which flows, APIs and tools use which imports, for `select.flows`, `select.integrations` and `--usage`.
//!
//! An import does not say which flows use it, and only imports of Integration Apps name an integration. Flows, APIs and
//! tools name their integration, and the imports in their steps.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::api::{ApiError, ErrorKind};
use crate::documents::SelectorSpec;
use crate::documents::document::read_tree;
use crate::documents::name::is_same_name;
use crate::documents::references::{Kind, Resource};
use crate::inventory::each_user::{Unread, each_user};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::resource_index::ResourceNames;
use crate::model::cancel::Cancel;
use crate::model::{Head, Id};
use crate::run_folder::import_users::{ImportUser, UserKind};

/// Which lists are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UserLists {
    /// Only the list of flows.
    Flows,
    /// The flows, the APIs and the tools.
    All,
}

impl UserLists {
    /// The kinds in these lists.
    pub(crate) fn kinds(self) -> &'static [UserKind] {
        match self {
            Self::Flows => &UserKind::ALL[..1],
            Self::All => &UserKind::ALL,
        }
    }

    /// The lists that a condition needs, including its `exclude`; `None` if it names neither flows nor integrations.
    pub(crate) fn asked_by(spec: &SelectorSpec) -> Option<Self> {
        let asked = match (spec.flows.is_empty(), spec.integrations.is_empty()) {
            (_, false) => Some(Self::All),
            (false, true) => Some(Self::Flows),
            (true, true) => None,
        };
        asked.max(spec.exclude.as_deref().and_then(Self::asked_by))
    }
}

/// What uses the imports of an account.
#[derive(Debug, Default)]
pub(crate) struct FlowUsage {
    users: Vec<ImportUser>,
    /// Indexes into `users`.
    by_import: HashMap<Id, Vec<u32>>,
    /// Users whose documents have no tree: which imports they use is unknown.
    unreadable: Vec<(ImportUser, String)>,
    unread: Vec<(UserKind, ApiError)>,
}

/// The ids and names of what uses an import.
#[derive(Debug, Default)]
pub(crate) struct UsedBy {
    pub flows: Vec<String>,
    pub integrations: Vec<String>,
}

impl FlowUsage {
    /// Reads what uses the imports of an account, or nothing without `lists`. Remembers the lists that could not be
    /// read: see [`FlowUsage::complete`] and [`FlowUsage::notes`].
    ///
    /// # Errors
    ///
    /// The token is refused, or the run is interrupted.
    pub(crate) async fn read(
        account: &Account,
        lists: Option<UserLists>,
        cancel: &Cancel,
    ) -> Result<Self, EngineError> {
        let mut usage = Self::default();
        for kind in lists.map(UserLists::kinds).unwrap_or_default() {
            match each_user(account, *kind, cancel, &mut |head, text| usage.take(*kind, head, text)).await {
                Ok(()) => {}
                Err(Unread::Interrupted) => return Err(EngineError::Interrupted),
                Err(Unread::Api(error)) if error.kind == ErrorKind::Unauthorized => {
                    return Err(account.failed(&format!("list the {}", kind.list()))(error));
                }
                // An account without the licence for APIs or tools has none of them.
                Err(Unread::Api(error))
                    if *kind != UserKind::Flow
                        && matches!(error.kind, ErrorKind::NotFound | ErrorKind::Refused) => {}
                Err(Unread::Api(error)) => usage.unread.push((*kind, error)),
            }
        }
        Ok(usage)
    }

    /// Whether every requested list was read completely.
    pub(crate) fn is_whole(&self) -> bool {
        self.unread.is_empty()
    }

    /// Refuses those of `lists` that were not read completely: for callers that rely on what is absent.
    ///
    /// # Errors
    ///
    /// The first list that could not be read. An account without any list of flows has no flows.
    pub(crate) fn complete(&self, account: &Account, lists: Option<UserLists>) -> Result<(), EngineError> {
        let kinds = lists.map(UserLists::kinds).unwrap_or_default();
        let needed =
            |(kind, error): &&(UserKind, ApiError)| kinds.contains(kind) && error.kind != ErrorKind::NotFound;
        match self.unread.iter().find(needed) {
            None => Ok(()),
            Some((kind, error)) => Err(account.failed(&format!("list the {}", kind.list()))(error.clone())),
        }
    }

    /// Why the flows could not be read completely.
    pub(crate) fn unread_flows(&self) -> Option<&ApiError> {
        self.unread.iter().find(|(kind, _)| *kind == UserKind::Flow).map(|(_, error)| error)
    }

    /// Whether all of a kind are known, of an import that none of them uses it.
    pub(crate) fn knows_all(&self, kind: UserKind) -> bool {
        let unknown = self.unread.iter().map(|(unread, _)| *unread);
        unknown.chain(self.unreadable.iter().map(|(user, _)| user.kind)).all(|unknown| unknown != kind)
    }

    /// Why it is not known of every import whether a flow uses it; `None` if it is.
    pub(crate) fn unknown_flows(&self) -> Option<String> {
        let unread = self.unread_flows().filter(|error| error.kind != ErrorKind::NotFound);
        let unread = unread.map(|error| format!("the flows could not be read ({error})"));
        let mut unreadable = self.unreadable.iter().filter(|(user, _)| user.kind == UserKind::Flow);
        unread.or_else(|| {
            unreadable.next().map(|(user, why)| format!("{} cannot be read ({why})", user.told()))
        })
    }

    /// The imports that something uses.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &Id> {
        self.by_import.keys()
    }

    /// What could not be read, in words.
    pub(crate) fn notes(&self, account: &str) -> Vec<String> {
        let lists = self
            .unread
            .iter()
            .map(|(kind, error)| format!("the {} of `{account}` could not be read ({error})", kind.list()));
        let documents = self
            .unreadable
            .iter()
            .map(|(user, why)| format!("{} of `{account}` cannot be read: {why}", user.told()));
        lists.chain(documents).collect()
    }

    /// Records the imports in the steps of a flow, an API or a tool.
    fn take(&mut self, kind: UserKind, head: &Head, text: &str) {
        let tree = read_tree(text.as_bytes());
        let disabled = tree.as_ref().ok().and_then(|tree| tree.get("disabled")).and_then(Value::as_bool);
        let user = ImportUser {
            kind,
            id: head.id.clone(),
            name: head.name.clone(),
            integration: head.integration.clone().filter(|id| !id.as_str().is_empty()),
            integration_name: None,
            disabled,
            running: None,
        };
        let document = match tree {
            Ok(document) => document,
            Err(why) => return self.unreadable.push((user, why.to_string())),
        };
        let mut imports = BTreeSet::new();
        used_imports(&document, &mut imports);
        let place = u32::try_from(self.users.len()).unwrap_or(u32::MAX);
        self.users.push(user);
        for import in imports {
            self.by_import.entry(Id::from(import)).or_default().push(place);
        }
    }

    /// What uses an import.
    pub(crate) fn users_of(&self, import: &Id) -> impl Iterator<Item = &ImportUser> {
        let places = self.by_import.get(import).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.users.get(*place as usize))
    }

    /// How many users there are of some kinds.
    pub(crate) fn count(&self, is_meant: impl Fn(UserKind) -> bool) -> u64 {
        self.users.iter().filter(|user| is_meant(user.kind)).count() as u64
    }

    /// What uses an import, for a selector.
    pub(crate) fn of(&self, import: &Id, names: &ResourceNames) -> UsedBy {
        let mut used = UsedBy::default();
        for user in self.users_of(import) {
            if user.kind == UserKind::Flow {
                used.flows.extend([user.id.as_str().to_owned(), user.name.clone()]);
            }
            if let Some(integration) = &user.integration {
                used.integrations.push(integration.as_str().to_owned());
                used.integrations
                    .extend(names.name(Kind::Integrations, Some(integration)).map(str::to_owned));
            }
        }
        used
    }

    /// The flows by id and name, including those that cannot be read.
    pub(crate) fn flows(&self) -> Vec<Resource> {
        let all = self.users.iter().chain(self.unreadable.iter().map(|(user, _)| user));
        let flows = all.filter(|user| user.kind == UserKind::Flow);
        flows
            .map(|flow| Resource { id: flow.id.clone(), name: flow.name.clone(), family: None, app: false })
            .collect()
    }

    /// What a condition needs but cannot be read: the flows that it names, and the users in its integrations.
    pub(crate) fn unreadable_for(&self, spec: &SelectorSpec, names: &ResourceNames) -> Vec<String> {
        let is_asked = |user: &ImportUser| {
            let is = |asked: &String, id: &Id, name: Option<&str>| {
                asked == id.as_str() || name.is_some_and(|name| is_same_name(asked, name))
            };
            let flow = user.kind == UserKind::Flow
                && spec.flows.iter().any(|asked| is(asked, &user.id, Some(&user.name)));
            let integration = user.integration.as_ref().is_some_and(|id| {
                let name = names.name(Kind::Integrations, Some(id));
                spec.integrations.iter().any(|asked| is(asked, id, name))
            });
            flow || integration
        };
        let asked = self.unreadable.iter().filter(|(user, _)| is_asked(user));
        asked
            .map(|(user, why)| {
                format!("{}, which cannot be read ({why}): which imports it uses is not known", user.told())
            })
            .collect()
    }
}

/// Ids of the imports in the steps of a flow, an API or a tool: of `pageProcessors`, of `routers` and their branches, of
/// an API's `builder`, of a flow of 2016, and of what an instance overrides.
fn used_imports<'v>(document: &'v Value, found: &mut BTreeSet<&'v str>) {
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
