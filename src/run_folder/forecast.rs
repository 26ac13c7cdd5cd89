//! The forecast: how many calls and how much time, before the first call is sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::job::{Waves, wave_ends};
use crate::model::Operation;

/// Calls by purpose, and the time they take at the allowed rate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Calls by purpose.
    pub calls: BTreeMap<String, u64>,
    /// The sum of the calls.
    pub total: u64,
    /// Seconds at the allowed rate, the burst used first.
    pub seconds: f64,
}

/// What a forecast is made from.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// Imports the target listed.
    pub target_listed: u64,
    /// Imports on one page of its list, if seen.
    pub page: u64,
    /// Whether writes are read back.
    pub read_back: bool,
    /// Whether the run knows the earlier contents of the target, and so looks for copies of the imports that it
    /// creates.
    pub looks_for_copies: bool,
    /// Whether deletions are a wave of their own after all others, as in a mirror.
    pub deletes_last: bool,
    /// The waves of the job, each of which is read back separately.
    pub waves: Option<&'a Waves>,
    /// Calls a second that the account allows.
    pub per_second: f64,
    /// Calls that may be sent at once before that rate applies.
    pub burst: f64,
}

/// A planned write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// The operation of the write.
    pub operation: Operation,
    /// Whether a PUT follows a clone, or may follow a restore from the recycle bin.
    pub adjust: bool,
    /// Whether it writes an import, not a resource that imports refer to.
    pub is_import: bool,
    /// For a restore: whether the recycle bin no longer holds the import, so that it is made anew.
    pub anew: bool,
}

impl Forecast {
    /// Counts the calls of the writes and of reading them back.
    pub fn of(writes: impl Iterator<Item = Write>, outlook: Outlook<'_>) -> Self {
        let mut calls: BTreeMap<&'static str, u64> = BTreeMap::new();
        // The writes of imports, in the order of the plan.
        let mut imports = Vec::new();
        for write in writes {
            let Write { operation, adjust, is_import, anew } = write;
            let mut add = |purpose: &'static str| *calls.entry(purpose).or_default() += 1;
            if !is_import {
                match operation {
                    Operation::None | Operation::Archive => continue,
                    Operation::Create | Operation::Clone => add("create other"),
                    Operation::Update => {
                        add("read other");
                        add("update other");
                    }
                    Operation::Delete => {
                        add("read other");
                        add("read dependencies");
                        add("delete other");
                    }
                    Operation::Restore => add("restore other"),
                }
                if outlook.read_back {
                    // By id: their lists do not show all of them.
                    add("read other");
                }
                continue;
            }
            match operation {
                // The cost of an archive is not a call to the service.
                Operation::None | Operation::Archive => continue,
                Operation::Create => add("create import"),
                Operation::Clone => {
                    add("clone import");
                    if adjust {
                        add("read import");
                        add("update import");
                    }
                }
                Operation::Update => {
                    add("read import");
                    add("update import");
                }
                Operation::Delete => {
                    add("read import");
                    add("delete import");
                }
                Operation::Restore if anew => {
                    // Somebody may have brought it back meanwhile.
                    add("read import");
                    add("create import");
                    if adjust {
                        add("read import");
                    }
                }
                Operation::Restore => {
                    add("restore import");
                    if adjust {
                        add("read recycle bin");
                        add("read import");
                    }
                }
            }
            imports.push(write);
        }
        if outlook.read_back {
            for (purpose, count) in reads_back(&mut imports, outlook) {
                *calls.entry(purpose).or_default() += count;
            }
        }
        let total: u64 = calls.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
        let seconds = ((total as f64 - outlook.burst) / outlook.per_second).max(0.0);
        let calls = calls.into_iter().map(|(purpose, count)| (purpose.to_owned(), count)).collect();
        Self { calls, total, seconds }
    }
}

/// The calls for reading back, by purpose: for each wave, then the scan for copies of the imports that were created.
fn reads_back(imports: &mut [Write], outlook: Outlook<'_>) -> Vec<(&'static str, u64)> {
    let mut calls = Vec::new();
    let mut listed = outlook.target_listed;
    let (mut makes, mut is_scan) = (false, false);
    let waves = waves_of(imports, outlook);
    for wave in &waves {
        let count = |is: fn(&Write) -> bool| wave.iter().filter(|write| is(write)).count() as u64;
        let made = count(|one| one.operation.makes_an_import());
        let removed = count(|one| one.operation == Operation::Delete);
        // A restored import that is completed afterwards is read for that.
        let read = count(|one| !(one.operation == Operation::Restore && one.adjust));
        listed = (listed + made).saturating_sub(removed);
        makes |= made > 0;
        is_scan = false;
        if read == 0 {
            continue;
        }
        let (listing, pages) = read_back(read, listed, outlook.page);
        // Absence is proved by two scans that agree, and by a check after the end of the list.
        let absence = listing && removed > 0;
        // The read-back is that scan itself if it lists, once, everything that the run created.
        is_scan = listing && !absence && waves.len() == 1;
        let (scans, behind) = if absence { (2, 1) } else { (1, 0) };
        calls.push((if listing { "list imports" } else { "read import" }, pages * scans + behind));
    }
    if makes && outlook.looks_for_copies && !is_scan {
        calls.push(("list imports", listed.div_ceil(outlook.page.max(1)).max(1)));
    }
    calls
}

