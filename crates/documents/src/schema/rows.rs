//! The words that a row of a mapping can hold, by mapping model (section 9 of the API reference).

use serde_json::Value;

use super::fields::Model;

/// A word of a row, and the models that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowWord {
    /// The word, as the service writes it.
    pub word: &'static str,
    /// Mapper 1.0 has it.
    pub one: bool,
    /// Mapper 2.0 has it.
    pub two: bool,
}

impl RowWord {
    /// Whether the model has it.
    pub fn is_of(self, model: Model) -> bool {
        match model {
            Model::One => self.one,
            Model::Two => self.two,
        }
    }
}

const fn both(word: &'static str) -> RowWord {
    RowWord { word, one: true, two: true }
}

const fn one(word: &'static str) -> RowWord {
    RowWord { word, one: true, two: false }
}

const fn two(word: &'static str) -> RowWord {
    RowWord { word, one: false, two: true }
}

/// Values of `dataType`, and of `sourceDataType` in Mapper 2.0.
pub const DATA_TYPES: &[RowWord] = &[
    both("string"),
    both("number"),
    both("boolean"),
    both("stringarray"),
    both("numberarray"),
    one("json"),
    one("date"),
    two("booleanarray"),
    two("object"),
    two("objectarray"),
    two("arrayarray"),
];

/// Values of `conditional.when`.
pub const CONDITIONS: &[RowWord] = &[
    both("record_created"),
    both("record_updated"),
    both("extract_not_empty"),
    one("lookup_not_empty"),
    one("lookup_empty"),
    one("ignore_if_set"),
];

/// Values of `status`.
pub const STATUSES: &[RowWord] = &[two("Active"), two("Draft")];

/// Flags of a row.
pub const FLAGS: &[RowWord] = &[
    one("internalId"),
    one("immutable"),
    one("discardIfEmpty"),
    one("isKey"),
    one("useFirstRow"),
    one("useIterativeRow"),
    one("useAsAnInitializeValue"),
];

/// Whether a mapping of that model maps anything: the editor's empty Draft rows map nothing.
///
/// What is an object where the service wants a list counts: it is not known what the service makes of it, and it is
/// somebody's, so nothing may take its place.
pub fn has_rows(model: Model, mapping: &Value) -> bool {
    let some = |value: &Value| match value {
        Value::Array(rows) => !rows.is_empty(),
        Value::Object(keys) => !keys.is_empty(),
        _ => false,
    };
    match (model, mapping) {
        (Model::One, _) => ["fields", "lists"].iter().any(|key| mapping.get(key).is_some_and(some)),
        (Model::Two, Value::Array(rows)) => !rows.iter().all(is_empty_draft),
        (Model::Two, other) => some(other),
    }
}

/// Whether a mapping maps anything: rows of the editor's, and all with the status Draft, do not.
pub fn is_active(model: Model, mapping: &Value) -> bool {
    let is_draft =
        |row: &Value| is_empty_draft(row) || row.get("status").and_then(Value::as_str) == Some("Draft");
    has_rows(model, mapping)
        && !(model == Model::Two && mapping.as_array().is_some_and(|rows| rows.iter().all(is_draft)))
}

/// Whether an entry of Mapper 2.0 is an empty row of the editor, which maps nothing.
pub fn is_empty_draft(row: &Value) -> bool {
    let says = ["generate", "extract", "hardCodedValue", "lookupName", "mappings", "buildArrayHelper"];
    row.as_object().is_some_and(|keys| !says.iter().any(|key| keys.contains_key(*key)))
}

/// The words of a list that a model has.
pub fn words_of(words: &'static [RowWord], model: Model) -> impl Iterator<Item = &'static str> {
    words.iter().filter(move |word| word.is_of(model)).map(|word| word.word)
}

/// Whether a model has a word of a list.
pub fn has_word(words: &'static [RowWord], model: Model, word: &str) -> bool {
    words_of(words, model).any(|known| known == word)
}
