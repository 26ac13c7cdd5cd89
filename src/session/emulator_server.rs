//! One emulator for several processes: its data file is locked by the one that serves it, and the others are told where
//! it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{SessionError, write_private};
use crate::emulator::Embedded;

/// The file that says where an emulator of another process is: it serves the accounts of every process that it starts, for
/// its data file is locked by itself.
pub const EMULATOR_SERVER: &str = "TRANSSHIP_EMULATOR_SERVER";

/// Where an emulator of another process is, as the file has it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Served {
    url: String,
    tokens: BTreeMap<String, String>,
}

/// Says in a file where an emulator is, for processes that are started with its path in [`EMULATOR_SERVER`]. It holds
/// tokens of the emulator, so it is for its owner only.
///
/// # Errors
///
/// The file cannot be written.
pub fn serve_others(emulator: &Embedded, file: &Path) -> Result<(), SessionError> {
    let served = Served { url: emulator.url().to_owned(), tokens: emulator.tokens().clone() };
    let text = serde_json::to_string(&served).map_err(|error| SessionError::Emulator(error.to_string()))?;
    write_private(file, &text)
}

pub(super) fn served(file: &Path) -> Result<Arc<Embedded>, SessionError> {
    let failed = |why: String| {
        SessionError::Refused(format!("cannot read where the emulator is from {}: {why}", file.display()))
    };
    let text = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let Served { url, tokens } = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    Ok(Arc::new(Embedded::at(url, tokens)))
}
