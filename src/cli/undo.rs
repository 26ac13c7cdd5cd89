//! `undo` and `retry`: runs made of an earlier run.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{Retry, Undo};
use super::connect::{For, accounts};
use super::exit::Exit;
use super::failure::Failure;
use super::listen::listeners;
use super::plan::{Purpose, make};
use super::resume::same_accounts;
use super::run::{Going, ask, begin, go, settle, show_plan};
use super::runs::{Opened, find, open};
use super::world::{CliContext, TOOL};
use super::{lock, say, signal};
use crate::job;
use crate::journal::{Ending, ItemState, ItemStates};
use crate::model::cancel::Cancel;
use crate::model::{Outcome, RunId, Verdict};
use crate::planner::undo::{UndoRequest, plan_undo};
use crate::run_folder::rows::rows;

/// `undo`: puts back what a run changed.
pub(super) async fn undo(world: &CliContext, args: &Undo) -> Result<Exit, Failure> {
    let settle = settle(args.settle)?;
    let path = find(world, Some(&args.run))?;
    let head = open(path.clone())?.plan.head().clone();
    if let "backup" | "compare" = head.action.as_str() {
        let more = if head.action == "backup" { "; `transship archive prune` removes snapshots" } else { "" };
        say(
            world,
            &format!("there is nothing to undo: a {} changes nothing in an account{more}", head.action),
        );
        return Ok(Exit::Done);
    }
    let mut settings = head.settings;
    settings.source = settings.target.clone();
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let accounts = signal::unless_stopped(&cancel, accounts(world, &mut settings, For::Writing)).await?;
    let held = lock::hold(world, &accounts.target.facts, &format!("undo of {}", path.display()))?;
    let Opened { folder, plan, memory, story, .. } = open(path)?;
    if plan.head().target.origin != accounts.target.facts.origin
        || plan.head().target.user != accounts.target.facts.user
    {
        return Err(Failure::BadInput(format!(
            "the token of `{}` opens another account than the one this run wrote to",
            accounts.target.facts.name
        )));
    }
    refuse_doubts(&folder, &plan, &memory)?;
    let run_id = story.opened.as_ref().map(|taken| taken.run.0.clone()).unwrap_or_default();
    let run = RunId::new(world.clock.now(), &format!("undo-{}", plan.head().job), fastrand::u16(..));
    let id = run.0.clone();
    let place = folder.path().parent().unwrap_or(Path::new(".")).join(&run.0);
    let draft = super::draft::Draft::begin(&place)?;
    let (to, wanted) = (draft.path().join("plan.json"), draft.path().join("wanted.jsonl"));
    let planning = plan_undo(UndoRequest {
        folder: &folder,
        plan: &plan,
        memory: &memory,
        run: &run_id,
        target: &accounts.target,
        to: &to,
        wanted: &wanted,
        cancel: &cancel,
        now: world.clock.now(),
        tool: TOOL,
    });
    let planned = signal::unless_stopped(&cancel, planning).await?;
    if !world.global.quiet {
        show_plan(world, &planned.plan, args.diff);
    }
    if !planned.plan.tail().has_work() {
        say(world, "there is nothing to undo");
        let attention = planned.plan.tail().needs_attention();
        return Ok(if attention { Exit::Attention } else { Exit::Done });
    }
    let emulator = accounts.target.facts.origin.starts_with("emulator:");
    let facts = &accounts.target.facts;
    if !args.yes
        && !emulator
        && world.stdin_is_terminal
        && !ask(&format!("Undo this in account `{}` ({})? [y/N] ", facts.name, facts.origin), &cancel).await?
    {
        say(world, "nothing was written");
        return Ok(Exit::Done);
    }
    let text = std::fs::read_to_string(folder.job())?;
    let folder = draft.keep(&place, &text)?;
    let (plan, journal) = begin(world, &folder, run, "undo", &text, planned.wanted_sha256).await?;
    let memory = ItemStates::blank(plan.len());
    let going = Going {
        folder,
        plan,
        journal,
        memory,
        settings,
        settle,
        run: id,
        again: false,
        beside_others: false,
    };
    let went = go(world, going, &accounts, &cancel).await;
    drop(held);
    went.map(|went| went.exit)
}

