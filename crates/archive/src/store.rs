//! The few things an archive asks of its storage, each with a deadline and an error that says what and where.

mod write;

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutPayload, UpdateVersion,
};

use super::ArchiveError;
use super::folder::OnlyNew;
use super::location::Place;
use super::packed::{LONGEST, packed_at_most};
use write::is_refusal;

/// What is written to a bucket in one piece; larger files go in parts of this size.
const PART: usize = 8 << 20;
/// The same in a folder, where a part costs no call: a smaller one takes less memory.
const PART_IN_A_FOLDER: usize = 256 << 10;

/// A file of this machine cannot be read for writing it to the storage.
fn unread(source: std::io::Error) -> ArchiveError {
    ArchiveError::Local { what: "read", path: std::env::temp_dir(), source }
}

/// A place in a storage.
#[derive(Debug, Clone)]
pub(super) struct Store {
    inner: Arc<dyn ObjectStore>,
    root: Path,
    place: Arc<str>,
    part: usize,
    deadline: Duration,
}

/// What a listing says of an object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// From the archive's root.
    pub name: String,
    pub size: u64,
    pub modified: Timestamp,
    /// Identifies this version of its contents.
    pub tag: Option<String>,
}

impl Store {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, root: Path, place: &str, deadline: Duration) -> Self {
        Self { inner, root, place: place.into(), part: PART, deadline }
    }

    /// Uses a place that was found by its location.
    pub(super) fn at(place: &Place, deadline: Duration) -> Self {
        let store = Self::new(Arc::clone(&place.store), place.root.clone(), &place.shown, deadline);
        let part = if place.folder.is_some() { PART_IN_A_FOLDER } else { PART };
        Self { part, ..store }
    }

    /// The archive as messages call it.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn damaged(&self, path: &str, message: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged {
            path: path.to_owned(),
            place: self.place.to_string(),
            message: message.into(),
        }
    }

    pub(super) fn missing(&self, path: &str) -> ArchiveError {
        ArchiveError::Missing { path: path.to_owned(), place: self.place.to_string() }
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.root.clone(), Path::join)
    }

    fn error(&self, what: &'static str, name: &str) -> impl FnOnce(Error) -> ArchiveError {
        let (path, place) = (name.to_owned(), self.place.to_string());
        move |error| {
            // An error of no specific kind needs no name.
            let source = match error {
                Error::Generic { source, .. } => source,
                other => Box::new(other),
            };
            ArchiveError::Storage { what, path, place, source }
        }
    }

    async fn timed<T>(
        &self,
        what: &'static str,
        name: &str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<object_store::Result<T>, ArchiveError> {
        tokio::time::timeout(self.deadline, work).await.map_err(|_| ArchiveError::Slow {
            what,
            path: name.to_owned(),
            place: self.place.to_string(),
            after: self.deadline,
        })
    }

    async fn get(&self, name: &str, options: GetOptions) -> Result<Option<GetResult>, ArchiveError> {
        match self.timed("read", name, self.inner.get_opts(&self.path(name), options)).await? {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error("read", name)(error)),
        }
    }

    /// A whole object; `None` if it does not exist.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>, ArchiveError> {
        self.read_within(name, packed_at_most(LONGEST)).await
    }

    /// A whole object of at most this many bytes: a longer one is damaged, and is not read.
    pub(super) async fn read_within(&self, name: &str, most: u64) -> Result<Option<Bytes>, ArchiveError> {
        let Some(found) = self.get(name, GetOptions::default()).await? else { return Ok(None) };
        let length = found.meta.size;
        if length > most {
            return Err(self.damaged(name, format!("it has {length} bytes, and {most} at most are possible")));
        }
        self.timed("read", name, found.bytes()).await?.map(Some).map_err(self.error("read", name))
    }

    /// The first bytes of an object that has at least this many.
    pub(super) async fn read_start(&self, name: &str, length: u64) -> Result<Option<Bytes>, ArchiveError> {
        let options = GetOptions { range: Some(GetRange::Bounded(0..length)), ..GetOptions::default() };
        let Some(found) = self.get(name, options).await? else { return Ok(None) };
        self.timed("read", name, found.bytes()).await?.map(Some).map_err(self.error("read", name))
    }

    /// An object and its version, for [`Self::replace_if`].
    pub(super) async fn read_version(
        &self,
        name: &str,
    ) -> Result<Option<(Bytes, UpdateVersion)>, ArchiveError> {
        let Some(found) = self.get(name, GetOptions::default()).await? else { return Ok(None) };
        let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let bytes = self.timed("read", name, found.bytes()).await?.map_err(self.error("read", name))?;
        Ok(Some((bytes, version)))
    }

    /// Copies an object into a file without holding the whole of it. Whether there was one.
    pub(super) async fn download(&self, name: &str, into: &mut File) -> Result<bool, ArchiveError> {
        let Some(found) = self.get(name, GetOptions::default()).await? else { return Ok(false) };
        let mut chunks = found.into_stream();
        loop {
            let next = async { chunks.next().await.transpose() };
            let Some(chunk) = self.timed("read", name, next).await?.map_err(self.error("read", name))? else {
                break;
            };
            into.write_all(&chunk).map_err(ArchiveError::local("write", std::env::temp_dir()))?;
        }
        into.rewind().map_err(ArchiveError::local("rewind", std::env::temp_dir()))?;
        Ok(true)
    }

    /// Whether an object exists and has the same bytes as a file.
    async fn holds_file(&self, name: &str, file: &mut File) -> bool {
        let Ok(length) = file.metadata().map(|found| found.len()) else { return false };
        let Ok(Some(found)) = self.get(name, GetOptions::default()).await else { return false };
        if found.meta.size != length || file.rewind().is_err() {
            return false;
        }
        let (mut chunks, mut own) = (found.into_stream(), Vec::new());
        loop {
            let next = async { chunks.next().await.transpose() };
            match self.timed("read", name, next).await {
                Ok(Ok(None)) => return true,
                Ok(Ok(Some(chunk))) => {
                    own.resize(chunk.len(), 0);
                    if file.read_exact(&mut own).is_err() || own != chunk {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }

    /// Writes an object of any size from a file; it appears whole or not at all. With [`PutMode::Create`] another one of this
    /// name stays; in a bucket only one that is written in one piece is held against it.
    pub(super) async fn upload(
        &self,
        name: &str,
        file: &mut File,
        mode: PutMode,
    ) -> Result<(), ArchiveError> {
        let exists = || ArchiveError::Refused(format!("{name} is in {} already", self.place));
        file.rewind().map_err(unread)?;
        let mut part = self.next_part(file)?;
        if part.len() < self.part {
            return match mode {
                PutMode::Overwrite => self.replace(name, part.into()).await,
                _ => self.create_own(name, part.into()).await?.then_some(()).ok_or_else(exists),
            };
        }
        let mut options = PutMultipartOptions::default();
        if mode != PutMode::Overwrite {
            options.extensions.insert(OnlyNew);
        }
        let path = self.path(name);
        let start = self.inner.put_multipart_opts(&path, options);
        let mut upload = self.timed("write", name, start).await?.map_err(self.error("write", name))?;
        while !part.is_empty() {
            let sent = self.timed("write", name, upload.put_part(PutPayload::from(part))).await;
            if let Err(error) = sent.and_then(|sent| sent.map_err(self.error("write", name))) {
                // Best effort: what is left of it is not an object.
                let _ = self.timed("give up", name, upload.abort()).await;
                return Err(error);
            }
            part = self.next_part(file)?;
        }
        let failed = match self.timed("write", name, upload.complete()).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if is_refusal(&error, &mode) => exists(),
            Ok(Err(error)) => self.error("write", name)(error),
            Err(slow) => slow,
        };
        if self.holds_file(name, file).await { Ok(()) } else { Err(failed) }
    }

    /// What comes next in a file that is written in parts; nothing at its end.
    fn next_part(&self, file: &mut File) -> Result<Vec<u8>, ArchiveError> {
        let length = file.metadata().map_err(unread)?.len().min(self.part as u64);
        // Exactly: a growing list takes twice as much.
        let mut part = Vec::with_capacity(usize::try_from(length).unwrap_or(self.part));
        file.take(self.part as u64).read_to_end(&mut part).map_err(unread)?;
        Ok(part)
    }

    /// Removes an object; it may be gone already.
    pub(super) async fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.remove_found(name).await.map(drop)
    }

    /// The same. Returns whether it existed, if the storage says so: a bucket does not.
    pub(super) async fn remove_found(&self, name: &str) -> Result<bool, ArchiveError> {
        let path = self.path(name);
        match self.timed("remove", name, self.inner.delete(&path)).await? {
            Ok(()) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.error("remove", name)(error)),
        }
    }

    /// Every object in a folder of the archive (`""` for all of it), in no order.
    pub(super) fn list(&self, folder: &str) -> BoxStream<'static, Result<Object, ArchiveError>> {
        let path = self.path(folder);
        let strip = if self.root.as_ref().is_empty() { 0 } else { self.root.as_ref().len() + 1 };
        let (store, what) = (self.clone(), folder.to_owned());
        let state = Some(self.inner.list(Some(&path)));
        let next = move |state: Option<BoxStream<'static, object_store::Result<ObjectMeta>>>| {
            let (store, what) = (store.clone(), what.clone());
            async move {
                let mut found = state?;
                let meta = match store.timed("list", &what, async { found.next().await.transpose() }).await {
                    Ok(Ok(None)) => return None,
                    Ok(Ok(Some(meta))) => meta,
                    // A listing that failed has ended: objects that it did not name may exist.
                    Ok(Err(error)) => return Some((Err(store.error("list", &what)(error)), None)),
                    Err(slow) => return Some((Err(slow), None)),
                };
                let name = meta.location.as_ref().get(strip..).unwrap_or_default().to_owned();
                let modified = Timestamp::from_second(meta.last_modified.timestamp()).unwrap_or_default();
                let object = Object { name, size: meta.size, modified, tag: meta.e_tag };
                Some((Ok(object), Some(found)))
            }
        };
        futures::stream::unfold(state, next).boxed()
    }
}
