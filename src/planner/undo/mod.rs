//! The plan that puts back what a run changed, except where somebody changed it since.

mod links;
mod present;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use crate::api::ErrorKind;
use crate::documents::Document;
use crate::documents::diff::diff;
use crate::documents::document::{fingerprint_of_text, original_bytes, strip_text};
use crate::documents::normal::{fingerprint, masks, remove_pointers, strip_server_fields};
use crate::inventory::endpoint::{Account, spent};
use crate::inventory::error::EngineError;
use crate::job::Verify;
use crate::journal::ItemStates;
use crate::model::cancel::Cancel;
use crate::model::{Fingerprint, Head, Id, ItemKey, Operation, Outcome, Verdict};
use crate::planner::prepare::{blank, ended};
use crate::planner::undo::links::{Links, in_order};
use crate::planner::undo::present::{current_prints, who_changed};
use crate::planner::write_plan::Planned;
use crate::run_folder::before_images::Befores;
use crate::run_folder::document_file::DocumentFile;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::forecast::{Forecast, Outlook, Write};
use crate::run_folder::plan_file::{PlanFile, PlanWriter};
use crate::run_folder::plan_item::{FORMAT, ImportRef, Others, PlanHead, PlanItem, PlanTail};
use crate::run_folder::rows::{Row, rows};

/// What an undo is planned with.
#[derive(Debug, Clone, Copy)]
pub struct UndoRequest<'a> {
    /// The folder of the run to undo.
    pub folder: &'a RunFolder,
    /// Its plan.
    pub plan: &'a PlanFile,
    /// Where its items stand.
    pub memory: &'a ItemStates,
    /// Its id.
    pub run: &'a str,
    /// The account it wrote to.
    pub target: &'a Account,
    /// Where the plan of the undo goes.
    pub to: &'a Path,
    /// Where the documents to be written go.
    pub wanted: &'a Path,
    /// How to be stopped.
    pub cancel: &'a Cancel,
    /// The time.
    pub now: jiff::Timestamp,
    /// The program and its version.
    pub tool: &'a str,
}

/// What is known of an import that the run wrote: as it is now.
enum Now {
    Gone,
    /// It is there; its document, unless a list showed all that has to be known.
    There(Fingerprint, Option<Document>),
}

/// Plans the undo of a run. Nothing is written to the service.
///
/// # Errors
///
/// The run's files do not fit each other, or the service cannot be read.
pub async fn plan_undo(with: UndoRequest<'_>) -> Result<Planned, EngineError> {
    let before = spent([with.target]);
    let mut touched: Vec<Row> = Vec::new();
    rows(with.folder, with.plan, with.memory, |row| {
        if row.outcome.wrote()
            || matches!(row.outcome, Outcome::Failed | Outcome::Conflict) && made_half(&row)
        {
            touched.push(row);
        }
        Ok(())
    })?;
    let touched = in_order(touched);
    let befores = Befores::index(with.folder)?;
    let prints = current_prints(&with, &touched).await?;
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
    let (mut totals, mut sent, mut asked) = (BTreeMap::<String, u32>::new(), Vec::new(), 0);
    let mut links = Links::of(&touched);
    for (number, row) in (1_u32..).zip(&touched) {
        if with.cancel.is_draining() {
            return Err(EngineError::Interrupted);
        }
        let (mut item, document) =
            plan_item(&with, ItemKey(number), row, &befores, &prints, &mut asked).await?;
        links.bind(&with, row, &mut item).await?;
        if let (true, Some(document)) = (item.is_work(), document) {
            item.wanted = Some(out.append_line(item.item, &document)?);
        }
        if item.is_work() {
            sent.push(Write::of(&item));
        }
        let word = item.outcome.map_or(item.operation.as_str(), Outcome::as_str);
        *totals.entry(word.to_owned()).or_default() += 1;
        writer.push(&item)?;
    }
    let wanted_sha256 = out.finish()?;
    let old = with.plan.tail();
    let page = old.target_page.max(1);
    let (mut others, mut imports) = (BTreeMap::<_, Others>::new(), 0);
    for row in &touched {
        let Some(kind) = row.item.kind else {
            imports += 1;
            continue;
        };
        let listed = old.others.get(&kind).map_or(0, |others| others.listed);
        others.entry(kind).or_insert(Others { items: 0, listed }).items += 1;
    }
    let target_listed = old.target_listed + imports;
    let outlook = Outlook {
        target_listed,
        page,
        read_back: with.plan.head().settings.verify == Verify::Full,
        per_second: with.target.per_second,
        burst: with.target.burst,
    };
    let tail = PlanTail {
        known_sha256: None,
        names: BTreeMap::new(),
        selected: u32::try_from(touched.len()).unwrap_or(u32::MAX),
        totals,
        target_listed,
        target_page: page,
        target_listed_apart: old.target_listed_apart,
        others,
        spent: spent([with.target]).since(&before).calls,
        forecast: Forecast::of(sent.into_iter(), outlook),
        related: BTreeMap::new(),
        notes: Vec::new(),
    };
    Ok(Planned { plan: writer.finish(tail)?, wanted_sha256, references: Vec::new() })
}

