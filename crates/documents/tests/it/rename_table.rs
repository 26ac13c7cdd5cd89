//! Renaming a field: where its name is followed and where it is not, one row each.
//!
//! A row is a place, a rename, the text before and the text after. Equal texts: the row is about what must not change.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// `source a.b -> c.d; target x -> y`
fn renames(text: &str) -> Vec<FieldRename> {
    text.split("; ")
        .map(|one| {
            let (side, rest) = one.split_once(' ').unwrap();
            let (from, to) = rest.split_once(" -> ").unwrap();
            let side = [Side::Source, Side::Target, Side::Response]
                .into_iter()
                .find(|s| s.as_str() == side)
                .unwrap();
            FieldRename { side, from: from.to_owned(), to: to.to_owned() }
        })
        .collect()
}

/// A document with `value` at a path such as `http.headers[0].value`.
fn planted(path: &str, value: Value) -> Value {
    let mut out = value;
    for step in path.split('.').rev() {
        let (key, list) = step.strip_suffix("[0]").map_or((step, false), |key| (key, true));
        if list {
            out = json!([out]);
        }
        out = json!({ key: out });
    }
    out
}

fn same_bytes(one: &Value, other: &Value) -> bool {
    let (one, other) = (one.to_string(), other.to_string());
    one == other
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace("[0]", ".0").replace('.', "/"))
}

/// The document of a row: `mapped PLACE` maps a field first, `many(PATH) PLACE` takes the children one by one,
/// `sub(PATH) PLACE` gives the subrecord its JSON path.
fn document(place: &str, text: &str) -> (Value, String) {
    let (prefix, path) = place.rsplit_once(' ').unwrap_or(("", place));
    let mut document = planted(path, json!(text));
    if prefix == "mapped" {
        document["mapping"] = json!({ "fields": [{ "extract": "never", "generate": "never" }], "lists": [] });
    } else if let Some(many) = prefix.strip_prefix("many(").and_then(|p| p.strip_suffix(')')) {
        document["oneToMany"] = json!(true);
        document["pathToMany"] = json!(many);
    } else if let Some(sub) = prefix.strip_prefix("sub(").and_then(|p| p.strip_suffix(')')) {
        let field = path.split(".subRecordMapping").next().unwrap();
        document.pointer_mut(&pointer(field)).unwrap()["subRecordMapping"]["jsonPath"] = json!(sub);
    }
    (document, pointer(path))
}

const EXTRACT: &str = "mapping.fields[0].extract";
const LIST_EXTRACT: &str = "netsuite_da.mapping.lists[0].fields[0].extract";
const EXTRACT2: &str = "mappings[0].extract";
const HELPER2: &str = "mappings[0].buildArrayHelper[0].extract";
const IN_HELPER2: &str = "mappings[0].buildArrayHelper[0].mappings[0].extract";
const URI: &str = "http.relativeURI[0]";
const BODY: &str = "http.body[0]";
const MAPPED_BODY: &str = "mapped http.body[0]";
const JSON_PATH: &str = "netsuite_da.mapping.lists[0].fields[0].subRecordMapping.jsonPath";
const SUB_ID: &str = "netsuite_da.mapping.lists[0].fields[0].subRecordMapping._id";
const SUB: &str = "sub(order.lines[*].lots) netsuite_da.mapping.lists[0].fields[0].subRecordMapping.mapping.fields[0].extract";
const SUB_ROOT: &str =
    "sub($) netsuite_da.mapping.lists[0].fields[0].subRecordMapping.mapping.fields[0].extract";
const SUB_LOOKUP: &str =
    "sub(order.lines[*].lots) netsuite_da.mapping.lists[0].fields[0].subRecordMapping.lookups[0].expression";

