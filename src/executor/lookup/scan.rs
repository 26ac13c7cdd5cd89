//! One scan of a list, for everything that is looked up in it.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::api::{ErrorKind, ListRequest};
use crate::documents::contained;
use crate::documents::diff::diff;
use crate::documents::document::Printed;
use crate::documents::name::{loose_name_key, name_key};
use crate::documents::normal::{compare, fingerprint};
use crate::documents::planted::{IDENTITY_BY_TIME, is_planted};
use crate::documents::references::Kind;
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::judge::{Candidate, Likeness};
use crate::executor::lookup::search::{Before, Search, without_name};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PAGE, PageVisitor, ScanOptions, list_scan};
use crate::model::cancel::Cancel;
use crate::model::{Head, Id, IdSet, ItemKey, Verdict};
use crate::run_folder::known_ids::KnownIds;

/// The maximum number of comparisons by content alone in one scan; after that, only names count.
const MOST_COMPARED: usize = 20_000;

/// The maximum number of imports that a list lacks and that are requested by id at once.
const AT_ONCE: usize = 8;

/// The number of imports that were there before, that a list lacks, and that are requested by id. They are taken from
/// the whole list, because half of a list may be missing.
const SOME_UNLISTED: usize = 16;

/// The result of a scan.
#[derive(Debug)]
pub(super) struct Looked {
    /// This run's imports that the list does not show.
    pub missing: IdSet,
    /// Some of the imports that were there when the run was planned and that the list does not show.
    pub unlisted: IdSet,
    /// How many imports the list shows.
    pub listed: u64,
    /// How many imports this run had deleted.
    pub deleted: u64,
    /// Whether the list was read to its end: what a part of a list does not show may exist.
    pub whole: bool,
    /// What is similar to each search.
    pub hits: Vec<Vec<Hit>>,
}

/// Something similar to a search.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub candidate: Candidate,
    /// Other searches that it may be the answer to.
    pub rivals: Vec<usize>,
}

/// Looks for imports.
pub(super) async fn imports(
    target: &Account,
    searches: &[Search],
    journal: &JournalView<'_>,
    before: &Before<'_>,
) -> Result<Looked, EngineError> {
    let mut scanner = Scanner::new(Kind::Imports, searches, journal, before);
    let manner = ScanOptions { listed_apart: true, to_the_end: true, ..ScanOptions::default() };
    // The calls themselves are held back once the run drains.
    match list_scan(target, manner, &Cancel::new(), &mut scanner).await {
        Ok(seen) => Ok(scanner.looked(seen.listed, true)),
        // What it shows is there; what it does not show may be.
        Err(EngineError::CutShort { listed, .. }) => Ok(scanner.looked(listed, false)),
        Err(error) => Err(error),
    }
}

/// Looks for resources of a kind. Lists do not show the whole of them, so a resource with the name is read by id.
pub(super) async fn others(
    target: &Account,
    kind: Kind,
    searches: &[Search],
    journal: &JournalView<'_>,
    before: &Before<'_>,
) -> Result<Looked, EngineError> {
    let mut scanner = Scanner::new(kind, searches, journal, before);
    let mut met = HashSet::new();
    let request =
        ListRequest { path: kind.as_str().to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
    let pages = target.client.pages(request);
    pin_mut!(pages);
    let mut bearers = Vec::new();
    while let Some(page) = pages.next().await {
        for document in page.map_err(target.failed(&format!("list the {}", kind.as_str())))?.documents {
            let head = document.head();
            if !met.insert(head.id.clone()) {
                continue;
            }
            if journal.owns(&head.id) {
                scanner.missing.remove(&head.id);
            } else if scanner.by_name(&head.name).is_some() && !before.had(kind, &head.id) {
                bearers.push(head.id);
            }
        }
    }
    for id in bearers {
        match target.client.get(kind.as_str(), &id).await {
            Ok(document) => scanner.consider(&document.head, &document.text),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(target.failed(&format!("read {} {id}", kind.singular()))(error));
            }
        }
    }
    Ok(scanner.looked(met.len() as u64, true))
}

/// Whether somebody removed what a list lacks: all of it is requested by id, until something turns out to exist.
pub(crate) async fn are_gone(target: &Account, kind: Kind, missing: &IdSet) -> bool {
    let is_gone = |id: Id| async move {
        let answer = target.client.get(kind.as_str(), &id).await;
        answer.is_err_and(|error| error.kind == ErrorKind::NotFound)
    };
    let mut ids: Vec<Id> = missing.iter().map(|(id, ())| id).collect();
    ids.sort_unstable();
    let asked = futures::stream::iter(ids).map(is_gone).buffer_unordered(AT_ONCE);
    asked.all(std::future::ready).await
}

