//! The status of a fleet: a function of what is in the store. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::beat::Beat;
use super::control::{Control, ControlState};
use super::definition::Definition;
use super::result::{AccountResult, Meaning};
use super::under_way::{UnderWay, under_way};
use crate::job::WaveSize;
use crate::model::WaitsFor;
use crate::model::shown::shell_word;

/// The status of a fleet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// What the fleet is called.
    pub name: String,
    /// The fleet as a command names it.
    #[serde(skip)]
    pub in_a_command: String,
    /// Its file as a command names it, where the fleet was planned and not begun.
    #[serde(skip)]
    pub file: Option<String>,
    /// The word of its job's action.
    pub action: String,
    /// `planned` and not begun, `running`, `paused`, `stopped`, `waiting` for an approval, `finished`, or `idle` where no
    /// worker is at work.
    pub state: &'static str,
    /// When it was made.
    pub started_at: Timestamp,
    /// Who made it, e.g. `alice on build-7`; `None` where that is not known.
    pub started_by: Option<String>,
    /// Accounts in total.
    pub accounts: usize,
    /// The current wave, from 1; the last one when all are over.
    pub wave: u32,
    /// How many waves there are.
    pub waves: u32,
    /// The size of the wave as the fleet file has it: `5`, `10 %`, `rest`.
    pub wave_size: String,
    /// Accounts that ended as planned.
    pub done: usize,
    /// The number of running accounts.
    pub running: usize,
    /// Accounts of this wave that no worker is running.
    pub waiting: usize,
    /// Of these, the ones that other runs hold, according to the running workers.
    pub held: usize,
    /// Accounts that a person has to look at.
    pub attention: usize,
    /// Accounts of later waves.
    pub not_started: usize,
    /// When a worker that may still be running last reported, by its own clock, if no clock here confirms that one is
    /// running; absent if one is, or if all have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_heard: Option<Timestamp>,
    /// Accounts a minute, over those that ended in the last ten minutes; 0 if none did.
    pub accounts_per_minute: f64,
    /// Calls a second, over all running workers.
    pub calls_per_second: f64,
    /// When this wave ends at this pace; absent if no worker is running, none ended lately, or it needs approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave_ends_at: Option<Timestamp>,
    /// Imports by outcome, over all accounts that ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Imports by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Imports that came from elsewhere.
    pub copies: u64,
    /// Imports for which it is unknown whether their last call had its effect.
    pub in_doubt: u64,
    /// Calls of the accounts that ended.
    pub total_calls: u64,
    /// The accounts that a person has to look at, worst first.
    pub rows: Vec<AttentionRow>,
    /// The accounts that were begun and have not ended, by name, with their progress as last reported.
    pub under_way: Vec<UnderWay>,
    /// How many accounts ended badly, if `stop` allows no more: nothing new begins; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_after: Option<usize>,
    /// The next wave, if somebody has to approve it before it begins; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextWave>,
    /// Who last changed the requests to it, e.g. `alice on build-7`; absent until somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// The exit code that the fleet has now: 0, 3 or 4; 130 while it is not finished.
    pub fleet_exit_code: u8,
}

/// A wave that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextWave {
    /// Its number, from 1.
    pub wave: u32,
    /// How many accounts it has.
    pub accounts: usize,
    /// Whether the previous wave did not end well, so that this one has to be approved whatever the fleet file says.
    pub after_trouble: bool,
}

/// An account that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttentionRow {
    /// Name of the account in the CSV.
    pub account: String,
    /// The exit code of its run.
    pub exit_code: u8,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Where its run folder is: a path or an address; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The status of a fleet whose store holds this.
