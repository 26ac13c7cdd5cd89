//! Splits a JSON array into its elements while its bytes arrive. Pure: no I/O.
//!
//! It keeps only one element at a time, and hands out each byte for byte. The consumer checks whether an element is
//! JSON; brackets, quotes and commas show where it ends.

/// The byte-order mark of UTF-8, which RFC 8259 lets a reader of JSON skip; proxies and files add it.
pub(super) const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Why bytes are not an array of elements within the size limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Something other than an element, a comma or the end was found.
    #[error("the page is not a JSON array: unexpected `{}` after {}", char::from(*byte), entries(*elements))]
    Unexpected {
        /// The unexpected byte.
        byte: u8,
        /// Elements before it.
        elements: usize,
    },
    /// The bytes ended before the array did.
    #[error("the page ends before its array does, after {}", entries(*elements))]
    Truncated {
        /// How many elements were complete.
        elements: usize,
    },
    /// One element is larger than the limit.
    #[error("entry {entry} of the page is larger than {bound} bytes")]
    TooLarge {
        /// Its number, from 1.
        entry: usize,
        /// The largest size of an element, in bytes.
        bound: usize,
    },
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the array, after this many bytes of a byte-order mark.
    Before { mark: usize },
    /// Before an element, or before the end of an empty array if `may_end`.
    Element { may_end: bool },
    /// In an object or array of this depth; in one of its texts, or after a backslash there.
    Nested { depth: usize, text: bool, escaped: bool },
    /// In an element that is a text.
    Text { escaped: bool },
    /// In a number, `true`, `false` or `null`.
    Scalar,
    /// After an element.
    Behind,
    /// After the array.
    After,
}

/// Splits an array.
#[derive(Debug)]
pub(super) struct ArraySplitter {
    state: State,
    element: Vec<u8>,
    elements: usize,
    /// The largest size of an element, in bytes.
    bound: usize,
    /// Consecutive blanks between elements.
    blanks: usize,
}

/// The most consecutive blanks between elements: a body of blanks would never end otherwise.
const MOST_BLANKS: usize = 1 << 20;

impl ArraySplitter {
    /// Splits an array whose elements have at most `bound` bytes.
    pub(super) fn new(bound: usize) -> Self {
        Self { state: State::Before { mark: 0 }, element: Vec::new(), elements: 0, bound, blanks: 0 }
    }

