//! A mistake, and how to continue reading the file after it.

use std::ops::Range;

use crate::job::problem::Span;

/// A slip: what is wrong, and what to write instead.
#[derive(Debug)]
pub(in crate::job) struct Slip {
    pub(in crate::job) span: Span,
    pub(in crate::job) message: String,
    pub(in crate::job) help: Option<String>,
    /// How to read on.
    pub(in crate::job) repair: Option<Repair>,
}

/// How to read on behind a slip; positions stay true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::job) struct Repair {
    /// What is replaced.
    pub(in crate::job) range: Range<usize>,
    /// What stands there instead, as long as before.
    pub(in crate::job) filler: String,
    /// The value in it that nobody looks at.
    pub(in crate::job) masked: Option<Range<usize>>,
}

impl Slip {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        let span = Span::new(range.start, range.end);
        Self { span, message: message.into(), help: Some(help.into()), repair: None }
    }

    /// The bytes are read as one value that nobody looks at.
    pub(super) fn value(mut self, range: Range<usize>) -> Self {
        let filler = "_".repeat(range.len());
        self.repair = Some(Repair { masked: Some(range.clone()), range, filler });
        self
    }

    /// The bytes are read as blanks.
    pub(super) fn blanks(mut self, range: Range<usize>) -> Self {
        self.repair = Some(Repair { filler: " ".repeat(range.len()), range, masked: None });
        self
    }

    /// The bytes are read as a key and a value that nobody looks at, where there is room for them.
    pub(super) fn entry(mut self, range: Range<usize>, key: &str) -> Self {
        let colon = range.start + key.len();
        let value = range.end.saturating_sub(colon + 2);
        if colon + 2 <= range.end {
            let filler = format!("{key}: {}", "_".repeat(value));
            self.repair = Some(Repair { masked: Some(colon..range.end), range, filler });
        }
        self
    }
}
