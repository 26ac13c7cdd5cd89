//! The archive that a command names, opened with the key its options name.

use crate::archive::Archive;
use crate::cli::args::archive::Place;
use crate::cli::failure::Failure;
use crate::cli::world::CliContext;
use crate::session::archives::{IfAbsent, KeyFrom, key, open};

/// Opens the archive that a command names, to work with what is in it.
pub(super) async fn opened(world: &CliContext, place: &Place) -> Result<Archive, Failure> {
    let from = match (&place.key_file, &place.passphrase_file) {
        (Some(path), _) => KeyFrom::KeyFile(path),
        (None, Some(path)) => KeyFrom::PassphraseFile(path),
        (None, None) => KeyFrom::Environment,
    };
    let key = key(&world.host, from)?;
    Ok(open(&world.host, &place.archive, key, IfAbsent::Fail).await?)
}
