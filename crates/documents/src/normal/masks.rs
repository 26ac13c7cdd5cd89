//! Secrets that the service masked: where they are, and taking them out.

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
    fn several_entries_of_a_list_are_removed_by_where_they_were() {
        let mut document = json!({"l": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "k~": 1});
        let pointers = ["/l/2", "/l/10", "/l/9", "/nothing/here", "/k~0", "/l/2"].map(str::to_owned);
        remove_pointers(&mut document, &pointers);
        assert_eq!(document, json!({"l": [0, 1, 3, 4, 5, 6, 7, 8, 11]}));
    }
}
