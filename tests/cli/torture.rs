//! Never twice, never lost: the real binary is killed over and over, and the end is as if it never had been.
//!
//! Debug builds only: the named crash points are not in a release. `TRANSSHIP_TORTURE=N` goes on until N kills.

#![cfg(debug_assertions)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::process::{Bench, Server, told};
use serde_json::{Value, json};
use transship::model::crash::POINTS;
use transship::report::evidence::{State, verify};
use transship::run_folder::folder::RunFolder;

/// Kills of one command at most before it is left in peace.
const KILLS_OF_ONE: u32 = 7;
const SHORT: u32 = 16;

/// What every third import of the source refers to.
const SCRIPTS: [&str; 3] = ["Torture script A", "Torture script B", "Torture script C"];

/// What an account holds, as far as people care: how many imports say the same.
type Holding = BTreeMap<String, usize>;

struct Torture {
    bench: Bench,
    server: Server,
    draws: fastrand::Rng,
    kills: u32,
    at_points: BTreeMap<&'static str, u32>,
    server_kills: u32,
    commands: u32,
    /// What the journals tell: how often it was in doubt and how that was settled.
    steps: BTreeMap<String, u32>,
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it goes on is told by the environment")]
fn killed_anywhere_and_cut_anywhere_every_import_is_written_once() {
    let wanted = std::env::var("TRANSSHIP_TORTURE").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORT);
    let seed = std::env::var("TRANSSHIP_TORTURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let began = Instant::now();
    let mut torture = Torture::new(seed);
    let mut round = 0;
    while torture.kills < wanted {
        round += 1;
        torture.round(round, wanted);
        println!(
            "round {round}: {} kills ({} of the server) of {} commands after {:.0?}",
            torture.kills,
            torture.server_kills,
            torture.commands,
            began.elapsed()
        );
    }
    println!("at named points: {:?}", torture.at_points);
    println!("steps in the journals: {:?}", torture.steps);
}

impl Torture {
    fn new(seed: u64) -> Self {
        let bench = Bench::new();
        // Nothing goes wrong before it begins.
        let place = bench.write("faults.yaml", "behaviour: { rate_limited: false }\n");
        let server = Server::start(&bench, "server.jsonl", &place);
        let mut torture = Self {
            bench,
            server,
            draws: fastrand::Rng::with_seed(seed),
            kills: 0,
            at_points: BTreeMap::new(),
            server_kills: 0,
            commands: 0,
            steps: BTreeMap::new(),
        };
        torture.seed_source();
        torture.bench.write("faults.yaml", &faults(seed));
        torture.server.kill();
        torture.server.restart(&torture.bench);
        torture
    }

    /// Imports of the source: most of their own, some of one name and another content, some exact twins; every third
    /// of the first has a hook in a script that the target lacks.
    fn seed_source(&self) {
        let connection =
            json!({ "type": "http", "name": "Torture", "http": { "baseURI": "https://example.com" } });
        let make = |account: &str, list: &str, document: &Value| {
            let (status, made) = self.server.call("POST", account, &format!("/v1/{list}"), Some(document));
            assert_eq!(status, 201, "{made}");
            made["_id"].clone()
        };
        let ids = ["demo-a", "demo-b"].map(|account| make(account, "connections", &connection));
        let scripts =
            SCRIPTS.map(|name| make("demo-a", "scripts", &json!({ "name": name, "content": name })));
        let mut documents: Vec<(String, String)> =
            (0..24).map(|n| (format!("Torture {n}"), format!("/own/{n}"))).collect();
        documents.extend((0..4).map(|n| ("Torture namesake".to_owned(), format!("/namesake/{n}"))));
        documents.extend((0..4).map(|_| ("Torture twin".to_owned(), "/twin".to_owned())));
        for (number, (name, uri)) in documents.into_iter().enumerate() {
            let mut import = json!({ "name": name, "_connectionId": ids[0], "description": "0",
                "http": { "method": ["POST"], "relativeURI": [uri], "body": ["{{{json record}}}"] } });
            if number < 24 && number % 3 == 0 {
                let script = &scripts[number / 3 % SCRIPTS.len()];
                import["hooks"] = json!({ "preMap": { "function": "hook", "_scriptId": script } });
            }
            make("demo-a", "imports", &import);
        }
    }

