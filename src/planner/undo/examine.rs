//! What the target has now of something that a run touched. This decides how it is undone; other modules describe it.

use std::path::Path;

use crate::documents::Document;
use crate::documents::diff::{Change, diff};
use crate::documents::normal::masks;
use crate::inventory::error::EngineError;
use crate::model::stamp::Stamp;
use crate::model::{Id, Operation};
use crate::planner::undo::UndoRequest;
use crate::planner::undo::judge::{TargetState, Touch};
use crate::planner::undo::left_alone::{bears_another_name, foreign, may_hold_an_edit};
use crate::planner::undo::namesakes::Namesake;
use crate::planner::undo::target_states::{Now, TargetStates};
use crate::planner::undo::touched::{Did, Recorded, Touched};
use crate::planner::undo::wanted::{Wanted, print_without_server_fields};
use crate::run_folder::before_images::BeforeImages;
use crate::run_folder::document_file::stored_document;
use crate::run_folder::plan_item::{ImportRef, PlanItem};

/// What is found of something that a run touched.
pub(super) enum Finding {
    /// The effect of the run's call is unknown, for this reason.
    NotKnown(String),
    /// The journal does not say which import it was.
    NoTarget,
    /// It cannot be read.
    Unreadable { code: String, why: String },
    /// The run removed it, and it is there again.
    IsBack,
    /// The run removed it, and its before-image is not known.
    RemovedWithoutBeforeImage,
    /// The run removed it, and it can be restored. `beside` has its name.
    Removed { wanted: Wanted, beside: Vec<Namesake> },
    /// The run made it, and it is gone.
    MadeAndGone,
    /// The run overwrote it, and it is gone.
    OverwrittenAndGone,
    /// A copy that the run found and did not make.
    Copy { equal: bool, beside_own: bool, touch: Touch },
    /// The run overwrote it, and its before-image is not known.
    OverwrittenWithoutBeforeImage,
    /// It is as it was before the run, but for this secret, which the run changed and the service shows only masked.
    SecretChanged(String),
    /// It is as it was before the run, but for these secrets.
    UndoneAlready { secrets: Vec<String> },
    /// Somebody changed it since, or may have.
    Changed(Touch),
    /// It was found after a call without an answer, but has another name.
    AnotherName(String),
    /// Its contents cannot be explained by the run or the service.
    MayHoldAnEdit { why: &'static str, foreign: String },
    /// It shows a secret only masked, which writing it back would erase.
    Masked(String),
    /// The run made it, and it is as the run left it.
    Made,
    /// The run overwrote it, and it is as the run left it.
    Overwritten { wanted: Wanted, changes: Vec<Change> },
}

/// What is found, and the import or resource of the target that it is about.
pub(super) struct Examined {
    pub target: Option<ImportRef>,
    pub finding: Finding,
}

/// Something that a run touched, by its place.
struct Subject<'a> {
    one: &'a Touched,
    at: usize,
    of_run: &'a PlanItem,
    recorded: Recorded,
}

impl Subject<'_> {
    /// What it is called in the plan, as it is found.
    fn target(&self, state: Option<&TargetState>) -> ImportRef {
        ImportRef {
            id: self.one.target().unwrap_or_else(|| Id::from("")),
            name: self.of_run.name.clone(),
            sha256: state.map(|state| state.print),
            modified: state.and_then(|state| state.modified.as_ref()).map(Stamp::text),
        }
    }
}

/// What the findings rest on.
pub(super) struct Examiner<'a> {
    pub with: &'a UndoRequest<'a>,
    pub before_images: BeforeImages,
    pub target_states: TargetStates,
}

