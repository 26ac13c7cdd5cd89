//! The CSV that names the imports of a job, one a row.

use std::collections::BTreeMap;

/// A manifest: which imports, and what else is known of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The rows in the order of the file.
    pub rows: Vec<Row>,
}

/// One row of a manifest: an import by id, by name or by both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line in the file, from 1.
    pub line: u64,
    /// The column `id`, if given and not empty.
    pub id: Option<String>,
    /// The column `name`, if given and not empty.
    pub name: Option<String>,
    /// Every column, for `row.*` in templates.
    pub columns: BTreeMap<String, String>,
}
