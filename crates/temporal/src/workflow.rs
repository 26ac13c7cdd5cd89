//! The workflow `fleet`: page after page of accounts, in lanes; what is asked for by signals is written to the store.

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::{join, join_all};
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, ContinueAsNewOptions,
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use crate::activities::Work;
use crate::lanes::Lanes;
use crate::payload::{
    ACCOUNTS_PER_RUN, AccountInput, Ask, Ended, FleetInput, FleetRef, Page, Standing, Step, Todo,
};

/// How long a worker may be silent.
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the run of an account may take. It is found dead by its heartbeat, not by this.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The workflow `fleet/<name>`.
#[workflow]
#[derive(Debug, Default)]
pub struct FleetWorkflow {
    fleet: String,
    wave: u32,
    lanes: Lanes,
    /// What signals asked for and is not written yet.
    words: Vec<String>,
    is_over: bool,
}

#[workflow_methods]
impl FleetWorkflow {
    /// Does a fleet.
    ///
    /// # Errors
    ///
    /// What an activity fails with where that is final; a cancellation of the workflow.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: Temporal replays the workflow from its history.
    #[run(name = "fleet")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: FleetInput) -> WorkflowResult<Ended> {
        let ctx: &WorkflowContext<Self> = ctx;
        let input = if input.dated { dated(ctx, input).await? } else { input };
        ctx.state_mut(|state| state.fleet.clone_from(&input.fleet.name));
        let (ended, ()) = join!(pages(ctx, &input), asked(ctx, &input.fleet));
        ended
    }

    /// Nothing more is begun, and what runs ends where it can be resumed.
    #[signal]
    pub fn stop(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.lanes.halt();
        self.words.push("stop".to_owned());
    }

    /// Nothing is begun until it is resumed.
    #[signal]
    pub fn pause(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.words.push("pause".to_owned());
    }

    /// Takes back a pause.
    #[signal]
    pub fn resume(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.words.push("resume".to_owned());
    }

    /// The next wave may begin.
    #[signal]
    pub fn approve(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.words.push("approve".to_owned());
    }

    /// How it stands.
    #[query]
    pub fn status(&self, _ctx: &WorkflowContextView) -> Standing {
        Standing {
            fleet: self.fleet.clone(),
            wave: self.wave,
            running: self.lanes.running(),
            ended: self.lanes.ended(),
            waiting: self.lanes.waiting(),
        }
    }
}

type Context = WorkflowContext<FleetWorkflow>;

/// Short work of the fleet itself, for which workers have slots of their own.
fn short(ctx: &Context) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_hours(1))
        .task_queue(crate::errands(ctx.task_queue()))
        .retry_policy(again())
        .build()
}

fn again() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .backoff_coefficient(2.0)
        .maximum_interval(Duration::from_secs(30))
        .build()
}

/// Makes the fleet of this night.
async fn dated(ctx: &Context, input: FleetInput) -> WorkflowResult<FleetInput> {
    let fleet = ctx.execute_activity(Work::begin, input.fleet, short(ctx)).await.map_err(failed)?;
    Ok(FleetInput { fleet, dated: false })
}

/// Page after page, until nothing is left to do.
async fn pages(ctx: &Context, input: &FleetInput) -> WorkflowResult<Ended> {
    let done = every_page(ctx, input).await;
    ctx.state_mut(|state| state.is_over = true);
    done
}

async fn every_page(ctx: &Context, input: &FleetInput) -> WorkflowResult<Ended> {
    let mut begun = 0;
    loop {
        let step = ctx.execute_activity(Work::next, input.fleet.clone(), short(ctx)).await.map_err(failed)?;
        let page = match step {
            Step::End(ended) => {
                let word = "report".to_owned();
                let ask = Ask { fleet: input.fleet.clone(), word };
                ctx.execute_activity(Work::ask, ask, short(ctx)).await.map_err(failed)?;
                return Ok(ended);
            }
            Step::Page(page) => page,
        };
        if begun > 0 && begun + page.accounts.len() > ACCOUNTS_PER_RUN {
            ctx.continue_as_new(input.clone(), ContinueAsNewOptions::default())?;
        }
        begun += page.accounts.len();
        do_page(ctx, &input.fleet, page).await;
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
    }
}

