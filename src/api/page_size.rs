//! How many documents are asked for on a page of a list: as many as were asked for first, or fewer once that was too much.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::ListRequest;

/// Documents on a page when nothing else is said: the most that the reference speaks of.
pub const MOST_DOCUMENTS: u32 = 1000;

/// The size of pages, by list; shared by all calls of an account. A size that was too large is not asked for again.
#[derive(Debug)]
pub(super) struct PageSizes {
    first: u32,
    /// Sizes that were lowered, by the path of the list and whether only some fields of its documents are wanted.
    lowered: Mutex<BTreeMap<(String, bool), u32>>,
}

impl PageSizes {
    /// Pages of at most `first` documents.
    pub(super) fn new(first: u32) -> Self {
        Self { first: first.max(1), lowered: Mutex::default() }
    }

    /// How many documents to ask for, if the caller wants `request.limit` of them at most; 0 leaves it to the service.
    pub(super) fn of(&self, request: &ListRequest) -> u32 {
        if request.limit == 0 {
            return 0;
        }
        let lowered = self.lowered.lock().unwrap_or_else(PoisonError::into_inner);
        let size = lowered.get(&key(request)).copied().unwrap_or(self.first);
        request.limit.min(size)
    }

    /// A page of `asked` documents was too large: from now on half of that is asked for.
    pub(super) fn halve(&self, request: &ListRequest, asked: u32) {
        let half = (asked / 2).max(1);
        let mut lowered = self.lowered.lock().unwrap_or_else(PoisonError::into_inner);
        let size = lowered.entry(key(request)).or_insert(half);
        *size = half.min(*size);
        tracing::info!(list = %request.path, size = *size, "a page was too large: smaller ones are asked for");
    }
}

impl Default for PageSizes {
    fn default() -> Self {
        Self::new(MOST_DOCUMENTS)
    }
}

fn key(request: &ListRequest) -> (String, bool) {
    (request.path.clone(), request.include.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_was_too_large_is_not_asked_for_again_and_other_lists_keep_theirs() {
        let request = |path: &str, limit, include: &[&'static str]| ListRequest {
            path: path.to_owned(),
            limit,
            include: include.to_vec(),
            filters: Vec::new(),
        };
        let sizes = PageSizes::default();
        let (imports, names) = (request("imports", 1000, &[]), request("imports", 900, &["name"]));
        assert_eq!((sizes.of(&imports), sizes.of(&names)), (1000, 900));
        sizes.halve(&imports, 1000);
        // Another scan of the list, which began before, has the same to say.
        sizes.halve(&imports, 1000);
        assert_eq!((sizes.of(&imports), sizes.of(&names)), (500, 900));
        assert_eq!(sizes.of(&request("imports", 1, &[])), 1);
        assert_eq!(sizes.of(&request("imports", 0, &[])), 0);
        for _ in 0..12 {
            sizes.halve(&imports, sizes.of(&imports));
        }
        assert_eq!(sizes.of(&imports), 1);
        assert_eq!(PageSizes::new(40).of(&imports), 40);
    }
}
