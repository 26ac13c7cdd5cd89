//! Carries out a backup: the documents that were read are stored in the archive, and count once the snapshot is
//! whole.
//!
//! Until then nothing of the backup is recorded. An interrupted run is resumed by doing it again: what is in the
//! archive is found there and compared, not stored twice. A snapshot that this run made but did not record is
//! recognised by the run's name in it.

use crate::documents::document::original_bytes;
use crate::documents::references::Kind;
use crate::run_folder::RunFolderError;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::archive::{Archive, ArchiveError, Facts, Notes, Snapshot, SnapshotWriter};
use crate::executor::journal_view::JournalView;
use crate::executor::{RunEnd, close};
use crate::inventory::endpoint::{Account, spent};
use crate::inventory::error::EngineError;
use crate::inventory::related::{RelatedLine, print_of};
use crate::inventory::snapshot_api::owner;
use crate::job::BackupSettings;
use crate::journal::{Ending, ItemStates, Journal, Step};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Head, Id, ItemKey, Outcome, Verdict, crash};
use crate::run_folder::dependency_items::DependencyItems;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::AccountFacts;

/// How long a backup waits for a prune of the archive to end.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long the backup waits before it tries again.
const PAUSE: Duration = Duration::from_millis(250);

/// What a backup needs to be carried out.
#[derive(Debug)]
pub struct BackupRequest<'a> {
    /// What is to be backed up.
    pub plan: &'a PlanFile,
    /// The folder of the run, with its plan and its documents.
    pub folder: &'a RunFolder,
    /// The journal of the run, open for writing.
    pub journal: Journal,
    /// What the journal says of an earlier part of this run.
    pub states: ItemStates,
    /// Where the snapshot goes.
    pub archive: &'a Archive,
    /// What is written into the snapshot with the documents.
    pub backup: &'a BackupSettings,
    /// The id of the run, which the snapshot names.
    pub run: &'a str,
    /// Whether the run is resumed; it may then have made its snapshot already.
    pub again: bool,
    /// The account that was read, for the count of calls.
    pub source: &'a Account,
    /// Stops the backup.
    pub cancel: &'a Cancel,
    /// Receives the progress of the backup.
    pub events: &'a Events,
}

/// Stores what was read in the archive.
///
/// # Errors
///
/// The archive, the journal or a file of the run fails. The run can be resumed, and no snapshot counts until it is.
///
/// # Cancel safety
///
/// Dropping the future leaves a run that can be resumed.
pub async fn run_backup(with: BackupRequest<'_>) -> Result<RunEnd, EngineError> {
    let BackupRequest { plan, journal, states, source, cancel, .. } = with;
    let started = (tokio::time::Instant::now(), spent([source]));
    // A backup creates nothing in an account.
    let others = DependencyItems::default();
    let journal_view = JournalView::new(&journal, states, &others);
    let inside = Inside {
        plan,
        archive: with.archive,
        backup: with.backup,
        run: with.run,
        folder: with.folder,
        cancel,
        events: with.events,
        owner: &plan.head().source,
    };
    let stored = tokio::select! {
        biased;
        () = cancel.aborting() => Ok(None),
        stored = inside.store(with.again) => stored,
    };
    let recorded = match stored {
        Ok(Some(snapshot)) => inside.record(&journal_view, &snapshot).await.map(|()| true),
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    drop(journal_view);
    let (ending, reason) = match &recorded {
        Ok(true) => (Ending::Finished, None),
        Ok(false) => (Ending::Interrupted, Some("interrupted".to_owned())),
        Err(EngineError::Archive(error)) => (Ending::Broken, Some(crate::model::chain(error))),
        Err(error) => (Ending::Broken, Some(error.to_string())),
    };
    let end = RunEnd { ending, reason, waits_for: None };
    close(journal, &started, source, end.clone()).await?;
    if recorded? {
        // The snapshot holds it all, and may be encrypted: no second copy is kept. What cannot be removed is litter.
        let _ = std::fs::remove_file(inside.folder.wanted());
    }
    Ok(end)
}

struct Inside<'a> {
    plan: &'a PlanFile,
    archive: &'a Archive,
    backup: &'a BackupSettings,
    run: &'a str,
    folder: &'a RunFolder,
    cancel: &'a Cancel,
    events: &'a Events,
    owner: &'a AccountFacts,
}

#[derive(Deserialize)]
struct ItemLine<'a> {
    item: ItemKey,
    #[serde(borrow)]
    document: &'a RawValue,
}

