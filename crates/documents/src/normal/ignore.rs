//! `ignore`: paths of a document that are left out of every comparison.
//!
//! Whoever compares, fingerprints or shows differences under a job's `ignore` does it through [`Ignore`], so that all
//! of them leave out the same.

use serde_json::Value;

use super::masks::remove_pointers;
use super::{Comparison, compare, fingerprint};
use crate::Fingerprint;
use crate::place::{key_of_step, push_key};

/// Paths left out of comparisons. In a path, `*` stands for any key of an object and any entry of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    paths: Vec<Vec<String>>,
}

impl Ignore {
    /// Of JSON pointers, as `/lastUsedAt` or `/http/headers/*/enabled`; an empty one is passed over.
    pub fn new<'a>(pointers: impl IntoIterator<Item = &'a str>) -> Self {
        let paths = pointers.into_iter().filter_map(|pointer| pointer.strip_prefix('/'));
        Self { paths: paths.map(steps).collect() }
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// JSON pointers of what the paths lead to in a document.
    pub fn places(&self, document: &Value) -> Vec<String> {
        let mut found = Vec::new();
        for path in &self.paths {
            places(document, path, &mut String::new(), &mut found);
        }
        found
    }

    /// Removes what the paths lead to.
    pub fn strip(&self, document: &mut Value) {
        if !self.is_empty() {
            remove_pointers(document, &self.places(document));
        }
    }

    /// The document without what the paths lead to.
    pub fn stripped(&self, document: &Value) -> Value {
        let mut stripped = document.clone();
        self.strip(&mut stripped);
        stripped
    }

    /// The fingerprint of a document without what the paths lead to.
    pub fn fingerprint(&self, document: &Value) -> Fingerprint {
        if self.is_empty() || self.places(document).is_empty() {
            return fingerprint(document);
        }
        fingerprint(&self.stripped(document))
    }

    /// As [`compare()`], without what the paths lead to on either side.
    pub fn compare(&self, sent: &Value, found: &Value) -> Comparison {
        if self.is_empty() {
            return compare(sent, found);
        }
        compare(&self.stripped(sent), &self.stripped(found))
    }

    /// Whether a JSON pointer leads to or into what is left out.
    pub fn covers(&self, pointer: &str) -> bool {
        let Some(path) = pointer.strip_prefix('/') else { return false };
        let steps = steps(path);
        self.paths.iter().any(|ignored| {
            ignored.len() <= steps.len()
                && ignored.iter().zip(&steps).all(|(one, step)| one == "*" || one == step)
        })
    }
}

/// The keys of a pointer without its first slash.
fn steps(path: &str) -> Vec<String> {
    path.split('/').map(|step| key_of_step(step).into_owned()).collect()
}

fn places(value: &Value, path: &[String], pointer: &mut String, found: &mut Vec<String>) {
    let Some((step, rest)) = path.split_first() else {
        found.push(pointer.clone());
        return;
    };
    let length = pointer.len();
    let mut enter = |key: &str, inner: &Value| {
        push_key(pointer, key);
        places(inner, rest, pointer, found);
        pointer.truncate(length);
    };
    match value {
        Value::Object(members) => match members.get(step) {
            Some(inner) => enter(step, inner),
            None if step == "*" => members.iter().for_each(|(key, inner)| enter(key, inner)),
            None => {}
        },
        Value::Array(entries) if step == "*" => {
            entries.iter().enumerate().for_each(|(index, inner)| enter(&index.to_string(), inner));
        }
        Value::Array(entries) => {
            if let Some(inner) = step.parse::<usize>().ok().and_then(|index| entries.get(index)) {
                enter(step, inner);
            }
        }
        _ => {}
    }
}

impl Ignore {
    /// Where two reads of one document differ although nobody changed it: JSON pointers of what the service itself changes at
    /// each read, beside what is left out already. Entries of lists are written `*`, as `ignore` wants it.
    ///
    /// Empty if the two are the same, or if `lastModified` says that somebody changed it.
    pub fn restless(&self, one: &Value, other: &Value) -> Vec<String> {
        let mut found = changes_by_itself(one, other);
        found.retain(|field| !self.covers(field));
        found
    }
}

