//! The members of a document as its text has them: what nobody changes is copied when the document is written again.

/// Where the members of an object's top level stand in its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberPlaces(Vec<MemberPlace>);

/// Bytes from the start of the text to the key of a member, and to the end of its value. Two zeros for a member whose text would
/// change if it were written again.
type MemberPlace = [u32; 2];

impl MemberPlaces {
    /// Adds the place of the next member. `is_usual`: writing it again would give the same text.
    pub(crate) fn push(&mut self, from: usize, to: usize, is_usual: bool) {
        let place = (u32::try_from(from), u32::try_from(to));
        self.0.push(if let (Ok(from), Ok(to), true) = (place.0, place.1, is_usual) {
            [from, to]
        } else {
            [0, 0]
        });
    }
}

/// The members of a document as they are written in its text.
#[derive(Debug, Clone, Copy)]
pub struct WrittenMembers<'t> {
    text: &'t str,
    places: &'t MemberPlaces,
}

impl<'t> WrittenMembers<'t> {
    /// Those of a text; the places are its own.
    pub fn new(text: &'t str, places: &'t MemberPlaces) -> Self {
        Self { text, places }
    }

    /// The length of the text, in bytes.
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    /// Each member in order, key and value; `None` for one that has to be written again.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&'t str>> + Clone + use<'t> {
        let text = self.text;
        let member = move |[from, to]: &MemberPlace| {
            text.get(*from as usize..*to as usize).filter(|member| !member.is_empty())
        };
        self.places.0.iter().map(member)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Document, Edited, Touched, verbatim};

    /// The text of a document once some of its members were changed, and how many of those it has now were copied.
    fn written(text: &str, change: &[&str], value: Option<u8>) -> (String, usize) {
        let mut document = Document::new(text.into());
        let (tree, places) = document.take_tree().unwrap();
        let mut edited = Edited::new(tree);
        let members = edited.edit(&Touched::members(change.iter().copied())).as_object_mut().unwrap();
        for key in change {
            match value {
                Some(value) => members.insert((*key).to_owned(), json!([value])),
                None => members.shift_remove(*key),
            };
        }
        let written = WrittenMembers::new(document.text(), &places);
        let text = edited.to_text(&written);
        assert_eq!(text, verbatim::to_text(edited.now()));
        (text, written.iter().flatten().count())
    }

    #[test]
    fn what_is_not_changed_is_copied_as_it_stands() {
        let text = r#"{"_id":"a","n":1.50,"s":"x\"\\\n é","m":{"a":[1,{}]}}"#;
        assert_eq!(written(text, &[], None), (text.to_owned(), 4));
        assert_eq!(
            written(text, &["n", "new"], Some(7)).0,
            r#"{"_id":"a","n":[7],"s":"x\"\\\n é","m":{"a":[1,{}]},"new":[7]}"#
        );
        assert_eq!(written(text, &["_id", "n", "s", "m"], None).0, "{}");
    }

    #[test]
    fn what_stands_there_otherwise_than_it_is_written_is_written() {
        let text =
            "{ \"a\" :1,\"b\":[1, 2],\"c\":\"\\/\",\"d\":\"\\u00e9\",\"e\": true,\"f\":{\"g\":\"\\t\"} }";
        assert_eq!(
            written(text, &[], None),
            (r#"{"a":1,"b":[1,2],"c":"/","d":"é","e":true,"f":{"g":"\t"}}"#.to_owned(), 1)
        );
    }

    proptest! {
        #[test]
        fn a_copied_text_is_the_one_that_would_be_written(
            members in prop::collection::vec((0..12_usize, 0..4_usize), 0..8),
            change in prop::collection::vec(0..9_usize, 0..4),
            value in prop::option::of(0..3_u8),
        ) {
            let values = ["\"a\"", "\"a\\\\\"", "\"\\ud83d\\ude00\"", "null", "true", "-1.5e3", "[]", "{ }",
                "[{\"_id\":\"[\\\"\"},[1,2]]", "{\"n\":{\"a\":\"}\"}}", "\"é\\u0001\"", "1.0"];
            let blanks = ["", " ", "\n", ""];
            let members = members.iter().enumerate().map(|(at, (value, blank))| format!("\"k{at}\":{}{}", blanks[*blank], values[*value]));
            let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            let keys: Vec<String> = change.iter().map(|at| format!("k{at}")).collect();
            written(&text, &keys.iter().map(String::as_str).collect::<Vec<_>>(), value);
        }
    }
}
