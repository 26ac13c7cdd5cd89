//! The plan that puts back what a run changed, except where somebody changed it since.

mod all_touched;
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

use crate::documents::diff::diff;
use crate::documents::normal::masks;
use crate::documents::{Document, Mistake, contained};
use crate::inventory::endpoint::{Account, Spent, spent};
use crate::inventory::error::EngineError;
use crate::inventory::witnesses;
use crate::journal::ItemStates;
use crate::model::cancel::Cancel;
use crate::model::stamp::Stamp;
use crate::model::{Head, Id, ItemKey, Operation, Outcome, PackedId, Verdict};
use crate::planner::items::{blank, ended};
use crate::planner::request::breathe;
use crate::planner::undo::all_touched::all_touched;
use crate::planner::undo::in_bin::in_bin;
use crate::planner::undo::judge::{TargetState, Touch};
use crate::planner::undo::left_alone::{bears_another_name, copy, foreign, may_hold_an_edit};
use crate::planner::undo::links::{Links, in_order};
use crate::planner::undo::own_writes::overlook_own_writes;
use crate::planner::undo::present::{flows, users, who_changed};
use crate::planner::undo::records::Records;
use crate::planner::undo::tail::tail;
use crate::planner::undo::target_states::{Now, TargetStates, read_target_states};
use crate::planner::undo::touched::{Did, Touched};
use crate::planner::undo::undoing::{
    MADE_MEANWHILE, Undoing, is_back, made_meanwhile, put_back, without_before,
};
use crate::planner::undo::wanted::{Wanted, print_without_server_fields};
use crate::planner::write_plan::Planned;
use crate::run_folder::before_images::BeforeImages;
use crate::run_folder::document_file::{DocumentFile, stored_document};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::forecast::Write;
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::{FORMAT, ImportRef, PlanHead, PlanItem};

