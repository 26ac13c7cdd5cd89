//! Two accounts of the embedded emulator, and a folder, for tests of the library's door.

use std::sync::Arc;

use serde_json::{Value, json};
use transship::emulator::{AccountSpec, Control, Embedded, Kind, Options, Store};
use transship::job::{Env, Job, Settings};
use transship::session::{self, Host, OpenRequest, Random, Session, SessionOptions};

/// Two accounts in memory, a folder, and a job that moves three imports.
pub struct Bench {
    pub host: Host,
    pub work: tempfile::TempDir,
    store: Store,
    /// What the service was asked.
    pub control: Control,
    /// The connection of the source.
    pub shop: String,
}

impl Bench {
    pub fn new() -> Self {
        let store = Store::in_memory();
        let accounts: Vec<AccountSpec> = ["us", "eu"].map(AccountSpec::empty).into();
        let control = Control::default();
        let options = Options { accounts, control: control.clone(), ..Options::default() };
        let emulator = Embedded::with(store.clone(), options).unwrap();
        let records = store.accounts();
        for (record, id) in records.iter().zip(["c1", "c2"]) {
            let shop = json!({ "_id": format!("{id:0>24}"), "name": "Shop", "type": "http" });
            store.load(record, &json!({ "connections": [shop] })).unwrap();
        }
        let (at, us) = records.iter().enumerate().find(|(_, record)| record.name == "us").unwrap();
        let import = |number: u32| {
            json!({
                "_id": format!("{number:024x}"), "name": format!("Order {number}"), "adaptorType": "HTTPImport",
                "_connectionId": format!("{:0>24}", ["c1", "c2"][at]),
                "http": { "relativeURI": ["/orders"], "method": ["POST"] },
            })
        };
        store.load(us, &json!({ "imports": [import(1), import(2), import(3)] })).unwrap();
        let work = tempfile::tempdir().unwrap();
        let folder = work.path().to_owned();
        let env = Env { home: Some(folder.clone()), folder, ..Env::default() };
        let host =
            Host { emulator: Some(Arc::new(emulator)), random: Random::with_seed(1), ..Host::new(env) };
        let shop = format!("{:0>24}", ["c1", "c2"][at]);
        Self { host, work, store, control, shop }
    }

    pub fn job(&self) -> (Job, Settings) {
        self.job_with("")
    }

    pub fn job_with(&self, more: &str) -> (Job, Settings) {
        let path = self.work.path().join("job.yaml");
        let text = "version: 1\nname: orders\naction: migrate\naccounts:\n  us: { emulator: us }\n  \
                    eu: { emulator: eu }\nsource: us\ntarget: eu\n";
        std::fs::write(&path, format!("{text}{more}")).unwrap();
        session::load_job(&self.host, &path).unwrap()
    }

    pub async fn open(&self, request: OpenRequest<'_>) -> Session {
        Session::open(&self.host, request, SessionOptions::new(&self.host)).await.unwrap()
    }

    pub fn runs(&self) -> usize {
        std::fs::read_dir(self.work.path().join("runs")).map_or(0, |entries| entries.flatten().count())
    }

    /// Puts imports in an account.
    pub fn load(&self, account: &str, imports: &[Value]) {
        self.load_list(account, "imports", imports);
    }

    /// Puts documents of any list in an account.
    pub fn load_list(&self, account: &str, list: &str, documents: &[Value]) {
        let records = self.store.accounts();
        let record = records.iter().find(|record| record.name == account).unwrap();
        self.store.load(record, &json!({ list: documents })).unwrap();
    }

    pub fn in_target(&self) -> usize {
        let records = self.store.accounts();
        let eu = records.iter().find(|record| record.name == "eu").unwrap();
        self.store.count(eu.id(), Kind::from_list("imports").unwrap())
    }
}
