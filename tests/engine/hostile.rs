//! A second, hostile service behind `trait Api`, in memory and on paused time: for what creates must withstand.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use transship::api::{
    Access, Api, ApiError, Budget, BudgetOptions, Call, ClientOptions, ErrorKind, HttpOptions, HttpVersion,
    Method, Reply, Token, assemble, connect_sharing,
};
use transship::executor::{ExecuteRequest, RunEnd, RunOptions, Withdrawn, run};
use transship::inventory::endpoint::Account;
use transship::job::{self, Env, Settings, Stop, Verify};
use transship::journal::{Entry, FORMAT, Halt, ItemStates, Journal, JournalOptions, RunHeader, Writing};
use transship::model::cancel::Cancel;
use transship::model::event::Events;
use transship::model::time::Clock;
use transship::model::{Action, AlwaysHeld, Fingerprint, Lease, RunId};
use transship::planner::{PlanContext, PlanPurpose, PlannerRequest, Route, Scope, plan};
use transship::run_folder::folder::RunFolder;
use transship::run_folder::other_runs::FolderRuns;
use transship::run_folder::plan_file::PlanFile;
use transship::run_folder::plan_item::AccountFacts;
use transship::run_folder::rows::{Row, rows};
use transship::run_folder::{RunRecord, read_journal};
use url::Url;

/// What becomes of one POST.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It is done, and this is the status of an answer without a document; 0: the answer is lost.
    DoneBut(u16),
    /// It is not done, and this is the status; 0: the connection is cut.
    NotDone(u16),
    /// The answer is lost, and it is done so much later.
    Late(Duration),
    /// It is answered with the import it has already.
    Same,
    /// This program panics over it.
    Panics,
}

#[derive(Debug)]
struct Stored {
    document: Value,
    /// When lists begin to show it.
    listed: Instant,
}

#[derive(Debug, Default)]
struct State {
    imports: Vec<Stored>,
    fates: BTreeMap<String, VecDeque<Fate>>,
    calls: Vec<(Method, String)>,
    posts: usize,
    most_posts: usize,
}

/// A service.
#[derive(Debug, Clone)]
pub struct Service {
    state: Arc<Mutex<State>>,
    /// How far lists lag behind writes.
    pub lag: Duration,
    /// What it makes of names.
    pub names: fn(&str) -> String,
    /// Which imports the list leaves out once something was made, by their places.
    pub hides: fn(usize) -> bool,
    /// How long a POST takes, and a page of a list.
    pub post_takes: Duration,
    pub list_takes: Duration,
    first_id: u64,
}

impl Service {
    pub fn new(first_id: u64) -> Self {
        let (lag, takes) = (Duration::ZERO, Duration::from_millis(20));
        let (post_takes, list_takes) = (takes, takes);
        Self {
            state: Arc::default(),
            lag,
            names: str::to_owned,
            hides: |_| false,
            post_takes,
            list_takes,
            first_id,
        }
    }

    /// What becomes of the next POSTs of that name.
    pub fn fate(&self, name: &str, fates: impl IntoIterator<Item = Fate>) {
        self.state.lock().unwrap().fates.entry(name.to_owned()).or_default().extend(fates);
    }

    /// Stores an import, as somebody else does; gives back its id.
    pub fn put(&self, mut document: Value, lag: Duration) -> String {
        let mut state = self.state.lock().unwrap();
        let id = format!("{:024x}", self.first_id + state.imports.len() as u64);
        document["_id"] = json!(id);
        document["createdAt"] = json!("2020-01-01T00:00:00.000Z");
        document["lastModified"] = json!("2020-01-01T00:00:00.000Z");
        state.imports.push(Stored { document, listed: Instant::now() + lag });
        id
    }

    pub fn imports(&self) -> Vec<Value> {
        self.state.lock().unwrap().imports.iter().map(|stored| stored.document.clone()).collect()
    }

