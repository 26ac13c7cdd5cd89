//! The plan that restores what a run changed, except for what others have changed since.

mod all_touched;
mod examine;
mod in_bin;
mod judge;
mod left_alone;
mod links;
mod namesakes;
mod own_writes;
mod present;
mod records;
mod tail;
mod target_states;
mod touched;
mod undoing;
mod wanted;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use crate::documents::normal::Ignore;
use crate::documents::pointer::Pointer;
use crate::documents::{Mistake, contained};
use crate::inventory::endpoint::{Account, Spent, spent};
use crate::inventory::error::EngineError;
use crate::inventory::witnesses;
use crate::journal::ItemStates;
use crate::model::cancel::Cancel;
use crate::model::{Action, Head, Id, ItemKey, Outcome, PackedId};
use crate::planner::items::{blank, ended};
use crate::planner::request::breathe;
use crate::planner::undo::all_touched::all_touched;
use crate::planner::undo::examine::{Examined, Examiner};
use crate::planner::undo::in_bin::in_bin;
use crate::planner::undo::links::{Links, in_order};
use crate::planner::undo::own_writes::overlook_own_writes;
use crate::planner::undo::present::{flows, users, who_changed};
use crate::planner::undo::records::Records;
use crate::planner::undo::tail::tail;
use crate::planner::undo::target_states::read_target_states;
use crate::planner::undo::touched::{Did, Touched};
use crate::planner::undo::undoing::{MADE_MEANWHILE, Undoing, made_meanwhile, undo_item};
use crate::planner::write_plan::Planned;
use crate::run_folder::before_images::BeforeImages;
use crate::run_folder::document_file::DocumentFile;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::forecast::Write;
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::{FORMAT, PlanHead, PlanItem};

/// What happens to the copies that a run found but did not create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// They are named and left alone.
    Leave,
    /// Those that are equal to what the run made and were not touched since are removed; the others are named.
    Remove,
}

/// The plan of an undo.
#[derive(Debug)]
pub struct PlannedUndo {
    /// The plan, as it was written.
    pub planned: Planned,
    /// How many copies it removes.
    pub copies: u32,
}

/// What an undo is planned with.
#[derive(Debug, Clone, Copy)]
pub struct UndoRequest<'a> {
    /// The folder of the run to undo.
    pub folder: &'a RunFolder,
    /// The plan of the run that is undone.
    pub plan: &'a PlanFile,
    /// The id of the run that is undone.
    pub run: &'a str,
    /// The imports that earlier undos created again after this run removed them: the ids then and now.
    pub made_anew: &'a HashMap<Id, Id>,
    /// The account it wrote to.
    pub target: &'a Account,
    /// Where the plan of the undo goes.
    pub to: &'a Path,
    /// Where the documents to be written go.
    pub wanted: &'a Path,
    /// What happens to copies.
    pub copies: Copies,
    /// How to be stopped.
    pub cancel: &'a Cancel,
    /// How long a read may be behind a write.
    pub grace_period: Duration,
    /// When planning began, by this machine's clock.
    pub now: jiff::Timestamp,
    /// The program and its version.
    pub tool: &'a str,
    /// Notes that come before the rest of the plan.
    pub notes: &'a [String],
}

