//! Stdout: data. JSON is written so that no terminal acts on it.

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::model::shown::json_escaped;

/// Stdout, held until it is dropped.
pub(super) type Out = BufWriter<Escaping<StdoutLock<'static>>>;

/// The kind of data for stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// JSON of this program: characters may be escaped.
    Json,
    /// Everything else: byte for byte.
    Verbatim,
}

/// Writes JSON without characters that a terminal acts on.
#[derive(Debug)]
pub(super) struct Escaping<W: Write> {
    out: W,
    data: Data,
    /// The beginning of a character whose end has not arrived yet.
    open: Vec<u8>,
}

/// Opens stdout for this kind of data.
pub(super) fn stdout(data: Data) -> Out {
    BufWriter::new(Escaping { out: io::stdout().lock(), data, open: Vec::new() })
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.data == Data::Verbatim || self.open.is_empty() && bytes.is_ascii() && !bytes.contains(&0x7f) {
            return self.out.write(bytes);
        }
        self.open.extend_from_slice(bytes);
        let whole = match str::from_utf8(&self.open) {
            Ok(text) => text.len(),
            // No text at all is left as it is.
            Err(error) if error.error_len().is_some() => {
                self.out.write_all(&self.open)?;
                self.open.clear();
                return Ok(bytes.len());
            }
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = self.open.drain(..whole).collect();
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        self.out.write_all(json_escaped(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_wherever_it_is_cut_and_other_data_is_left_alone() {
        let json = "{\"a\": \"x\u{9b}y\u{202e}日\"}\n";
        for cut in 0..=json.len() {
            for (data, wanted) in [(Data::Json, "{\"a\": \"x\\u009by\\u202e日\"}\n"), (Data::Verbatim, json)]
            {
                let mut out = Escaping { out: Vec::new(), data, open: Vec::new() };
                out.write_all(&json.as_bytes()[..cut]).unwrap();
                out.write_all(&json.as_bytes()[cut..]).unwrap();
                assert_eq!(String::from_utf8(out.out).unwrap(), wanted, "cut at {cut}");
            }
        }
    }
}