    /// The names of all imports, sorted.
    pub fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.imports().iter().map(|import| import["name"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    }

    pub fn count(&self, method: Method) -> usize {
        self.state.lock().unwrap().calls.iter().filter(|(of, _)| *of == method).count()
    }

    /// The most POSTs that were under way at once.
    pub fn most_posts(&self) -> usize {
        self.state.lock().unwrap().most_posts
    }

    /// Lets time pass with a POST under way.
    async fn take_a_post(&self) {
        {
            let mut state = self.state.lock().unwrap();
            state.posts += 1;
            state.most_posts = state.most_posts.max(state.posts);
        }
        sleep(self.post_takes).await;
        self.state.lock().unwrap().posts -= 1;
    }

    async fn post(&self, call: &Call) -> Result<Reply, ApiError> {
        self.take_a_post().await;
        let mut document: Value = serde_json::from_slice(call.body.as_ref().unwrap()).unwrap();
        let sent = document["name"].as_str().unwrap().to_owned();
        let fate = self.state.lock().unwrap().fates.get_mut(&sent).and_then(VecDeque::pop_front);
        document["name"] = json!((self.names)(&sent));
        let failed = |status: u16| {
            let kind = match status {
                429 => ErrorKind::Throttled,
                400..500 => ErrorKind::Refused,
                _ => ErrorKind::InDoubt,
            };
            let error = ApiError::new(call.method, &call.target, kind, "no usable answer");
            Err(ApiError { status: (status > 0).then_some(status), ..error })
        };
        let id = match fate {
            Some(Fate::NotDone(status)) => return failed(status),
            Some(Fate::DoneBut(status)) => {
                self.put(document, self.lag);
                return failed(status);
            }
            Some(Fate::Late(after)) => {
                let service = self.clone();
                tokio::spawn(async move {
                    sleep(after).await;
                    service.put(document, service.lag);
                });
                return failed(504);
            }
            Some(Fate::Panics) => panic!("a mistake of this program, planted by a test"),
            Some(Fate::Same) => self.imports()[0]["_id"].as_str().unwrap().to_owned(),
            None => self.put(document, self.lag),
        };
        let stored = self.find(&id).unwrap();
        Ok(reply(201, &stored))
    }

    fn find(&self, id: &str) -> Option<Value> {
        self.imports().into_iter().find(|import| import["_id"] == id)
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, body.to_string())
}

#[async_trait]
impl Api for Service {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        self.state.lock().unwrap().calls.push((call.method, call.target.clone()));
        let path = call.target.split('?').next().unwrap();
        let filtered = call.target.contains("adaptorType=") || call.target.contains("skip=");
        match (call.method, path) {
            (Method::Post, "/v1/imports") => self.post(call).await,
            (Method::Get, "/v1/imports") => {
                sleep(self.list_takes).await;
                let now = Instant::now();
                let state = self.state.lock().unwrap();
                let is_broken = state.calls.iter().any(|(method, _)| *method == Method::Post);
                let shown = state.imports.iter().enumerate().filter(|(at, stored)| {
                    stored.listed <= now && !filtered && !(is_broken && (self.hides)(*at))
                });
                Ok(reply(200, &shown.map(|(_, stored)| stored.document.clone()).collect()))
            }
            (Method::Get, path) if path.starts_with("/v1/imports/") => {
                match self.find(path.rsplit('/').next().unwrap()) {
                    Some(found) => Ok(reply(200, &found)),
                    None => Err(ApiError::new(call.method, &call.target, ErrorKind::NotFound, "gone")),
                }
            }
            (Method::Get, _) => Ok(reply(200, &json!([]))),
            _ => panic!("nobody should call {} {}", call.method.as_str(), call.target),
        }
    }
}

/// A small import.
pub fn import(name: &str) -> Value {
    json!({
        "name": name, "adaptorType": "HTTPImport",
        "http": { "relativeURI": [format!("/orders/{name}")], "method": ["POST"] },
    })
}

/// A migration from one service to another, in a folder of its own.
pub struct Migration {
    pub source: Service,
    pub target: Service,
    pub grace_period: Duration,
    pub in_flight: usize,
    /// Where the target is called over HTTP/2, if it is not called in this process.
    pub target_at: Option<Url>,
    /// Calls a second that the target takes while the plan is carried out.
    pub per_second: f64,
    /// The right to write to the target.
    pub lease: Arc<dyn Lease>,
    work: tempfile::TempDir,
}

/// What came of a run.
pub struct Outcome {
    pub end: RunEnd,
    pub record: RunRecord,
    pub rows: Vec<Row>,
}

impl Outcome {
    pub fn row(&self, name: &str) -> &Row {
        self.rows.iter().find(|row| row.item.name == name).unwrap()
    }

    /// The words of all outcomes, in the plan's order.
    pub fn words(&self) -> Vec<&'static str> {
        self.rows.iter().map(|row| row.outcome.as_str()).collect()
    }
}

impl Migration {
    pub fn of(names: &[&str]) -> Self {
        Self::with(names.iter().map(|name| import(name)))
    }

    pub fn with(imports: impl IntoIterator<Item = Value>) -> Self {
        let (source, target) = (Service::new(1), Service::new(0x1000));
        for import in imports {
            source.put(import, Duration::ZERO);
        }
        let work = tempfile::tempdir().unwrap();
        let (grace_period, lease) = (Duration::from_secs(10), Arc::new(AlwaysHeld));
        let (target_at, per_second) = (None, f64::INFINITY);
        Self { source, target, grace_period, in_flight: 64, target_at, per_second, lease, work }
    }

    /// The target, which takes so many calls a second, one at a time where that is bounded.
    fn target(&self, per_second: f64) -> Account {
        let burst = if per_second.is_finite() { 1 } else { 1000 };
        let limits = BudgetOptions { per_second, burst, share: 1.0 };
        Self::account(&self.target, "b", limits, self.target_at.as_ref())
    }

