//! What earlier undos of a run created again: it is in the account under ids other than those that the run removed,
//! and a later undo must not create it once more.

use std::collections::HashMap;

use super::SessionError;
use super::runs::{OpenedRun, all, first_record};
use crate::job::Action;
use crate::journal::Entry;
use crate::model::shown::shell_word;
use crate::model::{Id, Operation};
use crate::run_folder::rows::rows;
use crate::run_folder::staging::parent_of;

/// The ids of imports that a run removed, each with the id under which an undo beside the run created it again; if
/// there are several, the last.
///
/// # Errors
///
/// An undo was broken off, and it is not known whether it made one of them.
pub(super) fn made_anew(of: &OpenedRun) -> Result<HashMap<Id, Id>, SessionError> {
    let (mut made, run) = (HashMap::new(), of.id());
    if !of.plan.tail().totals.contains_key(Operation::Delete.as_str()) {
        return Ok(made); // It removed nothing.
    }
    let undos = all(parent_of(of.folder.path())).into_iter().filter(|path| {
        matches!(first_record(path).map(|record| record.entry), Some(Entry::Opened(header))
            if header.action == Action::Undo)
    });
    for path in undos {
        // What cannot be read tells nothing.
        let Ok(undo) = OpenedRun::open(&path) else { continue };
        if undo.plan.head().of_run.as_ref() != Some(&run) {
            continue;
        }
        let mut in_doubt = false;
        rows(&undo.folder, &undo.plan, &undo.states, |row| {
            if row.item.operation == Operation::Restore {
                in_doubt |= row.in_doubt;
                if let (Some(was), Some(is)) = (row.item.target, row.target_id)
                    && was.id != is
                {
                    made.insert(was.id, is);
                }
            }
            Ok(())
        })?;
        if in_doubt {
            return Err(SessionError::Refused(format!(
                "an undo of this run was interrupted, and the effect of its last call is not known: \
                 `transship resume {}` finishes it",
                shell_word(&path.display().to_string())
            )));
        }
    }
    Ok(made)
}
