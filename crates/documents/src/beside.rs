//! Two documents beside each other, without what they have in common to the letter.
//!
//! An import of the target and what is wanted in its place differ mostly in a member or two of their top level. The others
//! are not read: in the place of an object or a list that both texts have stands an empty one on both sides, so whatever
//! is told of differences between the two, and what the blocks of a document tell of its adaptor, is told as of the whole.

use serde_json::{Map, Value};

use crate::glance::{self, names_one_twice};
use crate::normal::same_member;
use crate::planted::{PANIC_PRINTING, is_planted};
use crate::quick::{self, Reader};
use crate::schema::{Shape, is_server_field};
use crate::verbatim;

/// Whether two documents have one normal form for sure, told without reading what both have to the letter. `wanted` is a text as
/// [`verbatim::to_text`] writes it, `found` any text. That two texts are told to be unlike says nothing.
pub fn is_same(wanted: &str, found: &str) -> bool {
    !is_planted(PANIC_PRINTING) && same(wanted, found).is_some()
}

fn same(wanted: &str, found: &str) -> Option<()> {
    let (mut ours, mut theirs) = (Reader::new(wanted), Reader::new(found));
    let (mut keys, mut our_blocks, mut their_blocks) = (Vec::new(), Vec::new(), Vec::new());
    ours.expect(b'{')?;
    theirs.expect(b'{')?;
    let (mut more_ours, mut more) = (ours.next()? != b'}', theirs.next()? != b'}');
    while more {
        let from = theirs.at();
        let key = theirs.key()?;
        keys.push(key);
        let value = theirs.at();
        let is_block = theirs.next()? == b'{';
        theirs.skip(1)?;
        let (member, value) = (theirs.since(from)?, theirs.since(value)?);
        their_blocks.extend(is_block.then_some(key));
        more = theirs.more(b'}')?;
        if is_server_field(key) {
            continue;
        }
        if more_ours && ours.step_over(member) {
            our_blocks.extend(is_block.then_some(key));
            more_ours = ours.more(b'}')?;
        } else if more_ours && ours.is_at_key(key) {
            ours.key()?;
            let at = ours.at();
            our_blocks.extend((ours.next()? == b'{').then_some(key));
            ours.skip(1)?;
            same_member(key, Some(ours.since(at)?), Some(value))?;
            more_ours = ours.more(b'}')?;
        } else {
            same_member(key, None, Some(value))?;
        }
    }
    let is_over = !more_ours && theirs.next().is_none() && !names_one_twice(keys.iter().copied());
    let shapes = [our_blocks, their_blocks].map(|blocks| Shape::of_blocks(blocks.into_iter()));
    (is_over && shapes[0] == shapes[1]).then_some(())
}

/// The two documents, of texts that are known to have a tree each. `None` where only the whole of them can tell: a text that
/// is out of the ordinary, or a top-level `lookups` that only one of them has, for that is held against the blocks.
pub fn unlike_members(one: &str, other: &str) -> Option<(Value, Value)> {
    // How a number is spelled is lost in the whole of a document that names a key twice, wherever that is.
    if verbatim::has_other_exponent(one) {
        return None;
    }
    let (ones, others) = (glance::members(one)?, glance::members(other)?);
    if lookups(&ones) != lookups(&others) {
        return None;
    }
    Some((unlike(&ones, &others)?, unlike(&others, &ones)?))
}

fn lookups<'t>(members: &[(&str, &'t str)]) -> Option<&'t str> {
    members.iter().find(|(key, _)| *key == "lookups").map(|(_, raw)| *raw)
}

fn unlike(members: &[(&str, &str)], others: &[(&str, &str)]) -> Option<Value> {
    let mut left = Map::with_capacity(members.len());
    let mut in_step = others.iter();
    for (key, raw) in members {
        // The two have their members mostly in one order.
        let beside = match in_step.clone().next() {
            Some((same, beside)) if same == key => {
                in_step.next();
                Some(beside)
            }
            _ => others.iter().find(|(same, _)| same == key).map(|(_, beside)| beside),
        };
        let value = match raw.as_bytes().first()? {
            b'{' if beside == Some(raw) => Value::Object(Map::new()),
            b'[' if beside == Some(raw) => Value::Array(Vec::new()),
            _ => match quick::tree(raw) {
                Some(value) => value,
                None if verbatim::is_plain(raw) => serde_json::from_str(raw).ok()?,
                None => return None,
            },
        };
        left.insert((*key).to_owned(), value);
    }
    Some(Value::Object(left))
}
