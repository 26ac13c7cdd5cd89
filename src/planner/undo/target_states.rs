//! Reads the current state of what a run touched: by pages if that is cheaper, else by many calls at once.
//!
//! Nothing is concluded from one read that may be behind: what seems gone or edited is read again, by the other kind
//! of call, and where the run wrote only a moment ago until the grace period is over. One import that cannot be read is
//! a problem with that import alone.

use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::api::ErrorKind;
use crate::documents::document::{Printed, read_tree};
use crate::documents::normal::Ignore;
use crate::documents::pointer::Pointer;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PAGE, PageVisitor, ScanOptions, list_scan};
use crate::model::stamp::Stamp;
use crate::model::{Head, Id, PackedId};
use crate::planner::undo::UndoRequest;
use crate::planner::undo::judge::{Created, TargetState, Touch, judge};
use crate::planner::undo::namesakes::{Namesake, Namesakes, is_looked_for};
use crate::planner::undo::records::Records;
use crate::planner::undo::touched::{Did, Recorded, Touched};
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::document_file::{PackedSpan, Span};
use crate::run_folder::forecast;

/// So many documents tell what the service fills in by itself.
const SAMPLE: usize = 32;
/// Calls in flight at once; the account's own budget holds them back further.
const AT_ONCE: usize = 64;
/// The first pause between two reads; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What is known of one import or resource as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Now {
    /// Neither a list nor a call by id shows it.
    Gone,
    /// It is there: whether anybody touched it.
    There(Touch),
    /// The service does not show it.
    Unreadable,
}

/// What stands in the target, by the position of what was touched.
pub(crate) struct TargetStates {
    all: Vec<ReadState>,
    records: Records,
    /// What [`Self::answered`] gives, once it was asked.
    answered: Option<Vec<(usize, Value)>>,
    /// Places at which the service keeps something else than it was sent.
    pub(crate) services_own: HashSet<String>,
    /// The imports with the names of those that the run removed.
    namesakes: Namesakes,
    /// What the run left out of every comparison: so its fingerprints are without it too.
    ignore: Ignore,
}

#[derive(Debug, Default)]
struct ReadState {
    now: Option<Now>,
    /// The place in `records` of what was found, or of why it cannot be read.
    record: PackedSpan,
    /// Bytes of the text behind that, of what is to be compared with the document before the run; else 0.
    text: u32,
    /// Whether the run saw the answer to its write, and it is as the run left it.
    was_answered: bool,
    /// Whether it is looked for.
    is_open: bool,
    /// Whether the last scan of the list showed it.
    listed: Option<bool>,
    /// Whether the last call by id showed it.
    by_id: Option<bool>,
    reads: u8,
}

impl TargetStates {
    pub(crate) fn now(&self, at: usize) -> Now {
        self.all.get(at).and_then(|seen| seen.now).unwrap_or(Now::Gone)
    }

    /// Notes that what is there is as the run left it after all.
    pub(crate) fn is_untouched(&mut self, at: usize) {
        if let Some(seen) = self.all.get_mut(at) {
            seen.now = Some(Now::There(Touch::Untouched));
        }
    }

    /// What was found, where there is [something](Now::There).
    pub(crate) fn state(&mut self, at: usize) -> Result<TargetState, EngineError> {
        self.record(at)
    }

    /// Code and reason, where it is [unreadable](Now::Unreadable).
    pub(crate) fn unreadable(&mut self, at: usize) -> Result<(String, String), EngineError> {
        self.record(at)
    }

    fn record<T: DeserializeOwned>(&mut self, at: usize) -> Result<T, EngineError> {
        let place = self.all.get(at).map(|seen| seen.record).unwrap_or_default();
        Ok(self.records.get(place)?)
    }

    /// What the run recorded of what it touched.
    pub(crate) fn recorded(&mut self, one: &Touched) -> Result<Recorded, EngineError> {
        Ok(self.records.get(one.recorded)?)
    }

    /// The document as it is, where it was read to be compared.
    pub(crate) fn text(&mut self, at: usize) -> Result<Option<Vec<u8>>, EngineError> {
        let place = self.all.get(at).and_then(ReadState::text);
        Ok(place.map(|place| self.records.text(place)).transpose()?)
    }

    /// Some documents whose writes were answered and that nobody touched since, by position: what they have in common beside what
    /// was sent is the service's own doing. Read once, however many imports ask.
    pub(crate) fn answered(&mut self) -> Result<&[(usize, Value)], EngineError> {
        if self.answered.is_none() {
            let answered = self.all.iter().enumerate().filter(|(_, seen)| seen.was_answered);
            let places = answered.filter_map(|(at, seen)| Some((at, seen.text()?))).take(SAMPLE);
            let mut trees = Vec::new();
            for (at, place) in places.collect::<Vec<_>>() {
                trees.extend(read_tree(&self.records.text(place)?).map(|tree| (at, tree)));
            }
            self.answered = Some(trees);
        }
        Ok(self.answered.as_deref().unwrap_or_default())
    }

