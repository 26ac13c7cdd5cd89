//! Mirror: deletes, with safeguards, what the target has and the source no longer has.
//!
//! Nothing is deleted unless it is known, for every import of the source, which import of the target matches it, whether the
//! job selects it or not; and of the target only what `select` holds for as it stands there.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::documents::name::loose_name_key;
use crate::documents::references::ResourceIndex;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::in_flows::{ListedImports, refuse_short_list};
use crate::inventory::select::Selected;
use crate::job::{Job, Limit, MatchBy};
use crate::model::{Head, Id, ItemKey, shown};
use crate::planner::facts::Known;
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::TargetIndex;
use crate::planner::usage::tell;
use crate::planner::wrong_name::is_blank;
use crate::run_folder::document_file::stored_document;

/// Imports that are named in a refusal.
const NAMED: usize = 100;

/// Finds out which imports of the target are those of imports of the source that the job does not select.
pub(crate) fn claims(
    builder: &mut PlanBuilder<'_>,
    picks: &mut Selected,
    here: &ResourceIndex,
    usage: &Arc<FlowUsage>,
) -> Result<(), EngineError> {
    let with = builder.with;
    if !with.mirrors() {
        return Ok(());
    }
    builder.claims.is_empty = picks.items.is_empty();
    let known = Known::new(with, here, usage);
    for span in std::mem::take(&mut picks.left_out) {
        let document = stored_document(picks.documents.read(span)?, picks.documents.path())?;
        let head = document.head().clone();
        let keys = document.tree().ok().and_then(|tree| counterpart(with.job, &known, &head, tree));
        let names = keys.iter().flatten().map(String::as_str);
        claim_names(builder, names.chain([head.name.as_str()]));
        builder.claims.take(&head.id, keys);
    }
    Ok(())
}

/// Protects what has nearly one of these names, which are those of an import of the source: it may be its import.
fn claim_names<'n>(builder: &mut PlanBuilder<'_>, names: impl IntoIterator<Item = &'n str>) {
    if builder.with.job.match_by == MatchBy::Name {
        let names = names.into_iter().filter(|name| !is_blank(name));
        let hashes = names.map(|name| builder.keys.of(&loose_name_key(name)));
        builder.claims.names.extend(hashes);
    }
}

/// Does so for the imports of the items, except where the target has the very import: then its id tells which is its own.
fn claim_names_of_items(builder: &mut PlanBuilder<'_>, used: &HashSet<Id>) -> Result<(), EngineError> {
    if builder.with.job.match_by != MatchBy::Name {
        return Ok(());
    }
    for index in 0..builder.stored_items.len() {
        let item = builder.item(index)?;
        if let Some(source) = item.source.as_ref().filter(|source| !used.contains(&source.id)) {
            claim_names(builder, [source.name.as_str(), item.name.as_str()]);
        }
    }
    Ok(())
}

/// What an import of the source is matched by in the target: as it is, and as the job would have it. `None` where the
/// transformation fails, or there is nothing to match it by.
pub(crate) fn counterpart(job: &Job, known: &Known, head: &Head, document: &Value) -> Option<Vec<String>> {
    let mut keys: Vec<String> =
        job.match_by.key(head).map(std::borrow::Cow::into_owned).into_iter().collect();
    if !job.program.is_empty() {
        let facts = known.facts(ItemKey(0), head, BTreeMap::new());
        let wanted = job.program.apply(document.clone(), &facts).ok()?.document;
        keys.extend(job.match_by.key_of(&wanted).map(std::borrow::Cow::into_owned));
    }
    // A blank name is that of any import that lost its own.
    keys.retain(|key| !is_blank(key));
    (!keys.is_empty()).then_some(keys)
}

/// Items of a plan for what only the target has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OnlyInTarget {
    /// Imports that are deleted.
    pub deleted: u32,
    /// Imports that stay, since something uses them.
    pub kept: u32,
}

