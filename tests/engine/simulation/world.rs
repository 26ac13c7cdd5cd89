//! What a story happens in: two accounts, a job, a machine whose clock may be set, a folder in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;
use transship::job::{self, Action, Env, Job};
use transship::model::time::Clock;
use transship::session::{Host, OpenedRun, Random, runs};

use super::service::{Service, Weather, Who};

/// Everything a story happens in.
pub struct World {
    pub source: Service,
    pub target: Service,
    pub random: fastrand::Rng,
    pub host: Host,
    /// Milliseconds by which the clock of this machine is off.
    off: Arc<AtomicI64>,
    pub job: Job,
    pub work: tempfile::TempDir,
    /// When the engine was told to drain, and when that process was over.
    pub drained: Vec<(Instant, Instant)>,
    /// When each process began, and when it was over.
    pub lived: Vec<(Instant, Instant)>,
    /// What happened, for people.
    pub told: Vec<String>,
    /// Seconds by which clocks of nodes are off at most; this machine's is set by half as much again.
    drift: i64,
    /// What colleagues made just as the engine would have: nobody can tell it from a copy, or from what was in doubt.
    pub made_as_wanted: Vec<String>,
    /// Whether the folder of the finished run is verified hash by hash; not in each story, for it takes long.
    pub verifies: bool,
    /// Calls a second that the engine may send, and how many at once.
    pub budget: (f64, u32),
    /// When the last process was over.
    pub over: Instant,
    /// A run folder as it was earlier.
    kept: Option<PathBuf>,
}

/// What services make of names.
const NAMES: [fn(&str) -> String; 8] = [
    str::to_owned,
    str::to_owned,
    str::to_owned,
    str::to_owned,
    |name| name.split_whitespace().collect::<Vec<_>>().join(" "),
    str::to_lowercase,
    |name| name.chars().take(9).collect(),
    |name| name.replace("&amp;", "&"),
];

