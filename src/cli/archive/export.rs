//! `archive export`: a snapshot as files for git.

use super::open::opened;
use super::{CliContext, Exit, Failure, Named, find, form, listing, print, put};
use crate::cli::args::archive::Export;
use crate::report::archive;

/// Carries out `archive export`.
pub(super) async fn export(world: &CliContext, args: &Export) -> Result<Exit, Failure> {
    let form = form(world, "export", false)?;
    let archive = opened(world, &args.place).await?;
    let listing = listing(&archive, args.account.as_deref()).await?;
    let wanted =
        Named { place: &args.place, account: args.account.as_deref(), snapshot: args.snapshot.as_deref() };
    let (snapshot, exit) = find(world, &listing, &wanted)?;
    let id = &snapshot.id;
    let report = archive.export(id, &args.to).await?;
    if report.damaged.is_empty() {
        print(world, form, |out| archive::export(&report, id, &args.to, form, out))?;
        return Ok(exit);
    }
    // What is not there is no closing word: `--quiet` does not hide it.
    put(world, |out| archive::export(&report, id, &args.to, form, out))?;
    Ok(Exit::Attention)
}
