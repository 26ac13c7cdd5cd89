//! prepare, for all items: each selected import is transformed, and put down until it is known what stands in the target.

use std::collections::HashMap;

use serde_json::Value;

use crate::documents::references::{Resolver, ResourceIndex};
use crate::documents::{Mistake, Unreadable, contained};
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::related::print_of;
use crate::inventory::select::Selected;
use crate::inventory::wanted::Absent;
use crate::job::Action;
use crate::model::event::{Event, Stage};
use crate::model::{Fingerprint, Head, Id, ItemKey, Operation, Outcome};
use crate::planner::facts::Known;
use crate::planner::mirror::counterpart;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::{Prepared, TransformContext, blank, ended};
use crate::planner::write_plan::breathe;
use crate::run_folder::document_file::read_document;
use crate::run_folder::plan_item::{ImportRef, PlanItem, Reason};
use crate::run_folder::reference_usage::UsageSurvey;

/// Prepares every selected import.
pub(crate) async fn prepare_all(
    builder: &mut PlanBuilder<'_>,
    picks: &mut Selected,
    resolver: Option<&Resolver>,
    here: &ResourceIndex,
    usage: &FlowUsage,
) -> Result<(), EngineError> {
    let with = builder.with;
    let total = Some(picks.items.len() as u64);
    with.context.events.emit(&Event::StageStarted { stage: Stage::Prepare, total });
    let survey = resolver.filter(|_| with.shows_references()).map(UsageSurvey::new);
    let ignore = builder.print.ignore.clone();
    let workshop = TransformContext {
        job: with.job,
        resolver,
        home: with.goes_home(),
        ignore: &ignore,
        survey: survey.as_ref(),
    };
    let known = Known::new(with, here, usage);
    let mirrors = with.mirrors();
    let mut rows_met: HashMap<u32, u32> = HashMap::new();
    for row in picks.items.iter().filter_map(|pick| pick.row) {
        *rows_met.entry(row).or_default() += 1;
    }
    for (turn, pick) in picks.items.iter().enumerate() {
        breathe(turn, with).await?;
        let text = picks.spool.read(pick.slot)?;
        let document = read_document(text, picks.spool.path())?;
        let head = document.head().clone();
        if with.only().is_some_and(|only| !only.contains(&head.id)) {
            continue;
        }
        let number = ItemKey(u32::try_from(builder.drafts.len() + 1).unwrap_or(u32::MAX));
        let prepared =
            if let Some(trouble) = pick.trouble.and_then(|index| picks.troubles.get(index as usize)) {
                let item = with_source(blank(number, &head), &head);
                Prepared::over(ended(item, trouble.outcome, trouble.code, trouble.message.clone()))
            } else {
                let facts = known.facts(with, number, &head, pick.row);
                match document.tree() {
                    Ok(source) => contained(|| workshop.prepare(number, &head, source, &facts))
                        .unwrap_or_else(|mistake| unprepared(number, &head, mistake)),
                    // A backup keeps the text, whatever it is.
                    Err(_) if with.job.action == Action::Backup => {
                        let mut kept = workshop.prepare(number, &head, &Value::Null, &facts);
                        known_by(&mut kept.item, print_of(document.text()));
                        kept
                    }
                    Err(why) => unreadable(number, &head, why),
                }
            };
        let mut prepared = prepared;
        if let Some(row) = pick.row
            && rows_met.get(&row).is_some_and(|met| *met > 1)
        {
            name_is_not_enough(with.job.action, &mut prepared, rows_met[&row]);
        }
        if mirrors && prepared.wanted.is_none() {
            // It is not written; which import of the target is its own has to be known all the same.
            let keys = document.tree().ok().and_then(|tree| counterpart(with, &known, &head, tree));
            builder.claims.take(&head.id, keys);
        }
        let verbatim = prepared.item.operation == Operation::Archive;
        builder.keep(&mut prepared, &head, verbatim.then_some(document.text().get()))?;
        with.context.events.emit(&Event::StageAdvanced { stage: Stage::Prepare, by: 1 });
    }
    for absent in &picks.absent {
        if with.only().is_some() {
            continue;
        }
        put_down_absent(builder, absent)?;
    }
    builder.notes.append(&mut picks.notes);
    if with.only().is_none() && !picks.items.is_empty() {
        builder.notes.extend(with.job.program.notes());
    }
    builder.references = survey.map(|it| it.finish(&with.job.references)).unwrap_or_default();
    with.context.events.emit(&Event::StageFinished { stage: Stage::Prepare });
    Ok(())
}

