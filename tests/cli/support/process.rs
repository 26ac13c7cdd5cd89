//! The real binary and the emulator as processes of their own, so that either can be killed.

#![allow(dead_code, unreachable_pub, reason = "every test binary has its own copy and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A folder of one's own and the binary with nothing of this machine's environment.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: crate::support::folder() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn transship(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.env_clear().current_dir(self.folder.path()).args(arguments);
        // Nobody sits at the terminal of a test.
        command.env("TRANSSHIP_YES", "1");
        command.env("HOME", self.folder.path()).env("TRANSSHIP_EMULATOR_DATA", self.path("embedded.jsonl"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs to the end; panics unless it exits with `code`.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Output {
        let output = self.transship(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}", told(&output));
        output
    }

    /// The folders of runs that have a journal, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("runs")) else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("journal.jsonl").is_file())
            .collect();
        runs.sort();
        runs
    }
}

/// What a command said.
pub fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The emulator as a server; killed when dropped.
pub struct Server {
    child: Child,
    pub url: String,
    /// Tokens by account.
    pub tokens: Vec<(String, String)>,
    data: PathBuf,
    faults: PathBuf,
}

impl Server {
    /// Starts it over `data` (a data file) with a faults file.
    pub fn start(bench: &Bench, data: &str, faults: &Path) -> Self {
        let data = bench.path(data);
        let (child, url, tokens) = spawn(bench, &data, faults, "0");
        Self { child, url, tokens, data, faults: faults.to_owned() }
    }

    pub fn token(&self, account: &str) -> &str {
        &self.tokens.iter().find(|(name, _)| name == account).expect("the emulator serves it").1
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again over the same file, at the same port.
    pub fn restart(&mut self, bench: &Bench) {
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        let (child, url, tokens) = spawn(bench, &self.data, &self.faults, &port);
        assert_eq!((url, tokens), (self.url.clone(), self.tokens.clone()));
        self.child = child;
    }

    /// A call as anyone can make it: nothing of the program under test is in it.
    pub fn call(&self, method: &str, account: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = crate::support::http_client().request(method, format!("{}{path}", self.url));
            let mut request = request.bearer_auth(self.token(account));
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            let response = request.send().await.expect("the emulator answers");
            let status = response.status().as_u16();
            let text = response.text().await.expect("the answer is whole");
            (status, serde_json::from_str(&text).unwrap_or(Value::Null))
        })
    }

    /// Every import of an account.
    pub fn imports(&self, account: &str) -> Vec<Value> {
        match self.call("GET", account, "/v1/imports?limit=1000", None) {
            (200, Value::Array(list)) if list.len() < 1000 => list,
            (204, _) => Vec::new(),
            other => panic!("no list of imports: {other:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(bench: &Bench, data: &Path, faults: &Path, port: &str) -> (Child, String, Vec<(String, String)>) {
    let known = bench.path("server.tokens");
    std::fs::write(
        &known,
        "demo-a 0123456789abcdef0123456789abcdea\ndemo-b 0123456789abcdef0123456789abcdeb\n",
    )
    .unwrap();
    let (data, faults) = (data.to_str().unwrap(), faults.to_str().unwrap());
    let mut child = bench
        .transship(&["emulator", "--port", port, "--data", data, "--faults", faults])
        .arg("--tokens")
        .arg(&known)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().expect("it says where it listens");
    let tokens = lines
        .by_ref()
        .take(2)
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[1].to_owned(), words[3].to_owned())
        })
        .collect();
    (child, url, tokens)
}
