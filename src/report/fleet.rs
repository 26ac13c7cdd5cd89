//! A fleet in words: its state, the totals of its plans, and one page for all its accounts.
//!
//! Promises: a function of what is in the store; names are text wherever they end up.

mod status_text;

use std::collections::BTreeMap;
use std::io::{self, Write};

pub use status_text::status;

use super::html::Text;
use super::text::{clean, count as counted_as, number, wrap};
use crate::fleet::{AccountResult, Counts, Definition, Group, Status};
use crate::model::time::stamp;

/// Changes of a group that are shown.
const SHOWN: usize = 8;
/// Accounts of a group that are named.
const NAMED: usize = 3;

fn accounts(count: usize) -> String {
    counted_as(count as u64, "account", "accounts")
}

/// `81,322 imports updated, all equal   2 copies   0 in doubt`.
fn imports(status: &Status) -> String {
    let mut parts: Vec<String> = status
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{} {outcome}", counted_as(*count, "import", "imports")))
        .collect();
    if parts.is_empty() {
        let is_early = status.state == "planned" || status.done + status.attention == 0;
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

/// The totals of a fleet's plans, grouped by equal change, on lines of the given width where they can be broken.
///
/// # Errors
///
/// Those of `out`.
pub fn groups(fleet: &Definition, groups: &[Group], columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let broken = |text: String| wrap(&text, columns, 4);
    // Below the line that says for how many accounts they are.
    let below = |text: &str| wrap(text, columns.saturating_sub(2), 2).replace('\n', "\n  ");
    let head = format!(
        "{}   {}, {}, {}",
        clean(&fleet.name),
        fleet.action,
        accounts(fleet.accounts.len()),
        counted_as(fleet.waves.len() as u64, "wave", "waves")
    );
    writeln!(out, "{}", broken(head))?;
    for group in groups {
        writeln!(out)?;
        let mut names: Vec<String> = group.accounts.iter().take(NAMED).map(|name| clean(name)).collect();
        if let Some(more) = group.accounts.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(format!("and {} more", number(more as u64)));
        }
        let names = names.join(", ");
        let count = accounts(group.accounts.len());
        if group.is_refused {
            writeln!(out, "{}", broken(format!("{count}: no plan   {names}")))?;
            let why = clean(group.message.as_deref().unwrap_or("it ended without a message"));
            writeln!(out, "  {}", below(&why))?;
            continue;
        }
        if group.count == 0 {
            writeln!(out, "{}", broken(format!("{count}: nothing to do   {names}")))?;
            continue;
        }
        let what = match group.count {
            1 => "this change".to_owned(),
            many => format!("these {} changes", number(many as u64)),
        };
        let writes = counted_as(group.writes, "import", "imports");
        writeln!(out, "{}", broken(format!("{count}: {what}, {writes} in all   {names}")))?;
        for change in group.changes.iter().take(SHOWN) {
            writeln!(out, "  {}", below(&clean(change)))?;
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

/// One page for all accounts, with a link to the report of each; `open` counts the imports of those that have not ended. It
/// needs no network and no other file to be read.
///
/// # Errors
///
/// Those of `out`.
pub fn page<'a>(
    fleet: &Definition,
    status: &Status,
    results: impl Iterator<Item = (&'a str, u32, Option<&'a AccountResult>)>,
    open: &BTreeMap<String, Counts>,
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
        Text(imports(status).replace("   ", ", "))
    )?;
    writeln!(
        out,
        "<h2>Accounts</h2>\n<table><tr><th>account</th><th>wave</th><th>exit code</th><th>imports</th><th>what</th>\
         <th>ended</th></tr>"
    )?;
    let not_ended = |account: &str| {
        let begun = status.under_way.iter().find(|row| row.account == account).map(|row| row.state);
        begun.unwrap_or(if open.contains_key(account) { "not ended" } else { "not run" })
    };
    // What a person has to look at stands first, then what has not ended.
    let mut results: Vec<_> = results.collect();
    results.sort_by_key(|(_, _, result)| match result.map(|result| result.exit_code) {
        Some(0) => 2,
        None => 1,
        Some(_) => 0,
    });
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
        let counts = result.map_or_else(|| open.get(account), |result| result.counts.as_ref());
        let outcomes = counts.map_or(String::new(), |counts| {
            let words = counts.outcomes.iter().filter(|(_, count)| **count > 0);
            words.map(|(word, count)| format!("{} {word}", number(*count))).collect::<Vec<_>>().join(", ")
        });
        writeln!(
            out,
            "<tr class=\"{class}\"><td>{named}</td><td>{wave}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            result.map_or_else(|| not_ended(account).to_owned(), |result| result.exit_code.to_string()),
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
border-bottom:1px solid #8884;vertical-align:top}th{white-space:nowrap}td{overflow-wrap:break-word}\
@media(max-width:900px){table{display:block;overflow-x:auto}td,th{padding:4px 6px}}.badge{border:1px solid;border-radius:12px;padding:3px 10px;\
font-weight:600}.good{color:#2e7d5b}tr.good{color:inherit}.bad{color:#b3362b}.wait{opacity:.6}";

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn fleet(name: &str) -> Definition {
        use crate::model::Fingerprint;
        Definition {
            version: 1,
            name: name.into(),
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
        }
    }

    #[test]
    fn accounts_that_need_a_person_stand_first_on_the_page_then_those_that_have_not_ended() {
        let ended = |account: &str, exit_code: u8| AccountResult {
            account: account.into(),
            exit_code,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: Timestamp::UNIX_EPOCH,
            worker: "w".into(),
            attempts: 1,
            counts: None,
            message: None,
            waits_for: None,
            folder: None,
        };
        let (good, bad, refused) = (ended("good", 0), ended("bad", 3), ended("refused", 6));
        let rows = [
            ("good", 1, Some(&good)),
            ("open", 1, None),
            ("bad", 1, Some(&bad)),
            ("refused", 2, Some(&refused)),
        ];
        let mut out = Vec::new();
        let open = BTreeMap::new();
        page(&fleet("f"), &status_text::sample(), rows.into_iter(), &open, |_| None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let places = ["bad", "refused", "open", "good"].map(|name| text.find(&format!("<td>{name}</td>")));
        assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
        assert!(text.contains("all equal, 2 copies, 0 in doubt"), "{text}");
    }

    #[test]
    fn names_are_text_on_the_page() {
        let fleet = fleet("<b>x</b>");
        let mut out = Vec::new();
        let rows = [("<i>a", 1, None)];
        page(&fleet, &status_text::sample(), rows.into_iter(), &BTreeMap::new(), |_| None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("<b>") && !text.contains("<i>") && text.contains("&lt;i&gt;a"), "{text}");
    }
}
