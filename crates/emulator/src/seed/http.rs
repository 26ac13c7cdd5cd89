//! HTTP and legacy REST imports.

use serde_json::{Value, json};

use super::words::{APPS, ENTITIES, Entity};
use super::{Draft, World, parts};
use crate::store::Kind;

const RECORDS: usize = 80;

const VERBS: [(&str, &str); 4] =
    [("Create", "POST"), ("Update", "PUT"), ("Upsert", "PATCH"), ("Add", "POST")];

/// Every HTTP and REST import of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let world = *world;
    let mut drafts: Vec<Draft> = (0..RECORDS).map(|at| records(world, at)).collect();
    drafts.extend((0..6).map(|at| composite(world, at)));
    drafts.extend((0..4).map(|at| graphql(world, at)));
    drafts.extend((0..3).map(|at| upload(world, at)));
    drafts.extend((0..8).map(|at| rest(world, at)));
    drafts.push(feed(world));
    drafts.push(settings_form(world));
    drafts.push(huge(world));
    drafts.extend(foreign_names(world));
    drafts
}

fn records(world: World<'_>, at: usize) -> Draft {
    let (app, connection, base) = APPS[at % APPS.len()];
    let entity = &ENTITIES[(at / APPS.len() + at) % ENTITIES.len()];
    let (verb, method) = VERBS[at / 37 % VERBS.len()];
    let path = entity.many.replace(' ', "_");
    let key = entity.fields[0].0;
    let uri = match (method, at % 3) {
        ("POST", 0) => format!("{base}{path}.json"),
        ("POST", _) => format!("{base}{path}"),
        (_, 0) => format!("{base}{path}/{{{{{{record.{key}}}}}}}"),
        (_, 1) => format!("{base}{path}/{{{{encodeURI record.[{key}]}}}}?force=true"),
        _ => format!("{base}{path}/{{{{lookup.find_customer}}}}"),
    };
    let mut draft = Draft::new(json!({
        "name": format!("{app} - {verb} {} {}", entity.many, at / 40 + 1),
        "_connectionId": world.connection(connection),
        "ignoreExisting": at % 7 == 3,
        "ignoreMissing": false,
        "oneToMany": at % 9 == 4,
        "http": {
            "formType": "http",
            "method": [method],
            "relativeURI": [uri],
            "body": if at % 4 == 1 { json!([body(entity)]) } else { json!([]) },
            "batchSize": 1 + at % 3 * 10,
            "headers": [{ "name": "X-Request-Source", "value": format!("{{{{settings.flow.source}}}}-{at}") }],
            "response": { "resourceIdPath": ["id"], "resourcePath": [path] },
        },
    }))
    .old(at % 4 == 3);
    if at % 9 == 4 {
        draft = draft.with("pathToMany", json!("lines"));
    }
    draft = match at % 5 {
        0 => draft.with("mapping", parts::mapper1(entity, at, at.is_multiple_of(2))),
        1 => draft,
        2 => draft
            .with("mapping", parts::mapper1(entity, at, false))
            .with("mappings", parts::mapper2(entity, at, 0)),
        _ => draft.with("mappings", parts::mapper2(entity, at, at % 6)),
    };
    if method != "POST" || at.is_multiple_of(3) {
        let lookups = parts::http_lookups(world, at + 1);
        if let Some(Value::Object(http)) = draft.body.get_mut("http") {
            http.insert("lookups".into(), lookups.clone());
        }
        if at.is_multiple_of(2) {
            draft = draft.with("lookups", lookups);
        }
    }
    decorate(draft, world, at, entity)
}

