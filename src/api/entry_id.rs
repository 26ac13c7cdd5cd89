//! The `_id` of an entry of a list, without parsing the rest of it.

use std::borrow::Cow;

use crate::model::Head;

/// Whether a document is an object with an `_id` that is a text.
pub(super) fn has_id(text: &str) -> bool {
    !id_of(text).is_empty()
}

/// The text `_id` of a document; empty if it has none. It usually comes first, and then the rest is not read.
pub(super) fn id_of(text: &str) -> Cow<'_, str> {
    let first = || -> Option<&str> {
        let rest = text.strip_prefix('{')?.trim_start().strip_prefix("\"_id\"")?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(id, _)| id)
    };
    match first() {
        Some(id) if !id.is_empty() && !id.contains('\\') => id.into(),
        _ => Head::read(text).id.as_str().to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_needs_a_text_id_wherever_it_stands() {
        for good in [
            r#"{"_id":"a"}"#,
            r#"{ "_id" : "a", "b": 1}"#,
            r#"{"n":1,"_id":"a"}"#,
            r#"{"_id":"\u0061"}"#,
            r#"{"n":1,"_id":"a","_id":"b"}"#,
            r#"{"\u005fid":"a","\ud800":1}"#,
        ] {
            assert!(has_id(good), "{good}");
        }
        for bad in
            [r#"{"_id":1}"#, r#"{"_id":""}"#, "{}", "1", r#"["_id","a"]"#, r#"{"_id":null}"#, r#""_id""#]
        {
            assert!(!has_id(bad), "{bad}");
        }
    }
}
