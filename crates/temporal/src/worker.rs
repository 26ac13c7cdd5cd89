//! `worker`: takes accounts from a task queue, as many at once as it has slots, until it is told to end.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::runtime::{PollerBehavior, RuntimeOptions};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::signal::unix::{SignalKind, signal};
use transship::fleet::children::worker_name;
use transship::model::cancel::Cancel;

use crate::activities::Work;
use crate::args;
use crate::connect::connect;
use crate::work::Engine;
use crate::workflow::FleetWorkflow;

/// How long a server that is not there yet is waited for.
const PATIENCE: Duration = Duration::from_hours(1);

/// The longest time between two heartbeats that reach the server: an account of a worker that died is found after the
/// heartbeat timeout less this, up to the whole of it.
const HEARTBEATS_APART: Duration = Duration::from_secs(10);

/// How many errands at once, beside accounts: a moment each.
const ERRANDS: usize = 4;

/// What children are started with: another program, or this one as `transship`.
fn program(given: Option<PathBuf>) -> anyhow::Result<(PathBuf, Vec<OsString>)> {
    Ok(match given {
        Some(given) => (given, Vec::new()),
        None => (std::env::current_exe()?, vec![crate::AS_TRANSSHIP.into()]),
    })
}

/// Works until it is told to end.
///
/// # Errors
///
/// Temporal does not answer for an hour, or refuses the worker.
///
/// # Cancel safety
///
/// Not cancel safe: runs may be killed, and are resumed by the next attempts. SIGTERM ends a worker in good order.
pub async fn worker(args: &args::Worker) -> anyhow::Result<u8> {
    let host = crate::host();
    let cancel = Cancel::new();
    listen(&cancel)?;
    let runtime = Runtime::from_current_tokio(
        RuntimeOptions::builder().heartbeat_interval(None).build().map_err(anyhow::Error::msg)?,
    )?;
    let client = tokio::select! {
        client = connect(PATIENCE) => client?,
        () = cancel.draining() => return Ok(0),
    };
    let name = worker_name(host.name(), host.random.u16());
    let engine = Engine::new(host, name.clone(), program(args.transship.clone())?, cancel.clone());
    let engine = Arc::new(engine);
    let slots = args.slots as usize;
    let options = |queue: String, slots: usize| {
        let tuner = TunerHolder::builder()
            .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(100))
            .activity_task_slot_supplier(FixedSizeSlotSupplier::new(slots))
            .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(1))
            .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
            .build();
        WorkerOptions::new(queue)
            .client_identity_override(name.clone())
            .tuner(tuner)
            .activity_task_poller_behavior(PollerBehavior::SimpleMaximum(slots.min(10)))
            .max_heartbeat_throttle_interval(HEARTBEATS_APART)
            .register_activities(Work { engine: Arc::clone(&engine) })
    };
    let of_accounts = options(args.queue.clone(), slots).register_workflow::<FleetWorkflow>()?.build();
    let of_errands = options(crate::errands(&args.queue), ERRANDS).build();
    let mut accounts = Worker::new(&runtime, client.clone(), of_accounts)?;
    let mut errands = Worker::new(&runtime, client, of_errands)?;
    crate::say(&format!("worker {name}: {slots} accounts at once from the queue `{}`", args.queue));
    let (end_accounts, end_errands) = (accounts.shutdown_handle(), errands.shutdown_handle());
    let drained = cancel.clone();
    tokio::spawn(async move {
        drained.draining().await;
        crate::say("told to end: no account is begun, and those that run end where they can be resumed");
        end_accounts();
        end_errands();
    });
    tokio::try_join!(accounts.run(), errands.run())?;
    Ok(0)
}

/// SIGTERM and SIGINT drain; a second one hurries the children.
fn listen(cancel: &Cancel) -> anyhow::Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind)?;
        let cancel = cancel.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                cancel.escalate();
            }
        });
    }
    Ok(())
}