    /// Takes the next bytes, and hands out the elements that end in them. For bytes that begin with an object, `whole`
    /// may return its length and some information about it: then the object is handed out without a copy, with that
    /// information.
    pub(super) fn push<W, E: From<SplitError>>(
        &mut self,
        bytes: &[u8],
        whole: impl Fn(&[u8]) -> Option<(usize, W)>,
        mut take: impl FnMut(&[u8], Option<W>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0;
        while at < bytes.len() {
            if let (State::Element { .. }, b'{') = (self.state, bytes[at])
                && let Some((length, told)) = whole(&bytes[at..])
            {
                self.fits(length)?;
                self.elements += 1;
                self.state = State::Behind;
                self.blanks = 0;
                take(&bytes[at..at + length], Some(told))?;
                at += length;
                continue;
            }
            at = self.step(bytes, at)?;
            if self.state == State::Behind && !self.element.is_empty() {
                self.elements += 1;
                take(&self.element, None)?;
                self.element.clear();
            }
        }
        Ok(())
    }

    /// The part of an incomplete element that has arrived.
    pub(super) fn begun(self) -> Vec<u8> {
        self.element
    }

    /// Checks whether the array is complete.
    pub(super) fn finish(&self) -> Result<(), SplitError> {
        match self.state {
            State::After => Ok(()),
            _ => Err(SplitError::Truncated { elements: self.elements }),
        }
    }

    /// Takes bytes from `at` on, and returns where it stopped.
    fn step(&mut self, bytes: &[u8], at: usize) -> Result<usize, SplitError> {
        let byte = bytes[at];
        let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let unexpected = SplitError::Unexpected { byte, elements: self.elements };
        match self.state {
            State::Before { .. } | State::Element { .. } | State::Behind | State::After if is_blank => {
                self.blanks += 1;
                if self.blanks > MOST_BLANKS {
                    return Err(SplitError::TooLarge { entry: self.elements + 1, bound: MOST_BLANKS });
                }
                return Ok(at + 1);
            }
            State::Before { mark } if MARK.get(mark) == Some(&byte) => {
                self.state = State::Before { mark: mark + 1 };
            }
            State::Before { mark: 0 | 3 } if byte == b'[' => self.state = State::Element { may_end: true },
            State::Element { may_end: true } if byte == b']' => self.state = State::After,
            State::Element { .. } => {
                self.state = match byte {
                    b'{' | b'[' => State::Nested { depth: 1, text: false, escaped: false },
                    b'"' => State::Text { escaped: false },
                    b',' | b']' | b'}' | b':' => return Err(unexpected),
                    _ => State::Scalar,
                };
                self.keep(&bytes[at..=at])?;
            }
            State::Nested { .. } => return self.nested(bytes, at),
            State::Text { escaped } => {
                self.keep(&bytes[at..=at])?;
                self.state = match byte {
                    _ if escaped => State::Text { escaped: false },
                    b'\\' => State::Text { escaped: true },
                    b'"' => State::Behind,
                    _ => State::Text { escaped: false },
                };
            }
            // The byte that ends it is processed again.
            State::Scalar if is_blank || byte == b',' || byte == b']' => {
                self.state = State::Behind;
                return Ok(at);
            }
            State::Scalar => self.keep(&bytes[at..=at])?,
            State::Behind if byte == b',' => self.state = State::Element { may_end: false },
            State::Behind if byte == b']' => self.state = State::After,
            State::Before { .. } | State::Behind | State::After => return Err(unexpected),
        }
        self.blanks = 0;
        Ok(at + 1)
    }

    /// Takes as much of an object or array as has arrived.
    fn nested(&mut self, bytes: &[u8], from: usize) -> Result<usize, SplitError> {
        let State::Nested { mut depth, mut text, mut escaped } = self.state else { return Ok(from) };
        let mut at = from;
        while at < bytes.len() && depth > 0 {
            if text && !escaped {
                // Most bytes of a document are in its texts.
                at += memchr::memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at);
                let Some(byte) = bytes.get(at) else { break };
                (text, escaped) = (*byte != b'"', *byte == b'\\');
            } else {
                match bytes[at] {
                    _ if escaped => escaped = false,
                    b'"' => text = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
            at += 1;
        }
        self.keep(&bytes[from..at])?;
        self.state = if depth == 0 { State::Behind } else { State::Nested { depth, text, escaped } };
        Ok(at)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        self.fits(self.element.len() + bytes.len())?;
        self.element.extend_from_slice(bytes);
        Ok(())
    }

    fn fits(&self, length: usize) -> Result<(), SplitError> {
        if length > self.bound {
            return Err(SplitError::TooLarge { entry: self.elements + 1, bound: self.bound });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::long_page::json_object;

    fn split(text: &[u8], piece: usize) -> Result<Vec<String>, SplitError> {
        let by_brackets = split_with(text, piece, |_| None);
        let whole = split_with(text, piece, |bytes| json_object(bytes).map(|(length, _)| length));
        assert_eq!(by_brackets, whole, "{:?} by {piece}", String::from_utf8_lossy(text));
        whole
    }

    fn split_with(
        text: &[u8],
        piece: usize,
        whole: impl Fn(&[u8]) -> Option<usize> + Copy,
    ) -> Result<Vec<String>, SplitError> {
        let mut splitter = ArraySplitter::new(64);
        let mut found = Vec::new();
        for bytes in text.chunks(piece) {
            let whole = |bytes: &[u8]| whole(bytes).map(|length| (length, ()));
            splitter.push::<_, SplitError>(bytes, whole, |element, _| {
                found.push(String::from_utf8(element.to_vec()).unwrap());
                Ok(())
            })?;
        }
        splitter.finish().map(|()| found)
    }

    #[test]
    fn elements_come_out_byte_for_byte_however_the_bytes_arrive() {
        let table: [(&str, &[&str]); 9] = [
            ("[]", &[]),
            ("\u{feff}[1]", &["1"]),
            (" [ \n ] \r\n", &[]),
            (r#"[{"a":1}]"#, &[r#"{"a":1}"#]),
            (r#" [ {"a": [1, {"b":"]}"}]} ,{ } , [ ] ]"#, &[r#"{"a": [1, {"b":"]}"}]}"#, "{ }", "[ ]"]),
            (r#"[{"q":"\"]\\"},"\"],\\",null]"#, &[r#"{"q":"\"]\\"}"#, r#""\"],\\""#, "null"]),
            ("[1,-2.50e3 ,true]", &["1", "-2.50e3", "true"]),
            (r#"[{"é":"😀]"},{"n":1.10}]"#, &[r#"{"é":"😀]"}"#, r#"{"n":1.10}"#]),
            (r#"[{"half":"\ud83d"}]"#, &[r#"{"half":"\ud83d"}"#]),
        ];
        for (text, expected) in table {
            for piece in 1..=text.len() {
                assert_eq!(split(text.as_bytes(), piece).unwrap(), expected, "{text} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_array_is_told_with_the_number_of_entries_before_it() {
        let table = [
            ("", "the page ends before its array does, after 0 entries"),
            ("[", "the page ends before its array does, after 0 entries"),
            (r#"[{"a":1},{"b""#, "the page ends before its array does, after 1 entry"),
            (r#"[{"a":1},"#, "the page ends before its array does, after 1 entry"),
            (r#"[{"a":1}"#, "the page ends before its array does, after 1 entry"),
            (r#"{"a":[]}"#, "the page is not a JSON array: unexpected `{` after 0 entries"),
            (r#"[{"a":1},]"#, "the page is not a JSON array: unexpected `]` after 1 entry"),
            (r#"[{"a":1} {"b":2}]"#, "the page is not a JSON array: unexpected `{` after 1 entry"),
            ("[1]]", "the page is not a JSON array: unexpected `]` after 1 entry"),
            ("\u{feff}\u{feff}[1]", "the page is not a JSON array: unexpected `ï` after 0 entries"),
            ("[,1]", "the page is not a JSON array: unexpected `,` after 0 entries"),
        ];
        for (text, expected) in table {
            for piece in 1..=text.len().max(1) {
                assert_eq!(split(text.as_bytes(), piece).unwrap_err().to_string(), expected, "{text}");
            }
        }
        let long = format!("[1,\"{}\"]", "x".repeat(100));
        let error = split(long.as_bytes(), 7).unwrap_err();
        assert_eq!(error, SplitError::TooLarge { entry: 2, bound: 64 });
        let endless = format!("[1, {}", " ".repeat(MOST_BLANKS));
        let error = split(endless.as_bytes(), 1 << 16).unwrap_err();
        assert_eq!(error, SplitError::TooLarge { entry: 2, bound: MOST_BLANKS });
    }
}
