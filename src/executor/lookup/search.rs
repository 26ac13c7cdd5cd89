//! A search, and its result.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::documents::document::{print_text, read_tree};
use crate::documents::name::{loose_name_key, name_key};
use crate::documents::references::Kind;
use crate::model::{Fingerprint, Head, Id, ItemKey, ItemSet, Operation};
use crate::run_folder::known_ids::KnownIds;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// How long a first scan waits for other searches to share it.
pub(super) const COMPANY: Duration = Duration::from_millis(50);

/// Why something is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A call got no usable answer; after `safe_after` it can no longer be executing.
    InDoubt {
        /// The time by which the call has had its effect, if it has one.
        safe_after: Instant,
    },
    /// The service answered that it did not accept the call, which may be wrong. One scan after the other work is
    /// enough.
    Throttled,
    /// A run is resumed, and the last call for the item was refused: somebody may have made it since, under its name.
    Refused,
    /// A run is resumed: what is about to be created may exist by now. Its folder may be older than the run, and the service
    /// may have changed the name.
    TakenUpAgain,
}

/// The result of a lookup.
#[derive(Debug)]
pub(crate) enum Found {
    /// The import is there.
    There { id: Id, sha256: Fingerprint, modified: Option<String> },
    /// The import is not there, and will not appear.
    Nowhere,
    /// The import is not there, and will not appear; another run made one like it.
    MadeByAnotherRun(Id),
    /// Something appeared that may or may not be the import.
    Unlike(Vec<Id>),
    /// Unknown: the run is draining.
    Interrupted,
    /// Unknown: the token was refused.
    Unauthorized,
    /// It could not be found out.
    Unknown(String),
}

/// A lookup that waits for its answer.
pub(super) struct Search {
    /// What is looked for.
    pub kind: Kind,
    pub name_key: String,
    pub loose_key: String,
    /// The ids that were in the target under its name when the run was planned, for runs that recorded no others.
    pub namesakes: Vec<Id>,
    pub source: Option<Id>,
    pub is_clone: bool,
    /// The places where a clone is not yet as wanted, which a later PUT completes.
    pub to_complete: HashSet<String>,
    /// The connection of a clone's source, if the call gives another one: a service may keep the source's.
    pub connection: Option<String>,
    /// What was sent, without its name; `None` if it cannot be read: then only exactly the same text is equal.
    pub wanted: Option<Value>,
    pub print: Fingerprint,
    pub reason: Reason,
    pub began: Instant,
    pub looks: u32,
    pub blind: u32,
    pub due: Instant,
    pub answer: oneshot::Sender<Found>,
}

impl Search {
    pub(super) fn new(
        item: &PlanItem,
        reason: Reason,
        wanted: &[u8],
        due: Instant,
    ) -> (Self, oneshot::Receiver<Found>) {
        let (answer, found) = oneshot::channel();
        let search = Self {
            kind: item.kind,
            name_key: name_key(&item.name).into_owned(),
            loose_key: loose_name_key(&item.name),
            namesakes: item.namesakes.clone(),
            source: item.source.as_ref().map(|source| source.id.clone()),
            is_clone: item.operation == Operation::Clone,
            to_complete: to_complete(item),
            connection: mapped_connection(item),
            print: print_text(wanted),
            wanted: read_tree(wanted).ok().map(without_name),
            reason,
            began: Instant::now(),
            looks: 0,
            blind: 0,
            due,
            answer,
        };
        (search, found)
    }

    /// The time when the call can no longer be executing.
    pub(super) fn safe_after(&self) -> Instant {
        match self.reason {
            Reason::InDoubt { safe_after } => safe_after,
            Reason::Throttled | Reason::TakenUpAgain | Reason::Refused => self.began,
        }
    }

    /// Whether an import of another name may be what a call for the item made.
    pub(super) fn takes_other_names(&self) -> bool {
        self.reason != Reason::Refused
    }

