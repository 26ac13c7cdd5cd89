//! Which import of the target is which item, where its id says it.

use crate::planner::target_index::{TargetImport, TargetImports};

/// What is restored or applied is recognised by its id first: whoever renamed it since does not make it another import.
/// Gives the keys that nobody wants any more.
pub(crate) fn by_id_first(groups: &mut Vec<(u64, Vec<u32>)>, imports: &mut TargetImports<'_>) -> Vec<u64> {
    let by_id = std::mem::take(&mut imports.by_id);
    for (_, wanted) in groups.iter_mut() {
        wanted.retain(|index| !by_id.contains_key(index));
    }
    let idle = groups.iter().filter(|(_, wanted)| wanted.is_empty()).map(|(key, _)| *key).collect();
    groups.retain(|(_, wanted)| !wanted.is_empty());
    let mut by_id: Vec<(u32, TargetImport)> = by_id.into_iter().collect();
    by_id.sort_unstable_by_key(|(index, _)| *index);
    for (index, import) in by_id {
        let key = free_key(imports, index);
        imports.by_key.insert(key, vec![import]);
        groups.push((key, vec![index]));
    }
    idle
}

/// A key that no import of the target bears, for an item that is recognised otherwise.
pub(crate) fn free_key(imports: &TargetImports<'_>, index: u32) -> u64 {
    let mut key = u64::from(index);
    while imports.by_key.contains_key(&key) {
        key = key.wrapping_add(1 << 32);
    }
    key
}
