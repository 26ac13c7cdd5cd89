//! The steps of a job as data; [`Program`](super::Program) walks over them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::mapping_edit::{LookupEdit, MappingEdit};
use super::selector::SelectorSpec;
use super::upgrade::Untyped;

/// One line of `transform:`, as the user wrote it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `rename: { find, replace }`: the name, by regular expression; `$1` in `replace` is a group.
    Rename {
        /// A regular expression.
        find: String,
        /// What stands in its place.
        replace: String,
    },
    /// `name: "…"`: the name, by template.
    Name {
        /// A template over [`Facts`].
        template: String,
    },
    /// `set: { /pointer: value }`; texts in the values are templates.
    Set {
        /// JSON pointer and value, in the order written.
        values: Vec<(String, Value)>,
    },
    /// `remove: [/pointer]`.
    Remove {
        /// JSON pointers; one that is not there is left out quietly.
        pointers: Vec<String>,
    },
    /// `patch: [...]`: RFC 6902.
    Patch {
        /// The operations, in order.
        operations: Vec<Value>,
    },
    /// `jq: '…'`.
    Jq {
        /// The program; it must give exactly one object.
        program: String,
    },
    /// `rename_field` and `rename_fields`.
    RenameFields {
        /// The renames; applied together, so that two names can be swapped.
        renames: Vec<ScopedRename>,
    },
    /// `add_mapping`, `edit_mapping` and `remove_mapping`.
    EditMapping {
        /// What becomes of the row.
        edit: MappingEdit,
    },
    /// `add_lookup`, `edit_lookup` and `remove_lookup`.
    EditLookup {
        /// What becomes of the lookup.
        edit: LookupEdit,
    },
    /// `upgrade_mapper`: Mapper 1.0 becomes Mapper 2.0 where nothing is lost by it.
    UpgradeMapper {
        /// What becomes of rows without a data type.
        untyped: Untyped,
    },
}

/// Which side of a mapping a field name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The record that comes in (`extract`).
    Source,
    /// The record that goes out (`generate`).
    Target,
}

impl Side {
    /// The word of a job file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// One field and its new name, as paths from the root of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRename {
    /// Extract or generate side.
    pub side: Side,
    /// The old path.
    pub from: String,
    /// The new path.
    pub to: String,
}

/// A rename and the imports it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedRename {
    /// What is renamed.
    pub rename: FieldRename,
    /// Which imports; every one by default.
    pub only: RenameScope,
}

impl From<FieldRename> for ScopedRename {
    fn from(rename: FieldRename) -> Self {
        Self { rename, only: RenameScope::default() }
    }
}

/// The cells of a row of `rename_fields` that narrow it. Every one given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RenameScope {
    /// `adaptor_type`.
    pub adaptor_type: Option<String>,
    /// `connection`: id or name.
    pub connection: Option<String>,
    /// `import`: id or name, as it is by then.
    pub import: Option<String>,
}

/// A step and the imports it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardedStep {
    /// `when:`; without it, every import.
    pub when: Option<SelectorSpec>,
    /// What is done.
    pub step: Step,
}

/// What is wrong with a step of the job, found when it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepProblem {
    /// Index in the list of steps.
    pub step: usize,
    /// The way from the step to the value at fault, e.g. `["rename", "find"]` or `["set", "/a"]`, `["when", "where"]`.
    pub path: Vec<String>,
    /// Byte offset and length inside that text, where known (jq, regular expressions, templates).
    pub range: Option<std::ops::Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What templates may use beside the document.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `row.*`: the columns of the manifest's row for this import; empty without a manifest.
    pub row: BTreeMap<String, String>,
    /// `job.name`.
    pub job_name: String,
    /// `job.date`: the run's day, `2026-01-31`.
    pub job_date: String,
    /// `job.action`.
    pub job_action: String,
    /// `index`: the import's number in the selection, from 1.
    pub index: u32,
    /// Names of this import's connection and integration in the source account, where known.
    pub connection_name: Option<String>,
    /// Name of its integration.
    pub integration_name: Option<String>,
}

impl Step {
    /// The key of the step in a job file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rename { .. } => "rename",
            Self::Name { .. } => "name",
            Self::Set { .. } => "set",
            Self::Remove { .. } => "remove",
            Self::Patch { .. } => "patch",
            Self::Jq { .. } => "jq",
            Self::RenameFields { .. } => "rename_fields",
            Self::EditMapping { edit: MappingEdit::Add(..) } => "add_mapping",
            Self::EditMapping { edit: MappingEdit::Edit(..) } => "edit_mapping",
            Self::EditMapping { edit: MappingEdit::Remove(..) } => "remove_mapping",
            Self::EditLookup { edit: LookupEdit::Add(..) } => "add_lookup",
            Self::EditLookup { edit: LookupEdit::Edit { .. } } => "edit_lookup",
            Self::EditLookup { edit: LookupEdit::Remove { .. } } => "remove_lookup",
            Self::UpgradeMapper { .. } => "upgrade_mapper",
        }
    }
}

/// A document after all steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformed {
    /// The document.
    pub document: Value,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// Why a document could not be transformed. The item fails; the run goes on.
#[derive(Debug, thiserror::Error)]
#[error("step {} ({kind}{}): {message}", step + 1, At(*line))]
pub struct TransformError {
    /// Index in the list of steps.
    pub step: usize,
    /// The key of the step, e.g. `jq`.
    pub kind: &'static str,
    /// The line of the job file the step begins in, where it came from one.
    pub line: Option<usize>,
    /// What went wrong.
    pub message: String,
}

/// Where a step begins, for a sentence about it.
pub(super) struct At(pub(super) Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line} of the job"))
    }
}