/// A clone that was made, but whose PUT did not work out, still stands in the target.
fn made_half(row: &Row) -> bool {
    row.item.operation == Operation::Clone && row.target_id.is_some()
}

async fn plan_item(
    with: &UndoRequest<'_>,
    number: ItemKey,
    row: &Row,
    befores: &Befores,
    prints: &HashMap<Id, Fingerprint>,
    asked: &mut usize,
) -> Result<(PlanItem, Option<Vec<u8>>), EngineError> {
    let Some(target) = row.target_id.clone() else {
        let item = blank(number, &head_of(row, &Id::from("")));
        return Ok((
            ended(item, Outcome::Failed, "no_target", "the journal does not say which import it was"),
            None,
        ));
    };
    let mut item = blank(number, &head_of(row, &target));
    item.kind = row.item.kind;
    item.source = row.item.source.clone();
    // A sweep that shows what the run left behind is proof enough; anything else is read by id.
    let now = match prints.get(&target) {
        Some(print)
            if Some(*print) == row.target_sha256
                && row.outcome != Outcome::Updated
                && row.verdict != Verdict::Differs =>
        {
            Now::There(*print, None)
        }
        _ => read(with, row.item.list(), &target).await?,
    };
    if row.outcome == Outcome::Deleted {
        return Ok(undo_delete(item, row, target, &now, befores));
    }
    let Now::There(print, document) = now else {
        let what = if row.outcome == Outcome::Updated {
            ended(item, Outcome::Stale, "gone", "it was removed by somebody else since: left alone")
        } else {
            let mut item = ended(item, Outcome::Unchanged, "gone", "it is gone already");
            item.verdict = Some(Verdict::Equal);
            item
        };
        return Ok((what, None));
    };
    item.target = Some(ImportRef { id: target.clone(), name: row.item.name.clone(), sha256: Some(print) });
    let wanted = if row.outcome == Outcome::Updated {
        let kept = befores.document(row)?;
        let Some(wanted) = kept.as_ref().and_then(|kept| Wanted::of(kept, false)) else {
            let message = "before.jsonl lacks the document as it was, or holds another: put it back by hand";
            return Ok((ended(item, Outcome::Failed, "no_before", message), None));
        };
        if wanted.print == document.as_ref().map_or(print, print_without_server_fields) {
            item.verdict = Some(Verdict::Equal);
            return Ok((
                ended(item, Outcome::Unchanged, "undone", "it is as it was before the run already"),
                None,
            ));
        }
        Some(wanted)
    } else {
        None
    };
    // A clone whose answer held no document was never fingerprinted: what it is now is taken for what the run made.
    if row.target_sha256.is_some_and(|left| left != print)
        || document.as_ref().is_some_and(|now| changed_before_it_was_read(row, print, now.head()))
    {
        let who =
            if row.item.kind.is_none() { who_changed(with, &target, asked).await } else { String::new() };
        let message = format!("it was changed since the run{who}: left alone");
        return Ok((ended(item, Outcome::Stale, "edited", message), None));
    }
    if let Some(wanted) = wanted {
        item.operation = Operation::Update;
        let now = document.as_ref().and_then(|now| now.tree().ok());
        if let (Some(now), Some(tree)) = (now, &wanted.tree) {
            item.changes = diff(now, tree);
        }
        item.sent_sha256 = Some(wanted.print);
        item.name = wanted.name;
        return Ok((item, Some(wanted.text)));
    }
    item.operation = Operation::Delete;
    Ok((item, None))
}

