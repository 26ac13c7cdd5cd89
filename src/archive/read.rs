//! Reading what is in an archive: the list of snapshots, their entries, the documents.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Seek as _;
use std::path::PathBuf;

use futures::stream::{StreamExt, TryStreamExt};

use super::manifest::{self, Flaw, START, spool_file};
use super::open::SNAPSHOTS;
use super::seal::unpack;
use super::{Archive, ArchiveError, Entries, Entry, Snapshot, SnapshotId};
use crate::model::Fingerprint;

/// What stands in an archive's folder of snapshots.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The whole ones, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Manifests that are not what was written, and what is wrong with each. They are in no way counted as snapshots.
    pub damaged: Vec<(SnapshotId, String)>,
}

impl Listing {
    /// The newest snapshot of an account.
    pub fn latest(&self, account: &str) -> Option<&Snapshot> {
        self.snapshots.iter().rev().find(|snapshot| snapshot.account.name == account)
    }

    /// The one snapshot whose id begins like this; `latest` is the newest of all.
    ///
    /// # Errors
    ///
    /// There is none, or more than one.
    pub fn find(&self, start: &str) -> Result<&Snapshot, ArchiveError> {
        let mut found = self.snapshots.iter().filter(|snapshot| snapshot.id.as_str().starts_with(start));
        match (start, found.next(), found.next()) {
            ("latest", ..) => self.snapshots.last(),
            (_, Some(one), None) => Some(one),
            (_, Some(_), Some(_)) => {
                return Err(ArchiveError::Refused(format!("more than one snapshot begins with {start}")));
            }
            _ => None,
        }
        .ok_or_else(|| ArchiveError::Refused(format!("there is no snapshot {start}: see the list")))
    }
}

impl Archive {
    /// The text of a blob, its hash compared: what is damaged is an error, never a text.
    pub(super) async fn text(&self, blob: Fingerprint) -> Result<Vec<u8>, ArchiveError> {
        let path = self.blob_path(blob);
        let found = self.store().read(&path).await?.ok_or_else(|| self.store().missing(&path))?;
        let plain = match self.cipher() {
            None => found,
            Some(cipher) => {
                let plain = cipher.decrypt(&found);
                plain
                    .map_err(|error| {
                        self.store().damaged(&path, format!("it cannot be decrypted ({error})"))
                    })?
                    .into()
            }
        };
        let text = unpack(&plain).map_err(|message| self.store().damaged(&path, message))?;
        let holds = self.name_of(&text);
        if holds == blob {
            Ok(text)
        } else {
            Err(self.store().damaged(&path, format!("it holds the text of {holds}")))
        }
    }

    /// The text of a document as it was backed up.
    ///
    /// # Errors
    ///
    /// It is missing or damaged: a text that is not exactly what was backed up is never returned.
    pub async fn document(&self, entry: &Entry) -> Result<Vec<u8>, ArchiveError> {
        self.text(entry.blob).await
    }

