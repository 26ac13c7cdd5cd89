//! Converts a resource of the source into the one that will be created in the target. Pure.

use serde_json::Value;

use crate::api::Document;
use crate::documents::document::read_tree;
use crate::documents::normal::{fingerprint, masks, remove_pointers, strip_server_fields};
use crate::documents::references::{Kind, Missing, PendingResource, strangers};
use crate::model::{Head, Id, ItemKey, Operation, Outcome};
use crate::planner::dependencies::DependencyInputs;
use crate::planner::items::{blank, ended};
use crate::planner::references::{judge, tell};
use crate::run_folder::plan_item::{ImportRef, PlanItem, Reason};

/// An item that creates a resource, and what it needs itself.
pub(crate) struct Made {
    pub item: PlanItem,
    pub wanted: Option<Value>,
    pub pending: Vec<PendingResource>,
}

/// transform and resolve for a resource: what is the service's own goes, references become the target's.
pub(crate) fn make(
    kind: Kind,
    name: &str,
    id: Id,
    document: Result<&Document, Reason>,
    inputs: &DependencyInputs<'_>,
) -> Made {
    let head =
        document.as_ref().map_or_else(|_| Head::new(Id::from(""), ""), |document| document.head.clone());
    let mut item = blank(ItemKey(0), &head);
    item.kind = kind;
    item.adaptor_type = Some(kind.as_str().to_owned());
    name.clone_into(&mut item.name);
    item.source = Some(ImportRef { id, name: name.to_owned(), sha256: None, modified: None });
    let over = |item: PlanItem, outcome: Outcome, code: &str, message: &str| Made {
        item: ended(item, outcome, code, message),
        wanted: None,
        pending: Vec::new(),
    };
    let document = match document {
        Ok(document) => document,
        Err(why) => return over(item, Outcome::Failed, &why.code, &why.message),
    };
    let source = match read_tree(document.text.as_bytes()) {
        Ok(source) => source,
        Err(why) => {
            let message = format!("its document cannot be read: {why}");
            return over(item, Outcome::Failed, "unreadable", &message);
        }
    };
    item.source.iter_mut().for_each(|import_ref| import_ref.sha256 = Some(fingerprint(&source)));
    if head.name != name {
        return over(
            item,
            Outcome::Failed,
            "renamed",
            "it was renamed in the source while the plan was made",
        );
    }
    if head.connector.is_some() {
        let message = "belongs to an Integration App, whose licence does not travel with it";
        return over(item, Outcome::Failed, "integration_app", message);
    }
    let mut wanted = source;
    strip_server_fields(&mut wanted);
    strip_of(kind, &mut wanted);
    let unknown = strangers(&wanted);
    let before: Vec<Option<Value>> = unknown.iter().map(|pointer| wanted.pointer(pointer).cloned()).collect();
    let resolution = inputs.resolver.resolve(&mut wanted);
    tell(&resolution, &inputs.imports, &mut item);
    if let Some((outcome, problem)) = judge(&resolution, &inputs.job.references) {
        return over(item, outcome, &problem.code, &problem.message);
    }
    // What remains is an id of the source without a counterpart, of an unknown kind.
    let left: Vec<String> = unknown
        .into_iter()
        .zip(before)
        .filter(|(pointer, before)| wanted.pointer(pointer) == before.as_ref())
        .map(|(pointer, _)| pointer)
        .collect();
    if !left.is_empty() {
        let places = left.join(", ");
        let message = format!("holds ids of the source of a kind that is not known ({places})");
        match inputs.job.references.missing {
            Missing::Fail => return over(item, Outcome::Failed, "missing_reference", &message),
            Missing::Skip => return over(item, Outcome::Skipped, "missing_reference", &message),
            Missing::Drop => {
                remove_pointers(&mut wanted, &left);
                item.warnings.push(format!("{message}: they were left out"));
            }
        }
    }
    let hidden = masks(&wanted);
    remove_pointers(&mut wanted, &hidden);
    item.secrets = hidden;
    match kind {
        Kind::LookupCaches => item.warnings.push(
            "made without its data, which does not travel: load the data into it before a flow uses it"
                .to_owned(),
        ),
        Kind::Scripts if !wanted.get("content").is_some_and(Value::is_string) => {
            item.warnings.push("the source shows no code for it: look whether it has any".to_owned());
        }
        _ => {}
    }
    item.operation = Operation::Create;
    item.sent_sha256 = Some(fingerprint(&wanted));
    Made { item, wanted: Some(wanted), pending: resolution.pending }
}

/// Removes what the service manages in a kind of resource beside what it manages in all.
fn strip_of(kind: Kind, document: &mut Value) {
    if let Value::Object(members) = document {
        let sizes = ["size", "sizeInMB"];
        members.retain(|key, _| {
            key != "_userId" && (kind != Kind::LookupCaches || !sizes.contains(&key.as_str()))
        });
    }
}
