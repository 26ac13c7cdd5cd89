//! What the service tells of what a run left behind: how it is now, who changed it, what uses it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::ErrorKind;
use crate::documents::document::print_text;
use crate::inventory::dependents::used_by;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PAGE, PageVisitor, ScanOptions, list_scan};
use crate::model::{Fingerprint, Head, Id};
use crate::planner::undo::UndoRequest;
use crate::run_folder::forecast;
use crate::run_folder::rows::Row;

/// Imports about which the service is asked who changed them; the others are only named.
const MOST_ASKED: usize = 50;

/// Fingerprints of what a sweep shows, when a sweep is cheaper than asking for each.
pub(crate) async fn current_prints(
    with: &UndoRequest<'_>,
    touched: &[Row],
) -> Result<HashMap<Id, Fingerprint>, EngineError> {
    let mut prints = Prints { wanted: HashMap::new() };
    for row in touched.iter().filter(|row| row.item.kind.is_none()) {
        if let Some(id) = &row.target_id {
            prints.wanted.insert(id.clone(), None);
        }
    }
    let tail = with.plan.tail();
    let imports = prints.wanted.len() as u64;
    let listed = tail.target_listed + imports;
    let page = if tail.target_page == 0 { u64::from(PAGE) } else { tail.target_page };
    if forecast::read_back(imports, listed, page).0 {
        let manner = ScanOptions { listed_apart: tail.target_listed_apart, ..ScanOptions::default() };
        list_scan(with.target, manner, with.cancel, &mut prints).await?;
    }
    Ok(prints.wanted.into_iter().filter_map(|(id, print)| Some((id, print?))).collect())
}

struct Prints {
    wanted: HashMap<Id, Option<Fingerprint>>,
}

impl PageVisitor for Prints {
    fn restart(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, EngineError> {
        if let Some(print) = self.wanted.get_mut(&head.id) {
            *print = Some(print_text(text.get().as_bytes()));
        }
        Ok(true)
    }
}

/// Who changed an import last, as far as the service tells.
pub(crate) async fn who_changed(with: &UndoRequest<'_>, id: &Id, asked: &mut usize) -> String {
    if *asked >= MOST_ASKED {
        return String::new();
    }
    *asked += 1;
    let Ok(entries) = with.target.client.audit(id).await else { return String::new() };
    let Some(last) = entries.into_iter().max_by(|a, b| a.time.cmp(&b.time)) else { return String::new() };
    let field = |key: &str| last.by_user.as_ref().and_then(|user| user.get(key)).and_then(Value::as_str);
    let who = field("name").or_else(|| field("email")).map(|who| format!(" by {who}")).unwrap_or_default();
    let when = last.time.map(|time| format!(" at {time}")).unwrap_or_default();
    let fields: Vec<&str> = last
        .changes
        .iter()
        .filter_map(|change| change.get("fieldPath").and_then(Value::as_str))
        .take(5)
        .collect();
    let what = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{who}{when}{what}")
}

/// What uses a resource beside what `leaving` names, in a sentence; `None` if nothing does, or the service does not tell.
pub(crate) async fn users(
    with: &UndoRequest<'_>,
    list: &str,
    id: &Id,
    leaving: &HashSet<Id>,
) -> Result<Option<String>, EngineError> {
    let mut users = match with.target.client.dependencies(list, id).await {
        Ok(users) => users,
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Refused) => return Ok(None),
        Err(error) => return Err(with.target.failed(&format!("ask what uses {id} of the {list}"))(error)),
    };
    users.values_mut().for_each(|users| users.retain(|user| !leaving.contains(&user.id)));
    Ok(used_by(&users))
}
