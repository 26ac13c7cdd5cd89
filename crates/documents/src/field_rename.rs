//! A rename of a field as data, and the record that the field belongs to.

/// The record that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The record that comes in (`extract`).
    Source,
    /// The record that goes out (`generate`).
    Target,
    /// What the target answers (`responseTransform`, and the paths of `http.response`).
    Response,
}

impl Side {
    /// All three records that an import deals with.
    pub const ALL: &'static [Self] = &[Self::Source, Self::Target, Self::Response];

    /// The word of a job file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Response => "response",
        }
    }
}

/// One field and its new name, as paths from the root of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRename {
    /// The record that the field belongs to.
    pub side: Side,
    /// The path of the field before the rename.
    pub from: String,
    /// The path of the field after the rename.
    pub to: String,
}
