//! Inputs that an earlier version did not handle well, as they were reported: `tests/cases` holds the files of each.

mod archive;
mod compare;
mod engine;
mod files;
mod jobs;
mod mappings;
mod renames;
mod runs;
mod selecting;
mod service;
mod values;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::scenario::{Fault, Ran, Scenario, World};

/// A case over fresh accounts: `us` is the scenarios' `source`, `eu` their `target`.
struct Case {
    folder: PathBuf,
    world: Rc<World>,
    runs: Cell<usize>,
}

impl Case {
    fn of(name: &str) -> Self {
        Self::with(name, Vec::new())
    }

    fn with(name: &str, faults: Vec<Fault>) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
        let mut scenario = Scenario::empty();
        for fault in faults {
            scenario = scenario.fault(fault);
        }
        let read = |file: &str| {
            let text = std::fs::read_to_string(folder.join(file)).ok()?;
            Some(serde_json::from_str::<Value>(&text).unwrap())
        };
        for (name, account) in [("us", "source"), ("eu", "target")] {
            let related = read("related.json").unwrap_or_default();
            let mut lists = related.get(name).cloned().unwrap_or_else(|| json!({}));
            if let ("us", Some(imports)) = (name, read("documents.json")) {
                lists["imports"] = imports;
            }
            for (list, documents) in lists.as_object().unwrap() {
                for document in documents.as_array().unwrap() {
                    scenario.push(account, list, document.clone());
                }
            }
        }
        let world = scenario.start();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mut text = std::fs::read_to_string(&path).unwrap();
            for (name, account) in [("us", "SOURCE"), ("eu", "TARGET")] {
                let here = format!("{{ url: \"{}\", token: {{ env: TOKEN_{account} }} }}", world.url());
                text = text.replace(&format!("{{ emulator: {name} }}"), &here);
            }
            std::fs::write(world.path(path.file_name().unwrap().to_str().unwrap()), text).unwrap();
        }
        Self { folder, world, runs: Cell::new(0) }
    }

    fn run(&self, job: &str) -> Ran {
        self.run_with(job, &[])
    }

    fn run_with(&self, job: &str, more: &[&str]) -> Ran {
        self.runs.set(self.runs.get() + 1);
        let folder = format!("runs/case-{}", self.runs.get());
        let words = [&["run", job, "--run-dir", folder.as_str()], more].concat();
        self.world.spawn(&words, Some(self.world.path(&folder))).finish()
    }

    fn check(&self, job: &str) -> Ran {
        self.world.command(&["check", job])
    }

    /// The accounts hold what `expected.json` says: keys that it does not name may hold anything.
    #[track_caller]
    fn expect(&self) -> &Self {
        let text = std::fs::read_to_string(self.folder.join("expected.json")).unwrap();
        let Value::Array(expected) = serde_json::from_str(&text).unwrap() else { panic!("it is a list") };
        for one in expected {
            let (account, key) =
                if one.get("_id").is_some() { ("source", "_id") } else { ("target", "name") };
            let imports = self.world.imports(account);
            let found = imports.iter().find(|import| import[key] == one[key]);
            let found = found.unwrap_or_else(|| panic!("the {account} has no import {}", one[key]));
            holds(found, &one, &one[key].to_string());
        }
        self
    }

    /// An import of the source, by the number at the end of its id.
    fn source(&self, number: u32) -> Value {
        let id = format!("1{number:023}");
        self.world.imports("source").into_iter().find(|import| import["_id"] == id.as_str()).unwrap()
    }
}

#[track_caller]
fn holds(found: &Value, wanted: &Value, at: &str) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, one) in wanted {
                let inner = found.get(key).unwrap_or_else(|| panic!("{at} has no {key}: {found:#?}"));
                holds(inner, one, &format!("{at}/{key}"));
            }
        }
        (Value::Array(found), Value::Array(wanted)) => {
            assert_eq!(found.len(), wanted.len(), "{at}: {found:#?}");
            for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                holds(found, wanted, &format!("{at}/{index}"));
            }
        }
        _ => assert_eq!(found, wanted, "{at}"),
    }
}
