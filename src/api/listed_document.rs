//! A document as a list shows it.

use crate::documents::HeadPlaces;
use crate::model::Head;

/// A document of a page, unparsed.
#[derive(Debug, Clone)]
pub struct ListedDocument {
    /// Its text: JSON, an object with an `_id`.
    pub text: Box<str>,
    /// The positions of the fields of its head, if they were determined when it arrived.
    places: HeadPlaces,
}

impl ListedDocument {
    pub(super) fn new(text: Box<str>, places: HeadPlaces) -> Self {
        Self { text, places }
    }

    /// Its head, as read by [`Head::off`].
    pub fn head(&self) -> Head {
        let head = self.places.head(&self.text);
        debug_assert!(
            head.as_ref().is_none_or(|head| *head == Head::off(&self.text)),
            "a head is the same wherever it is read: {}",
            self.text
        );
        head.unwrap_or_else(|| Head::off(&self.text))
    }
}
