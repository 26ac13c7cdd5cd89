//! The temporary documents of the target. Data that is needed far more often than the text is in a separate file, in
//! few bytes each.

use std::path::Path;

use crate::documents::Unreadable;
use crate::model::packed_id::{UsualId, pack};
use crate::model::{Fingerprint, Id};
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, Span, damaged};

/// An import of the target that has a wanted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetImport {
    pub id: Id,
    pub print: Fingerprint,
    /// Where its text lies.
    pub span: Span,
    /// The number of its record.
    pub record: u32,
    /// Owned by an Integration App.
    pub app: bool,
    /// Why its text has no tree, if so. It never equals anything.
    pub unreadable: Option<Unreadable>,
}

/// What the file of records says of an import: [`TargetImport`] without what few have.
#[derive(Debug)]
pub(crate) struct Record {
    /// Zeros for an id of another form.
    pub id: UsualId,
    pub print: Fingerprint,
    pub span: Span,
    pub app: bool,
}

const RECORD: u32 = 32 + 12 + 8 + 4 + 1;

/// Texts, and a record for each import.
#[derive(Debug)]
pub(crate) struct TargetFile {
    texts: DocumentFile,
    records: DocumentFile,
    count: u32,
}

impl TargetFile {
    /// Makes both files in a folder; they must not exist.
    pub(crate) fn create(folder: &Path, number: u32) -> Result<Self, RunFolderError> {
        // What ends so is removed once the plan is made.
        let path = |of: &str| folder.join(format!("target-{number}{of}.spool"));
        let make = |of: &str| DocumentFile::create_in_passing(&path(of));
        Ok(Self { texts: make("")?, records: make("-records")?, count: 0 })
    }

    /// Puts an import down; that its text has no tree is not in the record.
    pub(crate) fn put_down(
        &mut self,
        text: &[u8],
        id: Id,
        print: Fingerprint,
        app: bool,
        unreadable: Option<Unreadable>,
    ) -> Result<TargetImport, RunFolderError> {
        let span = self.texts.append(text)?;
        self.records.append(&print.0)?;
        self.records.append(&pack(&id).unwrap_or_default())?;
        self.records.append(&span.offset.to_le_bytes())?;
        self.records.append(&span.length.to_le_bytes())?;
        self.records.append(&[u8::from(app)])?;
        let record = self.count;
        self.count += 1;
        Ok(TargetImport { id, print, span, record, app, unreadable })
    }

    /// Puts down a text without a record.
    pub(crate) fn append(&mut self, text: &[u8]) -> Result<Span, RunFolderError> {
        self.texts.append(text)
    }

    /// Reads a text back.
    pub(crate) fn read(&mut self, span: Span) -> Result<Vec<u8>, RunFolderError> {
        self.texts.read(span)
    }

    /// Reads the record of an import back, by its number.
    pub(crate) fn record(&mut self, number: u32) -> Result<Record, RunFolderError> {
        let span = Span { offset: u64::from(number) * u64::from(RECORD), length: RECORD };
        let bytes = self.records.read(span)?;
        let parsed = (|| {
            let (print, rest) = bytes.split_first_chunk()?;
            let (id, rest) = rest.split_first_chunk()?;
            let (offset, rest) = rest.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let span = Span { offset: u64::from_le_bytes(*offset), length: u32::from_le_bytes(*length) };
            Some(Record { id: *id, print: Fingerprint(*print), span, app: rest == [1] })
        })();
        parsed.ok_or_else(|| damaged(self.records.path(), &"it is too short"))
    }

    /// Where the texts lie.
    pub(crate) fn path(&self) -> &Path {
        self.texts.path()
    }
}
