//! What a drill does: imports of a snapshot are restored into a throw-away emulator and compared.
//!
//! What was never restored as it now stands is new and always drilled; of the rest, the part that was drilled longest
//! ago. What is found is kept in the archive, import by import.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Access, BudgetOptions, ClientOptions, Token, connect};
use crate::archive::{Archive, Entry, Snapshot};
use crate::cli::failure::Failure;
use crate::cli::run::begin;
use crate::cli::world::{CliContext, TOOL};
use crate::emulator::{AccountSpec, Behaviour, Embedded, Options, Store};
use crate::executor::{ExecuteRequest, RunOptions, run};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::snapshot_api::shelf_of;
use crate::job::{self, Settings};
use crate::journal::ItemStates;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::{Fingerprint, Id, Outcome, RunId, Verdict};
use crate::planner::plan::{PlanRequest, plan};
use crate::report::archive::{Drilled, Unrestored};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::rows::{Row, read_journal, rows};

/// The note in the archive.
const NOTE: &str = "restorable.jsonl";
/// Imports restored at a time: they live in the memory of the emulator.
const AT_ONCE: usize = 5_000;
/// The account of the emulator.
const ACCOUNT: &str = "drill";

/// A line of the note.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Restorable {
    origin: String,
    account: String,
    id: Id,
    blob: Fingerprint,
    as_of: Timestamp,
}

/// What is known of the imports of all accounts: when each was last restored, and as what.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<(String, String, String), Restorable>);

impl Known {
    /// Reads it. A note that cannot be read is as good as none: everything is new then.
    pub(super) async fn read(world: &CliContext, archive: &Archive) -> Result<Self, Failure> {
        let text = match archive.note(NOTE).await {
            Ok(text) => text.unwrap_or_default(),
            Err(error) if error.is_damage() => {
                crate::cli::say(
                    world,
                    &format!("warning: what earlier drills found cannot be read ({error})"),
                );
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.filter_map(|line| serde_json::from_slice::<Restorable>(line).ok());
        Ok(Self(lines.map(|line| (line.key(), line)).collect()))
    }

    /// Writes it.
    pub(super) async fn write(&self, archive: &Archive) -> Result<(), Failure> {
        let mut text = Vec::new();
        for line in self.0.values() {
            serde_json::to_writer(&mut text, line).map_err(std::io::Error::from)?;
            text.push(b'\n');
        }
        Ok(archive.put_note(NOTE, &text).await?)
    }

    fn of(&self, snapshot: &Snapshot, entry: &Entry) -> Option<&Restorable> {
        let key = (snapshot.account.origin.clone(), snapshot.account.name.clone(), entry.id.to_string());
        self.0.get(&key).filter(|known| known.blob == entry.blob)
    }
}

impl Restorable {
    fn key(&self) -> (String, String, String) {
        (self.origin.clone(), self.account.clone(), self.id.to_string())
    }
}

/// Restores of a snapshot all that is new, and the share `share` (0 to 1) of the rest.
pub(super) async fn rehearse(
    world: &CliContext,
    archive: &Archive,
    snapshot: &Snapshot,
    share: f64,
    known: &mut Known,
    cancel: &Cancel,
) -> Result<Drilled, Failure> {
    let (_, entries) = archive.entries(&snapshot.id).await?;
    let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
    let (imports, related): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.kind == "imports");
    let (new, mut rest): (Vec<&Entry>, Vec<&Entry>) =
        imports.iter().partition(|entry| known.of(snapshot, entry).is_none());
    rest.sort_by_cached_key(|entry| known.of(snapshot, entry).map(|known| known.as_of));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a count of documents"
    )]
    let count = (rest.len() as f64 * share).ceil() as usize;
    rest.truncate(count);
    let mut drilled = Drilled {
        snapshot: snapshot.id.to_string(),
        account: snapshot.account.name.clone(),
        imports: imports.len() as u64,
        new: new.len() as u64,
        again: rest.len() as u64,
        restorable: 0,
        oldest: None,
        failed: Vec::new(),
    };
    let lists = related_lists(archive, &related).await?;
    let chosen: Vec<&Entry> = new.into_iter().chain(rest).collect();
    for batch in chosen.chunks(AT_ONCE) {
        let blobs: HashMap<&str, Fingerprint> =
            batch.iter().map(|entry| (entry.id.as_str(), entry.blob)).collect();
        for row in restored(world, archive, snapshot, &blobs, &lists, cancel).await? {
            let Some(source) = &row.item.source else { continue };
            match verdict(&row) {
                Ok(()) => {
                    let line = Restorable {
                        origin: snapshot.account.origin.clone(),
                        account: snapshot.account.name.clone(),
                        id: source.id.clone(),
                        blob: blobs.get(source.id.as_str()).copied().unwrap_or(Fingerprint::of(b"")),
                        as_of: world.clock.now(),
                    };
                    known.0.insert(line.key(), line);
                }
                Err(why) => {
                    drilled.failed.push(Unrestored { id: source.id.clone(), name: source.name.clone(), why });
                }
            }
        }
    }
    forget(known, snapshot, &imports, &drilled.failed);
    let proven = imports.iter().filter_map(|entry| known.of(snapshot, entry));
    drilled.restorable = proven.clone().count() as u64;
    drilled.oldest = proven.map(|known| known.as_of).min();
    Ok(drilled)
}