struct Scanner<'a, 'b> {
    searches: &'a [Search],
    by_name: HashMap<&'a str, Vec<usize>>,
    by_loose_name: HashMap<&'a str, Vec<usize>>,
    journal: &'a JournalView<'b>,
    before: &'a Before<'b>,
    kind: Kind,
    missing: IdSet,
    /// What this run has deleted.
    deleted: IdSet,
    /// Which of the imports that were there before are on the list, by their places.
    listed: Vec<bool>,
    compared: usize,
    hits: Vec<Vec<Hit>>,
}

impl<'a, 'b> Scanner<'a, 'b> {
    fn new(kind: Kind, searches: &'a [Search], journal: &'a JournalView<'b>, before: &'a Before<'b>) -> Self {
        let (mut by_name, mut by_loose_name) = (HashMap::new(), HashMap::new());
        for (index, search) in searches.iter().enumerate() {
            let named: &mut Vec<usize> = by_name.entry(search.name_key.as_str()).or_default();
            named.push(index);
            let loosely: &mut Vec<usize> = by_loose_name.entry(search.loose_key.as_str()).or_default();
            loosely.push(index);
        }
        let hits = vec![Vec::new(); searches.len()];
        let (deleted, missing) = owned(journal, before, kind);
        let places = before.imports().filter(|_| kind == Kind::Imports).map_or(0, KnownIds::places);
        let listed = vec![false; places];
        Self {
            searches,
            by_name,
            by_loose_name,
            journal,
            before,
            kind,
            missing,
            deleted,
            listed,
            compared: 0,
            hits,
        }
    }

    fn looked(self, listed: u64, whole: bool) -> Looked {
        let (unlisted, deleted) = (self.unlisted(), self.deleted.len() as u64);
        Looked { missing: self.missing, unlisted, listed, deleted, whole, hits: self.hits }
    }

    fn unlisted(&self) -> IdSet {
        let Some(known) = self.before.imports() else { return IdSet::default() };
        let unlisted = self.listed.iter().enumerate().filter(|(_, listed)| !**listed).map(|(place, _)| place);
        // What this run has deleted is not to be seen.
        let unlisted = unlisted.filter_map(|place| known.at(place)).filter(|id| !self.deleted.contains(id));
        let unlisted: Vec<Id> = unlisted.collect();
        let step = unlisted.len().div_ceil(SOME_UNLISTED).max(1);
        unlisted.into_iter().step_by(step).map(|id| (id, ())).collect()
    }

    fn by_name(&self, name: &str) -> Option<&[usize]> {
        self.by_name.get(name_key(name).as_ref()).map(Vec::as_slice)
    }

    /// Notes an import that this run does not own, for the searches that it is similar to.
    fn consider(&mut self, head: &Head, text: &str) {
        let searches = self.like_by_name(&head.name);
        if searches.is_empty() {
            return;
        }
        // What bears the name of an item may be what that item makes.
        let is_open = |item: &ItemKey| self.journal.is_open(*item);
        let is_contested = self.before.items_called(&head.name).iter().any(is_open);
        let printed = Printed::by(text.as_bytes(), fingerprint);
        let print = printed.print;
        let found = printed.into_tree().ok().map(without_name);
        let mut like = Vec::new();
        for (index, likeness) in searches {
            let search = &self.searches[index];
            if search.namesakes.contains(&head.id) {
                continue;
            }
            let (equal, is_unsure) = if search.is_clone {
                may_be_the_clone(search, head, likeness, found.as_ref())
            } else {
                (print == search.print || is_alike(search, found.as_ref()), false)
            };
            if equal || likeness != Likeness::Content {
                like.push((index, likeness, equal, is_unsure));
            }
        }
        for &(index, likeness, equal, is_unsure) in &like {
            let is_rival = |(other, _, equal, _): &&(usize, Likeness, bool, bool)| *other != index && *equal;
            let rivals = like.iter().filter(is_rival).map(|(other, ..)| *other).collect();
            // Those that look for it are rivals; whoever bears its name and does not look yet is one too.
            let by_name = like.iter().any(|(_, likeness, ..)| *likeness == Likeness::Named);
            let ambiguous = is_unsure || likeness != Likeness::Named && is_contested && !by_name;
            // A clone is completed later: whether somebody changed it since it was made is asked then, and not told by
            // the time of this look.
            let modified = head.last_modified.clone().filter(|_| !self.searches[index].is_clone);
            let id = head.id.clone();
            let candidate =
                Candidate { id, print, modified, likeness, equal, ambiguous, of_another_run: false };
            self.hits[index].push(Hit { candidate, rivals });
        }
    }

