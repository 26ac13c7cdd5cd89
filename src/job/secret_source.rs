//! Where secrets come from; never a secret itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a token comes from; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The value of an environment variable, by its name.
    Env(String),
    /// A file; the first line.
    File(PathBuf),
    /// A command and its arguments; the first line it prints.
    Command(Vec<String>),
    /// An entry of the system's keyring.
    Keyring(String),
}

/// Where the key of an encrypted archive comes from; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The passphrase of an archive.
    Passphrase(TokenSource),
    /// A file with an age key.
    File(PathBuf),
}
