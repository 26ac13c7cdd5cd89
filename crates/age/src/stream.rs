//! The payload: chunks, each authenticated with its number and whether it is the last.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use zeroize::Zeroizing;

use crate::primitives::{Aead, FileKey, TAG};

/// Bytes of the payload's nonce.
pub(crate) const NONCE: usize = 16;
/// Bytes of plain text in a chunk; only the last has fewer.
const CHUNK: usize = 64 * 1024;

/// The nonce of each chunk: its number in 11 bytes, then 1 if it is the last.
fn nonce(number: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// Encrypts what is written to it. Without [`Writer::finish`] the file is refused as cut.
pub struct Writer<W> {
    into: W,
    key: Aead,
    number: u64,
    /// A chunk that may yet be the last: at most [`CHUNK`] bytes.
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(into: W, key: &FileKey, nonce: &[u8]) -> Self {
        Self { into, key: key.payload(nonce), number: 0, chunk: Zeroizing::default() }
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        self.key.seal(nonce(self.number, last), &mut self.chunk);
        self.number += 1;
        self.into.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Writes the last chunk and returns the inner writer.
    ///
    /// # Errors
    /// The rest cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.into)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Passes on what is encrypted already; a chunk that is not full stays here, since it may be the last.
    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// Decrypts while it is read. A file that was cut or changed gives an error of the kind `InvalidData`, and nothing from the chunk where it shows.
pub struct Reader<R> {
    from: R,
    key: Aead,
    number: u64,
    chunk: Vec<u8>,
    /// What of the chunk was given already.
    given: usize,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(from: R, key: &FileKey, nonce: &[u8]) -> Self {
        Self { from, key: key.payload(nonce), number: 0, chunk: Vec::new(), given: 0, ended: false }
    }

    fn next(&mut self) -> io::Result<()> {
        let bad = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        // Whatever goes wrong: nothing of the chunk may be read.
        (self.given, self.ended) = (0, true);
        self.chunk.clear();
        (&mut self.from).take((CHUNK + TAG) as u64).read_to_end(&mut self.chunk)?;
        let last = self.from.fill_buf()?.is_empty();
        let opened = self.key.open(nonce(self.number, last), &mut self.chunk);
        opened.ok_or_else(|| bad("its content was cut or changed"))?;
        if self.chunk.is_empty() && self.number > 0 {
            return Err(bad("its content ends with an empty chunk"));
        }
        self.number += 1;
        self.ended = last;
        Ok(())
    }
}

impl<R: BufRead> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && !self.ended {
            self.next()?;
        }
        let rest = &self.chunk[self.given..];
        let taken = rest.len().min(into.len());
        into[..taken].copy_from_slice(&rest[..taken]);
        self.given += taken;
        Ok(taken)
    }
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer(chunk {})", self.number)
    }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader(chunk {})", self.number)
    }
}
