//! The connection to Temporal: address, namespace, TLS and keys by Temporal's own `TEMPORAL_*` variables.

use std::time::Duration;

use anyhow::Context as _;
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::{Client, ClientOptions, Connection};

/// How often a server that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Connects; a server that does not answer yet is waited for so long.
///
/// # Errors
///
/// The variables make no sense, or no server answers in that time.
///
/// # Cancel safety
///
/// Dropping the future is safe: it ends the waiting and the attempt.
pub async fn connect(patience: Duration) -> anyhow::Result<Client> {
    let began = tokio::time::Instant::now();
    let mut was_told = false;
    loop {
        let (connection, client) = ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| {
                anyhow::anyhow!("the TEMPORAL_* variables or the file that they name: {error}")
            })?;
        let address = connection.target.to_string();
        match Connection::connect(connection).await {
            Ok(connection) => return Ok(Client::new(connection, client)?),
            Err(error) if began.elapsed() >= patience => {
                return Err(error).with_context(|| {
                    format!("Temporal does not answer at {address} (TEMPORAL_ADDRESS, TEMPORAL_TLS_…)")
                });
            }
            Err(_) => {
                if !was_told {
                    crate::say(&format!("Temporal does not answer at {address}; waiting for it"));
                    was_told = true;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
