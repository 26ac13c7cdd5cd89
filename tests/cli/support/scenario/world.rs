//! A service that is up, a folder to work in, and the binary.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use transship::emulator::{AccountRecord, AccountSpec, Behaviour, Control, Embedded, Options, Store};

use super::documents::put;
use super::{Fault, Ran, Scenario};

/// No command of a test takes longer; one that does hangs.
const LONGEST: Duration = Duration::from_mins(1);

/// A service that is up, a folder to work in, and the binary.
#[derive(Debug)]
pub struct World {
    folder: tempfile::TempDir,
    emulator: Embedded,
    back_door: Embedded,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    store: Store,
    control: Control,
    accounts: BTreeMap<String, AccountRecord>,
    env: RefCell<BTreeMap<String, String>>,
    keys: Vec<(String, String)>,
    runs: Cell<usize>,
}

impl World {
    pub(super) fn start(scenario: Scenario) -> Rc<Self> {
        let store = Store::in_memory();
        // `elsewhere` is another environment of the target's owner.
        let owner = |name: &str| (name != "source").then(|| "5b5b5b5b0000000000000001".to_owned());
        let specs: Vec<_> = ["source", "target", "elsewhere"]
            .map(|name| AccountSpec { user_id: owner(name), ..AccountSpec::empty(name) })
            .into();
        let control = Control::default();
        let open = Behaviour { rate_limited: false, page_size: 1000, ..Behaviour::default() };
        let options = Options { accounts: specs.clone(), behaviour: open, ..Options::default() };
        let back_door = Embedded::with(store.clone(), options).unwrap();
        let options = Options {
            accounts: specs,
            behaviour: scenario.behaviour,
            faults: scenario.faults.into_iter().map(|fault| fault.0).collect(),
            id_seed: Some(1),
            control: control.clone(),
            ..Options::default()
        };
        let emulator = Embedded::with(store.clone(), options).unwrap();
        let records = store.accounts().into_iter();
        let accounts: BTreeMap<_, _> = records.map(|record| (record.name.clone(), record)).collect();
        for (account, lists) in &scenario.lists {
            store.load(&accounts[account], &json!(lists)).unwrap();
        }
        let folder = crate::support::folder();
        for (name, text) in &scenario.files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut env: BTreeMap<String, String> = scenario.env.into_iter().collect();
        for name in ["HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            env.insert(name.to_owned(), folder.path().join("home").display().to_string());
        }
        for (account, record) in &accounts {
            let name = format!("TOKEN_{}", account.to_uppercase());
            env.entry(name).or_insert_with(|| record.token.clone());
        }
        env.entry("TRANSSHIP_SETTLE".to_owned()).or_insert_with(|| "0.2".to_owned());
        // Nobody sits at the terminal of a test.
        env.entry("TRANSSHIP_YES".to_owned()).or_insert_with(|| "1".to_owned());
        let keys = scenario.keys;
        let runs = Cell::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = crate::support::http_client();
        let world = Self {
            folder,
            emulator,
            back_door,
            runtime,
            client,
            store,
            control,
            accounts,
            env: RefCell::new(env),
            keys,
            runs,
        };
        world.write_job("job.yaml", &[]);
        Rc::new(world)
    }

