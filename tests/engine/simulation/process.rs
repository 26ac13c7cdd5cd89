//! A process of the engine: a session, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use transship::api::{Budget, BudgetOptions, ClientOptions, assemble};
use transship::inventory::endpoint::Account;
use transship::job::Settings;
use transship::journal::{Halt, JournalOptions, Writing};
use transship::model::cancel::Cancel;
use transship::model::{Lease, LeaseUntil};
use transship::run_folder::AccountFacts;
use transship::session::{Endpoint, Purpose, Session, SessionError, SessionOptions};

use super::service::Service;
use super::world::World;

/// How long the engine takes a call without an answer for still executing.
pub const GRACE: Duration = Duration::from_secs(10);

/// How a process of the engine ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    ByItself,
    /// Killed after so many journal records.
    AfterRecords(u64),
    /// Killed at a moment.
    At(Duration),
    /// Asked to stop at a moment.
    DrainedAt(Duration),
    /// Its lease ends at a moment.
    LeaseLostAt(Duration),
}

/// A process of the engine.
pub struct Process {
    pub session: Session,
    halt: Halt,
    cancel: Cancel,
    end: End,
}

impl World {
    /// How the next process ends.
    pub fn end(&mut self) -> End {
        match self.random.usize(..8) {
            0 | 1 => End::ByItself,
            2 => End::At(Duration::from_millis(self.random.u64(..20_000))),
            3 => {
                let millis = self.random.u64(..10_000);
                let at = Duration::from_millis(millis);
                if millis.is_multiple_of(3) { End::LeaseLostAt(at) } else { End::DrainedAt(at) }
            }
            _ => End::AfterRecords(self.random.u64(1..=14)),
        }
    }

    fn account(&mut self, name: &str, service: Service) -> Account {
        let (per_second, burst) = self.budget;
        let budget = BudgetOptions { per_second, burst, share: 0.9 };
        let options = ClientOptions {
            budget,
            seed: Some(self.random.u64(..)),
            clock: self.host.clock.clone(),
            ..ClientOptions::default()
        };
        let shared = Arc::new(Budget::new(budget, fastrand::Rng::with_seed(1)).unwrap());
        let connected = assemble(service, &options, false, shared);
        let origin = format!("https://{name}.example");
        Account {
            facts: AccountFacts { name: name.to_owned(), origin, user: Some("u1".to_owned()) },
            client: connected.client,
            meter: connected.meter,
            clock: connected.clock,
            per_second: per_second * 0.9,
            burst: f64::from(burst),
            at_rest: false,
        }
    }

    /// Starts a process.
    pub fn process(&mut self, settings: Settings, end: End) -> Process {
        let after = if let End::AfterRecords(records) = end { Some(records) } else { None };
        let halt = Halt { after, ..Halt::default() };
        let cancel = Cancel::new();
        let journal = JournalOptions {
            sync: false,
            writing: Writing::Inline(halt.clone()),
            ..JournalOptions::new(self.host.clock.clone())
        };
        let lease = match end {
            End::LeaseLostAt(after) => {
                Some(Arc::new(LeaseUntil::new(Instant::now() + after)) as Arc<dyn Lease>)
            }
            _ => None,
        };
        let options = SessionOptions {
            lease,
            cancel: cancel.clone(),
            grace_period: GRACE,
            journal,
            ..SessionOptions::new(&self.host)
        };
        let target = Endpoint::Service(self.account("eu", self.target.clone()));
        let source = if settings.source.name == settings.target.name {
            target.clone()
        } else {
            Endpoint::Service(self.account("us", self.source.clone()))
        };
        let host = self.host.clone();
        let session = Session::with_endpoints(&host, settings, source, target, Purpose::Writing, options);
        Process { session, halt, cancel, end }
    }

    /// Lets a process work until it ends or is killed: then there is no result.
    pub async fn live<T>(
        &mut self,
        process: &Process,
        work: impl Future<Output = Result<T, SessionError>>,
    ) -> Option<Result<T, SessionError>> {
        let Process { halt, cancel, end, .. } = process;
        let began = Instant::now();
        let killed = async {
            match *end {
                End::At(after) => sleep(after).await,
                End::DrainedAt(after) => {
                    sleep(after).await;
                    cancel.drain();
                    std::future::pending().await
                }
                End::ByItself | End::AfterRecords(_) | End::LeaseLostAt(_) => std::future::pending().await,
            }
        };
        let colleague = colleague(self.target.clone(), self.random.fork());
        let ended = tokio::select! {
            biased;
            () = halt.halted.cancelled() => None,
            () = killed => None,
            ended = work => Some(ended),
            () = colleague => None,
        };
        if let End::LeaseLostAt(after) = *end {
            self.drained.push((began + after, Instant::now().max(began + after)));
        }
        if let End::DrainedAt(after) = *end
            && cancel.is_draining()
        {
            self.drained.push((began + after, Instant::now()));
        }
        self.over = Instant::now();
        self.lived.push((began, self.over));
        let what = if ended.is_some() { "ended" } else { "was killed" };
        self.told.push(format!("{:?}: a process that ends {end:?} {what}", began.elapsed()));
        ended
    }
}

/// Somebody who edits an import while the engine works, in one process of three. Never returns.
async fn colleague(target: Service, mut random: fastrand::Rng) {
    if random.u8(..3) == 0 {
        sleep(Duration::from_millis(random.u64(..8_000))).await;
        let ids = target.ids();
        if !ids.is_empty() {
            let id = &ids[random.usize(..ids.len())];
            // No two edits are alike: a source and its clone that get the same text are no proof of who wrote it.
            let text = format!("edited meanwhile, {}", random.u64(..));
            target.edit(id, |document| document["description"] = json!(text));
        }
    }
    std::future::pending().await
}
