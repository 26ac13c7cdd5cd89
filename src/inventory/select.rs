//! select and fetch: which imports of the source, their texts on disk.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde_json::value::RawValue;

use crate::api::ErrorKind;
use crate::documents::document::read_tree;
use crate::documents::references::{Kind, ResourceIndex};
use crate::documents::selector::Names;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{LISTED_APART, PageVisitor, ScanOptions, Seen, list_scan};
use crate::inventory::resource_index::kinds_in;
use crate::job::{Manifest, MatchBy, Selection};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Head, Id};
use crate::run_folder::document_file::{DocumentFile, Span};

/// Below this many wanted ids, each is read by itself without looking at the list first.
const FEW: usize = 4;

/// A selected import: where its text stands, and which row of the manifest named it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picked {
    pub slot: Span,
    pub row: Option<u32>,
    /// A filter that could not be decided on this import; it is an item that fails.
    pub puzzled: Option<u32>,
}

/// What was selected.
#[derive(Debug)]
pub(crate) struct Selected {
    pub spool: DocumentFile,
    pub items: Vec<Picked>,
    /// Messages of filters that failed, by [`Picked::puzzled`].
    pub puzzles: Vec<String>,
    /// Ids and names that were asked for and are not there: what was asked, and where it was asked.
    pub absent: Vec<(String, String)>,
    /// Kinds of reference that may occur.
    pub kinds: BTreeSet<Kind>,
    /// What the imports that were not selected are recognised by, where that was asked for.
    pub passed_over: Vec<String>,
    pub seen: Seen,
}

/// What is asked for by id or name, and not only by property.
struct Wanted<'a> {
    manifest: Option<&'a Manifest>,
    by_id: HashMap<&'a str, u32>,
    by_name: HashMap<&'a str, u32>,
    /// When only ids are asked for: those not met yet.
    open_ids: Option<HashSet<&'a str>>,
}

impl<'a> Wanted<'a> {
    fn of(selection: &'a Selection) -> Self {
        let mut wanted = Self {
            manifest: selection.manifest.as_ref(),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            open_ids: None,
        };
        let ids = &selection.selector.spec().ids;
        if let Some(manifest) = &selection.manifest {
            for (index, row) in (0_u32..).zip(&manifest.rows) {
                if let Some(id) = &row.id {
                    wanted.by_id.insert(id, index);
                } else if let Some(name) = &row.name {
                    wanted.by_name.insert(name, index);
                }
            }
            if wanted.by_name.is_empty() {
                wanted.open_ids = Some(
                    wanted
                        .by_id
                        .keys()
                        .copied()
                        .filter(|id| ids.is_empty() || ids.iter().any(|i| i == id))
                        .collect(),
                );
            }
        } else if !ids.is_empty() {
            wanted.open_ids = Some(ids.iter().map(String::as_str).collect());
        }
        wanted
    }

    /// The row of the manifest that names the import.
    fn row(&self, head: &Head) -> Option<u32> {
        self.by_id.get(head.id.as_str()).or_else(|| self.by_name.get(head.name.as_str())).copied()
    }
}

struct Picker<'a> {
    selection: &'a Selection,
    wanted: Wanted<'a>,
    names: HashMap<(Kind, String), String>,
    folder: &'a Path,
    spool: Option<DocumentFile>,
    generation: u32,
    items: Vec<Picked>,
    puzzles: Vec<String>,
    kinds: BTreeSet<Kind>,
    /// Whether to keep in mind what the others are recognised by.
    mind: Option<MatchBy>,
    passed_over: Vec<String>,
    met_ids: HashSet<String>,
    met_rows: HashSet<u32>,
    events: &'a Events,
}

impl Picker<'_> {
    fn consider(&mut self, head: &Head, text: &RawValue) -> Result<(), EngineError> {
        let row = self.wanted.row(head);
        if row.is_none() && self.wanted.manifest.is_some() {
            return Ok(());
        }
        // Met, even if another key leaves it out: then it is not absent.
        self.met_rows.extend(row);
        let name = |kind: Kind, id: &Option<Id>| {
            id.as_ref().and_then(|id| self.names.get(&(kind, id.as_str().to_owned()))).map(String::as_str)
        };
        let names = Names {
            connection: name(Kind::Connections, &head.connection),
            integration: name(Kind::Integrations, &head.integration),
        };
        let mut parse = || read_tree(text.get().as_bytes());
        let puzzled = match self.selection.selector.matches(head, names, &mut parse) {
            Ok(false) => {
                self.passed_over.extend(self.mind.and_then(|by| by.key(head)).map(Cow::into_owned));
                return Ok(());
            }
            Ok(true) => None,
            Err(message) => {
                self.puzzles.push(message);
                Some(u32::try_from(self.puzzles.len() - 1).unwrap_or(u32::MAX))
            }
        };
        kinds_in(text.get(), &mut self.kinds);
        let Some(spool) = &mut self.spool else { return Ok(()) };
        let slot = spool.append(text.get().as_bytes())?;
        self.items.push(Picked { slot, row, puzzled });
        self.events.emit(&Event::StageAdvanced { stage: Stage::Read, by: 1 });
        Ok(())
    }
}

