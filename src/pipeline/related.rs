//! What a backup keeps beside the imports, so that they can be understood and restored later: the resources they refer
//! to, and the flows that use them.
//!
//! Connections are kept by what tells them apart, never whole: whatever secret one may hold stays in the service.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, pin_mut};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::account::Account;
use super::spool::{Spool, one_line};
use super::sweep::{PAGE, read_head};
use super::{Cancel, PipelineError};
use crate::api::{ErrorKind, ListRequest};
use crate::archive::{Archive, Snapshot};
use crate::model::{Fingerprint, Id};
use crate::transform::references::Kind;

/// Scripts read at a time.
const AT_ONCE: usize = 16;

/// What is kept of a connection: section 10 of the reference, and when it was changed.
const CONNECTION: [&[&str]; 12] = [
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

/// The archive a backup goes to, and the last snapshot of the account in it.
#[derive(Debug, Clone)]
pub struct Backups {
    /// The archive.
    pub archive: Archive,
    /// The last snapshot of the same account and selection.
    pub previous: Option<Snapshot>,
}

/// How much of each kind was kept, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Related {
    pub counts: BTreeMap<String, u64>,
    pub notes: Vec<String>,
}

/// A line of a related document in the spool.
#[derive(Debug, Deserialize)]
pub(super) struct RelatedLine<'a> {
    pub kind: String,
    #[serde(borrow)]
    pub document: &'a RawValue,
}

/// Reads the related lists of an account into `out`. `used` are the imports that are backed up.
pub(super) async fn append_related(
    account: &Account,
    backups: Option<&Backups>,
    used: &HashSet<Id>,
    cancel: &Cancel,
    out: &mut Spool,
) -> Result<Related, PipelineError> {
    let mut related = Related::default();
    for kind in Kind::ALL.iter().map(|kind| kind.word()).chain(["flows"]) {
        let read = match kind {
            "scripts" => scripts(account, backups, cancel).await,
            _ => list(account, kind, cancel).await,
        };
        let texts = match read {
            Ok(texts) => texts,
            Err(Unread::Refused(why)) => {
                related
                    .notes
                    .push(format!("the list of {kind} could not be read and is not in the backup: {why}"));
                continue;
            }
            Err(Unread::Failed(error)) => return Err(error),
        };
        let mut seen = HashSet::new();
        for text in texts {
            let id = read_head(&text).id;
            if !seen.insert(id) || kind == "flows" && !uses(&text, used) {
                continue;
            }
            let text = if kind == "connections" { without_secrets(&text) } else { text.get().to_owned() };
            out.append(format!("{{\"kind\":\"{kind}\",\"document\":{}}}\n", one_line(&text)).as_bytes())?;
            *related.counts.entry(kind.to_owned()).or_default() += 1;
        }
    }
    Ok(related)
}

/// Why a list is not there.
enum Unread {
    /// The service says no to this list: the backup goes on without it, and says so.
    Refused(String),
    Failed(PipelineError),
}

impl From<PipelineError> for Unread {
    fn from(error: PipelineError) -> Self {
        Self::Failed(error)
    }
}

