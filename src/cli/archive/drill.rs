//! `archive drill`: a backup proves that it restores.

use super::open::opened;
use super::{CliContext, Exit, Failure, find, form, listing, print, put};
use crate::archive::Snapshot;
use crate::cli::args::archive::Drill;
use crate::cli::{say, signal};
use crate::model::cancel::Cancel;
use crate::report::archive::drill as told;
use crate::session::{Rehearsal, Restorable, rehearse};

/// `archive drill`; 3 if an import could not be restored.
pub(super) async fn drill(world: &CliContext, args: &Drill) -> Result<Exit, Failure> {
    let form = form(world, "drill", false)?;
    let share = super::check::percent(&args.sample)? / 100.0;
    let archive = opened(world, &args.place).await?;
    let listing = listing(&archive, args.account.as_deref()).await?;
    let chosen: Vec<&Snapshot> = match &args.snapshot {
        Some(named) => vec![find(&listing, Some(named))?],
        None => listing.latest_of_each(),
    };
    if chosen.is_empty() {
        return Err(Failure::BadInput("the archive holds no whole snapshot to restore from".to_owned()));
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let (mut known, damage) = Restorable::read(&archive).await?;
    if let Some(why) = damage {
        say(world, &format!("warning: what earlier drills found cannot be read ({why})"));
    }
    let mut found = Vec::new();
    for snapshot in chosen {
        let share = if args.all { 1.0 } else { share };
        let rehearsal = Rehearsal { archive: &archive, snapshot, share };
        found.push(rehearse(&world.host, rehearsal, &mut known, &cancel).await?);
        // Each by itself: what one account proved is not lost with the next.
        known.write(&archive).await?;
    }
    let good = found.iter().all(|drilled| drilled.failed.is_empty());
    if good {
        print(world, form, |out| told(&found, form, out))?;
        return Ok(Exit::Done);
    }
    // What cannot be restored is no closing word: `--quiet` does not hide it.
    put(world, |out| told(&found, form, out))?;
    Ok(Exit::Attention)
}
