//! One call to the service, its answer, and the trait that carries it out.

use async_trait::async_trait;
use bytes::Bytes;

use super::jobs::READ_JOBS;
use super::{ApiError, BeforeSend, LongPage};

/// The verb of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One request to the service: everything that its sending needs.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// Path and query from `/v1` on, or a whole URL as a `Link` header gave it (same origin only).
    pub target: String,
    /// The body, JSON.
    pub body: Option<Bytes>,
    /// What it is for, in the words of the forecast: `list imports`, `read import`, `create import`, ...
    pub purpose: &'static str,
    /// Whether it asks for a page of a list that can be asked for with fewer documents.
    pub can_be_halved: bool,
    /// Who is asked right before each attempt is sent; nobody, and nothing holds it back.
    pub before_send: Option<BeforeSend>,
}

impl Call {
    /// Whether it changes nothing, whatever its method.
    pub(crate) fn reads(&self) -> bool {
        self.method == Method::Get || self.purpose == READ_JOBS
    }
}

/// The answer to a call that succeeded (2xx).
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The body, decoded and whole; empty for 204.
    pub body: Bytes,
    /// The documents of a page that is too long for memory: then `body` is empty.
    pub page: Option<Result<LongPage, String>>,
    /// The URL of `rel="next"`, absolute and on the account's own origin.
    pub next: Option<String>,
    /// The service's clock, from `Date`.
    pub date: Option<jiff::Timestamp>,
    /// How many times the call was sent.
    pub attempts: u32,
}

impl Reply {
    /// An answer to a call that was sent once, with nothing but its status and body.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), page: None, next: None, date: None, attempts: 1 }
    }
}

/// Carries out calls against one account.
#[async_trait]
pub trait Api: Send + Sync + std::fmt::Debug {
    /// Sends the call and gives back its answer.
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
