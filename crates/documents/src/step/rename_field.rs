//! `rename_field` and `rename_fields`: which of the renames are for an import, and those at once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::rename_again::renames_again;
use super::rename_scope::RenameScope;
use super::{Apply, Compile, FieldRename, Keys, Looked, Missing, Side, Step, StepError, StepKind, Warnings};
use crate::Id;
use crate::problem::{Problem, Problems, nearest};
use crate::rename::{self, Renamer};
use crate::shortened::shortened;

/// How many characters are shown of a field that no import has.
const SHOWN_OF_A_NAME: usize = 60;

/// When there are more combinations than this, they are discarded and compiled again: each import may have its own.
const KEPT: usize = 256;

/// `rename_field: { side, from, to }`.
#[derive(Debug)]
pub(crate) struct RenameField(FieldRenames);

/// `rename_fields`: a list of `{ side, from, to }`, each with what narrows it: `adaptor_type`, `connection`, `import`.
#[derive(Debug)]
pub(crate) struct RenameFields(FieldRenames);

impl Step for RenameField {
    const KIND: StepKind = StepKind::new("rename_field", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let row = row(keys)?;
        let again = context.runs_again.then(|| renames_again(&[(0, &row.rename, &row.only)])).flatten();
        context.warnings.extend(again.map(|(_, problem)| problem));
        FieldRenames::compile(vec![row]).map(Self).map_err(|problem| vec![problem])
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        self.0.apply(document, context.facts.connection_name.as_deref())
    }

    fn unused(&self, looked: Looked) -> Vec<String> {
        self.0.shown_unused(looked)
    }
}

impl Step for RenameFields {
    const KIND: StepKind = StepKind::new("rename_fields", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        for (index, value) in keys.items().map_err(|problem| vec![problem])?.iter().enumerate() {
            match row(Keys::new(value)) {
                Ok(row) => rows.push((index, row)),
                Err(found) => problems.extend(found.into_iter().map(|one| one.under(index.to_string()))),
            }
        }
        problems.extend(repeated(&rows));
        if !problems.is_empty() {
            return Err(problems);
        }
        let all: Vec<_> = rows.iter().map(|(index, row)| (*index, &row.rename, &row.only)).collect();
        let again = context.runs_again.then(|| renames_again(&all)).flatten();
        context.warnings.extend(again.map(|(index, problem)| problem.under(index.to_string())));
        let rows = rows.into_iter().map(|(_, row)| row);
        FieldRenames::compile(rows.collect()).map(Self).map_err(|problem| vec![problem])
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        self.0.apply(document, context.facts.connection_name.as_deref())
    }

    fn needs_names(&self) -> bool {
        self.0.needs_names()
    }

    fn unused(&self, looked: Looked) -> Vec<String> {
        self.0.shown_unused(looked)
    }
}

/// A rename and the imports it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ScopedRename {
    rename: FieldRename,
    only: RenameScope,
}

fn row(keys: Keys<'_>) -> Result<ScopedRename, Problems> {
    let mut problems = Vec::new();
    let side = keys.text("side").and_then(|word| {
        let side = Side::ALL.iter().copied().find(|side| side.as_str() == word);
        side.ok_or_else(|| {
            let words: Vec<String> = Side::ALL.iter().map(|side| format!("`{}`", side.as_str())).collect();
            let problem =
                Problem::new(format!("a side is {}, not `{word}`", words.join(" or "))).under("side");
            match nearest(word, Side::ALL.iter().map(|side| side.as_str())) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            }
        })
    });
    let side = side.map_err(|problem| problems.push(problem));
    let mut text = |key: &str| {
        let text = keys.text(key).and_then(|text| match text.trim() {
            "" => {
                let problem = Problem::new(format!("the row has no `{key}`")).under(key);
                Err(problem.help("write the path of the field from the root of the record"))
            }
            text => Ok(text.to_owned()),
        });
        text.map_err(|problem| problems.push(problem))
    };
    let (from, to) = (text("from"), text("to"));
    let mut word = |key: &str| {
        keys.maybe_text(key).map(|text| text.map(str::to_owned)).map_err(|problem| problems.push(problem))
    };
    let (adaptor_type, connection, import) = (word("adaptor_type"), word("connection"), word("import"));
    for (key, path) in [("from", &from), ("to", &to)] {
        let Ok(path) = path else { continue };
        let side = *side.as_ref().unwrap_or(&Side::Source);
        let same = FieldRename { side, from: path.clone(), to: path.clone() };
        if let Err(problem) = Renamer::compile(&[same]) {
            problems.push(problem.under(key));
        }
    }
    match (side, from, to, adaptor_type, connection, import) {
        (Ok(side), Ok(from), Ok(to), Ok(adaptor_type), Ok(connection), Ok(import)) if problems.is_empty() => {
            let only = RenameScope { adaptor_type, connection, import };
            Ok(ScopedRename { rename: FieldRename { side, from, to }, only })
        }
        _ => Err(problems),
    }
}

