//! Making a snapshot: documents stream in, each is read back and compared, the manifest comes last.
//!
//! Nothing is listed before every blob was proven and the manifest itself read back. A backup that stops anywhere
//! leaves blobs that the next one finds and uses, or that a prune sweeps.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::PutMode;
use tokio::task::JoinSet;

use super::layout::{BLOBS, SNAPSHOTS};
use super::lock::{Held, Sharing};
use super::manifest::{Body, temporary_file};
use super::snapshot::key;
use super::{Account, Archive, ArchiveError, Entry, Facts, Notes, Snapshot, SnapshotId};
use transship_documents::Fingerprint;

/// The result of adding a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is an entry of the snapshot.
    Taken,
    /// A document of this kind and id was added before: sweeps may show one twice. The first stays.
    Repeated,
}

/// How a blob was proven.
#[derive(Debug, Clone, Copy)]
enum Proof {
    There,
    Stored(u64),
    Mended,
}

/// A snapshot that is being made. Dropping it leaves the archive without it.
#[derive(Debug)]
pub struct SnapshotWriter {
    archive: Archive,
    lock: Held,
    id: SnapshotId,
    time: Timestamp,
    account: Account,
    body: BodyBox,
    seen: HashSet<[u8; 16]>,
    tasks: JoinSet<Result<Proof, ArchiveError>>,
    /// Whether there are blobs already: then a look comes before a write.
    used: bool,
    counts: BTreeMap<String, u64>,
    text_bytes: u64,
    new: (u64, u64),
    mended: u64,
}

struct BodyBox(Body);

impl std::fmt::Debug for BodyBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl Archive {
    /// Begins a snapshot. Others may be made at the same time; a prune may not.
    ///
    /// # Errors
    ///
    /// A prune is under way, or the storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future makes no snapshot. In a bucket, a lease that was just written keeps prunes out until it
    /// ends.
    pub async fn backup(&self, account: Account) -> Result<SnapshotWriter, ArchiveError> {
        let lock = self.lock(Sharing::Shared, "a backup").await?;
        self.confirm().await?;
        let used = self.store().list(BLOBS).next().await.transpose()?.is_some();
        let time = self.options().clock.now();
        let id = SnapshotId::new(time, &account.name, fastrand::u16(..));
        let body = Body::new(temporary_file(self.options().temporary_folder.as_deref())?);
        let body = body.map_err(ArchiveError::local("write to a file in", self.temporary_folder()))?;
        Ok(SnapshotWriter {
            archive: self.clone(),
            lock,
            id,
            time,
            account,
            body: BodyBox(body),
            seen: HashSet::new(),
            tasks: JoinSet::new(),
            used,
            counts: BTreeMap::new(),
            text_bytes: 0,
            new: (0, 0),
            mended: 0,
        })
    }

    fn temporary_folder(&self) -> PathBuf {
        self.options().temporary_folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Writes the hash beside manifests that lack it because a backup stopped after its last but one step.
    async fn confirm(&self) -> Result<(), ArchiveError> {
        let objects: Vec<_> = self.store().list(SNAPSHOTS).try_collect().await?;
        let names: HashSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
        let ids =
            names.iter().filter_map(|name| SnapshotId::parse(name.rsplit('/').next()?.split('.').next()?));
        for id in ids.filter(|id| names.contains(&*self.manifest_path(id))) {
            let path = Self::sum_path(&id);
            if !names.contains(&*path)
                && let Ok((.., sum)) = self.manifest(&id).await
            {
                self.store().create(&path, self.sum_line(&id, sum)).await?;
            }
        }
        Ok(())
    }

    /// The line that `sha256sum -c` understands.
    pub(super) fn sum_line(&self, id: &SnapshotId, sum: Fingerprint) -> Bytes {
        let path = self.manifest_path(id);
        format!("{sum}  {}\n", path.rsplit('/').next().unwrap_or_default()).into()
    }

    /// Makes sure that the blob of this text is there and reads back as this text.
    async fn prove(&self, blob: Fingerprint, text: Bytes, look: bool) -> Result<Proof, ArchiveError> {
        let mut mend = false;
        if look {
            match self.text(blob, text.len() as u64).await {
                Ok(_) => return Ok(Proof::There),
                Err(ArchiveError::Missing { .. }) => {}
                Err(error) if error.is_damage() => mend = true,
                Err(error) => return Err(error),
            }
        }
        let path = self.blob_path(blob);
        let coded = self.encode(&text).map_err(|error| self.store().damaged(&path, error.to_string()))?;
        let coded = Bytes::from(coded);
        let length = coded.len() as u64;
        let stored = !mend && self.store().create(&path, coded.clone()).await?;
        if mend {
            self.store().replace(&path, coded.clone()).await?;
        }
        match self.text(blob, text.len() as u64).await {
            Ok(_) if mend => Ok(Proof::Mended),
            Ok(_) if stored => Ok(Proof::Stored(length)),
            Ok(_) => Ok(Proof::There),
            Err(error) if error.is_damage() && !stored && !mend => {
                // It was there before us, and damaged.
                self.store().replace(&path, coded).await?;
                self.text(blob, text.len() as u64).await.map(|_| Proof::Mended)
            }
            Err(error) => Err(error),
        }
    }
}

impl SnapshotWriter {
    /// The name it will have.
    pub fn id(&self) -> &SnapshotId {
        &self.id
    }

