//! Reads ordinary JSON quickly, and leaves everything else to serde_json.
//!
//! Every document of an account is read several times, so this code expects the usual form: keys without escapes or
//! duplicates, numbers without exponents, limited nesting. For anything else, including invalid JSON, it returns
//! `None`, and serde_json decides.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::specials::before_special;
use crate::{HeadPlaces, MemberPlaces};

/// Objects and lists inside each other, at most; serde_json reads a few more.
const DEEPEST: usize = 100;

/// How long the object is that some bytes begin with, if that is JSON for sure but for bytes that are no text; and where the
/// fields of its head stand, which is not known where anything about them is out of the ordinary.
pub fn object_before(bytes: &[u8]) -> Option<(usize, HeadPlaces)> {
    let mut reader = Reader { bytes, text: "", at: 0, is_unusual: false };
    bytes.starts_with(b"{").then_some(())?;
    let places = reader.skip_document()?;
    Some((reader.at, places))
}

/// The quoted text at the beginning of another one, and what follows it.
pub fn text_before(json: &str) -> Option<(Cow<'_, str>, &str)> {
    json.starts_with('"').then_some(())?;
    let mut reader = Reader::new(json);
    let text = reader.quoted()?.text()?;
    Some((text, json.get(reader.at..)?))
}

/// The tree of a text.
pub(crate) fn tree(text: &str) -> Option<Value> {
    let mut reader = Reader::new(text);
    let tree = reader.tree(0)?;
    reader.next().is_none().then_some(tree)
}

/// The tree of a document, and where its members stand.
pub(crate) fn document(text: &str) -> Option<(Value, MemberPlaces)> {
    let mut reader = Reader::new(text);
    (reader.next()? == b'{').then_some(())?;
    let mut places = MemberPlaces::default();
    let members = reader.members(0, |from, to, is_usual| places.push(from, to, is_usual))?;
    reader.next().is_none().then_some((Value::Object(members), places))
}

/// A place in a text.
pub(crate) struct Reader<'t> {
    bytes: &'t [u8],
    /// The same as a text; empty where what is read is only stepped over.
    text: &'t str,
    at: usize,
    /// Whether there was anything that would be written otherwise: a blank between tokens, a character that needs no escape.
    is_unusual: bool,
}

/// A text in quotes, as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Quoted<'t> {
    /// What it stands in, and where, with its quotes.
    text: &'t str,
    from: usize,
    to: usize,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    /// The text it stands for; half a character stands for nothing.
    pub(crate) fn text(self) -> Option<Cow<'t, str>> {
        if self.escaped {
            let text = unescaped(self.text.get(self.from + 1..self.to - 1)?)?;
            debug_assert_eq!(
                serde_json::from_str(&self.text[self.from..self.to]).ok().as_ref(),
                Some(&text),
                "escapes stand for what serde_json says"
            );
            return Some(Cow::Owned(text));
        }
        self.plain().map(Cow::Borrowed)
    }

    /// The text, if it has no escapes.
    #[inline]
    pub(crate) fn plain(self) -> Option<&'t str> {
        if self.escaped { None } else { self.text.get(self.from + 1..self.to - 1) }
    }
}

