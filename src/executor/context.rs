//! What every part of a run works with, and the documents that are to be written to the target.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::api::Document;
use crate::documents::document::Printed;
use crate::documents::normal::Ignore;
use crate::executor::RunOptions;
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::{Before, LookupQueue};
use crate::executor::restless::FirstReads;
use crate::executor::running_flows::RunningFlows;
use crate::executor::wave_gate::WaveGate;
use crate::executor::withdrawn::Withdrawn;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::job::Waves;
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events};
use crate::model::time::Clock;
use crate::model::{Fingerprint, Id, ItemKey, Lease};
use crate::run_folder::dependency_items::{DependencyItems, damaged_wanted};
use crate::run_folder::other_runs::{Deed, OtherRuns, deeds_since};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;
use crate::run_folder::texts_in_order::TextsInOrder;

/// What every part of a run works with.
pub(crate) struct Context<'a> {
    pub plan: &'a PlanFile,
    pub others: &'a DependencyItems,
    /// The target account. Its calls are held back once nothing new may start.
    pub target: &'a Account,
    pub wanted: Option<TextsInOrder>,
    /// What is left out of every comparison.
    pub ignore: Ignore,
    pub journal: JournalView<'a>,
    /// What was in the target when the run was planned.
    pub before: &'a Before<'a>,
    /// Whether an earlier process carried out a part of the run.
    pub again: bool,
    /// When this process began to carry out the run.
    pub began: Instant,
    pub lookups: LookupQueue<'a>,
    pub options: RunOptions,
    /// The right to write to the target.
    pub lease: &'a dyn Lease,
    /// The other runs, if an earlier process began this one: nobody else writes while this process carries it out.
    pub other_runs: Option<&'a dyn OtherRuns>,
    pub cancel: &'a Cancel,
    pub events: &'a Events,
    pub clock: &'a Clock,
    pub places: Arc<Semaphore>,
    /// When a create was last sent again because its effect could not be seen.
    pub sent_again: Cell<Option<Instant>>,
    /// The longest time for which lists lacked what a create had made that was meanwhile sent again: lists may lack
    /// what the later call made for as long.
    pub lag: Cell<Duration>,
    /// Copies that are recorded, and imports that items name but did not make.
    pub copies: RefCell<HashSet<Id>>,
    /// The waves of the run, and who is asked between them.
    pub waves: Option<(&'a Waves, &'a dyn WaveGate)>,
    /// Deletions that are not carried out any more.
    pub withdrawn: &'a Withdrawn,
    /// Whether whoever resumes the run saw how it ended, and chose to go on.
    pub goes_on: bool,
    /// The wave after which somebody declined to go on, and the number of waves.
    pub declined: Cell<Option<(u32, u32)>>,
    /// The flows that keep imports from being changed while they are running, under `stop.running`.
    pub running: Option<RunningFlows>,
    /// Whether the run stops because the service is unavailable.
    pub away: Cell<bool>,
    /// Whether the run stops because the lease was lost.
    pub lease_lost: Cell<bool>,
    /// Items for which the run waited because a read might have shown an older state than the plan saw.
    pub waited_for: RefCell<HashSet<ItemKey>>,
    /// Items that could not be read after their call and are read once more.
    pub unread: RefCell<HashSet<ItemKey>>,
    /// What the first read showed of imports that differ when read back.
    pub first_reads: FirstReads,
    /// Items whose import was read again because their write had waited long since the first read.
    pub read_again: RefCell<HashSet<ItemKey>>,
}

impl Context<'_> {
    /// Whether a write may be sent now: the run is not draining and still has its right to write. Asked with the
    /// permit in hand, before and after the intent is put on disk. A lost lease ends the run.
    pub(crate) fn may_write(&self) -> bool {
        if self.cancel.is_draining() {
            return false;
        }
        if !self.lease.still_held() {
            self.lease_lost.set(true);
            self.events.emit(&Event::Stopping { reason: self.lost_lease() });
            self.cancel.drain();
            return false;
        }
        true
    }

    /// The reason with which a run ends that lost its lease.
    pub(crate) fn lost_lease(&self) -> String {
        lost_lease(self.lease)
    }

    /// Whether another run did what a call in doubt of this run was to do.
    pub(crate) async fn is_of_another_run(&self, id: &Id, is_it: impl Fn(&Deed) -> bool) -> bool {
        let Some(other_runs) = self.other_runs else { return false };
        deeds_since(other_runs, self.plan, HashSet::from([id.clone()])).await.iter().any(is_it)
    }

    /// Whether a read of an item's import may show an older state than the plan saw: true at most once for an item,
    /// and only soon after the plan. The age of the plan is not measured with wall clocks, which jump; the plan was
    /// made before this process began to carry it out.
    pub(crate) fn may_be_behind(&self, item: ItemKey) -> bool {
        self.began.elapsed() < self.options.grace_period && self.waited_for.borrow_mut().insert(item)
    }
}

/// The reason with which a run ends that lost the right to write.
pub(crate) fn lost_lease(lease: &dyn Lease) -> String {
    format!("the lease of the target was lost: {}", lease.how_lost())
}

/// A document of the target with its fingerprint, computed without what the job ignores.
pub(crate) fn printed<'t>(context: &Context<'_>, text: &'t str) -> Printed<'t> {
    Printed::new(text.as_bytes(), &context.ignore)
}

/// The fingerprint of the answer to the write of an item's document, if the answer equals what was sent: the import
/// need not be read then.
pub(crate) fn print_as_sent(
    context: &Context<'_>,
    item: &PlanItem,
    answer: &Document,
) -> Option<Fingerprint> {
    (answer.is_as_sent && context.ignore.is_empty()).then(|| sent_sha256(context, item)).flatten()
}

/// The text of the document that is to be written to the target.
pub(crate) fn document(context: &Context<'_>, item: &PlanItem) -> Result<Bytes, EngineError> {
    let made = |need| context.journal.id_of(need);
    wanted_text(context.plan, context.wanted.as_ref(), context.others, item, made)
}

/// Does the same for a plan, with the ids that `made` knows.
pub(crate) fn wanted_text(
    plan: &PlanFile,
    wanted: Option<&TextsInOrder>,
    others: &DependencyItems,
    item: &PlanItem,
    made: impl Fn(ItemKey) -> Option<Id>,
) -> Result<Bytes, EngineError> {
    let bad = |what: &str| damaged_wanted(&plan.path().with_file_name("wanted.jsonl"), item.item, what);
    let (Some(file), Some(span)) = (wanted, item.wanted) else {
        return Err(bad("is missing").into());
    };
    let text = file.read(span).map_err(|_| bad("is cut off"))?;
    others.filled(item, text, made).map_err(|unfilled| bad(&unfilled.to_string()).into())
}

/// The fingerprint of what is sent for an item.
pub(crate) fn sent_sha256(context: &Context<'_>, item: &PlanItem) -> Option<Fingerprint> {
    let text = || context.wanted.as_ref()?.read(item.wanted?).ok();
    context.others.sent_sha256(item, text, |need| context.journal.id_of(need))
}

/// "an import", "a script".
pub(crate) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u', 'E']) { "an" } else { "a" };
    format!("{article} {noun}")
}
