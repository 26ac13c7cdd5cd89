//! `resume`: replays the journal, looks up what is in doubt, and finishes the rest.

use super::args::Resume;
use super::exit::Exit;
use super::failure::Failure;
use super::one_run::{Company, conclude, exit_of, listen, open};
use super::runs::find;
use super::world::CliContext;
use super::{backup, say, signal};
use crate::model::cancel::Cancel;
use crate::session::{OpenRequest, OpenedRun, Resumed};

/// `resume`.
pub(super) async fn resume(world: &CliContext, args: &Resume) -> Result<Exit, Failure> {
    let path = find(world, args.run.as_deref())?;
    let before = OpenedRun::open(&path)?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let head = before.plan.head();
    let session = open(world, OpenRequest::Resume(head), &cancel, args.settle).await?;
    let listening = listen(world, &session, Company::Alone);
    let resumed = session.resume(&before.folder, &listening.events).await;
    drop(listening);
    let run = match resumed {
        Ok(Resumed::WasFinished(run)) => {
            say(world, "this run is finished; there is nothing to resume");
            return Ok(exit_of(&run.record, &run.summary));
        }
        Ok(Resumed::Ended(run)) => Ok(run),
        Err(error) => Err(error),
    };
    let ended = conclude(world, run, Company::Alone);
    drop(session);
    backup::after_resume(world, &path, &head.settings, ended, &cancel).await
}
