//! A file as text: base64 between two lines, as strict as its reference, so that one file has one text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::DecryptError;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;

/// The text of a file.
pub fn wrap(file: &[u8]) -> String {
    let text = BASE64.encode(file);
    let (lines, rest) = text.as_bytes().as_chunks::<COLUMNS>();
    let lines = lines.iter().map(<[u8; COLUMNS]>::as_slice);
    let mut armoured = String::from(BEGIN);
    for line in lines.chain((!rest.is_empty()).then_some(rest)) {
        armoured.push('\n');
        armoured.push_str(&String::from_utf8_lossy(line));
    }
    armoured.push('\n');
    armoured.push_str(END);
    armoured.push('\n');
    armoured
}

/// The file of a text. White space may stand before and after it, and lines may end with CR LF.
///
/// # Errors
/// [`DecryptError::Armour`]: a line is too long, too short, missing, or no base64.
pub fn unwrap(text: &str) -> Result<Vec<u8>, DecryptError> {
    let bad = DecryptError::Armour;
    let mut lines = text.trim_ascii().split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.next() != Some(BEGIN) {
        return Err(bad("it does not begin as an armoured file"));
    }
    if lines.next_back() != Some(END) {
        return Err(bad("it does not end as an armoured file"));
    }
    let lines: Vec<&str> = lines.collect();
    let mut encoded = String::with_capacity(text.len());
    for (index, line) in lines.iter().enumerate() {
        let fits = if index + 1 == lines.len() {
            (1..=COLUMNS).contains(&line.len())
        } else {
            line.len() == COLUMNS
        };
        if !fits {
            return Err(bad("a line is too long or too short"));
        }
        encoded.push_str(line);
    }
    BASE64.decode(encoded).map_err(|_| bad("it is no base64"))
}
