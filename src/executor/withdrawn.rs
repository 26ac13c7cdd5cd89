//! Deletions that a run had planned and does not carry out any more.

use std::collections::HashMap;

use crate::model::{ItemKey, Outcome};
use crate::run_folder::plan_item::Reason;

/// How such deletions end, and why, by item.
pub type Withdrawn = HashMap<ItemKey, (Outcome, Reason)>;
