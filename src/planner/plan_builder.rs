//! The workspace of a plan: prepared items and documents, stored until it is known what is in the target.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::documents::name::loose_name_key;
use crate::documents::normal::Ignore;
use crate::documents::pointer::Pointer;
use crate::documents::references::{Resolver, ResourceIndex};
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::UserLists;
use crate::inventory::list_scan::{Begun, IfEmpty, may_be_listed_apart};
use crate::inventory::witnesses::Remembered;
use crate::job::Action;
use crate::model::{Chunks, Fingerprint, Head, Id, IdMap, IdSet, Outcome, Verdict};
use crate::planner::account_users::AccountUsers;
use crate::planner::dependencies::{DependencyInputs, DependencyPlanner};
use crate::planner::given_names::GivenNames;
use crate::planner::likeness::Place;
use crate::planner::prepare::{Apart, Prepared};
use crate::planner::request::PlannerRequest;
use crate::planner::stored_item::StoredItem;
use crate::planner::target_index::{TargetIndex, TargetPrint, TargetQuery, may_make, read_target_index};
use crate::planner::target_only::{Claimed, Claims, Lack, TargetOnly};
use crate::planner::usage::PlanUsage;
use crate::planner::wanted_keys::Keys;
use crate::planner::wanted_keys::WantedKeys;
use crate::planner::wanted_texts::WantedTexts;
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, Span, damaged, one_line, unwritten};
use crate::run_folder::plan_item::{PlanItem, Witnesses};
use crate::run_folder::plan_line::{from_line, to_line};
use crate::run_folder::reference_usage::{CREATED, Reference};

/// Where items and documents lie while the plan is made.
pub(crate) struct PlanBuilder<'a> {
    pub with: &'a PlannerRequest<'a>,
    pub stored_items: Chunks<StoredItem>,
    /// What would be sent for an item, where that is not what it is compared by.
    sent: HashMap<usize, Fingerprint>,
    /// What items need, by its place among the dependencies.
    needs: HashMap<usize, Box<[u32]>>,
    pub items: DocumentFile,
    pub documents: DocumentFile,
    pub keys: Keys,
    /// How imports of the target are compared.
    pub print: TargetPrint,
    /// Imports of the target that belong to other imports of the source.
    pub taken: Option<&'a BTreeSet<Id>>,
    /// Hashes of the loose keys of names, where nearly the same name matters.
    loose: Vec<u64>,
    /// Hashes of the keys by which items are matched.
    pub by_key: WantedKeys,
    /// The names that imports will have.
    names_given: GivenNames,
    /// Keys of imports that are not compared, for whatever reason.
    claimed: HashSet<u64>,
    /// Ids of what is restored or known to be an item's, and the items: in the target they are matched by these first.
    pub ids: IdMap<u32>,
    /// Hashes of the ids of what is compared with its own backup, and the items: so they are matched too.
    same_ids: WantedKeys,
    listed_apart: bool,
    pub notes: Vec<String>,
    /// Names of the resources that were read of both accounts, by id.
    pub names: BTreeMap<String, String>,
    pub references: Vec<Reference>,
    /// Some imports of the source.
    pub remembered: Remembered,
    pub witnesses: Witnesses,
    pub dependencies: DependencyPlanner,
    /// What holds of the files of an apply where the target does not have their very import, by the numbers of the items.
    pub apart: HashMap<u32, Apart>,
    /// Which imports of the target are those of imports of the source that are not written.
    pub claims: Claims,
    /// Places that hold something in exported files.
    pub in_files: BTreeSet<Place>,
    /// What uses the imports, if it is reported.
    pub usage: PlanUsage,
    /// What uses the imports, once that was read to its end.
    pub users: AccountUsers,
    litter: Vec<PathBuf>,
}

