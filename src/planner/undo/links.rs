//! References between imports: they decide what is undone first, and what is kept because it is still used.

use std::collections::HashMap;

use crate::inventory::dependents::{used_by, users_unknown};
use crate::inventory::flow_usage::FlowUsage;
use crate::model::{Id, IdSet, ItemKey, Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::undo::present::Uses;
use crate::planner::undo::touched::{Did, Touched};
use crate::planner::usage::{left_as_unknown, left_for};
use crate::run_folder::import_users::ImportUser;
use crate::run_folder::plan_item::PlanItem;

/// What imports refer to is removed after them and comes back before them, in the reverse of the order of the run. What uses
/// imports is put back before them.
pub(crate) fn in_order(touched: Vec<Touched>) -> Vec<Touched> {
    if touched.iter().all(Touched::is_import) {
        return touched;
    }
    let (imports, others): (Vec<Touched>, Vec<Touched>) = touched.into_iter().partition(Touched::is_import);
    let (mut all, last): (Vec<Touched>, Vec<Touched>) =
        others.into_iter().rev().partition(|one| matches!(one.did, Did::Removed | Did::Overwrote));
    all.extend(imports);
    all.extend(last);
    all
}

/// What happens here to an item of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It is undone by this item.
    Undone(ItemKey),
    /// There is nothing left to undo.
    Over,
    /// It stays as it is, and so does what it uses.
    Stays(String),
}

/// Which items of the run needed which, turned round.
#[derive(Debug)]
pub(crate) struct Links {
    /// An item of the run to those that needed it.
    users: HashMap<ItemKey, Vec<ItemKey>>,
    /// What happens to the items of the run, as planned.
    fates: HashMap<ItemKey, Fate>,
    /// What is removed or put back here: it will not use anything that the run made. Only where that may be used.
    leaving: Option<IdSet>,
}

impl Links {
    pub(crate) fn of(touched: &[Touched]) -> Self {
        let mut users: HashMap<ItemKey, Vec<ItemKey>> = HashMap::new();
        for one in touched {
            for need in one.needs() {
                users.entry(*need).or_default().push(one.item);
            }
        }
        let leaving = touched.iter().any(|one| !one.is_import()).then(IdSet::default);
        Self { users, fates: HashMap::new(), leaving }
    }

    /// Puts an item after those that needed what it undoes; one that is used by anything else is left alone.
    pub(crate) fn bind(
        &mut self,
        one: &Touched,
        mut item: PlanItem,
        uses: Option<&Uses>,
        flows: &FlowUsage,
    ) -> PlanItem {
        if item.is_work() {
            let undone = self.before(one).filter_map(|fate| match fate {
                Fate::Undone(item) => Some(*item),
                Fate::Over | Fate::Stays(_) => None,
            });
            item.needs = undone.collect();
            item.needs.sort_unstable();
        }
        if item.operation == Operation::Delete
            && let Some(message) =
                if item.is_import() { self.used_in(&item, flows) } else { self.used(one, uses) }
        {
            item = ended(item, Outcome::Conflict, "in_use", message);
            item.needs.clear();
        }
        let open = matches!(item.outcome, Some(Outcome::Stale | Outcome::Failed | Outcome::Conflict));
        let gone = item.problem.as_ref().is_some_and(|problem| problem.code == "gone");
        let fate = if item.is_work() {
            if let (Some(leaving), Some(target)) = (&mut self.leaving, one.target()) {
                leaving.insert(&target, ());
            }
            Fate::Undone(item.item)
        } else if open && !gone {
            Fate::Stays(item.name.clone())
        } else {
            Fate::Over
        };
        // Only what something needs, or what needs something, is ever asked for again.
        if !one.needs().is_empty() || self.users.contains_key(&one.item) {
            self.fates.insert(one.item, fate);
        }
        item
    }

    /// What becomes of those that needed what an item is about.
    fn before(&self, one: &Touched) -> impl Iterator<Item = &Fate> {
        self.users.get(&one.item).into_iter().flatten().filter_map(|user| self.fates.get(user))
    }

    /// Which flows will still use an import that was not there before, or why that is not known, in a sentence. What came
    /// back under its own id was used before it was lost.
    fn used_in(&self, item: &PlanItem, flows: &FlowUsage) -> Option<String> {
        let target = item.target.as_ref().filter(|_| !item.keeps_its_id())?;
        let mut users: Vec<&ImportUser> =
            flows.users_of(&target.id).filter(|user| !self.is_leaving(&user.id)).collect();
        users.dedup_by(|one, other| one.id == other.id);
        if users.is_empty() {
            return flows.unknown_flows().map(|why| left_as_unknown(&why));
        }
        Some(left_for(&users))
    }

    fn is_leaving(&self, id: &Id) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| leaving.contains(id))
    }

    /// What will still use it, in a sentence.
    fn used(&self, one: &Touched, uses: Option<&Uses>) -> Option<String> {
        let stays = self.before(one).find_map(|fate| match fate {
            Fate::Stays(name) => Some(name),
            Fate::Undone(_) | Fate::Over => None,
        });
        if let Some(name) = stays {
            return Some(format!("\"{name}\" uses it and stays as it is: left alone"));
        }
        match uses? {
            Ok(uses) => {
                let mut uses = uses.clone();
                uses.values_mut().for_each(|users| users.retain(|user| !self.is_leaving(&user.id)));
                used_by(&uses)
            }
            Err(why) => Some(users_unknown(why)),
        }
    }
}
