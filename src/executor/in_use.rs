//! Asks what uses a resource before it is removed.

use crate::api::ErrorKind;
use crate::executor::context::Context;
use crate::executor::record::{End, Next, end};
use crate::executor::resolve_doubt;
use crate::inventory::dependents::{is_never_answered, used_by, users_unknown};
use crate::inventory::error::EngineError;
use crate::model::{Id, Outcome};
use crate::run_folder::plan_item::PlanItem;

/// Ends the removal of a resource that is still used: an import may be removed although flows use it, but a script
/// may not be removed while imports use it, or while that is not known. Where the service does not offer the question, it has to
/// refuse.
pub(crate) async fn in_use(
    context: &Context<'_>,
    item: &PlanItem,
    target: &Id,
) -> Result<Option<Next>, EngineError> {
    if item.is_import() {
        return Ok(None);
    }
    let users = match context.target.client.dependencies(item.list(), target).await {
        Ok(users) => users,
        Err(error) if is_never_answered(&error) => return Ok(None),
        Err(error) if error.kind == ErrorKind::Refused => {
            let unknown = End::new(Outcome::Conflict, "in_use", users_unknown(&error.summary));
            return end(context, item.item, unknown.after(&error)).await.map(Some);
        }
        Err(error) => return resolve_doubt::unreadable(context, item, &error).await.map(Some),
    };
    let Some(message) = used_by(&users) else { return Ok(None) };
    end(context, item.item, End::new(Outcome::Conflict, "in_use", message)).await.map(Some)
}
