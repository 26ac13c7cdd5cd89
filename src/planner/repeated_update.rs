//! An update that is to be redone although its write had its effect: its steps are not applied to their own result.

use std::path::PathBuf;

use serde_json::Value;

use crate::documents::diff::{Change, diff};
use crate::documents::document::read_tree;
use crate::model::{Outcome, Verdict};
use crate::planner::items::ended;
use crate::run_folder::Span;
use crate::run_folder::document_file::read_span;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::plan_item::PlanItem;

/// What an earlier run wrote over an import that did not read back so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedWrite {
    /// The file of the documents that it wrote.
    pub file: PathBuf,
    /// Where the document lies in it.
    pub span: Span,
    /// What it changed, as its plan says.
    pub paths: Vec<String>,
}

/// The same, as it is looked at.
#[derive(Debug)]
pub(crate) struct RepeatedUpdate {
    pub wanted: Value,
    paths: Vec<String>,
}

impl UnverifiedWrite {
    /// Reads the document; `None` if it cannot be compared.
    pub(crate) fn read(&self) -> Result<Option<RepeatedUpdate>, RunFolderError> {
        let text = std::fs::File::open(&self.file).and_then(|file| read_span(&file, self.span));
        let text = text.map_err(RunFolderError::file("read", &self.file))?;
        Ok(read_tree(&text).ok().map(|wanted| RepeatedUpdate { wanted, paths: self.paths.clone() }))
    }
}

impl RepeatedUpdate {
    /// How the item ends without a write; `None` where what the run changed does not stand there and nothing else was changed.
    pub(crate) fn end_without_write(&self, item: &PlanItem, now: &Value) -> Option<PlanItem> {
        let differ = diff(now, &self.wanted);
        let (own, others): (Vec<&Change>, Vec<&Change>) =
            differ.iter().partition(|change| self.is_own(&change.path));
        if others.is_empty() {
            return None;
        }
        let paths = others.iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join(", ");
        Some(if own.is_empty() {
            let message = format!("what the run changed stands there; what differs is not its own ({paths})");
            let item = PlanItem { verdict: Some(Verdict::NotChecked), ..item.clone() };
            ended(item, Outcome::Unchanged, "holds", message)
        } else {
            let message = format!(
                "it differs from what the run wrote also in what that did not change ({paths}): compare it, and run the job again \
                 to transform it as it is now"
            );
            ended(item.clone(), Outcome::Conflict, "edited", message)
        })
    }

    /// Whether a path is one of those that the run changed, or lies within one, or around one.
    fn is_own(&self, path: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[', '.']))
        };
        self.paths.iter().any(|own| within(path, own) || within(own, path))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Head, Id, ItemKey};
    use crate::planner::items::blank;

    #[test]
    fn what_the_run_changed_is_told_from_what_others_did() {
        let wanted = json!({ "name": "EU a", "http": { "headers": [], "body": "x" }, "description": "d" });
        let again = RepeatedUpdate { wanted, paths: vec!["/name".into(), "/http/headers".into()] };
        let item = blank(ItemKey(1), &Head::new(Id::from("1"), "a"));
        let table = [
            (
                json!({ "name": "EU a", "http": { "headers": [], "body": "x" }, "description": "e" }),
                Some("holds"),
            ),
            (
                json!({ "name": "EU a", "http": { "headers": [], "body": "y" }, "description": "d" }),
                Some("holds"),
            ),
            (json!({ "name": "a", "http": { "headers": [], "body": "x" }, "description": "d" }), None),
            (json!({ "name": "EU a", "http": { "headers": [1], "body": "x" }, "description": "d" }), None),
            (json!({ "name": "EU a", "description": "d" }), None),
            (
                json!({ "name": "a", "http": { "headers": [], "body": "x" }, "description": "e" }),
                Some("edited"),
            ),
        ];
        for (now, code) in table {
            let ended = again.end_without_write(&item, &now);
            let ended =
                ended.as_ref().and_then(|item| item.problem.as_ref()).map(|problem| problem.code.as_str());
            assert_eq!(ended, code, "{now}");
        }
    }
}
