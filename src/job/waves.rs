//! `waves`, `pause` and `mirror`: how much is written at a time, and how much may be deleted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Limit;

/// `waves` with its `pause`: the imports are written in groups, each verified before the next begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waves {
    /// The sizes, in order; the last is [`Wave::Rest`]. Never empty.
    pub sizes: Vec<Wave>,
    /// What happens between two waves.
    pub pause: Pause,
}

/// One of `waves`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wave {
    /// So many imports, or such a share of all that are to be written.
    Of(Limit),
    /// All that are left.
    Rest,
}

/// `pause`: what happens between two waves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// The user is asked before each further wave; the default.
    #[default]
    Ask,
    /// The next wave begins at once.
    Never,
    /// The next wave begins after so long.
    For(Duration),
}

/// `mirror`: what the source no longer has is deleted in the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mirror {
    /// `max_delete`: the most that may be deleted; more than that ends the plan.
    pub max_delete: Limit,
}

/// `page_size`: imports on one page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageSize {
    /// 1000, halved when a page is too large or too slow; the default.
    #[default]
    Auto,
    /// So many at first, from 1 to 1000; halved as well.
    Fixed(std::num::NonZeroU32),
}
