//! `list`: the inventory a job's `select` sees.

use std::io::Write;

use super::args::{Format, List};
use super::connect::account;
use super::exit::Exit;
use super::failure::Failure;
use super::plan::load_job;
use super::signal;
use super::world::CliContext;
use crate::inventory::listing::inventory;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::report::{Inventory, InventoryFormat, InventoryRow};

/// `list`.
pub(super) async fn list(world: &CliContext, args: &List) -> Result<Exit, Failure> {
    let format = match world.global.format {
        None | Some(Format::Table | Format::Text) => {
            InventoryFormat::Table { width: world.columns(), color: world.color_out() }
        }
        Some(Format::Csv) => InventoryFormat::Csv,
        Some(Format::Json) => InventoryFormat::Json,
        Some(_) => {
            return Err(Failure::BadInput("`list` prints `--format table`, `csv` or `json`".to_owned()));
        }
    };
    let (job, settings) = load_job(world, &args.job)?;
    let wanted = match &args.account {
        None => &job.source,
        Some(name) => job.accounts.iter().find(|account| account.name == *name).ok_or_else(|| {
            let known =
                job.accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>().join(", ");
            Failure::BadInput(format!("the job has no account `{name}`; it has {known}"))
        })?,
    };
    let (account, _emulator) = account(world, &settings, wanted).await?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let work = tempfile::tempdir()?;
    let events = Events::none();
    let listing = inventory(&account, &job.select, work.path(), &cancel, &events);
    let listed = signal::unless_stopped(&cancel, listing).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut writer = Inventory::begin(&mut out, format)?;
    for import in listed {
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
    Ok(Exit::Done)
}
