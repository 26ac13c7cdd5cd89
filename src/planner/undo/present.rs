//! What the service knows about the results of a run: who changed them, and what uses them. All of it is requested at
//! once.

use std::collections::{BTreeMap, HashMap};

use futures::StreamExt;
use serde_json::Value;

use crate::api::{Dependent, ErrorKind};
use crate::inventory::dependents::is_never_answered;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::model::Id;
use crate::planner::undo::UndoRequest;
use crate::planner::undo::judge::Touch;
use crate::planner::undo::target_states::{Now, TargetStates};
use crate::planner::undo::touched::{Did, Touched};

/// Imports about which the service is asked who changed them; the others are only named.
const MOST_ASKED: usize = 50;
/// Calls in flight at once.
const AT_ONCE: usize = 16;

/// Who changed the imports that differ from the run's results, if the service says so, by position.
pub(crate) async fn who_changed(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    target_states: &TargetStates,
) -> HashMap<usize, String> {
    let is_edited = |(at, one): &(usize, &Touched)| {
        one.is_import()
            && one.did != Did::Removed
            && matches!(target_states.now(*at), Now::There(touch) if touch != Touch::Untouched)
    };
    let edited = touched.iter().enumerate().filter(is_edited).take(MOST_ASKED);
    futures::stream::iter(edited.filter_map(|(at, one)| Some((at, one.target()?))))
        .map(|(at, id)| async move { (at, last_change(with, &id).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn last_change(with: &UndoRequest<'_>, id: &Id) -> String {
    let Ok(entries) = with.target.client.audit(id).await else { return String::new() };
    let Some(last) = entries.into_iter().max_by(|a, b| a.time.cmp(&b.time)) else { return String::new() };
    let field = |key: &str| last.by_user.as_ref().and_then(|user| user.get(key)).and_then(Value::as_str);
    let who = field("name").or_else(|| field("email")).map(|who| format!(" by {who}")).unwrap_or_default();
    let when = last.time.map(|time| format!(" at {time}")).unwrap_or_default();
    let fields: Vec<&str> = last
        .changes
        .iter()
        .filter_map(|change| change.get("fieldPath").and_then(Value::as_str))
        .take(5)
        .collect();
    let what = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{who}{when}{what}")
}

/// The flows of the account, where imports are to be removed: what a flow uses stays.
///
/// # Errors
///
/// The token is refused, or an interruption.
pub(crate) async fn flows(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    target_states: &TargetStates,
) -> Result<FlowUsage, EngineError> {
    let is_removed = |(at, one): (usize, &Touched)| {
        one.is_import()
            && matches!(one.did, Did::Made | Did::Met { .. })
            && target_states.now(at) == Now::There(Touch::Untouched)
    };
    let lists = touched.iter().enumerate().any(is_removed).then_some(UserLists::Flows);
    FlowUsage::read(with.target, lists, with.cancel).await
}

/// What uses a resource, or why that is not known.
pub(crate) type Uses = Result<BTreeMap<String, Vec<Dependent>>, String>;

/// What uses the resources that the run made, by position; nothing where the service does not offer the question.
///
/// # Errors
///
/// The token is refused.
pub(crate) async fn users(
    with: &UndoRequest<'_>,
    touched: &[Touched],
) -> Result<HashMap<usize, Uses>, EngineError> {
    let made = touched.iter().enumerate().filter(|(_, one)| !one.is_import() && one.did == Did::Made);
    let mut answers =
        futures::stream::iter(made.filter_map(|(at, one)| Some((at, one, one.target()?))))
            .map(|(at, one, id)| async move {
                (at, with.target.client.dependencies(one.kind.as_str(), &id).await)
            })
            .buffer_unordered(AT_ONCE);
    let mut users = HashMap::new();
    while let Some((at, answer)) = answers.next().await {
        match answer {
            Ok(found) => drop(users.insert(at, Ok(found))),
            Err(error) if is_never_answered(&error) => {}
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                return Err(with.target.failed("ask what uses a resource")(error));
            }
            Err(error) => drop(users.insert(at, Err(error.summary))),
        }
    }
    Ok(users)
}
