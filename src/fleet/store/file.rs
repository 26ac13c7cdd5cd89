//! How a person names the file of a fleet in a command.

use super::FleetStore;
use crate::model::shown::shell_word;

impl FleetStore {
    /// The fleet of a file that commands are told by this path.
    #[must_use]
    pub fn of_file(mut self, path: &str) -> Self {
        self.file = Some(shell_word(path).to_string());
        self
    }

    /// The file as a command names it; `FLEET` where only the name of the fleet is known.
    pub fn file(&self) -> &str {
        self.file.as_deref().unwrap_or("FLEET")
    }
}
