//! Turns the tree into the [`Job`]: each file here reads one part and reports its problems.

mod accounts;
mod archive;
pub(super) mod fleet;
mod names;
mod policy;
mod references;
pub(super) mod roster;
mod rules;
mod select;
mod steps;
mod store;
#[cfg(test)]
mod tests;
pub(super) mod user;
mod warn;

use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use super::cells::Csv;
use super::check::{check, meant};
use super::env::{self, Env, Unexpanded};
use super::forms::Format;
use super::problem::{Problems, Report};
use super::spec::Type;
use super::stand_in::{AccountChoice, StandIn};
use super::text_file::decode;
use super::tree::Node;
use super::{Account, Action, Job, NamedFile, keys, redact, regular, yaml};
use crate::model::Fingerprint;

/// How large a job file may be.
const FILE_LIMIT: usize = 4 << 20;
/// How large a CSV may be that a job names.
const SHEET_LIMIT: usize = 256 << 20;

/// What every part needs to be read.
pub(super) struct Reader<'a> {
    pub(super) report: Report,
    pub(super) env: &'a Env,
    /// Where relative paths begin.
    pub(super) folder: PathBuf,
    /// What is read, as help calls it.
    pub(super) whose: &'static str,
    pub(super) now: Timestamp,
    /// The keys of the job that are most likely meant by unknown ones.
    pub(super) meant: Vec<&'static str>,
    /// The budget of accounts that do not set their own.
    pub(super) otherwise: super::Rate,
    /// The accounts of the user's file, once they were asked for.
    pub(super) user: Option<Vec<Account>>,
    /// The account that stands for one of the job's.
    pub(super) stand_in: Option<StandIn>,
    /// The name of the account it stands for, where the job names it.
    pub(super) slot: Option<String>,
    /// What was read so far of the files that the job names.
    files: Vec<NamedFile>,
}

impl<'a> Reader<'a> {
    /// One that has read nothing; relative paths begin at `folder`.
    fn new(report: Report, env: &'a Env, folder: PathBuf, now: Timestamp) -> Self {
        let (meant, otherwise, files) = (Vec::new(), super::Rate::default(), Vec::new());
        let whose = "job";
        Self {
            report,
            env,
            folder,
            whose,
            now,
            meant,
            otherwise,
            user: None,
            stand_in: None,
            slot: None,
            files,
        }
    }
}

/// Reads a job file's bytes.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    env: &Env,
    now: Timestamp,
    choice: Option<&AccountChoice>,
) -> Result<Job, Problems> {
    let mut report = Report::new(name, &String::from_utf8_lossy(bytes));
    let Some(text) = decode(bytes, FILE_LIMIT, &mut report) else { return Err(report.finish()) };
    let mut report = Report::new(name, text);
    let root = yaml::parse(text, &mut report);
    let mut reader = Reader::new(report, env, env.folder.join(folder), now);
    let job = root.as_ref().and_then(|root| reader.job(root, text, choice));
    reader.refuse_tokens(text, root.as_ref());
    let failed = reader.report.errors() > 0;
    let problems = reader.report.finish();
    match job {
        Some(mut job) if !failed => {
            job.warnings = problems;
            Ok(job)
        }
        _ => Err(problems),
    }
}

