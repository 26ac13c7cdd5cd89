//! A snapshot as a folder for git: one sorted JSON file a document.
//!
//! `imports/<integration>/<name>.json`, other kinds in a folder of theirs. The file `.transship-export.json` lists what
//! was written with its hash: only what stands there and was not edited since is ever removed, and a file that is
//! not listed is never overwritten. What is about to be written is listed first, with the fingerprint of its document, so
//! an export that was stopped anywhere is finished by the next one. What could not be read is listed as well;
//! [`why_incomplete`] reads both.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use futures::stream::StreamExt;

use super::export_index::{ASIDE, BEGUN, INDEX, Index, Whose, read_index, write_index, write_whole};
use super::export_place::refuse_what_is_no_export;
use super::names::safe;
use super::sorted::sorted;
use super::{Archive, ArchiveError, Entry, SnapshotId};
use transship_documents::document::print_text;
use transship_documents::import_ids::import_ids;
use transship_documents::references::Kind;
use transship_documents::{Fingerprint, Head, Id};

/// What an export did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// How many files there are of the snapshot now.
    pub files: u64,
    /// How many of these were written because they were new or different.
    pub written: u64,
    /// How many files of earlier exports were removed.
    pub removed: u64,
    /// Files of earlier exports that are not of this snapshot and stay because somebody edited them.
    pub edited: Vec<String>,
    /// The edited files whose document is in the snapshot, each with the file that holds the document now.
    pub moved: BTreeMap<String, String>,
    /// Documents that are damaged or missing, each by its kind and name, and what is wrong with it. A file that an earlier
    /// export wrote of one stays.
    pub damaged: Vec<(String, String)>,
}

impl Archive {
    /// Writes a snapshot into a folder; made for a folder under version control, where it may be repeated.
    ///
    /// # Errors
    ///
    /// The folder is an archive or the folder of a run, or lies in one; its last export was of another account; the
    /// manifest is damaged, a file that is not of an export is in the way, or the disk cannot be written. What was written until then
    /// is listed and is corrected by the next export.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves what an error leaves: files that are listed, which the next export corrects.
    pub async fn export(&self, id: &SnapshotId, folder: &Path) -> Result<ExportReport, ArchiveError> {
        refuse_what_is_no_export(folder)?;
        fs::create_dir_all(folder).map_err(ArchiveError::local("make", folder))?;
        let before = read_index(folder)?;
        let whose = Whose::of(&self.entries(id).await?.0.account);
        before.refuse_another(&whose, folder)?;
        let groups = self.groups(id).await?;
        // All names are looked at before the first file is written.
        let mut made = HashSet::from([Path::new("").to_owned()]);
        let mut begun = Index::of(whose.clone());
        begun.files.clone_from(&before.files);
        begun.begun.clone_from(&before.begun);
        for entry in self.entries(id).await?.1 {
            let entry = entry?;
            let path = path_of(&entry, &groups);
            if !before.files.contains_key(&path) && folder.join(&path).symlink_metadata().is_ok() {
                return Err(ArchiveError::Refused(format!(
                    "{} is in the way and was not written by an export: move it, or choose another folder",
                    folder.join(&path).display()
                )));
            }
            if let Some(parent) = Path::new(&path).parent()
                && made.insert(parent.to_owned())
            {
                make_plain(folder, parent)?;
            }
            begun.files.entry(path.clone()).or_insert(BEGUN);
            begun.begun.insert(path, entry.fingerprint);
        }
        for parent in &made {
            remove_aside(&folder.join(parent))?;
        }
        write_index(folder, &begun)?;
        let mut now = Index::of(whose);
        let mut report = ExportReport::default();
        let lost = match self.write_files(id, folder, &groups, &mut now, &mut report).await {
            Ok(lost) => lost,
            Err(error) => {
                // The index now lists what was written; if it cannot be saved, the first error says more.
                let mut all = begun;
                all.files.extend(now.files);
                let _ = write_index(folder, &all);
                return Err(error);
            }
        };
        // What an earlier export wrote of a document that is damaged now is worth more than nothing.
        let kept = lost.iter().filter_map(|(path, _)| before.files.get_key_value(path));
        now.files.extend(kept.map(|(path, hash)| (path.clone(), *hash)));
        now.missing = lost.into_iter().filter(|(path, _)| !folder.join(path).is_file()).collect();
        let mut documents = HashMap::new();
        for entry in self.entries(id).await?.1 {
            let entry = entry?;
            let (path, print) = (path_of(&entry, &groups), entry.fingerprint);
            documents.insert((kind_folder(&entry.kind), entry.id), Exported { path, print });
        }
        remove_vanished(folder, &before, &documents, &mut now, &mut report)?;
        write_index(folder, &now)?;
        Ok(report)
    }

