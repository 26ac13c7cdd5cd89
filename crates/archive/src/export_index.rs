//! The list in an export of the files that it wrote, and of its account.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::ArchiveError;
use super::snapshot::Account;
use transship_documents::Fingerprint;

/// The list of what an export wrote.
pub(super) const INDEX: &str = ".transship-export.json";
const FORMAT: u32 = 1;
/// How the names of files begin that have not got their own yet.
pub(super) const ASIDE: &str = ".transship-tmp-";
/// In place of the hash of a file that was about to be written: its state is unknown.
pub(super) const BEGUN: Fingerprint = Fingerprint([0; 32]);

/// The account whose documents an export wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whose {
    name: String,
    #[serde(default)]
    origin: String,
}

impl Whose {
    /// The account of a snapshot. Another token of the same account makes no difference.
    pub(super) fn of(account: &Account) -> Self {
        Self { name: account.name.clone(), origin: account.origin.clone() }
    }
}

/// What an export says of itself.
#[derive(Serialize, Deserialize)]
pub(super) struct Index {
    transship_export: u32,
    /// The account of the snapshot; absent where an older program wrote the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Whose>,
    /// Path from the folder, and the hash of what was written.
    pub(super) files: BTreeMap<String, Fingerprint>,
    /// Paths of documents that could not be read and have no file, each with the document's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missing: BTreeMap<String, String>,
    /// While an export is at work: the fingerprint of the normal form of each document that it writes, by path. What an
    /// export that was stopped left there is known by it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) begun: BTreeMap<String, Fingerprint>,
}

impl Index {
    fn empty() -> Self {
        let (files, missing, begun) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { transship_export: FORMAT, account: None, files, missing, begun }
    }

    /// The list of an export of this account that wrote nothing yet.
    pub(super) fn of(account: Whose) -> Self {
        Self { account: Some(account), ..Self::empty() }
    }

    /// Refuses to replace the files of one account by those of another.
    pub(super) fn refuse_another(&self, account: &Whose, folder: &Path) -> Result<(), ArchiveError> {
        let Some(before) = self.account.as_ref().filter(|before| *before != account) else { return Ok(()) };
        let told = |whose: &Whose| {
            let at =
                if before.name == account.name { format!(" of {}", whose.origin) } else { String::new() };
            format!("account `{}`{at}", whose.name)
        };
        Err(ArchiveError::Refused(format!(
            "{} holds an export of {}, and this snapshot is of {}, whose files would replace those: choose another \
             folder, or name a snapshot of {}",
            folder.display(),
            told(before),
            told(account),
            told(before)
        )))
    }
}

/// Reads the list; an empty one if there is no file.
pub(super) fn read_index(folder: &Path) -> Result<Index, ArchiveError> {
    let path = folder.join(INDEX);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Index::empty()),
        Err(error) => return Err(ArchiveError::local("read", &path)(error)),
    };
    let refused = |message: String| ArchiveError::Refused(format!("{}: {message}", path.display()));
    let index: Index = serde_json::from_slice(&text).map_err(|error| {
        refused(format!("it cannot be read ({error}): restore it, or export into an empty folder"))
    })?;
    if index.transship_export != FORMAT {
        return Err(refused(format!("its format is {}: use a newer transship", index.transship_export)));
    }
    // The list may come from anywhere: it must not lead us out of the folder.
    let plain = |path: &str| {
        Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
            && path.split('/').count() >= 2
            && parents_are_plain(folder, Path::new(path))
    };
    if let Some(bad) = index.files.keys().find(|path| !plain(path)) {
        return Err(refused(format!("it lists {bad:?}, which no export writes")));
    }
    Ok(index)
}

fn parents_are_plain(folder: &Path, path: &Path) -> bool {
    let parents = path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    parents.map(|parent| folder.join(parent)).all(|parent| !parent.is_symlink())
}

/// Writes the list, unless the file holds the same already.
pub(super) fn write_index(folder: &Path, index: &Index) -> Result<(), ArchiveError> {
    let path = folder.join(INDEX);
    let mut text = serde_json::to_vec_pretty(index)
        .map_err(|error| ArchiveError::local("write", &path)(error.into()))?;
    text.push(b'\n');
    if fs::read(&path).is_ok_and(|found| found == text) { Ok(()) } else { write_whole(&path, &text) }
}

/// Aside, then renamed: a file that is a link is replaced, not followed.
pub(super) fn write_whole(path: &Path, text: &[u8]) -> Result<(), ArchiveError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        aside.write_all(text)?;
        aside.persist(path)?;
        Ok(())
    };
    write().map_err(ArchiveError::local("write", path))
}
