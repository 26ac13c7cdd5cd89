//! What the person sees above and below the table.

use std::io::{self, Write};
use std::time::Duration;

use super::escape::Text;
use super::{MOST_LISTED, Page, chart};
use crate::model::time::stamp;
use crate::model::{Outcome, Verdict};
use crate::report::console::{
    caches, copies, doubts, headline, how_it_ended, spent, undone, unread, verified,
};
use crate::report::snapshot::in_words;
use crate::report::text::{clean, count, number, span};
use crate::run_folder::summary::Summary;

/// Kinds of change, and reasons, that are listed.
const MOST_GROUPS: usize = 50;

impl<W: Write> Page<W> {
    pub(super) fn sections(&mut self, summary: &Summary) -> io::Result<()> {
        self.title(summary)?;
        self.outcomes(summary)?;
        self.changes()?;
        self.reasons()?;
        self.by_hand(summary)?;
        self.flows(summary)?;
        self.charts(summary)?;
        self.table()?;
        self.evidence(summary)?;
        self.sign()
    }

    fn title(&mut self, summary: &Summary) -> io::Result<()> {
        let (class, badge) = match (summary.state.as_str(), summary.needs_attention()) {
            ("finished", false) => ("good", "finished, all as planned"),
            ("finished", true) => ("bad", "finished, needs attention"),
            (state, _) => ("bad", state),
        };
        write!(
            self.out,
            "<header>\n<p class=\"over\">Transship report · {}</p>\n<h1><bdi>{}</bdi> <span class=\"badge {class}\">{}</span></h1>\n\
             <p class=\"lead\">{}</p>\n",
            Text(summary.action.as_str()),
            Text(&summary.job),
            Text(badge),
            Text(headline(summary))
        )?;
        for read in &summary.snapshots {
            writeln!(self.out, "<p class=\"lead\">Read from snapshot {}.</p>", Text(in_words(read)))?;
        }
        let more =
            [how_it_ended(summary), undone(summary), doubts(summary), copies(summary), unread(summary)];
        for line in more.into_iter().flatten() {
            writeln!(self.out, "<p class=\"lead\">{}</p>", Text(line))?;
        }
        if let Some(disagreement) = summary.disagreement() {
            writeln!(
                self.out,
                "<p class=\"alarm\">The sums of this run disagree: {}.</p>",
                Text(disagreement)
            )?;
        }
        let figures = [Some(verified(summary)), spent(summary)].into_iter().flatten().collect::<Vec<_>>();
        writeln!(self.out, "<p>{}</p>\n</header>\n<main>", Text(figures.join(" ")))
    }

    fn outcomes(&mut self, summary: &Summary) -> io::Result<()> {
        let some = || Outcome::ALL.iter().copied().filter(|outcome| summary.count(*outcome) > 0);
        let parts: Vec<_> =
            some().map(|outcome| (class_of(outcome), outcome.as_str(), summary.count(outcome))).collect();
        write!(self.out, "<section>\n<h2>Outcomes</h2>\n{}\n<ul class=\"cards\">\n", chart::shares(&parts))?;
        for (class, word, counted) in &parts {
            let counted = number(*counted);
            writeln!(self.out, "<li class=\"{class}\"><b>{counted}</b> {word}</li>")?;
        }
        self.out.write_all(b"</ul>\n<ul class=\"cards small\">\n")?;
        for verdict in Verdict::ALL.iter().copied().filter(|verdict| summary.verdict(*verdict) > 0) {
            let class = if verdict == Verdict::Differs { "bad" } else { "calm" };
            let word = match verdict {
                Verdict::Equal => "compared, equal",
                Verdict::EqualWithDefaults => "compared, equal but for defaults the service filled in",
                Verdict::Differs => "compared, different",
                Verdict::NotChecked => "not compared",
            };
            writeln!(
                self.out,
                "<li class=\"{class}\"><b>{}</b> {word}</li>",
                number(summary.verdict(verdict))
            )?;
        }
        self.out.write_all(b"</ul>\n</section>\n")
    }

    /// Kinds of change, each with how many imports.
    fn changes(&mut self) -> io::Result<()> {
        let name_of = |id: &str| self.facts.names.get(id).map(|name| format!("\"{name}\""));
        let changes = self.groups.changes(&name_of);
        if changes.is_empty() {
            return Ok(());
        }
        self.out.write_all(
            b"<section>\n<h2>What changed</h2>\n<table class=\"list\"><thead><tr><th class=\"num\">how many</th><th>where</th>\
              <th>what</th></tr></thead><tbody>\n",
        )?;
        for line in changes.iter().take(MOST_GROUPS) {
            writeln!(
                self.out,
                "<tr><td class=\"num\">{}</td><td class=\"mono where\"><bdi>{}</bdi></td><td><bdi>{}</bdi></td></tr>",
                format_args!("{} {}", number(line.resources), line.unit()),
                Text(&line.lead),
                Text(clean(&line.text))
            )?;
        }
        self.out.write_all(b"</tbody></table>\n")?;
        self.rest(changes.len(), "other kind of change", "other kinds of change")?;
        self.out.write_all(b"</section>\n")
    }