    /// One after the other, each killed several times: migrate, update, undo of the update, delete, undo of the delete,
    /// clone, undo of the clone, undo of the migration. The end is the beginning.
    fn round(&mut self, round: u32, wanted: u32) {
        let empty = self.holding();
        assert!(empty.is_empty(), "a round begins with nothing: {empty:?}");
        let source = held(&self.server.imports("demo-a"));
        let migrate =
            "source: a\ntarget: b\nselect: { names: [\"Torture *\"] }\nreferences: { create: [scripts] }\n";
        let job = self.job("migrate", migrate);
        let migrated = self.job_drive_to_the_end(&job);
        assert_eq!(self.holding(), source, "every import of the source once");
        assert_eq!(self.scripts(), SCRIPTS, "every script once");
        self.again_is_all_unchanged(&job);

        let transform = format!("transform: [{{ set: {{ /description: \"{round}\" }} }}]\n");
        let job =
            self.job("update", &format!("source: b\nselect: {{ names: [\"Torture *\"] }}\n{transform}"));
        let updated = self.job_drive_to_the_end(&job);
        let with_round: Holding = source.iter().map(|(key, count)| (retold(key, round), *count)).collect();
        assert_eq!(self.holding(), with_round, "every import changed");
        self.again_is_all_unchanged(&job);
        self.undo_drive_to_the_end(&updated);
        assert_eq!(self.holding(), source, "every import as it was");
        if self.kills >= wanted {
            return;
        }

        let ids = self.ids();
        let job = self.job("delete", "source: b\nselect: { names: [\"Torture *\"] }\n");
        let deleted = self.job_drive_to_the_end(&job);
        assert_eq!(self.holding(), Holding::new(), "every import gone");
        self.undo_drive_to_the_end(&deleted);
        assert_eq!(self.holding(), source, "every import back");
        assert_eq!(self.ids(), ids, "from the recycle bin, with its id");

        let clone = "source: b\nselect: { names: [\"Torture *\"], exclude: { names: [\"Torture clone *\"] } }\n\
            transform:\n  - rename: { find: \"^Torture\", replace: \"Torture clone\" }\n  \
            - set: { /description: cloned }\n";
        let job = self.job("clone", clone);
        let cloned = self.job_drive_to_the_end(&job);
        let mut with_clones = source.clone();
        with_clones.extend(source.iter().map(|(key, count)| {
            let clone = key.replacen("Torture", "Torture clone", 1).replacen("| 0 |", "| cloned |", 1);
            (clone, *count)
        }));
        assert_eq!(self.holding(), with_clones, "every import cloned once");
        self.again_is_all_unchanged(&job);
        self.undo_drive_to_the_end(&cloned);
        assert_eq!(self.holding(), source, "every clone gone, nothing else");
        self.undo_drive_to_the_end(&migrated);
        assert_eq!(self.holding(), Holding::new(), "as it began");
        assert!(self.scripts().is_empty(), "the scripts too");
    }

    fn job(&self, action: &str, rest: &str) -> String {
        let account = |name: &str, token: &str| {
            format!(
                "{{ url: \"{name}\", token: {{ env: {token} }}, rate: {{ burst: 10000, per_second: 1000 }} }}"
            )
        };
        let text = format!(
            "version: 1\nname: {action}\naction: {action}\naccounts:\n  a: {}\n  b: {}\n\
            retry: {{ attempts: 100, base: 20ms, cap: 300ms }}\n{rest}",
            account(&self.server.url, "TOKEN_A"),
            account(&self.server.url, "TOKEN_B"),
        );
        let name = format!("{action}.yaml");
        self.bench.write(&name, &text);
        name
    }

    /// Runs a job, killed and taken up again until it is finished; the folder of its run.
    fn job_drive_to_the_end(&mut self, job: &str) -> PathBuf {
        self.drive_to_the_end(&["run", job, "--yes", "--quiet", "--settle", "0.3"])
    }

