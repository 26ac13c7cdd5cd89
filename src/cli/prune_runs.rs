//! `runs` and `runs prune`: list the runs, and clear them away.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::args::{Format, Runs, RunsCommand, RunsPrune};
use super::exit::Exit;
use super::failure::Failure;
use super::next_command::for_folder;
use super::runs::all;
use super::say;
use super::world::CliContext;
use crate::report;
use crate::session::runs::{Prune, is_being_written, leftovers, prune};
use crate::session::{OpenedRun, Summary};

/// Carries out `runs`.
pub(super) fn runs(world: &CliContext, args: &Runs) -> Result<Exit, Failure> {
    match &args.command {
        None => list(world),
        Some(RunsCommand::Prune(args)) => clear(world, args),
    }
}

/// Prints a line for each run; then what is not finished, and what killed processes left.
fn list(world: &CliContext) -> Result<Exit, Failure> {
    let json = match world.global.format {
        None | Some(Format::Table | Format::Text) => false,
        Some(Format::Json) => true,
        Some(_) => return Err(Failure::BadInput("`runs` prints `--format table` or `json`".to_owned())),
    };
    let (mut summaries, mut open, mut damaged) = (Vec::<(PathBuf, Summary)>::new(), Vec::new(), Vec::new());
    let mut undone = HashMap::new();
    for path in all(world) {
        match OpenedRun::open(&path) {
            Ok(run) => {
                let is_written = !run.record.is_finished() && is_being_written(&run.folder);
                if let Some(of) = run.undoes() {
                    undone.insert(of.path().to_owned(), run.id());
                }
                if is_written || run.record.may_be_resumed() {
                    open.push((path.clone(), is_written));
                }
                summaries.push((path, run.summary()?));
            }
            // One damaged run must not hide the others.
            Err(error) => {
                let failure = Failure::from(error);
                failure.report(&world.stderr);
                damaged.push(json!({ "folder": path, "state": "unreadable", "error": failure.document() }));
            }
        }
    }
    // A finished run is undone by what stands beside it only.
    for (path, summary) in &mut summaries {
        summary.undone = undone.remove(path).or_else(|| summary.undone.take());
    }
    let mut out = world.out();
    if json {
        let entry = |(path, summary): &(PathBuf, Summary)| {
            let is_written = open.iter().any(|(open, is_written)| open == path && *is_written);
            let mut entry = json!(summary);
            entry["folder"] = json!(path);
            entry["is_being_written"] = json!(is_written);
            if let Some(by) = &summary.undone {
                entry["undone_by"] = json!(by);
            }
            entry
        };
        let list: Vec<_> = summaries.iter().map(entry).chain(damaged).collect();
        serde_json::to_writer_pretty(&mut out, &list).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        report::show::runs(&summaries, world.columns_out(), &mut out)?;
    }
    out.flush()?;
    drop(out);
    if !world.global.quiet {
        hints(world, &open);
    }
    Ok(Exit::Done)
}

fn hints(world: &CliContext, open: &[(PathBuf, bool)]) {
    for (path, is_written) in open {
        if *is_written {
            let path = path.display();
            say(world, &format!("not finished: {path} is being written by another process"));
        } else {
            say(world, &format!("not finished: {}", for_folder(world, "resume", path)));
        }
    }
    for left in leftovers(&world.global.runs) {
        say(
            world,
            &format!("left by a killed process: {}; remove it with `transship runs prune`", left.display()),
        );
    }
}

/// Carries out `runs prune`.
fn clear(world: &CliContext, args: &RunsPrune) -> Result<Exit, Failure> {
    world.text_or_json("runs prune")?;
    let rules = Prune { keep_last: args.keep_last, older_than: args.older_than, dry_run: args.dry_run };
    let pruned = prune(&world.host, &world.global.runs, rules)?;
    let mut out = world.out();
    if world.global.format == Some(Format::Json) {
        serde_json::to_writer_pretty(&mut out, &pruned).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else if !world.global.quiet {
        let verb = if args.dry_run { "would be removed" } else { "removed" };
        for path in pruned.removed.iter().chain(&pruned.leftovers) {
            writeln!(out, "{verb}: {}", path.display())?;
        }
        for path in &pruned.unfinished {
            writeln!(out, "kept, not finished: {}", path.display())?;
        }
        if pruned.removed.is_empty() && pruned.leftovers.is_empty() {
            writeln!(out, "nothing to remove")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
