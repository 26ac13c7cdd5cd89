//! What does a night cost? The real binary backs up an account of the emulator (a process of its own), twice; the account
//! is wiped and restored, and compared with its backup. Beside it, in the same run, a bare loop that reads the same pages
//! and writes them into one file.
//!
//! `cargo bench --bench backup -- N` takes N imports, 10,000 if not given.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints and may fail loudly")]
#![allow(missing_docs, reason = "a bench has no callers")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn document(number: usize) -> Value {
    let fields: Vec<Value> = (0..24)
        .map(|field| json!({"extract": format!("order.lines[*].f{field}_{}", number % 97), "generate": format!("target_{field}")}))
        .collect();
    json!({
        "_id": format!("{number:024x}"),
        "createdAt": "2025-01-01T00:00:00.000Z",
        "lastModified": "2025-01-01T00:00:00.000Z",
        "name": format!("Orders {number:06}"),
        "_connectionId": "5f7c579b6411271af4e7cefa",
        "apiIdentifier": format!("i{number:09x}"),
        "mapping": {"fields": fields, "lists": []},
        "http": {
            "relativeURI": [format!("/orders/{number}/{{{{record.id}}}}")],
            "method": ["POST"],
            "body": ["{\"order\":{{{json record}}},\"origin\":\"{{record.origin}}\"}"],
        },
        "adaptorType": "HTTPImport"
    })
}

/// What a command took.
struct Took {
    wall: Duration,
    peak_kib: u64,
    summary: Value,
}

struct PlanBuilder {
    folder: tempfile::TempDir,
    emulator: Child,
    url: String,
    token: String,
}

impl Drop for PlanBuilder {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

impl PlanBuilder {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let imports: Vec<Value> = (0..count).map(document).collect();
        let connections = json!([{"_id": "5f7c579b6411271af4e7cefa", "name": "Shop", "type": "http"}]);
        let data = json!({ "imports": imports, "connections": connections });
        std::fs::write(folder.path().join("data.json"), data.to_string()).unwrap();
        std::fs::write(folder.path().join("faults.yaml"), "behaviour: { rate_limited: false }\n").unwrap();
        let mut emulator = Command::new(env!("CARGO_BIN_EXE_transship"))
            .args(["emulator", "--data", "data.json", "--faults", "faults.yaml", "--account", "bench"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(emulator.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().unwrap();
        let token = lines.next().unwrap().split(' ').nth(3).unwrap().to_owned();
        Self { folder, emulator, url, token }
    }

    fn job(&self, action: &str, more: &str) -> String {
        let text = format!(
            "version: 1\nname: {action}\naction: {action}\naccounts:\n  bench: {{ url: \"{}\", token: {{ env: TOKEN }} }}\n\
             source: bench\nrate: {{ per_second: 100000, burst: 100000, share: 1 }}\n{more}",
            self.url
        );
        let name = format!("{action}.yaml");
        std::fs::write(self.folder.path().join(&name), text).unwrap();
        name
    }

    fn run(&self, arguments: &[&str], dir: Option<&str>) -> Took {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_transship"))
            .args(arguments)
            .args(dir.map(|dir| ["--run-dir", dir]).into_iter().flatten())
            .args(["--quiet"])
            .current_dir(self.folder.path())
            .env("TOKEN", &self.token)
            .env("HOME", self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (mut peak_kib, status) = (0, format!("/proc/{}/status", child.id()));
        let exit = loop {
            if let Some(exit) = child.try_wait().unwrap() {
                break exit;
            }
            peak_kib = peak_kib.max(peak(&status));
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(exit.success(), "{arguments:?}: {exit}");
        let summary = dir.map(|dir| self.folder.path().join(dir).join("summary.json"));
        let summary = summary.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap());
        Took { wall: began.elapsed(), peak_kib, summary: summary.unwrap_or_default() }
    }

    /// Reads the same pages and writes them into one file, and is content.
    async fn bare(&self) -> Duration {
        let began = Instant::now();
        let client = reqwest::Client::new();
        let mut out = std::fs::File::create(self.folder.path().join("bare.json")).unwrap();
        let mut next = Some(format!("{}/v1/imports?limit=1000", self.url));
        while let Some(url) = next.take() {
            let answer = client.get(url).bearer_auth(&self.token).send().await.unwrap();
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            next = link.and_then(|link| {
                let part = link.split(',').find(|part| part.contains("next"))?.to_owned();
                Some(part.split(['<', '>']).nth(1)?.to_owned())
            });
            out.write_all(&answer.bytes().await.unwrap()).unwrap();
        }
        out.sync_all().unwrap();
        began.elapsed()
    }
}

fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(
            |entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() },
        )
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn told(what: &str, count: usize, took: &Took) {
    let calls = took.summary["total_calls"].as_u64().unwrap_or(0);
    println!(
        "{what:<28} {:>7.2} s  {:>8.0} imports/s  {calls:>6} calls ({:.2} s at 300 a second)  peak {:.1} MiB",
        took.wall.as_secs_f64(),
        count as f64 / took.wall.as_secs_f64(),
        calls as f64 / 300.0,
        took.peak_kib as f64 / 1024.0
    );
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench")]
fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let bench = PlanBuilder::new(count);
    let archive = "archive: { path: archive }\n";
    let backup = bench.job("backup", archive);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bare = runtime.block_on(bench.bare());
    println!(
        "{:<28} {:>7.2} s  {:>8.0} imports/s",
        "bare loop",
        bare.as_secs_f64(),
        count as f64 / bare.as_secs_f64()
    );
    let first = bench.run(&["run", &backup], Some("first"));
    told("first night", count, &first);
    let stored = size(&bench.folder.path().join("archive"));
    println!(
        "{:<28} {stored} bytes in the archive, {:.0} an import; {:.2} x the bare loop",
        "",
        stored as f64 / count as f64,
        first.wall.as_secs_f64() / bare.as_secs_f64()
    );
    let second = bench.run(&["run", &backup], Some("second"));
    told("a night without changes", count, &second);
    println!("{:<28} {} bytes more in the archive", "", size(&bench.folder.path().join("archive")) - stored);
    let delete = bench.job("delete", "select: { names: [\"*\"] }\n");
    bench.run(&["run", &delete, "--yes"], Some("wiped"));
    let restore = bench.job("restore", archive);
    let restored = bench.run(&["run", &restore, "--yes"], Some("restored"));
    told("restore of a wiped account", count, &restored);
    assert_eq!(restored.summary["outcomes"]["restored"], count);
    let compare = bench.job("compare", archive);
    let compared = bench.run(&["run", &compare], Some("compared"));
    told("compared with the backup", count, &compared);
    assert_eq!(compared.summary["verdicts"]["equal"], count);
    let drill = bench.run(&["archive", "drill", "archive"], None);
    told("drill of all, the first time", count, &drill);
    let check = bench.run(&["archive", "check", "archive"], None);
    told("check of all", count, &check);
}
