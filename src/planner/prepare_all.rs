//! prepare, for all items: each selected import is transformed, and stored until it is known what is in the target.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::documents::Document;
use crate::documents::references::{Resolver, ResourceIndex};
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::select::{Picked, Selected};
use crate::inventory::wanted::{Absent, WhyAbsent, named_before};
use crate::job::Action;
use crate::model::event::{Event, Stage};
use crate::model::{Head, Id, ItemKey, Operation, Outcome};
use crate::planner::facts::Known;
use crate::planner::items::{blank, ended};
use crate::planner::mirror::counterpart;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::{Prepared, TransformContext};
use crate::planner::prepare_chunk::{
    PrepareInputs, PreparedImport, Preparing, Todo, Unprepared, with_source,
};
use crate::planner::repeated_update::UnverifiedWrite;
use crate::planner::request::PlannerRequest;
use crate::run_folder::document_file::stored_document;
use crate::run_folder::plan_item::Reason;

/// Imports that are prepared in one go, at most, and the bytes of their documents after which a chunk ends.
const CHUNK: usize = 64;
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks that are prepared at a time, each on a thread of its own: more take memory. What a step tells of the imports it met
/// does not depend on which of them it met first.
const AT_ONCE: usize = 2;

/// Prepares every selected import: some chunks at a time, while this thread puts those before them down, in order.
pub(crate) async fn prepare_all(
    builder: &mut PlanBuilder<'_>,
    picks: &mut Selected,
    resolver: Option<&Arc<Resolver>>,
    here: &ResourceIndex,
    usage: &Arc<FlowUsage>,
) -> Result<(), EngineError> {
    let with = builder.with;
    let total = Some(picks.items.len() as u64);
    with.context.events.emit(&Event::StageStarted { stage: Stage::Prepare, total });
    let context = TransformContext::new(with, resolver, builder.print.ignore.clone(), Arc::clone(&picks.ids));
    let inputs = Arc::new(PrepareInputs { context, known: Known::new(with, here, usage) });
    let mut rows_met: HashMap<u32, u32> = HashMap::new();
    for row in picks.items.iter().filter_map(Picked::row) {
        *rows_met.entry(row).or_default() += 1;
    }
    // Exactly: a growing list takes twice as much.
    builder.reserve(picks.items.len() + picks.absent.len());
    let mut source = SelectedImports { with, picks, at: 0, number: 0, met: BTreeSet::new() };
    let mut preparing: VecDeque<Preparing> = VecDeque::new();
    loop {
        let next = source.chunk().await?;
        let is_last = next.is_empty();
        if !is_last {
            preparing.push_back(Preparing::start(next, Arc::clone(&inputs), with.context.cancel));
        }
        while is_last || preparing.len() == AT_ONCE {
            let Some(first) = preparing.pop_front() else { break };
            for (turn, one) in first.done(with.context.cancel).await?.into_iter().enumerate() {
                with.breathe(turn).await?;
                put_down(builder, one, &rows_met, &inputs.known)?;
                with.context.events.emit(&Event::StageAdvanced { stage: Stage::Prepare, by: 1 });
            }
        }
        if is_last {
            break;
        }
    }
    let mut met = source.met;
    for absent in &picks.absent {
        if with.only().is_none_or(|only| only.asks_for(&absent.asked)) {
            met.insert(Id::from(absent.asked.as_str()));
            put_down_absent(builder, absent)?;
        }
    }
    for (id, name) in with.only().iter().flat_map(|only| &only.ids).filter(|(id, _)| !met.contains(id)) {
        put_down_lost(builder, id, name)?;
    }
    builder.sort();
    builder.notes.append(&mut picks.notes);
    if with.only().is_none() && !picks.items.is_empty() {
        builder.notes.extend(with.job.program.notes());
    }
    builder.references = inputs.context.references();
    with.context.events.emit(&Event::StageFinished { stage: Stage::Prepare });
    Ok(())
}

/// The selected imports, in chunks.
struct SelectedImports<'a> {
    with: &'a PlannerRequest<'a>,
    picks: &'a mut Selected,
    /// Imports that were read.
    at: usize,
    /// Items that they became.
    number: u32,
    /// The ids of those, where only some are planned.
    met: BTreeSet<Id>,
}

