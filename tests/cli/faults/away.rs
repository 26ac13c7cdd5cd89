//! A service that is away for longer than its calls are repeated: no item fails for it.

use std::path::Path;

use crate::support::process::{Bench, Server};
use crate::support::scenario::{Fault, Scenario};
use serde_json::json;
use transship::emulator::{self, Match};

const SHORT: &str = "{ attempts: 2, base: 10ms, cap: 20ms, patience: 400ms }";

/// Every call of the target is answered 503.
fn away() -> Fault {
    Fault(emulator::Fault::new(Match::default(), Fault::status(503))).in_account("target")
}

#[test]
fn a_service_that_is_away_for_too_long_fails_no_item_and_resume_completes_the_run() {
    let world = Scenario::migrate([])
        .many(20)
        .job("concurrency", "2")
        .job("retry", SHORT)
        .fault(Fault::on_create(Fault::slow_before(30)))
        .start();
    let running = world.spawn_run(&[]).until_journal("applied", 3);
    world.fault(away());
    let ran = running.finish().expect_exit(130).expect_stderr("transship resume").expect_count("failed", 0);
    ran.resumed().expect_exit(0).expect_all(20, "created", "equal");
    assert_eq!(world.imports("target").len(), 20);
}

#[test]
fn a_service_that_comes_back_in_time_is_waited_for_and_the_wait_is_told() {
    let world = Scenario::migrate([])
        .many(12)
        .job("retry", "{ attempts: 2, base: 10ms, cap: 20ms, patience: 60s }")
        .fault(Fault::on_create(Fault::slow_before(30)))
        .start();
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    world.fault(away().first(9));
    let ran = running.finish().expect_exit(0).expect_all(12, "created", "equal");
    assert_eq!(ran.world.imports("target").len(), 12);
    ran.expect_stderr("paused   until").expect_stderr("the service is away");
}

#[test]
fn while_the_plan_is_made_an_absence_ends_the_command_and_nothing_was_written() {
    let away = Fault(emulator::Fault::new(Match::default(), Fault::status(503))).in_account("source");
    let ran = Scenario::migrate(["a"])
        .job("retry", "{ attempts: 4, base: 10ms, cap: 20ms, patience: 400ms }")
        .fault(away)
        .run()
        .expect_exit(1)
        .expect_no_write()
        .expect_stderr("paused   until")
        .expect_stderr("away");
    assert!(!ran.stderr.contains("WARN"), "a wait is told as in a run: {}", ran.stderr);
}

#[test]
fn an_item_that_failed_because_it_was_not_sent_is_done_by_resume() {
    // Nothing is waited for: the items fail as soon as their attempts are used up.
    let (bench, mut server) = served();
    bench.write("job.yaml", &job(&server, "{ attempts: 1, base: 1ms, cap: 1ms, patience: 0s }"));
    let mut child = run(&bench, &server);
    server.kill();
    let output = child.output();
    assert!(output.contains("not sent") || output.contains("no connection"), "{output}");
    server.restart(&bench);
    let code = resume(&bench, &server, &bench.runs()[0]);
    assert_eq!(code, Some(0));
    assert_eq!(server.imports("demo-b").iter().filter(|import| is_ours(import)).count(), COUNT);
}

#[test]
fn a_service_that_cannot_be_connected_to_is_waited_for_and_resume_completes_the_run() {
    let (bench, mut server) = served();
    bench.write("job.yaml", &job(&server, SHORT));
    let child = run(&bench, &server);
    server.kill();
    let mut child = child;
    let output = child.output();
    assert_eq!(child.code, Some(130), "{output}");
    assert!(output.contains("the service is away"), "{output}");
    server.restart(&bench);
    let code = resume(&bench, &server, &bench.runs()[0]);
    assert_eq!(code, Some(0));
    assert_eq!(server.imports("demo-b").iter().filter(|import| is_ours(import)).count(), COUNT);
}

const COUNT: usize = 24;

fn is_ours(import: &serde_json::Value) -> bool {
    import["name"].as_str().is_some_and(|name| name.starts_with("Away "))
}

/// A server of its own with imports in one account, and creates that take their time.
fn served() -> (Bench, Server) {
    let bench = Bench::new();
    let faults = bench.write(
        "faults.yaml",
        "behaviour: { rate_limited: false }\nfaults:\n  - { match: { method: POST, path: /v1/imports, account: demo-b }, \
         effect: { slow: { before: 100ms } } }\n",
    );
    let server = Server::start(&bench, "server.jsonl", &faults);
    let connection = json!({ "type": "http", "name": "Away", "http": { "baseURI": "https://example.com" } });
    let make = |account: &str, list: &str, document: &serde_json::Value| {
        let (status, made) = server.call("POST", account, &format!("/v1/{list}"), Some(document));
        assert_eq!(status, 201, "{made}");
        made["_id"].clone()
    };
    let ids = ["demo-a", "demo-b"].map(|account| make(account, "connections", &connection));
    for number in 0..COUNT {
        let import = json!({ "name": format!("Away {number}"), "_connectionId": ids[0],
            "http": { "method": ["POST"], "relativeURI": ["/x"], "body": ["{{{json record}}}"] } });
        make("demo-a", "imports", &import);
    }
    (bench, server)
}

fn job(server: &Server, retry: &str) -> String {
    format!(
        "version: 1\nname: away\naction: migrate\naccounts:\n  a: {{ url: \"{url}\", token: {{ env: TOKEN_A }} }}\n  \
         b: {{ url: \"{url}\", token: {{ env: TOKEN_B }} }}\nsource: a\ntarget: b\nselect: {{ names: [\"Away *\"] }}\n\
         concurrency: 1\nretry: {retry}\n",
        url = server.url
    )
}

/// A run under way, of which some imports are written.
struct Child {
    process: std::process::Child,
    code: Option<i32>,
}

impl Child {
    fn output(&mut self) -> String {
        use std::io::Read as _;
        let mut text = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        self.code = self.process.wait().unwrap().code();
        text
    }
}

fn command(bench: &Bench, server: &Server, words: &[&str]) -> std::process::Command {
    let mut command = bench.transship(words);
    command.env("TOKEN_A", server.token("demo-a")).env("TOKEN_B", server.token("demo-b"));
    command.env("TRANSSHIP_SETTLE", "0.2");
    command
}

fn run(bench: &Bench, server: &Server) -> Child {
    use std::process::Stdio;
    let mut command = command(bench, server, &["run", "job.yaml", "--run-dir", "runs/away"]);
    let process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let since = std::time::Instant::now();
    let journal = bench.path("runs/away/journal.jsonl");
    while std::fs::read_to_string(&journal).unwrap_or_default().matches("applied").count() < 3 {
        assert!(since.elapsed().as_secs() < 60, "the run does not begin");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Child { process, code: None }
}

fn resume(bench: &Bench, server: &Server, folder: &Path) -> Option<i32> {
    let output = command(bench, server, &["resume", folder.to_str().unwrap()]).output().unwrap();
    output.status.code()
}
