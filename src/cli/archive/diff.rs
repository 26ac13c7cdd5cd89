//! `archive diff`: two snapshots.

use futures::stream::{StreamExt, TryStreamExt};

use super::changes::compared;
use super::open::opened;
use super::{CliContext, Exit, Failure, LATEST, Named, find, form, listing, shown, warn_of};
use crate::archive::{Entry, Snapshot, SnapshotDiff};
use crate::cli::args::archive::Difference as Args;
use crate::cli::say;
use crate::report::archive::Difference;
use crate::report::text::clean;

/// `archive diff`; 3 if they differ.
pub(super) async fn diff(world: &CliContext, args: &Args) -> Result<Exit, Failure> {
    let form = form(world, "diff", false)?;
    let archive = opened(world, &args.place).await?;
    let account = args.account.as_deref();
    let listing = listing(&archive, account).await?;
    let of = |snapshot| Named { place: &args.place, account, snapshot: Some(snapshot) };
    let (first, exit) = find(world, &listing, &of(&args.first))?;
    // Beside a first snapshot, the latest is that of its account.
    let of_first = listing.clone().of_account(&first.account.name);
    let (second, exit_of_second) = match args.second.as_deref() {
        Some(LATEST) => find(world, &of_first, &of(LATEST))?,
        Some(named) => find(world, &listing, &of(named))?,
        None => {
            let account = &first.account.name;
            let latest = listing.latest_like(first).unwrap_or(first);
            let is_older = warn_of(world, &listing.passed_over(Some(latest), Some(account)), latest);
            (latest, if is_older { Exit::Attention } else { Exit::Done })
        }
    };
    if (&first.account.name, &first.account.origin) != (&second.account.name, &second.account.origin) {
        say(
            world,
            "these are snapshots of different accounts: their ids differ, so documents are paired by name",
        );
    }
    if let Some(kind) = args.kind.as_ref().filter(|kind| [first, second].iter().all(|one| lacks(one, kind))) {
        let message = format!("neither snapshot holds {kind}; `archive show` tells what they hold");
        return Err(Failure::BadInput(clean(&message)));
    }
    let SnapshotDiff { added, removed, changed, same, renewed } = archive.diff(&first.id, &second.id).await?;
    let wanted = |kind: &str| args.kind.as_ref().is_none_or(|wanted| wanted == kind);
    let mut difference = Difference::begin(world.out(), form, shown(args.diff), first, second)?;
    for entry in removed.iter().filter(|entry| wanted(&entry.kind)) {
        difference.only_in_first(entry)?;
    }
    for entry in added.iter().filter(|entry| wanted(&entry.kind)) {
        difference.only_in_second(entry)?;
    }
    let archive = &archive;
    let one_account = first.account.origin == second.account.origin;
    let new_id = |(before, after): &&(Entry, Entry)| one_account && before.id != after.id;
    let renewed: Vec<_> = changed.iter().filter(new_id).chain(&renewed).cloned().collect();
    let changed = changed.into_iter().filter(|(_, after)| wanted(&after.kind));
    let mut pairs = futures::stream::iter(changed)
        .map(|(before, after)| async move {
            let compared = compared(archive, &before, &after).await;
            compared.map(|compared| (after, compared))
        })
        .buffered(archive.options().in_flight.max(1));
    while let Some((entry, compared)) = pairs.try_next().await? {
        difference.changed(&entry, &compared)?;
    }
    for (before, after) in renewed.iter().filter(|(_, after)| wanted(&after.kind)) {
        let text = format!("{} \"{}\" has a new id: {}, now {}", after.kind, after.name, before.id, after.id);
        say(world, &clean(&text));
    }
    let totals = difference.finish(|totals| match &args.kind {
        None => same,
        Some(kind) => {
            let all = second.counts.get(kind).copied().unwrap_or_default();
            all.saturating_sub(totals.only_in_second + totals.changed)
        }
    })?;
    let is_done = !totals.differ() && [exit, exit_of_second] == [Exit::Done; 2];
    Ok(if is_done { Exit::Done } else { Exit::Attention })
}

fn lacks(snapshot: &Snapshot, kind: &str) -> bool {
    !snapshot.counts.contains_key(kind)
}
