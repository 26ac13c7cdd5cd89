//! A server of one's own, on its own thread.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::control::Control;
use super::error::EmulatorError;
use super::options::{AccountSpec, Options, serve};
use super::store::Store;

/// A running emulator on a free port of this machine; dropping it stops it and closes its file.
///
/// It has a thread and a runtime of its own, so it may be started and dropped anywhere, also within another
/// runtime, and answers while the starter computes.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    tokens: BTreeMap<String, String>,
    control: Control,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), EmulatorError>>>,
}

impl Embedded {
    /// Starts a server over the data file at `path` with these accounts, seeding those that are new.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or no port can be had.
    pub fn start<I, N>(path: &Path, accounts: I) -> Result<Self, EmulatorError>
    where
        I: IntoIterator<Item = N>,
        N: Into<String>,
    {
        let accounts = accounts.into_iter().map(AccountSpec::seeded).collect();
        Self::with(Store::open(path)?, Options { accounts, ..Options::default() })
    }

    /// Starts a server over `store` with all options at hand.
    ///
    /// # Errors
    ///
    /// When the store fails, a fault is not understood or no port can be had.
    pub fn with(store: Store, options: Options) -> Result<Self, EmulatorError> {
        let mut tokens = BTreeMap::new();
        for account in &options.accounts {
            tokens.insert(account.name.clone(), account.open(&store)?.token);
        }
        let network = |doing| move |source| EmulatorError::Network { doing, source };
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(network("take a port"))?;
        listener.set_nonblocking(true).map_err(network("take a port"))?;
        let url = format!("http://{}", listener.local_addr().map_err(network("take a port"))?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(network("start its runtime"))?;
        let control = options.control.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("emulator".into())
            .spawn(move || {
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).map_err(network("take a port"))?;
                    // Told to stop, or the handle is gone: both mean stop.
                    let stopped = async { drop(stopped.await) };
                    serve(listener, store, options, stopped).await
                })
            })
            .map_err(network("start its thread"))?;
        Ok(Self { url, tokens, control, stop: Some(stop), thread: Some(thread) })
    }

    /// A handle on a server that runs in another process, with the tokens of its accounts. Dropping it stops nothing, and
    /// its faults and counts are not to be had.
    pub fn at(url: String, tokens: BTreeMap<String, String>) -> Self {
        Self { url, tokens, control: Control::default(), stop: None, thread: None }
    }

    /// The tokens of its accounts, by name.
    pub fn tokens(&self) -> &BTreeMap<String, String> {
        &self.tokens
    }

    /// Where it answers: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token of an account; none if it does not serve it.
    pub fn token(&self, account: &str) -> Option<&str> {
        self.tokens.get(account).map(String::as_str)
    }

    /// The handle by which calls are counted and faults added.
    pub fn control(&self) -> &Control {
        &self.control
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && !matches!(thread.join(), Ok(Ok(())))
        {
            tracing::error!("the emulator ended with a failure");
        }
    }
}
