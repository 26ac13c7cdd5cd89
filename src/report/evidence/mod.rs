//! `verify RUN`: every hash of a run folder computed again, offline; the first record that does not fit is named.
//!
//! The journal comes first: its chain vouches for every record but the last, the summary for that one. Its first record
//! vouches for job, plan and wanted documents, its intents for the documents as they were before. Audit and summary are
//! rendered again and compared byte by byte. It writes nothing and talks to nobody.

mod chain;
mod lines;
mod rendered;

use serde::Serialize;

use crate::model::{Fingerprint, ItemKey};
use crate::report::RunView;
use crate::run_folder::RunFolderError;
use crate::run_folder::chain::Chain;
use crate::run_folder::folder::{RunFolder, hash_file};
use crate::run_folder::lock::Writer;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::run_record::{RunRecord, read_journal};

/// What holds of a run folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything fits, and the run is finished.
    Intact,
    /// Everything that is there fits, but the run is not finished.
    Unfinished,
    /// Something does not fit.
    Damaged,
}

/// What holds of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The file's name within the run folder.
    pub file: &'static str,
    /// Whether the file is what the journal and the plan say.
    pub fits: bool,
    /// The first line that does not, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The item it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemKey>,
    /// What was found, in words that follow the name of the file.
    pub message: String,
}

impl Check {
    fn fits(file: &'static str, message: impl Into<String>) -> Self {
        Self { file, fits: true, line: None, item: None, message: message.into() }
    }

    fn damaged(file: &'static str, line: Option<u64>, message: impl Into<String>) -> Self {
        Self { file, fits: false, line, item: None, message: message.into() }
    }

    fn about(self, item: ItemKey) -> Self {
        Self { item: Some(item), ..self }
    }

    fn unreadable(file: &'static str, error: &RunFolderError) -> Self {
        Self::damaged(
            file,
            None,
            if error.is_missing_file() { "is missing".to_owned() } else { error.to_string() },
        )
    }
}

/// What `transship verify` found in a run folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The run, if its journal says.
    pub run_id: Option<String>,
    /// What the checks gave, taken together.
    pub state: State,
    /// SHA-256 of the journal's last record: kept elsewhere, it vouches for the whole folder.
    pub journal_sha256: Option<Fingerprint>,
    /// The process that writes the run now.
    #[serde(skip)]
    pub writer: Option<Writer>,
    /// Whether `resume` goes on with it.
    #[serde(skip)]
    pub may_be_resumed: bool,
    /// What holds of each file, in the order checked.
    pub checks: Vec<Check>,
}

impl Evidence {
    /// The first file that does not fit.
    pub fn first_damage(&self) -> Option<&Check> {
        self.checks.iter().find(|check| !check.fits)
    }
}

const JOURNAL: &str = "journal.jsonl";
const PLAN: &str = "plan.json";
const JOB: &str = "job.yaml";
const WANTED: &str = "wanted.jsonl";
const KNOWN: &str = "known.ids";
const BEFORE: &str = "before.jsonl";
const AUDIT: &str = "audit.csv";
const SUMMARY: &str = "summary.json";
const PAGE: &str = "report.html";

/// Checks a run folder. What is wrong with it is in the answer, not an error.
pub fn verify(folder: &RunFolder) -> Evidence {
    let chain = match Chain::read(folder) {
        Ok(chain) => chain,
        Err(error) => {
            return Evidence {
                run_id: None,
                state: State::Damaged,
                journal_sha256: None,
                writer: None,
                may_be_resumed: false,
                checks: vec![chain::misfit(&error)],
            };
        }
    };
    let mut checks = vec![chain::check(&chain)];
    let mut record = None;
    if let Some(header) = &chain.header {
        let plan = lines::plan(folder, header.plan_sha256);
        checks.push(plan.1);
        checks.push(hashed(JOB, &folder.job(), header.job_sha256));
        checks.push(lines::wanted(folder, header.wanted_sha256, plan.0.as_ref()));
        if let Some(plan) = &plan.0 {
            record = with_plan(folder, plan, &chain, &mut checks);
        }
    } else {
        checks.extend(chain::never_began(folder));
    }
    let damaged = checks.iter().any(|check| !check.fits);
    let state = match record.as_ref().is_some_and(RunRecord::is_finished) {
        _ if damaged => State::Damaged,
        true => State::Intact,
        false => State::Unfinished,
    };
    let run_id = chain.header.as_ref().map(|header| header.run.0.clone());
    let may_be_resumed = record.as_ref().is_some_and(RunRecord::may_be_resumed);
    let writer = record.and_then(|record| record.writer);
    Evidence { run_id, state, journal_sha256: Some(chain.head), writer, may_be_resumed, checks }
}

/// What can be checked once the plan is known to be the one the run was opened for; gives what the journal says of the run,
/// if that fits.
fn with_plan(
    folder: &RunFolder,
    plan: &PlanFile,
    chain: &Chain,
    checks: &mut Vec<Check>,
) -> Option<RunRecord> {
    let (states, record, _) = match read_journal(folder, plan) {
        Ok(read) => read,
        Err(error) => {
            checks[0] = chain::misfit(&error);
            return None;
        }
    };
    if record.is_finished() && plan.head().settings.backup.is_some() && !folder.wanted().exists() {
        let message = "not there: the snapshot holds the documents; `transship archive check` reads them";
        if let Some(check) = checks.iter_mut().find(|check| check.file == WANTED) {
            *check = Check::fits(WANTED, message);
        }
    }
    if let Some(known) = plan.tail().known_sha256 {
        checks.push(hashed(KNOWN, &folder.known_ids(), known));
    }
    checks.push(lines::before(folder, &chain.before_images, record.ending.is_some()));
    if let Some(misfit) = chain::end_misfit(chain, folder, plan, &states, &record) {
        checks[0] = misfit;
        return None;
    }
    if record.ending.is_some() {
        checks.extend(rendered::reports(RunView { folder, plan, states: &states, record: &record }));
    } else {
        let message = match (&record.writer, record.may_be_resumed()) {
            (Some(_), _) => "not compared: it is written when the run ends",
            (None, true) => "not compared: the run was cut off, `transship resume` completes it",
            (None, false) => "not compared: the run was cut off, and was undone since",
        };
        checks.extend([AUDIT, PAGE, SUMMARY].map(|file| Check::fits(file, message)));
    }
    Some(record)
}

fn hashed(file: &'static str, path: &std::path::Path, wanted: Fingerprint) -> Check {
    match hash_file(path) {
        Ok(found) if found == wanted => Check::fits(file, "its SHA-256 is the one the run was opened with"),
        Ok(_) => Check::damaged(file, None, "was changed since the run was opened: its SHA-256 is another"),
        Err(error) => Check::unreadable(file, &error),
    }
}