    fn undo_drive_to_the_end(&mut self, run: &Path) {
        let run = run.to_str().unwrap().to_owned();
        let undo = ["undo", &run, "--yes", "--quiet", "--settle", "0.3"];
        self.drive_to_the_end(&undo);
        let before = self.bench.runs().len();
        self.in_peace(0, &undo);
        assert_eq!(self.bench.runs().len(), before, "a second undo does nothing");
    }

    fn drive_to_the_end(&mut self, begin: &[&str]) -> PathBuf {
        let known = self.bench.runs();
        let mut left = KILLS_OF_ONE;
        loop {
            let run = self.bench.runs().into_iter().find(|run| !known.contains(run) && began(run));
            let Some(run) = run else {
                self.disturbed(begin, &mut left);
                continue;
            };
            let folder = run.to_str().unwrap().to_owned();
            let evidence = verify(&RunFolder::at(&run));
            if evidence.state == State::Intact {
                Self::audit_is_complete(&run);
                self.count_steps(&run);
                return run;
            }
            let output = self.disturbed(&["resume", &folder, "--quiet", "--settle", "0.3"], &mut left);
            if let Some(code) = output.status.code().filter(|_| left == 0) {
                // Nobody disturbed it: it must have come to its end, with nothing left for a person to do.
                assert_eq!(code, 0, "{}\n{}", told(&output), story_of_the_odd(&run));
            }
        }
    }

    /// Runs a command and kills it at a random moment or at a named point, and the server now and then.
    fn disturbed(&mut self, arguments: &[&str], left: &mut u32) -> Output {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.commands += 1;
        if *left == 0 {
            return command.output().unwrap();
        }
        *left -= 1;
        if self.draws.f64() < 0.4 {
            // No command of a round passes those of the archive.
            let points: Vec<&str> =
                POINTS.iter().copied().filter(|point| !point.starts_with("archive")).collect();
            let point = points[self.draws.usize(..points.len())];
            let often =
                point.starts_with("call") || point.starts_with("journal") || point.starts_with("before");
            let passage = if often && point != "journal.created" { self.draws.u32(1..16) } else { 1 };
            let output = command.env("TRANSSHIP_CRASH", format!("{point}:{passage}")).output().unwrap();
            if output.status.code().is_none() {
                self.kills += 1;
                *self.at_points.entry(point).or_default() += 1;
            }
            return output;
        }
        let mut child = command.spawn().unwrap();
        let delay = Duration::from_millis(self.draws.u64(5..900));
        if self.draws.f64() < 0.15 {
            std::thread::sleep(delay / 2);
            self.server.kill();
            std::thread::sleep(Duration::from_millis(self.draws.u64(5..150)));
            self.server.restart(&self.bench);
            self.server_kills += 1;
        }
        std::thread::sleep(delay);
        let was_alive = child.try_wait().unwrap().is_none();
        // It may have ended by itself.
        let _ = child.kill();
        self.kills += u32::from(was_alive);
        child.wait_with_output().unwrap()
    }

    fn again_is_all_unchanged(&mut self, job: &str) {
        let output = self.in_peace(0, &["run", job, "--yes", "--run-dir", "again"]);
        let summary: Value =
            serde_json::from_slice(&std::fs::read(self.bench.path("again/summary.json")).unwrap()).unwrap();
        assert_eq!(summary["outcomes"]["unchanged"], summary["selected"], "{}", told(&output));
        assert_ne!(summary["selected"], 0);
        std::fs::remove_dir_all(self.bench.path("again")).unwrap();
    }

    #[track_caller]
    fn in_peace(&mut self, code: i32, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}", told(&output));
        output
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.bench.transship(arguments);
        command.env("TRANSSHIP_YES", "1");
        command.env("TOKEN_A", self.server.token("demo-a")).env("TOKEN_B", self.server.token("demo-b"));
        command
    }