/// Fields that two rows of one scope rename, in one spelling or in two.
fn repeated(rows: &[(usize, ScopedRename)]) -> Problems {
    let mut problems = Vec::new();
    let mut seen: HashMap<(&RenameScope, Side, Vec<String>), (usize, &FieldRename)> = HashMap::new();
    for (index, row) in rows {
        let names = rename::names(&row.rename.from);
        let Some((first, other)) = seen.get(&(&row.only, row.rename.side, names.clone())) else {
            seen.insert((&row.only, row.rename.side, names), (*index, &row.rename));
            continue;
        };
        let message = if other.to == row.rename.to {
            format!("`{}` is renamed twice", row.rename.from)
        } else {
            format!("`{}` is renamed twice, to `{}` and to `{}`", row.rename.from, other.to, row.rename.to)
        };
        let first = vec![first.to_string(), "from".to_owned()];
        let problem =
            Problem::new(message).help("keep one of the two rows").under("from").under(index.to_string());
        problems.push(problem.repeats(first));
    }
    problems
}

/// Renames with what narrows them, compiled for each combination that an import asks for.
#[derive(Debug)]
struct FieldRenames {
    groups: Vec<(RenameScope, Vec<FieldRename>)>,
    compiled: Mutex<HashMap<Vec<usize>, Arc<Renamer>>>,
    /// The fields that were there to be renamed in some document.
    used: Mutex<HashSet<(Side, Vec<String>)>>,
    /// Whether a group was for some document, and whether its fields were looked for in one.
    fitted: Vec<AtomicBool>,
    looked_for: Vec<AtomicBool>,
}

