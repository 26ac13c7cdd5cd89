//! Small objects that several machines share, in a folder or a bucket: created if absent, replaced if unchanged.
//!
//! It is the storage of archives without an archive: the same locations, credentials and files with mode 0600. Except
//! for [`Objects::put`], it never overwrites a version that the caller did not name.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, PutMode, UpdateVersion};

use super::location;
use super::store::Store;
use super::{ArchiveError, ArchiveOptions};

/// What an object was when it was read or written; any change makes another of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    tag: Option<String>,
    version: Option<String>,
}

impl ObjectVersion {
    /// Identifies this version, if the storage supports that; the same in a listing and when it is read.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

/// A place of shared objects. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Store,
    folder: Option<PathBuf>,
}

impl Objects {
    /// Opens a folder or the address of a bucket (`s3://`, `gs://`, `az://`, `file://`); a folder is made if the options
    /// say so.
    ///
    /// # Errors
    ///
    /// The location makes no sense, or the folder cannot be made.
    pub fn open(location: &str, options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        let place = location::find(location, options)?;
        Ok(Self { store: Store::at(&place, options.deadline), folder: place.folder })
    }

    /// Makes sure that a location can be opened as far as it says so itself. Nothing is looked at.
    ///
    /// # Errors
    ///
    /// It is empty, an address of an unknown kind, or one with credentials in it.
    pub fn check_location(location: &str) -> Result<(), ArchiveError> {
        location::parsed(location).map(drop)
    }

    /// Uses a storage that the caller made.
    pub fn in_store(storage: Arc<dyn ObjectStore>, shown: &str, options: &ArchiveOptions) -> Self {
        let root = object_store::path::Path::default();
        Self { store: Store::new(storage, root, shown, options.deadline), folder: None }
    }

    /// The place as messages call it, without credentials.
    pub fn place(&self) -> &str {
        self.store.place()
    }

    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&FilePath> {
        self.folder.as_deref()
    }

