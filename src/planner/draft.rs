//! An item between preparing and deciding.

use crate::model::{Fingerprint, Verdict};
use crate::run_folder::document_file::{PackedSpan, Span};

/// In the place of a span where there is none: no document is empty.
const NOTHING: Span = Span { offset: 0, length: 0 };

/// An item between preparing and deciding; small, for there may be very many.
pub(crate) struct Draft {
    /// Where the item lies.
    pub item: PackedSpan,
    /// [`NOTHING`] where there is none.
    pub wanted: PackedSpan,
    /// What it is compared by.
    pub print: Option<Fingerprint>,
    pub has_secrets: bool,
    pub verdict: Verdict,
}

impl Draft {
    pub(crate) fn new(item: Span, wanted: Option<Span>, verdict: Verdict) -> Self {
        let wanted = wanted.unwrap_or(NOTHING).into();
        Self { item: item.into(), wanted, print: None, has_secrets: false, verdict }
    }

    /// Whether a document is to be written for it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted().is_some()
    }

    /// Where the document lies that is to be written for it.
    pub(crate) fn wanted(&self) -> Option<Span> {
        Some(Span::from(self.wanted)).filter(|span| span.length > 0)
    }
}
