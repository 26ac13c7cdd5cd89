//! A folder as storage: every file whole or absent, synced, and readable by its owner only.
//!
//! Reading and deleting are `object_store`'s own. Writing is ours, since a file must be 0600 from the start and on the
//! disk before its name is; listing is ours, since files of others must not stop it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UpdateVersion, UploadPart,
};
use tempfile::NamedTempFile;

use super::own_file::{is_link, is_no_pipe, is_own_folder, open_own};

/// Where files are made before they get their names.
pub(super) const ASIDE: &str = "tmp";
/// How many folders below its root an archive is looked through.
const DEEPEST: usize = 8;

/// A folder of 0600 files.
#[derive(Debug)]
pub(super) struct Folder {
    inner: LocalFileSystem,
    root: PathBuf,
}

impl Folder {
    /// Uses a folder that exists.
    pub(super) fn new(root: &FilePath) -> Result<Self> {
        let inner = LocalFileSystem::new_with_prefix(root)?;
        Ok(Self { inner, root: root.to_owned() })
    }
}

impl Folder {
    /// Replaces a file that is still in this version. Of several that try, a lock lets one after the other look and write;
    /// the new file has another inode and another time, so its version is another.
    async fn replace_if(
        &self,
        location: &Path,
        payload: PutPayload,
        known: UpdateVersion,
    ) -> Result<PutResult> {
        let (root, target) = (self.root.clone(), self.inner.path_to_filesystem(location)?);
        let lock = blocking(move || lock_replacing(&root).map_err(failed)).await?;
        let options = GetOptions { head: true, ..GetOptions::default() };
        let now = self.inner.get_opts(location, options).await.map(|found| found.meta.e_tag);
        let path = location.to_string();
        match now {
            Ok(tag) if tag.is_some() && tag == known.e_tag => {}
            Ok(_) => {
                let source = "it was replaced meanwhile".into();
                return Err(Error::Precondition { path, source });
            }
            Err(Error::NotFound { .. }) => {
                return Err(Error::Precondition { path, source: "it is gone".into() });
            }
            Err(error) => return Err(error),
        }
        let root = self.root.clone();
        let done = blocking(move || {
            let mut file = aside(&root).map_err(failed)?;
            payload.iter().try_for_each(|part| file.write_all(part)).map_err(failed)?;
            publish(file, &target, false)?;
            // Held until now, so that nobody else looks before the name is changed.
            drop(lock);
            Ok(PutResult { e_tag: None, version: None, extensions: object_store::Extensions::default() })
        });
        done.await
    }

    /// A pipe or a device is not an object, as in a listing: opening it would wait for its other end.
    async fn refuse_pipe(&self, location: &Path) -> Result<()> {
        let (path, shown) = (self.inner.path_to_filesystem(location)?, location.to_string());
        blocking(move || is_no_pipe(&path).map_err(|source| Error::NotFound { path: shown, source })).await
    }
}

/// Waits until nobody else replaces a file of the folder on condition. The kernel's lock ends with the process.
fn lock_replacing(root: &FilePath) -> io::Result<File> {
    let folder = root.join(ASIDE);
    make_folder(&folder)?;
    is_own_folder(&folder)?;
    let file = open_own(&folder.join("replacing"))?;
    file.lock()?;
    Ok(file)
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root.display())
    }
}

fn failed(source: io::Error) -> Error {
    Error::Generic { store: "folder", source: Box::new(source) }
}

/// Makes a folder and those above it, closed to others.
pub(super) fn make_folder(path: &FilePath) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn aside(root: &FilePath) -> io::Result<NamedTempFile> {
    let folder = root.join(ASIDE);
    is_own_folder(&folder)?;
    match NamedTempFile::new_in(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(&folder)?;
            NamedTempFile::new_in(&folder)
        }
        made => made,
    }
}