    /// The imports with the name of an import that the run removed and that does not exist.
    pub(super) fn beside(
        &mut self,
        one: &Touched,
        name: &str,
        wanted: &Wanted,
    ) -> Result<Vec<Namesake>, EngineError> {
        if !is_looked_for(one) {
            return Ok(Vec::new());
        }
        self.namesakes.beside(name, wanted, &self.ignore, &mut self.records)
    }

    /// Whether anything that the run left behind is there.
    pub(crate) fn any_there(&self) -> bool {
        self.all.iter().any(|seen| !matches!(seen.now, Some(Now::Gone) | None))
    }
}

impl ReadState {
    /// Where the text lies of what is to be compared with the document before the run.
    fn text(&self) -> Option<PackedSpan> {
        let record = Span::from(self.record);
        let offset = record.offset + u64::from(record.length);
        (self.text > 0).then(|| Span { offset, length: self.text }.into())
    }
}

/// Reads the current state of everything that was touched, and stores it in `records`.
///
/// # Errors
///
/// The token is refused, the service is away, or it was interrupted.
pub(crate) async fn read_target_states(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    records: Records,
) -> Result<TargetStates, EngineError> {
    let all = touched.iter().map(|_| ReadState::default()).collect();
    let mut reader = StateReader {
        with,
        touched,
        found: TargetStates {
            all,
            records,
            answered: None,
            services_own: HashSet::new(),
            namesakes: Namesakes::of(with, touched)?,
            ignore: Ignore::new(with.plan.head().settings.ignore.iter().map(Pointer::as_str)),
        },
        by_id: Vec::new(),
    };
    let imports =
        touched.iter().enumerate().filter(|(_, one)| one.is_import() && one.packed_target().is_some());
    reader.by_id = imports.filter_map(|(at, _)| u32::try_from(at).ok()).collect();
    reader.by_id.sort_unstable_by_key(|at| (touched[*at as usize].packed_target(), *at));
    reader.by_id.shrink_to_fit();
    reader.read().await?;
    Ok(reader.found)
}

struct StateReader<'a> {
    with: &'a UndoRequest<'a>,
    touched: &'a [Touched],
    found: TargetStates,
    /// Imports in the order of their ids.
    by_id: Vec<u32>,
}

