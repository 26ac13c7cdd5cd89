//! `undo` and `retry`: runs that are made from an earlier run.

use super::args::{Retry as RetryArgs, Undo};
use super::ask::{agreed, ask};
use super::document::{DECLINED, NOTHING_TO_DO};
use super::exit::{Exit, worst};
use super::failure::Failure;
use super::one_run::{Company, Consent, Terms, carry_out, listen, open};
use super::runs::{find, find_to_retry};
use super::view::{for_run, show_plan};
use super::world::CliContext;
use super::{parent, say, signal};
use crate::job::Action;
use crate::model::cancel::Cancel;
use crate::session::runs::job_of;
use crate::session::{Copies, NothingToRetry, OpenRequest, OpenedRun, Retry, Retrying, nothing_to_undo};

/// `undo`: puts back what a run changed.
pub(super) async fn undo(world: &CliContext, args: &Undo) -> Result<Exit, Failure> {
    world.text_or_json("undo")?;
    parent::follow(world, args.parent)?;
    let path = find(world, Some(&args.run))?;
    // Where its items stand is read again once its lock is held, and is not kept twice.
    let (head, folder) = {
        let earlier = OpenedRun::open(&path)?;
        (earlier.plan.head().clone(), earlier.folder)
    };
    let head = &head;
    if let Some(action) = nothing_to_undo(head) {
        let more =
            if action == Action::Backup { "; `transship archive prune` removes snapshots" } else { "" };
        let action = action.as_str();
        world.document.set("result", NOTHING_TO_DO);
        say(world, &format!("there is nothing to undo: a {action} changes nothing in an account{more}"));
        return Ok(Exit::Done);
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let terms = Terms { grace_period: args.grace.period, consent: Consent::of(args.yes) };
    let session = open(world, OpenRequest::Undo(head), Some(folder.path()), &cancel, terms).await?;
    // Without a terminal and without --yes nobody can agree to remove what the run did not make.
    let may_agree = !args.leave_copies && (args.yes || world.stdin_is_terminal);
    let offered = if may_agree { Copies::Remove } else { Copies::Leave };
    let mut plan = session.undo(&folder, offered, &listen(world, &session, Company::Alone).events).await?;
    if !world.global.quiet {
        show_plan(world, plan.file(), &args.show);
    }
    if plan.copies() > 0 && !args.yes && !ask(world, &question(plan.copies()), &cancel).await? {
        drop(plan);
        plan = session.undo(&folder, Copies::Leave, &listen(world, &session, Company::Alone).events).await?;
        if !world.global.quiet {
            show_plan(world, plan.file(), &args.show);
        }
    }
    world.document.plan(plan.file());
    if !plan.file().tail().has_work() {
        world.document.set("result", NOTHING_TO_DO);
        say(world, "there is nothing to undo");
        let attention = plan.file().tail().needs_attention();
        return Ok(if attention { Exit::Attention } else { Exit::Done });
    }
    if !agreed(world, args.yes, &session, &plan, &cancel).await? {
        world.document.set("result", DECLINED);
        say(world, "nothing was written");
        return Ok(Exit::Interrupted);
    }
    carry_out(world, &session, plan, Company::Alone).await.map(|ended| ended.exit)
}

/// Whether to remove what the run did not make.
fn question(copies: u32) -> String {
    let what = match copies {
        1 => "1 import is a copy that the run did not make. Remove it".to_owned(),
        many => format!("{many} imports are copies that the run did not make. Remove them"),
    };
    format!("{what} too? [y/N] ")
}

/// `retry`: redoes what failed, conflicted, went stale, differs or was not processed, as a new run.
pub(super) async fn retry(world: &CliContext, args: &RetryArgs) -> Result<Exit, Failure> {
    world.text_or_json("retry")?;
    parent::follow(world, args.parent)?;
    let path = find_to_retry(world, args.run.as_deref())?;
    let earlier = OpenedRun::open(&path)?;
    let head = earlier.plan.head();
    let job = job_of(&world.host, &path, &head.settings)?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    if let Action::Backup | Action::Compare = job.action {
        let message = format!("a {} is not redone in part: run its job again", job.action.as_str());
        return Err(Failure::BadInput(message));
    }
    let told = |command: &str| for_run(world, command, earlier.folder.path());
    if let Some(reason) = earlier.record.reason.as_deref().filter(|_| earlier.record.needs_a_new_run()) {
        say(world, &format!("{reason}. `retry` redoes what failed, and deletes nothing"));
    } else if !earlier.record.is_finished() && earlier.record.undone.is_none() {
        let message = format!(
            "this run is not finished: `{}` continues it. `retry` plans what is left, as a new run",
            told("resume")
        );
        say(world, &message);
    }
    let terms = Terms { grace_period: args.grace.period, consent: Consent::of(args.yes) };
    let session = open(world, OpenRequest::Retry(head), Some(earlier.folder.path()), &cancel, terms).await?;
    let listening = listen(world, &session, Company::Alone);
    let Retrying { retry, copies } = session.retry(&earlier.folder, &job, &listening.events).await?;
    drop(listening);
    let beside = if copies > 0 { Exit::Attention } else { Exit::Done };
    if copies > 0 {
        let what = if copies == 1 { "1 import is a copy" } else { &format!("{copies} imports are copies") };
        say(
            world,
            &format!(
                "{what} that the run did not make: see `{}`; `{}` offers to remove those that are equal and untouched",
                told("show"),
                told("undo")
            ),
        );
    }
    let (unread, undecided) = (earlier.states.unread().len(), earlier.states.undecided().len());
    let unread_told = match unread {
        1 => "1 import was written and could not be read back".to_owned(),
        many => format!("{many} imports were written and could not be read back"),
    };
    let undecided_told = match undecided {
        1 => "the effect of 1 call is unknown".to_owned(),
        many => format!("the effect of {many} calls is unknown"),
    };
    let again = if earlier.record.undone.is_some() { "undo" } else { "resume" };
    for (_, what) in
        [(unread, unread_told), (undecided, undecided_told)].iter().filter(|(count, _)| *count > 0)
    {
        say(world, &format!("{what}: run `{}` to check again", told(again)));
    }
    let beside = if unread + undecided > 0 { Exit::Attention } else { beside };
    if let Retry::Nothing(_) = retry {
        world.document.set("result", NOTHING_TO_DO);
    }
    let plan = match retry {
        Retry::Plan(plan) => *plan,
        Retry::Nothing(NothingToRetry::AllDone) => {
            let else_ = if unread + undecided > 0 { " else" } else { "" };
            say(world, &format!("nothing{else_} in this run needs to be redone"));
            return Ok(beside);
        }
        Retry::Nothing(NothingToRetry::OnlyDeletions) => {
            let message = format!(
                "every import is done; what the source no longer has is deleted only by a new run of the job: `{}` lists it",
                told("show")
            );
            say(world, &message);
            return Ok(Exit::Attention);
        }
        Retry::Nothing(NothingToRetry::OnlyUsers) => {
            say(
                world,
                "every import is done; run the job again with --repoint-flows to point what still names their old ids",
            );
            return Ok(Exit::Attention);
        }
        Retry::Nothing(NothingToRetry::OnlyDependencies) => {
            let message = format!(
                "every import is done; the resources that imports refer to cannot be retried on their own: `{}` lists them",
                told("show")
            );
            say(world, &message);
            return Ok(Exit::Attention);
        }
    };
    world.document.plan(plan.file());
    if !world.global.quiet {
        show_plan(world, plan.file(), &args.show);
    }
    if plan.file().tail().has_work() && !agreed(world, args.yes, &session, &plan, &cancel).await? {
        world.document.set("result", DECLINED);
        say(world, "nothing was written");
        return Ok(Exit::Interrupted);
    }
    let ended = carry_out(world, &session, plan, Company::Alone).await?;
    Ok(worst([ended.exit, beside]))
}
