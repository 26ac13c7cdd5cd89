//! Decides which account a worker begins next. Pure: everything it knows is passed to it, including the time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::control::{Control, ControlState};
use super::definition::Definition;
use super::result::{AccountResult, Meaning};

/// How long an account that another run holds is left alone before the next attempt.
pub const HELD_PAUSE: Duration = Duration::from_secs(10);
/// How long accounts that others hold are tried if there is nothing else left to do.
pub const HELD_PATIENCE: Duration = Duration::from_mins(2);
/// How often one worker starts an account whose run ends without a result.
pub const ATTEMPTS: u32 = 3;

/// What a worker does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Begin this account.
    Start(String),
    /// Wait until something changes, or until then.
    Wait(Gate, Option<Instant>),
    /// Nothing is left to do here.
    End(Ending),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Accounts that run here.
    Own,
    /// Accounts of this wave that are not this worker's.
    Others,
    /// Accounts that other runs hold.
    Held,
    /// Somebody paused the fleet.
    Paused,
    /// The wave that somebody has to approve, from 1.
    Approval(u32),
}

/// How a worker's part of a fleet ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every account has a result.
    Finished,
    /// Too many accounts ended badly (`stop`).
    Stopped {
        /// How many accounts of the fleet ended badly.
        bad: usize,
    },
    /// Somebody stopped the fleet (`transship fleet stop`).
    StoppedByUser,
    /// A wave did not end well, and nobody approved the next.
    Unhealthy {
        /// The wave, from 1.
        wave: u32,
        /// How many of its accounts did not end well.
        bad: usize,
    },
    /// Only accounts that other runs hold are left.
    Held(Vec<String>),
    /// Runs ended without a result again and again.
    Unfinished(Vec<String>),
    /// The next wave waits for an approval or for other workers, and this worker does not.
    Waiting(Gate),
}

/// What is known about an account without a result.
#[derive(Debug, Clone, Copy, Default)]
struct Tried {
    attempts: u32,
    /// It is left alone until then.
    until: Option<Instant>,
    /// Since when others hold it.
    held: Option<Instant>,
}

/// Decides which account comes next.
#[derive(Debug)]
pub struct Dispatcher {
    /// Own accounts in order, with their waves.
    own: Vec<(String, u32)>,
    /// How many accounts of a wave are skipped at first: others are likely to be processing them.
    skip: usize,
    /// All accounts by wave.
    waves: BTreeMap<u32, Vec<String>>,
    /// Whether each wave asks for an approval of the next.
    asks: Vec<bool>,
    most_bad: Option<usize>,
    parallel: usize,
    waits: bool,
    running: BTreeSet<String>,
    tried: BTreeMap<String, Tried>,
}

impl Dispatcher {
    /// For a worker that does the accounts for which `is_own` says so, by their place in the fleet, `parallel` at once.
    /// One that does not wait ends where others have to do something first.
    pub fn new(fleet: &Definition, is_own: impl Fn(usize) -> bool, parallel: usize, waits: bool) -> Self {
        let own = fleet.accounts.iter().enumerate().filter(|(at, _)| is_own(*at));
        let mut own: Vec<(String, u32)> =
            own.map(|(_, member)| (member.account.clone(), member.wave)).collect();
        own.sort_by_key(|(_, wave)| *wave);
        let mut waves: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for member in &fleet.accounts {
            waves.entry(member.wave).or_default().push(member.account.clone());
        }
        Self {
            own,
            skip: 0,
            waves,
            asks: fleet.waves.iter().map(|wave| wave.approve).collect(),
            most_bad: fleet.most_bad(),
            parallel: parallel.max(1),
            waits,
            running: BTreeSet::new(),
            tried: BTreeMap::new(),
        }
    }