impl<'a> PlanBuilder<'a> {
    pub(crate) fn new(with: &'a PlannerRequest<'a>) -> Result<Self, EngineError> {
        let folder = with.context.folder;
        let (items, documents) = (folder.join("items.spool"), folder.join("documents.spool"));
        let ignore = Ignore::new(with.job.ignore.iter().map(Pointer::as_str));
        Ok(Self {
            with,
            stored_items: Chunks::default(),
            sent: HashMap::new(),
            needs: HashMap::new(),
            items: DocumentFile::create_in_passing(&items)?,
            documents: DocumentFile::create_in_passing(&documents)?,
            keys: Keys::default(),
            print: TargetPrint {
                beside_a_backup: matches!(with.job.action, Action::Restore | Action::Apply),
                ignore,
            },
            taken: with.taken(),
            loose: Vec::new(),
            by_key: WantedKeys::default(),
            names_given: GivenNames::default(),
            claimed: HashSet::new(),
            ids: IdMap::default(),
            same_ids: WantedKeys::default(),
            listed_apart: false,
            notes: Vec::new(),
            names: BTreeMap::new(),
            references: Vec::new(),
            remembered: Remembered::default(),
            witnesses: Witnesses::default(),
            dependencies: DependencyPlanner::default(),
            apart: HashMap::new(),
            claims: Claims::default(),
            in_files: BTreeSet::new(),
            usage: PlanUsage::default(),
            users: AccountUsers::default(),
            litter: vec![items, documents],
        })
    }

    /// Puts an item down, and its document: the one that was prepared, or a text as it was read.
    pub(crate) fn keep(
        &mut self,
        prepared: &mut Prepared,
        head: &Head,
        verbatim: Option<&str>,
    ) -> Result<(), EngineError> {
        let index = u32::try_from(self.stored_items.len()).unwrap_or(u32::MAX);
        let (mut wanted, mut needs) = (None, Vec::new());
        if let Some(apart) = prepared.apart.take() {
            self.apart.insert(index, apart);
        }
        if let Some(text) = &prepared.wanted {
            wanted = Some(self.documents.append(text.as_bytes())?);
            needs = self.dependencies.needs_in(text, &prepared.pending);
            self.listed_apart |= may_be_listed_apart(head.adaptor_type.as_deref());
            let action = self.with.job.action;
            if head.id.as_str().is_empty() {
                // It has no id to be matched by.
            } else if matches!(action, Action::Restore | Action::Apply) {
                self.ids.insert(&head.id, index);
            } else if self.with.compares_with_itself() {
                self.same_ids.push(self.keys.of(head.id.as_str()), index);
            }
            if let Some(own) = self.with.own().and_then(|own| own.get(&head.id)) {
                self.ids.insert(&own.id, index);
            }
            if let Some(key) = &prepared.key
                && self.with.matches_by_key()
            {
                self.by_key.push(self.keys.of(key), index);
                if self.with.checks_near_names() {
                    self.loose.push(self.keys.of(&loose_name_key(&prepared.item.name)));
                }
            }
        } else if let Some(text) = verbatim {
            wanted = Some(self.documents.append(one_line(text).as_bytes())?);
        } else {
            let key = prepared.key.as_deref().map(Cow::Borrowed).or_else(|| self.with.job.match_by.key(head));
            self.claimed.extend(key.map(|key| self.keys.of(&key)));
        }
        if prepared.wanted.is_some() || prepared.item.outcome == Some(Outcome::Unchanged) {
            self.names_given.take(&prepared.item.name, &head.name, &self.keys, self.with);
        }
        let span = self.append(&prepared.item)?;
        let sent = prepared.item.sent_sha256.filter(|_| wanted.is_some());
        let print = prepared.print.or(sent).filter(|_| wanted.is_some());
        if let Some(print) = &print {
            // Behind the document, and not in memory: it is read where the target has an import of that key.
            self.documents.append(&print.0)?;
        }
        let place = self.stored_items.len();
        if let Some(sent) = sent.filter(|sent| print != Some(*sent)) {
            self.sent.insert(place, sent);
        }
        if !needs.is_empty() {
            self.needs.insert(place, needs.into());
        }
        self.stored_items.push(StoredItem {
            has_print: print.is_some(),
            has_secrets: !prepared.item.secrets.is_empty(),
            ..StoredItem::new(span, wanted, Verdict::Equal)
        });
        Ok(())
    }

