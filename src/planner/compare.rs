//! compare: what only one side has, and how a difference is said. What is paired with what is decided as for migrate.

use crate::run_folder::RunFolderError;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::value::RawValue;

use crate::documents::document::{print_text, read_tree};
use crate::documents::references::{Kind, ResourceIndex};
use crate::documents::selector::Names;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::job::Selection;
use crate::model::{Head, Id, ItemKey, Outcome, Verdict};
use crate::planner::decide::Decision;
use crate::planner::plan::PlanRequest;
use crate::planner::plan_builder::{Draft, PlanBuilder};
use crate::planner::prepare::{blank, ended};
use crate::planner::settle::{ambiguous, party};
use crate::planner::target_index::{TargetImport, TargetImports};
use crate::run_folder::document_file::{DocumentFile, Span, read_document, to_json};
use crate::run_folder::plan_item::{DIFFERS, ImportRef, ONLY_IN_SOURCE, ONLY_IN_TARGET, PlanItem};

/// Places named in the message of an import that differs.
const MOST_PLACES: usize = 5;

/// Imports of the target that no item is compared with.
#[derive(Debug)]
pub(crate) struct Others<'a> {
    selection: &'a Selection,
    /// Names of the target's connections and integrations.
    names: HashMap<(Kind, Id), String>,
    /// What uses the imports of the target.
    usage: FlowUsage,
    /// Keys of imports of the source that are not compared, for whatever reason: theirs is not "only there".
    claimed: HashSet<u64>,
    source: &'a str,
    target: &'a str,
    folder: &'a Path,
    spool: Option<DocumentFile>,
    generation: u32,
    slots: Vec<Span>,
}

impl<'a> Others<'a> {
    pub(crate) fn new(
        with: &'a PlanRequest<'a>,
        there: &ResourceIndex,
        claimed: HashSet<u64>,
        usage: FlowUsage,
    ) -> Self {
        let all = there.kinds.iter();
        let names = all.flat_map(|(kind, list)| list.iter().map(|r| ((*kind, r.id.clone()), r.name.clone())));
        Self {
            selection: &with.job.select,
            names: names.collect(),
            usage,
            claimed,
            source: &with.source.facts.name,
            target: &with.target.facts.name,
            folder: with.folder,
            spool: None,
            generation: 0,
            slots: Vec::new(),
        }
    }

    pub(crate) fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        self.spool =
            Some(DocumentFile::create(&self.folder.join(format!("others-{}.spool", self.generation)))?);
        self.slots.clear();
        Ok(())
    }

    /// Whether some import of the source that is not compared bears that key.
    pub(crate) fn is_claimed(&self, key: u64) -> bool {
        self.claimed.contains(&key)
    }

    /// Keeps an import that the selection would have taken, were it in the source.
    pub(crate) fn consider(
        &mut self,
        key: Option<u64>,
        head: &Head,
        text: &RawValue,
    ) -> Result<(), EngineError> {
        if key.is_some_and(|key| self.is_claimed(key)) {
            return Ok(());
        }
        let name = |kind: Kind, id: &Option<Id>| {
            id.clone().and_then(|id| self.names.get(&(kind, id))).map(String::as_str)
        };
        let used = self.usage.of(head);
        let names = Names {
            connection: name(Kind::Connections, &head.connection),
            integration: name(Kind::Integrations, &head.integration),
            flows: &used.flows,
            integrations: &used.integrations,
        };
        let mut parse = || read_tree(text.get().as_bytes());
        match self.selection.selector.matches(head, names, &mut parse) {
            Ok(false) => Ok(()),
            Ok(true) => self.keep(head, text, None),
            Err(error) => self.keep(head, text, Some(error.to_string())),
        }
    }

    fn keep(&mut self, head: &Head, text: &RawValue, warning: Option<String>) -> Result<(), EngineError> {
        let mut item = blank(ItemKey(0), head);
        item.target = Some(ImportRef {
            id: head.id.clone(),
            name: head.name.clone(),
            sha256: Some(print_text(text.get().as_bytes())),
        });
        item.warnings.extend(warning);
        let item = if head.connector.is_some() && !self.selection.integration_apps {
            let message = format!("only `{}` has it, and it belongs to an Integration App", self.target);
            ended(item, Outcome::Skipped, "integration_app", message)
        } else {
            let message = format!("only `{}` has it, `{}` does not", self.target, self.source);
            ended(item, Outcome::Skipped, ONLY_IN_TARGET, message)
        };
        let Some(spool) = &mut self.spool else { return Ok(()) };
        let text = to_json(&item, spool.path())?;
        self.slots.push(spool.append(&text)?);
        Ok(())
    }

    fn read(&mut self, slot: Span) -> Result<PlanItem, EngineError> {
        let bad = |message: String| RunFolderError::BadFile { path: self.folder.to_owned(), message };
        let Some(spool) = &mut self.spool else { return Err(bad("was removed".to_owned()).into()) };
        let text = spool.read(slot)?;
        serde_json::from_slice(&text)
            .map_err(|error| bad(format!("does not hold what was put there ({error})")).into())
    }
}

