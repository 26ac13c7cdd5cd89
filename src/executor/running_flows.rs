//! `stop.running`: imports are left alone while a flow that uses them is running.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api::ErrorKind;
use crate::inventory::endpoint::Account;
use crate::model::{Id, ItemKey};
use crate::run_folder::import_users::{Usage, UserKind};
use crate::run_folder::plan_item::PlanItem;

/// How long an answer is valid. A flow that starts meanwhile is noticed by the next question.
const FRESH: Duration = Duration::from_secs(10);

/// What is known of an item's flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flows {
    /// None of them is running.
    Quiet,
    /// One of them is running: its name.
    Running(String),
    /// Whether they are running could not be found out, and why.
    Unknown(String),
    /// The token was refused.
    Unauthorized,
    /// Nothing may be sent any more.
    Withheld,
}

/// The flows that use what a run changes or removes, and which of them are running.
#[derive(Debug)]
pub(crate) struct RunningFlows {
    names: BTreeMap<Id, String>,
    last: Mutex<Option<(Instant, Answer)>>,
    held: RefCell<BTreeSet<ItemKey>>,
}

#[derive(Debug, Clone)]
enum Answer {
    Running(HashSet<Id>),
    Unknown(String),
}

impl RunningFlows {
    /// The flows of a plan; `None` if, as far as was read, no flow uses what it changes.
    pub(crate) fn of(usage: &Usage) -> Option<Self> {
        let flows =
            usage.target.iter().flat_map(|read| &read.users).filter(|user| user.kind == UserKind::Flow);
        let names: BTreeMap<Id, String> = flows.map(|flow| (flow.id.clone(), flow.name.clone())).collect();
        (!names.is_empty()).then(|| Self { names, last: Mutex::default(), held: RefCell::default() })
    }

    /// Whether a flow that uses the import of an item is running. One question answers for all items for a while.
    pub(crate) async fn of_item(&self, target: &Account, item: &PlanItem) -> Flows {
        let used = item.used_by.iter().filter(|id| self.names.contains_key(*id));
        let used: Vec<&Id> = used.filter(|_| item.operation.touches_an_import()).collect();
        if used.is_empty() {
            return Flows::Quiet;
        }
        let mut last = self.last.lock().await;
        let answer = match &*last {
            Some((at, answer)) if at.elapsed() < FRESH => answer.clone(),
            _ => {
                let all: Vec<Id> = self.names.keys().cloned().collect();
                let answer = match target.client.running_flows(&all).await {
                    Ok(running) => Answer::Running(running),
                    Err(error) if error.kind == ErrorKind::Unauthorized => return Flows::Unauthorized,
                    Err(error) if error.kind == ErrorKind::Withheld => return Flows::Withheld,
                    Err(error) => Answer::Unknown(crate::model::chain(&error)),
                };
                *last = Some((Instant::now(), answer.clone()));
                answer
            }
        };
        match answer {
            Answer::Unknown(why) => Flows::Unknown(why),
            Answer::Running(running) => match used.into_iter().find(|id| running.contains(*id)) {
                Some(id) => Flows::Running(self.names[id].clone()),
                None => Flows::Quiet,
            },
        }
    }

    /// Makes the next question be asked at once, whatever the last answer was.
    pub(crate) async fn ask_again(&self) {
        *self.last.lock().await = None;
    }

    /// Puts an item off until everything else is written.
    pub(crate) fn hold(&self, item: ItemKey) {
        self.held.borrow_mut().insert(item);
    }

    /// Takes the items that were put off, in the plan's order.
    pub(crate) fn take_held(&self) -> Vec<ItemKey> {
        std::mem::take(&mut *self.held.borrow_mut()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use serde_json::json;

    use super::*;
    use crate::api::{Api, ApiError, Call, Client, Reply};
    use crate::run_folder::plan_item::AccountFacts;

    /// Answers the question which flows are running, by the number of the question; the fourth is refused.
    #[derive(Debug, Default)]
    struct Service(AtomicU32);

    #[async_trait::async_trait]
    impl Api for Service {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let jobs = match self.0.fetch_add(1, Relaxed) {
                0 => json!([{ "_flowId": "f1", "status": "running" }]),
                1 | 2 => json!([]),
                _ => return Err(ApiError::new(call.method, &call.target, ErrorKind::Refused, "no")),
            };
            let body = json!({ "jobs": jobs }).to_string();
            Ok(Reply::new(200, body))
        }
    }

    fn item(operation: &str, used_by: &[&str]) -> PlanItem {
        let item = json!({ "item": 1, "operation": operation, "name": "a", "used_by": used_by });
        serde_json::from_value(item).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_question_answers_for_all_items_until_it_is_too_old() {
        let service = Arc::new(Service::default());
        let facts = AccountFacts { name: "a".into(), origin: "o".into(), user: None };
        let target = Account {
            facts,
            client: Client::new(Arc::clone(&service) as Arc<dyn Api>),
            meter: Arc::default(),
            clock: Arc::default(),
            per_second: 1.0,
            burst: 1.0,
            at_rest: false,
        };
        let user = |kind: &str, id: &str| json!({ "kind": kind, "id": id, "name": id.to_uppercase() });
        let users = json!([user("flow", "f1"), user("flow", "f2"), user("tool", "t")]);
        let usage = json!({ "target": { "lists": ["flows", "tools"], "users": users } });
        let flows = RunningFlows::of(&serde_json::from_value(usage).unwrap()).unwrap();
        let ask =
            async |operation: &str, used_by: &[&str]| flows.of_item(&target, &item(operation, used_by)).await;
        // Nobody is asked about what no flow uses, or what is made anew.
        for (operation, used_by) in [("update", &[][..]), ("update", &["t"][..]), ("create", &["f1"][..])] {
            assert_eq!(ask(operation, used_by).await, Flows::Quiet);
        }
        assert_eq!(service.0.load(Relaxed), 0);
        assert_eq!(ask("update", &["f2", "f1"]).await, Flows::Running("F1".into()));
        assert_eq!(ask("delete", &["f2"]).await, Flows::Quiet);
        assert_eq!(service.0.load(Relaxed), 1);
        tokio::time::advance(FRESH).await;
        assert_eq!(ask("update", &["f1"]).await, Flows::Quiet);
        flows.ask_again().await;
        assert_eq!(ask("update", &["f1"]).await, Flows::Quiet);
        flows.ask_again().await;
        assert!(matches!(ask("update", &["f1"]).await, Flows::Unknown(_)), "what is not known is not quiet");
        assert_eq!(service.0.load(Relaxed), 4);
        flows.hold(ItemKey(3));
        flows.hold(ItemKey(2));
        assert_eq!((flows.take_held(), flows.take_held()), (vec![ItemKey(2), ItemKey(3)], vec![]));
    }

    #[test]
    fn where_no_flow_uses_anything_nothing_is_asked() {
        let usage = json!({ "target": { "lists": ["flows"], "users": [] } });
        assert!(RunningFlows::of(&serde_json::from_value(usage).unwrap()).is_none());
        assert!(RunningFlows::of(&Usage::default()).is_none());
    }
}