impl PageVisitor for Picker<'_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        self.spool =
            Some(DocumentFile::create(&self.folder.join(format!("source-{}.spool", self.generation)))?);
        self.items.clear();
        self.puzzles.clear();
        self.kinds.clear();
        self.passed_over.clear();
        self.met_ids.clear();
        self.met_rows.clear();
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, EngineError> {
        if let Some(open) = &self.wanted.open_ids
            && open.contains(head.id.as_str())
        {
            self.met_ids.insert(head.id.as_str().to_owned());
        }
        self.consider(head, text)?;
        Ok(self.wanted.open_ids.as_ref().is_none_or(|open| self.met_ids.len() < open.len()))
    }
}

/// Selects and fetches.
pub(crate) async fn select(
    account: &Account,
    selection: &Selection,
    directory: &ResourceIndex,
    mind: Option<MatchBy>,
    folder: &Path,
    cancel: &Cancel,
    events: &Events,
) -> Result<Selected, EngineError> {
    events.emit(&Event::StageStarted { stage: Stage::Read, total: None });
    let names = directory
        .kinds
        .iter()
        .flat_map(|(kind, list)| list.iter().map(|r| ((*kind, r.id.as_str().to_owned()), r.name.clone())))
        .collect();
    let mut picker = Picker {
        selection,
        wanted: Wanted::of(selection),
        names,
        folder,
        spool: None,
        generation: 0,
        items: Vec::new(),
        puzzles: Vec::new(),
        kinds: BTreeSet::new(),
        mind,
        passed_over: Vec::new(),
        met_ids: HashSet::new(),
        met_rows: HashSet::new(),
        events,
    };
    let few = picker.wanted.open_ids.as_ref().is_some_and(|open| open.len() <= FEW);
    let mut seen = Seen::default();
    if few {
        picker.restart()?;
        read_one_by_one(account, &mut picker, cancel).await?;
    } else {
        let adaptors = &selection.selector.spec().adaptor_types;
        let manner = ScanOptions {
            steady: picker.wanted.open_ids.is_none(),
            to_the_end: picker.wanted.open_ids.is_none(),
            listed_apart: adaptors.is_empty()
                || adaptors.iter().any(|adaptor| LISTED_APART.contains(&adaptor.as_str())),
        };
        seen = list_scan(account, manner, cancel, &mut picker).await?;
        // What the list does not show may still be there: lists are not trusted with absence.
        read_one_by_one(account, &mut picker, cancel).await?;
    }
    events.emit(&Event::StageFinished { stage: Stage::Read });
    let absent = absent(&picker);
    let spool = picker.spool.take();
    let spool = spool.map_or_else(|| DocumentFile::create(&folder.join("source-0.spool")), Ok)?;
    let Picker { items, puzzles, kinds, passed_over, .. } = picker;
    Ok(Selected { spool, items, puzzles, absent, kinds, passed_over, seen })
}

/// Reads the wanted ids that were not met, each by itself.
async fn read_one_by_one(
    account: &Account,
    picker: &mut Picker<'_>,
    cancel: &Cancel,
) -> Result<(), EngineError> {
    let Some(open) = &picker.wanted.open_ids else { return Ok(()) };
    let mut missing: Vec<&str> = open.iter().copied().filter(|id| !picker.met_ids.contains(*id)).collect();
    missing.sort_unstable();
    for id in missing {
        if cancel.is_draining() {
            return Err(EngineError::Interrupted);
        }
        match account.client.get("imports", &Id::from(id)).await {
            Ok(document) => {
                picker.met_ids.insert(id.to_owned());
                picker.consider(&document.head, &document.text)?;
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(account.failed(&format!("read import {id}"))(error)),
        }
    }
    Ok(())
}

/// What was asked for by id or name and is not there.
fn absent(picker: &Picker<'_>) -> Vec<(String, String)> {
    if let Some(manifest) = picker.wanted.manifest {
        let gone = (0_u32..).zip(&manifest.rows).filter(|(index, _)| !picker.met_rows.contains(index));
        return gone
            .filter_map(|(_, row)| {
                let asked = row.id.clone().or_else(|| row.name.clone())?;
                Some((asked, format!("line {} of the manifest", row.line)))
            })
            .collect();
    }
    let Some(open) = &picker.wanted.open_ids else { return Vec::new() };
    let mut gone: Vec<_> = open.iter().filter(|id| !picker.met_ids.contains(**id)).collect();
    gone.sort_unstable();
    gone.into_iter().map(|id| ((*id).to_owned(), "select.ids".to_owned())).collect()
}
