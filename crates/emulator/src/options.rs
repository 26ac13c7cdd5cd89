//! Starting a server: its accounts, its behaviour, its faults.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::control::Control;
use super::error::EmulatorError;
use super::fault::Fault;
use super::handlers::router::router;
use super::limiter::Bucket;
use super::server::{Caller, Server};
use super::store::{AccountRecord, Store};
use super::{connection, seed};

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The accounts it serves; made in the store if they are not there.
    pub accounts: Vec<AccountSpec>,
    /// How it answers where the documentation is silent.
    pub behaviour: Behaviour,
    /// Faults from the first call on.
    pub faults: Vec<Fault>,
    /// Its clock, before the skew of `behaviour`.
    pub clock: Clock,
    /// What new ids are drawn from; another on every start when absent.
    pub id_seed: Option<u64>,
    /// Whether `/__emulator/` is answered.
    pub control_endpoint: bool,
    /// The handle by which this process may count calls and add faults.
    pub control: Control,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            behaviour: Behaviour::default(),
            faults: Vec::new(),
            clock: Clock::system(),
            id_seed: None,
            control_endpoint: false,
            control: Control::default(),
        }
    }
}

/// An account to serve.
#[derive(Debug, Clone)]
pub struct AccountSpec {
    /// The account's name, by which it is found again in the store.
    pub name: String,
    /// Its token; one made from the name when absent.
    pub token: Option<String>,
    /// Its `_userId`; one made from the name when absent.
    pub user_id: Option<String>,
    /// Whether it gets demo documents when it is first served.
    pub seeded: bool,
}

impl AccountSpec {
    /// An account that begins with demo documents.
    pub fn seeded(name: impl Into<String>) -> Self {
        Self { name: name.into(), token: None, user_id: None, seeded: true }
    }

    /// An account that begins empty.
    pub fn empty(name: impl Into<String>) -> Self {
        Self { seeded: false, ..Self::seeded(name) }
    }

    /// The account in `store`, made and seeded if it is new.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub fn open(&self, store: &Store) -> Result<AccountRecord, EmulatorError> {
        let mut record = store.account(&self.name)?;
        let before = (record.token.clone(), record.user_id.clone());
        if let Some(token) = &self.token {
            record.token.clone_from(token);
        }
        if let Some(user_id) = &self.user_id {
            record.user_id.clone_from(user_id);
        }
        if before != (record.token.clone(), record.user_id.clone()) {
            store.keep_account(&record)?;
        }
        if self.seeded && !record.seeded {
            seed::demo(store, &self.name)?;
            record.seeded = true;
        }
        Ok(record)
    }
}

/// Answers calls on `listener` until `shutdown` is done.
///
/// Calls in flight then have two seconds to end. Seeding new accounts blocks before the first call.
///
/// # Errors
///
/// When the store cannot be read or written, or a fault is not understood. Single calls never end it.
///
/// # Cancel safety
///
/// Dropping the future closes every connection; acknowledged writes are on disk.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), EmulatorError> {
    for fault in options.faults {
        options.control.add_fault(fault)?;
    }
    let behaviour = options.behaviour;
    let mut accounts = HashMap::new();
    for spec in &options.accounts {
        let record = spec.open(&store)?;
        let start = behaviour.bucket_start.unwrap_or(behaviour.bucket_size);
        let bucket = Mutex::new(Bucket::new(behaviour.bucket_size, behaviour.bucket_refill, start));
        accounts.insert(record.token.clone(), Arc::new(Caller { record, bucket }));
    }
    let clock = options.clock.skewed(behaviour.clock_skew);
    let draws = options.id_seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
    let server = Server::new(store, behaviour, (clock, options.control), accounts, draws);
    connection::serve(listener, router(Arc::new(server), options.control_endpoint), shutdown).await;
    Ok(())
}
