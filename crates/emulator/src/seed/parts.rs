//! The parts imports are put together from: mappings in every spelling, lookups, hooks, filters.

use serde_json::{Value, json};

use super::World;
use super::words::Entity;
use crate::store::Kind;

/// A source path in one of the spellings of Mapper 1.0.
fn extract(path: &str, spelling: usize) -> String {
    if path.contains([' ', '(']) {
        return if spelling.is_multiple_of(2) { format!("['{path}']") } else { format!("[{path}]") };
    }
    match spelling % 9 {
        3 => format!("{{{{record.{path}}}}}"),
        5 => format!("{{{{trim {path}}}}}"),
        7 => format!("{{{{#if {path}}}}}{{{{{path}}}}}{{{{else}}}}-{{{{/if}}}}"),
        _ => path.to_owned(),
    }
}

/// A Mapper 1.0 mapping of an entity, with its sublist if `lists`.
pub(super) fn mapper1(entity: &Entity, at: usize, lists: bool) -> Value {
    let mut fields: Vec<Value> = entity
        .fields
        .iter()
        .enumerate()
        .map(|(number, (source, target))| {
            let mut field = json!({ "extract": extract(source, at + number), "generate": target });
            match (at + number) % 11 {
                1 => field["dataType"] = json!("number"),
                4 => field["default"] = json!("n/a"),
                6 => field["conditional"] = json!({ "when": "extract_not_empty" }),
                8 => field["default"] = Value::Null,
                _ => {}
            }
            if source.ends_with("_at") || source.ends_with("_on") || source.ends_with("_date") {
                field["dataType"] = json!("string");
                field["extractDateFormat"] = json!("YYYY-MM-DDTHH:mm:ssZ");
                field["generateDateFormat"] = json!("MM/DD/YYYY");
                field["extractDateTimezone"] = json!("Europe/Berlin");
            }
            field
        })
        .collect();
    fields.push(json!({ "generate": "source_system", "hardCodedValue": format!("demo-{}", at % 5) }));
    let lines: Vec<Value> = entity
        .lines
        .iter()
        .enumerate()
        .map(|(number, (source, target))| {
            let path =
                if (at + number) % 8 == 2 { format!("*.{source}") } else { format!("lines[*].{source}") };
            json!({ "extract": path, "generate": target, "isKey": number == 0 })
        })
        .collect();
    let lists = if lists { json!([{ "generate": "item", "fields": lines }]) } else { json!([]) };
    json!({ "fields": fields, "lists": lists })
}

/// A Mapper 2.0 entry for one value.
fn entry(source: &str, target: &str, at: usize) -> Value {
    let path = match (source.contains([' ', '(']), at % 3) {
        (true, 0) => format!("$[\"{source}\"]"),
        _ => format!("$.{source}"),
    };
    let status = if at % 6 == 5 { "Draft" } else { "Active" };
    let data_type = ["string", "string", "number", "string", "boolean"][at % 5];
    let extract = if at % 10 == 9 { format!("{{{{record.{source}}}}}") } else { path };
    json!({ "generate": target.replace('.', "_"), "dataType": data_type, "extract": extract,
        "sourceDataType": "string", "status": status })
}

/// Mapper 2.0 entries of an entity, its lines nested `depth` objects deep.
pub(super) fn mapper2(entity: &Entity, at: usize, depth: usize) -> Value {
    let mut entries: Vec<Value> = entity
        .fields
        .iter()
        .enumerate()
        .map(|(number, (source, target))| entry(source, target, at + number))
        .collect();
    entries.push(
        json!({ "generate": "channel", "dataType": "string", "extract": "online store", "status": "Active" }),
    );
    let lines: Vec<Value> = entity
        .lines
        .iter()
        .enumerate()
        .map(|(number, (source, target))| {
            json!({ "generate": target, "dataType": "string", "extract": format!("$.lines.{source}"),
                "sourceDataType": "string", "status": if number % 4 == 3 { "Draft" } else { "Active" } })
        })
        .collect();
    let mut inner = json!([{ "generate": "items", "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$.lines[*]", "sourceDataType": "objectarray", "mappings": lines }] }]);
    for level in 0..depth {
        inner = json!([{ "generate": format!("level{level}"), "dataType": "object", "status": "Active",
            "mappings": inner }]);
    }
    if let Value::Array(inner) = inner {
        entries.extend(inner);
    }
    Value::Array(entries)
}

