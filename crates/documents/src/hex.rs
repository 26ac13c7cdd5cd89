//! Hexadecimal digits: how ids and hashes are written.

/// Marks a character that is not a digit.
const NONE: u8 = 0xFF;

/// What each byte stands for as a digit, capital or small.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        let digit = DIGITS[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The `N` bytes that `2 N` digits stand for, capital or small; `None` for any other text.
pub fn read<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let (mut bytes, mut all) = ([0; N], 0);
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        all |= high | low;
        *byte = high << 4 | low & 15;
    }
    (all != NONE).then_some(bytes)
}

/// The two small digits of a byte.
pub fn write(byte: u8) -> [u8; 2] {
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is_read() {
        for byte in 0..=255 {
            assert_eq!(read(&write(byte)), Some([byte]));
            assert_eq!(read(&write(byte).map(|digit| digit.to_ascii_uppercase())), Some([byte]));
        }
        let all: Vec<[u8; 2]> = (0..=255).map(write).collect();
        for (high, low) in (0..=255).flat_map(|high| (0..=255).map(move |low| (high, low))) {
            let is_written = all.contains(&[high, low].map(|byte: u8| byte.to_ascii_lowercase()));
            assert_eq!(read::<1>(&[high, low]).is_some(), is_written, "{high} {low}");
        }
        assert_eq!([read::<1>(b""), read(b"0"), read(b"000")], [None; 3]);
    }
}
