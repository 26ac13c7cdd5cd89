//! `transform`: the steps, each handed to [`Program`] as its key and its value, with the CSV files it names read.

use serde_json::{Map, Value};

use super::Reader;
use super::select::spec;
use crate::documents::selector::Selector;
use crate::documents::template::Columns;
use crate::documents::{Again, Missing, Problem, Program, StepSpec};
use crate::job::cells::{Cell, Csv};
use crate::job::check::check;
use crate::job::cut::error_in;
use crate::job::keys::{STEP, STEPS};
use crate::job::problem::{Report, Severity, Span};
use crate::job::spec::Type;
use crate::job::spreadsheet::no_value;
use crate::job::tree::{Entry, Node};
use crate::job::{Action, Selection};

/// A CSV that a step names: by which step and key, its columns, and those that may be there too.
struct Table {
    step: &'static str,
    /// The key below the step's own; `None` when the step itself is the path.
    key: Option<&'static str>,
    columns: &'static [&'static str],
    others: &'static [&'static str],
    /// What is wrong with a file without rows, and a row to write.
    empty: (&'static str, &'static str),
    /// Whether blanks around a cell are none of its text.
    trimmed: bool,
}

const TABLES: &[Table] = &[
    Table {
        step: "rename_fields",
        key: None,
        columns: &["side", "from", "to"],
        others: &["adaptor_type", "connection", "import"],
        empty: ("the file renames no field", "add a row for each field: `source,old,new`"),
        trimmed: true,
    },
    lookup_table("add_lookup"),
    lookup_table("edit_lookup"),
];

const fn lookup_table(step: &'static str) -> Table {
    Table {
        step,
        key: Some("map_file"),
        columns: &["from", "to"],
        others: &[],
        empty: ("the file maps no value", "add a row for each value: `Germany,DE`"),
        trimmed: false,
    }
}

impl Reader<'_> {
    /// `transform`, compiled. `None` when a step could not be read or compiled. `select` is what the job selects, if that
    /// could be read.
    pub(super) fn program(
        &mut self,
        node: Option<&Node>,
        action: Option<Action>,
        select: Option<&Selection>,
    ) -> Option<Program> {
        let nodes = node.map(Node::items).unwrap_or_default();
        let account = self.stand_in.as_ref().map(|stand_in| &stand_in.columns);
        let account = account.filter(|columns| !columns.is_empty());
        let columns = Columns {
            row: select.map(Selection::columns),
            account: account.map(|columns| columns.keys().cloned().collect()),
        };
        let mut program = Program::for_job(columns, again(action, select));
        let mut whole = true;
        for node in nodes {
            whole &= self.step(node, &mut program).is_some();
        }
        let lines = nodes.iter().map(|node| self.report.line(node.span)).collect();
        whole.then(|| program.at_lines(lines))
    }

    fn step(&mut self, node: &Node, program: &mut Program) -> Option<()> {
        // A wrong shape was already reported: its consequences are not, everything else is.
        let mut shape = Report::new("", "");
        check(node, &Type::Table(&STEP), "transform", &mut shape);
        let shape = shape.finish();
        let errors = shape.iter().filter(|problem| problem.severity == Severity::Error);
        let wrong: Vec<Span> = errors.map(|problem| problem.span.unwrap_or_default()).collect();
        if node.is_broken() {
            return None;
        }
        let mut given = node.entries().iter().filter(|entry| STEPS.contains(&entry.key.as_str()));
        let (entry, None) = (given.next()?, given.next()) else { return None };
        entry.read.set(true);
        let missing = match node.get("missing").and_then(Node::text) {
            Some("skip") => Some(Missing::Skip),
            Some("fail") => Some(Missing::Fail),
            _ => None,
        };
        let when = node.get("when").map(spec);
        let known = [entry.key.as_str(), "when", "missing"];
        let others = node.entries().iter().filter(|other| !known.contains(&other.key.as_str()));
        let options: Map<String, Value> = others
            .map(|other| {
                other.read.set(true);
                (other.key.clone(), other.node.json())
            })
            .collect();
        let made = |value: Value| StepSpec { key: entry.key.clone(), value, when, missing, options };
        let table = TABLES.iter().find(|table| table.step == entry.key);
        let file = table.and_then(|table| file(entry, table).map(|file| (table, file)));
        let before = self.report.errors();
        if let Some((table, file)) = file {
            file.text().filter(|text| !text.trim().is_empty())?;
            let value = (table.key.is_some()).then(|| entry.node.json_of_texts());
            // Problems with the rows are reported in the file while it is open, the others below.
            let others = self.csv(file, |csv, report| {
                let rows = rows(csv, table, report)?;
                let value = match (value, table.key) {
                    (Some(Value::Object(mut keys)), Some(key)) => {
                        keys.insert(key.to_owned(), rows.into());
                        Value::Object(keys)
                    }
                    _ => rows.into(),
                };
                let (problems, severity) = match program.push(made(value)) {
                    Ok(warnings) => (warnings, Severity::Warning),
                    Err(problems) => (problems, Severity::Error),
                };
                Some((in_sheet(problems, severity, table, csv, report), severity))
            });
            if let Some((others, severity)) = others.flatten() {
                self.tell(node, untold(others, node, &wrong), severity);
            }
        } else {
            let value = match entry.key.as_str() {
                "set" | "patch" => entry.node.json_as_written(),
                _ => entry.node.json_of_texts(),
            };
            match program.push(made(value)) {
                Ok(warnings) => self.tell(node, warnings, Severity::Warning),
                Err(problems) => self.tell(node, untold(problems, node, &wrong), Severity::Error),
            }
        }
        (wrong.is_empty() && self.report.errors() == before).then_some(())
    }

    /// Reports what is wrong with a step, under the text that is meant.
    fn tell(&mut self, step: &Node, problems: Vec<Problem>, severity: Severity) {
        for problem in problems {
            let (key, at) = step.follow_to(&problem.path);
            let span = match &problem.range {
                Some(range) => at.part(range),
                None => key.filter(|_| problem.is_key).unwrap_or(at.span),
            };
            let told = match severity {
                Severity::Error => error_in(at, span, problem.message, problem.help, &mut self.report),
                Severity::Warning => self.report.warning(span, problem.message).maybe_help(problem.help),
            };
            if let Some(first) = &problem.first {
                let (key, value) = step.follow_to(first);
                told.related(key.filter(|_| problem.is_key).unwrap_or(value.span), "first here");
            }
        }
    }
}

