//! A plan in the making: every selected import is prepared, and put down until it is known what stands in the target.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::documents::name::name_key;
use crate::documents::references::{Kind, Resolver, ResourceIndex};
use crate::documents::{Facts, Unreadable};
use crate::inventory::error::EngineError;
use crate::inventory::related::print_of;
use crate::inventory::select::Selected;
use crate::inventory::wanted::Absent;
use crate::inventory::{flow_usage::FlowUsage, list_scan::LISTED_APART};
use crate::job::Action;
use crate::model::event::{Event, Stage};
use crate::model::{Fingerprint, Head, Id, ItemKey, Operation, Outcome, Verdict};
use crate::planner::compare::Others;
use crate::planner::dependencies::{DependencyPlanner, DependencyStock};
use crate::planner::plan::PlanRequest;
use crate::planner::prepare::{Prepared, TransformContext, blank, ended};
use crate::planner::target_index::{Keys, TargetImports, TargetVisitor, may_make, standings};
use crate::run_folder::document_file::{DocumentFile, Span, one_line, read_document, to_json};
use crate::run_folder::plan_item::{ImportRef, PlanItem, Reason};
use crate::run_folder::reference_usage::{CREATED, UsageSurvey};
use crate::run_folder::{Reference, RunFolderError};

/// An item between preparing and deciding; small, for there may be very many.
pub(crate) struct Draft {
    pub item: Span,
    pub wanted: Option<Span>,
    pub print: Option<Fingerprint>,
    pub verdict: Verdict,
    /// The supplies it needs.
    pub needs: Vec<u32>,
}

/// Where drafts and documents lie while the plan is made.
pub(crate) struct PlanBuilder<'a> {
    pub with: &'a PlanRequest<'a>,
    pub drafts: Vec<Draft>,
    pub items: DocumentFile,
    pub documents: DocumentFile,
    keys: Keys,
    pub by_key: HashMap<u64, Vec<u32>>,
    /// How many imports would bear a name, and whether the job gave it to one of them.
    named: HashMap<u64, (u32, bool)>,
    /// Keys of imports that are not compared, for whatever reason.
    claimed: HashSet<u64>,
    /// Ids of what is restored, and the items: in the target they are recognised by these first.
    ids: HashMap<Id, u32>,
    listed_apart: bool,
    pub notes: Vec<String>,
    pub names: BTreeMap<String, String>,
    pub references: Vec<Reference>,
    pub supplies: DependencyPlanner,
    litter: Vec<PathBuf>,
}

impl<'a> PlanBuilder<'a> {
    pub(crate) fn new(with: &'a PlanRequest<'a>) -> Result<Self, EngineError> {
        let (items, documents) = (with.folder.join("items.spool"), with.folder.join("documents.spool"));
        Ok(Self {
            with,
            drafts: Vec::new(),
            items: DocumentFile::create(&items)?,
            documents: DocumentFile::create(&documents)?,
            keys: Keys::default(),
            by_key: HashMap::new(),
            named: HashMap::new(),
            claimed: HashSet::new(),
            ids: HashMap::new(),
            listed_apart: false,
            notes: Vec::new(),
            names: BTreeMap::new(),
            references: Vec::new(),
            supplies: DependencyPlanner::default(),
            litter: vec![items, documents],
        })
    }

    pub(crate) fn prepare_all(
        &mut self,
        picks: &mut Selected,
        resolver: Option<&Resolver>,
        here: &ResourceIndex,
    ) -> Result<(), EngineError> {
        let with = self.with;
        let total = Some(picks.items.len() as u64);
        with.events.emit(&Event::StageStarted { stage: Stage::Prepare, total });
        let survey = resolver.filter(|_| with.references).map(UsageSurvey::new);
        let workshop = TransformContext { job: with.job, resolver, home: with.home, survey: survey.as_ref() };
        let names = Names::of(here);
        let mut rows_met: HashMap<u32, u32> = HashMap::new();
        for row in picks.items.iter().filter_map(|pick| pick.row) {
            *rows_met.entry(row).or_default() += 1;
        }
        for pick in &picks.items {
            if with.cancel.is_draining() {
                return Err(EngineError::Interrupted);
            }
            let text = picks.spool.read(pick.slot)?;
            let document = read_document(text, picks.spool.path())?;
            let head = document.head().clone();
            if with.only.is_some_and(|only| !only.contains(&head.id)) {
                continue;
            }
            let number = ItemKey(u32::try_from(self.drafts.len() + 1).unwrap_or(u32::MAX));
            let mut prepared =
                if let Some(trouble) = pick.trouble.and_then(|index| picks.troubles.get(index as usize)) {
                    let item = with_source(blank(number, &head), &head);
                    Prepared::over(ended(item, trouble.outcome, trouble.code, trouble.message.clone()))
                } else {
                    let facts = names.facts(with, number, &head, pick.row);
                    match document.tree() {
                        Ok(source) => workshop.prepare(number, &head, source, &facts),
                        // A backup keeps the text, whatever it is.
                        Err(_) if with.job.action == Action::Backup => {
                            let mut kept = workshop.prepare(number, &head, &Value::Null, &facts);
                            known_by(&mut kept.item, print_of(document.text()));
                            kept
                        }
                        Err(why) => unreadable(number, &head, why),
                    }
                };
            if let Some(row) = pick.row
                && rows_met.get(&row).is_some_and(|met| *met > 1)
            {
                name_is_not_enough(with.job.action, &mut prepared, rows_met[&row]);
            }
            let verbatim = prepared.item.operation == Operation::Archive;
            self.keep(&prepared, &head, verbatim.then_some(document.text().get()))?;
            with.events.emit(&Event::StageAdvanced { stage: Stage::Prepare, by: 1 });
        }
        for absent in picks.absent.iter().filter(|_| with.only.is_none()) {
            self.absent(absent)?;
        }
        self.notes.append(&mut picks.notes);
        if with.only.is_none() && !picks.items.is_empty() {
            self.notes.extend(with.job.program.notes());
        }
        self.references = survey.map(|it| it.finish(&with.job.references)).unwrap_or_default();
        with.events.emit(&Event::StageFinished { stage: Stage::Prepare });
        Ok(())
    }