/// Puts down the deletion of what only the target has, after all other items, which are decided by now. `failed` of them
/// cannot be written.
pub(crate) async fn take_deletions(
    builder: &mut PlanBuilder<'_>,
    decided: &mut Decided,
    imports: &mut TargetIndex<'_>,
    failed: u32,
    source: &Selected,
) -> Result<OnlyInTarget, EngineError> {
    let nothing = OnlyInTarget::default();
    let with = builder.with;
    let Some(mirror) = with.job.mirror else { return Ok(nothing) };
    let target = with.target.facts.name.clone();
    if let Some(why) = with.why_no_mirror() {
        builder.notes.push(format!("{why}, so nothing is deleted in `{target}`"));
        return Ok(nothing);
    }
    let mut used: HashSet<Id> = HashSet::new();
    for (decision, key) in decided.by_item.iter() {
        if let Some(at) = decision.import() {
            used.extend(imports.get(key, at)?.map(|import| import.id));
        }
    }
    let left = std::mem::take(&mut decided.without_item);
    let Some(target_only) = &mut imports.target_only else { return Ok(nothing) };
    for import in left {
        let text = imports.file.read(import.span)?;
        let document = stored_document(text, imports.file.path())?;
        target_only.consider(None, document.head(), document.text())?;
    }
    let (held, set_aside) = (target_only.held(), target_only.set_aside());
    let mut items = target_only.items()?;
    items.retain(|item| item.target.as_ref().is_some_and(|target| !used.contains(&target.id)));
    let all = items.len();
    if !items.is_empty() {
        claim_names_of_items(builder, &used)?;
    }
    let named = std::mem::take(&mut builder.claims.names);
    items.retain(|item| !named.contains(&builder.keys.of(&loose_name_key(&item.name))));
    let alike = (all - items.len()) as u64 + std::mem::take(&mut decided.left).len() as u64;
    let mut note = |count: u64, why: &str| {
        if count > 0 {
            let are = shown::count(count, "import is", "imports are");
            builder.notes.push(format!("`mirror`: {are} left alone in `{target}`: {why}"));
        }
    };
    note(alike, "the name is that of an import of the source, or nearly");
    note(set_aside.apps, "owned by an Integration App");
    note(set_aside.unreadable, "it cannot be read whether `select` holds");
    let by = if with.job.match_by == MatchBy::Name { "a name" } else { "an externalId" };
    note(set_aside.unmatched, &format!("without {by} to match them by"));
    // What something uses stays, and is a conflict.
    items.iter_mut().for_each(|item| tell(&mut builder.usage, item));
    let deleted = || items.iter().filter(|item| item.is_deletion());
    let count = u32::try_from(deleted().count()).unwrap_or(u32::MAX);
    let names: Vec<String> = deleted().map(|item| item.name.clone()).collect();
    if builder.claims.is_empty && count > 0 {
        let account = with.source.facts.name.clone();
        return Err(EngineError::NothingToMirror { account, target, names: listed(&names) });
    }
    let blocked = match (failed, builder.claims.unknown) {
        _ if items.is_empty() => return Ok(nothing),
        (0, 0) => with.why_files_are_few().map(str::to_owned),
        (0, unknown) => {
            let of = imports_in(unknown, &with.source.facts.name);
            let why = "a step fails, or there is nothing to match them by";
            Some(format!("it is not known which imports there are those of {of}: {why}"))
        }
        (failed, _) => {
            let fail = if failed == 1 { "fails" } else { "fail" };
            Some(format!("{} {fail}", imports_in(u64::from(failed), &with.source.facts.name)))
        }
    };
    if let Some(why) = blocked {
        builder
            .notes
            .push(format!("`mirror`: nothing is deleted in `{target}` ({count} would be), because {why}"));
        return Ok(nothing);
    }
    if exceeds(count, mirror.max_delete, held) {
        return Err(EngineError::TooManyDeletions {
            target,
            count,
            held,
            limit: in_words(mirror.max_delete),
            names: listed(&names),
        });
    }
    if with.files().is_none() && count > 0 {
        let (_, usage) = builder.users.of_source(with, UserLists::Flows).await?;
        let listed = ListedImports { ids: &source.ids, count: source.seen.listed };
        refuse_short_list(with.source, &usage, listed, with.context.cancel).await?;
    }
    let kept = u32::try_from(items.len()).unwrap_or(u32::MAX) - count;
    for mut item in items {
        item.item = ItemKey(u32::try_from(builder.stored_items.len() + 1).unwrap_or(u32::MAX));
        builder.put_down(&item)?;
    }
    Ok(OnlyInTarget { deleted: count, kept })
}

/// "1 import in `us`", "2 imports in `us`".
fn imports_in(count: u64, account: &str) -> String {
    format!("{} in `{account}`", shown::count(count, "import", "imports"))
}

/// Whether this number is more than may be deleted.
fn exceeds(count: u32, limit: Limit, held: u64) -> bool {
    match limit {
        Limit::Count(most) => count > most,
        #[expect(clippy::cast_precision_loss, reason = "counts of imports are far below 2^52")]
        Limit::Share(share) => f64::from(count) > share * held as f64 + 1e-9,
    }
}

fn in_words(limit: Limit) -> String {
    match limit {
        Limit::Count(count) => count.to_string(),
        Limit::Share(share) => format!("{}%", (share * 10_000.0).round() / 100.0),
    }
}

/// Names for a message.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = names.len().saturating_sub(NAMED);
    if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_deleted_than_the_job_allows() {
        for (count, limit, held, expected) in [
            (3, Limit::Count(3), 3, false),
            (4, Limit::Count(3), 1000, true),
            (5, Limit::Share(0.05), 100, false),
            (6, Limit::Share(0.05), 100, true),
            (1, Limit::Share(0.05), 19, true),
            (1, Limit::Share(0.05), 20, false),
            (7, Limit::Share(1.0), 7, false),
        ] {
            assert_eq!(exceeds(count, limit, held), expected, "{count} of {held}, {limit:?}");
        }
    }

    #[test]
    fn the_list_names_the_first_and_counts_the_others() {
        let names: Vec<String> = (0..102).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names[..2]), "\"0\", \"1\"");
        assert!(listed(&names).ends_with("\"99\", and 2 more"));
    }
}