impl SelectedImports<'_> {
    /// The next imports; none after the last. Only those that are planned count: a chunk without any is the end.
    async fn chunk(&mut self) -> Result<Vec<Unprepared>, EngineError> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while let Some(pick) = self.picks.items.get(self.at).copied()
            && chunk.len() < CHUNK
            && bytes < CHUNK_BYTES
        {
            self.with.breathe(self.at).await?;
            self.at += 1;
            // It becomes a stored item.
            self.picks.items.release(self.at);
            let text = self.picks.documents.read(pick.span())?;
            let length = text.len();
            let document = stored_document(text, self.picks.documents.path())?;
            if let Some(only) = self.with.only() {
                let head = document.head();
                if !only.takes(head) {
                    continue;
                }
                self.met.insert(head.id.clone());
            }
            bytes += length;
            self.number += 1;
            let number = ItemKey(self.number);
            let problem = pick.problem().and_then(|index| self.picks.problems.get(index as usize));
            let todo = match problem {
                Some(problem) => Todo::Refuse(problem.clone()),
                None => {
                    let written = self.with.only().and_then(|only| only.written.get(&document.head().id));
                    let again = written.map(UnverifiedWrite::read).transpose()?.flatten();
                    Todo::Prepare(self.columns(pick, &document), again)
                }
            };
            chunk.push(Unprepared { number, row: pick.row(), document, todo });
        }
        Ok(chunk)
    }

    /// The columns of the row of the manifest that names an import; none without one.
    fn columns(&self, pick: Picked, document: &Document) -> BTreeMap<String, String> {
        let manifest = self.with.job.select.manifest.as_ref();
        let row = pick.row().and_then(|row| manifest?.rows.get(row as usize));
        row.map(|row| row.columns_of(&document.head().name)).unwrap_or_default()
    }
}

/// Puts an import down that was prepared.
fn put_down(
    builder: &mut PlanBuilder<'_>,
    one: PreparedImport,
    rows_met: &HashMap<u32, u32>,
    known: &Known,
) -> Result<(), EngineError> {
    let PreparedImport { row, document, mut prepared } = one;
    let (with, head) = (builder.with, document.head());
    if let Some(met) = row.and_then(|row| rows_met.get(&row).copied()).filter(|met| *met > 1) {
        name_is_not_enough(with.job.action, &mut prepared, met);
    }
    if with.mirrors() && prepared.wanted.is_none() {
        // It is not written, but its import in the target must be known.
        let keys = document.tree().ok().and_then(|tree| counterpart(with.job, known, head, tree));
        builder.claims.take(&head.id, keys);
    }
    let verbatim = prepared.item.operation == Operation::Archive;
    builder.keep(&mut prepared, head, verbatim.then_some(document.text()))
}

/// An import that was requested but does not exist is still an item, so that everything is accounted for.
fn put_down_absent(builder: &mut PlanBuilder<'_>, absent: &Absent) -> Result<(), EngineError> {
    let Absent { asked, place, why } = absent;
    let number = ItemKey(u32::try_from(builder.stored_items.len() + 1).unwrap_or(u32::MAX));
    let is_id = Id::looks_like(asked);
    let (id, name) = if is_id { (asked.as_str(), "") } else { ("", asked.as_str()) };
    let head = Head::new(Id::from(id), name);
    let item = with_source(blank(number, &head), &head);
    let item = match why {
        WhyAbsent::Unread(why) => ended(item, Outcome::Failed, "unreadable", format!("{why} ({place})")),
        WhyAbsent::NamedBefore(line) => {
            ended(item, Outcome::Failed, "named_twice", named_before(place, *line))
        }
        WhyAbsent::Gone => {
            let source = builder.with.source.facts.described();
            let message = format!("there is no such import in {source} ({place})");
            ended(item, Outcome::Failed, "not_found", message)
        }
    };
    builder.keep(&mut Prepared::over(item), &head, None)
}

/// An import of an earlier run that has to be redone, but that the job no longer selects.
fn put_down_lost(builder: &mut PlanBuilder<'_>, id: &Id, name: &str) -> Result<(), EngineError> {
    let number = ItemKey(u32::try_from(builder.stored_items.len() + 1).unwrap_or(u32::MAX));
    let head = Head::new(id.clone(), name);
    let item = with_source(blank(number, &head), &head);
    let with = builder.with;
    let source = &with.source.facts.name;
    let item = if with.job.action == Action::Delete {
        ended(
            item,
            Outcome::Unchanged,
            "gone",
            format!("`{source}` does not have it any more, or `select` does not take it"),
        )
    } else {
        let message = format!(
            "`{source}` does not have it any more, or `select` does not take it: it cannot be done again"
        );
        ended(item, Outcome::Failed, "not_found", message)
    };
    builder.keep(&mut Prepared::over(item), &head, None)
}

/// A row of a manifest that names several imports: harmless to copy them all, not to change or remove them.
fn name_is_not_enough(action: Action, prepared: &mut Prepared, met: u32) {
    let message = format!("the manifest names it by name, and {met} imports are called so: name it by id");
    if matches!(action, Action::Update | Action::Delete) && prepared.item.is_work() {
        prepared.item.operation = Operation::None;
        prepared.item.outcome = Some(Outcome::Conflict);
        prepared.item.problem = Some(Reason::new("ambiguous_name", message));
        prepared.wanted = None;
    } else {
        prepared.item.warnings.push(message);
    }
}
