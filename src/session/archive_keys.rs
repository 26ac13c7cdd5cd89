//! The keys that open archives: files, passphrases and the variables that name them.

use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{Host, SessionError};
use crate::archive::Key;
use crate::job::{self, AccountPlace, KeySource, secret};
use crate::model::chain;
use crate::model::event::Event;

const KEY_FILE: &str = "TRANSSHIP_ARCHIVE_KEY_FILE";
const PASSPHRASE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE";
const PASSPHRASE_FILE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE_FILE";
/// How many bytes of a file with a key are read.
const READ_LIMIT: u64 = 64 << 10;

/// Where the key of an archive comes from, according to the options of a command.
#[derive(Debug, Clone, Copy)]
pub enum KeyFrom<'a> {
    /// An age key file.
    KeyFile(&'a Path),
    /// A file whose first line is the passphrase.
    PassphraseFile(&'a Path),
    /// The variables of the environment; no key if none of them is set.
    Environment,
}

/// The key of an archive; `None` if none is given.
///
/// # Errors
///
/// A file that cannot be read or is empty, or several variables that name a key.
pub fn key(host: &Host, from: KeyFrom<'_>) -> Result<Option<Key>, SessionError> {
    match from {
        KeyFrom::KeyFile(path) => return key_in(host, path).map(Some),
        KeyFrom::PassphraseFile(path) => return passphrase_in(host, path).map(Some),
        KeyFrom::Environment => {}
    }
    let set = |name: &'static str| host.env.get(name).filter(|value| !value.is_empty()).map(|v| (name, v));
    let given: Vec<_> = [KEY_FILE, PASSPHRASE, PASSPHRASE_FILE].into_iter().filter_map(set).collect();
    match given[..] {
        [] => Ok(None),
        [(KEY_FILE, path)] => key_in(host, Path::new(path)).map(Some),
        [(PASSPHRASE_FILE, path)] => passphrase_in(host, Path::new(path)).map(Some),
        [(from, words)] => passphrase(words, from).map(Some),
        [(one, _), (other, _), ..] => Err(SessionError::Refused(format!(
            "{one} and {other} are both set, and one key is wanted: unset one"
        ))),
    }
}

/// The key that the job names for the archive at this end of it.
pub(super) fn key_of(host: &Host, account: &job::Account) -> Result<Option<Key>, SessionError> {
    let AccountPlace::Archive { key, .. } = &account.place else { return Ok(None) };
    match key {
        None => Ok(None),
        Some(KeySource::File(path)) => key_in(host, path).map(Some),
        Some(KeySource::Passphrase(source)) => {
            warn(host, secret::exposure("passphrase", source));
            let fetched = secret::resolve_phrase(source, &host.env).map_err(|error| {
                SessionError::Refused(format!("the archive's passphrase: {}", chain(&error)))
            })?;
            passphrase(fetched.expose_secret(), "what the job names").map(Some)
        }
    }
}

/// The words of a passphrase: the first line of a text, without blanks around it.
fn passphrase(text: &str, from: &str) -> Result<Key, SessionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.lines().next().map(str::trim) {
        Some(words) if !words.is_empty() => Ok(Key::Passphrase(SecretString::from(words))),
        _ => {
            Err(SessionError::Refused(format!("the passphrase in {from} is empty: put it on the first line")))
        }
    }
}

/// The key in an age key file.
fn key_in(host: &Host, path: &Path) -> Result<Key, SessionError> {
    warn(host, secret::exposed("key", path));
    read(path, "key").map(|text| Key::File(SecretString::from(text)))
}

fn passphrase_in(host: &Host, path: &Path) -> Result<Key, SessionError> {
    warn(host, secret::exposed("passphrase", path));
    passphrase(&read(path, "passphrase")?, &path.display().to_string())
}

/// Warns that others can read what opens an archive.
fn warn(host: &Host, exposed: Option<String>) {
    if let Some(exposed) = exposed {
        host.events.emit(&Event::Noted { message: format!("warning: {exposed}") });
    }
}

fn read(path: &Path, what: &str) -> Result<String, SessionError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(READ_LIMIT).read_to_end(&mut bytes));
    let shown = path.display();
    file.map_err(|error| SessionError::Refused(format!("cannot read the {what} from {shown}: {error}")))?;
    // What is in the file is not for the message.
    String::from_utf8(bytes)
        .map_err(|_| SessionError::Refused(format!("{shown} holds no {what}: it is not a text")))
}