/// Mapper 2.0 entries of a flat file: one array around all columns.
pub(super) fn rows(entity: &Entity, at: usize) -> Value {
    let columns: Vec<Value> = entity
        .fields
        .iter()
        .enumerate()
        .map(|(number, (source, target))| entry(source, target, at + number))
        .collect();
    json!([{ "generate": "", "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "sourceDataType": "object", "mappings": columns }] }])
}

/// `count` plain fields in either mapper.
pub(super) fn many(count: usize, second: bool) -> Value {
    let field = |number: usize| {
        let (source, target) =
            (format!("section_{}.column_{number}", number / 20), format!("custbody_col_{number}"));
        if second {
            entry(&source, &target, number)
        } else {
            json!({ "extract": extract(&source, number), "generate": target, "internalId": number.is_multiple_of(17) })
        }
    };
    let fields: Vec<Value> = (0..count).map(field).collect();
    if second { Value::Array(fields) } else { json!({ "fields": fields, "lists": [] }) }
}

/// A static, a dynamic and a cached lookup for an HTTP import, as many as `at` says.
pub(super) fn http_lookups(world: World<'_>, at: usize) -> Value {
    let all = [
        json!({ "name": "status_map", "map": { "paid": "A", "open": "B", "über": "C" }, "default": "B",
            "allowFailures": false }),
        json!({ "name": "find_customer", "method": "GET", "extract": "customers[0].id", "allowFailures": true,
            "relativeURI": "/customers/search.json?query=email:{{encodeURI record.email}}", "default": null }),
        json!({ "name": "warehouse_codes", "extract": "$.code", "allowFailures": false,
            "_lookupCacheId": world.id(Kind::LookupCaches, "Warehouse codes") }),
    ];
    Value::Array(all.into_iter().take(1 + at % 3).collect())
}

/// Hooks of scripts, some with a stack instead.
pub(super) fn hooks(world: World<'_>, at: usize) -> Value {
    match at % 4 {
        0 => json!({ "preMap": { "function": "preMap", "_scriptId": world.script("Normalise addresses") } }),
        1 => json!({ "postMap": { "function": "postMap", "_scriptId": world.script("Round prices"),
            "configuration": { "digits": 2, "mode": "half-up" } } }),
        2 => json!({ "postSubmit": { "function": "writeBack", "_scriptId": world.script("Write back ids") },
            "preMap": { "function": "preMap", "_scriptId": world.script("Normalise addresses") } }),
        _ => {
            json!({ "postMap": { "function": "onPostMap", "_stackId": world.id(Kind::Stacks, "Partner stack") } })
        }
    }
}

/// An input filter: a rule, twice as the service keeps it, or a script.
pub(super) fn filter(world: World<'_>, at: usize, field: &str) -> Value {
    if at % 5 == 4 {
        return json!({ "type": "script",
            "script": { "_scriptId": world.script("Skip test records"), "function": "filter" } });
    }
    let rules = json!([
        "and",
        ["notempty", ["string", ["extract", field]]],
        ["notequals", ["string", ["extract", "status"]], "cancelled"]
    ]);
    json!({ "type": "expression", "expression": { "version": "1", "rules": rules }, "rules": rules, "version": "1" })
}

/// A transformation of the response: by rules of either version, or a script.
pub(super) fn response_transform(world: World<'_>, at: usize) -> Value {
    match at % 3 {
        0 => json!({ "type": "expression", "version": "1",
            "expression": { "version": "1", "rules": [[{ "extract": "data.id", "generate": "id" }]] },
            "rules": [[{ "extract": "data.id", "generate": "id" }]] }),
        1 => json!({ "type": "expression", "version": "2",
            "expression": { "version": "2", "rulesTwoDotZero": { "mode": "create", "lookups": [], "mappings": [
                { "generate": "id", "dataType": "string", "extract": "$.data.id", "sourceDataType": "string",
                  "status": "Active" }] } } }),
        _ => json!({ "type": "script",
            "script": { "_scriptId": world.script("Read responses"), "function": "transform" } }),
    }
}
