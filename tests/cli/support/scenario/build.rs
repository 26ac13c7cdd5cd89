//! What a scenario begins with.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::{Value, json};
use transship::emulator::Behaviour;

use super::documents::{Import, id_of, import, resolve};
use super::{Fault, Ran, World};

/// What a scenario begins with. Both accounts have a connection `Shop`, under ids of their own.
#[derive(Debug)]
pub struct Scenario {
    pub(super) lists: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
    pub(super) keys: Vec<(String, String)>,
    pub(super) files: Vec<(String, String)>,
    pub(super) faults: Vec<Fault>,
    pub(super) behaviour: Behaviour,
    pub(super) env: HashMap<String, String>,
    counts: HashMap<String, usize>,
}

impl Scenario {
    /// Two accounts that hold nothing, and a job without keys.
    pub fn empty() -> Self {
        Self {
            lists: BTreeMap::new(),
            keys: Vec::new(),
            files: Vec::new(),
            faults: Vec::new(),
            behaviour: Behaviour { rate_limited: false, ..Behaviour::default() },
            env: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// An action over imports of these names in the source.
    pub fn of<const N: usize>(action: &str, names: [&str; N]) -> Self {
        let mut scenario = Self::empty();
        scenario = scenario.job("name", "scenario").job("action", action).job("source", "source");
        if action == "migrate" {
            scenario = scenario.job("target", "target");
        }
        scenario = scenario
            .job("rate", "{ per_second: 100000, burst: 100000, share: 1 }")
            .job("retry", "{ attempts: 4, base: 10ms, cap: 50ms }");
        scenario = scenario.both("connections", json!({ "name": "Shop", "type": "http" }));
        for name in names {
            scenario = scenario.source(&import(name));
        }
        scenario
    }

    pub fn migrate<const N: usize>(names: [&str; N]) -> Self {
        Self::of("migrate", names)
    }

    pub fn cloning<const N: usize>(names: [&str; N]) -> Self {
        Self::of("clone", names)
    }

    pub fn update<const N: usize>(names: [&str; N]) -> Self {
        Self::of("update", names)
    }

    pub fn delete<const N: usize>(names: [&str; N]) -> Self {
        Self::of("delete", names)
    }

    /// A key of the job and its value, as YAML on one line.
    pub fn job(mut self, key: &str, value: &str) -> Self {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A file beside the job.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// An import of the source.
    pub fn source(self, import: &Import) -> Self {
        self.import("source", import)
    }

    /// An import that stands in the target already.
    pub fn target(self, import: &Import) -> Self {
        self.import("target", import)
    }

    /// So many small imports of the source, named `Import 00001` and so on.
    pub fn many(mut self, count: usize) -> Self {
        for number in 1..=count {
            self = self.source(&import(&format!("Import {number:05}")));
        }
        self
    }

    fn import(mut self, account: &str, import: &Import) -> Self {
        let number = self.counts.entry(account.to_owned()).or_default();
        *number += 1;
        let document = import.in_account(account, *number);
        self.push(account, "imports", document);
        self
    }

    /// A resource of both accounts, under ids of their own.
    pub fn both(self, list: &str, resource: Value) -> Self {
        self.resource("source", list, resource.clone()).resource("target", list, resource)
    }

    /// A resource of one account.
    pub fn resource(mut self, account: &str, list: &str, mut resource: Value) -> Self {
        resolve(&mut resource, account);
        let id = id_of(account, list, resource["name"].as_str().unwrap_or_default());
        let members = resource.as_object_mut().unwrap();
        members.entry("_id").or_insert_with(|| Value::from(id));
        members.entry("createdAt").or_insert_with(|| json!("2026-01-01T00:00:00.000Z"));
        members.entry("lastModified").or_insert_with(|| json!("2026-01-01T00:00:00.000Z"));
        self.push(account, list, resource);
        self
    }

    /// A document as it is.
    pub fn push(&mut self, account: &str, list: &str, document: Value) {
        let lists = self.lists.entry(account.to_owned()).or_default();
        lists.entry(list.to_owned()).or_default().push(document);
    }

    /// Something goes wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The service answers an open question in another way.
    pub fn service(mut self, change: impl FnOnce(&mut Behaviour)) -> Self {
        change(&mut self.behaviour);
        self
    }

    /// An environment variable of the binary.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the service and writes the job, for a test that runs more than one command.
    pub fn start(self) -> Rc<World> {
        World::start(self)
    }

    /// Runs the job.
    pub fn run(self) -> Ran {
        self.start().run()
    }

    /// Runs any command; `JOB` among the words stands for the job file.
    pub fn command<const N: usize>(self, words: [&str; N]) -> Ran {
        self.start().command(&words)
    }
}
