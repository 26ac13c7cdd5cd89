//! One story: a job is planned, run, killed, resumed, retried and undone while colleagues edit and the service fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::{Instant, sleep};
use transship::api::{Budget, BudgetOptions, ClientOptions, assemble};
use transship::inventory::endpoint::Account;
use transship::job::{self, Env, Job, Settings};
use transship::journal::{Halt, JournalOptions, Writing};
use transship::model::cancel::Cancel;
use transship::model::event::Events;
use transship::model::time::Clock;
use transship::run_folder::{AccountFacts, RunFolder};
use transship::session::plan::Scope;
use transship::session::{
    Approval, Copies, Endpoint, Host, OpenedRun, Place, PlanRequest, Purpose, Random, Resumed, Retry, Run,
    Session, SessionError, SessionOptions, runs,
};

use super::laws;
use super::service::{Service, Weather, Who};

/// How long the engine takes a call without an answer for still executing.
const GRACE: Duration = Duration::from_secs(10);

/// Everything a story happens in.
pub struct World {
    pub source: Service,
    pub target: Service,
    pub random: fastrand::Rng,
    host: Host,
    /// Milliseconds by which the clock of this machine is off.
    off: Arc<AtomicI64>,
    job: Job,
    work: tempfile::TempDir,
    /// When the engine was told to drain, and when that process was over.
    pub drained: Vec<(Instant, Instant)>,
    told: Vec<String>,
    /// Seconds by which clocks of nodes are off at most; this machine's is set by half as much again.
    drift: i64,
}

/// How a process of the engine ends.
#[derive(Debug, Clone, Copy)]
enum End {
    ByItself,
    /// Killed after so many journal records.
    AfterRecords(u64),
    /// Killed at a moment.
    At(Duration),
    /// Asked to stop at a moment.
    DrainedAt(Duration),
}

/// Tells the story of a seed.
///
/// # Errors
///
/// The law that was broken, and what led to it.
pub fn tell(seed: u64, drift: i64) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut told = Vec::new();
    let result = runtime.block_on(async {
        let mut world = World::new(seed, drift);
        // A story is over within days; one that is not hangs.
        let result = tokio::select! {
            biased;
            result = world.story() => result,
            () = sleep(Duration::from_hours(48)) => Err("it hangs".to_owned()),
        };
        told = std::mem::take(&mut world.told);
        result
    });
    result.map_err(|law| format!("{law}\n  {}", told.join("\n  ")))
}

impl World {
    fn new(seed: u64, drift: i64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let source = Service::new("a", random.u64(..), start);
        let target = Service::new("b", random.u64(..), start);
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
        let on_existing = ["skip", "update", "create"][random.usize(..3)];
        let text = format!(
            "version: 1\nname: story\naction: migrate\naccounts:\n  us: {{ emulator: us }}\n  eu: {{ emulator: eu }}\n\
             source: us\ntarget: eu\non_existing: {on_existing}\noutput: runs\n"
        );
        let job = job::parse("story.yaml", text.as_bytes(), work.path(), &env, &clock)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let host = Host { clock, random: Random::with_seed(random.u64(..)), ..Host::new(env) };
        let told = vec![format!("on_existing: {on_existing}")];
        let mut world =
            Self { source, target, random, host, off, job, work, drained: Vec::new(), told, drift };
        world.populate();
        world
    }

