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

            /// The pinned word of the value.
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
        /// POST to the service's own clone of the source, then PUT the changes that a clone cannot make.
        Clone = "clone",
        /// PUT the whole document over the existing import.
        Update = "update",
        /// DELETE the import; it goes to the recycle bin.
        Delete = "delete",
        /// Restore a deleted import from the recycle bin, else create it again.
        Restore = "restore",
        /// Keep the import in an archive; nothing is sent to the account.
        Archive = "archive",
        /// No call is sent to the service.
        None = "none",
    }
}

impl Operation {
    /// The outcome of an item for which the operation succeeded.
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

    /// Whether sending it twice could leave two imports instead of one.
    pub fn makes_an_import(self) -> bool {
        matches!(self, Self::Create | Self::Clone | Self::Restore)
    }

    /// Whether it changes or removes an existing import.
    pub fn touches_an_import(self) -> bool {
        matches!(self, Self::Update | Self::Delete)
    }
}

words! {
    /// The one word an item ends with (pinned: audit, summary).
    Outcome {
        /// A new import exists in the target.
        Created = "created",
        /// A clone of the source exists in the target.
        Cloned = "cloned",
        /// An import in the target was overwritten.
        Updated = "updated",
        /// The target already had the same import; nothing was sent.
        Unchanged = "unchanged",
        /// The import was removed.
        Deleted = "deleted",
        /// The import is in the archive.
        Archived = "archived",
        /// The import was restored.
        Restored = "restored",
        /// Skipped on purpose, with the reason.
        Skipped = "skipped",
        /// A person has to decide; nothing was sent.
        Conflict = "conflict",
        /// It was changed after it was planned; nothing was sent.
        Stale = "stale",
        /// It could not be done.
        Failed = "failed",
        /// The run ended before this item's turn.
        Unprocessed = "unprocessed",
    }
}

impl Outcome {
    /// Whether an item with this outcome makes the run end with exit code 3.
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::Failed | Self::Conflict | Self::Stale)
    }

    /// Whether the target was changed.
    pub fn wrote(self) -> bool {
        matches!(self, Self::Created | Self::Cloned | Self::Updated | Self::Deleted | Self::Restored)
    }
}
