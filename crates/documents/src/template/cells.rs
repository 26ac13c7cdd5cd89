//! Columns of tables in templates: which there are, and what is printed of a blank cell.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::meant;
use super::words::{fields_of, has_operator};
use super::{Template, Templates};
use crate::facts::Facts;
use crate::problem::{Problem, Problems};

/// The columns that templates may name, where they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The cells of `row` of the manifest; empty without a manifest.
    pub row: Option<Vec<String>>,
    /// Those of `account`: of the CSV of accounts that the job is run with.
    pub account: Option<Vec<String>>,
}

impl Columns {
    /// The columns that a template names and that are not there, each where it stands first.
    pub(super) fn unknown(&self, source: &str, of_row: bool, of_account: bool) -> Problems {
        let tables = [
            ("row", "the manifest", self.row.as_ref().filter(|_| of_row)),
            ("account", "the CSV of accounts", self.account.as_ref().filter(|_| of_account)),
        ];
        let mut problems = Problems::new();
        for (name, table, known) in tables {
            let Some(known) = known else { continue };
            let mut seen = BTreeSet::new();
            for (column, at) in columns_of(source, name) {
                if !known.contains(&column) && seen.insert(column.clone()) {
                    problems.push(unknown_column(name, table, &column, known).at(at));
                }
            }
        }
        problems
    }
}

fn unknown_column(name: &str, table: &str, column: &str, known: &[String]) -> Problem {
    if known.is_empty() && name == "row" {
        let message = format!("`row.{column}` is a column of a manifest, and the job has none");
        return Problem::new(message).help("name one under `select`: `manifest: imports.csv`");
    }
    let all = format!("its columns are {}", known.join(", "));
    let help = meant(column, known.iter().map(String::as_str), &all);
    Problem::new(format!("{table} has no column `{column}`")).help(help)
}

/// A cell that a template prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// `row` or `account`.
    table: &'static str,
    column: String,
}

/// The columns that a template takes from `row` or `account`, and where they stand; `row.get("x")` names none.
pub(super) fn columns_of(source: &str, name: &str) -> impl Iterator<Item = (String, Range<usize>)> + use<> {
    let methods = ["get", "items", "keys", "values"];
    fields_of(source, name).into_iter().filter(move |(column, _)| !methods.contains(&column.as_str()))
}

/// Every cell that a template uses.
pub(super) fn used_cells(source: &str) -> Vec<Cell> {
    let of = |table| columns_of(source, table).map(move |(column, _)| Cell { table, column });
    ["row", "account"].into_iter().flat_map(of).collect()
}

/// The cells of which a template prints what they hold, without saying what to do where they are blank.
pub(super) fn printed_cells(source: &str) -> Vec<Cell> {
    let mut found = Vec::new();
    for table in ["row", "account"] {
        // By column, in the order in which they stand: whether every place only prints it.
        let mut columns: Vec<(String, bool)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (column, at) in columns_of(source, table) {
            let is_printed = is_printed(source, &at);
            let place = *places.entry(column.clone()).or_insert(columns.len());
            match columns.get_mut(place) {
                Some((_, only_printed)) => *only_printed &= is_printed,
                None => columns.push((column, is_printed)),
            }
        }
        let printed = columns.into_iter().filter(|(_, only_printed)| *only_printed);
        found.extend(printed.map(|(column, _)| Cell { table, column }));
    }
    found
}

/// Whether the value goes into the text as it is: no statement, operator or `default` uses it.
fn is_printed(source: &str, at: &Range<usize>) -> bool {
    let Some(start) = source[..at.start].rfind("{{") else { return false };
    let inside = &source[start + 2..];
    let inside = &inside[..inside.find("}}").unwrap_or(inside.len())];
    start + 2 + inside.len() >= at.end
        && !inside.contains("default")
        && !has_operator(&inside.replace('~', ","))
}

impl Cell {
    fn is_blank(&self, facts: &Facts) -> bool {
        let cells = if self.table == "row" { &facts.row } else { &facts.account };
        cells.get(&self.column).is_some_and(|text| text.trim().is_empty())
    }
}

impl Template {
    /// Whether a cell that it uses, in whatever way, is blank.
    pub(super) fn meets_a_blank_cell(&self, facts: &Facts) -> bool {
        self.used.iter().any(|cell| cell.is_blank(facts))
    }
}

impl Templates {
    /// The cells that a template prints and that are blank, as they are named in it.
    pub fn blank_cells(template: &Template, facts: &Facts) -> Vec<String> {
        let blank = template.cells.iter().filter(|cell| cell.is_blank(facts));
        blank.map(|cell| format!("`{}.{}`", cell.table, cell.column)).collect()
    }
}

/// The note about a text that was made without the cells of these columns.
pub(crate) fn made_without(of: &str, blank: &[String]) -> Option<String> {
    match blank {
        [] => None,
        [one] => Some(format!("{of} was made with a blank cell: {one}")),
        all => Some(format!("{of} was made with blank cells: {}", all.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_cell_is_told_where_it_is_printed_and_nothing_is_said_of_it() {
        let facts = Facts {
            row: [("a".to_owned(), " ".to_owned()), ("b".to_owned(), "x".to_owned())].into(),
            account: [("zone".to_owned(), String::new())].into(),
            ..Facts::default()
        };
        for (source, blank) in [
            ("Zone {{ account.zone }}", vec!["`account.zone`"]),
            ("{{ row.a }} {{ row.b }} {{ row['a'] | upper }}", vec!["`row.a`"]),
            ("{{ 'x' ~ row.a }}", vec!["`row.a`"]),
            ("{{ row.b }}{% if row.b == 'x' %} {{ account.zone }}{% endif %}", vec!["`account.zone`"]),
            ("{% if row.a %} ({{ row.a }}){% endif %}", vec![]),
            ("{{ 'x' if row.a else 'y' }}{{ row.a }}", vec![]),
            ("{{ row.a | default('-') }} {{ name }}", vec![]),
            ("{{ row.nope }}", vec![]),
        ] {
            let template = Templates::default().compile(source).unwrap();
            assert_eq!(Templates::blank_cells(&template, &facts), blank, "{source}");
        }
    }
}
