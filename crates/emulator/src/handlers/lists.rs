//! Lists: pages of stored texts.

use std::collections::HashSet;

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use bytes::Bytes;

use super::{Context, jobs};
use crate::page::{Projection, Query};
use crate::reply::{self, Failure, Reply};
use crate::store::{Entry, From, Kind};

/// Where a lookup cache keeps its entries; never shown with the cache itself.
pub(super) const CACHE_DATA: &str = "data";

pub(super) async fn imports(context: Context) -> Reply {
    page(&context, Kind::Imports, |_| true)
}

/// The flows, connections, exports or imports of an integration.
///
/// Flows name their integration; exports and imports belong to it by its flows, or name it themselves (as those of
/// Integration Apps do); connections are those registered with it.
pub(super) async fn of_integration(context: Context, Path((id, list)): Path<(String, String)>) -> Reply {
    let id = context.id(&id)?;
    let kind = Kind::from_list(&list)
        .filter(|kind| matches!(kind, Kind::Flows | Kind::Connections | Kind::Exports | Kind::Imports))
        .ok_or_else(Failure::unknown_path)?;
    let store = &context.server.store;
    let Some(integration) = store.entry(context.account(), Kind::Integrations, id) else {
        return Err(Failure::unknown_id());
    };
    let mut used = HashSet::new();
    match kind {
        Kind::Connections => used.extend(integration.uses.iter().copied()),
        Kind::Exports | Kind::Imports => store.for_each(context.account(), Kind::Flows, |flow| {
            if flow.integration == Some(id) {
                used.extend(flow.uses.iter().copied());
            }
        }),
        _ => {}
    }
    page(&context, kind, |entry| entry.integration == Some(id) || used.contains(&entry.id))
}

pub(super) async fn resources(context: Context, Path(list): Path<String>) -> Reply {
    match Kind::from_list(&list).ok_or_else(Failure::unknown_path)? {
        Kind::Jobs => jobs::list(&context),
        kind => page(&context, kind, |_| true),
    }
}

fn page(context: &Context, kind: Kind, also: impl Fn(&Entry) -> bool) -> Reply {
    let behaviour = &context.server.behaviour;
    let corruption = &context.corruption;
    let query = Query::parse(context.uri.query().unwrap_or_default(), behaviour)?;
    let hidden = corruption.lag.map(|lag| context.server.made_within(lag)).unwrap_or_default();
    let wanted =
        |entry: &Entry| also(entry) && query.accepts(kind, entry, behaviour) && !hidden.contains(&entry.id);
    let store = &context.server.store;
    let collection = (context.account(), kind);
    let found = store.places(collection, false, (query.from, query.limit), wanted);
    let mut places = found.places.clone();
    let mut more = found.more;
    if corruption.repeat {
        let before = match query.from {
            From::Skip(skip) => From::Skip(skip.saturating_sub(query.limit)),
            From::Place(place) | From::UpTo(place) => From::UpTo(place),
        };
        places = store.places(collection, false, (before, query.limit), wanted).places;
    }
    if let Some(seed) = corruption.reorder {
        fastrand::Rng::with_seed(seed).shuffle(&mut places);
    }
    if let Some(keep) = corruption.shrink {
        places.truncate(keep);
        more = false;
    }
    let text = assemble(context, kind, &places, query.projection.as_ref())?;
    let Some(text) = text else { return Ok(reply::nothing()) };
    let mut response = context.tagged(text);
    let url = (context.origin.as_str(), context.uri.path());
    let link = query.link(url, behaviour.link, more, found.places.last().copied());
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The array of the documents at `places`; none if there are none.
fn assemble(
    context: &Context,
    kind: Kind,
    places: &[u64],
    projection: Option<&Projection>,
) -> Result<Option<Bytes>, Failure> {
    let hidden = match kind {
        Kind::Scripts => Some("content"),
        Kind::LookupCaches => Some(CACHE_DATA),
        _ => None,
    };
    let hidden = hidden.map(|field| Projection::Exclude(vec![field.to_owned()]));
    let mut out = vec![b'['];
    let mut damaged = false;
    context.server.store.read_many((context.account(), kind), false, places, |text| {
        if out.len() > 1 {
            out.push(b',');
        }
        let written = match (&hidden, projection) {
            (None, None) => {
                out.extend_from_slice(text);
                Ok(())
            }
            (Some(projection), None) | (None, Some(projection)) => projection.write(text, &mut out),
            (Some(hidden), Some(projection)) => {
                let mut shown = Vec::new();
                hidden.write(text, &mut shown).and_then(|()| projection.write(&shown, &mut out))
            }
        };
        damaged |= written.is_err();
    })?;
    if damaged {
        return Err(super::damaged());
    }
    out.push(b']');
    Ok((out.len() > 2).then(|| Bytes::from(out)))
}
