//! `accounts`, `source`, `target`, `rate`.

use std::path::Path;

use url::{Host, Url};

use super::{Reader, user};
use crate::job::account::{Account, AccountPlace, Rate};
use crate::job::check::meant;
use crate::job::env::{self, Env, nearest};
use crate::job::keys::{ACCOUNT, REGIONS};
use crate::job::secret_source::TokenSource;
use crate::job::tree::Node;

/// The origin of a region.
fn region(word: &str) -> Option<Url> {
    REGIONS.iter().find(|region| region.word == word).and_then(|region| Url::parse(region.doc).ok())
}

impl Reader<'_> {
    /// Every account, in the order written.
    pub(super) fn accounts(&mut self, root: &Node, rate: Rate) -> Vec<Account> {
        let Some(accounts) = root.get("accounts") else { return Vec::new() };
        let mut read = Vec::new();
        for entry in accounts.entries() {
            entry.read.set(true);
            let rate = self.rate(entry.node.get("rate"), rate);
            if let Some(place) = self.place(&entry.node, &entry.key) {
                read.push(Account { name: entry.key.clone(), place, rate });
            }
        }
        read
    }

    fn place(&mut self, node: &Node, name: &str) -> Option<AccountPlace> {
        if let Some(emulator) = node.get("emulator") {
            if let Some(token) = node.entry("token") {
                let message = format!("the account `{name}` is an emulator, which needs no token");
                self.report.error(token.at, message).help("take the token out");
            }
            return Some(AccountPlace::Emulator { name: emulator.text()?.to_owned() });
        }
        let origin = match (node.get("region"), node.get("url")) {
            (Some(word), None) => word.text().and_then(region),
            (None, Some(url)) => self.origin(url),
            _ => return None,
        };
        let Some(token) = node.get("token") else {
            if meant(node.entries(), &ACCOUNT).contains(&"token") {
                return None;
            }
            let message = format!("the account `{name}` has no token");
            let help = "say where it is: `token: { env: NAME }`, `{ file: PATH }`, `{ command: [..] }` or `{ keyring: NAME }`";
            self.report.error(node.span, message).help(help);
            return None;
        };
        let token = self.token(token)?;
        Some(AccountPlace::Service { origin: origin?, token })
    }

    pub(super) fn token(&mut self, node: &Node) -> Option<TokenSource> {
        let [entry] = node.entries() else { return None };
        entry.read.set(true);
        let value = &entry.node;
        match entry.key.as_str() {
            "env" => Some(TokenSource::Env(value.text()?.to_owned())),
            "file" => self.path(value).map(TokenSource::File),
            "keyring" => Some(TokenSource::Keyring(value.text()?.to_owned())),
            "command" => {
                let words: Option<Vec<_>> =
                    value.items().iter().map(|item| item.text().map(str::to_owned)).collect();
                words.filter(|words| !words.is_empty()).map(TokenSource::Command)
            }
            _ => None,
        }
    }

    fn origin(&mut self, node: &Node) -> Option<Url> {
        let url = self.address(node, "url")?;
        if let Err((message, help)) = is_origin(&url) {
            self.report.error(node.span, message).help(help);
            return None;
        }
        Some(url)
    }

    /// An address that is called when a run is over: https, but for loopback.
    pub(super) fn ping(&mut self, node: &Node) -> Option<Url> {
        let url = self.address(node, "notify")?;
        if !url.username().is_empty() || url.password().is_some() {
            let help = "leave them out, or put the whole address into a variable: `${NOTIFY_URL}`";
            if !node.text().is_some_and(|text| text.trim_start().starts_with("${")) {
                self.report.error(node.span, "an address in `notify` holds a user or password").help(help);
                return None;
            }
        }
        if url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url) {
            return Some(url);
        }
        let help = "such an address is a secret of its own; `http://` is for this machine's own addresses";
        self.report.error(node.span, "an address in `notify` must begin with `https://`").help(help);
        None
    }

    fn address(&mut self, node: &Node, key: &str) -> Option<Url> {
        if key == "url" && self.holds_a_secret(node, node.text()?) {
            return None;
        }
        let text = self.expanded(node)?;
        // The value may come from a variable, so it is never repeated in a message.
        match Url::parse(text.trim()) {
            Ok(url) => Some(url),
            Err(error) => {
                let why = match error {
                    url::ParseError::RelativeUrlWithoutBase => "it does not begin with `https://`".to_owned(),
                    error => error.to_string(),
                };
                let message = format!("`{key}` is not an address: {why}");
                self.report.error(node.span, message).help("write e.g. `https://api.integrator.io`");
                None
            }
        }
    }

    /// The account that `source` or `target` names.
    pub(super) fn account(&mut self, root: &Node, key: &str, accounts: &[Account]) -> Option<Account> {
        let Some(node) = root.get(key) else {
            // A job may leave the account out that each row of a CSV stands for.
            return self.stand_in.as_ref().filter(|row| row.role == key).map(|row| row.account.clone());
        };
        self.account_named(node, key, root, accounts)
    }

    /// The account that a text under `key` names.
    pub(super) fn account_named(
        &mut self,
        node: &Node,
        key: &str,
        root: &Node,
        accounts: &[Account],
    ) -> Option<Account> {
        let name = node.text()?;
        if let Some(account) = self.standing_for(name) {
            return Some(account.clone());
        }
        let known: Vec<&str> = root
            .get("accounts")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|e| e.key.as_str())
            .collect();
        // If `accounts` itself is mistyped, that is reported.
        if self.meant.contains(&"accounts") && !root.has("accounts") {
            return None;
        }
        if !known.contains(&name) {
            if let Some(account) = self.users().iter().find(|account| account.name == name) {
                return Some(account.clone());
            }
            let known: Vec<String> = known
                .iter()
                .map(|name| (*name).to_owned())
                .chain(self.users().iter().map(|account| account.name.clone()))
                .collect();
            let help = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => {
                    "add it under `accounts`, or with `transship accounts add`".to_owned()
                }
                None => format!("`accounts` holds {}", known.join(", ")),
            };
            self.report
                .error(node.span, format!("`{key}` names the account `{name}`, which is not there"))
                .help(help);
        }
        accounts.iter().find(|account| account.name == name).cloned()
    }

    /// The accounts of the user's file. What is wrong with the file is reported once, when one of them is asked for.
    pub(super) fn users(&mut self) -> &[Account] {
        if self.user.is_none() {
            let read = user::read_with(self.env, self.now, self.otherwise);
            let accounts = match read {
                Ok(found) => found.map(|found| found.accounts).unwrap_or_default(),
                Err(problems) => {
                    for problem in problems.located() {
                        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
                        self.report.error(None, format!("{}{line}: {}", problem.file, problem.message));
                    }
                    Vec::new()
                }
            };
            self.user = Some(accounts);
        }
        self.user.as_deref().unwrap_or_default()
    }

    /// `rate`, over what holds without it.
    pub(super) fn rate(&mut self, node: Option<&Node>, otherwise: Rate) -> Rate {
        let Some(node) = node else { return otherwise };
        let burst = node.get("burst").and_then(Node::whole).and_then(|number| u32::try_from(number).ok());
        let rate = Rate {
            per_second: node.get("per_second").and_then(Node::number).unwrap_or(otherwise.per_second),
            burst: burst.unwrap_or(otherwise.burst),
            share: node.get("share").and_then(Node::number).unwrap_or(otherwise.share),
        };
        let least = (rate.per_second / 100.0).ceil();
        if f64::from(rate.burst) < least && rate.burst > 0 {
            let at = node.get("burst").or(node.get("per_second")).map_or(node.span, |node| node.span);
            let message = format!(
                "a burst of {} is less than 10 ms of calls at {} a second",
                rate.burst, rate.per_second
            );
            self.report.error(at, message).help(format!("write a burst of at least {least}"));
        }
        rate
    }
}