    /// Adds a document. It is stored and proven in the background, a bounded number at a time; a text that is in the
    /// archive already is read and compared, not written.
    ///
    /// # Errors
    ///
    /// The storage failed, now or for a document added earlier: the snapshot cannot be finished any more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped, the document was not added and can be added again; those added before
    /// are kept.
    pub async fn add(&mut self, facts: Facts, text: &[u8]) -> Result<Added, ArchiveError> {
        if text.len() as u64 > super::packed::LONGEST {
            return Err(ArchiveError::Refused(format!("{} {} is too long to be kept", facts.kind, facts.id)));
        }
        while self.tasks.len() >= self.archive.options().in_flight.max(1) {
            self.settle().await?;
        }
        if !self.seen.insert(key(&facts.kind, &facts.id)) {
            return Ok(Added::Repeated);
        }
        let blob = self.archive.name_of(text);
        let Facts { kind, id, name, adaptor_type, integration, last_modified, fingerprint } = facts;
        let bytes = text.len() as u64;
        let entry =
            Entry { kind, id, name, adaptor_type, integration, last_modified, fingerprint, blob, bytes };
        let written = self.body.0.push(&entry);
        written.map_err(ArchiveError::local("write to a file in", self.archive.temporary_folder()))?;
        *self.counts.entry(entry.kind).or_default() += 1;
        self.text_bytes += bytes;
        let (archive, text, look) = (self.archive.clone(), Bytes::copy_from_slice(text), self.used);
        self.tasks.spawn(async move { archive.prove(blob, text, look).await });
        Ok(Added::Taken)
    }

    async fn settle(&mut self) -> Result<(), ArchiveError> {
        let Some(done) = self.tasks.join_next().await else { return Ok(()) };
        match done.map_err(ArchiveError::task("store", BLOBS, self.archive.store().place()))?? {
            Proof::There => {}
            Proof::Stored(bytes) => self.new = (self.new.0 + 1, self.new.1 + bytes),
            Proof::Mended => self.mended += 1,
        }
        Ok(())
    }

    /// Lets go without making a snapshot, and waits until others can see that. In a bucket a writer that is only dropped
    /// keeps prunes out until its lease runs out, if the program ends with it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future still releases it: only the waiting ends.
    pub async fn give_up(self) {
        self.lock.release().await;
    }

    /// Writes the manifest, reads it back, and so makes the snapshot.
    ///
    /// # Errors
    ///
    /// The storage failed, a document does not read back as what was added, or the lock was lost. No snapshot was
    /// made then, unless the storage failed after the manifest was sent to it: then it may be listed by
    /// [`Archive::snapshots`] all the same. A whole one lacks at most its hash, which the next backup writes; one that is
    /// not whole is named by [`Archive::check`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before the manifest is uploaded, no snapshot is made. After that there may be a snapshot
    /// without a hash; the next backup writes the hash.
    pub async fn finish(mut self, notes: Notes) -> Result<Snapshot, ArchiveError> {
        let mut settled = Ok(());
        while settled.is_ok() && !self.tasks.is_empty() {
            settled = self.settle().await;
        }
        let Self { archive, lock, id, body, seen, .. } = self;
        // The manifest takes room of its own while it is written and read back.
        drop(seen);
        let snapshot = Snapshot {
            id,
            time: self.time,
            account: self.account,
            run: notes.run,
            tags: notes.tags,
            selection: notes.selection,
            lacks: notes.lacks,
            entries: self.counts.values().sum(),
            counts: self.counts,
            text_bytes: self.text_bytes,
            new_blobs: self.new.0,
            new_bytes: self.new.1,
            mended_blobs: self.mended,
            manifest_bytes: 0,
        };
        let made = match settled {
            // On the heap: runs and their undoing hold this future in theirs.
            Ok(()) => Box::pin(archive.publish(&lock, body, snapshot)).await,
            Err(error) => Err(error),
        };
        lock.release().await;
        made
    }
}

impl Archive {
    /// Writes the manifest and its hash, and proves that they are there.
    async fn publish(
        &self,
        lock: &Held,
        body: BodyBox,
        snapshot: Snapshot,
    ) -> Result<Snapshot, ArchiveError> {
        let id = snapshot.id.clone();
        let file = temporary_file(self.options().temporary_folder.as_deref())?;
        let path = self.manifest_path(&id);
        let same = self.clone();
        let written =
            tokio::task::spawn_blocking(move || body.0.finish(&snapshot, same.cipher(), file)).await;
        let written = written.map_err(ArchiveError::task("write", &path, self.store().place()))?;
        let (mut file, sum) =
            written.map_err(ArchiveError::local("write to a file in", self.temporary_folder()))?;
        lock.check()?;
        self.store().upload(&path, &mut file, PutMode::Create).await?;
        let back = match self.manifest(&id).await {
            Ok((snapshot, _, found)) if found == sum => Ok(snapshot),
            Ok(_) => Err(self.store().damaged(&path, "it does not read back as it was written")),
            Err(error) => Err(error),
        };
        let snapshot = match back {
            Ok(snapshot) => snapshot,
            Err(error) => {
                // What cannot be proven must not be listed. If this fails too, a check names it.
                let _ = self.store().remove(&path).await;
                return Err(error);
            }
        };
        self.store().create(&Self::sum_path(&id), self.sum_line(&id, sum)).await?;
        Ok(snapshot)
    }
}