    /// Whether a service that cuts names may have made a name with this loose key of the name that was requested.
    pub(super) fn may_be_cut_to(&self, loose: &str) -> bool {
        !loose.is_empty() && self.loose_key.starts_with(loose)
    }

    /// How many scans prove that something is not there.
    pub(super) fn looks_needed(&self) -> u32 {
        match self.reason {
            Reason::InDoubt { .. } => 2,
            Reason::Throttled | Reason::TakenUpAgain | Reason::Refused => 1,
        }
    }
}

/// What the PUT after a clone changes. The connection is set by the clone call.
fn to_complete(item: &PlanItem) -> HashSet<String> {
    let changes = item.changes.iter().filter(|change| item.adjust && change.path != "/_connectionId");
    changes.map(|change| change.path.clone()).collect()
}

fn mapped_connection(item: &PlanItem) -> Option<String> {
    let map = item.clone.as_ref()?.get("connectionMap")?.as_object()?;
    map.keys().next().cloned()
}

/// A document without its name: services trim, cut, unescape and lower-case names.
pub(super) fn without_name(mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.shift_remove("name");
    }
    document
}

/// What was in the target before, and the names of the plan's items.
pub(crate) struct Before<'a> {
    plan: &'a PlanFile,
    /// Runs of earlier versions do not know this.
    known: Option<&'a KnownIds>,
    /// The plan's items by the hashes of their name keys; read when first needed.
    names: OnceCell<HashMap<u64, Vec<ItemKey>>>,
    /// The plan's items that delete an import; read when first needed.
    deletes: OnceCell<ItemSet>,
    hasher: RandomState,
}

impl<'a> Before<'a> {
    pub(crate) fn new(plan: &'a PlanFile, known: Option<&'a KnownIds>) -> Self {
        let (names, deletes) = (OnceCell::new(), OnceCell::new());
        Self { plan, known, names, deletes, hasher: RandomState::new() }
    }

    /// Whether a resource of a kind was in the target when the run was planned.
    pub(crate) fn had(&self, kind: Kind, id: &Id) -> bool {
        self.known.is_some_and(|known| known.contains(kind, id))
    }

    /// The imports that were in the target when the run was planned, with ids of the usual form.
    pub(super) fn imports(&self) -> Option<&'a KnownIds> {
        self.known
    }

    /// Whether it seems to have been created before the plan. Clocks differ, so this decides nothing except a planted
    /// fault.
    pub(super) fn seems_older(&self, head: &Head) -> bool {
        let made = head.created_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        made.is_some_and(|made| made < self.plan.head().made_at)
    }

    /// Whether it is known at all what was there.
    pub(crate) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Whether an item of the plan deletes its import: no list shows it afterwards.
    pub(crate) fn deletes(&self, item: ItemKey) -> bool {
        let deletes = self.deletes.get_or_init(|| {
            if !self.plan.tail().totals.contains_key(Operation::Delete.as_str()) {
                return ItemSet::default();
            }
            let items = (1..=self.plan.len()).filter_map(|number| self.plan.item(ItemKey(number)).ok());
            items.filter(|item| item.operation == Operation::Delete).map(|item| item.item).collect()
        });
        deletes.contains(item)
    }

    /// Whether an item of the plan has this name.
    pub(crate) fn names_an_item(&self, name: &str) -> bool {
        !self.items_called(name).is_empty()
    }

    /// The items of the plan that have this name.
    pub(crate) fn items_called(&self, name: &str) -> &[ItemKey] {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<u64, Vec<ItemKey>> = HashMap::new();
            for item in (1..=self.plan.len()).filter_map(|number| self.plan.item(ItemKey(number)).ok()) {
                let hash = self.hasher.hash_one(name_key(&item.name).as_ref());
                names.entry(hash).or_default().push(item.item);
            }
            names
        });
        names.get(&self.hasher.hash_one(name_key(name).as_ref())).map(Vec::as_slice).unwrap_or_default()
    }
}
