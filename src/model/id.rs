//! The names of runs and items.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a character is allowed in a name that becomes a file or a part of an address: letters, digits, `.`, `_`,
/// `-`.
pub fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// The number of an item in its plan, counted from 1 in the order of selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemKey(pub u32);

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The name of a run and of its folder: `<UTC time>-<job name>-<4 hex>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl RunId {
    /// Makes the name of a run started at `now` for the job called `name`.
    ///
    /// Only letters, digits, `.`, `_` and `-` of the name are kept, 40 at most: it becomes a folder.
    pub fn new(now: jiff::Timestamp, name: &str, salt: u16) -> Self {
        let mut slug: String = name.chars().map(|c| if is_name_char(c) { c } else { '-' }).take(40).collect();
        if slug.trim_matches(['.', '-']).is_empty() {
            "job".clone_into(&mut slug);
        }
        Self(format!("{}-{slug}-{salt:04x}", now.strftime("%Y%m%dT%H%M%SZ")))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_run_is_a_safe_folder_name() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert_eq!(RunId::new(now, "orders/../eu", 0xab).0, "19700101T000000Z-orders-..-eu-00ab");
        assert_eq!(RunId::new(now, "//", 1).0, "19700101T000000Z-job-0001");
    }
}
