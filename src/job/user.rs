//! The accounts of the user, outside every job: `~/.config/transship/accounts.yaml`.
//!
//! Jobs name them as they name their own; an account of the job comes first. The file holds where tokens are, never a token.

use std::ops::Range;
use std::path::PathBuf;

use super::Account;
use super::env::Env;
use crate::model::id::is_name_char;

/// What a file begins with.
const START: &str = "# Accounts for every job: where they are and where their tokens are found. Never a token itself.\nversion: 1\n";

/// The accounts of the user, as their file holds them.
#[derive(Debug)]
pub struct UserAccounts {
    /// The file that the accounts were read from.
    pub path: PathBuf,
    /// The accounts, in the order written.
    pub accounts: Vec<Account>,
    /// The key `store`: where fleets and the leases of accounts are.
    pub store: Option<String>,
    pub(super) text: String,
    /// Where each account stands in the text, in the same order.
    pub(super) places: Vec<Range<usize>>,
}

/// Where the file is: `TRANSSHIP_ACCOUNTS`, else `transship/accounts.yaml` below `XDG_CONFIG_HOME` or `~/.config`. `None`
/// without a home folder.
pub fn path(env: &Env) -> Option<PathBuf> {
    if let Some(path) = env.get("TRANSSHIP_ACCOUNTS").filter(|path| !path.is_empty()) {
        return Some(env.folder.join(path));
    }
    let config = env.get("XDG_CONFIG_HOME").filter(|path| path.starts_with('/')).map(PathBuf::from);
    let config = config.or_else(|| env.home.as_ref().map(|home| home.join(".config")))?;
    Some(config.join("transship").join("accounts.yaml"))
}

/// The text of a file with one account more; `entry` is its value as YAML on one line.
pub fn with(known: Option<&UserAccounts>, name: &str, entry: &str) -> String {
    let mut text = known.map_or_else(String::new, |known| known.text.clone());
    if text.trim().is_empty() {
        text.clear();
        text.push_str(START);
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let line = format!("  {}: {entry}\n", key(name));
    match known.and_then(|known| known.places.last()) {
        // Other keys may come after the accounts.
        Some(last) => text.insert_str(last.end.min(text.len()), &line),
        None => text.push_str(&format!("accounts:\n{line}")),
    }
    text
}

/// A name as the key of a mapping; one that YAML could take for something else is quoted.
pub(super) fn key(name: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(is_name_char)
        && !WORDS.contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// The text of the file without an account; `None` if it has none of that name.
pub fn without(known: &UserAccounts, name: &str) -> Option<String> {
    let at = known.accounts.iter().position(|account| account.name == name)?;
    let place = known.places.get(at)?.clone();
    let mut text = known.text.clone();
    text.replace_range(place, "");
    if known.accounts.len() == 1 {
        // A key that holds nothing would be a mistake.
        text = text.replace("\naccounts:\n", "\n");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::job::{AccountPlace, check_user_accounts};
    use crate::model::time::Clock;

    fn env() -> Env {
        Env { variables: [].into(), home: Some("/home/me".into()), folder: "/cwd".into() }
    }

    fn parsed(text: &str) -> UserAccounts {
        let path = Path::new("/home/me/.config/transship/accounts.yaml");
        check_user_accounts(path, text, &env(), &Clock::system()).unwrap()
    }

    #[test]
    fn accounts_are_added_and_removed_and_comments_stay() {
        let text = with(None, "us", "{ region: us, token: { env: TOKEN_US } }");
        let text = with(Some(&parsed(&text)), "no", "{ emulator: demo-a }");
        let known = parsed(&text);
        let names: Vec<_> = known.accounts.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["us", "no"]);
        assert_eq!(known.accounts[1].place, AccountPlace::Emulator { name: "demo-a".into() });
        let text = without(&known, "us").unwrap();
        assert!(text.starts_with("# Accounts for every job") && !text.contains("TOKEN_US"), "{text}");
        assert_eq!(without(&known, "nobody"), None);
        let shared = parsed(&format!("{text}store: shared\n"));
        assert_eq!(shared.store.as_deref(), Some("/home/me/.config/transship/shared"));
        let more = parsed(&with(Some(&shared), "eu", "{ emulator: demo-b }"));
        assert_eq!((more.accounts.len(), more.store.is_some()), (2, true));
        assert!(parsed(&without(&more, "eu").unwrap()).store.is_some());
        let text = without(&parsed(&text), "no").unwrap();
        assert!(parsed(&text).accounts.is_empty(), "{text}");
        let text = with(Some(&parsed(&text)), "eu", "{ region: eu, token: { file: ~/t } }");
        assert_eq!(parsed(&text).accounts.len(), 1, "{text}");
    }

    #[test]
    fn the_file_is_where_the_environment_says() {
        let at = |variables: &[(&str, &str)], home: Option<&str>| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            path(&Env {
                variables: variables.collect(),
                home: home.map(PathBuf::from),
                folder: "/cwd".into(),
            })
        };
        assert_eq!(at(&[], Some("/home/me")), Some("/home/me/.config/transship/accounts.yaml".into()));
        assert_eq!(at(&[("XDG_CONFIG_HOME", "/c")], None), Some("/c/transship/accounts.yaml".into()));
        assert_eq!(at(&[("XDG_CONFIG_HOME", "c")], None), None);
        assert_eq!(at(&[("TRANSSHIP_ACCOUNTS", "a.yaml")], None), Some("/cwd/a.yaml".into()));
    }
}