impl World {
    pub fn new(seed: u64, drift: i64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let names = NAMES[random.usize(..NAMES.len())];
        let source = Service::new("a", random.u64(..), start, str::to_owned);
        let target = Service::new("b", random.u64(..), start, names);
        let off = Arc::new(AtomicI64::new(0));
        let (began, shared) = (Instant::now(), Arc::clone(&off));
        let clock = Clock::new(move || {
            let gone = SignedDuration::try_from(began.elapsed()).unwrap();
            start + gone + SignedDuration::from_millis(shared.load(Ordering::Relaxed))
        });
        // Syncing costs nothing in memory.
        let memory = Path::new("/dev/shm");
        let work = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let env =
            Env { folder: work.path().to_owned(), home: Some(work.path().to_owned()), ..Env::default() };
        let text = job_text(&mut random);
        let job = job::parse("story.yaml", text.as_bytes(), work.path(), &env, &clock)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let host = Host { clock, random: Random::with_seed(random.u64(..)), ..Host::new(env) };
        let budget = if random.u8(..4) == 0 { (1.0, 1) } else { (300.0, 1000) };
        let verifies = seed.is_multiple_of(4);
        let told = vec![text.split_once("action").map_or("", |(_, rest)| rest).replace('\n', " ")];
        let (drained, lived) = (Vec::new(), Vec::new());
        let (over, kept) = (Instant::now(), None);
        let mut world = Self {
            source,
            target,
            random,
            host,
            off,
            job,
            work,
            drained,
            lived,
            told,
            made_as_wanted: Vec::new(),
            drift,
            verifies,
            budget,
            over,
            kept,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        let count = self.random.usize(1..=5);
        for number in 0..count {
            // Some names are alike but for blanks, some stand twice.
            let name = match self.random.usize(..7) {
                0 if number > 0 => "Order 0".to_owned(),
                1 => format!("Order {number} "),
                2 => format!("Order {number} &amp; more"),
                _ => format!("Order {number}"),
            };
            self.source.put(Who::Before, &document(&name, &format!("of source {number}")));
        }
        for number in 0..self.random.usize(..4) {
            let text = match self.random.usize(..6) {
                0 => document(&format!("Order {number}"), &format!("of source {number}")),
                1 | 2 => document(&format!("Order {number}"), "of target"),
                3 => {
                    let text = document(&format!("Order {number}"), "of target");
                    text.replace("\"description\"", "\"sampleData\":\"cut \\ud83d\",\"description\"")
                }
                _ => document(&format!("Other {number}"), "of target"),
            };
            self.target.put(Who::Before, &text);
        }
    }

    /// How the service behaves in the life of one process.
    pub fn weather(&mut self) -> Weather {
        let calm = Weather { delay: Duration::from_millis(100), ..Weather::default() };
        if self.random.u8(..4) == 0 {
            return calm;
        }
        let drift = if self.random.bool() { self.random.i64(0..=self.drift) } else { 0 };
        let mut share = |most: f64| if self.random.bool() { self.random.f64() * most } else { 0.0 };
        Weather {
            not_sent: share(0.1),
            lost_answers: share(0.3),
            refused_5xx: share(0.3),
            late: share(0.3),
            done_but: share(0.2),
            twice: share(0.05),
            another: share(0.05),
            throttled: share(0.1),
            list_lag: Duration::from_secs(self.random.u64(..=2)),
            delay: Duration::from_millis(self.random.u64(1..=900)),
            drift: SignedDuration::from_secs(drift),
        }
    }

    /// The description that an import of that source is to have; `None` where it may have any.
    pub fn wanted(&self, source: Option<&str>) -> Option<String> {
        match self.job.action {
            Action::Update => Some("as wanted".to_owned()),
            Action::Clone => Some("of a clone".to_owned()),
            Action::Migrate => {
                let text = self.source.text(source?)?;
                let source: serde_json::Value = serde_json::from_str(&text).ok()?;
                source["description"].as_str().map(str::to_owned)
            }
            _ => None,
        }
    }

    pub fn run_folders(&self) -> Vec<PathBuf> {
        runs::all(&self.work.path().join("runs"))
    }

    /// What happens while no process of the engine lives.
    pub fn interlude(&mut self, folder: &Path) {
        // The clock of this machine may be set, back too.
        let most = self.drift * 1500;
        self.off.store(self.random.i64(-most..=most), Ordering::Relaxed);
        self.harm_the_folder(folder);
        if self.random.bool() {
            self.colleague_at_work();
        }
    }

    /// What machines and people do to the folder of a run that is not finished.
    fn harm_the_folder(&mut self, folder: &Path) {
        let harm = self.random.u8(..8);
        if harm > 4 || !OpenedRun::open(folder).is_ok_and(|run| !run.record.is_finished()) {
            return;
        }
        match harm {
            0 | 1 => {
                // A line that a killed process did not come to finish.
                use std::io::Write;
                let journal = std::fs::File::options().append(true).open(folder.join("journal.jsonl"));
                journal.unwrap().write_all(b"{\"n\":99,\"prev\":\"").unwrap();
                self.told.push("a torn line is left in the journal".to_owned());
            }
            2 | 3 if self.kept.is_none() => {
                let kept = self.work.path().join("kept");
                copy_folder(folder, &kept);
                self.kept = Some(kept);
            }
            4 => {
                let Some(kept) = self.kept.take() else { return };
                if !is_of(&kept, folder) {
                    return;
                }
                std::fs::remove_dir_all(folder).unwrap();
                std::fs::rename(&kept, folder).unwrap();
                self.told.push("the folder is put back from an older copy".to_owned());
            }
            _ => {}
        }
    }

    fn colleague_at_work(&mut self) {
        let ids = self.target.ids();
        let number = self.random.u32(..1000);
        if ids.is_empty() || self.random.u8(..4) == 0 {
            let source = self.random.u8(..5);
            let name = format!("Order {source}");
            // By hand, and at times just as it is to be.
            let as_wanted = self.random.u8(..3) == 0;
            let description =
                if as_wanted { format!("of source {source}") } else { format!("of a colleague {number}") };
            let id = self.target.put(Who::Colleague, &document(&name, &description));
            self.made_as_wanted.extend(as_wanted.then_some(id));
            self.told.push(format!("a colleague makes {name}, {description}"));
            return;
        }
        let id = &ids[self.random.usize(..ids.len())];
        if self.random.u8(..4) == 0 {
            self.target.remove(id);
            self.told.push(format!("a colleague removes {id}"));
        } else {
            self.target.edit(id, |document| document["description"] = json!(format!("edited {number}")));
            self.told.push(format!("a colleague edits {id}"));
        }
    }
}

/// Whether a copy is one of that run.
fn is_of(kept: &Path, folder: &Path) -> bool {
    let plan = |folder: &Path| std::fs::read(folder.join("plan.json")).unwrap_or_default();
    plan(kept) == plan(folder)
}

fn copy_folder(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn job_text(random: &mut fastrand::Rng) -> String {
    let head =
        "version: 1\nname: story\naccounts:\n  us: { emulator: us }\n  eu: { emulator: eu }\noutput: runs\n";
    let rest = match random.u8(..10) {
        0 => "action: delete\nsource: eu\nselect: { names: [\"Order *\"] }\n".to_owned(),
        1 | 2 => "action: update\nsource: eu\nselect: { names: [\"Order *\"] }\n\
             transform: [{ set: { /description: \"as wanted\" } }]\n"
            .to_owned(),
        3 => "action: clone\nsource: eu\nselect: { names: [\"Order *\"] }\n\
             transform:\n  - rename: { find: \"^Order\", replace: \"Copy\" }\n  - set: { /description: \"of a clone\" }\n"
            .to_owned(),
        _ => {
            let on_existing = ["skip", "update", "create"][random.usize(..3)];
            format!("action: migrate\nsource: us\ntarget: eu\non_existing: {on_existing}\n")
        }
    };
    let concurrency = ["concurrency: 1\n", "concurrency: 2\n", "", ""][random.usize(..4)];
    format!("{head}{rest}{concurrency}")
}

/// An import; `%ID%` becomes its id.
pub fn document(name: &str, description: &str) -> String {
    let name = serde_json::to_string(name).unwrap();
    let description = serde_json::to_string(description).unwrap();
    format!(
        "{{\"_id\":\"%ID%\",\"createdAt\":\"2025-01-01T00:00:00.000Z\",\"lastModified\":\"2025-01-01T00:00:00.000Z\",\
         \"name\":{name},\"description\":{description},\"adaptorType\":\"HTTPImport\"}}"
    )
}