/// Whether the address is one of this machine's own.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the address is scheme and host and nothing more, and safe to send a token to; else what is wrong, and what
/// to do.
fn is_origin(url: &Url) -> Result<(), (&'static str, &'static str)> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        let help = "a token is never sent in the clear; `http://` is for this machine's own addresses";
        Err(("`url` must begin with `https://`", help))
    } else if url.host().is_none() {
        Err(("`url` names no host", "write e.g. `https://api.integrator.io`"))
    } else if !url.username().is_empty() || url.password().is_some() {
        Err(("`url` holds a user or password", "take it out; the token is given as `token:`"))
    } else if url.query().is_some() || url.fragment().is_some() {
        Err(("`url` holds a query or fragment", "write scheme and host only"))
    } else if !matches!(url.path(), "" | "/") {
        Err(("`url` holds a path", "write scheme and host only; `/v1` is added by transship"))
    } else {
        Ok(())
    }
}

/// What is wrong with a row of accounts, to be said behind its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AccountRowError {
    #[error("is an emulator, which needs nothing else")]
    MoreThanEmulator,
    #[error("does not say where it is")]
    Nowhere,
    #[error("has a region that is not us, eu, au or ca")]
    Region,
    #[error("has a url that is not an address: {0}")]
    Url(#[from] url::ParseError),
    #[error("is wrong: {0}")]
    Origin(&'static str),
    #[error("has both a region and a url")]
    RegionAndUrl,
    #[error("has no token")]
    NoToken,
    #[error("has a token_file that cannot be found")]
    TokenFile,
    #[error("has a token_env that is not the name of an environment variable")]
    TokenEnv,
    #[error("has both a token_env and a token_file")]
    TwoTokens,
}

/// The account of a row `region, url, emulator, token_env, token_file`, empty cells left out.
pub(super) fn of_cells(cells: [&str; 5], folder: &Path, env: &Env) -> Result<AccountPlace, AccountRowError> {
    let [region_word, url, emulator, variable, file] = cells;
    if !emulator.is_empty() {
        let alone = cells.iter().filter(|cell| !cell.is_empty()).count() == 1;
        let place = AccountPlace::Emulator { name: emulator.to_owned() };
        return if alone { Ok(place) } else { Err(AccountRowError::MoreThanEmulator) };
    }
    let origin = match (region_word, url) {
        ("", "") => return Err(AccountRowError::Nowhere),
        (word, "") => region(word).ok_or(AccountRowError::Region)?,
        ("", url) => {
            let url = Url::parse(url)?;
            is_origin(&url).map_err(|(message, _)| AccountRowError::Origin(message))?;
            url
        }
        _ => return Err(AccountRowError::RegionAndUrl),
    };
    let token = match (variable, file) {
        ("", "") => return Err(AccountRowError::NoToken),
        (name, "") if env::is_variable(name) => TokenSource::Env(name.to_owned()),
        ("", file) => {
            let path = env::path(file, folder, env).map_err(|_| AccountRowError::TokenFile)?;
            TokenSource::File(path)
        }
        (_, "") => return Err(AccountRowError::TokenEnv),
        _ => return Err(AccountRowError::TwoTokens),
    };
    Ok(AccountPlace::Service { origin, token })
}
