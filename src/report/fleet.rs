//! A fleet in words: how it stands, what its plans come to, and one page for all its accounts.
//!
//! Promises: a function of what is in the store; names are text wherever they end up.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::html::Text;
use super::text::{clean, count as counted_as, fit, number, width};
use crate::fleet::AccountResult;
use crate::fleet::{Definition, Group, Status};
use crate::model::time::stamp;

/// Changes of a group that are shown.
const SHOWN: usize = 8;
/// Accounts of a group that are named.
const NAMED: usize = 3;
/// Accounts that need attention and are shown.
const ATTENTION: usize = 20;

/// How a fleet stands.
///
/// # Errors
///
/// Those of `out`.
pub fn status(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let by = status.started_by.as_deref().map_or(String::new(), |by| format!(", by {}", clean(by)));
    let size = if status.waves > 1 { format!(" ({})", status.wave_size) } else { String::new() };
    let state = match status.state {
        "running" => String::new(),
        "idle" => "   no worker is at work".to_owned(),
        "planned" => "   planned, not begun".to_owned(),
        "paused" | "stopped" => {
            let by = status.changed_by.as_deref().map_or(String::new(), |by| format!(" by {}", clean(by)));
            format!("   {}{by}", status.state)
        }
        state => format!("   {state}"),
    };
    writeln!(
        out,
        "{}   {}, {}, wave {} of {}{size}   started {}{by}{state}",
        clean(&status.name),
        status.action,
        accounts(status.accounts),
        status.wave,
        status.waves,
        time(status.started_at)
    )?;
    writeln!(out)?;
    let counts = format!(
        "done {}   running {}   waiting {}   attention {}   not started {}",
        number(status.done as u64),
        number(status.running as u64),
        number(status.waiting as u64),
        number(status.attention as u64),
        number(status.not_started as u64)
    );
    let imports = imports(status);
    let room = width(&counts).max(width(&imports)) + 8;
    let pace = pace(status).unwrap_or_default();
    writeln!(out, "{}", format!("  {}{pace}", fit(&counts, room)).trim_end())?;
    let calls = rounded(status.calls_per_second);
    let calls =
        if status.running > 0 { format!("{calls} calls a second over all accounts") } else { String::new() };
    writeln!(out, "{}", format!("  {}{calls}", fit(&imports, room)).trim_end())?;
    if !status.rows.is_empty() {
        writeln!(out)?;
        rows(status, out)?;
    }
    if let Some(next) = &status.next {
        let why = if next.after_trouble { ", because not every earlier account ended well" } else { "" };
        writeln!(
            out,
            "Next: wave {} ({}) needs approval{why}: transship fleet approve {}",
            next.wave,
            accounts(next.accounts),
            clean(&status.in_a_command)
        )?;
    }
    Ok(())
}