    /// Reserves room for this many items: a growing list would take twice as much.
    pub(crate) fn reserve(&mut self, items: usize) {
        if self.with.matches_by_key() {
            self.by_key.reserve(items);
            self.same_ids.reserve(if self.with.compares_with_itself() { items } else { 0 });
            self.names_given.reserve(items, self.with);
            let loose = if self.with.checks_near_names() { items } else { 0 };
            self.loose.reserve_exact(loose);
        }
    }

    /// To be called once, when all items are kept.
    pub(crate) fn sort(&mut self) {
        self.by_key.sort();
        self.names_given.sort();
        self.same_ids.sort();
        self.loose.sort_unstable();
        self.loose.dedup();
    }

    /// Fingerprint of what would be sent for an item.
    pub(crate) fn sent(&mut self, index: usize) -> Result<Option<Fingerprint>, EngineError> {
        match self.sent.get(&index) {
            Some(sent) => Ok(Some(*sent)),
            None => self.print(index),
        }
    }

    /// The fingerprints that the documents of items are compared by, as far as they have any.
    pub(crate) fn compared_by(
        &mut self,
        items: &[usize],
    ) -> Result<HashMap<usize, Fingerprint>, EngineError> {
        let mut prints = HashMap::with_capacity(items.len());
        for item in items {
            if let Some(print) = self.print(*item)? {
                prints.insert(*item, print);
            }
        }
        Ok(prints)
    }

    fn print(&mut self, item: usize) -> Result<Option<Fingerprint>, EngineError> {
        let Some(span) = self.stored_items[item].print() else { return Ok(None) };
        Ok(self.documents.read(span)?.try_into().ok().map(Fingerprint))
    }

    /// What an item needs, by its place among the dependencies.
    pub(crate) fn needs(&self, index: usize) -> &[u32] {
        self.needs.get(&index).map(|needs| &**needs).unwrap_or_default()
    }

    /// Plans what has to be created first.
    pub(crate) async fn plan_dependencies(
        &mut self,
        resolver: Option<Arc<Resolver>>,
        here: ResourceIndex,
        there: &ResourceIndex,
        imports: Arc<IdSet>,
    ) -> Result<(), EngineError> {
        let (Some(resolver), false) = (resolver, self.dependencies.is_empty()) else {
            return Ok(());
        };
        let (with, there) = (self.with, there.clone());
        let inputs = DependencyInputs {
            job: with.job,
            source: with.source,
            target: with.target,
            here,
            there,
            resolver,
            imports,
        };
        let note = self.dependencies.plan(inputs, &mut self.documents).await?;
        let note = note.filter(|note| !self.notes.contains(note));
        self.notes.extend(note);
        for reference in self.references.iter_mut().filter(|reference| reference.resolution == CREATED) {
            let name = reference.name.clone().unwrap_or_default();
            if let Some(reason) = self.dependencies.reason(reference.kind, &name) {
                reference.resolution = "missing";
                reference.target = None;
                reference.reason = Some(format!("cannot be created: {reason}"));
                reference.missing = Some("fail");
            }
        }
        Ok(())
    }

