//! The Salesforce imports of the demo accounts.

use serde_json::json;

use super::words::ENTITIES;
use super::{Draft, World, parts};

const RECORDS: usize = 34;

const OPERATIONS: [&str; 4] = ["insert", "update", "upsert", "addupdate"];

/// Every Salesforce import of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = (0..RECORDS).map(|at| record(*world, at)).collect();
    let salesforce = world.connection("Salesforce");
    drafts.push(Draft::new(json!({
        "name": "Salesforce - Attach labels",
        "_connectionId": salesforce,
        "blob": true, "blobKeyPath": "blobKey",
        "salesforce": { "operation": "insert", "sObjectType": "attachment",
            "attachment": { "name": "{{record.file}}", "parentId": "{{record.orderId}}", "isPrivate": false } },
    })));
    drafts.push(Draft::new(json!({
        "name": "Salesforce - Picklist of carriers",
        "_connectionId": salesforce,
        "salesforce": { "operation": "upsertpicklistvalues", "api": "metadata",
            "upsertpicklistvalues": { "fullName": "Shipment__c.Carrier__c", "type": "picklist" } },
        "mapping": { "fields": [{ "extract": "carrier", "generate": "label" }], "lists": [] },
    })));
    drafts
}

fn record(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at % ENTITIES.len()];
    let operation = OPERATIONS[at / ENTITIES.len() % OPERATIONS.len()];
    let key = entity.fields[0].0;
    let lookups = if at.is_multiple_of(3) {
        json!([{ "name": format!("{:032x}", at * 7919), "sObjectType": "Contact", "resultField": "Id",
            "whereClause": "(Email = {{{email record.email}}})", "allowFailures": true, "default": null }])
    } else {
        json!([])
    };
    let mut block = json!({
        "operation": if at % 11 == 5 { operation.to_uppercase() } else { operation.to_owned() },
        "api": if at % 8 == 7 { "compositerecord" } else { "rest" },
        "sObjectType": entity.s_object,
        "lookups": lookups,
        "removeNonSubmittableFields": false,
    });
    match operation {
        "upsert" => {
            block["upsert"] = json!({ "externalIdField": "External_Id__c" });
            block["idLookup"] = json!({ "extract": key });
        }
        "update" | "addupdate" => {
            block["idLookup"] = json!({ "whereClause": format!("(External_Id__c = '{{{{{{{key}}}}}}}')") });
        }
        _ => {}
    }
    let mut draft = Draft::new(json!({
        "name": format!("Salesforce - {operation} {} {}", entity.s_object, at / 20 + 1),
        "_connectionId": world.connection("Salesforce"),
        "distributed": false,
        "salesforce": block,
        "mapping": parts::mapper1(entity, at, at % 8 == 7),
    }))
    .old(at % 5 == 2);
    if at.is_multiple_of(2) {
        draft = draft.with("lookups", lookups);
    }
    if at % 6 == 1 {
        draft = draft.with("filter", parts::filter(world, at, key));
    }
    if at % 7 == 2 {
        draft = draft.with("hooks", parts::hooks(world, at));
    }
    draft
}
