//! What the person sees above and below the table.

use std::io::{self, Write};
use std::time::Duration;

use super::escape::Text;
use super::{MOST_LISTED, Page, chart};
use crate::model::time::stamp;
use crate::model::{Outcome, Verdict};
use crate::report::console::{caches, headline, how_it_ended, spent, verified};
use crate::report::text::{count, number, span};
use crate::run_folder::summary::Summary;

impl<W: Write> Page<W> {
    pub(super) fn sections(&mut self, summary: &Summary) -> io::Result<()> {
        self.title(summary)?;
        self.outcomes(summary)?;
        self.charts(summary)?;
        self.attention(summary)?;
        self.by_hand(summary)?;
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
            "<header>\n<p class=\"over\">Transship report · {}</p>\n<h1>{} <span class=\"badge {class}\">{}</span></h1>\n\
             <p class=\"lead\">{}</p>\n",
            Text(&summary.action),
            Text(&summary.job),
            Text(badge),
            Text(headline(summary))
        )?;
        if let Some(how) = how_it_ended(summary) {
            writeln!(self.out, "<p class=\"lead\">{}</p>", Text(how))?;
        }
        if let Some(disagreement) = summary.disagreement() {
            writeln!(
                self.out,
                "<p class=\"alarm\">The sums of this run disagree: {}.</p>",
                Text(disagreement)
            )?;
        }
        writeln!(self.out, "<p>{} {}</p>\n</header>\n<main>", Text(verified(summary)), Text(spent(summary)))
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

    fn charts(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(series) = self.samples.series() else { return Ok(()) };
        let durations = self.samples.durations();
        let (half, most) = (chart::percentile(&durations, 50), chart::percentile(&durations, 95));
        let pauses = match series.pauses.as_slice() {
            [] => String::new(),
            pauses => {
                let all: Duration = pauses.iter().map(|(_, pause)| *pause).sum();
                let pauses = count(pauses.len() as u64, "pause", "pauses");
                format!(" {pauses} ({} in all) left out: the dashed lines.", span(all))
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
             <figure><figcaption><b>Imports a second</b> begun (bars) and finished (line), since {}.{pauses}</figcaption>\n{}\n</figure>\n\
             <figure><figcaption><b>Time an import took</b>, from announcing its first call to its last record, reading back \
             included: half in {}, 95 of 100 in {} or less.</figcaption>\n{}\n</figure>\n\
             <figure><figcaption><b>Calls sent again</b>: {} of those that write. {} 429s in all.</figcaption>\n{repeats}\n\
             </figure>\n</div>\n</section>\n",
            summary.started_at.map(stamp).unwrap_or_default(),
            chart::throughput(&series),
            chart::moment(half),
            chart::moment(most),
            chart::durations(&durations),
            number(again),
            number(summary.throttled)
        )
    }

    fn attention(&mut self, summary: &Summary) -> io::Result<()> {
        if self.attention.is_empty() {
            return Ok(());
        }
        self.out.write_all(
            b"<section>\n<h2>To look at</h2>\n<table class=\"list\"><thead><tr><th class=\"num\">#</th><th>what</th><th>import</th>\
              <th>why</th></tr></thead><tbody>\n",
        )?;
        for (number, attention) in &self.attention {
            writeln!(
                self.out,
                "<tr><td class=\"num\">{number}</td><td><span class=\"tag bad\">{}</span></td><td>{}</td><td>{}</td></tr>",
                attention.word,
                Text(&attention.name),
                Text(&attention.reason)
            )?;
        }
        self.out.write_all(b"</tbody></table>\n")?;
        if self.attention.len() == MOST_LISTED {
            let all = Outcome::ALL.iter().filter(|outcome| outcome.needs_attention());
            let all =
                all.map(|outcome| summary.count(*outcome)).sum::<u32>() + summary.verdict(Verdict::Differs);
            writeln!(
                self.out,
                "<p>The first {MOST_LISTED} of {}; all are in the table below.</p>",
                number(all)
            )?;
        }
        self.out.write_all(b"</section>\n")
    }

    fn by_hand(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(caches) = caches(summary) {
            write!(self.out, "<section>\n<h2>To load by hand</h2>\n<p>{}</p>\n</section>\n", Text(caches))?;
        }
        if self.secrets.is_empty() {
            return Ok(());
        }
        write!(
            self.out,
            "<section>\n<h2>To enter by hand</h2>\n<p>{}: the service never shows them, so no tool can move them.</p>\n\
             <ul class=\"checks\">\n",
            count(summary.secrets, "secret", "secrets")
        )?;
        for (number, name, places) in &self.secrets {
            let places = places.join(", ");
            writeln!(self.out, "<li>#{number} {}: <code>{}</code></li>", Text(name), Text(places))?;
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

    fn table(&mut self) -> io::Result<()> {
        self.out.write_all(
            b"<section class=\"all\">\n<h2>Every import</h2>\n<noscript><p>The table needs the page's own script; \
              audit.csv beside this file holds the same rows.</p></noscript>\n\
              <div class=\"tools\" hidden><input id=\"find\" type=\"search\" placeholder=\"name, id, reason\" \
              aria-label=\"Search\"><select id=\"outcome\" aria-label=\"Outcome\"></select>\
              <select id=\"verdict\" aria-label=\"Verdict\"></select><select id=\"only\" aria-label=\"Show only\"></select>\
              <span id=\"shown\" role=\"status\"></span><span class=\"pager\"><button type=\"button\" id=\"back\">previous</button>\
              <button type=\"button\" id=\"next\">next</button></span></div>\n<div id=\"table\"></div>\n</section>\n",
        )
    }

    fn evidence(&mut self, summary: &Summary) -> io::Result<()> {
        let facts = &self.facts;
        let time = |time: Option<jiff::Timestamp>| time.map_or("–".to_owned(), stamp);
        let lines = [
            ("run", summary.run_id.clone()),
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
            ("SHA-256 of wanted.jsonl", facts.wanted_sha256.clone().unwrap_or_else(|| "–".to_owned())),
        ];
        self.out.write_all(b"<section>\n<h2>Evidence</h2>\n<dl>\n")?;
        for (word, value) in lines {
            writeln!(self.out, "<dt>{word}</dt><dd>{}</dd>", Text(value))?;
        }
        for note in &facts.notes {
            writeln!(self.out, "<dt>note</dt><dd>{}</dd>", Text(note))?;
        }
        let check = Text(format!("transship verify {}", summary.run_id));
        writeln!(
            self.out,
            "</dl>\n<p>This page follows from the plan and the journal beside it: <code>{check}</code> checks every hash \
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
