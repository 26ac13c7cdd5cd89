//! What a job does to one document. Pure: a document in, a document out; no I/O and no randomness.
//! The only clock is the time limit of a jq program.
//!
//! Promises: keys a step does not name pass through untouched and in order; a step either does what it says or is an
//! error that names the import; everything that can be compiled is compiled once per job.

pub mod beside;
pub mod contained;
pub mod diff;
pub mod document;
mod duplicate_key;
pub mod edited;
mod envelope;
pub mod facts;
pub mod field_rename;
pub mod first_few;
mod glance;
pub mod handlebars;
pub mod hasher;
pub mod head;
mod head_places;
pub mod hex;
pub mod hints;
pub mod id;
pub mod import_ids;
pub mod jq;
pub mod mapping_edit;
pub mod name;
pub mod normal;
mod output;
pub mod path;
pub mod place;
pub mod planted;
pub mod pointer;
pub mod problem;
pub mod program;
pub mod quick;
mod raw_bytes;
pub mod references;
pub mod rename;
pub mod schema;
pub mod selector;
pub mod selector_watch;
mod shortened;
mod specials;
pub mod spelling;
pub mod step;
pub mod step_error;
pub mod template;
pub mod tree;
pub mod upgrade;
pub mod verbatim;
mod written;

pub use contained::{Mistake, contained};
pub use document::{Document, Unreadable};
pub use edited::{Edited, Touched};
pub use hasher::Hasher;
pub use head::Head;
pub use head_places::HeadPlaces;
pub use id::{Fingerprint, Id};
pub use problem::Problem;
pub use program::{Again, Program};
pub use selector::{Selector, SelectorSpec};
pub use selector_watch::SelectorWatch;
pub use step::{
    Facts, FieldRename, Missing, Side, Step, StepProblem, StepSpec, TransformError, Transformed, Warnings,
};
pub use written::{MemberPlaces, WrittenMembers};

/// The example of the crate's README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
