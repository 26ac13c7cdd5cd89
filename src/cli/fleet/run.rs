//! `fleet run`: the accounts of a fleet, here, without an engine.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::json;

use super::child::{Program, follow};
use super::emulated::{Emulated, emulated, parallel};
use super::load::{Loaded, load, location, open_to_write};
use super::plan::Plans;
use super::report::write_report;
use super::told::standing;
use crate::cli::args::Format;
use crate::cli::args::fleet::Run;
use crate::cli::ask::ask;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::world::CliContext;
use crate::cli::{parent, say, signal};
use crate::fleet::run::{Activities, RunEnd};
use crate::fleet::{
    ChildEnd, Definition, Ending, FleetError, FleetStore, Gate, Launcher, Pace, RunRequest, Shard,
    run as work,
};
use crate::job::{Action, Fleet};
use crate::model::cancel::Cancel;
use crate::report;

/// Carries out `fleet run`.
pub(in crate::cli) async fn run(world: &CliContext, args: &Run) -> Result<Exit, Failure> {
    parent::follow(world, args.parent)?;
    let Loaded { fleet, job, definition } = load(world, &args.work.fleet, &args.work.place)?;
    let location = location(world, &args.work.place, fleet.store.as_deref())?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    if !agreed(world, args, &fleet, &definition, &location, &cancel).await? {
        say(world, "nothing was written");
        return Ok(Exit::Interrupted);
    }
    let store = open_to_write(world, &location, &fleet.name, &cancel).await?;
    let definition = store.begin(&definition).await?;
    let temporary = tempfile::tempdir()?;
    let Emulated { _server, file } = emulated(world, &fleet, &job, &temporary)?;
    let program = Program::this(world, &location, &fleet.name, file)?;
    let approved = match job.action {
        Action::Backup | Action::Compare => None,
        _ => Plans::read(&store, definition.job_sha256).await?,
    };
    let planned = approved.iter().flat_map(|plans| &plans.planned);
    let planned: BTreeSet<String> =
        planned.filter(|plan| plan.message.is_none()).map(|plan| plan.account.clone()).collect();
    let children = Children {
        world,
        program,
        store: &store,
        fleet: &fleet,
        planned,
        temporary: temporary.path().to_owned(),
        local: job.output.join(format!("fleet-{}", fleet.name)),
    };
    let worker = format!(
        "{}-{}-{:04x}",
        world.host.name().unwrap_or_else(|| "worker".to_owned()),
        std::process::id(),
        world.host.random.u16()
    );
    let worker: String =
        worker.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let request = RunRequest {
        store: &store,
        fleet: &definition,
        worker: &worker,
        shard: args.work.shard.unwrap_or(Shard::WHOLE),
        parallel: parallel(&args.work, &definition),
        waits: !args.no_wait,
        pace: Pace::default(),
        clock: &world.host.clock,
        cancel: &cancel,
    };
    let ended = work(request, &children).await?;
    close(world, &store, &definition, ended).await
}

/// Tells how it ended, and writes the report.
async fn close(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
    ended: RunEnd,
) -> Result<Exit, Failure> {
    let (status, results) = standing(world, store, definition).await?;
    world.document.set("fleet", &status);
    world.document.set("store", store.place());
    let (page, audit) = write_report(world, store, definition, &status, &results).await?;
    world.document.set("report", &page);
    world.document.set("audit", &audit);
    let name = store.name();
    let (exit, why) = match &ended.ending {
        None => (Exit::Interrupted, Some("interrupted: start it again to go on".to_owned())),
        Some(Ending::Finished) if status.attention > 0 => (Exit::Attention, None),
        Some(Ending::Finished) => (Exit::Done, None),
        Some(Ending::Stopped { bad }) => (
            Exit::Stopped,
            Some(format!(
                "{bad} accounts ended badly (`stop`): nothing new is begun; see to them, then: transship fleet resume {name}"
            )),
        ),
        Some(Ending::Told) => {
            (Exit::Stopped, Some(format!("stopped; to go on: transship fleet resume {name}")))
        }
        Some(Ending::Unhealthy { wave, bad }) => (
            Exit::Attention,
            Some(format!(
                "{bad} of {} accounts of wave {wave} did not end well: no account of a later wave was begun; to begin the \
                 next all the same: transship fleet approve {name}",
                definition.size_of(*wave)
            )),
        ),
        Some(Ending::Held(accounts)) => {
            (Exit::Held, Some(format!("other runs hold {}: start it again later", some(accounts))))
        }
        Some(Ending::Unfinished(accounts)) => (
            Exit::Interrupted,
            Some(format!("the runs of {} ended without a result again and again", some(accounts))),
        ),
        Some(Ending::Waiting(gate)) => (Exit::Interrupted, Some(waiting(gate, definition, name))),
    };
    if let Some(why) = &why {
        world.document.set("reason", why);
    }
    if !world.global.quiet {
        let mut text = Vec::new();
        report::fleet::status(&status, &mut text)?;
        say(world, &String::from_utf8_lossy(&text));
        if world.global.format != Some(Format::Json) {
            say(world, &format!("Report: {page}"));
        }
    }
    if let Some(why) = why {
        say(world, &why);
    }
    Ok(exit)
}

