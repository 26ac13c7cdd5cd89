//! The words of a plan: totals, what is done to an import, the calls to come.

use std::collections::BTreeMap;

use crate::model::{Action, Operation, Outcome};
use crate::report::changes::OF_THE_TARGET;
use crate::report::text::{Tone, clean, count, listed, number, span};
use crate::run_folder::forecast::Forecast;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET, PlanItem};

/// The item with names in its changes where an id stands whose name is known.
pub(in crate::report) fn named(mut item: PlanItem, names: &BTreeMap<String, String>) -> PlanItem {
    let name = |value: &mut Option<String>| {
        let id = value.as_ref().and_then(|value| value.strip_prefix('"')?.strip_suffix('"'));
        if let Some(name) = id.and_then(|id| names.get(id)) {
            *value = Some(format!("\"{name}\""));
        }
    };
    for change in &mut item.changes {
        let other = change.from != change.to;
        name(&mut change.from);
        name(&mut change.to);
        // Another id of the same name: its counterpart in the target.
        if let (true, Some(to)) = (other && change.from == change.to, &mut change.to) {
            to.push_str(OF_THE_TARGET);
        }
    }
    item
}

/// The calls to come, in words: `1,020 calls: 1,000 create import, 20 list imports; about 3 s at 270 calls a second`.
pub fn forecast(forecast: &Forecast, per_second: Option<f64>) -> String {
    if forecast.total == 0 {
        return "no calls: there is nothing to do".to_owned();
    }
    let mut kinds: Vec<_> = forecast.calls.iter().collect();
    kinds.sort_by_key(|(purpose, calls)| (std::cmp::Reverse(**calls), *purpose));
    let kinds: Vec<_> =
        kinds.into_iter().map(|(purpose, calls)| format!("{} {}", number(*calls), clean(purpose))).collect();
    let rate = per_second.map_or(String::new(), |rate| format!(" at {} calls a second", trim(rate)));
    let time = match forecast.seconds {
        seconds if seconds < 1.0 => "less than a second".to_owned(),
        seconds if seconds < 120.0 => format!("about {seconds:.0} s"),
        seconds => {
            let time = std::time::Duration::try_from_secs_f64(seconds).unwrap_or(std::time::Duration::MAX);
            format!("about {}", span(time))
        }
    };
    format!("{}: {}; {time}{rate}", count(forecast.total, "call", "calls"), kinds.join(", "))
}

/// What a plan does, as the beginning of a question: `Create 180, update 12 and delete 3 imports`.
pub fn question(plan: &PlanFile) -> String {
    let tail = plan.tail();
    let mut done: Vec<_> = tail.totals.iter().filter(|(word, count)| **count > 0 && is_done(word)).collect();
    done.sort_by_key(|(word, _)| rank(word));
    let all: u32 = done.iter().map(|(_, count)| **count).sum();
    let unit = match (tail.others.is_empty(), all) {
        (true, 1) => "import",
        (true, _) => "imports",
        (false, 1) => "document",
        (false, _) => "documents",
    };
    let parts: Vec<String> =
        done.into_iter().map(|(word, count)| format!("{word} {}", number(*count))).collect();
    let what = format!("{} {unit}", listed(&parts));
    if undoes(plan) {
        return format!("Undo this: {what}");
    }
    let mut letters = what.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is written, in the order in which it is told.
const DONE: [&str; 6] = ["create", "clone", "update", "delete", "restore", "archive"];

fn is_done(word: &str) -> bool {
    DONE.contains(&word)
}

/// A rate without needless zeros.
fn trim(rate: f64) -> String {
    let text = format!("{rate:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// The place of a total: what is done first, then what is not, in the order of outcomes.
pub(super) fn rank(word: &str) -> usize {
    let place = DONE.iter().position(|known| *known == word);
    place
        .or_else(|| {
            Outcome::ALL.iter().position(|outcome| outcome.as_str() == word).map(|place| place + DONE.len())
        })
        .unwrap_or(usize::MAX)
}

/// How a total of the plan is said.
pub(super) fn told(word: &str, plan: &PlanFile) -> String {
    let head = plan.head();
    match word {
        "unchanged" if compares(plan) => "equal".to_owned(),
        DIFFERS => "different".to_owned(),
        ONLY_IN_SOURCE => format!("only in {}", clean(&head.source.name)),
        ONLY_IN_TARGET => format!("only in {}", clean(&head.target.name)),
        "skipped" => "skip".to_owned(),
        "failed" => "fail".to_owned(),
        word => clean(word),
    }
}

/// Whether the plan is that of a comparison.
pub(super) fn compares(plan: &PlanFile) -> bool {
    plan.head().action == Action::Compare
}

/// Whether the plan takes back what a run wrote.
pub(super) fn undoes(plan: &PlanFile) -> bool {
    plan.head().action == Action::Undo
}

pub(super) fn sign(item: &PlanItem) -> (Tone, char, &'static str) {
    match item.unlike() {
        Some(DIFFERS) => return (Tone::Change, '~', "differs"),
        Some(ONLY_IN_SOURCE) => return (Tone::Good, '+', "only here"),
        Some(_) => return (Tone::Bad, '-', "only there"),
        None => {}
    }
    if let Some(outcome) = item.outcome {
        return match outcome {
            Outcome::Unchanged => (Tone::Dim, '=', "unchanged"),
            Outcome::Conflict => (Tone::Warn, '?', "conflict"),
            Outcome::Skipped => (Tone::Dim, '·', "skip"),
            Outcome::Failed => (Tone::Bad, '!', "failed"),
            Outcome::Stale => (Tone::Bad, '!', "stale"),
            other => (Tone::Good, ' ', other.as_str()),
        };
    }
    match item.operation {
        Operation::Create => (Tone::Good, '+', "create"),
        Operation::Clone => (Tone::Good, '+', "clone"),
        Operation::Restore => (Tone::Good, '+', "restore"),
        Operation::Archive => (Tone::Good, '+', "archive"),
        Operation::Update => (Tone::Change, '~', "update"),
        Operation::Delete => (Tone::Bad, '-', "delete"),
        Operation::None => (Tone::Dim, ' ', "nothing"),
    }
}
