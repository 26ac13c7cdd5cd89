//! Decides which import of the target belongs to which item: by id, by key and by content, for all items together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::documents::contained;
use crate::documents::document::read_tree;
use crate::documents::normal::consensus::place;
use crate::inventory::error::EngineError;
use crate::job::OnExisting;
use crate::model::{Id, Verdict};
use crate::planner::apply::{is_the_services, places_in_files, removed};
use crate::planner::by_id::by_id_first;
use crate::planner::confirm::{Confirmed, Position, confirm};
use crate::planner::decide::{Decision, Group, creates_anyway, pair};
use crate::planner::decisions::Decisions;
use crate::planner::earlier_runs::{Sought, earlier_writes};
use crate::planner::likeness::{Likeness, Place, ServiceOwn, adaptor_of};
use crate::planner::own::read_own;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::side_by_side::{Alike, OpenGroup, compare_all};
use crate::planner::target_index::{TargetImport, TargetIndex};
use crate::planner::wanted_keys::id_key;
use crate::run_folder::document_file::Span;

/// Documents of the target that are asked what the service fills in, at most.
const MOST_ASKED: usize = 2000;

/// What was decided for all items.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// By item: the decision, and the key of the imports it is about.
    pub by_item: Decisions,
    /// Imports that have a wanted key but are not wanted.
    pub left: Vec<TargetImport>,
    /// What bears a key that only items want which are other imports, by their ids.
    pub without_item: Vec<TargetImport>,
    pub own: ServiceOwn,
    pub confirmed: Confirmed,
    /// Items that could not be compared: the program panicked over them.
    pub mistakes: BTreeSet<u32>,
    /// Items whose import, which an earlier run made, cannot be read, and why.
    pub unread: HashMap<u32, String>,
    /// Why items are not created, where the target has nearly their name.
    pub conflicts: HashMap<u32, String>,
}

impl Decided {
    /// Whether an item is always created: no import of the target is matched with it.
    pub(crate) fn creates(&self, index: u32, on_existing: OnExisting) -> bool {
        match self.by_item.get(index) {
            _ if self.unread.contains_key(&index) => false,
            None | Some((Decision::Create, _)) => true,
            Some((Decision::Ambiguous, _)) => creates_anyway(on_existing),
            Some((Decision::Unchanged(_) | Decision::Differs(_), _)) => false,
        }
    }
}

/// Pairs every item with what stands in the target. What differs by the list is read again before that counts, all together.
pub(crate) async fn decide_all(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
) -> Result<Decided, EngineError> {
    let mut decided = Decided::default();
    let mut wanted = std::mem::take(&mut builder.by_key);
    decided.unread = read_own(builder, imports).await?;
    let (idle, by_id) = by_id_first(&mut wanted, imports);
    for key in idle {
        if !imports.target_only.as_ref().is_none_or(|target_only| target_only.is_claimed(key)) {
            decided.without_item.extend(imports.of(key)?);
        }
    }
    let mut open = Vec::new();
    let by_id = by_id.iter().map(|item| (id_key(item.0), vec![item.0]));
    for (key, wanted) in wanted.groups().chain(by_id) {
        if !imports.by_key.contains(key) {
            continue;
        }
        match decide_by_print(builder, imports, key, &wanted, &mut decided)? {
            None => {}
            Some(group) => open.push(group),
        }
    }
    if !open.is_empty() {
        decide_open(builder, imports, open, &mut decided).await?;
    }
    Ok(decided)
}

/// Decides a group by fingerprints; gives it back if that is not enough.
fn decide_by_print(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    key: u64,
    wanted: &[u32],
    decided: &mut Decided,
) -> Result<Option<OpenGroup>, EngineError> {
    let there = imports.of(key)?;
    // What other items have is still a namesake, but none of these can be it.
    let taken_before = |import: &TargetImport| builder.taken.is_some_and(|taken| taken.contains(&import.id));
    let group = Group {
        wanted: wanted.iter().map(|index| *index as usize).collect(),
        found: (0..there.len()).filter(|at| !taken_before(&there[*at])).collect(),
    };
    let prints = builder.compared_by(&group.wanted)?;
    let decisions = pair(&group, |item, at| prints.get(&item) == Some(&there[at].print));
    let is_unsure = |decision: &Decision| matches!(decision, Decision::Differs(_) | Decision::Ambiguous);
    if decisions.iter().any(|(_, decision)| is_unsure(decision)) {
        let equal = decisions.iter().filter_map(|(_, decision)| match decision {
            Decision::Unchanged(at) => Some(*at),
            _ => None,
        });
        let taken = equal.collect();
        return Ok(Some(OpenGroup { key, wanted: group.wanted, found: group.found, taken }));
    }
    keep_decisions(key, decisions, &HashSet::new(), imports, decided)?;
    Ok(None)
}

