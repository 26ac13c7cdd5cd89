//! Opening an archive: where it is, with whose credentials, and with which key. The one place that does.

use std::io::Read;
use std::path::Path;

use secrecy::SecretString;

use crate::archive::{Archive, ArchiveOptions, Key};
use crate::cli::args::archive::Place;
use crate::cli::failure::Failure;
use crate::cli::world::CliContext;

const KEY_FILE: &str = "TRANSSHIP_ARCHIVE_KEY_FILE";
const PASSPHRASE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE";
const PASSPHRASE_FILE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE_FILE";
/// How much of a file with a key is read.
const READ_LIMIT: u64 = 64 << 10;

/// Opens the archive in a folder or at a URL; the credentials of a bucket come from the environment. With `create` it
/// is made if there is none, encrypted if there is a key.
pub(in crate::cli) async fn open(
    world: &CliContext,
    location: &str,
    key: Option<Key>,
    create: bool,
) -> Result<Archive, Failure> {
    let options = ArchiveOptions {
        key,
        create,
        variables: world.env.variables.clone().into_iter().collect(),
        holder: holder(world),
        ..ArchiveOptions::new(world.clock.clone())
    };
    Ok(Archive::open(location, options).await?)
}

/// Opens the archive that a command names, to work with what is in it.
pub(super) async fn opened(world: &CliContext, place: &Place) -> Result<Archive, Failure> {
    let key = key(world, place.key_file.as_deref(), place.passphrase_file.as_deref())?;
    open(world, &place.archive, key, false).await
}

/// The key of an archive: from the file that an option names, else from the environment; `None` if nobody gives one.
pub(in crate::cli) fn key(
    world: &CliContext,
    key_file: Option<&Path>,
    passphrase_file: Option<&Path>,
) -> Result<Option<Key>, Failure> {
    match (key_file, passphrase_file) {
        (Some(path), _) => return key_in(path).map(Some),
        (None, Some(path)) => return passphrase_in(path).map(Some),
        (None, None) => {}
    }
    let set = |name: &'static str| world.env.get(name).filter(|value| !value.is_empty()).map(|v| (name, v));
    let given: Vec<_> = [KEY_FILE, PASSPHRASE, PASSPHRASE_FILE].into_iter().filter_map(set).collect();
    match given[..] {
        [] => Ok(None),
        [(KEY_FILE, path)] => key_in(Path::new(path)).map(Some),
        [(PASSPHRASE_FILE, path)] => passphrase_in(Path::new(path)).map(Some),
        [(from, words)] => passphrase(words, from).map(Some),
        [(one, _), (other, _), ..] => Err(Failure::BadInput(format!(
            "{one} and {other} are both set, and one key is wanted: unset one"
        ))),
    }
}

/// The words of a passphrase: the first line of a text, without blanks around it.
pub(in crate::cli) fn passphrase(text: &str, from: &str) -> Result<Key, Failure> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.lines().next().map(str::trim) {
        Some(words) if !words.is_empty() => Ok(Key::Passphrase(SecretString::from(words))),
        _ => Err(Failure::BadInput(format!("the passphrase in {from} is empty: put it on the first line"))),
    }
}

/// The key in an age key file.
pub(in crate::cli) fn key_in(path: &Path) -> Result<Key, Failure> {
    read(path, "key").map(|text| Key::File(SecretString::from(text)))
}

fn passphrase_in(path: &Path) -> Result<Key, Failure> {
    passphrase(&read(path, "passphrase")?, &path.display().to_string())
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(READ_LIMIT).read_to_end(&mut bytes));
    let shown = path.display();
    file.map_err(|error| Failure::BadInput(format!("cannot read the {what} from {shown}: {error}")))?;
    // What is in the file is not for the message.
    String::from_utf8(bytes)
        .map_err(|_| Failure::BadInput(format!("{shown} holds no {what}: it is not a text")))
}

/// Who we are, for others who find the archive in use.
fn holder(world: &CliContext) -> String {
    let named = world.env.get("HOSTNAME").filter(|name| !name.is_empty()).map(str::to_owned);
    let host = named.or_else(|| {
        let text = std::fs::read_to_string("/etc/hostname").ok()?;
        text.lines().next().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
    });
    let process = std::process::id();
    host.map_or_else(|| format!("process {process}"), |host| format!("process {process} on {host}"))
}
