//! The fleet that a command names: its file, its accounts, its job, its store.

use std::io::Write;
use std::path::Path;

use crate::cli::args::Format;
use crate::cli::args::fleet::{Check, Named, Place};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::lease::keeps_conditions;
use crate::cli::say;
use crate::cli::store::objects;
use crate::cli::world::CliContext;
use crate::fleet::load::LoadError;
pub(super) use crate::fleet::load::Loaded;
use crate::fleet::plans::approved;
use crate::fleet::{self, Definition, FleetStore};
use crate::job;
use crate::model::cancel::Cancel;
use crate::model::shown::shell_word;
use crate::report::text::count;

/// Loads a fleet file, its CSV and its job; the problems of all of them are told together.
pub(super) fn load(world: &CliContext, path: &Path, place: &Place) -> Result<Loaded, Failure> {
    let (env, clock) = (&world.host.env, &world.host.clock);
    let color = world.color_err();
    let loaded = fleet::load::load(path, place.name.as_deref(), env, clock, world.host.who())
        .map_err(|error| not_loaded(world, error))?;
    let mut located = Vec::new();
    let all = [&loaded.fleet.warnings, &loaded.job.warnings];
    for warnings in all.into_iter().filter(|warnings| !warnings.is_empty()) {
        say(world, &warnings.render(color));
        located.extend(warnings.located());
    }
    if !located.is_empty() {
        world.document.set("warnings", located);
    }
    Ok(loaded)
}

fn not_loaded(world: &CliContext, error: LoadError) -> Failure {
    match error {
        LoadError::Problems(problems) => Failure::of_job(&problems, world.color_err()),
        LoadError::Refused(message) => Failure::BadInput(message),
    }
}

/// The location of the store: `--store` or the variable, else what the fleet file says, else the user's file.
pub(super) fn location(world: &CliContext, place: &Place, of_fleet: Option<&str>) -> Result<String, Failure> {
    fleet::load::location(place.store.as_deref(), of_fleet, &world.host.env, &world.host.clock)
        .map_err(|error| not_loaded(world, error))
}

/// Opens the store of a fleet.
fn open(world: &CliContext, location: &str, name: &str, create: bool) -> Result<FleetStore, Failure> {
    Ok(FleetStore::new(objects(world, location.to_owned(), create)?, name))
}

/// The accounts of a fleet that `fleet plan` could not plan; none where its store cannot be read yet.
pub(super) async fn without_plan(world: &CliContext, location: &str, fleet: &Definition) -> Vec<String> {
    let Ok(store) = open(world, location, &fleet.name, false) else { return Vec::new() };
    let refused = approved(&store, fleet).await.map(|approved| approved.refused).unwrap_or_default();
    refused.into_keys().collect()
}

/// Opens the store of a fleet that is to be worked on, made if it is not there; one that does not honour conditional writes
/// is refused, once for all accounts.
pub(super) async fn open_to_write(
    world: &CliContext,
    location: &str,
    (name, file): (&str, &Path),
    cancel: &Cancel,
) -> Result<FleetStore, Failure> {
    let store = open(world, location, name, true)?.of_file(&file.to_string_lossy());
    keeps_conditions(store.place(), cancel, store.keeps_conditions()).await?;
    Ok(store)
}

/// The fleet that a command names by its name or its file; its store must have it.
pub(super) async fn named(world: &CliContext, args: &Named) -> Result<(FleetStore, Definition), Failure> {
    let (store, beside_name) = store_of(world, args)?;
    let definition = store.definition().await?;
    Ok((store, Definition { beside_name, ..definition }))
}

/// What follows a fleet's name in a command to be typed: the store, unless every command here finds it by itself.
pub(super) fn beside_name(world: &CliContext, location: &str) -> String {
    let (env, clock) = (&world.host.env, &world.host.clock);
    let known = fleet::load::location(env.get("TRANSSHIP_STORE"), None, env, clock);
    if known.is_ok_and(|known| known == location) {
        return String::new();
    }
    format!(" --store {}", shell_word(location))
}

/// The store of the fleet that a command names, which need not have it; and what follows its name in a command.
pub(super) fn store_of(world: &CliContext, args: &Named) -> Result<(FleetStore, String), Failure> {
    let path = world.host.env.folder.join(&args.fleet);
    let (name, of_fleet) = if path.is_file() {
        let fleet = job::load_fleet(Path::new(&args.fleet), &world.host.env, &world.host.clock)
            .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
        (fleet.name, fleet.store)
    } else if args.fleet.contains(['/', '\\'])
        || Path::new(&args.fleet).extension().is_some_and(|end| end == "yaml")
    {
        return Err(Failure::BadInput(format!("there is no fleet file {}", args.fleet)));
    } else {
        (args.fleet.clone(), None)
    };
    let location = location(world, &args.place, of_fleet.as_deref())?;
    let name = args.place.name.clone().unwrap_or(name);
    let store = open(world, &location, &name, false)?;
    let store = if path.is_file() { store.of_file(&args.fleet) } else { store };
    Ok((store, beside_name(world, &location)))
}

/// `fleet check`: files only.
pub(super) fn check(world: &CliContext, args: &Check) -> Result<Exit, Failure> {
    let Loaded { fleet, job, definition, .. } = load(world, &args.fleet, &args.place)?;
    let numbers = 1..=u32::try_from(fleet.waves.len()).unwrap_or(u32::MAX);
    let waves: Vec<usize> = numbers.clone().map(|wave| definition.size_of(wave)).collect();
    let waits = |wave: &u32| *wave > 1 && definition.size_of(*wave) > 0 && definition.before(*wave).1;
    let approvals: Vec<u32> = numbers.filter(waits).collect();
    world.document.set("fleet", &fleet.name);
    world.document.set("job", &job.name);
    world.document.set("action", job.action.as_str());
    world.document.set("accounts", fleet.rows.len());
    world.document.set("waves", &waves);
    world.document.set("approvals", &approvals);
    if world.global.format != Some(Format::Json) {
        let mut out = world.out();
        let sizes = waves.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let in_waves = match waves.len() {
            1 => "in one wave".to_owned(),
            _ => format!("in waves of {sizes}"),
        };
        let approvals = approvals.iter().map(|wave| format!("wave {wave}")).collect::<Vec<_>>();
        let waits = match &approvals[..] {
            [] => String::new(),
            [one] => format!("; {one} waits for an approval"),
            [most @ .., last] => format!("; {} and {last} wait for an approval each", most.join(", ")),
        };
        writeln!(
            out,
            "{}: a valid fleet: {} `{}` for {}, {in_waves}{waits}",
            args.fleet.display(),
            job.action.as_str(),
            job.name,
            count(fleet.rows.len() as u64, "account", "accounts")
        )?;
        out.flush()?;
    }
    Ok(Exit::Done)
}
