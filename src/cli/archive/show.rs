//! `archive show`: one snapshot and what is in it.

use super::open::opened;
use super::{CliContext, Exit, Failure, Named, find, form, listing};
use crate::cli::args::archive::Show;
use crate::report::archive::Contents;
use crate::report::text::clean;

/// Carries out `archive show`.
pub(super) async fn show(world: &CliContext, args: &Show) -> Result<Exit, Failure> {
    let form = form(world, "show", true)?;
    let archive = opened(world, &args.place).await?;
    let listing = listing(&archive, args.account.as_deref()).await?;
    let wanted =
        Named { place: &args.place, account: args.account.as_deref(), snapshot: args.snapshot.as_deref() };
    let (found, exit) = find(world, &listing, &wanted)?;
    let (snapshot, entries) = archive.entries(&found.id).await?;
    if let Some(kind) = &args.kind
        && !snapshot.counts.contains_key(kind)
    {
        let known: Vec<&str> = snapshot.counts.keys().map(String::as_str).collect();
        let text = format!("the snapshot holds no {kind}; it holds {}", known.join(", "));
        return Err(Failure::BadInput(clean(&text)));
    }
    let mut contents = Contents::begin(world.out(), form, &snapshot)?;
    for entry in entries {
        let entry = entry?;
        if args.kind.as_ref().is_none_or(|kind| entry.kind == *kind) {
            contents.entry(&entry)?;
        }
    }
    contents.finish()?;
    Ok(exit)
}