fn decorate(mut draft: Draft, world: World<'_>, at: usize, entity: &Entity) -> Draft {
    if at.is_multiple_of(4) {
        draft = draft.with("hooks", parts::hooks(world, at / 4));
    }
    if at % 3 == 1 {
        draft = draft.with("filter", parts::filter(world, at, entity.fields[0].0));
    }
    if at % 6 == 2 {
        draft = draft.with("responseTransform", parts::response_transform(world, at / 6));
    }
    if at % 8 == 5 {
        draft = draft.with("_integrationId", json!(world.id(Kind::Integrations, "Order to cash")));
    }
    if at % 10 == 6 {
        draft = draft
            .with(
                "description",
                json!(format!("Moves {} once an hour.\nOwner: ops@example.com", entity.many)),
            )
            .with("traceKeyTemplate", json!(format!("{{{{record.{}}}}}", entity.fields[0].0)));
    }
    if at % 12 == 7 {
        draft = draft.with(
            "mockResponse",
            json!([{ "id": format!("{at}"), "statusCode": 200, "errors": [],
            "_json": { "ok": true }, "_headers": { "content-type": "application/json" } }]),
        );
    }
    if at % 30 == 11 {
        draft = draft.own("_sourceId", json!(world.id(Kind::Imports, "gone")));
    }
    if at % 40 == 17 {
        // A masked secret: what the API shows of a header that was stored encrypted.
        if let Some(Value::Array(headers)) =
            draft.body.get_mut("http").and_then(|http| http.get_mut("headers"))
        {
            headers.push(json!({ "name": "X-Api-Key", "value": "******" }));
        }
    }
    draft
}

fn body(entity: &Entity) -> String {
    let fields: Vec<String> = entity
        .fields
        .iter()
        .map(|(_, target)| format!("\"{target}\": {{{{jsonSerialize record.{target}}}}}"))
        .collect();
    format!("{{ \"{}\": {{ {} }} }}", entity.one.replace(' ', "_"), fields.join(", "))
}

fn composite(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at];
    Draft::new(json!({
        "name": format!("Zendesk - Create or update {}", entity.many),
        "_connectionId": world.connection("Zendesk Support"),
        "ignoreExisting": false, "ignoreMissing": false, "oneToMany": if at == 2 { json!("false") } else { json!(false) },
        "assistant": "zendesk",
        "assistantMetadata": { "resource": format!("{}_api", entity.many), "version": "v2",
            "operation": ["update", "create"], "lookups": { "find_customer": { "operation": "search" } } },
        "http": { "formType": "assistant",
            "method": ["PUT", "POST"],
            "relativeURI": [format!("/{}/{{{{lookup.find_customer}}}}.json", entity.many), format!("/{}.json", entity.many)],
            "requestType": ["UPDATE", "CREATE"], "existingExtract": entity.fields[0].0,
            "body": [body(entity), body(entity)],
            "response": { "resourceIdPath": ["id", "id"], "successPath": ["ok", "ok"] },
            "lookups": parts::http_lookups(world, 1) },
        "mappings": parts::mapper2(entity, at, at % 3),
    }))
}

fn graphql(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at + 1];
    let query = format!(
        "mutation ($input: Input!) {{ {}Update(input: $input) {{ userErrors {{ field message }} }} }}",
        entity.one.replace(' ', "")
    );
    Draft::new(json!({
        "name": format!("Shopify GraphQL - {}", entity.many),
        "_connectionId": world.connection("Shopify Store"),
        "http": { "formType": "graph_ql", "method": ["POST"], "relativeURI": ["/"],
            "body": [json!({ "query": query, "variables": "{\"input\": {{jsonSerialize record}}}" }).to_string()],
            "response": { "successPath": [], "errorPath": ["errors"] } },
        "mappings": parts::mapper2(entity, at, 2),
        "filter": parts::filter(world, at, "gid"),
    }))
}

fn upload(world: World<'_>, at: usize) -> Draft {
    let folder = ["Invoices", "Labels", "Größentabellen"][at % 3];
    Draft::new(json!({
        "name": format!("Google Drive - {folder} {{daily}}"),
        "_connectionId": world.connection("Google Drive"),
        "blob": true, "blobKeyPath": "file.blobKey",
        "http": { "type": "file", "formType": "assistant", "method": ["POST"], "relativeURI": [folder] },
        "file": { "fileName": format!("{folder}-{{{{dateFormat \"YYYY-MM-DD\" timestamp}}}}.pdf"), "skipAggregation": true },
    }))
}