    /// A whole object and its version; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn read(&self, name: &str) -> Result<Option<(Bytes, ObjectVersion)>, ArchiveError> {
        let found = self.store.read_version(name).await?;
        Ok(found
            .map(|(bytes, UpdateVersion { e_tag, version })| (bytes, ObjectVersion { tag: e_tag, version })))
    }

    /// Writes an object unless there is one of this name; `None` if there is another. What is written must be told from
    /// everything that others write, for an answer that is lost is made up for by reading it.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: if the future is dropped, the object may have been created. Read it to find out.
    pub async fn create(&self, name: &str, bytes: Bytes) -> Result<Option<ObjectVersion>, ArchiveError> {
        if !self.store.create_own(name, bytes.clone()).await? {
            return Ok(None);
        }
        self.version_of(name, &bytes).await
    }

    /// Writes an object unless there is another of this name, and says whether it is there now: [`Self::create`] without the
    /// version, which costs a call.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the object may have been created; claiming it again with the same bytes then gives
    /// `true`.
    pub async fn claim(&self, name: &str, bytes: Bytes) -> Result<bool, ArchiveError> {
        self.store.create_own(name, bytes).await
    }

    /// Copies an object of any size into a file, and says whether there was one.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or the storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves a part of the object in the file; the object itself is only read.
    pub async fn get_file(&self, name: &str, file: &mut std::fs::File) -> Result<bool, ArchiveError> {
        self.store.download(name, file).await
    }

    /// Writes an object if it is still in this version; `None` if it is not. As [`Self::create`], what is written must be
    /// told from what others write.
    ///
    /// # Errors
    ///
    /// The storage cannot tell versions apart, or does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: if the future is dropped, the object may have been replaced. Read it to find out.
    pub async fn replace(
        &self,
        name: &str,
        bytes: Bytes,
        version: &ObjectVersion,
    ) -> Result<Option<ObjectVersion>, ArchiveError> {
        let known = UpdateVersion { e_tag: version.tag.clone(), version: version.version.clone() };
        if !self.store.replace_only_if(name, bytes.clone(), known).await? {
            return Ok(None);
        }
        self.version_of(name, &bytes).await
    }

    /// The version of an object that holds exactly these bytes.
    async fn version_of(&self, name: &str, bytes: &Bytes) -> Result<Option<ObjectVersion>, ArchiveError> {
        let found = self.read(name).await?;
        Ok(found.filter(|(found, _)| found == bytes).map(|(_, version)| version))
    }

    /// Writes an object, whatever is there.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the old object or the new one is there, either of them whole.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ArchiveError> {
        self.store.replace(name, bytes).await
    }

    /// Writes an object of any size from a file, whatever is there.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the old object or the new one is there, either of them whole. A bucket may keep
    /// parts of an unfinished upload, which are no object.
    pub async fn put_file(&self, name: &str, path: &FilePath) -> Result<(), ArchiveError> {
        let mut file = std::fs::File::open(path).map_err(ArchiveError::local("read", path))?;
        self.store.upload(name, &mut file, PutMode::Overwrite).await
    }

    /// The names of all objects below a folder of the place with the [`ObjectVersion::tag`] of each, in no order.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn tags(&self, folder: &str) -> Result<Vec<(String, Option<String>)>, ArchiveError> {
        self.store.list(folder).map_ok(|object| (object.name, object.tag)).try_collect().await
    }

    /// The names of all objects below a folder of the place, in order.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let mut names: Vec<String> =
            self.store.list(folder).map_ok(|object| object.name).try_collect().await?;
        names.sort();
        Ok(names)
    }

    /// Removes an object; it may be gone already.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the object may have been removed; removing it again does no harm.
    pub async fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.store.remove(name).await
    }

    /// Tries whether the storage keeps its word on conditions: two that create one name, and a replacement of what has
    /// changed. Some servers take the conditions and ignore them.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave an object `tmp/probe-…` of one byte, which is removed by one who tries an hour later or
    /// more.
    pub async fn keeps_conditions(&self) -> Result<bool, ArchiveError> {
        self.store.keeps_conditions().await
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;
    use crate::clock::Clock;

    fn options() -> ArchiveOptions {
        ArchiveOptions { create: true, ..ArchiveOptions::new(Clock::system()) }
    }

    async fn of_many_one_wins(objects: Objects) {
        assert!(objects.keeps_conditions().await.unwrap());
        for name in ["leases/a.json", "leases/b.json"] {
            let created = futures::future::join_all((0..8).map(|hand| {
                let objects = objects.clone();
                async move { objects.create(name, Bytes::from(format!("first {hand}"))).await.unwrap() }
            }));
            let created: Vec<_> = created.await.into_iter().flatten().collect();
            assert_eq!(created.len(), 1);
            let replaced = futures::future::join_all((0..8).map(|hand| {
                let (objects, version) = (objects.clone(), created[0].clone());
                async move {
                    objects.replace(name, Bytes::from(format!("second {hand}")), &version).await.unwrap()
                }
            }));
            assert_eq!(replaced.await.into_iter().flatten().count(), 1);
        }
        assert_eq!(objects.list("leases").await.unwrap(), ["leases/a.json", "leases/b.json"]);
        let (_, version) = objects.read("leases/a.json").await.unwrap().unwrap();
        let tags = objects.tags("leases").await.unwrap();
        let listed = tags.iter().find(|(name, _)| name == "leases/a.json").unwrap();
        assert_eq!(listed.1.as_deref(), version.tag());
        assert!(version.tag().is_some());
        objects.remove("leases/a.json").await.unwrap();
        let gone = objects.replace("leases/a.json", Bytes::from_static(b"x"), &version).await.unwrap();
        assert_eq!(gone, None, "what is gone is not in that version");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_that_write_one_object_in_a_folder_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        of_many_one_wins(Objects::open(folder.path().to_str().unwrap(), &options()).unwrap()).await;
    }

    #[tokio::test]
    async fn what_was_left_by_those_who_were_killed_while_they_tried_conditions_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(folder.path().to_str().unwrap(), &options()).unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["tmp/probe-old", "tmp/probe-new", "tmp/other"] {
            objects.put(name, Bytes::from_static(b"1")).await.unwrap();
        }
        for name in ["tmp/probe-old", "tmp/other"] {
            let file = std::fs::File::options().write(true).open(path(name)).unwrap();
            let made = file.metadata().unwrap().modified().unwrap();
            file.set_modified(made - std::time::Duration::from_hours(2)).unwrap();
        }
        assert!(objects.keeps_conditions().await.unwrap());
        let left = objects.list("tmp").await.unwrap();
        assert_eq!(left, ["tmp/other", "tmp/probe-new", "tmp/replacing"]);
    }

    #[tokio::test]
    async fn of_many_that_write_one_object_in_a_bucket_one_wins() {
        of_many_one_wins(Objects::in_store(Arc::new(InMemory::new()), "bucket", &options())).await;
    }
}
