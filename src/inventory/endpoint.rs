//! An account as the pipeline uses it: its client, its name for people, its budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, pin_mut};

use crate::api::list_sizes::MOST_DOCUMENTS;
use crate::api::{ApiError, Client, ListRequest, Meter, ServerClock};
use crate::documents::references::Kind;
use crate::inventory::error::EngineError;
use crate::journal::Costs;
use crate::model::Id;
use crate::run_folder::plan_item::AccountFacts;

/// An account that can be called.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name, origin and user of the account.
    pub facts: AccountFacts,
    /// The calls of the account, by name.
    pub client: Client,
    /// What was spent on the account.
    pub meter: Arc<Meter>,
    /// The estimate of the service's clock.
    pub clock: Arc<ServerClock>,
    /// Calls a second this run may send.
    pub per_second: f64,
    /// Calls it may send at once.
    pub burst: f64,
    /// Whether its documents are in files: nobody changes them while they are read, and their list is complete.
    pub at_rest: bool,
}

impl Account {
    /// Reads who the token belongs to, and stores the answer in [`AccountFacts::user`].
    ///
    /// # Errors
    ///
    /// The token is refused, or the service does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: the user is not changed.
    pub async fn identify(&mut self) -> Result<(), EngineError> {
        let identity = self.client.identity().await.map_err(self.failed("check the token"))?;
        self.facts.user = identity.user_id;
        Ok(())
    }

    /// The id of its oldest connection, according to the first page of the list; no other account has it. `None` if
    /// there are no connections or they cannot be listed.
    ///
    /// A user id does not distinguish the environments of one owner, and several users may have access to one account.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn oldest_connection(&self) -> Option<Id> {
        let request = ListRequest {
            path: Kind::Connections.as_str().to_owned(),
            limit: MOST_DOCUMENTS,
            include: vec!["name"],
            filters: Vec::new(),
        };
        let pages = self.client.pages(request);
        pin_mut!(pages);
        let page = pages.next().await?.ok()?;
        // Ids begin with the time of their creation.
        page.documents.iter().map(|document| document.head().id).filter(|id| !id.as_str().is_empty()).min()
    }

    /// Turns a failed call into an error that names the account.
    pub(crate) fn failed(&self, what: &str) -> impl FnOnce(ApiError) -> EngineError + use<> {
        EngineError::service(&self.facts.name, what)
    }
}

/// The calls spent on some accounts, by purpose; an account named twice counts once.
pub fn spent<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Spent {
    let mut seen: Vec<*const Meter> = Vec::new();
    let mut spent = Spent::default();
    for account in accounts {
        let meter = Arc::as_ptr(&account.meter);
        if seen.contains(&meter) {
            continue;
        }
        seen.push(meter);
        let snapshot = account.meter.snapshot();
        for (purpose, count) in &snapshot.calls {
            *spent.calls.entry((*purpose).to_owned()).or_default() += count;
        }
        spent.throttled += snapshot.throttled;
        spent.costs.add(&Costs {
            waited_ms: u64::try_from(snapshot.waited.as_millis()).unwrap_or(u64::MAX),
            retries: snapshot.retries,
            latency: snapshot.latencies.into_iter().map(|(purpose, all)| (purpose.to_owned(), all)).collect(),
        });
    }
    spent
}

/// The calls that were spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// The number of calls for each purpose.
    pub calls: BTreeMap<String, u64>,
    /// Calls that the service answered with 429.
    pub throttled: u64,
    /// The cost of the calls, other than their number.
    pub costs: Costs,
}

impl Spent {
    /// The calls spent since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let calls = self
            .calls
            .iter()
            .map(|(purpose, count)| (purpose.clone(), count - earlier.calls.get(purpose).unwrap_or(&0)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let costs = self.costs.since(&earlier.costs);
        Self { calls, throttled: self.throttled - earlier.throttled, costs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Api, Call, ErrorKind, Reply};

    /// A service with this list of connections, or one that refuses it.
    #[derive(Debug)]
    struct Connections(Option<&'static str>);

    #[async_trait::async_trait]
    impl Api for Connections {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let refused = || ApiError::new(call.method, &call.target, ErrorKind::Refused, "no");
            let body = self.0.ok_or_else(refused)?;
            Ok(Reply::new(200, body))
        }
    }

    #[tokio::test]
    async fn an_account_is_told_by_its_oldest_connection_in_whatever_order_they_are_listed() {
        for (list, oldest) in [
            (Some(r#"[{"_id":"b","name":"x"},{"_id":"a","name":"y"},{"_id":"c","name":"z"}]"#), Some("a")),
            (Some("[]"), None),
            (None, None),
        ] {
            let account = Account {
                facts: AccountFacts { name: "a".into(), origin: "o".into(), user: None },
                client: Client::new(Arc::new(Connections(list))),
                meter: Arc::default(),
                clock: Arc::default(),
                per_second: 1.0,
                burst: 1.0,
                at_rest: false,
            };
            assert_eq!(account.oldest_connection().await, oldest.map(Id::from), "{list:?}");
        }
    }
}
