//! A folder with one file for each import, as `archive export` writes it: the source of an apply.
//!
//! Promises: every file is read and checked before anything is sent, and everything that is wrong with any of them is
//! found at once. A link is never followed: what a folder under version control points to is not a part of it.

mod document;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line_column::line_and_column;
use super::problem::{Problems, Report, Span, inert};
use super::regular;
use super::text_file::decode;
use crate::documents::document::print_text;
use crate::documents::name::name_key;
use crate::documents::references::Kind;
use crate::model::{Fingerprint, Head, Id};
use document::{Fault, Identity, Placed, identity, is_json};

/// How large a file may be.
const FILE_LIMIT: usize = 64 << 20;

/// Lists that an export holds beside what imports refer to.
const OTHER_LISTS: &[&str] = &["flows", "apis"];

/// What a folder holds, by list: `imports`, `connections`, …; each in the order of the paths.
#[derive(Debug, Default)]
pub struct ImportFiles {
    /// The files of each list.
    pub lists: BTreeMap<String, Vec<ImportFile>>,
}

/// A file and the document in it.
#[derive(Debug, Clone)]
pub struct ImportFile {
    /// The path by which the file can be read.
    pub path: PathBuf,
    /// Its path from the folder, with `/` between the parts.
    pub shown: String,
    /// The document's identity; without an `_id`, its path in the folder takes the place of the id.
    pub head: Head,
    /// Whether the document has an `_id`.
    pub has_id: bool,
    /// Line and column of its name.
    pub name_at: (usize, usize),
    /// The fingerprint of its normal form.
    pub fingerprint: Fingerprint,
    /// The SHA-256 of its text.
    pub sha256: Fingerprint,
    /// How long its text is, in bytes.
    pub bytes: u64,
}

/// The files of a folder that were read already, if they were. They say nothing about which folder it is, so two of these
/// are always equal.
#[derive(Debug, Clone, Default)]
pub struct FilesRead(Option<Arc<ImportFiles>>);

impl PartialEq for FilesRead {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for FilesRead {}

impl FilesRead {
    /// The files of `folder`: those that were read already, else as they are now.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with a folder that is read now.
    pub fn or_open(&self, folder: &Path) -> Result<Arc<ImportFiles>, Problems> {
        self.0.clone().map_or_else(|| ImportFiles::open(folder).map(Arc::new), Ok)
    }
}

impl From<ImportFiles> for FilesRead {
    fn from(read: ImportFiles) -> Self {
        Self(Some(Arc::new(read)))
    }
}

impl ImportFiles {
    /// Reads a folder.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, at once.
    pub fn open(folder: &Path) -> Result<Self, Problems> {
        let mut report = Report::new(&folder.display().to_string(), "");
        let files = read(folder, folder, Names::MayBeEqual, &mut report);
        if report.errors() == 0 { Ok(files) } else { Err(report.finish()) }
    }

    /// Tells these files from others: by their paths in the folder, and what is in them.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let files = self.lists.values().flatten().map(|file| format!("{} {}\n", file.sha256, file.shown));
        Fingerprint::of(files.collect::<String>().as_bytes())
    }

