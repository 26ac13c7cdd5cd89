//! The activities, as the SDK calls them: heartbeats by a timer, cancelling, and failures as Temporal has them.

use std::sync::Arc;
use std::time::Duration;

use temporalio_common::error::ApplicationFailure;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use transship::model::cancel::Cancel;

use crate::outcome::{Again, Verdict, verdict};
use crate::payload::{AccountEnd, AccountInput, Ask, FleetRef, Progress, Step};
use crate::work::{At, Begun, Engine, Later, RunEnded};

/// How often a worker says that it is alive: by its own timer, whatever the child does.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long a child that was told to end is waited for: it is killed before its lease, of 30 s, ends.
const LAST_WAIT: Duration = Duration::from_secs(20);

/// What a worker does.
pub struct Work {
    /// What does the work; the activities share it.
    pub engine: Arc<Engine>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

#[activities]
impl Work {
    /// Makes the fleet of this night, of a file and a job that a schedule was made with.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::begin`], each with the time after which Temporal tries again.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the fleet may exist already; the next attempt continues it.
    #[activity(name = "begin")]
    pub async fn begin(
        self: Arc<Self>,
        ctx: ActivityContext,
        fleet: FleetRef,
    ) -> Result<FleetRef, ActivityError> {
        let at = ctx.info().workflow_id.clone().unwrap_or_default();
        self.engine.begin(fleet, &at).await.map_err(later)
    }

    /// Which accounts may be begun now. What waits for a person fails, and is asked again a few seconds later: an attempt is
    /// no event of the history, and the console shows what is waited for.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::next`], each with the time after which Temporal tries again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: nothing is begun or recorded.
    #[activity(name = "next")]
    pub async fn next(self: Arc<Self>, ctx: ActivityContext, fleet: FleetRef) -> Result<Step, ActivityError> {
        self.engine.next(&fleet, &run_of(&ctx)).await.map_err(later)
    }

    /// Carries out a command of `transship fleet`; gives its exit code.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::ask`], each with the time after which Temporal tries again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the command, which may have been carried out.
    #[activity(name = "ask")]
    pub async fn ask(self: Arc<Self>, _ctx: ActivityContext, ask: Ask) -> Result<Option<u8>, ActivityError> {
        self.engine.ask(&ask).await.map_err(later)
    }

    /// Runs an account to its end, or goes on with its run.
    ///
    /// # Errors
    ///
    /// A failure is retried where another attempt can help: the run was interrupted, or the store does not answer. It
    /// is final where the run was refused. The activity fails as cancelled where Temporal asked for that.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the run; the next attempt resumes it.
    #[activity(name = "account")]
    pub async fn account(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: AccountInput,
    ) -> Result<AccountEnd, ActivityError> {
        let engine = &self.engine;
        let mut progress: Progress = ctx.heartbeat_details().deserialize()?.unwrap_or_default();
        progress.worker = engine.name().to_owned();
        let at = match engine.account(&input, &run_of(&ctx)).await.map_err(later)? {
            Begun::Ended(exit_code) => return Ok(AccountEnd { exit_code: Some(exit_code) }),
            Begun::Stopped => return Ok(AccountEnd { exit_code: None }),
            Begun::Now(at) => at,
        };
        let cancel = Cancel::new();
        let ended = follow(&ctx, &at, &cancel, &mut progress).await;
        let RunEnded { end, was_stopped } = match ended {
            Ok(Some(ended)) => ended,
            Ok(None) => return Err(ActivityError::cancelled()),
            Err(error) => return Err(later(error)),
        };
        match verdict(end.exit_code, progress.unexpected) {
            Verdict::Again(Again::Interrupted) if was_stopped => Ok(AccountEnd { exit_code: None }),
            Verdict::Again(_) if ctx.is_cancelled() => Err(ActivityError::cancelled()),
            Verdict::Again(why) => {
                if why == Again::Unexpected {
                    progress.unexpected += 1;
                    ctx.record_heartbeat(progress).await?;
                }
                Err(retried(
                    why,
                    &format!("the run of `{}` ended with {}", input.account, code(end.exit_code)),
                ))
            }
            meaning => {
                let attempt = ctx.info().attempt;
                let exit_code = at.record(end, attempt).await.map_err(later)?;
                if meaning == Verdict::Refused {
                    let why = format!(
                        "`{}` ended with {exit_code}; why: transship fleet status {}",
                        input.account, input.fleet.name
                    );
                    let failure = ApplicationFailure::builder(why)
                        .type_name(format!("exit {exit_code}"))
                        .non_retryable(true)
                        .build();
                    return Err(ActivityError::application(failure));
                }
                Ok(AccountEnd { exit_code: Some(exit_code) })
            }
        }
    }
}

/// Follows the run of an account to its end; `None` if the engine gave it up and it had to be killed.
async fn follow(
    ctx: &ActivityContext,
    at: &At,
    cancel: &Cancel,
    progress: &mut Progress,
) -> Result<Option<RunEnded>, Later> {
    let run = at.run(cancel);
    tokio::pin!(run);
    // Not at once: most attempts that do nothing end earlier, and each heartbeat is a call to the server.
    let mut beat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut killed_at = None;
    loop {
        let kill = async {
            match killed_at {
                Some(then) => tokio::time::sleep_until(then).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = &mut run => return ended.map(Some),
            // Dropping the run kills the child.
            () = kill => return Ok(None),
            () = ctx.cancelled(), if killed_at.is_none() => {
                cancel.drain();
                killed_at = Some(tokio::time::Instant::now() + LAST_WAIT);
            }
            _ = beat.tick() => {
                at.fill(progress);
                // A heartbeat that cannot be written down is one that is missing; the server notices.
                let _ = ctx.record_heartbeat(progress.clone()).await;
            }
        }
    }
}

/// The run of the workflow that an activity is of.
fn run_of(ctx: &ActivityContext) -> String {
    ctx.info().workflow_run_id.clone().unwrap_or_default()
}

fn code(exit_code: Option<u8>) -> String {
    exit_code.map_or_else(|| "a signal".to_owned(), |code| code.to_string())
}

fn retried(why: Again, text: &str) -> ActivityError {
    let failure = ApplicationFailure::builder(text.to_owned())
        .type_name(why.name().to_owned())
        .next_retry_delay(why.after())
        .build();
    ActivityError::application(failure)
}

/// What could not be done now is done later.
fn later(later: Later) -> ActivityError {
    let failure = ApplicationFailure::builder(later.why)
        .type_name(later.kind.to_owned())
        .next_retry_delay(later.after)
        .build();
    ActivityError::application(failure)
}
