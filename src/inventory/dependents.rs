//! Describes what uses a resource, in a sentence.

use std::collections::BTreeMap;

use crate::api::Dependent;

/// How many users of a resource are named; the rest are counted.
const MOST_NAMED: usize = 3;

/// Says that something is used, and by what; `None` if nothing uses it.
pub(crate) fn used_by(users: &BTreeMap<String, Vec<Dependent>>) -> Option<String> {
    let all: Vec<String> = users
        .iter()
        .flat_map(|(kind, users)| users.iter().map(move |user| (kind, user)))
        .map(|(kind, user)| {
            let name = if user.name.is_empty() { user.id.as_str() } else { &user.name };
            format!("\"{name}\" ({kind})")
        })
        .collect();
    if all.is_empty() {
        return None;
    }
    let more = match all.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = all[..all.len().min(MOST_NAMED)].join(", ");
    Some(format!("it is used by {named}{more}: left alone"))
}
