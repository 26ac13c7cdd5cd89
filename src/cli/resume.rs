//! `resume`: replays the journal, looks up what is in doubt, and finishes the rest.

use super::args::Resume;
use super::exit::Exit;
use super::failure::Failure;
use super::one_run::{Company, Consent, Terms};
use super::or_resume::{Resuming, resume_one};
use super::runs::find_unfinished;
use super::world::CliContext;
use super::{backup, parent, signal};
use crate::model::cancel::Cancel;
use crate::session::{OpenRequest, OpenedRun};

/// Carries out `resume`.
pub(super) async fn resume(world: &CliContext, args: &Resume) -> Result<Exit, Failure> {
    world.text_or_json("resume")?;
    parent::follow(world, args.parent)?;
    let path = find_unfinished(world, args.run.as_deref())?;
    let earlier = OpenedRun::open(&path)?;
    let cancel = Cancel::new();
    let mut signals = signal::listen(world, &cancel);
    let terms = Terms { grace_period: args.grace.period, consent: Consent::Asked };
    let request = OpenRequest::Resume(earlier.plan.head());
    let resuming = Resuming { earlier: &earlier, request, terms, company: Company::Alone };
    let ended = resume_one(world, resuming, &cancel).await;
    if let Ok(ended) = &ended
        && ended.was_finished
    {
        return Ok(ended.exit);
    }
    let settings = &earlier.plan.head().settings;
    backup::after_resume(world, &path, settings, ended, &cancel, &mut signals).await
}