    /// The imports, in the order of their files; empty where there are none.
    pub fn imports(&self) -> &[ImportFile] {
        self.lists.get(Kind::Imports.as_str()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The text of a file as a document: with the `_id` by which it is called here.
///
/// # Errors
///
/// It cannot be read, or is not what it was when the folder was read.
pub fn text(file: &ImportFile) -> std::io::Result<String> {
    let bytes = regular::read(&file.path, FILE_LIMIT as u64 + 1)?;
    if Fingerprint::of(&bytes) != file.sha256 {
        return Err(std::io::Error::other("it was changed while the plan was made"));
    }
    let text = String::from_utf8(bytes).map_err(std::io::Error::other)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
    let Some(rest) = text.strip_prefix('{').filter(|_| !file.has_id) else { return Ok(text.to_owned()) };
    let id = serde_json::Value::from(file.head.id.as_str());
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    Ok(format!("{{\"_id\":{id}{comma}{rest}"))
}

/// Whether two files without an `_id` may have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// They are matched by something else.
    MayBeEqual,
    /// They would be one import.
    MustDiffer,
}

/// Reads a folder, and reports everything that is wrong with it. `shown` is what it is called in messages.
pub(super) fn read(folder: &Path, shown: &Path, names: Names, report: &mut Report) -> ImportFiles {
    let mut found = Vec::new();
    let whole = folder.join(Kind::Imports.as_str());
    // Given the folder of a whole export, or that of its imports: then what they refer to is beside it.
    let (root, root_shown) = if whole.is_dir() {
        collect(&whole, &shown.join(Kind::Imports.as_str()), &mut found, report);
        (Some(folder.to_owned()), shown.to_owned())
    } else {
        collect(folder, shown, &mut found, report);
        let is_part = folder.file_name().is_some_and(|name| name == Kind::Imports.as_str());
        (folder.parent().filter(|_| is_part).map(Path::to_owned), shown.join(".."))
    };
    let mut files = ImportFiles::default();
    let mut imports = Vec::new();
    for (path, at) in found {
        imports.extend(import(&path, &at, folder, report));
    }
    if imports.is_empty() && report.errors() == 0 {
        let message = format!("the folder {} holds no import", shown.display());
        let help = "an import is a file that ends in `.json`; `transship archive export` writes them";
        report.error(None, message).help(help);
    }
    refuse_equal(&imports, names, report);
    let imports = imports.into_iter().map(|read| read.file).collect();
    files.lists.insert(Kind::Imports.as_str().to_owned(), imports);
    let Some(root) = root else { return files };
    let lists = Kind::ALL.iter().map(|kind| kind.as_str()).chain(OTHER_LISTS.iter().copied());
    for list in lists {
        let mut found = Vec::new();
        if root.join(list).is_dir() {
            collect(&root.join(list), &root_shown.join(list), &mut found, report);
            let read = found.into_iter().filter_map(|(path, at)| related(&path, &at, &root, report));
            files.lists.insert(list.to_owned(), read.collect());
        }
    }
    files
}

/// The files below a folder, in the order of their paths, each with what it is called in messages.
fn collect(folder: &Path, shown: &Path, found: &mut Vec<(PathBuf, PathBuf)>, report: &mut Report) {
    let mut entries: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().collect(),
        Err(error) => {
            let message = format!("the folder cannot be read: {}", regular::why(&error));
            return refuse(shown, message, None, report);
        }
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        // Lists of exports, and what version control keeps.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let (path, at) = (entry.path(), shown.join(&name));
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_symlink() {
            if is_json || path.is_dir() {
                let help = Some("put the file itself there");
                refuse(&at, "this is a link, which is not followed", help, report);
            }
        } else if kind.is_dir() {
            collect(&path, &at, found, report);
        } else if is_json && name.to_str().is_none() {
            refuse(&at, "the name of this file is not UTF-8", Some("rename the file"), report);
        } else if is_json {
            found.push((path, at));
        }
    }
}

/// Reports what is wrong with a file as a whole.
fn refuse(at: &Path, message: impl Into<String>, help: Option<&str>, report: &mut Report) {
    report.begin_file(&at.display().to_string(), "");
    report.error(None, message).maybe_help(help);
    report.end_file();
}

/// An import and where its file says which it is.
struct Read {
    file: ImportFile,
    at: PathBuf,
    text: String,
    identity: Identity,
}

fn import(path: &Path, at: &Path, folder: &Path, report: &mut Report) -> Option<Read> {
    let (text, sha256) = readable(path, at, report)?;
    match identity(&text) {
        Ok(identity) => {
            let name = identity.name.as_ref().map(|name| &name.span);
            let file = file(path, folder, &text, sha256, name);
            let text = kept_for_messages(&text, &identity);
            Some(Read { file, at: at.to_owned(), text, identity })
        }
        Err(faults) => {
            tell(at, &text, faults, report);
            None
        }
    }
}

/// A document that imports refer to: only who it is matters.
fn related(path: &Path, at: &Path, root: &Path, report: &mut Report) -> Option<ImportFile> {
    let (text, sha256) = readable(path, at, report)?;
    match is_json(&text) {
        Ok(()) => Some(file(path, root, &text, sha256, None)),
        Err(fault) => {
            tell(at, &text, vec![fault], report);
            None
        }
    }
}

fn file(path: &Path, folder: &Path, text: &str, sha256: Fingerprint, name: Option<&Span>) -> ImportFile {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    let shown = parts.join("/");
    let mut head = Head::read(text);
    let has_id = !head.id.as_str().is_empty();
    if !has_id {
        head.id = Id::from(shown.as_str());
    }
    let name_at = name.map_or((1, 1), |span| line_and_column(text, span.start));
    let fingerprint = print_text(text.as_bytes());
    let bytes = text.len() as u64;
    ImportFile { path: path.to_owned(), shown, head, has_id, name_at, fingerprint, sha256, bytes }
}

/// The text of a file; what it cannot be read for is reported.
fn readable(path: &Path, at: &Path, report: &mut Report) -> Option<(String, Fingerprint)> {
    let bytes = match regular::read(path, FILE_LIMIT as u64 + 1) {
        Ok(bytes) => bytes,
        Err(error) => {
            refuse(at, format!("the file cannot be read: {}", regular::why(&error)), None, report);
            return None;
        }
    };
    let sha256 = Fingerprint::of(&bytes);
    if let Ok(text) = std::str::from_utf8(&bytes)
        && bytes.len() <= FILE_LIMIT
    {
        return Some((text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(), sha256));
    }
    report.begin_file(&at.display().to_string(), &String::from_utf8_lossy(&bytes));
    decode(&bytes, FILE_LIMIT, report);
    report.end_file();
    None
}

fn tell(at: &Path, text: &str, faults: Vec<Fault>, report: &mut Report) {
    report.begin_file(&at.display().to_string(), text);
    for fault in faults {
        let problem = report.error(fault.span, fault.message).maybe_help(fault.help);
        if let Some(first) = fault.first {
            problem.related(first, "first here");
        }
    }
    report.end_file();
}

/// As much of a text as a message about its identity shows: the lines up to the last of the two places.
fn kept_for_messages(text: &str, identity: &Identity) -> String {
    let last = identity.id.iter().chain(&identity.name).map(|placed| placed.span.end).max().unwrap_or(0);
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline);
    text[..end].to_owned()
}

