//! `rename_field` and the CSV of `rename_fields`.

use std::collections::HashMap;

use super::Reader;
use super::steps::{columns_and, text};
use crate::documents::rename::Renamer;
use crate::documents::{FieldRename, RenameScope, ScopedRename, Side, Step};
use crate::job::env::nearest;
use crate::job::problem::{Report, Span};
use crate::job::sheet::Sheet;
use crate::job::tree::Node;

fn side(word: &str) -> Option<Side> {
    match word {
        "source" => Some(Side::Source),
        "target" => Some(Side::Target),
        _ => None,
    }
}

/// Why a path is not that of a field.
fn unreadable(side: Side, path: &str) -> Option<String> {
    let same = FieldRename { side, from: path.to_owned(), to: path.to_owned() };
    Renamer::compile(&[same]).err()
}

impl Reader<'_> {
    pub(super) fn rename_field(&mut self, value: &Node) -> Option<Step> {
        let rename = rename(value)?;
        let mut sound = true;
        for key in ["from", "to"] {
            let node = value.get(key)?;
            if let Some(message) = unreadable(rename.side, node.text()?) {
                self.report.error(node.span, message);
                sound = false;
            }
        }
        sound.then(|| Step::RenameFields { renames: vec![rename.into()] })
    }

    pub(super) fn rename_fields(&mut self, value: &Node) -> Option<Step> {
        value.text().filter(|text| !text.trim().is_empty())?;
        self.sheet(value, renames).map(|renames| Step::RenameFields { renames })
    }
}

/// `rename_field`.
pub(super) fn rename(value: &Node) -> Option<FieldRename> {
    let side = value.get("side").and_then(Node::text).and_then(side);
    Some(FieldRename { side: side?, from: text(value, "from")?, to: text(value, "to")? })
}

/// `side,from,to`, and what narrows a row.
pub(super) fn renames(sheet: &Sheet, report: &mut Report) -> Vec<ScopedRename> {
    let narrowing = ["adaptor_type", "connection", "import"];
    let found = columns_and(sheet, ["side", "from", "to"], narrowing, report);
    let Some(([side_at, from_at, to_at], narrow_at)) = found else { return Vec::new() };
    if sheet.rows.is_empty() {
        report.error(None, "the file renames no field").help("add a row for each field: `source,old,new`");
    }
    let mut seen: HashMap<(Side, &str, RenameScope), (u64, Span)> = HashMap::new();
    let mut places: Vec<(u64, Span)> = Vec::new();
    let mut renames: Vec<ScopedRename> = Vec::new();
    for row in &sheet.rows {
        let cell = |column: usize| &row.cells[column];
        let Some(side) = side(cell(side_at).text.trim()) else {
            let message = format!("a side is `source` or `target`, not `{}`", cell(side_at).text);
            let near = nearest(&cell(side_at).text, ["source", "target"].into_iter());
            report
                .error(cell(side_at).span, message)
                .maybe_help(near.map(|near| format!("did you mean `{near}`?")));
            continue;
        };
        let (from, to) = (cell(from_at).text.trim(), cell(to_at).text.trim());
        if let Some(empty) = [from_at, to_at].into_iter().find(|column| cell(*column).text.trim().is_empty())
        {
            let message = format!("line {} has no `{}`", row.line, sheet.header[empty].text);
            report
                .error(cell(empty).span, message)
                .help("write the path of the field from the root of the record");
            continue;
        }
        let wrong = [from_at, to_at]
            .into_iter()
            .find_map(|at| unreadable(side, cell(at).text.trim()).map(|message| (cell(at).span, message)));
        if let Some((span, message)) = wrong {
            report.error(span, message);
            continue;
        }
        let [adaptor_type, connection, import] = narrow_at.map(|column| {
            let text = cell(column?).text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        });
        let only = RenameScope { adaptor_type, connection, import };
        let key = (side, from, only.clone());
        if let Some((line, first)) = seen.get(&key) {
            let message = format!("`{from}` is renamed in line {line} and again in line {}", row.line);
            report
                .error(cell(from_at).span, message)
                .related(*first, "first here")
                .help("keep one of the two rows");
            continue;
        }
        seen.insert(key, (row.line, cell(from_at).span));
        places.push((row.line, cell(from_at).span));
        let rename = FieldRename { side, from: from.to_owned(), to: to.to_owned() };
        renames.push(ScopedRename { rename, only });
    }
    spelled_twice(&renames, &places, report);
    renames
}

/// One field in two spellings, with two new names: only seen when the rows are compiled together.
fn spelled_twice(renames: &[ScopedRename], places: &[(u64, Span)], report: &mut Report) {
    let mut groups: HashMap<&RenameScope, Vec<usize>> = HashMap::new();
    for (index, rename) in renames.iter().enumerate() {
        groups.entry(&rename.only).or_default().push(index);
    }
    for group in groups.into_values() {
        let upto = |count: usize| -> Vec<FieldRename> {
            group[..count].iter().map(|index| renames[*index].rename.clone()).collect()
        };
        if Renamer::compile(&upto(group.len())).is_ok() {
            continue;
        }
        // The first row with which it fails: all shorter lists are sound, so it can be bisected.
        let (mut sound, mut broken) = (0, group.len());
        while broken - sound > 1 {
            let middle = sound.midpoint(broken);
            if Renamer::compile(&upto(middle)).is_ok() {
                sound = middle;
            } else {
                broken = middle;
            }
        }
        if let Err(message) = Renamer::compile(&upto(broken)) {
            report.error(places[group[broken - 1]].1, message);
        }
    }
}
