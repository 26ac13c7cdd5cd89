//! What stands for a path of this machine in all that people and programs are told.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A path, and the address that is told instead of it. A clone shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Alias(Arc<Mutex<Option<(String, String)>>>);

impl Alias {
    /// From now on, `address` is told instead of the folder `path`, whose name no other text holds.
    pub(super) fn set(&self, path: &Path, address: &str) {
        let pair = (path.display().to_string(), address.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// The text as it is told.
    pub(super) fn told<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((path, address)) if text.contains(path.as_str()) => text.replace(path, address).into(),
            _ => text.into(),
        }
    }
}