    /// Every snapshot of which the manifest is whole, oldest first, and every manifest that is not.
    ///
    /// Reads the start of each manifest and compares its length; [`Self::check`] reads all of it.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    pub async fn snapshots(&self) -> Result<Listing, ArchiveError> {
        let objects: Vec<_> = self.store().list(SNAPSHOTS).try_collect().await?;
        let ids = objects.into_iter().filter_map(|object| {
            let id = SnapshotId::parse(
                object.name.strip_prefix(SNAPSHOTS)?.strip_prefix('/')?.split('.').next()?,
            )?;
            (object.name == self.manifest_path(&id)).then_some((id, object.size))
        });
        let heads = futures::stream::iter(ids.collect::<Vec<_>>())
            .map(|(id, size)| async move {
                let head = self.head(&id, size).await;
                (id, head)
            })
            .buffer_unordered(self.options().in_flight);
        let mut listing = Listing::default();
        let mut heads = std::pin::pin!(heads);
        while let Some((id, head)) = heads.next().await {
            match head {
                Ok(snapshot) => listing.snapshots.push(snapshot),
                Err(error) if error.is_damage() => listing.damaged.push((id, message_of(&error))),
                Err(error) => return Err(error),
            }
        }
        listing.snapshots.sort_by(|a, b| a.id.cmp(&b.id));
        listing.damaged.sort();
        Ok(listing)
    }

    async fn head(&self, id: &SnapshotId, size: u64) -> Result<Snapshot, ArchiveError> {
        let path = self.manifest_path(id);
        if size == 0 {
            return Err(self.store().damaged(&path, "it is empty"));
        }
        let mut length = size.min(START);
        loop {
            let start = self.store().read_start(&path, length).await?;
            let start = start.ok_or_else(|| self.store().missing(&path))?;
            let listed = manifest::listed(&start, size, self.cipher(), id);
            match listed.map_err(|flaw| self.flaw(id, flaw))? {
                Some(snapshot) => return Ok(snapshot),
                None => length = size.min(length * 8),
            }
        }
    }

    pub(super) fn flaw(&self, id: &SnapshotId, flaw: Flaw) -> ArchiveError {
        let path = self.manifest_path(id);
        match flaw {
            Flaw::Damaged(message) => self.store().damaged(&path, message),
            Flaw::Newer(found) => {
                let place = self.store().place().to_owned();
                ArchiveError::Newer { path, place, found, known: manifest::FORMAT }
            }
            Flaw::Local(source) => {
                ArchiveError::Local { what: "use a temporary file for", path: PathBuf::from(path), source }
            }
        }
    }

    /// What a snapshot says of itself, and its entries in the order they were added. The whole manifest is checked first.
    ///
    /// # Errors
    ///
    /// It is missing or damaged, or the storage does not answer.
    pub async fn entries(&self, id: &SnapshotId) -> Result<(Snapshot, Entries), ArchiveError> {
        self.manifest(id).await.map(|(snapshot, entries, _)| (snapshot, entries))
    }

    /// As [`Self::entries`], with the hash of the stored manifest.
    pub(super) async fn manifest(
        &self,
        id: &SnapshotId,
    ) -> Result<(Snapshot, Entries, Fingerprint), ArchiveError> {
        let path = self.manifest_path(id);
        let mut file = spool_file(self.options().spool.as_deref())?;
        if !self.store().download(&path, &mut file).await? {
            return Err(self.store().missing(&path));
        }
        let (archive, this) = (self.clone(), id.clone());
        let (store, name) = (self.store().clone(), path.clone());
        let damaged = Box::new(move |message| store.damaged(&name, message));
        let read = move || {
            let sum = hash_of(&mut file).map_err(Flaw::Local)?;
            file.rewind().map_err(Flaw::Local)?;
            let aside = || spool_file(archive.options().spool.as_deref());
            let (snapshot, entries) = manifest::opened(file, aside, archive.cipher(), &this, damaged)?;
            Ok((snapshot, entries, sum))
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(ArchiveError::task("read", &path, self.store().place()))?
            .map_err(|flaw| self.flaw(id, flaw))
    }

    /// How many bytes each kind of object takes: `blobs`, `snapshots`, others. For a listing's last line.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    pub async fn sizes(&self) -> Result<BTreeMap<String, u64>, ArchiveError> {
        let mut sizes = BTreeMap::new();
        let mut objects = self.store().list("");
        while let Some(object) = objects.try_next().await? {
            let folder = object.name.split_once('/').map_or("", |(folder, _)| folder).to_owned();
            *sizes.entry(folder).or_default() += object.size;
        }
        Ok(sizes)
    }
}

/// The part of an error that says what is wrong, without what and where.
pub(super) fn message_of(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Damaged { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

fn hash_of(file: &mut File) -> std::io::Result<Fingerprint> {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(file, &mut buffer)? {
            0 => return Ok(Fingerprint(hash.finalize().into())),
            read => hash.update(&buffer[..read]),
        }
    }
}