    fn rest(&mut self, all: usize, one: &str, many: &str) -> io::Result<()> {
        match all.saturating_sub(MOST_GROUPS) {
            0 => Ok(()),
            more => writeln!(self.out, "<p>And {}.</p>", count(more as u64, one, many)),
        }
    }

    /// Reasons, the gravest first; each leads to its rows.
    fn reasons(&mut self) -> io::Result<()> {
        let sorted = self.reasons.sorted();
        if sorted.is_empty() {
            return Ok(());
        }
        self.out.write_all(
            b"<section>\n<h2>Reasons</h2>\n<table class=\"list counted\"><thead><tr><th>what</th><th class=\"num\">imports</th><th>why</th>\
              <th>which</th></tr></thead><tbody>\n",
        )?;
        for (place, group) in sorted.iter().take(MOST_GROUPS) {
            let class = if group.needs_attention() { "bad" } else { "calm" };
            write!(
                self.out,
                "<tr><td class=\"word\"><span class=\"tag {class}\">{}</span></td><td class=\"num\" data-unit=\"{}\">{}</td>\
                 <td><bdi>{}</bdi></td><td class=\"names\">",
                group.word,
                if group.imports == 1 { "import" } else { "imports" },
                number(group.imports),
                Text(clean(&group.reason))
            )?;
            for (at, name) in group.names.iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                write!(self.out, "{comma}<bdi>{}</bdi>", Text(name))?;
            }
            let more = if group.imports > group.names.len() as u64 { ", …" } else { "" };
            writeln!(
                self.out,
                "{more} <a class=\"to-rows\" href=\"#all\" data-group=\"{place}\">show</a></td></tr>"
            )?;
        }
        let all = sorted.len();
        self.out.write_all(b"</tbody></table>\n")?;
        self.rest(all, "other reason", "other reasons")?;
        self.out.write_all(b"</section>\n")
    }

    fn by_hand(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(caches) = caches(summary) {
            write!(self.out, "<section>\n<h2>To load manually</h2>\n<p>{}</p>\n</section>\n", Text(caches))?;
        }
        if self.secrets.is_empty() {
            return Ok(());
        }
        write!(
            self.out,
            "<section>\n<h2>To enter manually</h2>\n<p>{}: the service never shows them, so no tool can move them.</p>\n\
             <ul class=\"checks\">\n",
            count(summary.secrets, "secret", "secrets")
        )?;
        for (number, name, places) in &self.secrets {
            let places = places.join(", ");
            writeln!(
                self.out,
                "<li>#{number} <bdi>{}</bdi>: <code><bdi>{}</bdi></code></li>",
                Text(name),
                Text(places)
            )?;
        }
        self.out.write_all(b"</ul>\n")?;
        if self.secrets.len() == MOST_LISTED {
            writeln!(
                self.out,
                "<p>The first {MOST_LISTED} imports; the others show theirs in the table below.</p>"
            )?;
        }
        self.out.write_all(b"</section>\n")
    }

    fn charts(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(series) = self.samples.series() else { return Ok(()) };
        let durations = self.samples.durations();
        let within = |percent| Duration::from_millis(chart::percentile(&durations, percent));
        let pauses = match series.pauses.as_slice() {
            [] => String::new(),
            pauses => {
                let all: Duration = pauses.iter().map(|(_, pause)| *pause).sum();
                let pauses = count(pauses.len() as u64, "pause", "pauses");
                format!(" {pauses} ({} in all) left out: the dotted lines.", span(all))
            }
        };
        let again: u64 = series.again.iter().map(|count| u64::from(*count)).sum();
        let repeats = match again {
            0 => "<p class=\"none\">No call that writes had to be sent twice.</p>".to_owned(),
            _ => chart::repeats(&series),
        };
        write!(
            self.out,
            "<section>\n<h2>How it went</h2>\n<div class=\"charts\">\n\
             <figure><figcaption><b>Imports a second</b> whose first call was sent (bars) and whose last write was answered (line), \
             since {}. Dashed: the allowed {} calls a second.{pauses}</figcaption>\n{}\n</figure>\n\
             <figure><figcaption><b>Time an import took</b>, from its first call to the answer of its last write: half in {}, 95 of 100 \
             in {} or less.</figcaption>\n{}\n</figure>\n\
             <figure><figcaption><b>Calls sent again</b>: {} of those that write.</figcaption>\n{repeats}\n\
             </figure>\n</div>\n",
            summary.started_at.map(stamp).unwrap_or_default(),
            chart::rate(self.facts.per_second),
            chart::throughput(&series, self.facts.per_second),
            chart::moment(within(50)),
            chart::moment(within(95)),
            chart::durations(&durations),
            number(again),
        )?;
        self.calls(summary)?;
        self.out.write_all(b"</section>\n")
    }

    /// Calls by kind, with how long their answers took; what they waited for.
    fn calls(&mut self, summary: &Summary) -> io::Result<()> {
        self.out.write_all(
            b"<table class=\"list facts\"><thead><tr><th>calls</th><th class=\"num\">sent</th><th class=\"num\">half within</th>\
              <th class=\"num\">95 of 100 within</th></tr></thead><tbody>\n",
        )?;
        for (purpose, sent) in &summary.calls {
            let latency = summary.latency.get(purpose);
            let time = |millis: Option<u64>| {
                millis.map_or("–".to_owned(), |millis| chart::moment(Duration::from_millis(millis)))
            };
            writeln!(
                self.out,
                "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
                Text(purpose),
                number(*sent),
                time(latency.map(|latency| latency.p50_ms)),
                time(latency.map(|latency| latency.p95_ms))
            )?;
        }
        let calls: u64 = summary.calls.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
        let per_second = if summary.seconds > 0.0 { calls as f64 / summary.seconds } else { 0.0 };
        let waited = span(Duration::try_from_secs_f64(summary.waited_seconds).unwrap_or_default());
        writeln!(
            self.out,
            "</tbody></table>\n<p>{} in {}: {} a second on average, {} allowed. Waits for the rate limit, added up over all calls: {waited}. \
             Sent again after a failure: {}. Refused for the rate limit (429): {}.</p>",
            count(calls, "call", "calls"),
            span(Duration::try_from_secs_f64(summary.seconds).unwrap_or_default()),
            chart::rate(per_second),
            chart::rate(self.facts.per_second),
            number(summary.retries),
            number(summary.throttled)
        )
    }

    fn table(&mut self) -> io::Result<()> {
        self.out.write_all(
            b"<section class=\"all\" id=\"all\">\n<h2>Every import</h2>\n<noscript><p>The table needs the page's own script; \
              audit.csv beside this file holds the same rows.</p></noscript>\n\
              <div class=\"tools\" hidden><input id=\"find\" type=\"search\" placeholder=\"name, id, reason\" \
              aria-label=\"Search\"><select id=\"outcome\" aria-label=\"Outcome\"></select>\
              <select id=\"verdict\" aria-label=\"Verdict\"></select><select id=\"only\" aria-label=\"Show only\"></select>\
              <span id=\"shown\" role=\"status\"></span><span class=\"pager\"><button type=\"button\" id=\"back\">previous</button>\
              <button type=\"button\" id=\"next\">next</button></span></div>\n\
              <p class=\"group\" id=\"group\" hidden>Only <span id=\"reason\"></span> \xC2\xB7 <button type=\"button\" id=\"every\">show all</button></p>\n\
              <p id=\"paper\"></p>\n<div id=\"table\"></div>\n</section>\n",
        )
    }

    fn evidence(&mut self, summary: &Summary) -> io::Result<()> {
        let facts = &self.facts;
        let time = |time: Option<jiff::Timestamp>| time.map_or("–".to_owned(), stamp);
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        let lines = [
            ("run", summary.run_id.clone()),
            ("started by", known(&facts.by)),
            ("source", facts.source.join(" · ")),
            ("target", facts.target.join(" · ")),
            ("opened", time(summary.started_at)),
            ("last record", time(summary.finished_at)),
            ("taken up again", count(summary.resumed, "time", "times")),
            (
                "accounted for",
                [
                    (summary.selected, "selected"),
                    (summary.planned, "planned"),
                    (summary.journaled, "journaled"),
                    (summary.reported, "reported"),
                ]
                .map(|(counted, word)| format!("{} {word}", number(counted)))
                .join(if summary.disagreement().is_none() { " = " } else { ", " }),
            ),
            ("made by", facts.tool.clone()),
            ("SHA-256 of the job", facts.job_sha256.clone()),
            ("SHA-256 of plan.json", facts.plan_sha256.clone()),
            ("SHA-256 of wanted.jsonl", known(&facts.wanted_sha256)),
            (
                "SHA-256 of the journal's last record",
                known(&summary.journal_sha256.map(|sha256| sha256.to_string())),
            ),
        ];
        self.out.write_all(b"<section class=\"evidence\">\n<h2>Evidence</h2>\n<dl>\n")?;
        for (word, value) in lines {
            writeln!(self.out, "<dt>{word}</dt><dd><bdi>{}</bdi></dd>", Text(value))?;
        }
        for note in &facts.notes {
            writeln!(self.out, "<dt>note</dt><dd><bdi>{}</bdi></dd>", Text(clean(note)))?;
        }
        let check = Text(format!("transship verify {}", summary.run_id));
        writeln!(
            self.out,
            "</dl>\n<p>This page is generated from the plan and the journal beside it: <code>{check}</code> checks every hash \
             and makes it again.</p>\n</section>"
        )
    }

    fn sign(&mut self) -> io::Result<()> {
        self.out.write_all(
            b"<section class=\"sign\">\n<h2>Signed off</h2>\n<p><span>name</span><span>date</span><span>signature</span></p>\n\
              </section>\n</main>\n",
        )
    }
}

fn class_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Failed => "bad",
        Outcome::Conflict | Outcome::Stale => "odd",
        Outcome::Created | Outcome::Cloned | Outcome::Archived | Outcome::Restored => "good",
        Outcome::Updated => "change",
        Outcome::Deleted => "gone",
        Outcome::Unchanged => "calm",
        Outcome::Skipped => "dim",
        Outcome::Unprocessed => "wait",
    }
}
