//! `waves`: groups of imports, each written and verified before the next begins.

use std::time::Duration;

use crate::executor::context::Context;
use crate::executor::halt;
use crate::executor::stop_policy::Policy;
use crate::executor::wave_gate::{NextWave, WaveReport};
use crate::inventory::error::EngineError;
use crate::job::{Pause, Verify, Wave, Waves, wave_ends};
use crate::model::event::Event;
use crate::model::shown::{self, imports};
use crate::model::{ItemKey, Outcome, Verdict};
use crate::run_folder::outcome::outcome_of;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// How many imports of a wave are named in a report of it.
const NAMED: usize = 3;

/// How many imports of the next wave are passed to the gate.
const LISTED: usize = 200;

/// Which item belongs to which wave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WaveOrder {
    /// The wave of each item, from 0; empty if there is only one wave.
    of: Vec<u32>,
    count: u32,
    /// The last wave, if it deletes what the source no longer has.
    deletions: Option<u32>,
}

impl WaveOrder {
    /// Puts everything into one wave.
    fn one() -> Self {
        Self { of: Vec::new(), count: 1, deletions: None }
    }

    /// Divides the imports that are to be written, in the plan's order. A resource that is created is in the wave of
    /// the first import that needs it. What the source no longer has is deleted in a wave of its own, the last.
    pub(crate) fn new(plan: &PlanFile, waves: Option<&Waves>) -> Result<Self, EngineError> {
        let deletes = plan.tail().deletions > 0;
        let sizes = match waves {
            Some(waves) => waves.sizes.as_slice(),
            None if deletes => &[Wave::Rest],
            None => return Ok(Self::one()),
        };
        let mut deletions = Vec::new();
        let mut is_import = Vec::with_capacity(plan.len() as usize);
        let mut needs: Vec<(ItemKey, Vec<ItemKey>)> = Vec::new();
        for item in plan.items() {
            let item = item?;
            let is_deletion = deletes && item.is_deletion();
            if is_deletion {
                deletions.push(item.item);
            }
            is_import.push(item.is_import() && item.is_work() && !is_deletion);
            if !item.needs.is_empty() {
                needs.push((item.item, item.needs));
            }
        }
        let total = is_import.iter().filter(|is_import| **is_import).count() as u64;
        let ends = wave_ends(sizes, total);
        let count = u32::try_from(ends.len()).unwrap_or(u32::MAX).max(1);
        let mut seen = 0_u64;
        let mut of: Vec<u32> = is_import
            .iter()
            .map(|is_import| {
                if !is_import {
                    return u32::MAX;
                }
                seen += 1;
                u32::try_from(ends.partition_point(|end| *end < seen)).unwrap_or(u32::MAX)
            })
            .collect();
        // A dependency comes before what needs it.
        for (item, needs) in needs.iter().rev() {
            let wave = of[item.0 as usize - 1];
            for need in needs {
                if let Some(of) = of.get_mut((need.0 as usize).wrapping_sub(1)) {
                    *of = wave.min(*of);
                }
            }
        }
        of.iter_mut().for_each(|wave| *wave = (*wave).min(count - 1));
        if deletions.is_empty() {
            return Ok(Self { of, count, deletions: None });
        }
        // If there is nothing else to write, the first wave deletes.
        let last = if total == 0 { 0 } else { count };
        for item in deletions {
            of[item.0 as usize - 1] = last;
        }
        Ok(Self { of, count: last + 1, deletions: Some(last) })
    }

    /// Whether a wave deletes what the source no longer has.
    pub(crate) fn deletes(&self, wave: u32) -> bool {
        self.deletions == Some(wave)
    }

    /// How many waves there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The wave of an item, from 0.
    pub(crate) fn of(&self, item: ItemKey) -> u32 {
        self.of.get((item.0 as usize).wrapping_sub(1)).copied().unwrap_or(0)
    }

    /// The waves that still have something to write, from 0.
    pub(crate) fn open(&self, context: &Context<'_>) -> Result<Vec<u32>, EngineError> {
        if self.count == 1 {
            return Ok(vec![0]);
        }
        let mut open = vec![false; self.count as usize];
        for key in (1..=context.plan.len()).map(ItemKey).filter(|key| context.journal.is_open(*key)) {
            if !open[self.of(key) as usize] && context.plan.item(key)?.is_work() {
                open[self.of(key) as usize] = true;
            }
        }
        let open = (0..self.count).filter(|wave| open[*wave as usize]);
        let open: Vec<u32> = open.collect();
        // What is written and not verified yet is verified, whether or not anything is left to write.
        Ok(if open.is_empty() { vec![self.count - 1] } else { open })
    }