/// An import that was asked for and is not there is an item all the same: everything is accounted for.
fn put_down_absent(builder: &mut PlanBuilder<'_>, absent: &Absent) -> Result<(), EngineError> {
    let Absent { asked, place, unread } = absent;
    let number = ItemKey(u32::try_from(builder.drafts.len() + 1).unwrap_or(u32::MAX));
    let is_id = Id::looks_like(asked);
    let (id, name) = if is_id { (asked.as_str(), "") } else { ("", asked.as_str()) };
    let head = Head::new(Id::from(id), name);
    let item = with_source(blank(number, &head), &head);
    let item = match unread {
        Some(why) => ended(item, Outcome::Failed, "unreadable", format!("{why} ({place})")),
        None => {
            let source = &builder.with.source.facts.name;
            let message = format!("there is no such import in account `{source}` ({place})");
            ended(item, Outcome::Failed, "not_found", message)
        }
    };
    builder.keep(&mut Prepared::over(item), &head, None)
}

/// The item of a text that cannot be held as a value, known by what stands for it.
fn known_by(item: &mut PlanItem, print: Fingerprint) {
    item.sent_sha256 = Some(print);
    if let Some(source) = &mut item.source {
        source.sha256 = Some(print);
    }
}

/// The item of a document that has no tree.
fn unreadable(number: ItemKey, head: &Head, why: &Unreadable) -> Prepared {
    let message = format!("its document cannot be read: {why}");
    let item = ended(with_source(blank(number, head), head), Outcome::Failed, "unreadable", message);
    Prepared::over(item)
}

/// The item of a document over which the program panicked.
fn unprepared(number: ItemKey, head: &Head, mistake: Mistake) -> Prepared {
    let item = with_source(blank(number, head), head);
    Prepared::over(ended(item, Outcome::Failed, "panic", mistake.to_string()))
}

fn with_source(mut item: PlanItem, head: &Head) -> PlanItem {
    item.source =
        Some(ImportRef { id: head.id.clone(), name: head.name.clone(), sha256: None, modified: None });
    item
}

/// A row of a manifest that names several imports: harmless to copy them all, not to change or remove them.
fn name_is_not_enough(action: Action, prepared: &mut Prepared, met: u32) {
    let message = format!("the manifest names it by name, and {met} imports are called so: name it by id");
    if matches!(action, Action::Update | Action::Delete) && prepared.item.is_work() {
        prepared.item.operation = Operation::None;
        prepared.item.outcome = Some(Outcome::Conflict);
        prepared.item.trouble = Some(Reason::new("ambiguous_name", message));
        prepared.wanted = None;
    } else {
        prepared.item.warnings.push(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Document;

    #[test]
    fn a_document_that_no_program_can_hold_fails_and_says_why() {
        let deep = format!(
            r#"{{"_id":"5f7c579b6411271af4e7cefa","name":"b","a":{}1{}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        let half = r#"{"_id":"5f7c579b6411271af4e7cefa","name":"b","sampleData":"\ud800"}"#.to_owned();
        for (text, why) in [(deep, "nested more than 128 levels deep"), (half, "lone surrogate")] {
            let document = Document::from_bytes(text.into_bytes()).unwrap();
            let (head, error) = (document.head(), document.tree().unwrap_err());
            let Prepared { item, wanted, .. } = unreadable(ItemKey(1), head, error);
            assert_eq!((item.name.as_str(), item.outcome, wanted), ("b", Some(Outcome::Failed), None));
            assert_eq!(item.source.unwrap().id, head.id);
            let message = item.trouble.unwrap().message;
            assert!(
                message.starts_with("its document cannot be read: ") && message.contains(why),
                "{message}"
            );
        }
    }
}
