//! Compares two documents without the parts that are identical in both texts.
//!
//! An import of the target usually differs from the wanted document in one or two members of its top level. The others
//! are not read: an object or a list that both texts share is replaced by an empty one on both sides. Differences are
//! reported as if the whole documents were compared.

use serde_json::{Map, Value};

use crate::glance::{self, Fields, Members, names_one_twice};
use crate::head::Head;
use crate::normal::same_member;
use crate::planted::{PANIC_PRINTING, is_planted};
use crate::quick::{self, Reader};
use crate::schema::is_server_field;
use crate::verbatim;

/// Whether two documents certainly have the same normal form, without reading the parts that are identical in both.
/// `wanted` is a text from [`verbatim::to_text`], `found` is any text. A negative answer proves nothing.
pub fn is_same(wanted: &str, found: &str) -> bool {
    same(wanted, found, |_, _| ()).is_some()
}

/// The head of `found`, as [`Head::at_a_glance`] reads it, where [`is_same`] holds: the text is walked once for both.
pub fn head_of_same(wanted: &str, found: &str) -> Option<Head> {
    let mut fields = Some(Fields::default());
    same(wanted, found, |key, value| {
        if fields.as_mut().is_some_and(|fields| fields.take(key, value).is_none()) {
            fields = None;
        }
    })?;
    Head::of_fields(fields?)
}

/// Hands out the members of `found`, as they are written.
fn same<'t>(wanted: &'t str, found: &'t str, mut member: impl FnMut(&'t str, &'t str)) -> Option<()> {
    if is_planted(PANIC_PRINTING) {
        return None;
    }
    let (mut ours, mut theirs) = (Members::of(wanted)?, Reader::new(found));
    let mut keys = Vec::with_capacity(32);
    let mut is_exact = None;
    theirs.expect(b'{')?;
    let mut more = theirs.next()? != b'}';
    while more {
        theirs.next()?;
        // What stands in both to the letter is JSON in both.
        if let Some(equal) = ours.current
            && theirs.step_over(equal.text)
        {
            if equal.key.starts_with('$') {
                return None;
            }
            keys.push(equal.key);
            member(equal.key, equal.value);
            ours.step()?;
            more = theirs.more(b'}')?;
            continue;
        }
        let key = theirs.key()?;
        let opening = theirs.next()?;
        let from = theirs.at();
        theirs.skip(1)?;
        let value = theirs.since(from)?;
        keys.push(key);
        member(key, value);
        more = theirs.more(b'}')?;
        // A key may stand twice in what is stepped over: then it is lost how numbers are spelled, anywhere.
        if matches!(opening, b'{' | b'[')
            && !*is_exact.get_or_insert_with(|| !verbatim::has_other_exponent(wanted))
        {
            return None;
        }
        if is_server_field(key) {
            // An object that is skipped may have a duplicate key: then there is no tree.
            if value.contains('{') {
                return None;
            }
            continue;
        }
        let beside = ours.current.filter(|our| our.key == key);
        if beside.is_some() {
            ours.step()?;
        }
        same_member(key, beside.map(|beside| beside.value), Some(value))?;
    }
    let is_over = ours.current.is_none() && theirs.next().is_none() && !names_one_twice(keys.iter().copied());
    // The blocks that hold anything are the same on both sides then, and so is what they tell of the adaptor.
    is_over.then_some(())
}

/// The two documents, of texts that are known to have a tree each. `None` where only the whole of them can tell: a text that
/// is out of the ordinary, or a member that is held against the blocks and is not the same in both.
pub fn unlike_members(one: &str, other: &str) -> Option<(Value, Value)> {
    // How a number is spelled is lost in the whole of a document that names a key twice, wherever that is.
    if verbatim::has_other_exponent(one) {
        return None;
    }
    let (ones, others) = (glance::members(one)?, glance::members(other)?);
    if HELD_AGAINST_BLOCKS.iter().any(|key| raw(&ones, key) != raw(&others, key)) {
        return None;
    }
    Some((unlike(&ones, &others)?, unlike(&others, &ones)?))
}

/// Members of the top level that are needed to decide whether the blocks have a meaning.
const HELD_AGAINST_BLOCKS: [&str; 3] = ["lookups", "adaptorType", "distributed"];

fn raw<'t>(members: &[(&str, &'t str)], key: &str) -> Option<&'t str> {
    members.iter().find(|(known, _)| *known == key).map(|(_, raw)| *raw)
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
