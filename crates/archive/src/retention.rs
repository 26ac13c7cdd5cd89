//! Which snapshots stay, and why. Pure: a policy, a list and a time in, one decision a snapshot out.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::read::SKEW;
use super::{Account, ArchiveError, Snapshot, SnapshotId};

/// How much is kept of each account. Each rule keeps the newest snapshot of each of the newest periods that have one,
/// counted in UTC; what any rule keeps, stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// How many of the newest stay. In every rule 0, the default, keeps none.
    pub last: u32,
    /// How many days keep their newest snapshot.
    pub daily: u32,
    /// How many ISO weeks keep their newest snapshot.
    pub weekly: u32,
    /// How many months keep their newest snapshot.
    pub monthly: u32,
    /// How many years keep their newest snapshot.
    pub yearly: u32,
    /// Snapshots that carry one of these tags stay; none by default.
    pub tags: Vec<String>,
}

/// The snapshots of an account that were made with one selection: what a job makes night by night.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// The account's name.
    pub account: String,
    /// Where the account is: two accounts of one name are two series.
    pub origin: String,
    /// The selection in words; `None` for everything.
    pub selection: Option<String>,
}

impl Series {
    /// Whether a snapshot belongs to it.
    pub fn holds(&self, snapshot: &Snapshot) -> bool {
        self.account == snapshot.account.name
            && self.origin == snapshot.account.origin
            && self.selection == snapshot.selection
    }
}

/// What happens to a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The snapshot that the decision is about.
    pub snapshot: Snapshot,
    /// Whether the snapshot stays; if not, a prune removes it.
    pub keep: bool,
    /// Why, e.g. `daily 3 of 7`; never empty.
    pub reasons: Vec<String>,
}

/// A rule: its name, how many it keeps, and the period a day falls into.
type Rule = (&'static str, u32, fn(Date) -> (i16, i16, i16));

impl Policy {
    fn rules(&self) -> [Rule; 4] {
        [
            ("daily", self.daily, |day| (day.year(), day.month().into(), day.day().into())),
            ("weekly", self.weekly, |day| {
                let week = day.iso_week_date();
                (week.year(), week.week().into(), 0)
            }),
            ("monthly", self.monthly, |day| (day.year(), day.month().into(), 0)),
            ("yearly", self.yearly, |day| (day.year(), 0, 0)),
        ]
    }

    fn is_empty(&self) -> bool {
        self.last == 0 && self.tags.is_empty() && self.rules().iter().all(|(_, count, _)| *count == 0)
    }

    /// Decides about each snapshot, in the order of the list.
    ///
    /// # Errors
    ///
    /// The policy has no rule, or would leave an account with nothing but what is dated in the future, which is never the
    /// latest.
    pub fn decide(&self, snapshots: &[Snapshot], now: Timestamp) -> Result<Vec<Decision>, ArchiveError> {
        if self.is_empty() {
            let message =
                "the policy keeps nothing: give at least one of last, daily, weekly, monthly, yearly or tags";
            return Err(ArchiveError::Refused(message.to_owned()));
        }
        // What was backed up by another selection is another series: one must not push the other out.
        let mut groups: BTreeMap<(&str, &str, Option<&str>), Vec<&Snapshot>> = BTreeMap::new();
        for snapshot in snapshots {
            let Account { name, origin, .. } = &snapshot.account;
            groups.entry((origin, name, snapshot.selection.as_deref())).or_default().push(snapshot);
        }
        let mut kept: BTreeMap<&SnapshotId, Vec<String>> = BTreeMap::new();
        for ((_, account, _), mut group) in groups {
            group.sort_by(|a, b| (b.time, &b.id).cmp(&(a.time, &a.id)));
            // A clock that was wrong must not push out what is real: the future is kept and does not count.
            let (future, past): (Vec<&Snapshot>, Vec<&Snapshot>) =
                group.into_iter().partition(|snapshot| snapshot.time.duration_since(now) > SKEW);
            let before = kept.len();
            self.keep_of(&past, &mut kept);
            if kept.len() > before {
                keep_what_is_sure(&past, now, &mut kept);
            }
            if kept.len() == before && !past.is_empty() {
                let but = if future.is_empty() { "" } else { " but what is dated in the future" };
                return Err(ArchiveError::Refused(format!(
                    "the policy would remove every snapshot of {account}{but} ({}): add `last: 1`, or another rule that \
                     keeps some",
                    past.len()
                )));
            }
            for snapshot in future {
                kept.entry(&snapshot.id).or_default().push("dated after now".to_owned());
            }
        }
        Ok(snapshots
            .iter()
            .map(|snapshot| match kept.remove(&snapshot.id) {
                Some(reasons) => Decision { snapshot: snapshot.clone(), keep: true, reasons },
                None => Decision {
                    snapshot: snapshot.clone(),
                    keep: false,
                    reasons: vec!["no rule keeps it".to_owned()],
                },
            })
            .collect())
    }

    /// `past` is newest first.
    fn keep_of<'a>(&self, past: &[&'a Snapshot], kept: &mut BTreeMap<&'a SnapshotId, Vec<String>>) {
        let mut keep = |snapshot: &'a Snapshot, reason: String| {
            kept.entry(&snapshot.id).or_default().push(reason);
        };
        for (number, snapshot) in (1..=self.last).zip(past) {
            keep(snapshot, format!("last {number} of {}", self.last));
        }
        for (name, count, period) in self.rules() {
            let mut periods = HashSet::new();
            for snapshot in past {
                let day = TimeZone::UTC.to_datetime(snapshot.time).date();
                if periods.len() < count as usize && periods.insert(period(day)) {
                    keep(snapshot, format!("{name} {} of {count}", periods.len()));
                }
            }
        }
        for snapshot in past {
            for tag in self.tags.iter().filter(|tag| snapshot.tags.contains(tag)) {
                keep(snapshot, format!("tag {tag}"));
            }
        }
    }
}

/// Keeps what stands in for the snapshots that the rules keep, where those may not be what they seem: the newest that is not
/// dated after now, as the one that was made a moment ago must be, and the newest that holds a kind of document of which
/// the others lack some. `past` is newest first.
fn keep_what_is_sure<'a>(
    past: &[&'a Snapshot],
    now: Timestamp,
    kept: &mut BTreeMap<&'a SnapshotId, Vec<String>>,
) {
    let mut keep = |found: Option<&&'a Snapshot>, reason: String| {
        if let Some(snapshot) = found.filter(|snapshot| !kept.contains_key(&snapshot.id)) {
            kept.insert(&snapshot.id, vec![reason]);
        }
    };
    let is_ahead = past.first().is_some_and(|newest| newest.time > now);
    let not_ahead = past.iter().find(|snapshot| is_ahead && snapshot.time <= now);
    keep(not_ahead, "the newest not dated after now".to_owned());
    let Some(newest) = not_ahead.or(past.first()) else { return };
    for kind in &newest.lacks {
        let whole =
            past.iter().find(|snapshot| !snapshot.lacks.contains(kind) && snapshot.counts.contains_key(kind));
        keep(whole, format!("the newest with all {kind}"));
    }
}
