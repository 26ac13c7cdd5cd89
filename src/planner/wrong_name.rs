//! Which names an import cannot be given.

use crate::job::{Action, MatchBy};

/// Why an import that was called `before` cannot have its new name. What is restored, or updated where it stands, had its name
/// already.
pub(super) fn wrong_name(
    (action, match_by): (Action, MatchBy),
    name: Option<&str>,
    before: &str,
) -> Option<(&'static str, &'static str)> {
    let name = name.unwrap_or_default();
    if matches!(action, Action::Restore | Action::Update) && name == before {
        return None;
    }
    let lacks_one = |name: &str| name.is_empty() || match_by == MatchBy::Name && is_blank(name);
    let has_lines = |name: &str| name.contains(char::is_control);
    match (lacks_one(name), lacks_one(before), match_by) {
        (true, true, MatchBy::Name) => Some(("no_name", "it has no name to match it by")),
        (true, true, MatchBy::ExternalId) => Some(("no_name", "it has no name")),
        (true, false, _) => Some(("no_name", "the transformation leaves it without a name")),
        _ if has_lines(name) && !has_lines(before) => Some((
            "name_of_lines",
            "the transformation gives it a name with a line break or another control character",
        )),
        _ => None,
    }
}

/// Whether a name, or another key, cannot be used to match an import.
pub(super) fn is_blank(name: &str) -> bool {
    name.trim().is_empty()
}
