//! What imports refer to: connections, scripts, integrations, flows and the rest.

use serde_json::{Map, Value, json};

use super::World;
use super::words::{APPS, ENTITIES};
use crate::store::Kind;

/// Connections beside those of [`APPS`]: name and type.
const CONNECTIONS: [(&str, &str); 21] = [
    ("NetSuite Production", "netsuite"),
    ("NetSuite Returns", "netsuite"),
    ("Salesforce", "salesforce"),
    ("Warehouse SFTP", "ftp"),
    ("Partner FTP", "ftp"),
    ("Acme Shop (files)", "ftp"),
    ("Archive bucket", "s3"),
    ("Snowflake Warehouse", "rdbms"),
    ("MySQL Orders", "rdbms"),
    ("MSSQL On-prem", "rdbms"),
    ("Analytics warehouse", "jdbc"),
    ("Mongo Events", "mongodb"),
    ("Dynamo Sessions", "dynamodb"),
    ("AS2 Trading Partner", "as2"),
    ("VAN Mailbox", "van"),
    ("Local Folder Agent", "filesystem"),
    ("Ledger wrapper", "wrapper"),
    ("Docs MCP", "mcp"),
    ("Helpdesk (legacy)", "rest"),
    ("OpenAI", "http"),
    ("Google Drive", "http"),
];

/// Scripts: name and the body of their function.
const SCRIPTS: [(&str, &str); 8] = [
    ("Normalise addresses", "preMap(options) {\n  return options.data.map((data) => ({ data }))\n}"),
    ("Round prices", "postMap(options) {\n  return options.postMapData\n}"),
    ("Write back ids", "writeBack(options) {\n  return options.responseData\n}"),
    ("Skip test records", "filter(options) {\n  return !/@example\\.com$/.test(options.record.email)\n}"),
    ("Read responses", "transform(options) {\n  return options.record\n}"),
    ("Announce files", "afterFile(options) {\n  return options.postAggregateData\n}"),
    ("Settings form", "formInit(options) {\n  return options.resource.settingsForm.form\n}"),
    ("Überprüfung", "check(options) {\n  return options.data // größer als 0\n}"),
];

/// Resources that need only a name and a kind.
const PLAIN: [(Kind, &str); 14] = [
    (Kind::Stacks, "Partner stack"),
    (Kind::AsyncHelpers, "Amazon feed status"),
    (Kind::AsyncHelpers, "Walmart feed status"),
    (Kind::Tools, "Find customer"),
    (Kind::Tools, "Policy lookup"),
    (Kind::EdiProfiles, "Acme X12"),
    (Kind::EdiProfiles, "Acme EDIFACT"),
    (Kind::IClients, "Shopify app"),
    (Kind::TpConnectors, "Walmart"),
    (Kind::HttpConnectors, "Shopify"),
    (Kind::HttpConnectors, "Zendesk"),
    (Kind::Environments, "Production"),
    (Kind::Connectors, "Shopify - NetSuite"),
    (Kind::Templates, "Shopify orders to NetSuite"),
];

const INTEGRATIONS: [&str; 5] =
    ["Order to cash", "Procure to pay", "Returns", "Shopify - NetSuite", "Lagerbestände"];

const FLOWS: usize = 60;