fn waiting(gate: &Gate, definition: &Definition, name: &str) -> String {
    match gate {
        Gate::Approval(wave) => format!(
            "wave {wave} ({} accounts) needs approval: transship fleet approve {name}, then start it again",
            definition.size_of(*wave)
        ),
        Gate::Paused => format!("paused; to go on: transship fleet resume {name}, then start it again"),
        _ => "other workers have accounts of this wave to do: start it again later".to_owned(),
    }
}

fn some(accounts: &[String]) -> String {
    let named: Vec<String> = accounts.iter().take(5).map(|account| format!("`{account}`")).collect();
    match accounts.len().checked_sub(5).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more accounts", named.join(", ")),
        None => report::text::listed(&named),
    }
}

/// Asks whether to begin, on a terminal.
async fn agreed(
    world: &CliContext,
    args: &Run,
    fleet: &Fleet,
    definition: &Definition,
    location: &str,
    cancel: &Cancel,
) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let what = format!("{} {} accounts", definition.action, fleet.rows.len());
    if !world.stdin_is_terminal {
        return Err(Failure::BadInput(format!("there is no terminal to ask whether to {what}: give --yes")));
    }
    ask(world, &format!("{what}, from the store {location}? [y/N] "), cancel).await
}

/// Runs accounts as children of this process.
struct Children<'a> {
    world: &'a CliContext,
    program: Program,
    store: &'a FleetStore,
    fleet: &'a Fleet,
    /// The accounts whose plans were made beforehand: they do what these say.
    planned: BTreeSet<String>,
    temporary: PathBuf,
    /// Where run folders are while they are written, where the store is no folder.
    local: PathBuf,
}

