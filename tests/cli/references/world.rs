//! Two accounts of an emulator, a folder with a job, and the binary.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};
use transship::emulator::{AccountRecord, AccountSpec, Behaviour, Control, Embedded, Options, Store};

/// What a command printed and ended with.
#[derive(Debug)]
pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// Two accounts, `us` and `eu`, and a folder.
pub struct World {
    pub folder: tempfile::TempDir,
    pub emulator: Embedded,
    pub control: Control,
    store: Store,
    accounts: BTreeMap<String, AccountRecord>,
}

/// An id of 24 digits that is the same for the same words.
pub fn id(account: &str, kind: &str, name: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    (account, kind, name).hash(&mut hash);
    format!("{}{:016x}", if account == "us" { "5a5a5a5a" } else { "5b5b5b5b" }, hash.finish())
}

/// An HTTP import over the account's connection `Shop`.
pub fn import(account: &str, name: &str) -> Value {
    json!({ "_id": id(account, "imports", name), "name": name, "adaptorType": "HTTPImport",
        "_connectionId": id(account, "connections", "Shop"),
        "http": { "method": ["POST"], "relativeURI": ["/orders"], "body": ["{{record.id}}"] },
        "createdAt": "2026-01-02T03:04:05.006Z", "lastModified": "2026-01-02T03:04:05.006Z" })
}

/// The document with a value put at a JSON pointer; missing objects on the way are made.
pub fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let mut at = &mut document;
    for key in pointer.split('/').skip(1) {
        at = match at {
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            other => &mut other[key],
        };
    }
    *at = value;
    document
}

/// Another resource.
pub fn resource(account: &str, kind: &str, name: &str) -> Value {
    let mut resource = json!({ "_id": id(account, kind, name), "name": name,
        "createdAt": "2026-01-02T03:04:05.006Z", "lastModified": "2026-01-02T03:04:05.006Z" });
    if kind == "connections" {
        resource["type"] = json!("http");
    }
    resource
}

impl World {
    /// Both accounts have the connection `Shop`, and the given imports.
    pub fn new(us: &[Value], eu: &[Value]) -> Self {
        let store = Store::in_memory();
        let control = Control::default();
        let options = Options {
            accounts: ["us", "eu"].map(AccountSpec::empty).into(),
            behaviour: Behaviour { rate_limited: false, ..Behaviour::default() },
            control: control.clone(),
            id_seed: Some(7),
            ..Options::default()
        };
        let emulator = Embedded::with(store.clone(), options).unwrap();
        let accounts = store.accounts().into_iter().map(|one| (one.name.clone(), one)).collect();
        let world = Self { folder: crate::support::folder(), emulator, control, store, accounts };
        for (account, imports) in [("us", us), ("eu", eu)] {
            world.load(account, "connections", &[resource(account, "connections", "Shop")]);
            world.load(account, "imports", imports);
        }
        world
    }

    /// Puts documents into an account as they are.
    pub fn load(&self, account: &str, kind: &str, documents: &[Value]) {
        self.store.load(&self.accounts[account], &json!({ kind: documents })).unwrap();
    }

    /// What a list of an account holds.
    pub fn list(&self, account: &str, kind: &str) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("{}/v1/{kind}?limit=1000", self.emulator.url());
            let call = crate::support::http_client().get(url).bearer_auth(&self.accounts[account].token);
            let body = call.send().await.unwrap().bytes().await.unwrap();
            serde_json::from_slice(&body).unwrap_or_default()
        })
    }

    /// Writes the job: an action and more lines of YAML.
    pub fn job(&self, action: &str, more: &str) {
        let url = self.emulator.url();
        let account = |name: &str| {
            format!("  {name}: {{ url: \"{url}\", token: {{ env: TOKEN_{} }} }}\n", name.to_uppercase())
        };
        let text = format!(
            "version: 1\nname: test\naction: {action}\naccounts:\n{}{}source: us\ntarget: eu\n\
             rate: {{ per_second: 100000, burst: 100000, share: 1 }}\n{more}\n",
            account("us"),
            account("eu")
        );
        std::fs::write(self.folder.path().join("job.yaml"), text).unwrap();
    }

    /// Runs the binary in the folder; only the calls of this command are counted.
    pub fn run(&self, words: &[&str]) -> Ran {
        self.control.reset();
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(words).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("TRANSSHIP_SETTLE", "0.2");
        for (name, record) in &self.accounts {
            command.env(format!("TOKEN_{}", name.to_uppercase()), &record.token);
        }
        let done = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { exit: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Runs the job into the folder `run`, and wants this exit code.
    pub fn carry_out(&self, exit: i32) -> Ran {
        let ran = self.run(&["run", "job.yaml", "--yes", "--run-dir", "run"]);
        assert_eq!(ran.exit, exit, "{}\n{}", ran.out, ran.err);
        ran
    }

    /// The audit of the run in a folder: of each row the cells by column.
    pub fn audit(&self, folder: &str) -> Vec<BTreeMap<String, String>> {
        let path = self.folder.path().join(folder).join("audit.csv");
        csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
    }

    /// The counts of the run in a folder.
    pub fn summary(&self, folder: &str) -> Value {
        let path = self.folder.path().join(folder).join("summary.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// How many calls of a method the service saw, beside those of reading.
    pub fn writes(&self) -> u64 {
        let calls = self.control.calls();
        calls.iter().filter(|call| call.method != "GET").map(|call| call.count).sum()
    }
}
