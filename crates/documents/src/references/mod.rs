//! Every path that holds another resource's id, and how ids of one account become those of another.

//!
//! Promises: an id the table knows is rewritten, dropped or named as unresolved, never passed on; text that mentions a
//! known id of the source account likewise. What the table does not know as a reference is not touched.

mod counterparts;
mod family;
mod paths;
pub mod placeholders;
mod resolve;
mod scan;

use std::collections::{BTreeMap, BTreeSet};

use crate::Id;
use crate::name::name_key;

pub use counterparts::ADD_TO_MAP;
pub use paths::{Candidates, kinds_in, mentions_ids, places, strangers};
pub use placeholders::PendingResource;
pub use resolve::{Resolver, carried};

pub use crate::schema::Kind;

/// The key of an id or name on the left of `references.map`: two with the same key are the same.
pub fn map_key(from: &str) -> String {
    name_key(&Id::canonical(from)).into_owned()
}

/// One reference in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// What it points to.
    pub kind: Kind,
    /// The id it holds.
    pub id: String,
}

/// A resource that can be referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The resource's `_id`.
    pub id: Id,
    /// The resource's `name`.
    pub name: String,
    /// For connections: `type`, with the more telling `rdbms.type` or `assistant` where given. Names match within a type.
    pub family: Option<String>,
    /// Owned by an Integration App; known of the kinds that can be created.
    pub app: bool,
}

/// The resources of one account, by kind. A kind that is absent was not read.
#[derive(Debug, Clone, Default)]
pub struct ResourceIndex {
    /// The resources of each kind that was read.
    pub kinds: BTreeMap<Kind, Vec<Resource>>,
}

/// Whether source and target are one account. Equal ids on both sides do not tell: an account can be a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// Source and target are the same account.
    Same,
    /// Source and target are two accounts, as far as is known.
    Different,
}

/// What to do with a reference that has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// The item fails; the default.
    #[default]
    Fail,
    /// The item is skipped.
    Skip,
    /// The reference is left out of the document.
    Drop,
}

/// `references` of the job.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `by: name`; otherwise only `map` and `map_file` count.
    pub by_name: bool,
    /// `map` and `map_file`: kind, id or name in the source, id or name in the target.
    pub map: Vec<(Kind, String, String)>,
    /// Where an entry of `map_file` stands, by its kind and its [`map_key`]: `line 3 of refs.csv`. Those of `map` have no place.
    pub places: BTreeMap<(Kind, String), String>,
    /// `missing`, or its `default`.
    pub missing: Missing,
    /// `missing` of the kinds that have their own.
    pub missing_of: BTreeMap<Kind, Missing>,
    /// `create`: the kinds of missing resources that are created.
    pub create: BTreeSet<Kind>,
}

impl Rules {
    /// What to do with a reference of that kind that has no counterpart.
    pub fn missing(&self, kind: Kind) -> Missing {
        self.missing_of.get(&kind).copied().unwrap_or(self.missing)
    }

    /// Where the job says what an id or name of the source becomes: a key, or a line of `map_file`.
    pub fn place(&self, kind: Kind, from: &str) -> String {
        let place = self.places.get(&(kind, map_key(from)));
        place.cloned().unwrap_or_else(|| format!("references.map.{}", kind.as_str()))
    }
}

/// What an id of the source account stands for in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// Its name in the source, where known.
    pub name: Option<String>,
    /// What was found in the target for the id.
    pub found: Found,
}

/// What was found for an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One resource of the target.
    One {
        /// The id that the source holds.
        id: Id,
        /// Its name, where known.
        name: Option<String>,
        /// How it was found.
        how: How,
    },
    /// None yet: the run creates one of that name.
    Created {
        /// The name that was looked for in the target.
        name: String,
    },
    /// The target has no resource of that name.
    Nothing {
        /// Why, and what to do, to follow the description of the reference.
        reason: String,
        /// Those of the same name and another type.
        namesakes: Vec<(Id, String)>,
    },
    /// The target has several resources of that name.
    Several {
        /// Why, and what to do.
        reason: String,
        /// Their ids and names.
        candidates: Vec<(Id, String)>,
    },
}

/// How a counterpart is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By `map` or `map_file`.
    Map,
    /// By name, and for connections by type.
    Name,
    /// The id is one of the target, or stands as it is.
    SameId,
    /// The account no longer has it, and nothing of its name: the id stands as it is.
    Gone,
}

/// A reference that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Where the reference stands, and what it names.
    pub place: Place,
    /// Its name in the source, where known.
    pub name: Option<String>,
    /// The counterparts, when there are several: id and name.
    pub candidates: Vec<(Id, String)>,
    /// The whole as a sentence a person can act on.
    pub message: String,
}

/// The results for a document's references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Those without a counterpart, or with several.
    pub unresolved: Vec<Unresolved>,
    /// Pointers, in the document as it was, of what was dropped (`missing: drop`).
    pub dropped: Vec<String>,
    /// What has to be created first; the document holds placeholders in its stead.
    pub pending: Vec<PendingResource>,
    /// What has the shape of an id in texts and keys, and is no resource's that was read: the pointer, and the id.
    pub unknown: Vec<(String, Id)>,
    /// What a person should look at: known source ids in free-form places, connections of another type.
    pub warnings: Vec<String>,
}

impl Resolution {
    /// Adds what became of further references.
    fn append(&mut self, mut other: Self) {
        self.unresolved.append(&mut other.unresolved);
        self.dropped.append(&mut other.dropped);
        self.pending.append(&mut other.pending);
        self.unknown.append(&mut other.unknown);
        self.warnings.append(&mut other.warnings);
    }
}
