//! Keys of the job file that are read and that no part of this version acts on yet.
//!
//! A job that holds one is refused: accepting a key and ignoring it would mislead the user. Whoever makes a part act on a
//! key removes its line here; nothing else has to change but `jobs/job.schema.json`, which leaves these keys out.

/// The name of the table (or of the key whose words they are) and the key or word, with who will act on it.
pub(super) const NOT_YET: &[(&str, &str)] = &[];

/// Whether the key of that table, or the word of that key, is read and not acted on.
pub(super) fn is_not_yet(table: &str, key: &str) -> bool {
    NOT_YET.contains(&(table, key))
}
