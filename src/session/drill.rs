//! The restore test: imports of a snapshot are restored into a temporary emulator and compared.
//!
//! An import that was never restored in its present version is new and always tested; of the rest, those whose test
//! is longest ago. The results are kept in the archive, import by import.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{Extent, Place, PlanRequest};
use super::{Approval, Endpoint, Host, Purpose, Session, SessionError, SessionOptions, unless_stopped};
use crate::api::{Access, BudgetOptions, ClientOptions, Token, connect};
use crate::archive::{Archive, Entry, Snapshot};
use crate::documents::references::{ADD_TO_MAP, Kind, Rules};
use crate::documents::{Program, Selector, SelectorSpec};
use crate::emulator::{AccountSpec, Behaviour, Embedded, Options, Store};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::snapshot_api::snapshot_account_of;
use crate::job::{
    self, AccountPlace, Action, Job, OnExisting, Problems, Rate, Selection, Settings, share_of,
};
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::model::{Fingerprint, Id, Outcome, Verdict};
use crate::report::archive::{Drilled, Unrestored};
use crate::run_folder::{AccountFacts, Row};

/// The note in the archive.
const NOTE: &str = "restorable.jsonl";
/// How many imports are restored at a time: they are in the memory of the emulator.
const AT_ONCE: usize = 5_000;
/// The account of the emulator.
const ACCOUNT: &str = "drill";

/// A line of the note.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RestoredLine {
    origin: String,
    account: String,
    id: Id,
    blob: Fingerprint,
    as_of: Timestamp,
}

/// What is known about the imports of all accounts: when each was last restored, and in which version.
#[derive(Debug, Default)]
pub struct Restorable(BTreeMap<(String, String, String), RestoredLine>);

impl Restorable {
    /// Reads the note from the archive. If it cannot be read, everything counts as new; the second value says why.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn read(archive: &Archive) -> Result<(Self, Option<String>), SessionError> {
        let (text, damage) = match archive.note(NOTE).await {
            Ok(text) => (text.unwrap_or_default(), None),
            Err(error) if error.is_damage() => (Vec::new(), Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.filter_map(|line| serde_json::from_slice::<RestoredLine>(line).ok());
        Ok((Self(lines.map(|line| (line.key(), line)).collect()), damage))
    }

    /// Writes the note into the archive.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after the write was sent, the archive holds either the old note or this one.
    pub async fn write(&self, archive: &Archive) -> Result<(), SessionError> {
        let mut text = Vec::new();
        for line in self.0.values() {
            serde_json::to_writer(&mut text, line)
                .map_err(|error| EngineError::file("encode", NOTE)(error.into()))?;
            text.push(b'\n');
        }
        Ok(archive.put_note(NOTE, &text).await?)
    }

    fn of(&self, snapshot: &Snapshot, entry: &Entry) -> Option<&RestoredLine> {
        let key = (snapshot.account.origin.clone(), snapshot.account.name.clone(), entry.id.to_string());
        self.0.get(&key).filter(|known| known.blob == entry.blob)
    }
}

impl RestoredLine {
    fn key(&self) -> (String, String, String) {
        (self.origin.clone(), self.account.clone(), self.id.to_string())
    }
}

/// What is to be restored.
#[derive(Debug, Clone, Copy)]
pub struct DrillRequest<'a> {
    /// The archive with the snapshot.
    pub archive: &'a Archive,
    /// The snapshot of it.
    pub snapshot: &'a Snapshot,
    /// Which share of what was restored before is restored again, 0 to 1; what is new always is.
    pub share: f64,
}

