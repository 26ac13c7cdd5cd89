//! A storage whose answers to writes are lost: the writer recognises what it wrote itself.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use transship_archive::{Archive, ArchiveError, ArchiveOptions, Objects, Policy, PruneOptions};

use super::support::*;

/// How the first answer to the write of each object is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// The write was done; the answer is an error.
    Answer,
    /// The write was not done; the answer is an error.
    Write,
    /// The write was done, and its client has repeated it by itself.
    Repeated,
    /// The write was not done; the answer is that of S3 while another conditional write of the name is under way (409).
    Conflict,
}

#[derive(Debug)]
struct Forgetful {
    inner: Arc<InMemory>,
    loss: Loss,
    /// Whether it happens to each object only once.
    once: bool,
    met: Mutex<HashSet<Path>>,
}

impl fmt::Display for Forgetful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("forgetful")
    }
}

fn lost() -> Error {
    Error::Generic { store: "forgetful", source: "500 Internal Server Error".into() }
}

#[async_trait]
impl ObjectStore for Forgetful {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if !self.met.lock().unwrap().insert(at.clone()) && self.once {
            return self.inner.put_opts(at, payload, options).await;
        }
        if self.loss == Loss::Write {
            return Err(lost());
        }
        if self.loss == Loss::Conflict && options.mode != PutMode::Overwrite {
            return Err(Error::AlreadyExists { path: at.to_string(), source: "409".into() });
        }
        self.inner.put_opts(at, payload.clone(), options.clone()).await?;
        match (self.loss, &options.mode) {
            // In memory no version is what it was before.
            (Loss::Repeated, PutMode::Overwrite) => self.inner.put_opts(at, payload, options).await,
            (Loss::Repeated, _) => Err(Error::Precondition { path: at.to_string(), source: "412".into() }),
            _ => Err(lost()),
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(&self, at: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// An archive in a storage that loses answers, and one in the same storage that does not.
async fn pair(loss: Loss, once: bool) -> (Archive, Archive, Arc<InMemory>, Hands) {
    let (storage, hands) = (Arc::new(InMemory::new()), Hands::at("2040-01-01T00:00:00Z"));
    let options = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    let forgetful = Forgetful { inner: Arc::clone(&storage), loss, once, met: Mutex::default() };
    let one = Archive::open_store(Arc::new(forgetful), "bucket", options.clone()).await.unwrap();
    let other = Archive::open_store(Arc::clone(&storage) as _, "bucket", options).await.unwrap();
    (one, other, storage, hands)
}

async fn objects(storage: &InMemory, folder: &str) -> usize {
    storage.list(Some(&folder.into())).try_collect::<Vec<_>>().await.unwrap().len()
}

fn prune() -> PruneOptions {
    PruneOptions::new(Policy { last: 1, ..Policy::default() })
}

#[tokio::test]
async fn a_backup_whose_every_write_gets_no_answer_once_is_whole() {
    for (loss, once) in [
        (Loss::Answer, true),
        (Loss::Answer, false),
        (Loss::Write, true),
        (Loss::Repeated, true),
        (Loss::Repeated, false),
    ] {
        let (one, other, storage, hands) = pair(loss, once).await;
        let documents = imports(0..20);
        let snapshot = backup(&one, &documents).await.unwrap();
        holds(&other, &snapshot.id, &documents).await;
        assert_eq!(everything_listed_is_whole(&other).await, 1, "{loss:?}");
        assert_eq!(objects(&storage, "locks").await, 0, "{loss:?}: the lease is gone");
        // A prune takes the exclusive lease, and does not lock itself out.
        hands.pass(jiff::SignedDuration::from_hours(1));
        backup(&one, &imports(0..21)).await.unwrap();
        one.prune(prune()).await.unwrap();
        assert_eq!(everything_listed_is_whole(&other).await, 1, "{loss:?}");
        assert_eq!(objects(&storage, "locks").await, 0, "{loss:?}: the lease is gone");
    }
}

#[tokio::test]
async fn the_lease_of_another_is_no_less_another_s_because_an_answer_was_lost() {
    for loss in [Loss::Answer, Loss::Write, Loss::Repeated] {
        let (one, other, storage, _) = pair(loss, true).await;
        backup(&other, &imports(0..2)).await.unwrap();
        let writer = other.backup(account("eu")).await.unwrap();
        let refused = one.prune(prune()).await.unwrap_err();
        assert!(matches!(refused, ArchiveError::Busy { .. }), "{loss:?}: {refused}");
        assert_eq!(objects(&storage, "locks").await, 1, "{loss:?}: only the other's");
        writer.give_up().await;
    }
}

#[tokio::test]
async fn an_exclusive_lease_that_ran_out_is_taken_over_though_the_answer_is_lost() {
    for loss in [Loss::Answer, Loss::Repeated] {
        let (one, other, storage, hands) = pair(loss, true).await;
        backup(&other, &imports(0..2)).await.unwrap();
        let stale = r#"{"holder":"dead","work":"a prune","since":"2039-01-01T00:00:00Z","until":"2039-01-01T00:10:00Z"}"#;
        let path = Path::from("locks/exclusive.json");
        storage.put_opts(&path, stale.into(), PutOptions::default()).await.unwrap();
        hands.pass(jiff::SignedDuration::from_hours(1));
        one.prune(prune()).await.unwrap_or_else(|error| panic!("{loss:?}: {error}"));
        assert_eq!(objects(&storage, "locks").await, 0, "{loss:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_with_nothing_there_is_sent_again_and_is_never_another_s_object() {
    let options = ArchiveOptions::new(Hands::at("2040-01-01T00:00:00Z").clock());
    let storage = Arc::new(InMemory::new());
    let in_the_way = |once| {
        let inner = Arc::clone(&storage);
        let forgetful = Forgetful { inner, loss: Loss::Conflict, once, met: Mutex::default() };
        Objects::in_store(Arc::new(forgetful), "bucket", &options)
    };
    let one = in_the_way(true);
    assert!(one.keeps_conditions().await.unwrap());
    assert!(one.claim("segment", "one".into()).await.unwrap());
    let first = one.create("lease", "1".into()).await.unwrap().expect("nobody else has it");
    // The version still exists, so a conflict says nothing about it.
    let second = in_the_way(true).replace("lease", "2".into(), &first).await.unwrap();
    assert!(second.is_some());
    assert_eq!(in_the_way(true).replace("lease", "3".into(), &first).await.unwrap(), None, "it is another");
    // What another wrote is another's, however the storage says so.
    assert!(!in_the_way(true).claim("segment", "other".into()).await.unwrap());
    // One that never ends is a failure of the storage, not an object that is there.
    let failed = in_the_way(false).claim("new", "x".into()).await.unwrap_err();
    assert!(matches!(failed, ArchiveError::Storage { .. }), "{failed}");
}
