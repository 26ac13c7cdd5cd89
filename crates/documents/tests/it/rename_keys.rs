//! Renaming fields in the keys of objects: as in values, and never two keys into one.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;

use crate::rename_places::source;

#[test]
fn templates_in_keys_are_renamed_as_those_in_values() {
    let renamed = |mut document: Value| {
        let said = rename_fields(&mut document, &[source("depot", "station")]);
        (document, said)
    };
    let (depot, station) = ("{{record.depot}}", "{{record.station}}");
    let body = |value: Value| json!({ "http": { "body": [value] } });
    for (before, after) in [
        (json!({ depot: "x", "v": depot }), json!({ station: "x", "v": station })),
        (
            json!({ "a": [{ "b": depot, depot: { depot: 1 }, "z": 2 }] }),
            json!({ "a": [{ "b": station, station: { station: 1 }, "z": 2 }] }),
        ),
        (json!({ "depot": "x", "{{record.other}}": 1 }), json!({ "depot": "x", "{{record.other}}": 1 })),
    ] {
        let (found, said) = renamed(body(before));
        assert_eq!((found.to_string(), said), (body(after).to_string(), Vec::new()));
    }
    for (before, after) in [
        (json!({ depot: 1, station: 2 }), json!({ depot: 1, station: 2 })),
        (json!({ station: 2, depot: depot }), json!({ station: 2, depot: station })),
    ] {
        let (found, said) = renamed(body(before));
        assert_eq!(found.to_string(), body(after).to_string());
        assert!(
            said.contains(&"/http/body/0: two keys would become one; its keys are left alone".to_owned()),
            "{said:?}"
        );
    }
    let unknown = json!({
        "http": { "foo": { depot: "x", "{{record.other}}": 1 } },
        "newer": [{ "a": { "{{#if record.depot}}y{{/if}}": 1 } }],
        "mappings": [{ "generate": "g", "odd": { depot: 1 } }],
    });
    let (found, said) = renamed(unknown.clone());
    assert_eq!(found, unknown);
    let places: Vec<&str> =
        said.iter().filter_map(|said| said.split_once(": the template in a key")).map(|(p, _)| p).collect();
    assert_eq!(places, ["/http/foo", "/newer/0/a", "/mappings/0/odd"], "{said:?}");
}