    /// Puts an item down, and its document: the one that was prepared, or a text as it was read.
    fn keep(&mut self, prepared: &Prepared, head: &Head, verbatim: Option<&str>) -> Result<(), EngineError> {
        let index = u32::try_from(self.drafts.len()).unwrap_or(u32::MAX);
        let (mut wanted, mut needs) = (None, Vec::new());
        if let Some(document) = &prepared.wanted {
            let text = document.to_string();
            wanted = Some(self.documents.append(text.as_bytes())?);
            needs = self.supplies.needs_in(&text, &prepared.fresh);
            // One that does not say of which adaptor it is may be of one of these.
            self.listed_apart |=
                head.adaptor_type.as_deref().is_none_or(|adaptor| LISTED_APART.contains(&adaptor));
            if self.with.job.action == Action::Restore && !head.id.as_str().is_empty() {
                self.ids.insert(head.id.clone(), index);
            }
            if let Some(key) = &prepared.key
                && matches!(
                    self.with.job.action,
                    Action::Migrate | Action::Clone | Action::Compare | Action::Restore
                )
            {
                self.by_key.entry(self.keys.of(key)).or_default().push(index);
            }
        } else if let Some(text) = verbatim {
            wanted = Some(self.documents.append(one_line(text).as_bytes())?);
        } else {
            let key = prepared.key.as_deref().map(Cow::Borrowed).or_else(|| self.with.job.match_by.key(head));
            self.claimed.extend(key.map(|key| self.keys.of(&key)));
        }
        if prepared.wanted.is_some() || prepared.item.outcome == Some(Outcome::Unchanged) {
            let copies = !matches!(self.with.job.action, Action::Update | Action::Backup | Action::Restore);
            let named = self.named.entry(self.keys.of(&name_key(&prepared.item.name))).or_default();
            *named = (named.0 + 1, named.1 || copies || prepared.item.name != head.name);
        }
        let text = to_json(&prepared.item, self.items.path())?;
        let item = self.items.append(&text)?;
        let print = prepared.item.sent_sha256;
        self.drafts.push(Draft { item, wanted, print, verdict: Verdict::Equal, needs });
        Ok(())
    }

    /// Plans what is to be created first.
    pub(crate) async fn supply(
        &mut self,
        resolver: Option<Resolver>,
        here: ResourceIndex,
        there: &ResourceIndex,
    ) -> Result<(), EngineError> {
        let (Some(resolver), false) = (resolver, self.supplies.is_empty()) else { return Ok(()) };
        let (with, there) = (self.with, there.clone());
        let stock = DependencyStock {
            job: with.job,
            source: with.source,
            target: with.target,
            here,
            there,
            resolver,
        };
        self.supplies.plan(stock, &mut self.documents).await?;
        for reference in self.references.iter_mut().filter(|reference| reference.resolution == CREATED) {
            let name = reference.name.clone().unwrap_or_default();
            if let Some(reason) = self.supplies.reason(reference.kind, &name) {
                reference.resolution = "missing";
                reference.target = None;
                reference.reason = Some(format!("cannot be created: {reason}"));
                reference.missing = Some("fail");
            }
        }
        Ok(())
    }

