//! How a fleet stands, on one screen.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{accounts, imports};
use crate::fleet::{Status, UnderWay};
use crate::report::text::{clean, count, fit, number, width, wrap};

/// Accounts that are shown of those that need attention, and of those that are under way.
const SHOWN: usize = 20;
/// Columns that a message takes where what to do follows on its line.
const MESSAGE: usize = 60;
/// Columns that a message has at least beside the name of its account.
const LEAST: usize = 24;

/// How a fleet stands, on lines of so many columns where they can be broken.
///
/// # Errors
///
/// Those of `out`.
pub fn status(status: &Status, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let by = status.started_by.as_deref().map_or(String::new(), |by| format!(", by {}", clean(by)));
    let size = if status.waves > 1 { format!(" ({})", status.wave_size) } else { String::new() };
    let state = match status.state {
        "running" => String::new(),
        "idle" => match status.last_heard {
            // A worker that died, or one whose clock is another.
            Some(at) => format!("   no word of a worker since {}, by its own clock", second(at)),
            None => "   no worker is at work".to_owned(),
        },
        "planned" => "   not begun".to_owned(),
        "stopped" if status.stopped_after.is_some() => "   stopped by `stop`".to_owned(),
        "paused" | "stopped" => {
            let by = status.changed_by.as_deref().map_or(String::new(), |by| format!(" by {}", clean(by)));
            format!("   {}{by}", status.state)
        }
        state => format!("   {state}"),
    };
    let made = if status.state == "planned" { "planned" } else { "started" };
    let head = format!(
        "{}   {}, {}, wave {} of {}{size}   {made} {}{by}{state}",
        clean(&status.name),
        status.action,
        accounts(status.accounts),
        status.wave,
        status.waves,
        time(status.started_at)
    );
    writeln!(out, "{}\n", wrap(&head, columns, 4))?;
    let held =
        if status.held > 0 { format!(" ({} held)", number(status.held as u64)) } else { String::new() };
    let counts = format!(
        "done {}   running {}   waiting {}{held}   attention {}   not started {}",
        number(status.done as u64),
        number(status.running as u64),
        number(status.waiting as u64),
        number(status.attention as u64),
        number(status.not_started as u64)
    );
    let imports = imports(status);
    let pace = pace(status).unwrap_or_default();
    let calls = rounded(status.calls_per_second);
    let calls =
        if status.running > 0 { format!("{calls} calls a second over all accounts") } else { String::new() };
    // Beside the counts where there is room, else below each.
    let room = width(&counts).max(width(&imports)) + 8;
    let is_wide = 2 + room + width(&pace).max(width(&calls)) <= columns;
    for (left, right) in [(&counts, pace), (&imports, calls)] {
        if is_wide {
            writeln!(out, "{}", format!("  {}{right}", fit(left, room)).trim_end())?;
            continue;
        }
        for line in [left.as_str(), right.as_str()].into_iter().filter(|line| !line.is_empty()) {
            writeln!(out, "  {}", wrap(line, columns.saturating_sub(2), 0).replace('\n', "\n  "))?;
        }
    }
    if !status.under_way.is_empty() {
        writeln!(out)?;
        under_way(status, columns, out)?;
    }
    if !status.rows.is_empty() {
        writeln!(out)?;
        rows(status, columns, out)?;
    }
    if let Some(file) = status.file.as_ref().filter(|_| status.state == "planned") {
        writeln!(out, "Next: transship fleet run {}", clean(file))?;
    }
    if let Some(bad) = status.stopped_after {
        let line = format!(
            "Next: nothing new begins, because {} ended badly (`stop`): run {} again with transship fleet resume {}, or raise \
             `stop` in the fleet file",
            accounts(bad),
            if bad == 1 { "it" } else { "them" },
            clean(&status.in_a_command)
        );
        writeln!(out, "{}", wrap(&line, columns, 4))?;
    }
    if let Some(next) = &status.next {
        let why = if next.after_trouble { ", because not every earlier account ended well" } else { "" };
        let line = format!(
            "Next: wave {} ({}) needs approval{why}: transship fleet approve {}",
            next.wave,
            accounts(next.accounts),
            clean(&status.in_a_command)
        );
        writeln!(out, "{}", wrap(&line, columns, 4))?;
    }
    Ok(())
}