impl PlanBuilder<'_> {
    /// Says how an item and what stands on the other side compare.
    pub(crate) fn contrast(
        &mut self,
        mut item: PlanItem,
        index: usize,
        decision: Option<(Decision, u64)>,
        standings: &mut TargetImports<'_>,
    ) -> Result<PlanItem, EngineError> {
        // What the transformation changed is not what the two sides differ in.
        item.changes.clear();
        let with = self.with;
        let alone = |item| {
            let message =
                format!("only `{}` has it, `{}` does not", with.source.facts.name, with.target.facts.name);
            ended(item, Outcome::Skipped, ONLY_IN_SOURCE, message)
        };
        let Some((decision, key)) = decision else { return Ok(alone(item)) };
        let there = standings.by_key.get(&key).map(Vec::as_slice).unwrap_or_default();
        let (at, verdict) = match decision {
            Decision::Create => return Ok(alone(item)),
            Decision::Ambiguous => return Ok(ambiguous(item, there)),
            Decision::Unchanged(at) => (at, self.drafts[index].verdict),
            Decision::Differs(at) => (at, Verdict::Differs),
        };
        let Some(standing) = there.get(at).cloned() else { return Ok(item) };
        item.target = Some(party(&standing, &item.name));
        if let Some(why) = &standing.unreadable {
            let message = format!("the import in `{}` cannot be read: {why}", with.target.facts.name);
            return Ok(ended(item, Outcome::Conflict, "unreadable", message));
        }
        item.verdict = Some(verdict);
        if verdict != Verdict::Equal {
            item.changes = self.changes(index, &standing.slot, standings)?.0;
        }
        if verdict != Verdict::Differs {
            item.outcome = Some(Outcome::Unchanged);
            return Ok(item);
        }
        let mut places: Vec<&str> =
            item.changes.iter().take(MOST_PLACES).map(|change| change.path.as_str()).collect();
        if item.changes.len() > MOST_PLACES {
            places.push("...");
        }
        let message = format!("the two differ at {}", places.join(", "));
        Ok(ended(item, Outcome::Skipped, DIFFERS, message))
    }

    /// Puts down what only the target has: `left` are the imports of a key that bears more of them than is wanted.
    pub(crate) fn take_others(
        &mut self,
        left: Vec<TargetImport>,
        standings: &mut TargetImports<'_>,
    ) -> Result<(), EngineError> {
        let Some(others) = &mut standings.others else { return Ok(()) };
        for standing in left {
            let text = standings.spool.read(standing.slot)?;
            let document = read_document(text, standings.spool.path())?;
            others.keep(document.head(), document.text(), None)?;
        }
        for slot in std::mem::take(&mut others.slots) {
            let mut item = others.read(slot)?;
            item.item = ItemKey(u32::try_from(self.drafts.len() + 1).unwrap_or(u32::MAX));
            let text = to_json(&item, self.items.path())?;
            let slot = self.items.append(&text)?;
            self.drafts.push(Draft {
                item: slot,
                wanted: None,
                print: None,
                verdict: Verdict::NotChecked,
                needs: Vec::new(),
            });
        }
        Ok(())
    }
}