/// Every list but imports and flows.
pub(super) fn lists(world: &World<'_>) -> Map<String, Value> {
    let world = *world;
    let mut lists = Map::new();
    let mut put = |kind: Kind, document: Value| {
        if let Value::Array(list) = lists.entry(kind.list()).or_insert_with(|| json!([])) {
            list.push(document);
        }
    };
    let apps = APPS.iter().map(|app| (app.1, "http"));
    for (at, (name, kind)) in apps.chain(CONNECTIONS).enumerate() {
        put(Kind::Connections, world.resource(Kind::Connections, at, name, connection(kind)));
    }
    for (at, (name, function)) in SCRIPTS.iter().enumerate() {
        let more = json!({ "description": format!("{name}, version {at}"), "content": format!("function {function}\n") });
        put(Kind::Scripts, world.resource(Kind::Scripts, at, name, more));
    }
    for (at, name) in INTEGRATIONS.iter().enumerate() {
        let mut more =
            json!({ "mode": "", "_registeredConnectionIds": [world.connection("NetSuite Production")] });
        if *name == "Shopify - NetSuite" {
            more["_connectorId"] = json!(world.id(Kind::Connectors, name));
        }
        put(Kind::Integrations, world.resource(Kind::Integrations, at, name, more));
    }
    for (at, name) in ["EDI X12 810", "EDI X12 856", "Fixed width stock"].iter().enumerate() {
        let format = if at == 2 { "fixed" } else { "delimited/edi" };
        let more = json!({ "version": "1", "format": format, "rules": [] });
        put(Kind::FileDefinitions, world.resource(Kind::FileDefinitions, at, name, more));
    }
    for (at, name) in ["Warehouse codes", "Currency rates"].iter().enumerate() {
        let data: Vec<Value> =
            (0..20).map(|row| json!({ "key": format!("K{row}"), "value": { "code": row * 7 } })).collect();
        let more = json!({ "size": data.len(), "includeDataInTemplatesAndCloning": at == 0, "data": data });
        put(Kind::LookupCaches, world.resource(Kind::LookupCaches, at, name, more));
    }
    for (at, entity) in ENTITIES.iter().enumerate() {
        let more = json!({ "adaptorType": "HTTPExport", "_connectionId": world.connection(APPS[at].1),
            "http": { "method": "GET", "relativeURI": format!("/{}", entity.many) } });
        put(Kind::Exports, world.resource(Kind::Exports, at, &format!("Get {}", entity.many), more));
    }
    for (at, (kind, name)) in PLAIN.iter().enumerate() {
        put(*kind, world.resource(*kind, at, name, json!({})));
    }
    lists
}

/// What a connection of a type looks like; its secrets as the service shows them.
fn connection(kind: &str) -> Value {
    let block = match kind {
        "http" | "rest" => json!({ "baseURI": "https://api.example.com", "mediaType": "json",
            "auth": { "type": "token", "token": { "token": "******", "location": "header" } } }),
        "netsuite" => {
            json!({ "account": "TSTDRV1234567", "authType": "token", "tokenId": "******", "tokenSecret": "******" })
        }
        "salesforce" => {
            json!({ "sandbox": false, "oauth2FlowType": "refreshToken", "refreshToken": "******" })
        }
        "ftp" => {
            json!({ "hostURI": "sftp.example.com", "type": "sftp", "username": "acme", "password": "******", "port": 22 })
        }
        "s3" => json!({ "accessKeyId": "******", "secretAccessKey": "******" }),
        "rdbms" => {
            json!({ "type": "mysql", "host": "db.example.com", "user": "celigo", "password": "******" })
        }
        _ => json!({ "host": "example.com", "password": "******" }),
    };
    json!({ "type": kind, "offline": false, kind: block })
}

/// Flows over the imports of the account, some of them through routers.
pub(super) fn flows(world: &World<'_>, imports: &[(&str, &str)]) -> Value {
    let flow = |at: usize| {
        let name = format!("Flow {}", at + 1);
        let export = world.id(Kind::Exports, &format!("Get {}", ENTITIES[at % ENTITIES.len()].many));
        let steps: Vec<Value> = (0..=at % 3)
            .filter_map(|step| imports.get((at * 3 + step) % imports.len().max(1)))
            .map(|import| {
                json!({ "type": "import", "_importId": import.0,
                    "responseMapping": { "fields": [{ "extract": "id", "generate": "newId" }], "lists": [] } })
            })
            .collect();
        let mut more = json!({
            "_integrationId": world.id(Kind::Integrations, INTEGRATIONS[at % INTEGRATIONS.len()]),
            "disabled": at % 4 == 3,
            "pageGenerators": [{ "_exportId": export }],
        });
        if at % 6 == 5 {
            more["routers"] =
                json!([{ "id": "r1", "branches": [{ "name": "all", "pageProcessors": steps }] }]);
        } else {
            more["pageProcessors"] = json!(steps);
        }
        world.resource(Kind::Flows, at, &name, more)
    };
    Value::Array((0..FLOWS).map(flow).collect())
}
