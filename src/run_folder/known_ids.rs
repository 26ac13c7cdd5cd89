//! `known.ids`: the ids in the target when a run was planned. All other ids appeared later.
//!
//! The earlier contents of the target show who created an import. Times do not, because the clocks of services,
//! gateways and machines differ. A hundred thousand ids take little more than a megabyte.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::documents::Hasher;
use crate::documents::references::Kind;
use crate::model::packed_id::{UsualId, pack, unpack};
use crate::model::{Fingerprint, Id};
use crate::run_folder::error::RunFolderError;

/// The first line, in front of the number of ids.
const HEADER: &str = "# what stood in the target when the run was planned: ";

/// The ids of everything in the target at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownIds {
    /// Imports with ids of the usual form; sorted once it is complete.
    usual: Vec<UsualId>,
    sorted: bool,
    /// Imports with other ids, and resources by their kind.
    odd: BTreeSet<(Kind, Id)>,
}

impl KnownIds {
    /// Removes all ids, because the source is read again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a resource of a kind.
    pub fn insert(&mut self, kind: Kind, id: &Id) {
        match (kind, pack(id)) {
            (Kind::Imports, Some(packed)) => {
                self.usual.push(packed);
                self.sorted = false;
            }
            _ => drop(self.odd.insert((kind, id.clone()))),
        }
    }

    fn sort(&mut self) {
        if !self.sorted {
            self.usual.sort_unstable();
            self.usual.dedup();
            self.usual.shrink_to_fit();
            self.sorted = true;
        }
    }

    /// Whether the resource existed.
    pub fn contains(&self, kind: Kind, id: &Id) -> bool {
        match (kind, pack(id)) {
            (Kind::Imports, Some(packed)) if self.sorted => self.usual.binary_search(&packed).is_ok(),
            (Kind::Imports, Some(packed)) => self.usual.contains(&packed),
            _ => self.odd.contains(&(kind, id.clone())),
        }
    }

    /// The index of an import among those with ids of the usual form, once all are known.
    pub(crate) fn place(&self, id: &Id) -> Option<usize> {
        let packed = pack(id).filter(|_| self.sorted)?;
        self.usual.binary_search(&packed).ok()
    }

    /// How many imports have such an index.
    pub(crate) fn places(&self) -> usize {
        self.usual.len()
    }

    /// The import with an index.
    pub(crate) fn at(&self, place: usize) -> Option<Id> {
        self.usual.get(place).map(|packed| Id::from(unpack(packed)))
    }

    /// How many imports and resources there are.
    pub fn len(&self) -> usize {
        self.usual.len() + self.odd.len()
    }

    /// Whether the target was empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the file, with one id and its kind a line, readable by its owner only. Returns its SHA-256.
    ///
    /// # Errors
    ///
    /// It exists, or cannot be written and synced.
    pub fn write(&mut self, path: &Path) -> Result<Fingerprint, RunFolderError> {
        self.sort();
        let mut options = File::options();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(RunFolderError::file("make", path))?;
        let mut hash = Hasher::default();
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let mut put = |line: &str| {
            hash.update(line.as_bytes());
            out.write_all(line.as_bytes()).map_err(RunFolderError::file("write to", path))
        };
        put(&format!("{HEADER}{}\n", self.usual.len() + self.odd.len()))?;
        for packed in &self.usual {
            put(&format!("imports {}\n", unpack(packed)))?;
        }
        for (kind, id) in &self.odd {
            let id: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
            put(&format!("{} {id}\n", kind.as_str()))?;
        }
        let file =
            out.into_inner().map_err(|error| RunFolderError::file("write to", path)(error.into_error()))?;
        file.sync_all().map_err(RunFolderError::file("sync", path))?;
        Ok(hash.finish())
    }

    /// Reads the file that a plan names by its hash.
    ///
    /// # Errors
    ///
    /// It is missing, cannot be read, or is not the file that was written for the plan.
    pub fn read(path: &Path, sha256: Fingerprint) -> Result<Self, RunFolderError> {
        let bad = |message: String| RunFolderError::BadFile { path: path.to_owned(), message };
        let file = File::open(path).map_err(RunFolderError::file("open", path))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let (mut known, mut hash, mut line) = (Self::default(), Hasher::default(), String::new());
        for number in 1.. {
            line.clear();
            if reader.read_line(&mut line).map_err(RunFolderError::file("read", path))? == 0 {
                break;
            }
            hash.update(line.as_bytes());
            if number == 1 && line.starts_with(HEADER) {
                continue;
            }
            let (kind, id) = read_line(line.trim_end_matches('\n'))
                .ok_or_else(|| bad(format!("line {number} is not a kind and an id")))?;
            known.insert(kind, &id);
        }
        if hash.finish() != sha256 {
            return Err(bad("was changed since the run was planned: start a new run".to_owned()));
        }
        known.sort();
        Ok(known)
    }
}

fn read_line(line: &str) -> Option<(Kind, Id)> {
    let (list, id) = line.split_once(' ')?;
    let pair = format!("id={id}");
    let id = url::form_urlencoded::parse(pair.as_bytes()).next()?.1.into_owned();
    let kind = if list == Kind::Imports.as_str() { Kind::Imports } else { Kind::of(list)? };
    Some((kind, Id::from(id.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.ids");
        let mut known = KnownIds::default();
        let ids = [
            "5f7c579b6411271af4e7cefa",
            "000000000000000000000000",
            "5F7C579B6411271AF4E7CEFA",
            "a b\n%",
            "",
        ];
        for id in ids {
            known.insert(Kind::Imports, &Id::from(id));
        }
        known.insert(Kind::Scripts, &Id::from("5f7c579b6411271af4e7cef1"));
        let sha256 = known.write(&path).unwrap();
        let read = KnownIds::read(&path, sha256).unwrap();
        assert_eq!(read, known);
        assert_eq!(read.len(), 6);
        for id in ids {
            assert!(read.contains(Kind::Imports, &Id::from(id)), "{id:?}");
            assert!(!read.contains(Kind::Scripts, &Id::from(id)), "{id:?}");
        }
        assert!(read.contains(Kind::Scripts, &Id::from("5f7c579b6411271af4e7cef1")));
        assert!(!read.contains(Kind::Imports, &Id::from("5f7c579b6411271af4e7cef1")));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_changed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.ids");
        let mut known = KnownIds::default();
        known.insert(Kind::Imports, &Id::from("5f7c579b6411271af4e7cefa"));
        let sha256 = known.write(&path).unwrap();
        std::fs::write(&path, "imports 5f7c579b6411271af4e7cefb\n").unwrap();
        assert!(KnownIds::read(&path, sha256).unwrap_err().to_string().contains("known.ids"));
        std::fs::write(&path, "").unwrap();
        KnownIds::read(&path, sha256).unwrap_err();
    }

    #[test]
    fn a_hundred_thousand_ids_take_little_more_than_a_megabyte() {
        let mut known = KnownIds::default();
        for number in 0..100_000_u32 {
            known.insert(Kind::Imports, &Id::from(format!("{number:024x}").as_str()));
        }
        known.sort();
        assert!(known.odd.is_empty());
        assert!(known.usual.capacity() * size_of::<UsualId>() <= 1_200_000);
    }
}
