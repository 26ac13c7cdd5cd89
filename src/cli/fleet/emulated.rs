//! What `fleet plan` and `fleet run` need before they start a child: an emulator for all of them, and how many at once.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::args::fleet::Work;
use crate::cli::failure::Failure;
use crate::cli::network;
use crate::cli::world::CliContext;
use crate::emulator::Embedded;
use crate::fleet::child::Program;
use crate::fleet::{Definition, Shard};
use crate::job::{Account, AccountPlace, Fleet, Job};
use crate::session::emulator_server::{EMULATOR_SERVER, serve_others};
use crate::session::open_ends;

/// How many accounts at once in this process.
pub(super) fn parallel(args: &Work, definition: &Definition) -> usize {
    let shards = args.shard.unwrap_or(Shard::WHOLE).of;
    args.parallel.map_or_else(|| definition.parallel.div_ceil(shards), |given| given as usize)
}

/// This program, for the accounts of a fleet.
pub(super) fn program(
    world: &CliContext,
    store: &str,
    fleet: &str,
    server: Option<PathBuf>,
) -> Result<Program, Failure> {
    let mut variables = network::variables(&world.global);
    variables.extend(world.global.emulator_data.clone().map(|data| ("TRANSSHIP_EMULATOR_DATA", data.into())));
    // Their lines are put into the log of this process.
    let verbose = world.global.verbose.max(u8::from(world.global.log_file.is_some()));
    variables.push(("TRANSSHIP_VERBOSE", verbose.to_string().into()));
    variables.extend(server.map(|server| (EMULATOR_SERVER, server.into())));
    Ok(Program {
        exe: std::env::current_exe()?,
        words: world.words.clone(),
        folder: world.host.env.folder.clone(),
        store: store.to_owned(),
        fleet: fleet.to_owned(),
        variables,
    })
}

/// The emulator of this process, and the file that tells its children where it is.
#[derive(Debug)]
pub(super) struct Emulated {
    /// It serves as long as this is held.
    pub _server: Option<Arc<Embedded>>,
    pub file: Option<PathBuf>,
}

/// Starts the emulator, if accounts of the fleet or of its job live in it: its data file is for one process.
pub(super) fn emulated(
    world: &CliContext,
    fleet: &Fleet,
    job: &Job,
    folder: &tempfile::TempDir,
) -> Result<Emulated, Failure> {
    let host = &world.host;
    let is_emulated = |account: &&Account| matches!(account.place, AccountPlace::Emulator { .. });
    let rows = fleet.rows.iter().map(|row| &row.account);
    let mut accounts: Vec<&Account> = rows.chain([&job.source, &job.target]).filter(is_emulated).collect();
    let place = |account: &Account| match &account.place {
        AccountPlace::Emulator { name } => name.clone(),
        _ => String::new(),
    };
    accounts.sort_by_key(|account| place(account));
    accounts.dedup_by_key(|account| place(account));
    let Some(server) = open_ends::emulator(host, &accounts)? else {
        return Ok(Emulated { _server: None, file: None });
    };
    let file = folder.path().join("emulator.json");
    serve_others(&server, &file)?;
    Ok(Emulated { _server: Some(server), file: Some(file) })
}
