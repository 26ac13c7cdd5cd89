//! Names the imports that appeared beside those of this run: copies, which came from elsewhere. A call that had its effect
//! after all, a delivery that was doubled, a second run on another machine.
//!
//! It reads and records, and removes nothing: whose they are is for people to say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use tokio::time::{Instant, sleep_until};

use crate::api::{ErrorKind, ListRequest};
use crate::documents::name::{loose_name_key, name_key};
use crate::executor::context::{Context, document, print_and_tree};
use crate::executor::lookup::are_gone;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::PAGE;
use crate::journal::{Copy, Entry};
use crate::model::event::Event;
use crate::model::{Head, Id, ItemKey, Operation, Verdict};

/// How long at least a list that lacks what this run made is looked at again where a create was sent a second time.
const LEAST_LAG: Duration = Duration::from_secs(5);
/// The same in grace periods.
const LAG_PERIODS: u32 = 6;
/// The longest time between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the list of imports shows beside what this run has.
struct Shown {
    /// What this run made and the list lacks.
    missing: HashSet<Id>,
    /// Imports that were not there when the run was planned and that no item has, by the item whose name they bear.
    strangers: Vec<(ItemKey, Bears, Id)>,
}

/// What a stranger bears of the name of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bears {
    /// The name: Unicode form and blanks do not count.
    ItsName,
    /// Another case, entities. It may be another name: only one that holds the same is a copy.
    WhatAServiceMakesOfIt,
}

/// Looks for copies once everything is written, and records them. Gives back why it could not be told, if it could not.
///
/// A run that made nothing is not looked at, nor one that does not know what stood there before.
pub(crate) async fn look_for_copies(context: &Context<'_>) -> Result<Option<String>, EngineError> {
    if !context.before.is_known() || !makes_imports(context) || context.ledger.owned(None).is_empty() {
        return Ok(None);
    }
    let again = context.sent_again.get();
    // A call that is sent again may have been executing all the time.
    let mut due = again.map_or_else(Instant::now, |at| at + context.options.settle);
    let give_up = due + (context.options.settle * LAG_PERIODS).max(LEAST_LAG);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = sleep_until(due) => {}
            () = context.cancel.draining() => return Ok(None),
        }
        let shown = match look(context).await {
            Ok(shown) => shown,
            Err(EngineError::Interrupted) => return Ok(None),
            Err(error) if again.is_none() && !error.is_unauthorized() => {
                let message = format!("copies were not looked for: {}", crate::model::chain(&error));
                context.events.emit(&Event::Noted { message });
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        for (item, bears, id) in shown.strangers {
            record(context, item, bears, id).await?;
        }
        if again.is_none() || are_gone(context.target, None, &shown.missing).await {
            return Ok(None);
        }
        if Instant::now() >= give_up {
            return Ok(Some(format!(
                "a create was sent again, and the list of imports lacks {} of those that were made: whether one was \
                 made twice is not known yet",
                shown.missing.len()
            )));
        }
        looks += 1;
        due = Instant::now() + Duration::from_secs(u64::from(looks)).min(LONGEST_PAUSE);
    }
}

/// Whether the plan makes imports at all.
fn makes_imports(context: &Context<'_>) -> bool {
    let totals = &context.plan.tail().totals;
    let makes = [Operation::Create, Operation::Clone, Operation::Restore];
    makes.iter().any(|operation| totals.contains_key(operation.as_str()))
}

