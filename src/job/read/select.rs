//! `select`, and the keys it shares with `exclude` and `when`; the manifest.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Reader;
use crate::documents::{Problem, Selector, SelectorSpec};
use crate::job::cells::Csv;
use crate::job::cut::error_in;
use crate::job::env::nearest;
use crate::job::manifest::{Manifest, Row};
use crate::job::problem::{Report, Span};
use crate::job::remedy::shorten;
use crate::job::spreadsheet::{mangled, no_value};
use crate::job::tree::Node;
use crate::job::{Narrowing, Selection, forms};
use crate::model::Id;

/// The keys of `select`, `exclude` and `when` as data.
pub(super) fn spec(node: &Node) -> SelectorSpec {
    let texts = |key: &str| {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::written).collect::<Vec<_>>()
    };
    let ids_or_names =
        |key: &str| texts(key).into_iter().map(|text| Id::canonical(text).into_owned()).collect::<Vec<_>>();
    let names = |key: &str| texts(key).into_iter().map(str::to_owned).collect::<Vec<_>>();
    SelectorSpec {
        ids: ids_or_names("ids"),
        names: names("names"),
        adaptor_types: names("adaptor_types"),
        connections: ids_or_names("connections"),
        flows: ids_or_names("flows"),
        integrations: ids_or_names("integrations"),
        modified_since: node.get("modified_since").and_then(Node::text).and_then(forms::moment),
        // An empty one has been reported for its shape.
        filter: node
            .get("where")
            .and_then(Node::text)
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned),
        exclude: node.get("exclude").map(|exclude| Box::new(spec(exclude))),
    }
}

impl Reader<'_> {
    /// `select`; without it, all imports.
    pub(super) fn select(&mut self, node: Option<&Node>) -> Option<Selection> {
        let nothing = Selector::compile(SelectorSpec::default());
        let Some(node) = node else {
            return nothing.ok().map(|selector| Selection {
                selector,
                manifest: None,
                integration_apps: false,
                narrowed: Narrowing::default(),
            });
        };
        let selector = match Selector::compile(spec(node)) {
            Ok(selector) => Some(selector),
            Err(problems) => {
                self.selector_problems(node, problems);
                None
            }
        };
        let manifest = match node.get("manifest") {
            Some(file) => Some(self.manifest(file)?),
            None => None,
        };
        let integration_apps = node.get("integration_apps").and_then(Node::flag).unwrap_or_default();
        Some(Selection { selector: selector?, manifest, integration_apps, narrowed: Narrowing::default() })
    }

    pub(super) fn selector_problems(&mut self, node: &Node, problems: Vec<Problem>) {
        for problem in problems {
            let at = node.follow(&problem.path);
            let span = problem.range.as_ref().map_or(at.span, |range| at.part(range));
            error_in(at, span, problem.message, problem.help, &mut self.report);
        }
    }

    fn manifest(&mut self, node: &Node) -> Option<Manifest> {
        if node.text().is_none_or(|text| text.trim().is_empty()) {
            return None;
        }
        self.csv(node, manifest)
    }
}

