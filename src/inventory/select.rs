//! Selects and fetches: which imports of the source, and their texts on disk.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::documents::SelectorWatch;
use crate::documents::references::{Kind, ResourceIndex, kinds_in, mentions_ids};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::inventory::list_scan::{
    LISTED_APART, PageVisitor, ScanOptions, Seen, UnfinishedSecondScan, ids_listed, list_scan,
    list_scan_unconfirmed,
};
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::inventory::select_names::{OnlyWatch, check_names};
use crate::inventory::selection_matcher::SelectionMatcher;
use crate::inventory::wanted::{Absent, RowMatch, Wanted};
use crate::inventory::witnesses::Remembered;
use crate::job::{MatchBy, Selection};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Chunks, Head, Id, IdSet, Outcome};
use crate::run_folder::document_file::{DocumentFile, PackedSpan, Span};
use crate::run_folder::known_ids::KnownIds;

/// Up to this many wanted ids are read one by one, without reading the list.
const FEW: usize = 4;

/// What to select, and with which data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SelectRequest<'a> {
    pub account: &'a Account,
    pub selection: &'a Selection,
    /// The account's connections and integrations, if the selection names any.
    pub known: &'a ResourceIndex,
    /// What uses the account's imports, if the selection names flows or integrations.
    pub usage: &'a Arc<FlowUsage>,
    /// What is remembered of the imports that are not selected.
    pub mind: Mind,
    /// Whether to wait for the second scan of a long list.
    pub waits: bool,
    /// The folder for temporary documents.
    pub folder: &'a Path,
    pub cancel: &'a Cancel,
    pub events: &'a Events,
}

/// What is remembered of the imports that are not selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mind {
    /// Nothing; for callers that need only the selected imports.
    Nothing,
    /// The keys that they are matched by.
    Keys(MatchBy),
    /// Their documents, and the ids of all imports.
    Documents,
}

/// A selected import: the position of its text, and the manifest row that named it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picked {
    span: PackedSpan,
    /// [`NONE`] if no row named it; the same applies to `problem`.
    row: u32,
    problem: u32,
    loosely: bool,
}

/// Stands for a missing number.
const NONE: u32 = u32::MAX;

impl Picked {
    fn new(span: Span, row: Option<RowMatch>, problem: Option<u32>) -> Self {
        Self {
            span: span.into(),
            row: row.map_or(NONE, |row| row.row),
            problem: problem.unwrap_or(NONE),
            loosely: row.is_some_and(|row| row.loosely),
        }
    }

    pub(crate) fn span(&self) -> Span {
        self.span.into()
    }

    pub(crate) fn row(&self) -> Option<u32> {
        Some(self.row).filter(|row| *row != NONE)
    }

    /// Why nothing can be done with it, as an index into [`Selected::problems`].
    pub(crate) fn problem(&self) -> Option<u32> {
        Some(self.problem).filter(|problem| *problem != NONE)
    }

    fn row_match(&self) -> Option<RowMatch> {
        self.row().map(|row| RowMatch { row, loosely: self.loosely })
    }
}

/// Why nothing can be done with a selected import.
#[derive(Debug, Clone)]
pub(crate) struct PickProblem {
    pub outcome: Outcome,
    pub code: &'static str,
    pub message: String,
}

/// The result of a selection.
#[derive(Debug)]
pub(crate) struct Selected {
    pub documents: DocumentFile,
    pub items: Chunks<Picked>,
    pub problems: Vec<PickProblem>,
    /// What was asked for but does not exist or could not be read.
    pub absent: Vec<Absent>,
    /// Kinds of reference that may occur.
    pub kinds: BTreeSet<Kind>,
    /// Whether one of them mentions an id outside a reference: it may belong to a resource of any kind.
    pub mentions: bool,
    /// The keys of the imports that were not selected, if requested.
    pub passed_over: Vec<String>,
    /// Their documents, if requested.
    pub left_out: Vec<Span>,
    /// The ids of all imports that were seen, selected or not.
    pub ids: Arc<IdSet>,
    /// Notes for the user about the selection.
    pub notes: Vec<String>,
    /// Some of the imports that were seen, selected or not.
    pub remembered: Remembered,
    pub seen: Seen,
    /// The second scan of a long list, if the caller does not wait for it.
    pub goes_on: Option<UnfinishedSecondScan>,
}

