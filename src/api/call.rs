//! One call to the service, its answer, and the trait that carries it out.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{ApiError, BeforeSend, ErrorKind, LongPage, Method, PageError};

/// The purpose of the call that asks which flows run. It is a POST that changes nothing.
pub(super) const READ_JOBS: &str = "read jobs";

tokio::task_local! {
    /// The number of the attempt that is being sent, from 1, for the log.
    pub(super) static ATTEMPT: u32;
}

/// One request to the service, with everything needed to send it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method of the request.
    pub method: Method,
    /// Path and query from `/v1` on, or a whole URL as a `Link` header gave it (same origin only).
    pub target: String,
    /// The body, as JSON text; absent for a GET or DELETE.
    pub body: Option<Bytes>,
    /// What it is for, in the words of the forecast: `list imports`, `read import`, `create import`, ...
    pub purpose: &'static str,
    /// Whether it asks for a page of a list, which can be asked for with fewer documents.
    pub can_be_halved: bool,
    /// Asked right before each attempt is sent; `None`: nothing holds it back.
    pub before_send: Option<BeforeSend>,
}

impl Call {
    /// Whether it changes nothing, whatever its method.
    pub(crate) fn reads(&self) -> bool {
        self.method == Method::Get || self.purpose == READ_JOBS
    }

    /// Waits for `waiting`, and stops when the call is held back.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Withheld`] once no further call may be sent.
    pub(super) async fn unless_held_back<T>(&self, waiting: impl Future<Output = T>) -> Result<T, ApiError> {
        let Some(before_send) = &self.before_send else { return Ok(waiting.await) };
        tokio::select! {
            biased;
            () = before_send.held_back() => Err(self.withheld()),
            waited = waiting => Ok(waited),
        }
    }

    /// Asks whether it may be sent now.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Withheld`] if the call may no longer be sent.
    pub(super) async fn may_be_sent(&self) -> Result<(), ApiError> {
        match &self.before_send {
            Some(before_send) if !before_send.may_send().await => Err(self.withheld()),
            _ => Ok(()),
        }
    }

    /// Whether it goes ahead of the calls that wait.
    pub(super) fn goes_ahead(&self) -> bool {
        self.before_send.as_ref().is_some_and(|before_send| before_send.goes_ahead)
    }

    /// Whether its caller wants to know about a 429.
    pub(super) fn keeps_answers(&self) -> bool {
        self.before_send.as_ref().is_some_and(|before_send| before_send.keeps_answers)
    }

    fn withheld(&self) -> ApiError {
        let error = ApiError::new(self.method, &self.target, ErrorKind::Withheld, "not sent: the run stops");
        ApiError { attempts: 0, ..error }
    }
}

/// The answer to a call that succeeded (2xx).
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The body, decoded and whole; empty for 204.
    pub body: Bytes,
    /// The documents of a page that is too long for memory; `body` is empty then.
    pub page: Option<Result<LongPage, Arc<PageError>>>,
    /// The URL of `rel="next"`, absolute and on the account's own origin; absent on the last page.
    pub next: Option<String>,
    /// The service's clock, from `Date`; absent if missing or unreadable.
    pub date: Option<jiff::Timestamp>,
    /// How many times the call was sent.
    pub attempts: u32,
    /// The message in the body, for people; absent if the body has an `_id`, as documents do.
    pub said: Option<Box<str>>,
}

impl Reply {
    /// An answer to a call that was sent once, with only its status and body.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), page: None, next: None, date: None, attempts: 1, said: None }
    }
}

/// Carries out calls against one account.
#[async_trait]
pub trait Api: Send + Sync + std::fmt::Debug {
    /// Sends the call and returns its answer.
    ///
    /// # Errors
    ///
    /// Anything but a whole 2xx answer; [`ApiError::kind`] says what it means.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection: a write may or may not have had its effect.
    async fn call(&self, call: &Call) -> Result<Reply, ApiError>;
}
