//! The fleet that a command names: its file, its accounts, its job, its store.

use std::io::Write;
use std::path::Path;

use crate::cli::args::Format;
use crate::cli::args::fleet::{Check, Named, Place};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::lease::keeps_conditions;
use crate::cli::say;
use crate::cli::store::{absolute, objects};
use crate::cli::world::CliContext;
use crate::fleet::{Definition, FleetStore};
use crate::job::{self, AccountChoice, Action, Fleet, Job};
use crate::model::cancel::Cancel;

/// A fleet with everything its files say.
#[derive(Debug)]
pub(super) struct Loaded {
    pub fleet: Fleet,
    /// The job, as it is for the first account.
    pub job: Job,
    pub definition: Definition,
}

/// Loads a fleet file, its CSV and its job; the problems of all of them are told together.
pub(super) fn load(world: &CliContext, path: &Path, place: &Place) -> Result<Loaded, Failure> {
    let (env, clock) = (&world.host.env, &world.host.clock);
    let color = world.color_err();
    let mut fleet =
        job::load_fleet(path, env, clock).map_err(|problems| Failure::of_job(&problems, color))?;
    if let Some(name) = &place.name {
        let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !fits || !(1..=64).contains(&name.len()) || name.starts_with('.') {
            let message = "--name must be 1 to 64 letters, digits, `.`, `_` and `-`, and not begin with `.`";
            return Err(Failure::BadInput(message.to_owned()));
        }
        fleet.name.clone_from(name);
    }
    let Some(first) = fleet.rows.first() else {
        return Err(Failure::BadInput(format!("{} names no account", fleet.accounts.display())));
    };
    let choice = AccountChoice::Row(first.stand_in(&fleet.role));
    let job = job::load_as(&shown(world, &fleet.job), env, clock, Some(&choice))
        .map_err(|problems| Failure::of_job(&problems, color))?;
    let mut located = Vec::new();
    for warnings in [&fleet.warnings, &job.warnings].into_iter().filter(|warnings| !warnings.is_empty()) {
        say(world, &warnings.render(color));
        located.extend(warnings.located());
    }
    if !located.is_empty() {
        world.document.set("warnings", located);
    }
    let name = &first.account.name;
    if ![&job.source.name, &job.target.name].contains(&name) && job.action != Action::Restore {
        return Err(Failure::BadInput(format!(
            "no account of the job {} is `{}`, so no row would stand for one",
            fleet.job.display(),
            fleet.role
        )));
    }
    let missing: Vec<String> = job::account_columns(&job.text)
        .into_iter()
        .filter(|column| !first.columns.contains_key(column))
        .map(|column| format!("`{column}`"))
        .collect();
    if !missing.is_empty() {
        return Err(Failure::BadInput(format!(
            "the templates of the job {} use columns of the account that {} does not have: {}",
            fleet.job.display(),
            fleet.accounts.display(),
            missing.join(", ")
        )));
    }
    let definition = Definition::of(&fleet, &job, clock.now(), world.host.who());
    Ok(Loaded { fleet, job, definition })
}

/// The path from the current folder, where it is below it: shorter in messages.
pub(super) fn shown(world: &CliContext, path: &Path) -> std::path::PathBuf {
    path.strip_prefix(&world.host.env.folder).unwrap_or(path).to_owned()
}

/// The location of the store: `--store` or the variable, else what the fleet file says, else the user's file.
pub(super) fn location(world: &CliContext, place: &Place, of_fleet: Option<&str>) -> Result<String, Failure> {
    if let Some(given) = place.store.as_deref().filter(|given| !given.is_empty()) {
        return Ok(absolute(world, given));
    }
    if let Some(of_fleet) = of_fleet {
        return Ok(of_fleet.to_owned());
    }
    let users = job::read_user_accounts(&world.host.env, &world.host.clock)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
    users.and_then(|users| users.store).ok_or_else(|| {
        Failure::BadInput(
            "no store is named: write `store:` into the fleet file or the user's accounts file, give --store, or set \
             TRANSSHIP_STORE"
                .to_owned(),
        )
    })
}

/// Opens the store of a fleet.
fn open(world: &CliContext, location: &str, name: &str, create: bool) -> Result<FleetStore, Failure> {
    Ok(FleetStore::new(objects(world, location.to_owned(), create)?, name))
}

/// Opens the store of a fleet that is to be worked on, made if it is not there; one that does not honour conditional writes
/// is refused, once for all accounts.
pub(super) async fn open_to_write(
    world: &CliContext,
    location: &str,
    name: &str,
    cancel: &Cancel,
) -> Result<FleetStore, Failure> {
    let store = open(world, location, name, true)?;
    keeps_conditions(store.place(), cancel, store.keeps_conditions()).await?;
    Ok(store)
}

/// The fleet that a command names by its name or its file; its store must have it.
pub(super) async fn named(world: &CliContext, args: &Named) -> Result<(FleetStore, Definition), Failure> {
    let store = store_of(world, args)?;
    let definition = store.definition().await?;
    Ok((store, definition))
}

/// The store of the fleet that a command names, which need not have it.
pub(super) fn store_of(world: &CliContext, args: &Named) -> Result<FleetStore, Failure> {
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
    open(world, &location, &name, false)
}

/// `fleet check`: files only.
pub(super) fn check(world: &CliContext, args: &Check) -> Result<Exit, Failure> {
    let Loaded { fleet, job, definition } = load(world, &args.fleet, &args.place)?;
    let waves: Vec<usize> = (1..=fleet.waves.len())
        .map(|wave| definition.size_of(u32::try_from(wave).unwrap_or(u32::MAX)))
        .collect();
    world.document.set("fleet", &fleet.name);
    world.document.set("job", &job.name);
    world.document.set("action", job.action.as_str());
    world.document.set("accounts", fleet.rows.len());
    world.document.set("waves", &waves);
    if world.global.format != Some(Format::Json) {
        let mut out = world.out();
        let sizes = waves.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        writeln!(
            out,
            "{}: a valid fleet: {} `{}` for {} accounts, in waves of {sizes}",
            args.fleet.display(),
            job.action.as_str(),
            job.name,
            fleet.rows.len()
        )?;
        out.flush()?;
    }
    Ok(Exit::Done)
}
