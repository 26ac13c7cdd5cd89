//! Prepares some imports at a time on a separate thread, so that answers and signals are handled without delay.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::documents::{Document, MemberPlaces, Mistake, Unreadable, WrittenMembers, contained};
use crate::inventory::error::EngineError;
use crate::inventory::related::print_of;
use crate::inventory::select::PickProblem;
use crate::job::Action;
use crate::model::cancel::Cancel;
use crate::model::{Fingerprint, Head, ItemKey, Outcome};
use crate::planner::facts::Known;
use crate::planner::items::{blank, ended};
use crate::planner::prepare::{Prepared, SourceDocument, TransformContext};
use crate::planner::repeated_update::RepeatedUpdate;
use crate::run_folder::plan_item::{ImportRef, PlanItem};

/// A selected import as it was read.
#[derive(Debug)]
pub(crate) struct Unprepared {
    pub number: ItemKey,
    /// The row of the manifest that named it.
    pub row: Option<u32>,
    pub document: Document,
    pub todo: Todo,
}

/// What has to be done with it.
#[derive(Debug)]
pub(crate) enum Todo {
    /// Nothing can be done, for this reason.
    Refuse(PickProblem),
    /// It is transformed, with the columns of the row that names it; but where it was written before, to what it was then to be.
    Prepare(BTreeMap<String, String>, Option<RepeatedUpdate>),
}

/// What imports are prepared with.
pub(crate) struct PrepareInputs {
    pub context: TransformContext,
    pub known: Known,
}

/// An import, and its result.
#[derive(Debug)]
pub(crate) struct PreparedImport {
    /// The row of the manifest that named it.
    pub row: Option<u32>,
    pub document: Document,
    pub prepared: Prepared,
}

/// A chunk that is being prepared. Dropped, it ends after the import at which it is.
#[derive(Debug)]
pub(crate) struct Preparing(JoinHandle<Vec<PreparedImport>>);

impl Preparing {
    /// Begins to prepare a chunk.
    pub(crate) fn start(chunk: Vec<Unprepared>, inputs: Arc<PrepareInputs>, cancel: &Cancel) -> Self {
        let cancel = cancel.clone();
        Self(tokio::task::spawn_blocking(move || {
            let go_on = chunk.into_iter().take_while(|_| !cancel.is_draining());
            go_on.map(|one| one.prepare(&inputs)).collect()
        }))
    }

    /// The result of the import.
    ///
    /// # Errors
    ///
    /// [`EngineError::Interrupted`], at once.
    pub(crate) async fn done(self, cancel: &Cancel) -> Result<Vec<PreparedImport>, EngineError> {
        tokio::select! {
            biased;
            () = cancel.draining() => Err(EngineError::Interrupted),
            // Panics are contained. If the runtime is ending, nobody needs the result.
            done = self.0 => done.map_err(|_| EngineError::Interrupted),
        }
    }
}

impl Unprepared {
    fn prepare(self, inputs: &PrepareInputs) -> PreparedImport {
        let PrepareInputs { context, known } = inputs;
        let Self { number, row, mut document, todo } = self;
        let prepared = match todo {
            Todo::Refuse(problem) => {
                let head = document.head();
                let item = with_source(blank(number, head), head);
                Prepared::over(ended(item, problem.outcome, problem.code, problem.message))
            }
            Todo::Prepare(columns, again) => {
                let tree = document.take_tree();
                let head = document.head();
                let facts = known.facts(number, head, columns);
                let source = |tree, places| {
                    let written = WrittenMembers::new(document.text(), places);
                    SourceDocument { head, tree, written }
                };
                match tree {
                    Ok((tree, places)) => {
                        contained(|| context.prepare(number, source(tree, &places), &facts, again))
                            .unwrap_or_else(|mistake| unprepared(number, head, mistake))
                    }
                    // A backup keeps the text, whatever it is.
                    Err(_) if context.action() == Action::Backup => {
                        let places = MemberPlaces::default();
                        let mut kept = context.prepare(number, source(Value::Null, &places), &facts, None);
                        known_by(&mut kept.item, print_of(document.text()));
                        kept
                    }
                    Err(why) => unreadable(number, head, &why),
                }
            }
        };
        PreparedImport { row, document, prepared }
    }
}

/// Identifies the item of a text that cannot be parsed into a value by this fingerprint.
fn known_by(item: &mut PlanItem, print: Fingerprint) {
    item.sent_sha256 = Some(print);
    if let Some(source) = &mut item.source {
        source.sha256 = Some(print);
    }
}

/// The item of a document that has no tree.
fn unreadable(number: ItemKey, head: &Head, why: &Unreadable) -> Prepared {
    let message = format!("its document cannot be read: {why}");
    let item = ended(with_source(blank(number, head), head), Outcome::Failed, "unreadable", message);
    Prepared::over(item)
}

/// The item of a document over which the program panicked.
fn unprepared(number: ItemKey, head: &Head, mistake: Mistake) -> Prepared {
    let item = with_source(blank(number, head), head);
    Prepared::over(ended(item, Outcome::Failed, "panic", mistake.to_string()))
}

/// The item of an import of the source.
pub(crate) fn with_source(mut item: PlanItem, head: &Head) -> PlanItem {
    item.source =
        Some(ImportRef { id: head.id.clone(), name: head.name.clone(), sha256: None, modified: None });
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Document;

    #[test]
    fn a_document_that_no_program_can_hold_fails_and_says_why() {
        let deep = format!(
            r#"{{"_id":"5f7c579b6411271af4e7cefa","name":"b","a":{}1{}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        let half = r#"{"_id":"5f7c579b6411271af4e7cefa","name":"b","sampleData":"\ud800"}"#.to_owned();
        for (text, why) in [(deep, "nested more than 128 levels deep"), (half, "lone surrogate")] {
            let document = Document::from_bytes(text.into_bytes()).unwrap();
            let (head, error) = (document.head(), document.tree().unwrap_err());
            let Prepared { item, wanted, .. } = unreadable(ItemKey(1), head, error);
            assert_eq!((item.name.as_str(), item.outcome, wanted), ("b", Some(Outcome::Failed), None));
            assert_eq!(item.source.unwrap().id, head.id);
            let message = item.problem.unwrap().message;
            assert!(
                message.starts_with("its document cannot be read: ") && message.contains(why),
                "{message}"
            );
        }
    }
}
