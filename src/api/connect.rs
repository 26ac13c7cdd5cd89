//! Puts the pieces together: one account, ready to be called.

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

/// Where an account is and what opens it.
#[derive(Debug, Clone)]
pub struct Access {
    /// Scheme and host, such as `https://api.integrator.io`.
    pub origin: Url,
    /// The token; sent there and nowhere else.
    pub token: Token,
    /// How the token is asked for once more when it is no longer accepted; `None`: it is not.
    pub renew: Option<RenewToken>,
}

/// How an account is called.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How many calls may be made in which time.
    pub budget: BudgetOptions,
    /// How many calls at once.
    pub concurrency: Concurrency,
    /// Documents asked for on a page of a list, at most and at first. Default 1000.
    pub page_size: NonZeroU32,
    /// What is sent again.
    pub retry: RetryPolicy,
    /// Timeouts, and bounds on answers.
    pub http: HttpOptions,
    /// Makes the jitter repeatable; absent, it is another in each process. Default none.
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
    /// What the calls cost so far.
    pub meter: Arc<Meter>,
    /// What they may cost; to be shared by all clients of the account, see [`connect_sharing`].
    pub budget: Arc<Budget>,
    /// What is known of the service's clock, from the `Date` of its answers.
    pub clock: Arc<ServerClock>,
}

/// Why an account cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its address or its token.
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
/// [`ConnectError`] names what cannot be used.
pub fn connect(access: Access, options: &ClientOptions, dry_run: bool) -> Result<Connected, ConnectError> {
    let budget = Arc::new(Budget::new(options.budget, options.random())?);
    connect_sharing(access, options, dry_run, budget)
}

/// Makes a client of an account that pays from a budget other clients of the same account pay from too.
///
/// # Errors
///
/// [`ConnectError`] names what cannot be used.
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

/// Makes a client of an account that is called through `api`: with retries, a budget and counters, as every other.
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