/// Does the accounts of a page, so many at once.
async fn do_page(ctx: &Context, fleet: &FleetRef, page: Page) {
    let (wave, parallel) = (page.wave, page.parallel);
    let width = ctx.state_mut(|state| {
        state.wave = wave;
        state.lanes = Lanes::of(page);
        state.lanes.width(parallel)
    });
    join_all((0..width).map(|_| lane(ctx, fleet))).await;
}

async fn lane(ctx: &Context, fleet: &FleetRef) {
    while let Some(Todo { account, queue }) = ctx.state_mut(|state| state.lanes.begin()) {
        let options = ActivityOptions::with_start_to_close_timeout(LONGEST)
            .activity_id(account.clone())
            .maybe_task_queue(queue)
            .heartbeat_timeout(HEARTBEAT_TIMEOUT)
            .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
            .retry_policy(again())
            .build();
        let input = AccountInput { fleet: fleet.clone(), account };
        let ended = ctx.execute_activity(Work::account, input, options).await;
        let exit_code = match ended {
            Ok(ended) => ended.exit_code,
            Err(ActivityExecutionError::Cancelled(_)) => None,
            // Its result says more; here it is one that ended badly.
            Err(_) => Some(2),
        };
        ctx.state_mut(|state| state.lanes.end(exit_code));
    }
}

/// Writes what signals ask for to the store, where workers and `transship fleet` read it.
async fn asked(ctx: &Context, fleet: &FleetRef) {
    loop {
        let waited = ctx.wait_condition(|state| !state.words.is_empty() || state.is_over).await;
        let word = ctx.state_mut(|state| (!state.words.is_empty()).then(|| state.words.remove(0)));
        let Some(word) = word else { return };
        if waited.is_err() {
            return;
        }
        let ask = Ask { fleet: fleet.clone(), word };
        // Refused, where it makes no sense: an approval that nothing waits for.
        let _ = ctx.execute_activity(Work::ask, ask, short(ctx)).await;
    }
}

fn failed(error: ActivityExecutionError) -> WorkflowTermination {
    match error {
        ActivityExecutionError::Cancelled(_) => WorkflowTermination::cancelled(),
        error => ApplicationFailure::non_retryable(error).into(),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use temporalio_common::protos::temporal::api::history::v1::History;
    use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

    use super::*;

    /// The histories that were recorded: their names and what is in them.
    fn recorded() -> Vec<(String, History)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/histories");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: std::path::PathBuf| {
            let history = History::decode(std::fs::read(&path).unwrap().as_slice()).unwrap();
            (path.display().to_string(), history)
        };
        files.map(read).collect()
    }

    async fn replays(history: History) -> bool {
        let options = WorkflowReplayerOptions::new().register_workflow::<FleetWorkflow>().unwrap().build();
        WorkflowReplayer::new(options).unwrap().replay_workflow(history.into()).await.is_ok()
    }

    /// The same with these seven letters in place of those.
    fn changed(history: &History, from: [u8; 7], to: [u8; 7]) -> History {
        let mut bytes = history.encode_to_vec();
        let at: Vec<usize> = (0..bytes.len() - 6).filter(|at| bytes[*at..].starts_with(&from)).collect();
        assert!(!at.is_empty());
        at.into_iter().for_each(|at| bytes[at..at + 7].copy_from_slice(&to));
        History::decode(bytes.as_slice()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn recorded_histories_replay_and_others_do_not() {
        let recorded = recorded();
        assert!(recorded.len() >= 2, "{}", recorded.len());
        for (name, history) in recorded {
            let other = changed(&history, *b"account", *b"another");
            assert!(replays(history).await, "{name} does not replay: use `ctx.patched` for what changed");
            assert!(!replays(other).await, "a history of other activities replays");
        }
    }

    #[test]
    fn no_recorded_history_holds_a_token_or_a_document() {
        for (name, history) in recorded() {
            let bytes = history.encode_to_vec();
            let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(holds("job_sha256"), "{name}");
            for word in ["oken", "Bearer", "_connectionId", "adaptorType"] {
                assert!(!holds(word), "{name} has `{word}`");
            }
        }
    }
}
