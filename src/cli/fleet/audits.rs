//! What the audit of a fleet has of one account: the audit of its run, or what the journal of a run says that has not ended.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::cli::failure::Failure;
use crate::cli::store::objects;
use crate::cli::world::CliContext;
use crate::fleet::{Counts, FleetError, FleetStore};
use crate::report::render::{Format, render};
use crate::session::shared::SharedFolders;
use crate::session::{OpenedRun, SessionError};

/// The run of an account that has not ended, as its journal has it so far.
pub(super) struct SoFar {
    /// Its audit, as the run itself would write it.
    pub audit: Bytes,
    /// What became of its imports so far.
    pub counts: Counts,
}

/// Reads runs of accounts that have not ended. A run folder in a bucket is copied for that.
pub(super) struct Journals<'a> {
    world: &'a CliContext,
    store: &'a FleetStore,
    copies: Option<SharedFolders>,
}

/// Whether a run of an account was begun, as far as its folder shows.
pub(super) async fn is_begun(store: &FleetStore, account: &str) -> Result<bool, FleetError> {
    match store.folder(&format!("runs/{account}/journal.jsonl")) {
        Some(path) => Ok(path.is_file()),
        None => Ok(store.bytes(&format!("runs/{account}/journal/000001.jsonl")).await?.is_some()),
    }
}

impl<'a> Journals<'a> {
    pub(super) fn new(world: &'a CliContext, store: &'a FleetStore) -> Self {
        Self { world, store, copies: None }
    }

    /// What the journal of an account says; `None` where its run never began. An error says why it cannot be read.
    pub(super) async fn read(&mut self, account: &str) -> Result<Option<SoFar>, Failure> {
        let path = if let Some(path) = self.store.folder(&format!("runs/{account}")) {
            path
        } else {
            let copies = self.copies()?;
            copies.fetch(account).await?;
            copies.copy(account)
        };
        if !path.join("journal.jsonl").is_file() {
            return Ok(None);
        }
        let run = match OpenedRun::open(&path) {
            Err(SessionError::NeverBegan(_)) => return Ok(None),
            run => run?,
        };
        let mut audit = Vec::new();
        render(run.view(), Format::Csv, &mut audit)?;
        let summary = run.summary()?;
        let all = |counts: &BTreeMap<String, u32>| {
            counts.iter().map(|(word, count)| (word.clone(), u64::from(*count))).collect()
        };
        let counts = Counts {
            selected: summary.selected.into(),
            outcomes: all(&summary.outcomes),
            verdicts: all(&summary.verdicts),
            copies: summary.copies.into(),
            in_doubt: summary.in_doubt.into(),
            total_calls: summary.total_calls,
        };
        Ok(Some(SoFar { audit: audit.into(), counts }))
    }

    fn copies(&mut self) -> Result<&SharedFolders, Failure> {
        let copies = match self.copies.take() {
            Some(copies) => copies,
            None => {
                let runs = objects(self.world, self.store.shown("runs"), false)?;
                SharedFolders::open(&self.world.host, runs, &self.world.global.runs)?
            }
        };
        Ok(self.copies.insert(copies))
    }
}
