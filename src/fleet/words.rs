//! How a fleet ended and what it waits for, in words and exit codes: for `transship fleet` and for engines alike. Pure.

use super::control::Control;
use super::definition::Definition;
use super::dispatch::{Ending, Gate};
use crate::model::shown;

/// How a fleet is started again, after the obstacle is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anew {
    /// `transship fleet run`, where it ran.
    Start,
    /// It is submitted to an engine.
    Submit,
}

/// How a fleet ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetEnd {
    /// The exit code, as of every command: 0; 3 an account needs attention; 4 stopped; 7 held; 130 not finished.
    pub exit_code: u8,
    /// Why it is not finished, in a sentence that says what to do; `None` if it is finished.
    pub why: Option<String>,
}

impl Anew {
    fn order(self) -> &'static str {
        match self {
            Self::Start => "start it again",
            Self::Submit => "submit it again",
        }
    }
}

/// How a fleet ended (`None`: interrupted), given how many accounts need attention.
pub fn fleet_end(ending: Option<&Ending>, fleet: &Definition, attention: usize, anew: Anew) -> FleetEnd {
    let (name, again) = (fleet.in_a_command(), format!("then {}", anew.order()));
    let (exit_code, why) = match ending {
        None => (130, format!("interrupted; to go on: {}", anew.order())),
        Some(Ending::Finished) => {
            return FleetEnd { exit_code: if attention > 0 { 3 } else { 0 }, why: None };
        }
        Some(Ending::Stopped { bad }) => (
            4,
            format!(
                "{} ended badly (`stop`): nothing new is begun; see to them: transship fleet resume {name}, or raise `stop` in \
                 the fleet file, {again}",
                accounts_of(*bad)
            ),
        ),
        Some(Ending::StoppedByUser) => {
            (4, format!("stopped; to go on: transship fleet resume {name}, {again}"))
        }
        Some(Ending::Unhealthy { wave, bad }) => (
            3,
            format!(
                "{bad} of {} of wave {wave} did not end well: no account of a later wave was begun; to begin the next \
                 all the same: transship fleet approve {name}, {again}",
                accounts_of(fleet.size_of(*wave))
            ),
        ),
        Some(Ending::Held(accounts)) => {
            (7, format!("other runs hold {}: {} later", some(accounts), anew.order()))
        }
        Some(Ending::Unfinished(accounts)) => {
            (130, format!("the runs of {} ended without a result again and again", some(accounts)))
        }
        Some(Ending::Waiting(gate @ (Gate::Approval(_) | Gate::Paused))) => {
            (130, format!("{}, {again}", waits(gate, fleet, None)))
        }
        Some(Ending::Waiting(_)) => {
            (130, format!("other workers have accounts of this wave to do: {} later", anew.order()))
        }
    };
    FleetEnd { exit_code, why: Some(why) }
}

/// What is waited for, and what a person does about it; `control` says who paused it.
pub fn waits(gate: &Gate, fleet: &Definition, control: Option<&Control>) -> String {
    let name = fleet.in_a_command();
    match gate {
        Gate::Own => "waiting for the accounts that run here".to_owned(),
        Gate::Others => "waiting for the accounts of other workers".to_owned(),
        Gate::Held => "waiting for accounts that other runs hold".to_owned(),
        Gate::Paused => {
            let by = control.and_then(|control| control.changed_by.as_deref());
            let by = by.map_or(String::new(), |by| format!(" by {by}"));
            format!("paused{by}; to go on: transship fleet resume {name}")
        }
        Gate::Approval(wave) => {
            let accounts = accounts_of(fleet.size_of(*wave));
            format!("wave {wave} ({accounts}) needs approval: transship fleet approve {name}")
        }
    }
}

/// Accounts of a planned fleet that nobody planned, in a sentence.
pub fn unplanned(accounts: &[String], file: &str) -> String {
    format!(
        "warning: the store has plans of this fleet, and none of {}: each is done without a plan; to plan first: transship fleet plan {file}",
        some(accounts)
    )
}

/// So many accounts.
fn accounts_of(count: usize) -> String {
    shown::count(count as u64, "account", "accounts")
}

/// The first of them by name, and how many more there are.
pub fn some(accounts: &[String]) -> String {
    let (first, more) = accounts.split_at(accounts.len().min(5));
    let first: Vec<String> = first.iter().map(|account| format!("`{account}`")).collect();
    match (first.as_slice(), more.len()) {
        ([before @ .., last], 0) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        (first, 0) => first.concat(),
        (first, 1) => format!("{} and 1 more account", first.join(", ")),
        (first, more) => format!("{} and {more} more accounts", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::dispatch::tests::fleet;

    #[test]
    fn every_ending_has_its_exit_code_and_says_what_to_do() {
        let fleet = fleet(&[(2, true), (3, false)], None);
        let check = |ending: Option<Ending>, code: u8, words: &[&str]| {
            for (anew, order) in [(Anew::Start, "start it again"), (Anew::Submit, "submit it again")] {
                let FleetEnd { exit_code, why } = fleet_end(ending.as_ref(), &fleet, 0, anew);
                assert_eq!(exit_code, code, "{ending:?}");
                let why = why.unwrap_or_default();
                assert!(words.iter().all(|word| why.contains(word)), "{ending:?}: {why}");
                let says_what_to_do =
                    why.contains(order) || why.contains("again and again") || why.is_empty();
                assert!(says_what_to_do, "{ending:?}: {why}");
            }
        };
        check(None, 130, &["interrupted"]);
        check(Some(Ending::Finished), 0, &[]);
        assert_eq!(
            fleet_end(Some(&Ending::Finished), &fleet, 1, Anew::Start),
            FleetEnd { exit_code: 3, why: None }
        );
        check(Some(Ending::Stopped { bad: 2 }), 4, &["2 accounts ended badly", "fleet resume"]);
        check(Some(Ending::StoppedByUser), 4, &["stopped", "fleet resume"]);
        check(
            Some(Ending::Unhealthy { wave: 1, bad: 1 }),
            3,
            &["1 of 2 accounts of wave 1", "fleet approve"],
        );
        check(Some(Ending::Held(vec!["a".to_owned()])), 7, &["other runs hold `a`:"]);
        let many = ["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).to_vec();
        check(Some(Ending::Held(many)), 7, &["`a`, `b`, `c`, `d`, `e` and 2 more accounts"]);
        let two = ["a", "b"].map(str::to_owned).to_vec();
        check(Some(Ending::Unfinished(two)), 130, &["the runs of `a` and `b` ended"]);
        let approval = Ending::Waiting(Gate::Approval(2));
        check(Some(approval), 130, &["wave 2 (3 accounts) needs approval: transship fleet approve"]);
        check(Some(Ending::Waiting(Gate::Others)), 130, &["other workers have accounts of this wave to do"]);
        check(Some(Ending::Waiting(Gate::Paused)), 130, &["paused; to go on: transship fleet resume"]);
    }
}