fn rest(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at];
    let uri = format!("/api/v1/{}.json", entity.many.replace(' ', "-"));
    let rest = json!({ "method": ["POST"], "relativeURI": [uri], "body": [null], "responseIdPath": ["id"],
        "successPath": [""], "lookups": [] });
    let mut draft = Draft::new(json!({
        "name": format!("Legacy REST - {}", entity.many),
        "_connectionId": world.connection("Helpdesk (legacy)"),
        "mapping": parts::mapper1(entity, at, at % 2 == 1),
        "rest": rest,
        "adaptorType": "RESTImport",
    }))
    .old(at.is_multiple_of(2));
    if !at.is_multiple_of(3) {
        draft = draft.with(
            "http",
            json!({ "formType": "rest", "method": ["POST"], "relativeURI": [uri], "body": [] }),
        );
    }
    draft
}

fn feed(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "Amazon EU - Price feed",
        "_connectionId": world.connection("Amazon Seller EU"),
        "http": { "formType": "http", "method": ["POST"], "relativeURI": ["/feeds/2021-06-30/documents"],
            "_asyncHelperId": world.id(Kind::AsyncHelpers, "Amazon feed status") },
        "file": { "fileName": "prices.txt", "type": "csv", "csv": { "columnDelimiter": "\t", "includeHeader": true } },
        "unencrypted": { "apiType": "Amazon-SP-API", "feedType": "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA" },
        "mapping": parts::mapper1(&ENTITIES[2], 0, false),
    }))
}

fn settings_form(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "HubSpot - Whitelisted contacts",
        "_connectionId": world.connection("HubSpot CRM"),
        "http": { "formType": "assistant", "method": ["POST"], "relativeURI": ["/crm/v3/objects/contacts?list={{settings.import.list}}"] },
        "settings": { "list": "vip", "flowId": world.id(Kind::Flows, "Flow 1") },
        "settingsForm": { "form": { "fieldMap": { "list": { "id": "list", "type": "text", "label": "List" } } },
            "init": { "_scriptId": world.script("Settings form"), "function": "formInit" } },
        "mappings": parts::mapper2(&ENTITIES[1], 4, 5),
    }))
}

fn huge(world: World<'_>) -> Draft {
    Draft::new(json!({
        "name": "3PL - Everything about an order",
        "_connectionId": world.connection("3PL Central"),
        "http": { "formType": "http", "method": ["PATCH", "POST"], "relativeURI": ["/orders/{{record.id}}", "/orders"] },
        "mappings": parts::many(240, true),
    }))
}

/// Names that are not plain ASCII, and some that are equal.
fn foreign_names(world: World<'_>) -> Vec<Draft> {
    let names = [
        "注文を作成する",
        "Créer un client – B2B",
        "Größe & Gewicht übertragen",
        "Заказы → склад",
        "سفارش‌ها",
        "Ordini \u{1f4e6} express",
        "A+B = \"quoted\" / slashed\\",
        "=SUM(A1:A9)",
        "Weekly sync",
        "Weekly sync",
        "Weekly sync",
        "Push stock",
        "Push stock",
    ];
    let draft = |(at, name): (usize, &str)| {
        let entity = &ENTITIES[at % 4];
        // Twins: two of one name alike in everything, the third not.
        let like = if at == 9 { 8 } else { at };
        Draft::new(json!({
            "name": name,
            "_connectionId": world.connection(APPS[like % APPS.len()].1),
            "http": { "formType": "http", "method": ["POST"], "relativeURI": [format!("/{}/{like}", ENTITIES[like % 4].many)] },
            "mapping": parts::mapper1(if at == 9 { &ENTITIES[0] } else { entity }, like, false),
        }))
    };
    names.into_iter().enumerate().map(draft).collect()
}
