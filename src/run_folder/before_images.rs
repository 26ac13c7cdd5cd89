//! `before.jsonl`: the before-images, copies of documents from before a run overwrote or removed them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::documents::Document;
use crate::model::{Chunks, Fingerprint, ItemKey};
use crate::run_folder::document_file::{PackedSpan, Span, read_document, read_span};
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;

/// The position in `before.jsonl` of the before-image of each item.
pub(crate) struct BeforeImages {
    file: Option<File>,
    /// In the order of the items.
    spans: Vec<(ItemKey, PackedSpan)>,
}

#[derive(Deserialize)]
struct BeforeImageLine<'a> {
    item: ItemKey,
    #[serde(borrow)]
    document: &'a RawValue,
}

impl BeforeImages {
    pub(crate) fn index(folder: &RunFolder) -> Result<Self, RunFolderError> {
        let path = folder.before();
        let Ok(file) = File::open(&path) else { return Ok(Self { file: None, spans: Vec::new() }) };
        let mut spans: Chunks<(ItemKey, PackedSpan)> = Chunks::default();
        let mut reader = BufReader::new(File::open(&path).map_err(RunFolderError::file("open", &path))?);
        let (mut line, mut offset) = (String::new(), 0_u64);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(RunFolderError::file("read", &path))?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            if let Ok(before) = serde_json::from_str::<BeforeImageLine<'_>>(&line) {
                let text = before.document.get();
                let inside = text.as_ptr() as usize - line.as_ptr() as usize;
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                spans.push((before.item, Span { offset: offset + inside as u64, length }.into()));
            }
            offset += read as u64;
        }
        let mut sorted = Vec::with_capacity(spans.len());
        for at in 0..spans.len() {
            sorted.push(spans[at]);
            // Copied entries are freed at once: the two lists are never both complete in memory.
            spans.release(at + 1);
        }
        drop(spans);
        sorted.sort_unstable_by_key(|(item, span)| (*item, Span::from(*span).offset));
        // The first line of an item is the document as it was before the run.
        sorted.dedup_by_key(|(item, _)| *item);
        Ok(Self { file: Some(file), spans: sorted })
    }

    /// The document of one item as it was before the run first wrote it, whatever the journal says about it. Reads the
    /// file up to that line.
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
                && let Ok(before) = serde_json::from_str::<BeforeImageLine<'_>>(&line)
            {
                let text = before.document.get().as_bytes().to_vec();
                return read_document(text, Path::new("before.jsonl")).map(Some);
            }
        }
    }

    /// The document as it was, if its hash is the one in the journal.
    pub(crate) fn document(
        &self,
        item: ItemKey,
        sha256: Option<Fingerprint>,
    ) -> Result<Option<Document>, RunFolderError> {
        let found = self.spans.binary_search_by_key(&item, |(item, _)| *item).ok();
        let (Some(file), Some((_, span))) = (&self.file, found.and_then(|at| self.spans.get(at))) else {
            return Ok(None);
        };
        let text = read_span(file, (*span).into()).map_err(RunFolderError::file("read", "before.jsonl"))?;
        if sha256 != Some(Fingerprint::of(&text)) {
            return Ok(None);
        }
        read_document(text, Path::new("before.jsonl")).map(Some)
    }
}
