//! The lists of related resources, used to resolve references; read only if an import needs them.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::future::try_join_all;
use futures::{StreamExt, pin_mut};
use serde_json::Value;

use crate::api::{ErrorKind, ListRequest};
use crate::documents::document::Document;
use crate::documents::name::name_key;
use crate::documents::references::{Kind, Missing, Resource, ResourceIndex, Rules};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::PAGE;
use crate::inventory::scan_agreement::{Agreement, Scans};
use crate::model::Id;

/// Names of the resources of an account, by kind and id.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResourceNames(HashMap<Kind, HashMap<Id, String>>);

impl ResourceNames {
    /// Takes the names of everything that was read.
    pub(crate) fn of(index: &ResourceIndex) -> Self {
        let names = |list: &[Resource]| list.iter().map(|one| (one.id.clone(), one.name.clone())).collect();
        Self(index.kinds.iter().map(|(kind, list)| (*kind, names(list))).collect())
    }

    /// The name of a resource, if it was read.
    pub(crate) fn name(&self, kind: Kind, id: Option<&Id>) -> Option<&str> {
        self.0.get(&kind)?.get(id?).map(String::as_str)
    }
}

/// Reads the lists of `kinds` that `index` lacks, all at once. A list of several pages is read until two scans
/// agree, because a resource that is edited meanwhile may move from a page that is still to be read to one that was
/// already read.
pub(crate) async fn fill(
    account: &Account,
    index: &mut ResourceIndex,
    kinds: &BTreeSet<Kind>,
) -> Result<(), EngineError> {
    fill_scanning(account, index, kinds, |_| false).await
}

/// Does the same, with more care where the job omits a reference, or skips its import, because a list lacks the
/// resource: that list is read until two scans agree, since a list that ends early must not mean that a resource does
/// not exist.
pub(crate) async fn fill_surely(
    account: &Account,
    index: &mut ResourceIndex,
    kinds: &BTreeSet<Kind>,
    rules: &Rules,
) -> Result<(), EngineError> {
    fill_scanning(account, index, kinds, |kind| rules.missing(kind) != Missing::Fail).await
}

async fn fill_scanning(
    account: &Account,
    index: &mut ResourceIndex,
    kinds: &BTreeSet<Kind>,
    scans_twice: impl Fn(Kind) -> bool,
) -> Result<(), EngineError> {
    let lacks: Vec<Kind> = kinds.iter().filter(|kind| !index.kinds.contains_key(kind)).copied().collect();
    let lists = try_join_all(lacks.iter().map(|kind| list(account, *kind))).await?;
    let mut again = Vec::new();
    for (kind, (list, pages)) in lacks.into_iter().zip(lists) {
        index.kinds.insert(kind, list);
        again.extend((scans_twice(kind) || pages > 1 && !account.at_rest).then_some(kind));
    }
    for kind in again {
        scan_again(account, index, kind).await?;
    }
    Ok(())
}

/// Reads the missing lists of both accounts, of all kinds that a mentioned id may have. Lists that cannot be read are
/// left out. Returns a note about those of the source, because their ids cannot be recognised in texts then.
pub(crate) async fn fill_mentioned(
    (source, here): (&Account, &mut ResourceIndex),
    (target, there): (&Account, &mut ResourceIndex),
    create: &BTreeSet<Kind>,
) -> Result<Option<String>, EngineError> {
    let new: Vec<Kind> = Kind::ALL.iter().filter(|kind| !there.kinds.contains_key(kind)).copied().collect();
    // What imports do not refer to is not migrated: it is only reported.
    let others = [Kind::Flows, Kind::Apis, Kind::IClients];
    let unread = fill_what_can_be_had(source, here, Kind::ALL.iter().chain(&others)).await;
    fill_what_can_be_had(target, there, Kind::ALL.iter()).await;
    scan_twice(here, (target, there), new.into_iter().filter(|kind| create.contains(kind))).await?;
    Ok((!unread.is_empty()).then(|| {
        format!(
            "the {} of account `{}` could not be listed: an id of one that a text mentions is carried over as it is",
            unread.join(", "),
            source.facts.name
        )
    }))
}

/// Reads the lists of `kinds` that `index` lacks. Returns those that cannot be read.
async fn fill_what_can_be_had(
    account: &Account,
    index: &mut ResourceIndex,
    kinds: impl Iterator<Item = &Kind>,
) -> Vec<&'static str> {
    let mut unread = Vec::new();
    for kind in kinds {
        if !index.kinds.contains_key(kind) {
            match list(account, *kind).await {
                Ok((resources, _)) => drop(index.kinds.insert(*kind, resources)),
                Err(_) => unread.push(kind.as_str()),
            }
        }
    }
    unread
}

