//! `NetSuite` imports, distributed and legacy.

use serde_json::{Value, json};

use super::words::{ENTITIES, Entity};
use super::{Draft, World, parts};

const RECORDS: usize = 64;

const OPERATIONS: [&str; 6] = ["add", "addupdate", "update", "addupdate", "attach", "delete"];

/// Every `NetSuite` import of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let world = *world;
    let mut drafts: Vec<Draft> = (0..RECORDS).map(|at| record(world, at)).collect();
    drafts.push(subrecord(world));
    drafts.push(huge(world));
    drafts.push(scripted(world));
    drafts.extend((0..4).map(|at| legacy(world, at)));
    drafts
}

/// The mapping of an entity with `NetSuite`'s own keys on every field.
fn mapping(entity: &Entity, at: usize) -> Value {
    let mut mapping = parts::mapper1(entity, at, true);
    let lists = mapping["lists"].as_array_mut().into_iter().flatten();
    let mut groups: Vec<&mut Value> = Vec::new();
    for list in lists {
        groups.push(&mut list["fields"]);
    }
    let internal = ["entity", "item", "location", "subsidiary", "terms", "currency", "account"];
    let mut finish = |fields: &mut Value| {
        for field in fields.as_array_mut().into_iter().flatten() {
            let target = field["generate"].as_str().unwrap_or_default();
            field["internalId"] = json!(internal.contains(&target));
            field["immutable"] = json!(false);
            field["discardIfEmpty"] = json!(at.is_multiple_of(2));
        }
    };
    groups.into_iter().for_each(&mut finish);
    finish(&mut mapping["fields"]);
    if let Some(fields) = mapping["fields"].as_array_mut() {
        fields.push(json!({ "generate": "subsidiary", "hardCodedValue": "3", "internalId": true }));
        fields.push(json!({ "generate": "celigo_initializeValues", "hardCodedValue": "entity,subsidiary" }));
        if at % 3 == 1 {
            fields.push(json!({ "generate": "department", "lookupName": "department", "internalId": true,
                "conditional": { "when": "lookup_not_empty", "lookupName": "department" } }));
        }
    }
    mapping
}

fn lookups(at: usize) -> Value {
    if at % 3 != 1 {
        return json!([]);
    }
    json!([
        { "name": "department", "recordType": "department", "resultField": "internalid", "allowFailures": true,
          "expression": "[\"name\",\"is\",\"{{{record.dept}}}\"]", "includeInactive": false },
        { "name": "ship_method", "map": { "express": "12", "standard": "14" }, "default": null, "allowFailures": false },
    ])
}

fn record(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at % ENTITIES.len()];
    let operation = OPERATIONS[at / ENTITIES.len() % OPERATIONS.len()];
    let key = entity.fields[0].0;
    let mut block = json!({
        "useSS2Restlets": at % 2 == 1,
        "operation": operation,
        "recordType": entity.record_type,
        "lookups": lookups(at),
        "mapping": mapping(entity, at),
    });
    if matches!(operation, "update" | "addupdate" | "delete") {
        block["internalIdLookup"] = if at % 5 == 4 {
            json!({ "extract": key, "searchField": "externalid", "operator": "is", "expression": format!("[\"externalid\",\"is\",\"{{{{{{{key}}}}}}}\"]") })
        } else {
            json!({ "expression": format!("[\"tranid\",\"is\",\"{{{{{{record.{key}}}}}}}\"]") })
        };
    }
    let connection = if at % 7 == 6 { "NetSuite Returns" } else { "NetSuite Production" };
    let mut draft = Draft::new(json!({
        "name": format!("NetSuite - {} {} {}", capital(operation), entity.many, at / 20 + 1),
        "_connectionId": world.connection(connection),
        "distributed": true,
        "ignoreExisting": operation == "add" && at.is_multiple_of(4), "ignoreMissing": false, "oneToMany": false,
        "lookups": if at.is_multiple_of(5) { json!([]) } else { lookups(at) },
        "netsuite_da": block,
    }))
    .old(at % 3 == 2);
    if at % 4 == 1 {
        draft = draft.with("filter", parts::filter(world, at, key));
    }
    if at % 6 == 3 {
        draft = draft.with("hooks", parts::hooks(world, at));
    }
    if at % 9 == 5 {
        draft = draft.with("idLockTemplate", json!(format!("{{{{record.{key}}}}}")));
    }
    draft
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn subrecord(world: World<'_>) -> Draft {
    let detail = json!({ "_id": "inventory[*].celigo_inventorydetail", "recordType": "inventorydetail", "jsonPath": "$",
        "mapping": { "fields": [{ "generate": "celigo_replaceAllLines_inventoryassignment", "hardCodedValue": true }],
            "lists": [{ "generate": "inventoryassignment", "fields": [
                { "generate": "quantity", "extract": "Lot Qty", "internalId": false },
                { "generate": "receiptinventorynumber", "extract": "['Serial Number']", "internalId": false }] }] },
        "lookups": [{ "name": "bin", "map": { "A": "1" }, "default": "1" }] });
    Draft::new(json!({
        "name": "NetSuite - Adjust lots and serials",
        "_connectionId": world.connection("NetSuite Production"),
        "distributed": true,
        "netsuite_da": { "operation": "add", "recordType": "inventoryadjustment", "lookups": [],
            "mapping": { "fields": [{ "generate": "account", "extract": "Account", "internalId": true }],
                "lists": [{ "generate": "inventory", "fields": [
                    { "generate": "item", "extract": "Item", "internalId": false },
                    { "generate": "celigo_inventorydetail", "subRecordMapping": detail }] }] } },
    }))
}

fn huge(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "NetSuite - Sales orders, every column",
        "_connectionId": world.connection("NetSuite Production"),
        "distributed": true,
        "netsuite_da": { "operation": "addupdate", "recordType": "salesorder", "lookups": lookups(1),
            "internalIdLookup": { "expression": "[\"tranid\",\"is\",\"{{{section_0.column_0}}}\"]" },
            "mapping": parts::many(230, false) },
    }))
}

fn scripted(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "NetSuite - Customers with SuiteScript hooks",
        "_connectionId": world.connection("NetSuite Production"),
        "distributed": true,
        "netsuite_da": { "operation": "ADD", "recordType": "customer", "mapping": mapping(&ENTITIES[1], 2),
            "hooks": { "preMap": { "fileInternalId": "40312", "function": "preMap", "configuration": { "debug": true } },
                "postSubmit": { "fileInternalId": "SuiteApps/com.example.app/hooks.js", "function": "postSubmit" } } },
    }))
}

fn legacy(world: World<'_>, at: usize) -> Draft {
    let files = at == 0;
    let block = if files {
        json!({ "operation": "add", "recordType": "file", "file": { "folderInternalId": "1204",
            "name": "{{record.fileName}}", "fileType": "PDF" } })
    } else {
        json!({ "operation": "add", "recordType": ENTITIES[at].record_type, "lookups": [] })
    };
    let draft = Draft::new(json!({
        "name": format!("NetSuite (web services) - {}", if files { "attachments" } else { ENTITIES[at].many }),
        "_connectionId": world.connection("NetSuite Production"),
        "distributed": false,
        "netsuite": block,
    }));
    if files {
        draft.with("blob", json!(true)).with("blobKeyPath", json!("blobKey"))
    } else {
        draft.with("mapping", parts::mapper1(&ENTITIES[at], at, true)).old(true)
    }
}
