//! Whether two numbers are one, however they are spelled.

use serde_json::Number;

/// Whether two numbers are one, however they are spelled.
pub fn same_number(one: &Number, other: &Number) -> bool {
    canonical(one) == canonical(other)
}

/// One spelling per number: `1`, `1.0` and `1e0` are the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Canonical<'a> {
    Integer(i64),
    Big(u64),
    /// What a floating-point number holds to the last digit.
    Float(f64),
    /// What no floating-point number holds: as a decimal.
    Exact(Decimal),
    /// With an exponent beyond reason: as it is written.
    Huge(&'a str),
}

/// The number in its one spelling.
pub(super) fn canonical(number: &Number) -> Canonical<'_> {
    /// Integers up to here are exact as floating-point numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(integer) = number.as_i64() {
        return Canonical::Integer(integer);
    }
    if let Some(integer) = number.as_u64() {
        return Canonical::Big(integer);
    }
    let Some(decimal) = Decimal::of(number.as_str()) else { return Canonical::Huge(number.as_str()) };
    let Some(float) = number.as_f64() else { return Canonical::Exact(decimal) };
    // The shortest text that a floating-point number is read from holds all that it holds.
    if Decimal::of(&format!("{float:e}")).is_none_or(|held| held != decimal) {
        return match decimal.whole() {
            Some(Ok(integer)) => Canonical::Integer(integer),
            Some(Err(integer)) => Canonical::Big(integer),
            None => Canonical::Exact(decimal),
        };
    }
    if float.fract() == 0.0 && float.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within 2^53")]
        return Canonical::Integer(float as i64);
    }
    Canonical::Float(float)
}

/// A number digit by digit: `digits` times ten to the power of `exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    /// Without zeros at either end; empty for zero, which is neither negative nor has an exponent.
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Of a number as JSON writes it; `None` if its exponent is beyond reason.
    fn of(written: &str) -> Option<Self> {
        let (is_negative, written) = written.strip_prefix('-').map_or((false, written), |rest| (true, rest));
        let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>().ok()?;
        let shift = i64::try_from(zeros).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        Some(Self { is_negative, digits: significant.to_owned(), exponent: exponent.checked_add(shift)? })
    }

    /// The whole number that it is, if it has one of 64 bits: with a sign if that is enough, else without.
    fn whole(&self) -> Option<Result<i64, u64>> {
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| *zeros < 20)?;
        let text = format!("{}{}{}", if self.is_negative { "-" } else { "" }, self.digits, "0".repeat(zeros));
        text.parse::<i64>().map(Ok).or_else(|_| text.parse::<u64>().map(Err)).ok()
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        write!(f, "{sign}{}e{}", self.digits, self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(written: &str) -> Number {
        serde_json::from_str(written).unwrap()
    }

    #[test]
    fn one_number_is_equal_to_itself_in_every_spelling_and_to_no_other() {
        for (one, other, is_same) in [
            ("1", "1.0", true),
            ("1e2", "100", true),
            ("1E+2", "1.0e2", true),
            ("-0", "0.0", true),
            ("0e9", "0", true),
            ("1.50", "15e-1", true),
            ("9007199254740993", "9007199254740993.0", true),
            ("18446744073709551615.0", "18446744073709551615", true),
            ("12345678901234567890123", "1.2345678901234567890123e22", true),
            ("123456789.12345678901", "123456789.123456789010", true),
            ("18446744073709551616", "18446744073709551617", false),
            ("18446744073709551616", "18446744073709551615", false),
            ("12345678901234567890123", "12345678901234567890124", false),
            ("-12345678901234567890123", "12345678901234567890123", false),
            ("0.1", "0.10000000000000001", false),
            ("0.10000000000000001", "0.100000000000000001", false),
            ("9007199254740993.0", "9007199254740992", false),
            ("9007199254740991.4", "9007199254740991", false),
            ("1e-400", "0", false),
            ("1e-400", "2e-400", false),
            ("1e-99999999999999999999", "0", false),
            ("1e400", "1e401", false),
            ("1e400", "1e+400", true),
            ("-1.50e400", "-15E399", true),
        ] {
            assert_eq!(same_number(&number(one), &number(other)), is_same, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_a_floating_point_number_holds_keeps_its_spelling(float in any::<f64>().prop_filter("JSON has no other", |f| f.is_finite())) {
            for written in [format!("{float:?}"), format!("{float:e}")] {
                let number = number(&written);
                let expected = match number.as_i64() {
                    Some(integer) => Canonical::Integer(integer),
                    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 2^53")]
                    None if float.fract() == 0.0 && float.abs() <= 2_f64.powi(53) => Canonical::Integer(float as i64),
                    None => number.as_u64().map_or(Canonical::Float(float), Canonical::Big),
                };
                prop_assert_eq!(canonical(&number), expected);
            }
        }

        #[test]
        fn digits_are_told_apart(one in "[1-9][0-9]{0,30}(\\.[0-9]{1,9})?", at in 0..30_usize) {
            let mut other = one.clone().into_bytes();
            let at = at % other.len();
            prop_assume!(other[at] != b'.');
            other[at] = if other[at] == b'9' { b'8' } else { other[at] + 1 };
            let other = String::from_utf8(other).unwrap();
            prop_assert!(!same_number(&number(&one), &number(&other)));
            let written_otherwise = number(&format!("{one}e0"));
            // A whole number beyond 2^53 that a floating-point number holds is told from its spelling without an exponent, as it
            // always was in fingerprints.
            let is_kept = matches!(canonical(&written_otherwise), Canonical::Float(float) if float.fract() == 0.0);
            prop_assert!(is_kept || same_number(&number(&one), &written_otherwise), "{}", one);
        }
    }
}
