//! The file that makes a snapshot: a packed head with its checksum, then one line an entry, then a line with the hash of those.
//!
//! `zstd -d` shows it as JSON Lines (after `age -d`, if encrypted). The head holds the length and the hash of what
//! follows, so a listing reads the start of a file and still knows whether the rest has the right length. Entries are
//! handed out only after the hash of all of them was found right.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cipher::Cipher;
use super::packed::{PackError, pack, unpack_start};
use super::{ArchiveError, Entry, Snapshot, SnapshotId};
use transship_documents::{Fingerprint, Hasher};

/// The format of manifests.
pub(super) const FORMAT: u32 = 1;
/// How much of a manifest a listing reads: an encrypted head needs the whole of age's first chunk of 64 KiB.
pub(super) const START: u64 = 128 << 10;

const LEVEL: i32 = 6;
/// Longer lines are damage: names have 4,000 characters at most.
const LONGEST_LINE: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Head {
    transship_snapshot: u32,
    #[serde(flatten)]
    snapshot: Snapshot,
    body_bytes: u64,
    body_sha256: Fingerprint,
}

#[derive(Deserialize)]
struct Version {
    transship_snapshot: u32,
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    entries: u64,
    sha256: Fingerprint,
}

/// What does not fit in a manifest.
#[derive(Debug)]
pub(super) enum Flaw {
    Damaged(String),
    Newer(u32),
    Local(io::Error),
}

impl From<PackError> for Flaw {
    fn from(error: PackError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<String> for Flaw {
    fn from(message: String) -> Self {
        Self::Damaged(message)
    }
}

/// A file without a name, readable by nobody else.
pub(super) fn temporary_file(folder: Option<&Path>) -> Result<File, ArchiveError> {
    let made = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in);
    made.map_err(ArchiveError::local(
        "make a file in",
        folder.map_or_else(std::env::temp_dir, Path::to_owned),
    ))
}

/// Counts and hashes what passes.
struct Tally<W> {
    inner: W,
    hash: Hasher,
    bytes: u64,
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The entries of a snapshot that is being made, in a local file.
pub(super) struct Body {
    out: zstd::Encoder<'static, Tally<BufWriter<File>>>,
    lines: Hasher,
    entries: u64,
}

impl Body {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let tally = Tally { inner: BufWriter::new(file), hash: Hasher::default(), bytes: 0 };
        Ok(Self { out: zstd::Encoder::new(tally, LEVEL)?, lines: Hasher::default(), entries: 0 })
    }

    pub(super) fn push(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if line.len() as u64 > LONGEST_LINE {
            let name: String = entry.name.chars().take(40).collect();
            return Err(io::Error::other(format!(
                "the name of {} {} is too long: {name}…",
                entry.kind, entry.id
            )));
        }
        self.lines.update(&line);
        self.entries += 1;
        self.out.write_all(&line)
    }

    /// The finished manifest, encrypted if need be, in `file`; and its hash.
    pub(super) fn finish(
        mut self,
        snapshot: &Snapshot,
        cipher: Option<&Cipher>,
        file: File,
    ) -> io::Result<(File, Fingerprint)> {
        let trailer = Trailer { entries: self.entries, sha256: self.lines.finish() };
        serde_json::to_writer(&mut self.out, &trailer)?;
        self.out.write_all(b"\n")?;
        let tally = self.out.finish()?;
        let head = Head {
            transship_snapshot: FORMAT,
            snapshot: snapshot.clone(),
            body_bytes: tally.bytes,
            body_sha256: tally.hash.finish(),
        };
        let mut head = serde_json::to_vec(&head)?;
        head.push(b'\n');
        let head = pack(&head)?;
        let mut body = tally.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
        body.rewind()?;
        let mut out = Tally { inner: BufWriter::new(file), hash: Hasher::default(), bytes: 0 };
        if let Some(cipher) = cipher {
            let mut encrypted = cipher.writer(out)?;
            encrypted.write_all(&head)?;
            io::copy(&mut body, &mut encrypted)?;
            out = encrypted.finish()?;
        } else {
            out.write_all(&head)?;
            io::copy(&mut body, &mut out)?;
        }
        let hash = out.hash.finish();
        Ok((out.inner.into_inner().map_err(io::IntoInnerError::into_error)?, hash))
    }
}

fn parse_head(text: &[u8], id: &SnapshotId) -> Result<Head, Flaw> {
    let bad = |error: serde_json::Error| Flaw::Damaged(format!("its head cannot be read ({error})"));
    let version: Version = serde_json::from_slice(text).map_err(bad)?;
    if version.transship_snapshot != FORMAT {
        return Err(Flaw::Newer(version.transship_snapshot));
    }
    let head: Head = serde_json::from_slice(text).map_err(bad)?;
    if head.snapshot.id != *id {
        return Err(Flaw::Damaged(format!("it is the manifest of {}", head.snapshot.id)));
    }
    Ok(head)
}

/// What a manifest of `size` bytes says of itself, from its start; `None` if more of it is needed.
pub(super) fn listed(
    start: &[u8],
    size: u64,
    cipher: Option<&Cipher>,
    id: &SnapshotId,
) -> Result<Option<Snapshot>, Flaw> {
    let plain;
    let visible = match cipher {
        None => start,
        Some(cipher) => {
            plain = decrypt_start(cipher, start)?;
            &plain
        }
    };
    let Some((text, length)) = unpack_start(visible)? else {
        return if start.len() as u64 == size { Err("it is cut off".to_owned().into()) } else { Ok(None) };
    };
    let head = parse_head(&text, id)?;
    let plain_size = length as u64 + head.body_bytes;
    let wanted = match cipher {
        None => plain_size,
        Some(_) => age_size(start, plain_size).ok_or_else(|| "it is not encrypted".to_owned())?,
    };
    if wanted != size {
        return Err(format!("it has {size} bytes instead of {wanted}").into());
    }
    Ok(Some(Snapshot { manifest_bytes: size, ..head.snapshot }))
}

fn decrypt_start(cipher: &Cipher, start: &[u8]) -> Result<Vec<u8>, Flaw> {
    let mut reader = cipher.reader(start).map_err(|error| format!("it cannot be decrypted ({error})"))?;
    let mut plain = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(plain),
            // What was cut off to read only the start does not decrypt: what came before it did.
            Err(_) if !plain.is_empty() => return Ok(plain),
            Err(error) => return Err(format!("it cannot be decrypted ({error})").into()),
            Ok(read) => plain.extend_from_slice(&buffer[..read]),
        }
    }
}