    /// One row for every item, and one final outcome in each.
    fn audit_is_complete(run: &Path) {
        let plan: Value = serde_json::from_slice(&std::fs::read(run.join("plan.json")).unwrap()).unwrap();
        let mut audit = csv::Reader::from_path(run.join("audit.csv")).unwrap();
        let rows: Vec<(u32, String, String)> = audit
            .records()
            .map(|row| row.unwrap())
            .map(|row| (row[1].parse().unwrap(), row[3].to_owned(), row[4].to_owned()))
            .collect();
        let numbers: Vec<u32> = rows.iter().map(|row| row.0).collect();
        assert_eq!(
            numbers,
            (1..=u32::try_from(plan["items"].as_array().unwrap().len()).unwrap()).collect::<Vec<_>>()
        );
        for (item, outcome, verdict) in rows {
            let done = ["created", "cloned", "updated", "deleted", "restored", "unchanged"];
            let well = done.contains(&outcome.as_str()) && verdict.starts_with("equal");
            assert!(well, "item {item} is {outcome}, {verdict}\n{}", story_of_the_odd(run));
        }
    }

    fn count_steps(&mut self, run: &Path) {
        for line in std::fs::read_to_string(run.join("journal.jsonl")).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let word = match record["adopted"].as_bool() {
                Some(true) => "adopted".to_owned(),
                _ if record["event"] == "item" => word("step"),
                _ => word("event"),
            };
            *self.steps.entry(word).or_default() += 1;
        }
    }

    fn ours(&self) -> Vec<Value> {
        let mut imports = self.server.imports("demo-b");
        imports.retain(|import| import["name"].as_str().unwrap().starts_with("Torture"));
        imports
    }

    /// The scripts that the target got.
    fn scripts(&self) -> Vec<String> {
        let (_, list) = self.server.call("GET", "demo-b", "/v1/scripts?limit=1000", None);
        let names = list.as_array().into_iter().flatten().filter_map(|script| script["name"].as_str());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("Torture")).map(str::to_owned).collect();
        names.sort();
        names
    }

    fn holding(&self) -> Holding {
        held(&self.ours())
    }

    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            self.ours().iter().map(|import| import["_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }
}

fn began(run: &Path) -> bool {
    std::fs::read(run.join("journal.jsonl")).unwrap().contains(&b'\n')
}

fn held(imports: &[Value]) -> Holding {
    let mut holding = Holding::new();
    for import in imports.iter().filter(|import| import["name"].as_str().unwrap().starts_with("Torture")) {
        let (name, description) = (import["name"].as_str().unwrap(), import["description"].as_str().unwrap());
        let uri = import["http"]["relativeURI"][0].as_str().unwrap();
        *holding.entry(format!("{name} | {description} | {uri}")).or_default() += 1;
    }
    holding
}

/// What the journal says of items that did not end well, and of the run as a whole.
fn story_of_the_odd(run: &Path) -> String {
    let mut audit = csv::Reader::from_path(run.join("audit.csv")).unwrap();
    let odd: Vec<u64> = audit
        .records()
        .map(|row| row.unwrap())
        .filter(|row| !row[4].starts_with("equal"))
        .map(|row| row[1].parse().unwrap())
        .collect();
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let about = |line: &&str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["item"].as_u64().is_none_or(|item| odd.contains(&item))
    };
    journal.lines().filter(about).collect::<Vec<_>>().join("\n")
}

/// A key of a holding with the description of a round.
fn retold(key: &str, round: u32) -> String {
    key.replacen("| 0 |", &format!("| {round} |"), 1)
}

/// A fifth of the answers to writes is lost, some writes never arrive, some are refused for a moment, some take long.
fn faults(seed: u64) -> String {
    let mut text = "behaviour: { rate_limited: false }\nfaults:\n".to_owned();
    for (number, method) in (0..).zip(["POST", "PUT", "DELETE"]) {
        let mut fault = |share: f64, effect: &str| {
            let seed = seed * 1000 + number * 10 + text.lines().count() as u64;
            text.push_str(&format!(
                "  - {{ match: {{ method: {method}, account: demo-b, path: \"/v1/**\" }}, probability: {share}, \
                 seed: {seed}, effect: {effect} }}\n"
            ));
        };
        fault(0.2, "cut_after");
        fault(0.05, "cut_before");
        fault(0.05, "{ status: { code: 503 } }");
        fault(0.3, "{ slow: { before: PT0.02S, after: PT0.05S } }");
    }
    text
}
