//! The result of every item: plan and journal combined into one row an item. The same live and from disk.

use std::collections::HashSet;
use std::fs::File;

use jiff::Timestamp;

use crate::journal::{Copy, Entry, ItemState, ItemStates, NOT_SENT, Step, StepsByItem};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, Verdict};
use crate::run_folder::dependency_items::DependencyItems;
use crate::run_folder::document_file::read_span;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::outcome::outcome_of;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{NOT_IN_BIN, PlanItem};

/// One item and its result.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Row {
    /// The planned item.
    pub item: PlanItem,
    /// How the item ended.
    pub outcome: Outcome,
    /// The result of comparing it with the service's copy.
    pub verdict: Verdict,
    /// The import in the target, if there is one.
    pub target_id: Option<Id>,
    /// How many times writing calls were sent for it.
    pub attempts: u32,
    /// The status of the last answer to a write; `None` without an answer.
    pub http_status: Option<u16>,
    /// A stable word for what went wrong, or why nothing was done; `None` for neither.
    pub error_code: Option<String>,
    /// The same in a sentence for people.
    pub error_message: Option<String>,
    /// JSON pointers of the differences at the read-back.
    pub differences: Vec<String>,
    /// Whether it was found by a lookup, after a call without an answer.
    pub adopted: bool,
    /// Whether this is true for its last write.
    pub is_last_adopted: bool,
    /// Fingerprint of what was or will be sent; unknown while ids in it are unknown.
    pub sent_sha256: Option<Fingerprint>,
    /// Fingerprint of the service's copy, if it was read.
    pub target_sha256: Option<Fingerprint>,
    /// Fingerprint and `lastModified` in the answer to the write, if there was one.
    pub written: (Option<Fingerprint>, Option<String>),
    /// `lastModified` of what was read back, if it was.
    pub seen_modified: Option<String>,
    /// SHA-256 of the text in `before.jsonl`, if something was overwritten or removed.
    pub before_sha256: Option<Fingerprint>,
    /// Whether plan and journal agree: nothing was done for an item that the plan leaves alone.
    pub accounted_for: bool,
    /// Imports of the same name that were created by others at the same time.
    pub copies: Vec<Copy>,
    /// Whether the effect of its last call is unknown.
    pub in_doubt: bool,
    /// Whether the call of its last intent may have had an effect: no record says that it was not sent or not accepted,
    /// or that a lookup found no effect.
    pub may_have_acted: bool,
    /// When its first intent was written; `None` without one.
    pub started_at: Option<Timestamp>,
    /// When the last of its writing calls was answered; `None` without an answer.
    pub answered_at: Option<Timestamp>,
    /// When the last step was recorded.
    pub finished_at: Option<Timestamp>,
}

impl Row {
    /// Milliseconds from its first call to the answer of its last write; `None` if nothing was sent for it.
    pub fn millis(&self) -> Option<i64> {
        let (from, to) = self.started_at.zip(self.answered_at)?;
        Some(to.as_millisecond().saturating_sub(from.as_millisecond()).max(0))
    }

    /// Whether it is a restored import with a new id.
    pub fn is_made_anew(&self) -> bool {
        let was = self.item.source.as_ref().map(|source| &source.id);
        self.item.operation == Operation::Restore && self.outcome.wrote() && self.target_id.as_ref() != was
    }
}

