//! The operation of an item, its outcome, and the verdict of its comparison.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every value, in the order in which they are reported.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The pinned word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What is done in the target for an item (pinned: plan, journal).
    Operation {
        /// POST a new import.
        Create = "create",
        /// POST to the service's own clone of the source, then PUT what a clone cannot say.
        Clone = "clone",
        /// PUT the whole document over the import that is there.
        Update = "update",
        /// DELETE the import; it goes to the recycle bin.
        Delete = "delete",
        /// Bring a deleted import back from the recycle bin, else create it again.
        Restore = "restore",
        /// Keep the import in an archive; nothing is sent to the account.
        Archive = "archive",
        /// No call is sent to the service.
        None = "none",
    }
}

impl Operation {
    /// How an item ends for which it was done.
    pub fn done(self) -> Outcome {
        match self {
            Self::Create => Outcome::Created,
            Self::Clone => Outcome::Cloned,
            Self::Update => Outcome::Updated,
            Self::Delete => Outcome::Deleted,
            Self::Restore => Outcome::Restored,
            Self::Archive => Outcome::Archived,
            Self::None => Outcome::Unprocessed,
        }
    }

    /// Whether sending it twice could leave two imports where one was wanted.
    pub fn makes_an_import(self) -> bool {
        matches!(self, Self::Create | Self::Clone | Self::Restore)
    }

    /// Whether it changes or removes an import that is already there.
    pub fn touches_an_import(self) -> bool {
        matches!(self, Self::Update | Self::Delete)
    }
}

words! {
    /// The one word an item ends with (pinned: audit, summary).
    Outcome {
        /// A new import stands in the target.
        Created = "created",
        /// A clone of the source stands in the target.
        Cloned = "cloned",
        /// An import in the target was overwritten.
        Updated = "updated",
        /// The target already held it; nothing was sent.
        Unchanged = "unchanged",
        /// The import was removed.
        Deleted = "deleted",
        /// The import is in the archive.
        Archived = "archived",
        /// The import was put back.
        Restored = "restored",
        /// Left alone on purpose, with the reason.
        Skipped = "skipped",
        /// A person has to decide; nothing was sent.
        Conflict = "conflict",
        /// Somebody changed it since it was planned; nothing was sent.
        Stale = "stale",
        /// It could not be done.
        Failed = "failed",
        /// The run ended before its turn.
        Unprocessed = "unprocessed",
    }
}

impl Outcome {
    /// Whether an item that ended so makes the run end with exit code 3.
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::Failed | Self::Conflict | Self::Stale)
    }

    /// Whether something was changed in the target.
    pub fn wrote(self) -> bool {
        matches!(self, Self::Created | Self::Cloned | Self::Updated | Self::Deleted | Self::Restored)
    }
}
