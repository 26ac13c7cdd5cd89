//! Finding out what became of creates and clones whose answer is missing: one scan of a list answers for all of its
//! kind. [`queue`] says when, [`scan`] looks, [`judge`] decides.

mod judge;
mod queue;
mod scan;
mod search;

pub(crate) use queue::LookupQueue;
pub(crate) use scan::are_gone;
pub(crate) use search::{Before, Found, Reason};