impl Children<'_> {
    /// The run folder of an account.
    fn folder(&self, account: &str) -> PathBuf {
        self.store.folder(&format!("runs/{account}")).unwrap_or_else(|| self.local.join(account))
    }

    /// The plan that was made of an account, as a file.
    async fn plan_of(&self, account: &str) -> Result<Option<PathBuf>, FleetError> {
        if !self.planned.contains(account) {
            return Ok(None);
        }
        let part = format!("plans/{account}.json");
        if let Some(path) = self.store.folder(&part) {
            return Ok(Some(path).filter(|path| path.is_file()));
        }
        let Some(bytes) = self.store.bytes(&part).await? else { return Ok(None) };
        let path = self.temporary.join(format!("{account}.plan.json"));
        std::fs::write(&path, bytes).map_err(file("write", &path))?;
        Ok(Some(path))
    }

    /// In a bucket: says on which machine the run folder of an account is. One that was begun on another machine is not
    /// begun here as well: its journal, which knows what is in doubt, is there.
    async fn begun_elsewhere(&self, account: &str, folder: &Path) -> Result<Option<String>, FleetError> {
        if self.store.folder("").is_some() || folder.join("journal.jsonl").is_file() {
            return Ok(None);
        }
        let machine = self.world.host.name().unwrap_or_else(|| "a machine without a name".to_owned());
        let part = format!("runs/{account}/begun.json");
        let begun = json!({
            "machine": machine,
            "folder": folder,
            "at": self.world.host.clock.now(),
            "mark": format!("{:016x}", self.world.host.random.seed()),
        });
        // Of two that begin at the same time, one finds what the other wrote.
        if self.store.create(&part, begun.to_string().into()).await? {
            return Ok(None);
        }
        let Some(bytes) = self.store.bytes(&part).await? else { return Ok(None) };
        let begun: serde_json::Value = serde_json::from_slice(&bytes).map_err(|source| {
            FleetError::Damaged { name: part, place: self.store.place().to_owned(), source }
        })?;
        let there = begun.get("machine").and_then(serde_json::Value::as_str).unwrap_or_default();
        let was = begun.get("folder").and_then(serde_json::Value::as_str).unwrap_or_default();
        // Here, and cut off before its journal was made: nothing was sent.
        let is_here = there == machine && Path::new(was) == folder;
        Ok((!is_here).then(|| format!("its run was begun on {there}, in {was}: go on with it there")))
    }

    /// Keeps in a bucket what the report needs of a run folder.
    async fn keep(&self, account: &str, folder: &Path) -> Result<(), FleetError> {
        if self.store.folder("").is_some() {
            return Ok(());
        }
        for name in ["job.yaml", "plan.json", "journal.jsonl", "summary.json", "audit.csv", "report.html"] {
            let path = folder.join(name);
            if path.is_file() {
                self.store.put_file(&format!("runs/{account}/{name}"), &path).await?;
            }
        }
        Ok(())
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FleetError {
    let path = path.to_owned();
    move |source| FleetError::Refused(format!("cannot {what} {}: {source}", path.display()))
}

#[async_trait]
impl Launcher for Children<'_> {
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        let folder = self.folder(account);
        if let Some(message) = self.begun_elsewhere(account, &folder).await? {
            return Ok(ChildEnd { exit_code: Some(2), message: Some(message), ..ChildEnd::default() });
        }
        let mut words: Vec<OsString> = vec!["run".into(), self.fleet.job.clone().into()];
        let mut option = |name: &str, value: OsString| words.extend([name.into(), value]);
        option("--accounts", self.fleet.accounts.clone().into());
        option("--account", account.into());
        option("--as", self.fleet.role.clone().into());
        option("--run-dir", folder.clone().into());
        if let Some(plan) = self.plan_of(account).await? {
            option("--plan", plan.into());
        }
        words.extend(["--or-resume".into(), "--yes".into()]);
        if cfg!(target_os = "linux") {
            words.push("--die-with-parent".into());
        }
        let words: Vec<&std::ffi::OsStr> = words.iter().map(OsString::as_os_str).collect();
        let child = self
            .program
            .start(&words)
            .map_err(|error| FleetError::Refused(format!("cannot start the run of `{account}`: {error}")))?;
        let ended = follow(child, account, activities, cancel)
            .await
            .map_err(|error| FleetError::Refused(format!("cannot follow the run of `{account}`: {error}")))?;
        self.keep(account, &folder).await?;
        let place = match self.store.folder("") {
            Some(_) => folder.display().to_string(),
            None => self.store.shown(&format!("runs/{account}")),
        };
        let ended = ended.of_run(place);
        self.tell(account, &ended);
        Ok(ended)
    }

    fn say(&self, text: &str) {
        say(self.world, text);
    }
}

impl Children<'_> {
    /// One line for each account that ended.
    fn tell(&self, account: &str, ended: &ChildEnd) {
        let what = match ended.exit_code {
            Some(0) => "done".to_owned(),
            Some(3) => "needs attention".to_owned(),
            Some(7) => "held by another run, tried again later".to_owned(),
            Some(130) => "interrupted".to_owned(),
            Some(code) => format!("ended with {code}"),
            None => "killed".to_owned(),
        };
        let why =
            ended.message.as_deref().map_or(String::new(), |why| format!(": {}", report::text::clean(why)));
        if !self.world.global.quiet || ended.exit_code != Some(0) {
            say(self.world, &format!("{account}: {what}{why}"));
        }
    }
}
