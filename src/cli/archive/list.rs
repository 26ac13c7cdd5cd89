//! `archive list`: the snapshots.

use super::open::opened;
use super::{CliContext, Exit, Failure, form, only_of, put};
use crate::cli::args::archive::List;
use crate::report::archive;

/// `archive list`; 3 if one of them is damaged.
pub(super) async fn list(world: &CliContext, args: &List) -> Result<Exit, Failure> {
    let form = form(world, "list", true)?;
    let archive = opened(world, &args.place).await?;
    let listing = only_of(args.account.as_deref(), archive.snapshots().await?)?;
    let sizes = archive.sizes().await?;
    put(world, |out| archive::list(&listing, &sizes, archive.is_encrypted(), form, out))?;
    Ok(if listing.damaged.is_empty() { Exit::Done } else { Exit::Attention })
}
