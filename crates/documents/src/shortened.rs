//! The beginning of a text, for a message.

/// The first characters of a text, up to this number, with `…` if it is longer.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
