//! A document's text for git: keys sorted, one value a line, every number and text spelled as it was.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The text sorted and indented. What is not JSON is given back as it is.
pub(super) fn sorted(text: &[u8]) -> Vec<u8> {
    let written = serde_json::from_slice::<&RawValue>(text).and_then(|value| {
        let mut out = Vec::with_capacity(text.len() * 2);
        write(value, 0, &mut out)?;
        Ok(out)
    });
    match written {
        Ok(mut out) => {
            out.push(b'\n');
            out
        }
        Err(_) => text.to_vec(),
    }
}

fn write(value: &RawValue, depth: usize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text)?;
            between(
                out,
                (b'{', b'}'),
                depth,
                members.len(),
                |out, members: &mut _| {
                    let Some((key, value)) = Iterator::next(members) else { return Ok(()) };
                    serde_json::to_writer(&mut *out, &key)?;
                    out.extend_from_slice(b": ");
                    write(value, depth + 1, out)
                },
                members.into_iter(),
            )
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(text)?;
            between(
                out,
                (b'[', b']'),
                depth,
                values.len(),
                |out, values: &mut _| {
                    let Some(value) = Iterator::next(values) else { return Ok(()) };
                    write(value, depth + 1, out)
                },
                values.into_iter(),
            )
        }
        _ => {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
}

fn between<I>(
    out: &mut Vec<u8>,
    (open, close): (u8, u8),
    depth: usize,
    count: usize,
    mut each: impl FnMut(&mut Vec<u8>, &mut I) -> Result<(), serde_json::Error>,
    mut items: I,
) -> Result<(), serde_json::Error> {
    out.push(open);
    for number in 0..count {
        line(out, depth + 1, number > 0);
        each(out, &mut items)?;
    }
    if count > 0 {
        line(out, depth, false);
    }
    out.push(close);
    Ok(())
}

fn line(out: &mut Vec<u8>, depth: usize, comma: bool) {
    if comma {
        out.push(b',');
    }
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        assert_eq!(String::from_utf8(sorted(text.as_bytes())).unwrap(), wanted);
    }

    #[test]
    fn keys_are_sorted_and_values_are_spelled_as_they_were() {
        check(
            r#"{"b":[1.0,{"z":"\u00e9","a":{}}],"a":123456789012345678901234567890,"c":[]}"#,
            "{\n  \"a\": 123456789012345678901234567890,\n  \"b\": [\n    1.0,\n    {\n      \"a\": {},\n      \"z\": \
             \"\\u00e9\"\n    }\n  ],\n  \"c\": []\n}\n",
        );
        check("3", "3\n");
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        check("function () {}", "function () {}");
        check("", "");
        check(&"[".repeat(5000), &"[".repeat(5000));
    }

    #[test]
    fn sorting_what_is_sorted_changes_nothing() {
        let once = sorted(br#"{"q\"":[[],[1,[2]]],"a":{"c":null,"b":true}}"#);
        assert_eq!(sorted(&once), once);
    }
}
