//! What is kept in memory of each document: enough to list, filter and check references.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::{Key, Text};
use super::{AccountId, AccountRecord, Id, Kind};

/// The tag of an instance of an abstract flow.
pub(crate) const INSTANCE: &str = "instance";

/// What the index knows of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The document's `_id`.
    #[serde(rename = "i")]
    pub id: Id,
    /// The document's `name`.
    #[serde(rename = "n")]
    pub name: Box<str>,
    /// Its `adaptorType` or, for connections, `type`; `instance` for an instance of an abstract flow; empty if it has none.
    #[serde(rename = "t", default, skip_serializing_if = "str::is_empty")]
    pub tag: Box<str>,
    /// The document's `_connectionId`, where it has one.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Id>,
    /// The document's `_integrationId`, where it has one.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Id>,
    /// Every id that stands in it, for the kinds that use imports.
    #[serde(rename = "u", default, skip_serializing_if = "<[Id]>::is_empty")]
    pub uses: Box<[Id]>,
    /// When it was deleted, in milliseconds since 1970; only in the recycle bin.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<i64>,
    /// Changes with every write; a write that was made against an older one is refused.
    #[serde(rename = "r", default)]
    pub revision: u64,
}

impl Entry {
    /// The data to keep about `document`.
    pub(crate) fn of(kind: Kind, id: Id, document: &Value) -> Self {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut uses = Vec::new();
        if matches!(kind, Kind::Flows | Kind::Integrations | Kind::Tools | Kind::Apis) {
            collect_ids(document, &mut uses);
            uses.sort_unstable();
            uses.dedup();
            uses.retain(|used| *used != id);
        }
        let tag = match kind {
            Kind::Connections => text("type"),
            Kind::Flows if !text("_abstractFlowId").is_empty() => INSTANCE,
            _ => text("adaptorType"),
        };
        Self {
            id,
            name: text("name").into(),
            tag: tag.into(),
            connection: Id::parse(text("_connectionId")),
            integration: Id::parse(text("_integrationId")),
            uses: uses.into(),
            deleted: None,
            revision: 0,
        }
    }
}

fn collect_ids(value: &Value, into: &mut Vec<Id>) {
    match value {
        Value::String(text) => into.extend(Id::parse(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, into)),
        Value::Object(map) => map.values().for_each(|item| collect_ids(item, into)),
        _ => {}
    }
}

/// The collection a document belongs to: of one account, one kind, in use or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Collection {
    pub(super) account: AccountId,
    pub(super) kind: Kind,
    pub(super) deleted: bool,
}

impl Collection {
    /// The place of one of its documents, as the data file writes it.
    pub(super) fn key(self, place: u64) -> Key {
        (self.account.0, self.kind as u8 | if self.deleted { 0x80 } else { 0 }, place)
    }

    /// The collection of a place of the data file; none if this version does not know its kind.
    pub(super) fn from_key((account, code, _): Key) -> Option<Self> {
        let kind = Kind::all().find(|kind| *kind as u8 == code & 0x7f)?;
        Some(Self { account: AccountId(account), kind, deleted: code & 0x80 != 0 })
    }
}

/// A document: what is known of it, and where its text is.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) entry: Entry,
    pub(super) text: Text,
}

/// The documents of one collection, in the order they were made.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) by_place: BTreeMap<u64, Row>,
    by_id: HashMap<Id, u64>,
}

impl List {
    pub(super) fn get(&self, id: Id) -> Option<(u64, &Row)> {
        let place = *self.by_id.get(&id)?;
        Some((place, self.by_place.get(&place)?))
    }

    fn put(&mut self, place: u64, row: Row) {
        self.by_id.insert(row.entry.id, place);
        self.by_place.insert(place, row);
    }

    fn remove(&mut self, place: u64) {
        if let Some(row) = self.by_place.remove(&place) {
            self.by_id.remove(&row.entry.id);
        }
    }
}

/// Everything of a store but the texts.
#[derive(Debug, Default)]
pub(super) struct Index {
    lists: HashMap<Collection, List>,
    /// What happened to documents, by account and time.
    audit: BTreeMap<(u32, u64), (Id, Text)>,
    pub(super) accounts: Vec<AccountRecord>,
}

impl Index {
    pub(super) fn list(&self, of: Collection) -> Option<&List> {
        self.lists.get(&of)
    }

    /// Every collection with its documents, in no order.
    pub(super) fn lists(&self) -> impl Iterator<Item = (&Collection, &List)> {
        self.lists.iter()
    }

    pub(super) fn get(&self, of: Collection, id: Id) -> Option<(u64, &Row)> {
        self.list(of)?.get(id)
    }

    /// What happened in an account, oldest first.
    pub(super) fn audit(&self, account: AccountId) -> impl Iterator<Item = (u64, &(Id, Text))> {
        self.audit.range((account.0, 0)..=(account.0, u64::MAX)).map(|((_, place), row)| (*place, row))
    }

    /// The texts of all documents, in the order of their ids.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        let documents = self.lists.values().flat_map(|list| list.by_place.values()).map(|row| &row.text);
        documents.chain(self.audit.values().map(|(_, text)| text))
    }

    /// The greatest place or revision in use, from which counting goes on.
    pub(super) fn last(&self) -> u64 {
        let documents = self.lists.values().flat_map(|list| &list.by_place);
        let places = documents.map(|(place, row)| (*place).max(row.entry.revision));
        places.chain(self.audit.keys().map(|(_, place)| *place)).max().unwrap_or(0)
    }

    /// Removes the account of that name and all it holds; whether there was one.
    pub(super) fn forget(&mut self, name: &str) -> bool {
        let Some(at) = self.accounts.iter().position(|record| record.name == name) else { return false };
        let id = self.accounts.remove(at).id();
        self.lists.retain(|of, _| of.account != id);
        self.audit.retain(|(account, _), _| *account != id.0);
        true
    }

    pub(super) fn apply(&mut self, update: Update) {
        match update {
            Update::Put(of, place, entry, text) => {
                self.lists.entry(of).or_default().put(place, Row { entry, text });
            }
            Update::Remove(of, place) => {
                if let Some(list) = self.lists.get_mut(&of) {
                    list.remove(place);
                }
            }
            Update::Audit(account, id, place, text) => {
                self.audit.insert((account.0, place), (id, text));
            }
            Update::Account(record) => {
                match self.accounts.iter_mut().find(|known| known.name == record.name) {
                    Some(known) => *known = record,
                    None => self.accounts.push(record),
                }
            }
        }
    }
}

/// One change of the index, published once it is on disk.
#[derive(Debug)]
pub(super) enum Update {
    Put(Collection, u64, Entry, Text),
    Remove(Collection, u64),
    Audit(AccountId, Id, u64, Text),
    Account(AccountRecord),
}
