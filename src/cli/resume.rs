//! `resume`: replays the journal, looks up what is in doubt, and finishes the rest.

use super::args::Resume;
use super::connect::{Accounts, accounts_again};
use super::exit::Exit;
use super::failure::Failure;
use super::run::{Going, exit_of, go, held_facts, settle};
use super::runs::{Opened, find, open};
use super::world::{CliContext, TOOL};
use super::{backup, lock, say, signal};
use crate::inventory::error::EngineError;
use crate::journal::{Ending, Entry, Journal, JournalOptions};
use crate::model::cancel::Cancel;
use crate::report::{Told, write_files};
use crate::run_folder::RunFolderError;
use crate::run_folder::folder::hash_file;
use crate::run_folder::plan_file::PlanFile;

/// `resume`.
pub(super) async fn resume(world: &CliContext, args: &Resume) -> Result<Exit, Failure> {
    let settle = settle(args.settle)?;
    let path = find(world, args.run.as_deref())?;
    let before = open(path.clone())?;
    let settings = before.plan.head().settings.clone();
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let accounts = signal::unless_stopped(&cancel, accounts_again(world, before.plan.head())).await?;
    same_accounts(&before.plan, &accounts)?;
    let held = lock::hold(world, &held_facts(&accounts), &format!("run {}", path.display()))?;
    // Read again under the lock: another process may have gone on with it meanwhile.
    let Opened { folder, plan, memory, story, replay } = open(path.clone())?;
    if story.ending == Some(Ending::Finished) {
        let told = Told { folder: &folder, plan: &plan, memory: &memory, story: &story };
        let summary = write_files(told)?.summary;
        say(world, "this run is finished; there is nothing to resume");
        return Ok(exit_of(&story, &summary));
    }
    if let Some(taken) = &story.opened
        && plan.tail().has_work()
        && hash_file(&folder.wanted())? != taken.wanted_sha256
    {
        let message =
            "the documents to be written were changed since the run began: start a new run".to_owned();
        return Err(RunFolderError::BadFile { path: folder.wanted(), message }.into());
    }
    let options = JournalOptions::new(world.clock.clone());
    let journal =
        Journal::reopen(&folder.journal(), &folder.before(), &replay, options).map_err(EngineError::from)?;
    journal.append(Entry::Resumed { tool: TOOL.to_owned() }, None).await.map_err(EngineError::from)?;
    let run = story.opened.as_ref().map(|taken| taken.run.0.clone()).unwrap_or_default();
    let of_job = settings.clone();
    let going =
        Going { folder, plan, journal, memory, settings, settle, run, again: true, beside_others: false };
    let went = go(world, going, &accounts, &cancel).await;
    drop(held);
    backup::after_resume(world, &path, &of_job, went, &cancel).await
}

/// Refuses to go on in another account than the one the run was planned for.
pub(super) fn same_accounts(plan: &PlanFile, accounts: &Accounts) -> Result<(), Failure> {
    let pairs =
        [(&plan.head().source, &accounts.source.facts), (&plan.head().target, &accounts.target.facts)];
    for (then, now) in pairs {
        let other = then.user.is_some() && now.user.is_some() && then.user != now.user;
        if then.origin != now.origin || other {
            return Err(Failure::BadInput(format!(
                "the token of `{}` opens another account than the one this run was planned for: \
                 use a token of that one, or start a new run",
                now.name
            )));
        }
    }
    Ok(())
}
