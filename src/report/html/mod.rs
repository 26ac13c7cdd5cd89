//! `report.html`: one self-contained file for the person who signs.
//!
//! Promises: it needs no network and no other file; it is a function of plan and journal, so it can be made again and
//! compared; it is written row by row, whatever its size; text from the service is never markup nor script.

mod chart;
mod escape;
mod flows;
mod rows;
mod samples;
mod sections;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::audit::reason;
use super::groups::Groups;
use super::reasons::Reasons;
use crate::model::id::is_name_char;
use crate::model::{Outcome, Verdict};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::rows::Row;
use crate::run_folder::run_record::RunRecord;
use crate::run_folder::summary::Summary;
pub(super) use escape::Text;
use escape::{script_json, write_escaped};
use rows::{details, short};
use samples::Samples;

/// Rows in one script element: details are parsed a chunk at a time, when somebody looks.
const CHUNK: usize = 1000;

/// Items with secrets that are listed outside the table.
const MOST_LISTED: usize = 200;

/// Bytes of details embedded in all: a page of more is slow to open. What does not fit stands in plan.json.
const MOST_DETAILS: usize = 48 << 20;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What no page does: load anything, send anything, or run what is not its own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// The page while it is being written.
#[derive(Debug)]
pub struct Page<W: Write> {
    out: W,
    facts: Facts,
    rows: usize,
    /// The row that is being written.
    row: Vec<u8>,
    /// The details of the rows of this chunk, as an array that is not closed yet.
    details: Vec<u8>,
    /// How long the details of all rows are so far.
    detail_bytes: usize,
    samples: Samples,
    groups: Groups,
    reasons: Reasons,
    secrets: Vec<(u32, String, Vec<String>)>,
}

/// What is said of plan and run as a whole.
#[derive(Debug)]
struct Facts {
    tool: String,
    job_sha256: String,
    plan_sha256: String,
    wanted_sha256: Option<String>,
    source: Vec<String>,
    target: Vec<String>,
    notes: Vec<String>,
    /// Who started the run.
    by: Option<String>,
    /// Calls a second that the job may send.
    per_second: f64,
    /// Names of the resources whose ids stand in changes, by id.
    names: BTreeMap<String, String>,
    /// Where the product shows an import of the source, and of the target, up to the id.
    links: [Option<&'static str>; 2],
}

impl<W: Write> Page<W> {
    /// Writes the head of the page.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn begin(mut out: W, plan: &PlanFile, record: &RunRecord) -> io::Result<Self> {
        let head = plan.head();
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{} – {}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n",
            Text(&head.job),
            Text(head.action.as_str()),
            margins(record.opened.as_ref().map_or("", |header| header.run.0.as_str()))
        )?;
        let facts = Facts {
            tool: record.opened.as_ref().map_or_else(|| head.tool.clone(), |header| header.tool.clone()),
            job_sha256: head.job_sha256.to_string(),
            plan_sha256: plan.sha256().to_string(),
            wanted_sha256: record.opened.as_ref().map(|header| header.wanted_sha256.to_string()),
            source: account(&head.source),
            target: account(&head.target),
            notes: plan.tail().notes.clone(),
            by: record.opened.as_ref().and_then(|header| header.by.clone()),
            per_second: head.settings.target.rate.per_second * head.settings.target.rate.share,
            names: plan.tail().names.clone(),
            links: [product(&head.source.origin), product(&head.target.origin)],
        };
        Ok(Self {
            out,
            facts,
            rows: 0,
            row: Vec::new(),
            details: Vec::new(),
            detail_bytes: 0,
            samples: Samples::default(),
            groups: Groups::default(),
            reasons: Reasons::default(),
            secrets: Vec::new(),
        })
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.samples.take(row);
        let group = self.reasons.take(row);
        if row.outcome.wrote() || row.item.unlike().is_some() {
            self.groups.changes_of(&row.item);
        }
        if self.secrets.len() < MOST_LISTED && row.outcome.wrote() && !row.item.secrets.is_empty() {
            self.secrets.push((row.item.item.0, row.item.name.clone(), row.item.secrets.clone()));
        }
        let opening: &[u8] = if self.rows.is_multiple_of(CHUNK) {
            b"<script type=\"application/json\" class=\"rows\">[\n"
        } else {
            b",\n"
        };
        self.out.write_all(opening)?;
        let said = group.and_then(|group| self.reasons.groups().get(group));
        let same = said.is_some_and(|said| reason(row).as_deref() == Some(said.reason.as_str()));
        self.row.clear();
        serde_json::to_writer(&mut self.row, &short(row, group, same))?;
        write_escaped(&self.row, &mut self.out)?;
        self.rows += 1;
        self.details.push(if self.details.is_empty() { b'[' } else { b',' });
        let before = self.details.len();
        if self.detail_bytes < MOST_DETAILS {
            serde_json::to_writer(&mut self.details, &details(row, &self.facts.names))?;
        } else {
            self.details.extend_from_slice(b"null");
        }
        self.detail_bytes += self.details.len() - before;
        if self.rows.is_multiple_of(CHUNK) { self.close_chunk() } else { Ok(()) }
    }

    /// Writes what the person sees, and ends the page.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn finish(mut self, summary: &Summary) -> io::Result<()> {
        if !self.details.is_empty() {
            self.close_chunk()?;
        }
        let words = json!({
            "outcomes": Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>(),
            "verdicts": Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect::<Vec<_>>(),
            "reasons": self.reasons.groups().iter()
                .map(|group| json!([group.word, group.reason, group.needs_attention(), group.imports]))
                .collect::<Vec<_>>(),
            "links": self.facts.links,
        });
        self.out.write_all(b"<script type=\"application/json\" id=\"words\">")?;
        script_json(&words, &mut self.out)?;
        self.out.write_all(b"</script>\n")?;
        self.sections(summary)?;
        write!(self.out, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n")?;
        self.out.flush()
    }

    fn close_chunk(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n]</script>\n<script type=\"application/json\" class=\"details\">")?;
        write_escaped(&self.details, &mut self.out)?;
        self.out.write_all(b"]</script>\n")?;
        self.details.clear();
        Ok(())
    }
}

/// Name, origin and user of an account.
fn account(facts: &AccountFacts) -> Vec<String> {
    let user = facts.user.as_ref().map(|user| format!("user {user}"));
    [Some(facts.name.clone()), Some(facts.origin.clone()), user].into_iter().flatten().collect()
}

/// Where the product shows an import, up to its id, where the region of the account is known.
fn product(origin: &str) -> Option<&'static str> {
    match origin {
        "https://api.integrator.io" => Some("https://integrator.io/imports/edit/imports/"),
        "https://api.eu.integrator.io" => Some("https://eu.integrator.io/imports/edit/imports/"),
        "https://api.au.integrator.io" => Some("https://au.integrator.io/imports/edit/imports/"),
        "https://api.ca.integrator.io" => Some("https://ca.integrator.io/imports/edit/imports/"),
        _ => None,
    }
}

/// The run and the number of the page, on every page of paper.
fn margins(run: &str) -> String {
    // It stands inside quotes of the style sheet: only what is harmless there.
    let run: String = run.chars().filter(|c| is_name_char(*c)).collect();
    format!(
        "@page {{ margin: 16mm 14mm 18mm; @bottom-left {{ content: \"{run}\"; font: 8pt sans-serif; color: #444; }} \
         @bottom-right {{ content: \"page \" counter(page) \" of \" counter(pages); font: 8pt sans-serif; color: #444; }} }}\n"
    )
}

#[cfg(test)]
mod tests;
