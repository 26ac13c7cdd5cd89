//! Finds out the effect of creates and clones whose answer is missing: one scan of a list answers for everything of
//! its kind. [`queue`] decides when, [`scan`] reads, [`judge`] decides.

mod judge;
mod queue;
mod scan;
mod search;

pub(crate) use queue::LookupQueue;
pub(crate) use scan::are_gone;
pub(crate) use search::{Before, Found, Reason};
