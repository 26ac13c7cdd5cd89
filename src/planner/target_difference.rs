//! How an import of the target differs from the wanted one: computed when the two are compared, and stored until it is
//! needed. Reading both again costs as much as the whole comparison.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents::diff::{Change, diff};
use crate::documents::normal::erased;
use crate::inventory::error::EngineError;
use crate::planner::likeness::adaptor_of;
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::prepare::MODIFIED;
use crate::run_folder::document_file::{Span, from_json, to_json};

/// How an import of the target differs from what is wanted.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetDifference {
    /// What an update would change in it.
    pub changes: Vec<Change>,
    /// Those that the job ignores in comparisons; an update changes them anyway.
    #[serde(skip)]
    pub ignored: Vec<Change>,
    /// JSON pointers of the secrets that an update would erase.
    pub hidden: Vec<String>,
    /// The import's name.
    pub name: String,
    /// Its adaptor; empty where it does not say.
    pub adaptor: String,
    /// When it was last changed, as the service says; absent where it does not.
    pub modified: Option<String>,
}

impl TargetDifference {
    /// The data about an import that no item wants.
    pub(crate) fn of(there: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        Self {
            changes: Vec::new(),
            ignored: Vec::new(),
            hidden: Vec::new(),
            name: text(there.get("name")).unwrap_or_default(),
            adaptor: adaptor_of(there),
            modified: text(there.pointer(MODIFIED)),
        }
    }

    /// How it differs, whatever the job ignores and the service fills in.
    pub(crate) fn between(there: &Value, wanted: &Value) -> Self {
        Self { changes: diff(there, wanted), hidden: erased(there, wanted), ..Self::of(there) }
    }
}

/// Before what was found stand the offset of the document in question, in 8 bytes, and the length, in 4.
const HEADER: u32 = 12;

impl PlanBuilder<'_> {
    /// Puts down, behind the item, how the document at `span` differs from it.
    pub(crate) fn keep_found(
        &mut self,
        index: usize,
        span: Span,
        found: &TargetDifference,
    ) -> Result<(), EngineError> {
        let found = to_json(found, self.items.path())?;
        let Ok(length) = u32::try_from(found.len()) else { return Ok(()) };
        let item = self.items.read(self.stored_items[index].item.into())?;
        self.stored_items[index].item = self.items.append(&item)?.into();
        self.items.append(&span.offset.to_le_bytes())?;
        self.items.append(&length.to_le_bytes())?;
        self.items.append(&found)?;
        self.stored_items[index].has_found = true;
        Ok(())
    }

    /// How the document at `span` differs from an item, if that was stored.
    pub(crate) fn found(
        &mut self,
        index: usize,
        span: Span,
    ) -> Result<Option<TargetDifference>, EngineError> {
        if !self.stored_items[index].has_found {
            return Ok(None);
        }
        let item = Span::from(self.stored_items[index].item);
        let header = Span { offset: item.offset + u64::from(item.length), length: HEADER };
        let text = self.items.read(header)?;
        let (Some(offset), Some(length)) = (text.first_chunk::<8>(), text.last_chunk::<4>()) else {
            return Ok(None);
        };
        if u64::from_le_bytes(*offset) != span.offset {
            return Ok(None);
        }
        let offset = header.offset + u64::from(HEADER);
        let text = self.items.read(Span { offset, length: u32::from_le_bytes(*length) })?;
        Ok(from_json(&text).ok())
    }
}
