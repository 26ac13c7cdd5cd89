//! What the service tells of what a run left behind: how it is now, who changed it, what uses it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use serde_json::value::RawValue;

use super::Undoing;
use crate::api::{Dependent, ErrorKind};
use crate::model::normal::fingerprint;
use crate::model::{Fingerprint, Head, Id};
use crate::pipeline::sweep::{Manner, PAGE, Sink, sweep};
use crate::pipeline::{PipelineError, Row, forecast};

/// Imports about which the service is asked who changed them; the others are only named.
const MOST_ASKED: usize = 50;

/// Users of a resource that are named; more are counted.
const MOST_NAMED: usize = 3;

/// Fingerprints of what a sweep shows, when a sweep is cheaper than asking for each.
pub(super) async fn current_prints(
    with: &Undoing<'_>,
    touched: &[Row],
) -> Result<HashMap<Id, Fingerprint>, PipelineError> {
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
        let manner = Manner { listed_apart: tail.target_listed_apart, ..Manner::default() };
        sweep(with.target, manner, with.cancel, &mut prints).await?;
    }
    Ok(prints.wanted.into_iter().filter_map(|(id, print)| Some((id, print?))).collect())
}

struct Prints {
    wanted: HashMap<Id, Option<Fingerprint>>,
}

impl Sink for Prints {
    fn restart(&mut self) -> Result<(), PipelineError> {
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, PipelineError> {
        if let Some(print) = self.wanted.get_mut(&head.id) {
            let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
            *print = Some(fingerprint(&document));
        }
        Ok(true)
    }
}

/// Who changed an import last, as far as the service tells.
pub(super) async fn who_changed(with: &Undoing<'_>, id: &Id, asked: &mut usize) -> String {
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
pub(super) async fn users(
    with: &Undoing<'_>,
    list: &str,
    id: &Id,
    leaving: &HashSet<Id>,
) -> Result<Option<String>, PipelineError> {
    let mut users = match with.target.client.dependencies(list, id).await {
        Ok(users) => users,
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Refused) => return Ok(None),
        Err(error) => return Err(with.target.failed(&format!("ask what uses {id} of the {list}"))(error)),
    };
    users.values_mut().for_each(|users| users.retain(|user| !leaving.contains(&user.id)));
    Ok(used_by(&users))
}

/// That something is used, and by what; `None` if nothing uses it.
pub(in crate::pipeline) fn used_by(users: &BTreeMap<String, Vec<Dependent>>) -> Option<String> {
    let all: Vec<String> = users
        .iter()
        .flat_map(|(kind, users)| users.iter().map(move |user| (kind, user)))
        .map(|(kind, user)| {
            let name = if user.name.is_empty() { user.id.as_str() } else { &user.name };
            format!("\"{name}\" ({kind})")
        })
        .collect();
    if all.is_empty() {
        return None;
    }
    let more = match all.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = all[..all.len().min(MOST_NAMED)].join(", ");
    Some(format!("it is used by {named}{more}: left alone"))
}
