//! `Asking`: every call of an account asks before it is sent.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Api, ApiError, BeforeSend, Call, Reply};

/// An API that asks before it sends a call.
#[derive(Debug)]
pub(super) struct Asking {
    pub inner: Arc<dyn Api>,
    pub before_send: BeforeSend,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Api for Asking {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        if call.before_send.is_some() {
            // The caller's own check knows more about the call.
            return self.inner.call(call).await;
        }
        let call = Call { before_send: Some(self.before_send.clone()), ..call.clone() };
        self.inner.call(&call).await
    }
}
