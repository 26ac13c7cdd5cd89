//! The `_id` of an entry of a list, without parsing the rest of it.

use std::borrow::Cow;

use serde::Deserialize;

/// Whether a document is an object with a text `_id`.
pub(super) fn has_id(text: &str) -> bool {
    !id_of(text).is_empty()
}

/// The text `_id` of a document; empty if it has none. It mostly comes first, and then nothing else is looked at.
pub(super) fn id_of(text: &str) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct HasId<'a> {
        #[serde(rename = "_id", borrow)]
        id: Cow<'a, str>,
    }
    let first = || -> Option<&str> {
        let rest = text.strip_prefix('{')?.trim_start().strip_prefix("\"_id\"")?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(id, _)| id)
    };
    match first() {
        Some(id) if !id.is_empty() && !id.contains('\\') => id.into(),
        _ => serde_json::from_str::<HasId<'_>>(text).map_or_else(|_| "".into(), |document| document.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_needs_a_text_id_wherever_it_stands() {
        for good in
            [r#"{"_id":"a"}"#, r#"{ "_id" : "a", "b": 1}"#, r#"{"n":1,"_id":"a"}"#, r#"{"_id":"\u0061"}"#]
        {
            assert!(has_id(good), "{good}");
        }
        for bad in
            [r#"{"_id":1}"#, r#"{"_id":""}"#, "{}", "1", r#"["_id","a"]"#, r#"{"_id":null}"#, r#""_id""#]
        {
            assert!(!has_id(bad), "{bad}");
        }
    }
}