impl Selected {
    /// The contents of the account, if all of it was seen.
    pub(crate) fn known(&self) -> Option<KnownIds> {
        let mut known = KnownIds::default();
        self.ids.iter().for_each(|(id, ())| known.insert(Kind::Imports, &id));
        self.seen.whole.then_some(known)
    }
}

struct Picker<'a> {
    with: SelectRequest<'a>,
    wanted: Wanted<'a>,
    watch: SelectorWatch,
    matcher: SelectionMatcher<'a>,
    documents: Option<DocumentFile>,
    generation: u32,
    items: Chunks<Picked>,
    problems: Vec<PickProblem>,
    kinds: BTreeSet<Kind>,
    mentions: bool,
    passed_over: Vec<String>,
    left_out: Vec<Span>,
    ids: IdSet,
    pages: usize,
    remembered: Remembered,
    only: OnlyWatch<'a>,
}

impl<'a> Picker<'a> {
    fn new(with: SelectRequest<'a>) -> Self {
        let SelectRequest { selection, known, usage, .. } = with;
        let wanted = Wanted::of(selection);
        let watch = if wanted.only_ids() {
            // If only some names are asked for, other imports may not be seen at all.
            SelectorWatch::of_exclude("select", selection.selector.spec())
        } else {
            SelectorWatch::of_names("select", selection.selector.spec())
        };
        Self {
            with,
            wanted,
            watch,
            matcher: SelectionMatcher::new(&selection.selector, known, usage),
            documents: None,
            generation: 0,
            items: Chunks::default(),
            problems: Vec::new(),
            kinds: BTreeSet::new(),
            mentions: false,
            passed_over: Vec::new(),
            left_out: Vec::new(),
            ids: IdSet::default(),
            pages: 0,
            remembered: Remembered::default(),
            only: OnlyWatch::new(&selection.narrowed),
        }
    }

    /// Remembers an import that is not selected, as far as requested.
    fn pass_over(&mut self, head: &Head, text: &str) -> Result<(), EngineError> {
        match (self.with.mind, &mut self.documents) {
            (Mind::Keys(by), _) => self.passed_over.extend(by.key(head).map(Cow::into_owned)),
            (Mind::Documents, Some(documents)) => self.left_out.push(documents.append(text.as_bytes())?),
            (Mind::Documents, None) | (Mind::Nothing, _) => {}
        }
        Ok(())
    }

    fn problem(&mut self, outcome: Outcome, code: &'static str, message: String) -> Option<u32> {
        self.problems.push(PickProblem { outcome, code, message });
        u32::try_from(self.problems.len() - 1).ok()
    }

    fn consider(&mut self, head: &Head, text: &str) -> Result<(), EngineError> {
        self.remembered.take(head);
        self.ids.insert(&head.id, ());
        let row = self.wanted.meet(head);
        if !self.wanted.only_ids() || self.wanted.asks_for(head) {
            let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
            self.watch.take(number, head, &self.with.selection.selector);
        }
        if row.is_none() && self.wanted.has_manifest() {
            self.only.pass(head);
            return Ok(());
        }
        // `--only` cannot name an import that the job does not select.
        let selected = self.matcher.matches(head, text);
        if matches!(selected, Ok(false)) {
            self.only.pass(head);
            return self.pass_over(head, text);
        }
        if !self.only.takes(head) {
            return self.pass_over(head, text);
        }
        let mut problem = match selected {
            Ok(_) => None,
            Err(error) => self.problem(Outcome::Failed, "where", error.to_string()),
        };
        if let Some(message) = row.and_then(|row| self.wanted.contradiction(row.row, head)) {
            problem = self.problem(Outcome::Conflict, "id_and_name", message);
        }
        kinds_in(text, &mut self.kinds);
        self.mentions = self.mentions || mentions_ids(text);
        let Some(documents) = &mut self.documents else { return Ok(()) };
        let span = documents.append(text.as_bytes())?;
        self.items.push(Picked::new(span, row, problem));
        self.with.events.emit(&Event::StageAdvanced { stage: Stage::Read, by: 1 });
        Ok(())
    }

    /// Reads wanted ids one by one. Returns those that could not be read, and why.
    async fn read(&mut self, ids: Vec<String>) -> Result<HashMap<String, String>, EngineError> {
        let (account, cancel) = (self.with.account, self.with.cancel);
        let mut unread = HashMap::new();
        let ids = ids.into_iter().map(|id| Id::from(id.as_str()));
        read_by_id(account, ids, cancel, |id, read| {
            match read {
                ReadById::Found(document) => self.consider(&document.head, &document.text)?,
                ReadById::Gone => {}
                ReadById::Unreadable(why) => {
                    unread.insert(id.as_str().to_owned(), why);
                }
            }
            Ok(())
        })
        .await?;
        Ok(unread)
    }