    /// Writes a job file: the scenario's keys, and these in place of them.
    pub fn write_job(&self, name: &str, instead: &[(&str, &str)]) {
        let mut text = String::from("version: 1\naccounts:\n");
        for account in self.accounts.keys().filter(|name| *name != "elsewhere") {
            let line = format!(
                "  {account}: {{ url: \"{}\", token: {{ env: TOKEN_{} }} }}\n",
                self.emulator.url(),
                account.to_uppercase()
            );
            text.push_str(&line);
        }
        let mut keys: BTreeMap<&str, &str> =
            self.keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        keys.extend(instead.iter().copied());
        for (key, value) in keys {
            text.extend([key, ": ", value, "\n"]);
        }
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A path below the folder that commands run in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The handle on the service.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the service is.
    pub fn url(&self) -> &str {
        self.emulator.url()
    }

    /// The token of an account.
    pub fn token(&self, account: &str) -> &str {
        &self.accounts[account].token
    }

    /// From now on commands see this variable.
    pub fn set_env(&self, name: &str, value: &str) {
        self.env.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Something goes wrong from now on.
    pub fn fault(&self, fault: Fault) {
        self.control.add_fault(fault.0).unwrap();
    }

    /// From now on nothing goes wrong.
    pub fn no_faults(&self) {
        self.control.clear_faults();
    }

    /// Runs the job, in a run folder of its own.
    pub fn run(self: &Rc<Self>) -> Ran {
        self.run_with(&[])
    }

    /// Runs the job with more arguments.
    pub fn run_with(self: &Rc<Self>, more: &[&str]) -> Ran {
        self.spawn_run(more).finish()
    }

    /// Starts a run and does not wait for it.
    pub fn spawn_run(self: &Rc<Self>, more: &[&str]) -> Running {
        let folder = self.next_run();
        let words = [&["run", "JOB", "--run-dir", folder.as_str()], more].concat();
        self.spawn(&words, Some(self.path(&folder)))
    }

    /// Resumes a run.
    pub fn resume(self: &Rc<Self>, folder: &Path) -> Ran {
        let path = folder.display().to_string();
        self.spawn(&["resume", &path], Some(folder.to_owned())).finish()
    }

    /// Runs any command; `JOB` among the words stands for the job file.
    pub fn command(self: &Rc<Self>, words: &[&str]) -> Ran {
        self.spawn(words, None).finish()
    }

    fn next_run(&self) -> String {
        self.runs.set(self.runs.get() + 1);
        format!("runs/run-{}", self.runs.get())
    }

    /// The binary, where and as it is run.
    pub fn binary(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(words.iter().map(|word| if *word == "JOB" { "job.yaml" } else { *word }));
        command.current_dir(self.folder.path()).env_clear().envs(&*self.env.borrow());
        command
    }

    /// Has the shell run a line in which `transship` is the binary.
    pub fn shell(&self, line: &str) -> std::process::Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_transship"));
        let mut command = Command::new("sh");
        command.args(["-e", "-c", line]).current_dir(self.folder.path());
        command.env_clear().envs(&*self.env.borrow()).stdin(Stdio::null());
        command.env("PATH", format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()));
        command.output().expect("there is a shell")
    }