/// Whether an import was restored as it was backed up; else why not.
fn verdict(row: &Row) -> Result<(), String> {
    let restored = matches!(row.outcome, Outcome::Created | Outcome::Unchanged | Outcome::Restored);
    if restored && matches!(row.verdict, Verdict::Equal | Verdict::EqualWithDefaults) {
        return Ok(());
    }
    let why = row.error_message.clone().unwrap_or_default();
    Err(match row.verdict {
        Verdict::Differs => format!("reads back different at {}", row.differences.join(", ")),
        _ if why.is_empty() => format!("it is {}", row.outcome),
        _ => why,
    })
}

/// What failed is not restorable any more, and what is gone from the account is of no interest.
fn forget(known: &mut Known, snapshot: &Snapshot, imports: &[Entry], failed: &[Unrestored]) {
    let there: HashSet<&str> = imports.iter().map(|entry| entry.id.as_str()).collect();
    let failed: HashSet<&str> = failed.iter().map(|failed| failed.id.as_str()).collect();
    let account = (&snapshot.account.origin, &snapshot.account.name);
    known.0.retain(|_, line| {
        let ours = (&line.origin, &line.account) == account;
        !ours || there.contains(line.id.as_str()) && !failed.contains(line.id.as_str())
    });
}

/// The related documents as lists of the emulator; what it has no list for is left out.
async fn related_lists(archive: &Archive, related: &[Entry]) -> Result<Value, Failure> {
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for entry in related.iter().filter(|entry| entry.kind != "flows") {
        let text = match archive.document(entry).await {
            Ok(text) => text,
            // The imports that need it fail by themselves, each with its reason.
            Err(error) if error.is_damage() => continue,
            Err(error) => return Err(error.into()),
        };
        // As above: what has no tree cannot be put into the emulator.
        let Ok(document) = crate::documents::document::read_tree(&text) else { continue };
        lists.entry(entry.kind.clone()).or_default().push(document);
    }
    Ok(json!(lists))
}

