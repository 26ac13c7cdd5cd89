//! What a run did to each item, as much as an undo needs: small, because there may be very many.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::documents::references::Kind;
use crate::journal::{GIVEN_UP, ItemState, ItemStates, NO_ANSWER};
use crate::model::stamp::Stamp;
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, PackedId, Verdict};
use crate::planner::undo::records::Records;
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::PackedSpan;
use crate::run_folder::forecast::Write;
use crate::run_folder::plan_item::{PlanItem, Witnesses};
use crate::run_folder::rows::Row;

/// What a run did to an item.
#[derive(Debug, Clone)]
pub(crate) struct Touched {
    /// The item of the run.
    pub item: ItemKey,
    pub kind: Kind,
    pub did: Did,
    /// The import or resource in the target.
    target: Option<PackedId>,
    /// The place among the records of what the run recorded of it.
    pub recorded: PackedSpan,
    /// Whether its write got no answer, and a lookup found that it had its effect.
    pub was_adopted: bool,
    needs: Option<Box<Box<[ItemKey]>>>,
    /// Whether a read may still be behind what the run wrote.
    pub is_recent: bool,
}

/// What has to be undone for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Did {
    /// It made an import that was not there.
    Made,
    /// It overwrote one.
    Overwrote,
    /// It removed one.
    Removed,
    /// It found an import with the name of an item, but did not create it.
    Met {
        /// Whether that held what was sent, in all but the name.
        equal: bool,
        /// Whether the run made one of that name itself, or may have.
        beside_own: bool,
    },
    /// Something was sent for it, and the result is unknown.
    Unknown,
}

/// How the run left what it wrote, as far as it saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Left {
    /// Fingerprint as last recorded.
    pub print: Option<Fingerprint>,
    /// `lastModified` in the answer to the last write, or else at the read-back.
    pub known: Option<Stamp>,
    /// Whether that is from the answer.
    pub was_answered: bool,
    /// Fingerprint of what the last write was answered with.
    pub answer: Option<Fingerprint>,
    /// Whether the run made it by one call, and knows it only by having looked for it: there was no answer.
    pub is_made_unseen: bool,
    /// Whether the read-back was not what was wanted.
    pub differs: bool,
    /// Whether it existed before the run: then it was modified after it was created.
    pub is_overwritten: bool,
}

impl Left {
    /// Fingerprint as last recorded, and `lastModified` in the answer to the last write and at the read-back.
    pub(crate) fn of(print: Option<Fingerprint>, answered: Option<&str>, seen: Option<&str>) -> Self {
        let known = answered.or(seen).map(Stamp::of);
        Self { print, known, was_answered: answered.is_some(), ..Self::default() }
    }
}

/// What the run recorded of what it touched.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub left: Left,
    /// SHA-256 of the text in `before.jsonl`.
    pub before_sha256: Option<Fingerprint>,
    /// Why the result is [unknown](Did::Unknown), for people.
    pub why: Option<String>,
}

impl Touched {
    /// The import or resource in the target.
    pub(crate) fn target(&self) -> Option<Id> {
        self.target.as_ref().map(Id::from)
    }

    /// The same; if an earlier undo created again what the run removed, for the new import.
    pub(crate) fn now_as(self, made_anew: &HashMap<Id, Id>) -> Self {
        if self.did != Did::Removed || made_anew.is_empty() {
            return self;
        }
        let now = self.target().and_then(|was| made_anew.get(&was)).map(PackedId::from);
        Self { target: now.or_else(|| self.target.clone()), ..self }
    }

    /// The same, as it is kept.
    pub(crate) fn packed_target(&self) -> Option<&PackedId> {
        self.target.as_ref()
    }

    /// Items of the run that it needed.
    pub(crate) fn needs(&self) -> &[ItemKey] {
        self.needs.as_ref().map(|needs| &***needs).unwrap_or_default()
    }

    /// Whether it is an import, and not a resource that one refers to or that refers to one.
    pub(crate) fn is_import(&self) -> bool {
        self.kind == Kind::Imports
    }

    /// Whether its document is compared, and so kept.
    pub(crate) fn is_compared(&self) -> bool {
        self.did == Did::Overwrote || self.was_adopted
    }

    /// The same, if the record of the run about it was stored.
    pub(crate) fn kept(self, recorded: &Recorded, records: &mut Records) -> Result<Self, RunFolderError> {
        Ok(Self { recorded: records.put(recorded)?, ..self })
    }

