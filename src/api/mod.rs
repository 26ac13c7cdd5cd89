//! The service behind one trait: an adapter over HTTP, and decorators for budget, retries and dry runs.
//!
//! The stack is `Retrying(Renewing(Patient(Throttled(HttpApi))))`: every attempt uses the budget. [`Client`] adds the
//! service's calls, and [`connect`](connect()) puts everything together. This module never decides what to send and
//! never repeats a write whose effect is unknown.

mod answer;
mod asking;
pub mod before_send;
mod begun;
mod brought;
mod bucket;
pub mod budget;
pub mod call;
pub mod client;
pub mod concurrency;
pub mod connect;
mod controller;
pub mod dry_run;
mod entry_id;
pub mod error;
pub mod http;
mod jobs;
mod link;
pub mod list_request;
pub mod list_sizes;
mod listed_document;
mod lists;
mod long_page;
pub mod meter;
pub mod method;
pub mod outage;
pub mod page;
mod pages_asked;
pub mod ping;
mod refusal;
mod renew;
pub mod retry;
pub mod server_clock;
mod split;
mod stored;
#[cfg(test)]
mod stub;
pub mod throttle;
pub mod token;
mod unreadable;

pub use before_send::{AttemptEvent, BeforeSend};
pub use budget::{Budget, BudgetError, BudgetOptions, Permit};
pub use call::{Api, Call, Reply};
pub use client::{AuditEntry, Client, Cloned, Dependent, Document, Done, Identity};
pub use concurrency::Concurrency;
pub use connect::{Access, ClientOptions, ConnectError, Connected, assemble, connect, connect_sharing};
pub use dry_run::DryRun;
pub use error::{ApiError, AwaySign, ErrorKind, Problem, TooLargeSign};
pub use http::{AccessError, HttpApi, HttpOptions, HttpVersion, ProxyChoice};
pub use list_request::ListRequest;
pub use listed_document::ListedDocument;
pub use long_page::{LongPage, PageError};
pub use meter::{Meter, MeterSnapshot, Pause};
pub use method::Method;
pub use outage::Patient;
pub use page::{Page, WholePage};
pub use ping::ping;
pub use renew::Renewing;
pub use retry::{RetryPolicy, Retrying};
pub use server_clock::ServerClock;
pub use throttle::Throttled;
pub use token::{RenewToken, Token, TokenSourceError};
