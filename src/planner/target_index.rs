//! What stands in the target already: the imports whose name (or external id) an item wants.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::documents::Unreadable;
use crate::documents::document::{fingerprint_of_text, read_tree};
use crate::documents::normal::{fingerprint, masks, remove_pointers};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PageVisitor, ScanOptions, Seen, list_scan};
use crate::job::{Action, MatchBy};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Fingerprint, Head, Id};
use crate::planner::compare::Others;
use crate::run_folder::document_file::{DocumentFile, Span};
use crate::run_folder::known_ids::KnownIds;

/// An import of the target that bears a wanted key.
#[derive(Debug, Clone)]
pub(crate) struct TargetImport {
    pub id: Id,
    pub print: Fingerprint,
    pub slot: Span,
    /// Owned by an Integration App.
    pub app: bool,
    /// Why its text has no tree, if it has none. It is never equal to anything.
    pub unreadable: Option<Unreadable>,
}

/// What of the target bears a key that is wanted.
#[derive(Debug)]
pub(crate) struct TargetImports<'a> {
    pub by_key: HashMap<u64, Vec<TargetImport>>,
    /// What bears the very id of an item that is restored, by the item's number.
    pub by_id: HashMap<u32, TargetImport>,
    pub spool: DocumentFile,
    /// What no item wants, where that was asked for.
    pub others: Option<Others<'a>>,
    pub seen: Seen,
    /// Everything that stands there, if it was read.
    pub known: Option<KnownIds>,
}

/// Hashes keys, so that a hundred thousand of them do not weigh.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(RandomState);

impl Keys {
    pub(crate) fn of(&self, key: &str) -> u64 {
        self.0.hash_one(key)
    }
}

struct Index<'a, 'o> {
    wanted: &'a HashMap<u64, Vec<u32>>,
    keys: &'a Keys,
    match_by: MatchBy,
    folder: &'a Path,
    spool: Option<DocumentFile>,
    generation: u32,
    ids: &'a HashMap<Id, u32>,
    by_key: HashMap<u64, Vec<TargetImport>>,
    by_id: HashMap<u32, TargetImport>,
    others: Option<Others<'o>>,
    known: KnownIds,
    events: &'a Events,
}

impl PageVisitor for Index<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        self.spool =
            Some(DocumentFile::create(&self.folder.join(format!("target-{}.spool", self.generation)))?);
        self.by_key.clear();
        self.by_id.clear();
        self.known.clear();
        if let Some(others) = &mut self.others {
            others.restart()?;
        }
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, EngineError> {
        self.events.emit(&Event::StageAdvanced { stage: Stage::Compare, by: 1 });
        self.known.insert(None, &head.id);
        if let Some(index) = self.ids.get(&head.id).copied() {
            let standing = self.stand(head, text)?;
            self.by_id.insert(index, standing);
            return Ok(true);
        }
        let key = self.match_by.key(head).map(|key| self.keys.of(&key));
        let Some(key) = key.filter(|key| self.wanted.contains_key(key)) else {
            if let Some(others) = &mut self.others {
                others.consider(key, head, text)?;
            }
            return Ok(true);
        };
        let standing = self.stand(head, text)?;
        self.by_key.entry(key).or_default().push(standing);
        Ok(true)
    }
}

impl Index<'_, '_> {
    /// Keeps an import of the target on the disk, and in mind what it is.
    fn stand(&mut self, head: &Head, text: &RawValue) -> Result<TargetImport, EngineError> {
        if self.spool.is_none() {
            self.restart()?;
        }
        let slot = match &mut self.spool {
            Some(spool) => spool.append(text.get().as_bytes())?,
            None => Span { offset: 0, length: 0 },
        };
        let text = text.get().as_bytes();
        let (print, unreadable) = match read_tree(text) {
            Ok(tree) => (print_of(&tree, !self.ids.is_empty()), None),
            Err(why) => (fingerprint_of_text(text), Some(why)),
        };
        Ok(TargetImport { id: head.id.clone(), print, slot, app: head.connector.is_some(), unreadable })
    }
}

/// The fingerprint an import of the target is compared by. What a backup shows only masked, it cannot tell: there a
/// masked secret is no difference.
pub(crate) fn print_of(document: &Value, beside_a_backup: bool) -> Fingerprint {
    if beside_a_backup {
        let hidden = masks(document);
        if !hidden.is_empty() {
            let mut open = document.clone();
            remove_pointers(&mut open, &hidden);
            return fingerprint(&open);
        }
    }
    fingerprint(document)
}

/// Whether an action may make imports: then it is kept what stands in the target before.
pub(crate) fn may_make(action: Action) -> bool {
    !matches!(action, Action::Update | Action::Delete | Action::Backup | Action::Compare)
}

/// What is looked for in the target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetVisitor<'a> {
    /// Hashes of the keys, and the items that want them.
    pub wanted: &'a HashMap<u64, Vec<u32>>,
    pub keys: &'a Keys,
    pub match_by: MatchBy,
    /// Ids by which imports are recognised before any key, and the items they belong to.
    pub ids: &'a HashMap<Id, u32>,
    /// Also ask for the adaptors that a plain list may leave out.
    pub listed_apart: bool,
    /// Whether something may be made: then it is kept what stands there.
    pub makes: bool,
    /// For documents in passing.
    pub folder: &'a Path,
}

/// Sweeps the target for the wanted keys.
pub(crate) async fn standings<'o>(
    account: &Account,
    lookout: TargetVisitor<'_>,
    others: Option<Others<'o>>,
    cancel: &Cancel,
    events: &Events,
) -> Result<TargetImports<'o>, EngineError> {
    let TargetVisitor { wanted, keys, match_by, ids, listed_apart, makes, folder } = lookout;
    events.emit(&Event::StageStarted { stage: Stage::Compare, total: None });
    let idle = wanted.is_empty() && ids.is_empty() && others.is_none() && !makes;
    let mut index = Index {
        wanted,
        keys,
        match_by,
        folder,
        spool: None,
        generation: 0,
        ids,
        by_key: HashMap::new(),
        by_id: HashMap::new(),
        others,
        known: KnownIds::default(),
        events,
    };
    let seen = if idle {
        index.restart()?;
        Seen::default()
    } else {
        list_scan(account, ScanOptions { steady: true, listed_apart, to_the_end: true }, cancel, &mut index)
            .await?
    };
    events.emit(&Event::StageFinished { stage: Stage::Compare });
    let spool = index.spool.take();
    let spool = spool.map_or_else(|| DocumentFile::create(&folder.join("target-0.spool")), Ok)?;
    let Index { by_key, by_id, others, known, .. } = index;
    let known = (!idle).then_some(known);
    Ok(TargetImports { by_key, by_id, spool, others, seen, known })
}