    /// The integrations of a snapshot, and which of them its flows make an import one of. What cannot be read of them is left
    /// out: it is named where it is to be written.
    async fn groups(&self, id: &SnapshotId) -> Result<Groups, ArchiveError> {
        let (mut groups, mut flows) = (Groups::default(), Vec::new());
        for entry in self.entries(id).await?.1 {
            let entry = entry?;
            match entry.kind.as_str() {
                "integrations" => {
                    groups.names.insert(entry.id.clone(), safe(&entry.name, &entry.id));
                }
                "flows" if entry.integration.is_some() => flows.push(entry),
                _ => {}
            }
        }
        let texts = futures::stream::iter(flows).map(|flow| async move {
            let text = self.document(&flow).await;
            (flow, text)
        });
        let mut texts = texts.buffered(self.options().in_flight.max(1));
        while let Some((flow, text)) = texts.next().await {
            let text = match text {
                Err(error) if !error.is_damage() => return Err(error),
                text => text.unwrap_or_default(),
            };
            let used = str::from_utf8(&text).ok().and_then(|text| import_ids(text).ok());
            for import in used.into_iter().flatten() {
                let Some(integration) = &flow.integration else { continue };
                let of_import = groups.by_import.entry(Id::from(import.id.as_str()));
                let first = of_import.or_insert_with(|| integration.clone());
                if integration < first {
                    first.clone_from(integration);
                }
            }
        }
        Ok(groups)
    }

    /// Writes the documents as files; gives the paths and names of those that are damaged.
    async fn write_files(
        &self,
        id: &SnapshotId,
        folder: &Path,
        groups: &Groups,
        now: &mut Index,
        report: &mut ExportReport,
    ) -> Result<Vec<(String, String)>, ArchiveError> {
        let mut lost = Vec::new();
        let entries = futures::stream::iter(self.entries(id).await?.1);
        let mut texts = entries
            .map(|entry| async move {
                let entry = entry?;
                let text = match self.document(&entry).await {
                    Err(error) if !error.is_damage() => return Err(error),
                    read => read,
                };
                Ok((entry, text))
            })
            .buffered(self.options().in_flight.max(1));
        while let Some(next) = texts.next().await {
            let (entry, text) = next?;
            let path = path_of(&entry, groups);
            let text = match text {
                Ok(text) => sorted(&text),
                Err(error) => {
                    report.damaged.push((format!("{} \"{}\"", entry.kind, entry.name), error.to_string()));
                    lost.push((path, entry.name));
                    continue;
                }
            };
            let target = folder.join(&path);
            now.files.insert(path, Fingerprint::of(&text));
            report.files += 1;
            if !fs::read(&target).is_ok_and(|found| found == text) {
                write_whole(&target, &text)?;
                report.written += 1;
            }
        }
        Ok(lost)
    }
}

/// Why the imports in a folder may not be all that were backed up: an export into it could not read some, or did not come to
/// its end. `None` for a folder of which no export says so. `folder` may be one inside of an export.
pub fn why_incomplete(folder: &Path) -> Option<String> {
    let root = folder.ancestors().take(3).find(|root| root.join(INDEX).is_file())?;
    let index = match read_index(root) {
        Ok(index) => index,
        Err(error) => return Some(error.to_string()),
    };
    let imports = root.join(Kind::Imports.as_str());
    let is_missing = |path: &str| {
        let path = root.join(path);
        path.starts_with(&imports) && path.starts_with(folder) && !path.is_file()
    };
    let missing: Vec<_> = index.missing.iter().filter(|(path, _)| is_missing(path)).collect();
    if let [(_, name), others @ ..] = &missing[..] {
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        return Some(format!("the export could not read \"{name}\"{more} from the archive"));
    }
    let begun = |(path, hash): (&String, &Fingerprint)| *hash == BEGUN && is_missing(path);
    index.files.iter().any(begun).then(|| "the export did not come to its end".to_owned())
}