/// The text that one with escapes stands for, without half characters.
fn unescaped(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(rest.get(..at)?);
        let (char, length) = match *rest.as_bytes().get(at + 1)? {
            byte @ (b'"' | b'\\' | b'/') => (char::from(byte), 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            _ => {
                let digits = u32::from_str_radix(rest.get(at + 2..at + 6)?, 16).ok()?;
                (char::from_u32(digits)?, 6)
            }
        };
        text.push(char);
        rest = rest.get(at + length..)?;
    }
    text.push_str(rest);
    Some(text)
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), text, at: 0, is_unusual: false }
    }

    /// Where it is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What was read from a place on.
    pub(crate) fn since(&self, from: usize) -> Option<&'t str> {
        self.text.get(from..self.at)
    }

    /// Steps over a text, if exactly that comes next and a member or an object ends behind it.
    #[inline]
    pub(crate) fn step_over(&mut self, text: &str) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_here =
            rest.starts_with(text.as_bytes()) && matches!(rest.get(text.len()), None | Some(b',' | b'}'));
        self.at += if is_here { text.len() } else { 0 };
        is_here
    }

    /// The next byte that is not a blank.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.at += 1;
                    self.is_unusual = true;
                }
                byte => return Some(byte),
            }
        }
    }

    /// Steps over that byte, if it is the next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// A text; its opening quote is the next byte.
    #[inline]
    pub(crate) fn quoted(&mut self) -> Option<Quoted<'t>> {
        let from = self.at;
        let escaped = self.skip_quoted()?;
        Some(Quoted { text: self.text, from, to: self.at, escaped })
    }

    /// Steps over a text, and says whether there is an escape in it.
    #[inline]
    fn skip_quoted(&mut self) -> Option<bool> {
        let bytes = self.bytes;
        let (mut at, mut escaped) = (self.at + 1, false);
        loop {
            at += before_special(bytes.get(at..)?)?;
            match bytes[at] {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at = at;
                    self.escape(bytes)?;
                    at = self.at;
                }
                _ => return None,
            }
        }
        self.at = at + 1;
        Some(escaped)
    }

    /// Steps over an escape. What may be half a character is for serde_json.
    fn escape(&mut self, bytes: &[u8]) -> Option<()> {
        match bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'/' => {
                self.is_unusual = true;
                self.at += 2;
            }
            b'u' => {
                self.is_unusual = true;
                let digits = bytes.get(self.at + 2..self.at + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) || matches!(digits[0], b'd' | b'D') {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    /// A key and its colon. One with escapes is out of the ordinary, and so is one of those that serde_json keeps for itself.
    #[inline]
    pub(crate) fn key(&mut self) -> Option<&'t str> {
        if self.next()? != b'"' {
            return None;
        }
        let key = self.quoted()?.plain()?;
        self.expect(b':')?;
        (!key.starts_with('$')).then_some(key)
    }

    /// A number as it is written, without an exponent.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<&'t str> {
        let from = self.at;
        self.skip_number()?;
        self.text.get(from..self.at)
    }

    /// Steps over one; there need be no text.
    #[inline]
    fn skip_number(&mut self) -> Option<()> {
        let bytes = self.bytes;
        self.at += usize::from(bytes.get(self.at) == Some(&b'-'));
        let first = self.at;
        self.digits(bytes)?;
        if bytes[first] == b'0' && self.at > first + 1 {
            return None;
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits(bytes)?;
        }
        (!matches!(bytes.get(self.at), Some(b'e' | b'E'))).then_some(())
    }

    fn digits(&mut self, bytes: &[u8]) -> Option<()> {
        let count = bytes.get(self.at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    /// Steps over `true`, `false` or `null`.
    #[inline]
    pub(crate) fn word(&mut self, word: &str) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// Whether another entry or member follows, behind one that was read; `close` ends the list or object.
    #[inline]
    pub(crate) fn more(&mut self, close: u8) -> Option<bool> {
        let byte = self.next()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ if byte == close => Some(false),
            _ => None,
        }
    }

    /// Steps into a list or object, and says whether there is anything in it.
    #[inline]
    pub(crate) fn enter(&mut self, depth: usize, close: u8) -> Option<bool> {
        self.at += 1;
        let is_empty = self.next()? == close;
        self.at += usize::from(is_empty);
        (depth < DEEPEST).then_some(!is_empty)
    }

    /// Steps over a value.
    pub(crate) fn skip(&mut self, depth: usize) -> Option<()> {
        match self.next()? {
            b'"' => self.skip_quoted().map(|_| ()),
            b'{' => {
                let mut more = self.enter(depth, b'}')?;
                while more {
                    if self.next()? != b'"' {
                        return None;
                    }
                    self.skip_quoted()?;
                    self.expect(b':')?;
                    self.skip(depth + 1)?;
                    more = self.more(b'}')?;
                }
                Some(())
            }
            b'[' => {
                let mut more = self.enter(depth, b']')?;
                while more {
                    self.skip(depth + 1)?;
                    more = self.more(b']')?;
                }
                Some(())
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.skip_number(),
        }
    }

    /// Skips an object, and returns the positions of the fields of its head.
    fn skip_document(&mut self) -> Option<HeadPlaces> {
        let mut places = HeadPlaces::default();
        let mut are_known = Some(());
        let mut more = self.enter(0, b'}')?;
        while more {
            if self.next()? != b'"' {
                return None;
            }
            let from = self.at + 1;
            let escaped = self.skip_quoted()?;
            let key = self.bytes.get(from..self.at - 1).filter(|_| !escaped);
            self.expect(b':')?;
            self.next()?;
            are_known = are_known.and_then(|()| places.note(key?, self.at));
            self.skip(1)?;
            more = self.more(b'}')?;
        }
        Some(are_known.map(|()| places).unwrap_or_default())
    }

    /// The tree of a value, in which no key is there twice.
    pub(crate) fn tree(&mut self, depth: usize) -> Option<Value> {
        Some(match self.next()? {
            b'"' => Value::String(self.quoted()?.text()?.into_owned()),
            b'{' => Value::Object(self.members(depth, |_, _, _| {})?),
            b'[' => {
                let mut entries = Vec::new();
                let mut more = self.enter(depth, b']')?;
                while more {
                    entries.push(self.tree(depth + 1)?);
                    more = self.more(b']')?;
                }
                Value::Array(entries)
            }
            b't' => self.word("true").map(|()| Value::Bool(true))?,
            b'f' => self.word("false").map(|()| Value::Bool(false))?,
            b'n' => self.word("null").map(|()| Value::Null)?,
            _ => Value::Number(as_number(self.number()?)),
        })
    }

    /// The members of an object, in which no key is there twice. `told` gets the start and the end of each, and whether writing
    /// it again would give the same text.
    fn members(
        &mut self,
        depth: usize,
        mut told: impl FnMut(usize, usize, bool),
    ) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        let mut more = self.enter(depth, b'}')?;
        while more {
            self.next()?;
            let (from, was_unusual) = (self.at, std::mem::take(&mut self.is_unusual));
            let key = self.key()?;
            let value = self.tree(depth + 1)?;
            if members.insert(key.to_owned(), value).is_some() {
                return None;
            }
            told(from, self.at, !self.is_unusual);
            self.is_unusual |= was_unusual;
            more = self.more(b'}')?;
        }
        Some(members)
    }
}

/// A number as it is written.
pub(crate) fn as_number(written: &str) -> Number {
    Number::from_string_unchecked(written.to_owned())
}