    fn account(service: &Service, name: &str, limits: BudgetOptions, at: Option<&Url>) -> Account {
        let http = HttpOptions { version: HttpVersion::Http2, ..HttpOptions::default() };
        let options = ClientOptions { seed: Some(1), http, ..ClientOptions::default() };
        let budget = Arc::new(Budget::new(limits, fastrand::Rng::with_seed(1)).unwrap());
        let connected = match at {
            Some(origin) => {
                let access = Access { origin: origin.clone(), token: Token::new("0123456789"), renew: None };
                connect_sharing(access, &options, false, budget).unwrap()
            }
            None => assemble(service.clone(), &options, false, budget),
        };
        Account {
            facts: AccountFacts { name: name.to_owned(), origin: "http://x".to_owned(), user: None },
            client: connected.client,
            meter: connected.meter,
            clock: connected.clock,
            per_second: f64::INFINITY,
            burst: 1000.0,
            at_rest: false,
        }
    }

    /// Plans it; the plan stands in the run folder.
    pub async fn plan(&self) -> RunFolder {
        let text = "version: 1\nname: t\naction: migrate\naccounts:\n  a: { emulator: a }\n  b: { emulator: b }\n\
                    source: a\ntarget: b\n";
        let clock = Clock::ticking(jiff::Timestamp::UNIX_EPOCH);
        let job = job::parse("t.yaml", text.as_bytes(), Path::new("."), &Env::default(), &clock)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let settings = Settings::of(&job, ".".into());
        let unlimited = BudgetOptions { per_second: f64::INFINITY, burst: 1000, share: 1.0 };
        let source = Self::account(&self.source, "a", unlimited, None);
        let target = self.target(f64::INFINITY);
        let folder = RunFolder::create(self.work.path().join("run")).unwrap();
        let (cancel, events) = (Cancel::new(), Events::none());
        let (plan_path, wanted_path) = (folder.plan(), folder.wanted());
        let context = PlanContext {
            settings: &settings,
            folder: folder.path(),
            plan: &plan_path,
            cancel: &cancel,
            events: &events,
            now: clock.now(),
            tool: "test",
        };
        let planned = plan(PlannerRequest {
            job: &job,
            source: &source,
            target: &target,
            scope: Scope::All,
            purpose: PlanPurpose::Execute(&wanted_path),
            route: Route::Between,
            context,
        });
        let planned = planned.await.unwrap();
        let journal = Journal::create(&folder.journal(), &folder.before(), Self::journal_options()).unwrap();
        let header = RunHeader {
            format: FORMAT,
            run: RunId("t".into()),
            tool: "test".into(),
            action: Action::Migrate.into(),
            items: planned.plan.len(),
            job_sha256: Fingerprint::of(b""),
            plan_sha256: planned.plan.sha256(),
            wanted_sha256: planned.wanted_sha256,
            by: None,
            account: None,
            undoes: None,
        };
        journal.append(Entry::Opened(Box::new(header)), None).await.unwrap();
        journal.close().unwrap();
        folder
    }

    fn journal_options() -> JournalOptions {
        let clock = Clock::ticking(jiff::Timestamp::UNIX_EPOCH);
        JournalOptions {
            sync: false,
            linger: Duration::ZERO,
            writing: Writing::Inline(Halt::default()),
            ..JournalOptions::new(clock)
        }
    }

    /// Carries out what is left of a planned run, until it ends or `cancel` is used.
    pub async fn carry_out(&self, folder: &RunFolder, again: bool, cancel: &Cancel) -> Outcome {
        let plan = PlanFile::open(&folder.plan()).unwrap();
        let (states, _, replay) = read_journal(folder, &plan).unwrap();
        let journal =
            Journal::reopen(&folder.journal(), &folder.before(), &replay, Self::journal_options()).unwrap();
        let target = self.target(self.per_second);
        let (events, clock) = (Events::none(), Clock::ticking(jiff::Timestamp::UNIX_EPOCH));
        let withdrawn = Withdrawn::new();
        let end = run(ExecuteRequest {
            plan: &plan,
            folder,
            journal,
            states,
            target: &target,
            again,
            options: RunOptions {
                verify: Verify::Full,
                stop: Stop::default(),
                in_flight: self.in_flight,
                attempts: 6,
                grace_period: self.grace_period,
                lookup_only: false,
            },
            lease: &*self.lease,
            other_runs: &FolderRuns,
            cancel,
            events: &events,
            clock: &clock,
            waves: None,
            withdrawn: &withdrawn,
        });
        let end = end.await.unwrap();
        self.read(folder, end)
    }

    fn read(&self, folder: &RunFolder, end: RunEnd) -> Outcome {
        let plan = PlanFile::open(&folder.plan()).unwrap();
        let (states, record, _): (ItemStates, _, _) = read_journal(folder, &plan).unwrap();
        let mut all = Vec::new();
        rows(folder, &plan, &states, |row| {
            all.push(row);
            Ok(())
        })
        .unwrap();
        Outcome { end, record, rows: all }
    }

    /// Plans and carries out.
    pub async fn run(&self) -> Outcome {
        let folder = self.plan().await;
        self.carry_out(&folder, false, &Cancel::new()).await
    }
}

/// Runs on paused time: waits pass at once.
pub fn paused<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}
