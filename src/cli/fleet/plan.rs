//! `fleet plan`: a plan for each account, into the store; shown grouped by equal change.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use futures::StreamExt;

use super::emulated::{Emulated, emulated, parallel, program};
use super::load::{Loaded, load, location, open_to_write};
use super::snapshot::snapshot;
use crate::cli::args::Format;
use crate::cli::args::fleet::Work;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, printed};
use crate::cli::world::CliContext;
use crate::cli::{say, signal};
use crate::fleet::child::{Program, follow};
use crate::fleet::groups::{Changes, group};
use crate::fleet::held::HELD_TO;
use crate::fleet::plans::{PLANS, Plans};
use crate::fleet::run::Activities;
use crate::fleet::snapshot::{FLEET_SNAPSHOT, Keep};
use crate::fleet::{FleetStore, Planned, Shard};
use crate::model::cancel::Cancel;
use crate::report;
use crate::session::{EngineError, PlanFile};

/// Carries out `fleet plan`.
pub(super) async fn plan(world: &CliContext, args: &Work) -> Result<Exit, Failure> {
    let Loaded { fleet, job, definition, archive } = load(world, &args.fleet, &args.place)?;
    let location = location(world, &args.place, fleet.store.as_deref())?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let store = open_to_write(world, &location, (&fleet.name, &args.fleet), &cancel).await?;
    store.refuse_another(&definition).await?;
    let Shard { index, of } = args.shard.unwrap_or(Shard::WHOLE);
    // Planned anew, a fleet gets the latest snapshot of now; not beside other shards, and not once it has begun.
    let keep = if of > 1 || store.begun().await?.is_some() { Keep::Chosen } else { Keep::Nothing };
    let snapshot = snapshot(world, &store, archive.as_ref(), keep, &cancel).await?;
    let work = tempfile::tempdir()?;
    let Emulated { _server, file } = emulated(world, &fleet, &job, &work)?;
    let mut program = program(world, &location, &fleet.name, file)?;
    program.variables.extend(snapshot.map(|snapshot| (FLEET_SNAPSHOT, snapshot.into())));
    let rows = fleet.rows.iter().enumerate().filter(|(at, _)| at % of == index);
    let plans = rows.map(|(_, row)| {
        let (program, definition, store) = (&program, &definition, &store);
        let (cancel, work) = (&cancel, work.path());
        let (job, accounts, role) = (&fleet.job, &fleet.accounts, &fleet.role);
        async move {
            if cancel.is_draining() {
                return Err(EngineError::Interrupted.into());
            }
            let out = work.join(format!("{}.json", row.account.name));
            let words: [&OsStr; 10] = [
                "plan".as_ref(),
                job.as_ref(),
                "--accounts".as_ref(),
                accounts.as_ref(),
                "--account".as_ref(),
                row.account.name.as_ref(),
                "--as".as_ref(),
                role.as_ref(),
                "--out".as_ref(),
                out.as_ref(),
            ];
            let version = definition.version_of(&row.account.name);
            let mut program = program.clone();
            program.variables.extend(version.map(|version| (HELD_TO, version.to_string().into())));
            let planned = one(&program, store, &words, &row.account.name, &out, cancel).await?;
            Ok(Planned { version, ..planned })
        }
    });
    let planned = futures::stream::iter(plans).buffer_unordered(parallel(args, &definition));
    let planned: Vec<Result<Planned, Failure>> = planned.collect().await;
    let planned: Vec<Planned> = planned.into_iter().collect::<Result<_, _>>()?;
    let job_sha256 = definition.job_sha256;
    // With one shard, what was there is of no interest.
    let others = |found: Option<Plans>| found.filter(|plans| of > 1 && plans.job_sha256 == job_sha256);
    let Plans { planned, .. } =
        store.change_part(PLANS, |found| Ok(Plans::with(job_sha256, &planned, others(found)))).await?;
    store.plan(&definition).await?;
    let groups = group(&planned);
    let refused = planned.iter().filter(|plan| plan.message.is_some()).count();
    let attention = planned.iter().any(|plan| plan.attention > 0 || plan.exit_code == 3);
    world.document.set("fleet", &fleet.name);
    world.document.set("store", store.place());
    world.document.set("groups", &groups);
    if world.global.format != Some(Format::Json) {
        let mut out = world.out();
        printed((|| {
            report::fleet::groups(&definition, &groups, world.columns_out(), &mut out)?;
            out.flush()?;
            Ok(())
        })())?;
    }
    say(world, &format!("the plan of each account is in {}", store.shown("plans")));
    Ok(if refused > 0 || attention { Exit::Attention } else { Exit::Done })
}

/// Plans one account.
async fn one(
    program: &Program,
    store: &FleetStore,
    words: &[&OsStr],
    account: &str,
    out: &Path,
    cancel: &Cancel,
) -> Result<Planned, Failure> {
    let child = program.start(words)?;
    let ended = follow(child, account, &Activities::default(), cancel).await?;
    let exit_code = match ended.exit_code {
        Some(130) | None => return Err(EngineError::Interrupted.into()),
        Some(code) => code,
    };
    if !out.is_file() {
        let message = ended.message().unwrap_or_else(|| format!("its plan ended with {exit_code}"));
        return Ok(Planned::refused(account, exit_code, message));
    }
    let plan = PlanFile::open(out)?;
    let mut changes = Changes::default();
    for item in plan.items() {
        changes.take(&item?);
    }
    store.put_file(&format!("plans/{account}.json"), out).await?;
    drop(plan);
    std::fs::remove_file(out)?;
    Ok(changes.planned(account, exit_code))
}
