//! `fleet run`: the accounts of a fleet, here, without an engine.

use async_trait::async_trait;

use super::emulated::{Emulated, emulated, parallel, program};
use super::load::{Loaded, beside_name, load, location, open_to_write, without_plan};
use super::read_status::read_status;
use super::report::{Written, write_report};
use super::snapshot::snapshot;
use crate::cli::args::Format;
use crate::cli::args::fleet::Run;
use crate::cli::ask::ask;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::world::CliContext;
use crate::cli::{parent, say, signal};
use crate::fleet::children::{Children, worker_name};
use crate::fleet::held::Held;
use crate::fleet::lease::Sightings;
use crate::fleet::plans::approved;
use crate::fleet::run::{Activities, RunEnd};
use crate::fleet::snapshot::Keep;
use crate::fleet::words::{Anew, FleetEnd, fleet_end, some, unplanned};
use crate::fleet::{
    ChildEnd, Definition, FleetError, FleetStore, Launcher, Pace, RunRequest, Shard, run as work,
};
use crate::job::Fleet;
use crate::model::cancel::Cancel;
use crate::report;

/// Carries out `fleet run`.
pub(in crate::cli) async fn run(world: &CliContext, args: &Run) -> Result<Exit, Failure> {
    parent::follow(world, args.parent)?;
    let Loaded { fleet, job, definition, archive } = load(world, &args.work.fleet, &args.work.place)?;
    let location = location(world, &args.work.place, fleet.store.as_deref())?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    if !agreed(world, args, &fleet, &definition, &location, &cancel).await? {
        say(world, "nothing was written");
        return Ok(Exit::Interrupted);
    }
    let store = open_to_write(world, &location, (&fleet.name, &args.work.fleet), &cancel).await?;
    store.refuse_another(&definition).await?;
    let approved = approved(&store, &definition).await?;
    if !approved.without.is_empty() {
        say(world, &unplanned(&approved.without, store.file()));
    }
    let snapshot = snapshot(world, &store, archive.as_ref(), Keep::Chosen, &cancel).await?;
    let begun = store.begin(&definition).await?;
    let definition = Definition { beside_name: beside_name(world, &location), ..begun };
    let held = Held::new(&definition, &args.work.fleet, (&fleet, &job), &world.host.env, &world.host.clock);
    let temporary = tempfile::tempdir()?;
    let Emulated { _server, file } = emulated(world, &fleet, &job, &temporary)?;
    let program = program(world, &location, &fleet.name, file)?;
    let host = &world.host;
    let worker = worker_name(host.name(), host.random.u16());
    let sightings = Sightings::default();
    let children = Children {
        program,
        store: &store,
        fleet: &fleet,
        held: &held,
        approved: &approved,
        snapshot: snapshot.as_deref(),
        temporary: temporary.path().to_owned(),
        sightings: &sightings,
    };
    let children = Telling { world, children };
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
    let ended = tokio::select! {
        ended = work(request, &children) => ended?,
        () = sightings.keep(store.objects()) => unreachable!("it looks until it is dropped"),
    };
    close(world, &store, &definition, ended).await
}

/// Tells how it ended, and writes the report.
async fn close(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
    ended: RunEnd,
) -> Result<Exit, Failure> {
    let (status, results) = read_status(world, store, definition).await?;
    world.document.set("fleet", &status);
    world.document.set("store", store.place());
    let Written { page, audit, is_whole } = write_report(world, store, definition, &status, &results).await?;
    world.document.set("report", &page);
    world.document.set("audit", &audit);
    let FleetEnd { exit_code, why } =
        fleet_end(ended.ending.as_ref(), definition, status.attention, Anew::Start);
    let exit = match Exit::of(exit_code) {
        Exit::Done if !is_whole => Exit::Unexpected,
        exit => exit,
    };
    if let Some(why) = &why {
        world.document.set("reason", why);
    }
    if !world.global.quiet {
        let mut text = Vec::new();
        report::fleet::status(&status, world.columns_err(), &mut text)?;
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
    let but = match &without_plan(world, location, definition).await[..] {
        [] => String::new(),
        [one] => format!(" (but not `{one}`, which has no plan)"),
        many => format!(" (but not {}, which have no plan)", some(many)),
    };
    ask(world, &format!("{what}{but}, from the store {location}? [y/N] "), cancel).await
}

/// Runs accounts as children of this process, and tells how each ended.
struct Telling<'a> {
    world: &'a CliContext,
    children: Children<'a>,
}

#[async_trait]
impl Launcher for Telling<'_> {
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        let ended = self.children.launch(account, activities, cancel).await?;
        self.tell(account, &ended);
        Ok(ended)
    }

    fn say(&self, text: &str) {
        say(self.world, text);
    }
}

impl Telling<'_> {
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
        let why = ended.message.as_deref().filter(|why| *why != what);
        let why = why.map_or(String::new(), |why| format!(": {}", report::text::clean(why)));
        if !self.world.global.quiet || ended.exit_code != Some(0) {
            say(self.world, &format!("{account}: {what}{why}"));
        }
    }
}
