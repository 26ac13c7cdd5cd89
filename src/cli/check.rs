//! `check`: checks a job file without doing anything; with `--online` also its tokens and what it refers to.

use std::io::Write;

use serde_json::json;

use super::args::{Check, Format};
use super::exit::{Exit, worst};
use super::failure::Failure;
use super::jobs::load_part;
use super::one_run::{Company, READING, listen, open};
use super::world::CliContext;
use super::{say, signal};
use crate::job::{Job, Settings};
use crate::model::cancel::Cancel;
use crate::report::text::{clean, count, number, wrap};
use crate::report::{plan_view, references};
use crate::session::plan::Show;
use crate::session::{AccountFacts, OpenRequest, backup};

/// Carries out `check`.
pub(super) async fn check(world: &CliContext, args: &Check) -> Result<Exit, Failure> {
    world.text_or_json("check")?;
    let (job, settings) = load_part(world, &args.job, &args.narrow, &args.stand_in)?;
    world.document.set("job", &job.name);
    world.document.set("action", job.action.as_str());
    if !args.online {
        if !is_json(world) {
            let mut out = world.out();
            writeln!(out, "{}: a valid job: {} `{}`", args.job.display(), job.action.as_str(), job.name)?;
            out.flush()?;
        }
        return Ok(Exit::Done);
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let (mut exits, mut refused) = (Vec::new(), Vec::new());
    for settings in backup::each(&job, settings) {
        match one(world, &job, settings, &cancel).await {
            Ok(exit) => exits.push(exit),
            Err(Failure::Pipeline(error)) if error.is_unauthorized() => refused.push(error),
            Err(failure) => return Err(failure),
        }
    }
    let mut refused = refused.into_iter();
    match refused.next() {
        Some(first) => Err(first.with_others_refused(refused).into()),
        None => Ok(worst(exits)),
    }
}

fn is_json(world: &CliContext) -> bool {
    world.global.format == Some(Format::Json)
}

/// Tries what a job needs for one account.
async fn one(world: &CliContext, job: &Job, settings: Settings, cancel: &Cancel) -> Result<Exit, Failure> {
    let session = open(world, OpenRequest::Read(settings), None, cancel, READING).await?;
    let mut out: Box<dyn Write> =
        if is_json(world) { Box::new(std::io::sink()) } else { Box::new(world.out()) };
    let mut accounts = Vec::new();
    for end in [session.source(), session.target()] {
        let AccountFacts { name, origin, user, .. } = &end.account().facts;
        accounts.push(&end.account().facts);
        match origin.strip_prefix("archive:") {
            Some(place) if session.target().backups().is_none() && session.settings().backup.is_some() => {
                writeln!(out, "archive {place}: the first backup makes it")?;
            }
            Some(place) => writeln!(out, "archive {place}: it can be read")?,
            None if end.files().is_some() => writeln!(out, "folder {name}: its files can be read")?,
            None => {
                let user = user.as_deref().unwrap_or("unknown");
                let line = format!("account `{name}`: {origin} accepts the token of user {user}");
                writeln!(out, "{}", wrap(&clean(&line), world.columns_out(), 2))?;
            }
        }
        if job.in_place() {
            break;
        }
    }
    let listening = listen(world, &session, Company::Alone);
    let preview = session.preview(job, Show::References, &listening.events).await?;
    drop(listening);
    let columns = world.columns_out();
    references::summary(preview.references(), columns, &mut out)?;
    let mut problems = 0;
    let mut attention = Vec::new();
    for item in preview.plan().items() {
        let item = item?;
        if let (Some(outcome), Some(problem)) = (item.outcome, &item.problem)
            && outcome.needs_attention()
        {
            problems += u32::from(item.is_import());
            attention.push(json!({
                "outcome": outcome, "kind": item.list(), "name": item.name, "code": problem.code,
                "message": problem.message,
            }));
        }
    }
    plan_view::problems(preview.plan(), world.color_out(), columns, &mut out)?;
    let notes = &preview.plan().tail().notes;
    for note in notes {
        writeln!(out, "{}", wrap(&format!("warning: {}", clean(note)), columns, 2))?;
    }
    let selected = preview.plan().tail().imports();
    let stand = match (selected, problems) {
        (0, _) => String::new(),
        (1, 0) => ", it can be done as it stands".to_owned(),
        (_, 0) => ", all of them can be done as they stand".to_owned(),
        (1, _) => ", it cannot be done as it stands".to_owned(),
        (_, 1) => ", 1 of them cannot be done as it stands".to_owned(),
        (_, many) => format!(", {} of them cannot be done as they stand", number(many)),
    };
    let all = format!("{} selected{stand}", count(selected, "import", "imports"));
    writeln!(out, "{}", wrap(&all, columns, 2))?;
    out.flush()?;
    world.document.push(
        "checks",
        json!({
            "accounts": accounts, "selected": selected, "cannot_be_done": problems, "attention": attention,
            "references": preview.references(), "notes": notes,
        }),
    );
    if problems > 0 {
        say(world, "help: `transship plan` shows the rest");
        return Ok(Exit::Attention);
    }
    Ok(Exit::Done)
}