impl Examiner<'_> {
    /// Examines what the item `of_run` of the run touched. `at` is its place among all that was touched.
    pub(super) fn examine(
        &mut self,
        one: &Touched,
        at: usize,
        of_run: &PlanItem,
    ) -> Result<Examined, EngineError> {
        let recorded = self.target_states.recorded(one)?;
        let subject = Subject { one, at, of_run, recorded };
        if one.did == Did::Unknown {
            let target = one.packed_target().map(|_| subject.target(None));
            return Ok(Examined {
                target,
                finding: Finding::NotKnown(subject.recorded.why.unwrap_or_default()),
            });
        }
        if one.packed_target().is_none() {
            return Ok(Examined { target: None, finding: Finding::NoTarget });
        }
        let found = match self.target_states.now(at) {
            Now::Unreadable => {
                let (code, why) = self.target_states.unreadable(at)?;
                let finding = Finding::Unreadable { code, why };
                return Ok(Examined { target: Some(subject.target(None)), finding });
            }
            Now::Gone => None,
            Now::There(touch) => Some((self.target_states.state(at)?, touch)),
        };
        match found {
            _ if one.did == Did::Removed => self.examine_removed(&subject, found.is_some()),
            None => {
                let is_overwritten = one.did == Did::Overwrote;
                let finding = if is_overwritten { Finding::OverwrittenAndGone } else { Finding::MadeAndGone };
                Ok(Examined { target: None, finding })
            }
            Some((state, touch)) => {
                let finding = self.examine_present(&subject, &state, touch)?;
                Ok(Examined { target: Some(subject.target(Some(&state))), finding })
            }
        }
    }

    /// What the run removed.
    fn examine_removed(&mut self, subject: &Subject<'_>, is_back: bool) -> Result<Examined, EngineError> {
        let mut target = subject.target(None);
        if is_back {
            return Ok(Examined { target: Some(target), finding: Finding::IsBack });
        }
        // It comes back under its own id, if what an earlier undo made in its stead is gone.
        if let Some(own) = &subject.of_run.target {
            target.id = own.id.clone();
        }
        let kept =
            self.before_images.document(subject.one.item, subject.recorded.before_sha256).ok().flatten();
        let finding = match kept.as_ref().and_then(Wanted::of) {
            None => Finding::RemovedWithoutBeforeImage,
            Some(wanted) => {
                let beside = self.target_states.beside(subject.one, &subject.of_run.name, &wanted)?;
                Finding::Removed { wanted, beside }
            }
        };
        Ok(Examined { target: Some(target), finding })
    }

    /// What is there and the run made, overwrote or met.
    fn examine_present(
        &mut self,
        subject: &Subject<'_>,
        state: &TargetState,
        touch: Touch,
    ) -> Result<Finding, EngineError> {
        let Subject { one, at, of_run, recorded } = subject;
        let wanted = match one.did {
            Did::Met { equal, beside_own } => return Ok(Finding::Copy { equal, beside_own, touch }),
            Did::Overwrote => {
                let kept = self.before_images.document(one.item, recorded.before_sha256)?;
                let Some(wanted) = kept.as_ref().and_then(Wanted::of) else {
                    return Ok(Finding::OverwrittenWithoutBeforeImage);
                };
                Some(wanted)
            }
            Did::Made | Did::Removed | Did::Unknown => None,
        };
        if touch == Touch::SeenUnlike && came_back_as_planned(of_run, state) {
            return Ok(Finding::Made);
        }
        let is_read = wanted.is_some() || touch == Touch::Untouched;
        let now = if is_read { self.document(*at)? } else { None };
        if let Some(wanted) = &wanted
            && let Some(undone) = undone_already(of_run, wanted, now.as_ref())
        {
            return Ok(undone);
        }
        if touch != Touch::Untouched {
            return Ok(Finding::Changed(touch));
        }
        if let Some(now) = &now {
            if recorded.left.is_made_unseen && bears_another_name(&of_run.name, now) {
                return Ok(Finding::AnotherName(now.head().name.clone()));
            }
            if let Some(why) = may_hold_an_edit(one, &recorded.left, state) {
                let before = wanted.as_ref().and_then(|wanted| wanted.tree.as_ref());
                let foreign = foreign(self.with, of_run, before, (*at, now), &mut self.target_states)?;
                if !foreign.is_empty() {
                    return Ok(Finding::MayHoldAnEdit { why, foreign });
                }
            }
        }
        let Some(wanted) = wanted else { return Ok(Finding::Made) };
        let Some(Ok(tree)) = now.as_ref().map(Document::tree) else {
            return Ok(Finding::Overwritten { wanted, changes: Vec::new() });
        };
        if let Some(secret) = masks(tree).into_iter().next() {
            return Ok(Finding::Masked(secret));
        }
        let changes = wanted.tree.as_ref().map(|wanted| diff(tree, wanted)).unwrap_or_default();
        Ok(Finding::Overwritten { wanted, changes })
    }

    /// The document as it is now, where it was read to be compared.
    fn document(&mut self, at: usize) -> Result<Option<Document>, EngineError> {
        let text = self.target_states.text(at)?;
        Ok(text.map(|text| stored_document(text, Path::new("now.spool"))).transpose()?)
    }
}

/// Whether it is as the recycle bin held it when the run was planned: nobody has changed it since, though it is not as wanted.
fn came_back_as_planned(of_run: &PlanItem, state: &TargetState) -> bool {
    let held = of_run.target.as_ref().filter(|_| of_run.operation == Operation::Restore);
    held.is_some_and(|held| held.sha256 == Some(state.print))
}

/// What is found where the document is already as it was before the run.
fn undone_already(of_run: &PlanItem, wanted: &Wanted, now: Option<&Document>) -> Option<Finding> {
    let print = print_without_server_fields(now?);
    if print != wanted.as_it_was && print != wanted.print {
        return None;
    }
    // A secret, of those that the import showed masked before, that the run wrote or took out.
    let is_changed = |secret: &&String| of_run.changes.iter().any(|change| change.path == **secret);
    if let Some(secret) = wanted.secrets.iter().find(is_changed) {
        return Some(Finding::SecretChanged(secret.clone()));
    }
    let secrets = if print == wanted.as_it_was { Vec::new() } else { wanted.secrets.clone() };
    Some(Finding::UndoneAlready { secrets })
}
