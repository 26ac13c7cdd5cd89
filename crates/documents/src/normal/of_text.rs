//! The fingerprint of a document's text, without a tree of it.
//!
//! The normal form is written while the text is read, each member where it stands, and the members of an object are put in
//! order behind it. A tree of the document costs more than all of that.

use super::Hash;
use super::form::Form;
use crate::Fingerprint;
use crate::glance::names_one_twice;
use crate::planted::{PANIC_PRINTING, is_planted};
use crate::quick::{Reader, as_number};
use crate::schema::{Area, Shape};
use crate::tree::LightTree;

/// The longest text that is read so: of a longer one the normal form is not held in memory.
const LONGEST: usize = 1 << 20;

/// The fingerprint of a document's text, as [`fingerprint`](super::fingerprint) gives it of its tree. `None` where anything is out of the
/// ordinary, or the text has no tree.
pub(crate) fn fingerprint_of_plain(text: &[u8]) -> Option<Fingerprint> {
    if text.len() > LONGEST || is_planted(PANIC_PRINTING) {
        return None;
    }
    let mut writer = Writer::new(str::from_utf8(text).ok()?);
    writer.document()?;
    Some(writer.form.finish())
}

/// The shape of a document while its blocks are not known: it matters to two members only.
const UNKNOWN: Shape = Shape::UNKNOWN;

/// Whether two values under one key of the top level have the same normal form: `Some` if so; a value of `None` means
/// that the member is missing. What depends on the whole document is not decided here.
pub(crate) fn same_member(key: &str, one: Option<&str>, other: Option<&str>) -> Option<()> {
    let (one, other) = (form_of(key, one)?, form_of(key, other)?);
    (one == other).then_some(())
}

fn form_of(key: &str, value: Option<&str>) -> Option<Vec<u8>> {
    let Some(value) = value else { return Some(Vec::new()) };
    if matches!(key, "adaptorType" | "distributed") || value.len() > LONGEST || is_planted(PANIC_PRINTING) {
        return None;
    }
    let mut writer = Writer::new(value);
    writer.member(Area::Root, key, 1)?;
    writer.reader.next().is_none().then_some(writer.form.bytes)
}

/// An unused filter as the service writes it: it means the same as absent, and stands in nearly every document twice.
const UNUSED: &str = r#"{"type":"expression","expression":{"version":"1"},"version":"1"}"#;

struct Writer<'t> {
    reader: Reader<'t>,
    form: Form,
    /// The members of the objects that are being read, those of the innermost last.
    members: Vec<Member<'t>>,
    /// Room to put members in order.
    sorted: Vec<u8>,
}

/// A key, and where in the form the member stands: nowhere, if it means the same as absent.
#[derive(Clone, Copy)]
struct Member<'t> {
    key: &'t str,
    from: usize,
    to: usize,
    /// Whether it is an object that holds anything.
    is_block: bool,
}

/// What was read, as far as it matters to the document that holds it.
#[derive(Clone, Copy, PartialEq)]
enum What<'t> {
    Block,
    Flag(bool),
    Text(&'t str),
    Other,
}

impl<'t> Writer<'t> {
    fn new(text: &'t str) -> Self {
        let (reader, form) = (Reader::new(text), Form::new(usize::MAX));
        Self { reader, form, members: Vec::with_capacity(64), sorted: Vec::new() }
    }

    fn document(&mut self) -> Option<()> {
        if self.reader.next()? != b'{' {
            return None;
        }
        // Two members mean the same as absent or not by what blocks the whole document has.
        let mut hinged = Vec::new();
        self.form.mark(b'{');
        let mut more = self.reader.enter(0, b'}')?;
        while more {
            let key = self.reader.key()?;
            let from = self.form.bytes.len();
            let what = self.member(Area::Root, key, 1)?;
            if matches!((key, what), ("adaptorType", What::Text(_)) | ("distributed", What::Flag(_))) {
                hinged.push((self.members.len(), what));
            }
            let to = self.form.bytes.len();
            let is_block = what == What::Block && to > from;
            self.members.push(Member { key, from, to, is_block });
            more = self.reader.more(b'}')?;
        }
        if self.reader.next().is_some() {
            return None;
        }
        let blocks = self.members.iter().filter(|member| member.is_block).map(|member| member.key);
        let shape = Shape::of_blocks(blocks);
        let mut unset = None;
        for (at, what) in hinged {
            let member = &mut self.members[at];
            let is_absent = match what {
                What::Text(text) => shape.is_default_text(Area::Root, member.key, text),
                What::Flag(flag) => shape.is_default_flag(Area::Root, member.key, flag),
                What::Block | What::Other => false,
            };
            if is_absent {
                member.to = member.from;
            } else if what == What::Flag(false) {
                unset = Some(at);
            }
        }
        // It was not written, for on other imports it means the same as absent.
        if let Some(at) = unset {
            let mut member = self.members.remove(at);
            member.from = self.form.bytes.len();
            self.form.key(member.key);
            self.form.flag(false);
            member.to = self.form.bytes.len();
            self.members.push(member);
        }
        self.close(0, 1)
    }

