//! What an import of the target is likely to be: the document that is wanted under its key. Where the two have one normal form,
//! and that shows without making it, the one has the fingerprint of the other.

use crate::documents::beside::is_same;
use crate::inventory::error::EngineError;
use crate::model::{Chunks, Fingerprint};
use crate::planner::stored_item::StoredItem;
use crate::run_folder::document_file::DocumentFile;

/// Documents in a row that may be found to be unlike: then most differ, and it is mostly not tried.
const MOST_UNLIKE: u32 = 8;

/// How seldom it is tried then.
const SELDOM: u32 = 64;

/// The documents that are wanted.
#[derive(Debug)]
pub(crate) struct WantedTexts<'a> {
    stored_items: &'a Chunks<StoredItem>,
    documents: &'a mut DocumentFile,
    /// Documents in a row that were unlike, or passed over.
    unlike: u32,
}

impl<'a> WantedTexts<'a> {
    pub(crate) fn new(stored_items: &'a Chunks<StoredItem>, documents: &'a mut DocumentFile) -> Self {
        Self { stored_items, documents, unlike: 0 }
    }

    /// The fingerprint of a text of the target, if it shows to be what is wanted for an item.
    pub(crate) fn print_of(&mut self, item: u32, text: &str) -> Result<Option<Fingerprint>, EngineError> {
        self.unlike = self.unlike.wrapping_add(1);
        if self.unlike > MOST_UNLIKE && !self.unlike.is_multiple_of(SELDOM) {
            return Ok(None);
        }
        let stored = self.stored_items.get(item as usize);
        let Some((wanted, print)) = stored.and_then(|stored| Some((stored.wanted()?, stored.print()?)))
        else {
            return Ok(None);
        };
        let wanted = self.documents.read(wanted)?;
        if !str::from_utf8(&wanted).is_ok_and(|wanted| is_same(wanted, text)) {
            return Ok(None);
        }
        self.unlike = 0;
        Ok(self.documents.read(print)?.try_into().ok().map(Fingerprint))
    }
}