impl Reader<'_> {
    fn job(&mut self, root: &Node, text: &str, choice: Option<&AccountChoice>) -> Option<Job> {
        check(root, &Type::Table(&keys::JOB), "the job", &mut self.report);
        if root.entries().is_empty() {
            return None;
        }
        self.meant = meant(root.entries(), &keys::JOB);
        let action = root.get("action").and_then(Node::text).and_then(Action::of);
        let rate = self.rate(root.get("rate"), super::Rate::default());
        self.otherwise = rate;
        let mut accounts = self.accounts(root, rate);
        self.choose(root, &accounts, choice);
        // A CSV of accounts is enough.
        let listed = self.stand_in.is_some() || root.get("sources").is_some_and(|node| node.text().is_some());
        if !root.has("accounts") && !listed && !self.meant.contains(&"accounts") && self.users().is_empty() {
            let help = "add `accounts: …`: the accounts, each with a name of your choice";
            self.report.error(root.span, "the job has no `accounts`").help(help);
        }
        let archive = self.archive(root.get("archive"));
        let archive::SourceAndTarget { source, target, sources } =
            self.ends(root, action, &accounts, archive.as_ref());
        let select = self.select(root.get("select"));
        let references = self.references(root.get("references"));
        let program = self.program(root.get("transform"), action, select.as_ref());
        if let Some(action) = action {
            self.rules(root, action, source.as_ref(), target.as_ref());
            self.look_closer(root, action, &accounts);
        }
        if let Some(stand_in) = &self.stand_in {
            accounts.retain(|account| {
                Some(&account.name) != self.slot.as_ref() && account.name != stand_in.account.name
            });
            accounts.insert(0, stand_in.account.clone());
        }
        let own = accounts.len();
        let shadowed = |account: &Account| accounts[..own].iter().any(|one| one.name == account.name);
        let users: Vec<Account> =
            self.user.iter().flatten().filter(|account| !shadowed(account)).cloned().collect();
        let own_accounts = accounts.iter().map(|account| account.name.clone()).collect();
        accounts.extend(users);
        let job = Job {
            name: root.get("name").and_then(Node::text).unwrap_or_default().to_owned(),
            action: action.unwrap_or(Action::Migrate),
            captured_data: policy::captured_data(root),
            match_by: policy::match_by(root),
            on_existing: policy::on_existing(root, action.unwrap_or(Action::Migrate)),
            ignore: self.ignore(root.get("ignore")),
            verify: policy::verify(root),
            waves: self.waves(root),
            mirror: policy::mirror(root.get("mirror")),
            concurrency: policy::concurrency(root),
            page_size: policy::page_size(root),
            retry: self.retry(root.get("retry")),
            stop: self.stop(root.get("stop")),
            output: self.output(root),
            archive,
            sources,
            parallel: policy::parallel(root),
            stand_in: self.stand_in.clone(),
            notify: self.notify(root.get("notify")),
            source: source?,
            target: target?,
            accounts,
            own_accounts,
            select: select?,
            references,
            program: std::sync::Arc::new(program?),
            warnings: Problems::default(),
            text: text.to_owned(),
            files: std::mem::take(&mut self.files),
        };
        root.get("version");
        let unread = root.unread();
        debug_assert!(self.report.errors() > 0 || unread.is_empty(), "accepted and never read: {unread:?}");
        Some(job)
    }

    /// Refuses what has the shape of a token, unless it stands where names of that shape do.
    fn refuse_tokens(&mut self, text: &str, root: Option<&Node>) {
        let names = root.map(names::of_documents).unwrap_or_default();
        for range in redact::tokens(text) {
            let is_name = |name: &super::Span| name.start <= range.start && range.end <= name.end;
            if self.report.is_secret(range.start) || names.iter().any(is_name) {
                continue;
            }
            let message = "this looks like a token, and a token is never in a job file";
            let help = "say where it is: `token: { env: NAME }`, `{ file: PATH }`, `{ command: [..] }` or `{ keyring: NAME }`; \
                        revoke it if this file was shared";
            self.report.error(super::Span::new(range.start, range.end), message).help(help);
        }
    }

    /// A path of the job file, made absolute.
    fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let folder = self.folder.clone();
        self.path_from(node, &folder)
    }

    fn path_from(&mut self, node: &Node, folder: &Path) -> Option<PathBuf> {
        let text = node.text().filter(|text| Format::Path.fits(text))?;
        if self.holds_a_secret(node, text) {
            return None;
        }
        let path = env::path(text, folder, self.env);
        path.map_err(|wrong| self.unexpanded(node, &wrong)).ok()
    }

    /// Refuses a variable that holds a secret: paths and addresses are shown, and kept in run folders.
    fn holds_a_secret(&mut self, node: &Node, text: &str) -> bool {
        let Some(secret) = env::secret_in(text, self.env) else { return false };
        let message = format!(
            "`{}` holds a secret, and a path or address is shown to people and kept",
            &text[secret.clone()]
        );
        let help = "secrets are given as `token: { env: NAME }` or `passphrase: { env: NAME }`; for a path, use another variable";
        self.report.error(node.part(&secret), message).help(help);
        true
    }

    /// A text with its variables filled in. Variables that cannot be filled in are reported.
    fn expanded(&mut self, node: &Node) -> Option<String> {
        env::expand(node.text()?, self.env).map_err(|wrong| self.unexpanded(node, &wrong)).ok()
    }

    fn unexpanded(&mut self, node: &Node, wrong: &[Unexpanded]) {
        for one in wrong {
            self.report.error(node.part(&one.range), one.message.clone()).help(one.help.clone());
        }
    }

    /// Reads the CSV that `node` names and hands it to `then`, which reports into that file. It is a part of the job.
    fn csv<T>(&mut self, node: &Node, then: impl FnOnce(&Csv, &mut Report) -> T) -> Option<T> {
        let (path, sha256, read) = self.sheet(node, then)?;
        let written = node.text().unwrap_or_default().to_owned();
        self.files.push(NamedFile { written, path, sha256 });
        Some(read)
    }

    /// The same for a CSV of accounts, which is not part of the job: the sources of tokens may change.
    fn roster<T>(&mut self, node: &Node, then: impl FnOnce(&Csv, &mut Report) -> T) -> Option<T> {
        self.sheet(node, then).map(|(.., read)| read)
    }

    fn sheet<T>(
        &mut self,
        node: &Node,
        then: impl FnOnce(&Csv, &mut Report) -> T,
    ) -> Option<(PathBuf, Fingerprint, T)> {
        let path = self.path(node)?;
        // A path with a variable in it is shown as it was written: the value may be a secret.
        let shown = match node.text() {
            Some(text) if text.contains("${") => text.to_owned(),
            _ => tidy(path.strip_prefix(&self.env.folder).unwrap_or(&path)).display().to_string(),
        };
        let bytes = match regular::read(&path, SHEET_LIMIT as u64 + 1) {
            Ok(bytes) => bytes,
            Err(error) => {
                let why = regular::why(&error);
                let message = format!("cannot read {shown}: {why}");
                let missing = error.kind() == std::io::ErrorKind::NotFound;
                let help =
                    missing.then(|| format!("a relative path begins at the {} file's folder", self.whose));
                self.report.error(node.span, message).maybe_help(help);
                return None;
            }
        };
        self.report.begin_file(&shown, String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}'));
        let before = self.report.errors();
        let read = decode(&bytes, SHEET_LIMIT, &mut self.report).map(|text| {
            let csv = Csv::read(text, &mut self.report);
            then(&csv, &mut self.report)
        });
        let sound = self.report.errors() == before;
        self.report.end_file();
        read.filter(|_| sound).map(|read| (path, Fingerprint::of(&bytes), read))
    }
}

/// A path without `.` and without `..` where a folder's name stands before it; for showing only.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}
