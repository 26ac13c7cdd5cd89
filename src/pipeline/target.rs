//! What stands in the target already: the imports whose name (or external id) an item wants.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use serde_json::Value;
use serde_json::value::RawValue;

use super::account::Account;
use super::contrast::Others;
use super::spool::{Slot, Spool};
use super::sweep::{Manner, Seen, Sink, sweep};
use super::{Cancel, Event, Events, PipelineError, Stage};
use crate::job::MatchBy;
use crate::model::normal::fingerprint;
use crate::model::{Fingerprint, Head, Id};

/// An import of the target that bears a wanted key.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub id: Id,
    pub print: Fingerprint,
    pub slot: Slot,
    /// Owned by an Integration App.
    pub app: bool,
}

/// What of the target bears a key that is wanted.
#[derive(Debug)]
pub(super) struct Standings<'a> {
    pub by_key: HashMap<u64, Vec<Standing>>,
    pub spool: Spool,
    /// What no item wants, where that was asked for.
    pub others: Option<Others<'a>>,
    pub seen: Seen,
}

/// Hashes keys, so that a hundred thousand of them do not weigh.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(RandomState);

impl Keys {
    pub(super) fn of(&self, key: &str) -> u64 {
        self.0.hash_one(key)
    }
}

struct Index<'a, 'o> {
    wanted: &'a HashMap<u64, Vec<u32>>,
    keys: &'a Keys,
    match_by: MatchBy,
    folder: &'a Path,
    spool: Option<Spool>,
    generation: u32,
    by_key: HashMap<u64, Vec<Standing>>,
    others: Option<Others<'o>>,
    events: &'a Events,
}

impl Sink for Index<'_, '_> {
    fn restart(&mut self) -> Result<(), PipelineError> {
        self.generation += 1;
        self.spool = Some(Spool::create(&self.folder.join(format!("target-{}.spool", self.generation)))?);
        self.by_key.clear();
        if let Some(others) = &mut self.others {
            others.restart()?;
        }
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, PipelineError> {
        self.events.emit(&Event::StageAdvanced { stage: Stage::Compare, by: 1 });
        let key = self.match_by.key(head).map(|key| self.keys.of(key));
        let Some(key) = key.filter(|key| self.wanted.contains_key(key)) else {
            if let Some(others) = &mut self.others {
                others.consider(key, head, text)?;
            }
            return Ok(true);
        };
        let Some(spool) = &mut self.spool else { return Ok(true) };
        let slot = spool.append(text.get().as_bytes())?;
        let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
        let standing = Standing {
            id: head.id.clone(),
            print: fingerprint(&document),
            slot,
            app: head.connector.is_some(),
        };
        self.by_key.entry(key).or_default().push(standing);
        Ok(true)
    }
}

/// What is looked for in the target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookout<'a> {
    /// Hashes of the keys, and the items that want them.
    pub wanted: &'a HashMap<u64, Vec<u32>>,
    pub keys: &'a Keys,
    pub match_by: MatchBy,
    /// Also ask for the adaptors that a plain list may leave out.
    pub listed_apart: bool,
    /// For documents in passing.
    pub folder: &'a Path,
}

/// Sweeps the target for the wanted keys.
pub(super) async fn standings<'o>(
    account: &Account,
    lookout: Lookout<'_>,
    others: Option<Others<'o>>,
    cancel: &Cancel,
    events: &Events,
) -> Result<Standings<'o>, PipelineError> {
    let Lookout { wanted, keys, match_by, listed_apart, folder } = lookout;
    events.emit(&Event::StageStarted { stage: Stage::Compare, total: None });
    let idle = wanted.is_empty() && others.is_none();
    let mut index = Index {
        wanted,
        keys,
        match_by,
        folder,
        spool: None,
        generation: 0,
        by_key: HashMap::new(),
        others,
        events,
    };
    let seen = if idle {
        index.restart()?;
        Seen::default()
    } else {
        sweep(account, Manner { steady: true, listed_apart }, cancel, &mut index).await?
    };
    events.emit(&Event::StageFinished { stage: Stage::Compare });
    let spool = index.spool.take();
    let spool = spool.map_or_else(|| Spool::create(&folder.join("target-0.spool")), Ok)?;
    Ok(Standings { by_key: index.by_key, spool, others: index.others, seen })
}
