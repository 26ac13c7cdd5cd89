//! `archive`, `sources`, `notify`, and which account or archive a job reads from and writes to.

use std::path::PathBuf;

use super::policy::{self, count};
use super::{Reader, tidy};
use crate::job::account::{Account, AccountPlace, Rate};
use crate::job::archive::SHRINK;
use crate::job::files::{self, FilesRead, Names};
use crate::job::tree::Node;
use crate::job::{Action, Archive, Keep, KeySource, MatchBy, NamedFile, Notify, forms};

/// Where a job reads from and writes to.
pub(super) struct SourceAndTarget {
    pub source: Option<Account>,
    pub target: Option<Account>,
    /// The accounts of `sources`.
    pub sources: Vec<Account>,
}

impl Reader<'_> {
    /// Reads the key `archive`.
    pub(super) fn archive(&mut self, node: Option<&Node>) -> Option<Archive> {
        let node = node?;
        let path = node.get("path")?;
        let keep = node.get("keep").map(keep);
        let key = node.get("encryption").and_then(|node| self.key(node));
        let snapshot = node.get("snapshot").and_then(Node::text).filter(|text| *text != "latest");
        let shrink = node.get("shrink").and_then(Node::text).and_then(forms::percent);
        let place = self.store(path, "archive")?;
        Some(Archive {
            place,
            keep,
            key,
            snapshot: snapshot.map(str::to_owned),
            shrink: shrink.unwrap_or(SHRINK),
            tags: texts(node, "tags"),
        })
    }

    fn key(&mut self, node: &Node) -> Option<KeySource> {
        match node.get("passphrase") {
            Some(passphrase) => self.token(passphrase).map(KeySource::Passphrase),
            None => node.get("key_file").and_then(|file| self.path(file)).map(KeySource::File),
        }
    }

    /// Reads the key `notify`.
    pub(super) fn notify(&mut self, node: Option<&Node>) -> Notify {
        let Some(node) = node else { return Notify::default() };
        let success = node.get("success").and_then(|node| self.ping(node));
        let failure = node.get("failure").and_then(|node| self.ping(node));
        let folder = self.env.folder.clone();
        let prometheus: Option<PathBuf> =
            node.get("prometheus").and_then(|node| self.path_from(node, &folder));
        Notify { success, failure, prometheus }
    }

    /// Source and target by what the action reads and writes: for some, one of the two is an archive.
    pub(super) fn ends(
        &mut self,
        root: &Node,
        action: Option<Action>,
        accounts: &[Account],
        archive: Option<&Archive>,
    ) -> SourceAndTarget {
        // An account that was chosen stands alone.
        let sources: Vec<Account> = match (&self.stand_in, root.get("sources")) {
            (Some(_), _) => Vec::new(),
            _ => self.source_rows(root, accounts).into_iter().map(|row| row.account).collect(),
        };
        let from_archive = match action {
            Some(Action::Restore) => true,
            Some(Action::Compare) => root.has("archive") && root.has("target"),
            _ => false,
        };
        if let (true, Some(archive)) = (from_archive, archive) {
            let target = if root.has("target") {
                self.account(root, "target", accounts)
            } else {
                self.account(root, "source", accounts)
            };
            // A removed account can still be restored from: only the name of the source counts.
            let named = root.get("source").and_then(Node::text);
            let known = match named {
                Some(name) => {
                    self.standing_for(name).or_else(|| accounts.iter().find(|one| one.name == name))
                }
                None => target.as_ref(),
            };
            let of = known.map(|account| account.name.as_str()).or(named).unwrap_or_default();
            let source = archived_account(of, Backed { of, by: known }, archive);
            return SourceAndTarget { source: Some(source), target, sources };
        }
        let folder = root.get("source").and_then(|source| source.get("folder"));
        let source = match sources.first() {
            _ if folder.is_some() => folder.and_then(|node| self.folder_of_files(root, node)),
            Some(first) if !root.has("source") => Some(first.clone()),
            _ => self.account(root, "source", accounts),
        };
        let backed = Backed {
            of: source.as_ref().map(|source| source.name.as_str()).unwrap_or_default(),
            by: source.as_ref(),
        };
        let target = match (action, archive) {
            (Some(Action::Backup), Some(archive)) => {
                if root.has("target") {
                    self.account(root, "target", accounts);
                }
                Some(archived_account("archive", backed, archive))
            }
            (Some(Action::Compare), Some(archive)) => Some(archived_account("archive", backed, archive)),
            _ if root.has("target") => self.account(root, "target", accounts),
            _ => source.clone(),
        };
        SourceAndTarget { source, target, sources }
    }

    /// `source: { folder }`: its name is the name of its folder as written. Its files are read, and their problems are
    /// reported.
    fn folder_of_files(&mut self, root: &Node, node: &Node) -> Option<Account> {
        let path = self.path(node)?;
        let name = node.text()?.to_owned();
        let mut read = FilesRead::default();
        if path.is_dir() {
            let shown = tidy(path.strip_prefix(&self.env.folder).unwrap_or(&path));
            let by_name = policy::match_by(root) == MatchBy::Name;
            let names = if by_name { Names::MustDiffer } else { Names::MayBeEqual };
            let found = files::read(&path, &shown, names, &mut self.report);
            let sha256 = found.fingerprint();
            self.files.push(NamedFile { written: name.clone(), path: path.clone(), sha256 });
            read = found.into();
        } else {
            let why = if path.exists() { "it is not a folder" } else { "there is no such folder" };
            let help = "a relative path begins at the job file's folder; `transship archive export` writes such a folder";
            self.report.error(node.span, format!("cannot read {name}: {why}")).help(help);
        }
        Some(Account { name, place: AccountPlace::Folder { path, read }, rate: Rate::default() })
    }
}

/// Whose backups are meant: an account by name, and what the job says of it.
#[derive(Clone, Copy)]
struct Backed<'a> {
    of: &'a str,
    by: Option<&'a Account>,
}

/// The archive as one end of a job.
fn archived_account(name: &str, backed: Backed<'_>, archive: &Archive) -> Account {
    let place = AccountPlace::Archive {
        place: archive.place.clone(),
        of: backed.of.to_owned(),
        of_origin: backed.by.and_then(|account| account.place.origin()),
        snapshot: archive.snapshot.clone(),
        key: archive.key.clone(),
    };
    Account { name: name.to_owned(), place, rate: Rate::default() }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| item.written().map(str::to_owned)).collect()
}

fn keep(keep: &Node) -> Keep {
    let number = |key: &str| keep.get(key).and_then(count);
    Keep {
        last: number("last"),
        daily: number("daily"),
        weekly: number("weekly"),
        monthly: number("monthly"),
        yearly: number("yearly"),
        tags: texts(keep, "tags"),
    }
}
