//! The plan that puts back what a run changed, except where somebody changed it since.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::account::{Account, spent};
use super::forecast::{self, Outlook};
use super::plan::Planned;
use super::plan_item::{FORMAT, Party, PlanHead, PlanItem, PlanTail};
use super::prepare::{blank, ended};
use super::run::Memory;
use super::spool::Spool;
use super::sweep::{Manner, PAGE, Sink, read_head, sweep};
use super::{Cancel, Forecast, PipelineError, PlanFile, PlanWriter, Row, RunFolder, rows};
use crate::api::ErrorKind;
use crate::job::Verify;
use crate::model::normal::{fingerprint, masks, remove_pointers, strip_server_fields};
use crate::model::{Fingerprint, Head, Id, ItemKey, Operation, Outcome, Verdict};
use crate::transform::diff::diff;

/// Imports about which the service is asked who changed them; the others are only named.
const MOST_ASKED: usize = 50;

/// What an undo is planned with.
#[derive(Debug, Clone, Copy)]
pub struct Undoing<'a> {
    /// The folder of the run to undo.
    pub folder: &'a RunFolder,
    /// Its plan.
    pub plan: &'a PlanFile,
    /// Where its items stand.
    pub memory: &'a Memory,
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
    There(Fingerprint, Value),
}

