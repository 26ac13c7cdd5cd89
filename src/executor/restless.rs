//! Fields that the service changes at each read. They are noticed by two reads of an import that nobody edited in
//! between, and named with the line of the job that leaves them out of every comparison.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::Value;

use crate::documents::normal::Ignore;
use crate::documents::normal::ignore::restless_note;
use crate::model::ItemKey;

/// The maximum number of imports whose first read is kept.
const MOST: usize = 3;

/// What the first read showed of imports that differ when read back.
#[derive(Debug, Default)]
pub(crate) struct FirstReads {
    kept: RefCell<Vec<FirstRead>>,
    told: Cell<bool>,
    told_filled_in: Cell<bool>,
}

#[derive(Debug)]
struct FirstRead {
    item: ItemKey,
    document: Value,
}

impl FirstReads {
    /// Notes an import that differs when read back. If an earlier read of the same version showed other values, the
    /// service changes them by itself; returns what to say about this, once a run.
    pub(crate) fn notice(&self, ignore: &Ignore, item: ItemKey, found: &Value) -> Option<String> {
        if self.told.get() {
            return None;
        }
        let mut kept = self.kept.borrow_mut();
        let Some(first) = kept.iter().find(|first| first.item == item) else {
            if kept.len() < MOST {
                kept.push(FirstRead { item, document: found.clone() });
            }
            return None;
        };
        let fields = ignore.restless(&first.document, found);
        self.told.set(!fields.is_empty());
        self.told.get().then(|| restless_note(&fields))
    }

    /// What to say, once a run, about fields that were not sent and that an import holds when it is read back: they are of
    /// those that people fill in, so they count as a difference.
    pub(crate) fn filled_in(&self, fields: &BTreeSet<String>) -> Option<String> {
        let is_new = !fields.is_empty() && !self.told_filled_in.replace(!fields.is_empty());
        is_new.then(|| {
            let fields = fields.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!(
                "{fields} was not sent, and an import holds it right after it was written: if the service fills it in, add \
                 `ignore: [{fields}]` to the job"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_two_reads_of_one_version_show_otherwise_is_told_once() {
        let read = |at: &str, seen: &str| json!({ "_id": "a", "name": "a", "lastModified": format!("2026-01-0{at}T00:00:00Z"), "lastUsedAt": seen });
        let (first, ignore, item) = (FirstReads::default(), Ignore::default(), ItemKey(1));
        assert_eq!(first.notice(&ignore, item, &read("1", "x")), None, "there is nothing to compare it with");
        assert_eq!(first.notice(&ignore, item, &read("1", "x")), None, "it is the same");
        assert_eq!(first.notice(&ignore, item, &read("2", "y")), None, "somebody edited it");
        let told = first.notice(&ignore, item, &read("1", "y")).unwrap();
        assert!(told.contains("`ignore: [/lastUsedAt]`"), "{told}");
        assert_eq!(first.notice(&ignore, item, &read("1", "z")), None, "it was told");
        let ignored = Ignore::new(["/lastUsedAt"]);
        let first = FirstReads::default();
        assert_eq!(first.notice(&ignored, item, &read("1", "x")), None);
        assert_eq!(first.notice(&ignored, item, &read("1", "y")), None, "it is ignored already");
    }
}
