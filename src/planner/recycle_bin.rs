//! Checks whether the recycle bin still has what has to be restored. What it no longer has is created again, and the
//! plan says so.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, pin_mut};

use crate::api::ErrorKind;
use crate::documents::contained;
use crate::documents::document::{Printed, read_tree};
use crate::documents::normal::{Comparison, Ignore, compare, remove_masks};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::read_by_id::AT_ONCE;
use crate::model::cancel::Cancel;
use crate::model::{Id, Operation};
use crate::run_folder::plan_item::{NOT_IN_BIN, PlanItem};

/// How many the bin is asked for at most: each takes a call.
const MOST_ASKED: usize = 100;
/// Bytes of a document that is kept for a comparison, at most.
const MOST_HELD: usize = 1 << 18;

/// What is to come back: there may be very many, and only the first are asked for.
#[derive(Debug, Default)]
pub(crate) struct ComesBack {
    /// The first of them, each by its list and id.
    first: Vec<(&'static str, Id)>,
    /// How many there are beside them.
    more: usize,
}

impl ComesBack {
    /// Adds one; `which` is asked for its list and id as long as it may be asked for. None of it comes back without an id.
    pub(crate) fn push<E>(
        &mut self,
        which: impl FnOnce() -> Result<Option<(&'static str, Id)>, E>,
    ) -> Result<(), E> {
        if self.first.len() < MOST_ASKED {
            self.first.extend(which()?);
        } else {
            self.more += 1;
        }
        Ok(())
    }
}

/// What the recycle bin says of what is to come back.
#[derive(Debug, Default)]
pub(crate) struct RecycleBin {
    gone: HashSet<Id>,
    /// What it holds of them, but for very large documents.
    held: HashMap<Id, String>,
    /// How many of them it holds.
    found: usize,
    /// How many it was not asked for, or gave no answer about.
    unknown: usize,
}

impl RecycleBin {
    /// Asks the bin of an account for what is to come back to it.
    ///
    /// # Errors
    ///
    /// The token is refused, the service is away, or it was interrupted.
    pub(crate) async fn ask(account: &Account, all: ComesBack, cancel: &Cancel) -> Result<Self, EngineError> {
        let mut bin = Self { unknown: all.more, ..Self::default() };
        let reads = all.first.into_iter().map(|(list, id)| async move {
            let read = account.client.bin_get(list, &id).await;
            (id, read)
        });
        let reads = futures::stream::iter(reads).buffer_unordered(AT_ONCE);
        pin_mut!(reads);
        loop {
            let read = tokio::select! {
                read = reads.next() => read,
                () = cancel.draining() => return Err(EngineError::Interrupted),
            };
            match read {
                None => return Ok(bin),
                Some((id, Ok(document))) => {
                    bin.found += 1;
                    if document.text.len() <= MOST_HELD {
                        bin.held.insert(id, document.text.to_string());
                    }
                }
                Some((id, Err(error))) if error.kind == ErrorKind::NotFound => {
                    bin.gone.insert(id);
                }
                Some((_, Err(error))) if error.kind == ErrorKind::Unauthorized || error.is_held_back() => {
                    return Err(account.failed("read the recycle bin")(error));
                }
                Some(_) => bin.unknown += 1,
            }
        }
    }

    /// Notes on an item that its import is created again or, where writing to it would erase its secrets, what it comes
    /// back as, and what of that is unlike `wanted`.
    pub(crate) fn tell(&self, item: &mut PlanItem, wanted: Option<&[u8]>, ignore: &Ignore) {
        let (Operation::Restore, Some(target)) = (item.operation, &mut item.target) else { return };
        if self.gone.contains(&target.id) {
            item.warnings.push(NOT_IN_BIN.to_owned());
        } else if !item.secrets.is_empty()
            && let (Some(held), Some(wanted)) = (self.held.get(&target.id), wanted)
        {
            target.sha256 = Some(Printed::new(held.as_bytes(), ignore).print);
            let unlike = contained(|| unlike(held, wanted, &item.secrets)).unwrap_or_default();
            if !unlike.is_empty() {
                item.warnings.push(format!(
                    "it comes back as the recycle bin holds it, with its secrets, which writing to it would erase: {} stays \
                     as it is there",
                    unlike.join(", ")
                ));
            }
        }
    }

    /// Whether it was asked, and is known to hold nothing of what it was asked for.
    pub(crate) fn has_none(&self) -> bool {
        !self.gone.is_empty() && self.found == 0 && self.unknown == 0
    }

    /// What a plan says of them as a whole.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let gone = (!self.gone.is_empty()).then(|| {
            let (what, how) = match self.gone.len() {
                1 => ("1 item".to_owned(), "it is made anew, under a new id"),
                count => (format!("{count} items"), "they are made anew, under new ids"),
            };
            format!("the recycle bin no longer holds {what} that the plan restores: {how}")
        });
        let unknown = (self.unknown > 0).then(|| {
            let what = if self.unknown == 1 { "1 item" } else { &format!("{} items", self.unknown) };
            format!(
                "it is not known whether the recycle bin still holds {what} that the plan restores: what it no longer holds \
                 is made anew, under a new id"
            )
        });
        gone.into_iter().chain(unknown)
    }
}

/// Where the document in the bin is not as wanted, apart from the secrets that only the bin holds.
fn unlike(held: &str, wanted: &[u8], secrets: &[String]) -> Vec<String> {
    let (Ok(mut held), Ok(wanted)) = (read_tree(held.as_bytes()), read_tree(wanted)) else {
        return Vec::new();
    };
    remove_masks(&mut held, secrets);
    let Comparison { mut differences, added, .. } = compare(&wanted, &held);
    differences.extend(added);
    differences.sort_unstable();
    differences.dedup();
    differences
}
