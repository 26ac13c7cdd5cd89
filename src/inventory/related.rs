//! What a backup stores besides the imports, so that they can be understood and restored later: the resources they
//! refer to, and the flows that use them.
//!
//! Only the identifying fields of connections are stored, never the whole document: a secret in it stays in the
//! service.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::{StreamExt, pin_mut};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::api::{ErrorKind, ListRequest};
use crate::archive::{Archive, Entry, Snapshot};
use crate::documents::document::{Printed, escape_document, read_tree};
use crate::documents::normal::Ignore;
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::PAGE;
use crate::model::cancel::Cancel;
use crate::model::{Fingerprint, Head, Id, IdSet};
use crate::run_folder::document_file::{DocumentFile, one_line};

/// How many scripts are read at a time.
const AT_ONCE: usize = 16;

/// The stored fields of a connection: section 10 of the reference, and the time of the last change.
const CONNECTION: &[&[&str]] = &[
    &["_id"],
    &["name"],
    &["type"],
    &["assistant"],
    &["externalId"],
    &["offline"],
    &["sandbox"],
    &["_agentId"],
    &["_connectorId"],
    &["http", "_httpConnectorId"],
    &["rdbms", "type"],
    &["lastModified"],
];

/// The stored fields of an export: it is not an import, but something may refer to it by name.
const EXPORT: &[&[&str]] = &[&["_id"], &["name"], &["adaptorType"], &["_connectionId"], &["lastModified"]];

/// The archive that a backup is written to, and the last snapshot of the account in it.
#[derive(Debug, Clone)]
pub struct Backups {
    /// The archive that is read.
    pub archive: Archive,
    /// The last snapshot of the same account and selection.
    pub previous: Option<Snapshot>,
}

/// How much of each kind was stored, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Related {
    pub counts: BTreeMap<String, u64>,
    /// Kinds of which there may be more than was stored.
    pub lacks: BTreeSet<String>,
    pub notes: Vec<String>,
}

/// The documents of a list.
#[derive(Debug, Default)]
struct Listed {
    /// How many were stored.
    stored: u64,
    /// What was listed but could not be read, and why.
    unread: Vec<String>,
    /// Whether the service has no such list: the account has none of the kind.
    is_absent: bool,
}

/// A line of a related document in a document file.
#[derive(Debug, Deserialize)]
pub(crate) struct RelatedLine<'a> {
    pub kind: String,
    #[serde(borrow)]
    pub document: &'a RawValue,
}

/// Reads the related lists of an account into `out`, page by page. `used` are the imports that are backed up, and `referred`
/// the kinds that they refer to.
pub(crate) async fn append_related(
    account: &Account,
    backups: Option<&Backups>,
    (used, referred): (&IdSet, &BTreeSet<Kind>),
    cancel: &Cancel,
    out: &mut DocumentFile,
) -> Result<Related, EngineError> {
    let mut related = Related::default();
    let kept = kept_scripts(backups).await;
    let reader = RelatedReader { account, backups, kept, used, cancel };
    for kind in Kind::ALL.iter().map(|kind| kind.as_str()).chain(["flows"]) {
        let mut listed = Listed::default();
        let refused = match reader.list(kind, out, &mut listed).await {
            Ok(()) => None,
            Err(Unread::Refused(why) | Unread::One(why)) => Some(why),
            Err(Unread::Failed(error)) => return Err(error),
        };
        let of_it = if listed.stored == 0 { "is not in the backup" } else { "is in the backup in part" };
        let is_referred = referred.iter().any(|referred| referred.as_str() == kind);
        let is_empty = refused.is_none() && listed.stored == 0 && listed.unread.is_empty();
        let notes = refused
            .map(|why| format!("the list of {kind} could not be read to its end and {of_it}: {why}"))
            .into_iter()
            .chain(listed.unread)
            .chain((is_empty && is_referred && !listed.is_absent).then(|| {
                format!("the list of {kind} is empty, although imports refer to some: none is in the backup")
            }));
        let before = related.notes.len();
        related.notes.extend(notes);
        if related.notes.len() > before {
            related.lacks.insert(kind.to_owned());
        }
        if listed.stored > 0 {
            related.counts.insert(kind.to_owned(), listed.stored);
        }
    }
    Ok(related)
}

