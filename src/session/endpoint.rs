//! The ends of a job: what it names as source or target, opened.

use std::sync::Arc;

use crate::archive::Snapshot;
use crate::emulator::Embedded;
use crate::inventory::endpoint::Account;
use crate::inventory::related::Backups;
use crate::job::ImportFiles;

/// One end of a job, opened.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// An account of the service.
    Service(Account),
    /// An account of the embedded emulator, which runs as long as this value exists.
    Emulator {
        /// The account as the job describes it.
        account: Account,
        /// The emulator that serves it.
        emulator: Arc<Embedded>,
    },
    /// A snapshot of an archive, read as if it were an account.
    Snapshot {
        /// The snapshot as an account.
        account: Account,
        /// The snapshot that is read.
        snapshot: Box<Snapshot>,
    },
    /// A folder of import files, read as if it were an account.
    Files {
        /// The folder as an account.
        account: Account,
        /// The files that are read.
        files: Arc<ImportFiles>,
        /// Why they may not be all the imports of the account that was exported.
        incomplete: Option<String>,
    },
    /// The archive that a backup goes to.
    BackupTarget {
        /// The archive by name.
        account: Account,
        /// The archive itself; `None` if only a plan is made and there is no archive yet.
        backups: Option<Box<Backups>>,
    },
    /// A source that a resumed run has read already and does not need again.
    Closed(Account),
}

impl Endpoint {
    /// Its facts and calls.
    pub fn account(&self) -> &Account {
        match self {
            Self::Service(account)
            | Self::Emulator { account, .. }
            | Self::Snapshot { account, .. }
            | Self::Files { account, .. }
            | Self::BackupTarget { account, .. }
            | Self::Closed(account) => account,
        }
    }

    /// The archive of a backup.
    pub fn backups(&self) -> Option<&Backups> {
        match self {
            Self::BackupTarget { backups, .. } => backups.as_deref(),
            _ => None,
        }
    }

    /// The files of a folder.
    pub fn files(&self) -> Option<&ImportFiles> {
        match self {
            Self::Files { files, .. } => Some(files),
            _ => None,
        }
    }

    /// Whether writing here changes an account of the service.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Service(_))
    }
}

/// The purpose for which the ends are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Only reading: nothing can be written to the service, and no archive is created.
    Reading,
    /// Carrying out a plan.
    Writing,
}
/// Whether both ends belong to one account, one of them being its backup: what is restored may still be in the
/// recycle bin, and imports are matched by id.
pub(super) fn goes_home(source: &Endpoint, target: &Endpoint) -> bool {
    let (snapshot, account) = match (source, target) {
        (Endpoint::Snapshot { snapshot, .. }, other) | (other, Endpoint::Snapshot { snapshot, .. }) => {
            (snapshot, &other.account().facts)
        }
        _ => return false,
    };
    let of = &snapshot.account;
    match &account.user {
        Some(user) if !of.user.is_empty() => *user == of.user,
        _ => of.origin == account.origin,
    }
}