/// Two files of one `_id` are an error that shows both; so are two of one name, where one has no `_id` to tell it by.
fn refuse_equal(imports: &[Read], names: Names, report: &mut Report) {
    let by_id = |read: &'_ Read| read.identity.id.clone();
    let by_name = |read: &'_ Read| read.identity.name.clone();
    for pair in equal(imports, by_id, |placed| placed.text.clone()) {
        both(
            pair,
            "_id",
            "keep one of the two; a copy that is to be a new import has no `_id`",
            by_id,
            report,
        );
    }
    if names == Names::MayBeEqual {
        return;
    }
    for pair in equal(imports, by_name, |placed| name_key(&placed.text).into_owned()) {
        // Files with ids are distinguished by these if the target knows them, which is checked later.
        if !pair.iter().all(|read| read.file.has_id) && !same_id(pair) {
            both(pair, "name", "rename one of the two, or remove it", by_name, report);
        }
    }
}

fn same_id(pair: [&Read; 2]) -> bool {
    pair[0].file.has_id && pair[0].file.head.id == pair[1].file.head.id
}

/// Each file beside the first that has the same.
fn equal<'r>(
    imports: &'r [Read],
    placed: impl Fn(&'r Read) -> Option<Placed>,
    key: impl Fn(&Placed) -> String,
) -> Vec<[&'r Read; 2]> {
    let mut first: HashMap<String, &Read> = HashMap::new();
    let mut pairs = Vec::new();
    for read in imports {
        let Some(placed) = placed(read) else { continue };
        match first.get(&key(&placed)) {
            Some(one) => pairs.push([*one, read]),
            None => {
                first.insert(key(&placed), read);
            }
        }
    }
    pairs
}

/// Reports two files that are one import: once, at the second, with the place of the first.
fn both<'r>(
    pair: [&'r Read; 2],
    what: &str,
    help: &str,
    placed: impl Fn(&'r Read) -> Option<Placed>,
    report: &mut Report,
) {
    let [other, read] = pair;
    let (Some(here), Some(there)) = (placed(read), placed(other)) else { return };
    let (line, column) = line_and_column(&other.text, there.span.start);
    let message = format!(
        "two files have the {what} `{}`: this one and {}:{line}:{column}",
        here.text,
        inert(&other.at.display().to_string())
    );
    report.begin_file(&read.at.display().to_string(), &read.text);
    report.error(here.span, message).help(help);
    report.end_file();
}

#[cfg(test)]
mod tests;
