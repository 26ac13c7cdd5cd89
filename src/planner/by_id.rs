//! Matches imports of the target with items by id.

use crate::model::{ItemKey, ItemSet};
use crate::planner::target_index::TargetIndex;
use crate::planner::wanted_keys::WantedKeys;
use crate::planner::wanted_keys::id_key;

/// Matches restored and applied items by id first: an import that was renamed since is still the same. Returns the keys
/// that no item wants any more, and the items that are matched by id.
pub(crate) fn by_id_first(wanted: &mut WantedKeys, imports: &mut TargetIndex<'_>) -> (Vec<u64>, ItemSet) {
    let by_id = std::mem::take(&mut imports.by_id);
    if by_id.is_empty() {
        return (Vec::new(), by_id);
    }
    let is_idle = |items: &[u32]| items.iter().all(|item| by_id.contains(ItemKey(*item)));
    let keys = wanted.groups().filter(|(key, items)| imports.by_key.contains(*key) && is_idle(items));
    let idle = keys.map(|(key, _)| key).collect();
    wanted.retain(|item| !by_id.contains(ItemKey(item)));
    (idle, by_id)
}

/// A key that no import of the target has, for an item that is matched in another way.
pub(crate) fn free_key(imports: &TargetIndex<'_>, index: u32) -> u64 {
    let mut key = id_key(index);
    while imports.by_key.contains(key) {
        key = key.wrapping_add(1 << 32);
    }
    key
}
