//! An item between preparing and deciding.

use crate::model::Verdict;
use crate::run_folder::document_file::{PackedSpan, Span};

/// Stands for a missing span: no document is empty.
const NOTHING: Span = Span { offset: 0, length: 0 };

/// Bytes of a fingerprint.
const PRINT: u32 = 32;

/// An item between preparing and deciding; small, for there may be very many.
#[derive(Debug)]
pub(crate) struct StoredItem {
    /// Where the item lies.
    pub item: PackedSpan,
    /// [`NOTHING`] if there is none.
    pub wanted: PackedSpan,
    /// Whether what it is compared by stands behind the document, in [`PRINT`] bytes.
    pub has_print: bool,
    pub has_secrets: bool,
    /// Whether it stands behind the item how the import of the target differs from it.
    pub has_found: bool,
    pub verdict: Verdict,
}

impl StoredItem {
    pub(crate) fn new(item: Span, wanted: Option<Span>, verdict: Verdict) -> Self {
        let wanted = wanted.unwrap_or(NOTHING).into();
        Self { item: item.into(), wanted, has_print: false, has_secrets: false, has_found: false, verdict }
    }

    /// Whether a document has to be written for it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted().is_some()
    }

    /// The position of the document that has to be written for it.
    pub(crate) fn wanted(&self) -> Option<Span> {
        Some(Span::from(self.wanted)).filter(|span| span.length > 0)
    }

    /// Where the fingerprint lies that it is compared by.
    pub(crate) fn print(&self) -> Option<Span> {
        let wanted = self.wanted().filter(|_| self.has_print)?;
        Some(Span { offset: wanted.offset + u64::from(wanted.length), length: PRINT })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_item_is_small_and_its_fingerprint_stands_behind_its_document() {
        assert!(size_of::<StoredItem>() <= 24);
        let nowhere = Span { offset: 0, length: 1 };
        let wanted = Some(Span { offset: 7, length: 5 });
        let stored =
            |wanted, has_print| StoredItem { has_print, ..StoredItem::new(nowhere, wanted, Verdict::Equal) };
        assert_eq!(stored(wanted, true).print(), Some(Span { offset: 12, length: PRINT }));
        assert_eq!((stored(wanted, false).print(), stored(None, true).print()), (None, None));
    }
}
