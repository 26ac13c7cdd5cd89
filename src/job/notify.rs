//! `notify`: who is notified of a run's result, in addition to the person at the terminal.

use std::path::PathBuf;

/// The key `notify`. Absent addresses are not notified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// `success`: an address that is called when all went as planned.
    pub success: Option<url::Url>,
    /// `failure`: an address that is called when it did not.
    pub failure: Option<url::Url>,
    /// `prometheus`: a file of metrics, for a collector of text files.
    pub prometheus: Option<PathBuf>,
}

impl Notify {
    /// Whether nobody has to be notified.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