impl FieldRenames {
    /// Groups the renames by what narrows them.
    fn compile(renames: Vec<ScopedRename>) -> Result<Self, Problem> {
        let mut groups: Vec<(RenameScope, Vec<FieldRename>)> = Vec::new();
        let mut places: HashMap<RenameScope, usize> = HashMap::new();
        for ScopedRename { rename, only } in renames {
            let place = *places.entry(only.clone()).or_insert_with(|| {
                groups.push((only, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(rename);
        }
        for (_, renames) in &groups {
            Renamer::compile(renames)?;
        }
        let none = || groups.iter().map(|_| AtomicBool::new(false)).collect();
        let (fitted, looked_for) = (none(), none());
        Ok(Self { groups, compiled: Mutex::default(), used: Mutex::default(), fitted, looked_for })
    }

    /// Whether a rename is for the imports of a connection that is given by name.
    fn needs_names(&self) -> bool {
        let by_name = |only: &RenameScope| only.connection.as_ref().is_some_and(|one| !Id::looks_like(one));
        self.groups.iter().any(|(only, _)| by_name(only))
    }

    /// Renames in the document, together, whatever is for it; answers what a person should look at.
    fn apply(&self, document: &mut Value, connection: Option<&str>) -> Result<Warnings, StepError> {
        let fit = |(index, (only, _)): (usize, &(RenameScope, _))| {
            let fits = only.fits(document, connection);
            if fits {
                self.fitted[index].store(true, Ordering::Relaxed);
            }
            fits.then_some(index)
        };
        let chosen: Vec<usize> = self.groups.iter().enumerate().filter_map(fit).collect();
        if chosen.is_empty() {
            return Err(StepError::not_applicable("no rename is for it"));
        }
        let renamer =
            self.renamer(chosen.clone()).map_err(|problem| StepError::Failed(problem.in_one_line()))?;
        chosen.iter().for_each(|index| self.looked_for[*index].store(true, Ordering::Relaxed));
        let mut any = false;
        let warnings = renamer.apply_and_tell(document, &mut |side, names| {
            any = true;
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.insert((side, names.to_vec()));
        });
        if any || !warnings.is_empty() {
            Ok(warnings)
        } else {
            Err(StepError::not_applicable("it has none of the fields"))
        }
    }

    /// The renames whose field no document had so far, each with what narrows it where that held for none of them. Those
    /// that were for documents that failed, and for no others, are not among them.
    fn unused(&self) -> Vec<(&FieldRename, Option<&RenameScope>)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |flags: &[AtomicBool], at: usize| flags[at].load(Ordering::Relaxed);
        let groups = self.groups.iter().enumerate();
        let groups = groups.filter(|(at, _)| is(&self.looked_for, *at) || !is(&self.fitted, *at));
        let renames = groups.flat_map(|(at, (only, renames))| {
            let idle = (!is(&self.fitted, at)).then_some(only);
            renames.iter().map(move |one| (one, idle))
        });
        renames
            .filter(|(one, _)| one.from != one.to && !used.contains(&(one.side, rename::names(&one.from))))
            .collect()
    }

    fn shown_unused(&self, looked: Looked) -> Vec<String> {
        let unused = self.unused();
        let one = |(one, idle): &(&FieldRename, Option<&RenameScope>)| {
            let idle = idle.map(|only| only.idle(looked)).unwrap_or_default();
            format!("`{}` ({}{idle})", shortened(&one.from, SHOWN_OF_A_NAME), one.side.as_str())
        };
        unused.iter().map(one).collect()
    }

    fn renamer(&self, chosen: Vec<usize>) -> Result<Arc<Renamer>, Problem> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(&chosen) {
            return Ok(Arc::clone(known));
        }
        let renames: Vec<_> = chosen.iter().flat_map(|index| &self.groups[*index].1).cloned().collect();
        let renamer = Arc::new(Renamer::compile(&renames)?);
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(chosen, Arc::clone(&renamer));
        Ok(renamer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(from: &str, to: &str, only: RenameScope) -> ScopedRename {
        let rename = FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
        ScopedRename { rename, only }
    }

    fn import(adaptor: &str) -> Value {
        json!({ "_id": "i1", "name": "Orders", "adaptorType": adaptor, "_connectionId": "c1",
            "mapping": { "fields": [{ "extract": "a", "generate": "x" }, { "extract": "b", "generate": "y" }] } })
    }

    fn extracts(document: &Value) -> [&str; 2] {
        [0, 1].map(|at| document["mapping"]["fields"][at]["extract"].as_str().unwrap())
    }

    #[test]
    fn a_row_is_only_for_the_imports_its_cells_name() {
        let word = |text: &str| Some(text.to_owned());
        let http = RenameScope { adaptor_type: word("HTTPImport"), ..RenameScope::default() };
        for (only, holds) in [
            (RenameScope::default(), true),
            (http.clone(), true),
            (RenameScope { adaptor_type: word("FTPImport"), ..RenameScope::default() }, false),
            (RenameScope { connection: word("c1"), ..http.clone() }, true),
            (RenameScope { connection: word("Shop"), ..RenameScope::default() }, true),
            (RenameScope { connection: word("Other"), ..http.clone() }, false),
            (RenameScope { import: word("i1"), ..RenameScope::default() }, true),
            (RenameScope { import: word("Orders"), ..http }, true),
            (RenameScope { import: word("Order"), ..RenameScope::default() }, false),
        ] {
            let renames = FieldRenames::compile(vec![row("a", "c", only.clone())]).unwrap();
            let mut document = import("HTTPImport");
            let done = renames.apply(&mut document, Some("Shop"));
            assert_eq!(done.is_ok(), holds, "{only:?}");
            assert_eq!(extracts(&document)[0] == "c", holds, "{only:?}");
        }
    }

    #[test]
    fn rows_that_meet_in_an_import_are_applied_together() {
        let http = RenameScope { adaptor_type: Some("HTTPImport".to_owned()), ..RenameScope::default() };
        let rows = vec![row("a", "b", RenameScope::default()), row("b", "a", http.clone())];
        let renames = FieldRenames::compile(rows).unwrap();
        let (mut one, mut other) = (import("HTTPImport"), import("FTPImport"));
        renames.apply(&mut one, None).unwrap();
        renames.apply(&mut other, None).unwrap();
        assert_eq!((extracts(&one), extracts(&other)), (["b", "a"], ["b", "b"]));

        let rows = vec![row("a", "b", RenameScope::default()), row("a", "c", http)];
        let renames = FieldRenames::compile(rows).unwrap();
        let error = renames.apply(&mut import("HTTPImport"), None).unwrap_err();
        assert!(error.to_string().contains("renamed twice"), "{error}");
        assert!(renames.apply(&mut import("FTPImport"), None).is_ok());
    }

    #[test]
    fn a_field_that_no_import_has_is_known_afterwards() {
        let rows = ["a", "q", "b", "[\"z z\"]"].map(|from| row(from, "new", RenameScope::default()));
        let mut rows = rows.to_vec();
        rows.push(row("same", "same", RenameScope::default()));
        rows.push(row(
            "a",
            "other",
            RenameScope { import: Some("nobody".to_owned()), ..RenameScope::default() },
        ));
        let renames = FieldRenames::compile(rows).unwrap();
        let idle = |renames: &FieldRenames| -> Vec<String> {
            renames.unused().into_iter().map(|(one, _)| one.from.clone()).collect()
        };
        assert_eq!(idle(&renames), ["a", "q", "b", "[\"z z\"]", "a"]);
        renames.apply(&mut import("HTTPImport"), None).unwrap();
        assert_eq!(idle(&renames), ["q", "[\"z z\"]"]);
        let rows: Vec<Value> =
            (0..31).map(|at| json!({ "side": "source", "from": format!("f{at}"), "to": "new" })).collect();
        let step = crate::StepSpec::new("rename_fields", json!(rows));
        let program = crate::Program::compile(vec![step]).unwrap();
        program.apply(import("HTTPImport"), &crate::Facts::default()).unwrap();
        assert!(program.notes().concat().ends_with("`f7` (source), 23 more"), "{:?}", program.notes());
    }

    #[test]
    fn names_are_only_asked_for_where_a_row_gives_one() {
        let by = |connection: &str| {
            let only = RenameScope { connection: Some(connection.to_owned()), ..RenameScope::default() };
            FieldRenames::compile(vec![row("a", "b", only)]).unwrap().needs_names()
        };
        assert!(by("Shop") && !by("5f7c579b6411271af4e7cefa"));
    }

    #[test]
    fn every_bad_row_is_named_with_its_cell() {
        let rows = json!([
            { "side": "sorce", "from": "a", "to": "b" },
            { "side": "source", "from": "a", "to": "b" },
            { "side": "source", "from": " ", "to": "b" },
            { "side": "source", "from": "['a']", "to": "c" },
            { "side": "target", "from": "a", "to": "x[" },
            { "side": "source", "from": "a", "to": "c", "import": "Orders" },
        ]);
        let mut templates = crate::template::Templates::default();
        let mut compile = |rows: &Value| {
            RenameFields::compile(
                Keys::new(rows),
                &mut Compile { templates: &mut templates, runs_again: true, warnings: Vec::new() },
            )
        };
        let problems = compile(&rows).unwrap_err();
        let found: Vec<_> = problems.iter().map(|one| (one.path.join(" "), one.message.as_str())).collect();
        let expected = [
            ("0 side", "a side is `source` or `target` or `response`, not `sorce`"),
            ("2 from", "the row has no `from`"),
            ("4 to", "`x[` is not a field path"),
            ("3 from", "`['a']` is renamed twice, to `b` and to `c`"),
        ];
        assert_eq!(found, expected.map(|(path, message)| (path.to_owned(), message)));
        assert_eq!(problems[3].first, Some(vec!["1".to_owned(), "from".to_owned()]));
        assert!(compile(&json!([rows[1], rows[5]])).is_ok());
    }
}
