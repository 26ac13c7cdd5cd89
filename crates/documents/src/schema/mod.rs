//! The structure of an import document: one table of all places in it, and the adaptor types.
//!
//! Renames, references, normalisation, comparison, hints and lookup edits are visitors over it. Adding a place is adding
//! a row; nothing outside this folder lists places of a document.
//!
//! | module | holds |
//! |---|---|
//! | `fields` | every field: where it stands, what it holds, the section of the API reference |
//! | `adaptors` | adaptor types: blocks, mapping models, lookups, listing |
//! | `resources` | the kinds of resources an import refers to |
//! | `rows` | the words a row of a mapping can hold, by mapping model |
//! | `keys` | what the table says of a key, by one look |
//! | `walk` | finding the fields in a document |
//! | `defaults` | which values mean the same as no value |

mod adaptors;
mod defaults;
mod fields;
mod keys;
mod resources;
mod rows;
#[cfg(test)]
mod tests;
mod walk;

pub use self::adaptors::{
    ADAPTORS, Adaptor, LISTED_APART, Mapper, Writes, adaptor_named, adaptor_of, adaptor_with_block,
    lookup_blocks,
};
pub use self::defaults::{
    Area, Shape, flag_in_text, is_captured, is_lower_cased, is_never_a_default, is_of_people, is_server_field,
};
pub use self::fields::{FIELDS, Field, Holds, LOOKUP, Model, RESOURCE_ID, Record, SEARCH, Syntax};
pub use self::resources::Kind;
pub use self::rows::{
    CONDITIONS, DATA_TYPES, FLAGS, RowWord, STATUSES, has_rows, has_word, is_active, is_empty_draft, words_of,
};
pub use self::walk::{
    below_block, holds_anywhere, is_closed, is_dead, reference_kind, references, rows_of, visit_mut, walk,
    walk_those,
};
