//! The bytes of a normal form, as the hasher gets them. Texts carry their length, so that no two documents read alike.

use serde_json::Number;

use super::number::{Canonical, canonical};
use crate::schema::{self as service, Area};
use crate::{Fingerprint, Hasher};

/// How much is gathered before it is hashed: the hasher has a fixed cost per call, and most texts are short.
pub(super) const BLOCK: usize = 4096;

/// A normal form on its way to the hasher.
pub(super) struct Form {
    sha: Hasher,
    /// What was gathered since the last block.
    pub bytes: Vec<u8>,
    /// How much is gathered before it is hashed.
    block: usize,
}

impl Form {
    pub(super) fn new(block: usize) -> Self {
        Self { sha: Hasher::default(), bytes: Vec::with_capacity(BLOCK * 2), block }
    }

    pub(super) fn finish(mut self) -> Fingerprint {
        self.sha.update(&self.bytes);
        self.sha.finish()
    }

    /// A bracket that opens or closes.
    #[inline]
    pub(super) fn mark(&mut self, mark: u8) {
        self.bytes.push(mark);
    }

    pub(super) fn null(&mut self) {
        self.bytes.push(b'0');
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.bytes.push(if flag { b't' } else { b'f' });
    }

    pub(super) fn number(&mut self, number: &Number) {
        match canonical(number) {
            Canonical::Integer(integer) => {
                self.bytes.push(b'i');
                self.bytes.extend_from_slice(&integer.to_be_bytes());
            }
            Canonical::Big(integer) => {
                self.bytes.push(b'u');
                self.bytes.extend_from_slice(&integer.to_be_bytes());
            }
            Canonical::Float(float) => {
                self.bytes.push(b'd');
                self.bytes.extend_from_slice(&float.to_bits().to_be_bytes());
            }
            Canonical::Exact(decimal) => self.tagged(b'e', &decimal.to_string()),
            Canonical::Huge(text) => self.tagged(b'h', text),
        }
    }

    /// The key of a member.
    #[inline]
    pub(super) fn key(&mut self, key: &str) {
        self.tagged(b'k', key);
    }

    /// A text that stands under `key` in an object of `area`.
    #[inline]
    pub(super) fn text(&mut self, area: Area, key: &str, text: &str) {
        match service::flag_in_text(area, key, text) {
            Some(flag) => self.flag(flag),
            None if service::is_lower_cased(area, key) => self.tagged(b's', &text.to_lowercase()),
            None => self.tagged(b's', text),
        }
    }

    #[inline]
    fn tagged(&mut self, tag: u8, text: &str) {
        let mut head = [tag; 9];
        head[1..].copy_from_slice(&(text.len() as u64).to_be_bytes());
        self.bytes.extend_from_slice(&head);
        if text.len() >= self.block {
            self.sha.update(&self.bytes);
            self.bytes.clear();
            self.sha.update(text.as_bytes());
            return;
        }
        self.bytes.extend_from_slice(text.as_bytes());
        if self.bytes.len() >= self.block {
            self.sha.update(&self.bytes);
            self.bytes.clear();
        }
    }
}
