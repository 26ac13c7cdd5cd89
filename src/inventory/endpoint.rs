//! An account as the pipeline sees it: its client, its name for people, its budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::{ApiError, Client, Meter, ServerClock};
use crate::inventory::error::EngineError;
use crate::journal::Costs;
use crate::run_folder::plan_item::AccountFacts;

/// One account, connected.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name, origin and user.
    pub facts: AccountFacts,
    /// The account's calls.
    pub client: Client,
    /// What has been spent on it.
    pub meter: Arc<Meter>,
    /// What is known of the service's clock.
    pub clock: Arc<ServerClock>,
    /// Calls a second this run may send.
    pub per_second: f64,
    /// Calls it may send at once.
    pub burst: f64,
}

impl Account {
    /// Asks whose token it is, and keeps the answer in [`AccountFacts::user`].
    ///
    /// # Errors
    ///
    /// The token is refused, or the service does not answer.
    pub async fn identify(&mut self) -> Result<(), EngineError> {
        let identity = self.client.identity().await.map_err(self.failed("ask whose token it is"))?;
        self.facts.user = identity.user_id;
        Ok(())
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

/// The calls that were spent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// The number of calls for each purpose.
    pub calls: BTreeMap<String, u64>,
    /// Calls the service answered with 429.
    pub throttled: u64,
    /// What they cost beside their number.
    pub costs: Costs,
}

impl Spent {
    /// What was spent since `earlier`.
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