pub fn status(
    fleet: &Definition,
    control: &Control,
    results: &BTreeMap<String, AccountResult>,
    beats: &[Beat],
    now: Timestamp,
) -> Status {
    let live: Vec<&Beat> = beats.iter().filter(|beat| beat.is_live(now)).collect();
    let is_open = |account: &str| !results.contains_key(account);
    let begun = fleet.accounts.iter().map(|member| member.account.as_str());
    let under_way = under_way(begun.filter(|account| is_open(account)), beats, now);
    let is = |account: &str, state| under_way.iter().any(|row| row.account == account && row.state == state);
    let open = fleet.accounts.iter().filter(|member| is_open(&member.account));
    let waves = u32::try_from(fleet.waves.len()).unwrap_or(u32::MAX).max(1);
    let first_open = open.map(|member| member.wave).min();
    let wave = first_open.unwrap_or(waves);
    let (mut running, mut waiting, mut not_started) = (0, 0, 0);
    for member in fleet.accounts.iter().filter(|member| is_open(&member.account)) {
        if is(&member.account, "running") {
            running += 1;
        } else if member.wave == wave {
            waiting += 1;
        } else {
            not_started += 1;
        }
    }
    let of_fleet =
        |result: &&AccountResult| fleet.accounts.iter().any(|member| member.account == result.account);
    let ended: Vec<&AccountResult> = results.values().filter(of_fleet).collect();
    let done = ended.iter().filter(|result| result.meaning() == Meaning::Good).count();
    let in_a_command = fleet.in_a_command();
    let mut rows: Vec<AttentionRow> = ended
        .iter()
        .filter(|result| result.meaning() != Meaning::Good)
        .map(|result| attention(&in_a_command, result))
        .collect();
    rows.sort_by_key(|row| (row.exit_code == 3, row.account.clone()));
    let next = next_wave(fleet, control, results, wave, first_open.is_some());
    let waits = running == 0 && next.as_ref().is_some_and(|next| next.wave == wave);
    let pace = pace(&ended, now);
    let last_heard = beats.iter().filter(|beat| !beat.is_over).map(|beat| beat.at).max();
    let left = running + waiting;
    let stopped_after = stopped_after(fleet, results).filter(|_| first_open.is_some());
    let mut status = Status {
        name: fleet.name.clone(),
        in_a_command,
        file: None,
        action: fleet.action.clone(),
        state: match control.state {
            _ if first_open.is_none() => "finished",
            _ if stopped_after.is_some() => ControlState::Stopped.as_str(),
            ControlState::Running if waits => "waiting",
            ControlState::Running if live.is_empty() => "idle",
            state => state.as_str(),
        },
        started_at: fleet.made_at,
        started_by: fleet.made_by.clone(),
        accounts: fleet.accounts.len(),
        wave,
        waves,
        wave_size: fleet.waves.get(wave as usize - 1).map_or_else(String::new, |wave| size(wave.size)),
        done,
        running,
        waiting,
        held: under_way.iter().filter(|row| row.state == "held").count(),
        attention: rows.len(),
        not_started,
        last_heard: last_heard.filter(|_| live.is_empty() && first_open.is_some()),
        accounts_per_minute: pace,
        calls_per_second: live.iter().fold(0.0, |sum, beat| sum + beat.calls_per_second),
        wave_ends_at: ends_at(left, pace, now).filter(|_| !live.is_empty() && !waits),
        outcomes: BTreeMap::new(),
        verdicts: BTreeMap::new(),
        copies: 0,
        in_doubt: 0,
        total_calls: 0,
        rows,
        under_way,
        stopped_after,
        next,
        changed_by: control.changed_by.clone(),
        fleet_exit_code: exit_code(control, results, stopped_after.is_some(), first_open.is_none()),
    };
    for counts in ended.iter().filter_map(|result| result.counts.as_ref()) {
        add(&mut status.outcomes, &counts.outcomes);
        add(&mut status.verdicts, &counts.verdicts);
        status.copies += counts.copies;
        status.in_doubt += counts.in_doubt;
        status.total_calls += counts.total_calls;
    }
    status
}

fn add(into: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>) {
    for (word, count) in from.iter().filter(|(_, count)| **count > 0) {
        *into.entry(word.clone()).or_default() += count;
    }
}

fn size(size: WaveSize) -> String {
    match size {
        WaveSize::Accounts(count) => count.to_string(),
        WaveSize::Share(share) => format!("{} %", (share * 10_000.0).round() / 100.0),
        WaveSize::Rest => "rest".to_owned(),
    }
}

/// The wave that does not begin by itself, if the one before is over.
fn next_wave(
    fleet: &Definition,
    control: &Control,
    results: &BTreeMap<String, AccountResult>,
    wave: u32,
    is_open: bool,
) -> Option<NextWave> {
    if !is_open {
        return None;
    }
    let is_begun =
        fleet.accounts.iter().any(|member| member.wave == wave && results.contains_key(&member.account));
    let after = |number: u32| {
        let members = fleet.accounts.iter().filter(|member| member.wave == number);
        let mut ends = members.filter_map(|member| results.get(&member.account));
        ends.any(|result| result.meaning() != Meaning::Good)
    };
    // The wave that is to come: this one if it has not begun, else the one after it.
    let coming = if is_begun || wave == 1 { wave + 1 } else { wave };
    let before = coming - 1;
    let accounts = fleet.size_of(coming);
    let (last, asks) = fleet.before(coming);
    let after_trouble = after(last);
    (accounts > 0 && control.approved < before && (asks || after_trouble)).then_some(NextWave {
        wave: coming,
        accounts,
        after_trouble,
    })
}

