//! `Renewing<A>`: asks the source of a token for a new one once the service no longer accepts the old one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;

use super::token::{RenewToken, TokenCell, TokenSourceError};
use super::{Api, ApiError, Call, ErrorKind, Meter, Reply};

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
enum RenewError {
    /// The source of the token failed.
    #[error(transparent)]
    Source(TokenSourceError),
    /// The source returned something that cannot be a token.
    #[error("what it gave is not a token")]
    NotAToken,
    /// A bug in this program ended the request for a token.
    #[error(transparent)]
    Panicked(#[from] tokio::task::JoinError),
}

/// An API that asks for a new token after a 401: a token command may give tokens that are valid for an hour.
///
/// The service did not carry out a call that it answered with 401, so the call is sent again whatever its verb. If the
/// new token is not accepted either, no other one is asked for.
#[derive(Debug)]
pub struct Renewing<A> {
    inner: A,
    tokens: Arc<TokenCell>,
    renew: Option<RenewToken>,
    meter: Arc<Meter>,
    /// The number of the newest token that was accepted. The first token, number 0, is renewed too if it is not
    /// accepted.
    accepted: AtomicU64,
    /// Held while one call asks for the token; the others wait for the result.
    asking: tokio::sync::Mutex<()>,
}

impl<A> Renewing<A> {
    pub(super) fn new(
        inner: A,
        tokens: Arc<TokenCell>,
        renew: Option<RenewToken>,
        meter: Arc<Meter>,
    ) -> Self {
        let (accepted, asking) = (AtomicU64::new(0), tokio::sync::Mutex::default());
        Self { inner, tokens, renew, meter, accepted, asking }
    }

    /// Asks for the token, unless another call did so since token `used` was sent. Returns whether there is another
    /// token now.
    async fn renewed(&self, used: u64) -> Result<bool, RenewError> {
        let Some(renew) = &self.renew else { return Ok(false) };
        let _one = self.asking.lock().await;
        let (token, number) = self.tokens.current();
        if number != used {
            return Ok(true);
        }
        if self.accepted.load(Relaxed) < number {
            return Ok(false); // It was asked for already, and what came was never accepted.
        }
        let ask = renew.clone();
        let asked = tokio::task::spawn_blocking(move || ask.ask()).await;
        let new = asked?.map_err(RenewError::Source)?;
        if super::http::bearer(&new).is_none() {
            return Err(RenewError::NotAToken);
        }
        if new.is_same_as(&token) {
            return Ok(false);
        }
        self.tokens.replace(new);
        self.meter.note("the service refused the token; a new one was fetched where the token comes from");
        Ok(true)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for Renewing<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let mut sent = 0;
        loop {
            let used = self.tokens.current().1;
            let error = match self.inner.call(call).await {
                Ok(reply) => {
                    self.accepted.fetch_max(used, Relaxed);
                    return Ok(Reply { attempts: sent + reply.attempts, ..reply });
                }
                Err(error) => error,
            };
            sent += error.attempts;
            if error.kind != ErrorKind::Unauthorized {
                return Err(ApiError { attempts: sent, ..error });
            }
            match self.renewed(used).await {
                Ok(true) => {
                    if let Some(before_send) = &call.before_send {
                        before_send.not_taken(&error).await;
                    }
                }
                Ok(false) => return Err(ApiError { attempts: sent, ..error }),
                Err(why) => {
                    let why = crate::model::chain(&why);
                    let summary = format!("{}; asking for the token once more failed: {why}", error.summary);
                    return Err(ApiError { attempts: sent, summary, ..error });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