    /// An import that was asked for and is not there is an item all the same: everything is accounted for.
    fn absent(&mut self, absent: &Absent) -> Result<(), EngineError> {
        let Absent { asked, place, unread } = absent;
        let number = ItemKey(u32::try_from(self.drafts.len() + 1).unwrap_or(u32::MAX));
        let is_id = Id::looks_like(asked);
        let (id, name) = if is_id { (asked.as_str(), "") } else { ("", asked.as_str()) };
        let head = Head::new(Id::from(id), name);
        let item = with_source(blank(number, &head), &head);
        let item = if let Some(why) = unread {
            ended(item, Outcome::Failed, "unreadable", format!("{why} ({place})"))
        } else {
            let source = &self.with.source.facts.name;
            let message = format!("there is no such import in account `{source}` ({place})");
            ended(item, Outcome::Failed, "not_found", message)
        };
        self.keep(&Prepared::over(item), &head, None)
    }

    pub(crate) async fn read_target(
        &mut self,
        there: &ResourceIndex,
        passed_over: &[String],
    ) -> Result<TargetImports<'a>, EngineError> {
        let with = self.with;
        let others = if with.job.action == Action::Compare && self.looks_for_others() {
            let spec = with.job.select.selector.spec();
            let usage = FlowUsage::read(with.target, spec, there, with.cancel).await?;
            let mut claimed = std::mem::take(&mut self.claimed);
            claimed.extend(passed_over.iter().map(|key| self.keys.of(key)));
            self.listed_apart = true;
            Some(Others::new(with, there, claimed, usage))
        } else {
            None
        };
        let lookout = TargetVisitor {
            wanted: &self.by_key,
            keys: &self.keys,
            match_by: with.job.match_by,
            ids: &self.ids,
            listed_apart: self.listed_apart,
            makes: may_make(with.job.action) && self.drafts.iter().any(|draft| draft.wanted.is_some()),
            folder: with.folder,
        };
        standings(with.target, lookout, others, with.cancel, with.events).await
    }

    /// Whether a comparison can tell what only the target has: not where `select` names imports one by one.
    fn looks_for_others(&mut self) -> bool {
        let select = &self.with.job.select;
        let all = select.selector.spec().ids.is_empty() && select.manifest.is_none();
        if !all {
            let target = &self.with.target.facts.name;
            self.notes
                .push(format!("`select` names imports, so what only `{target}` has was not looked for"));
        }
        all
    }

    pub(crate) fn item(&mut self, index: usize) -> Result<PlanItem, EngineError> {
        let text = self.items.read(self.drafts[index].item)?;
        serde_json::from_slice(&text).map_err(|error| {
            let message = format!("does not hold what was put there ({error})");
            RunFolderError::BadFile { path: self.litter[0].clone(), message }.into()
        })
    }

    /// Puts an item back in the place of what it was made of.
    pub(crate) fn put_back(&mut self, index: usize, item: &PlanItem) -> Result<(), EngineError> {
        let text = to_json(item, self.items.path())?;
        self.drafts[index].item = self.items.append(&text)?;
        Ok(())
    }

    /// Says that other imports of the run would bear the item's name too.
    pub(crate) fn warn_of_namesakes(&self, item: &mut PlanItem) {
        if !item.is_work() && item.outcome != Some(Outcome::Unchanged) {
            return;
        }
        if let Some((count @ 2.., true)) = self.named.get(&self.keys.of(&name_key(&item.name))) {
            item.warnings.push(format!("{count} imports of this run would be called \"{}\"", item.name));
        }
    }

    pub(crate) fn clean_up(&mut self) {
        let Ok(entries) = std::fs::read_dir(self.with.folder) else { return };
        for entry in entries.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "spool") {
                // What cannot be removed is litter, not an error.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
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

fn with_source(mut item: PlanItem, head: &Head) -> PlanItem {
    item.source = Some(ImportRef { id: head.id.clone(), name: head.name.clone(), sha256: None });
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

/// Names of connections and integrations, for templates.
struct Names(HashMap<(Kind, Id), String>);

impl Names {
    fn of(directory: &ResourceIndex) -> Self {
        let kinds = [Kind::Connections, Kind::Integrations];
        let all = kinds.iter().filter_map(|kind| Some((*kind, directory.kinds.get(kind)?)));
        Self(
            all.flat_map(|(kind, list)| list.iter().map(move |r| ((kind, r.id.clone()), r.name.clone())))
                .collect(),
        )
    }

    fn facts(&self, with: &PlanRequest<'_>, number: ItemKey, head: &Head, row: Option<u32>) -> Facts {
        let name = |kind: Kind, id: &Option<Id>| id.clone().and_then(|id| self.0.get(&(kind, id)).cloned());
        let row = row.and_then(|row| with.job.select.manifest.as_ref()?.rows.get(row as usize));
        Facts {
            row: row.map(|row| row.columns.clone()).unwrap_or_default(),
            job_name: with.job.name.clone(),
            job_date: with.now.strftime("%Y-%m-%d").to_string(),
            job_action: with.job.action.as_str().to_owned(),
            index: number.0,
            connection_name: name(Kind::Connections, &head.connection),
            integration_name: name(Kind::Integrations, &head.integration),
        }
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