fn rows(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let shown = &status.rows[..status.rows.len().min(ATTENTION)];
    let names = shown.iter().map(|row| width(&clean(&row.account))).max().unwrap_or_default();
    let messages = shown.iter().map(|row| width(&clean(&row.message))).max().unwrap_or_default().min(60);
    for (index, row) in shown.iter().enumerate() {
        let head = if index == 0 { "attention" } else { "" };
        let line = format!(
            "  {head:9}  {}  {:>3}   {}   {}",
            fit(&clean(&row.account), names),
            row.exit_code,
            fit(&clean(&row.message), messages),
            clean(&row.help)
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if let Some(more) = status.rows.len().checked_sub(ATTENTION).filter(|more| *more > 0) {
        writeln!(out, "             and {} more: --format json names all", number(more as u64))?;
    }
    Ok(())
}

fn accounts(count: usize) -> String {
    counted_as(count as u64, "account", "accounts")
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `81,322 imports updated, all equal   2 copies   0 in doubt`.
fn imports(status: &Status) -> String {
    let mut parts: Vec<String> = status
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{} {outcome}", counted_as(*count, "import", "imports")))
        .collect();
    if parts.is_empty() {
        let is_early = status.done + status.attention == 0;
        parts.push(if is_early { "no account has ended yet" } else { "no imports" }.to_owned());
    } else {
        match status.verdicts.get("differs").copied().unwrap_or(0) {
            0 if status.verdicts.get("not_checked").copied().unwrap_or(0) > 0 => {}
            0 => parts.push("all equal".to_owned()),
            differs => parts.push(format!("{} read back different", number(differs))),
        }
    }
    let copies = counted_as(status.copies, "copy", "copies");
    format!("{}   {copies}   {} in doubt", parts.join(", "), number(status.in_doubt))
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

/// What the plans of a fleet come to, grouped by equal change.
///
/// # Errors
///
/// Those of `out`.
pub fn groups(fleet: &Definition, groups: &[Group], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}   {}, {}, {}",
        clean(&fleet.name),
        fleet.action,
        accounts(fleet.accounts.len()),
        counted_as(fleet.waves.len() as u64, "wave", "waves")
    )?;
    for group in groups {
        writeln!(out)?;
        let mut names: Vec<String> = group.accounts.iter().take(NAMED).map(|name| clean(name)).collect();
        if let Some(more) = group.accounts.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(format!("and {} more", number(more as u64)));
        }
        let names = names.join(", ");
        let count = accounts(group.accounts.len());
        if group.is_refused {
            writeln!(out, "{count}: no plan   {names}")?;
            writeln!(out, "  {}", clean(group.message.as_deref().unwrap_or("it ended without a message")))?;
            continue;
        }
        if group.count == 0 {
            writeln!(out, "{count}: nothing to do   {names}")?;
            continue;
        }
        let what = match group.count {
            1 => "this change".to_owned(),
            many => format!("these {} changes", number(many as u64)),
        };
        let writes = counted_as(group.writes, "import", "imports");
        writeln!(out, "{count}: {what}, {writes} in all   {names}")?;
        for change in group.changes.iter().take(SHOWN) {
            writeln!(out, "  {}", clean(change))?;
        }
        if let Some(more) = group.count.checked_sub(SHOWN).filter(|more| *more > 0) {
            writeln!(out, "  and {} more", number(more as u64))?;
        }
        if group.attention > 0 {
            writeln!(out, "  {} need attention", counted_as(group.attention, "import", "imports"))?;
        }
    }
    Ok(())
}

/// One page for all accounts, with a link to the report of each. It needs no network and no other file to be read.
///
/// # Errors
///
/// Those of `out`.
pub fn page<'a>(
    fleet: &Definition,
    status: &Status,
    results: impl Iterator<Item = (&'a str, u32, Option<&'a AccountResult>)>,
    link: impl Fn(&str) -> Option<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = Text(&fleet.name);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\">\n\
         <style>{STYLE}</style></head><body>\n<p class=\"over\">Transship, a fleet</p><h1>{name}</h1>"
    )?;
    let good = status.fleet_exit_code == 0;
    let badge = if good { "good" } else { "bad" };
    let word = match (status.state, good) {
        ("finished", true) => "every account ended as planned",
        ("finished", false) => "finished; accounts need attention",
        _ => "not finished",
    };
    writeln!(
        out,
        "<p><span class=\"badge {badge}\">{word}</span></p>\n<p>{}: {}, {}. Begun {}{}.</p>",
        Text(&fleet.action),
        accounts(status.accounts),
        counted_as(u64::from(status.waves), "wave", "waves"),
        stamp(status.started_at),
        Text(status.started_by.as_deref().map_or(String::new(), |by| format!(" by {by}")))
    )?;
    writeln!(
        out,
        "<table><tr><th>done</th><th>attention</th><th>running</th><th>waiting</th><th>not started</th><th>calls</th></tr>\
         <tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table>\n<p>{}</p>",
        number(status.done as u64),
        number(status.attention as u64),
        number(status.running as u64),
        number(status.waiting as u64),
        number(status.not_started as u64),
        number(status.total_calls),
        Text(imports(status))
    )?;
    writeln!(
        out,
        "<h2>Accounts</h2>\n<table><tr><th>account</th><th>wave</th><th>exit code</th><th>imports</th><th>what</th>\
         <th>ended</th></tr>"
    )?;
    for (account, wave, result) in results {
        let named = match link(account).filter(|_| result.is_some()) {
            Some(link) => format!("<a href=\"{}\">{}</a>", Text(link), Text(account)),
            None => Text(account).to_string(),
        };
        let class = match result.map(|result| result.exit_code) {
            None => "wait",
            Some(0) => "good",
            Some(_) => "bad",
        };
        let row = status.rows.iter().find(|row| row.account == account);
        let outcomes = result.and_then(|result| result.counts.as_ref()).map_or(String::new(), |counts| {
            let words = counts.outcomes.iter().filter(|(_, count)| **count > 0);
            words.map(|(word, count)| format!("{} {word}", number(*count))).collect::<Vec<_>>().join(", ")
        });
        writeln!(
            out,
            "<tr class=\"{class}\"><td>{named}</td><td>{wave}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            result.map_or_else(|| "not run".to_owned(), |result| result.exit_code.to_string()),
            Text(outcomes),
            Text(row.map_or("", |row| row.message.as_str())),
            result.map(|result| stamp(result.ended_at)).unwrap_or_default()
        )?;
    }
    writeln!(out, "</table></body></html>")
}