/// Why a list is missing.
enum Unread {
    /// The service refuses this list: the backup continues without it, and reports that.
    Refused(String),
    /// One document cannot be read: the backup continues without it, and reports this.
    One(String),
    Failed(EngineError),
}

impl From<crate::run_folder::RunFolderError> for Unread {
    fn from(error: crate::run_folder::RunFolderError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<EngineError> for Unread {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

/// The inputs for reading related documents.
struct RelatedReader<'a> {
    account: &'a Account,
    backups: Option<&'a Backups>,
    /// Scripts of the last backup with a known time of change.
    kept: HashMap<Id, Entry>,
    used: &'a IdSet,
    cancel: &'a Cancel,
}

impl RelatedReader<'_> {
    async fn list(&self, kind: &str, out: &mut DocumentFile, listed: &mut Listed) -> Result<(), Unread> {
        let request =
            ListRequest { path: kind.to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
        let pages = self.account.client.pages(request);
        pin_mut!(pages);
        let mut seen = HashSet::new();
        while let Some(page) = pages.next().await {
            if self.cancel.is_draining() {
                return Err(EngineError::Interrupted.into());
            }
            let documents = match page {
                Ok(page) => page.documents,
                // An account without the licence for a kind has no documents of it.
                Err(error) if error.kind == ErrorKind::NotFound => {
                    listed.is_absent = true;
                    return Ok(());
                }
                Err(error) if error.kind == ErrorKind::Refused => return Err(Unread::Refused(error.summary)),
                Err(error) => return Err(self.account.failed(&format!("list the {kind}"))(error).into()),
            };
            let mut reads = Vec::with_capacity(documents.len());
            for document in documents {
                let head = document.head();
                if seen.insert(head.id.clone()) && (kind != "flows" || uses(&document.text, self.used)) {
                    reads.push(self.whole(kind, head, document.text));
                }
            }
            let whole = futures::stream::iter(reads).buffered(AT_ONCE);
            pin_mut!(whole);
            while let Some(text) = whole.next().await {
                let text = match text {
                    Err(Unread::One(told)) => {
                        listed.unread.push(told);
                        continue;
                    }
                    text => text?,
                };
                let line = format!("{{\"kind\":\"{kind}\",\"document\":{}}}\n", one_line(&text));
                out.append(line.as_bytes())?;
                listed.stored += 1;
            }
        }
        Ok(())
    }

    /// What is stored of a document in a list.
    async fn whole(&self, kind: &str, head: Head, text: Box<str>) -> Result<String, Unread> {
        match kind {
            "connections" => Ok(reduced(&text, CONNECTION)),
            "exports" => Ok(reduced(&text, EXPORT)),
            "scripts" => self.script(head).await,
            _ => Ok(text.into()),
        }
    }

    /// A script with its code, which the list does not show. An unchanged script is read from the last backup.
    async fn script(&self, head: Head) -> Result<String, Unread> {
        let kept = self.kept.get(&head.id).filter(|entry| entry.last_modified == head.last_modified);
        if let (Some(backups), Some(entry)) = (self.backups, kept)
            && let Ok(bytes) = backups.archive.document(entry).await
        {
            return Ok(escape_document(&bytes).into_owned());
        }
        let error = match self.account.client.get("scripts", &head.id).await {
            Ok(document) => return Ok(document.text.into()),
            Err(error) => error,
        };
        let why = match error.kind {
            ErrorKind::NotFound => "it is listed but not there, so it may have been removed meanwhile",
            ErrorKind::Refused => error.summary.as_str(),
            _ => return Err(self.account.failed(&format!("read script {}", head.id))(error).into()),
        };
        Err(Unread::One(format!("script `{}` ({}) is not in the backup: {why}", head.name, head.id)))
    }
}

/// The scripts of the last backup by id, if their time of change is known. Those that cannot be read there are read
/// again from the service.
async fn kept_scripts(backups: Option<&Backups>) -> HashMap<Id, Entry> {
    let Some(Backups { archive, previous: Some(previous) }) = backups else { return HashMap::new() };
    let Ok((_, entries)) = archive.entries(&previous.id).await else { return HashMap::new() };
    entries
        .map_while(Result::ok)
        .filter(|entry| entry.kind == "scripts" && entry.last_modified.is_some())
        .map(|entry| (entry.id.clone(), entry))
        .collect()
}

/// Whether a flow uses one of the imports.
fn uses(flow: &str, used: &IdSet) -> bool {
    let mut parts = flow.split("\"_importId\"").skip(1);
    parts.any(|after| {
        let id = after.trim_start_matches([':', ' ', '\t', '\r', '\n']).trim_start_matches('"');
        let id = id.split('"').next().unwrap_or_default();
        used.contains(&Id::from(id))
    })
}

/// A document with only these fields.
fn reduced(text: &str, fields: &[&[&str]]) -> String {
    // If there is no tree, only the identity is stored: text that is cut out might be a secret.
    let whole = match read_tree(text.as_bytes()) {
        Ok(whole) => whole,
        Err(_) => {
            let head = Head::read(text);
            serde_json::json!({ "_id": head.id.as_str(), "name": head.name })
        }
    };
    let mut kept = Map::new();
    for path in fields {
        match path {
            [key] => {
                if let Some(value) = whole.get(key) {
                    kept.insert((*key).to_owned(), value.clone());
                }
            }
            [block, key] => {
                if let Some(value) = whole.get(block).and_then(|block| block.get(key)) {
                    kept.insert((*block).to_owned(), serde_json::json!({ *key: value }));
                }
            }
            _ => {}
        }
    }
    Value::Object(kept).to_string()
}

/// The fingerprint by which stored documents are compared. A document that cannot be parsed into a value has the
/// fingerprint of its text.
pub(crate) fn print_of(document: &str) -> Fingerprint {
    let printed = Printed::new(document.as_bytes(), &Ignore::default());
    if printed.unreadable().is_some() { Fingerprint::of(document.as_bytes()) } else { printed.print }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_connection_only_what_tells_it_apart_is_kept() {
        let whole = r#"{"_id":"c","name":"N","type":"http","http":{"_httpConnectorId":"h","baseURI":"https://u:pass@x","unencrypted":{"apiKey":"plain"},"auth":{"token":{"token":"geheim"}}}}"#;
        let kept = reduced(whole, CONNECTION);
        assert_eq!(kept, r#"{"_id":"c","name":"N","type":"http","http":{"_httpConnectorId":"h"}}"#);
    }

    #[test]
    fn documents_that_cannot_be_held_as_values_differ_when_their_texts_do() {
        let deep = |inmost: &str| format!("{}{inmost}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(print_of(&deep("1")), print_of(&deep("1")));
        assert_ne!(print_of(&deep("1")), print_of(&deep("2")));
        assert_eq!(print_of(r#"{"b":1,"a":2}"#), print_of(r#"{"a":2,"b":1}"#));
    }

    #[test]
    fn a_flow_is_kept_when_it_uses_an_import_that_is() {
        let used: IdSet = [(Id::from("5f7c579b6411271af4e7cefa"), ())].into_iter().collect();
        let flow =
            |id: &str| format!(r#"{{"_id":"f","pageProcessors":[{{"type":"import","_importId": "{id}"}}]}}"#);
        assert!(uses(&flow("5f7c579b6411271af4e7cefa"), &used));
        assert!(!uses(&flow("5f7c579b6411271af4e7cefb"), &used));
        assert!(!uses(r#"{"_id":"f","name":"5f7c579b6411271af4e7cefa"}"#, &used));
    }
}
