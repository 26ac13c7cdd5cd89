//! `--repoint-flows`: flows, APIs and tools that name an old id of an import get its new id.
//!
//! Each becomes an item of the plan after the imports: its document byte for byte, with new ids. If the import is still
//! to be created, a placeholder takes the place of its id, and is filled in when the import is finished.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};

use crate::api::{Document, ErrorKind};
use crate::documents::diff::Change;
use crate::documents::document::read_tree;
use crate::documents::import_ids::replace_import_ids;
use crate::documents::normal::{Ignore, fingerprint, masks};
use crate::documents::pointer::Pointer;
use crate::documents::references::{Kind, placeholders};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::FlowUsage;
use crate::model::{Head, Id, ItemKey, Operation, Outcome};
use crate::planner::items::{blank, ended};
use crate::planner::plan_builder::PlanBuilder;
use crate::planner::users::{NewId, OldIds};
use crate::run_folder::document_file::one_line;
use crate::run_folder::import_users::{ImportUser, UserKind};
use crate::run_folder::plan_item::{ImportRef, KindCount, PlanItem};

/// Reads in flight.
const AT_ONCE: usize = 8;

/// An item for a flow, an API or a tool, and the document that it is to have.
#[derive(Debug)]
pub(crate) struct Repointed {
    pub item: PlanItem,
    pub text: Option<Vec<u8>>,
}

/// Plans what uses imports of other ids now. The items of imports come behind `first` others, and these behind them.
pub(crate) async fn repoint(
    builder: &mut PlanBuilder<'_>,
    old: &OldIds,
    first: u32,
) -> Result<Vec<Repointed>, EngineError> {
    let with = builder.with;
    let last = first + u32::try_from(builder.stored_items.len()).unwrap_or(u32::MAX);
    let users: BTreeSet<(UserKind, &Id, &str)> = old
        .usage
        .imports()
        .filter(|id| old.becomes(id).is_some())
        .flat_map(|id| old.usage.users_of(id))
        .map(|user: &ImportUser| (user.kind, &user.id, user.name.as_str()))
        .collect();
    let target = with.target;
    let reads = users.into_iter().map(|(kind, id, name)| async move {
        let kind = kind.kind();
        match target.client.get(kind.as_str(), id).await {
            Ok(document) => Ok((kind, Head::new(id.clone(), name.to_owned()), Ok(document))),
            Err(error) if error.kind != ErrorKind::Unauthorized && error.is_of_one_document() => {
                Ok((kind, Head::new(id.clone(), name.to_owned()), Err(KeepsOldId(error.summary))))
            }
            Err(error) => Err(failed(target, kind, id)(error)),
        }
    });
    let reads = futures::stream::iter(reads).buffered(AT_ONCE);
    let read: Vec<(Kind, Head, Result<Document, KeepsOldId>)> = reads.try_collect().await?;
    let ignore = Ignore::new(with.job.ignore.iter().map(Pointer::as_str));
    let numbers = (last + 1..).map(ItemKey);
    let mut becomes = |id: &Id| match old.becomes(id) {
        None => Ok(None),
        Some(NewId::Import(now)) => Ok(Some(Becomes::Import(now.clone()))),
        Some(NewId::OfItem(place)) => {
            let name = builder.item(place as usize)?.name;
            Ok(Some(Becomes::OfItem(ItemKey(first + place + 1), name)))
        }
    };
    let items = read.into_iter().zip(numbers).map(|((kind, head, document), number)| {
        let mut item = blank(number, &head);
        item.kind = kind;
        item.adaptor_type = Some(kind.as_str().to_owned());
        match document {
            Ok(document) => one(item, &document, &mut becomes, &ignore),
            Err(error) => Ok(stays(item, &error)),
        }
    });
    items.collect()
}

/// How many of each kind there are, for the end of the plan.
pub(crate) fn counts(all: &[Repointed], usage: &FlowUsage) -> BTreeMap<Kind, KindCount> {
    let mut counts: BTreeMap<Kind, KindCount> = BTreeMap::new();
    for kind in all.iter().map(|one| one.item.kind) {
        let listed = usage.count(|user| user.kind() == kind);
        counts.entry(kind).or_insert(KindCount { items: 0, listed }).items += 1;
    }
    counts
}

fn failed<'a>(
    target: &'a Account,
    kind: Kind,
    id: &Id,
) -> impl Fn(crate::api::ApiError) -> EngineError + use<'a> {
    let what = format!("read {} {id}", kind.singular());
    move |error| target.failed(&what)(error)
}

/// Why what names an import by its old id goes on doing so.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be read ({0}): it keeps the old id")]
struct KeepsOldId(String);

fn stays(item: PlanItem, error: &KeepsOldId) -> Repointed {
    Repointed { item: ended(item, Outcome::Failed, "unreadable", error.to_string()), text: None }
}

/// The replacement for an old id, and its description for people.
enum Becomes {
    Import(Id),
    OfItem(ItemKey, String),
}

fn one(
    mut item: PlanItem,
    document: &Document,
    becomes: &mut dyn FnMut(&Id) -> Result<Option<Becomes>, EngineError>,
    ignore: &Ignore,
) -> Result<Repointed, EngineError> {
    let text = &*document.text;
    let tree = match read_tree(text.as_bytes()) {
        Ok(tree) => tree,
        Err(why) => {
            return Ok(stays(item, &KeepsOldId(why.to_string())));
        }
    };
    let (mut changes, mut needs, mut failure) = (Vec::new(), BTreeSet::new(), None);
    let replaced = replace_import_ids(text, |found| {
        let old = Id::from(found.id.as_str());
        let new = becomes(&old).unwrap_or_else(|error| {
            failure = Some(error);
            None
        });
        let (sent, shown) = match new? {
            Becomes::Import(id) => (id.as_str().to_owned(), format!("\"{id}\"")),
            Becomes::OfItem(item, name) => {
                needs.insert(item);
                let placeholder = placeholders::placeholder(Kind::Imports, old.as_str());
                (placeholder, format!("(the id that \"{name}\" will have)"))
            }
        };
        let from = Some(format!("\"{old}\""));
        changes.push(Change { path: found.pointer.clone(), from, to: Some(shown) });
        Some(sent)
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let wanted = match replaced {
        Ok(wanted) => one_line(&wanted).into_owned(),
        Err(why) => {
            return Ok(stays(item, &KeepsOldId(why.to_string())));
        }
    };
    let print = if ignore.is_empty() { fingerprint(&tree) } else { ignore.fingerprint(&tree) };
    let name = document.head.name.clone();
    item.name.clone_from(&name);
    let modified = document.head.last_modified.clone();
    item.target = Some(ImportRef { id: document.head.id.clone(), name, sha256: Some(print), modified });
    if changes.is_empty() {
        let mut item = ended(item, Outcome::Unchanged, "no_old_id", "it names no old id any more");
        item.verdict = Some(crate::model::Verdict::Equal);
        return Ok(Repointed { item, text: None });
    }
    item.changes = changes;
    if let Some(first) = masks(&tree).first() {
        let message = format!(
            "it holds a masked secret at {first}, which writing it back would erase: point it by hand"
        );
        return Ok(Repointed { item: ended(item, Outcome::Conflict, "masked_secret", message), text: None });
    }
    item.operation = Operation::Update;
    item.needs = needs.into_iter().collect();
    item.sent_sha256 = read_tree(wanted.as_bytes()).ok().map(|tree| fingerprint(&tree));
    Ok(Repointed { item, text: Some(wanted.into_bytes()) })
}