/// What a person should know of fields that change at each read, with the line of the job that mends it.
pub fn restless_note<'a>(fields: impl IntoIterator<Item = &'a String>) -> String {
    let fields = fields.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    format!(
        "the service changes {fields} at each read of an import, although nobody edits it: add `ignore: [{fields}]` to the job"
    )
}

fn changes_by_itself(one: &Value, other: &Value) -> Vec<String> {
    if one.get("lastModified") != other.get("lastModified") {
        return Vec::new();
    }
    let mut found = Vec::new();
    moved(one, other, &mut String::new(), &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn moved(one: &Value, other: &Value, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys.filter(|key| length > 0 || !crate::schema::is_server_field(key)) {
                push_key(path, key);
                match (a.get(key), b.get(key)) {
                    (Some(one), Some(other)) => moved(one, other, path, found),
                    _ => found.push(path.clone()),
                }
                path.truncate(length);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (one, other) in a.iter().zip(b) {
                path.push_str("/*");
                moved(one, other, path, found);
                path.truncate(length);
            }
        }
        (Value::Number(a), Value::Number(b)) if super::same_number(a, b) => {}
        _ if one == other => {}
        _ => found.push(path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::normal::compare::Verdict;

    #[test]
    fn a_path_leaves_out_what_it_leads_to_at_every_entry() {
        let ignore = Ignore::new(["/lastUsedAt", "/http/headers/*/enabled", "/a~1b", "/nothing/here"]);
        let document = json!({"name": "a", "lastUsedAt": 1, "a/b": 2,
            "http": {"headers": [{"name": "x", "enabled": true}, {"name": "y", "enabled": false}]}});
        let other =
            json!({"name": "a", "lastUsedAt": 2, "http": {"headers": [{"name": "x"}, {"name": "y"}]}});
        assert_eq!(ignore.fingerprint(&document), ignore.fingerprint(&other));
        assert_eq!(ignore.compare(&document, &other).verdict, Verdict::Equal);
        let edited =
            json!({"name": "b", "lastUsedAt": 2, "http": {"headers": [{"name": "x"}, {"name": "y"}]}});
        assert_ne!(ignore.fingerprint(&document), ignore.fingerprint(&edited));
        assert_eq!(ignore.compare(&document, &edited).differences, ["/name"]);
    }

    #[test]
    fn what_stands_beneath_a_path_is_covered_and_its_neighbours_are_not() {
        let ignore = Ignore::new(["/http/headers/*/enabled", "/settings"]);
        for pointer in ["/http/headers/3/enabled", "/settings", "/settings/a/b"] {
            assert!(ignore.covers(pointer), "{pointer}");
        }
        for pointer in ["", "/http", "/http/headers/3", "/http/headers/3/enabledBy", "/settingsForm"] {
            assert!(!ignore.covers(pointer), "{pointer}");
        }
    }

    #[test]
    fn without_paths_nothing_changes() {
        let document = json!({"name": "a", "n": 1});
        assert_eq!(Ignore::default().fingerprint(&document), fingerprint(&document));
        assert!(Ignore::default().is_empty());
    }

    #[test]
    fn what_moves_between_two_reads_is_named_unless_somebody_changed_the_import() {
        let read = |used: u32, modified: &str| {
            json!({"_id": "1", "lastModified": modified, "lastUsedAt": used,
                "http": {"headers": [{"name": "x", "seen": used}, {"name": "y", "seen": used}]}})
        };
        assert_eq!(changes_by_itself(&read(1, "t"), &read(2, "t")), ["/http/headers/*/seen", "/lastUsedAt"]);
        assert!(changes_by_itself(&read(1, "t"), &read(1, "t")).is_empty());
        assert!(changes_by_itself(&read(1, "t"), &read(2, "u")).is_empty());
    }
}
