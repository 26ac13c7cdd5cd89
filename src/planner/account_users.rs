//! What uses the imports of the accounts of a plan: a list that was read completely is not read again.

use std::sync::Arc;

use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::model::cancel::Cancel;
use crate::planner::request::PlannerRequest;

/// What uses the imports of an account, and the lists that were read for it.
type Read = (UserLists, Arc<FlowUsage>);

/// What uses the imports of both accounts, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct AccountUsers {
    source: Option<Read>,
    target: Option<Read>,
}

impl AccountUsers {
    /// Keeps what was read of the source.
    pub(crate) fn keep_source(&mut self, lists: Option<UserLists>, usage: &Arc<FlowUsage>) {
        let read = lists.filter(|_| usage.is_whole());
        self.source = read.map(|lists| (lists, Arc::clone(usage)));
    }

    /// What uses the imports of the source, by these lists or more of them: those that were read.
    pub(crate) async fn of_source(
        &mut self,
        with: &PlannerRequest<'_>,
        lists: UserLists,
    ) -> Result<Read, EngineError> {
        read(&mut self.source, with.source, lists, with.context.cancel).await
    }

    /// The same of the target.
    pub(crate) async fn of_target(
        &mut self,
        with: &PlannerRequest<'_>,
        lists: UserLists,
    ) -> Result<Read, EngineError> {
        read(&mut self.target, with.target, lists, with.context.cancel).await
    }
}

async fn read(
    known: &mut Option<Read>,
    account: &Account,
    lists: UserLists,
    cancel: &Cancel,
) -> Result<Read, EngineError> {
    if let Some((read, usage)) = known.as_ref().filter(|(read, _)| *read >= lists) {
        return Ok((*read, Arc::clone(usage)));
    }
    let usage = Arc::new(FlowUsage::read(account, Some(lists), cancel).await?);
    if usage.is_whole() {
        *known = Some((lists, Arc::clone(&usage)));
    }
    Ok((lists, usage))
}