/// `retry`: redoes what failed, conflicted, went stale, reads back different or was not processed.
pub(super) async fn retry(world: &CliContext, args: &Retry) -> Result<Exit, Failure> {
    let settle = settle(args.settle)?;
    let path = find(world, args.run.as_deref())?;
    let mut settings = open(path.clone())?.plan.head().settings.clone();
    let text = std::fs::read(path.join("job.yaml"))?;
    let shown = path.join("job.yaml").display().to_string();
    let job = job::parse(&shown, &text, &settings.folder, &world.env, &world.clock)
        .map_err(|problems| Failure::BadJob(problems.render(world.color_err())))?;
    if let "backup" | "compare" = job.action.as_str() {
        let message = format!("a {} is not redone in part: run its job again", job.action.as_str());
        return Err(Failure::BadInput(message));
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let accounts = signal::unless_stopped(&cancel, accounts(world, &mut settings, For::Writing)).await?;
    let held = lock::hold(world, &accounts.target.facts, &format!("retry of {}", path.display()))?;
    let Opened { folder, plan, memory, story, .. } = open(path)?;
    if plan.head().action == "undo" {
        return Err(Failure::BadInput(
            "to redo what an undo could not do, undo the same run again".to_owned(),
        ));
    }
    same_accounts(&plan, &accounts)?;
    refuse_doubts(&folder, &plan, &memory)?;
    let (mut again, mut taken, mut others) = (BTreeSet::new(), BTreeSet::new(), 0_u32);
    rows(&folder, &plan, &memory, |row| {
        let redo = row.outcome.needs_attention()
            || row.outcome == Outcome::Unprocessed
            || row.verdict == Verdict::Differs;
        // What imports refer to is created again, or found, for the imports that need it.
        match (row.item.kind, row.item.source) {
            (None, _) if !redo => taken.extend(row.target_id),
            _ if !redo => {}
            (Some(_), _) => others += 1,
            (None, Some(source)) => drop(again.insert(source.id)),
            (None, None) => {}
        }
        Ok(())
    })?;
    if again.is_empty() && others > 0 {
        say(
            world,
            "every import is as wanted; what they refer to is not redone by itself: `transship show` names it",
        );
        return Ok(Exit::Attention);
    }
    if again.is_empty() {
        say(world, "nothing in this run needs to be redone");
        return Ok(Exit::Done);
    }
    let run_id = story.opened.as_ref().map(|taken| taken.run.0.clone()).unwrap_or_default();
    let run = RunId::new(world.clock.now(), &job.name, fastrand::u16(..));
    let id = run.0.clone();
    let place = folder.path().parent().unwrap_or(Path::new(".")).join(&run.0);
    let draft = super::draft::Draft::begin(&place)?;
    let listening = listeners(world, &accounts);
    let purpose = Purpose {
        folder: draft.path(),
        plan: &draft.path().join("plan.json"),
        wanted: Some(&draft.path().join("wanted.jsonl")),
        only: Some(&again),
        taken: Some(&taken),
        references: false,
        of_run: Some(&run_id),
    };
    let planned = make(world, &job, &settings, &accounts, purpose, &cancel, &listening.events).await?;
    drop(listening);
    if !world.global.quiet {
        show_plan(world, &planned.plan, args.diff);
    }
    let folder = draft.keep(&place, &job.text)?;
    let (plan, journal) =
        begin(world, &folder, run, job.action.as_str(), &job.text, planned.wanted_sha256).await?;
    let memory = ItemStates::blank(plan.len());
    let going = Going {
        folder,
        plan,
        journal,
        memory,
        settings,
        settle,
        run: id,
        again: false,
        beside_others: false,
    };
    let went = go(world, going, &accounts, &cancel).await;
    drop(held);
    went.map(|went| went.exit)
}

/// What is in doubt must be looked up before anything is built on it.
fn refuse_doubts(
    folder: &crate::run_folder::folder::RunFolder,
    plan: &crate::run_folder::plan_file::PlanFile,
    memory: &ItemStates,
) -> Result<(), Failure> {
    let (_, story, _) = crate::run_folder::rows::read_journal(folder, plan)?;
    let doubt = (1..=plan.len())
        .any(|number| matches!(memory.state(crate::model::ItemKey(number)), ItemState::InDoubt { .. }));
    if doubt || story.ending.is_none() {
        return Err(Failure::BadInput(format!(
            "this run was cut off, and it is not known what it did last: first `transship resume {}`",
            folder.path().display()
        )));
    }
    debug_assert!(story.ending != Some(Ending::Finished) || !doubt);
    Ok(())
}
