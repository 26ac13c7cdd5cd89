//! What is kept in memory of each document: enough to list, filter and check references.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccountId, Id, Kind};

/// What the index knows of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its `_id`.
    #[serde(rename = "i")]
    pub id: Id,
    /// Its `name`.
    #[serde(rename = "n")]
    pub name: Box<str>,
    /// Its `adaptorType` or, for connections, `type`; empty if it has none.
    #[serde(rename = "t", default, skip_serializing_if = "str::is_empty")]
    pub tag: Box<str>,
    /// Its `_connectionId`.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Id>,
    /// Its `_integrationId`.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Id>,
    /// Every id that stands in it, for the kinds that use imports.
    #[serde(rename = "u", default, skip_serializing_if = "<[Id]>::is_empty")]
    pub uses: Box<[Id]>,
    /// When it was deleted, in milliseconds since 1970; only in the recycle bin.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<i64>,
    /// Changes with every write; a write that was made against an older one is refused.
    #[serde(skip)]
    pub revision: u64,
}

impl Entry {
    /// What is to be known of `document`.
    pub(crate) fn of(kind: Kind, id: Id, document: &Value) -> Self {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut uses = Vec::new();
        if matches!(kind, Kind::Flows | Kind::Integrations | Kind::Tools) {
            collect_ids(document, &mut uses);
            uses.sort_unstable();
            uses.dedup();
            uses.retain(|used| *used != id);
        }
        let tag = if kind == Kind::Connections { "type" } else { "adaptorType" };
        Self {
            id,
            name: text("name").into(),
            tag: text(tag).into(),
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

/// The drawer a document lies in: of one account, one kind, in use or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Drawer {
    pub(super) account: AccountId,
    pub(super) kind: Kind,
    pub(super) deleted: bool,
}

impl Drawer {
    /// The kind byte of keys on disk.
    pub(super) fn code(self) -> u8 {
        self.kind as u8 | if self.deleted { 0x80 } else { 0 }
    }

    pub(super) fn key(self, place: u64) -> (u32, u8, u64) {
        (self.account.0, self.code(), place)
    }

    pub(super) fn from_code(account: AccountId, code: u8) -> Option<Self> {
        let kind = Kind::all().find(|kind| *kind as u8 == code & 0x7f)?;
        Some(Self { account, kind, deleted: code & 0x80 != 0 })
    }
}

/// The documents of one drawer, in the order they were made.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) by_place: BTreeMap<u64, Entry>,
    by_id: HashMap<Id, u64>,
}

impl List {
    pub(super) fn get(&self, id: Id) -> Option<(u64, &Entry)> {
        let place = *self.by_id.get(&id)?;
        Some((place, self.by_place.get(&place)?))
    }

    fn put(&mut self, place: u64, entry: Entry) {
        self.by_id.insert(entry.id, place);
        self.by_place.insert(place, entry);
    }

    fn remove(&mut self, id: Id) {
        if let Some(place) = self.by_id.remove(&id) {
            self.by_place.remove(&place);
        }
    }
}

/// Every document of the store.
#[derive(Debug, Default)]
pub(super) struct Index {
    lists: HashMap<Drawer, List>,
}

impl Index {
    pub(super) fn list(&self, drawer: Drawer) -> Option<&List> {
        self.lists.get(&drawer)
    }

    pub(super) fn get(&self, drawer: Drawer, id: Id) -> Option<(u64, &Entry)> {
        self.list(drawer)?.get(id)
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Put(drawer, place, entry) => self.lists.entry(drawer).or_default().put(place, entry),
            Change::Remove(drawer, id) => {
                if let Some(list) = self.lists.get_mut(&drawer) {
                    list.remove(id);
                }
            }
        }
    }
}

/// One change of the index, published once the disk has it.
#[derive(Debug)]
pub(super) enum Change {
    Put(Drawer, u64, Entry),
    Remove(Drawer, Id),
}