fn rows(status: &Status, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let shown = &status.rows[..status.rows.len().min(SHOWN)];
    let names = shown.iter().map(|row| width(&clean(&row.account))).max().unwrap_or_default();
    let messages = shown.iter().map(|row| width(&clean(&row.message))).max().unwrap_or_default().min(MESSAGE);
    for (index, row) in shown.iter().enumerate() {
        let head = if index == 0 { "attention" } else { "" };
        let lead = format!("  {head:11}  {}  {:>3}   ", fit(&clean(&row.account), names), row.exit_code);
        let (message, help) = (clean(&row.message), clean(&row.help));
        let gap = messages.saturating_sub(width(&message)) + 3;
        let line = format!("{lead}{message}{}{help}", " ".repeat(gap));
        // Why it ended so is never cut off: what does not fit on the line goes on below.
        if width(line.trim_end()) <= columns {
            writeln!(out, "{}", line.trim_end())?;
        } else {
            below(&lead, &[&message, &help], columns, out)?;
        }
    }
    more(status.rows.len(), out)
}

/// Writes texts behind a lead, each on lines of its own.
fn below(lead: &str, texts: &[&str], columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let wide = width(lead);
    let (mut lead, indent) =
        if wide + LEAST > columns { (format!("{}\n", lead.trim_end()), 4) } else { (lead.to_owned(), wide) };
    if lead.ends_with('\n') {
        write!(out, "{lead}")?;
        lead = " ".repeat(indent);
    }
    for text in texts.iter().filter(|text| !text.is_empty()) {
        for line in wrap(text, columns.saturating_sub(indent), 0).lines() {
            writeln!(out, "{lead}{line}")?;
            lead = " ".repeat(indent);
        }
    }
    Ok(())
}

fn more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    if let Some(more) = all.checked_sub(SHOWN).filter(|more| *more > 0) {
        writeln!(out, "               and {} more: --format json names all", number(more as u64))?;
    }
    Ok(())
}

