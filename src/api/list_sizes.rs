//! The sizes of an account's lists: how many documents a page may have, and how many the whole list has.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ListRequest;

/// The default number of documents on a page: the most that the reference mentions.
pub const MOST_DOCUMENTS: u32 = 1000;

/// The page size and length of each list, shared by all calls of an account. A request asks for as many documents as
/// the first one, or fewer once that was too much; the larger number is not tried again.
#[derive(Debug)]
pub(super) struct ListSizes {
    first: u32,
    /// Reduced page sizes, by the path of the list and whether only some fields of its documents are requested.
    lowered: Mutex<BTreeMap<(String, bool), u32>>,
    /// How many documents each list had when it was last read to its end, plus those added since; by path.
    lengths: Mutex<BTreeMap<String, usize>>,
}

impl ListSizes {
    /// Pages of at most `first` documents.
    pub(super) fn new(first: u32) -> Self {
        Self { first: first.max(1), lowered: Mutex::default(), lengths: Mutex::default() }
    }

    /// How many documents to ask for if the caller wants at most `request.limit`; 0 leaves it to the service.
    pub(super) fn of(&self, request: &ListRequest) -> u32 {
        if request.limit == 0 {
            return 0;
        }
        let lowered = self.lowered.lock().unwrap_or_else(PoisonError::into_inner);
        let size = lowered.get(&key(request)).copied().unwrap_or(self.first);
        request.limit.min(size)
    }

    /// A page of `asked` documents was too large: from now on half as many are asked for.
    pub(super) fn halve(&self, request: &ListRequest, asked: u32) {
        let half = (asked / 2).max(1);
        let mut lowered = self.lowered.lock().unwrap_or_else(PoisonError::into_inner);
        let size = lowered.entry(key(request)).or_insert(half);
        *size = half.min(*size);
        tracing::info!(list = %request.path, size = *size, "a page was too large: smaller ones are asked for");
    }

    /// How many documents the whole list probably has; `None` if it was not read to its end.
    pub(super) fn length(&self, request: &ListRequest) -> Option<usize> {
        if request.filters.is_empty() { self.lengths().get(&request.path).copied() } else { None }
    }

    /// Learns how many documents a list had that was read to its end.
    pub(super) fn showed(&self, request: &ListRequest, documents: usize) {
        if request.filters.is_empty() {
            self.lengths().insert(request.path.clone(), documents);
        }
    }

    /// Learns that a document was added to the list at `path`.
    pub(super) fn grew(&self, path: &str) {
        if let Some(length) = self.lengths().get_mut(path) {
            *length += 1;
        }
    }

    fn lengths(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ListSizes {
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
        let sizes = ListSizes::default();
        let (imports, names) = (request("imports", 1000, &[]), request("imports", 900, &["name"]));
        assert_eq!((sizes.of(&imports), sizes.of(&names)), (1000, 900));
        sizes.halve(&imports, 1000);
        // Another scan of the list, which began earlier, reports the same.
        sizes.halve(&imports, 1000);
        assert_eq!((sizes.of(&imports), sizes.of(&names)), (500, 900));
        assert_eq!(sizes.of(&request("imports", 1, &[])), 1);
        assert_eq!(sizes.of(&request("imports", 0, &[])), 0);
        for _ in 0..12 {
            sizes.halve(&imports, sizes.of(&imports));
        }
        assert_eq!(sizes.of(&imports), 1);
        assert_eq!(ListSizes::new(40).of(&imports), 40);
    }

    #[test]
    fn a_list_is_as_long_as_it_was_and_what_was_added_since() {
        let whole =
            ListRequest { path: "imports".to_owned(), limit: 0, include: Vec::new(), filters: Vec::new() };
        let part = ListRequest { filters: vec![("adaptorType", "x".to_owned())], ..whole.clone() };
        let sizes = ListSizes::default();
        sizes.grew("imports");
        sizes.showed(&part, 7);
        assert_eq!((sizes.length(&whole), sizes.length(&part)), (None, None));
        sizes.showed(&whole, 40);
        sizes.grew("imports");
        sizes.grew("flows");
        assert_eq!((sizes.length(&whole), sizes.length(&part)), (Some(41), None));
    }
}
