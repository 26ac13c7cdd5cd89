//! `rename_field` and `rename_fields` as a step: which of the renames are for an import, and those at once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::rename::{self, Renamer};
use super::step::{FieldRename, RenameScope, ScopedRename, Side};
use crate::Id;

/// More combinations than this are forgotten and compiled anew: each import may have one of its own.
const KEPT: usize = 256;

/// Renames with what narrows them, compiled for each combination that an import asks for.
#[derive(Debug)]
pub(super) struct FieldRenames {
    groups: Vec<(RenameScope, Vec<FieldRename>)>,
    compiled: Mutex<HashMap<Vec<usize>, Arc<Renamer>>>,
    /// The fields that were there to be renamed in some document.
    used: Mutex<HashSet<(Side, Vec<String>)>>,
}

impl FieldRenames {
    /// Groups the renames by what narrows them.
    pub(super) fn compile(renames: Vec<ScopedRename>) -> Result<Self, String> {
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
        Ok(Self { groups, compiled: Mutex::default(), used: Mutex::default() })
    }

    /// Whether a rename is for the imports of a connection that is given by name.
    pub(super) fn needs_names(&self) -> bool {
        let by_name = |only: &RenameScope| only.connection.as_ref().is_some_and(|one| !Id::looks_like(one));
        self.groups.iter().any(|(only, _)| by_name(only))
    }

    /// Renames in the document, together, whatever is for it; answers what a person should look at.
    pub(super) fn apply(
        &self,
        document: &mut Value,
        connection: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let fit = |(index, (only, _)): (usize, &(RenameScope, _))| {
            fits(only, document, connection).then_some(index)
        };
        let chosen: Vec<usize> = self.groups.iter().enumerate().filter_map(fit).collect();
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let renamer = self.renamer(chosen)?;
        Ok(renamer.apply_and_tell(document, &mut |side, names| {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.insert((side, names.to_vec()));
        }))
    }

    /// The renames whose field no document had so far.
    pub(super) fn idle(&self) -> Vec<&FieldRename> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let renames = self.groups.iter().flat_map(|(_, renames)| renames);
        renames
            .filter(|one| one.from != one.to && !used.contains(&(one.side, rename::names(&one.from))))
            .collect()
    }

    fn renamer(&self, chosen: Vec<usize>) -> Result<Arc<Renamer>, String> {
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

fn fits(only: &RenameScope, document: &Value, connection: Option<&str>) -> bool {
    let is = |wanted: &str, key: &str| document.get(key).and_then(Value::as_str) == Some(wanted);
    only.adaptor_type.as_deref().is_none_or(|wanted| is(wanted, "adaptorType"))
        && only
            .connection
            .as_deref()
            .is_none_or(|wanted| connection == Some(wanted) || is(wanted, "_connectionId"))
        && only.import.as_deref().is_none_or(|wanted| is(wanted, "name") || is(wanted, "_id"))
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
            renames.apply(&mut document, Some("Shop")).unwrap();
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
        assert!(error.contains("renamed twice"), "{error}");
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
            renames.idle().into_iter().map(|one| one.from.clone()).collect()
        };
        assert_eq!(idle(&renames), ["a", "q", "b", "[\"z z\"]", "a"]);
        renames.apply(&mut import("HTTPImport"), None).unwrap();
        assert_eq!(idle(&renames), ["q", "[\"z z\"]"]);
    }

    #[test]
    fn names_are_only_asked_for_where_a_row_gives_one() {
        let by = |connection: &str| {
            let only = RenameScope { connection: Some(connection.to_owned()), ..RenameScope::default() };
            FieldRenames::compile(vec![row("a", "b", only)]).unwrap().needs_names()
        };
        assert!(by("Shop") && !by("5f7c579b6411271af4e7cefa"));
    }
}