/// The accounts that have not ended, those that run first.
fn under_way(status: &Status, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<&UnderWay> = status.under_way.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.state));
    let shown = &rows[..rows.len().min(SHOWN)];
    let names = shown.iter().map(|row| width(&clean(&row.account))).max().unwrap_or_default();
    let mut before = "";
    for row in shown {
        let head = if row.state == before { "" } else { row.state };
        before = row.state;
        let lead = format!("  {head:11}  {}   ", fit(&clean(&row.account), names));
        let far = row.activity.as_ref().map(|activity| {
            let calls = count(activity.calls, "call", "calls");
            match activity.total {
                0 if activity.calls == 0 => "begun".to_owned(),
                0 => calls,
                total => {
                    format!("{} of {}, {calls}", number(activity.done), count(total, "import", "imports"))
                }
            }
        });
        let text = match (&row.message, far) {
            (Some(message), _) => clean(message),
            (None, Some(far)) => format!("{far}   {}", clean(&row.worker)),
            (None, None) => "another run holds it".to_owned(),
        };
        if width(&lead) + width(&text) <= columns {
            writeln!(out, "{lead}{text}")?;
        } else {
            below(&lead, &[&text], columns, out)?;
        }
    }
    more(rows.len(), out)
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn second(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn pace(status: &Status) -> Option<String> {
    if status.running == 0 || status.accounts_per_minute <= 0.0 {
        return None;
    }
    let pace = rounded(status.accounts_per_minute);
    let ends = status.wave_ends_at.map_or(String::new(), |at| {
        let at = at.to_zoned(TimeZone::UTC).strftime("%H:%M UTC");
        format!(", wave {} ends about {at}", status.wave)
    });
    Some(format!("{pace} accounts a minute{ends}"))
}

fn rounded(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, never negative")]
    let whole = value.max(0.0).round() as u64;
    number(whole)
}

/// A fleet for tests.
#[cfg(test)]
pub(super) fn sample() -> Status {
    Status {
        name: "remap-internal-id".into(),
        in_a_command: "remap-internal-id".into(),
        file: None,
        action: "update".into(),
        state: "running",
        started_at: "2026-11-28T02:00:00Z".parse().unwrap(),
        started_by: Some("cron".into()),
        accounts: 2000,
        wave: 2,
        waves: 3,
        wave_size: "10 %".into(),
        done: 163,
        running: 8,
        waiting: 29,
        attention: 2,
        held: 1,
        not_started: 1798,
        last_heard: None,
        accounts_per_minute: 61.2,
        calls_per_second: 1940.0,
        wave_ends_at: Some("2026-11-28T02:04:10Z".parse().unwrap()),
        outcomes: [("updated".to_owned(), 81_322)].into(),
        verdicts: [("equal".to_owned(), 81_322)].into(),
        copies: 2,
        in_doubt: 0,
        total_calls: 5,
        rows: vec![
            crate::fleet::AttentionRow {
                account: "acme-eu".into(),
                exit_code: 6,
                message: "token refused".into(),
                help: "fix the token, then: transship fleet resume remap-internal-id".into(),
                folder: None,
            },
            crate::fleet::AttentionRow {
                account: "globex\u{1b}-us".into(),
                exit_code: 3,
                message: "4 imports edited since the plan: left alone".into(),
                help: "transship show s3://ops/runs/globex-us".into(),
                folder: None,
            },
        ],
        under_way: vec![
            crate::fleet::UnderWay {
                account: "initech".into(),
                state: "running",
                worker: "build-7-41-0a1b".into(),
                activity: Some(crate::fleet::Activity { done: 12, total: 1040, calls: 35 }),
                message: None,
            },
            crate::fleet::UnderWay {
                account: "umbrella-eu".into(),
                state: "held",
                worker: "build-7-41-0a1b".into(),
                activity: None,
                message: Some("another run holds account `umbrella-eu` (alice)".into()),
            },
        ],
        stopped_after: None,
        next: Some(crate::fleet::status::NextWave { wave: 3, accounts: 1798, after_trouble: false }),
        changed_by: None,
        fleet_exit_code: 130,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(status_of: &Status, columns: usize) -> String {
        let mut out = Vec::new();
        status(status_of, columns, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_fleet_is_told_on_one_screen() {
        insta::assert_snapshot!(screen(&sample(), 160));
    }

    #[test]
    fn a_fleet_that_was_planned_is_not_told_as_started_and_its_next_command_is_the_run() {
        let fleet = Status {
            state: "planned",
            file: Some("fleet.yaml".into()),
            next: None,
            under_way: Vec::new(),
            rows: Vec::new(),
            ..sample()
        };
        let screen = screen(&fleet, 160);
        let head = "wave 2 of 3 (10 %)   planned 2026-11-28 02:00 UTC, by cron   not begun\n";
        assert!(screen.contains(head) && !screen.contains("started 2026"), "{screen}");
        assert!(screen.ends_with("Next: transship fleet run fleet.yaml\n"), "{screen}");
    }

    #[test]
    fn a_worker_that_is_not_heard_of_is_not_told_as_gone() {
        let mut fleet = sample();
        fleet.state = "idle";
        assert!(screen(&fleet, 160).contains("   no worker is at work\n"));
        fleet.last_heard = Some("2026-11-28T02:03:04Z".parse().unwrap());
        let screen = screen(&fleet, 200);
        assert!(
            screen.contains("   no word of a worker since 2026-11-28 02:03:04 UTC, by its own clock\n"),
            "{screen}"
        );
    }

    #[test]
    fn a_fleet_that_its_limit_stopped_says_so_and_what_lets_it_go_on() {
        let screen = screen(&Status { state: "stopped", stopped_after: Some(1), ..sample() }, 300);
        assert!(screen.contains("by cron   stopped by `stop`\n"), "{screen}");
        let next = "Next: nothing new begins, because 1 account ended badly (`stop`): run it again with transship fleet resume \
                    remap-internal-id, or raise `stop` in the fleet file\n";
        assert!(screen.contains(next), "{screen}");
    }

    #[test]
    fn why_an_account_ended_is_whole_on_a_narrow_terminal() {
        let mut fleet = sample();
        fleet.rows[1].message =
            "`fleet plan` made no plan of it (cannot read the token of account `globex` from \
                                 NO_SUCH_TOKEN): nothing was written; plan again: transship fleet plan FLEET"
                .into();
        for columns in [60, 80] {
            let screen = screen(&fleet, columns);
            assert!(screen.lines().all(|line| width(line) <= columns), "{screen}");
        }
        insta::assert_snapshot!(screen(&fleet, 80));
    }
}
