//! Numbers as a person wrote them. To YAML `02134`, `0x1F` and an id of digits are numbers; who wrote them may have meant a text.

use serde_json::{Number, Value};

use crate::Id;
use crate::shortened::shortened;
use crate::verbatim;

/// The number that YAML reads in a scalar, spelled as JSON has it; its digits are kept. `None` where JSON has none such.
pub fn number(written: &str) -> Option<Number> {
    if let Some(number) = verbatim::number(written) {
        return Some(number);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = written.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.strip_prefix('+').unwrap_or(written)),
    };
    let bare = digits.trim_start_matches('0');
    let whole = bare.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = bare.split_at(whole);
    let whole = if whole.is_empty() { "0" } else { whole };
    let rest = match rest.strip_prefix('.') {
        Some(behind) if !behind.starts_with(|c: char| c.is_ascii_digit()) => format!(".0{behind}"),
        _ => rest.to_owned(),
    };
    verbatim::number(&format!("{sign}{whole}{rest}"))
}

/// A scalar of a job that YAML takes for a number, as it stands in the file. A step reads it with `Written::of`; it is
/// not JSON.
pub fn as_written(written: &str) -> Value {
    Value::Number(Number::from_string_unchecked(written.to_owned()))
}

/// Whether a number may have been meant as a text: it is an id, or it is not spelled as a number is.
pub fn may_be_text(written: &str) -> bool {
    Id::looks_like(&Id::canonical(written)) || !is_plain(written)
}

/// Whether that is a number as anybody writes it: digits, with a point or without.
fn is_plain(written: &str) -> bool {
    verbatim::number(written).is_some() && !written.contains(['e', 'E'])
}

/// A number that may have been meant as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    text: String,
    number: Option<Number>,
}

impl Written {
    /// Reads a number of a job; `None` for one that can only be a number.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        let text = number.as_str();
        may_be_text(text).then(|| Self { text: text.to_owned(), number: self::number(text) })
    }

    /// What it becomes where `there` stands: the text as it was written where a text stands, and an id anywhere but where
    /// a number stands; else the number.
    pub(crate) fn put(&self, there: Option<&Value>) -> Value {
        let is_id = Id::looks_like(&Id::canonical(&self.text));
        match (&self.number, there) {
            (Some(number), Some(Value::Number(_))) => Value::Number(number.clone()),
            (Some(number), there) if !is_id && !matches!(there, Some(Value::String(_))) => {
                Value::Number(number.clone())
            }
            _ => Value::String(self.text.clone()),
        }
    }

    /// The note if the number is written differently from the text.
    pub(crate) fn doubt(&self) -> Option<(String, String)> {
        let is_id = Id::looks_like(&Id::canonical(&self.text));
        let number = self.number.as_ref().filter(|number| !is_id && number.as_str() != self.text)?;
        let text = shortened(&self.text, 60);
        let message = format!(
            "`{text}` becomes the number {}, unless a text stands there",
            shortened(number.as_str(), 60)
        );
        Some((message, format!("put it into quotes, `\"{text}\"`, to keep it as it is written")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_however_yaml_lets_it_be_written() {
        for (written, read) in [
            ("02134", "2134"),
            ("+5", "5"),
            ("-0", "-0"),
            ("-007.50", "-7.50"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("5.e3", "5.0e3"),
            ("00", "0"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("1e5", "1e5"),
            ("1E+05", "1E+05"),
            ("000000000000000000000000000000000000000000012.10", "12.10"),
        ] {
            assert_eq!(number(written).unwrap().as_str(), read, "{written}");
        }
        assert_eq!(number("0xFFFFFFFFFFFFFFFFFF"), None);
    }

    #[test]
    fn what_is_spelled_as_no_number_is_may_be_a_text() {
        for written in
            ["02134", "0x1F", "+5", ".5", "1e5", "600000000000000000000001", "6e0000000000000000000002"]
        {
            assert!(may_be_text(written), "{written}");
        }
        for written in ["0", "-0", "5", "1.10", "-0.50", "12345678901234567890123456"] {
            assert!(!may_be_text(written), "{written}");
        }
    }
}