/// What becomes of the copies that a run found and did not make.
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
    /// What earlier undos made anew of what it removed: the ids then and now.
    pub made_anew: &'a HashMap<Id, Id>,
    /// The account it wrote to.
    pub target: &'a Account,
    /// Where the plan of the undo goes.
    pub to: &'a Path,
    /// Where the documents to be written go.
    pub wanted: &'a Path,
    /// What becomes of copies.
    pub copies: Copies,
    /// How to be stopped.
    pub cancel: &'a Cancel,
    /// How long a read may be behind a write.
    pub grace_period: Duration,
    /// When planning began, by this machine's clock.
    pub now: jiff::Timestamp,
    /// The program and its version.
    pub tool: &'a str,
    /// What is to be said before anything of the plan.
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
    // Whoever opened the account asked whose token it is: those calls are spent on the plan too.
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
    let mut head = with.plan.head().clone();
    head.settings.source = head.settings.target.clone();
    let head = PlanHead {
        version: FORMAT,
        tool: with.tool.to_owned(),
        action: "undo".to_owned(),
        made_at: with.now,
        source: with.target.facts.clone(),
        target: with.target.facts.clone(),
        of_run: Some(with.run.to_owned()),
        ..head
    };
    let mut writer = PlanWriter::create(with.to, head)?;
    let mut out = DocumentFile::create(with.wanted)?;
    let (mut totals, mut sent) = (BTreeMap::<String, u32>::new(), Vec::new());
    let (mut links, mut copies, mut meanwhile) = (Links::of(&touched), 0, Vec::new());
    for (at, one) in touched.iter().enumerate() {
        breathe(with.cancel, at).await?;
        let who = people.get(&at).map(String::as_str).unwrap_or_default();
        let planning = contained(|| plan_item(&with, one, at, &before_images, &mut target_states, who));
        let planned = planning.unwrap_or_else(|mistake| unplanned(&with, one, at, mistake))?;
        let mut item = links.bind(one, planned.item, uses.get(&at), &flows);
        bin.tell(&mut item);
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

fn plan_item(
    with: &UndoRequest<'_>,
    one: &Touched,
    at: usize,
    before_images: &BeforeImages,
    target_states: &mut TargetStates,
    who: &str,
) -> Result<Undoing, EngineError> {
    let of_run = with.plan.item(one.item)?;
    let number = ItemKey(u32::try_from(at + 1).unwrap_or(u32::MAX));
    let id = one.target().unwrap_or_else(|| Id::from(""));
    let head =
        Head { adaptor_type: of_run.adaptor_type.clone(), ..Head::new(id.clone(), of_run.name.clone()) };
    let mut item = blank(number, &head);
    item.kind = of_run.kind;
    item.source.clone_from(&of_run.source);
    let named = |state: Option<&TargetState>| ImportRef {
        id: id.clone(),
        name: of_run.name.clone(),
        sha256: state.map(|state| state.print),
        modified: state.and_then(|state| state.modified.as_ref()).map(Stamp::text),
    };
    let recorded = target_states.recorded(one)?;
    if one.did == Did::Unknown {
        let why = recorded.why.unwrap_or_default();
        item.target = one.packed_target().is_some().then(|| named(None));
        return Ok(ended(
            item,
            Outcome::Conflict,
            "not_known",
            format!("{}: left alone", why.trim_end_matches(": left alone")),
        )
        .into());
    }
    if one.packed_target().is_none() {
        let message = "the journal does not say which import it was";
        return Ok(ended(item, Outcome::Failed, "no_target", message).into());
    }
    let touch = match target_states.now(at) {
        Now::Unreadable => {
            let (code, why) = target_states.unreadable(at)?;
            item.target = Some(named(None));
            let message = format!("it cannot be read ({why}): left alone");
            return Ok(ended(item, Outcome::Failed, &code, message).into());
        }
        Now::Gone => None,
        Now::There(touch) => Some(touch),
    };
    let state = touch.map(|_| target_states.state(at)).transpose()?;
    if one.did == Did::Removed {
        // It comes back under its own id, if what an earlier undo made in its stead is gone.
        let own = of_run.target.as_ref().filter(|_| state.is_none()).map(|own| own.id.clone());
        item.target = Some(ImportRef { id: own.unwrap_or_else(|| id.clone()), ..named(None) });
        if state.is_some() {
            return Ok(is_back(item).into());
        }
        let kept = before_images.document(one.item, recorded.before_sha256).ok().flatten();
        let Some(wanted) = kept.as_ref().and_then(Wanted::of) else {
            return Ok(without_before(item).into());
        };
        let beside = target_states.beside(one, &of_run.name, &wanted)?;
        return Ok(put_back(item, wanted, &beside));
    }
    let Some((state, touch)) = state.zip(touch) else {
        if one.did == Did::Overwrote {
            let message = "it was removed by somebody else since: left alone";
            return Ok(ended(item, Outcome::Stale, "gone", message).into());
        }
        let mut item = ended(item, Outcome::Unchanged, "gone", "it is gone already");
        item.verdict = Some(Verdict::Equal);
        return Ok(item.into());
    };
    item.target = Some(named(Some(&state)));
    if let Did::Met { equal, beside_own } = one.did {
        return Ok(copy(item, (beside_own, equal), with.copies, touch, who).into());
    }
    let (mut wanted, mut now) = (None, None);
    if one.did == Did::Overwrote {
        let kept = before_images.document(one.item, recorded.before_sha256)?;
        let Some(kept) = kept.as_ref().and_then(Wanted::of) else {
            let message = "before.jsonl lacks the document as it was, or holds another: put it back by hand";
            return Ok(ended(item, Outcome::Failed, "no_before", message).into());
        };
        now =
            target_states.text(at)?.map(|text| stored_document(text, Path::new("now.spool"))).transpose()?;
        let stands = now.as_ref().map(print_without_server_fields);
        if stands.is_some_and(|stands| stands == kept.as_it_was || stands == kept.print) {
            if let Some(secret) = changed_secret(&of_run, &kept.secrets) {
                let message = format!(
                    "the run changed a secret that the service shows only masked ({secret}): what it was is not known; enter it by hand"
                );
                return Ok(ended(item, Outcome::Conflict, "masked_secret", message).into());
            }
            item.verdict = Some(Verdict::Equal);
            item.secrets = if stands == Some(kept.as_it_was) { Vec::new() } else { kept.secrets };
            let message = "it is as it was before the run already";
            return Ok(ended(item, Outcome::Unchanged, "undone", message).into());
        }
        wanted = Some(kept);
    }
    match touch {
        Touch::Untouched => {}
        Touch::Edited | Touch::Behind => {
            let message = format!("it was changed since the run{who}: left alone");
            return Ok(ended(item, Outcome::Stale, "edited", message).into());
        }
        Touch::NeverSeen => {
            let message = format!(
                "the run never saw what it had written, and it was modified since it was made{who}: left alone"
            );
            return Ok(ended(item, Outcome::Stale, "edited", message).into());
        }
    }
    if now.is_none() {
        now =
            target_states.text(at)?.map(|text| stored_document(text, Path::new("now.spool"))).transpose()?;
    }
    if recorded.left.is_made_unseen
        && let Some(now) = now.as_ref().filter(|now| bears_another_name(&of_run.name, now))
    {
        let message = format!(
            "its write got no answer, and what was taken for it is called \"{}\": left alone",
            now.head().name
        );
        return Ok(ended(item, Outcome::Stale, "edited", message).into());
    }
    if let (Some(why), Some(now)) = (may_hold_an_edit(one, &recorded.left, &state), now.as_ref()) {
        let before = wanted.as_ref().and_then(|wanted| wanted.tree.as_ref());
        let foreign = foreign(with, &of_run, before, (at, now), target_states)?;
        if !foreign.is_empty() {
            let message = format!("{why} ({foreign}){who}: left alone");
            return Ok(ended(item, Outcome::Stale, "edited", message).into());
        }
    }
    let Some(wanted) = wanted else {
        item.operation = Operation::Delete;
        return Ok(item.into());
    };
    if let Some(Ok(tree)) = now.as_ref().map(Document::tree)
        && let Some(first) = masks(tree).first()
    {
        let message = format!(
            "it holds a secret that the service shows only masked ({first}), which writing it back would erase: left alone"
        );
        return Ok(ended(item, Outcome::Conflict, "masked_secret", message).into());
    }
    item.operation = Operation::Update;
    item.secrets = wanted.secrets;
    if !item.is_import() {
        let message = "as it was it names imports by ids that they no longer have: a service that checks ids refuses it";
        item.warnings.push(message.to_owned());
    }
    if let (Some(Ok(now)), Some(tree)) = (now.as_ref().map(Document::tree), &wanted.tree) {
        item.changes = diff(now, tree);
    }
    item.sent_sha256 = Some(wanted.print);
    item.name = wanted.name;
    Ok(Undoing { item, wanted: Some(wanted.text) })
}

/// The secret, of those that the import showed masked before, that the run wrote or took out.
fn changed_secret<'s>(of_run: &PlanItem, hidden: &'s [String]) -> Option<&'s String> {
    hidden.iter().find(|secret| of_run.changes.iter().any(|change| change.path == **secret))
}
