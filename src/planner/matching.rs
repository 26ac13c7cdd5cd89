//! recognise, for groups of items: which import of the target is which item, by id, by key and by content.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::api::ErrorKind;
use crate::documents::document::{fingerprint_of_text, read_tree};
use crate::documents::normal::compare;
use crate::inventory::error::EngineError;
use crate::job::Action;
use crate::planner::decide::{Decision, Group, pair};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::put_down;
use crate::planner::target_index::{TargetImport, TargetImports, print_of};

impl PlanBuilder<'_> {
    /// What is restored is recognised by its id first: whoever renamed it since does not make it another import.
    pub(crate) fn recognise(groups: &mut Vec<(u64, Vec<u32>)>, standings: &mut TargetImports<'_>) {
        let by_id = std::mem::take(&mut standings.by_id);
        for (_, wanted) in groups.iter_mut() {
            wanted.retain(|index| !by_id.contains_key(index));
        }
        groups.retain(|(_, wanted)| !wanted.is_empty());
        let mut by_id: Vec<(u32, TargetImport)> = by_id.into_iter().collect();
        by_id.sort_unstable_by_key(|(index, _)| *index);
        for (index, standing) in by_id {
            let mut key = u64::from(index);
            while standings.by_key.contains_key(&key) {
                key = key.wrapping_add(1 << 32);
            }
            standings.by_key.insert(key, vec![standing]);
            groups.push((key, vec![index]));
        }
    }

    /// Decides a group of items that want one key; what differs by the list is read by id before that counts. Gives
    /// what bears the key and is not wanted.
    pub(crate) async fn decide(
        &mut self,
        key: u64,
        wanted: &[u32],
        standings: &mut TargetImports<'_>,
        decided: &mut HashMap<u32, (Decision, u64)>,
    ) -> Result<Vec<TargetImport>, EngineError> {
        let Some(mut there) = standings.by_key.remove(&key) else { return Ok(Vec::new()) };
        let mut gone = BTreeSet::new();
        // What other items have is still a namesake, but none of these can be it.
        let with = self.with;
        let is_open = |standing: &TargetImport| with.taken.is_none_or(|taken| !taken.contains(&standing.id));
        let group = Group {
            wanted: wanted.iter().map(|index| *index as usize).collect(),
            standing: (0..there.len()).filter(|at| is_open(&there[*at])).collect(),
        };
        let mut decisions =
            pair(&group, |item, standing| self.drafts[item].print == Some(there[standing].print));
        if decisions
            .iter()
            .any(|(_, decision)| matches!(decision, Decision::Differs(_) | Decision::Ambiguous))
        {
            let taken: BTreeSet<usize> = decisions
                .iter()
                .filter_map(
                    |(_, decision)| if let Decision::Unchanged(at) = decision { Some(*at) } else { None },
                )
                .collect();
            // What has no tree is there, and equal to nothing.
            let mut documents: HashMap<usize, Option<Value>> = HashMap::new();
            let unsure =
                |(at, standing): &(usize, &mut TargetImport)| is_open(standing) && !taken.contains(at);
            for (at, standing) in there.iter_mut().enumerate().filter(unsure) {
                let answer = self.with.target.client.get("imports", &standing.id).await;
                let document = match answer {
                    Ok(document) => document,
                    Err(error) if error.kind == ErrorKind::NotFound => {
                        gone.insert(at);
                        continue;
                    }
                    Err(error) => return Err(self.with.target.failed("read an import")(error)),
                };
                standing.slot = standings.spool.append(document.text.get().as_bytes())?;
                let text = document.text.get().as_bytes();
                let tree = match read_tree(text) {
                    Ok(tree) => {
                        standing.print = print_of(&tree, self.with.job.action == Action::Restore);
                        standing.unreadable = None;
                        Some(tree)
                    }
                    Err(why) => {
                        standing.print = fingerprint_of_text(text);
                        standing.unreadable = Some(why);
                        None
                    }
                };
                documents.insert(at, tree);
            }
            let mut ours: HashMap<usize, Value> = HashMap::new();
            for (item, _) in &decisions {
                if let Some(slot) = self.drafts[*item].wanted {
                    let text = self.documents.read(slot)?;
                    ours.insert(*item, put_down(text, self.documents.path())?);
                }
            }
            let mut verdicts = Vec::new();
            let standing =
                (0..there.len()).filter(|at| taken.contains(at) || documents.contains_key(at)).collect();
            let group = Group { wanted: group.wanted, standing };
            decisions = pair(&group, |item, at| {
                if self.drafts[item].print == Some(there[at].print) {
                    return true;
                }
                let (Some(ours), Some(Some(theirs))) = (ours.get(&item), documents.get(&at)) else {
                    return false;
                };
                let comparison = compare(ours, theirs);
                if comparison.is_as_wanted() {
                    verdicts.push((item, comparison.verdict));
                }
                comparison.is_as_wanted()
            });
            for (item, verdict) in verdicts {
                self.drafts[item].verdict = verdict;
            }
        }
        let mut left = Vec::new();
        let claimed = standings.others.as_ref().is_none_or(|others| others.is_claimed(key));
        if !claimed && !decisions.iter().any(|(_, decision)| *decision == Decision::Ambiguous) {
            gone.extend(decisions.iter().filter_map(|(_, decision)| decision.import()));
            let free = there.iter().enumerate().filter(|(at, _)| !gone.contains(at));
            left.extend(free.map(|(_, standing)| standing.clone()));
        }
        decided.extend(
            decisions.into_iter().map(|(item, decision)| (u32::try_from(item).unwrap_or(0), (decision, key))),
        );
        standings.by_key.insert(key, there);
        Ok(left)
    }
}
