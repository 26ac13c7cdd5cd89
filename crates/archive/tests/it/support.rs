//! What the tests of archives share: documents to back up, archives to put them into, storage that stops.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use serde_json::json;
use tokio::sync::Semaphore;
use transship_archive::Clock;
use transship_archive::{
    Account, Archive, ArchiveError, ArchiveOptions, Entry, Facts, Notes, Snapshot, SnapshotId,
};
use transship_documents::{Id, normal};

/// A clock that tests move on.
#[derive(Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn at(time: &str) -> Self {
        Self(Arc::new(AtomicI64::new(time.parse::<Timestamp>().unwrap().as_second())))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn pass(&self, time: SignedDuration) {
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::new(move || hands.now())
    }
}

/// Options that make an archive; every look at the clock is a second later.
pub fn options() -> ArchiveOptions {
    let start = "2026-03-01T02:00:00Z".parse::<Timestamp>().unwrap().as_second();
    let next = AtomicI64::new(start);
    let clock = Clock::new(move || Timestamp::from_second(next.fetch_add(1, Ordering::SeqCst)).unwrap());
    ArchiveOptions { create: true, ..ArchiveOptions::new(clock) }
}

pub async fn open(folder: &FilePath) -> Archive {
    Archive::open(folder.to_str().unwrap(), options()).await.unwrap()
}

/// A document of an account.
pub type Document = (Facts, Vec<u8>);

/// An import with this number; another `version` is another text.
pub fn import(number: usize, version: usize) -> Document {
    let id = format!("{number:024x}");
    named(&id, &format!("import {number}"), version)
}

pub fn named(id: &str, name: &str, version: usize) -> Document {
    let document = json!({"_id": id, "name": name, "adaptorType": "HTTPImport", "_integrationId": "5f0000000000000000000001",
        "lastModified": "2026-01-01T00:00:00.000Z", "http": {"relativeURI": ["/things"], "method": ["POST"]},
        "mapping": {"fields": [{"extract": "a", "generate": format!("b{version}")}]}});
    let facts = Facts {
        kind: "imports".to_owned(),
        id: Id::from(id),
        name: name.to_owned(),
        adaptor_type: Some("HTTPImport".to_owned()),
        integration: Some(Id::from("5f0000000000000000000001")),
        last_modified: Some("2026-01-01T00:00:00.000Z".to_owned()),
        fingerprint: normal::fingerprint(&document),
    };
    (facts, document.to_string().into_bytes())
}

pub fn imports(numbers: Range<usize>) -> Vec<Document> {
    numbers.map(|number| import(number, 0)).collect()
}

pub fn account(name: &str) -> Account {
    Account { name: name.to_owned(), origin: "https://api.integrator.io".to_owned(), user: "u".to_owned() }
}

pub async fn backup(
    archive: &Archive,
    documents: &[Document],
) -> std::result::Result<Snapshot, ArchiveError> {
    backup_of(archive, "eu", documents).await
}

pub async fn backup_of(
    archive: &Archive,
    name: &str,
    documents: &[Document],
) -> std::result::Result<Snapshot, ArchiveError> {
    let mut writer = archive.backup(account(name)).await?;
    for (facts, text) in documents {
        writer.add(facts.clone(), text).await?;
    }
    writer.finish(Notes::default()).await
}

pub async fn entries(archive: &Archive, id: &SnapshotId) -> Vec<Entry> {
    archive.entries(id).await.unwrap().1.map(|entry| entry.unwrap()).collect()
}

/// Whether a snapshot holds exactly these documents, and all of them can be read.
pub async fn holds(archive: &Archive, id: &SnapshotId, documents: &[Document]) {
    let entries = entries(archive, id).await;
    assert_eq!(entries.len(), documents.len());
    for (entry, (facts, text)) in entries.iter().zip(documents) {
        assert_eq!((&entry.id, entry.fingerprint), (&facts.id, facts.fingerprint));
        assert_eq!(archive.document(entry).await.unwrap(), *text);
    }
}

/// Whether every document of every listed snapshot can be read.
pub async fn everything_listed_is_whole(archive: &Archive) -> usize {
    let listing = archive.snapshots().await.unwrap();
    assert!(listing.damaged.is_empty(), "{:?}", listing.damaged);
    for snapshot in &listing.snapshots {
        let entries = entries(archive, &snapshot.id).await;
        assert_eq!(entries.len() as u64, snapshot.entries);
        for entry in entries {
            archive.document(&entry).await.unwrap();
        }
    }
    listing.snapshots.len()
}

/// Every file below a folder, sorted, from the folder.
pub fn files(folder: &FilePath) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A storage that counts requests, and stops for good after this many operations.
#[derive(Debug)]
pub struct Mortal {
    inner: Arc<dyn ObjectStore>,
    left: AtomicI64,
    pub puts: AtomicU64,
    pub gets: AtomicU64,
    /// Removals of blobs wait for a permit of it, where there is one.
    removals: Option<Arc<Semaphore>>,
    /// Removals of blobs that waited, or do.
    pub removes: Arc<AtomicU64>,
    /// Whether it takes the conditions of writes and ignores them, as some servers do.
    pub ignores_conditions: AtomicBool,
}

impl Mortal {
    pub fn new(inner: Arc<dyn ObjectStore>, left: i64) -> Arc<Self> {
        Arc::new(Self::with(inner, left, None))
    }

    /// One that never dies, and removes no blob without a permit.
    pub fn removing_by_permit(inner: Arc<dyn ObjectStore>, permits: Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self::with(inner, i64::MAX, Some(permits)))
    }

    fn with(inner: Arc<dyn ObjectStore>, left: i64, removals: Option<Arc<Semaphore>>) -> Self {
        let (left, puts, gets) = (AtomicI64::new(left), AtomicU64::new(0), AtomicU64::new(0));
        Self {
            inner,
            left,
            puts,
            gets,
            removals,
            removes: Arc::default(),
            ignores_conditions: AtomicBool::default(),
        }
    }

    fn step(&self) -> Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        Err(Error::Generic { store: "mortal", source: "it is dead".into() })
    }
}

impl fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mortal {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.step()?;
        self.puts.fetch_add(1, Ordering::SeqCst);
        let ignores = self.ignores_conditions.load(Ordering::SeqCst);
        let mode = if ignores { PutMode::Overwrite } else { opts.mode };
        self.inner.put_opts(location, payload, PutOptions { mode, ..opts }).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.step()?;
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.step()?;
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.step()?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // Only ever one at a time here.
        if let Err(error) = self.step() {
            return futures::stream::once(async { Err(error) }).boxed();
        }
        let Some(permits) = self.removals.clone() else { return self.inner.delete_stream(locations) };
        let (inner, removes) = (Arc::clone(&self.inner), Arc::clone(&self.removes));
        let permitted = async move {
            let locations: Vec<_> = locations.collect().await;
            if locations.iter().flatten().any(|location| location.as_ref().starts_with("blobs/")) {
                removes.fetch_add(1, Ordering::SeqCst);
                permits.acquire().await.expect("it is never closed").forget();
            }
            inner.delete_stream(futures::stream::iter(locations).boxed())
        };
        permitted.flatten_stream().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.step() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.step()?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.step()?;
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.step()?;
        self.inner.rename_opts(from, to, options).await
    }
}