    fn populate(&mut self) {
        let count = self.random.usize(1..=5);
        for number in 0..count {
            // Some names are alike but for blanks, some stand twice.
            let name = match self.random.usize(..6) {
                0 if number > 0 => "Order 0".to_owned(),
                1 => format!("Order {number} "),
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

    fn weather(&mut self) -> Weather {
        if self.random.u8(..4) == 0 {
            return Weather { delay: Duration::from_millis(100), ..Weather::default() };
        }
        let mut share = || if self.random.bool() { self.random.f64() * 0.3 } else { 0.0 };
        let (not_sent, lost_answers, refused_5xx, late, throttled) =
            (share() / 3.0, share(), share(), share(), share() / 3.0);
        Weather {
            not_sent,
            lost_answers,
            refused_5xx,
            late,
            throttled,
            list_lag: Duration::from_secs(self.random.u64(..=2)),
            delay: Duration::from_millis(self.random.u64(1..=900)),
            drift: SignedDuration::from_secs(if self.random.bool() {
                self.random.i64(0..=self.drift)
            } else {
                0
            }),
        }
    }

    fn end(&mut self) -> End {
        match self.random.usize(..8) {
            0 | 1 => End::ByItself,
            2 => End::At(Duration::from_millis(self.random.u64(..20_000))),
            3 => End::DrainedAt(Duration::from_millis(self.random.u64(..10_000))),
            _ => End::AfterRecords(self.random.u64(1..=14)),
        }
    }

    fn account(&mut self, name: &str, service: Service) -> Account {
        let budget = BudgetOptions { per_second: 300.0, burst: 1000, share: 0.9 };
        let options = ClientOptions {
            budget,
            seed: Some(self.random.u64(..)),
            clock: self.host.clock.clone(),
            ..ClientOptions::default()
        };
        let shared = Arc::new(Budget::new(budget, fastrand::Rng::with_seed(1)).unwrap());
        let connected = assemble(service, &options, false, shared);
        let origin = format!("https://{name}.example");
        Account {
            facts: AccountFacts { name: name.to_owned(), origin, user: Some("u1".to_owned()) },
            client: connected.client,
            meter: connected.meter,
            clock: connected.clock,
            per_second: 270.0,
            burst: 980.0,
        }
    }

    /// A process of the engine: a session, and how it ends.
    fn process(&mut self, settings: Settings, end: End) -> (Session, Halt, Cancel) {
        let halt = Halt {
            after: match end {
                End::AfterRecords(records) => Some(records),
                _ => None,
            },
            ..Halt::default()
        };
        let cancel = Cancel::new();
        let journal = JournalOptions {
            sync: false,
            writing: Writing::Inline(halt.clone()),
            ..JournalOptions::new(self.host.clock.clone())
        };
        let options = SessionOptions {
            cancel: cancel.clone(),
            grace_period: GRACE,
            journal,
            ..SessionOptions::new(&self.host)
        };
        let target = Endpoint::Service(self.account("eu", self.target.clone()));
        let source = if settings.source.name == settings.target.name {
            target.clone()
        } else {
            Endpoint::Service(self.account("us", self.source.clone()))
        };
        let host = self.host.clone();
        (Session::with_endpoints(&host, settings, source, target, Purpose::Writing, options), halt, cancel)
    }

    /// Lets a process work until it ends or is killed.
    async fn live<T>(
        &mut self,
        end: End,
        halt: &Halt,
        cancel: &Cancel,
        work: impl Future<Output = Result<T, SessionError>>,
    ) -> Option<Result<T, SessionError>> {
        let began = Instant::now();
        let killed = async {
            match end {
                End::At(after) => sleep(after).await,
                End::DrainedAt(after) => {
                    sleep(after).await;
                    cancel.drain();
                    std::future::pending().await
                }
                End::ByItself | End::AfterRecords(_) => std::future::pending().await,
            }
        };
        let colleague = colleague(self.target.clone(), self.random.fork());
        let ended = tokio::select! {
            biased;
            () = halt.halted.cancelled() => None,
            () = killed => None,
            ended = work => Some(ended),
            () = colleague => None,
        };
        if let End::DrainedAt(after) = end
            && cancel.is_draining()
        {
            self.drained.push((began + after, Instant::now()));
        }
        let what = if ended.is_some() { "ended" } else { "was killed" };
        self.told.push(format!("{:?}: a process that ends {end:?} {what}", began.elapsed()));
        ended
    }

    fn run_folders(&self) -> Vec<PathBuf> {
        runs::all(&self.work.path().join("runs"))
    }

    async fn story(&mut self) -> Result<(), String> {
        let folder = self.begin().await?;
        let planned = Instant::now();
        let run = self.finish(&folder, planned).await?;
        laws::of_a_run(self, &run)?;
        if run.summary.needs_attention() && self.random.bool() {
            self.retry(&run).await?;
        }
        if self.random.bool() {
            self.undo(&folder).await?;
        }
        Ok(())
    }

    /// Plans and runs until there is a run folder with a journal.
    async fn begin(&mut self) -> Result<PathBuf, String> {
        for attempt in 0.. {
            let calm = attempt > 3;
            let (weather, end) =
                if calm { (Weather::default(), End::ByItself) } else { (self.weather(), self.end()) };
            self.source.set_weather(Weather { lost_answers: 0.0, ..weather });
            self.target.set_weather(weather);
            let settings = Settings::of(&self.job, self.work.path().to_owned());
            let (session, halt, cancel) = self.process(settings, end);
            // Taken out, so that the world can be borrowed while the engine works.
            let job = std::mem::replace(&mut self.job, blank_job());
            let events = Events::none();
            let work = async {
                let request = PlanRequest {
                    job: &job,
                    name: "story",
                    place: Place::BelowOutput,
                    scope: Scope::Everything,
                };
                let plan = session.plan(request, &events).await?;
                session.execute(plan, Approval::Given, &events).await
            };
            let ended = Box::pin(self.live(end, &halt, &cancel, work)).await;
            self.job = job;
            drop(session);
            if let Some(Err(error)) = &ended {
                self.told.push(format!("run: {}", transship::model::chain(error)));
                if calm && self.run_folders().is_empty() {
                    return Err(format!("a calm service cannot be planned for: {error}"));
                }
            }
            if let Some(folder) = self.run_folders().pop()
                && OpenedRun::open(&folder).is_ok()
            {
                return Ok(folder);
            }
            let _ = std::fs::remove_dir_all(self.work.path().join("runs"));
        }
        unreachable!("the loop ends by itself")
    }

    /// Resumes a run until it is finished, with kills and colleagues in between.
    async fn finish(&mut self, folder: &Path, planned: Instant) -> Result<Run, String> {
        for attempt in 0.. {
            let calm = attempt > 4;
            if !calm {
                self.interlude(folder);
            }
            let (weather, end) =
                if calm { (Weather::default(), End::ByItself) } else { (self.weather(), self.end()) };
            self.source.set_weather(Weather { lost_answers: 0.0, ..weather });
            self.target.set_weather(weather);
            let opened = OpenedRun::open(folder).map_err(|error| transship::model::chain(&error))?;
            let settings = opened.plan.head().settings.clone();
            let (session, halt, cancel) = self.process(settings, end);
            let events = Events::none();
            let folder = RunFolder::at(folder);
            let work = session.resume(&folder, &events);
            let ended = Box::pin(self.live(end, &halt, &cancel, work)).await;
            drop(session);
            laws::of_every_moment(self, planned)?;
            match ended {
                Some(Ok(Resumed::WasFinished(run) | Resumed::Ended(run))) if run.record.is_finished() => {
                    return Ok(run);
                }
                Some(Ok(Resumed::WasFinished(mut run) | Resumed::Ended(mut run))) => {
                    let why = run.record.reason.clone();
                    self.told.push(format!("resume: {:?} {why:?}", run.record.ending));
                    if let Err(error) = run.sound() {
                        return Err(format!("a run cannot be resumed: {}", transship::model::chain(&error)));
                    }
                    if calm && attempt > 8 {
                        return Err(format!("a calm service does not finish a run: {why:?}"));
                    }
                }
                Some(Err(error)) => {
                    let error = transship::model::chain(&error);
                    self.told.push(format!("resume: {error}"));
                    if calm {
                        return Err(format!("a calm service does not let a run be resumed: {error}"));
                    }
                }
                None => {}
            }
        }
        unreachable!("the loop ends by itself")
    }

    /// What happens while no process of the engine lives.
    fn interlude(&mut self, folder: &Path) {
        // The clock of this machine may be set, back too.
        let most = self.drift * 1500;
        self.off.store(self.random.i64(-most..=most), Ordering::Relaxed);
        let is_open = OpenedRun::open(folder).is_ok_and(|run| !run.record.is_finished());
        if is_open && self.random.u8(..4) == 0 {
            // A line that a killed process did not come to finish.
            use std::io::Write;
            let journal = std::fs::File::options().append(true).open(folder.join("journal.jsonl"));
            journal.unwrap().write_all(b"{\"n\":99,\"prev\":\"").unwrap();
            self.told.push("a torn line is left in the journal".to_owned());
        }
        if self.random.u8(..2) == 0 {
            return;
        }
        let ids = self.target.ids();
        let number = self.random.u32(..1000);
        if ids.is_empty() || self.random.u8(..4) == 0 {
            let name = format!("Order {}", self.random.u8(..5));
            self.target.put(Who::Colleague, &document(&name, &format!("of a colleague {number}")));
            self.told.push(format!("a colleague makes another {name}"));
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

    async fn retry(&mut self, of: &Run) -> Result<(), String> {
        let weather = self.weather();
        self.target.set_weather(weather);
        let (session, halt, cancel) = self.process(of.plan.head().settings.clone(), End::ByItself);
        let job = std::mem::replace(&mut self.job, blank_job());
        let events = Events::none();
        // What was edited before the new plan was made is part of it.
        let planned = std::cell::Cell::new(Instant::now());
        let work = async {
            match session.retry(&of.folder, &job, &events).await? {
                Retry::Plan(plan) => {
                    planned.set(Instant::now());
                    session.execute(*plan, Approval::Given, &events).await.map(Some)
                }
                Retry::Nothing(_) => Ok(None),
            }
        };
        self.told.push("retry".to_owned());
        let ended = Box::pin(self.live(End::ByItself, &halt, &cancel, work)).await;
        self.job = job;
        drop(session);
        match ended {
            Some(Ok(Some(run))) => {
                let run = self.finish(run.folder.path(), planned.get()).await?;
                laws::of_a_run(self, &run)
            }
            // A service in bad weather may refuse to be planned for.
            _ => Ok(()),
        }
    }

    async fn undo(&mut self, folder: &Path) -> Result<(), String> {
        self.interlude(folder);
        let undone_from = Instant::now();
        self.target.set_weather(Weather { delay: Duration::from_millis(50), ..Weather::default() });
        let opened = OpenedRun::open(folder).map_err(|error| transship::model::chain(&error))?;
        let settings = opened.plan.head().settings.clone();
        let settings = Settings { source: settings.target.clone(), ..settings };
        let end = self.end();
        let (session, halt, cancel) = self.process(settings, end);
        let of = RunFolder::at(folder);
        let events = Events::none();
        let work = async {
            let plan = session.undo(&of, Copies::Leave).await?;
            if !plan.file().tail().has_work() {
                return Ok(None);
            }
            session.execute(plan, Approval::Given, &events).await.map(Some)
        };
        self.told.push("undo".to_owned());
        let ended = Box::pin(self.live(end, &halt, &cancel, work)).await;
        drop(session);
        if let Some(Err(error)) = &ended {
            self.told.push(format!("undo: {}", transship::model::chain(error)));
        }
        laws::of_an_undo(self, undone_from)?;
        let undoing = self
            .run_folders()
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-undo-")));
        if let Some(undoing) = undoing.filter(|undoing| OpenedRun::open(undoing).is_ok()) {
            self.finish(&undoing, Instant::now()).await?;
            laws::of_an_undo(self, undone_from)?;
        }
        Ok(())
    }
}

/// Somebody who edits an import while the engine works, in one process of three. Never returns.
async fn colleague(target: Service, mut random: fastrand::Rng) {
    if random.u8(..3) == 0 {
        sleep(Duration::from_millis(random.u64(..8_000))).await;
        let ids = target.ids();
        if !ids.is_empty() {
            let id = &ids[random.usize(..ids.len())];
            target.edit(id, |document| document["description"] = json!("edited meanwhile"));
        }
    }
    std::future::pending().await
}

fn blank_job() -> Job {
    let text = b"version: 1\nname: none\naction: backup\naccounts:\n  us: { emulator: us }\nsource: us\narchive: { path: none }\n";
    job::parse("none.yaml", text, Path::new("."), &Env::default(), &Clock::system())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn document(name: &str, description: &str) -> String {
    let name = serde_json::to_string(name).unwrap();
    let description = serde_json::to_string(description).unwrap();
    format!(
        "{{\"_id\":\"%ID%\",\"createdAt\":\"2025-01-01T00:00:00.000Z\",\"lastModified\":\"2025-01-01T00:00:00.000Z\",\
         \"name\":{name},\"description\":{description},\"adaptorType\":\"HTTPImport\"}}"
    )
}
