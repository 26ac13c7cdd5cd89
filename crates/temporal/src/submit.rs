//! `submit` and `schedule`: the fleet's name is the workflow's id, so that a fleet that runs is not begun twice.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use temporalio_client::errors::{WorkflowGetResultError, WorkflowStartError};
use temporalio_client::schedules::{
    CreateScheduleOptions, ScheduleAction, ScheduleError, ScheduleOverlapPolicy, ScheduleSpec, ScheduleUpdate,
};
use temporalio_client::tonic::Code;
use temporalio_client::{
    Client, RpcOptions, WorkflowFetchHistoryOptions, WorkflowGetResultOptions, WorkflowIdConflictPolicy,
    WorkflowStartOptions,
};
use temporalio_common::protos::temporal::api::history::v1::History;
use transship::fleet::load::{self, LoadError};
use transship::fleet::{FleetStore, StoreOptions};
use transship::session::Host;

use crate::args;
use crate::connect::connect;
use crate::payload::{Ended, FleetInput, FleetRef};
use crate::workflow::FleetWorkflow;

/// How long a server that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the end of a fleet is asked for while Temporal does not answer.
const AGAIN: Duration = Duration::from_secs(2);

/// Bad arguments, files or store; the exit code is 2.
#[derive(Debug)]
pub struct BadInput(pub String);

impl std::fmt::Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// The fleet of a file, in its store: made there, or known there with the same job and accounts.
///
/// # Errors
///
/// Bad files or a fleet that is known with another job or other accounts ([`BadInput`]); the store does not answer.
///
/// # Cancel safety
///
/// If the future is dropped, the fleet may exist already; the next call continues it.
pub async fn placed(host: &Host, place: &args::Place, begins: bool) -> anyhow::Result<FleetRef> {
    let bad = |error: LoadError| {
        anyhow::Error::new(BadInput(match error {
            LoadError::Problems(problems) => problems.render(false),
            LoadError::Refused(why) => why,
        }))
    };
    let file = std::path::absolute(&place.fleet)?;
    let (env, clock) = (&host.env, &host.clock);
    let loaded = load::load(&file, place.name.as_deref(), env, clock, host.who()).map_err(bad)?;
    let location =
        load::location(place.store.as_deref(), loaded.fleet.store.as_deref(), env, clock).map_err(bad)?;
    let variables = env.variables.clone().into_iter().collect();
    let options = StoreOptions { location: location.clone(), variables, clock: clock.clone(), create: true };
    let objects = options.open()?;
    if begins {
        FleetStore::new(objects, &loaded.fleet.name).begin(&loaded.definition).await.map_err(|error| {
            match error {
                transship::fleet::FleetError::Refused(why) => BadInput(why).into(),
                error => anyhow::Error::new(error),
            }
        })?;
    }
    Ok(FleetRef {
        name: loaded.fleet.name,
        file: text(&file)?,
        store: location,
        job_sha256: loaded.definition.job_sha256.to_string(),
    })
}

fn text(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("the path {} is not UTF-8", path.display()))
}

/// The id of the workflow of a fleet.
pub fn workflow_id(fleet: &str) -> String {
    format!("fleet/{fleet}")
}

/// Carries out `submit`.
///
/// # Errors
///
/// Bad files, a store or a server that does not answer.
///
/// # Cancel safety
///
/// If the future is dropped, the workflow may have been begun, and goes on; submitting it again finds it.
pub async fn submit(args: &args::Submit) -> anyhow::Result<u8> {
    let host = crate::host();
    let fleet = placed(&host, &args.place, true).await?;
    let client = connect(PATIENCE).await?;
    let id = workflow_id(&fleet.name);
    let options = WorkflowStartOptions::new(args.queue.clone(), id.clone())
        .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
        .static_summary(format!("fleet {}", fleet.name))
        .build();
    let input = FleetInput { fleet: fleet.clone(), dated: false };
    match client.start_workflow(FleetWorkflow::run, input, options).await {
        Ok(_) => crate::say(&format!("submitted: workflow {id}; transship fleet status {}", fleet.name)),
        Err(WorkflowStartError::AlreadyStarted { .. }) => crate::say(&format!("is running: workflow {id}")),
        Err(error) => return Err(error.into()),
    }
    if !args.wait {
        return Ok(0);
    }
    let ended = ended(&client, &id).await?;
    let Some(ended) = ended else {
        crate::say("cancelled: submit it again to go on");
        return Ok(130);
    };
    crate::say(&format!(
        "{}: {} accounts, {} done, {} need attention",
        fleet.name, ended.accounts, ended.done, ended.attention
    ));
    if !ended.reason.is_empty() {
        crate::say(&ended.reason);
    }
    Ok(ended.exit_code)
}

