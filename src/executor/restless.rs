//! Fields that the service changes at each read: noticed by two reads of an import that nobody edited in between, and named
//! with the line of the job that leaves them out of every comparison.

use std::cell::{Cell, RefCell};

use serde_json::Value;

use crate::documents::normal::Ignore;
use crate::documents::normal::ignore::changes_by_itself;
use crate::model::ItemKey;

/// Imports whose first read is kept, at most.
const MOST: usize = 3;

/// What the first read showed of imports that read back different.
#[derive(Debug, Default)]
pub(crate) struct FirstReads {
    kept: RefCell<Vec<FirstRead>>,
    told: Cell<bool>,
}

#[derive(Debug)]
struct FirstRead {
    item: ItemKey,
    modified: Option<String>,
    document: Value,
}

impl FirstReads {
    /// Takes note of an import that reads back different, and of when it was last modified. What an earlier read of the same
    /// version showed otherwise, the service changes by itself: what to say of that, once a run.
    pub(crate) fn notice(
        &self,
        ignore: &Ignore,
        (item, modified): (ItemKey, Option<&str>),
        found: &Value,
    ) -> Option<String> {
        if self.told.get() {
            return None;
        }
        let mut kept = self.kept.borrow_mut();
        let Some(first) = kept.iter().find(|first| first.item == item) else {
            if kept.len() < MOST {
                let (modified, document) = (modified.map(str::to_owned), found.clone());
                kept.push(FirstRead { item, modified, document });
            }
            return None;
        };
        if first.modified.as_deref() != modified {
            return None;
        }
        let mut fields = changes_by_itself(&first.document, found);
        fields.retain(|field| !ignore.covers(field));
        if fields.is_empty() {
            return None;
        }
        self.told.set(true);
        let fields = fields.join(", ");
        Some(format!(
            "the service changes {fields} at each read of an import, although nobody edits it: add `ignore: [{fields}]` to \
             the job"
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_two_reads_of_one_version_show_otherwise_is_told_once() {
        let read = |seen: &str| json!({ "_id": "a", "name": "a", "lastUsedAt": seen });
        let (first, ignore) = (FirstReads::default(), Ignore::default());
        let at = |time| (ItemKey(1), Some(time));
        assert_eq!(first.notice(&ignore, at("1"), &read("x")), None, "there is nothing to compare it with");
        assert_eq!(first.notice(&ignore, at("1"), &read("x")), None, "it is the same");
        assert_eq!(first.notice(&ignore, at("2"), &read("y")), None, "somebody edited it");
        let told = first.notice(&ignore, at("1"), &read("y")).unwrap();
        assert!(told.contains("`ignore: [/lastUsedAt]`"), "{told}");
        assert_eq!(first.notice(&ignore, at("1"), &read("z")), None, "it was told");
        let ignored = Ignore::new(["/lastUsedAt"]);
        let first = FirstReads::default();
        assert_eq!(first.notice(&ignored, at("1"), &read("x")), None);
        assert_eq!(first.notice(&ignored, at("1"), &read("y")), None, "it is ignored already");
    }
}