    /// How many items of a wave have still to be written.
    pub(crate) fn work(&self, context: &Context<'_>, wave: u32) -> Result<u64, EngineError> {
        let mut work = 0;
        for key in (1..=context.plan.len()).map(ItemKey).filter(|key| self.of(*key) == wave) {
            work += u64::from(context.journal.is_open(key) && context.plan.item(key)?.is_work());
        }
        Ok(work)
    }

    /// The imports of a wave that are to be written.
    fn imports<'a>(
        &'a self,
        context: &'a Context<'_>,
        wave: u32,
    ) -> impl Iterator<Item = Result<PlanItem, EngineError>> + 'a {
        let keys = (1..=context.plan.len()).map(ItemKey).filter(move |key| self.of(*key) == wave);
        let is_other = |item: &PlanItem| !item.is_import() || !item.is_work();
        keys.map(|key| Ok(context.plan.item(key)?)).filter(move |item| !item.as_ref().is_ok_and(is_other))
    }
}

/// Stops a run of several waves if something differs.
pub(crate) fn stop_if_different(context: &Context<'_>, policy: &mut Policy) {
    let differing = policy.differing();
    if differing > 0 {
        let (imports, are) = (imports(differing), if differing == 1 { "is" } else { "are" });
        policy.halt(format!("{imports} {are} not what was sent; the next wave was not begun"));
        halt(context, policy);
    }
}

/// Stops a run before it deletes what the source no longer has, unless everything else was written and, as far as the
/// job compares it, is what was sent: an import must not be deleted while its replacement could not be written.
pub(crate) fn stop_before_deletions(
    context: &Context<'_>,
    policy: &mut Policy,
    order: &WaveOrder,
) -> Result<(), EngineError> {
    let (mut open, mut differ, mut may_change) = (0, 0, false);
    for key in (1..=context.plan.len()).map(ItemKey) {
        let item = context.plan.item(key)?;
        if order.deletes(order.of(key)) && item.is_deletion() {
            continue;
        }
        if !item.is_work() {
            // It was approved and is not done: it may be what is to stand in the place of what is deleted.
            open += usize::from(item.outcome == Some(Outcome::Stale) && item.source.is_some());
            continue;
        }
        let (outcome, verdict) = outcome_of(&item, &context.journal.state(key));
        let expected = outcome.wrote() && context.options.verify == Verify::Full;
        let is_done = outcome.wrote() || outcome == Outcome::Unchanged;
        let is_open = !is_done || expected && verdict == Verdict::NotChecked;
        open += usize::from(is_open);
        differ += usize::from(verdict == Verdict::Differs);
        may_change |= is_open && context.journal.may_be_resumed(key);
    }
    let why = match (open, differ) {
        (0, 0) => return Ok(()),
        (0, differ) => format!("{} not what was sent", are(differ)),
        (open, _) => format!("{} not written, or not verified", are(open)),
    };
    if may_change {
        policy.halt(format!("{why}; nothing was deleted"));
    } else {
        policy.halt_for_good(format!(
            "{why}; nothing was deleted: run the job again, which deletes once everything else is as wanted"
        ));
    }
    halt(context, policy);
    Ok(())
}

/// "1 import is", "2 imports are".
fn are(count: usize) -> String {
    format!("{} {}", imports(count), if count == 1 { "is" } else { "are" })
}

/// Reports the result of the last wave.
pub(crate) fn tell(
    context: &Context<'_>,
    order: &WaveOrder,
    wave: u32,
    took: Duration,
) -> Result<(), EngineError> {
    if let Some((_, gate)) = context.waves.filter(|_| order.count() > 1) {
        gate.ended(&ended(context, order, wave, took)?.report);
    }
    Ok(())
}

/// The wave before `next`, if a resumed run has to pass on from it: it is done, `next` was not begun, and whoever resumes
/// the run has not seen it end there.
pub(crate) fn not_passed(
    context: &Context<'_>,
    order: &WaveOrder,
    next: u32,
) -> Result<Option<u32>, EngineError> {
    if !context.again || context.waves.is_none() || next == 0 || context.goes_on {
        return Ok(None);
    }
    for item in order.imports(context, next) {
        if !context.journal.is_untouched(item?.item) {
            return Ok(None);
        }
    }
    Ok(Some(next - 1))
}

