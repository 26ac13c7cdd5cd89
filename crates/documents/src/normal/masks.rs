//! Secrets that the service masked: where they are, taking them out, and which of them another document would erase.

use serde_json::Value;

use crate::place::{PathStep, key_of_step, pointer_of, position};
use crate::schema as service;

/// JSON pointers of masked secrets: texts that are stars, or a scheme word and stars (`Bearer ******`).
///
/// Captured data is not looked into: it is not configuration, and what is masked there is nobody's to fill in.
pub fn masks(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    search(document, &mut Vec::new(), &mut found);
    found
}

/// JSON pointers of the masked secrets of a document that would be erased if `wanted` took its place: all but those for
/// which `wanted` holds a text at the same place.
///
/// An entry of a list is found again by its name, wherever it stands. One without a name, or with a name that another entry
/// bears too, is never taken for the same: then it is not known what a text at its position is for. What is the same in both
/// documents is not looked into: what is sent holds no masks.
pub fn erased(there: &Value, wanted: &Value) -> Vec<String> {
    let mut erased = masks(there);
    erased.retain(|pointer| !is_given(there, wanted, pointer));
    erased
}

/// Whether `wanted` holds a text of its own for the secret that a pointer leads to in `there`.
fn is_given(mut there: &Value, mut wanted: &Value, pointer: &str) -> bool {
    for step in pointer.split('/').skip(1) {
        if there == wanted {
            return true;
        }
        let inside = match (there, wanted) {
            (Value::Object(one), Value::Object(other)) => {
                let key = key_of_step(step);
                one.get(&*key).zip(other.get(&*key))
            }
            (Value::Array(one), Value::Array(other)) => {
                let entry = position(step).and_then(|index| one.get(index));
                entry.and_then(|entry| Some((entry, same_entry(entry, one, other)?)))
            }
            _ => None,
        };
        let Some(inside) = inside else { return false };
        (there, wanted) = inside;
    }
    there == wanted || wanted.as_str().is_some_and(|text| !text.is_empty() && !is_mask(text))
}

/// The entry of another list with the same name, if each list has just one of that name.
fn same_entry<'v>(entry: &Value, list: &[Value], other: &'v [Value]) -> Option<&'v Value> {
    let name = name_of(entry)?;
    let only = |list: &'_ [Value]| list.iter().filter(|entry| name_of(entry) == Some(name)).count() == 1;
    if !only(list) || !only(other) {
        return None;
    }
    other.iter().find(|entry| name_of(entry) == Some(name))
}

/// What identifies an entry of a list: the name of a header or a lookup, the target of a row, the key of a pair.
fn name_of(entry: &Value) -> Option<(&str, &str)> {
    ["name", "generate", "key"].iter().find_map(|key| Some((*key, entry.get(key)?.as_str()?)))
}