    /// The searches that something with this name may be the answer to.
    fn like_by_name(&mut self, name: &str) -> Vec<(usize, Likeness)> {
        let named = self.by_name(name).unwrap_or_default().iter().map(|index| (*index, Likeness::Named));
        let mut like: Vec<(usize, Likeness)> = named.collect();
        if self.kind != Kind::Imports || !self.before.is_known() {
            return like;
        }
        let loose = loose_name_key(name);
        if !like.is_empty() || self.before.names_an_item(name) {
            // It bears the name of an item, and a service that cuts names may have made it of a longer one.
            let is_cut = |search: &Search| {
                search.takes_other_names() && search.loose_key != loose && search.may_be_cut_to(&loose)
            };
            let cut = self.searches.iter().enumerate().filter(|(_, search)| is_cut(search));
            let room = MOST_COMPARED.saturating_sub(self.compared);
            let cut: Vec<_> = cut.take(room).map(|(index, _)| (index, Likeness::Content)).collect();
            self.compared += cut.len();
            like.extend(cut);
        } else if let Some(loosely) = self.by_loose_name.get(loose.as_str()) {
            like.extend(loosely.iter().map(|index| (*index, Likeness::Loosely)));
        } else {
            let other_names =
                self.searches.iter().enumerate().filter(|(_, search)| search.takes_other_names());
            let other_names: Vec<_> = other_names.map(|(index, _)| (index, Likeness::Content)).collect();
            if self.compared + other_names.len() <= MOST_COMPARED {
                self.compared += other_names.len();
                like.extend(other_names);
            }
        }
        like
    }
}

/// What belongs to the items of this run: what it has deleted, and the rest.
fn owned(journal: &JournalView<'_>, before: &Before<'_>, kind: Kind) -> (IdSet, IdSet) {
    let those = |deleted| journal.owned_by(kind, |item| before.deletes(item) == deleted);
    (those(true), those(false))
}

/// Whether it equals what was sent in everything but the name.
fn is_alike(search: &Search, found: Option<&Value>) -> bool {
    let both = search.wanted.as_ref().zip(found);
    let is_alike = |(wanted, found)| {
        compare(wanted, found).verdict != Verdict::Differs
            || search.is_clone && is_yet_to_be_completed(search, wanted, found)
    };
    // What cannot be compared is equal to nothing.
    both.is_some_and(|both| contained(|| is_alike(both)).unwrap_or(false))
}

/// Whether it may be the clone that is looked for, and whether somebody else may have cloned it too: all clones of an
/// import hold the same, so only the requested name and connection show whose it is.
fn may_be_the_clone(search: &Search, head: &Head, likeness: Likeness, found: Option<&Value>) -> (bool, bool) {
    let bears_its_name = likeness != Likeness::Content || search.may_be_cut_to(&loose_name_key(&head.name));
    match &head.cloned_from {
        Some(from) if search.source.as_ref() != Some(from) => (false, false),
        Some(_) => (true, !bears_its_name || !found.is_some_and(|found| has_its_connection(search, found))),
        None => (is_alike(search, found), !bears_its_name),
    }
}

/// Whether a clone has the connection that was requested, or that of its source, which a service may keep.
fn has_its_connection(search: &Search, found: &Value) -> bool {
    let has = found["_connectionId"].as_str();
    has == search.wanted.as_ref().and_then(|wanted| wanted["_connectionId"].as_str())
        || has.is_some() && has == search.connection.as_deref()
}

/// Whether a new clone lacks only what the following PUT is to give it.
fn is_yet_to_be_completed(search: &Search, wanted: &Value, found: &Value) -> bool {
    let lacking = diff(found, wanted).into_iter().filter(|change| change.to.is_some());
    let is_excused = |path: &str| path == "/_connectionId" && has_its_connection(search, found);
    lacking.into_iter().all(|change| search.to_complete.contains(&change.path) || is_excused(&change.path))
}

impl PageVisitor for Scanner<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        (self.deleted, self.missing) = owned(self.journal, self.before, self.kind);
        self.listed.fill(false);
        self.compared = 0;
        self.hits.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        let was_there = if is_planted(IDENTITY_BY_TIME) {
            self.before.seems_older(head)
        } else {
            self.before.had(Kind::Imports, &head.id)
        };
        if let Some(place) = self.before.imports().and_then(|known| known.place(&head.id)) {
            self.listed[place] = true;
        }
        if self.journal.owns(&head.id) {
            self.missing.remove(&head.id);
        } else if !was_there {
            self.consider(head, text);
        }
        Ok(true)
    }
}
