//! An item of an undo as planned: what is done, or why nothing is done, in words.

use crate::documents::diff::Change;
use crate::model::{Operation, Outcome, Verdict, shown};
use crate::planner::items::ended;
use crate::planner::undo::Copies;
use crate::planner::undo::examine::Finding;
use crate::planner::undo::judge::Touch;
use crate::planner::undo::left_alone::copy;
use crate::planner::undo::namesakes::Namesake;
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::plan_item::PlanItem;

/// The code of an item for which a similar import was created since.
pub(super) const MADE_MEANWHILE: &str = "made_meanwhile";

/// Imports that a note names at most.
const MOST_NAMED: usize = 10;

/// An item of the undo, and the text that has to be written for it.
pub(super) struct Undoing {
    pub item: PlanItem,
    pub wanted: Option<Vec<u8>>,
}

impl From<PlanItem> for Undoing {
    fn from(item: PlanItem) -> Self {
        Self { item, wanted: None }
    }
}

/// Says what is done about `item`, given what was found in the target. `who` tells who changed it since, to end a clause.
pub(super) fn undo_item(mut item: PlanItem, finding: Finding, copies: Copies, who: &str) -> Undoing {
    let over = |item, outcome, code, message: &str| Undoing::from(ended(item, outcome, code, message));
    match finding {
        Finding::NotKnown(why) => {
            let message = format!("{}: left alone", why.trim_end_matches(": left alone"));
            over(item, Outcome::Conflict, "not_known", &message)
        }
        Finding::NoTarget => {
            over(item, Outcome::Failed, "no_target", "the journal does not say which import it was")
        }
        Finding::Unreadable { code, why } => {
            over(item, Outcome::Failed, &code, &format!("it cannot be read ({why}): left alone"))
        }
        Finding::IsBack => {
            item.verdict = Some(Verdict::NotChecked);
            over(item, Outcome::Unchanged, "undone", "it is there again already")
        }
        Finding::RemovedWithoutBeforeImage => {
            let message =
                "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
            over(item, Outcome::Failed, "no_before", message)
        }
        Finding::Removed { wanted, beside } => put_back(item, wanted, &beside),
        Finding::MadeAndGone => {
            item.verdict = Some(Verdict::Equal);
            over(item, Outcome::Unchanged, "gone", "it is gone already")
        }
        Finding::OverwrittenAndGone => {
            over(item, Outcome::Stale, "gone", "it was removed by somebody else since: left alone")
        }
        Finding::Copy { equal, beside_own, touch } => {
            copy(item, (beside_own, equal), copies, touch, who).into()
        }
        Finding::OverwrittenWithoutBeforeImage => {
            let message = "before.jsonl lacks the document as it was, or holds another: put it back by hand";
            over(item, Outcome::Failed, "no_before", message)
        }
        Finding::SecretChanged(secret) => {
            let message = format!(
                "the run changed a secret that the service shows only masked ({secret}): what it was is not known; enter it by hand"
            );
            over(item, Outcome::Conflict, "masked_secret", &message)
        }
        Finding::UndoneAlready { secrets } => {
            item.verdict = Some(Verdict::Equal);
            item.secrets = secrets;
            over(item, Outcome::Unchanged, "undone", "it is as it was before the run already")
        }
        Finding::Changed(touch) => {
            let what = match touch {
                Touch::NeverSeen => {
                    "the run never saw what it had written, and it was modified since it was made"
                }
                Touch::SeenUnlike => {
                    "it was read back unlike what was wanted, and somebody may have changed it before that"
                }
                Touch::Edited | Touch::Behind | Touch::Untouched => "it was changed since the run",
            };
            over(item, Outcome::Stale, "edited", &format!("{what}{who}: left alone"))
        }
        Finding::AnotherName(name) => {
            let message = format!(
                "its write got no answer, and what was taken for it is called \"{name}\": left alone"
            );
            over(item, Outcome::Stale, "edited", &message)
        }
        Finding::MayHoldAnEdit { why, foreign } => {
            over(item, Outcome::Stale, "edited", &format!("{why} ({foreign}){who}: left alone"))
        }
        Finding::Masked(secret) => {
            let message = format!(
                "it holds a secret that the service shows only masked ({secret}), which writing it back would erase: left alone"
            );
            over(item, Outcome::Conflict, "masked_secret", &message)
        }
        Finding::Made => {
            item.operation = Operation::Delete;
            item.into()
        }
        Finding::Overwritten { wanted, changes } => overwrite(item, wanted, changes),
    }
}

/// Writes the document as it was before the run over what the run wrote.
fn overwrite(mut item: PlanItem, wanted: Wanted, changes: Vec<Change>) -> Undoing {
    item.operation = Operation::Update;
    item.secrets = wanted.secrets;
    if !item.is_import() {
        let message = "as it was it names imports by ids that they no longer have: a service that checks ids refuses it";
        item.warnings.push(message.to_owned());
    }
    item.changes = changes;
    item.sent_sha256 = Some(wanted.print);
    item.name = wanted.name;
    Undoing { item, wanted: Some(wanted.text) }
}

/// Restores what the run removed, unless an import of the same name was created since: that one is named and kept. An
/// import that existed before the run does not prevent the restore.
fn put_back(mut item: PlanItem, wanted: Wanted, beside: &[Namesake]) -> Undoing {
    let is_new = |other: &&Namesake| other.was_there == Some(false);
    if let Some(equal) = beside.iter().filter(is_new).find(|other| other.is_equal) {
        item.verdict = Some(Verdict::Equal);
        let message = format!(
            "{} appeared since the run, bears its name and is equal: nothing is put back beside it",
            equal.id
        );
        return ended(item, Outcome::Unchanged, MADE_MEANWHILE, message).into();
    }
    let unlike: Vec<&Namesake> = beside.iter().filter(is_new).collect();
    if !unlike.is_empty() {
        let message = format!(
            "{} of its name appeared since the run ({}): compare it with what `transship show` tells of this one, and rename \
             or remove the one you do not want",
            imports(unlike.len()),
            ids(unlike)
        );
        return ended(item, Outcome::Conflict, "unlike", message).into();
    }
    let perhaps: Vec<&Namesake> = beside.iter().filter(|other| other.was_there.is_none()).collect();
    if !perhaps.is_empty() {
        let message =
            format!("it is put back beside {} of its name ({})", imports(perhaps.len()), ids(perhaps));
        item.warnings.push(message);
    }
    item.namesakes = beside.iter().map(|other| other.id.clone()).collect();
    item.secrets = wanted.secrets;
    item.sent_sha256 = Some(wanted.print);
    item.operation = Operation::Restore;
    Undoing { item, wanted: Some(wanted.text) }
}

/// Names imports that somebody made in the place of what the run removed, as a note of the plan.
pub(super) fn made_meanwhile(names: &[String]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (were, are) = if names.len() == 1 { ("was", "is") } else { ("were", "are") };
    (!names.is_empty()).then(|| {
        format!(
            "{}{more} {were} made again by somebody else since the run and {are} equal: left alone",
            shown.join(", ")
        )
    })
}

fn imports(count: usize) -> String {
    if count == 1 { "an import".to_owned() } else { shown::imports(count) }
}

fn ids(of: Vec<&Namesake>) -> String {
    of.into_iter().map(|other| other.id.as_str()).collect::<Vec<_>>().join(", ")
}
