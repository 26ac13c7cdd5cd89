//! Reading what is in an archive: the list of snapshots, their entries, the documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Seek as _;
use std::path::PathBuf;

use futures::stream::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use super::layout::SNAPSHOTS;
use super::manifest::{self, Flaw, START, temporary_file};
use super::packed::packed_at_most;
use super::{Archive, ArchiveError, Entries, Entry, Snapshot, SnapshotId};
use transship_documents::{Fingerprint, Hasher};

/// What stands in an archive's folder of snapshots.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The whole ones, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Manifests that are not what was written, and what is wrong with each. They are in no way counted as snapshots.
    pub damaged: Vec<(SnapshotId, String)>,
    /// When the list was read; a snapshot dated later is never the latest. `None`: no date is too late.
    pub as_of: Option<Timestamp>,
}

/// How much is read of a manifest at most to know what it says of the snapshot.
const LONGEST_START: u64 = 16 << 20;

/// How far the clocks of machines that share an archive may differ before a snapshot counts as dated in the future.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Listing {
    /// The newest snapshot of an account that is not dated in the future.
    pub fn latest(&self, account: &str) -> Option<&Snapshot> {
        self.past().rev().find(|snapshot| snapshot.account.name == account)
    }

    /// The newest snapshot of the same origin and name as this one that is not dated in the future.
    pub fn latest_like(&self, one: &Snapshot) -> Option<&Snapshot> {
        let account = &one.account;
        self.past()
            .rev()
            .find(|other| (&other.account.origin, &other.account.name) == (&account.origin, &account.name))
    }

    /// The newest snapshot of each account and selection that is not dated in the future, oldest first.
    pub fn latest_of_each(&self) -> Vec<&Snapshot> {
        let mut latest: Vec<&Snapshot> = Vec::new();
        for snapshot in self.past().rev() {
            let same = |other: &&Snapshot| {
                (&other.account, &other.selection) == (&snapshot.account, &snapshot.selection)
            };
            if !latest.iter().any(same) {
                latest.push(snapshot);
            }
        }
        latest.reverse();
        latest
    }

    /// Snapshots dated more than five minutes after the list was read: a clock was wrong when they were made.
    ///
    /// They are whole and can be named by their ids, but none of them is ever `latest`.
    pub fn future(&self) -> impl DoubleEndedIterator<Item = &Snapshot> {
        self.snapshots.iter().filter(|snapshot| self.is_future(snapshot))
    }

    fn past(&self) -> impl DoubleEndedIterator<Item = &Snapshot> {
        self.snapshots.iter().filter(|snapshot| !self.is_future(snapshot))
    }

    fn is_future(&self, snapshot: &Snapshot) -> bool {
        self.as_of.is_some_and(|now| snapshot.time.duration_since(now) > SKEW)
    }

    /// The one snapshot whose id begins like this; `latest` is the newest of all that is not dated in the future.
    ///
    /// # Errors
    ///
    /// There is no match, or more than one, or it is damaged.
    pub fn find(&self, start: &str) -> Result<&Snapshot, ArchiveError> {
        let refused = |message: String| Err(ArchiveError::Refused(message));
        if start == "latest" {
            return self.past().next_back().ok_or_else(|| {
                ArchiveError::Refused(match self.future().next() {
                    None => "there is no snapshot yet: the next backup makes one".to_owned(),
                    Some(future) => format!(
                        "every snapshot is dated in the future, the first is {}: name the one you mean by its id",
                        future.id
                    ),
                })
            });
        }
        if let Some(exact) = self.snapshots.iter().find(|snapshot| snapshot.id.as_str() == start) {
            return Ok(exact);
        }
        let whole = self.snapshots.iter().map(|snapshot| &snapshot.id);
        let ids: Vec<&SnapshotId> = whole
            .chain(self.damaged.iter().map(|(id, _)| id))
            .filter(|id| !start.is_empty() && id.as_str().starts_with(start))
            .collect();
        let [id] = ids[..] else {
            return match ids.len() {
                0 => refused(format!("there is no snapshot {start}: name one of the list, or `latest`")),
                count => {
                    let named: Vec<&str> = ids.iter().take(5).map(|id| id.as_str()).collect();
                    let more = if count > named.len() { ", …" } else { "" };
                    refused(format!(
                        "{count} snapshots begin with {start}: write more of it ({}{more})",
                        named.join(", ")
                    ))
                }
            };
        };
        if let Some(found) = self.snapshots.iter().find(|snapshot| snapshot.id == *id) {
            return Ok(found);
        }
        let why = self.damaged.iter().find(|(damaged, _)| damaged == id).map_or("", |(_, why)| why);
        refused(format!("the snapshot {id} is damaged ({why}): check the archive, or take another one"))
    }

    /// The damaged snapshots that are not older than this one, oldest first: any of them may be the one that `latest`
    /// should have been. Of one account, or of all; what is dated in the future does not count.
    pub fn passed_over(
        &self,
        chosen: Option<&Snapshot>,
        account: Option<&str>,
    ) -> Vec<&(SnapshotId, String)> {
        let word = account.map(SnapshotId::word_of);
        let now = self.as_of.and_then(|now| now.checked_add(SKEW).ok()).map(SnapshotId::time_word);
        let damaged = self.damaged.iter().filter(|(id, _)| {
            word.as_ref().is_none_or(|word| id.account_word() == word)
                && chosen.is_none_or(|chosen| id.begun() >= chosen.id.begun())
                && now.as_ref().is_none_or(|now| id.begun() <= now.as_str())
        });
        damaged.collect()
    }

    /// The names of the accounts that have a whole snapshot.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.snapshots.iter().map(|snapshot| snapshot.account.name.as_str()).collect()
    }

    /// The list without the intact snapshots of other accounts. The owners of damaged ones are unknown, so those stay.
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        self.snapshots.retain(|snapshot| snapshot.account.name == account);
        self
    }
}