/// Gives a finished file its name. With `only_new` a file that is there already wins.
fn publish(file: NamedTempFile, target: &FilePath, only_new: bool) -> Result<()> {
    let parent = target.parent().unwrap_or(FilePath::new("."));
    let write = || -> io::Result<()> {
        file.as_file().sync_all()?;
        make_folder(parent)?;
        if only_new {
            file.persist_noclobber(target)?
        } else {
            file.persist(target)?
        };
        // The name is durable only when its folder is.
        #[cfg(unix)]
        File::open(parent)?.sync_all()?;
        Ok(())
    };
    write().map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => {
            Error::AlreadyExists { path: target.display().to_string(), source: Box::new(source) }
        }
        _ => failed(source),
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|source| Error::JoinError { source })?
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for Folder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let only_new = match opts.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(known) => return self.replace_if(location, payload, known).await,
        };
        let root = self.root.clone();
        let target = self.inner.path_to_filesystem(location)?;
        blocking(move || {
            if only_new && target.exists() {
                let source = Box::new(io::Error::from(io::ErrorKind::AlreadyExists));
                return Err(Error::AlreadyExists { path: target.display().to_string(), source });
            }
            let mut file = aside(&root).map_err(failed)?;
            for part in &payload {
                file.write_all(part).map_err(failed)?;
            }
            publish(file, &target, only_new)?;
            Ok(PutResult { e_tag: None, version: None, extensions: object_store::Extensions::default() })
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.inner.path_to_filesystem(location)?;
        let file = Some(Arc::new(Mutex::new(aside(&self.root).map_err(failed)?)));
        let only_new = opts.extensions.get::<OnlyNew>().is_some();
        Ok(Box::new(Upload { file, target, only_new, end: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.refuse_pipe(location).await?;
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.refuse_pipe(location).await?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.cloned().unwrap_or_default();
        let folder = prefix.parts().fold(self.root.clone(), |path, part| path.join(part.as_ref()));
        // What lies behind a link is not swept as if it were left over from a write.
        let is_elsewhere = folder == self.root.join(ASIDE) && is_link(&folder);
        let open = if is_elsewhere { Vec::new() } else { vec![Folders { prefix, folder, depth: 0 }] };
        futures::stream::try_unfold(open, |mut open: Vec<Folders>| async move {
            let Some(next) = open.pop() else { return Ok(None) };
            let (files, mut below) = blocking(move || next.read()).await?;
            open.append(&mut below);
            Ok::<_, Error>(Some((futures::stream::iter(files.into_iter().map(Ok)), open)))
        })
        .try_flatten()
        .boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: object_store::RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

/// A folder that is still to be listed.
struct Folders {
    prefix: Path,
    folder: PathBuf,
    depth: usize,
}

impl Folders {
    /// Its files, and the folders in it. `object_store`'s own listing ends at the first name that it would not give a file
    /// itself: then whatever somebody put there would hide the archive.
    fn read(self) -> Result<(Vec<ObjectMeta>, Vec<Self>)> {
        let (mut files, mut below) = (Vec::new(), Vec::new());
        let Some(entries) = there(fs::read_dir(&self.folder))? else { return Ok((files, below)) };
        for entry in entries {
            let Some(entry) = there(entry)? else { continue };
            // A name that is not text is not one of ours. In a name, odd characters are listed as `%1B`.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let location = self.prefix.clone().join(name);
            let Some(found) = there(fs::metadata(entry.path()))? else { continue };
            if found.is_dir() {
                // A link may lead back up; ours are not that deep.
                if self.depth < DEEPEST {
                    below.push(Self { prefix: location, folder: entry.path(), depth: self.depth + 1 });
                }
            } else if found.is_file() {
                let last_modified = found.modified().map_err(failed)?.into();
                let e_tag = Some(tag_of(&found));
                files.push(ObjectMeta { location, last_modified, size: found.len(), e_tag, version: None });
            }
        }
        Ok((files, below))
    }
}

/// Identifies a version of a file's contents, in the form that `object_store` uses when it reads a file.
fn tag_of(found: &fs::Metadata) -> String {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(found);
    #[cfg(not(unix))]
    let inode = 0_u64;
    let since = found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    format!("\"{inode:x}-{:x}-{:x}\"", since.unwrap_or_default().as_micros(), found.len())
}

/// What was read; `None` if it is not there any more.
fn there<T>(read: io::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Says of a file that is written in parts that one which is there already wins. Other storages do not know it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnlyNew;

/// A large file on its way: its parts go to their places in a file aside.
#[derive(Debug)]
struct Upload {
    file: Option<Arc<Mutex<NamedTempFile>>>,
    target: PathBuf,
    /// A file that is there already wins.
    only_new: bool,
    end: u64,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (file, offset) = (self.file.clone(), self.end);
        self.end += data.content_length() as u64;
        Box::pin(async move {
            let file = file.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
            blocking(move || {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                io::Seek::seek(&mut *file, io::SeekFrom::Start(offset)).map_err(failed)?;
                data.iter().try_for_each(|part| file.write_all(part)).map_err(failed)
            })
            .await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let file = self.file.take().and_then(Arc::into_inner);
        let file = file.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let file = file.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (target, only_new) = (self.target.clone(), self.only_new);
        blocking(move || publish(file, &target, only_new)).await?;
        Ok(PutResult { e_tag: None, version: None, extensions: object_store::Extensions::default() })
    }

    async fn abort(&mut self) -> Result<()> {
        self.file = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};
    use std::time::Duration;

    use object_store::ObjectStoreExt;

    use super::*;
    use crate::ArchiveError;
    use crate::location::Place;
    use crate::store::Store;

    #[tokio::test]
    async fn a_long_file_is_written_whole_and_over_another_only_where_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(Folder::new(folder.path()).unwrap());
        let root = Some(folder.path().to_owned());
        let place = Place { store, root: Path::default(), shown: "here".to_owned(), folder: root };
        let store = Store::at(&place, Duration::from_secs(9));
        for (round, length) in [(0, 9), (1, 700_001), (2, 1 << 19)] {
            let mut file = tempfile::tempfile().unwrap();
            let text: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0] ^ round).collect();
            file.write_all(&text).unwrap();
            store.upload("a/new", &mut file, PutMode::Overwrite).await.unwrap();
            assert!(store.read("a/new").await.unwrap().unwrap() == text);
            // It is there already, by an earlier try of the same.
            store.upload("a/new", &mut file, PutMode::Create).await.unwrap();
            file.rewind().unwrap();
            file.write_all(b"another").unwrap();
            let refused = store.upload("a/new", &mut file, PutMode::Create).await;
            assert!(matches!(refused, Err(ArchiveError::Refused(_))), "{refused:?}");
            assert!(store.read("a/new").await.unwrap().unwrap() == text);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nothing_is_written_or_swept_behind_a_link() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(elsewhere.path().join("theirs"), "theirs").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join(ASIDE)).unwrap();
        let store = Folder::new(folder.path()).unwrap();
        store.put(&Path::from("one"), "text".into()).await.unwrap_err();
        lock_replacing(folder.path()).unwrap_err();
        let listed: Vec<_> = store.list(Some(&Path::from(ASIDE))).try_collect().await.unwrap();
        assert_eq!(listed, []);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    }
}
