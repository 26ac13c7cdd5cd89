//! `fleet status`, `stop`, `pause`, `approve`, `resume`: they read and write the store only.

use std::io::Write;

use super::load::{named, store_of};
use super::read_status::read_status;
use crate::cli::args::Format;
use crate::cli::args::fleet::Named;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, printed};
use crate::cli::say;
use crate::cli::world::CliContext;
use crate::fleet::control::{Control, ControlState};
use crate::fleet::plans::{Plans, not_begun};
use crate::fleet::result::Meaning;
use crate::fleet::{Definition, FleetError, FleetStore, Status};
use crate::report;
use crate::report::text::count;

/// `fleet status`: shows how the fleet stands, also one that was planned and not begun.
pub(super) async fn status(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, beside_name) = store_of(world, args)?;
    let (definition, is_begun) = match (store.begun().await?, store.planned().await?) {
        (Some(definition), _) => (definition, true),
        (None, Some(planned)) => (planned, false),
        (None, None) => (store.definition().await?, true),
    };
    let definition = Definition { beside_name, ..definition };
    let (mut status, _) = read_status(world, &store, &definition).await?;
    if !is_begun {
        status = not_begun(status, &definition, Plans::read(&store).await?.as_ref(), store.file());
    }
    world.document.set("fleet", &status);
    if world.global.format != Some(Format::Json) {
        let mut out = world.out();
        printed((|| {
            report::fleet::status(&status, world.columns_out(), &mut out)?;
            out.flush()?;
            Ok(())
        })())?;
    }
    Ok(Exit::Done)
}

/// Changes what is asked of a fleet, and says so.
async fn change(
    world: &CliContext,
    store: &FleetStore,
    change: impl Fn(&mut Control) -> Result<(), FleetError>,
) -> Result<Control, Failure> {
    let (by, now) = (world.host.who(), world.host.clock.now());
    let mark = format!("{:016x}", world.host.random.seed());
    let control = store
        .change(|control| {
            change(control)?;
            control.changed_by.clone_from(&by);
            control.changed_at = Some(now);
            control.mark.clone_from(&mark);
            Ok(())
        })
        .await?;
    world.document.set("fleet", store.name());
    world.document.set("control", &control);
    Ok(control)
}

/// Refuses to change a fleet of which every account has ended.
fn refuse_finished(status: &Status, what: &str) -> Result<(), Failure> {
    if status.state != "finished" {
        return Ok(());
    }
    Err(Failure::BadInput(format!("the fleet `{}` is finished: nothing is left to {what}", status.name)))
}

/// `fleet stop`: no more accounts begin, and those that run drain.
pub(super) async fn stop(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, _) = read_status(world, &store, &definition).await?;
    refuse_finished(&status, "stop")?;
    change(world, &store, |control| {
        control.state = ControlState::Stopped;
        Ok(())
    })
    .await?;
    let name = definition.in_a_command();
    say(
        world,
        &format!(
            "stopped: no more accounts are begun, and within seconds running ones are told to end where they can be resumed\nto go on: transship fleet resume {name}"
        ),
    );
    Ok(Exit::Done)
}

/// `fleet pause`: no more accounts begin, and those that run go on.
pub(super) async fn pause(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, _) = read_status(world, &store, &definition).await?;
    refuse_finished(&status, "pause")?;
    change(world, &store, |control| {
        if control.state == ControlState::Stopped {
            let message = "the fleet is already stopped: there is nothing to pause".to_owned();
            return Err(FleetError::Refused(message));
        }
        control.state = ControlState::Paused;
        Ok(())
    })
    .await?;
    let name = definition.in_a_command();
    say(
        world,
        &format!(
            "paused: no account is begun; those that run go on\nto go on: transship fleet resume {name}"
        ),
    );
    Ok(Exit::Done)
}

/// `fleet approve`: the wave that waits, or is to come next.
pub(super) async fn approve(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, _) = read_status(world, &store, &definition).await?;
    let Some(next) = status.next else {
        return Err(Failure::BadInput(match status.state {
            "finished" => format!("the fleet `{}` is finished: nothing is left to approve", store.name()),
            _ => format!("no wave of the fleet `{}` waits for an approval", store.name()),
        }));
    };
    if status.running + status.waiting > 0 && status.wave < next.wave {
        return Err(Failure::BadInput(format!(
            "wave {} is not over yet: approve wave {} when it is seen how it ended",
            status.wave, next.wave
        )));
    }
    let control = change(world, &store, |control| {
        control.approved = control.approved.max(next.wave - 1);
        Ok(())
    })
    .await?;
    let wave = format!("wave {} of the fleet `{}`", next.wave, store.name());
    let accounts = count(next.accounts as u64, "account", "accounts");
    let name = definition.in_a_command();
    // What else keeps it from beginning is no matter of approval.
    let but = match (status.stopped_after, control.state) {
        (_, ControlState::Stopped) => format!("the fleet is stopped: transship fleet resume {name}"),
        (Some(bad), _) => format!(
            "nothing new begins, because {} ended badly (`stop`): run {} again with transship fleet resume {name}, or raise `stop` in \
             the fleet file",
            count(bad as u64, "account", "accounts"),
            if bad == 1 { "it" } else { "them" }
        ),
        (None, ControlState::Paused) => format!("the fleet is paused: transship fleet resume {name}"),
        (None, ControlState::Running) => {
            say(world, &format!("{wave} may begin: {accounts}"));
            return Ok(Exit::Done);
        }
    };
    say(world, &format!("{wave} is approved: {accounts}; it does not begin yet: {but}"));
    Ok(Exit::Done)
}

/// `fleet resume`: takes back a stop or a pause; accounts that ended badly are run again.
pub(super) async fn resume(world: &CliContext, args: &Named) -> Result<Exit, Failure> {
    let (store, definition) = named(world, args).await?;
    let (status, results) = read_status(world, &store, &definition).await?;
    let (mut again, mut unheld) = (Vec::new(), Vec::new());
    for member in &definition.accounts {
        if let Some(result) = results.get(&member.account)
            && result.meaning() == Meaning::Bad
        {
            if result.counts.is_none() {
                unheld.push(member.account.as_str());
            }
            store.forget(&member.account).await?;
            again.push(&member.account);
        }
    }
    if again.is_empty() {
        refuse_finished(&status, "resume")?;
    }
    store.release_rows(&unheld).await?;
    change(world, &store, |control| {
        control.state = ControlState::Running;
        Ok(())
    })
    .await?;
    world.document.set("again", &again);
    let again = match again.len() {
        0 => String::new(),
        1 => format!("; `{}` is run again", again[0]),
        many => format!("; {many} accounts that ended badly are run again"),
    };
    let name = store.name();
    say(
        world,
        &format!(
            "the fleet `{name}` may go on{again}\nwhere no worker is at work, start one: transship fleet run {}",
            store.file()
        ),
    );
    Ok(Exit::Done)
}