const STYLE: &str = ":root{color-scheme:light dark}body{margin:0 auto;max-width:1180px;padding:28px 24px;\
font:15px/1.5 system-ui,sans-serif}h1{margin:2px 0 12px;overflow-wrap:anywhere}.over{opacity:.7;font-size:13px}\
table{border-collapse:collapse;margin:12px 0;width:100%}td,th{text-align:left;padding:4px 10px;\
border-bottom:1px solid #8884;overflow-wrap:anywhere}.badge{border:1px solid;border-radius:12px;padding:3px 10px;\
font-weight:600}.good{color:#2e7d5b}tr.good{color:inherit}.bad{color:#b3362b}.wait{opacity:.6}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttentionRow, status::NextWave};

    fn sample() -> Status {
        Status {
            name: "remap-internal-id".into(),
            in_a_command: "remap-internal-id".into(),
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
            not_started: 1798,
            accounts_per_minute: 61.2,
            calls_per_second: 1940.0,
            wave_ends_at: Some("2026-11-28T02:04:10Z".parse().unwrap()),
            outcomes: [("updated".to_owned(), 81_322)].into(),
            verdicts: [("equal".to_owned(), 81_322)].into(),
            copies: 2,
            in_doubt: 0,
            total_calls: 5,
            rows: vec![
                AttentionRow {
                    account: "acme-eu".into(),
                    exit_code: 6,
                    message: "token refused".into(),
                    help: "fix the token, then: transship fleet resume remap-internal-id".into(),
                    folder: None,
                },
                AttentionRow {
                    account: "globex\u{1b}-us".into(),
                    exit_code: 3,
                    message: "4 imports edited since the plan: left alone".into(),
                    help: "transship show s3://ops/runs/globex-us".into(),
                    folder: None,
                },
            ],
            next: Some(NextWave { wave: 3, accounts: 1798, after_trouble: false }),
            changed_by: None,
            fleet_exit_code: 130,
        }
    }

    #[test]
    fn a_fleet_is_told_on_one_screen() {
        let mut out = Vec::new();
        status(&sample(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn names_are_text_on_the_page() {
        use crate::model::Fingerprint;
        let fleet = Definition {
            version: 1,
            name: "<b>x</b>".into(),
            job: "j".into(),
            action: "update".into(),
            job_sha256: Fingerprint::of(b""),
            job_text: String::new(),
            files: None,
            role: "source".into(),
            waves: Vec::new(),
            stop: None,
            parallel: 1,
            accounts: Vec::new(),
            made_at: Timestamp::UNIX_EPOCH,
            made_by: None,
            beside_name: String::new(),
        };
        let mut out = Vec::new();
        let rows = [("<i>a", 1, None)];
        page(&fleet, &sample(), rows.into_iter(), |_| None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("<b>") && !text.contains("<i>") && text.contains("&lt;i&gt;a"), "{text}");
    }
}
