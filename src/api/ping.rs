//! Notifies an address that something happened. Sends no token.

use std::time::Duration;

use url::Url;

use super::http::{HttpOptions, on_the_way, reason};

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it tries.
const TRIES: u32 = 3;

/// Why an address could not be notified. The text never includes the address, which may itself be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PingError {
    /// There was no answer, or no connection could be made.
    #[error("{0}")]
    NoAnswer(String),
    /// It answered with a status other than success.
    #[error("it answered {0}")]
    Refused(u16),
}

/// GETs the address, a few times if it does not answer. Only the status of the answer matters.
///
/// # Errors
///
/// It cannot be reached, or answers with an error. The text never includes the address, which may itself be secret.
///
/// # Cancel safety
///
/// Dropping the future stops trying.
pub async fn ping(url: &Url, options: &HttpOptions) -> Result<(), PingError> {
    transship_tls::install_provider();
    let client = on_the_way(reqwest::Client::builder(), url, options)
        .map_err(|error| PingError::NoAnswer(error.to_string()))?
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::limited(3))
        .retry(reqwest::retry::never())
        .user_agent(concat!("transship/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| PingError::NoAnswer(reason(error)))?;
    let mut why = PingError::NoAnswer(String::new());
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
        }
        match client.get(url.clone()).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => why = PingError::Refused(answer.status().as_u16()),
            Err(error) => why = PingError::NoAnswer(reason(error)),
        }
    }
    Err(why)
}
