//! Compares items with imports of the target: if fingerprints do not decide, documents are compared.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::documents::beside::unlike_members;
use crate::documents::contained;
use crate::documents::document::read_tree;
use crate::documents::normal::Ignore;
#[cfg(debug_assertions)]
use crate::documents::normal::compare;
use crate::inventory::error::EngineError;
use crate::planner::likeness::{Likeness, Place, likeness};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::target_difference::TargetDifference;
use crate::planner::target_index::TargetIndex;
use crate::run_folder::document_file::Span;

/// Documents that are compared in one go, off the thread that waits for answers.
const CHUNK: usize = 64;

/// Chunks that are compared at a time.
const AT_ONCE: usize = 2;

/// Items that want one key and are not decided by fingerprints alone.
pub(crate) struct OpenGroup {
    pub key: u64,
    pub wanted: Vec<usize>,
    pub found: Vec<usize>,
    /// What is one of the items by its fingerprint.
    pub taken: BTreeSet<usize>,
}

/// How alike items and imports are, where they are not equal by fingerprint.
pub(crate) type Alike = HashMap<(usize, u64, usize), Likeness>;

/// The texts of a group, to be compared with each other.
struct Texts {
    key: u64,
    wanted: Vec<(usize, Vec<u8>, Vec<String>)>,
    found: Vec<(usize, Span, Vec<u8>)>,
}

/// Compares the documents of all groups, in chunks, off the thread that waits for answers.
pub(crate) async fn compare_all(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    open: &[OpenGroup],
) -> Result<(Alike, BTreeSet<Place>), EngineError> {
    let (mut alike, mut asked) = (Alike::new(), BTreeSet::new());
    let ignore = Arc::new(builder.print.ignore.clone());
    let cancel = builder.with.context.cancel;
    let mut groups = open.iter();
    let mut comparing: VecDeque<JoinHandle<Compared>> = VecDeque::new();
    loop {
        let chunk = next_chunk(builder, imports, &mut groups)?;
        let is_last = chunk.is_empty();
        if !is_last {
            let ignore = Arc::clone(&ignore);
            comparing.push_back(tokio::task::spawn_blocking(move || compare_chunk(&chunk, &ignore)));
        }
        while is_last || comparing.len() == AT_ONCE {
            let Some(first) = comparing.pop_front() else { break };
            let compared = tokio::select! {
                biased;
                () = cancel.draining() => return Err(EngineError::Interrupted),
                // Panics are contained; a runtime that ends has no use for what it found.
                compared = first => compared.map_err(|_| EngineError::Interrupted)?,
            };
            alike.extend(compared.alike);
            asked.extend(compared.asked);
            for (item, span, found) in compared.found {
                builder.keep_found(item, span, &found)?;
            }
        }
        if is_last {
            return Ok((alike, asked));
        }
    }
}

/// The texts of the next groups; none after the last.
fn next_chunk<'g>(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    groups: &mut impl Iterator<Item = &'g OpenGroup>,
) -> Result<Vec<Texts>, EngineError> {
    let (mut chunk, mut texts) = (Vec::new(), 0);
    while texts < CHUNK
        && let Some(group) = groups.next()
    {
        let group = texts_of(builder, imports, group)?;
        texts += group.wanted.len() + group.found.len();
        chunk.push(group);
    }
    Ok(chunk)
}

fn texts_of(
    builder: &mut PlanBuilder<'_>,
    imports: &mut TargetIndex<'_>,
    group: &OpenGroup,
) -> Result<Texts, EngineError> {
    let mut texts = Texts { key: group.key, wanted: Vec::new(), found: Vec::new() };
    for item in &group.wanted {
        if let Some(text) = builder.wanted_text(*item)? {
            texts.wanted.push((*item, text, builder.secrets(*item)?));
        }
    }
    for at in &group.found {
        let Some(import) = imports.get(group.key, *at)? else {
            continue;
        };
        if import.unreadable.is_none() {
            let span = import.span;
            texts.found.push((*at, span, imports.file.read(span)?));
        }
    }
    Ok(texts)
}

/// The result of a chunk.
#[derive(Default)]
struct Compared {
    alike: Vec<((usize, u64, usize), Likeness)>,
    asked: BTreeSet<Place>,
    /// How the only import that may be an item differs from it, and where its document lies.
    found: Vec<(usize, Span, TargetDifference)>,
}

fn compare_chunk(chunk: &[Texts], ignore: &Ignore) -> Compared {
    let mut compared = Compared::default();
    for group in chunk {
        if let ([(item, ours, secrets)], [(at, span, theirs)]) = (&group.wanted[..], &group.found[..]) {
            let Some((wanted, found)) = trees(ours, theirs) else { continue };
            let alike = alike(&wanted, &found, ignore, secrets, &mut compared.asked);
            if !matches!(alike, Likeness::Equal(_))
                && let Ok(found) = contained(|| TargetDifference::between(&found, &wanted))
            {
                compared.found.push((*item, *span, found));
            }
            compared.take(*item, group.key, *at, alike);
            continue;
        }
        let found: Vec<_> =
            group.found.iter().filter_map(|(at, _, text)| Some((*at, read_tree(text).ok()?))).collect();
        for (item, text, secrets) in &group.wanted {
            let Ok(wanted) = read_tree(text) else {
                continue;
            };
            for (at, found) in &found {
                let alike = alike(&wanted, found, ignore, secrets, &mut compared.asked);
                compared.take(*item, group.key, *at, alike);
            }
        }
    }
    compared
}

/// What is wanted and what was found, as far as they are not the same to the letter.
fn trees(ours: &[u8], theirs: &[u8]) -> Option<(Value, Value)> {
    let (ours, theirs) = (str::from_utf8(ours).ok()?, str::from_utf8(theirs).ok()?);
    let unlike = unlike_members(ours, theirs);
    let whole = || Some((read_tree(ours.as_bytes()).ok()?, read_tree(theirs.as_bytes()).ok()?));
    #[cfg(debug_assertions)]
    if let (Some((wanted, found)), Some((ours, theirs))) = (&unlike, whole()) {
        let told = |wanted: &Value, found: &Value| {
            contained(|| (compare(wanted, found), TargetDifference::between(found, wanted))).ok()
        };
        assert_eq!(
            told(wanted, found),
            told(&ours, &theirs),
            "what two documents have in common made a difference"
        );
    }
    unlike.or_else(whole)
}

fn alike(
    wanted: &Value,
    found: &Value,
    ignore: &Ignore,
    secrets: &[String],
    asked: &mut BTreeSet<Place>,
) -> Likeness {
    contained(|| likeness(wanted, found, ignore, secrets, asked)).unwrap_or(Likeness::Unknown)
}

impl Compared {
    /// Nothing is kept in memory of what is unlike: that is the rule, and there may be very many.
    fn take(&mut self, item: usize, key: u64, at: usize, alike: Likeness) {
        if alike != Likeness::Unlike {
            self.alike.push(((item, key, at), alike));
        }
    }
}
