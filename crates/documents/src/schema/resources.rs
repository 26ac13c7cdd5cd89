//! The kinds of resources that an import refers to.

/// A kind of resource an import can refer to, named as its list is (`GET /v1/<word>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Connections,
    Integrations,
    Scripts,
    Stacks,
    FileDefinitions,
    LookupCaches,
    AsyncHelpers,
    Tools,
    EdiProfiles,
    Exports,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Connections,
        Self::Integrations,
        Self::Scripts,
        Self::Stacks,
        Self::FileDefinitions,
        Self::LookupCaches,
        Self::AsyncHelpers,
        Self::Tools,
        Self::EdiProfiles,
        Self::Exports,
    ];

    /// The kinds of which one that is missing can be created: they hold no secrets.
    pub const CREATABLE: &'static [Self] =
        &[Self::Scripts, Self::FileDefinitions, Self::LookupCaches, Self::AsyncHelpers];

    /// The name of the list, as in the URL and in the job file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Integrations => "integrations",
            Self::Scripts => "scripts",
            Self::Stacks => "stacks",
            Self::FileDefinitions => "filedefinitions",
            Self::LookupCaches => "lookupcaches",
            Self::AsyncHelpers => "asynchelpers",
            Self::Tools => "tools",
            Self::EdiProfiles => "ediprofiles",
            Self::Exports => "exports",
        }
    }

    /// The word for one of them in a sentence.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Connections => "connection",
            Self::Integrations => "integration",
            Self::Scripts => "script",
            Self::Stacks => "stack",
            Self::FileDefinitions => "file definition",
            Self::LookupCaches => "lookup cache",
            Self::AsyncHelpers => "async helper",
            Self::Tools => "tool",
            Self::EdiProfiles => "EDI profile",
            Self::Exports => "export",
        }
    }

    /// The kind of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}
