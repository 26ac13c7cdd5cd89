//! The entries of documents, stored on disk in files without a name. None of them is kept in memory, because there may
//! be very many.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};

use crate::archive::Entry;
use crate::inventory::table::{Table, TableWriter};
use crate::model::{Chunks, Id, halves, whole};
use crate::run_folder::document_file::{Span, read_span};

/// Entries that are being written to the file.
#[derive(Debug)]
pub(crate) struct EntryWriter {
    out: BufWriter<File>,
    end: u64,
    /// The words of adaptors, each once. An entry stores the index of its own word, counted from 1.
    adaptors: Vec<String>,
    lists: BTreeMap<String, ListWriter>,
    hasher: RandomState,
}

/// Entries by list, in the order of arrival.
#[derive(Debug)]
pub(crate) struct EntryFile {
    file: File,
    adaptors: Vec<String>,
    lists: BTreeMap<String, EntryList>,
    hasher: RandomState,
}

#[derive(Debug)]
struct ListWriter {
    places: TableWriter<4>,
    by_id: Chunks<IdHash>,
}

#[derive(Debug)]
struct EntryList {
    /// One [`EntryPlace`] for each entry.
    places: Table<4>,
    /// One [`IdHash`] for each entry, sorted.
    by_id: Table<3>,
}

/// The two halves of an entry's offset, its length, and its adaptor.
type EntryPlace = [u32; 4];

/// The two halves of the hash of an id, and the place of its entry.
type IdHash = [u32; 3];

/// How many places are searched at once.
const AT_ONCE: usize = 1 << 9;

impl EntryWriter {
    /// # Errors
    ///
    /// The file cannot be made.
    pub(crate) fn new() -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 16, tempfile::tempfile()?);
        let (adaptors, lists, hasher) = (Vec::new(), BTreeMap::new(), RandomState::new());
        Ok(Self { out, end: 0, adaptors, lists, hasher })
    }

    /// Adds an entry to its list.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to.
    pub(crate) fn push(&mut self, entry: &Entry) -> io::Result<()> {
        let text = serde_json::to_vec(entry)?;
        self.out.write_all(&text)?;
        let length = u32::try_from(text.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let [high, low] = halves(self.end);
        self.end += u64::from(length);
        let adaptor = entry.adaptor_type.as_deref().map_or(0, |adaptor| {
            let known = self.adaptors.iter().position(|known| known == adaptor);
            let at = known.unwrap_or_else(|| {
                self.adaptors.push(adaptor.to_owned());
                self.adaptors.len() - 1
            });
            u32::try_from(at + 1).unwrap_or(u32::MAX)
        });
        if !self.lists.contains_key(&entry.kind) {
            let list = ListWriter { places: TableWriter::new()?, by_id: Chunks::default() };
            self.lists.insert(entry.kind.clone(), list);
        }
        if let Some(list) = self.lists.get_mut(&entry.kind) {
            let [first, second] = halves(self.hasher.hash_one(entry.id.as_str()));
            list.by_id.push([first, second, u32::try_from(list.places.len()).unwrap_or(u32::MAX)]);
            list.places.push([high, low, length, adaptor])?;
        }
        Ok(())
    }

    /// The entries, once all were added.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to.
    pub(crate) fn finish(self) -> io::Result<EntryFile> {
        let Self { out, adaptors, lists, hasher, .. } = self;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let lists = lists.into_iter().map(|(name, list)| Ok((name, list.finish()?)));
        Ok(EntryFile { file, adaptors, lists: lists.collect::<io::Result<_>>()?, hasher })
    }
}

impl ListWriter {
    fn finish(self) -> io::Result<EntryList> {
        let mut sorted = Vec::with_capacity(self.by_id.len());
        sorted.extend(self.by_id.iter());
        drop(self.by_id);
        sorted.sort_unstable();
        let mut by_id = TableWriter::new()?;
        sorted.into_iter().try_for_each(|one: IdHash| by_id.push(one))?;
        Ok(EntryList { places: self.places.finish()?, by_id: by_id.finish()? })
    }
}

impl EntryFile {
    /// Whether the list exists.
    pub(crate) fn has(&self, list: &str) -> bool {
        self.lists.contains_key(list)
    }