/// Whether somebody changed an import after the run had written it and before the run read it back: what was read is
/// then not what the run left. Where the service itself keeps other than it answered, `lastModified` stays.
fn changed_before_it_was_read(row: &Row, print: Fingerprint, now: &Head) -> bool {
    let (Some(written), modified) = &row.written else { return false };
    let same = modified.is_some() && *modified == now.last_modified;
    row.verdict == Verdict::Differs && *written != print && !same
}

fn undo_delete(
    mut item: PlanItem,
    row: &Row,
    target: Id,
    now: &Now,
    befores: &Befores,
) -> (PlanItem, Option<Vec<u8>>) {
    item.target = Some(ImportRef { id: target, name: row.item.name.clone(), sha256: None });
    if matches!(now, Now::There(..)) {
        item.verdict = Some(Verdict::NotChecked);
        return (ended(item, Outcome::Unchanged, "undone", "it is there again already"), None);
    }
    let kept = befores.document(row).ok().flatten();
    let Some(wanted) = kept.as_ref().and_then(|kept| Wanted::of(kept, true)) else {
        let message =
            "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
        return (ended(item, Outcome::Failed, "no_before", message), None);
    };
    item.secrets = wanted.secrets;
    item.sent_sha256 = Some(wanted.print);
    item.operation = Operation::Restore;
    (item, Some(wanted.text))
}

/// A document as it was, as it is sent back.
struct Wanted {
    name: String,
    /// What is sent: without a tree the kept text itself, but for what the service manages.
    text: Vec<u8>,
    tree: Option<Value>,
    print: Fingerprint,
    /// Secrets that were masked and are left out.
    secrets: Vec<String>,
}

impl Wanted {
    /// What is sent to put `kept` back; `None` if its text cannot be sent.
    fn of(kept: &Document, without_masks: bool) -> Option<Self> {
        let name = kept.head().name.clone();
        let Ok(tree) = kept.tree() else {
            let text = strip_text(kept.text().get()).ok()?;
            let print = fingerprint_of_text(text.as_bytes());
            let text = original_bytes(&text);
            return Some(Self { name, text, tree: None, print, secrets: Vec::new() });
        };
        let mut tree = tree.clone();
        strip_server_fields(&mut tree);
        let secrets = if without_masks { masks(&tree) } else { Vec::new() };
        remove_pointers(&mut tree, &secrets);
        let (text, print) = (tree.to_string().into_bytes(), fingerprint(&tree));
        Some(Self { name, text, tree: Some(tree), print, secrets })
    }
}

/// The fingerprint of a document as [`Wanted`] has it.
fn print_without_server_fields(document: &Document) -> Fingerprint {
    match document.tree() {
        Ok(tree) => fingerprint(tree),
        Err(_) => strip_text(document.text().get())
            .map_or_else(|_| document.fingerprint(), |text| fingerprint_of_text(text.as_bytes())),
    }
}

fn head_of(row: &Row, id: &Id) -> Head {
    Head { adaptor_type: row.item.adaptor_type.clone(), ..Head::new(id.clone(), row.item.name.clone()) }
}

async fn read(with: &UndoRequest<'_>, list: &str, id: &Id) -> Result<Now, EngineError> {
    match with.target.client.get(list, id).await {
        Ok(document) => {
            let document = Document::new(document.text);
            Ok(Now::There(document.fingerprint(), Some(document)))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Now::Gone),
        Err(error) => Err(with.target.failed(&format!("read {id} of the {list}"))(error)),
    }
}
