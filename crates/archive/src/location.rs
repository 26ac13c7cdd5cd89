//! Turns what the user wrote into a storage: a folder, or a URL with the credentials of its environment.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use super::ArchiveError;
use super::cipher::Key;
use super::folder::{Folder, make_folder};
use crate::clock::Clock;

/// How an archive is used.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// What opens it, or encrypts it when it is made; `None` for one that is not encrypted.
    pub key: Option<Key>,
    /// Whether to create it if it does not exist. Off for everything that only reads.
    pub create: bool,
    /// The environment, captured: of it the credential chains of the clouds read `AWS_*`, `GOOGLE_*` and `AZURE_*`.
    pub variables: Vec<(String, String)>,
    /// How many objects are read or written at a time. Default 16; 0 counts as 1.
    pub in_flight: usize,
    /// How long one answer of the storage is waited for, its own retries included. Default 5 minutes.
    pub deadline: Duration,
    /// How long a lock in a bucket holds without renewal; it is renewed after a third of that. Default 10 minutes.
    /// Folders need none: their locks end with the process.
    pub lease: Duration,
    /// Describes this process to others that find the archive in use: host, process, run. Default `process` and its
    /// number.
    pub holder: String,
    /// Where backups keep what they have not written yet; the machine's own folder for such files if `None`.
    pub temporary_folder: Option<PathBuf>,
    /// The time of day.
    pub clock: Clock,
}

impl ArchiveOptions {
    /// The defaults: no key, nothing is made, 16 at a time, five minutes an answer.
    pub fn new(clock: impl Into<Clock>) -> Self {
        let clock = clock.into();
        Self {
            key: None,
            create: false,
            variables: Vec::new(),
            in_flight: 16,
            deadline: Duration::from_mins(5),
            lease: Duration::from_mins(10),
            holder: format!("process {}", std::process::id()),
            temporary_folder: None,
            clock,
        }
    }
}

/// Where an archive is.
#[derive(Debug)]
pub(super) struct Place {
    pub store: Arc<dyn ObjectStore>,
    pub root: Path,
    /// As messages name it; without credentials.
    pub shown: String,
    /// The folder itself, where the location is one.
    pub folder: Option<PathBuf>,
}

/// Whether there can be a storage at the location, as far as it says so itself: a folder as a path (`None`), or an address
/// of a kind that is known, without credentials.
pub(super) fn parsed(location: &str) -> Result<Option<Url>, ArchiveError> {
    let shown = without_secrets(location);
    let wrong = |message: String| ArchiveError::Location { location: shown.clone(), message };
    if location.trim().is_empty() {
        return Err(wrong("it is empty: give a folder or a URL such as s3://bucket/folder".to_owned()));
    }
    let Some((scheme, _)) = location.split_once("://") else { return Ok(None) };
    let url = Url::parse(location).map_err(|error| wrong(format!("it is not a URL ({error})")))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        let message = "credentials do not belong into a URL: give them in the environment".to_owned();
        // Not even in the message.
        return Err(ArchiveError::Location { location: format!("{scheme}://…"), message });
    }
    match scheme {
        "file" | "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss" | "adl" => Ok(Some(url)),
        other => Err(wrong(format!("{other}:// is not known: a folder, file://, s3://, gs:// or az://"))),
    }
}

/// Finds the storage. A folder is made if `create` is set and its parent is writable.
pub(super) fn find(location: &str, options: &ArchiveOptions) -> Result<Place, ArchiveError> {
    let shown = without_secrets(location);
    let wrong = |message: String| ArchiveError::Location { location: shown.clone(), message };
    let Some(url) = parsed(location)? else {
        return folder(FilePath::new(location), &shown, options.create);
    };
    if url.scheme() == "file" {
        let path = url.to_file_path().map_err(|()| wrong("file:// needs an absolute path".to_owned()))?;
        return folder(&path, &shown, options.create);
    }
    transship_tls::install_provider();
    let known = options.variables.iter().filter(|(name, _)| {
        let name = name.to_ascii_uppercase();
        ["AWS_", "GOOGLE_", "AZURE_", "SERVICE_ACCOUNT"].iter().any(|prefix| name.starts_with(prefix))
    });
    let (store, root) =
        object_store::parse_url_opts(&url, known.map(|(name, value)| (name.as_str(), value.clone())))
            .map_err(|error| wrong(error.to_string()))?;
    Ok(Place { store: Arc::from(store), root, shown, folder: None })
}

/// A location as messages name it: without users, passwords and queries.
fn without_secrets(location: &str) -> String {
    // A path of this machine may have any of these signs in it.
    let Some(start) = location.find(":/") else { return location.to_owned() };
    let bare = location.split(['?', '#']).next().unwrap_or_default();
    match bare.rfind('@') {
        Some(at) if at > start => format!("{}…{}", &bare[..start + 2], &bare[at..]),
        _ => bare.to_owned(),
    }
}

fn folder(path: &FilePath, location: &str, create: bool) -> Result<Place, ArchiveError> {
    if path.exists() && !path.is_dir() {
        return Err(ArchiveError::Location {
            location: location.to_owned(),
            message: "it is a file: name a folder".to_owned(),
        });
    }
    if create {
        make_folder(path).map_err(ArchiveError::local("make", path))?;
    } else if !path.is_dir() {
        return Err(ArchiveError::Absent {
            place: location.to_owned(),
            message: "no such folder; the first backup makes it".to_owned(),
        });
    }
    let path = path.canonicalize().map_err(ArchiveError::local("open", path))?;
    let store = Folder::new(&path).map_err(|error| ArchiveError::Location {
        location: location.to_owned(),
        message: error.to_string(),
    })?;
    Ok(Place {
        store: Arc::new(store),
        root: Path::default(),
        shown: location.to_owned(),
        folder: Some(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(location: &str) -> String {
        find(location, &ArchiveOptions::new(Clock::system())).unwrap_err().to_string()
    }

    #[test]
    fn a_location_that_makes_no_sense_is_refused_with_what_to_do() {
        assert!(refusal("").contains("give a folder or a URL"));
        assert!(refusal("ftp://host/x").contains("ftp:// is not known"));
        assert!(refusal("/no/such/folder").contains("the first backup makes it"));
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_repeated() {
        let message = refusal("s3://key:secret@bucket/x");
        assert!(message.contains("environment") && !message.contains("secret"), "{message}");
        for location in [
            "s3://key:secret@buc ket/x",
            "S3:/key:secret@bucket",
            "s3://bucket/x?key=secret",
            "az://acc/x?sig=secret",
            "s3://key:se/cret:secret@bucket/x",
            "ftp://me:secret@host/x?y=secret",
        ] {
            let message = refusal(location);
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn a_bucket_is_found_by_url_with_the_credentials_of_the_environment() {
        let mut options = ArchiveOptions::new(Clock::system());
        options.variables = vec![
            ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "k".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "s".to_owned()),
        ];
        let place = find("s3://bucket/nightly/eu", &options).unwrap();
        assert_eq!(place.root.as_ref(), "nightly/eu");
        assert!(place.folder.is_none());
    }
}
