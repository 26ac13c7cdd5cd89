//! `upgrade_mapper`: Mapper 1.0 becomes Mapper 2.0 where nothing is lost by it.

use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::problem::{Problem, Problems};
use crate::upgrade::{self, Untyped, Upgrade};

/// The step `upgrade_mapper`: mappings 1.0 become mappings 2.0.
#[derive(Debug)]
pub(crate) struct UpgradeMapper(Untyped);

impl Step for UpgradeMapper {
    const KIND: StepKind = StepKind::new("upgrade_mapper", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let word = keys.text("untyped").map_err(|problem| vec![problem])?;
        match word {
            "string" => Ok(Self(Untyped::String)),
            "leave" => Ok(Self(Untyped::Leave)),
            _ => Err(vec![Problem::new("must be `leave` or `string`").under("untyped")]),
        }
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        match upgrade::upgrade(document, self.0) {
            Upgrade::Done => Ok(Vec::new()),
            Upgrade::NothingToDo => Err(StepError::not_applicable("it has no Mapper 1.0 mapping")),
            Upgrade::Left(reason) => Ok(vec![reason]),
        }
    }
}
