//! The call that clones an import.

use serde_json::{Map, Value};

use crate::documents::Edited;
use crate::documents::diff::diff;
use crate::documents::normal::{fingerprint, remove_pointers};
use crate::run_folder::plan_item::PlanItem;

/// The body of the clone call, and whether a PUT has to follow.
pub(super) fn clone_call(item: &mut PlanItem, wanted: &Edited) {
    let mut body = Map::new();
    body.insert("name".to_owned(), Value::from(item.name.clone()));
    let mut cloned = wanted.before();
    cloned["name"] = Value::from(item.name.clone());
    let connection =
        |document: &Value| document.get("_connectionId").and_then(Value::as_str).map(str::to_owned);
    if let (Some(from), Some(to)) = (connection(&cloned), connection(wanted.now()))
        && from != to
    {
        cloned["_connectionId"] = Value::from(to.clone());
        body.insert("connectionMap".to_owned(), serde_json::json!({ from: to }));
    }
    remove_pointers(&mut cloned, &item.secrets);
    item.clone = Some(Value::Object(body));
    item.adjust = Some(fingerprint(&cloned)) != item.sent_sha256;
    if !item.adjust {
        keep_secrets(item, wanted);
    }
}

/// What the service keeps of the import by itself is not removed, although it is not sent.
pub(super) fn keep_secrets(item: &mut PlanItem, wanted: &Edited) {
    if !item.secrets.is_empty() {
        let mut before = wanted.before();
        remove_pointers(&mut before, &item.secrets);
        item.changes = diff(&before, wanted.now());
    }
}
