//! A page of a list that is too long for memory: its documents are separated while they arrive, and kept in a file
//! without a name until they are read, some at a time.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::entry_id::id_of;
use super::listed_document::ListedDocument;
use super::split::{ArraySplitter, SplitError};
use crate::documents::document::{escape_bytes, escape_slips};
use crate::documents::{HeadPlaces, quick};

/// Bytes of documents that are written or read at once: few, because several lists are read at a time.
const PART: usize = 1 << 15;

/// Why a page cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is not an array of documents.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// An element is not a document of the service.
    #[error("entry {0} of the page is not an object with an _id")]
    NotADocument(usize),
    /// An element is not JSON.
    #[error("entry {0} of the page is not JSON: {1}")]
    NotJson(usize, serde_json::Error),
    /// The temporary file cannot be used.
    #[error("the page is too long for memory, and cannot be put into a temporary file: {0}")]
    File(#[from] io::Error),
}

/// The documents of a page. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LongPage(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    file: File,
    /// The length of each document, in order. [`HeadPlaces::BYTES`] bytes before it say where the fields of its head
    /// are.
    lengths: Vec<u32>,
    /// The `_id` of the first document; empty if there is none.
    first_id: String,
}

impl LongPage {
    /// How many documents it has.
    pub fn len(&self) -> usize {
        self.0.lengths.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.lengths.is_empty()
    }
}

/// Takes a page as its bytes arrive.
#[derive(Debug)]
pub(super) struct PageWriter {
    splitter: ArraySplitter,
    out: Output,
}

#[derive(Debug)]
struct Output {
    file: File,
    buffer: Vec<u8>,
    lengths: Vec<u32>,
    first_id: String,
}

impl PageWriter {
    /// Begins a page whose documents have at most `bound` bytes each.
    pub(super) fn new(bound: usize) -> Result<Self, PageError> {
        let bound = bound.min(u32::MAX as usize / 16);
        // Allocated once at its full size: growing the buffer would fragment memory.
        let buffer = Vec::with_capacity(PART);
        let (lengths, first_id) = (Vec::new(), String::new());
        let out = Output { file: tempfile::tempfile()?, buffer, lengths, first_id };
        Ok(Self { splitter: ArraySplitter::new(bound), out })
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), PageError> {
        let out = &mut self.out;
        self.splitter.push(bytes, json_object, |element, places| out.take(element, places))
    }

    /// The beginning of the document that is incomplete.
    pub(super) fn begun(self) -> Bytes {
        self.splitter.begun().into()
    }

    /// The page, once all of it has arrived.
    pub(super) fn finish(mut self) -> Result<LongPage, PageError> {
        self.splitter.finish()?;
        self.out.flush()?;
        let Output { file, lengths, first_id, .. } = self.out;
        Ok(LongPage(Arc::new(Kept { file, lengths, first_id })))
    }
}

impl Output {
    /// Takes an element, with the result of [`json_object`] if it was computed already.
    fn take(&mut self, element: &[u8], told: Option<HeadPlaces>) -> Result<(), PageError> {
        let number = self.lengths.len() + 1;
        // Bytes that are not UTF-8 are a problem with the one document that holds them, not with a whole page.
        let text = escape_bytes(element);
        let told = told.or_else(|| {
            quick::object_before(element)
                .filter(|(length, _)| *length == element.len())
                .map(|(_, places)| places)
        });
        if let (Some(places), Cow::Borrowed(text)) = (told, &text) {
            return self.keep(number, text, places);
        }
        let error = match serde_json::from_str::<&RawValue>(&text) {
            Ok(raw) => return self.keep(number, raw.get(), HeadPlaces::default()),
            Err(error) => error,
        };
        // The same applies to a control character, and to other things that JSON does not allow in a value.
        let escaped = escape_slips(&text);
        match escaped.as_deref().map(serde_json::from_str::<&RawValue>) {
            Some(Ok(raw)) => self.keep(number, raw.get(), HeadPlaces::default()),
            _ => Err(PageError::NotJson(number, error)),
        }
    }