/// Which folder an import stands in.
#[derive(Default)]
struct Groups {
    /// The names of integrations, as folders.
    names: HashMap<Id, String>,
    /// The integration of the flows that use an import; of several, the first by its id.
    by_import: HashMap<Id, Id>,
}

/// A document of the snapshot: the file it is in, and the fingerprint of its normal form.
struct Exported {
    path: String,
    print: Fingerprint,
}

/// The folder of a kind.
fn kind_folder(kind: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let folder: String = kind.chars().map(plain).take(40).collect();
    if folder.is_empty() { "other".to_owned() } else { folder }
}

fn path_of(entry: &Entry, groups: &Groups) -> String {
    let kind = kind_folder(&entry.kind);
    let file = safe(&entry.name, &entry.id);
    if kind != Kind::Imports.as_str() {
        return format!("{kind}/{file}.json");
    }
    match entry.integration.as_ref().or_else(|| groups.by_import.get(&entry.id)) {
        Some(id) => {
            let group = groups.names.get(id).cloned().unwrap_or_else(|| safe("integration", id));
            format!("{kind}/{group}/{file}.json")
        }
        None => format!("{kind}/no integration/{file}.json"),
    }
}

/// Makes folders below `root`, none of them a link to elsewhere.
fn make_plain(root: &Path, below: &Path) -> Result<(), ArchiveError> {
    let mut path = root.to_owned();
    for part in below.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let message = format!("{} is in the way: a folder is wanted there", path.display());
                return Err(ArchiveError::Refused(message));
            }
            Err(_) => fs::create_dir(&path).map_err(ArchiveError::local("make", &path))?,
        }
    }
    Ok(())
}

/// Removes what an export left that was killed before it could give a file its name.
fn remove_aside(folder: &Path) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(folder).map_err(ArchiveError::local("list", folder))? {
        let entry = entry.map_err(ArchiveError::local("list", folder))?;
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            fs::remove_file(entry.path()).map_err(ArchiveError::local("remove", entry.path()))?;
        }
    }
    Ok(())
}

/// Removes what earlier exports wrote and this one did not, unless somebody edited it since. `documents` are those of the
/// snapshot: what was edited to be one of these, as a name that was applied since, is under its new name now.
fn remove_vanished(
    folder: &Path,
    before: &Index,
    documents: &HashMap<(String, Id), Exported>,
    now: &mut Index,
    report: &mut ExportReport,
) -> Result<(), ArchiveError> {
    for (path, hash) in &before.files {
        if now.files.contains_key(path) {
            continue;
        }
        let target = folder.join(path);
        let text = match fs::read(&target) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ArchiveError::local("read", &target)(error)),
        };
        let is_as_begun = || before.begun.get(path).is_some_and(|print| *print == print_text(&text));
        if Fingerprint::of(&text) != *hash && !is_as_begun() {
            let id = Head::read(&String::from_utf8_lossy(&text)).id;
            let kind = path.split('/').next().unwrap_or_default().to_owned();
            let exported = documents.get(&(kind, id));
            if exported.is_none_or(|exported| exported.print != print_text(&text)) {
                report.edited.push(path.clone());
                report.moved.extend(exported.map(|exported| (path.clone(), exported.path.clone())));
                continue;
            }
        }
        fs::remove_file(&target).map_err(ArchiveError::local("remove", &target))?;
        report.removed += 1;
        // Folders go when they are empty; one that is not stays.
        let mut parent = target.parent();
        while let Some(empty) = parent.filter(|parent| *parent != folder && fs::remove_dir(parent).is_ok()) {
            parent = empty.parent();
        }
    }
    Ok(())
}
