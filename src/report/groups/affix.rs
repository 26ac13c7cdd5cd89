//! What stands before or behind an old text in the new one. Long texts of a change are cut; what `…` stands for at the same end
//! is the same on both sides.

/// What every change of a kind so far has in common.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Affix {
    /// There was no change so far.
    #[default]
    Unseen,
    /// The new text is the old one behind this.
    Prefix(String),
    /// The new text is the old one before this.
    Suffix(String),
    /// They have nothing of that kind in common.
    None,
}

/// The text of a JSON string; `None` for another value.
pub(super) fn plain(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// What stands before or behind an old text in the new one, both as they are shown.
pub(super) fn affix(from: &str, to: &str) -> Affix {
    let inner = |ends: fn(&str) -> Option<&str>| Some((ends(from)?, ends(to)?));
    // The part that was added is the text of a JSON string too, unless an escape sequence is torn.
    let text = |part: &str| plain(&format!("\"{part}\"")).filter(|part| !part.is_empty());
    let before = |(from, to): (&str, &str)| to.strip_suffix(from).and_then(text).map(Affix::Prefix);
    let behind = |(from, to): (&str, &str)| to.strip_prefix(from).and_then(text).map(Affix::Suffix);
    let affix = if let Some(whole) = inner(|text| text.strip_prefix('"')?.strip_suffix('"')) {
        if whole.0.is_empty() { None } else { before(whole).or_else(|| behind(whole)) }
    } else if let Some(starts) = inner(|text| text.strip_prefix('"')?.strip_suffix('…')) {
        before(starts)
    } else {
        inner(|text| text.strip_prefix('…')?.strip_suffix('"')).and_then(behind)
    };
    affix.unwrap_or(Affix::None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_added_to_a_text_is_found_however_long_the_text_is() {
        let long = "long name ".repeat(20);
        let prefix = |text: &str| Affix::Prefix(text.to_owned());
        let suffix = |text: &str| Affix::Suffix(text.to_owned());
        for name in ["a", "EU a", "\"quoted\"", "…", "ends in …", long.as_str(), &format!("\"{long}\"")] {
            for (from, to, wanted) in [
                (name.to_owned(), format!("EU {name}"), prefix("EU ")),
                (name.to_owned(), format!("\"x\" {name}"), prefix("\"x\" ")),
                (name.to_owned(), format!("{name} (old)"), suffix(" (old)")),
                (name.to_owned(), format!("EU {name} (old)"), Affix::None),
                (format!("US {name}"), format!("EU {name}"), Affix::None),
            ] {
                let changes = crate::documents::diff::diff(&json!({ "name": from }), &json!({ "name": to }));
                let shown = |side: &Option<String>| side.clone().unwrap_or_default();
                assert_eq!(affix(&shown(&changes[0].from), &shown(&changes[0].to)), wanted, "{changes:?}");
            }
        }
        for (from, to) in
            [("", "EU "), ("1", "11"), ("\"\"", "\"EU\""), ("[1]", "[1,1]"), ("(hidden)", "(hidden)")]
        {
            assert_eq!(affix(from, to), Affix::None, "{from} {to}");
        }
    }
}