/// How many accounts ended badly, if they are as many as `stop` allows.
fn stopped_after(fleet: &Definition, results: &BTreeMap<String, AccountResult>) -> Option<usize> {
    let bad = results.values().filter(|result| result.meaning() == Meaning::Bad).count();
    fleet.most_bad().filter(|most| bad >= *most).map(|_| bad)
}

fn exit_code(
    control: &Control,
    results: &BTreeMap<String, AccountResult>,
    is_stopped: bool,
    is_over: bool,
) -> u8 {
    match (is_over, control.state) {
        (true, _) if results.values().any(|result| result.meaning() != Meaning::Good) => 3,
        (true, _) => 0,
        (false, ControlState::Stopped) => 4,
        (false, _) if is_stopped => 4,
        (false, _) => 130,
    }
}

/// Accounts a minute, over those that ended in the last ten minutes.
fn pace(ended: &[&AccountResult], now: Timestamp) -> f64 {
    const WINDOW: SignedDuration = SignedDuration::from_mins(10);
    let recent: Vec<Timestamp> =
        ended.iter().map(|result| result.ended_at).filter(|at| now.duration_since(*at) <= WINDOW).collect();
    let began = ended
        .iter()
        .filter(|result| now.duration_since(result.ended_at) <= WINDOW)
        .map(|result| result.started_at)
        .min();
    let Some(began) = began else { return 0.0 };
    let minutes = now.duration_since(began).min(WINDOW).as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "a count of accounts")]
    let count = recent.len() as f64;
    if minutes > 0.0 { count / minutes } else { 0.0 }
}

fn ends_at(left: usize, pace: f64, now: Timestamp) -> Option<Timestamp> {
    if left == 0 || pace <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of accounts")]
    let seconds = left as f64 / pace * 60.0;
    let left = SignedDuration::try_from_secs_f64(seconds).ok()?;
    now.checked_add(left).ok()
}

/// What happened to an account, and what to do about it.
fn attention(fleet: &str, result: &AccountResult) -> AttentionRow {
    let again = format!("then: transship fleet resume {fleet}");
    let anew = "to do it again: a fleet with another --name";
    let (message, help) = match result.exit_code {
        // No run goes on with its folder, however often it is started.
        2 | 4 if result.waits_for == Some(WaitsFor::NewRun) => (String::new(), anew.to_owned()),
        2 => ("the job or the token source is bad".to_owned(), format!("fix it, {again}")),
        3 if result.message.is_some() => (problem(result), anew.to_owned()),
        3 => (problem(result), String::new()),
        4 => ("stopped by `stop`".to_owned(), format!("see why, {again}")),
        6 => ("token refused".to_owned(), format!("fix the token, {again}")),
        _ => ("unexpected error".to_owned(), format!("see why, {again}")),
    };
    // A refused token says enough; for others the sentence of the run says more.
    let message = match &result.message {
        Some(said) if result.exit_code != 6 => said.clone(),
        _ => message,
    };
    let shown = |folder: &String| format!("transship show {}", shell_word(folder));
    let help = if help.is_empty() { result.folder.as_ref().map(shown).unwrap_or_default() } else { help };
    AttentionRow {
        account: result.account.clone(),
        exit_code: result.exit_code,
        message,
        help,
        folder: result.folder.clone(),
    }
}

/// The results of the imports that are not as planned.
fn problem(result: &AccountResult) -> String {
    let Some(counts) = &result.counts else { return "an import needs attention".to_owned() };
    let words = ["failed", "conflict", "stale", "unprocessed"];
    let mut parts: Vec<String> = words
        .iter()
        .filter_map(|word| Some((*word, *counts.outcomes.get(*word).filter(|count| **count > 0)?)))
        .map(|(word, count)| match (word, count) {
            ("stale", 1) => "1 import edited since the plan: left alone".to_owned(),
            ("stale", many) => format!("{many} imports edited since the plan: left alone"),
            ("conflict", 1) => "1 conflict".to_owned(),
            ("conflict", many) => format!("{many} conflicts"),
            (word, many) => format!("{many} {word}"),
        })
        .collect();
    if let Some(differs) = counts.verdicts.get("differs").filter(|count| **count > 0) {
        parts.push(format!("{differs} read back different"));
    }
    match counts.copies {
        0 => {}
        1 => parts.push("1 copy from elsewhere".to_owned()),
        many => parts.push(format!("{many} copies from elsewhere")),
    }
    if parts.is_empty() { "an import needs attention".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests;
