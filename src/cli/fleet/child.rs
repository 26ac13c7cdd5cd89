//! Running an account: this program itself as a child, so that a crash of one is not a crash of all.
//!
//! The child dies with this process where the system can do that, and is in a process group of its own: a Ctrl-C at the
//! terminal reaches it once, through here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::cli::failure::Failure;
use crate::cli::lease::TRIED;
use crate::cli::network;
use crate::cli::parent::PARENT;
use crate::cli::stderr::PROGRESS;
use crate::cli::world::CliContext;
use crate::fleet::run::Activities;
use crate::fleet::{Activity, ChildEnd, Counts};
use crate::model::cancel::Cancel;
use crate::session::emulator_server::EMULATOR_SERVER;

/// How much of the document of a child is kept: a run's is small, and a plan is read from its file.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// What every child is started with.
#[derive(Debug, Clone)]
pub(super) struct Program {
    exe: PathBuf,
    folder: PathBuf,
    store: String,
    fleet: String,
    emulator_data: Option<PathBuf>,
    /// How services are reached, as the variables that a child reads: an address of a proxy may hold a password.
    network: Vec<(&'static str, OsString)>,
    /// Says where the emulator of this process is.
    server: Option<PathBuf>,
}

impl Program {
    /// This program, for the accounts of a fleet.
    pub(super) fn this(
        world: &CliContext,
        store: &str,
        fleet: &str,
        server: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            exe: std::env::current_exe()?,
            folder: world.host.env.folder.clone(),
            store: store.to_owned(),
            fleet: fleet.to_owned(),
            emulator_data: world.global.emulator_data.clone(),
            network: network::variables(&world.global),
            server,
        })
    }

    /// Starts it with these arguments; its document is on its stdout, its progress on its stderr.
    pub(super) fn start(&self, words: &[&std::ffi::OsStr]) -> std::io::Result<Child> {
        let mut command = Command::new(&self.exe);
        command.args(words).args(["--format", "json", "--log-format", "json", "--progress", "plain"]);
        command.current_dir(&self.folder);
        command.env(PARENT, std::process::id().to_string());
        command.env("TRANSSHIP_STORE", &self.store).env("TRANSSHIP_FLEET", &self.fleet);
        // It was tried by this process, so that each child need not.
        command.env(TRIED, &self.store);
        // What is said of this process is not said of its children.
        for name in ["TRANSSHIP_LOG_FILE", "TRANSSHIP_QUIET", "TRANSSHIP_YES", "TRANSSHIP_DIFF"] {
            command.env_remove(name);
        }
        if let Some(data) = &self.emulator_data {
            command.env("TRANSSHIP_EMULATOR_DATA", data);
        }
        command.envs(self.network.iter().map(|(name, value)| (*name, value)));
        if let Some(server) = &self.server {
            command.env(EMULATOR_SERVER, server);
        }
        #[cfg(unix)]
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn()
    }
}

/// What became of a child.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// `None` for one that was killed.
    pub exit_code: Option<u8>,
    /// Its document, where it printed one that is not too large.
    pub document: Option<Value>,
}

impl Ended {
    /// Why it ended early, in a sentence.
    pub(super) fn message(&self) -> Option<String> {
        let error = self.document.as_ref()?.get("error")?;
        let first = error.get("problems").and_then(|problems| problems.get(0)?.get("message"));
        Some(first.or(error.get("message"))?.as_str()?.to_owned())
    }

    /// What a fleet keeps of the run of an account.
    pub(super) fn of_run(self, folder: String) -> ChildEnd {
        let message = self.message();
        let summary = self.document.as_ref().and_then(|document| document.get("summary"));
        // A summary that is not one counts nothing, and says so by being absent.
        let counts = summary.and_then(|summary| serde_json::from_value::<Counts>(summary.clone()).ok());
        ChildEnd { exit_code: self.exit_code, counts, message, folder: Some(folder) }
    }
}

/// Waits for a child; what it says of its progress is kept, and once `cancel` drains it is told to, once it aborts it is
/// told again.
pub(super) async fn follow(
    mut child: Child,
    account: &str,
    activities: &Activities,
    cancel: &Cancel,
) -> std::io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let document = async {
        let mut text = Vec::new();
        if let Some(stdout) = stdout {
            let mut limited = stdout.take(DOCUMENT_LIMIT);
            limited.read_to_end(&mut text).await?;
            // The rest is read and let go: a child whose pipe is full would wait for ever.
            tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await?;
        }
        Ok::<_, std::io::Error>(serde_json::from_slice::<Value>(&text).ok())
    };
    let progress = async {
        if let Some(stderr) = stderr {
            read_progress(BufReader::new(stderr), account, activities).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let id = child.id();
    let signals = async {
        cancel.draining().await;
        interrupt(id);
        cancel.aborting().await;
        interrupt(id);
        std::future::pending::<()>().await;
    };
    let ended = async { tokio::try_join!(document, progress, child.wait()) };
    let (document, (), status) = tokio::select! {
        ended = ended => ended?,
        () = signals => unreachable!("signals are sent until the child has ended"),
    };
    let exit_code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Ended { exit_code, document })
}

/// Reads the lines of stderr; those of progress are kept.
async fn read_progress(
    mut lines: impl AsyncBufRead + Unpin,
    account: &str,
    activities: &Activities,
) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        // A line that is no JSON is one that a crash left.
        let Ok(said) = serde_json::from_slice::<Value>(&line) else { continue };
        if said.get("target").and_then(Value::as_str) != Some(PROGRESS) {
            continue;
        }
        let field = |name: &str| said.get("fields").and_then(|fields| fields.get(name)?.as_u64());
        if let Some(calls) = field("calls") {
            let (done, total) = (field("done").unwrap_or(0), field("total").unwrap_or(0));
            activities.set(account, Activity { done, total, calls });
        }
    }
}

/// Tells a process to drain, as Ctrl-C does.
fn interrupt(id: Option<u32>) {
    let id = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
}
