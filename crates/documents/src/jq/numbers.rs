//! Numbers as jq has them, which knows one kind of them.

use jaq_core::box_iter::box_once;
use jaq_core::native;
use jaq_core::{DataT, Exn, Native};
use jaq_json::{Error, Num, Val};

use super::convert;
use crate::spelling;

/// What stands for `tonumber`.
pub(super) const TO_NUMBER: &str = "!to_number";

/// The native filters.
pub(super) fn natives<D>() -> [native::Fun<D>; 1]
where
    D: for<'a> DataT<V<'a> = Val>,
{
    let to_number = Native::<D>::new(|(_, value)| {
        let number = match &value {
            Val::Num(_) => Some(value.clone()),
            Val::TStr(text) => std::str::from_utf8(text).ok().and_then(number_of),
            _ => None,
        };
        box_once(number.ok_or_else(|| Error::str(format_args!("cannot parse {value} as number")).into()))
    });
    [(TO_NUMBER, Box::default(), to_number)]
}

/// The number that a text is: also without digits on one side of the point, with a plus, or with zeros before it.
fn number_of(text: &str) -> Option<Val> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !is_decimal || !mantissa.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Val::Num(convert::of_number(spelling::number(text)?.as_str())))
}

/// Turns a number without a fraction into a whole one; does not change other values.
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

/// Removes the fraction of a number; does not change other values.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::JqError;
    use crate::jq::tests::run;

    #[test]
    fn a_text_is_the_number_that_jq_reads_in_it() {
        // Checked with jq 1.6 and 1.7
        for (text, number) in [
            ("5", "5"),
            ("-1.50", "-1.50"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            (".5e3", "0.5e3"),
            ("5.", "5.0"),
            ("+5", "5"),
            ("05", "5"),
            (" 5\n", "5"),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            let found = run("tonumber", &json!(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found.iter().map(Value::to_string).collect::<Vec<_>>(), [number], "{text}");
        }
        assert_eq!(run("tonumber", &json!(7)), Ok(vec![json!(7)]));
        for (input, kind) in [".", "-", "", "1e", "0x1", "1 2", "a", "-.e1", "--1", "nan"]
            .map(|text| (json!(text), "a text"))
            .into_iter()
            .chain([(json!([1]), "a list"), (json!(null), "null"), (json!(true), "a flag")])
        {
            let found = run("tonumber", &input);
            assert_eq!(found, Err(JqError::Raised(format!("cannot parse {kind} as number"))), "{input}");
        }
    }
}
