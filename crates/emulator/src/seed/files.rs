//! Imports that write files: FTP, S3, AS2, a folder, a VAN.

use serde_json::{Value, json};

use super::words::ENTITIES;
use super::{Draft, World, parts};
use crate::store::Kind;

/// Every file import of a source.
pub(super) fn drafts(world: &World<'_>) -> Vec<Draft> {
    let world = *world;
    let mut drafts: Vec<Draft> = (0..26).map(|at| ftp(world, at)).collect();
    drafts.extend((0..8).map(|at| s3(world, at)));
    drafts.extend((0..4).map(|at| as2(world, at)));
    drafts.extend((0..3).map(|at| folder(world, at)));
    drafts.extend((0..2).map(|at| van(world, at)));
    drafts
}

/// What is in the file, and how it is called.
fn file(world: World<'_>, at: usize, name: &str) -> Value {
    let extension = ["csv", "json", "xml", "edi", "csv"][at % 5];
    let name = match at % 3 {
        0 => format!("{name}-{{{{timestamp}}}}.{extension}"),
        1 => format!("{name}_{{{{dateFormat \"YYYYMMDD\" record.created_at}}}}.{extension}"),
        _ => format!("{name}-{{{{record.[Cost Centre]}}}}.{extension}"),
    };
    let mut file = json!({ "fileName": name, "skipAggregation": at % 6 == 5 });
    match extension {
        "csv" => {
            let delimiter = [",", ";", "|"][at % 3];
            file["type"] = json!("csv");
            file["csv"] = json!({ "rowDelimiter": "\n", "columnDelimiter": delimiter, "includeHeader": true,
                "customHeaderRows": [format!("Export {at}")] });
        }
        "json" => {
            file["type"] = json!("json");
            file["json"] = json!({ "body": "{{#each batch_of_records}}{{jsonSerialize record}}\n{{/each}}" });
        }
        "xml" => {
            file["type"] = json!("xml");
            file["xml"] = json!({ "body": "<?xml version=\"1.0\"?>\n<rows>{{#each batch_of_records}}<row id=\"{{record.id}}\">{{record.title}}</row>{{/each}}</rows>" });
        }
        _ => {
            file["type"] = json!("filedefinition");
            file["fileDefinition"] = json!({ "_fileDefinitionId": world.id(Kind::FileDefinitions, ["EDI X12 810", "EDI X12 856"][at % 2]) });
        }
    }
    if at % 9 == 8 {
        file["encrypt"] = json!("pgp");
        file["pgp"] = json!({ "symmetricKeyAlgorithm": "aes-256", "passphrase": "******" });
    }
    file
}

fn mapped(draft: Draft, at: usize) -> Draft {
    let entity = &ENTITIES[at % ENTITIES.len()];
    match at % 3 {
        0 => draft.with("mapping", parts::mapper1(entity, at, false)).old(at.is_multiple_of(2)),
        1 => draft.with("mappings", parts::rows(entity, at)),
        _ => draft.with("mappings", parts::mapper2(entity, at, at % 5)),
    }
}

fn ftp(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at % ENTITIES.len()];
    let path = entity.many.replace(' ', "-");
    let mut ftp = json!({
        "directoryPath": if at % 4 == 2 { format!("/out/{{{{settings.flow.partner}}}}/{path}") } else { format!("/out/{path}") },
        "fileName": format!("{path}-{{{{timestamp}}}}"),
    });
    if at % 5 == 1 {
        ftp["inProgressFileName"] = json!("{{fileName}}.tmp");
        ftp["backupDirectoryPath"] = json!("/backup/{{dateFormat \"YYYY\" timestamp}}");
    }
    let connection = ["Warehouse SFTP", "Partner FTP", "Acme Shop"][at % 3];
    let connection = if connection == "Acme Shop" { "Acme Shop (files)" } else { connection };
    let mut draft = Draft::new(json!({
        "name": format!("FTP - {} to {} {}", entity.many, ["warehouse", "partner", "shop"][at % 3], at / 10 + 1),
        "_connectionId": world.connection(connection),
        "oneToMany": false,
        "file": file(world, at, &path),
        "ftp": ftp,
    }));
    if at % 6 == 4 {
        draft = draft.with(
            "hooks",
            json!({ "postAggregate": { "function": "afterFile",
            "_scriptId": world.script("Announce files") } }),
        );
    }
    if at % 7 == 3 {
        draft = draft.with("sampleData", json!("id,name\n1,first\n2,\"second, with comma\"\n"));
    }
    mapped(draft, at)
}

fn s3(world: World<'_>, at: usize) -> Draft {
    let entity = &ENTITIES[at];
    let mut s3 =
        json!({ "bucket": "acme-archive", "fileKey": format!("{}/{{{{record.id}}}}.json", entity.many) });
    if at.is_multiple_of(2) {
        s3["region"] = json!(["eu-west-1", "ap-south-1", "EU-CENTRAL-1", "us-east-2"][at / 2]);
    }
    if at % 3 == 1 {
        s3["backupBucket"] = json!("acme-archive-copy");
    }
    let draft = Draft::new(json!({
        "name": format!("S3 - Archive {}", entity.many),
        "_connectionId": world.connection("Archive bucket"),
        "file": file(world, at + 1, entity.one),
        "s3": s3,
    }));
    mapped(draft, at + 1)
}

fn as2(world: World<'_>, at: usize) -> Draft {
    Draft::new(json!({
        "name": format!("AS2 - {}", ["810 invoices", "856 shipments", "846 inventory", "855 acknowledgements"][at]),
        "_connectionId": world.connection("AS2 Trading Partner"),
        "_ediProfileId": world.id(Kind::EdiProfiles, "Acme X12"),
        "file": file(world, 3, "as2"),
        "as2": { "fileNameTemplate": "{{record.asn}}-{{timestamp}}.edi", "messageIdTemplate": "<{{guid}}@example.com>",
            "headers": [{ "name": "X-Partner", "value": "{{connection.name}}" }] },
        "mappings": parts::mapper2(&ENTITIES[3 + at], at, 3),
    }))
}

fn folder(world: World<'_>, at: usize) -> Draft {
    Draft::new(json!({
        "name": format!("Folder - {}", ENTITIES[at].many),
        "_connectionId": world.connection("Local Folder Agent"),
        "file": file(world, 0, ENTITIES[at].one),
        "filesystem": { "directoryPath": "\\\\NAS\\Shared\\Drop\\{{record.site}}" },
        "mappings": parts::rows(&ENTITIES[at], at),
    }))
}

fn van(world: World<'_>, at: usize) -> Draft {
    Draft::new(json!({
        "name": format!("VAN - {}", ["810", "850"][at]),
        "_connectionId": world.connection("VAN Mailbox"),
        "_ediProfileId": world.id(Kind::EdiProfiles, "Acme X12"),
        "file": file(world, 3, "van"),
        "mappings": parts::mapper2(&ENTITIES[3], at, 1),
        "adaptorType": "VANImport",
    }))
}