/// `path` is written as a pointer only where a mask is found: nearly nowhere.
fn search<'v>(value: &'v Value, path: &mut Vec<PathStep<'v>>, found: &mut Vec<String>) {
    match value {
        Value::String(text) if is_mask(text) => found.push(pointer_of(path)),
        Value::Object(members) => {
            for (key, value) in members {
                if !(path.is_empty() && service::is_captured(key)) {
                    path.push(PathStep::Key(key));
                    search(value, path, found);
                    path.pop();
                }
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                path.push(PathStep::Entry(index));
                search(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Whether a text is a mask: three stars or more and nothing else, but for a scheme word before them.
pub fn is_mask(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.last() != Some(&b'*') {
        return false;
    }
    let stars = bytes.iter().rev().take_while(|byte| **byte == b'*').count();
    let before = &bytes[..bytes.len() - stars];
    stars >= 3
        && match before.split_last() {
            None => true,
            Some((b' ', scheme)) => {
                !scheme.is_empty() && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            }
            Some(_) => false,
        }
}

/// Removes what the pointers point to; one that points to nothing is passed over. Answers whether there was anything.
///
/// All pointers are of the document as it is before: entries of one list do not move under each other.
pub fn remove_pointers(document: &mut Value, pointers: &[String]) -> bool {
    let mut ordered: Vec<&String> = pointers.iter().collect();
    ordered.sort_unstable_by_key(|pointer| std::cmp::Reverse(sort_key(pointer)));
    ordered.dedup();
    let mut any = false;
    for pointer in ordered {
        any |= remove(document, pointer).is_some();
    }
    any
}

/// Removes what is masked at these pointers, and leaves everything else there.
pub fn remove_masks(document: &mut Value, pointers: &[String]) {
    let mut masked = masks(document);
    masked.retain(|pointer| pointers.contains(pointer));
    remove_pointers(document, &masked);
}

/// Orders pointers so that entry 10 of a list comes after entry 9.
fn sort_key(pointer: &str) -> Vec<(Option<usize>, &str)> {
    pointer.split('/').map(|step| (step.parse().ok(), step)).collect()
}

/// Removes what one pointer points to; the other keys keep their order.
pub fn remove(document: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, last) = pointer.rsplit_once('/')?;
    match document.pointer_mut(parent)? {
        Value::Object(members) => members.shift_remove(&*key_of_step(last)),
        Value::Array(entries) => {
            let index = position(last).filter(|index| *index < entries.len())?;
            Some(entries.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stars_alone_or_after_a_scheme_word_are_a_mask() {
        for text in ["***", "******", "Bearer ******", "AWS4-HMAC ***"] {
            assert!(is_mask(text), "{text}");
        }
        for text in ["", "**", "*", "a***", "***a", "$.orders[***", "{{x}} ***", "two words ***", " ***"] {
            assert!(!is_mask(text), "{text}");
        }
    }

    #[test]
    fn masks_are_found_in_configuration_and_not_in_captured_data() {
        let document = json!({"http": {"headers": [{"name": "a", "value": "Bearer ****"}], "a/b": "***"},
            "sampleData": "***", "mockResponse": [{"token": "***"}]});
        assert_eq!(masks(&document), ["/http/headers/0/value", "/http/a~1b"]);
    }

    #[test]
    fn a_secret_is_erased_unless_a_text_is_given_where_the_same_thing_stands() {
        let headers = |entries: &Value| json!({"http": {"headers": entries}});
        let (auth, trace) =
            (json!({"name": "Auth", "value": "Bearer ***"}), json!({"name": "Trace", "value": "on"}));
        let (new, bare) = (json!({"name": "Auth", "value": "Bearer new"}), json!({"name": "Auth"}));
        let unnamed = |text: &str| json!({"value": text});
        let paired = |text: &str| json!({"key": "k", "value": text});
        let at = |index: usize| vec![format!("/http/headers/{index}/value")];
        let none = Vec::<String>::new;
        for (there, wanted, expected) in [
            // Another header at the same position, the same one elsewhere, with its value or without.
            (json!([auth]), json!([trace]), at(0)),
            (json!([auth, trace]), json!([trace, bare]), at(0)),
            (json!([auth, trace]), json!([trace, new]), none()),
            (json!([trace, auth]), json!([trace, trace, bare]), at(1)),
            (json!([auth]), json!([new]), none()),
            (json!([auth]), json!([]), at(0)),
            (json!([auth]), json!("x"), at(0)),
            // What is given is a text that may be the secret.
            (json!([auth]), json!([{"name": "Auth", "value": ""}]), at(0)),
            (json!([auth]), json!([{"name": "Auth", "value": 7}]), at(0)),
            (json!([auth]), json!([{"name": "Auth", "value": "******"}]), at(0)),
            (json!([auth]), json!([{"name": "Auth", "values": "x"}]), at(0)),
            (json!([auth]), json!([{"name": "auth", "value": "x"}]), at(0)),
            // Nothing tells which is which.
            (json!([auth, auth]), json!([new, new]), [at(0), at(1)].concat()),
            (json!([auth]), json!([new, new]), at(0)),
            (json!([auth, new]), json!([new]), at(0)),
            (json!([unnamed("***")]), json!([unnamed("x")]), at(0)),
            (json!([[auth]]), json!([[new]]), vec!["/http/headers/0/0/value".to_owned()]),
            (json!(["***"]), json!(["x"]), vec!["/http/headers/0".to_owned()]),
            (json!([paired("***")]), json!([trace, paired("x")]), none()),
            (json!([{"generate": "k", "value": "***"}]), json!([paired("x")]), at(0)),
        ] {
            assert_eq!(erased(&headers(&there), &headers(&wanted)), expected, "{there} {wanted}");
        }
        for (there, wanted, expected) in [
            (json!({"a~/": {"b": "***"}}), json!({"a~/": {"b": "x"}}), &[][..]),
            (json!({"a~/": {"b": "***"}}), json!({"c": {"b": "x"}}), &["/a~0~1/b"]),
            (json!({"a": {"b": "***"}}), json!({"a": {"b": ["x"]}}), &["/a/b"]),
            (json!({"a": {"b": "***"}}), json!({"a": "x"}), &["/a/b"]),
            (json!({"a": "***", "sampleData": "***"}), json!({}), &["/a"]),
            (json!({"a": "***"}), json!({"a": "x"}), &[]),
            (
                json!({"l": [{"name": "one", "h": [auth]}]}),
                json!({"l": [{"name": "two", "h": [new]}]}),
                &["/l/0/h/0/value"],
            ),
            (
                json!({"l": [{"name": "one", "h": [auth]}]}),
                json!({"l": [{}, {"name": "one", "h": [new]}]}),
                &[],
            ),
            // Only a comparison has masks on both sides.
            (json!({"l": [["***"]]}), json!({"l": [["***"]]}), &[]),
        ] {
            assert_eq!(erased(&there, &wanted), expected, "{there} {wanted}");
        }
    }

    #[test]
    fn several_entries_of_a_list_are_removed_by_where_they_were() {
        let mut document = json!({"l": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "k~": 1});
        let pointers = ["/l/2", "/l/10", "/l/9", "/nothing/here", "/k~0", "/l/2"].map(str::to_owned);
        remove_pointers(&mut document, &pointers);
        assert_eq!(document, json!({"l": [0, 1, 3, 4, 5, 6, 7, 8, 11]}));
    }
}