/// How many objects there are of a sort, and how many bytes they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// The number of files that were written.
    pub files: u64,
    /// How many bytes they take in the storage together.
    pub bytes: u64,
}

impl Archive {
    /// The text of a blob, of at most this many bytes, with its hash checked: damage is an error, never a text.
    pub(super) async fn text(&self, blob: Fingerprint, most: u64) -> Result<Vec<u8>, ArchiveError> {
        let path = self.blob_path(blob);
        let found = self.store().read_within(&path, packed_at_most(most)).await?;
        let found = found.ok_or_else(|| self.store().missing(&path))?;
        let text = self.decode(&path, found)?;
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
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn document(&self, entry: &Entry) -> Result<Vec<u8>, ArchiveError> {
        self.text(entry.blob, entry.bytes).await
    }

    /// Every snapshot with an intact manifest, oldest first, and every damaged manifest.
    ///
    /// Reads the start of each manifest and compares its length; [`Self::check`] reads all of it.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn snapshots(&self) -> Result<Listing, ArchiveError> {
        self.snapshots_of(None).await
    }

    /// Those of accounts of these names only, as far as their ids tell; `None` for all.
    pub(super) async fn snapshots_of(
        &self,
        accounts: Option<&BTreeSet<String>>,
    ) -> Result<Listing, ArchiveError> {
        let (mut ids, mut lost) = self.manifests().await?;
        if !lost.is_empty() {
            // A listing takes its time, and others are at work: what is lost is lost at the second look as well.
            (ids, lost) = self.manifests().await?;
        }
        if let Some(accounts) = accounts {
            let words: BTreeSet<String> = accounts.iter().map(|name| SnapshotId::word_of(name)).collect();
            ids.retain(|(id, _)| words.contains(id.account_word()));
            lost.retain(|id| words.contains(id.account_word()));
        }
        let heads = futures::stream::iter(ids)
            .map(|(id, size)| async move {
                let head = self.head(&id, size).await;
                (id, head)
            })
            .buffer_unordered(self.options().in_flight.max(1));
        let mut listing = Listing { as_of: Some(self.options().clock.now()), ..Listing::default() };
        let mut heads = std::pin::pin!(heads);
        let mut gone = Vec::new();
        while let Some((id, head)) = heads.next().await {
            match head {
                Ok(snapshot) => listing.snapshots.push(snapshot),
                Err(ArchiveError::Missing { .. }) => gone.push(id),
                Err(error) if error.is_damage() => listing.damaged.push((id, error.detail())),
                Err(error) => return Err(error),
            }
        }
        if !gone.is_empty() {
            // Its own account's prune may have removed it meanwhile, hash and all.
            let (ids, hashes) = self.manifests().await?;
            let is_left = |id: &SnapshotId| hashes.contains(id) || ids.iter().any(|(left, _)| left == id);
            lost.extend(gone.into_iter().filter(is_left));
        }
        listing.damaged.extend(lost.into_iter().map(|id| (id, "its manifest is missing".to_owned())));
        listing.snapshots.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        listing.damaged.sort();
        Ok(listing)
    }

