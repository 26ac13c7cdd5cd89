//! Demo documents: made from templates, the same for the same account name everywhere.
//!
//! An account is a source unless its name ends in `-b`: then it is a target, which has every connection, script
//! and list that the imports of a source refer to, under the same names and other ids, and few imports. One whose
//! name ends in `-new` has been set up and no more: connections and the like, but no script, file definition, lookup
//! cache, async helper, flow or import.

mod databases;
mod files;
mod http;
mod netsuite;
mod other;
mod parts;
mod related;
mod salesforce;
mod words;

use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::behaviour::Behaviour;
use super::clock::iso;
use super::error::EmulatorError;
use super::rules::{Document, adaptor, defaults, managed};
use super::store::{Id, Kind, Store};

/// Imports that a target has of its own.
const OWN: usize = 10;

/// What an account that has only been set up lacks.
const MADE_LATER: [Kind; 4] = [Kind::Scripts, Kind::FileDefinitions, Kind::LookupCaches, Kind::AsyncHelpers];

/// Fills an account of `store` with demo documents, if it is not filled yet.
///
/// # Errors
///
/// When the store cannot be written.
pub fn demo(store: &Store, account: &str) -> Result<(), EmulatorError> {
    let mut record = store.account(account)?;
    if record.seeded {
        return Ok(());
    }
    store.load(&record, &documents(account))?;
    record.seeded = true;
    store.keep_account(&record)
}

/// The documents of an account, as [`Store::load`] takes them.
pub fn documents(account: &str) -> Value {
    let world = World { account };
    if account.ends_with("-new") {
        let mut lists = related::lists(&world);
        MADE_LATER.iter().for_each(|kind| drop(lists.remove(kind.list())));
        return Value::Object(lists);
    }
    let drafts = if account.ends_with("-b") { target(&world) } else { source(&world) };
    let imports: Vec<Value> =
        drafts.into_iter().enumerate().map(|(at, draft)| world.import(at, draft)).collect();
    let mut lists = related::lists(&world);
    let names: Vec<(&str, &str)> = imports
        .iter()
        .filter_map(|import| Some((import.get("_id")?.as_str()?, import.get("name")?.as_str()?)))
        .collect();
    lists.insert("flows".into(), related::flows(&world, &names));
    lists.insert("imports".into(), Value::Array(imports));
    Value::Object(lists)
}

fn source(world: &World<'_>) -> Vec<Draft> {
    let mut drafts = http::drafts(world);
    drafts.extend(netsuite::drafts(world));
    drafts.extend(salesforce::drafts(world));
    drafts.extend(files::drafts(world));
    drafts.extend(databases::drafts(world));
    drafts.extend(other::drafts(world));
    drafts
}

fn target(world: &World<'_>) -> Vec<Draft> {
    let mut drafts = http::drafts(world);
    drafts.truncate(OWN);
    for draft in &mut drafts {
        let name = draft.body.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = format!("EU {name}");
        draft.body.insert("name".into(), Value::String(name));
    }
    drafts
}

/// An import as a client would send it, and what only the service can say of it.
#[derive(Debug, Clone)]
struct Draft {
    body: Document,
    /// From before the service filled in defaults.
    old: bool,
    /// The service's own fields beside the ones that every import has.
    own: Document,
}

impl Draft {
    fn new(body: Value) -> Self {
        Self { body: object(body), old: false, own: Map::new() }
    }

    fn old(mut self, old: bool) -> Self {
        self.old = old;
        self
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.body.insert(key.into(), value);
        self
    }

    fn own(mut self, key: &str, value: Value) -> Self {
        self.own.insert(key.into(), value);
        self
    }
}

fn object(value: Value) -> Document {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// One account: turns names into its ids.
#[derive(Debug, Clone, Copy)]
struct World<'a> {
    account: &'a str,
}

impl World<'_> {
    /// The id of the resource of this kind and name.
    fn id(self, kind: Kind, name: &str) -> String {
        let hash = Sha256::digest(format!("{} {} {name}", self.account, kind.list()));
        let mut bytes = [0; 12];
        bytes.copy_from_slice(&hash[..12]);
        bytes[0] = 0x5e + bytes[0] % 10;
        Id::from_bytes(bytes).to_string()
    }

    fn connection(self, name: &str) -> String {
        self.id(Kind::Connections, name)
    }

    fn script(self, name: &str) -> String {
        self.id(Kind::Scripts, name)
    }

    /// A moment of the years before, the later the greater `at`.
    fn time(at: usize) -> String {
        let hours = i64::try_from(at).unwrap_or_default() * 53;
        let start = Timestamp::from_millisecond(1_672_650_245_123).unwrap_or_default();
        iso(start.checked_add(Span::new().hours(hours).milliseconds(hours % 997)).unwrap_or(start))
    }

    /// A resource that is not an import.
    fn resource(self, kind: Kind, at: usize, name: &str, more: Value) -> Value {
        let mut document = object(json!({
            "_id": self.id(kind, name),
            "createdAt": Self::time(at),
            "lastModified": Self::time(at + 40),
            "name": name,
        }));
        document.extend(object(more));
        document.insert("sandbox".into(), json!(false));
        Value::Object(document)
    }

    /// The import that the service would have made of a draft.
    fn import(self, at: usize, draft: Draft) -> Value {
        let mut document = draft.body;
        defaults::make_lists(&mut document);
        defaults::lower_case(&mut document);
        if !draft.old {
            defaults::fill(&mut document, &Behaviour::default());
        }
        if let Ok(adaptor) = adaptor::work_out(&document, None, false) {
            document.entry("adaptorType").or_insert_with(|| json!(adaptor.name));
        }
        let name = format!("{} {at}", document.get("name").and_then(Value::as_str).unwrap_or_default());
        let id = self.id(Kind::Imports, &name);
        let hash = Sha256::digest(format!("{id} identifier"));
        let number = u64::from_be_bytes([0, 0, 0, hash[0], hash[1], hash[2], hash[3], hash[4]]);
        let identifier = format!("i{:09x}", number & 0xf_ffff_ffff);
        let id = Id::parse(&id).unwrap_or(Id::from_bytes([0; 12]));
        managed::assign(Kind::Imports, &mut document, id, &Self::time(at), identifier);
        document.insert("lastModified".into(), json!(Self::time(at + 1 + at % 90)));
        document.extend(draft.own);
        Value::Object(document)
    }
}
