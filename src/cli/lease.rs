//! The lease of what a run writes to, if there is a shared store: `TRANSSHIP_STORE`, else `store:` of the user's
//! file.

use std::path::Path;
use std::sync::Arc;

use super::failure::Failure;
use super::lease_place::{LeasePlace, beside};
use super::say;
use super::store::{absolute, objects};
use super::world::CliContext;
use crate::fleet::child::TRIED;
use crate::fleet::control::ControlState;
use crate::fleet::lease::{
    Admitted, Asked, Asking, EarlierSightings, LEASES_SEEN, LeaseNote, StoreLease, Terms, lease_name, look,
    read, take,
};
use crate::fleet::{FleetError, FleetStore, Objects};
use crate::job;
use crate::model::cancel::Cancel;
use crate::model::lease::{AlwaysHeld, Lease};
use crate::session::Session;

/// The variable in which `fleet run` names the fleet to its children.
const FLEET: &str = "TRANSSHIP_FLEET";

/// Refuses a store that does not honour conditional writes, which leases and fleets need.
pub(super) async fn keeps_conditions(
    place: &str,
    cancel: &Cancel,
    keeps: impl Future<Output = Result<bool, FleetError>>,
) -> Result<(), Failure> {
    let keeps = tokio::select! {
        biased;
        () = cancel.draining() => return Err(crate::session::EngineError::Interrupted.into()),
        keeps = keeps => keeps?,
    };
    if keeps {
        return Ok(());
    }
    Err(Failure::BadInput(format!(
        "the store {place} does not honour conditional writes, which leases need: use another store"
    )))
}

/// Warns if the store is a folder that does not exist: a mistyped name creates a separate store, in which nobody else
/// looks for leases.
fn warn_of_a_new_store(world: &CliContext, location: &str) {
    if !location.contains("://") && !std::path::Path::new(location).exists() {
        let message = format!(
            "warning: the store {location} does not exist and is created: leases in another store are not \
             seen; make sure that its name is right"
        );
        say(world, &message);
    }
}

/// Takes the lease of what a session writes to, if there is a store. The lease is renewed from now on, and with each
/// renewal the fleet's `control.json` is read: a stop drains the run. `folder` is the run that is continued or
/// undone, or where a new one goes: everyone who writes it meets there, even if they name another store or none.
pub(super) async fn lease(
    world: &CliContext,
    session: &mut Session,
    folder: Option<&Path>,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let own = match location(world) {
        Some(location) => {
            warn_of_a_new_store(world, &location);
            let objects = objects(world, location.clone(), true)?;
            Some(LeasePlace { objects, location, below: String::new() })
        }
        None => None,
    };
    let beside = beside(world, folder)?.filter(|beside| !own.as_ref().is_some_and(|own| own.is(beside)));
    let places: Vec<LeasePlace> = own.into_iter().chain(beside).collect();
    let Some(first) = places.first() else { return Ok(()) };
    for LeasePlace { objects, location, .. } in &places {
        let tried = world.host.env.get(TRIED).filter(|tried| !tried.is_empty());
        if tried.is_none_or(|tried| !location.starts_with(tried)) {
            let keeps = async { Ok(objects.keeps_conditions().await?) };
            keeps_conditions(objects.place(), cancel, keeps).await?;
        }
    }
    let (identity, account) = session.held_account().await;
    let note = note(world, format!("account `{account}`"));
    let fleet = note.fleet.as_ref().map(|name| FleetStore::new(first.objects.clone(), name));
    let earlier = earlier(world);
    let mut taken = Vec::new();
    for LeasePlace { objects, below, .. } in &places {
        let name = below.clone() + &lease_name(&identity);
        let asking = Asking { objects, name: &name, terms: Terms::default(), earlier: &earlier };
        let asked = tokio::select! {
            biased;
            () = cancel.draining() => return Err(crate::session::EngineError::Interrupted.into()),
            asked = take(asking, note.clone()) => asked?,
        };
        match asked {
            Asked::Taken(lease) => {
                let lease = Arc::new(lease);
                world.leases.hold(Arc::clone(&lease));
                keep(Arc::clone(&lease), fleet.clone(), cancel.clone());
                taken.push(lease);
            }
            // It is one store under two addresses.
            Asked::Held(by) if by.mark == note.mark => {}
            Asked::Held(by) => return Err(held(&account, &by, &name, objects)),
        }
    }
    session.set_lease(Arc::new(AllHeld(taken)));
    Ok(())
}