/// The size of an age file with this header for this many plain bytes: header, nonce, a tag for each chunk.
fn age_size(start: &[u8], plain: u64) -> Option<u64> {
    let mac = start.windows(4).position(|window| window == b"\n---")? + 1;
    let header = mac + start[mac..].iter().position(|byte| *byte == b'\n')? + 1;
    Some(header as u64 + 16 + plain + 16 * plain.div_ceil(1 << 16).max(1))
}

/// The entries of a snapshot, in the order they were added. Their hash was found right before the first is given.
pub struct Entries {
    lines: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    left: u64,
    hash: Hasher,
    damaged: Box<dyn Fn(String) -> ArchiveError + Send + Sync>,
    done: bool,
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Reads a downloaded manifest: checks all of it, then stands before the first entry.
pub(super) fn opened(
    mut file: File,
    mut aside: impl FnMut() -> Result<File, ArchiveError>,
    cipher: Option<&Cipher>,
    id: &SnapshotId,
    damaged: Box<dyn Fn(String) -> ArchiveError + Send + Sync>,
) -> Result<(Snapshot, Entries), Flaw> {
    let size = file.metadata().map_err(Flaw::Local)?.len();
    if let Some(cipher) = cipher {
        let out = aside().map_err(|error| Flaw::Local(io::Error::other(error)))?;
        file = decrypt(cipher, file, out)?;
    }
    let mut start = Vec::new();
    let mut limit = START;
    let (text, length) = loop {
        file.rewind().map_err(Flaw::Local)?;
        start.clear();
        (&file).take(limit).read_to_end(&mut start).map_err(Flaw::Local)?;
        match unpack_start(&start)? {
            Some(found) => break found,
            None if (start.len() as u64) < limit => return Err("it is cut off".to_owned().into()),
            None => limit *= 4,
        }
    };
    let head = parse_head(&text, id)?;
    file.seek(SeekFrom::Start(length as u64)).map_err(Flaw::Local)?;
    let mut tally = Tally { inner: io::sink(), hash: Hasher::default(), bytes: 0 };
    io::copy(&mut file, &mut tally).map_err(Flaw::Local)?;
    if tally.bytes != head.body_bytes {
        return Err(format!("its entries take {} bytes instead of {}", tally.bytes, head.body_bytes).into());
    }
    if tally.hash.finish() != head.body_sha256 {
        return Err("the hash of its entries does not fit".to_owned().into());
    }
    file.seek(SeekFrom::Start(length as u64)).map_err(Flaw::Local)?;
    let lines = BufReader::new(zstd::Decoder::new(file).map_err(Flaw::Local)?);
    let left = head.snapshot.entries;
    let snapshot = Snapshot { manifest_bytes: size, ..head.snapshot };
    Ok((snapshot, Entries { lines, left, hash: Hasher::default(), damaged, done: false }))
}

fn decrypt(cipher: &Cipher, file: File, out: File) -> Result<File, Flaw> {
    let bad = |error: io::Error| Flaw::Damaged(format!("it cannot be decrypted ({error})"));
    let mut reader = cipher.reader(BufReader::new(file)).map_err(bad)?;
    let mut out = BufWriter::new(out);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer).map_err(bad)? {
            0 => return out.into_inner().map_err(|error| Flaw::Local(error.into_error())),
            read => out.write_all(&buffer[..read]).map_err(Flaw::Local)?,
        }
    }
}

impl Entries {
    fn line(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(|error| (self.damaged)(format!("its entries cannot be read ({error})")))?;
        if line.last() == Some(&b'\n') {
            Ok(line)
        } else {
            Err((self.damaged)("it ends in a line".to_owned()))
        }
    }

    fn entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let line = self.line()?;
        if self.left > 0 {
            self.left -= 1;
            self.hash.update(&line);
            let entry = serde_json::from_slice(&line);
            return entry
                .map(Some)
                .map_err(|error| (self.damaged)(format!("an entry cannot be read ({error})")));
        }
        let hash = std::mem::take(&mut self.hash).finish();
        match serde_json::from_slice::<Trailer>(&line) {
            Ok(trailer) if trailer.sha256 == hash => Ok(None),
            _ => Err((self.damaged)("the hash of its lines does not fit".to_owned())),
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.entry().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
