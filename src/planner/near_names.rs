//! Checks, before an import is created, whether the target has it under a similar name, because the service may have
//! changed the name.

use std::collections::{HashMap, HashSet};

use crate::documents::contained;
use crate::documents::document::read_tree;
use crate::documents::name::{differ_by, is_same_name, loose_name_key, name_key};
use crate::inventory::error::EngineError;
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::{Id, Verdict};
use crate::planner::by_id::free_key;
use crate::planner::decide::Decision;
use crate::planner::earlier_runs::{EarlierWrite, Sought, earlier_writes};
use crate::planner::likeness::{Likeness, likeness};
use crate::planner::matching::Decided;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_index::TargetIndex;

/// Finds what would be created under nearly its name. Gives why an item is not created, by its number.
///
/// What an earlier run made of the very import, and the service stored under another name, is that import. Any other import
/// of nearly the same name is a conflict.
pub(crate) async fn find_near_names(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    decided: &mut Decided,
) -> Result<HashMap<u32, String>, EngineError> {
    let mut conflicts = HashMap::new();
    // There is nothing to find if items want all imports of the target.
    if !builder.with.checks_near_names() || imports.unwanted == 0 {
        return Ok(conflicts);
    }
    let with = builder.with;
    let mut creates: HashMap<Id, u32> = HashMap::new();
    for index in 0..builder.stored_items.len() {
        with.breathe(index).await?;
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let is_written = builder.stored_items[index].is_wanted();
        if is_written
            && decided.creates(number, with.job.on_existing)
            && let Some(source) = builder.item(index)?.source
        {
            creates.insert(source.id, number);
        }
    }
    // The journals of earlier runs are read only where one of them may have made what would be created.
    if creates.is_empty() {
        return Ok(conflicts);
    }
    let (from, to) = (&with.source.facts, &with.target.facts);
    let renamed = earlier_writes(with.places_of_runs(), from, to, Sought::Renamed).await;
    if renamed.is_empty() && imports.near.is_empty() {
        return Ok(conflicts);
    }
    adopt(builder, imports, decided, &creates, renamed, &mut conflicts).await?;
    if imports.near.is_empty() {
        return Ok(conflicts);
    }
    for (source, number) in creates {
        let is_adopted = decided.by_item.get(number).is_some_and(|(decision, _)| decision.import().is_some());
        if is_adopted || conflicts.contains_key(&number) {
            continue;
        }
        let name = builder.item(number as usize)?.name;
        let near = imports.near.get(&builder.keys.of(&loose_name_key(&name))).into_iter().flatten();
        // In a single account, the import itself does not count as another.
        let mut near = near
            .filter(|near| near.id != source && !builder.taken.is_some_and(|taken| taken.contains(&near.id)));
        if let Some(near) = near.next() {
            let by = differ_by(&name, &near.name);
            let message = format!(
                "the target has \"{}\" ({}), which differs by {by} only: rename one of the two, or set `on_existing: create` \
                 to create it all the same",
                near.name, near.id
            );
            conflicts.insert(number, message);
        }
    }
    Ok(conflicts)
}

/// Takes for the import itself what an earlier run made of it under a name that the service changed. Where somebody edited it
/// since, and its name is none that services are known to make of the import's, somebody may have given it that name: that is
/// a conflict.
async fn adopt(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    decided: &mut Decided,
    creates: &HashMap<Id, u32>,
    earlier: HashMap<Id, EarlierWrite>,
    conflicts: &mut HashMap<u32, String>,
) -> Result<(), EngineError> {
    let known = imports.by_key.iter(&mut imports.file).map(|import| import.map(|import| import.id));
    let known: HashSet<Id> = known.collect::<Result<_, _>>()?;
    let made: HashMap<Id, (u32, EarlierWrite)> = earlier
        .into_iter()
        .filter(|(_, write)| !known.contains(&write.target))
        .filter_map(|(source, write)| Some((write.target.clone(), (*creates.get(&source)?, write))))
        .collect();
    let mut found = Vec::new();
    read_by_id(builder.with.target, made.keys().cloned(), builder.with.context.cancel, |id, read| {
        if let ReadById::Found(document) = read {
            found.push((id, document));
        }
        Ok(())
    })
    .await?;
    for (id, document) in found {
        let Some((number, write)) = made.get(&id) else {
            continue;
        };
        let number = *number;
        let index = number as usize;
        let item = builder.item(index)?;
        let (wanted, stored) = (item.name.as_str(), document.head.name.as_str());
        let is_cut = !stored.trim().is_empty() && name_key(wanted).starts_with(&*name_key(stored));
        let is_like =
            is_cut || is_same_name(wanted, stored) || loose_name_key(wanted) == loose_name_key(stored);
        // Under another name it was asked for since: what was made under the old one is not it.
        if !is_like && !is_same_name(wanted, &write.name) {
            continue;
        }
        let import = imports.keep(&builder.print, &document.head, &document.text)?;
        let is_edited = !is_like && write.found != Some(imports.print_when_read(&builder.print, &import)?);
        if is_edited {
            conflicts.insert(number, edited_since(stored, &id));
        }
        let (Some(text), Ok(theirs)) = (builder.wanted_text(index)?, read_tree(document.text.as_bytes()))
        else {
            continue;
        };
        let Ok(mut ours) = read_tree(&text) else {
            continue;
        };
        // The name is what the service made of it.
        ours["name"] = theirs["name"].clone();
        let (ignore, mut asked) = (&builder.print.ignore, std::collections::BTreeSet::new());
        let alike = contained(|| likeness(&ours, &theirs, ignore, &item.secrets, &mut asked));
        let alike = alike.unwrap_or(Likeness::Unknown);
        let decision = match alike {
            Likeness::Equal(_) if !is_edited => {
                builder.stored_items[index].verdict = Verdict::EqualWithDefaults;
                Decision::Unchanged(0)
            }
            _ => Decision::Differs(0),
        };
        let key = free_key(imports, number);
        imports.by_key.insert(key, import);
        decided.by_item.insert(number, decision, key);
    }
    Ok(())
}

fn edited_since(stored: &str, id: &Id) -> String {
    format!(
        "an earlier run made \"{stored}\" ({id}) of it, which the service named so or somebody has renamed, and which was edited \
         since: rename or remove that one, or set `on_existing: create` to create it all the same"
    )
}
