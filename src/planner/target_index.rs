//! What is already in the target: the imports whose name (or external id) an item wants.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::documents::document::Printed;
use crate::documents::name::loose_name_key;
use crate::documents::normal::{Ignore, masks, remove_pointers};
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{Begun, IfEmpty, PageVisitor, ScanOptions, Seen, list_scan_of};
use crate::inventory::witnesses::Remembered;
use crate::job::{Action, MatchBy};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Fingerprint, Head, Id, IdMap, ItemKey, ItemSet};
use crate::planner::bearers::Bearers;
use crate::planner::target_file::TargetFile;
pub(crate) use crate::planner::target_file::TargetImport;
use crate::planner::target_only::TargetOnly;
use crate::planner::wanted_keys::{Keys, WantedKeys, id_key};
use crate::planner::wanted_texts::WantedTexts;
use crate::run_folder::document_file::Span;
use crate::run_folder::known_ids::KnownIds;

/// What stands in the target, by id and by key, as far as items want it.
#[derive(Debug)]
pub(crate) struct TargetIndex<'a> {
    pub by_key: Bearers,
    /// The items whose exact id an import of the target has: it is found by their [`id_key`].
    pub by_id: ItemSet,
    /// What bears nearly the name of an item and is wanted by none, by the hash of the loose key.
    pub near: HashMap<u64, Vec<NearImport>>,
    /// Some documents that no item wants, by adaptor: they too tell what the service fills in.
    pub samples: HashMap<String, Vec<Span>>,
    /// How many imports no item wants.
    pub unwanted: u64,
    pub file: TargetFile,
    /// What no item wants, where that was asked for.
    pub target_only: Option<TargetOnly<'a>>,
    /// Some of the imports it showed.
    pub remembered: Remembered,
    /// Whether it shows the source's own imports.
    pub holds_source: bool,
    pub seen: Seen,
    /// Everything that stands there, if it was read and something may be made.
    pub known: Option<KnownIds>,
}

impl TargetIndex<'_> {
    /// Keeps an import that was read by id.
    pub(crate) fn keep(
        &mut self,
        print: &TargetPrint,
        head: &Head,
        text: &str,
    ) -> Result<TargetImport, EngineError> {
        kept(&mut self.file, print, head, text)
    }

    /// The fingerprint of an import as it is read again: what is compared beside a backup leaves masks out, and a read does not.
    pub(crate) fn print_when_read(
        &mut self,
        print: &TargetPrint,
        import: &TargetImport,
    ) -> Result<Fingerprint, EngineError> {
        if !print.beside_a_backup {
            return Ok(import.print);
        }
        Ok(Printed::new(&self.file.read(import.span)?, &print.ignore).print)
    }

    /// The imports with the key, in the order of the list.
    pub(crate) fn of(&mut self, key: u64) -> Result<Vec<TargetImport>, EngineError> {
        Ok(self.by_key.of(key, &mut self.file)?)
    }

    /// One of the imports with the key, by its index.
    pub(crate) fn get(&mut self, key: u64, at: usize) -> Result<Option<TargetImport>, EngineError> {
        Ok(self.by_key.get(key, at, &mut self.file)?)
    }
}

/// An import of the target whose name is nearly that of an item.
#[derive(Debug, Clone)]
pub(crate) struct NearImport {
    pub id: Id,
    pub name: String,
}

/// How the fingerprint is made that an import of the target is compared by.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetPrint {
    /// A backup that has only masks cannot prove a difference: compared with it, a masked secret is not one.
    pub beside_a_backup: bool,
    /// What is left out of every comparison.
    pub ignore: Ignore,
}

impl TargetPrint {
    /// Whether it is the fingerprint of a document as it is.
    pub(crate) fn is_plain(&self) -> bool {
        !self.beside_a_backup && self.ignore.is_empty()
    }

    /// A text with its fingerprint.
    pub(crate) fn of_text<'t>(&self, text: &'t [u8]) -> Printed<'t> {
        if self.beside_a_backup {
            Printed::by(text, |tree| self.of(tree))
        } else {
            Printed::new(text, &self.ignore)
        }
    }

    fn of(&self, document: &Value) -> Fingerprint {
        if self.beside_a_backup {
            let hidden = masks(document);
            if !hidden.is_empty() {
                let mut open = document.clone();
                remove_pointers(&mut open, &hidden);
                return self.ignore.fingerprint(&open);
            }
        }
        self.ignore.fingerprint(document)
    }
}

