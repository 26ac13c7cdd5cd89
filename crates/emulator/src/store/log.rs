//! The data file: an append-only log of JSON lines, locked by the process that uses it.
//!
//! Line one names the format. Every other line is one change; the text of a document stands last in its line, as it
//! is answered, so that it can be read without parsing. A torn last line never happened. The file belongs to its user
//! (0600). What was replaced or removed is left out when the file is opened again and most of it is such.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::index::{Collection, Entry, Update};
use super::text::{Key, Text};
use super::{AccountId, AccountRecord, Id};
use crate::error::EmulatorError;

const HEADER: &[u8] = b"{\"transship_emulator\":1}\n";
/// A file is rewritten when it is opened if more bytes than this are of no use, and more than are of use.
const WORTH_REWRITING: u64 = 4 << 20;

/// One line of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Line<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put: Option<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remove: Option<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<(u32, Id, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<&'a RawValue>,
}

/// The log of one store; without a file it keeps nothing and texts are held in memory.
#[derive(Debug, Default)]
pub(super) struct Log {
    file: Option<File>,
    end: u64,
    /// Lines of the batch that is being gathered.
    batch: Vec<u8>,
}

impl Log {
    /// Opens the file at `path`, making it if it is not there, and passes every change in it to `take`.
    pub(super) fn open(path: &Path, mut take: impl FnMut(Update)) -> Result<Self, EmulatorError> {
        let open_error = |source| EmulatorError::Open { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = file.map_err(open_error)?;
        file.try_lock().map_err(|error| open_error(error.into()))?;
        if file.metadata().map_err(open_error)?.len() == 0 {
            file.write_all(HEADER).map_err(open_error)?;
        }
        let read = read(&file, path, &mut take)?;
        // What follows the last whole line was never acknowledged.
        file.set_len(read.end).map_err(open_error)?;
        file.seek(SeekFrom::Start(read.end)).map_err(open_error)?;
        Ok(Self { file: Some(file), end: read.end, batch: Vec::new() })
    }

    /// Whether a file with this many bytes in use is worth rewriting.
    pub(super) fn is_mostly_dead(&self, live: u64) -> bool {
        self.end.saturating_sub(live) > WORTH_REWRITING.max(live)
    }

    /// Replaces the file at `path` by one that holds what `write` puts into it.
    pub(super) fn rewrite(
        self,
        path: &Path,
        write: impl FnOnce(&mut dyn FnMut(Put<'_>) -> io::Result<()>, &File) -> io::Result<()>,
    ) -> Result<(), EmulatorError> {
        let Some(old) = self.file else { return Ok(()) };
        let aside = aside(path);
        let attempt = || -> io::Result<()> {
            let new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            let mut out = BufWriter::new(new);
            out.write_all(HEADER)?;
            let mut line = Vec::new();
            let mut put = |change: Put<'_>| {
                line.clear();
                change.line(&mut line)?;
                out.write_all(&line)
            };
            write(&mut put, &old)?;
            let new = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.sync_all()?;
            std::fs::rename(&aside, path)
        };
        attempt().map_err(EmulatorError::store("making its file smaller"))
    }

    /// Adds a change to the batch. Its text is where the returned [`Text`] says, once the batch is committed.
    pub(super) fn add(&mut self, change: &Put<'_>) -> io::Result<Text> {
        let text = change.text();
        if self.file.is_none() {
            return Ok(Text::Held(text.cloned().unwrap_or_default()));
        }
        change.line(&mut self.batch)?;
        let length = text.map_or(0, bytes::Bytes::len);
        // The text stands before the `}` and the newline that end the line.
        let offset = self.end + self.batch.len() as u64 - length as u64 - 2;
        let length = u32::try_from(length).map_err(io::Error::other)?;
        Ok(Text::At { offset, length })
    }

    /// Writes the batch and waits until it is on disk. On failure the file stays as it was.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(&self.batch).and_then(|()| file.sync_data());
        if written.is_ok() {
            self.end += self.batch.len() as u64;
        } else {
            file.set_len(self.end)?;
            file.seek(SeekFrom::Start(self.end))?;
        }
        self.batch.clear();
        written
    }

    /// Another handle to the file, for reading texts.
    pub(super) fn reader(&self) -> io::Result<Option<File>> {
        self.file.as_ref().map(File::try_clone).transpose()
    }
}

/// A change to write.
#[derive(Debug)]
pub(super) enum Put<'a> {
    Account(&'a AccountRecord),
    Document(Collection, u64, &'a Entry, &'a Bytes),
    Remove(Collection, u64),
    Audit(AccountId, Id, u64, &'a Bytes),
}

impl Put<'_> {
    fn text(&self) -> Option<&Bytes> {
        match self {
            Self::Document(.., text) | Self::Audit(.., text) => Some(text),
            Self::Account(_) | Self::Remove(..) => None,
        }
    }

    fn line(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let head = match self {
            Self::Account(record) => Line { account: Some((*record).clone()), ..Line::default() },
            Self::Document(of, place, entry, _) => {
                Line { put: Some(of.key(*place)), entry: Some((*entry).clone()), ..Line::default() }
            }
            Self::Remove(of, place) => Line { remove: Some(of.key(*place)), ..Line::default() },
            Self::Audit(account, id, place, _) => {
                Line { audit: Some((account.0, *id, *place)), ..Line::default() }
            }
        };
        serde_json::to_writer(&mut *out, &head)?;
        if let Some(text) = self.text() {
            // The head's closing brace gives way to the text, put in as it is.
            out.pop();
            out.extend_from_slice(b",\"text\":");
            out.extend_from_slice(text);
            out.push(b'}');
        }
        out.push(b'\n');
        Ok(())
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

struct Read {
    end: u64,
}

fn read(file: &File, path: &Path, take: &mut impl FnMut(Update)) -> Result<Read, EmulatorError> {
    let failed = EmulatorError::store("reading");
    let mut input = BufReader::with_capacity(1 << 20, file);
    let (mut line, mut end) = (Vec::new(), 0);
    let attempt = |input: &mut BufReader<&File>, line: &mut Vec<u8>| {
        line.clear();
        input.read_until(b'\n', line)
    };
    let mut next = match input.seek(SeekFrom::Start(0)).and_then(|_| attempt(&mut input, &mut line)) {
        Ok(length) => length,
        Err(error) => return Err(failed(error)),
    };
    if line != HEADER {
        return Err(EmulatorError::Foreign { path: path.to_owned() });
    }
    loop {
        end += next as u64;
        next = match attempt(&mut input, &mut line) {
            Ok(length) => length,
            Err(error) => return Err(EmulatorError::store("reading")(error)),
        };
        if next == 0 || line.last() != Some(&b'\n') {
            return Ok(Read { end });
        }
        let Some(change) = parse(&line, end) else {
            // A line that is whole but not ours: the last one was torn by a power cut, any other is damage.
            return match input.fill_buf() {
                Ok([]) => Ok(Read { end }),
                _ => Err(EmulatorError::Damaged { what: "line" }),
            };
        };
        take(change);
    }
}

fn parse(line: &[u8], start: u64) -> Option<Update> {
    let parsed: Line<'_> = serde_json::from_slice(line).ok()?;
    let text = || {
        let length = parsed.text?.get().len();
        let offset = start + line.len() as u64 - length as u64 - 2;
        Some(Text::At { offset, length: u32::try_from(length).ok()? })
    };
    if let Some(record) = parsed.account {
        return Some(Update::Account(record));
    }
    if let Some(key) = parsed.put {
        return Some(Update::Put(Collection::from_key(key)?, key.2, parsed.entry?, text()?));
    }
    if let Some(key) = parsed.remove {
        return Some(Update::Remove(Collection::from_key(key)?, key.2));
    }
    let (account, id, place) = parsed.audit?;
    Some(Update::Audit(AccountId(account), id, place, text()?))
}
