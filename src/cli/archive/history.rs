//! `archive show --import`: a document over all snapshots.

use super::changes::compared;
use super::open::opened;
use super::{CliContext, Exit, Failure, form, only_of, print, shown};
use crate::archive::{Archive, Entry, Listing, Version, Whose};
use crate::cli::args::archive::Show;
use crate::cli::say;
use crate::documents::references::Kind;
use crate::model::Id;
use crate::report::archive as report;
use crate::report::archive::{Compared, History, Step};
use crate::report::text::{clean, count};

/// `archive show --import`; 3 if a version of it cannot be read.
pub(super) async fn history(world: &CliContext, args: &Show, document: &str) -> Result<Exit, Failure> {
    let form = form(world, "show --import", false)?;
    let archive = opened(world, &args.place).await?;
    let every = |listing: &Listing| listing.snapshots.iter().map(|snapshot| snapshot.id.clone()).collect();
    let listing = only_of(args.account.as_deref(), archive.snapshots().await?)?;
    let listing = archive.confirmed(listing, every).await?;
    if !listing.damaged.is_empty() {
        let number = listing.damaged.len() as u64;
        let damaged = count(number, "damaged snapshot is", "damaged snapshots are");
        say(world, &format!("{damaged} passed over: see `archive list`"));
    }
    let accounts = listing.accounts();
    let kind = args.kind.as_deref().unwrap_or(Kind::Imports.as_str());
    let whose = [Whose::Id(Id::from(document)), Whose::Name(document.to_owned())];
    let mut histories = Vec::new();
    for whose in whose {
        for account in &accounts {
            for (id, versions) in archive.history(account, kind, &whose).await? {
                let steps = steps(&archive, versions).await?;
                histories.push(History { account: (*account).to_owned(), kind: kind.to_owned(), id, steps });
            }
        }
        // An id is no name: what has it is what was meant.
        if !histories.is_empty() {
            break;
        }
    }
    if histories.is_empty() {
        let text = format!(
            "no snapshot holds {document:?} among its {kind}: it is looked for by its id, then by its whole name"
        );
        return Err(Failure::BadInput(clean(&text)));
    }
    print(world, form, |out| report::history(&histories, shown(args.diff), form, out))?;
    let unreadable = |step: &Step| matches!(step.compared, Some(Compared::Unreadable(_)));
    let damaged = histories.iter().flat_map(|history| &history.steps).any(unreadable);
    Ok(if damaged { Exit::Attention } else { Exit::Done })
}

async fn steps(archive: &Archive, versions: Vec<Version>) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    let mut before: Option<Entry> = None;
    for version in versions {
        let compared = match (&before, &version.entry) {
            (Some(before), Some(now)) => Some(compared(archive, before, now).await?),
            _ => None,
        };
        before = version.entry.clone().or(before);
        steps.push(Step { version, compared });
    }
    Ok(steps)
}
