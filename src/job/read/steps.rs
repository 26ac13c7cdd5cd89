//! `transform`: the steps.

use super::Reader;
use super::select::spec;
use crate::documents::upgrade::Untyped;
use crate::documents::{GuardedStep, Program, Step};
use crate::job::keys::STEPS;
use crate::job::problem::{Report, Span};
use crate::job::sheet::Sheet;
use crate::job::tree::Node;

pub(super) fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.text().map(str::to_owned)
}

impl Reader<'_> {
    /// `transform`, compiled. `None` when a step could not be read or compiled.
    pub(super) fn program(&mut self, node: Option<&Node>) -> Option<Program> {
        let nodes = node.map(Node::items).unwrap_or_default();
        let mut steps = Vec::new();
        // Where each step that could be read stands in the list: one that could not leaves a gap.
        let mut places = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if let Some(step) = self.step(node) {
                steps.push(GuardedStep { when: node.get("when").map(spec), step });
                places.push(index);
            }
        }
        let whole = steps.len() == nodes.len();
        match Program::compile(steps) {
            Ok(program) => {
                let lines = nodes.iter().map(|node| self.report.line(node.span)).collect();
                whole.then(|| program.at_lines(lines))
            }
            Err(problems) => {
                for problem in problems {
                    let Some(step) = places.get(problem.step).and_then(|index| nodes.get(*index)) else {
                        continue;
                    };
                    let at = step.follow(&problem.path);
                    let span = problem.range.as_ref().map_or(at.span, |range| at.part(range));
                    self.report.error(span, problem.message).maybe_help(problem.help);
                }
                None
            }
        }
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let mut given = node.entries().iter().filter(|entry| STEPS.contains(&entry.key.as_str()));
        let (entry, None) = (given.next()?, given.next()) else { return None };
        entry.read.set(true);
        let value = &entry.node;
        match entry.key.as_str() {
            "rename" => Some(Step::Rename { find: text(value, "find")?, replace: text(value, "replace")? }),
            "name" => Some(Step::Name { template: value.text()?.to_owned() }),
            "set" => {
                let values = value.entries().iter().map(|entry| {
                    entry.read.set(true);
                    (entry.key.clone(), entry.node.json())
                });
                Some(Step::Set { values: values.collect() })
            }
            "remove" => {
                let pointers: Option<_> =
                    value.items().iter().map(|item| item.text().map(str::to_owned)).collect();
                Some(Step::Remove { pointers: pointers? })
            }
            "patch" => Some(Step::Patch { operations: value.items().iter().map(Node::json).collect() }),
            "jq" => Some(Step::Jq { program: value.text()?.to_owned() }),
            "rename_field" => self.rename_field(value),
            "rename_fields" => self.rename_fields(value),
            "add_mapping" => self.add_mapping(value),
            "edit_mapping" => self.edit_mapping(value),
            "remove_mapping" => Self::remove_mapping(value),
            "add_lookup" => self.add_lookup(value),
            "edit_lookup" => self.edit_lookup(value),
            "remove_lookup" => Self::remove_lookup(value),
            "upgrade_mapper" => {
                let untyped = match text(value, "untyped")?.as_str() {
                    "string" => Untyped::String,
                    _ => Untyped::Leave,
                };
                Some(Step::UpgradeMapper { untyped })
            }
            other => {
                // A word that was switched on before a step stood behind it.
                let message = format!("`{other}` is not in this version");
                self.report.error(entry.at, message);
                None
            }
        }
    }
}

/// The columns of those names; a CSV with other columns, or without one of them, is reported.
pub(super) fn columns<const N: usize>(
    sheet: &Sheet,
    names: [&str; N],
    report: &mut Report,
) -> Option<[usize; N]> {
    columns_and(sheet, names, [], report).map(|(found, [])| found)
}

/// The columns of those names, and of those that may be there.
pub(super) fn columns_and<const N: usize, const M: usize>(
    sheet: &Sheet,
    names: [&str; N],
    others: [&str; M],
    report: &mut Report,
) -> Option<([usize; N], [Option<usize>; M])> {
    let first = sheet.header.first()?;
    let whole = Span::new(first.span.start, sheet.header.last()?.span.end);
    let mut help = format!("the first line is `{}`", names.join(","));
    if M > 0 {
        help.push_str(&format!(", and may go on with {}", others.map(|name| format!("`{name}`")).join(", ")));
    }
    let found = names.map(|name| sheet.column(name));
    for (name, _) in names.iter().zip(found).filter(|(_, found)| found.is_none()) {
        report.error(whole, format!("there is no column `{name}`")).help(help.clone());
    }
    let is_known = |name: &str| names.contains(&name) || others.contains(&name) || name.is_empty();
    for cell in sheet.header.iter().filter(|cell| !is_known(&cell.text)) {
        if found.iter().all(Option::is_some) {
            report.error(cell.span, format!("unknown column `{}`", cell.text)).help(help.clone());
        }
    }
    let others = others.map(|name| sheet.column(name));
    found.iter().all(Option::is_some).then(|| (found.map(Option::unwrap_or_default), others))
}