    /// Starts a command. Only its own calls are counted.
    pub fn spawn(self: &Rc<Self>, words: &[&str], folder: Option<PathBuf>) -> Running {
        self.control.reset();
        let mut command = self.binary(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let out = drain(child.stdout.take().unwrap());
        let err = drain(child.stderr.take().unwrap());
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Running { world: Rc::clone(self), words, folder, child, out, err }
    }

    /// The imports of an account, oldest first.
    pub fn imports(&self, account: &str) -> Vec<Value> {
        self.list(account, "imports")
    }

    /// The entries of any list of an account, oldest first, as the list shows them.
    pub fn list(&self, account: &str, list: &str) -> Vec<Value> {
        let mut found = Vec::new();
        loop {
            let path = format!("/v1/{list}?limit=1000&skip={}", found.len());
            match self.call(Method::GET, account, &path, None) {
                (200, Value::Array(page)) => found.extend(page),
                (204, _) => return found,
                other => panic!("the back door answers {other:?}"),
            }
        }
    }

    /// The resources of a list, each in full.
    pub fn resources(&self, account: &str, list: &str) -> Vec<Value> {
        let read = |entry: Value| {
            let path = format!("/v1/{list}/{}", entry["_id"].as_str().unwrap());
            self.call(Method::GET, account, &path, None).1
        };
        self.list(account, list).into_iter().map(read).collect()
    }

    /// The import of that name; there must be one.
    pub fn import(&self, account: &str, name: &str) -> Value {
        let mut found = self.imports(account);
        found.retain(|import| import["name"] == name);
        assert_eq!(found.len(), 1, "imports called {name} in the {account}: {found:#?}");
        found.remove(0)
    }

    /// The id of the import of that name.
    pub fn id(&self, account: &str, name: &str) -> String {
        self.import(account, name)["_id"].as_str().unwrap().to_owned()
    }

    /// Somebody else changes an import.
    pub fn edit(&self, account: &str, name: &str, pointer: &str, value: Value) {
        let mut document = self.import(account, name);
        put(&mut document, pointer, value);
        document["lastModified"] = json!("2026-02-02T02:02:02.002Z");
        self.load(account, &[document]);
    }

    /// Somebody else removes an import.
    pub fn remove(&self, account: &str, name: &str) {
        let id = self.id(account, name);
        let (status, _) = self.call(Method::DELETE, account, &format!("/v1/imports/{id}"), None);
        assert_eq!(status, 204);
    }

    /// Puts imports as they are.
    pub fn load(&self, account: &str, imports: &[Value]) {
        self.load_list(account, "imports", imports);
    }

    /// Puts documents of any list as they are.
    pub fn load_list(&self, account: &str, list: &str, documents: &[Value]) {
        self.store.load(&self.accounts[account], &json!({ list: documents })).unwrap();
    }

    /// A small import of the source as a create makes it in the target, a moment from now.
    pub fn as_in_target(&self, name: &str) -> Value {
        let mut document = self.import("source", name);
        document["_id"] = json!("5b5b5b5b00000000000000aa");
        document["_connectionId"] = json!(super::id_of("target", "connections", "Shop"));
        document["createdAt"] = json!("2100-01-01T00:00:00.000Z");
        document
    }

    /// Makes these the only imports of an account, recycle bin included.
    pub fn reset_imports(&self, account: &str, imports: &[Value]) {
        for import in self.imports(account) {
            let id = import["_id"].as_str().unwrap().to_owned();
            self.call(Method::DELETE, account, &format!("/v1/imports/{id}"), None);
            self.call(Method::DELETE, account, &format!("/v1/recycleBinTTL/imports/{id}"), None);
        }
        for import in imports {
            let id = import["_id"].as_str().unwrap();
            self.call(Method::DELETE, account, &format!("/v1/recycleBinTTL/imports/{id}"), None);
        }
        self.load(account, imports);
    }

    /// A call by the back door.
    pub fn call(&self, method: Method, account: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.runtime.block_on(async {
            let url = format!("{}{path}", self.back_door.url());
            let mut call = self.client.request(method, url).bearer_auth(self.token(account));
            if let Some(body) = body {
                call = call.header("content-type", "application/json").body(body.to_string());
            }
            let answer = call.send().await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.bytes().await.unwrap();
            (status, serde_json::from_slice(&body).unwrap_or_default())
        })
    }
}

fn drain(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A command under way.
#[derive(Debug)]
pub struct Running {
    world: Rc<World>,
    words: Vec<String>,
    folder: Option<PathBuf>,
    child: Child,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
}

impl Running {
    /// Waits until something is so.
    pub fn until(self, what: &str, mut is_so: impl FnMut() -> bool) -> Self {
        let since = Instant::now();
        while !is_so() {
            assert!(since.elapsed() < LONGEST, "never came about: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Waits until the journal holds that many lines with this text.
    pub fn until_journal(self, text: &str, times: usize) -> Self {
        let journal = self.folder.as_ref().unwrap().join("journal.jsonl");
        self.until(&format!("{times} times {text} in the journal"), || {
            let lines = std::fs::read_to_string(&journal).unwrap_or_default();
            lines.lines().filter(|line| line.contains(text)).count() >= times
        })
    }

    /// How often a text stands in the journal by now.
    pub fn in_journal(&self, text: &str) -> u64 {
        let journal = self.folder.as_ref().unwrap().join("journal.jsonl");
        std::fs::read_to_string(&journal).unwrap_or_default().matches(text).count() as u64
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, e.g. `TERM`.
    pub fn signal(self, signal: &str) -> Self {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([format!("-{signal}"), id]).status().unwrap();
        assert!(sent.success());
        self
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Ran {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if since.elapsed() > LONGEST {
                let _ = self.child.kill();
                panic!("`transship {}` hangs: {}", self.words.join(" "), self.err.join().unwrap());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Ran {
            world: self.world,
            words: self.words,
            folder: self.folder,
            exit: status.code(),
            stdout: self.out.join().unwrap(),
            stderr: self.err.join().unwrap(),
        }
    }
}
