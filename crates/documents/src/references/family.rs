//! Which resources fit each other, and what goes with a reference that is left out.

use super::Resource;

/// Names match within a family; where either side does not tell its own, the name decides.
pub(super) fn fits(source: &Resource, target: &Resource) -> bool {
    match (&source.family, &target.family) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

pub(super) fn family(resource: Option<&Resource>) -> &str {
    resource.and_then(|resource| resource.family.as_deref()).unwrap_or("of unknown type")
}

/// What is left out with a reference: the entry of `tools`, `prompts` and `resources` that is nothing without it, else the key.
pub(super) fn entry_of(pointer: &str) -> &str {
    let end = ["/tools/", "/prompts/", "/resources/"].iter().find_map(|list| {
        let after = pointer.rfind(list)? + list.len();
        let digits = pointer[after..].find('/')?;
        pointer[after..after + digits].parse::<usize>().ok().map(|_| after + digits)
    });
    &pointer[..end.unwrap_or(pointer.len())]
}
