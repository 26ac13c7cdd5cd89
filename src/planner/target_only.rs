//! Finds what only the target has, for compare and mirror.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::documents::document::{print_text, read_tree};
use crate::documents::normal::Ignore;
use crate::documents::references::ResourceIndex;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::selection_matcher::SelectionMatcher;
use crate::job::{MatchBy, Selection};
use crate::model::{Head, Id, ItemKey, Operation, Outcome};
use crate::planner::items::{blank, ended};
use crate::planner::prepare::MODIFIED;
use crate::planner::request::PlannerRequest;
use crate::planner::wrong_name::is_blank;
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, Span, damaged, to_json};
use crate::run_folder::plan_item::{ImportRef, ONLY_IN_TARGET, PlanItem};

/// Which imports of the target are those of imports that are not written.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Their ids, as the source has them.
    pub ids: HashSet<Id>,
    /// What they are matched by, as the job would have it.
    pub keys: Vec<String>,
    /// Hashes of the names of all imports of the source, as they are and as the job would have them, without what names may
    /// differ by; only where imports are matched by name.
    pub names: HashSet<u64>,
    /// How many cannot be determined.
    pub unknown: u64,
    /// Whether the job selects no import of the source.
    pub is_empty: bool,
}

impl Claims {
    /// Claims the import of the target that belongs to `id`, matched by `keys`; `None` if it cannot be determined.
    pub(crate) fn take(&mut self, id: &Id, keys: Option<Vec<String>>) {
        self.ids.insert(id.clone());
        match keys {
            Some(keys) => self.keys.extend(keys),
            None => self.unknown += 1,
        }
    }
}

/// What happens to imports that only the target has.
#[derive(Debug)]
pub(crate) enum Lack {
    /// It is reported.
    Tell,
    /// It is deleted if, apart from these paths, it has not changed by the time of the deletion.
    Delete(Arc<Ignore>, MatchBy),
}

/// Imports of the source that are not compared or written, for whatever reason: theirs in the target is not "only there".
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    /// Hashes of what they are matched by.
    pub keys: HashSet<u64>,
    /// The ids of these imports in the source.
    pub ids: HashSet<Id>,
}

/// Imports of the target that are not deleted, although the source lacks them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SetAside {
    /// An Integration App owns them.
    pub apps: u64,
    /// Their documents cannot be read, or not be asked what `select` asks.
    pub unreadable: u64,
    /// They have nothing to be matched by.
    pub unmatched: u64,
}

/// Imports of the target that no item is compared with.
#[derive(Debug)]
pub(crate) struct TargetOnly<'a> {
    selection: &'a Selection,
    matcher: SelectionMatcher<'a>,
    claimed: Claimed,
    lack: Lack,
    /// How many imports of the target the selection holds for.
    held: u64,
    set_aside: SetAside,
    source: &'a str,
    target: &'a str,
    folder: &'a Path,
    file: Option<DocumentFile>,
    generation: u32,
    spans: Vec<Span>,
}

impl<'a> TargetOnly<'a> {
    pub(crate) fn new(
        with: &'a PlannerRequest<'a>,
        there: &ResourceIndex,
        claimed: Claimed,
        usage: &Arc<FlowUsage>,
        lack: Lack,
    ) -> Self {
        Self {
            selection: &with.job.select,
            matcher: SelectionMatcher::new(&with.job.select.selector, there, usage),
            claimed,
            lack,
            held: 0,
            set_aside: SetAside::default(),
            source: &with.source.facts.name,
            target: &with.target.facts.name,
            folder: with.context.folder,
            file: None,
            generation: 0,
            spans: Vec::new(),
        }
    }