/// Whether a further run of the job meets what the steps made.
fn again(action: Option<Action>, select: Option<&Selection>) -> Again {
    let Some(Action::Update) = action else {
        return if action.is_some() { Again::Never } else { Again::Unknown };
    };
    // A row that gives a name does not name the import by its new one.
    let by_id = |select: &&Selection| {
        select.manifest.as_ref().is_none_or(|manifest| manifest.rows.iter().all(|row| row.id.is_some()))
    };
    let spec = select.filter(by_id).map(|select| select.selector.spec().clone());
    let selector = spec.and_then(|spec| Selector::compile(spec).ok());
    selector.map_or(Again::Unknown, |selector| Again::Selected(Box::new(selector)))
}

/// The problems that do not follow from what has the wrong shape.
fn untold(mut problems: Vec<Problem>, step: &Node, wrong: &[Span]) -> Vec<Problem> {
    problems.retain(|problem| {
        let (key, node) = step.follow_to(&problem.path);
        !wrong.iter().any(|span| key == Some(*span) || node.holds(*span))
    });
    problems
}

/// The path of a step's CSV, where it gives one.
fn file<'n>(entry: &'n Entry, table: &Table) -> Option<&'n Node> {
    match table.key {
        None => Some(&entry.node),
        Some(key) => entry.node.get(key),
    }
}

/// The rows of a CSV as objects; blank cells of columns that may be missing are left out.
fn rows(csv: &Csv, table: &Table, report: &mut Report) -> Option<Vec<Value>> {
    columns_are_known(csv, table.columns, table.others, report)?;
    if csv.rows.is_empty() && csv.is_whole {
        let (message, help) = table.empty;
        report.error(None, message).help(help);
    }
    // An import may be called like a formula; a field or a value hardly is.
    let looked_at = ["from", "to"].map(|column| csv.column(column));
    for (column, cell) in csv.rows.iter().flat_map(|row| row.cells.iter().enumerate()) {
        if looked_at.contains(&Some(column)) {
            odd_cell(cell, table, report);
        }
    }
    let text = |cell: &Cell| if table.trimmed { cell.text.trim().to_owned() } else { cell.text.clone() };
    let row = |cells: &[Cell]| {
        let mut row = Map::new();
        for (column, cell) in csv.header.iter().zip(cells) {
            let text = text(cell);
            if !(text.is_empty() && table.others.contains(&column.text.as_str())) {
                row.insert(column.text.clone(), Value::from(text));
            }
        }
        Value::Object(row)
    };
    Some(csv.rows.iter().map(|each| row(&each.cells)).collect())
}

