//! The CSV that names the imports of a job, one a row.

use std::collections::BTreeMap;

use crate::model::shown::{true_text, undone};

/// The columns of the CSV of `list` that hold names, which it writes so that no spreadsheet runs them.
const NAMES: [&str; 3] = ["name", "connection_name", "integration_name"];

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
    /// Every column as written; [`Self::columns_of`] is `row.*` in templates.
    pub columns: BTreeMap<String, String>,
}

impl Row {
    /// The columns for an import of this name: `row.*` in templates. A name that `list` wrote for spreadsheets is the name
    /// itself again; columns of the user's own are as they were written.
    pub fn columns_of(&self, name: &str) -> BTreeMap<String, String> {
        let mut columns = self.columns.clone();
        for column in NAMES {
            let Some(cell) = columns.get_mut(column) else { continue };
            let text = if column == "name" { true_text(cell, name) } else { undone(cell) };
            if text != cell {
                *cell = text.to_owned();
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_list_wrote_for_spreadsheets_are_the_names_again() {
        let columns = |name: &str| {
            let cells = [("name", name), ("connection_name", "'+1"), ("offset", "'-5")];
            cells.map(|(column, cell)| (column.to_owned(), cell.to_owned())).into()
        };
        let of = |cell: &str, name: &str| {
            Row { line: 2, id: None, name: None, columns: columns(cell) }.columns_of(name)
        };
        let found = of("'@Acme", "@Acme");
        assert_eq!((&*found["name"], &*found["connection_name"], &*found["offset"]), ("@Acme", "+1", "'-5"));
        for (cell, name, expected) in [
            ("two␊lines", "two\nlines", "two\nlines"),
            ("'@Acme", "'@Acme", "'@Acme"),
            ("'@Acme 2", "@Acme", "@Acme 2"),
            ("Acme", "@Acme", "Acme"),
        ] {
            assert_eq!(of(cell, name)["name"], expected, "{cell}");
        }
    }
}
