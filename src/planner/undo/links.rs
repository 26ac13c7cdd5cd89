//! What imports refer to, and they: which is undone first, and what is left alone because it is still used.

use std::collections::{HashMap, HashSet};

use crate::inventory::error::EngineError;
use crate::model::{Id, ItemKey, Operation, Outcome};
use crate::planner::prepare::ended;
use crate::planner::undo::UndoRequest;
use crate::planner::undo::present::users;
use crate::run_folder::plan_item::PlanItem;
use crate::run_folder::rows::Row;

/// What imports refer to is removed after them and comes back before them, in the reverse of the order of the run.
pub(crate) fn in_order(touched: Vec<Row>) -> Vec<Row> {
    let (mut rows, mut last) = (Vec::new(), Vec::new());
    let (imports, others): (Vec<Row>, Vec<Row>) =
        touched.into_iter().partition(|row| row.item.kind.is_none());
    for row in others.into_iter().rev() {
        if row.outcome == Outcome::Deleted { rows.push(row) } else { last.push(row) }
    }
    rows.extend(imports);
    rows.extend(last);
    rows
}

/// What becomes of an item of the run here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It is undone by this item.
    Undone(ItemKey),
    /// There is nothing to undo any more.
    Over,
    /// It stays as it is, and so does what it uses.
    Stays(String),
}

/// Which items of the run needed which, turned round.
#[derive(Debug)]
pub(crate) struct Links {
    /// An item of the run to those that needed it.
    users: HashMap<ItemKey, Vec<ItemKey>>,
    /// What becomes of the items of the run, as far as planned.
    fates: HashMap<ItemKey, Fate>,
    /// What is removed or put back here: it will not use anything that the run made.
    leaving: HashSet<Id>,
}

impl Links {
    pub(crate) fn of(touched: &[Row]) -> Self {
        let mut users: HashMap<ItemKey, Vec<ItemKey>> = HashMap::new();
        for row in touched {
            for need in &row.item.needs {
                users.entry(*need).or_default().push(row.item.item);
            }
        }
        Self { users, fates: HashMap::new(), leaving: HashSet::new() }
    }

    /// Puts an item after those that needed what it undoes; one that is used by anything else is left alone.
    pub(crate) async fn bind(
        &mut self,
        with: &UndoRequest<'_>,
        row: &Row,
        item: &mut PlanItem,
    ) -> Result<(), EngineError> {
        if item.is_work() {
            let undone = self.before(row).filter_map(|fate| match fate {
                Fate::Undone(item) => Some(*item),
                Fate::Over | Fate::Stays(_) => None,
            });
            item.needs = undone.collect();
            item.needs.sort_unstable();
        }
        if item.kind.is_some()
            && item.operation == Operation::Delete
            && let Some(message) = self.used(with, row).await?
        {
            *item = ended(item.clone(), Outcome::Conflict, "in_use", message);
            item.needs.clear();
        }
        let open = matches!(item.outcome, Some(Outcome::Stale | Outcome::Failed | Outcome::Conflict));
        let gone = item.trouble.as_ref().is_some_and(|trouble| trouble.code == "gone");
        let fate = if item.is_work() {
            self.leaving.extend(row.target_id.clone());
            Fate::Undone(item.item)
        } else if open && !gone {
            Fate::Stays(item.name.clone())
        } else {
            Fate::Over
        };
        self.fates.insert(row.item.item, fate);
        Ok(())
    }

    /// What becomes of those that needed what a row is about.
    fn before(&self, row: &Row) -> impl Iterator<Item = &Fate> {
        self.users.get(&row.item.item).into_iter().flatten().filter_map(|user| self.fates.get(user))
    }

    /// What will still use it, in a sentence.
    async fn used(&self, with: &UndoRequest<'_>, row: &Row) -> Result<Option<String>, EngineError> {
        let stays = self.before(row).find_map(|fate| match fate {
            Fate::Stays(name) => Some(name),
            Fate::Undone(_) | Fate::Over => None,
        });
        match (stays, &row.target_id) {
            (Some(name), _) => Ok(Some(format!("\"{name}\" uses it and stays as it is: left alone"))),
            (None, Some(target)) => users(with, row.item.list(), target, &self.leaving).await,
            (None, None) => Ok(None),
        }
    }
}