    /// Writes a member, if it does not mean the same as absent.
    fn member(&mut self, area: Area, key: &str, depth: usize) -> Option<What<'t>> {
        // What an empty key leads into depends on who asks.
        if key.is_empty() {
            return None;
        }
        if UNKNOWN.is_server_owned(area, key) {
            let first = self.reader.next()?;
            let is_block = first == b'{';
            // A key that is there twice in it makes the document one without a tree.
            if is_block || first == b'[' {
                self.reader.tree(depth)?;
            } else {
                self.reader.skip(depth)?;
            }
            return Some(if is_block { What::Block } else { What::Other });
        }
        self.reader.next()?;
        if area == Area::Root && area.enter(key) == Area::Envelope && self.reader.step_over(UNUSED) {
            return Some(What::Block);
        }
        let from = self.form.bytes.len();
        self.form.key(key);
        let (what, is_absent) = self.value(area, key, depth)?;
        if is_absent {
            self.form.bytes.truncate(from);
        }
        Some(what)
    }

    /// Writes a value that stands under `key` in an object of `area`, or in a list there; and says whether it means the same as
    /// no such key.
    fn value(&mut self, area: Area, key: &str, depth: usize) -> Option<(What<'t>, bool)> {
        Some(match self.reader.next()? {
            b'"' => {
                let quoted = self.reader.quoted()?;
                if let Some(text) = quoted.plain() {
                    self.form.text(area, key, text);
                    (What::Text(text), UNKNOWN.is_default_text(area, key, text))
                } else if area == Area::Root && key == "adaptorType" {
                    return None;
                } else {
                    let text = quoted.text()?;
                    self.form.text(area, key, &text);
                    (What::Other, UNKNOWN.is_default_text(area, key, &text))
                }
            }
            b'{' => (What::Block, self.object(area, key, depth)?),
            b'[' => {
                self.form.mark(b'[');
                let any = self.reader.enter(depth, b']')?;
                let mut more = any;
                while more {
                    self.value(area, key, depth + 1)?;
                    more = self.reader.more(b']')?;
                }
                self.form.mark(b']');
                (What::Other, area != Area::Free && !any)
            }
            b't' => {
                self.reader.word("true")?;
                self.form.flag(true);
                (What::Flag(true), UNKNOWN.is_default_flag(area, key, true))
            }
            b'f' => {
                self.reader.word("false")?;
                self.form.flag(false);
                (What::Flag(false), UNKNOWN.is_default_flag(area, key, false))
            }
            b'n' => {
                self.reader.word("null")?;
                self.form.null();
                (What::Other, area != Area::Free)
            }
            _ => {
                let number = LightTree::Number(as_number(self.reader.number()?));
                if let LightTree::Number(number) = &number {
                    self.form.number(number);
                }
                (What::Other, UNKNOWN.is_absent(area, key, &number))
            }
        })
    }

    /// Writes an object, and says whether it means the same as absent.
    fn object(&mut self, area: Area, key: &str, depth: usize) -> Option<bool> {
        let inner = area.enter(key);
        if inner == Area::Envelope {
            return self.envelope(area, key, depth);
        }
        let (first, mark) = (self.members.len(), self.form.bytes.len());
        self.form.mark(b'{');
        let mut more = self.reader.enter(depth, b'}')?;
        let is_empty = !more;
        while more {
            let key = self.reader.key()?;
            let from = self.form.bytes.len();
            self.member(inner, key, depth + 1)?;
            let to = self.form.bytes.len();
            self.members.push(Member { key, from, to, is_block: false });
            more = self.reader.more(b'}')?;
        }
        let is_hollow = self.members[first..].iter().all(|member| member.from == member.to);
        self.close(first, mark + 1)?;
        Some(area != Area::Free && (is_empty || inner != Area::Free && is_hollow))
    }

    /// Whether a filter is unused depends on its whole contents, so its tree is made; it is small.
    fn envelope(&mut self, area: Area, key: &str, depth: usize) -> Option<bool> {
        let from = self.reader.at();
        self.reader.skip(depth)?;
        let tree = LightTree::read(self.reader.since(from)?.as_bytes())?;
        let mut hash = Hash::new(UNKNOWN, usize::MAX);
        hash.value(area, key, &tree);
        self.form.bytes.extend_from_slice(&hash.form.bytes);
        Some(UNKNOWN.is_absent(area, key, &tree))
    }

    /// Puts the members of an object in order, from the first of them on, which stands at `from`; and closes it.
    fn close(&mut self, first: usize, from: usize) -> Option<()> {
        let members = &mut self.members[first..];
        if names_one_twice(members.iter().map(|member| member.key)) {
            return None;
        }
        let is_whole = members.iter().map(|member| member.to - member.from).sum::<usize>()
            == self.form.bytes.len() - from;
        if !is_whole || !members.is_sorted_by_key(|member| member.key) {
            members.sort_unstable_by_key(|member| member.key);
            self.sorted.clear();
            for member in &*members {
                self.sorted.extend_from_slice(&self.form.bytes[member.from..member.to]);
            }
            self.form.bytes.truncate(from);
            self.form.bytes.extend_from_slice(&self.sorted);
        }
        self.members.truncate(first);
        self.form.mark(b'}');
        Some(())
    }
}
