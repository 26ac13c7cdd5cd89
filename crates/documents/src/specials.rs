//! Where a text that is being read or written stops being plain: quotes, backslashes and control characters.
//!
//! Eight bytes are looked at at a time: most texts of a document are short, and to begin a search of more at a time costs more
//! than it saves.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHEST: u64 = ONES << 7;

/// How many bytes come before the first quote, backslash or control character; `None` if there is none.
#[inline]
pub(crate) fn before_special(bytes: &[u8]) -> Option<usize> {
    let (mut rest, mut before) = (bytes, 0);
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let found = specials(u64::from_le_bytes(*chunk));
        if found != 0 {
            return Some(before + found.trailing_zeros() as usize / 8);
        }
        before += 8;
        rest = behind;
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    Some(before + at)
}

/// The highest bit of each byte that is one of them.
#[inline]
fn specials(word: u64) -> u64 {
    // What is added to the lower seven bits of a byte fills its highest one, unless they are those sought.
    let low = word & !HIGHEST;
    let differs = |sought: u8| (low ^ (ONES * u64::from(sought))) + !HIGHEST;
    let is_other = differs(b'"') & differs(b'\\') & (low + ONES * 0x60);
    !(is_other | word) & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_them_is_found_wherever_it_stands() {
        for length in 0..70 {
            let plain = "é~\u{7f}\u{80} !#[]^".repeat(7).into_bytes()[..length].to_vec();
            assert_eq!(before_special(&plain), None);
            for at in 0..length {
                for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
                    let mut text = plain.clone();
                    text[at] = special;
                    text[length - 1] = b'"';
                    assert_eq!(before_special(&text), Some(at));
                }
            }
        }
    }
}
