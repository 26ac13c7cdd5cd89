//! Where in a job a text may have the shape of a token without being one.
//!
//! The service names lookups by 32 hex digits, as its tokens are, and such names, external ids and checksums stand in the
//! steps of a job and in its selection. Nothing in there is ever read as a token of the service, so they are refused only
//! where the place or the text says that they are a secret.

use crate::documents::diff::is_hidden;
use crate::job::problem::Span;
use crate::job::tree::{Data, Node};

/// The keys of a job under which names and values of documents stand.
const OF_DOCUMENTS: [&str; 2] = ["transform", "select"];

/// What names the thing whose value stands beside it: a header, the target of a row, the place of a patch.
const OWNERS: [&str; 4] = ["name", "generate", "target", "path"];

/// The keys of such values.
const VALUES: [&str; 4] = ["value", "hard_coded", "hardCodedValue", "default"];

/// The texts of a job that are names or values of documents, and that nothing says to be secrets.
pub(super) fn of_documents(root: &Node) -> Vec<Span> {
    let mut found = Vec::new();
    for entry in root.entries().iter().filter(|entry| OF_DOCUMENTS.contains(&entry.key.as_str())) {
        gather(&entry.node, &entry.key, "", &mut found);
    }
    found
}

/// Gathers the texts of a node that stands under `key`, in a table that `owner` names.
fn gather(node: &Node, key: &str, owner: &str, found: &mut Vec<Span>) {
    match &node.data {
        Data::List(items) => items.iter().for_each(|item| gather(item, key, owner, found)),
        Data::Table(entries) => {
            let named = |key: &&str| entries.iter().find(|entry| entry.key == **key)?.node.text();
            let owner = OWNERS.iter().find_map(named).unwrap_or(owner);
            for entry in entries {
                if !is_secret(key) && !is_secret(&entry.key) {
                    found.push(entry.at);
                }
                // What stands in a secret is one, whatever its own key is.
                gather(&entry.node, if is_secret(key) { key } else { &entry.key }, owner, found);
            }
        }
        _ => {
            let text = node.written().unwrap_or_default();
            let is_of_owner = VALUES.contains(&key) && is_secret(owner);
            if !is_secret(key) && !is_of_owner && !is_secret(text) && !is_hidden("", "", text) {
                found.push(node.span);
            }
        }
    }
}

/// Whether a key, a pointer or a whole text speaks of a secret. Any header may be the key of an API.
fn is_secret(words: &str) -> bool {
    is_hidden(words, "", "x") || words.contains("headers")
}