/// Looks at the list once, at names only where the service can.
async fn look(context: &Context<'_>) -> Result<Shown, EngineError> {
    let mut include: &[&'static str] = &["name"];
    loop {
        match look_at(context, include).await {
            Err(EngineError::Service { source, .. })
                if source.kind == ErrorKind::Refused && !include.is_empty() =>
            {
                include = &[];
            }
            shown => return shown,
        }
    }
}

async fn look_at(context: &Context<'_>, include: &[&'static str]) -> Result<Shown, EngineError> {
    let request = ListRequest {
        path: "imports".to_owned(),
        limit: PAGE,
        include: include.to_vec(),
        filters: Vec::new(),
    };
    let pages = context.target.client.pages(request);
    pin_mut!(pages);
    let mut missing: HashSet<Id> = context.ledger.owned(None);
    let mut names_of_own: BTreeMap<Id, String> = BTreeMap::new();
    let mut strangers: Vec<(String, Id)> = Vec::new();
    while let Some(page) = pages.next().await {
        for text in page.map_err(context.target.failed("list the imports"))?.documents {
            let head = Head::read(text.get());
            if context.ledger.owns(&head.id) {
                missing.remove(&head.id);
                names_of_own.insert(head.id.clone(), name_key(&head.name).into_owned());
            } else if !context.before.had(None, &head.id) {
                strangers.push((head.name, head.id));
            }
        }
    }
    if strangers.is_empty() {
        return Ok(Shown { missing, strangers: Vec::new() });
    }
    let (named, loosely) = items_by_name(context, &strangers, &names_of_own)?;
    let of_item = |(name, id): (String, Id)| {
        let by_name = named.get(name_key(&name).as_ref()).map(|item| (*item, Bears::ItsName));
        let found = by_name.or_else(|| {
            loosely.get(&loose_name_key(&name)).map(|item| (*item, Bears::WhatAServiceMakesOfIt))
        });
        found.map(|(item, bears)| (item, bears, id))
    };
    let strangers = strangers.into_iter().filter_map(of_item).collect();
    Ok(Shown { missing, strangers })
}

/// Items by names.
type ByName = HashMap<String, ItemKey>;

/// The first item of each name that a stranger bears: as it was sent, or as the service stores it; and the first of each
/// loose key.
fn items_by_name(
    context: &Context<'_>,
    strangers: &[(String, Id)],
    names_of_own: &BTreeMap<Id, String>,
) -> Result<(ByName, ByName), EngineError> {
    let wanted: HashSet<_> = strangers.iter().map(|(name, _)| name_key(name)).collect();
    let wanted_loosely: HashSet<String> = strangers.iter().map(|(name, _)| loose_name_key(name)).collect();
    let (mut items, mut loosely) = (ByName::new(), ByName::new());
    for key in (1..=context.plan.len()).map(ItemKey) {
        let item = context.plan.item(key)?;
        if item.kind.is_some() || !item.operation.makes_an_import() {
            continue;
        }
        let state = context.ledger.state(key);
        let stored = state.target().and_then(|target| names_of_own.get(target));
        for name in [Some(name_key(&item.name).into_owned()), stored.cloned()].into_iter().flatten() {
            if wanted.contains(name.as_str()) {
                items.entry(name).or_insert(key);
            }
        }
        let loose = loose_name_key(&item.name);
        if wanted_loosely.contains(&loose) {
            loosely.entry(loose).or_insert(key);
        }
    }
    Ok((items, loosely))
}

/// Records a copy once, with what it holds.
async fn record(context: &Context<'_>, key: ItemKey, bears: Bears, id: Id) -> Result<(), EngineError> {
    if !context.copies.borrow_mut().insert(id.clone()) {
        return Ok(());
    }
    let item = context.plan.item(key)?;
    let there = match context.target.client.get("imports", &id).await {
        Ok(there) => there,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.is_held_back() => {
            crate::executor::held_back(context);
            return Ok(());
        }
        Err(error) => return Err(context.target.failed(&format!("read import {id}"))(error)),
    };
    let (print, tree) = print_and_tree(context, there.text.get().as_bytes());
    let wanted = document(context, &item)?;
    let same_name = |mut document: serde_json::Value| {
        document.as_object_mut().map(|members| members.shift_remove("name"));
        document
    };
    let wanted = crate::documents::document::read_tree(&wanted).ok().map(same_name);
    let both = wanted.zip(tree.ok().map(same_name));
    let equal = both
        .is_some_and(|(wanted, found)| context.ignore.compare(&wanted, &found).verdict != Verdict::Differs);
    if bears == Bears::WhatAServiceMakesOfIt && !equal {
        return Ok(());
    }
    let copy = Copy { item: key, id: id.clone(), equal, sha256: print, modified: there.head.last_modified };
    context.ledger.record(Entry::CopyFound(copy)).await?;
    let likeness = if equal { "equal to" } else { "unlike" };
    let message = format!(
        "import {id} bears the name \"{}\", is {likeness} it, and was not made by this run",
        item.name
    );
    context.events.emit(&Event::Noted { message });
    Ok(())
}