/// Reports the result of a wave, and waits until the next one may begin. If its verification failed, nothing of it was written,
/// or nobody agrees, the run drains.
pub(crate) async fn pass(
    context: &Context<'_>,
    policy: &mut Policy,
    order: &WaveOrder,
    (wave, next): (u32, u32),
    took: Duration,
) -> Result<(), EngineError> {
    let Some((waves, gate)) = context.waves else { return Ok(()) };
    let Ended { report, written, unverified } = ended(context, order, wave, took)?;
    gate.ended(&report);
    let number = report.number;
    if report.differ > 0 {
        policy.halt(format!(
            "{} of {} imports of wave {number} are not what was sent; the next wave was not begun",
            report.differ, report.imports
        ));
    } else if unverified > 0 {
        policy.halt(format!(
            "{} of wave {number} could not be verified; the next wave was not begun",
            imports(unverified as usize)
        ));
    } else if written == 0 && report.imports > 0 {
        let outcomes: Vec<String> =
            report.outcomes.iter().map(|(word, count)| format!("{} {word}", shown::number(*count))).collect();
        policy.halt(format!(
            "no import of wave {number} was written ({}); the next wave was not begun",
            outcomes.join(", ")
        ));
    }
    if policy.stopped().is_some() {
        halt(context, policy);
        return Ok(());
    }
    match waves.pause {
        Pause::Never => {}
        Pause::For(pause) => {
            let now = context.clock.now();
            let until = now.saturating_add(jiff::SignedDuration::try_from(pause).unwrap_or_default());
            let until = until.unwrap_or(jiff::Timestamp::MAX);
            context.events.emit(&Event::Paused { until, reason: format!("`pause` after wave {number}") });
            tokio::select! {
                biased;
                () = context.cancel.draining() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Pause::Ask => {
            let next = preview(context, order, next)?;
            let may_begin = tokio::select! {
                biased;
                () = context.cancel.draining() => true,
                may_begin = gate.may_begin(&report, &next) => may_begin,
            };
            if !may_begin {
                context.declined.set(Some((report.number, report.of)));
                context.cancel.drain();
            }
        }
    }
    Ok(())
}

/// The result of a wave.
struct Ended {
    report: WaveReport,
    /// How many of its imports are as wanted, whether or not that was verified.
    written: u32,
    /// How many of what it wrote should have been read back and was not.
    unverified: u32,
}

fn ended(context: &Context<'_>, order: &WaveOrder, wave: u32, took: Duration) -> Result<Ended, EngineError> {
    let mut report = WaveReport { number: wave + 1, of: order.count(), took, ..WaveReport::default() };
    let (mut written, mut unverified) = (0, 0);
    for item in order.imports(context, wave) {
        let item = item?;
        report.imports += 1;
        if report.names.len() < NAMED {
            report.names.push(item.name.clone());
        }
        let (outcome, verdict) = outcome_of(&item, &context.journal.state(item.item));
        *report.outcomes.entry(outcome.as_str()).or_default() += 1;
        written += u32::from(outcome.wrote() || outcome == Outcome::Unchanged);
        match verdict {
            Verdict::Equal | Verdict::EqualWithDefaults => report.equal += 1,
            Verdict::Differs => report.differ += 1,
            Verdict::NotChecked => {
                let expected = outcome.wrote() && context.options.verify == Verify::Full;
                unverified += u32::from(expected);
            }
        }
    }
    Ok(Ended { report, written, unverified })
}

fn preview(context: &Context<'_>, order: &WaveOrder, wave: u32) -> Result<NextWave, EngineError> {
    let mut next = NextWave { number: wave + 1, of: order.count(), ..NextWave::default() };
    for item in order.imports(context, wave) {
        let item = item?;
        if !context.journal.is_open(item.item) {
            continue;
        }
        next.imports += 1;
        *next.operations.entry(item.operation.as_str()).or_default() += 1;
        if next.items.len() < LISTED {
            next.items.push((item.operation.as_str(), item.name));
        }
    }
    next.seconds = f64::from(next.imports) / context.target.per_second.max(f64::MIN_POSITIVE);
    Ok(next)
}