    /// The manifests with their sizes, and the snapshots of which only the hash is left. A backup writes the manifest
    /// first and a prune removes the hash first, so a hash alone means that a manifest was lost.
    async fn manifests(&self) -> Result<(Vec<(SnapshotId, u64)>, BTreeSet<SnapshotId>), ArchiveError> {
        let (mut manifests, mut sums) = (Vec::new(), BTreeSet::new());
        let mut objects = self.store().list(SNAPSHOTS);
        while let Some(object) = objects.try_next().await? {
            let file = object.name.rsplit('/').next().unwrap_or_default();
            let Some(id) = file.split('.').next().and_then(SnapshotId::parse) else { continue };
            if object.name == self.manifest_path(&id) {
                manifests.push((id, object.size));
            } else if object.name == Self::sum_path(&id) {
                sums.insert(id);
            }
        }
        for (id, _) in &manifests {
            sums.remove(id);
        }
        Ok((manifests, sums))
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
                None if length >= LONGEST_START => {
                    return Err(self.store().damaged(&path, "its beginning has no end"));
                }
                None => length = size.min(length * 8).min(LONGEST_START),
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
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads, and its temporary file is removed.
    pub async fn entries(&self, id: &SnapshotId) -> Result<(Snapshot, Entries), ArchiveError> {
        self.manifest(id).await.map(|(snapshot, entries, _)| (snapshot, entries))
    }

    /// As [`Self::entries`], with the hash of the stored manifest.
    pub(super) async fn manifest(
        &self,
        id: &SnapshotId,
    ) -> Result<(Snapshot, Entries, Fingerprint), ArchiveError> {
        let path = self.manifest_path(id);
        let mut file = temporary_file(self.options().temporary_folder.as_deref())?;
        if !self.store().download(&path, &mut file).await? {
            return Err(self.store().missing(&path));
        }
        let (archive, this) = (self.clone(), id.clone());
        let (store, name) = (self.store().clone(), path.clone());
        let damaged = Box::new(move |message| store.damaged(&name, message));
        let read = move || {
            let sum = hash_of(&mut file).map_err(Flaw::Local)?;
            file.rewind().map_err(Flaw::Local)?;
            let aside = || temporary_file(archive.options().temporary_folder.as_deref());
            let (snapshot, entries) = manifest::opened(file, aside, archive.cipher(), &this, damaged)?;
            Ok((snapshot, entries, sum))
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(ArchiveError::task("read", &path, self.store().place()))?
            .map_err(|flaw| self.flaw(id, flaw))
    }

    /// How many objects of each sort there are and what they take: `blobs`, `snapshots`, others. For a listing's last
    /// line.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn sizes(&self) -> Result<BTreeMap<String, Size>, ArchiveError> {
        let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
        let mut objects = self.store().list("");
        while let Some(object) = objects.try_next().await? {
            let folder = object.name.split_once('/').map_or("", |(folder, _)| folder).to_owned();
            let size = sizes.entry(folder).or_default();
            size.files += 1;
            size.bytes += object.size;
        }
        Ok(sizes)
    }
}

fn hash_of(file: &mut File) -> std::io::Result<Fingerprint> {
    let mut hash = Hasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(file, &mut buffer)? {
            0 => return Ok(hash.finish()),
            read => hash.update(&buffer[..read]),
        }
    }
}