impl Inside<'_> {
    /// Stores every document and makes the snapshot; `None` if the run is being stopped.
    async fn store(&self, again: bool) -> Result<Option<Snapshot>, EngineError> {
        if again {
            let listing = self.archive.snapshots().await?;
            if let Some(made) =
                listing.snapshots.into_iter().find(|made| made.run.as_deref() == Some(self.run))
            {
                return Ok(Some(made));
            }
        }
        let total = u64::from(self.plan.len()) + self.plan.tail().related.values().sum::<u64>();
        self.events.emit(&Event::StageStarted { stage: Stage::Store, total: Some(total) });
        let Some(mut writer) = self.begin().await? else { return Ok(None) };
        match self.add_all(&mut writer).await {
            Ok(true) => {}
            // Given up and not only dropped: a lease in a bucket would keep prunes out for a while.
            Ok(false) => {
                writer.give_up().await;
                return Ok(None);
            }
            Err(error) => {
                writer.give_up().await;
                return Err(error);
            }
        }
        crash::point("archive.before_finish");
        let notes = Notes {
            run: Some(self.run.to_owned()),
            tags: self.backup.tags.clone(),
            selection: self.backup.selection.clone(),
            lacks: self.plan.tail().lacks.clone(),
        };
        let snapshot = writer.finish(notes).await?;
        crash::point("archive.after_finish");
        self.events.emit(&Event::StageFinished { stage: Stage::Store });
        Ok(Some(snapshot))
    }

    /// Begins the snapshot, after waiting for a prune or a sweep that is working in the archive; `None` if the run is
    /// being stopped.
    async fn begin(&self) -> Result<Option<SnapshotWriter>, EngineError> {
        let began = tokio::time::Instant::now();
        loop {
            match self.archive.backup(owner(self.owner)).await {
                Err(ArchiveError::Busy { .. }) if began.elapsed() < PATIENCE => {}
                begun => return Ok(Some(begun?)),
            }
            tokio::select! {
                biased;
                () = self.cancel.draining() => return Ok(None),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Adds every document; `false` if the run is being stopped.
    async fn add_all(&self, writer: &mut SnapshotWriter) -> Result<bool, EngineError> {
        let path = self.folder.wanted();
        let failed = || EngineError::file("read", &path);
        let mut reader = BufReader::with_capacity(1 << 18, File::open(&path).map_err(failed())?);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).map_err(failed())? == 0 {
                return Ok(true);
            }
            if self.cancel.is_draining() {
                return Ok(false);
            }
            let (facts, text) = self.facts(&line)?;
            // What it is kept as is what was sent, byte for byte, also where bytes were escaped to be read.
            writer.add(facts, &original_bytes(text)).await?;
            self.events.emit(&Event::StageAdvanced { stage: Stage::Store, by: 1 });
        }
    }

    /// What the archive records of a document, and its text.
    fn facts<'l>(&self, line: &'l str) -> Result<(Facts, &'l str), EngineError> {
        let bad = |_| RunFolderError::BadFile {
            path: self.folder.wanted(),
            message: "holds a line that is not what was put there: start a new backup".to_owned(),
        };
        let (kind, document, fingerprint) = if line.starts_with("{\"item\":") {
            let read: ItemLine<'_> = serde_json::from_str(line).map_err(bad)?;
            let known = self.plan.item(read.item)?.sent_sha256;
            (
                Kind::Imports.as_str().to_owned(),
                read.document,
                known.unwrap_or_else(|| print_of(read.document.get())),
            )
        } else {
            let read: RelatedLine<'_> = serde_json::from_str(line).map_err(bad)?;
            (read.kind, read.document, print_of(read.document.get()))
        };
        let head = Head::off(document.get());
        let facts = Facts {
            kind,
            id: head.id,
            name: head.name,
            adaptor_type: head.adaptor_type,
            integration: head.integration,
            last_modified: head.last_modified,
            fingerprint,
        };
        Ok((facts, document.get()))
    }

    /// Records that every import of the plan is in the snapshot.
    async fn record(&self, journal_view: &JournalView<'_>, snapshot: &Snapshot) -> Result<(), EngineError> {
        let id = Id::from(snapshot.id.as_str());
        for number in 1..=self.plan.len() {
            let key = ItemKey(number);
            let item = self.plan.item(key)?;
            if !item.is_work() || !journal_view.is_untouched(key) {
                continue;
            }
            let Some(sha256) = item.sent_sha256 else { continue };
            journal_view.note(key, Step::Archived { snapshot: id.clone(), sha256 }).await?;
            let name: Arc<str> = item.name.into();
            let (item, outcome) = (key, Outcome::Archived);
            self.events.emit(&Event::ItemFinished { item, name: Arc::clone(&name), outcome, message: None });
            let (verdict, differences) = (Verdict::Equal, Vec::new());
            self.events.emit(&Event::ItemVerified { item, name, verdict, differences });
        }
        let stored = format!(
            "snapshot {}: {} documents, {} of them new, {} bytes more in the archive",
            snapshot.id, snapshot.entries, snapshot.new_blobs, snapshot.new_bytes
        );
        self.events.emit(&Event::Noted { message: stored });
        Ok(())
    }
}