/// Reads the lists of `kinds` of both accounts at the same time. If missing resources will be created in the target,
/// its list is read until two scans agree.
///
/// A list that ends early must not mean that a resource does not exist: it would be created a second time.
pub(crate) async fn fill_both(
    (source, here): (&Account, &mut ResourceIndex),
    (target, there): (&Account, &mut ResourceIndex),
    kinds: &BTreeSet<Kind>,
    rules: &Rules,
) -> Result<(), EngineError> {
    let new: Vec<Kind> = kinds.iter().filter(|kind| !there.kinds.contains_key(kind)).copied().collect();
    futures::try_join!(fill_surely(source, here, kinds, rules), fill_surely(target, there, kinds, rules))?;
    scan_twice(here, (target, there), new.into_iter().filter(|kind| rules.create.contains(kind))).await
}

/// Scans the target's lists of `kinds` again if they were read and lack a name of the source.
async fn scan_twice(
    here: &ResourceIndex,
    (target, there): (&Account, &mut ResourceIndex),
    kinds: impl Iterator<Item = Kind>,
) -> Result<(), EngineError> {
    for kind in kinds {
        let Some(list) = there.kinds.get(&kind) else { continue };
        let names: HashSet<_> = list.iter().map(|one| name_key(&one.name)).collect();
        let mut wanted = here.kinds.get(&kind).into_iter().flatten();
        if wanted.any(|one| !names.contains(&name_key(&one.name))) {
            scan_again(target, there, kind).await?;
        }
    }
    Ok(())
}

async fn scan_again(account: &Account, index: &mut ResourceIndex, kind: Kind) -> Result<(), EngineError> {
    let ids = |list: &[Resource]| list.iter().map(|one| one.id.clone()).collect::<HashSet<Id>>();
    let mut scans = Scans::default();
    scans.take(ids(index.kinds.get(&kind).map_or(&[][..], Vec::as_slice)));
    loop {
        let (again, _) = list(account, kind).await?;
        match scans.take(ids(&again)) {
            Agreement::Agreed => {
                index.kinds.insert(kind, again);
                return Ok(());
            }
            Agreement::ScanAgain => {}
            Agreement::Unsteady(disagreement) => {
                let account = account.facts.name.clone();
                return Err(EngineError::Unsteady { account, list: kind.as_str(), disagreement });
            }
        }
    }
}

/// A list, and how many pages it has.
async fn list(account: &Account, kind: Kind) -> Result<(Vec<Resource>, u32), EngineError> {
    let fields: &[&'static str] = match kind {
        Kind::Connections => &["type", "rdbms.type"],
        kind if Kind::CREATABLE.contains(&kind) => &["name", "_connectorId"],
        _ => &["name"],
    };
    match try_list(account, kind, fields).await {
        // A few lists do not support projection.
        Err(error) if error.kind == ErrorKind::Refused && error.status == Some(400) => {
            try_list(account, kind, &[]).await
        }
        // An account without the licence for a kind has no documents of it.
        Err(error) if error.kind == ErrorKind::NotFound => Ok((Vec::new(), 0)),
        answer => answer,
    }
    .map_err(account.failed(&format!("list the {}", kind.as_str())))
}

async fn try_list(
    account: &Account,
    kind: Kind,
    include: &[&'static str],
) -> Result<(Vec<Resource>, u32), crate::api::ApiError> {
    let pages = account.client.pages(ListRequest {
        path: kind.as_str().to_owned(),
        limit: PAGE,
        include: include.to_vec(),
        filters: Vec::new(),
    });
    pin_mut!(pages);
    let (mut resources, mut seen, mut count) = (Vec::new(), HashSet::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page?;
        count += u32::from(page.ends);
        for document in page.documents {
            let resource = resource(kind, &Document::new(document.text));
            if seen.insert(resource.id.clone()) {
                resources.push(resource);
            }
        }
    }
    Ok((resources, count))
}

fn resource(kind: Kind, document: &Document) -> Resource {
    // A document without a tree is identified by its head: its name is in use, even if its family is unknown.
    let tree = document.tree().ok();
    let text = |pointer: &str| tree.and_then(|tree| tree.pointer(pointer)).and_then(Value::as_str);
    let family = (kind == Kind::Connections).then(|| family(text("/type"), text("/rdbms/type")));
    let head = document.head();
    Resource {
        id: head.id.clone(),
        name: head.name.clone(),
        family: family.flatten(),
        app: head.connector.as_ref().is_some_and(|owner| !owner.as_str().is_empty()),
    }
}

/// What connections must have in common besides their name: the type, and for databases which one.
fn family(of: Option<&str>, database: Option<&str>) -> Option<String> {
    let of = of?;
    Some(match database {
        Some(database) => format!("{of}/{database}"),
        None => of.to_owned(),
    })
}