    pub(crate) async fn read_target(
        &mut self,
        there: &ResourceIndex,
        passed_over: &[String],
        begun: Option<Begun>,
    ) -> Result<TargetIndex<'a>, EngineError> {
        let with = self.with;
        let mirrors = with.mirrors();
        let target_only = if mirrors || with.job.action == Action::Compare && self.looks_for_others() {
            let lists = UserLists::asked_by(with.job.select.selector.spec());
            let usage = match lists {
                None => Arc::default(),
                Some(asked) => {
                    let (_, usage) = self.users.of_target(with, asked).await?;
                    usage.complete(with.target, lists)?;
                    usage
                }
            };
            let mut claimed = std::mem::take(&mut self.claimed);
            let keys = passed_over.iter().chain(&self.claims.keys);
            claimed.extend(keys.map(|key| self.keys.of(key)));
            self.listed_apart = true;
            let ids = std::mem::take(&mut self.claims.ids);
            let ignore = || Arc::new(self.print.ignore.clone());
            let purpose = if mirrors { Lack::Delete(ignore(), with.job.match_by) } else { Lack::Tell };
            Some(TargetOnly::new(with, there, Claimed { keys: claimed, ids }, &usage, purpose))
        } else {
            None
        };
        let query = TargetQuery {
            wanted: &self.by_key,
            keys: &self.keys,
            match_by: with.job.match_by,
            ids: &self.ids,
            same_ids: &self.same_ids,
            loose: &self.loose,
            print: &self.print,
            source: &self.remembered,
            listed_apart: self.listed_apart,
            makes: may_make(with.job.action) && self.stored_items.iter().any(StoredItem::is_wanted),
            // What a restore is to mend may be an account without imports.
            if_empty: if with.job.action == Action::Restore { IfEmpty::Tell } else { IfEmpty::Distrust },
            folder: with.context.folder,
        };
        let texts = WantedTexts::new(&self.stored_items, &mut self.documents);
        let (cancel, events) = (with.context.cancel, with.context.events);
        read_target_index(with.target, begun, query, texts, target_only, cancel, events).await
    }

    /// Whether a comparison can tell what only the target has: not where `select` names imports one by one.
    fn looks_for_others(&mut self) -> bool {
        let select = &self.with.job.select;
        let all = select.selector.spec().ids.is_empty() && select.manifest.is_none();
        let why = if all { "--limit is given" } else { "`select` names imports" };
        let all = all && select.narrowed.limit.is_none();
        if !all {
            self.notes.push(format!(
                "{why}, so what only `{}` has was not looked for",
                self.with.target.facts.name
            ));
        }
        all
    }

    pub(crate) fn item(&mut self, index: usize) -> Result<PlanItem, EngineError> {
        let text = self.items.read(self.stored_items[index].item.into())?;
        from_line(&text).map_err(|error| damaged(&self.litter[0], &error).into())
    }

    /// The text of the document that is wanted for an item, if there is one.
    pub(crate) fn wanted_text(&mut self, index: usize) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(span) = self.stored_items[index].wanted() else {
            return Ok(None);
        };
        Ok(Some(self.documents.read(span)?))
    }

    /// Pointers of the masked secrets that were taken out of an item's document.
    pub(crate) fn secrets(&mut self, index: usize) -> Result<Vec<String>, EngineError> {
        if self.stored_items[index].has_secrets { Ok(self.item(index)?.secrets) } else { Ok(Vec::new()) }
    }

    fn append(&mut self, item: &PlanItem) -> Result<Span, RunFolderError> {
        let text = to_line(item).map_err(|error| unwritten(self.items.path(), error))?;
        self.items.append(text.as_bytes())
    }

    /// Puts down an item without a document, after the others.
    pub(crate) fn put_down(&mut self, item: &PlanItem) -> Result<(), EngineError> {
        let span = self.append(item)?;
        self.stored_items.push(StoredItem::new(span, None, Verdict::NotChecked));
        Ok(())
    }

    /// Puts an item back in the place of what it was made of.
    pub(crate) fn put_back(&mut self, index: usize, item: &PlanItem) -> Result<(), EngineError> {
        self.stored_items[index].item = self.append(item)?.into();
        self.stored_items[index].has_found = false;
        Ok(())
    }

    /// Adds a note that other imports of the run will have the item's name too.
    pub(crate) fn warn_of_namesakes(&self, item: &mut PlanItem) {
        self.names_given.warn(item, &self.keys);
    }

    pub(crate) fn clean_up(&mut self) {
        let Ok(entries) = std::fs::read_dir(self.with.context.folder) else {
            return;
        };
        for entry in entries.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "spool") {
                // What cannot be removed is litter, not an error.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
