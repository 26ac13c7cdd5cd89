//! `list`: lists the imports that a job's `select` selects.

use std::io::Write;

use super::args::{Format, List, StandIn};
use super::exit::Exit;
use super::failure::Failure;
use super::jobs::{load_part, row_of};
use super::world::CliContext;
use super::{say, signal};
use crate::model::cancel::Cancel;
use crate::report::{Inventory, InventoryFormat, InventoryRow};
use crate::session;

/// Carries out `list`.
pub(super) async fn list(world: &CliContext, args: &List) -> Result<Exit, Failure> {
    let format = match world.global.format {
        None | Some(Format::Table | Format::Text) => {
            InventoryFormat::Table { width: world.columns_out(), color: world.color_out() }
        }
        Some(Format::Csv) => InventoryFormat::Csv,
        Some(Format::Json) => InventoryFormat::Json,
        Some(_) => {
            return Err(Failure::BadInput("`list` prints `--format table`, `csv` or `json`".to_owned()));
        }
    };
    let (job, settings) = load_part(world, &args.job, &args.narrow, &StandIn::default())?;
    let listed = match (&args.accounts, &args.account) {
        (Some(accounts), Some(name)) => Some(row_of(world, accounts, name)?.account),
        _ => None,
    };
    let wanted = match &args.account {
        _ if let Some(listed) = &listed => listed,
        None => &job.source,
        Some(name) => job.accounts.iter().find(|account| account.name == *name).ok_or_else(|| {
            let known =
                job.accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>().join(", ");
            Failure::BadInput(format!("the job has no account `{name}`; it has {known}"))
        })?,
    };
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let listing = session::list(&world.host, &settings, wanted, &job.select, &cancel).await?;
    for note in listing.notes.iter().chain(&listing.problems) {
        say(world, note);
    }
    let most = args.narrow.limit.map_or(usize::MAX, |limit| limit as usize);
    let mut out = world.out();
    let mut writer = Inventory::begin(&mut out, format)?;
    for import in listing.imports.into_iter().take(most) {
        writer.row(&InventoryRow {
            id: import.head.id.to_string(),
            name: import.head.name,
            adaptor_type: import.head.adaptor_type,
            connection: import.head.connection.map(|id| id.to_string()),
            connection_name: import.connection_name,
            integration_name: import.integration_name,
            last_modified: import.head.last_modified,
        })?;
    }
    writer.finish()?;
    out.flush()?;
    Ok(if listing.problems.is_empty() { Exit::Done } else { Exit::Attention })
}