/// Restores imports of a snapshot into a temporary emulator, and reports which cannot be restored.
///
/// # Errors
///
/// The archive cannot be read, the emulator not started, or an interruption.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind but what `known` has of the imports restored so far.
pub async fn drill(
    host: &Host,
    request: DrillRequest<'_>,
    known: &mut Restorable,
    cancel: &Cancel,
) -> Result<Drilled, SessionError> {
    let DrillRequest { archive, snapshot, share } = request;
    let (_, entries) = unless_stopped(cancel, archive.entries(&snapshot.id)).await?;
    let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
    let (imports, related): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.kind == Kind::Imports.as_str());
    let (new, mut rest): (Vec<&Entry>, Vec<&Entry>) =
        imports.iter().partition(|entry| known.of(snapshot, entry).is_none());
    rest.sort_by_cached_key(|entry| known.of(snapshot, entry).map(|known| known.as_of));
    let count = usize::try_from(share_of(share, rest.len() as u64)).unwrap_or(usize::MAX);
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
        newer: Vec::new(),
    };
    let lists = unless_stopped(cancel, related_lists(archive, &related)).await?;
    let chosen: Vec<&Entry> = new.into_iter().chain(rest).collect();
    for batch in chosen.chunks(AT_ONCE) {
        let blobs: HashMap<&str, Fingerprint> =
            batch.iter().map(|entry| (entry.id.as_str(), entry.blob)).collect();
        for row in restored(host, request, &blobs, &lists, cancel).await? {
            let Some(source) = &row.item.source else { continue };
            match why_not_restored(&row) {
                None => {
                    let line = RestoredLine {
                        origin: snapshot.account.origin.clone(),
                        account: snapshot.account.name.clone(),
                        id: source.id.clone(),
                        blob: blobs.get(source.id.as_str()).copied().unwrap_or(Fingerprint::of(b"")),
                        as_of: host.clock.now(),
                    };
                    known.0.insert(line.key(), line);
                }
                Some(why) => {
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

/// Why an import was not restored as it was backed up; `None` for one that was.
fn why_not_restored(row: &Row) -> Option<String> {
    let restored = matches!(row.outcome, Outcome::Created | Outcome::Unchanged | Outcome::Restored);
    if restored && matches!(row.verdict, Verdict::Equal | Verdict::EqualWithDefaults) {
        return None;
    }
    let why = row.error_message.as_deref().unwrap_or_default();
    // A drill has no job in which a map could stand.
    let why = match why.split_once(ADD_TO_MAP) {
        Some((why, _)) => format!("{why}, as the backup has it"),
        None => why.to_owned(),
    };
    Some(match row.verdict {
        Verdict::Differs => format!("reads back different at {}", row.differences.join(", ")),
        _ if why.is_empty() => format!("it is {}", row.outcome),
        _ => why,
    })
}

/// What failed is no longer restorable, and what is gone from the account is irrelevant.
fn forget(known: &mut Restorable, snapshot: &Snapshot, imports: &[Entry], failed: &[Unrestored]) {
    let there: HashSet<&str> = imports.iter().map(|entry| entry.id.as_str()).collect();
    let failed: HashSet<&str> = failed.iter().map(|failed| failed.id.as_str()).collect();
    let account = (&snapshot.account.origin, &snapshot.account.name);
    known.0.retain(|_, line| {
        let ours = (&line.origin, &line.account) == account;
        !ours || there.contains(line.id.as_str()) && !failed.contains(line.id.as_str())
    });
}

/// The related documents as lists of the emulator; kinds that it has no list for are left out.
async fn related_lists(archive: &Archive, related: &[Entry]) -> Result<Value, SessionError> {
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
    host: &Host,
    request: DrillRequest<'_>,
    chosen: &HashMap<&str, Fingerprint>,
    lists: &Value,
    cancel: &Cancel,
) -> Result<Vec<Row>, SessionError> {
    let DrillRequest { archive, snapshot, .. } = request;
    let emulator = emulator(lists)?;
    let keep = |entry: &Entry| entry.kind != Kind::Imports.as_str() || chosen.contains_key(entry.id.as_str());
    let source = snapshot_account_of(archive.clone(), snapshot, &snapshot.account.name, keep);
    let source = unless_stopped(cancel, source).await?;
    let source = Endpoint::Snapshot { account: source, snapshot: Box::new(snapshot.clone()) };
    let target = Endpoint::Emulator { account: account(host, &emulator)?, emulator: emulator.into() };
    let work = tempfile::tempdir().map_err(EngineError::file("make", "a temporary folder"))?;
    let job = restore_job(&snapshot.account.name)?;
    let settings = Settings::of(&job, "/".into());
    let options =
        SessionOptions { cancel: cancel.clone(), grace_period: Duration::ZERO, ..SessionOptions::new(host) };
    let session = Session::with_endpoints(host, settings, source, target, Purpose::Reading, options);
    let (place, events) = (work.path().join("run"), Events::none());
    let request =
        PlanRequest { job: &job, name: ACCOUNT, place: Place::At(&place), extent: Extent::Everything };
    let plan = session.plan(request, &events).await?;
    let mut run = session.execute(plan, Approval::NotAsked, &events).await?;
    run.sound()?;
    if cancel.is_draining() {
        // What was not come to is not found to be broken.
        return Err(EngineError::Interrupted.into());
    }
    run.rows()
}

/// The job that restores an account into the emulator, whatever is in it.
fn restore_job(of: &str) -> Result<Job, SessionError> {
    let problem = |what: &str| SessionError::Emulator(format!("the job of the drill has {what}"));
    let archived = AccountPlace::Archive {
        place: "archive".to_owned(),
        of: of.to_owned(),
        of_origin: None,
        snapshot: None,
        key: None,
    };
    let source = job::Account { name: of.to_owned(), place: archived, rate: Rate::default() };
    let place = AccountPlace::Emulator { name: ACCOUNT.to_owned() };
    let target = job::Account { name: ACCOUNT.to_owned(), place, rate: Rate::default() };
    let selector = Selector::compile(SelectorSpec::default()).map_err(|_| problem("a bad selector"))?;
    let program = Program::compile(Vec::new()).map_err(|_| problem("a bad step"))?;
    Ok(Job {
        name: ACCOUNT.to_owned(),
        action: Action::Restore,
        own_accounts: vec![source.name.clone(), target.name.clone()],
        accounts: vec![source.clone(), target.clone()],
        source,
        target,
        select: Selection {
            selector,
            manifest: None,
            integration_apps: true,
            narrowed: job::Narrowing::default(),
        },
        references: Rules::default(),
        program: std::sync::Arc::new(program),
        captured_data: job::CapturedData::default(),
        match_by: job::MatchBy::default(),
        on_existing: OnExisting::Create,
        ignore: Vec::new(),
        waves: None,
        mirror: None,
        page_size: job::PageSize::default(),
        verify: job::Verify::default(),
        concurrency: None,
        retry: job::Retry::default(),
        stop: job::Stop::default(),
        output: Path::new("/").to_owned(),
        archive: None,
        sources: Vec::new(),
        parallel: std::num::NonZeroUsize::MIN,
        stand_in: None,
        notify: job::Notify::default(),
        warnings: Problems::default(),
        text: format!("# restores every import of {of:?} into an emulator\n"),
        files: Vec::new(),
    })
}

/// An emulator in memory that takes what the service took: its own rules are not what is drilled.
fn emulator(lists: &Value) -> Result<Embedded, SessionError> {
    let failed = |error: crate::emulator::EmulatorError| SessionError::Emulator(crate::model::chain(&error));
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

fn account(host: &Host, emulator: &Embedded) -> Result<Account, SessionError> {
    let bad = SessionError::Emulator;
    let origin = url::Url::parse(emulator.url()).map_err(|error| bad(error.to_string()))?;
    let token = emulator.token(ACCOUNT).ok_or_else(|| bad("it has no token".to_owned()))?;
    let budget = BudgetOptions { per_second: 100_000.0, burst: 100_000, share: 1.0 };
    let options = ClientOptions { budget, clock: host.clock.clone(), ..ClientOptions::default() };
    let access = Access { origin, token: Token::new(token), renew: None };
    let connected = connect(access, &options, false).map_err(|error| bad(error.to_string()))?;
    Ok(Account {
        facts: AccountFacts { name: ACCOUNT.to_owned(), origin: "emulator:drill".to_owned(), user: None },
        client: connected.client,
        meter: connected.meter,
        clock: connected.clock,
        per_second: budget.per_second,
        burst: f64::from(budget.burst),
        at_rest: false,
    })
}
