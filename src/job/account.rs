//! Where an account is and how its token is found.

use std::path::PathBuf;

/// One entry of `accounts`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Its name in the job.
    pub name: String,
    /// Where it is.
    pub place: AccountPlace,
    /// Its budget.
    pub rate: Rate,
}

/// Where an account is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPlace {
    /// A server: scheme, host and port, and where its token comes from.
    Service {
        /// The origin, `https` but for loopback.
        origin: url::Url,
        /// The token.
        token: TokenSource,
    },
    /// An account of the embedded emulator.
    Emulator {
        /// Its name there.
        name: String,
    },
}

/// Where a token comes from; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// An environment variable.
    Env(String),
    /// A file; the first line.
    File(PathBuf),
    /// A command and its arguments; the first line it prints.
    Command(Vec<String>),
    /// An entry of the system's keyring.
    Keyring(String),
}

/// `rate`: the budget of calls.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    /// Calls a second.
    pub per_second: f64,
    /// Calls at once after a pause.
    pub burst: u32,
    /// The share of `per_second` this run may take, above 0 and up to 1.
    pub share: f64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 300.0, burst: 1000, share: 0.9 }
    }
}
