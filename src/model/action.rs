//! What is done with the imports of a job: the words of the job file, and the words in plans and runs on disk.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done with the selected imports (pinned).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the job file")]
pub enum Action {
    Migrate,
    Clone,
    Update,
    Delete,
    Backup,
    Restore,
    Compare,
    Apply,
    /// Not in a job file: `undo` writes it into the run that it makes.
    Undo,
}

impl Action {
    /// The actions of a job file, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Migrate,
        Self::Clone,
        Self::Update,
        Self::Delete,
        Self::Backup,
        Self::Restore,
        Self::Compare,
        Self::Apply,
    ];

    /// The word of the job file and the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Clone => "clone",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Compare => "compare",
            Self::Apply => "apply",
            Self::Undo => "undo",
        }
    }

    /// The action with this name in a job file; `None` for `undo`.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// The action of a plan or a run on disk, which another version of the program may have written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum RecordedAction {
    /// An action that this version knows.
    Known(Action),
    /// A word that this version does not know. Such a run can be read and reported.
    Other(String),
}

impl RecordedAction {
    /// The word on disk.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(action) => action.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The action, if this version knows it.
    pub fn known(&self) -> Option<Action> {
        match self {
            Self::Known(action) => Some(*action),
            Self::Other(_) => None,
        }
    }
}

/// No action: for something that has no run yet.
impl Default for RecordedAction {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<Action> for RecordedAction {
    fn from(action: Action) -> Self {
        Self::Known(action)
    }
}

impl From<String> for RecordedAction {
    fn from(word: String) -> Self {
        match Action::of(&word) {
            Some(action) => Self::Known(action),
            None if word == Action::Undo.as_str() => Self::Known(Action::Undo),
            None => Self::Other(word),
        }
    }
}

impl From<RecordedAction> for String {
    fn from(action: RecordedAction) -> Self {
        match action {
            RecordedAction::Known(action) => action.as_str().to_owned(),
            RecordedAction::Other(word) => word,
        }
    }
}

impl PartialEq<Action> for RecordedAction {
    fn eq(&self, other: &Action) -> bool {
        self.known() == Some(*other)
    }
}

impl fmt::Display for RecordedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_on_disk_keeps_its_word_also_where_this_version_does_not_know_it() {
        for (json, action) in [
            ("\"migrate\"", RecordedAction::Known(Action::Migrate)),
            ("\"undo\"", RecordedAction::Known(Action::Undo)),
            ("\"merge\"", RecordedAction::Other("merge".to_owned())),
            ("\"\"", RecordedAction::default()),
        ] {
            assert_eq!(serde_json::from_str::<RecordedAction>(json).unwrap(), action);
            assert_eq!(serde_json::to_string(&action).unwrap(), json);
        }
    }
}
