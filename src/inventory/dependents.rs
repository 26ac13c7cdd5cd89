//! Describes what uses a resource, in a sentence.

use std::collections::BTreeMap;

use crate::api::{ApiError, Dependent, ErrorKind};

/// How many users of a resource are named; the rest are counted.
const MOST_NAMED: usize = 3;

/// Whether a service answers nobody what uses a resource. One that only refuses this token may know users of it.
pub(crate) fn is_never_answered(error: &ApiError) -> bool {
    error.kind == ErrorKind::NotFound || matches!(error.status, Some(405 | 501))
}

/// Says that it is not known what uses something.
pub(crate) fn users_unknown(why: &str) -> String {
    format!("it could not be found out what uses it ({why}): left alone")
}

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