/// Keeps decisions, and what of a key is left over.
fn keep_decisions(
    key: u64,
    decisions: Vec<(usize, Decision)>,
    gone: &HashSet<Position>,
    imports: &mut TargetIndex<'_>,
    decided: &mut Decided,
) -> Result<(), EngineError> {
    let claimed = imports.target_only.as_ref().is_none_or(|target_only| target_only.is_claimed(key));
    if !claimed && !decisions.iter().any(|(_, decision)| *decision == Decision::Ambiguous) {
        let used: BTreeSet<usize> = decisions.iter().filter_map(|(_, decision)| decision.import()).collect();
        for at in 0..imports.by_key.count(key) {
            if !used.contains(&at) && !gone.contains(&(key, at)) {
                decided.left.extend(imports.get(key, at)?);
            }
        }
    }
    let of = |item: usize| u32::try_from(item).unwrap_or(u32::MAX);
    decisions.into_iter().for_each(|(item, decision)| decided.by_item.insert(of(item), decision, key));
    Ok(())
}

/// Decides what fingerprints do not decide: reads it again, compares the documents, and asks what the service fills in.
async fn decide_open(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    mut open: Vec<OpenGroup>,
    decided: &mut Decided,
) -> Result<(), EngineError> {
    let unsure: Vec<Position> = open
        .iter()
        .flat_map(|group| {
            let unsure = group.found.iter().filter(|at| !group.taken.contains(at));
            unsure.map(|at| (group.key, *at))
        })
        .collect();
    let with = builder.with;
    decided.confirmed = confirm(with, &builder.print, imports, &unsure).await?;
    let gone = &decided.confirmed.gone;
    for group in &mut open {
        group.found.retain(|at| !gone.contains(&(group.key, *at)));
    }
    let (mut alike, asked) = compare_all(builder, imports, &open).await?;
    places_in_files(builder, &asked)?;
    decided.own = ServiceOwn::asking(asked);
    ask(builder, imports, &mut decided.own).await?;
    judge(builder, imports, &decided.own, &mut alike).await?;
    // Nobody knows an import without a name by that: only what holds the same is it.
    let nameless = builder.keys.of("");
    for group in open {
        let there = imports.of(group.key)?;
        let (mut verdicts, mut mistakes) = (Vec::new(), Vec::new());
        let pairs = Group { wanted: group.wanted, found: group.found };
        let prints = builder.compared_by(&pairs.wanted)?;
        let decisions = pair(&pairs, |item, at| {
            if prints.get(&item) == Some(&there[at].print) {
                return true;
            }
            match alike.get(&(item, group.key, at)) {
                Some(Likeness::Equal(verdict)) => {
                    verdicts.push((item, *verdict));
                    true
                }
                Some(Likeness::Unknown) => {
                    mistakes.push(item);
                    false
                }
                _ => false,
            }
        });
        let by_content = |(item, decision)| match decision {
            Decision::Differs(_) | Decision::Ambiguous if group.key == nameless => (item, Decision::Create),
            _ => (item, decision),
        };
        let decisions: Vec<_> = decisions.into_iter().map(by_content).collect();
        let is_unsure = |item: &usize| !verdicts.iter().any(|(known, _)| known == item);
        let number = |item: usize| u32::try_from(item).unwrap_or(u32::MAX);
        decided.mistakes.extend(mistakes.into_iter().filter(is_unsure).map(number));
        for (item, verdict) in verdicts {
            builder.stored_items[item].verdict = verdict;
        }
        let gone = std::mem::take(&mut decided.confirmed.gone);
        keep_decisions(group.key, decisions, &gone, imports, decided)?;
        decided.confirmed.gone = gone;
    }
    Ok(())
}

