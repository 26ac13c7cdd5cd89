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
fn of_number(text: &str) -> Num {
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
