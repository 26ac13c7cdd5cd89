//! The differences between two snapshots, and the history of one document over all snapshots.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Archive, ArchiveError, Entry, Snapshot, SnapshotId};
use transship_documents::references::Kind;
use transship_documents::{Fingerprint, Id};

/// What differs between two snapshots. Texts are read by [`Archive::document`] when they are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotDiff {
    /// Only in the second.
    pub added: Vec<Entry>,
    /// Only in the first.
    pub removed: Vec<Entry>,
    /// In both, with another fingerprint: as in the first, as in the second.
    pub changed: Vec<(Entry, Entry)>,
    /// How many mean the same in both, those of `renewed` included.
    pub same: u64,
    /// Those that mean the same but have a new id: as in the first, as in the second. A restore makes them so.
    pub renewed: Vec<(Entry, Entry)>,
}

/// Which documents a history is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The one with this id.
    Id(Id),
    /// All that had this name at any time.
    Name(String),
}

/// The state of a document in one or more consecutive snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first of these.
    pub first: (SnapshotId, Timestamp),
    /// The last of these.
    pub last: (SnapshotId, Timestamp),
    /// The document; `None` while it was not there.
    pub entry: Option<Entry>,
}

impl SnapshotDiff {
    /// Pairs what is left on both sides although its ids differ.
    fn follow_names(&mut self) {
        let name = |entry: &Entry| (entry.kind.clone(), entry.name.clone());
        let mut by_content: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, entry) in self.removed.iter().enumerate().rev() {
            by_content.entry((name(entry), entry.fingerprint)).or_default().push(at);
        }
        let mut removed: Vec<Option<Entry>> =
            std::mem::take(&mut self.removed).into_iter().map(Some).collect();
        let mut added = Vec::new();
        for entry in std::mem::take(&mut self.added) {
            let found = by_content.get_mut(&(name(&entry), entry.fingerprint)).and_then(Vec::pop);
            match found.and_then(|at| removed[at].take()) {
                Some(before) => {
                    self.same += 1;
                    self.renewed.push((before, entry));
                }
                None => added.push(entry),
            }
        }
        let mut before: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, entry) in removed.iter().enumerate() {
            if let Some(entry) = entry {
                before.entry(name(entry)).or_default().push(at);
            }
        }
        let mut after: HashMap<_, usize> = HashMap::new();
        added.iter().for_each(|entry| *after.entry(name(entry)).or_default() += 1);
        for entry in added {
            let single = (after.get(&name(&entry)) == Some(&1)).then(|| before.get(&name(&entry))).flatten();
            match single.filter(|found| found.len() == 1).and_then(|found| removed[found[0]].take()) {
                Some(before) => self.changed.push((before, entry)),
                None => self.added.push(entry),
            }
        }
        self.removed = removed.into_iter().flatten().collect();
    }
}

impl Archive {
    /// Compares two snapshots by fingerprints; in the order of the second, what was removed in that of the first.
    ///
    /// Documents are followed by id. One whose id is gone is followed by kind, name and content, then by kind and name
    /// where only one document on each side has them.
    ///
    /// # Errors
    ///
    /// One of them is missing or damaged.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads, and its temporary file is removed.
    pub async fn diff(&self, first: &SnapshotId, second: &SnapshotId) -> Result<SnapshotDiff, ArchiveError> {
        let mut left: HashMap<[u8; 16], Fingerprint> = HashMap::new();
        for entry in self.entries(first).await?.1 {
            let entry = entry?;
            left.insert(entry.key(), entry.fingerprint);
        }
        let mut diff = SnapshotDiff::default();
        let mut changed: HashMap<[u8; 16], Entry> = HashMap::new();
        let mut order = Vec::new();
        for entry in self.entries(second).await?.1 {
            let entry = entry?;
            let key = entry.key();
            match left.get(&key) {
                None => diff.added.push(entry),
                Some(print) if *print == entry.fingerprint => {
                    left.remove(&key);
                    diff.same += 1;
                }
                Some(_) => {
                    order.push(key);
                    changed.insert(key, entry);
                }
            }
        }
        // What is left of the first was removed or changed; only of that the whole entry is wanted.
        let mut pairs = HashMap::new();
        for entry in self.entries(first).await?.1 {
            let entry = entry?;
            let key = entry.key();
            match changed.remove(&key) {
                Some(now) => drop(pairs.insert(key, (entry, now))),
                None if left.contains_key(&key) => diff.removed.push(entry),
                None => {}
            }
        }
        diff.changed = order.iter().filter_map(|key| pairs.remove(key)).collect();
        diff.follow_names();
        Ok(diff)
    }

