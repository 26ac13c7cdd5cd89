//! One emulator for several processes: the process that serves it locks its data file, and the others are told the
//! address.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{SessionError, write_private};
use crate::emulator::Embedded;

/// The file with the address of another process's emulator: that emulator serves the accounts of every process that
/// it starts, because its data file is locked.
pub const EMULATOR_SERVER: &str = "TRANSSHIP_EMULATOR_SERVER";

/// The address of another process's emulator, from the file.
#[derive(serde::Serialize, serde::Deserialize)]
struct Served {
    url: String,
    tokens: BTreeMap<String, String>,
}

/// Writes the address of an emulator to a file, for processes that are started with its path in [`EMULATOR_SERVER`].
/// The file contains tokens of the emulator, so only its owner can read it.
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
