//! How much a filter may make: what is asked before a text is multiplied, a value kept, a text taken apart.

use jaq_json::{Num, Val};

/// How long a text or list, and how large a whole value may become, in bytes: a program that doubles one would take all
/// memory long before its time is up. The unit tests reach smaller bounds the same way, in a tenth of the time.
pub(super) const LONGEST: usize = if cfg!(test) { 1 << 22 } else { 1 << 26 };

/// How long a text may be that is taken apart, into characters or the matches of a pattern: each takes memory of its own.
pub(super) const TAKEN_APART: usize = 1 << 19;

/// How many digits a number may have that is read or made: the time for them grows with their square.
pub(super) const DIGITS: usize = 100_000;

/// How much all values may take that one run keeps in lists and objects, beside what its input allows.
const KEPT: usize = if cfg!(test) { 1 << 21 } else { 1 << 24 };

/// How many times the size of its input a run may keep as well.
const KEPT_OF_INPUT: usize = 64;

/// What a value takes without what it holds.
const NODE: usize = 16;

/// How much one run may keep.
pub(super) fn allowance(input: &Val) -> usize {
    KEPT + KEPT_OF_INPUT * measure(input, LONGEST).unwrap_or(LONGEST)
}

/// The size of a value as it would be written, shared parts each time they occur; `None` for more than `most`.
pub(super) fn measure(value: &Val, most: usize) -> Option<usize> {
    let mut size = 0_usize;
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        size += own(value);
        if size > most {
            return None;
        }
        match value {
            Val::Arr(entries) => left.extend(entries.iter()),
            Val::Obj(members) => left.extend(members.iter().flat_map(|(key, value)| [key, value])),
            _ => {}
        }
    }
    Some(size)
}

/// What a value takes by itself; for a list or object, its entries as references.
pub(super) fn own(value: &Val) -> usize {
    NODE + match value {
        Val::TStr(text) | Val::BStr(text) => text.len(),
        Val::Arr(entries) => entries.len() * NODE,
        Val::Obj(members) => members.len() * 2 * NODE,
        _ => 0,
    }
}

/// Whether the product of two values can be made: a repeated text, a merged object, a number with many digits.
pub(super) fn may_multiply(left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(times))
        | (Val::Num(times), Val::TStr(text) | Val::BStr(text)) => match times {
            Num::Int(times) if *times > 0 => {
                text.len().checked_mul(times.unsigned_abs()).is_some_and(|size| size <= LONGEST)
            }
            Num::BigInt(_) => text.is_empty(),
            _ => true,
        },
        (Val::Num(Num::BigInt(one)), Val::Num(Num::BigInt(other))) => {
            one.bits().saturating_add(other.bits()) < 4 * DIGITS as u64
        }
        _ => true,
    }
}

/// Whether a text holds a run of more digits than a number may have.
pub(super) fn has_long_number(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_digit()).any(|run| run.len() > DIGITS)
}
