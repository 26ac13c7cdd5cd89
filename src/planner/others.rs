//! compare: what only the target has.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::documents::document::print_text;
use crate::documents::references::ResourceIndex;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::selection_matcher::SelectionMatcher;
use crate::job::Selection;
use crate::model::{Head, ItemKey, Outcome};
use crate::planner::prepare::{blank, ended};
use crate::planner::request::PlanRequest;
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, Span, to_json};
use crate::run_folder::plan_item::{ImportRef, ONLY_IN_TARGET, PlanItem};

/// Imports of the target that no item is compared with.
#[derive(Debug)]
pub(crate) struct Others<'a> {
    selection: &'a Selection,
    matcher: SelectionMatcher<'a>,
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
        usage: &Arc<FlowUsage>,
    ) -> Self {
        Self {
            selection: &with.job.select,
            matcher: SelectionMatcher::new(&with.job.select.selector, there, usage),
            claimed,
            source: &with.source.facts.name,
            target: &with.target.facts.name,
            folder: with.context.folder,
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
        if key.is_some_and(|key| self.is_claimed(key)) || !self.selection.narrowed.takes(head) {
            return Ok(());
        }
        match self.matcher.matches(head, text) {
            Ok(false) => Ok(()),
            Ok(true) => self.keep(head, text, None),
            Err(error) => self.keep(head, text, Some(error.to_string())),
        }
    }

    /// Keeps an import that only the target has.
    pub(crate) fn keep(
        &mut self,
        head: &Head,
        text: &RawValue,
        warning: Option<String>,
    ) -> Result<(), EngineError> {
        let mut item = blank(ItemKey(0), head);
        item.target = Some(ImportRef {
            id: head.id.clone(),
            name: head.name.clone(),
            sha256: Some(print_text(text.get().as_bytes())),
            modified: None,
        });
        item.warnings.extend(warning);
        let item = if head.connector.is_some() && !self.selection.integration_apps {
            let message = format!("only `{}` has it, and it belongs to an Integration App", self.target);
            ended(item, Outcome::Skipped, "integration_app", message)
        } else {
            let message = format!("only `{}` has it, `{}` does not", self.target, self.source);
            ended(item, Outcome::Skipped, ONLY_IN_TARGET, message)
        };
        let Some(spool) = &mut self.spool else {
            return Ok(());
        };
        let text = to_json(&item, spool.path())?;
        self.slots.push(spool.append(&text)?);
        Ok(())
    }

    /// The items of what was kept, in the order in which it was met.
    pub(crate) fn items(&mut self) -> Result<Vec<PlanItem>, EngineError> {
        let slots = std::mem::take(&mut self.slots);
        slots.into_iter().map(|slot| self.read(slot)).collect()
    }

    fn read(&mut self, slot: Span) -> Result<PlanItem, EngineError> {
        let bad = |message: String| RunFolderError::BadFile { path: self.folder.to_owned(), message };
        let Some(spool) = &mut self.spool else {
            return Err(bad("was removed".to_owned()).into());
        };
        let text = spool.read(slot)?;
        serde_json::from_slice(&text)
            .map_err(|error| bad(format!("does not hold what was put there ({error})")).into())
    }
}