impl StateReader<'_> {
    /// The place of an import; of several the last.
    fn place_of(&self, id: &Id) -> Option<usize> {
        let (touched, id) = (self.touched, PackedId::from(id));
        let behind = self.by_id.partition_point(|at| touched[*at as usize].packed_target() <= Some(&id));
        let at = *self.by_id.get(behind.checked_sub(1)?)? as usize;
        (touched[at].packed_target() == Some(&id)).then_some(at)
    }

    async fn read(&mut self) -> Result<(), EngineError> {
        let deadline = Instant::now() + self.with.grace_period;
        let mut pause = PAUSE;
        let mut open: Vec<u32> =
            (0..).zip(self.touched).filter(|(_, one)| one.is_read()).map(|(at, _)| at).collect();
        for turn in 0.. {
            if turn > 1 {
                sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            self.read_once(&open).await?;
            let late = Instant::now() >= deadline;
            open.retain(|at| !self.is_certain(*at as usize, late));
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Reads each once: by the list where that is cheaper or was not done yet, else by id.
    async fn read_once(&mut self, open: &[u32]) -> Result<(), EngineError> {
        let imports = open.iter().filter(|at| self.touched[**at as usize].is_import()).count() as u64;
        let tail = self.with.plan.tail();
        let page = if tail.target_page == 0 { u64::from(PAGE) } else { tail.target_page };
        let listed = tail.target_listed + self.by_id.len() as u64;
        let cheaper = imports > 0 && forecast::read_back(imports, listed, page).0;
        let never_listed = |at: &u32| {
            let (one, seen) = (&self.touched[*at as usize], &self.found.all[*at as usize]);
            let is_due = seen.by_id.is_some() || is_looked_for(one);
            one.is_import() && is_due && seen.listed.is_none()
        };
        let by_list = cheaper || open.iter().any(never_listed);
        if by_list {
            for at in open {
                self.found.all[*at as usize].listed = Some(false);
            }
            let manner = ScanOptions {
                listed_apart: tail.target_listed_apart,
                to_the_end: true,
                ..ScanOptions::default()
            };
            for (at, seen) in (0..).zip(&mut self.found.all) {
                seen.is_open = open.binary_search(&at).is_ok();
            }
            let mut visitor = StateVisitor { reader: self };
            list_scan(visitor.reader.with.target, manner, visitor.reader.with.cancel, &mut visitor).await?;
            for at in open {
                let seen = &mut self.found.all[*at as usize];
                if self.touched[*at as usize].is_import() {
                    seen.reads = seen.reads.saturating_add(1);
                    if seen.listed == Some(false) && seen.by_id != Some(true) {
                        seen.now = Some(Now::Gone);
                    }
                }
            }
        }
        let is_asked = |at: &u32| {
            !by_list || !self.touched[*at as usize].is_import() || self.is_back_by_list(*at as usize)
        };
        let by_id: Vec<u32> = open.iter().copied().filter(is_asked).collect();
        self.ask(&by_id).await
    }

    /// Whether a list shows what the run removed, which it may do for a while: by its id it is gone at once.
    fn is_back_by_list(&self, at: usize) -> bool {
        self.touched[at].did == Did::Removed && self.found.all[at].listed == Some(true)
    }

    async fn ask(&mut self, which: &[u32]) -> Result<(), EngineError> {
        let (with, touched) = (self.with, self.touched);
        let which = which.iter().map(|at| *at as usize);
        let calls = which.filter_map(|at| Some((at, touched[at].kind.as_str(), touched[at].target()?)));
        let mut reads = futures::stream::iter(calls)
            .map(|(at, list, id)| async move { (at, with.target.client.get(list, &id).await) })
            .buffer_unordered(AT_ONCE);
        while let Some((at, answer)) = reads.next().await {
            if with.cancel.is_draining() {
                return Err(EngineError::Interrupted);
            }
            let seen = &mut self.found.all[at];
            seen.reads = seen.reads.saturating_add(1);
            match answer {
                Ok(document) => {
                    seen.by_id = Some(true);
                    self.take(at, &document.head, &document.text)?;
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    seen.by_id = Some(false);
                    if seen.listed != Some(true) || touched[at].did == Did::Removed {
                        seen.now = Some(Now::Gone);
                    }
                }
                Err(error) if error.is_of_one_document() => {
                    // What the list shows is known well enough: every write reads it once more.
                    if seen.listed != Some(true) {
                        let code =
                            error.status.map_or_else(|| "unreadable".to_owned(), |status| status.to_string());
                        seen.now = Some(Now::Unreadable);
                        seen.record = self.found.records.put(&(code, &error.summary))?;
                    }
                }
                Err(error) => {
                    let what = format!(
                        "read {} of the {}",
                        touched[at].target().map(|id| id.to_string()).unwrap_or_default(),
                        touched[at].kind.as_str()
                    );
                    return Err(with.target.failed(&what)(error));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, at: usize, head: &Head, text: &str) -> Result<(), EngineError> {
        let (one, found) = (&self.touched[at], &mut self.found);
        let print = Printed::new(text.as_bytes(), &found.ignore).print;
        let modified = head.last_modified.as_deref().map(Stamp::of);
        let created = Created::of(head.created_at.as_deref(), modified.as_ref());
        let state = TargetState { print, modified, created };
        let recorded = found.recorded(one)?;
        let seen = &mut found.all[at];
        let touch = judge(&recorded.left, &state);
        seen.now = Some(Now::There(touch));
        seen.record = found.records.put(&state)?;
        if one.is_compared() || recorded.left.is_overtaken_by(&state) {
            seen.was_answered = !one.was_adopted && touch == Touch::Untouched;
            seen.text = Span::from(found.records.put_text(text.as_bytes())?).length;
        }
        Ok(())
    }

    /// Whether another read could tell nothing better.
    fn is_certain(&self, at: usize, late: bool) -> bool {
        let (one, seen) = (&self.touched[at], &self.found.all[at]);
        match &seen.now {
            None => false,
            Some(Now::Unreadable) => true,
            Some(Now::Gone) => {
                // Two reads, one of them of the list: either may lag behind. A removed import is looked up once more
                // before it is created again.
                let read_twice = seen.reads >= 2 && (seen.listed.is_some() || !one.is_import());
                one.did == Did::Removed || (late || !one.is_recent) && (read_twice || !one.is_import())
            }
            Some(Now::There(_)) if one.did == Did::Removed => seen.reads >= 2 && (late || !one.is_recent),
            Some(Now::There(touch)) => match touch {
                Touch::Untouched => true,
                Touch::Behind => late,
                Touch::Edited => seen.reads >= 2 || seen.by_id.is_some(),
                // Without a time of the write nothing tells a read that is behind it.
                Touch::NeverSeen | Touch::SeenUnlike => {
                    (late || !one.is_recent) && (seen.reads >= 2 || seen.by_id.is_some())
                }
            },
        }
    }
}

struct StateVisitor<'v, 'a> {
    reader: &'v mut StateReader<'a>,
}

impl PageVisitor for StateVisitor<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.reader.found.namesakes.restart();
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        let Some(at) = self.reader.place_of(&head.id) else {
            let TargetStates { namesakes, records, .. } = &mut self.reader.found;
            namesakes.meet(head, text, records)?;
            return Ok(true);
        };
        if self.reader.found.all[at].is_open {
            let seen = &mut self.reader.found.all[at];
            seen.listed = Some(true);
            self.reader.take(at, head, text)?;
        }
        Ok(true)
    }
}
