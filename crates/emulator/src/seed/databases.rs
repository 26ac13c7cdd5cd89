//! Imports into databases.

use serde_json::json;

use super::words::ENTITIES;
use super::{Draft, World, parts};
use crate::store::Kind;

const QUERY_TYPES: [&str; 3] = ["per_record", "per_page", "bulk_insert"];

/// Every database import of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let world = *world;
    let mut drafts: Vec<Draft> = (0..18).map(|at| rdbms(world, at)).collect();
    drafts.extend((0..3).map(|at| jdbc(world, at)));
    drafts.extend((0..4).map(|at| mongodb(world, at)));
    drafts.extend((0..3).map(|at| dynamodb(world, at)));
    drafts
}

fn rdbms(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at % ENTITIES.len()];
    let table = entity.many.replace(' ', "_");
    let connection = ["Snowflake Warehouse", "MySQL Orders", "MSSQL On-prem"][at % 3];
    let key = entity.fields[0].0;
    let per_record = format!(
        "INSERT INTO {table} (id, total) VALUES ('{{{{record.{key}}}}}', {{{{record.total}}}}) -- {{{{lookup.status_map}}}}"
    );
    let block = match at % 4 {
        0 => json!({ "queryType": ["per_record"], "query": [per_record] }),
        1 => json!({ "queryType": ["bulk_insert"], "bulkInsert": { "tableName": table, "batchSize": 100 } }),
        2 => json!({ "queryType": ["bulk_load"],
            "bulkLoad": { "tableName": format!("staging.{table}"), "primaryKeys": ["id"], "overrideMergeQuery": false } }),
        _ => json!({ "queryType": ["UPDATE", "INSERT"], "updateExtract": key,
            "query": [format!("UPDATE {table} SET total = {{{{record.total}}}} WHERE id = {{{{record.{key}}}}}"), per_record] }),
    };
    let mut draft = Draft::new(json!({
        "name": format!("{} - {} {}", ["Snowflake", "MySQL", "SQL Server"][at % 3], ["write", "load"][at % 2], table),
        "_connectionId": world.connection(connection),
        "rdbms": block,
        "mappings": parts::mapper2(entity, at, 0),
    }))
    .old(at % 3 == 1);
    if at.is_multiple_of(4) {
        if let Some(rdbms) = draft.body.get_mut("rdbms") {
            rdbms["lookups"] = json!([
                { "name": "status_map", "map": { "open": "1" }, "default": "0", "allowFailures": false },
                { "name": "customer_key", "query": format!("SELECT id FROM customers WHERE email = '{{{{record.{key}}}}}'"),
                  "extract": "id", "allowFailures": true },
            ]);
        }
        draft = draft.with("modelMetadata", json!({ "total": "0", key: "" }));
    }
    if at % 5 == 3 {
        draft = draft.with("filter", parts::filter(world, at, key));
    }
    draft
}

fn jdbc(world: World<'_>, at: usize) -> Draft {
    Draft::new(json!({
        "name": format!("NSAW - {}", ENTITIES[at].many),
        "_connectionId": world.connection("Analytics warehouse"),
        "jdbc": { "queryType": [QUERY_TYPES[at % 3]],
            "query": [format!("MERGE INTO {} t USING dual ON (t.id = {{{{record.id}}}})", ENTITIES[at].many)],
            "lookups": [{ "name": "codes", "extract": "code", "allowFailures": true,
                "_lookupCacheId": world.id(Kind::LookupCaches, "Currency rates") }] },
        "mappings": parts::mapper2(&ENTITIES[at], at, 1),
    }))
}

fn mongodb(world: World<'_>, at: usize) -> Draft {
    let update = at % 2 == 1;
    let mut block =
        json!({ "method": if update { "updateOne" } else { "insertMany" }, "collection": ENTITIES[at].many });
    if update {
        block["filter"] = json!("{\"_id\": \"{{record.id}}\"}");
        block["update"] = json!("{\"$set\": {{jsonSerialize record}}}");
        block["upsert"] = json!(true);
    } else {
        block["document"] = json!("{{jsonSerialize record}}");
        block["ignoreExtract"] = json!("id");
    }
    Draft::new(json!({
        "name": format!("Mongo - {}", ENTITIES[at].many),
        "_connectionId": world.connection("Mongo Events"),
        "ignoreExisting": !update,
        "mongodb": block,
        "mapping": parts::mapper1(&ENTITIES[at], at, false),
    }))
}

fn dynamodb(world: World<'_>, at: usize) -> Draft {
    Draft::new(json!({
        "name": format!("Dynamo - {}", ENTITIES[at].many),
        "_connectionId": world.connection("Dynamo Sessions"),
        "dynamodb": { "method": if at.is_multiple_of(2) { "putItem" } else { "updateItem" }, "tableName": format!("acme_{}", ENTITIES[at].one),
            "partitionKey": "{{record.id}}", "itemDocument": "{{jsonSerialize record}}",
            "expressionAttributeValues": "{\":t\": \"{{record.total}}\"}" },
        "mappings": parts::mapper2(&ENTITIES[at], at, 1),
    }))
}