/// The writes of each wave.
fn waves_of<'a>(imports: &'a mut [Write], outlook: Outlook<'_>) -> Vec<&'a [Write]> {
    let is_last = |write: &Write| outlook.deletes_last && write.operation == Operation::Delete;
    imports.sort_by_key(is_last);
    let (mut left, deletions) = imports.split_at(imports.partition_point(|write| !is_last(write)));
    let total = left.len() as u64;
    let ends = outlook.waves.map_or_else(|| vec![total], |waves| wave_ends(&waves.sizes, total));
    let mut begins = 0;
    let parts = ends.into_iter().filter(|end| *end > 0).map(|end| {
        let (wave, rest) = left.split_at(usize::try_from(end - begins).unwrap_or(left.len()).min(left.len()));
        (left, begins) = (rest, end);
        wave
    });
    let mut waves: Vec<&[Write]> = parts.collect();
    waves.extend((!deletions.is_empty()).then_some(deletions));
    waves
}

/// The cheaper way to read `wanted` of `listed` imports: `true` and the pages of the list, or `false` and a call each.
pub fn read_back(wanted: u64, listed: u64, page: u64) -> (bool, u64) {
    let pages = listed.div_ceil(page.max(1)).max(1);
    if pages < wanted { (true, pages) } else { (false, wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty target whose account allows what the service does.
    const OUTLOOK: Outlook = Outlook {
        target_listed: 0,
        page: 1000,
        read_back: true,
        looks_for_copies: true,
        deletes_last: false,
        waves: None,
        per_second: 300.0,
        burst: 1000.0,
    };

    #[test]
    fn few_are_read_one_by_one_and_many_by_pages() {
        assert_eq!(read_back(3, 10_000, 1000), (false, 3));
        assert_eq!(read_back(11, 10_000, 1000), (true, 10));
        assert_eq!(read_back(1, 0, 1000), (false, 1));
    }

    #[test]
    fn ten_thousand_creates_take_little_more_than_ten_thousand_calls() {
        let create = Write { operation: Operation::Create, adjust: false, is_import: true, anew: false };
        let forecast = Forecast::of(std::iter::repeat_n(create, 10_000), OUTLOOK);
        assert_eq!(forecast.total, 10_010);
        assert!((forecast.seconds - 30.03).abs() < 0.01);
    }

    #[test]
    fn what_imports_refer_to_is_read_back_one_by_one() {
        let of = |operation| Write { operation, adjust: false, is_import: false, anew: false };
        let forecast = Forecast::of([of(Operation::Create), of(Operation::Delete)].into_iter(), OUTLOOK);
        let calls = [("create other", 1), ("delete other", 1), ("read dependencies", 1), ("read other", 3)];
        assert_eq!(forecast.calls, calls.map(|(purpose, count)| (purpose.to_owned(), count)).into());
    }

    #[test]
    fn a_mirror_deletes_in_a_wave_of_its_own_and_an_undo_does_not_look_beside() {
        let of = |operation, adjust| Write { operation, adjust, is_import: true, anew: false };
        let (create, delete) = (of(Operation::Create, false), of(Operation::Delete, false));
        let total = |writes: &[Write], outlook| Forecast::of(writes.iter().copied(), outlook).total;
        let mirror = Outlook { deletes_last: true, ..OUTLOOK };
        // A create and its read-back, two reads, two deletes, three checks for what was removed, and one for copies.
        assert_eq!(total(&[delete, create, delete], mirror), 2 + 4 + 3 + 1);
        let undo = Outlook { looks_for_copies: false, ..OUTLOOK };
        assert_eq!(total(&[of(Operation::Restore, false)], undo), 2);
        // A completed import is read for that: it is not read back again.
        assert_eq!(total(&[of(Operation::Restore, true)], OUTLOOK), 3 + 1);
        let anew = |adjust| Write { anew: true, ..of(Operation::Restore, adjust) };
        assert_eq!(total(&[anew(true)], OUTLOOK), 3 + 1);
        assert_eq!(total(&[anew(false)], OUTLOOK), 2 + 1 + 1);
    }
}
