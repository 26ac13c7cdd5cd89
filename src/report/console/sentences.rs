//! What is said about a run in addition to its counts, each in a sentence of its own.

use std::time::Duration;

use super::MOST_NAMED;
use crate::model::{Action, WaitsFor};
use crate::report::text::{clean, count, number, span};
use crate::report::usage::sentence;
use crate::run_folder::summary::Summary;

/// How an unfinished run ended, or who is writing to it.
pub fn how_it_ended(summary: &Summary) -> Option<String> {
    let reason = summary.reason.as_deref().map(clean);
    let because =
        |text: &str| reason.as_ref().map_or(format!("{text}."), |reason| format!("{text}: {reason}."));
    match summary.state.as_str() {
        "finished" => None,
        "interrupted" if summary.waits_for == Some(WaitsFor::Agreement) => Some(because("The run waits")),
        "interrupted" => {
            // One that somebody stopped has no reason but that.
            let how = match reason.as_deref() {
                None | Some("interrupted") => "The run was interrupted".to_owned(),
                Some(why) => format!("The run was interrupted: {why}"),
            };
            let is_known = summary.in_doubt == 0;
            let colon = how.contains(": ");
            Some(match (is_known, colon) {
                (false, _) => format!("{how}."),
                (true, false) => format!("{how}; nothing is lost."),
                (true, true) => format!("{how}. Nothing is lost."),
            })
        }
        "stopped" => Some(because("The run stopped itself")),
        "unauthorized" => Some(format!(
            "The service no longer accepts the token of account {}: put a valid one in place, then continue.",
            clean(&summary.target)
        )),
        "broken" => Some(because("The run broke off")),
        _ => Some(match &summary.writer {
            Some(writer) => format!("This run is being written now by {}.", clean(&writer.to_string())),
            None => "The run was cut off: its process ended before the run did.".to_owned(),
        }),
    }
}

/// Which run undid it.
pub fn undone(summary: &Summary) -> Option<String> {
    summary.undone.as_deref().map(|by| format!("It was undone by the run {}.", clean(by)))
}

/// The command that finds out the state: a run that was undone is not resumed.
fn lookup_command(summary: &Summary) -> &'static str {
    if summary.undone.is_some() { "transship undo" } else { "transship resume" }
}

/// The calls whose effect is unknown.
pub fn doubts(summary: &Summary) -> Option<String> {
    let (calls, many) = (count(summary.in_doubt, "call", "calls"), number(summary.in_doubt));
    if summary.writer.is_some() {
        let have = if summary.in_doubt == 1 { "has" } else { "have" };
        return (summary.in_doubt > 0).then(|| format!("{calls} {have} no answer yet."));
    }
    let be = match summary.action.known() {
        Some(Action::Update | Action::Delete | Action::Undo) => "have been changed",
        Some(
            Action::Migrate
            | Action::Clone
            | Action::Backup
            | Action::Restore
            | Action::Compare
            | Action::Apply,
        )
        | None => "exist",
    };
    let imports = if summary.in_doubt == 1 { "import" } else { "imports" };
    let lookup_command = lookup_command(summary);
    (summary.in_doubt > 0).then(|| {
        format!(
            "The effect of {calls} is unknown: {many} {imports} may or may not {be}. `{lookup_command}` finds out."
        )
    })
}

/// The imports that the run did not make.
pub fn copies(summary: &Summary) -> Option<String> {
    match summary.copies {
        0 => None,
        1 => Some(
            "1 import of the same name appeared that this run did not make: audit.csv names it.".to_owned(),
        ),
        many => Some(format!(
            "{} imports of the same names appeared that this run did not make: audit.csv names them.",
            number(many)
        )),
    }
}

/// What could not be read back.
pub fn unread(summary: &Summary) -> Option<String> {
    let lookup_command = lookup_command(summary);
    match summary.unread {
        0 => None,
        1 => Some(format!(
            "1 import was written and could not be read back. `{lookup_command}` reads it again."
        )),
        many => Some(format!(
            "{} imports were written and could not be read back. `{lookup_command}` reads them again.",
            number(many)
        )),
    }
}

/// Calls spent against the forecast, and how long it took. Nothing for a run that did not record them: a run does so
/// when it ends or is interrupted.
pub fn spent(summary: &Summary) -> Option<String> {
    let is_open = summary.state == "unfinished";
    if is_open && summary.calls.is_empty() {
        return None;
    }
    let calls: u64 = summary.calls.values().sum();
    let planning: u64 = summary.planning_calls.values().sum();
    let throttled = match summary.throttled {
        0 => "no rate-limit responses".to_owned(),
        1 => "1 rate-limit response (429)".to_owned(),
        many => format!("{} rate-limit responses (429)", number(many)),
    };
    // A forecast is of the whole run; the calls of a process that was killed are not known.
    let forecast = match summary.resumed {
        0 => format!(" (forecast {})", number(summary.forecast.total)),
        _ => String::new(),
    };
    let until = if is_open { " before it was last resumed" } else { "" };
    Some(format!(
        "{}{forecast} in {}{until}, plus {} for planning; {throttled}.",
        count(calls, "API call", "API calls"),
        span(Duration::try_from_secs_f64(summary.seconds).unwrap_or_default()),
        number(planning)
    ))
}

/// Secrets that have to be entered manually.
pub fn by_hand(summary: &Summary) -> Option<String> {
    (summary.secrets > 0).then(|| {
        let secrets = count(summary.secrets, "secret", "secrets");
        format!("Enter {secrets} manually: the service never shows them. report.html lists where.")
    })
}

/// Lookup caches whose data has to be loaded manually.
pub fn caches(summary: &Summary) -> Option<String> {
    let names: Vec<String> =
        summary.empty_caches.iter().take(MOST_NAMED).map(|name| format!("\"{}\"", clean(name))).collect();
    let more = match summary.empty_caches.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {} more", number(more as u64)),
    };
    let made = count(summary.empty_caches.len() as u64, "lookup cache was", "lookup caches were");
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!(
            "{made} made without data, which does not travel: load it before a flow uses it: {names}{more}."
        )
    })
}

/// What uses the imports that were changed or removed.
pub(super) fn used_by(summary: &Summary) -> Option<String> {
    let usage = summary.usage.as_ref().filter(|usage| !usage.is_empty())?;
    Some(format!("What was changed is used by {}.", sentence(usage, "when it was planned")))
}