async fn list(account: &Account, kind: &str, cancel: &Cancel) -> Result<Vec<Box<RawValue>>, Unread> {
    let request =
        ListRequest { path: kind.to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
    let pages = account.client.pages(request);
    pin_mut!(pages);
    let mut texts = Vec::new();
    while let Some(page) = pages.next().await {
        if cancel.is_draining() {
            return Err(PipelineError::Interrupted.into());
        }
        match page {
            Ok(page) => texts.extend(page.documents),
            // An account without the licence for a kind has none of it.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) if error.kind == ErrorKind::Refused => return Err(Unread::Refused(error.summary)),
            Err(error) => return Err(account.failed(&format!("list the {kind}"))(error).into()),
        }
    }
    Ok(texts)
}

/// Scripts with their code, which the list does not show. What did not change since the last backup is read from that.
async fn scripts(
    account: &Account,
    backups: Option<&Backups>,
    cancel: &Cancel,
) -> Result<Vec<Box<RawValue>>, Unread> {
    let listed = list(account, "scripts", cancel).await?;
    let kept = kept_scripts(backups).await;
    let reads = listed.into_iter().map(|text| {
        let head = read_head(&text);
        let kept = kept.get(&head.id).filter(|(when, _)| head.last_modified.as_ref() == Some(when));
        let blob = kept.map(|(_, entry)| entry.clone());
        async move {
            if cancel.is_draining() {
                return Err(PipelineError::Interrupted.into());
            }
            if let (Some(backups), Some(entry)) = (backups, blob)
                && let Ok(text) = backups.archive.document(&entry).await
                && let Ok(text) = serde_json::from_slice::<Box<RawValue>>(&text)
            {
                return Ok(Some(text));
            }
            match account.client.get("scripts", &head.id).await {
                Ok(document) => Ok(Some(document.text)),
                // Removed since it was listed.
                Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                Err(error) if error.kind == ErrorKind::Refused => Err(Unread::Refused(error.summary)),
                Err(error) => Err(account.failed(&format!("read script {}", head.id))(error).into()),
            }
        }
    });
    let texts: Vec<Option<Box<RawValue>>> =
        futures::stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    Ok(texts.into_iter().flatten().collect())
}

/// The scripts of the last backup by id, with when they were changed. What cannot be read there is read anew.
async fn kept_scripts(backups: Option<&Backups>) -> HashMap<Id, (String, crate::archive::Entry)> {
    let Some(Backups { archive, previous: Some(previous) }) = backups else { return HashMap::new() };
    let Ok((_, entries)) = archive.entries(&previous.id).await else { return HashMap::new() };
    entries
        .map_while(Result::ok)
        .filter(|entry| entry.kind == "scripts")
        .filter_map(|entry| Some((entry.id.clone(), (entry.last_modified.clone()?, entry))))
        .collect()
}

/// Whether a flow uses one of the imports.
fn uses(flow: &RawValue, used: &HashSet<Id>) -> bool {
    let mut parts = flow.get().split("\"_importId\"").skip(1);
    parts.any(|after| {
        let id = after.trim_start_matches([':', ' ', '\t', '\r', '\n']).trim_start_matches('"');
        let id = id.split('"').next().unwrap_or_default();
        used.contains(&Id::from(id))
    })
}

fn without_secrets(text: &RawValue) -> String {
    let whole: Value = serde_json::from_str(text.get()).unwrap_or_default();
    let mut kept = Map::new();
    for path in CONNECTION {
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

/// The fingerprint of a related document: what a difference is judged by.
pub(super) fn print_of(document: &RawValue) -> Fingerprint {
    let value: Value = serde_json::from_str(document.get()).unwrap_or_default();
    crate::model::normal::fingerprint(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn of_a_connection_only_what_tells_it_apart_is_kept() {
        let whole = raw(
            r#"{"_id":"c","name":"N","type":"http","http":{"_httpConnectorId":"h","baseURI":"https://u:pass@x","unencrypted":{"apiKey":"plain"},"auth":{"token":{"token":"geheim"}}}}"#,
        );
        let kept = without_secrets(&whole);
        assert_eq!(kept, r#"{"_id":"c","name":"N","type":"http","http":{"_httpConnectorId":"h"}}"#);
    }

    #[test]
    fn a_flow_is_kept_when_it_uses_an_import_that_is() {
        let used = HashSet::from([Id::from("5f7c579b6411271af4e7cefa")]);
        let flow = |id: &str| {
            raw(&format!(r#"{{"_id":"f","pageProcessors":[{{"type":"import","_importId": "{id}"}}]}}"#))
        };
        assert!(uses(&flow("5f7c579b6411271af4e7cefa"), &used));
        assert!(!uses(&flow("5f7c579b6411271af4e7cefb"), &used));
        assert!(!uses(&raw(r#"{"_id":"f","name":"5f7c579b6411271af4e7cefa"}"#), &used));
    }
}
