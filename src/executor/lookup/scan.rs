//! One look at a list, for all that is looked for in it.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, pin_mut};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::{ErrorKind, ListRequest};
use crate::documents::document::print_and_tree;
use crate::documents::normal::compare;
use crate::documents::references::Kind;
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::Search;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PAGE, PageVisitor, ScanOptions, list_scan};
use crate::model::cancel::Cancel;
use crate::model::{Fingerprint, Head, Id, Verdict};

/// How far the service's clock may be off from what we take it for, beyond what its answers pin down.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_secs(30);

/// What a look at a list showed.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What this run has and the list does not show.
    pub missing: HashSet<Id>,
    /// When the oldest of what this run has was made.
    pub oldest: Option<Timestamp>,
    /// How many in all.
    pub listed: u64,
    /// Whether the list was read to its end: what a part of one does not show may be there.
    pub whole: bool,
    /// What bears the name of each search.
    pub hits: Vec<Vec<Candidate>>,
}

/// Looks for imports.
pub(crate) async fn imports(
    target: &Account,
    searches: &[Search],
    ledger: &JournalView<'_>,
) -> Result<Looked, EngineError> {
    let mut looker = Looker::new(None, searches, ledger);
    // The sweep goes on while the run drains: one look more may settle what is in doubt.
    let manner = ScanOptions { listed_apart: true, to_the_end: true, ..ScanOptions::default() };
    match list_scan(target, manner, &Cancel::new(), &mut looker).await {
        Ok(seen) => Ok(looker.looked(seen.listed, true)),
        // What it shows is there; what it does not show may be.
        Err(EngineError::CutShort { listed, .. }) => Ok(looker.looked(listed, false)),
        Err(error) => Err(error),
    }
}

/// Looks for resources of a kind. Lists do not show all of them, so one that bears the name is read by id.
pub(crate) async fn others(
    target: &Account,
    kind: Kind,
    searches: &[Search],
    ledger: &JournalView<'_>,
) -> Result<Looked, EngineError> {
    let mut looker = Looker::new(Some(kind), searches, ledger);
    let mut met = HashSet::new();
    let request =
        ListRequest { path: kind.as_str().to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
    let pages = target.client.pages(request);
    pin_mut!(pages);
    let mut bearers = Vec::new();
    while let Some(page) = pages.next().await {
        for text in page.map_err(target.failed(&format!("list the {}", kind.as_str())))?.documents {
            let head = Head::read(text.get());
            if !met.insert(head.id.clone()) {
                continue;
            }
            if ledger.owns(&head.id) {
                looker.count(&head);
            } else if looker.by_name.contains_key(head.name.trim()) {
                bearers.push(head.id);
            }
        }
    }
    for id in bearers {
        match target.client.get(kind.as_str(), &id).await {
            Ok(document) => looker.judge(&document.head, &document.text),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(target.failed(&format!("read {} {id}", kind.singular()))(error));
            }
        }
    }
    Ok(looker.looked(met.len() as u64, true))
}

/// Something of the name that is searched for.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub id: Id,
    pub print: Fingerprint,
    /// Whether it is what was sent.
    pub equal: bool,
    created: Option<Timestamp>,
    /// Its `lastModified`.
    pub modified: Option<String>,
}

impl Candidate {
    /// Whether it was made after `earliest`; one that does not say when may have been.
    pub(crate) fn appeared_since(&self, earliest: Option<Timestamp>) -> bool {
        self.created.zip(earliest).is_none_or(|(created, earliest)| created >= earliest)
    }
}

struct Looker<'a, 'b> {
    searches: &'a [Search],
    by_name: HashMap<&'a str, Vec<usize>>,
    ledger: &'a JournalView<'b>,
    kind: Option<Kind>,
    missing: HashSet<Id>,
    oldest: Option<Timestamp>,
    hits: Vec<Vec<Candidate>>,
}

impl<'a, 'b> Looker<'a, 'b> {
    fn new(kind: Option<Kind>, searches: &'a [Search], ledger: &'a JournalView<'b>) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, search) in searches.iter().enumerate() {
            by_name.entry(search.name.trim()).or_default().push(index);
        }
        let (missing, hits) = (ledger.owned(kind), vec![Vec::new(); searches.len()]);
        Self { searches, by_name, ledger, kind, missing, oldest: None, hits }
    }

    fn looked(self, listed: u64, whole: bool) -> Looked {
        Looked { missing: self.missing, oldest: self.oldest, listed, whole, hits: self.hits }
    }

    /// Takes note of one that this run has.
    fn count(&mut self, head: &Head) {
        self.missing.remove(&head.id);
        let created = created_at(head);
        self.oldest = self.oldest.min(created).or(self.oldest).or(created);
    }

    /// Whether it is what a search is for.
    fn judge(&mut self, head: &Head, text: &RawValue) {
        let Some(indices) = self.by_name.get(head.name.trim()) else { return };
        let (print, document) = print_and_tree(text.get().as_bytes());
        for index in indices {
            let search = &self.searches[*index];
            if search.namesakes.contains(&head.id) {
                continue;
            }
            let equal = if search.is_clone {
                // What a fresh clone holds is the source's content; whose clone it is says more.
                head.cloned_from == search.source
            } else {
                let is_wanted =
                    |wanted: &Value, found: &Value| compare(wanted, found).verdict != Verdict::Differs;
                let both = search.wanted.as_ref().zip(document.as_ref().ok());
                print == search.print || both.is_some_and(|(wanted, found)| is_wanted(wanted, found))
            };
            let (id, modified) = (head.id.clone(), head.last_modified.clone());
            self.hits[*index].push(Candidate { id, print, equal, created: created_at(head), modified });
        }
    }
}

impl PageVisitor for Looker<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.missing = self.ledger.owned(self.kind);
        self.oldest = None;
        self.hits.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, EngineError> {
        if self.ledger.owns(&head.id) {
            self.count(head);
            return Ok(true);
        }
        self.judge(head, text);
        Ok(true)
    }
}

/// When a document says it was made.
pub(crate) fn created_at(head: &Head) -> Option<Timestamp> {
    head.created_at.as_deref().and_then(|text| text.parse().ok())
}
