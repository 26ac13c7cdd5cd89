//! A snapshot of an archive as an account that can be read: see [`offline_api`](super::offline_api).

use async_trait::async_trait;

use crate::archive::{self, Archive, ArchiveError, Entry, Snapshot};
use crate::documents::document::escape_document;
use crate::inventory::endpoint::Account;
use crate::inventory::entry_file::EntryWriter;
use crate::inventory::offline_api::{Texts, Unread, account_of};
use crate::run_folder::plan_item::AccountFacts;

/// The snapshot `snapshot` of an archive as an account called `name`.
///
/// # Errors
///
/// The manifest is missing or damaged, or the storage does not answer.
///
/// # Cancel safety
///
/// Dropping the future is safe: it only reads, and its temporary file is removed.
pub async fn snapshot_account(
    archive: Archive,
    snapshot: &Snapshot,
    name: &str,
) -> Result<Account, ArchiveError> {
    snapshot_account_of(archive, snapshot, name, |_| true).await
}

/// Like [`snapshot_account`], with only the documents for which `keep` is true.
///
/// # Errors
///
/// As [`snapshot_account`].
///
/// # Cancel safety
///
/// As [`snapshot_account`].
pub async fn snapshot_account_of(
    archive: Archive,
    snapshot: &Snapshot,
    name: &str,
    keep: impl Fn(&Entry) -> bool,
) -> Result<Account, ArchiveError> {
    let (snapshot, read) = archive.entries(&snapshot.id).await?;
    let failed =
        |source| ArchiveError::Local { what: "list its documents in", path: std::env::temp_dir(), source };
    let mut entries = EntryWriter::new().map_err(failed)?;
    for entry in read {
        let entry = entry?;
        if keep(&entry) {
            entries.push(&entry).map_err(failed)?;
        }
    }
    let entries = entries.finish().map_err(failed)?;
    let user = Some(snapshot.account.user).filter(|user| !user.is_empty());
    let facts = AccountFacts { name: name.to_owned(), origin: format!("archive:{}", snapshot.id), user };
    Ok(account_of(facts, entries, Box::new(Blobs(archive))))
}

/// The documents of a backup.
#[derive(Debug)]
struct Blobs(Archive);

#[async_trait]
impl Texts for Blobs {
    async fn text(&self, entry: &Entry) -> Result<Vec<u8>, Unread> {
        let read = self.0.document(entry).await;
        // Read like an answer of the service.
        read.map(|bytes| escape_document(&bytes).into_owned().into_bytes()).map_err(|error| {
            let why = crate::model::chain(&error);
            if error.is_damage() { Unread::Damaged(why) } else { Unread::Failed(why) }
        })
    }

    fn holder(&self) -> &'static str {
        "backup"
    }
}

/// The owner of the documents of a backup, in the form of the archive.
pub(crate) fn owner(facts: &AccountFacts) -> archive::Account {
    archive::Account {
        name: facts.name.clone(),
        origin: facts.origin.clone(),
        user: facts.user.clone().unwrap_or_default(),
    }
}
