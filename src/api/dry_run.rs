//! `DryRun<A>`: passes reads on and stops writes. No call that writes ever reaches the service.

use async_trait::async_trait;

use super::{Api, ApiError, Call, ErrorKind, Reply};

/// An API that only reads.
#[derive(Debug)]
pub struct DryRun<A> {
    inner: A,
}

impl<A> DryRun<A> {
    /// Passes only reads on to `inner`.
    pub fn new(inner: A) -> Self {
        Self { inner }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for DryRun<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        if call.reads() {
            return self.inner.call(call).await;
        }
        let error = ApiError::new(call.method, &call.target, ErrorKind::Refused, "dry run: not sent");
        Err(ApiError { attempts: 0, ..error })
    }
}
