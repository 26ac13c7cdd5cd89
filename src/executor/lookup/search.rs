//! What is looked for, and what is found.

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

/// How long a first look waits for others to share it.
pub(super) const COMPANY: Duration = Duration::from_millis(50);

/// Why something is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A call got no usable answer; after `safe_after` it can no longer be executing.
    InDoubt {
        /// When the call's effect must have happened, if it happened.
        safe_after: Instant,
    },
    /// The service answered that it did not take the call, which may be wrong. One look after the other work will do.
    Throttled,
    /// A run is taken up again: what is about to be made may stand there meanwhile.
    TakenUpAgain,
}

/// What looking up found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The import is there.
    There { id: Id, sha256: Fingerprint, modified: Option<String> },
    /// It is not, and will not come.
    Nowhere,
    /// It is not, and will not come; another run made one like it.
    MadeByAnotherRun(Id),
    /// Something appeared that may or may not be it.
    Unlike(Vec<Id>),
    /// The run drains; not known.
    Interrupted,
    /// The token was refused; not known.
    Unauthorized,
    /// It could not be found out.
    Unknown(String),
}

/// A look-up that waits for its answer.
pub(super) struct Search {
    /// What is looked for.
    pub kind: Kind,
    pub name_key: String,
    pub loose_key: String,
    /// Ids that stood in the target under its name when the run was planned, for runs that kept no others.
    pub namesakes: Vec<Id>,
    pub source: Option<Id>,
    pub is_clone: bool,
    /// Where a clone is not yet as wanted: what a PUT is to complete later.
    pub to_complete: HashSet<String>,
    /// The connection of a clone's source, where its call gives another: a service may leave the clone with it.
    pub connection: Option<String>,
    /// What was sent, without its name; `None` if it cannot be read: only the very same text is it then.
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

    /// When the call can no longer be executing.
    pub(super) fn safe_after(&self) -> Instant {
        match self.reason {
            Reason::InDoubt { safe_after } => safe_after,
            Reason::Throttled | Reason::TakenUpAgain => self.began,
        }
    }

    /// Whether a service that cuts names may have made a name of this loose key of the one that was asked for.
    pub(super) fn may_be_cut_to(&self, loose: &str) -> bool {
        !loose.is_empty() && self.loose_key.starts_with(loose)
    }

    /// Looks that prove that something is not there.
    pub(super) fn looks_needed(&self) -> u32 {
        match self.reason {
            Reason::InDoubt { .. } => 2,
            Reason::Throttled | Reason::TakenUpAgain => 1,
        }
    }
}

/// What the PUT behind a clone gives it. Its connection is given by the call that clones.
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

/// What stood in the target before, and how the items of the plan are called.
pub(crate) struct Before<'a> {
    plan: &'a PlanFile,
    /// Runs of earlier versions do not know.
    known: Option<&'a KnownIds>,
    /// The plan's items by the hashes of their name keys; read when first needed.
    names: OnceCell<HashMap<u64, Vec<ItemKey>>>,
    /// The plan's items that delete what stands there; read when first needed.
    deletes: OnceCell<ItemSet>,
    hasher: RandomState,
}

impl<'a> Before<'a> {
    pub(crate) fn new(plan: &'a PlanFile, known: Option<&'a KnownIds>) -> Self {
        let (names, deletes) = (OnceCell::new(), OnceCell::new());
        Self { plan, known, names, deletes, hasher: RandomState::new() }
    }

    /// Whether the resource of a kind stood in the target when the run was planned.
    pub(crate) fn had(&self, kind: Kind, id: &Id) -> bool {
        self.known.is_some_and(|known| known.contains(kind, id))
    }

    /// The imports that stood in the target when the run was planned, with ids of the usual form.
    pub(super) fn imports(&self) -> Option<&'a KnownIds> {
        self.known
    }

    /// Whether its creation seems older than the plan. Clocks differ: it decides nothing but a planted fault.
    pub(super) fn seems_older(&self, head: &Head) -> bool {
        let made = head.created_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        made.is_some_and(|made| made < self.plan.head().made_at)
    }

    /// Whether it is known what stood there at all.
    pub(crate) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// Whether an item of the plan deletes what it has: no list shows that afterwards.
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

    /// Whether an item of the plan is called so.
    pub(crate) fn names_an_item(&self, name: &str) -> bool {
        !self.items_called(name).is_empty()
    }

    /// The items of the plan that are called so.
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