#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str)] = &[
    // Mapper 1.0 extracts, every spelling
    (EXTRACT, "source id -> code", "id", "code"),
    (EXTRACT, "source id -> code", "order.id", "order.id"),
    (EXTRACT, "source id -> code", "grid_id", "grid_id"),
    (EXTRACT, "source customer -> client", "customer.email", "client.email"),
    (EXTRACT, "source customer -> client", "customer[*].x", "client[*].x"),
    (EXTRACT, "source customer -> client", "order.customer", "order.customer"),
    (EXTRACT, "source customer.email -> customer.mail", "customer.email", "customer.mail"),
    (EXTRACT, "source customer.email -> customer.mail", "customer", "customer"),
    (EXTRACT, "source lines.sku -> lines.item", "lines[*].sku", "lines[*].item"),
    (EXTRACT, "source lines[*].sku -> lines[*].item", "lines[0].sku", "lines[0].item"),
    (EXTRACT, "source lines.sku -> lines.item", "lines.0.sku", "lines.0.item"),
    (EXTRACT, "source lines.0.sku -> lines.0.item", "lines[*].sku", "lines[*].sku"),
    (EXTRACT, "source id -> code", "*.id", "*.code"),
    (EXTRACT, "source Email -> Mail", "['Email']", "['Mail']"),
    (EXTRACT, "source E Mail -> Mail", "['E Mail']", "['Mail']"),
    (EXTRACT, "source Billing City -> Town", "[Billing City]", "[Town]"),
    (EXTRACT, "source Billing City -> Bill Town", "Billing City", "Bill Town"),
    (EXTRACT, "source id -> a[\"b.c\"]", "id", "a['b.c']"),
    (EXTRACT, "source id -> [\"b.c\"]", "id", "['b.c']"),
    (EXTRACT, "source [\"b.c\"] -> id", "['b.c'].x", "id.x"),
    (EXTRACT, "source email -> contact.email", "email", "contact.email"),
    (EXTRACT, "source contact.email -> email", "contact.email", "email"),
    (EXTRACT, "source contact.email -> email", "contact[*].email", "contact[*].email"),
    (EXTRACT, "source id -> code", "_PARENT.id", "_PARENT.code"),
    (EXTRACT, "source first -> given", "{first} {last}", "{given} {last}"),
    (EXTRACT, "source first -> given", "first {last}", "first {last}"),
    (EXTRACT, "source name -> title", "{{name}}{{timestamp}}", "{{title}}{{timestamp}}"),
    (EXTRACT, "source email -> mail", "{{lowercase *.email}}", "{{lowercase *.mail}}"),
    (EXTRACT, "source Shipping City -> Town", "{{[Shipping City]}}{{[Billing City]}}", "{{Town}}{{[Billing City]}}"),
    (EXTRACT, "source Größe -> Maß", "Größe", "Maß"),
    (EXTRACT, "source id -> code", "[*].id", "[*].code"),
    (EXTRACT, "source id -> code", "ID", "ID"),
    (EXTRACT, "source id -> ID", "id", "ID"),
    (EXTRACT, "source a -> z", "a[*].b[*].c", "z[*].b[*].c"),
    (EXTRACT, "source x:a -> x:b", "x:a.y", "x:b.y"),
    (EXTRACT, "source a.b -> c", "['a.b']", "['a.b']"),
    (EXTRACT, "target id -> code", "id", "id"),
    ("mapping.lists[0].fields[0].extract", "source id -> code", "items[*].id", "items[*].id"),
    (LIST_EXTRACT, "source order.line_items -> order.lines", "order.line_items[*].sku", "order.lines[*].sku"),
    (LIST_EXTRACT, "source order -> sale", "order.line_items[*].sku", "sale.line_items[*].sku"),
    ("mapping.fields[0].hardCodedValue", "source id -> code; target id -> code", "id", "id"),
    ("mapping.fields[0].lookupName", "source id -> code; target id -> code", "id", "id"),
    ("mapping.fields[0].default", "source id -> code; target id -> code", "id", "id"),
    ("mapping.fields[0].conditional.lookupName", "source id -> code; target id -> code", "id", "id"),
    // subrecords: extracts are of the part the JSON path names
    (SUB, "source order.lines.lots.lot -> order.lines.lots.batch", "lot", "batch"),
    (SUB, "source lot -> batch", "lot", "lot"),
    (SUB_LOOKUP, "source order.lines.lots.lot -> order.lines.lots.batch", r#"["number","is","{{{lot}}}"]"#, r#"["number","is","{{{batch}}}"]"#),
    (SUB_ROOT, "source Serial number -> Serial", "Serial number", "Serial"),
    (JSON_PATH, "source order -> sale", "order.line_items[*].lots", "sale.line_items[*].lots"),
    (JSON_PATH, "source order -> sale", "$", "$"),
    (SUB_ID, "target inventory -> stock", "inventory[*].celigo_inventorydetail", "stock[*].celigo_inventorydetail"),
    (SUB_ID, "source inventory -> stock", "inventory[*].celigo_inventorydetail", "inventory[*].celigo_inventorydetail"),
    // Mapper 2.0 extracts
    (EXTRACT2, "source id -> code", "$.id", "$.code"),
    (EXTRACT2, "source id -> code", "$.order.id", "$.order.id"),
    (EXTRACT2, "source id -> code", "id", "id"),
    (EXTRACT2, "source Link 1.href -> Link 1.url", "$.Link 1.href", "$.Link 1.url"),
    (EXTRACT2, "source Link 1 -> First Link", "$.Link 1.Sub Link 1.href", "$.First Link.Sub Link 1.href"),
    (EXTRACT2, "source [\"Größe (mm)\"] -> Maß", "$[\"Größe (mm)\"]", "$.Maß"),
    (EXTRACT2, "source size -> [\"b (mm)\"]", "$.size", "$[\"b (mm)\"]"),
    (EXTRACT2, "source size -> height", "$['size'].x", "$['height'].x"),
    (EXTRACT2, "source orders.items -> orders.lines", "$.orders[*].items[0].sku", "$.orders[*].lines[0].sku"),
    (EXTRACT2, "source orders -> sales", "$.orders[?(@.open)].id", "$.sales[?(@.open)].id"),
    (EXTRACT2, "source id -> code", "$..id", "$..id"),
    (EXTRACT2, "source id -> code", "$[*].id", "$[*].code"),
    (EXTRACT2, "source id -> code", "$._PARENT.id", "$._PARENT.code"),
    (EXTRACT2, "source id -> code", "$.record.id", "$.record.code"),
    (EXTRACT2, "source id -> code", "$.settings.id", "$.settings.id"),
    (EXTRACT2, "source id -> code", "{{record.id}} {{settings.id}}", "{{record.code}} {{settings.id}}"),
    (HELPER2, "source orders -> sales", "$.orders[*].items[*]", "$.sales[*].items[*]"),
    (HELPER2, "source rows -> lines", "$", "$"),
    (IN_HELPER2, "source orders.items.sku -> orders.items.code", "$.orders.items.sku", "$.orders.items.code"),
    (IN_HELPER2, "source sku -> code", "$.orders.items.sku", "$.orders.items.sku"),
    ("mappings[0].hardCodedValue", "source id -> code", "$.id", "$.id"),
    ("mappings[0].description", "source id -> code", "{{id}}", "{{id}}"),
    // templates: roots
    (URI, "source id -> code", "/a/{{id}}", "/a/{{code}}"),
    (URI, "source id -> code", "/id/{{{record.id}}}", "/id/{{{record.code}}}"),
    (URI, "source id -> code", "{{data.id}}{{data.0.id}}{{data.[0].id}}", "{{data.code}}{{data.0.code}}{{data.[0].code}}"),
    (URI, "source id -> code", "{{$.id}} {{rows.[0].id}}", "{{$.code}} {{rows.[0].code}}"),
    (URI, "source id -> code", "{{batch_of_records.[0].record.id}}", "{{batch_of_records.[0].record.code}}"),
    (URI, "source id -> code", "{{batch_of_records.[0].rows.[0].id}}", "{{batch_of_records.[0].rows.[0].code}}"),
    (URI, "source id -> code", "{{record._PARENT.id}}", "{{record._PARENT.code}}"),
    (URI, "source id -> code", "{{@root.record.id}}", "{{@root.record.code}}"),
    (URI, "source id -> code", "{{settings.flow.id}}{{connection.id}}{{import.id}}{{lookup.id}}{{settings.id}}", "{{settings.flow.id}}{{connection.id}}{{import.id}}{{lookup.id}}{{settings.id}}"),
    (URI, "source id -> code", "{{record.order.id}}{{order.id}}{{grid_id}}", "{{record.order.id}}{{order.id}}{{grid_id}}"),
    (URI, "source data -> payload", "{{data.0.id}}", "{{data.0.id}}"),
    (URI, "source data -> payload", "{{record.data.id}}", "{{record.payload.id}}"),
    (URI, "source settings -> options", "{{record.settings.id}}{{settings.id}}", "{{record.options.id}}{{settings.id}}"),
    (URI, "source job -> role", "{{job.title}}{{record.job.title}}", "{{job.title}}{{record.role.title}}"),
    // templates: names
    (URI, "source Odd name -> plain", "{{record.[Odd name].x}}", "{{record.plain.x}}"),
    (URI, "source plain -> Odd name", "{{record.plain.x}}", "{{record.[Odd name].x}}"),
    (URI, "source サイズ cm -> サイズ", "{{record.[サイズ cm]}}", "{{record.サイズ}}"),
    (URI, "source サイズ cm -> サイズ", "{{record.[\"サイズ cm\"]}}", "{{record.[\"サイズ cm\"]}}"),
    (URI, "source billing_city -> city", "{{record.[billing_city]}}", "{{record.[city]}}"),
    (URI, "source PO# -> po", "{{data.[PO#]}}", "{{data.po}}"),
    (URI, "source 注文 -> 受注", "/受注/{{{record.注文.番号}}}", "/受注/{{{record.受注.番号}}}"),
    (URI, "source ns17:Id -> ns17:Key", "{{record.ns17:Id.xsi:nil}}", "{{record.ns17:Key.xsi:nil}}"),
    (URI, "source images.position -> images.place", "{{record.images.0.position}}", "{{record.images.0.place}}"),
    (URI, "source a -> b", "{{record/a/c}}", "{{record/b/c}}"),
    // templates: grammar
    (URI, "source name -> title", "{{trim record.name}} {{trim name}}", "{{trim record.title}} {{trim title}}"),
    (URI, "source created -> made", r#"{{dateFormat "created" order.created created}}"#, r#"{{dateFormat "created" order.created made}}"#),
    (URI, "source trim -> cut", "{{trim trim}}", "{{trim cut}}"),
    (URI, "source timestamp -> at", "{{timestamp}} {{record.timestamp}}", "{{timestamp}} {{record.at}}"),
    (URI, "source id -> code", "{{join \"id\" (trim id) 'id' sep=id id=3}}", "{{join \"id\" (trim code) 'id' sep=code id=3}}"),
    (URI, "source id -> code", "{{#if id}}id{{else if id}}x{{else}}{{id}}{{/if}}", "{{#if code}}id{{else if code}}x{{else}}{{code}}{{/if}}"),
    (URI, "source id -> code", "{{! id }}{{!-- {{id}} --}}{{id}}", "{{! id }}{{!-- {{id}} --}}{{code}}"),
    (URI, "source id -> code", "{{{{raw}}}}{{id}}{{{{/raw}}}}{{id}}", "{{{{raw}}}}{{id}}{{{{/raw}}}}{{code}}"),
    (URI, "source id -> code", "{{{{id id}}}}id{{{{/id}}}}{{id}}", "{{{{id code}}}}id{{{{/id}}}}{{code}}"),
    (URI, "source id -> code", r"\{{id}} \\{{id}}", r"\{{id}} \\{{code}}"),
    (URI, "source id -> code", "{{~id~}}{{~#if id ~}}{{/if}}", "{{~code~}}{{~#if code ~}}{{/if}}"),
    (URI, "source id -> code", "{{&id}}{{> id id}}", "{{&code}}{{> id code}}"),
    (URI, "source id -> code", "{{id", "{{id"),
    (URI, "source lookup -> find", "{{lookup \"id\" record.lookup}}", "{{lookup \"id\" record.find}}"),
    (URI, "source true -> yes", "{{#if true}}{{/if}}{{add 1 2.5}}", "{{#if true}}{{/if}}{{add 1 2.5}}"),
    // templates: blocks
    (BODY, "source id -> code", "{{#each data}}{{this.id}}{{id}}{{#if @index}},{{/if}}{{/each}}", "{{#each data}}{{this.code}}{{code}}{{#if @index}},{{/if}}{{/each}}"),
    (BODY, "source index -> place", "{{#each data}}{{@index}}{{this.index}}{{/each}}", "{{#each data}}{{@index}}{{this.place}}{{/each}}"),
    (BODY, "source lines.id -> lines.code", "{{#each record.lines}}{{this.id}}{{id}}{{../id}}{{/each}}{{id}}", "{{#each record.lines}}{{this.code}}{{code}}{{../id}}{{/each}}{{id}}"),
    (BODY, "source id -> code", "{{#each record.lines}}{{this.id}}{{id}}{{../id}}{{record.id}}{{/each}}{{id}}", "{{#each record.lines}}{{this.id}}{{id}}{{../code}}{{record.id}}{{/each}}{{code}}"),
    (BODY, "source lines -> items", "{{#each record.lines}}{{this.lines}}{{/each}}", "{{#each record.items}}{{this.lines}}{{/each}}"),
    (BODY, "source customer.name -> customer.title", "{{#with customer}}{{name}}{{/with}}{{name}}", "{{#with customer}}{{title}}{{/with}}{{name}}"),
    (BODY, "source lines.id -> lines.code", "{{#each lines as |line at|}}{{line.id}}{{at}}{{id}}{{/each}}", "{{#each lines as |line at|}}{{line.code}}{{at}}{{code}}{{/each}}"),
    (BODY, "source lines -> items", "{{#lines}}{{id}}{{/lines}}", "{{#items}}{{id}}{{/items}}"),
    (BODY, "source a.b.c -> a.b.d", "{{#each a}}{{#each b}}{{c}}{{/each}}{{/each}}", "{{#each a}}{{#each b}}{{d}}{{/each}}{{/each}}"),
    (BODY, "source id -> code", "{{#each batch_of_records}}{{record.id}}{{#each rows}}{{id}}{{/each}}{{/each}}", "{{#each batch_of_records}}{{record.code}}{{#each rows}}{{code}}{{/each}}{{/each}}"),
    (BODY, "source id -> code", "{{#each settings.list}}{{this.id}}{{id}}{{/each}}", "{{#each settings.list}}{{this.id}}{{id}}{{/each}}"),
    (BODY, "source key -> word", "{{#each data}}{{#each this}}{{#compare @key \"==\" \"key\"}}{{jsonSerialize @key}}{{/compare}}{{/each}}{{/each}}", "{{#each data}}{{#each this}}{{#compare @key \"==\" \"key\"}}{{jsonSerialize @key}}{{/compare}}{{/each}}{{/each}}"),
    (BODY, "source ok -> fine", "{{#each lines}}x{{else}}{{ok}}{{/each}}", "{{#each lines}}x{{else}}{{fine}}{{/each}}"),
    // before and after mapping
    (BODY, "source id -> code", "{{record.id}}", "{{record.code}}"),
    (BODY, "target id -> code", "{{record.id}}", "{{record.id}}"),
    (MAPPED_BODY, "source id -> code", "{{record.id}}", "{{record.id}}"),
    (MAPPED_BODY, "target id -> code", "{{record.id}}", "{{record.code}}"),
    ("mapped http.relativeURI[0]", "target id -> code", "{{record.id}}", "{{record.id}}"),
    ("mapped http.relativeURI[0]", "source id -> code", "{{record.id}}", "{{record.code}}"),
    ("mapped file.xml.body", "target root.id -> root.code", "{{#each batch_of_records}}{{#each rows}}{{{root.id}}}{{/each}}{{/each}}", "{{#each batch_of_records}}{{#each rows}}{{{root.code}}}{{/each}}{{/each}}"),
    ("mapped file.fileName", "source id -> code", "{{record.id}}.csv", "{{record.code}}.csv"),
    ("mapped rdbms.query[0]", "source id -> code", "DELETE FROM t WHERE id = {{record.id}}", "DELETE FROM t WHERE id = {{record.code}}"),
    // other places and kinds
    ("many(lines) http.relativeURI[0]", "source lines.sku -> lines.code", "{{record.sku}}{{record._PARENT.sku}}", "{{record.code}}{{record._PARENT.sku}}"),
    ("many(lines) mappings[0].extract", "source id -> code", "$._PARENT.id", "$._PARENT.code"),
    ("many(lines) mappings[0].extract", "source lines.sku -> lines.code", "$.sku", "$.code"),
    ("pathToMany", "source order.lines -> order.items", "order.lines", "order.items"),
    ("filesystem.directoryPath", "source site -> plant", r"\\NAS\Drop\{{record.site}}", r"\\NAS\Drop\{{record.plant}}"),
    ("netsuite_da.internalIdLookup.expression", "source order.id -> order.key", r#"["id","is","{{{order.id}}}"]"#, r#"["id","is","{{{order.key}}}"]"#),
    ("netsuite_da.internalIdLookup.expression", "source at -> on", r#"["d","is","{{{dateFormat \"at\" at}}}"]"#, r#"["d","is","{{{dateFormat \"at\" on}}}"]"#),
    ("netsuite_da.internalIdLookup.extract", "source id -> code", "id", "code"),
    ("http.lookups[0].extract", "source id -> code", "id", "id"),
    ("http.lookups[0].name", "source id -> code", "id", "id"),
    ("http.response.resourceIdPath[0]", "source id -> code; target id -> code", "id", "id"),
    ("netsuite_da.rawOverride.x", "source email -> mail", r#"["email","is","{{email}}"]"#, r#"["email","is","{{email}}"]"#),
    ("description", "source id -> code", "{{id}}", "{{id}}"),
    ("sampleData.x", "source id -> code", "{{id}}", "{{id}}"),
    // the target side
    ("mapping.fields[0].generate", "target user.name -> user.title", "user.name", "user.title"),
    ("mapping.fields[0].generate", "target name -> title", "user.name", "user.name"),
    ("mapping.fields[0].generate", "source name -> title", "name", "name"),
    ("mapping.fields[0].generate", "target Order No -> Number", "Order No", "Number"),
    ("netsuite_da.mapping.fields[0].generate", "target item -> line", "celigo_replaceAllLines_item", "celigo_replaceAllLines_line"),
    ("netsuite_da.mapping.fields[0].generate", "target item -> line", "celigo_replaceAllLines_items", "celigo_replaceAllLines_items"),
    ("mapping.lists[0].generate", "target lines -> items", "lines", "items"),
    ("mappings[0].generate", "target a -> b", "a", "b"),
    ("mappings[0].generate", "target a.b -> a.c", "a.b", "a.b"),
    ("mappings[0].generate", "target [\"a.b\"] -> c", "a.b", "c"),
    ("salesforce.upsert.externalIdField", "target Ext__c -> Key__c", "Ext__c", "Key__c"),
    ("mapped rdbms.bulkLoad.primaryKeys[0]", "target ORDER_ID -> ID", "ORDER_ID", "ID"),
    ("mapped rdbms.bulkLoad.primaryKeys[0]", "source ORDER_ID -> ID", "ORDER_ID", "ORDER_ID"),
    // several at once
    (EXTRACT, "source a -> b; source b -> a", "a.b", "b.b"),
    (URI, "source a -> b; source b -> a", "{{record.a}}{{record.b}}", "{{record.b}}{{record.a}}"),
    (EXTRACT, "source a -> x; source a.b -> y.z", "a.b.c", "y.z.c"),
    (EXTRACT, "source a -> x; source a.b -> a.b", "a.b.c", "a.b.c"),
];

#[test]
fn a_name_is_followed_where_it_stands_and_nowhere_else() {
    let mut wrong = Vec::new();
    for (place, rename, before, after) in TABLE {
        let (mut found, at) = document(place, before);
        let original = found.clone();
        rename_fields(&mut found, &renames(rename));
        let got = found.pointer(&at).cloned().unwrap_or_default();
        if got != json!(after) {
            wrong.push(format!("{place}: {rename}\n  before {before}\n  wanted {after}\n  got    {got}"));
        }
        if before == after && found != original {
            wrong.push(format!("{place}: {rename}: something else changed: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

#[test]
fn a_rename_and_its_reverse_give_every_row_back() {
    for (place, rename, before, _) in TABLE {
        let back: Vec<FieldRename> = renames(rename)
            .into_iter()
            .map(|r| FieldRename { side: r.side, from: r.to, to: r.from })
            .collect();
        let (original, _) = document(place, before);
        let mut found = original.clone();
        let warnings = rename_fields(&mut found, &renames(rename));
        let said = warnings.iter().any(|w| w.contains("was there before") || w.contains("differently"));
        rename_fields(&mut found, &back);
        assert!(said || same_bytes(&found, &original), "{place}: {rename}: {original} came back as {found}");
    }
}