/// Documents of an adaptor that are kept although no item wants them.
const SAMPLES: usize = 32;

struct IndexBuilder<'a, 'o> {
    wanted: &'a WantedKeys,
    keys: &'a Keys,
    match_by: MatchBy,
    folder: &'a Path,
    file: Option<TargetFile>,
    generation: u32,
    ids: &'a IdMap<u32>,
    same_ids: &'a WantedKeys,
    by_key: Bearers,
    by_id: ItemSet,
    loose: &'a [u64],
    print: &'a TargetPrint,
    /// What is wanted, where an import that is the same to the letter has its fingerprint.
    texts: Option<WantedTexts<'a>>,
    near: HashMap<u64, Vec<NearImport>>,
    samples: HashMap<String, Vec<Span>>,
    unwanted: u64,
    target_only: Option<TargetOnly<'o>>,
    /// Everything that stands there, where that is kept.
    known: Option<KnownIds>,
    remembered: Remembered,
    /// Some imports of the source, and how many of them the target shows too.
    source: &'a Remembered,
    of_source: usize,
    events: &'a Events,
}

impl PageVisitor for IndexBuilder<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.generation += 1;
        self.file = Some(TargetFile::create(self.folder, self.generation)?);
        self.by_key.clear();
        self.by_id = ItemSet::default();
        self.near.clear();
        if let Some(known) = &mut self.known {
            known.clear();
        }
        self.remembered.clear();
        self.of_source = 0;
        self.samples.clear();
        self.unwanted = 0;
        if let Some(target_only) = &mut self.target_only {
            target_only.restart()?;
        }
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        self.events.emit(&Event::StageAdvanced { stage: Stage::Compare, by: 1 });
        if let Some(known) = &mut self.known {
            known.insert(Kind::Imports, &head.id);
        }
        self.remembered.take(head);
        self.of_source += usize::from(self.source.is_one(head));
        if let Some(target_only) = &mut self.target_only {
            target_only.count(head, text);
        }
        let same = || self.same_ids.first(self.keys.of(head.id.as_str()));
        if let Some(index) = self.ids.get(&head.id).copied().or_else(same) {
            let import = self.keep(head, text)?;
            self.by_key.push(id_key(index), import);
            self.by_id.insert(ItemKey(index));
            return Ok(true);
        }
        let key = self.match_by.key(head).map(|key| self.keys.of(&key));
        let Some((key, item)) = key.and_then(|key| Some((key, self.wanted.first(key)?))) else {
            if let Some(target_only) = &mut self.target_only {
                target_only.consider(key, head, text)?;
            }
            self.pass_over(head, text)?;
            return Ok(true);
        };
        let known = match &mut self.texts {
            Some(texts) => texts.print_of(item, text)?,
            None => None,
        };
        let import = match known {
            Some(print) => self.keep_equal(print, head, text)?,
            None => self.keep(head, text)?,
        };
        self.by_key.push(key, import);
        Ok(true)
    }
}

impl IndexBuilder<'_, '_> {
    /// Stores an import of the target: its document on disk, and its identity in memory.
    fn keep(&mut self, head: &Head, text: &str) -> Result<TargetImport, EngineError> {
        let print = self.print;
        kept(self.file()?, print, head, text)
    }

    /// Keeps one that was found to be what is wanted: its fingerprint is known, and so is that it can be read.
    fn keep_equal(
        &mut self,
        print: Fingerprint,
        head: &Head,
        text: &str,
    ) -> Result<TargetImport, EngineError> {
        debug_assert_eq!(
            self.print.of_text(text.as_bytes()).print,
            print,
            "told to be what is wanted: {text}"
        );
        let app = head.connector.is_some();
        Ok(self.file()?.put_down(text.as_bytes(), head.id.clone(), print, app, None)?)
    }

    fn file(&mut self) -> Result<&mut TargetFile, EngineError> {
        if self.file.is_none() {
            self.restart()?;
        }
        match &mut self.file {
            Some(file) => Ok(file),
            None => Err(EngineError::Interrupted),
        }
    }

