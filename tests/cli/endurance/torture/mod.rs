//! Never twice, never lost: the real binary is killed over and over, and the end is as if it never had been.
//!
//! Debug builds only: the named crash points are not in a release. `TRANSSHIP_TORTURE=N` goes on until N kills, with a
//! service as slow and late as real ones are; `TRANSSHIP_TORTURE_SEED` makes it another torture.

#![cfg(debug_assertions)]

mod evidence;
mod kills;
mod scene;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Instant;

use crate::support::process::{Bench, Server, told};
use scene::{Holding, Pace, SCRIPTS, held};
use serde_json::Value;
use transship::report::evidence::{State, verify};
use transship::run_folder::folder::RunFolder;

/// Kills of one command at most before it is left in peace.
const KILLS_OF_ONE: u32 = 7;
const SHORT: u32 = 16;

struct Torture {
    bench: Bench,
    server: Server,
    draws: fastrand::Rng,
    pace: Pace,
    seed: u64,
    kills: u32,
    at_points: BTreeMap<&'static str, u32>,
    server_kills: u32,
    commands: u32,
    /// Second processes that wanted the same run, and how many of them were turned away.
    rivals: u32,
    turned_away: u32,
    /// What the journals tell: how often it was in doubt and how that was settled.
    steps: BTreeMap<String, u32>,
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it goes on is told by the environment")]
fn killed_anywhere_and_cut_anywhere_every_import_is_written_once() {
    let wanted = std::env::var("TRANSSHIP_TORTURE").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORT);
    let seed = std::env::var("TRANSSHIP_TORTURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let began = Instant::now();
    let pace = if wanted > SHORT { Pace::long() } else { Pace::short() };
    let mut torture = Torture::new(seed, pace);
    let mut round = 0;
    while torture.kills < wanted {
        round += 1;
        torture.round(round, wanted);
        println!(
            "round {round}: {} kills, {} of the server, of {} commands; {} rivals, {} turned away; after {:.0?}",
            torture.kills,
            torture.server_kills,
            torture.commands,
            torture.rivals,
            torture.turned_away,
            began.elapsed()
        );
    }
    println!("at named points: {:?}", torture.at_points);
    println!("steps in the journals: {:?}", torture.steps);
}

impl Torture {
    fn new(seed: u64, pace: Pace) -> Self {
        let bench = Bench::new();
        // Nothing goes wrong before it begins.
        let place = bench.write("faults.yaml", "behaviour: { rate_limited: false }\n");
        let server = Server::start(&bench, "server.jsonl", &place);
        let mut torture = Self {
            bench,
            server,
            draws: fastrand::Rng::with_seed(seed),
            pace,
            seed,
            kills: 0,
            at_points: BTreeMap::new(),
            server_kills: 0,
            commands: 0,
            rivals: 0,
            turned_away: 0,
            steps: BTreeMap::new(),
        };
        torture.seed_source();
        torture.restart_the_server();
        torture
    }

    /// One after the other, each killed several times: migrate, undo of that, migrate again, update, undo of the update,
    /// delete, undo of the delete, clone, undo of the clone, delete. The end is the beginning.
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
        self.undo_drive_to_the_end(&migrated);
        assert_eq!(self.holding(), Holding::new(), "as it began");
        // A later round finds the scripts of an earlier one, and leaves them.
        assert!(round > 1 || self.scripts().is_empty(), "the scripts too");
        if self.kills >= wanted {
            return;
        }
        self.job_drive_to_the_end(&job);
        assert_eq!(self.holding(), source, "every import of the source once more");

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
        // An undo of the migration would leave alone what was changed since, if only by the undo of an update.
        let job = self.job("delete", "source: b\nselect: { names: [\"Torture *\"] }\n");
        self.job_drive_to_the_end(&job);
        assert_eq!(self.holding(), Holding::new(), "as it began");
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
        self.drive_to_the_end(&["run", job, "--yes", "--quiet", "--settle", self.pace.settle])
    }

    fn undo_drive_to_the_end(&mut self, run: &Path) {
        let run = run.to_str().unwrap().to_owned();
        let undo = ["undo", &run, "--yes", "--quiet", "--settle", self.pace.settle];
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
                let output = self.disturbed(begin, &mut left);
                let peaceful = left == 0 && output.status.code().is_some();
                let begun = self.bench.runs().into_iter().any(|run| !known.contains(&run));
                assert!(!peaceful || begun, "nothing was begun: {}", told(&output));
                continue;
            };
            let folder = run.to_str().unwrap().to_owned();
            let evidence = verify(&RunFolder::at(&run));
            if evidence.state == State::Intact {
                // Lists show it by then.
                std::thread::sleep(self.pace.lag);
                evidence::audit_is_complete(&run);
                self.count_steps(&run);
                return run;
            }
            let resume = ["resume", &folder, "--quiet", "--settle", self.pace.settle];
            let rival = self.rival(&resume, left);
            let output = self.disturbed(&resume, &mut left);
            if self.ended(rival, &output) {
                // It may have been the other one that was turned away.
                continue;
            }
            if let Some(code) = output.status.code().filter(|_| left == 0) {
                // Nobody disturbed it: it must have come to its end, with nothing left for a person to do.
                assert_eq!(code, 0, "{}\n{}", told(&output), evidence::story_of_the_odd(&run));
            }
        }
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
}

/// Whether a run folder holds the beginning of a run.
fn began(run: &Path) -> bool {
    std::fs::read(run.join("journal.jsonl")).unwrap().contains(&b'\n')
}

/// A key of a holding with the description of a round.
fn retold(key: &str, round: u32) -> String {
    key.replacen("| 0 |", &format!("| {round} |"), 1)
}