/// Reports a cell that a spreadsheet has no value for. As a name of a field it is refused; a value may be what it looks like.
fn odd_cell(cell: &Cell, table: &Table, report: &mut Report) {
    let of_names = table.step == "rename_fields";
    match no_value(&cell.text) {
        Some((message, help)) if of_names => {
            let help = format!("{help}; a field that is called so is renamed by `rename_field` in the job");
            report.error(cell.span, message).help(help);
        }
        Some((message, help)) => {
            report.warning(cell.span, message).help(help);
        }
        None if of_names && cell.text.trim().contains(['\n', '\r']) => {
            let help =
                "take the line break out; a field that is called so is renamed by `rename_field` in the job";
            report.error(cell.span, "the cell holds a line break").help(help);
        }
        None => {}
    }
}

/// Reports the problems with rows at their cells; answers the others.
fn in_sheet(
    problems: Vec<Problem>,
    severity: Severity,
    table: &Table,
    csv: &Csv,
    report: &mut Report,
) -> Vec<Problem> {
    let below = 1 + usize::from(table.key.is_some());
    let cell = |path: &[String]| {
        let [row, column, ..] = path.get(below..)? else { return None };
        let row = row.parse::<usize>().ok().and_then(|row| csv.rows.get(row))?;
        Some(row.cells[csv.column(column)?].span)
    };
    let mut others = Vec::new();
    for problem in problems {
        let Some(span) = cell(&problem.path) else {
            others.push(problem);
            continue;
        };
        let told = match severity {
            Severity::Error => report.error(span, problem.message),
            Severity::Warning => report.warning(span, problem.message),
        };
        let told = told.maybe_help(problem.help);
        if let Some(first) = problem.first.as_deref().and_then(cell) {
            told.related(first, "first here");
        }
    }
    others
}

/// The columns of those names, and of those that may be there; other columns, or one that is missing, are reported.
pub(super) fn columns_and<const N: usize, const M: usize>(
    csv: &Csv,
    names: [&str; N],
    others: [&str; M],
    report: &mut Report,
) -> Option<([usize; N], [Option<usize>; M])> {
    columns_are_known(csv, &names, &others, report)?;
    let found = names.map(|name| csv.column(name));
    let others = others.map(|name| csv.column(name));
    found.iter().all(Option::is_some).then(|| (found.map(Option::unwrap_or_default), others))
}

/// The columns of those names; a CSV with other columns, or without one of them, is reported.
pub(super) fn columns<const N: usize>(
    csv: &Csv,
    names: [&str; N],
    report: &mut Report,
) -> Option<[usize; N]> {
    columns_and(csv, names, [], report).map(|(found, [])| found)
}

/// Reports columns that are missing, and columns nobody knows. `None` where one is missing.
fn columns_are_known(csv: &Csv, names: &[&str], others: &[&str], report: &mut Report) -> Option<()> {
    let first = csv.header.first()?;
    let whole = Span::new(first.span.start, csv.header.last()?.span.end);
    let mut help = format!("the first line is `{}`", names.join(","));
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|name| format!("`{name}`")).collect();
        help.push_str(&format!(", and may go on with {}", others.join(", ")));
    }
    let missing: Vec<&str> = names.iter().copied().filter(|name| csv.column(name).is_none()).collect();
    if !missing.is_empty() {
        let quoted: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
        let message = match quoted.as_slice() {
            [one] => format!("there is no column {one}"),
            [all @ .., last] => format!("there are no columns {} and {last}", all.join(", ")),
            [] => String::new(),
        };
        report.error(whole, message).help(csv.other_separator().map_or(help, str::to_owned));
        return None;
    }
    let is_known = |name: &str| names.contains(&name) || others.contains(&name) || name.is_empty();
    for cell in csv.header.iter().filter(|cell| !is_known(&cell.text)) {
        report.error(cell.span, format!("unknown column `{}`", cell.text)).help(help.clone());
    }
    Some(())
}
