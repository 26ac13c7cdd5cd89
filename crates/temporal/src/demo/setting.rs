//! The files and the emulated accounts of the demo: one account is rolled out to many; and what is counted in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use transship::emulator::Embedded;
use transship::job::{Account, AccountPlace, Job, Rate, Settings};
use transship::model::cancel::Cancel;
use transship::session::{self, Host};

const JOB: &str = "\
version: 1
name: rollout
action: migrate
accounts:
  golden: { emulator: golden }
  customer: { emulator: customer-001-b }
source: golden
target: customer
# What an Integration App owns is not taken by a migration, so it would count as lost.
select: { names: [\"Shopify*\", \"Zendesk*\"], exclude: { names: [\"*app: *\"] } }
";

const FLEET: &str = "\
version: 1
name: demo
job: job.yaml
as: target
accounts: accounts.csv
store: store
waves: [{ accounts: 5 }, { share: 10% }, { rest: true }]
parallel: 200
stop: { accounts: 5% }
";

/// The files and the emulated accounts.
#[derive(Debug)]
pub(super) struct Setting {
    folder: PathBuf,
    accounts: Vec<String>,
    emulator: Arc<Embedded>,
    served: PathBuf,
    fleet: PathBuf,
}

/// What was counted in the emulated accounts.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// Imports that should be there.
    pub wanted: usize,
    /// Of those, how many there are.
    pub found: usize,
    /// How many there are not.
    pub lost: usize,
    /// How many there are too often.
    pub duplicates: usize,
}

impl Setting {
    /// Makes all of it in a folder.
    pub(super) fn make(folder: &Path, accounts: u32) -> anyhow::Result<Self> {
        let accounts: Vec<String> = (1..=accounts).map(|number| format!("customer-{number:03}")).collect();
        let mut csv = "name,emulator\n".to_owned();
        for name in &accounts {
            csv.push_str(&format!("{name},{name}-b\n"));
        }
        for (name, text) in [("job.yaml", JOB), ("accounts.csv", &csv), ("fleet.yaml", FLEET)] {
            std::fs::write(folder.join(name), text)?;
        }
        let names = accounts.iter().map(|name| format!("{name}-b")).chain(["golden".to_owned()]);
        let emulator = Embedded::start(&folder.join("emulator.jsonl"), names)?;
        let served = folder.join("emulator.json");
        session::emulator_server::serve_others(&emulator, &served)?;
        let fleet = folder.join("fleet.yaml");
        Ok(Self { folder: folder.to_owned(), accounts, emulator: Arc::new(emulator), served, fleet })
    }

    /// The file that says where the emulated accounts are.
    pub(super) fn emulator_file(&self) -> &Path {
        &self.served
    }

    /// The fleet file.
    pub(super) fn fleet_file(&self) -> &Path {
        &self.fleet
    }

    /// Calls that the emulated accounts answered.
    pub(super) fn calls(&self) -> u64 {
        self.emulator.control().total()
    }

    /// The accounts that have a result.
    pub(super) fn ended(&self) -> anyhow::Result<BTreeSet<String>> {
        let folder = self.folder.join("store/fleets/demo/results");
        if !folder.is_dir() {
            return Ok(BTreeSet::new());
        }
        let mut ended = BTreeSet::new();
        for entry in std::fs::read_dir(folder)? {
            if let Some(name) = entry?.file_name().to_str().and_then(|name| name.strip_suffix(".json")) {
                ended.insert(name.to_owned());
            }
        }
        Ok(ended)
    }

    /// How many accounts ended as planned.
    pub(super) fn done(&self) -> anyhow::Result<usize> {
        let mut done = 0;
        for account in self.ended()? {
            let text = std::fs::read(self.folder.join(format!("store/fleets/demo/results/{account}.json")))?;
            let result: transship::fleet::AccountResult = serde_json::from_slice(&text)?;
            done += usize::from(result.exit_code == 0);
        }
        Ok(done)
    }

    /// Counts what is in the emulated accounts.
    pub(super) async fn count(&self) -> anyhow::Result<Count> {
        let host = Host { emulator: Some(Arc::clone(&self.emulator)), ..crate::host() };
        let (job, _) = session::load_job(&host, &self.folder.join("job.yaml"))?;
        let wanted = self.names(&host, &job, "golden").await?;
        let mut count = Count::default();
        for account in &self.accounts {
            let there = self.names(&host, &job, &format!("{account}-b")).await?;
            for name in wanted.keys() {
                let times = there.get(name).copied().unwrap_or(0);
                count.wanted += 1;
                count.found += usize::from(times > 0);
                count.lost += usize::from(times == 0);
                count.duplicates += times.saturating_sub(1);
            }
        }
        Ok(count)
    }

    /// How often each name is there, of those that the job selects.
    async fn names(&self, host: &Host, job: &Job, name: &str) -> anyhow::Result<BTreeMap<String, usize>> {
        let place = AccountPlace::Emulator { name: name.to_owned() };
        let account = Account { name: name.to_owned(), place, rate: Rate::default() };
        let settings = Settings::of_account(&account, self.folder.clone());
        let listed = session::list(host, &settings, &account, &job.select, &Cancel::new()).await?;
        let mut names = BTreeMap::new();
        for import in listed.imports {
            *names.entry(import.head.name.clone()).or_default() += 1;
        }
        Ok(names)
    }
}
