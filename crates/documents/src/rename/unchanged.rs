//! What was left as it is although it may hold a renamed name, and why.

use crate::shortened::shortened;

/// What was left as it is although it may hold a renamed name; each with a word on why.
#[derive(Debug, Default)]
pub(super) struct Unchanged {
    /// What stands there, and why it stays.
    pub reasons: Vec<(String, &'static str)>,
    /// The renames that could not be said there.
    pub unsayable: Vec<usize>,
}

/// The beginning of a text, for a warning.
pub(super) fn short(text: &str) -> String {
    shortened(text, 80)
}

impl Unchanged {
    pub(super) fn push(&mut self, text: &str, reason: &'static str) {
        self.reasons.push((text.to_owned(), reason));
    }

    /// Keeps what is about fields of the parent record: the others are renamed, and told, by another side.
    pub(super) fn keep_of_the_parent(&mut self) {
        let always = [UNREADABLE, BROKEN, UNSAYABLE];
        self.reasons.retain(|(text, reason)| always.contains(reason) || text.contains("_PARENT"));
    }
}

pub(super) const UNREADABLE: &str = "could not be read and is left alone";
pub(super) const BROKEN: &str = "could not be read after the rename and is left alone";
pub(super) const UNSAYABLE: &str = "cannot be renamed where it stands and is left alone";
pub(super) const CALLED: &str = "is called like a helper and is left alone";
pub(super) const PARENT: &str = "is read as a field of the child record (`pathToMany`) and is left alone; the parent's is under `_PARENT` there";
pub(super) const TEXT: &str = "may name the field as a text and is left alone";
pub(super) const SCOPE: &str = "stands where it is not known what it refers to and is left alone";
pub(super) const SERVICE_NAME: &str =
    "begins with a name of the service and is left alone; it may be a field";
pub(super) const AT_RUN_TIME: &str = "names a field that is only known when it runs; check it";
pub(super) const LOOKUP_AT_RUN_TIME: &str = "names a lookup that is only known when it runs; check it";
pub(super) const LENGTH: &str = "is read as the length of a list or text and is left alone";
pub(super) const BLANK: &str = "has a blank after the opening braces, which the service does not accept";
pub(super) const PARTIAL: &str = "is not documented by the service; check it";
pub(super) const QUOTED: &str =
    "has quotation marks inside the brackets, which are part of the name there, and is left alone";
pub(super) const ELEMENT: &str = "is a field of the element in this block and is left alone; the record itself is `../record` or `@root.record` there";
pub(super) const OF_FIELD: &str = "stands in a block over a field and is left alone: where that field is `true`, the names in the block are those outside of it";
pub(super) const BESIDE: &str = "is read as a field of an entry of `batch_of_records`, beside its `record` and `rows`, and is left alone; it may be one of the record";
pub(super) const ENVELOPE: &str =
    "may name the field; it is not clear whether `$.record` is the record; it is left alone";
pub(super) const ANY_CHILD: &str =
    "takes every child at `*`, which may be the one that is meant, and is left alone";
pub(super) const POSITION: &str =
    "begins with what is read as the record or a position in a list, and is left alone; it may be a field";