    /// Records an import that no item wants, if it may matter.
    fn pass_over(&mut self, head: &Head, text: &str) -> Result<(), EngineError> {
        self.unwanted += 1;
        if !self.loose.is_empty() {
            let key = self.keys.of(&loose_name_key(&head.name));
            if self.loose.binary_search(&key).is_ok() {
                let near = NearImport { id: head.id.clone(), name: head.name.clone() };
                self.near.entry(key).or_default().push(near);
            }
        }
        let adaptor = head.adaptor_type.as_deref().unwrap_or_default();
        if self.samples.get(adaptor).is_none_or(|samples| samples.len() < SAMPLES) {
            let span = self.file()?.append(text.as_bytes())?;
            self.samples.entry(adaptor.to_owned()).or_default().push(span);
        }
        Ok(())
    }
}

fn kept(
    file: &mut TargetFile,
    print: &TargetPrint,
    head: &Head,
    text: &str,
) -> Result<TargetImport, EngineError> {
    let printed = print.of_text(text.as_bytes());
    let (app, unreadable) = (head.connector.is_some(), printed.unreadable().cloned());
    Ok(file.put_down(text.as_bytes(), head.id.clone(), printed.print, app, unreadable)?)
}

/// Whether an action may create imports: then the earlier contents of the target are recorded.
pub(crate) fn may_make(action: Action) -> bool {
    !matches!(action, Action::Update | Action::Delete | Action::Backup | Action::Compare)
}

/// What is looked for in the target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetQuery<'a> {
    /// Hashes of the keys, and the items that want them.
    pub wanted: &'a WantedKeys,
    pub keys: &'a Keys,
    pub match_by: MatchBy,
    /// Ids by which imports are matched before any key, and the items they belong to.
    pub ids: &'a IdMap<u32>,
    /// Hashes of such ids, where no more has to be known of them.
    pub same_ids: &'a WantedKeys,
    /// Hashes of the loose keys of the items' names in their order, where nearly the same name matters.
    pub loose: &'a [u64],
    pub print: &'a TargetPrint,
    /// Some imports of the source.
    pub source: &'a Remembered,
    /// Also ask for the adaptors that a plain list may leave out.
    pub listed_apart: bool,
    /// Whether something may be created: then the earlier contents are recorded.
    pub makes: bool,
    /// What an empty list of the target means.
    pub if_empty: IfEmpty,
    /// The folder for temporary documents.
    pub folder: &'a Path,
}

/// Scans the target for the wanted keys. Part of its list may have been read already.
pub(crate) async fn read_target_index<'o>(
    account: &Account,
    begun: Option<Begun>,
    query: TargetQuery<'_>,
    texts: WantedTexts<'_>,
    target_only: Option<TargetOnly<'o>>,
    cancel: &Cancel,
    events: &Events,
) -> Result<TargetIndex<'o>, EngineError> {
    let TargetQuery {
        wanted,
        keys,
        match_by,
        ids,
        same_ids,
        loose,
        print,
        source,
        listed_apart,
        makes,
        if_empty,
        folder,
    } = query;
    events.emit(&Event::StageStarted { stage: Stage::Compare, total: None });
    let idle = wanted.is_empty() && ids.is_empty() && same_ids.is_empty() && target_only.is_none() && !makes;
    let mut builder = IndexBuilder {
        wanted,
        keys,
        match_by,
        folder,
        file: None,
        generation: 0,
        ids,
        same_ids,
        by_key: Bearers::default(),
        by_id: ItemSet::default(),
        loose,
        print,
        texts: Some(texts).filter(|_| print.is_plain()),
        near: HashMap::new(),
        samples: HashMap::new(),
        unwanted: 0,
        target_only,
        known: makes.then(KnownIds::default),
        remembered: Remembered::default(),
        source,
        of_source: 0,
        events,
    };
    let seen = if idle {
        builder.restart()?;
        Seen::default()
    } else {
        let manner =
            ScanOptions { steady: true, listed_apart, to_the_end: true, if_empty, ..ScanOptions::default() };
        list_scan_of(account, begun, manner, cancel, &mut builder).await?
    };
    events.emit(&Event::StageFinished { stage: Stage::Compare });
    let holds_source = builder.of_source > 0 && builder.of_source == builder.source.count();
    let file = builder.file.take();
    let file = file.map_or_else(|| TargetFile::create(folder, 0), Ok)?;
    let IndexBuilder { mut by_key, by_id, near, samples, unwanted, target_only, known, remembered, .. } =
        builder;
    by_key.sort();
    let known = known.filter(|_| !idle);
    Ok(TargetIndex {
        by_key,
        by_id,
        near,
        samples,
        unwanted,
        file,
        target_only,
        remembered,
        holds_source,
        seen,
        known,
    })
}
