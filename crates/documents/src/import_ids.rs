//! Where a flow, an API or a tool names imports, in its text: so that an id can be replaced and every other byte stays.
//!
//! The places: `_importId` of a step in `pageProcessors`, in `routers` and their branches and in an API's `builder`, at any
//! depth; that of a flow of 2016, at the top; `_id` and `_abstractId` of what an instance overrides.

use std::ops::Range;

use serde_json::value::RawValue;

use crate::document::Members;
use crate::place::push_key;

/// How deep steps may be nested; deeper ones are an error.
const DEEPEST: usize = 200;

/// An id of an import in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportId {
    /// The id as the text has it, its escapes resolved.
    pub id: String,
    /// Its JSON pointer.
    pub pointer: String,
    /// Where it stands in the text, with its quotation marks.
    pub range: Range<usize>,
}

/// Why the ids in a text cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum ImportIdsError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// Its steps are nested too deep.
    #[error("steps are nested more than {DEEPEST} levels deep")]
    TooDeep,
}

/// The ids of imports in the text of a flow, an API or a tool, in its order.
///
/// # Errors
///
/// The text is not JSON, or nested too deep.
pub fn import_ids(text: &str) -> Result<Vec<ImportId>, ImportIdsError> {
    let mut found = Found { text, pointer: String::new(), ids: Vec::new() };
    let whole: &RawValue = serde_json::from_str(text)?;
    found.walk(whole, Place::Top, 0)?;
    Ok(found.ids)
}

/// The text with other ids: `becomes` says which, and what is `None` stays.
///
/// # Errors
///
/// As [`import_ids`].
pub fn replace_import_ids(
    text: &str,
    mut becomes: impl FnMut(&ImportId) -> Option<String>,
) -> Result<String, ImportIdsError> {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for id in import_ids(text)? {
        let Some(new) = becomes(&id) else { continue };
        replaced.push_str(&text[done..id.range.start]);
        replaced.push_str(&serde_json::Value::from(new).to_string());
        done = id.range.end;
    }
    replaced.push_str(&text[done..]);
    Ok(replaced)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// Steps, at any depth.
    Steps,
    /// What an instance overrides.
    Overrides,
    /// The imports it overrides, and one of them.
    Overridden,
}

impl Place {
    /// Whether the text under a key is an id.
    fn is_id(self, key: &str) -> bool {
        match self {
            Self::Top | Self::Steps => key == "_importId",
            Self::Overrides => false,
            Self::Overridden => matches!(key, "_id" | "_abstractId"),
        }
    }

    /// What stands under a key, if ids can be in it.
    fn enter(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Top, "pageProcessors" | "routers" | "builder") | (Self::Steps, _) => Some(Self::Steps),
            (Self::Top, "overrides") => Some(Self::Overrides),
            (Self::Overrides, "imports") => Some(Self::Overridden),
            _ => None,
        }
    }
}

struct Found<'t> {
    text: &'t str,
    pointer: String,
    ids: Vec<ImportId>,
}

impl<'t> Found<'t> {
    fn walk(&mut self, value: &'t RawValue, place: Place, depth: usize) -> Result<(), ImportIdsError> {
        if depth > DEEPEST {
            return Err(ImportIdsError::TooDeep);
        }
        let length = self.pointer.len();
        match value.get().as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(value.get())?;
                for (key, member) in members {
                    push_key(&mut self.pointer, &key);
                    if place.is_id(&key) && member.get().starts_with('"') {
                        let start = member.get().as_ptr() as usize - self.text.as_ptr() as usize;
                        let range = start..start + member.get().len();
                        let id = serde_json::from_str(member.get())?;
                        self.ids.push(ImportId { id, pointer: self.pointer.clone(), range });
                    } else if let Some(inside) = place.enter(&key) {
                        self.walk(member, inside, depth + 1)?;
                    }
                    self.pointer.truncate(length);
                }
            }
            Some(b'[') if matches!(place, Place::Steps | Place::Overridden) => {
                let entries: Vec<&RawValue> = serde_json::from_str(value.get())?;
                for (index, entry) in entries.into_iter().enumerate() {
                    push_key(&mut self.pointer, &index.to_string());
                    self.walk(entry, place, depth + 1)?;
                    self.pointer.truncate(length);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(text: &str) -> Vec<String> {
        import_ids(text).unwrap().into_iter().map(|id| format!("{} {}", id.pointer, id.id)).collect()
    }

    #[test]
    fn ids_are_found_in_steps_routers_builders_and_overrides_and_nowhere_else() {
        let text = r#"{"_importId":"top","name":"_importId","aliases":[{"_importId":"alias"}],
            "pageProcessors":[{"type":"import","_importId":"a"},{"_exportId":"x","hooks":{"_importId":"b"}}],
            "routers":[{"branches":[{"pageProcessors":[{"_importId":"c"}]},{"pageProcessors":[]}]}],
            "builder":{"routers":[{"branches":[{"pageProcessors":[{"_importId":"d"}]}]}]},
            "overrides":{"imports":[{"_id":"e","_abstractId":"f","_connectionId":"g"}],"exports":[{"_id":"h"}]},
            "settings":{"_importId":"i"},"pageGenerators":[{"_importId":"j"}]}"#;
        assert_eq!(
            pointers(text),
            [
                "/_importId top",
                "/pageProcessors/0/_importId a",
                "/pageProcessors/1/hooks/_importId b",
                "/routers/0/branches/0/pageProcessors/0/_importId c",
                "/builder/routers/0/branches/0/pageProcessors/0/_importId d",
                "/overrides/imports/0/_id e",
                "/overrides/imports/0/_abstractId f",
            ]
        );
        for none in
            ["[]", "1", "null", r#"{"pageProcessors":{"_importId":1}}"#, r#"{"overrides":[{"imports":[]}]}"#]
        {
            assert!(pointers(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn an_id_is_replaced_and_every_other_byte_stays() {
        let text = "{ \"name\" :\t\"Caf\\u00e9 \\/ a\",\"n\":1.0e+2, \"pageProcessors\" : [ {\"_importId\": \"\\u0061\" },{\"_importId\":\"b\"}]}";
        let replaced = replace_import_ids(text, |id| (id.id == "a").then(|| "new\"".to_owned())).unwrap();
        assert_eq!(replaced, text.replace("\"\\u0061\"", "\"new\\\"\""));
        assert_eq!(replace_import_ids(text, |_| None).unwrap(), text);
    }

    #[test]
    fn what_is_nested_too_deep_is_an_error_and_not_a_crash() {
        let deep = format!("{{\"routers\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(import_ids(&deep).is_err());
        let less = format!("{{\"routers\":{}{}}}", "[".repeat(201), "]".repeat(201));
        assert!(matches!(import_ids(&less), Err(ImportIdsError::TooDeep | ImportIdsError::NotJson(_))));
    }
}
