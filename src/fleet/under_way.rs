//! The accounts that were begun and have not ended, according to their workers. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::beat::{Activity, Beat};

/// An account that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// Name of the account in the CSV.
    pub account: String,
    /// `running`; `held` by another run and tried again later; `interrupted` if no worker is running it.
    pub state: &'static str,
    /// The worker that said so.
    pub worker: String,
    /// Its progress; absent if another run holds it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// Who holds it, in a sentence; absent where nobody does, or that was not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The progress of the accounts that were begun; the report of a running worker takes precedence over that of one
/// that has ended.
pub(super) fn under_way<'a>(
    accounts: impl Iterator<Item = &'a str>,
    beats: &[Beat],
    now: Timestamp,
) -> Vec<UnderWay> {
    let mut beats: Vec<&Beat> = beats.iter().collect();
    beats.sort_by_key(|beat| (!beat.is_live(now), std::cmp::Reverse(beat.at)));
    accounts.filter_map(|account| of_account(account, &beats, now)).collect()
}

fn of_account(account: &str, beats: &[&Beat], now: Timestamp) -> Option<UnderWay> {
    let row = |state: &'static str, beat: &Beat| UnderWay {
        account: account.to_owned(),
        state,
        worker: beat.worker.clone(),
        activity: None,
        message: None,
    };
    let runs = beats.iter().find_map(|beat| Some((*beat, beat.running.get(account)?)));
    let mut live = beats.iter().filter(|beat| beat.is_live(now));
    let held = live.find_map(|beat| Some((*beat, beat.held.get(account)?)));
    // One that is tried again has begun only once it calls the service.
    let is_held = held.is_some();
    match (runs, held) {
        (Some((beat, activity)), _) if beat.is_live(now) && !(is_held && activity.calls == 0) => {
            Some(UnderWay { activity: Some(activity.clone()), ..row("running", beat) })
        }
        (_, Some((beat, why))) => {
            Some(UnderWay { message: Some(why.clone()).filter(|why| !why.is_empty()), ..row("held", beat) })
        }
        (Some((beat, activity)), None) => {
            Some(UnderWay { activity: Some(activity.clone()), ..row("interrupted", beat) })
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_says_that_is_at_work_counts_before_what_a_dead_one_said() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let beat = |worker: &str, second, running: &[(&str, u64)], held: &[(&str, &str)]| Beat {
            worker: worker.to_owned(),
            at: at(second),
            since: at(0),
            is_over: false,
            running: running
                .iter()
                .map(|(account, done)| {
                    ((*account).to_owned(), Activity { done: *done, total: 9, calls: 2 * done })
                })
                .collect(),
            held: held.iter().map(|(account, why)| ((*account).to_owned(), (*why).to_owned())).collect(),
            calls_per_second: 0.0,
        };
        let beats = [
            beat("dead", 100, &[("a", 1), ("b", 2), ("c", 3)], &[("e", "x")]),
            beat("live", 200, &[("a", 5), ("d", 0)], &[("b", "another run holds it"), ("d", "")]),
        ];
        let rows = under_way(["a", "b", "c", "d", "e"].into_iter(), &beats, at(210));
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let done = row.activity.as_ref().map(|activity| activity.done);
                (row.account.as_str(), row.state, row.worker.as_str(), done, row.message.as_deref())
            })
            .collect();
        let wanted = [
            ("a", "running", "live", Some(5), None),
            ("b", "held", "live", None, Some("another run holds it")),
            ("c", "interrupted", "dead", Some(3), None),
            ("d", "held", "live", None, None),
        ];
        assert_eq!(rows, wanted);
    }
}
