//! Numbers as jq has them, which knows one kind of them.

use jaq_core::Exn;
use jaq_json::{Num, Val};

/// A number without a fraction as a whole one; others, and whatever is no number, as they are.
pub(super) fn whole(value: Val) -> Val {
    /// Up to here jq writes every digit.
    const MOST: f64 = 1e17;
    match &value {
        Val::Num(Num::Float(float))
            if float.fract() == 0.0 && float.abs() < MOST && (*float != 0.0 || float.is_sign_positive()) =>
        {
            // Written without exponent, so that every digit counts.
            float.to_string().parse().map_or(value, |whole| Val::Num(Num::Int(whole)))
        }
        _ => value,
    }
}

/// A number without its fraction; others, and whatever is no number, as they are.
pub(super) fn truncated(value: Val) -> Val {
    let float = match &value {
        Val::Num(Num::Float(float)) => *float,
        Val::Num(Num::Dec(digits)) => digits.parse().unwrap_or(f64::NAN),
        _ => return value,
    };
    if float.is_nan() {
        return Val::Num(Num::Float(float));
    }
    #[expect(clippy::cast_possible_truncation, reason = "jq takes what is too large for the largest")]
    Val::Num(Num::Int(float as isize))
}

/// What a value may be divided by.
pub(super) fn divisor<'a>(value: Val) -> Result<Val, Exn<'a, Val>> {
    let is_zero = match &value {
        Val::Num(Num::Int(whole)) => *whole == 0,
        Val::Num(Num::Float(float)) => *float == 0.0,
        Val::Num(Num::Dec(digits)) => digits.parse() == Ok(0.0),
        _ => false,
    };
    if is_zero { Err(jaq_json::Error::str("cannot divide by zero").into()) } else { Ok(value) }
}
