//! The formats of jq that jaq lacks, or reads more narrowly: `@csv`, `@tsv`, `@base32`, `@base32d`, and `@base64d` without padding.

use jaq_core::box_iter::box_once;
use jaq_core::native;
use jaq_core::{DataT, Native, ValXs};
use jaq_json::{Error, Val};

/// The names of our natives; no program can spell them.
const ENCODE: &str = "encode_base32";
const DECODE: &str = "decode_base32";

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What stands for the definitions of jaq, by name.
pub(super) const REDEFINED: [(&str, usize, &str); 1] = [(
    "@base64d",
    0,
    r#"def @base64d: tostring | sub("=+$"; "") | . + "=" * ((4 - length % 4) % 4) | decode_base64;"#,
)];

/// What jaq lacks.
pub(super) const ADDED: [&str; 4] = [
    r#"def @csv: [(if isarray then .[] else error("@csv writes a list, and this is none") end)
        | if isstring then "\"" + gsub("\""; "\"\"") + "\"" elif tojson == "null" then "" elif . < [] then tostring
          else error("@csv writes texts, numbers, flags and null, and this list holds another value") end] | join(",");"#,
    r#"def @tsv: [(if isarray then .[] else error("@tsv writes a list, and this is none") end)
        | if isstring then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")
          elif tojson == "null" then "" elif . < [] then tostring
          else error("@tsv writes texts, numbers, flags and null, and this list holds another value") end] | join("\t");"#,
    "def @base32: tostring | encode_base32;",
    "def @base32d: tostring | decode_base32;",
];

/// The native filters.
pub(super) fn natives<D>() -> [native::Fun<D>; 2]
where
    D: for<'a> DataT<V<'a> = Val>,
{
    let encode = Native::<D>::new(|(_, value)| changed(&value, |text| Some(encoded(text))));
    let decode = Native::<D>::new(|(_, value)| changed(&value, decoded));
    [(ENCODE, Box::default(), encode), (DECODE, Box::default(), decode)]
}

fn changed<'a>(value: &Val, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> ValXs<'a, Val> {
    let changed = if let Val::TStr(text) = value { change(text) } else { None };
    let changed = changed.ok_or_else(|| Error::str("cannot parse a text as base32"));
    box_once(changed.map(Val::utf8_str).map_err(Into::into))
}

fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(5) * 8);
    for five in bytes.chunks(5) {
        let bits = (0..5).fold(0, |bits, at| bits << 8 | five.get(at).map_or(0, |byte| u64::from(*byte)));
        let letters = (five.len() * 8).div_ceil(5);
        let letter = |at: usize| usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
        out.extend((0..letters).map(|at| LETTERS[letter(at)]));
        out.extend(std::iter::repeat_n(b'=', 8 - letters));
    }
    out
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let length = text.iter().rposition(|letter| *letter != b'=').map_or(0, |last| last + 1);
    let (mut out, mut bits, mut count) = (Vec::with_capacity(length * 5 / 8), 0_u32, 0);
    for letter in &text[..length] {
        let value = LETTERS.iter().position(|known| known == letter)?;
        bits = (bits << 5 | u32::try_from(value).ok()?) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::jq::{DEADLINE, Filter};

    #[test]
    fn formats_write_and_read_as_those_of_jq() {
        for (program, expected) in [
            (r#"[1, "a\"b", null, true, 1.5] | @csv"#, r#"1,"a""b",,true,1.5"#),
            (r#"["a\tb\\c\nd\re", 1, null] | @tsv"#, r"a\tb\\c\nd\re	1	"),
            (r#""x" | @csv "row \([., 2])""#, r#"row "x",2"#),
            (r#""hello", "é!" | @base32"#, "NBSWY3DP"),
            (r#""This is a message" | @base32"#, "KRUGS4ZANFZSAYJANVSXG43BM5SQ===="),
            (r#""KRUGS4ZANFZSAYJANVSXG43BM5SQ====" | @base32d"#, "This is a message"),
            (r#""aé\u0000z" | @base32 | @base32d"#, "aé\0z"),
            (r#""aGk", "aGk=", "aGVsbG8" | @base64d"#, "hi"),
            (r#""aGVsbG8" | @base64d"#, "hello"),
            (r#""\ud83d\ude00!", "x""#, "😀!"),
            (r#""\\ud83d\\ude00""#, r"\ud83d\ude00"),
        ] {
            let found = Filter::compile(program).unwrap().run(&json!(null), DEADLINE * 30).unwrap();
            assert_eq!(found[0], Value::from(expected), "{program}");
        }
        for program in
            [r#""x" | @csv"#, "[[1]] | @csv", "[{}] | @tsv", r#""a1" | @base32d"#, r#""a" | @base64d"#]
        {
            let found = Filter::compile(program).unwrap().run(&json!(null), DEADLINE * 30);
            assert!(found.is_err(), "{program}: {found:?}");
        }
    }
}
