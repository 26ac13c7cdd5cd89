//! `archive drill`: proves that a backup can be restored. A snapshot that cannot be read proves nothing.

use super::open::opened;
use super::{CliContext, Exit, Failure, Named, find, form, listing, print, put};
use crate::archive::{Listing, Snapshot, SnapshotId};
use crate::cli::args::archive::Drill;
use crate::cli::{say, signal};
use crate::model::cancel::Cancel;
use crate::report::archive::{Drilled, Unreadable, drill as write_report};
use crate::report::text::clean;
use crate::session::{self, DrillRequest, Restorable, unless_stopped};

/// `archive drill`; 3 if an import could not be restored, or the latest snapshot is damaged.
pub(super) async fn drill(world: &CliContext, args: &Drill) -> Result<Exit, Failure> {
    let form = form(world, "drill", false)?;
    let share = super::check::percent(&args.sample)? / 100.0;
    let archive = opened(world, &args.place).await?;
    let listing = listing(&archive, args.account.as_deref()).await?;
    let account = args.account.as_deref();
    let (chosen, named) = match &args.snapshot {
        Some(named) => {
            let wanted = Named { place: &args.place, account, snapshot: Some(named) };
            let (snapshot, exit) = find(world, &listing, &wanted)?;
            (vec![snapshot], exit)
        }
        None => (listing.latest_of_each(), Exit::Done),
    };
    // Whose snapshots are all damaged has none to restore from.
    let lost = if args.snapshot.is_none() { lost(&listing, &chosen, account) } else { Vec::new() };
    for (id, why) in &lost {
        say(
            world,
            &clean(&format!("warning: snapshot {id} cannot be read ({why}), and no whole one is older")),
        );
    }
    if chosen.is_empty() && !lost.is_empty() {
        return Err(Failure::Damaged("the archive holds no whole snapshot to restore from".to_owned()));
    }
    if chosen.is_empty() {
        return Err(Failure::BadInput("the archive holds no whole snapshot to restore from".to_owned()));
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let (mut known, damage) = unless_stopped(&cancel, Restorable::read(&archive)).await?;
    if let Some(why) = damage {
        say(world, &format!("warning: what earlier drills found cannot be read ({why})"));
    }
    let mut found = Vec::new();
    for snapshot in chosen {
        let share = if args.all { 1.0 } else { share };
        let request = DrillRequest { archive: &archive, snapshot, share };
        let mut drilled = session::drill(&world.host, request, &mut known, &cancel).await?;
        if args.snapshot.is_none() {
            let newer = listing.passed_over(Some(snapshot), Some(&snapshot.account.name));
            drilled.newer = newer.into_iter().map(Unreadable::from).collect();
        }
        found.push(drilled);
        // Each by itself: what one account proved is not lost with the next.
        known.write(&archive).await?;
    }
    if found.iter().all(Drilled::is_good) && lost.is_empty() && named == Exit::Done {
        print(world, form, |out| write_report(&found, form, out))?;
        return Ok(Exit::Done);
    }
    // What cannot be restored is no closing word: `--quiet` does not hide it.
    put(world, |out| write_report(&found, form, out))?;
    Ok(Exit::Attention)
}

/// The damaged snapshots of accounts that have no whole one.
fn lost<'l>(
    listing: &'l Listing,
    chosen: &[&Snapshot],
    account: Option<&str>,
) -> Vec<&'l (SnapshotId, String)> {
    let mut lost = listing.passed_over(None, account);
    for snapshot in chosen {
        let its = listing.passed_over(None, Some(&snapshot.account.name));
        lost.retain(|one| !its.contains(one));
    }
    lost
}