/// Waits for the end of a fleet, whatever becomes of the server meanwhile; none if it was cancelled or terminated.
///
/// # Errors
///
/// The fleet failed, or its result cannot be read. A server that does not answer is asked again.
///
/// # Cancel safety
///
/// Dropping the future is safe: it ends the waiting, not the fleet.
pub async fn ended(client: &Client, id: &str) -> anyhow::Result<Option<Ended>> {
    loop {
        let handle = client.get_workflow_handle::<FleetWorkflow>(id);
        match handle.get_result(WorkflowGetResultOptions::default()).await {
            Ok(ended) => return Ok(Some(ended)),
            Err(WorkflowGetResultError::Cancelled { .. } | WorkflowGetResultError::Terminated { .. }) => {
                return Ok(None);
            }
            // It is away for a moment, or it begins a new run.
            Err(WorkflowGetResultError::Rpc(_) | WorkflowGetResultError::ContinuedAsNew) => {
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Carries out `schedule`.
///
/// # Errors
///
/// Bad files, a store or a server that does not answer, a cron expression that the server refuses.
///
/// # Cancel safety
///
/// If the future is dropped, the schedule may have been made or replaced; doing it again replaces it.
pub async fn schedule(args: &args::Schedule) -> anyhow::Result<u8> {
    let host = crate::host();
    let fleet = placed(&host, &args.place, false).await?;
    let client = connect(PATIENCE).await?;
    let id = workflow_id(&fleet.name);
    let input = FleetInput { fleet: fleet.clone(), dated: true };
    let action = ScheduleAction::start_workflow(FleetWorkflow::run, input, args.queue.clone(), id.clone());
    let spec = ScheduleSpec::builder().cron_strings(vec![args.cron.clone()]).build();
    let known = client.get_schedule_handle(id.clone());
    let was_there = known.describe(RpcOptions::default()).await.is_ok();
    let done = if was_there {
        // Changed in place: where the server refuses the new one, the old one stays.
        let change = move |schedule: &mut ScheduleUpdate| {
            schedule.set_spec(spec).set_action(action).set_overlap_policy(ScheduleOverlapPolicy::Skip);
        };
        known.update(change, RpcOptions::default()).await
    } else {
        let options = CreateScheduleOptions::builder()
            .action(action)
            .spec(spec)
            .overlap_policy(ScheduleOverlapPolicy::Skip)
            .build();
        client.create_schedule(id.clone(), options).await.map(drop)
    };
    done.map_err(|error| match error {
        ScheduleError::Rpc(status) if status.code() == Code::InvalidArgument => {
            BadInput(format!("--cron `{}`: {}", args.cron, status.message())).into()
        }
        error => anyhow::Error::new(error),
    })?;
    crate::say(&format!(
        "{} schedule {id} at `{}` (UTC): each start makes the fleet {}-<time>",
        if was_there { "replaced" } else { "made" },
        args.cron,
        fleet.name
    ));
    Ok(0)
}

/// Carries out `history`.
///
/// # Errors
///
/// A server that does not answer, or has no such workflow.
///
/// # Cancel safety
///
/// Dropping the future is safe: it reads, and prints the whole history at the end.
pub async fn history(args: &args::History) -> anyhow::Result<u8> {
    let client = connect(PATIENCE).await?;
    let handle = client.get_workflow_handle::<FleetWorkflow>(workflow_id(&args.fleet));
    // As protobuf: the JSON of the SDK is not read back where serde_json keeps numbers as they are written.
    let events = handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await?;
    let history = prost::Message::encode_to_vec(&History { events });
    std::io::Write::write_all(&mut std::io::stdout().lock(), &history)?;
    Ok(0)
}