    pub(crate) fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        self.file = Some(DocumentFile::create_in_passing(
            &self.folder.join(format!("target-only-{}.spool", self.generation)),
        )?);
        self.spans.clear();
        (self.held, self.set_aside) = (0, SetAside::default());
        Ok(())
    }

    /// How many imports of the target the selection holds for.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// What is not deleted, although the source lacks it.
    pub(crate) fn set_aside(&self) -> SetAside {
        self.set_aside
    }

    /// Counts an import of the target, where that matters.
    pub(crate) fn count(&mut self, head: &Head, text: &str) {
        if matches!(self.lack, Lack::Delete(..)) && self.matcher.matches(head, text).unwrap_or(false) {
            self.held += 1;
        }
    }

    /// Whether some import of the source that is not compared has that key.
    pub(crate) fn is_claimed(&self, key: u64) -> bool {
        self.claimed.keys.contains(&key)
    }

    /// Keeps an import that the selection would have taken, were it in the source.
    pub(crate) fn consider(&mut self, key: Option<u64>, head: &Head, text: &str) -> Result<(), EngineError> {
        let is_claimed = key.is_some_and(|key| self.is_claimed(key)) || self.claimed.ids.contains(&head.id);
        if is_claimed || !self.selection.narrowed.takes(head) {
            return Ok(());
        }
        match self.matcher.matches(head, text) {
            Ok(false) => Ok(()),
            Ok(true) => self.keep(head, text, None),
            Err(_) if matches!(self.lack, Lack::Delete(..)) => {
                self.set_aside.unreadable += 1;
                Ok(())
            }
            Err(error) => self.keep(head, text, Some(error.to_string())),
        }
    }

    /// The item that deletes an import; `None` for one that is left alone.
    fn deletion(
        &mut self,
        (ignore, match_by): (&Ignore, MatchBy),
        head: &Head,
        text: &str,
    ) -> Option<PlanItem> {
        if match_by.key(head).is_none_or(|key| is_blank(&key)) {
            self.set_aside.unmatched += 1;
            return None;
        }
        if head.connector.is_some() && !self.selection.integration_apps {
            self.set_aside.apps += 1;
            return None;
        }
        // What it holds is not known: then nobody can agree to its end.
        let Ok(tree) = read_tree(text.as_bytes()) else {
            self.set_aside.unreadable += 1;
            return None;
        };
        let mut item = blank(ItemKey(0), head);
        item.operation = Operation::Delete;
        item.target = Some(ImportRef {
            id: head.id.clone(),
            name: head.name.clone(),
            sha256: Some(ignore.fingerprint(&tree)),
            modified: head.last_modified.clone().filter(|_| !ignore.covers(MODIFIED)),
        });
        Some(item)
    }

    /// Keeps an import that only the target has.
    pub(crate) fn keep(
        &mut self,
        head: &Head,
        text: &str,
        warning: Option<String>,
    ) -> Result<(), EngineError> {
        if let Lack::Delete(ignore, match_by) = &self.lack {
            let (ignore, match_by) = (Arc::clone(ignore), *match_by);
            let Some(item) = self.deletion((&ignore, match_by), head, text) else { return Ok(()) };
            return self.put_down(&item);
        }
        let mut item = blank(ItemKey(0), head);
        item.target = Some(ImportRef {
            id: head.id.clone(),
            name: head.name.clone(),
            sha256: Some(print_text(text.as_bytes())),
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
        self.put_down(&item)
    }

    fn put_down(&mut self, item: &PlanItem) -> Result<(), EngineError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let text = to_json(item, file.path())?;
        self.spans.push(file.append(&text)?);
        Ok(())
    }

    /// The items of what was kept, by name: in which order it was met is not the same each time.
    pub(crate) fn items(&mut self) -> Result<Vec<PlanItem>, EngineError> {
        let spans = std::mem::take(&mut self.spans);
        let mut items = spans.into_iter().map(|span| self.read(span)).collect::<Result<Vec<_>, _>>()?;
        let place =
            |item: &PlanItem| (item.name.clone(), item.target.as_ref().map(|target| target.id.clone()));
        items.sort_by_cached_key(place);
        Ok(items)
    }

    fn read(&mut self, span: Span) -> Result<PlanItem, EngineError> {
        let Some(file) = &mut self.file else {
            let (path, message) = (self.folder.to_owned(), "was removed".to_owned());
            return Err(RunFolderError::BadFile { path, message }.into());
        };
        let text = file.read(span)?;
        serde_json::from_slice(&text).map_err(|error| damaged(self.folder, &error).into())
    }
}