    /// Begins each wave this many accounts further on, and comes to the first ones last: workers that began earlier
    /// have those.
    #[must_use]
    pub fn behind(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// How many accounts may end badly: the last of them stops the fleet.
    pub fn most_bad(&self) -> Option<usize> {
        self.most_bad
    }

    /// The accounts that run here.
    pub fn running(&self) -> &BTreeSet<String> {
        &self.running
    }

    /// How often an account was started here.
    pub fn attempts(&self, account: &str) -> u32 {
        self.tried.get(account).map_or(0, |tried| tried.attempts)
    }

    /// A run of an account was started.
    pub fn started(&mut self, account: &str) {
        self.running.insert(account.to_owned());
        self.tried.entry(account.to_owned()).or_default().attempts += 1;
    }

    /// The run of an account ended. Whether that is its result; else it is started again later.
    pub fn ended(&mut self, account: &str, exit_code: Option<u8>, now: Instant) -> bool {
        self.running.remove(account);
        let tried = self.tried.entry(account.to_owned()).or_default();
        match Meaning::of(exit_code) {
            Meaning::Good | Meaning::Attention | Meaning::Bad => {
                let is_result = is_result(exit_code, tried.attempts);
                if !is_result {
                    tried.until = Some(now + HELD_PAUSE);
                }
                is_result
            }
            Meaning::Held => {
                tried.attempts -= 1;
                tried.held.get_or_insert(now);
                tried.until = Some(now + HELD_PAUSE);
                false
            }
            Meaning::Unfinished => {
                tried.held = None;
                tried.until = Some(now + HELD_PAUSE);
                false
            }
        }
    }

    /// What to do next.
    pub fn next(&self, control: &Control, results: &BTreeMap<String, AccountResult>, now: Instant) -> Next {
        let bad = results.values().filter(|result| result.meaning() == Meaning::Bad).count();
        let halted = match control.state {
            ControlState::Stopped => Some(Ending::StoppedByUser),
            _ if self.most_bad.is_some_and(|most| bad >= most) => Some(Ending::Stopped { bad }),
            _ => None,
        };
        if let Some(ending) = halted {
            return self.unless_running(ending);
        }
        let is_open = |account: &String| !results.contains_key(account);
        let Some((wave, _)) = self.waves.iter().find(|(_, accounts)| accounts.iter().any(is_open)) else {
            return self.unless_running(Ending::Finished);
        };
        if control.state == ControlState::Paused {
            return self.wait(if self.running.is_empty() { Gate::Paused } else { Gate::Own }, None);
        }
        if let Some(next) = self.gate(*wave, control, results) {
            return next;
        }
        if self.running.len() >= self.parallel {
            return self.wait(Gate::Own, None);
        }
        let open = self.own.iter().filter(|(account, of)| of == wave && is_open(account));
        let mut open: Vec<&String> =
            open.map(|(account, _)| account).filter(|account| !self.running.contains(*account)).collect();
        if !open.is_empty() {
            let skip = self.skip % open.len();
            open.rotate_left(skip);
        }
        self.choose(&open, now)
    }

    /// What keeps a wave from beginning.
    fn gate(&self, wave: u32, control: &Control, results: &BTreeMap<String, AccountResult>) -> Option<Next> {
        if wave == 1 || control.approved >= wave - 1 {
            return None;
        }
        let last = self.waves.range(..wave).next_back();
        let (number, accounts) = last.map_or((0, &[][..]), |(number, accounts)| (*number, &accounts[..]));
        let bad = accounts.iter().filter_map(|account| results.get(account));
        let bad = bad.filter(|result| result.meaning() != Meaning::Good).count();
        if bad > 0 {
            return Some(self.unless_running(Ending::Unhealthy { wave: number, bad }));
        }
        // A wave without accounts asks as well.
        let mut between = number.max(1)..wave;
        let asks = between.any(|wave| self.asks.get(wave as usize - 1).copied().unwrap_or(false));
        asks.then(|| self.wait(Gate::Approval(wave), None))
    }

    fn choose(&self, open: &[&String], now: Instant) -> Next {
        let tried = |account: &str| self.tried.get(account).copied().unwrap_or_default();
        let is_given_up = |account: &str| tried(account).attempts >= ATTEMPTS;
        let ready =
            |account: &str| !is_given_up(account) && tried(account).until.is_none_or(|until| until <= now);
        if let Some(account) = open.iter().find(|account| {
            let over = tried(account).held.is_some_and(|since| now >= since + HELD_PATIENCE);
            ready(account) && !over
        }) {
            return Next::Start((*account).clone());
        }
        if !self.running.is_empty() {
            let until =
                open.iter().filter_map(|account| tried(account).until).filter(|until| *until > now).min();
            return self.wait(Gate::Own, until);
        }
        let held = open.iter().filter(|account| tried(account).held.is_some());
        let later: Vec<Instant> = open
            .iter()
            .filter(|account| !is_given_up(account))
            .filter_map(|account| tried(account).until.filter(|until| *until > now))
            .collect();
        if let Some(until) = later.iter().min() {
            let only_held = held.clone().count() == open.len();
            return Next::Wait(if only_held { Gate::Held } else { Gate::Own }, Some(*until));
        }
        let held: Vec<String> = held.map(|account| (*account).clone()).collect();
        if !held.is_empty() {
            return Next::End(Ending::Held(held));
        }
        if !open.is_empty() {
            return Next::End(Ending::Unfinished(open.iter().map(|account| (*account).clone()).collect()));
        }
        self.wait(Gate::Others, None)
    }

    fn wait(&self, gate: Gate, until: Option<Instant>) -> Next {
        let is_for_others = matches!(gate, Gate::Others | Gate::Approval(_) | Gate::Paused);
        if is_for_others && !self.waits && self.running.is_empty() {
            return Next::End(Ending::Waiting(gate));
        }
        Next::Wait(gate, until)
    }

    fn unless_running(&self, ending: Ending) -> Next {
        if self.running.is_empty() { Next::End(ending) } else { Next::Wait(Gate::Own, None) }
    }
}

/// Whether the `attempts`-th run of an account, which ended like this, is the result of the account; otherwise it is
/// started again.
pub fn is_result(exit_code: Option<u8>, attempts: u32) -> bool {
    match Meaning::of(exit_code) {
        Meaning::Good | Meaning::Attention => true,
        // An unexpected error may pass.
        Meaning::Bad => exit_code != Some(1) || attempts >= ATTEMPTS,
        Meaning::Held | Meaning::Unfinished => false,
    }
}

#[cfg(test)]
pub(super) mod tests;