/// What the journal adds to an item of the plan.
#[derive(Debug, Clone, Default)]
struct Facts {
    attempts: u32,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    differences: Vec<String>,
    adopted: bool,
    is_last_adopted: bool,
    sha256: Option<Fingerprint>,
    written: (Option<Fingerprint>, Option<String>),
    seen_modified: Option<String>,
    before: Option<Fingerprint>,
    found: Option<Id>,
    copies: Vec<Copy>,
    may_have_acted: bool,
    started_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl Facts {
    fn take(&mut self, at: Timestamp, step: &Step) {
        self.finished_at = Some(at);
        if let Step::Applied { .. }
        | Step::Doubted { .. }
        | Step::NotTaken { .. }
        | Step::Archived { .. }
        | Step::Ended { .. } = step
        {
            self.answered_at = Some(at);
        }
        match step {
            Step::Intended { .. } => self.may_have_acted = true,
            Step::Absent | Step::NotSent { .. } | Step::NotTaken { .. } => self.may_have_acted = false,
            _ => {}
        }
        match step {
            Step::Intended { before_sha256, .. } => {
                (self.code, self.message) = (None, None);
                self.started_at.get_or_insert(at);
                // The first one is the document as it was before this run.
                self.before = self.before.or(*before_sha256);
            }
            Step::Applied { status, sends, adopted, sha256, modified, .. } => {
                self.written = (*sha256, modified.clone());
                self.attempts += sends;
                self.status = status.or(self.status);
                self.adopted |= adopted;
                self.is_last_adopted = *adopted;
                self.sha256 = sha256.or(self.sha256);
                (self.code, self.message) = (None, None);
            }
            Step::Doubted { status, message, sends } | Step::NotTaken { status, message, sends } => {
                self.attempts += sends;
                self.status = *status;
                let in_doubt = matches!(step, Step::Doubted { .. });
                self.code = Some(if in_doubt { "in_doubt" } else { "not_taken" }.to_owned());
                self.message = Some(message.clone());
            }
            Step::Absent => {}
            Step::Reopened => (self.code, self.message) = (None, None),
            Step::NotSent { message } => {
                self.code = Some(NOT_SENT.to_owned());
                self.message = Some(message.clone());
            }
            Step::Archived { sha256, .. } => self.sha256 = Some(*sha256),
            Step::Ended { status, code, message, sends, found, .. } => {
                self.found.clone_from(found);
                self.attempts += sends;
                self.status = status.or(self.status);
                self.code = Some(code.clone());
                self.message = Some(message.clone());
            }
            Step::Verified { sha256, differences, modified, .. } => {
                self.seen_modified.clone_from(modified);
                self.sha256 = sha256.or(self.sha256);
                self.differences.clone_from(differences);
            }
        }
    }
}

/// Passes on the row of every item, in the plan's order.
///
/// # Errors
///
/// The plan or the journal cannot be read, or `each` failed.
pub fn rows(
    folder: &RunFolder,
    plan: &PlanFile,
    states: &ItemStates,
    mut each: impl FnMut(Row) -> Result<(), RunFolderError>,
) -> Result<(), RunFolderError> {
    let others = DependencyItems::of(plan)?;
    let wanted = File::open(folder.wanted()).ok();
    let sent = |item: &PlanItem| {
        let text = || read_span(wanted.as_ref()?, item.wanted?).ok();
        others.sent_sha256(item, text, |need| others.id_of(need, states))
    };
    // The first pass checked the chain; the complete part is only read again, item by item.
    let mut steps = StepsByItem::of(&folder.journal())?;
    // An import that was taken for a copy while its item was in doubt is not a copy once it belongs to the item.
    let mut owned: HashSet<Id> = HashSet::new();
    if steps.found_copies() {
        owned.extend(states.of_items());
    }
    for key in (1..=plan.len()).map(ItemKey) {
        let mut facts = Facts { copies: steps.copies(key), ..Facts::default() };
        facts.copies.retain(|copy| !owned.contains(&copy.id));
        steps.steps(key, |record| {
            if let Entry::Item { step, .. } = &record.entry {
                facts.take(record.at, step);
            }
        })?;
        let item = plan.item(key)?;
        let sent_sha256 = sent(&item);
        let row = row(item, &states.state(key), facts);
        let in_doubt = row.in_doubt || states.is_undecided(key);
        each(Row { sent_sha256, in_doubt, ..row })?;
    }
    Ok(())
}

/// The message for an item whose call was under way when its process ended.
const CUT_OFF: &str =
    "the run was cut off while this call was on its way: it is not known whether it had its effect";

fn row(mut item: PlanItem, state: &ItemState, mut facts: Facts) -> Row {
    // The import that the item was found to be is not a copy of it.
    facts.copies.retain(|copy| facts.found.as_ref() != Some(&copy.id));
    item.secrets = item.secrets_left(state.target()).to_vec();
    // The result is reported below.
    if state.target().is_some() {
        item.warnings.retain(|warning| warning != NOT_IN_BIN);
    }
    if let (Operation::Restore, Some(made), Some(was)) = (item.operation, state.target(), &item.target)
        && *made != was.id
    {
        item.warnings.push(format!("made anew: the recycle bin no longer holds {}", was.id));
        for user in &item.users {
            let warning = format!("{user} still names the old id {}: point it to {made}", was.id);
            item.warnings.push(warning);
        }
    }
    for Copy { id, equal, .. } in &facts.copies {
        let own = state.target().map_or_else(String::new, |own| format!(" beside {own}"));
        let likeness = if *equal { "equal" } else { "unlike" };
        item.warnings.push(format!(
            "a copy that this run did not make stands there{own}: import {id} of the same name, which is {likeness}"
        ));
    }
    if let (ItemState::InDoubt { .. }, None) = (state, &facts.code) {
        facts.attempts += 1;
        facts.code = Some("in_doubt".to_owned());
        facts.message = Some(CUT_OFF.to_owned());
    }
    let (outcome, verdict) = outcome_of(&item, state);
    let planned = item.target.as_ref();
    let (code, message) = match &item.problem {
        Some(problem) => (Some(problem.code.clone()), Some(problem.message.clone())),
        None => (facts.code, facts.message),
    };
    // The earlier document was overwritten, or lay in the recycle bin.
    let is_past = match item.operation {
        Operation::Update => matches!(state, ItemState::Applied { .. } | ItemState::Verified { .. }),
        operation => operation == Operation::Restore,
    };
    Row {
        outcome,
        verdict,
        target_id: state
            .target()
            .cloned()
            .or(facts.found)
            .or_else(|| planned.map(|planned| planned.id.clone())),
        attempts: facts.attempts,
        http_status: facts.status,
        error_code: code,
        error_message: message,
        differences: facts.differences,
        adopted: facts.adopted,
        is_last_adopted: facts.is_last_adopted,
        copies: facts.copies,
        in_doubt: matches!(state, ItemState::InDoubt { .. }),
        may_have_acted: facts.may_have_acted,
        accounted_for: item.is_work() || *state == ItemState::Untouched,
        before_sha256: facts.before,
        sent_sha256: item.sent_sha256,
        written: facts.written,
        seen_modified: facts.seen_modified,
        target_sha256: facts
            .sha256
            .or_else(|| planned.filter(|_| !is_past).and_then(|planned| planned.sha256)),
        started_at: facts.started_at,
        answered_at: facts.answered_at,
        finished_at: facts.finished_at,
        item,
    }
}
