//! Backups that restore: what a night stores, what it refuses, what comes back, and what a kill leaves behind.

mod bucket;
mod drills;
mod kills;
mod nights;
mod notified;
mod repoint;
mod restores;
mod secrets;

use std::path::Path;
use std::rc::Rc;

use crate::support::scenario::{Scenario, World};
use transship::archive::{Archive, ArchiveOptions, Entry, Share, Snapshot};
use transship::model::time::Clock;

/// A backup of imports of these names into `archive`.
pub fn backup<const N: usize>(names: [&str; N]) -> Scenario {
    Scenario::of("backup", names).job("archive", "{ path: archive }")
}

/// The job with another action over the same archive.
pub fn now(world: &Rc<World>, action: &str, instead: &[(&str, &str)]) {
    world.write_job("job.yaml", &[&[("action", action)], instead].concat());
}

/// What the archive of a world holds, read by the library.
struct Stored {
    archive: Archive,
    runtime: tokio::runtime::Runtime,
}

impl Stored {
    fn of(world: &World) -> Self {
        Self::at(&world.path("archive"))
    }

    fn at(place: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let opened = Archive::open(place.to_str().unwrap(), ArchiveOptions::new(Clock::system()));
        Self { archive: runtime.block_on(opened).unwrap(), runtime }
    }

    /// The whole snapshots, oldest first; every document of each is read.
    fn snapshots(&self) -> Vec<Snapshot> {
        let listing = self.runtime.block_on(self.archive.snapshots()).unwrap();
        assert!(listing.damaged.is_empty(), "{:?}", listing.damaged);
        let report = self.runtime.block_on(self.archive.check(Share::ALL)).unwrap();
        assert!(report.is_good(), "{report:?}");
        listing.snapshots
    }

    fn entries(&self, snapshot: &Snapshot) -> Vec<Entry> {
        let (_, entries) = self.runtime.block_on(self.archive.entries(&snapshot.id)).unwrap();
        entries.map(Result::unwrap).collect()
    }

    fn text(&self, entry: &Entry) -> String {
        String::from_utf8(self.runtime.block_on(self.archive.document(entry)).unwrap()).unwrap()
    }

    /// The texts of a kind in the newest snapshot, by name.
    fn newest(&self, kind: &str) -> Vec<(String, String)> {
        let newest = self.snapshots().pop().expect("a snapshot");
        let entries = self.entries(&newest).into_iter().filter(|entry| entry.kind == kind);
        let mut texts: Vec<_> = entries.map(|entry| (entry.name.clone(), self.text(&entry))).collect();
        texts.sort();
        texts
    }
}
