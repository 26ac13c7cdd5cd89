//! Opening an archive, and reading what is in it.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use super::cipher::{self, Cipher};
use super::layout::{BLOBS, CHECKED, HEADER, NOTES, SNAPSHOTS};
use super::location;
use super::lock::{self, Ask, Held, Locks, Sharing};
use super::packed::{pack, unpack};
use super::store::Store;
use super::{ArchiveError, ArchiveOptions, SnapshotId};
use transship_documents::Fingerprint;

/// The format of archives.
const FORMAT: u32 = 1;

/// A backup store that is open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    locks: Locks,
    cipher: Option<Cipher>,
    options: ArchiveOptions,
}

#[derive(Serialize, Deserialize)]
struct Header {
    transship_archive: u32,
    made: Timestamp,
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<cipher::Lock>,
}

#[derive(Deserialize)]
struct Version {
    transship_archive: u32,
}

impl Archive {
    /// Opens the archive in a folder or at a URL (`s3://`, `gs://`, `az://`, `file://`); makes it if asked to.
    ///
    /// # Errors
    ///
    /// The location makes no sense or holds something else; the storage does not answer; the key is missing, wrong
    /// or not wanted; a newer program made it.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, an archive that was asked for may have been made; opening it again finds it.
    pub async fn open(location: &str, options: ArchiveOptions) -> Result<Self, ArchiveError> {
        let place = location::find(location, &options)?;
        let store = Store::at(&place, options.deadline);
        let locks = place.folder.map_or(Locks::Leases, Locks::File);
        Self::open_in(store, locks, options).await
    }

    /// Opens the archive in a storage that the caller made; it is locked by leases.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], but for the location, which is not read.
    ///
    /// # Cancel safety
    ///
    /// As [`Self::open`].
    pub async fn open_store(
        storage: Arc<dyn ObjectStore>,
        shown: &str,
        options: ArchiveOptions,
    ) -> Result<Self, ArchiveError> {
        let store = Store::new(storage, object_store::path::Path::default(), shown, options.deadline);
        Self::open_in(store, Locks::Leases, options).await
    }

    async fn open_in(store: Store, locks: Locks, options: ArchiveOptions) -> Result<Self, ArchiveError> {
        let header = match store.read(HEADER).await? {
            Some(found) => found,
            None => make(&store, &options).await?,
        };
        let bad = |error: serde_json::Error| {
            store.damaged(HEADER, format!("it cannot be read ({error}): put it back from a copy"))
        };
        let version: Version = serde_json::from_slice(&header).map_err(bad)?;
        if version.transship_archive != FORMAT {
            let (path, place) = (HEADER.to_owned(), store.place().to_owned());
            return Err(ArchiveError::Newer { path, place, found: version.transship_archive, known: FORMAT });
        }
        let header: Header = serde_json::from_slice(&header).map_err(bad)?;
        let refused = |message: &str| ArchiveError::Key {
            place: store.place().to_owned(),
            message: message.to_owned(),
        };
        let cipher = match (options.key.clone(), header.encryption) {
            (None, None) => None,
            (Some(_), None) => return Err(refused("it is not encrypted, but a key was given: leave it out")),
            (None, Some(_)) => return Err(refused("it is encrypted: give its passphrase or key file")),
            (Some(key), Some(lock)) => {
                let opened = tokio::task::spawn_blocking(move || Cipher::open(&key, &lock));
                let opened = opened.await.map_err(ArchiveError::task("open", HEADER, store.place()))?;
                Some(opened.map_err(|error| refused(&error.to_string()))?)
            }
        };
        Ok(Self(Arc::new(Inner { store, locks, cipher, options })))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// How the archive is used.
    pub fn options(&self) -> &ArchiveOptions {
        &self.0.options
    }

    /// Whether its files are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.cipher.is_some()
    }

    pub(super) fn cipher(&self) -> Option<&Cipher> {
        self.0.cipher.as_ref()
    }

    /// Whether several may write to it at a time: the storage is a folder, or honours conditional writes, which is tried.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// As [`Objects::keeps_conditions`](super::Objects::keeps_conditions).
    pub async fn is_for_several(&self) -> Result<bool, ArchiveError> {
        match self.0.locks {
            Locks::File(_) => Ok(true),
            Locks::Leases => self.store().keeps_conditions().await,
        }
    }

