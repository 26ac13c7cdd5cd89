//! The output of `list`: the imports that a job's `select` selects, one a line. Its CSV is the start of a manifest.

use std::io::{self, Write};

use serde::Serialize;

use super::audit::Sheet;
use super::columns::{Column, Columns};
use super::text::{Paint, Tone, clean, count};

/// The columns of the CSV; a manifest is read by `id` or `name`.
pub const COLUMNS: [&str; 7] =
    ["id", "name", "adaptor_type", "connection", "connection_name", "integration_name", "last_modified"];

/// Its table: the id, the name, the adaptor, the connection, the day it was modified.
const TABLE: [Column; 5] =
    [Column::Fixed(24), Column::Rest, Column::Spare(17), Column::Fixed(22), Column::Spare(10)];

/// One import as `list` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InventoryRow {
    /// The import's `_id`.
    pub id: String,
    /// The import's `name`.
    pub name: String,
    /// The import's `adaptorType`, if it has one.
    pub adaptor_type: Option<String>,
    /// The id of its connection, if it has one.
    pub connection: Option<String>,
    /// The name of its connection, if it is known.
    pub connection_name: Option<String>,
    /// The names of its integrations, as far as they are known: its own, or those of the flows, APIs and tools that use it.
    pub integration_name: Option<String>,
    /// `lastModified` as the service sent it; absent if the import has none.
    pub last_modified: Option<String>,
}

/// How the imports are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InventoryFormat {
    /// For people, in the width of a terminal; columns without room are left out.
    Table {
        /// How many columns the terminal has.
        width: usize,
        /// Whether to write colours, as escape sequences.
        color: bool,
    },
    /// RFC 4180; see [`COLUMNS`].
    Csv,
    /// An array with one import a line.
    Json,
}

/// Writes the imports as they arrive.
#[derive(Debug)]
pub struct Inventory<W: Write>(Form<W>, u64);

#[derive(Debug)]
enum Form<W: Write> {
    Table { out: W, paint: Paint, columns: Columns },
    Csv(Box<Sheet<W>>),
    Json(W),
}

impl<W: Write> Inventory<W> {
    /// Writes the head.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn begin(mut out: W, format: InventoryFormat) -> io::Result<Self> {
        let form = match format {
            InventoryFormat::Table { width, color } => {
                let (paint, columns) = (Paint { color }, Columns::new(&TABLE, width));
                let heads = columns.line(&["id", "name", "adaptor", "connection", "modified"]);
                writeln!(out, "{}", paint.tone(Tone::Strong, heads))?;
                Form::Table { out, paint, columns }
            }
            InventoryFormat::Csv => Form::Csv(Box::new(Sheet::new(out, &COLUMNS)?)),
            InventoryFormat::Json => {
                out.write_all(b"[")?;
                Form::Json(out)
            }
        };
        Ok(Self(form, 0))
    }

    /// Writes an import.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn row(&mut self, row: &InventoryRow) -> io::Result<()> {
        fn some(text: Option<&String>) -> &str {
            text.map_or("", String::as_str)
        }
        self.1 += 1;
        match &mut self.0 {
            Form::Table { out, columns, .. } => {
                let connection = row.connection_name.as_ref().or(row.connection.as_ref());
                let modified: String = some(row.last_modified.as_ref()).chars().take(10).collect();
                let kind = some(row.adaptor_type.as_ref());
                let cells = [&row.id, &row.name, kind, some(connection), &modified].map(clean);
                writeln!(out, "{}", columns.line(&cells.each_ref().map(String::as_str)))
            }
            Form::Csv(sheet) => {
                let rest = [
                    &row.adaptor_type,
                    &row.connection,
                    &row.connection_name,
                    &row.integration_name,
                    &row.last_modified,
                ];
                let rest = rest.into_iter().map(|cell| some(cell.as_ref()));
                sheet.row([row.id.as_str(), &row.name].into_iter().chain(rest))
            }
            Form::Json(out) => {
                out.write_all(if self.1 == 1 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(out, row).map_err(io::Error::from)
            }
        }
    }

    /// Writes the end.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Form::Table { mut out, paint, .. } => {
                writeln!(out, "{}", paint.tone(Tone::Dim, count(self.1, "import", "imports")))?;
                out.flush()
            }
            Form::Csv(sheet) => sheet.finish(),
            Form::Json(mut out) => {
                out.write_all(b"\n]\n")?;
                out.flush()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: InventoryFormat) -> String {
        let mut out = Vec::new();
        let mut inventory = Inventory::begin(&mut out, format).unwrap();
        let row = InventoryRow {
            id: "5f7c579b6411271af4e7cefa".into(),
            name: "Aufträge 日本, \"neu\"".into(),
            adaptor_type: Some("HTTPImport".into()),
            connection: Some("5f7c579b6411271af4e7c001".into()),
            connection_name: Some("NetSuite Prod".into()),
            last_modified: Some("2026-01-02T03:04:05.678Z".into()),
            ..InventoryRow::default()
        };
        inventory.row(&row).unwrap();
        inventory
            .row(&InventoryRow { id: "2".into(), name: "=x\x1b[2J".into(), ..InventoryRow::default() })
            .unwrap();
        inventory.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_for_people() {
        insta::assert_snapshot!(shown(InventoryFormat::Table { width: 100, color: false }), @r#"
        id                        name                 adaptor            connection              modified
        5f7c579b6411271af4e7cefa  Aufträge 日本, "ne…  HTTPImport         NetSuite Prod           2026-01-02
        2                         =x␛[2J
        2 imports
        "#);
    }

    #[test]
    fn a_csv_that_begins_with_what_a_manifest_needs() {
        let text = shown(InventoryFormat::Csv);
        insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
        id,name,adaptor_type,connection,connection_name,integration_name,last_modified
        5f7c579b6411271af4e7cefa,"Aufträge 日本, ""neu""",HTTPImport,5f7c579b6411271af4e7c001,NetSuite Prod,,2026-01-02T03:04:05.678Z
        2,'=x␛[2J,,,,,
        "#);
    }

    #[test]
    fn json_that_reads_back() {
        let rows: serde_json::Value = serde_json::from_str(&shown(InventoryFormat::Json)).unwrap();
        assert_eq!(rows[0]["connection_name"], "NetSuite Prod");
        assert_eq!(rows.as_array().unwrap().len(), 2);
        let empty = Inventory::begin(Vec::new(), InventoryFormat::Json).unwrap();
        empty.finish().unwrap();
    }
}
