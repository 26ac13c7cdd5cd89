//! The entries of documents that lie somewhere else: on disk, in a file without a name. Of each, memory holds where it
//! stands, for there may be very many.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};

use crate::archive::Entry;
use crate::model::{Chunks, Id, halves};
use crate::run_folder::document_file::{PackedSpan, Span, read_span};

/// Entries on their way into the file.
#[derive(Debug)]
pub(crate) struct EntryWriter {
    out: BufWriter<File>,
    end: u64,
    /// Words of adaptors, each once; an entry names its own by the place here, counted from 1.
    adaptors: Vec<String>,
    lists: BTreeMap<String, EntryList>,
    hasher: RandomState,
}

/// Entries by list, in the order in which they came.
#[derive(Debug)]
pub(crate) struct EntryFile {
    file: File,
    adaptors: Vec<String>,
    lists: BTreeMap<String, EntryList>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct EntryList {
    places: Chunks<EntryPlace>,
    /// Where those with an id of that hash stand in `places`; in order once all are there.
    by_id: Vec<IdHash>,
}

#[derive(Debug, Clone, Copy)]
struct EntryPlace {
    span: PackedSpan,
    adaptor: u32,
}

/// The two halves of the hash of an id, and the place of an entry.
type IdHash = [u32; 3];

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
    /// The disk said no.
    pub(crate) fn push(&mut self, entry: &Entry) -> io::Result<()> {
        let text = serde_json::to_vec(entry)?;
        self.out.write_all(&text)?;
        let length = u32::try_from(text.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let span = Span { offset: self.end, length }.into();
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
            self.lists.insert(entry.kind.clone(), EntryList::default());
        }
        let [high, low] = halves(self.hasher.hash_one(entry.id.as_str()));
        if let Some(list) = self.lists.get_mut(&entry.kind) {
            list.by_id.push([high, low, u32::try_from(list.places.len()).unwrap_or(u32::MAX)]);
            list.places.push(EntryPlace { span, adaptor });
        }
        Ok(())
    }

    /// The entries, once all are there.
    ///
    /// # Errors
    ///
    /// The disk said no.
    pub(crate) fn finish(self) -> io::Result<EntryFile> {
        let Self { out, adaptors, mut lists, hasher, .. } = self;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        for list in lists.values_mut() {
            list.by_id.sort_unstable();
            list.by_id.shrink_to_fit();
        }
        Ok(EntryFile { file, adaptors, lists, hasher })
    }
}

impl EntryFile {
    /// Whether there is such a list.
    pub(crate) fn has(&self, list: &str) -> bool {
        self.lists.contains_key(list)
    }

    /// Some entries of a list, of one adaptor or of all: without the first `skip` of them, `most` at most.
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
            let places = (skip..).map_while(|at| list.places.get(at));
            return places.take(most).map(|place| self.read(*place)).collect();
        };
        let places = list.places.iter().filter(|place| place.adaptor == wanted);
        places.skip(skip).take(most).map(|place| self.read(*place)).collect()
    }

    /// The entry of a document, if there is one; of several the last.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn one(&self, list: &str, id: &Id) -> io::Result<Option<Entry>> {
        let Some(list) = self.lists.get(list) else { return Ok(None) };
        let hash = halves(self.hasher.hash_one(id.as_str()));
        let from = list.by_id.partition_point(|[high, low, _]| [*high, *low] < hash);
        let same = list.by_id[from..].iter().take_while(|[high, low, _]| [*high, *low] == hash);
        let mut found = None;
        for [.., at] in same {
            if let Some(place) = list.places.get(*at as usize) {
                let entry = self.read(*place)?;
                found = (entry.id == *id).then_some(entry).or(found);
            }
        }
        Ok(found)
    }

    fn read(&self, place: EntryPlace) -> io::Result<Entry> {
        let text = read_span(&self.file, place.span.into())?;
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
