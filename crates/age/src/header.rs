//! The header: strict, so that one file has one reading.

use std::fmt::Write as _;
use std::io::{BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use crate::error::DecryptError;
use crate::primitives::FileKey;

const VERSION: &[u8] = b"age-encryption.org/v1";
/// Characters of a full line of base64.
const COLUMNS: usize = 64;
/// Bytes of a header: thousands of recipients.
const LONGEST: u64 = 1 << 20;

/// One wrapped copy of the file key.
#[derive(Debug)]
pub(crate) struct Stanza {
    pub(crate) tag: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Stanza {
    /// The only argument, and the wrapped file key.
    pub(crate) fn wrapped(&self) -> Result<&[u8; FileKey::WRAPPED], DecryptError> {
        self.body.as_slice().try_into().map_err(|_| DecryptError::Header("a wrapped key has another length"))
    }
}

/// Base64 without padding, in the one form that there is for these bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The reverse, for exactly this many bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// The text of a header.
pub(crate) fn print(stanzas: &[Stanza], key: &FileKey) -> String {
    let mut text = String::from_utf8_lossy(VERSION).into_owned();
    text.push('\n');
    for stanza in stanzas {
        let arguments: String = stanza.arguments.iter().map(|argument| format!(" {argument}")).collect();
        let body = encode(&stanza.body);
        let (lines, rest) = body.as_bytes().as_chunks::<COLUMNS>();
        let _ = writeln!(text, "-> {}{arguments}", stanza.tag);
        for line in lines.iter().map(<[u8; COLUMNS]>::as_slice).chain([rest]) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
    }
    text.push_str("---");
    let mac = encode(&key.mac(text.as_bytes()));
    let _ = writeln!(text, " {mac}");
    text
}

/// A header that was read.
pub(crate) struct Header {
    pub(crate) stanzas: Vec<Stanza>,
    /// Everything that the check covers.
    covered: Vec<u8>,
    mac: [u8; 32],
}

impl Header {
    /// Reads a header and not one byte more.
    pub(crate) fn read(from: &mut impl BufRead) -> Result<Self, DecryptError> {
        let mut from = from.take(LONGEST);
        let mut covered = line(&mut from)?;
        if covered != VERSION {
            return Err(DecryptError::Header("it is no age file of version 1"));
        }
        covered.push(b'\n');
        let mut stanzas = Vec::new();
        loop {
            let first = line(&mut from)?;
            if let Some(mac) = first.strip_prefix(b"--- ") {
                let mac = std::str::from_utf8(mac).ok().and_then(decode);
                let mac = mac.ok_or(DecryptError::Header("its check is no base64 of 32 bytes"))?;
                covered.extend_from_slice(b"---");
                if stanzas.is_empty() {
                    return Err(DecryptError::Header("it has no recipient"));
                }
                return Ok(Self { stanzas, covered, mac });
            }
            let words = first.strip_prefix(b"-> ").and_then(words);
            let mut words = words.ok_or(DecryptError::Header("a line is none of a recipient"))?;
            covered.extend_from_slice(&first);
            covered.push(b'\n');
            let body = body(&mut from, &mut covered)?;
            let tag = words.remove(0);
            stanzas.push(Stanza { tag, arguments: words, body });
        }
    }

    /// Whether the header is the one that was written.
    pub(crate) fn check(&self, key: &FileKey) -> Result<(), DecryptError> {
        key.is_mac(&self.covered, &self.mac).then_some(()).ok_or(DecryptError::HeaderChanged)
    }
}

/// One line without its end; a line must have one.
fn line(from: &mut impl BufRead) -> Result<Vec<u8>, DecryptError> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(DecryptError::Header("it ends too early")),
    }
}

/// The words of a stanza's first line: printable characters, at least one word, none empty.
fn words(line: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(line).ok()?;
    let word = |word: &str| {
        (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic())).then(|| word.to_owned())
    };
    text.split(' ').map(word).collect()
}

/// A stanza's body: full lines, then one that is shorter, maybe empty.
fn body(from: &mut impl BufRead, covered: &mut Vec<u8>) -> Result<Vec<u8>, DecryptError> {
    let mut body = Vec::new();
    loop {
        let line = line(from)?;
        if line.len() > COLUMNS {
            return Err(DecryptError::Header("a line is too long"));
        }
        let bytes = BASE64.decode(&line).map_err(|_| DecryptError::Header("a line is no base64"))?;
        body.extend_from_slice(&bytes);
        covered.extend_from_slice(&line);
        covered.push(b'\n');
        if line.len() < COLUMNS {
            return Ok(body);
        }
    }
}
