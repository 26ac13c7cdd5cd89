//! What a step says of a document: what to look at, and why it was not changed.

/// What a person should look at after a step.
pub type Warnings = Vec<String>;

/// Why a step did not change a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The import has nothing that the step could change.
    #[error("{0}")]
    NotApplicable(String),
    /// It should have been changed and could not be.
    #[error("{0}")]
    Failed(String),
}

impl StepError {
    /// An import without what the step changes.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::NotApplicable(reason.into())
    }

    /// A change that cannot be made.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }
}
