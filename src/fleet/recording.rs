//! Records how an account ended, in a store that may be unavailable for a while.

use std::time::Duration;

use tokio::time::Instant;

use super::error::FleetError;
use super::request::RunRequest;
use super::result::AccountResult;

/// How long a store that does not answer is waited for.
pub(super) const STORE_PATIENCE: Duration = Duration::from_mins(5);

/// Records how an account ended, and waits a while for a store that does not answer. `None` if the wait ended because
/// the worker is told to stop: the account is run again then, which is safe and quick.
pub(super) async fn record(
    request: &RunRequest<'_>,
    result: &AccountResult,
) -> Result<Option<AccountResult>, FleetError> {
    let began = Instant::now();
    loop {
        let error = tokio::select! {
            biased;
            recorded = request.store.record(result) => match recorded {
                Ok(recorded) => return Ok(Some(recorded)),
                Err(error) => error,
            },
            () = request.cancel.aborting() => return Ok(None),
        };
        if began.elapsed() > STORE_PATIENCE {
            return Err(error);
        }
        tokio::select! {
            biased;
            () = request.cancel.draining() => return Ok(None),
            () = tokio::time::sleep(request.pace.control) => {}
        }
    }
}