    /// Stores a text that is JSON.
    fn keep(&mut self, number: usize, text: &str, places: HeadPlaces) -> Result<(), PageError> {
        let id = id_of(text);
        if id.is_empty() {
            return Err(PageError::NotADocument(number));
        }
        if number == 1 {
            self.first_id = id.into_owned();
        }
        let text = text.as_bytes();
        self.lengths.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        if self.buffer.len() + HeadPlaces::BYTES + text.len() > PART {
            self.flush()?;
        }
        self.buffer.extend_from_slice(&places.to_bytes());
        if text.len() > PART {
            self.flush()?;
            self.file.write_all(text)?;
        } else {
            self.buffer.extend_from_slice(text);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), PageError> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// The length of the JSON object at the beginning of some bytes, and where the fields of its head are; `None` if the
/// bytes end first or do not begin with an object.
pub(super) fn json_object(bytes: &[u8]) -> Option<(usize, HeadPlaces)> {
    if let Some(object) = quick::object_before(bytes) {
        return Some(object);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let raw = <&RawValue>::deserialize(&mut reader).ok()?;
    Some((raw.get().len(), HeadPlaces::default())).filter(|_| raw.get().starts_with('{'))
}

/// Reads the documents of a page in order, some at a time.
#[derive(Debug)]
pub(super) struct Parts {
    page: LongPage,
    next: usize,
    offset: u64,
}

impl Parts {
    pub(super) fn of(page: LongPage) -> Self {
        Self { page, next: 0, offset: 0 }
    }

    /// How many documents the page has.
    pub(super) fn len(&self) -> usize {
        self.page.len()
    }

    /// Whether another part follows.
    pub(super) fn more(&self) -> bool {
        self.next < self.page.len()
    }

    /// The `_id` of the first document, if any.
    pub(super) fn first_id(&self) -> Option<&str> {
        Some(self.page.0.first_id.as_str()).filter(|_| !self.page.is_empty())
    }

    /// The next documents: about as many as have [`PART`] bytes together.
    pub(super) fn read(&mut self) -> Result<Vec<ListedDocument>, PageError> {
        let Kept { file, lengths, .. } = &*self.page.0;
        let (mut end, mut size) = (self.next, 0_usize);
        while end < lengths.len() && size < PART {
            size += HeadPlaces::BYTES + lengths[end] as usize;
            end += 1;
        }
        let mut bytes = vec![0; size];
        file.read_exact_at(&mut bytes, self.offset)?;
        let mut documents = Vec::with_capacity(end - self.next);
        let mut rest = bytes.as_slice();
        let mut take = |length: usize| {
            let (taken, behind) = rest.split_at_checked(length).ok_or(io::ErrorKind::InvalidData)?;
            rest = behind;
            Ok::<_, io::Error>(taken)
        };
        for length in &lengths[self.next..end] {
            let places = HeadPlaces::from_bytes(take(HeadPlaces::BYTES)?);
            // It was checked to be JSON before it was written.
            let text = str::from_utf8(take(*length as usize)?).map_err(io::Error::other)?;
            documents.push(ListedDocument::new(text.into(), places));
        }
        (self.next, self.offset) = (end, self.offset + size as u64);
        Ok(documents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &[u8]) -> Result<LongPage, PageError> {
        let mut writer = PageWriter::new(1 << 20)?;
        for piece in text.chunks(1000) {
            writer.push(piece)?;
        }
        writer.finish()
    }

    #[test]
    fn a_long_page_gives_its_documents_byte_for_byte_and_some_at_a_time() {
        let document = |number: usize| {
            let filling = "é".repeat(30_000);
            format!("{{ \"_id\" : \"{number}\",\"n\":1.10, \"x\":\"{filling}\"}}")
        };
        let all: Vec<String> = (0..100).map(document).collect();
        let page = page(format!("[\n{}\n]", all.join(" ,\n")).as_bytes()).unwrap();
        assert_eq!(page.len(), 100);
        let mut parts = Parts::of(page);
        assert_eq!(parts.first_id(), Some("0"));
        let (mut read, mut count) = (Vec::new(), 0);
        while parts.more() {
            let part = parts.read().unwrap();
            assert!(part.iter().map(|one| one.text.len()).sum::<usize>() < PART + 70_000);
            read.extend(part.into_iter().map(|one| one.text.into_string()));
            count += 1;
        }
        assert_eq!((read, count > 4), (all, true));
    }

    #[test]
    fn bytes_that_are_no_text_stay_in_their_document() {
        let page = page(b"[{\"_id\":\"a\"},{\"_id\":\"b\",\"x\":\"\xff\"}]").unwrap();
        let read = Parts::of(page).read().unwrap();
        assert_eq!(&*read[0].text, r#"{"_id":"a"}"#);
        assert!(read[1].text.starts_with(r#"{"_id":"b","x":""#), "{}", read[1].text);
        let page = super::tests::page(b"[{\"_id\":\"a\",\n\"x\":\"\x01\n\"},{\"_id\":\"b\"}]").unwrap();
        let read = Parts::of(page).read().unwrap();
        assert_eq!(read.iter().map(|one| id_of(&one.text).into_owned()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(
            serde_json::from_str::<serde_json::Value>(&read[0].text).is_err(),
            "it is no text to be read"
        );
    }

    #[test]
    fn an_element_that_is_no_document_is_named_by_its_number() {
        for (text, expected) in [
            (r#"[{"_id":"a"},{"_id":1}]"#, "entry 2 of the page is not an object with an _id"),
            ("[7]", "entry 1 of the page is not an object with an _id"),
            (r#"[{"_id":"a"}"#, "the page ends before its array does, after 1 entry"),
        ] {
            assert_eq!(page(text.as_bytes()).unwrap_err().to_string(), expected);
        }
        let page =
            super::tests::page(br#"[{"_id":"a","n":NaN},{"_id":"b","x":"C:\x"},{"_id":"c"}]"#).unwrap();
        let read = Parts::of(page).read().unwrap();
        let trees = read.iter().map(|one| serde_json::from_str::<serde_json::Value>(&one.text).is_ok());
        assert_eq!(trees.collect::<Vec<_>>(), [false, false, true]);
        let error = super::tests::page(br#"[{"_id":"a" "b"}]"#).unwrap_err().to_string();
        assert!(error.starts_with("entry 1 of the page is not JSON: "), "{error}");
    }
}
