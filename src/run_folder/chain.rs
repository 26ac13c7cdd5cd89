//! The journal as evidence: its hash chain, the before-images that its intents name, and where it ended earlier.

use crate::journal::{Entry, JournalError, RunHeader, Step, replay};
use crate::model::{Chunks, Fingerprint, ItemKey};
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;

/// A document that an intent says was overwritten or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeforeImage {
    /// The item that it belongs to.
    pub item: ItemKey,
    /// SHA-256 of its text in `before.jsonl`.
    pub sha256: Fingerprint,
}

/// A journal with a valid chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its first record; `None` if the journal has no complete record.
    pub header: Option<Box<RunHeader>>,
    /// The documents of `before.jsonl`, in the order of their intents.
    pub before_images: Chunks<BeforeImage>,
    /// SHA-256 of its last record.
    pub head: Fingerprint,
    /// The number of records in the file.
    pub records: u64,
    /// Whether an incomplete record follows them.
    pub torn: bool,
    /// Whether the reports are written after the last record, because it says how the run ended or that it was undone.
    pub closed: bool,
    /// Whether the last record has exactly the form in which this program writes it.
    pub as_written: bool,
    /// SHA-256 of every record after which the reports may have been written: records that say how the run ended or
    /// that it was undone, the last one before each resume, and the last one of all.
    pub ends: Vec<Fingerprint>,
}

impl Chain {
    /// Reads the journal of a run and checks that each record carries the hash of the one before.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a record does not match.
    pub fn read(folder: &RunFolder) -> Result<Self, RunFolderError> {
        let (mut header, mut before_images, mut ends, mut closed) =
            (None, Chunks::default(), Vec::new(), false);
        let mut last = None;
        let replayed = replay(&folder.journal(), |_, record| {
            if closed || matches!(record.entry, Entry::Resumed { .. }) {
                // A record has the hash of the one before it.
                ends.push(record.prev);
            }
            closed = matches!(record.entry, Entry::Closed { .. } | Entry::Undone { .. });
            if closed {
                last = serde_json::to_vec(&record).ok();
            }
            match record.entry {
                Entry::Opened(opened) => header = Some(opened),
                Entry::Item { item, step: Step::Intended { before_sha256: Some(sha256), .. } } => {
                    before_images.push(BeforeImage { item, sha256 });
                }
                _ => {}
            }
            Ok(())
        })?;
        ends.push(replayed.head);
        Ok(Self {
            header,
            before_images,
            head: replayed.head,
            records: replayed.next,
            torn: replayed.torn,
            closed,
            as_written: last.is_some_and(|last| Fingerprint::of(&last) == replayed.head),
            ends,
        })
    }
}

/// The last record of the journal, according to summary.json.
pub(crate) fn reported_head(folder: &RunFolder) -> Option<Fingerprint> {
    #[derive(serde::Deserialize)]
    struct Head {
        journal_sha256: Option<Fingerprint>,
    }
    let text = std::fs::read(folder.summary()).ok()?;
    serde_json::from_slice::<Head>(&text).ok()?.journal_sha256
}

impl RunFolderError {
    /// The line of the journal that does not match and what is wrong with it, if that is the error.
    pub fn damaged_record(&self) -> Option<(u64, &str)> {
        match self {
            Self::Journal(JournalError::Damaged { line, message, .. }) => Some((*line, message)),
            _ => None,
        }
    }

    /// Whether the error is a missing file.
    pub fn is_missing_file(&self) -> bool {
        let (Self::File { source, .. } | Self::Journal(JournalError::Io { source, .. })) = self else {
            return false;
        };
        source.kind() == std::io::ErrorKind::NotFound
    }
}
