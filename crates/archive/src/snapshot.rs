//! The data in a snapshot about itself and about each document.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use transship_documents::{Fingerprint, Id};

/// The name of a snapshot: `<UTC time>-<account>-<4 hex>`. Its order is the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// Names a snapshot begun at `time`. Of the account only what is safe in a file name is kept.
    pub fn new(time: Timestamp, account: &str, salt: u16) -> Self {
        let slug = Self::word_of(account);
        Self(format!("{}-{slug}-{salt:04x}", Self::time_word(time)))
    }

    /// What the names of snapshots begun at that time start with.
    pub(super) fn time_word(time: Timestamp) -> String {
        time.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// What stands for an account in the names of its snapshots; others may have the same.
    pub(super) fn word_of(account: &str) -> String {
        let slug: String =
            account.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        if slug.trim_matches('-').is_empty() { "account".to_owned() } else { slug }
    }

    /// The part of the name that says when it was begun, to the second.
    pub(super) fn begun(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(time, _)| time)
    }

    /// The part of the name that stands for the account.
    pub(super) fn account_word(&self) -> &str {
        let rest = self.0.split_once('-').map_or("", |(_, rest)| rest);
        rest.rsplit_once('-').map_or("", |(word, _)| word)
    }

    /// Reads a name; `None` for what cannot be one, such as a path.
    pub fn parse(text: &str) -> Option<Self> {
        let safe = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (safe && text.len() > 20 && text.as_bytes()[0].is_ascii_digit()).then(|| Self(text.to_owned()))
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose documents they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The name of the account in the job.
    pub name: String,
    /// Where the service was reached, e.g. `https://api.integrator.io`.
    #[serde(default)]
    pub origin: String,
    /// Who the token belongs to.
    #[serde(default)]
    pub user: String,
}

/// What the caller adds to a snapshot when it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The id of the run that made it; absent for one that no run made.
    pub run: Option<String>,
    /// Tags: a policy may keep all snapshots that carry one of them.
    pub tags: Vec<String>,
    /// The selection in words, if not everything was asked for.
    pub selection: Option<String>,
    /// Kinds of document of which some could not be read.
    pub lacks: BTreeSet<String>,
}

/// A snapshot, as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The id by which commands name the snapshot.
    pub id: SnapshotId,
    /// When it was begun.
    pub time: Timestamp,
    /// Whose documents they are.
    pub account: Account,
    /// The id of the run that made it; absent for one that no run made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Tags: a policy may keep all snapshots that carry one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The selection in words, if not everything was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// How many documents of each kind.
    pub counts: BTreeMap<String, u64>,
    /// Kinds of document of which some could not be read: there may be more of them than the snapshot holds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lacks: BTreeSet<String>,
    /// How many documents it holds, of all kinds.
    pub entries: u64,
    /// How many bytes their texts have together, uncompressed.
    pub text_bytes: u64,
    /// How many blobs it added to the archive.
    pub new_blobs: u64,
    /// How many bytes these take.
    pub new_bytes: u64,
    /// How many blobs were found damaged while it was made, and written again.
    #[serde(default)]
    pub mended_blobs: u64,
    /// How many bytes the manifest takes; not part of it.
    #[serde(default, skip_deserializing)]
    pub manifest_bytes: u64,
}

/// What a backup says of a document when it adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `imports`, `connections`, `scripts`, …
    pub kind: String,
    /// Its id in the service.
    pub id: Id,
    /// The import's name at the time of the backup.
    pub name: String,
    /// The import's `adaptorType`, where it has one.
    pub adaptor_type: Option<String>,
    /// The import's `_integrationId`, where it has one.
    pub integration: Option<Id>,
    /// `lastModified` as the service sent it; absent if the document has none.
    pub last_modified: Option<String>,
    /// The hash of its normal form: what a difference is judged by.
    pub fingerprint: Fingerprint,
}

/// One document of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `imports`, `connections`, `scripts`, …
    pub kind: String,
    /// Its id in the service.
    pub id: Id,
    /// The import's name at the time of the backup.
    pub name: String,
    /// The import's `adaptorType`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptor_type: Option<String>,
    /// The import's `_integrationId`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Id>,
    /// `lastModified` as the service sent it; absent if the document has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// The hash of its normal form.
    pub fingerprint: Fingerprint,
    /// The blob that holds its text: the text's SHA-256, keyed if the archive is encrypted.
    pub blob: Fingerprint,
    /// How many bytes its text has, uncompressed.
    pub bytes: u64,
}

impl Entry {
    /// A short key of the document: kind and id.
    pub(super) fn key(&self) -> [u8; 16] {
        key(&self.kind, &self.id)
    }
}

/// A short key of a document: its kind and id, hashed.
pub(super) fn key(kind: &str, id: &Id) -> [u8; 16] {
    let hash = Fingerprint::of(format!("{kind}\0{id}").as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hash.0[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_snapshot_is_a_safe_file_name_and_reads_back() {
        let id = SnapshotId::new(Timestamp::UNIX_EPOCH, "../EU prod", 7);
        assert_eq!(id.as_str(), "19700101T000000Z----EU-prod-0007");
        assert_eq!(SnapshotId::parse(id.as_str()), Some(id));
        for bad in
            ["", "../../etc/passwd-aaaaaaaaaaaa", "19700101T000000Z-a/b-0007", "x9700101T000000Z-a-0007"]
        {
            assert_eq!(SnapshotId::parse(bad), None, "{bad}");
        }
    }
}
