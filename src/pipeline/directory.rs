//! The lists of related resources that references are resolved with; read only where an import needs them.

use std::collections::BTreeSet;

use futures::{StreamExt, pin_mut};
use serde_json::Value;

use super::PipelineError;
use super::account::Account;
use super::sweep::PAGE;
use crate::api::{ErrorKind, ListRequest};
use crate::model::Id;
use crate::transform::references::{Directory, Kind, Resource};

/// Reads the lists of `kinds` that `directory` lacks.
pub(super) async fn fill(
    account: &Account,
    directory: &mut Directory,
    kinds: &BTreeSet<Kind>,
) -> Result<(), PipelineError> {
    for kind in kinds {
        if !directory.kinds.contains_key(kind) {
            let resources = list(account, *kind).await?;
            directory.kinds.insert(*kind, resources);
        }
    }
    Ok(())
}

async fn list(account: &Account, kind: Kind) -> Result<Vec<Resource>, PipelineError> {
    let fields: &[&'static str] = match kind {
        Kind::Connections => &["type", "rdbms.type"],
        _ => &["name"],
    };
    match try_list(account, kind, fields).await {
        // A few lists know no projection.
        Err(error) if error.kind == ErrorKind::Refused && error.status == Some(400) => {
            try_list(account, kind, &[]).await
        }
        // An account without the licence for a kind has none of it.
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
        answer => answer,
    }
    .map_err(account.failed(&format!("list the {}", kind.word())))
}

async fn try_list(
    account: &Account,
    kind: Kind,
    include: &[&'static str],
) -> Result<Vec<Resource>, crate::api::ApiError> {
    let pages = account.client.pages(ListRequest {
        path: kind.word().to_owned(),
        limit: PAGE,
        include: include.to_vec(),
        filters: Vec::new(),
    });
    pin_mut!(pages);
    let mut resources = Vec::new();
    while let Some(page) = pages.next().await {
        for text in page?.documents {
            let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
            resources.push(resource(kind, &document));
        }
    }
    Ok(resources)
}

fn resource(kind: Kind, document: &Value) -> Resource {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let family = (kind == Kind::Connections).then(|| family(text("/type"), text("/rdbms/type")));
    Resource {
        id: Id::from(text("/_id").unwrap_or_default()),
        name: text("/name").unwrap_or_default().to_owned(),
        family: family.flatten(),
    }
}

/// What a connection must agree in beside its name: its type, and for databases which one.
fn family(of: Option<&str>, database: Option<&str>) -> Option<String> {
    let of = of?;
    Some(match database {
        Some(database) => format!("{of}/{database}"),
        None => of.to_owned(),
    })
}

/// The kinds of reference a document's text can hold, found without parsing it.
pub(super) fn kinds_in(text: &str, into: &mut BTreeSet<Kind>) {
    const KEYS: &[(&str, Kind)] = &[
        ("onnectionId\"", Kind::Connections),
        ("\"_integrationId\"", Kind::Integrations),
        ("\"_scriptId\"", Kind::Scripts),
        ("\"_stackId\"", Kind::Stacks),
        ("\"_fileDefinitionId\"", Kind::FileDefinitions),
        ("\"_lookupCacheId\"", Kind::LookupCaches),
        ("\"_asyncHelperId\"", Kind::AsyncHelpers),
        ("\"_toolId\"", Kind::Tools),
        ("\"_ediProfileId\"", Kind::EdiProfiles),
    ];
    for (key, kind) in KEYS {
        if !into.contains(kind) && text.contains(key) {
            into.insert(*kind);
        }
    }
}