/// Keeps renewing a lease from now on.
fn keep(lease: Arc<StoreLease>, fleet: Option<FleetStore>, cancel: Cancel) {
    tokio::spawn(async move {
        let renewed = || async {
            // A store that cannot be read now is read with the next renewal.
            if let Some(fleet) = &fleet
                && let Ok(control) = fleet.control().await
                && control.state == ControlState::Stopped
            {
                cancel.drain();
            }
        };
        lease.keep(renewed).await;
    });
}

/// The leases of what a run writes to, in each store where others may look for one: all must be held.
#[derive(Debug)]
struct AllHeld(Vec<Arc<StoreLease>>);

impl Lease for AllHeld {
    fn still_held(&self) -> bool {
        self.0.iter().all(|lease| lease.still_held())
    }

    fn how_lost(&self) -> String {
        let lost = self.0.iter().find(|lease| !lease.still_held());
        lost.map_or_else(|| AlwaysHeld.how_lost(), |lease| lease.how_lost())
    }
}

/// Shares the accounts that a session reads with the other processes that read them, if there is a store: each takes
/// an equal part of the budget, counted again with each renewal. A session that writes nothing may run beside one
/// that writes.
pub(super) async fn share(world: &CliContext, session: &Session, cancel: &Cancel) -> Result<(), Failure> {
    let Some(location) = location(world) else { return Ok(()) };
    let objects = objects(world, location, true)?;
    let earlier = earlier(world);
    for account in session.read_accounts().await {
        let name = lease_name(&account.identity);
        let note = note(world, format!("account `{}`", account.name));
        let asking = async {
            let asking =
                Asking { objects: &objects, name: &name, terms: Terms::default(), earlier: &earlier };
            let admitted = if session.only_reads() {
                Admitted::Reading(look(asking, note).await?)
            } else {
                read(asking, note).await?
            };
            if let Admitted::Reading(lease) = &admitted {
                let holders = lease.holders().await?;
                if lease.is_beside_readers() {
                    account.join(holders);
                } else {
                    account.share_among(holders);
                }
            }
            Ok::<_, FleetError>(admitted)
        };
        let admitted = tokio::select! {
            biased;
            () = cancel.draining() => return Err(crate::session::EngineError::Interrupted.into()),
            admitted = asking => admitted?,
        };
        let lease = match admitted {
            Admitted::Reading(lease) => Arc::new(lease),
            Admitted::Held(by) => return Err(held(&account.name, &by, &name, &objects)),
        };
        world.leases.share(Arc::clone(&lease));
        tokio::spawn(async move { lease.keep(|holders| account.share_among(holders)).await });
    }
    Ok(())
}

/// What the worker that started this process knows about leases.
fn earlier(world: &CliContext) -> EarlierSightings {
    world.host.env.get(LEASES_SEEN).map(EarlierSightings::read).unwrap_or_default()
}

fn held(account: &str, by: &LeaseNote, name: &str, objects: &Objects) -> Failure {
    Failure::Held(format!(
        "another run holds account `{account}` ({by}), says {name} in {}: wait until it is over",
        objects.place()
    ))
}

/// What others are told of this process.
fn note(world: &CliContext, what: String) -> LeaseNote {
    LeaseNote {
        holder: world.host.holder(),
        fleet: world.host.env.get(FLEET).filter(|name| !name.is_empty()).map(str::to_owned),
        what,
        since: world.host.clock.now(),
        mark: format!("{:016x}", world.host.random.seed()),
        renewed: 0,
        released: false,
        looks: false,
    }
}

/// The place of the store with the leases.
fn location(world: &CliContext) -> Option<String> {
    let env = &world.host.env;
    if let Some(given) = env.get("TRANSSHIP_STORE").filter(|given| !given.is_empty()) {
        return Some(absolute(world, given));
    }
    match job::read_user_accounts(env, &world.host.clock) {
        Ok(users) => users?.store,
        Err(_) => {
            // A job that needs the file tells all that is wrong with it.
            say(
                world,
                "warning: the accounts file cannot be read, so it is not known whether it names a `store` for leases",
            );
            None
        }
    }
}
