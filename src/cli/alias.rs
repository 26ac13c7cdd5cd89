//! The address that is shown to people and programs instead of a path of this machine.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A path, and the address that is shown instead of it. A clone shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Alias(Arc<Mutex<Option<(String, String)>>>);

impl Alias {
    /// From now on, `address` is shown instead of the folder `path`, whose name is in no other text.
    pub(super) fn set(&self, path: &Path, address: &str) {
        let pair = (path.display().to_string(), address.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// The text as it is shown.
    pub(super) fn told<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((path, address)) if text.contains(path.as_str()) => text.replace(path, address).into(),
            _ => text.into(),
        }
    }
}