/// Plans the undo of a run; `states` says what became of its items. Nothing is written to the service.
///
/// # Errors
///
/// The run's files do not fit each other, the service cannot be read, or the token opens another account.
///
/// # Cancel safety
///
/// Dropping the future leaves files of the plan that nobody needs, and nothing else.
pub async fn plan_undo(with: UndoRequest<'_>, states: ItemStates) -> Result<PlannedUndo, EngineError> {
    // Opening the account included asking for the owner of its token: the plan pays for those calls too.
    let before = Spent::default();
    let mut records = Records::create(&with.to.with_file_name("now.spool"))?;
    let (touched, services_own) = all_touched(&with, &states, &mut records)?;
    let touched = in_order(touched);
    // What the journal says of the states of the items is not needed any more.
    drop(states);
    let mut target_states = read_target_states(&with, &touched, records).await?;
    target_states.services_own = services_own;
    overlook_own_writes(&with, &touched, &mut target_states).await?;
    if !target_states.any_there() && touched.iter().any(Touched::is_read) {
        refuse_another(&with, &touched).await?;
    }
    let people = who_changed(&with, &touched, &target_states).await;
    let uses = users(&with, &touched).await?;
    let flows = flows(&with, &touched, &target_states).await?;
    let bin = in_bin(&with, &touched, &target_states).await?;
    let before_images = BeforeImages::index(with.folder)?;
    let mut examiner = Examiner { with: &with, before_images, target_states };
    let mut head = with.plan.head().clone();
    head.settings.source = head.settings.target.clone();
    let head = PlanHead {
        version: FORMAT,
        tool: with.tool.to_owned(),
        action: Action::Undo.into(),
        made_at: with.now,
        source: with.target.facts.clone(),
        target: with.target.facts.clone(),
        of_run: Some(with.run.to_owned()),
        ..head
    };
    let mut writer = PlanWriter::create(with.to, head)?;
    let mut out = DocumentFile::create(with.wanted)?;
    let (mut totals, mut sent) = (BTreeMap::<String, u32>::new(), Vec::new());
    let ignore = Ignore::new(with.plan.head().settings.ignore.iter().map(Pointer::as_str));
    let (mut links, mut copies, mut meanwhile) = (Links::of(&touched), 0, Vec::new());
    for (at, one) in touched.iter().enumerate() {
        breathe(with.cancel, at).await?;
        let who = people.get(&at).map(String::as_str).unwrap_or_default();
        let planning = contained(|| plan_item(&mut examiner, one, at, who));
        let planned = planning.unwrap_or_else(|mistake| unplanned(&with, one, at, mistake))?;
        let mut item = links.bind(one, planned.item, uses.get(&at), &flows);
        bin.tell(&mut item, planned.wanted.as_deref(), &ignore);
        let item = write(&mut out, item, planned.wanted)?;
        if item.is_work() {
            sent.push(Write::from(&item));
            copies += u32::from(matches!(one.did, Did::Met { .. }));
        }
        if item.problem.as_ref().is_some_and(|problem| problem.code == MADE_MEANWHILE) {
            meanwhile.push(item.name.clone());
        }
        let word = item.outcome.map_or(item.operation.as_str(), Outcome::as_str);
        *totals.entry(word.to_owned()).or_default() += 1;
        writer.push(&item)?;
    }
    let wanted_sha256 = out.finish()?;
    let mut tail = tail(&with, &touched, totals, sent, spent([with.target]).since(&before).calls);
    tail.notes = with.notes.to_vec();
    tail.notes.extend(flows.notes(&with.target.facts.name));
    tail.notes.extend(made_meanwhile(&meanwhile));
    tail.notes.extend(bin.notes());
    let planned = Planned { plan: writer.finish(tail)?, wanted_sha256, references: Vec::new() };
    Ok(PlannedUndo { planned, copies })
}

/// Refuses an account in which nothing is that the run touched, unless something else shows that it is the right one.
async fn refuse_another(with: &UndoRequest<'_>, touched: &[Touched]) -> Result<(), EngineError> {
    let then = with.made_anew.keys().map(PackedId::from);
    let gone: HashSet<PackedId> =
        touched.iter().filter_map(Touched::packed_target).cloned().chain(then).collect();
    let removed = touched.iter().filter(|one| one.did == Did::Removed).take(8);
    for (one, id) in removed.filter_map(|one| Some((one, one.target()?))) {
        // What was removed there lies in its recycle bin.
        if with.target.client.bin_get(one.kind.as_str(), &id).await.is_ok() {
            return Ok(());
        }
    }
    let mut witnesses = with.plan.tail().witnesses.target.clone();
    witnesses.retain(|witness| !gone.contains(&PackedId::from(&witness.id)));
    // Everything was looked for until the grace period was over.
    witnesses::refuse_another(with.target, &witnesses, Duration::ZERO).await
}

/// Puts the document of an item down, if there is something to write.
fn write(
    out: &mut DocumentFile,
    mut item: PlanItem,
    wanted: Option<Vec<u8>>,
) -> Result<PlanItem, EngineError> {
    if let (true, Some(text)) = (item.is_work(), wanted) {
        item.wanted = Some(out.append_line(item.item, &text)?);
    }
    Ok(item)
}

/// The item over which the program panicked: nothing is done about it.
fn unplanned(
    with: &UndoRequest<'_>,
    one: &Touched,
    at: usize,
    mistake: Mistake,
) -> Result<Undoing, EngineError> {
    let of_run = with.plan.item(one.item)?;
    let id = one.target().unwrap_or_else(|| Id::from(""));
    let number = ItemKey(u32::try_from(at + 1).unwrap_or(u32::MAX));
    let mut item = blank(number, &Head::new(id, of_run.name));
    (item.kind, item.source) = (of_run.kind, of_run.source);
    Ok(ended(item, Outcome::Failed, "panic", mistake.to_string()).into())
}

/// Plans the undo of what was touched; `at` is its place, and `who` tells who changed it since, to end a clause.
fn plan_item(
    examiner: &mut Examiner<'_>,
    one: &Touched,
    at: usize,
    who: &str,
) -> Result<Undoing, EngineError> {
    let with = examiner.with;
    let of_run = with.plan.item(one.item)?;
    let number = ItemKey(u32::try_from(at + 1).unwrap_or(u32::MAX));
    let id = one.target().unwrap_or_else(|| Id::from(""));
    let head = Head { adaptor_type: of_run.adaptor_type.clone(), ..Head::new(id, of_run.name.clone()) };
    let mut item = blank(number, &head);
    item.kind = of_run.kind;
    item.source.clone_from(&of_run.source);
    let Examined { target, finding } = examiner.examine(one, at, &of_run)?;
    item.target = target;
    Ok(undo_item(item, finding, with.copies, who))
}