    /// Handles the wanted ids that no list showed: reads those that may still exist, because a list is no proof of
    /// absence. For thousands of them, scans the list again instead of sending a call for each.
    async fn read_missing(&mut self, whole: bool) -> Result<HashMap<String, String>, EngineError> {
        let mut missing = self.wanted.missing();
        if whole && missing.len() > FEW.max(self.pages) {
            let wanted: HashSet<String> = missing.into_iter().collect();
            let listed = ids_listed(self.with.account, &wanted, self.with.cancel).await?;
            missing = listed.into_iter().collect();
            missing.sort_unstable();
        }
        self.read(missing).await
    }
}

impl PageVisitor for Picker<'_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        let path = self.with.folder.join(format!("source-{}.spool", self.generation));
        self.documents = Some(DocumentFile::create_in_passing(&path)?);
        self.items.clear();
        self.problems.clear();
        self.kinds.clear();
        self.mentions = false;
        self.passed_over.clear();
        self.left_out.clear();
        self.ids = IdSet::default();
        self.only.restart();
        self.wanted.restart();
        self.watch.restart();
        self.pages = 0;
        self.remembered.clear();
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        self.consider(head, text)?;
        Ok(!self.wanted.only_ids() || self.wanted.count_missing() > 0)
    }

    fn page_ended(&mut self) -> bool {
        self.pages += 1;
        // Reading the rest one by one costs no more than the pages so far.
        !self.wanted.only_ids() || self.pages < self.wanted.count_missing()
    }
}

/// Selects and fetches.
pub(crate) async fn select(with: SelectRequest<'_>) -> Result<Selected, EngineError> {
    let SelectRequest { account, selection, cancel, events, .. } = with;
    let spec = selection.selector.spec();
    let problems = check_names(&account.facts.described(), spec, with.known, with.usage);
    if !problems.is_empty() {
        return Err(EngineError::UnknownNames { place: "`select`", problems });
    }
    events.emit(&Event::StageStarted { stage: Stage::Read, total: None });
    let mut picker = Picker::new(with);
    let (mut seen, mut goes_on) = (Seen::default(), None);
    let unread = if picker.wanted.only_ids() && picker.wanted.count_missing() <= FEW {
        picker.restart()?;
        let wanted = picker.wanted.missing();
        picker.read(wanted).await?
    } else {
        let adaptors = &spec.adaptor_types;
        let all = !picker.wanted.only_ids();
        let manner = ScanOptions {
            steady: all,
            to_the_end: all,
            listed_apart: adaptors.is_empty()
                || with.mind == Mind::Documents
                || adaptors.iter().any(|adaptor| LISTED_APART.contains(&adaptor.as_str())),
            ..ScanOptions::default()
        };
        if with.waits {
            seen = list_scan(account, manner, cancel, &mut picker).await?;
        } else {
            (seen, goes_on) = list_scan_unconfirmed(account, manner, cancel, &mut picker).await?;
        }
        picker.read_missing(seen.whole).await?
    };
    events.emit(&Event::StageFinished { stage: Stage::Read });
    picker.only.check()?;
    // If only a part is selected, a missing name does not count.
    let absent = if selection.narrowed.is_all() { picker.wanted.absent(&unread) } else { Vec::new() };
    let documents = picker.documents.take();
    let documents =
        documents.map_or_else(|| DocumentFile::create_in_passing(&with.folder.join("source-0.spool")), Ok)?;
    let Picker { items, problems, kinds, mentions, passed_over, left_out, ids, .. } = picker;
    let Picker { wanted, watch, remembered, .. } = picker;
    let is_better_named = |picked: &Picked| picked.row_match().is_some_and(|row| wanted.is_better_named(row));
    let items = if items.iter().any(is_better_named) {
        items.iter().filter(|picked| !is_better_named(picked)).copied().collect()
    } else {
        items
    };
    Ok(Selected {
        documents,
        items,
        problems,
        absent,
        kinds,
        mentions,
        passed_over,
        left_out,
        ids: Arc::new(ids),
        notes: watch.notes(),
        remembered,
        seen,
        goes_on,
    })
}
