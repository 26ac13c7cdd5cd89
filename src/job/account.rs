//! Where an account is and where its token comes from.

use std::path::PathBuf;

use super::files::FilesRead;
use super::secret_source::{KeySource, TokenSource};

/// One entry of `accounts`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Its name in the job.
    pub name: String,
    /// Where the account is, and how it is opened.
    pub place: AccountPlace,
    /// How many calls may be made in which time.
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
        /// Where the token comes from.
        token: TokenSource,
    },
    /// An account of the embedded emulator.
    Emulator {
        /// The name of the account in the emulator.
        name: String,
    },
    /// A folder with one file for each import, as `archive export` writes it: the source of an apply.
    Folder {
        /// The absolute path of the folder.
        path: PathBuf,
        /// Its files, where they were read with the job. A plan does not keep them.
        #[serde(skip)]
        read: FilesRead,
    },
    /// An archive: what an account held when it was backed up, or where a backup goes.
    Archive {
        /// A folder, or the address of an object store.
        place: String,
        /// The account whose backups are read.
        of: String,
        /// Where the job says that this account is, as [`Self::origin`] has it; `None` where it does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of_origin: Option<String>,
        /// Which snapshot; `None` for the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<String>,
        /// What opens it, if it is encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<KeySource>,
    },
}

impl AccountPlace {
    /// Whether it is an archive, and not an account that can be called.
    pub fn is_archive(&self) -> bool {
        matches!(self, Self::Archive { .. })
    }

    /// Scheme, host and port of an account that can be called; `emulator:NAME` for one of the embedded emulator.
    pub fn origin(&self) -> Option<String> {
        match self {
            Self::Service { origin, .. } => Some(origin.as_str().trim_end_matches('/').to_owned()),
            Self::Emulator { name } => Some(format!("emulator:{name}")),
            Self::Folder { .. } | Self::Archive { .. } => None,
        }
    }
}

/// `rate`: the budget of calls.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    /// Calls a second that the service allows, above 0. Default 300.
    pub per_second: f64,
    /// Calls at once that the service allows after a pause. Default 1,000.
    pub burst: u32,
    /// The share of `per_second` this run may take, above 0 and up to 1. Default 0.9.
    pub share: f64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 300.0, burst: 1000, share: 0.9 }
    }
}
