//! Reads imports again that differ according to the target's list, all together: a difference counts only if it is seen
//! twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::documents::document::read_tree;
use crate::documents::normal::ignore::restless_note;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PageVisitor, ScanOptions, list_scan};
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::model::{Head, Id};
use crate::planner::request::PlannerRequest;
use crate::planner::target_index::{TargetIndex, TargetPrint};

/// Documents that are looked into for what the service changes at each read, at most.
const MOST_WATCHED: u32 = 50;

/// Where an import of the target stands in [`TargetIndex::by_key`].
pub(crate) type Position = (u64, usize);

/// The result of reading again.
#[derive(Debug, Default)]
pub(crate) struct Confirmed {
    /// What is not there any more.
    pub gone: HashSet<Position>,
    /// What cannot be read, and why.
    pub unread: HashMap<Position, String>,
    /// Fields that change at each read although nobody changes the import, and in how many imports that was seen.
    pub restless: BTreeMap<String, u32>,
    watched: u32,
}

impl Confirmed {
    /// What a person should know: the fields that change by themselves, with the line of the job that mends it.
    pub(crate) fn note(&self) -> Option<String> {
        (!self.restless.is_empty()).then(|| restless_note(self.restless.keys()))
    }

    fn take(
        &mut self,
        print: &TargetPrint,
        imports: &mut TargetIndex<'_>,
        at: Position,
        text: &str,
    ) -> Result<(), EngineError> {
        let Some(import) = imports.get(at.0, at.1)? else {
            return Ok(());
        };
        self.gone.remove(&at);
        let before = imports.file.read(import.span)?;
        let text = text.as_bytes();
        if before == text {
            return Ok(());
        }
        let (old, now) = (import.print, print.of_text(text));
        let unreadable = now.unreadable().cloned();
        let import = imports.file.put_down(text, import.id, now.print, import.app, unreadable)?;
        if import.print != old
            && self.watched < MOST_WATCHED
            && let Ok(tree) = now.into_tree()
        {
            self.watched += 1;
            if let Ok(before) = read_tree(&before) {
                for field in print.ignore.restless(&before, &tree) {
                    *self.restless.entry(field).or_default() += 1;
                }
            }
        }
        imports.by_key.put(at.0, at.1, import);
        Ok(())
    }
}

/// Reads imports of the target again: by a scan of the list where that costs fewer calls than reading each by id.
pub(crate) async fn confirm(
    with: &PlannerRequest<'_>,
    print: &TargetPrint,
    imports: &mut TargetIndex<'_>,
    unsure: &[Position],
) -> Result<Confirmed, EngineError> {
    let mut confirmed = Confirmed::default();
    let mut open: HashMap<Id, Position> = HashMap::with_capacity(unsure.len());
    for (key, at) in unsure {
        if let Some(import) = imports.get(*key, *at)? {
            open.insert(import.id, (*key, *at));
        }
    }
    let seen = imports.seen;
    let pages = seen.listed.div_ceil(seen.page.max(1)).max(1) + if seen.apart { 3 } else { 0 };
    if open.len() as u64 > pages {
        let mut again =
            ConfirmingScan { print, imports, confirmed: &mut confirmed, open: &open, met: HashSet::new() };
        let manner = ScanOptions { listed_apart: seen.apart, ..ScanOptions::default() };
        list_scan(with.target, manner, with.context.cancel, &mut again).await?;
        let met = again.met;
        open.retain(|_, at| !met.contains(at));
    }
    let mut ids: Vec<Id> = open.keys().cloned().collect();
    ids.sort_unstable();
    read_by_id(with.target, ids, with.context.cancel, |id, read| {
        let Some(at) = open.get(&id).copied() else {
            return Ok(());
        };
        match read {
            ReadById::Found(document) => {
                confirmed.take(print, imports, at, &document.text)?;
            }
            ReadById::Gone => {
                confirmed.gone.insert(at);
            }
            ReadById::Unreadable(why) => {
                confirmed.unread.insert(at, why);
            }
        }
        Ok(())
    })
    .await?;
    Ok(confirmed)
}

/// Takes what a second scan shows.
struct ConfirmingScan<'a, 't> {
    print: &'a TargetPrint,
    imports: &'a mut TargetIndex<'t>,
    confirmed: &'a mut Confirmed,
    open: &'a HashMap<Id, Position>,
    met: HashSet<Position>,
}

impl PageVisitor for ConfirmingScan<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.met.clear();
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        if let Some(at) = self.open.get(&head.id).copied() {
            self.confirmed.take(self.print, self.imports, at, text)?;
            self.met.insert(at);
        }
        Ok(self.met.len() < self.open.len())
    }
}
