//! Imports with the name of an import that a run removed. They may have been created since, in its place.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::documents::contained;
use crate::documents::document::read_tree;
use crate::documents::name::name_key;
use crate::documents::normal::Ignore;
use crate::documents::references::Kind;
use crate::inventory::error::EngineError;
use crate::model::{Head, Id, Verdict};
use crate::planner::undo::UndoRequest;
use crate::planner::undo::records::Records;
use crate::planner::undo::touched::{Did, Touched};
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::document_file::PackedSpan;
use crate::run_folder::known_ids::KnownIds;

/// An import with the name of one that the run removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Namesake {
    pub id: Id,
    /// Whether it holds what that one held.
    pub is_equal: bool,
    /// Whether it existed before the run; `None` if the run did not record the earlier contents.
    pub was_there: Option<bool>,
}

/// The imports with such a name, from a scan of the list.
#[derive(Default)]
pub(super) struct Namesakes {
    /// The hashes of the names, in their order: there may be very many.
    names: Vec<u64>,
    /// By that, ids with the places of their texts.
    met: HashMap<u64, Vec<(Id, PackedSpan)>>,
    /// The contents of the target before the run.
    known: Option<KnownIds>,
    hasher: RandomState,
}

impl Namesakes {
    /// Those to be looked for.
    pub(super) fn of(with: &UndoRequest<'_>, touched: &[Touched]) -> Result<Self, EngineError> {
        let mut namesakes = Self::default();
        for one in touched.iter().filter(|one| is_looked_for(one)) {
            let name = namesakes.hash(&with.plan.item(one.item)?.name);
            namesakes.names.push(name);
        }
        namesakes.names.sort_unstable();
        namesakes.names.shrink_to_fit();
        if let (false, Some(sha256)) = (namesakes.names.is_empty(), with.plan.tail().known_sha256) {
            // Of a folder that lacks the file it is not known.
            namesakes.known = KnownIds::read(&with.folder.known_ids(), sha256).ok();
        }
        Ok(namesakes)
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name_key(name).as_ref())
    }

    /// Forgets what was met: the list is read again.
    pub(super) fn restart(&mut self) {
        self.met.clear();
    }

    /// Records an import that the run did not touch.
    pub(super) fn meet(&mut self, head: &Head, text: &str, records: &mut Records) -> Result<(), EngineError> {
        let name = self.hash(&head.name);
        if self.names.binary_search(&name).is_ok() {
            let place = records.put_text(text.as_bytes())?;
            self.met.entry(name).or_default().push((head.id.clone(), place));
        }
        Ok(())
    }

    /// What bears a name, compared with what is to be brought back under it.
    pub(super) fn beside(
        &self,
        name: &str,
        wanted: &Wanted,
        ignore: &Ignore,
        records: &mut Records,
    ) -> Result<Vec<Namesake>, EngineError> {
        let mut beside = Vec::new();
        for (id, place) in self.met.get(&self.hash(name)).into_iter().flatten() {
            let found = read_tree(&records.text(*place)?).ok();
            let both = wanted.tree.as_ref().zip(found.as_ref());
            let compared = both.map(|(wanted, found)| {
                contained(|| ignore.compare(wanted, found).verdict != Verdict::Differs)
            });
            let is_equal = matches!(compared, Some(Ok(true)));
            let was_there = self.known.as_ref().map(|known| known.contains(Kind::Imports, id));
            beside.push(Namesake { id: id.clone(), is_equal, was_there });
        }
        Ok(beside)
    }
}

/// Whether it matters what bears its name: it comes back, and nothing else may stand in its place.
pub(super) fn is_looked_for(one: &Touched) -> bool {
    one.did == Did::Removed && one.is_import() && one.is_read()
}
