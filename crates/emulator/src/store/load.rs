//! Filling an account from documents: a data file, or the seed.

use bytes::Bytes;
use serde_json::Value;

use super::{AccountRecord, Entry, Id, Kind, Op, Store};
use crate::error::EmulatorError;

/// Documents put into one write, so that a large file does not become one transaction.
const BATCH: usize = 1000;

impl Store {
    /// Puts the documents of `lists`, `{list name: [documents]}`, into an account as they stand.
    ///
    /// Nothing is checked or filled in but `_id`, which every document needs. A document of an id that is
    /// there is replaced. Returns how many documents were put.
    ///
    /// # Errors
    ///
    /// When a list has a name the service does not know or a document has no id; nothing is written then.
    pub fn load(&self, account: &AccountRecord, lists: &Value) -> Result<usize, EmulatorError> {
        let wrong =
            |place: &str, reason: &str| EmulatorError::Load { place: place.into(), reason: reason.into() };
        let lists = lists.as_object().ok_or_else(|| {
            wrong(
                "the data",
                "it is not an object of lists, such as { \"imports\": [ … ], \"connections\": [ … ] }",
            )
        })?;
        let mut ops = Vec::new();
        for (name, documents) in lists {
            let kind = Kind::from_list(name).ok_or_else(|| wrong(name, "the service has no such list"))?;
            let documents = documents.as_array().ok_or_else(|| wrong(name, "it is not an array"))?;
            for (at, document) in documents.iter().enumerate() {
                let id = document.get("_id").and_then(Value::as_str).and_then(Id::parse);
                let id =
                    id.ok_or_else(|| wrong(&format!("{name}[{at}]"), "it has no _id of 24 hex digits"))?;
                ops.push(Op::Insert {
                    kind,
                    entry: Entry::of(kind, id, document),
                    text: Bytes::from(serde_json::to_vec(document).unwrap_or_default()),
                });
            }
        }
        let count = ops.len();
        while !ops.is_empty() {
            let rest = ops.split_off(ops.len().min(BATCH));
            self.write_blocking(account.id(), std::mem::replace(&mut ops, rest))?;
        }
        Ok(count)
    }
}