/// Restores some imports into a fresh emulator that holds what they refer to.
async fn restored(
    world: &CliContext,
    archive: &Archive,
    snapshot: &Snapshot,
    chosen: &HashMap<&str, Fingerprint>,
    lists: &Value,
    cancel: &Cancel,
) -> Result<Vec<Row>, Failure> {
    let emulator = emulator(lists)?;
    let keep = |entry: &Entry| entry.kind != "imports" || chosen.contains_key(entry.id.as_str());
    let source = shelf_of(archive.clone(), snapshot, &snapshot.account.name, keep).await?;
    let target = account(world, &emulator)?;
    let work = tempfile::tempdir()?;
    let folder = RunFolder::create(work.path().join("run"))?;
    let text = job_text(&snapshot.account.name);
    let job = job::parse("drill.yaml", text.as_bytes(), Path::new("/"), &world.env, &world.clock)
        .map_err(|problems| Failure::BadJob(problems.render(false)))?;
    let settings = Settings::of(&job, "/".into());
    let events = Events::none();
    let planned = plan(PlanRequest {
        job: &job,
        settings: &settings,
        source: &source,
        target: &target,
        folder: folder.path(),
        plan: &folder.plan(),
        wanted: Some(&folder.wanted()),
        cancel,
        events: &events,
        now: world.clock.now(),
        tool: TOOL,
        only: None,
        taken: None,
        references: false,
        of_run: None,
        backups: None,
        home: false,
    })
    .await?;
    let run_id = RunId::new(world.clock.now(), ACCOUNT, fastrand::u16(..));
    let (plan, journal) =
        begin(world, &folder, run_id, job.action.as_str(), &text, planned.wanted_sha256).await?;
    let options = RunOptions {
        verify: settings.verify,
        stop: settings.stop,
        in_flight: 64,
        attempts: settings.retry.attempts,
        settle: Duration::ZERO,
    };
    let memory = ItemStates::blank(plan.len());
    let (plan, folder, target) = (&plan, &folder, &target);
    let (events, clock) = (&events, &world.clock);
    run(ExecuteRequest { plan, folder, journal, memory, target, options, cancel, events, clock }).await?;
    if cancel.is_draining() {
        // What was not come to is not found to be broken.
        return Err(EngineError::Interrupted.into());
    }
    let (memory, ..) = read_journal(folder, plan)?;
    let mut found = Vec::new();
    rows(folder, plan, &memory, |row| {
        found.push(row);
        Ok(())
    })?;
    Ok(found)
}

fn job_text(of: &str) -> String {
    format!(
        "version: 1\nname: drill\naction: restore\naccounts:\n  {ACCOUNT}: {{ emulator: {ACCOUNT} }}\n\
         source: {}\ntarget: {ACCOUNT}\narchive: {{ path: archive }}\nselect: {{ integration_apps: true }}\n\
         on_existing: create\n",
        Value::String(of.to_owned())
    )
}

/// An emulator in memory that takes what the service took: its own rules are not what is drilled.
fn emulator(lists: &Value) -> Result<Embedded, Failure> {
    let failed = |error: crate::emulator::EmulatorError| Failure::Other(anyhow::Error::new(error));
    let store = Store::in_memory();
    let behaviour = Behaviour {
        rate_limited: false,
        page_size: 1000,
        check_connection_type: false,
        check_adaptor_type: false,
        require_internal_id_lookup: false,
        mapper2_requires_status: false,
        ..Behaviour::default()
    };
    let spec = AccountSpec::empty(ACCOUNT);
    let record = spec.open(&store).map_err(failed)?;
    store.load(&record, lists).map_err(failed)?;
    Embedded::with(store, Options { accounts: vec![spec], behaviour, ..Options::default() }).map_err(failed)
}

fn account(world: &CliContext, emulator: &Embedded) -> Result<Account, Failure> {
    let bad = |why: String| Failure::Other(anyhow::anyhow!("the emulator of the drill: {why}"));
    let origin = url::Url::parse(emulator.url()).map_err(|error| bad(error.to_string()))?;
    let token = emulator.token(ACCOUNT).ok_or_else(|| bad("it has no token".to_owned()))?;
    let budget = BudgetOptions { per_second: 100_000.0, burst: 100_000, share: 1.0 };
    let options = ClientOptions { budget, clock: world.clock.clone(), ..ClientOptions::default() };
    let access = Access { origin, token: Token::new(token) };
    let connected = connect(access, &options, false).map_err(|error| bad(error.to_string()))?;
    Ok(Account {
        facts: AccountFacts { name: ACCOUNT.to_owned(), origin: "emulator:drill".to_owned(), user: None },
        client: connected.client,
        meter: connected.meter,
        clock: connected.clock,
        per_second: budget.per_second,
        burst: f64::from(budget.burst),
    })
}
