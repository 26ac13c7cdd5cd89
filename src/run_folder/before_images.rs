//! `before.jsonl`: the documents as they were before a run overwrote or removed them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::documents::Document;
use crate::model::{Fingerprint, ItemKey};
use crate::run_folder::document_file::{Span, read_document, read_span};
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;

/// Where in `before.jsonl` each item's document stands.
pub(crate) struct Befores {
    file: Option<File>,
    slots: HashMap<ItemKey, Span>,
}

#[derive(Deserialize)]
struct BeforeLine<'a> {
    item: ItemKey,
    #[serde(borrow)]
    document: &'a RawValue,
}

impl Befores {
    pub(crate) fn index(folder: &RunFolder) -> Result<Self, RunFolderError> {
        let path = folder.before();
        let Ok(file) = File::open(&path) else { return Ok(Self { file: None, slots: HashMap::new() }) };
        let mut slots = HashMap::new();
        let mut reader = BufReader::new(File::open(&path).map_err(RunFolderError::file("open", &path))?);
        let (mut line, mut offset) = (String::new(), 0_u64);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(RunFolderError::file("read", &path))?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            if let Ok(before) = serde_json::from_str::<BeforeLine<'_>>(&line) {
                let text = before.document.get();
                let inside = text.as_ptr() as usize - line.as_ptr() as usize;
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                // The first line of an item is the document as it was before the run.
                slots.entry(before.item).or_insert(Span { offset: offset + inside as u64, length });
            }
            offset += read as u64;
        }
        Ok(Self { file: Some(file), slots })
    }

    /// The document of one item as it was before the run first wrote it, whatever the journal says of it. Reads the file
    /// up to there.
    pub(crate) fn first_of(folder: &RunFolder, item: ItemKey) -> Result<Option<Document>, RunFolderError> {
        let path = folder.before();
        let Ok(file) = File::open(&path) else { return Ok(None) };
        let (mut reader, mut line) = (BufReader::new(file), String::new());
        let start = format!("{{\"item\":{item},");
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(RunFolderError::file("read", &path))?;
            if read == 0 || !line.ends_with('\n') {
                return Ok(None);
            }
            if line.starts_with(&start)
                && let Ok(before) = serde_json::from_str::<BeforeLine<'_>>(&line)
            {
                let text = before.document.get().as_bytes().to_vec();
                return read_document(text, Path::new("before.jsonl")).map(Some);
            }
        }
    }

    /// The document as it was, if it is the one the journal speaks of.
    pub(crate) fn document(
        &self,
        item: ItemKey,
        sha256: Option<Fingerprint>,
    ) -> Result<Option<Document>, RunFolderError> {
        let (Some(file), Some(slot)) = (&self.file, self.slots.get(&item)) else { return Ok(None) };
        let text = read_span(file, *slot).map_err(RunFolderError::file("read", "before.jsonl"))?;
        if sha256 != Some(Fingerprint::of(&text)) {
            return Ok(None);
        }
        read_document(text, Path::new("before.jsonl")).map(Some)
    }
}
