//! Tokens that expire during a run.

use std::sync::atomic::AtomicU32;

use futures::future::join_all;

use super::*;
use crate::api::{Method, Token};

/// A service that accepts one token: the last one that was issued, or none.
#[derive(Debug)]
struct Service {
    tokens: Arc<TokenCell>,
    accepts: std::sync::Mutex<&'static str>,
    refused: AtomicU32,
}

#[async_trait]
impl Api for Arc<Service> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let sent = self.tokens.current().0;
        tokio::task::yield_now().await;
        if sent.is_same_as(&Token::new(*self.accepts.lock().unwrap())) {
            return Ok(Reply::new(200, bytes::Bytes::new()));
        }
        self.refused.fetch_add(1, Relaxed);
        let error = ApiError::new(call.method, &call.target, ErrorKind::Unauthorized, "Unauthorized");
        Err(ApiError { status: Some(401), ..error })
    }
}

/// A service that accepts `accepts`. The token command returns the tokens of `given` in turn, and then fails.
fn renewing(
    accepts: &'static str,
    given: &'static [&'static str],
) -> (Arc<Service>, Renewing<Arc<Service>>, Arc<AtomicU32>) {
    let tokens = Arc::new(TokenCell::new(Token::new("first")));
    let service = Arc::new(Service {
        tokens: Arc::clone(&tokens),
        accepts: std::sync::Mutex::new(accepts),
        refused: AtomicU32::new(0),
    });
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let renew = RenewToken::new(move || {
        let attempt = count.fetch_add(1, Relaxed) as usize;
        given.get(attempt).map(Token::new).ok_or_else(|| "it ended with 1".into())
    });
    let api = Renewing::new(Arc::clone(&service), tokens, Some(renew), Arc::default());
    (service, api, asked)
}

fn call() -> Call {
    let target = "/v1/imports".to_owned();
    Call {
        method: Method::Post,
        target,
        body: None,
        purpose: "test",
        can_be_halved: false,
        before_send: None,
    }
}

#[tokio::test]
async fn a_token_that_ran_out_is_asked_for_once_for_all_calls() {
    let (service, api, asked) = renewing("second", &["second"]);
    let call = call();
    for reply in join_all((0..64).map(|_| api.call(&call))).await {
        assert_eq!(reply.unwrap().attempts, 2);
    }
    assert_eq!((asked.load(Relaxed), service.refused.load(Relaxed)), (1, 64));
}

#[tokio::test]
async fn a_new_token_that_is_not_accepted_either_ends_it() {
    for given in [["second", "third"], ["first", "third"]] {
        let given: &'static [&'static str] = Vec::leak(given.to_vec());
        let (_, api, asked) = renewing("another", given);
        let error = api.call(&call()).await.unwrap_err();
        assert_eq!((error.kind, error.summary.as_str()), (ErrorKind::Unauthorized, "Unauthorized"));
        assert_eq!(asked.load(Relaxed), 1);
    }
}

#[tokio::test]
async fn a_token_that_runs_out_again_is_asked_for_again() {
    let (service, api, asked) = renewing("first", &["second", "third"]);
    for token in ["first", "second", "third"] {
        *service.accepts.lock().unwrap() = token;
        api.call(&call()).await.unwrap();
    }
    assert_eq!(asked.load(Relaxed), 2);
}

#[tokio::test]
async fn why_no_token_came_is_told() {
    let (_, api, _) = renewing("second", &[]);
    let error = api.call(&call()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert_eq!(error.summary, "Unauthorized; asking for the token once more failed: it ended with 1");
}
