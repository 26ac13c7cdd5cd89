//! Applies a folder of files to the imports of the target.
//!
//! A file stands for the import with its `_id`, if the target has one; its references and its owner are then valid
//! there. Otherwise it is a different import, and has to be complete by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::document::read_tree;
use crate::documents::name::name_key;
use crate::documents::normal::masks;
use crate::documents::references::Place;
use crate::inventory::error::EngineError;
use crate::job::{Action, ImportFile, MatchBy};
use crate::model::{Head, Outcome};
use crate::planner::items::ended;
use crate::planner::likeness::{self, ServiceOwn, adaptor_of};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::{TargetImport, TargetIndex};
use crate::planner::wanted_keys::id_key;
use crate::run_folder::plan_item::PlanItem;

/// Whether an item of an apply and an import of the target have one `_id`.
pub(crate) fn is_same_import(builder: &PlanBuilder<'_>, item: &PlanItem, import: &TargetImport) -> bool {
    let source = item.source.as_ref().map(|source| &source.id);
    builder.with.job.action == Action::Apply && source == Some(&import.id)
}

/// Ends an item that cannot be written as its file stands. `there` is the import that it would overwrite.
pub(crate) fn stands_apart(
    builder: &mut PlanBuilder<'_>,
    mut item: PlanItem,
    index: u32,
    there: Option<&TargetImport>,
    imports: &mut TargetIndex<'_>,
) -> Result<PlanItem, EngineError> {
    let Some(apart) = builder.apart.remove(&index) else { return Ok(item) };
    let is_same = there.is_some_and(|import| is_same_import(builder, &item, import));
    if !is_same {
        item.warnings.extend(apart.hints);
    }
    if apart.nameless {
        let name_there = match there.filter(|_| is_same) {
            Some(import) => Some(read_head(imports, import.span)?.name),
            None => None,
        };
        if name_there.is_none_or(|name| !name.trim().is_empty()) {
            item.target = None;
            let message = "its file gives it no name: add `\"name\": \"…\"`";
            return Ok(ended(item, Outcome::Failed, "no_name", message));
        }
    }
    let Some((outcome, problem)) = apart.problem else { return Ok(item) };
    if let (true, Some(import)) = (is_same, there) {
        let there = read_tree(&imports.file.read(import.span)?);
        let has = |place: &Place| {
            let at = there.as_ref().ok().and_then(|there| there.pointer(&place.pointer)?.as_str());
            at == Some(&place.id)
        };
        if !apart.unresolved.is_empty() && apart.unresolved.iter().all(has) {
            item.warnings.extend(apart.unresolved.iter().map(|place| {
                format!(
                    "the reference at {} leads to {}, which the target does not have; the import there holds it already, so it \
                     is left as it is",
                    place.pointer, place.id
                )
            }));
            return Ok(item);
        }
        // Whose the import of the target is decides whether it is overwritten.
        if problem.code == "integration_app" {
            return Ok(item);
        }
    }
    item.target = None;
    Ok(ended(item, outcome, &problem.code, problem.message))
}

/// Removes secrets that the target's own import already has from the list of secrets to enter manually.
pub(crate) fn leave_out_entered(
    builder: &PlanBuilder<'_>,
    item: &mut PlanItem,
    import: &TargetImport,
    imports: &mut TargetIndex<'_>,
) -> Result<(), EngineError> {
    if !item.secrets.is_empty() && is_same_import(builder, item, import) {
        let there = read_tree(&imports.file.read(import.span)?).map(|tree| masks(&tree));
        item.secrets.retain(|secret| !there.as_ref().is_ok_and(|there| there.contains(secret)));
    }
    Ok(())
}

/// Notes at which of the places in question exported files hold something: where another one lacks it, somebody took it out.
pub(crate) fn places_in_files(
    builder: &mut PlanBuilder<'_>,
    asked: &BTreeSet<likeness::Place>,
) -> Result<(), EngineError> {
    let Some(files) = builder.with.files().filter(|_| !asked.is_empty()) else { return Ok(()) };
    let exported: BTreeSet<_> =
        files.imports().iter().filter(|file| file.has_id).map(|file| file.head.id.clone()).collect();
    let numbers: Vec<u32> =
        builder.ids.iter().filter(|(id, _)| exported.contains(id)).map(|(_, number)| *number).collect();
    let mut held = BTreeSet::new();
    for number in numbers {
        let Some(text) = builder.wanted_text(number as usize)? else { continue };
        let Ok(document) = read_tree(&text) else { continue };
        let adaptor = adaptor_of(&document);
        let here = asked.iter().filter(|(of, pointer)| *of == adaptor && document.pointer(pointer).is_some());
        held.extend(here.cloned());
    }
    builder.in_files = held;
    Ok(())
}

/// What is taken out of the import of the target on purpose: by the job, or in its file.
pub(crate) fn removed(builder: &PlanBuilder<'_>, item: &PlanItem, import: &TargetImport) -> Vec<String> {
    let mut removed = likeness::removed(&item.changes);
    if is_same_import(builder, item, import) {
        let of = item.adaptor_type.as_deref().unwrap_or_default();
        let places = builder.in_files.iter().filter(|(adaptor, _)| adaptor == of);
        removed.extend(places.map(|(_, pointer)| pointer.clone()));
    }
    removed
}

/// Whether the service itself fills in a field that a file lacks, if this can be known.
pub(crate) fn is_the_services(own: &ServiceOwn, adaptor: &str, field: &str, removed: &[String]) -> bool {
    own.holds(adaptor, field) && !likeness::touches(removed, field)
}

/// Refuses two files with the same name, unless both are imports of the target that share a name there too.
pub(crate) fn refuse_equal_names(
    builder: &PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
) -> Result<(), EngineError> {
    let with = builder.with;
    let (Some(files), MatchBy::Name) = (with.files(), with.job.match_by) else { return Ok(()) };
    let mut by_name: BTreeMap<String, Vec<&ImportFile>> = BTreeMap::new();
    for file in files.imports().iter().filter(|file| builder.ids.contains(&file.head.id)) {
        by_name.entry(name_key(&file.head.name).into_owned()).or_default().push(file);
    }
    let mut pairs = Vec::new();
    // A file without a name is identified by its id, or fails alone.
    by_name.remove("");
    for (key, files) in by_name.into_iter().filter(|(_, files)| files.len() > 1) {
        let mut odd = None;
        for file in &files {
            let import = match builder.ids.get(&file.head.id) {
                Some(index) => imports.get(id_key(*index), 0)?,
                None => None,
            };
            let name = match import {
                Some(import) => Some(read_head(imports, import.span)?.name),
                None => None,
            };
            if name.is_none_or(|name| *name_key(&name) != *key) {
                odd = odd.or(Some(*file));
            }
        }
        if let Some(odd) = odd {
            let other = files.iter().find(|file| file.head.id != odd.head.id).unwrap_or(&odd);
            let at = |file: &ImportFile| {
                let (line, column) = file.name_at;
                format!("{}:{line}:{column}", file.path.display())
            };
            pairs.push(format!("`{}`: {} and {}", odd.head.name, at(odd), at(other)));
        }
    }
    if pairs.is_empty() { Ok(()) } else { Err(EngineError::EqualFiles { pairs }) }
}

fn read_head(
    imports: &mut TargetIndex<'_>,
    span: crate::run_folder::document_file::Span,
) -> Result<Head, EngineError> {
    let text = imports.file.read(span)?;
    Ok(Head::read(&String::from_utf8_lossy(&text)))
}
