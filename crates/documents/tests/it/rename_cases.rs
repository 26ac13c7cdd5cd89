//! Documents that renames have failed on, each as it was reported, ids made up.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

fn renamed(document: &Value, from: &str, to: &str) -> (Value, Vec<String>) {
    let mut found = document.clone();
    let rename = FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
    let said = rename_fields(&mut found, &[rename]);
    (found, said)
}

fn template(text: &str) -> Value {
    json!({ "_id": "100000000000000000000001", "name": "a", "adaptorType": "HTTPImport",
        "http": { "method": ["POST"], "relativeURI": ["/orders"] }, "traceKeyTemplate": text })
}

fn uri(text: &str) -> Value {
    json!({ "_id": "100000000000000000000001", "adaptorType": "HTTPImport", "http": { "method": ["POST"], "relativeURI": [text] } })
}

#[test]
fn names_that_helpers_take_as_texts() {
    let (found, said) = renamed(&uri("/orders/{{getValue \"record.depot\" \"none\"}}"), "depot", "station");
    assert_eq!((found, said), (uri("/orders/{{getValue \"record.station\" \"none\"}}"), Vec::new()));
    let plucked = uri("/orders/{{pluck record.parcels \"label.code\"}}");
    let (found, _) = renamed(&plucked, "parcels.label.code", "parcels.label.mark");
    assert_eq!(found, uri("/orders/{{pluck record.parcels \"label.mark\"}}"));
    let looked_up = uri("/orders/{{lookup record \"depot\"}}");
    let (found, said) = renamed(&looked_up, "depot", "station");
    assert_eq!(found, looked_up);
    assert!(said[0].starts_with("/http/relativeURI/0: `\"depot\"`"), "{said:?}");
}

#[test]
fn blocks_whose_inside_is_another_record() {
    let filter = |inside: &str, outside: &str| {
        template(&format!(
            "{{{{#filter record.load.boxes \"fragile\" \"kind\"}}}}{{{{{inside}}}}}{{{{else}}}}{{{{{outside}}}}}{{{{/filter}}}}"
        ))
    };
    assert_eq!(renamed(&filter("weight", "weight"), "weight", "mass").0, filter("weight", "mass"));
    let (found, _) = renamed(&filter("weight", "weight"), "load.boxes.weight", "load.boxes.mass");
    assert_eq!(found, filter("mass", "weight"));
    let parsed = template("{{#each (jsonParse record.boxes)}}{{weight}}{{/each}}");
    let (found, said) = renamed(&parsed, "boxes.weight", "boxes.mass");
    assert_eq!(found, parsed);
    assert!(said[0].starts_with("/traceKeyTemplate: `weight`"), "{said:?}");
}

#[test]
fn templates_that_are_no_handlebars_or_rare_handlebars() {
    let starred = template("{{{trim part(*).code}}}");
    for (from, to) in [("code", "mark"), ("part.code", "part.mark")] {
        let (found, said) = renamed(&starred, from, to);
        assert_eq!(found, starred);
        assert!(said[0].starts_with("/traceKeyTemplate: "), "{said:?}");
    }
    let (found, _) =
        renamed(&template("{{!-- was -- {{zone}} before {{depot}} --}}{{depot}}"), "depot", "station");
    assert_eq!(found, template("{{!-- was -- {{zone}} before {{depot}} --}}{{station}}"));
    let partial = template("{{#> depot}}none{{/depot}}");
    assert_eq!(renamed(&partial, "depot", "station").0, partial);
}

#[test]
fn the_answer_is_another_record() {
    let document = |name: &str| {
        let rules = json!([[{ "extract": "parcel.number", "generate": "parcelNumber" }]]);
        json!({ "mapping": { "fields": [{ "extract": name, "generate": "shipment.reference" }], "lists": [] },
            "responseTransform": { "type": "expression", "expression": { "version": "1", "rules": rules },
                "version": "1", "rules": rules } })
    };
    let (found, said) = renamed(&document("parcel.number"), "parcel.number", "parcel.id");
    assert_eq!(found, document("parcel.id"));
    assert!(said[0].starts_with("/responseTransform: "), "{said:?}");
}

#[test]
fn names_that_the_service_provides() {
    let mappings = |name: &str, other: &str| {
        json!({ "mappings": [{ "generate": "mail", "extract": format!("$.record.{name}") },
            { "generate": "by", "extract": other }] })
    };
    for other in ["$.iClient.name", "$.job.type", "$.settings.flow.x", "$.import.name", "$.testMode"] {
        assert_eq!(
            renamed(&mappings("mail", other), "mail", "contact").0,
            mappings("contact", other),
            "{other}"
        );
    }
    let (found, _) = renamed(&template("{{job.parentJob._id}}-{{record.job}}"), "job", "position");
    assert_eq!(found, template("{{job.parentJob._id}}-{{record.position}}"));
}

#[test]
fn places_that_the_table_does_not_know() {
    let rule = json!(["equals", ["string", ["extract", "depot"]], "East"]);
    for (document, at) in [
        (
            json!({ "inputFilter": { "expression": { "rules": rule } } }),
            "/inputFilter/expression/rules/1/1/1: ",
        ),
        (json!({ "transform": { "rules": [[{ "extract": "depot" }]] } }), "/transform/rules/0/0/extract: "),
        (json!({ "mappings": { "generate": "d", "extract": "$.depot" } }), "/mappings/extract: "),
        (json!({ "mappings": [{ "generate": "d", "extract": "$.*.depot" }] }), "/mappings/0/extract: "),
        (json!({ "mongodb": { "lookups": [{ "body": "{{depot}}" }] } }), "/mongodb/lookups/0/body: "),
    ] {
        let (found, said) = renamed(&document, "depot", "station");
        assert_eq!(found, document);
        assert!(said.len() == 1 && said[0].starts_with(at), "{at}: {said:?}");
    }
}

#[test]
fn a_table_of_any_size_renames() {
    let long = "a".repeat(220);
    let mut renames =
        vec![FieldRename { side: Side::Source, from: "depot".to_owned(), to: "station".to_owned() }];
    renames.extend((0..3000).map(|at| FieldRename {
        side: Side::Source,
        from: format!("f{at:04}{long}"),
        to: format!("t{at:04}"),
    }));
    let document =
        |name: &str| json!({ "mapping": { "fields": [{ "extract": name, "generate": "d" }], "lists": [] } });
    let mut found = document("depot");
    assert_eq!(rename_fields(&mut found, &renames), Vec::<String>::new());
    assert_eq!(found, document("station"));
}