    /// Some entries of a list, of one adaptor or of all: at most `most`, after the first `skip` of them.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn some(
        &self,
        list: &str,
        adaptor: Option<&str>,
        skip: usize,
        most: usize,
    ) -> io::Result<Vec<Entry>> {
        let of = |adaptor| self.adaptors.iter().position(|known| known == adaptor).map(|at| at + 1);
        let wanted =
            adaptor.map(|adaptor| of(adaptor).and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX));
        let Some(list) = self.lists.get(list) else { return Ok(Vec::new()) };
        let Some(wanted) = wanted else {
            return list.places.some(skip, most)?.into_iter().map(|place| self.read(place)).collect();
        };
        let (mut some, mut skipped, mut at) = (Vec::new(), 0, 0);
        while some.len() < most {
            let places = list.places.some(at, AT_ONCE)?;
            if places.is_empty() {
                break;
            }
            at += places.len();
            for place in places.into_iter().filter(|[.., adaptor]| *adaptor == wanted) {
                if skipped < skip {
                    skipped += 1;
                } else if some.len() < most {
                    some.push(self.read(place)?);
                }
            }
        }
        Ok(some)
    }

    /// The entry of a document, or the last one if there are several.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn one(&self, list: &str, id: &Id) -> io::Result<Option<Entry>> {
        let Some(list) = self.lists.get(list) else { return Ok(None) };
        let hash = halves(self.hasher.hash_one(id.as_str()));
        let mut next = list.by_id.partition_point(|[high, low, _]| [high, low] < hash)?;
        let mut found = None;
        while let Some([high, low, at]) = list.by_id.get(next)?
            && [high, low] == hash
        {
            next += 1;
            if let Some(place) = list.places.get(at as usize)? {
                let entry = self.read(place)?;
                found = (entry.id == *id).then_some(entry).or(found);
            }
        }
        Ok(found)
    }

    fn read(&self, [high, low, length, _]: EntryPlace) -> io::Result<Entry> {
        let text = read_span(&self.file, Span { offset: whole([high, low]), length })?;
        Ok(serde_json::from_slice(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    fn entry(kind: &str, id: &str, adaptor: Option<&str>) -> Entry {
        Entry {
            kind: kind.to_owned(),
            id: Id::from(id),
            name: format!("name of {id}"),
            adaptor_type: adaptor.map(str::to_owned),
            integration: None,
            last_modified: Some("2026-01-01T00:00:00.000Z".to_owned()),
            fingerprint: Fingerprint::of(id.as_bytes()),
            blob: Fingerprint::of(kind.as_bytes()),
            bytes: 7,
        }
    }

    #[test]
    fn entries_are_found_by_list_adaptor_and_id_as_they_were_put_in() {
        let mut writer = EntryWriter::new().unwrap();
        let all: Vec<Entry> = (0..3000)
            .map(|number| {
                let adaptor = ["HTTPImport", "FTPImport"].get(number % 3).copied();
                entry(if number % 7 == 0 { "scripts" } else { "imports" }, &number.to_string(), adaptor)
            })
            .collect();
        all.iter().for_each(|entry| writer.push(entry).unwrap());
        let file = writer.finish().unwrap();
        assert!(file.has("imports") && file.has("scripts") && !file.has("flows"));
        let of = |list: &str, adaptor: Option<&str>| -> Vec<Entry> {
            let all = all.iter().filter(|entry| entry.kind == list);
            let all = all.filter(|entry| adaptor.is_none() || entry.adaptor_type.as_deref() == adaptor);
            all.cloned().collect()
        };
        for (list, adaptor) in [("imports", None), ("imports", Some("FTPImport")), ("scripts", Some("Other"))]
        {
            let wanted = of(list, adaptor);
            assert_eq!(file.some(list, adaptor, 0, usize::MAX).unwrap(), wanted);
            let part: Vec<_> = wanted.iter().skip(5).take(9).cloned().collect();
            assert_eq!(file.some(list, adaptor, 5, 9).unwrap(), part);
        }
        for one in &all {
            assert_eq!(file.one(&one.kind, &one.id).unwrap().as_ref(), Some(one));
        }
        assert_eq!(file.one("flows", &all[0].id).unwrap(), None);
        assert_eq!(file.one("imports", &all[0].id).unwrap(), None, "it is a script");
    }
}