/// Plans the undo of a run. Nothing is written to the service.
///
/// # Errors
///
/// The run's files do not fit each other, or the service cannot be read.
pub async fn plan_undo(with: Undoing<'_>) -> Result<Planned, PipelineError> {
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
    let mut out = Spool::create(with.wanted)?;
    let (mut totals, mut sent, mut asked) = (BTreeMap::<String, u32>::new(), Vec::new(), 0);
    for (number, row) in (1_u32..).zip(&touched) {
        if with.cancel.is_draining() {
            return Err(PipelineError::Interrupted);
        }
        let (mut item, document) =
            plan_item(&with, ItemKey(number), row, &befores, &prints, &mut asked).await?;
        if let (true, Some(document)) = (item.is_work(), document) {
            let text = serde_json::to_vec(&document).unwrap_or_default();
            item.wanted = Some(out.append_line(item.item, &text)?);
        }
        if item.is_work() {
            sent.push((item.operation, false));
        }
        let word = item.outcome.map_or(item.operation.word(), Outcome::word);
        *totals.entry(word.to_owned()).or_default() += 1;
        writer.push(&item)?;
    }
    let wanted_sha256 = out.finish()?;
    let old = with.plan.tail();
    let page = old.target_page.max(1);
    let target_listed = old.target_listed + touched.len() as u64;
    let outlook = Outlook {
        target_listed,
        page,
        read_back: with.plan.head().settings.verify == Verify::Full,
        per_second: with.target.per_second,
        burst: with.target.burst,
    };
    let tail = PlanTail {
        selected: u32::try_from(touched.len()).unwrap_or(u32::MAX),
        totals,
        target_listed,
        target_page: page,
        target_listed_apart: old.target_listed_apart,
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
    with: &Undoing<'_>,
    number: ItemKey,
    row: &Row,
    befores: &Befores,
    prints: &HashMap<Id, Fingerprint>,
    asked: &mut usize,
) -> Result<(PlanItem, Option<Value>), PipelineError> {
    let Some(target) = row.target_id.clone() else {
        let item = blank(number, &head_of(row, &Id::from("")));
        return Ok((
            ended(item, Outcome::Failed, "no_target", "the journal does not say which import it was"),
            None,
        ));
    };
    let mut item = blank(number, &head_of(row, &target));
    item.source = row.item.source.clone();
    // A sweep that shows what the run left behind is proof enough; anything else is read by id.
    let now = match prints.get(&target) {
        Some(print) if Some(*print) == row.target_sha256 && row.outcome != Outcome::Updated => {
            Now::There(*print, Value::Null)
        }
        _ => read(with, &target).await?,
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
    item.target = Some(Party { id: target.clone(), name: row.item.name.clone(), sha256: Some(print) });
    let wanted = if row.outcome == Outcome::Updated {
        let Some(mut wanted) = befores.document(row)? else {
            let message = "before.jsonl lacks the document as it was, or holds another: put it back by hand";
            return Ok((ended(item, Outcome::Failed, "no_before", message), None));
        };
        strip_server_fields(&mut wanted);
        if fingerprint(&wanted) == print {
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
    if row.target_sha256.is_some_and(|left| left != print) {
        let who = who_changed(with, &target, asked).await;
        let message = format!("it was changed since the run{who}: left alone");
        return Ok((ended(item, Outcome::Stale, "edited", message), None));
    }
    if let Some(wanted) = wanted {
        item.operation = Operation::Update;
        item.changes = diff(&document, &wanted);
        item.sent_sha256 = Some(fingerprint(&wanted));
        if let Some(name) = wanted.get("name").and_then(Value::as_str) {
            name.clone_into(&mut item.name);
        }
        return Ok((item, Some(wanted)));
    }
    item.operation = Operation::Delete;
    Ok((item, None))
}

fn undo_delete(
    mut item: PlanItem,
    row: &Row,
    target: Id,
    now: &Now,
    befores: &Befores,
) -> (PlanItem, Option<Value>) {
    item.target = Some(Party { id: target, name: row.item.name.clone(), sha256: None });
    if matches!(now, Now::There(..)) {
        item.verdict = Some(Verdict::NotChecked);
        return (ended(item, Outcome::Unchanged, "undone", "it is there again already"), None);
    }
    let Ok(Some(mut wanted)) = befores.document(row) else {
        let message =
            "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
        return (ended(item, Outcome::Failed, "no_before", message), None);
    };
    strip_server_fields(&mut wanted);
    let hidden = masks(&wanted);
    remove_pointers(&mut wanted, &hidden);
    item.secrets = hidden;
    item.sent_sha256 = Some(fingerprint(&wanted));
    item.operation = Operation::Restore;
    (item, Some(wanted))
}

fn head_of(row: &Row, id: &Id) -> Head {
    let nothing = RawValue::from_string("{}".to_owned()).unwrap_or_default();
    Head {
        id: id.clone(),
        name: row.item.name.clone(),
        adaptor_type: row.item.adaptor_type.clone(),
        ..read_head(&nothing)
    }
}

async fn read(with: &Undoing<'_>, id: &Id) -> Result<Now, PipelineError> {
    match with.target.client.get("imports", id).await {
        Ok(document) => {
            let value: Value = serde_json::from_str(document.text.get()).unwrap_or_default();
            Ok(Now::There(fingerprint(&value), value))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Now::Gone),
        Err(error) => Err(with.target.failed("read an import")(error)),
    }
}

/// Who changed an import last, as far as the service tells.
async fn who_changed(with: &Undoing<'_>, id: &Id, asked: &mut usize) -> String {
    if *asked >= MOST_ASKED {
        return String::new();
    }
    *asked += 1;
    let Ok(entries) = with.target.client.audit(id).await else { return String::new() };
    let Some(last) = entries.into_iter().max_by(|a, b| a.time.cmp(&b.time)) else { return String::new() };
    let field = |key: &str| last.by_user.as_ref().and_then(|user| user.get(key)).and_then(Value::as_str);
    let who = field("name").or_else(|| field("email")).map(|who| format!(" by {who}")).unwrap_or_default();
    let when = last.time.map(|time| format!(" at {time}")).unwrap_or_default();
    let fields: Vec<&str> = last
        .changes
        .iter()
        .filter_map(|change| change.get("fieldPath").and_then(Value::as_str))
        .take(5)
        .collect();
    let what = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{who}{when}{what}")
}

/// Fingerprints of what a sweep shows, when a sweep is cheaper than asking for each.
async fn current_prints(
    with: &Undoing<'_>,
    touched: &[Row],
) -> Result<HashMap<Id, Fingerprint>, PipelineError> {
    let mut prints = Prints { wanted: HashMap::new() };
    for row in touched {
        if let Some(id) = &row.target_id {
            prints.wanted.insert(id.clone(), None);
        }
    }
    let tail = with.plan.tail();
    let listed = tail.target_listed + touched.len() as u64;
    let page = if tail.target_page == 0 { u64::from(PAGE) } else { tail.target_page };
    if forecast::read_back(touched.len() as u64, listed, page).0 {
        let manner = Manner { listed_apart: tail.target_listed_apart, ..Manner::default() };
        sweep(with.target, manner, with.cancel, &mut prints).await?;
    }
    Ok(prints.wanted.into_iter().filter_map(|(id, print)| Some((id, print?))).collect())
}

struct Prints {
    wanted: HashMap<Id, Option<Fingerprint>>,
}

impl Sink for Prints {
    fn restart(&mut self) -> Result<(), PipelineError> {
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, PipelineError> {
        if let Some(print) = self.wanted.get_mut(&head.id) {
            let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
            *print = Some(fingerprint(&document));
        }
        Ok(true)
    }
}

/// Where in `before.jsonl` each item's document stands.
struct Befores {
    file: Option<File>,
    slots: HashMap<ItemKey, super::Slot>,
}

#[derive(Deserialize)]
struct BeforeLine<'a> {
    item: ItemKey,
    #[serde(borrow)]
    document: &'a RawValue,
}

impl Befores {
    fn index(folder: &RunFolder) -> Result<Self, PipelineError> {
        let path = folder.before();
        let Ok(file) = File::open(&path) else { return Ok(Self { file: None, slots: HashMap::new() }) };
        let mut slots = HashMap::new();
        let mut reader = BufReader::new(File::open(&path).map_err(PipelineError::file("open", &path))?);
        let (mut line, mut offset) = (String::new(), 0_u64);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(PipelineError::file("read", &path))?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            if let Ok(before) = serde_json::from_str::<BeforeLine<'_>>(&line) {
                let text = before.document.get();
                let inside = text.as_ptr() as usize - line.as_ptr() as usize;
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                // The first line of an item is the document as it was before the run.
                slots.entry(before.item).or_insert(super::Slot { offset: offset + inside as u64, length });
            }
            offset += read as u64;
        }
        Ok(Self { file: Some(file), slots })
    }

    /// The document as it was, if it is the one the journal speaks of.
    fn document(&self, row: &Row) -> Result<Option<Value>, PipelineError> {
        let (Some(file), Some(slot)) = (&self.file, self.slots.get(&row.item.item)) else { return Ok(None) };
        let text =
            super::spool::read_slot(file, *slot).map_err(PipelineError::file("read", "before.jsonl"))?;
        if row.before_sha256 != Some(Fingerprint::of(&text)) {
            return Ok(None);
        }
        Ok(serde_json::from_slice(&text).ok())
    }
}
