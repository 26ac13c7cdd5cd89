//! The document that an undo sends, made from the one before the run. Pure.

use serde_json::Value;

use crate::documents::Document;
use crate::documents::document::{fingerprint_of_text, original_bytes, strip_text};
use crate::documents::normal::{fingerprint, masks, remove_pointers, strip_server_fields};
use crate::model::Fingerprint;

/// A document as it was, as it is sent back.
pub(crate) struct Wanted {
    pub name: String,
    /// What is sent: without a tree the kept text itself, but for what the service manages.
    pub text: Vec<u8>,
    pub tree: Option<Value>,
    pub print: Fingerprint,
    /// The fingerprint of the document as it was, with what is left out.
    pub as_it_was: Fingerprint,
    /// Secrets that were masked and are left out: their values are unknown.
    pub secrets: Vec<String>,
}

impl Wanted {
    /// What is sent to put `kept` back; `None` if its text cannot be sent.
    pub(crate) fn of(kept: &Document) -> Option<Self> {
        let name = kept.head().name.clone();
        let Ok(tree) = kept.tree() else {
            let text = strip_text(kept.text()).ok()?;
            let print = fingerprint_of_text(text.as_bytes());
            let text = original_bytes(&text).into_owned();
            return Some(Self { name, text, tree: None, print, as_it_was: print, secrets: Vec::new() });
        };
        let mut tree = tree.clone();
        strip_server_fields(&mut tree);
        let (as_it_was, secrets) = (fingerprint(&tree), masks(&tree));
        remove_pointers(&mut tree, &secrets);
        let print = if secrets.is_empty() { as_it_was } else { fingerprint(&tree) };
        let text = tree.to_string().into_bytes();
        Some(Self { name, text, tree: Some(tree), print, as_it_was, secrets })
    }
}

/// The fingerprint of a document as [`Wanted`] has it.
pub(crate) fn print_without_server_fields(document: &Document) -> Fingerprint {
    match document.tree() {
        Ok(tree) => fingerprint(tree),
        Err(_) => strip_text(document.text())
            .map_or_else(|_| document.fingerprint(), |text| fingerprint_of_text(text.as_bytes())),
    }
}
