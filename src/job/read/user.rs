//! The file of the user's accounts.

use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;

use super::Reader;
use crate::job::check::check;
use crate::job::env::Env;
use crate::job::problem::{Problems, Report};
use crate::job::spec::Type;
use crate::job::text_file::decode;
use crate::job::tree::Node;
use crate::job::user::{UserAccounts, path};
use crate::job::{Rate, keys, yaml};
use crate::model::time::Clock;

/// More than any such file may have.
const FILE_LIMIT: usize = 1 << 20;

/// Reads the file; `None` if it does not exist.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn read_user_accounts(env: &Env, clock: &Clock) -> Result<Option<UserAccounts>, Problems> {
    read_with(env, clock.now(), Rate::default())
}

/// The same; accounts without a rate of their own get this one.
pub(super) fn read_with(env: &Env, now: Timestamp, rate: Rate) -> Result<Option<UserAccounts>, Problems> {
    use std::io::Read as _;

    let Some(path) = path(env) else { return Ok(None) };
    let mut bytes = Vec::new();
    // One byte more shows that it is too long; cut off in silence, it would lose accounts.
    let read =
        std::fs::File::open(&path).and_then(|file| file.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => user_accounts(&path, &bytes, env, now, rate).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problems::unreadable(
            &path.display().to_string(),
            &error,
            "a file of accounts",
            "`transship accounts add` writes it",
        )),
    }
}

/// Makes sure that a text is a file of accounts before it is written in place of another.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn check_user_accounts(
    path: &Path,
    text: &str,
    env: &Env,
    clock: &Clock,
) -> Result<UserAccounts, Problems> {
    user_accounts(path, text.as_bytes(), env, clock.now(), Rate::default())
}

/// Reads the file of the user's accounts; those without a rate of their own get `otherwise`.
fn user_accounts(
    path: &Path,
    bytes: &[u8],
    env: &Env,
    now: Timestamp,
    otherwise: Rate,
) -> Result<UserAccounts, Problems> {
    let name = path.display().to_string();
    let mut report = Report::new(&name, &String::from_utf8_lossy(bytes));
    let Some(text) = decode(bytes, FILE_LIMIT, &mut report) else { return Err(report.finish()) };
    let mut report = Report::new(&name, text);
    let root = yaml::parse_or(text, "`transship accounts add` writes one", &mut report);
    let folder = path.parent().unwrap_or(path).to_owned();
    let mut reader = Reader { otherwise, ..Reader::new(report, env, folder, now) };
    let (mut found, mut store) = ((Vec::new(), Vec::new()), None);
    if let Some(root) = root {
        check(&root, &Type::Table(&keys::ACCOUNTS_FILE), "the accounts file", &mut reader.report);
        root.get("version");
        found.0 = reader.accounts(&root, otherwise);
        let after = root.entries().iter().map(|entry| entry.at.start);
        found.1 = places(text, root.get("accounts"), after);
        store = root.get("store").and_then(|node| reader.store(node, "store"));
    }
    reader.refuse_tokens(text, None);
    if reader.report.errors() > 0 {
        return Err(reader.report.finish());
    }
    let (path, text) = (path.to_owned(), text.to_owned());
    Ok(UserAccounts { path, accounts: found.0, store, text, places: found.1 })
}

/// Where the lines of each entry stand: from its key to the next one's, or to the end of the mapping. `keys` is where
/// the keys of the file itself stand.
fn places(text: &str, accounts: Option<&Node>, keys: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let starts: Vec<usize> = accounts
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| line_start(entry.at.start))
        .collect();
    let last = starts.last().copied().unwrap_or_default();
    let end = keys.map(line_start).filter(|key| *key > last).min().unwrap_or(text.len());
    let ends = starts.iter().skip(1).copied().chain([end]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
