//! The result of reading back, in one sentence.

use crate::model::{Action, Outcome, Verdict};
use crate::report::text::{count, number};
use crate::run_folder::summary::Summary;

/// The result of reading back.
pub fn verified(summary: &Summary) -> String {
    if summary.action == Action::Compare {
        return "Nothing was written.".to_owned();
    }
    let wrote: u32 =
        Outcome::ALL.iter().filter(|outcome| outcome.wrote()).map(|outcome| summary.count(*outcome)).sum();
    let (equal, defaults) = (summary.verdict(Verdict::Equal), summary.verdict(Verdict::EqualWithDefaults));
    let differs = summary.verdict(Verdict::Differs);
    let checked = equal + defaults + differs;
    if let Some(waiting) = waiting(summary) {
        let unchanged = summary.count(Outcome::Unchanged);
        let rest = match (checked, differs) {
            (0, _) => String::new(),
            (_, 1..) => format!(" {}", different(differs, checked)),
            (1, 0) if unchanged == 1 => " 1 that was already there is equal.".to_owned(),
            (all, 0) if unchanged == all => {
                format!(" {} that were already there are equal.", number(all))
            }
            (1, 0) => " 1 was compared with what the target holds and is equal.".to_owned(),
            (all, 0) => format!(" {} were compared with what the target holds and are equal.", number(all)),
        };
        return format!("{waiting}{rest}");
    }
    if checked == 0 {
        return match wrote {
            0 if summary.in_doubt > 0 => "Nothing is known to be written.".into(),
            0 => "Nothing was written.".into(),
            _ => "Nothing was read back.".into(),
        };
    }
    // What was removed is not there to be compared. Where something that was written was not checked, it may be among it.
    let all: u32 = Outcome::ALL.iter().map(|outcome| summary.count(*outcome)).sum();
    let is_whole = summary.verdict(Verdict::NotChecked) <= all - wrote;
    let gone = if is_whole { summary.count(Outcome::Deleted).min(checked) } else { 0 };
    if differs == 0 && gone > 0 {
        // Those of other kinds are counted with them.
        let (one, many) = if summary.others.is_empty() { ("import", "imports") } else { ("item", "items") };
        let are = if gone == 1 { "is" } else { "are" };
        let are_gone = format!("{} {are} gone from the target", count(gone, one, many));
        return match checked - gone {
            0 => format!("{are_gone}."),
            1 => format!("{are_gone}; 1 was compared with what the target holds and is equal."),
            rest => {
                format!(
                    "{are_gone}; {} were compared with what the target holds and are equal.",
                    number(rest)
                )
            }
        };
    }
    if differs == 0 {
        let extra = if defaults > 0 {
            format!(" ({} but for defaults the service filled in)", number(defaults))
        } else {
            String::new()
        };
        return if checked == 1 {
            format!("It was compared with what the target holds and is equal{extra}.")
        } else {
            format!("All {} were compared with what the target holds and are equal{extra}.", number(checked))
        };
    }
    different(differs, checked)
}

/// The imports written by a run that did not get to read them back.
fn waiting(summary: &Summary) -> Option<String> {
    match summary.not_yet_read_back {
        0 => None,
        1 => Some("1 import was written and not read back yet.".to_owned()),
        many => Some(format!("{} imports were written and not read back yet.", number(many))),
    }
}

fn different(differs: u32, checked: u32) -> String {
    let read = if differs == 1 { "reads" } else { "read" };
    format!("{} of {} {read} back different: audit.csv says where.", number(differs), number(checked))
}