    /// The copies that the run found beside an item of its own, and what it recorded of them.
    pub(crate) fn copies(
        row: &Row,
        states: &ItemStates,
        is_recent: bool,
    ) -> impl Iterator<Item = (Self, Recorded)> {
        let own = if row.copies.is_empty() { None } else { Self::of(row, states, is_recent) };
        let beside_own = row.item.operation.makes_an_import()
            && own.is_some_and(|(own, _)| matches!(own.did, Did::Made | Did::Unknown));
        row.copies.iter().map(move |copy| {
            let one = Self {
                item: row.item.item,
                kind: Kind::Imports,
                did: Did::Met { equal: copy.equal, beside_own },
                target: Some(PackedId::from(&copy.id)),
                recorded: PackedSpan::default(),
                was_adopted: false,
                needs: None,
                is_recent,
            };
            let left = Left::of(Some(copy.sha256), None, copy.modified.as_deref());
            (one, Recorded { left, before_sha256: None, why: None })
        })
    }

    /// Whether its current state has to be read.
    pub(crate) fn is_read(&self) -> bool {
        self.target.is_some() && self.did != Did::Unknown
    }

    /// What the run did and what it recorded, if there is anything to undo or to name.
    pub(crate) fn of(row: &Row, states: &ItemStates, is_recent: bool) -> Option<(Self, Recorded)> {
        let state = states.state(row.item.item);
        let (made, mut why) = (state.target().is_some(), None);
        let did = match row.outcome {
            Outcome::Created | Outcome::Cloned | Outcome::Restored => Did::Made,
            Outcome::Updated => Did::Overwrote,
            Outcome::Deleted => Did::Removed,
            // What stands there is not what the run made.
            Outcome::Stale if made && row.error_code.as_deref() == Some("stale") => {
                let said = row.error_message.as_deref().unwrap_or("somebody changed it since");
                why = Some(said.to_owned());
                Did::Unknown
            }
            // A clone or a restored import that was not completed still exists in the target.
            _ if made
                && row.item.operation.makes_an_import()
                && !matches!(state, ItemState::InDoubt { .. }) =>
            {
                Did::Made
            }
            _ => {
                why = Some(unknown(row, &state)?);
                Did::Unknown
            }
        };
        let one = Self {
            item: row.item.item,
            kind: row.item.kind,
            did,
            target: row.target_id.as_ref().map(PackedId::from),
            recorded: PackedSpan::default(),
            was_adopted: row.adopted,
            needs: (!row.item.needs.is_empty()).then(|| Box::new(row.item.needs.as_slice().into())),
            is_recent,
        };
        let left = Left::of(row.target_sha256, row.written.1.as_deref(), row.seen_modified.as_deref());
        let left = Left {
            answer: row.written.0.filter(|_| !row.is_last_adopted),
            differs: row.verdict == Verdict::Differs,
            is_overwritten: did == Did::Overwrote,
            is_made_unseen: did == Did::Made && row.is_last_adopted && is_made_by_one_write(&row.item),
            ..left
        };
        Some((one, Recorded { left, before_sha256: row.before_sha256, why }))
    }
}

/// Whether nothing is written to what an item makes once that is made: then it was never modified, unless by somebody else.
fn is_made_by_one_write(item: &PlanItem) -> bool {
    match item.operation {
        Operation::Create => true,
        Operation::Clone => !Write::from(item).adjust,
        _ => false,
    }
}

/// Why it is not known what came of an item for which something was sent; `None` if nothing can have come of it.
fn unknown(row: &Row, state: &ItemState) -> Option<String> {
    if let ItemState::InDoubt { .. } = state {
        return Some("it could not be found out whether its call had its effect".to_owned());
    }
    let sent = row.may_have_acted;
    let code = row.error_code.as_deref().unwrap_or_default();
    let open = match row.outcome {
        Outcome::Conflict => sent,
        Outcome::Failed => code == NO_ANSWER || code == GIVEN_UP,
        // An intent was written before it was found changed.
        Outcome::Stale => sent && row.item.operation != Operation::Delete && code != "gone",
        _ => false,
    };
    let said = row.error_message.as_deref().unwrap_or("no reason was recorded");
    open.then(|| format!("it is not known what this run did to it ({said})"))
}

/// What a resumed undo looks for before it writes. Where the run removed all that was remembered, its absence tells nothing.
pub(super) fn witnesses_of(old: &Witnesses, touched: &[Touched], made_anew: &HashMap<Id, Id>) -> Witnesses {
    let removed = touched.iter().filter(|one| one.did == Did::Removed);
    let removed: HashSet<Id> = removed.filter_map(Touched::target).chain(made_anew.keys().cloned()).collect();
    let mut witnesses = old.clone();
    if witnesses.target.iter().all(|witness| removed.contains(&witness.id)) {
        witnesses.target.clear();
    }
    witnesses
}