    pub(super) async fn lock(&self, sharing: Sharing, work: &'static str) -> Result<Held, ArchiveError> {
        let Inner { store, locks, options, .. } = &*self.0;
        let ask = Ask {
            store: store.clone(),
            locks: locks.clone(),
            holder: options.holder.clone(),
            work,
            lease: options.lease,
            clock: options.clock.clone(),
        };
        Held::take(ask, sharing).await
    }

    pub(super) fn manifest_path(&self, id: &SnapshotId) -> String {
        let end = if self.is_encrypted() { ".jsonl.zst.age" } else { ".jsonl.zst" };
        format!("{SNAPSHOTS}/{id}{end}")
    }

    /// Where the hash of a manifest stands.
    pub(super) fn sum_path(id: &SnapshotId) -> String {
        format!("{SNAPSHOTS}/{id}.sha256")
    }

    pub(super) fn blob_path(&self, blob: Fingerprint) -> String {
        let (name, end) = (blob.to_string(), if self.is_encrypted() { ".zst.age" } else { ".zst" });
        format!("{BLOBS}/{}/{name}{end}", &name[..2])
    }

    pub(super) fn blob_of(&self, object: &str) -> Option<Fingerprint> {
        let name = object.rsplit('/').next()?.split('.').next()?;
        Fingerprint::parse(name).filter(|blob| self.blob_path(*blob) == object)
    }

    /// The name of the blob that holds this text.
    pub(super) fn name_of(&self, text: &[u8]) -> Fingerprint {
        let hash = Fingerprint::of(text);
        self.cipher().map_or(hash, |cipher| cipher.name(hash))
    }

    pub(super) fn encode(&self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        let packed = pack(text)?;
        self.cipher().map_or(Ok(packed.clone()), |cipher| cipher.encrypt(&packed))
    }

    /// What [`Self::encode`] made of a text, which was found at `path`, as that text.
    pub(super) fn decode(&self, path: &str, found: Bytes) -> Result<Vec<u8>, ArchiveError> {
        let plain = match self.cipher() {
            None => found,
            Some(cipher) => cipher
                .decrypt(&found)
                .map_err(|error| self.store().damaged(path, format!("it cannot be decrypted ({error})")))?
                .into(),
        };
        unpack(&plain).map_err(|error| self.store().damaged(path, error.to_string()))
    }
}

async fn make(store: &Store, options: &ArchiveOptions) -> Result<Bytes, ArchiveError> {
    let absent =
        |message: &str| ArchiveError::Absent { place: store.place().to_owned(), message: message.to_owned() };
    let mut objects = store.list("");
    while let Some(object) = objects.try_next().await? {
        let folder = object.name.split('/').next().unwrap_or_default();
        if [BLOBS, SNAPSHOTS].contains(&folder) {
            return Err(absent(
                "its archive.json is gone, its blobs or snapshots are not: put the file back",
            ));
        }
        // Whoever made it meanwhile is met when ours is written.
        let known = [HEADER, super::folder::ASIDE, lock::FOLDER, lock::FILE, NOTES, CHECKED];
        if !known.contains(&folder) {
            return Err(absent(&format!("it holds {} instead: choose an empty place", object.name)));
        }
    }
    if !options.create {
        return Err(absent("it is empty; the first backup makes it"));
    }
    let encryption = match options.key.clone() {
        None => None,
        Some(key) => {
            let made = tokio::task::spawn_blocking(move || Cipher::make(&key)).await;
            let made = made.map_err(ArchiveError::task("make", HEADER, store.place()))?;
            let refused = |error: cipher::CipherError| ArchiveError::Key {
                place: store.place().to_owned(),
                message: error.to_string(),
            };
            Some(made.map_err(refused)?.1)
        }
    };
    let by = concat!("transship ", env!("CARGO_PKG_VERSION")).to_owned();
    let header = Header { transship_archive: FORMAT, made: options.clock.now(), by, encryption };
    let mut text =
        serde_json::to_vec_pretty(&header).map_err(|error| store.damaged(HEADER, error.to_string()))?;
    text.push(b'\n');
    if store.create(HEADER, text.clone().into()).await? {
        return Ok(text.into());
    }
    // Somebody else made it meanwhile: theirs counts.
    store.read(HEADER).await?.ok_or_else(|| store.missing(HEADER))
}
