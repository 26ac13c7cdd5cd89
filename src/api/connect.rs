//! Assembles the client of one account.

use std::num::NonZeroU32;
use std::sync::Arc;

use url::Url;

use super::http::{AccessError, HttpApi, HttpOptions};
use super::list_sizes::MOST_DOCUMENTS;
use super::token::TokenCell;
use super::{
    Api, Budget, BudgetError, BudgetOptions, Client, Concurrency, DryRun, Meter, Patient, RenewToken,
    Renewing, RetryPolicy, Retrying, ServerClock, Throttled, Token,
};
use crate::model::time::Clock;

/// Where an account is, and its token.
#[derive(Debug, Clone)]
pub struct Access {
    /// Scheme and host, such as `https://api.integrator.io`.
    pub origin: Url,
    /// The token, which is sent to this origin only.
    pub token: Token,
    /// How to get a new token when the service no longer accepts this one; `None`: not at all.
    pub renew: Option<RenewToken>,
}

/// How an account is called.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The rate and burst of calls.
    pub budget: BudgetOptions,
    /// How many calls may be under way at once.
    pub concurrency: Concurrency,
    /// The largest number of documents on a page of a list, asked for at first. Default 1000.
    pub page_size: NonZeroU32,
    /// What is sent again.
    pub retry: RetryPolicy,
    /// Timeouts, and bounds on answers.
    pub http: HttpOptions,
    /// Makes the jitter repeatable; without it, each process has its own. Default none.
    pub seed: Option<u64>,
    /// Our own clock, compared with the service's.
    pub clock: Clock,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            budget: BudgetOptions::default(),
            concurrency: Concurrency::default(),
            page_size: const { NonZeroU32::new(MOST_DOCUMENTS).unwrap() },
            retry: RetryPolicy::default(),
            http: HttpOptions::default(),
            seed: None,
            clock: Clock::system(),
        }
    }
}

impl ClientOptions {
    fn random(&self) -> fastrand::Rng {
        self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed)
    }
}

/// An account, ready to be called.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The calls of the account, by name.
    pub client: Client,
    /// What the calls have cost.
    pub meter: Arc<Meter>,
    /// The budget of the calls. All clients of the account share it, see [`connect_sharing`].
    pub budget: Arc<Budget>,
    /// The service's clock, estimated from the `Date` of its answers.
    pub clock: Arc<ServerClock>,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The account's address or token is invalid.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The account's rate is out of range.
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

/// Makes a client of an account, with a budget of its own. Sends nothing yet.
///
/// # Errors
///
/// [`ConnectError`] names what is invalid.
pub fn connect(access: Access, options: &ClientOptions, dry_run: bool) -> Result<Connected, ConnectError> {
    let budget = Arc::new(Budget::new(options.budget, options.random())?);
    connect_sharing(access, options, dry_run, budget)
}

/// Makes a client of an account that shares the budget of other clients of the same account.
///
/// # Errors
///
/// [`ConnectError`] names what is invalid.
pub fn connect_sharing(
    access: Access,
    options: &ClientOptions,
    dry_run: bool,
    budget: Arc<Budget>,
) -> Result<Connected, ConnectError> {
    let http = HttpApi::new(&access.origin, access.token, options.http.clone())?;
    let tokens = (http.tokens(), access.renew);
    Ok(stack(http, tokens, options, dry_run, budget))
}

/// Makes a client of an account that is called through `api`, with retries, a budget and counters like every other
/// client.
pub fn assemble(
    api: impl Api + 'static,
    options: &ClientOptions,
    dry_run: bool,
    budget: Arc<Budget>,
) -> Connected {
    let tokens = (Arc::new(TokenCell::new(Token::new(""))), None);
    stack(api, tokens, options, dry_run, budget)
}

fn stack(
    api: impl Api + 'static,
    (tokens, renew): (Arc<TokenCell>, Option<RenewToken>),
    options: &ClientOptions,
    dry_run: bool,
    budget: Arc<Budget>,
) -> Connected {
    let (meter, clock) = (Arc::new(Meter::with_clock(options.clock.clone())), Arc::new(ServerClock::new()));
    let clocks = (options.clock.clone(), Arc::clone(&clock));
    let throttled = Throttled::new(api, Arc::clone(&budget), options.concurrency, Arc::clone(&meter), clocks);
    let mut random = options.random();
    let patient = Patient::new(throttled, options.retry, Arc::clone(&meter), random.fork());
    let renewing = Renewing::new(patient, tokens, renew, Arc::clone(&meter));
    let retrying = Retrying::new(renewing, options.retry, Arc::clone(&meter), random.fork());
    let api: Arc<dyn Api> = if dry_run { Arc::new(DryRun::new(retrying)) } else { Arc::new(retrying) };
    Connected {
        client: Client::new(api).with_page_size(options.page_size).paying_from(Arc::clone(&budget)),
        meter,
        budget,
        clock,
    }
}
