//! Between documents and the values of jq: keys keep their order, numbers their value and spelling.

use jaq_json::{Num, Val};
use serde_json::{Map, Number, Value};

use super::JqError;
use crate::verbatim;

/// A document as jq sees it.
pub(super) fn of_value(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => Val::Num(of_number(number.as_str())),
        Value::String(text) => Val::utf8_str(text.clone().into_bytes()),
        Value::Array(entries) => entries.iter().map(of_value).collect(),
        Value::Object(members) => Val::obj(
            members
                .iter()
                .map(|(key, value)| (Val::utf8_str(key.clone().into_bytes()), of_value(value)))
                .collect(),
        ),
    }
}

/// A number with its spelling: what a filter passes on comes out as it went in.
pub(super) fn of_number(text: &str) -> Num {
    match text.parse::<isize>() {
        Ok(integer) if text != "-0" => Num::Int(integer),
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && text != "-0" => {
            Num::from_str_radix(text, 10).unwrap_or(Num::Float(f64::NAN))
        }
        _ => Num::Dec(text.to_owned().into()),
    }
}

/// A result as JSON.
pub(super) fn to_value(value: &Val) -> Result<Value, JqError> {
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(flag) => Value::Bool(*flag),
        Val::Num(number) => Value::Number(to_number(number)?),
        Val::TStr(text) => Value::String(to_text(text)?),
        Val::BStr(_) => return Err(JqError::NotJson("bytes that are not text")),
        Val::Arr(entries) => Value::Array(entries.iter().map(to_value).collect::<Result<_, _>>()?),
        Val::Obj(members) => {
            let mut object = Map::with_capacity(members.len());
            for (key, value) in members.iter() {
                let Val::TStr(key) = key else { return Err(JqError::NotJson("a key that is not text")) };
                object.insert(to_text(key)?, to_value(value)?);
            }
            Value::Object(object)
        }
    })
}

/// A value as jq writes it in a text: not-a-number becomes null, and infinity becomes the largest number.
pub(super) fn finite(value: Val) -> Val {
    const LARGEST: &str = "1.7976931348623157e+308";
    match value {
        Val::Num(Num::Float(float)) if float.is_nan() => Val::Null,
        Val::Num(Num::Float(float)) if float.is_infinite() => {
            let sign = if float > 0.0 { "" } else { "-" };
            Val::Num(Num::Dec(format!("{sign}{LARGEST}").into()))
        }
        Val::Arr(ref entries) if entries.iter().any(is_endless) => {
            entries.iter().cloned().map(finite).collect()
        }
        Val::Obj(ref members) if members.values().any(is_endless) => {
            Val::obj(members.iter().map(|(key, value)| (key.clone(), finite(value.clone()))).collect())
        }
        other => other,
    }
}

fn is_endless(value: &Val) -> bool {
    match value {
        Val::Num(Num::Float(float)) => !float.is_finite(),
        Val::Arr(entries) => entries.iter().any(is_endless),
        Val::Obj(members) => members.values().any(is_endless),
        _ => false,
    }
}

fn to_text(bytes: &[u8]) -> Result<String, JqError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| JqError::NotJson("text that is not UTF-8"))
}

fn to_number(number: &Num) -> Result<Number, JqError> {
    const NO_NUMBER: JqError = JqError::NotJson("a number that is not finite");
    match number {
        Num::Int(integer) => Ok(Number::from(*integer)),
        Num::BigInt(_) | Num::Dec(_) => verbatim::number(&number.to_string()).ok_or(NO_NUMBER),
        Num::Float(float) => Number::from_f64(*float).ok_or(NO_NUMBER),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::{DEADLINE, Filter, JqError};

    fn run(program: &str) -> Result<Vec<Value>, JqError> {
        Filter::compile(program).unwrap().run(&json!(null), DEADLINE * 30)
    }

    #[test]
    fn a_text_holds_numbers_that_json_has() {
        for (program, expected) in [
            // Checked with jq 1.6
            ("[nan] | tojson", "[null]"),
            (
                "[infinite, {a: -infinite}] | tojson",
                r#"[1.7976931348623157e+308,{"a":-1.7976931348623157e+308}]"#,
            ),
            ("nan | tostring", "null"),
            (r#""\(nan) \([nan, 1.50])""#, "null [null,1.50]"),
            ("[infinite] | @json", "[1.7976931348623157e+308]"),
            ("[[nan, 1] | @text, tostring, @csv] | join(\";\")", "[null,1];[null,1];,1"),
            ("[1e1000, 1.50] | tojson", "[1e1000,1.50]"),
        ] {
            assert_eq!(run(program), Ok(vec![json!(expected)]), "{program}");
        }
        assert!(run("nan").is_err() && run("[infinite]").is_err());
    }

    #[test]
    fn small_filters_are_those_of_jq() {
        for (program, expected) in [
            ("1709210096.5 | todate", r#""2024-02-29T12:34:56Z""#),
            ("1709210096 | todate", r#""2024-02-29T12:34:56Z""#),
            ("-1.5 | todate", r#""1969-12-31T23:59:59Z""#),
            (r#""abab" | gsub("b"; "x", "y")"#, r#""axax" "ayay""#),
            (r#""abab" | sub("b"; "x", "y")"#, r#""axab" "ayab""#),
            (
                r#""aB" | gsub("(?<a>.)"; "\(.a | ascii_upcase)", "\(.a | ascii_downcase)", "c")"#,
                r#""AB" "ab" "cc""#,
            ),
            (r#""abab" | gsub("b"; empty), gsub("x"; "y"), gsub("a"; "")"#, r#""abab" "abab" "bb""#),
            (r#""a" | gsub("a"; "b"; "", "g")"#, r#""b" "b""#),
            (
                "[1, [2, [3, [4]]]] | flatten, flatten(1), flatten(0)",
                "[1,2,3,4] [1,2,[3,[4]]] [1,[2,[3,[4]]]]",
            ),
            ("[[], [[]], [[1]]] | flatten(1), flatten(9)", "[[],[1]] [1]"),
            ("[] | flatten, flatten(2)", "[] []"),
            ("{a: 1, b: [2, [3]]} | flatten, flatten(1)", "[1,2,3] [1,2,[3]]"),
            (r#""a" * 0"#, "null"),
            ("0 as $n | [try (1 / $n) catch 2, (6 / 2), (0 / 5)]", "[2,3,0]"),
            ("[2024, 1, 29, 12, 1, 36, 4, 59] | todate", r#""2024-02-29T12:01:36Z""#),
            (r#""abc" | [match(("", "b*"); "g") | .offset]"#, "[0,1,2,3,0,1,2,3]"),
        ] {
            let results = run(program).unwrap_or_else(|error| panic!("{program}: {error}"));
            let texts: Vec<String> = results.iter().map(Value::to_string).collect();
            assert_eq!(texts.join(" "), expected, "{program}");
        }
        for program in [
            "0 as $n | 1 / $n > 2",
            "0.0 as $n | 4 | . /= $n > 2",
            "[1] | flatten(-1)",
            "1 | flatten",
            r#""a" | gsub("a"; 1)"#,
        ] {
            assert!(matches!(run(program), Err(JqError::Raised(_))), "{program}");
        }
    }
}
