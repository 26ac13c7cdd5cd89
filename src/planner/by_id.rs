//! Which import of the target is which item, where its id says it.

use crate::planner::target_index::{TargetImport, TargetImports};
use crate::planner::wanted_keys::WantedKeys;

/// What is restored or applied is recognised by its id first: whoever renamed it since does not make it another import.
/// Gives the keys that nobody wants any more,
/// and those by which imports that are recognised by id are found, each with its item.
pub(crate) fn by_id_first(
    wanted: &mut WantedKeys,
    imports: &mut TargetImports<'_>,
) -> (Vec<u64>, Vec<(u64, u32)>) {
    let by_id = std::mem::take(&mut imports.by_id);
    if by_id.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let is_idle = |items: &[u32]| items.iter().all(|item| by_id.contains_key(item));
    let keys = wanted.groups().filter(|(key, items)| imports.by_key.contains(*key) && is_idle(items));
    let idle = keys.map(|(key, _)| key).collect();
    wanted.retain(|item| !by_id.contains_key(&item));
    let mut found = Vec::new();
    let mut by_id: Vec<(u32, TargetImport)> = by_id.into_iter().collect();
    by_id.sort_unstable_by_key(|(index, _)| *index);
    for (index, import) in by_id {
        let key = free_key(imports, index);
        imports.by_key.insert(key, import);
        found.push((key, index));
    }
    (idle, found)
}

/// A key that no import of the target bears, for an item that is recognised otherwise.
pub(crate) fn free_key(imports: &TargetImports<'_>, index: u32) -> u64 {
    let mut key = u64::from(index);
    while imports.by_key.contains(key) {
        key = key.wrapping_add(1 << 32);
    }
    key
}
