//! Notifies whoever a job's `notify` names of how its runs ended.

use super::exit::Exit;
use super::failure::Failure;
use super::one_run::Ended;
use super::say;
use super::signal::Signals;
use super::world::CliContext;
use crate::job::Job;
use crate::session::notify::{self, End};

/// How the run of one account ended, for notifications.
pub(super) fn end_of<'a>(account: &'a str, ended: &'a Result<Ended, Failure>) -> End<'a> {
    let good = ended.as_ref().is_ok_and(|ended| ended.exit == Exit::Done);
    End { account, good, summary: ended.as_ref().ok().and_then(|ended| ended.summary.as_ref()) }
}

/// Sends the notifications. A failure to notify is reported, and changes nothing else. A signal ends it.
pub(super) async fn tell(world: &CliContext, job: &Job, ends: &[End<'_>], signals: &mut Signals) {
    let notes = tokio::select! {
        biased;
        () = signals.another() => vec!["warning: interrupted before `notify` was done".to_owned()],
        notes = notify::tell(&world.host, job, ends) => notes,
    };
    for note in notes {
        say(world, &note);
    }
}