/// Asks the documents of the target what they have in common at the places in question.
async fn ask(
    builder: &PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    own: &mut ServiceOwn,
) -> Result<(), EngineError> {
    if own.is_empty() {
        return Ok(());
    }
    let wanted = imports.by_key.iter(&mut imports.file);
    let wanted = wanted.filter(|import| import.as_ref().map_or(true, |import| import.unreadable.is_none()));
    let spans = wanted.take(MOST_ASKED).map(|import| import.map(|import| import.span));
    let mut spans = spans.collect::<Result<Vec<Span>, _>>()?;
    spans.extend(imports.samples.values().flatten());
    for (turn, span) in spans.into_iter().enumerate() {
        builder.with.breathe(turn).await?;
        let text = imports.file.read(span)?;
        // If this panics, nothing is learned from the import.
        let _ = contained(|| own.take(&text));
    }
    Ok(())
}

/// Turns what only grew into what is equal, where all documents of the target hold the same or an earlier run read it back so.
async fn judge(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    own: &ServiceOwn,
    alike: &mut Alike,
) -> Result<(), EngineError> {
    let mut asked: Vec<((usize, u64, usize), Id)> = Vec::new();
    let mut left: BTreeMap<Place, u32> = BTreeMap::new();
    for (turn, (pair, alike)) in alike.iter_mut().enumerate() {
        builder.with.breathe(turn).await?;
        let Likeness::Grew { fields, renamed, of_people } = alike else {
            continue;
        };
        let (item, key, at) = *pair;
        let Some(import) = imports.get(key, at)? else {
            continue;
        };
        let of = builder.item(item)?;
        let removed = removed(builder, &of, &import);
        let all_own = !*of_people
            && (fields.is_empty() || {
                let text = imports.file.read(import.span)?;
                let adaptor = read_tree(&text).map(|tree| adaptor_of(&tree));
                adaptor.is_ok_and(|adaptor| {
                    let is_own = fields.iter().all(|field| is_the_services(own, &adaptor, field, &removed));
                    for field in fields.iter().filter(|_| is_own) {
                        *left.entry((adaptor.clone(), place(field))).or_default() += 1;
                    }
                    is_own
                })
            });
        if all_own {
            fields.clear();
        }
        if all_own && !*renamed {
            *alike = Likeness::Equal(Verdict::EqualWithDefaults);
        } else if let Some(source) = of.source {
            asked.push((*pair, source.id));
        }
    }
    let with = builder.with;
    builder.notes.extend(left_to_the_service(&left, &with.target.facts.name));
    let sources = asked.iter().map(|(_, source)| source.clone()).collect();
    let (from, to) = (&with.source.facts, &with.target.facts);
    let earlier = earlier_writes(with.places_of_runs(), from, to, Sought::Of(sources)).await;
    for (pair, source) in asked {
        let (item, key, at) = pair;
        let import = imports.get(key, at)?;
        let (Some(import), Some(write)) = (import, earlier.get(&source)) else {
            continue;
        };
        let found = imports.print_when_read(&builder.print, &import)?;
        let as_left = write.sent == builder.sent(item)? && write.found == Some(found);
        let Some(Likeness::Grew { fields, renamed, .. }) = alike.get(&pair) else {
            continue;
        };
        let is_own = write.target == import.id
            && (fields.is_empty() || as_left)
            && (!renamed || write.renamed || as_left);
        if is_own {
            alike.insert(pair, Likeness::Equal(Verdict::EqualWithDefaults));
        }
    }
    Ok(())
}

/// Notes which differences were attributed to the service and so ignored, so that users can check this.
fn left_to_the_service(left: &BTreeMap<Place, u32>, target: &str) -> Vec<String> {
    let told = left.iter().map(|((adaptor, place), imports)| {
        let imports = if *imports == 1 { "1 import".to_owned() } else { format!("{imports} imports") };
        format!(
            "{place} is the same in every {adaptor} of `{target}`: it is taken for the service's own, and left as it is in \
             {imports}"
        )
    });
    told.collect()
}