    /// What became of a document over the snapshots of an account, oldest first. Neighbours with the same fingerprint
    /// and name are one version. Snapshots that are damaged are passed over.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads, and its temporary file is removed.
    pub async fn history(
        &self,
        account: &str,
        kind: &str,
        whose: &Whose,
    ) -> Result<BTreeMap<Id, Vec<Version>>, ArchiveError> {
        let listing = self.snapshots().await?;
        // A selection that excluded a document says nothing about it.
        let snapshots: Vec<&Snapshot> = listing
            .snapshots
            .iter()
            .filter(|snapshot| snapshot.account.name == account && tells_of(snapshot, kind))
            .collect();
        let mut histories: BTreeMap<Id, Vec<Version>> = BTreeMap::new();
        if let Whose::Name(name) = whose {
            for snapshot in &snapshots {
                self.each(snapshot, kind, |entry| {
                    if entry.name == *name {
                        histories.entry(entry.id).or_default();
                    }
                })
                .await?;
            }
        }
        if let Whose::Id(id) = whose {
            histories.insert(id.clone(), Vec::new());
        }
        for snapshot in &snapshots {
            let mut found = HashMap::new();
            let readable = self
                .each(snapshot, kind, |entry| {
                    if histories.contains_key(&entry.id) {
                        found.insert(entry.id.clone(), entry);
                    }
                })
                .await?;
            if !readable {
                continue;
            }
            for (id, versions) in &mut histories {
                let now = found.remove(id);
                if now.is_some() || snapshot.selection.is_none() {
                    extend(versions, snapshot, now);
                }
            }
        }
        // Before its creation there is nothing to report.
        for versions in histories.values_mut() {
            if versions.first().is_some_and(|version| version.entry.is_none()) {
                versions.remove(0);
            }
        }
        histories.retain(|_, versions| !versions.is_empty());
        Ok(histories)
    }

    /// Shows each entry of a kind. Whether the snapshot could be read.
    async fn each(
        &self,
        snapshot: &Snapshot,
        kind: &str,
        mut show: impl FnMut(Entry),
    ) -> Result<bool, ArchiveError> {
        let entries = match self.entries(&snapshot.id).await {
            Ok((_, entries)) => entries,
            Err(error) if error.is_damage() => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.kind == kind {
                show(entry);
            }
        }
        Ok(true)
    }
}

/// Whether a document of this kind that is not in the snapshot was not in the account: other kinds than imports may not
/// have been asked for.
fn tells_of(snapshot: &Snapshot, kind: &str) -> bool {
    snapshot.counts.contains_key(kind) || kind == Kind::Imports.as_str()
}

fn extend(versions: &mut Vec<Version>, snapshot: &Snapshot, entry: Option<Entry>) {
    let at = (snapshot.id.clone(), snapshot.time);
    let alike = |a: Option<&Entry>, b: Option<&Entry>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.fingerprint == b.fingerprint && a.name == b.name,
        _ => false,
    };
    match versions.last_mut() {
        Some(last) if alike(last.entry.as_ref(), entry.as_ref()) => last.last = at,
        _ => versions.push(Version { first: at.clone(), last: at, entry }),
    }
}
