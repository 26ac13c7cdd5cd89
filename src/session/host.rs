//! What a session knows about the machine that it runs on, captured once by the caller: environment, time,
//! randomness, places.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::HttpOptions;
use crate::emulator::Embedded;
use crate::job::Env;
use crate::model::event::Events;
use crate::model::time::Clock;

/// The program and its version, as written in plans and journals.
pub const TOOL: &str = concat!("transship ", env!("CARGO_PKG_VERSION"));

/// The machine, as a value. Nothing in `session` asks the machine itself for the time, for chance or for a variable.
#[derive(Debug, Clone)]
pub struct Host {
    /// Variables, home folder and current folder.
    pub env: Env,
    /// The time of day.
    pub clock: Clock,
    /// The source of run names and of the jitter of retries.
    pub random: Random,
    /// An emulator that several sessions of this process share; without one, each starts its own when it needs one.
    pub emulator: Option<Arc<Embedded>>,
    /// How services are called: version of HTTP, proxy, trusted certificates. How long a call may take comes from the job.
    pub http: HttpOptions,
    /// The data file of the embedded emulator; `None` for the one in the user's data folder.
    pub emulator_data: Option<PathBuf>,
    /// The listener for waits while an account is opened, before a session has listeners; none by default.
    pub events: Events,
}

impl Host {
    /// A machine with that environment, the system's clock and a random seed.
    pub fn new(env: Env) -> Self {
        Self {
            env,
            clock: Clock::system(),
            random: Random::new(),
            emulator: None,
            http: HttpOptions::default(),
            emulator_data: None,
            events: Events::none(),
        }
    }

    /// A folder of the user's own: `XDG_<which>_HOME`, else below the home folder. `None` without a home folder.
    fn user_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let given = self.env.get(variable).filter(|path| path.starts_with('/')).map(PathBuf::from);
        let folder = given.or_else(|| self.env.home.as_ref().map(|home| home.join(below_home)))?;
        Some(folder.join("transship"))
    }

    /// The folder of locks; `None` without a home folder, in which case locks are beside the runs.
    pub(super) fn locks(&self) -> Option<PathBuf> {
        self.user_folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("locks"))
    }

    /// The folder of copies of run folders that are in a store; `None` without a home folder.
    pub(super) fn copies(&self) -> Option<PathBuf> {
        self.user_folder("XDG_STATE_HOME", ".local/state")
    }

    /// The data file of the embedded emulator. Without a home folder it is below the current folder.
    pub fn emulator_file(&self) -> PathBuf {
        self.emulator_data.clone().unwrap_or_else(|| {
            let folder = self.user_folder("XDG_DATA_HOME", ".local/share");
            folder.unwrap_or_else(|| self.env.folder.join(".transship")).join("emulator.jsonl")
        })
    }

    /// The name of this machine, if it is known.
    pub fn name(&self) -> Option<String> {
        let named = self.env.get("HOSTNAME").filter(|name| !name.is_empty()).map(str::to_owned);
        named.or_else(|| {
            let text = std::fs::read_to_string("/etc/hostname").ok()?;
            text.lines().next().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
        })
    }

    /// Who runs this, for the report: `alice on build-7`, as far as it is known.
    pub fn who(&self) -> Option<String> {
        let named = |variable: &&str| self.env.get(variable).filter(|name| !name.is_empty());
        let user = ["USER", "LOGNAME"].iter().find_map(named).map(str::to_owned);
        match (user, self.name()) {
            (Some(user), Some(machine)) => Some(format!("{user} on {machine}")),
            (Some(one), None) => Some(one),
            (None, Some(machine)) => Some(format!("{} on {machine}", system_user())),
            (None, None) => Some(system_user()),
        }
    }

    /// This process, as shown to others that find something in use.
    pub fn holder(&self) -> String {
        let process = std::process::id();
        self.name()
            .map_or_else(|| format!("process {process}"), |name| format!("process {process} on {name}"))
    }
}

/// The name that the system has for the user of this process, or the number.
fn system_user() -> String {
    let number = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let known = lines.find(|parts| parts.get(2) == Some(&number.as_str()));
    known.and_then(|parts| parts.first().map(|name| (*name).to_owned())).unwrap_or(format!("user {number}"))
}

/// Randomness as a parameter: the same seed gives the same names and the same jitter.
#[derive(Clone)]
pub struct Random(Arc<Mutex<fastrand::Rng>>);

impl Random {
    /// Seeded by the system.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// Seeded by the caller, so that everything is repeatable.
    pub fn with_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// Any of the 65,536 numbers.
    pub fn u16(&self) -> u16 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u16(..)
    }

    /// A seed for something that has randomness of its own.
    pub fn seed(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