/// The rows of a manifest.
fn manifest(csv: &Csv, report: &mut Report) -> Manifest {
    let (id, name) = (csv.column("id"), csv.column("name"));
    if let (None, None, Some(first)) = (id, name, csv.header.first()) {
        let whole = Span::new(first.span.start, csv.header.last().unwrap_or(first).span.end);
        let near = csv.header.iter().find(|cell| {
            ["id", "name"].iter().any(|word| cell.text.eq_ignore_ascii_case(word))
                || nearest(&cell.text, ["_id", "import_id", "import_name"].into_iter()).is_some()
        });
        let help = match near {
            _ if let Some(help) = csv.other_separator() => help.to_owned(),
            Some(cell) => format!("rename the column `{}` to `id` or `name`", cell.text),
            None => "the first line names the columns, e.g. `id,name`".to_owned(),
        };
        report.error(whole, "the manifest has no column `id` or `name`").help(help);
        return Manifest::default();
    }
    // Beside the other of the two it would be read as a column of the user's own, and prove nothing.
    for (word, column) in [("id", id), ("name", name)] {
        let other = csv.header.iter().find(|cell| cell.text.trim().eq_ignore_ascii_case(word));
        if let (None, Some(cell)) = (column, other) {
            let help = format!(
                "call it `{word}`; if it holds something else, give it another name, e.g. `new_{word}`"
            );
            report.error(cell.span, format!("the column `{}` is not `{word}`", cell.text)).help(help);
        }
    }
    // Excluded rows were reported.
    if csv.rows.is_empty() && !csv.header.is_empty() && csv.is_whole {
        report.error(None, "the manifest names no import").help("add a row for each import");
    }
    for (column, cell) in csv.rows.iter().flat_map(|row| row.cells.iter().enumerate()) {
        if Some(column) != id
            && Some(column) != name
            && let Some((message, help)) = no_value(&cell.text)
        {
            report.warning(cell.span, message).help(help);
        }
    }
    let mut seen: HashMap<(bool, Cow<'_, str>), (u64, Span)> = HashMap::new();
    let mut rows = Vec::with_capacity(csv.rows.len());
    for row in &csv.rows {
        let cell = |column: Option<usize>| {
            column.map(|column| &row.cells[column]).filter(|cell| !cell.text.trim().is_empty())
        };
        let Some(key) = cell(id).or(cell(name)) else {
            let message = format!("line {} names no import", row.line);
            report.error(row.cells[0].span, message).help("fill in the `id` or the `name`");
            continue;
        };
        let by_id = cell(id).is_some();
        if by_id && let Some((message, help)) = mangled(&key.text) {
            report.error(key.span, format!("line {}: {message}", row.line)).help(help);
            continue;
        }
        let canonical = Id::canonical(key.text.trim());
        if by_id && !Id::looks_like(&canonical) {
            let message =
                format!("line {}: `{}` does not look like an id", row.line, shorten(key.text.trim()));
            report.warning(key.span, message).help("ids seen so far are 24 digits of 0-9 and a-f");
        }
        let word = if by_id { canonical } else { Cow::Borrowed(key.text.as_str()) };
        if let Some((line, first)) = seen.get(&(by_id, word.clone())) {
            let what = if by_id { "id" } else { "name" };
            let message = format!("the {what} `{word}` is in line {line} and again in line {}", row.line);
            report.error(key.span, message).related(*first, "first here").help("keep one of the two rows");
            continue;
        }
        seen.insert((by_id, word), (row.line, key.span));
        let names = csv.header.iter().map(|cell| cell.text.clone());
        rows.push(Row {
            line: row.line,
            id: cell(id).map(|cell| Id::canonical(cell.text.trim()).into_owned()),
            name: cell(name).map(|cell| cell.text.clone()),
            columns: names.zip(row.cells.iter().map(|cell| cell.text.clone())).collect(),
        });
    }
    Manifest { rows }
}

#[cfg(test)]
mod tests {
    use crate::job::Env;
    use crate::model::time::Clock;

    #[test]
    fn a_column_that_is_id_or_name_in_other_letters_proves_nothing_and_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (header, told) in [
            ("id,Name", Some("the column `Name` is not `name`")),
            ("id,NAME", Some("the column `NAME` is not `name`")),
            ("id,name ", None),
            ("ID,name", Some("the column `ID` is not `id`")),
            ("id,name", None),
            ("id,new_name", None),
        ] {
            std::fs::write(folder.path().join("rows.csv"), format!("{header}\n100000000000000000000001,a\n"))
                .unwrap();
            let text = "version: 1\nname: t\naction: delete\naccounts: { us: { emulator: us } }\nsource: us\nselect: { manifest: rows.csv }\n";
            let env = Env { folder: folder.path().to_owned(), ..Env::default() };
            let read = crate::job::parse("job.yaml", text.as_bytes(), folder.path(), &env, &Clock::system());
            let said = read.err().map(|problems| problems.to_string());
            assert_eq!(said.is_some(), told.is_some(), "{header}: {said:?}");
            assert!(said.unwrap_or_default().contains(told.unwrap_or_default()), "{header}");
        }
    }
}
