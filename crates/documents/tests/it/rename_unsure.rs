//! Texts that a rename may or may not affect: they stay, and are reported. And paths that nobody means.

use serde_json::{Value, json};
use transship_documents::rename::{Renamer, rename_fields};
use transship_documents::{FieldRename, Program, Side, StepSpec};

fn rename(from: &str, to: &str) -> FieldRename {
    FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() }
}

/// The text at a place after a rename, and what was said.
fn renamed(document: Value, at: &str, one: &FieldRename) -> (String, String) {
    let mut document = document;
    let said = rename_fields(&mut document, std::slice::from_ref(one)).join("; ");
    (document.pointer(at).unwrap().as_str().unwrap().to_owned(), said)
}

#[test]
fn of_a_child_record_bare_names_are_its_own() {
    let places: [(&str, fn(&str) -> Value); 5] = [
        (
            "/mapping/fields/0/extract",
            |text| json!({ "mapping": { "fields": [{ "extract": text, "generate": "g" }], "lists": [] } }),
        ),
        (
            "/mappings/0/extract",
            |text| json!({ "mappings": [{ "extract": format!("$.{text}"), "generate": "g" }] }),
        ),
        (
            "/http/relativeURI/0",
            |text| json!({ "http": { "relativeURI": [format!("{{{{record.{text}}}}}")] } }),
        ),
        (
            "/http/lookups/0/relativeURI",
            |text| json!({ "http": { "lookups": [{ "name": "l", "relativeURI": format!("{{{{{text}}}}}") }] } }),
        ),
        ("/filter/rules/1", |text| json!({ "filter": { "rules": ["extract", text] } })),
    ];
    for (from, to, text, expected, warned) in [
        ("depot", "station", "_PARENT.depot", "_PARENT.station", false),
        ("depot", "station", "depot", "depot", true),
        ("lines.depot", "lines.station", "depot", "station", false),
        ("lines.depot", "lines.station", "_PARENT.depot", "_PARENT.depot", false),
        ("lines.depot", "lines.station", "lines.depot", "lines.depot", true),
        ("lines", "rows", "depot", "depot", false),
        ("lines.pack.code", "lines.pack.mark", "pack[*].code", "pack[*].mark", false),
    ] {
        for (at, document) in places {
            let mut document = document(if at.contains("http") { text.trim_end() } else { text });
            if at.contains("http") && text.contains("[*]") {
                continue;
            }
            document["oneToMany"] = json!(true);
            document["pathToMany"] = json!("lines");
            let (found, said) = renamed(document, at, &rename(from, to));
            assert!(
                found.contains(expected) && found.len() < expected.len() + 12,
                "{at}: {from} in {text}: {found}"
            );
            assert_eq!(
                said.contains("is read as a field of the child record"),
                warned,
                "{at}: {from} in {text}: {said}"
            );
        }
    }
    let sub = json!({ "oneToMany": true, "pathToMany": "lines", "netsuite_da": { "mapping": { "fields": [{ "generate": "d",
        "subRecordMapping": { "jsonPath": "$", "mapping": { "fields": [{ "extract": "lot", "generate": "x" }] } } }] } } });
    let at = "/netsuite_da/mapping/fields/0/subRecordMapping/mapping/fields/0/extract";
    assert_eq!(renamed(sub, at, &rename("lines.lot", "lines.batch")).0, "batch");
}

#[test]
fn what_cannot_be_read_is_said() {
    let one =
        |text: &str| json!({ "mapping": { "fields": [{ "extract": text, "generate": "g" }], "lists": [] } });
    let two = |text: &str| json!({ "mappings": [{ "extract": text, "generate": "g" }] });
    let depot = rename("depot", "station");
    for (document, at, text, expected) in [
        (one("depot(*).x"), "/mapping/fields/0/extract", "depot(*).x", ""),
        (one("{ depot }"), "/mapping/fields/0/extract", "{ depot }", ""),
        (
            one("{{record.depot}} {depot}"),
            "/mapping/fields/0/extract",
            "{{record.station}} {depot}",
            "{depot}",
        ),
        (two("$.depot,$.x"), "/mappings/0/extract", "$.depot,$.x", ""),
        (two("$.depot | $.x"), "/mappings/0/extract", "$.depot | $.x", ""),
        (two("$.x | $.depot"), "/mappings/0/extract", "$.x | $.depot", ""),
    ] {
        let (found, said) = renamed(document, at, &depot);
        assert_eq!(found, text);
        assert!(
            said.contains("could not be read and is left alone") && said.contains(expected),
            "{text}: {said}"
        );
    }
    for (document, at) in [
        (one("{{{record.depot}}}"), "/mapping/fields/0/extract"),
        (one("{depot}"), "/mapping/fields/0/extract"),
        (one("depot (main)"), "/mapping/fields/0/extract"),
        (two("$.depot"), "/mappings/0/extract"),
    ] {
        let (found, said) = renamed(document, at, &depot);
        assert!(!said.contains("read"), "{found}: {said}");
    }
    let uri = |text: &str| json!({ "http": { "relativeURI": [text] } });
    for (text, warned) in [
        ("{{#each record.obj}}{{depot}}{{/each}}", true),
        ("{{#each record.obj}}{{#if x}}{{this.depot}}{{/if}}{{/each}}", true),
        ("{{#with record.obj}}{{depot}}{{/with}}", false),
        ("{{#each record.obj}}{{x}}{{/each}}", false),
        ("{{#each record.obj}}{{../depot}}{{/each}}", false),
    ] {
        let (found, said) =
            renamed(uri(text), "/http/relativeURI/0", &rename("obj.k1.depot", "obj.k1.station"));
        assert_eq!((found.as_str(), said.contains("not known what it refers to")), (text, warned), "{said}");
    }
}

#[test]
fn names_that_a_reader_of_templates_refuses_are_written_otherwise_or_not_at_all() {
    for (to, expected) in [
        ("-1", "{{record.[-1]}}"),
        ("7", "{{record.[7]}}"),
        ("-x", "{{record.[-x]}}"),
        ("-1.b", "{{record.[-1].b}}"),
        ("a\\", "{{record.depot}}"),
        ("a\\b", "{{record.[a\\b]}}"),
    ] {
        let document = json!({ "http": { "relativeURI": ["{{record.depot}}"] } });
        let (found, said) = renamed(document, "/http/relativeURI/0", &rename("depot", to));
        assert_eq!(found, expected, "{said}");
        assert_eq!(said.contains("cannot be renamed"), to == "a\\", "{said}");
    }
}

#[test]
fn a_path_that_names_no_field_is_refused_where_it_stands() {
    for (key, path, part) in [
        ("from", "parcels.*", "*"),
        ("to", "*.x", "*"),
        ("to", "{{b}}", "{{"),
        ("from", "{{record.depot}}", "{{"),
        ("from", "parcels[0].code", "[0]"),
        ("from", "[0].code", "[0]"),
    ] {
        let mut keys = json!({ "side": "source", "from": "a", "to": "b" });
        keys[key] = json!(path);
        let problems = Program::compile(vec![StepSpec::new("rename_field", keys)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{path}: {problems:?}");
        assert!(
            problems[0].problem.path.ends_with(&[key.to_owned()]) && problems[0].problem.help.is_some(),
            "{problems:?}"
        );
        assert_eq!(&path[problems[0].problem.range.clone().unwrap()], part, "{path}");
    }
    for path in ["lines[*].sku", "lines.0.sku", "[\"a*\"]", "a{b}", "$.x", "[\"*\"]"] {
        assert!(Renamer::compile(&[rename(path, "fresh")]).is_ok(), "{path}");
    }
}

#[test]
fn what_a_subrecord_reads_from_the_root_is_said() {
    let document = |path: &str, text: &str| {
        json!({ "netsuite_da": { "mapping": { "fields": [{ "generate": "d", "subRecordMapping": { "jsonPath": path,
            "mapping": { "fields": [{ "extract": text, "generate": "x" }] } } }] } } })
    };
    let at = "/netsuite_da/mapping/fields/0/subRecordMapping/mapping/fields/0/extract";
    let rename = rename("lines.depot", "lines.station");
    for (path, text, expected, is_said) in [
        ("lines[*]", "depot", "station", false),
        ("lines[*]", "lines[*].depot", "lines[*].depot", true),
        ("$.lines[*]", "lines[*].depot", "lines[*].depot", true),
        ("lines[*]", "lines[*].other", "lines[*].other", false),
        ("$", "lines[*].depot", "lines[*].station", false),
    ] {
        let (found, said) = renamed(document(path, text), at, &rename);
        assert_eq!(found, expected, "{path} {text}");
        assert_eq!(said.contains("it is not known what it refers to"), is_said, "{path} {text}: {said}");
    }
}

#[test]
fn a_template_of_a_subrecord_may_be_about_the_whole_record() {
    let document = |path: &str, text: &str| {
        json!({ "netsuite_da": { "mapping": { "fields": [{ "generate": "d", "subRecordMapping": { "jsonPath": path,
            "lookups": [{ "name": "l", "expression": text }], "mapping": { "fields": [] } } }] } } })
    };
    let at = "/netsuite_da/mapping/fields/0/subRecordMapping/lookups/0/expression";
    for (path, from, text, expected, is_said) in [
        ("shelves[*]", "depot", r#"["a","is","{{{depot}}}"]"#, "=", true),
        ("shelves[*]", "depot", "{{record.depot}}", "=", true),
        ("depot[*]", "depot", "{{{trim depot}}}", "=", true),
        ("shelves[*]", "shelves.depot", "{{depot}}", "{{station}}", false),
        ("shelves[*]", "shelves.depot", "{{shelves.depot}}", "=", true),
        ("shelves[*]", "shelves", "{{depot}}", "=", false),
        ("$", "depot", "{{depot}}", "{{station}}", false),
    ] {
        let to = from.replace("depot", "station").replace("shelves", "racks");
        let to = if from == "shelves.depot" { "shelves.station" } else { &to };
        let (found, said) = renamed(document(path, text), at, &rename(from, to));
        assert_eq!(found, if expected == "=" { text } else { expected }, "{path} {text}");
        assert_eq!(said.contains("not known what it refers to"), is_said, "{path} {from} {text}: {said}");
    }
}

#[test]
fn a_rename_after_which_a_mapping_is_read_otherwise_is_said() {
    let document = |extracts: &[&str]| {
        let rows = extracts.iter().map(|extract| json!({ "extract": extract, "generate": "g" }));
        json!({ "mappings": rows.collect::<Vec<_>>() })
    };
    for (extracts, to, is_said) in [
        (&["$.depot.x"][..], "record", true),
        (&["$.depot", "$.record.z"], "job", true),
        (&["$.depot", "$.record.z", "$.other"], "job", false),
        (&["$.depot.x", "$.other"], "record", true),
        (&["$.depot.x"], "job", false),
        (&["$.record.depot"], "job", false),
    ] {
        let before = document(extracts);
        let mut after = before.clone();
        let said = rename_fields(&mut after, &[rename("depot", to)]).join("; ");
        assert_eq!(said.contains("spell it differently"), is_said, "{extracts:?} {to}: {said}");
        rename_fields(&mut after, &[rename(to, "depot")]);
        assert!(is_said || after == before, "{extracts:?} {to}: {after}");
    }
}

#[test]
fn a_field_that_is_called_as_names_of_the_service_is_said() {
    for name in ["lookup", "settings", "if", "timestamp", "connection", "import"] {
        let document = json!({ "traceKeyTemplate": format!("{{{{{name}}}}}") });
        let (found, said) = renamed(document, "/traceKeyTemplate", &rename(name, "station"));
        assert!(found.contains(name) && said.contains("is left alone"), "{name}: {found} {said}");
    }
}

#[test]
fn keys_that_are_names_are_renamed_as_such() {
    let keys =
        |document: &Value| document["modelMetadata"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (key, from, to, expected) in [
        ("depot", "depot", "['de.pot']", "de.pot"),
        ("de.pot", "['de.pot']", "station", "station"),
        ("a b", "a b", "c d", "c d"),
        ("lines.depot", "lines.depot", "lines.station", "lines.station"),
    ] {
        let mut document = json!({ "modelMetadata": { key: "", "other": "x" } });
        let before = document.clone();
        rename_fields(&mut document, &[rename(from, to)]);
        assert_eq!(keys(&document), [expected, "other"], "{from} to {to}");
        rename_fields(&mut document, &[rename(to, from)]);
        assert_eq!(document, before, "{from} to {to}");
    }
}

#[test]
fn names_under_keys_that_are_not_known_are_said() {
    for document in [
        json!({ "fooExtract": "depot" }),
        json!({ "foo": { "bar": [{ "extract": "depot" }] } }),
        json!({ "foo": { "path": "$.depot" } }),
        json!({ "foo": { "path": "$.lines[*].depot" } }),
        json!({ "file": { "groupByFields": ["depot"] } }),
        json!({ "groupByFields": ["a", "depot"] }),
        json!({ "http": { "groupBy": ["depot"] } }),
        json!({ "http": { "sortBy": "depot" } }),
        json!({ "mappings": [{ "generate": "o", "dataType": "objectarray", "extractsArrayHelper": [{ "extract": "$.depot" }] }] }),
        json!({ "sortByFields": [{ "field": "depot", "descending": false }] }),
        json!({ "file": { "type": "csv", "csv": { "keyColumns": ["depot"] } } }),
    ] {
        let from = if document.to_string().contains("lines") { "lines.depot" } else { "depot" };
        let mut after = document.clone();
        let said = rename_fields(&mut after, &[rename(from, "station")]).join("; ");
        assert!(said.contains("depot") && said.contains("left alone"), "{document}: {said}");
        assert_eq!(after, document);
    }
    let mut other = json!({ "foo": { "field": "depots", "path": "$.x", "note": "depot" } });
    assert_eq!(rename_fields(&mut other, &[rename("depot", "station")]), Vec::<String>::new());
}

#[test]
fn a_row_that_is_called_like_a_path_is_said() {
    let row = |name: &str| json!({ "generate": name, "dataType": "string", "extract": "$.q" });
    let inner = json!({ "generate": "o", "dataType": "object", "mappings": [row("a.b")] });
    for (rows, from, is_said) in [
        (json!([row("size.unit")]), "size.unit", true),
        (json!([inner]), "o.a.b", true),
        (json!([row("size.unit")]), "size", false),
        (json!([row("size.unit")]), "unit", false),
    ] {
        let mut after = json!({ "mappings": rows });
        let before = after.clone();
        let one = FieldRename { side: Side::Target, ..rename(from, "u") };
        let said = rename_fields(&mut after, &[one]).join("; ");
        assert_eq!(said.contains("is one name with a dot here"), is_said, "{from}: {said}");
        assert_eq!(after, before, "{from}");
    }
}

#[test]
fn what_refers_to_a_row_that_cannot_be_renamed_keeps_its_name() {
    let row = |name: &str| json!({ "generate": name, "dataType": "string", "extract": "$.q" });
    let body = |names: &str| json!({ "http": { "body": [names] } });
    let with = |mut document: Value, key: &str, value: Value| {
        document[key] = value;
        document
    };
    let inner = json!([{ "generate": "a", "dataType": "object", "mappings": [row("b")] }]);
    let list = |names: [&str; 2]| {
        let field = json!({ "generate": names[1], "extract": "q" });
        json!({ "fields": [], "lists": [{ "generate": names[0], "fields": [field] }] })
    };
    for (renames, before, after, said) in [
        // A row of Mapper 2.0 is one name.
        (
            vec![("a", "z.y"), ("c", "d")],
            with(body("{{record.a}}{{record.c}}"), "mappings", json!([row("a"), row("c")])),
            with(body("{{record.a}}{{record.d}}"), "mappings", json!([row("a"), row("d")])),
            "/mappings/0/generate: `a` cannot be renamed where it stands",
        ),
        // What is inside of one that stays cannot follow either.
        (
            vec![("a", "z.y"), ("a.b", "z.y.c")],
            with(body("{{record.a.b}}"), "mappings", inner.clone()),
            with(body("{{record.a.b}}"), "mappings", inner),
            "/mappings/0/mappings/0/generate: `b` cannot be renamed where it stands",
        ),
        // A field of a list of Mapper 1.0 stays in the list.
        (
            vec![("l.x", "y")],
            with(body("{{record.l.[0].x}}"), "mapping", list(["l", "x"])),
            with(body("{{record.l.[0].x}}"), "mapping", list(["l", "x"])),
            "/mapping/lists/0/fields/0/generate: `x` cannot be renamed where it stands",
        ),
        // It goes with the list.
        (
            vec![("l.x", "y"), ("l", "m")],
            with(body("{{record.l.[0].x}}"), "mapping", list(["l", "x"])),
            with(body("{{record.m.[0].x}}"), "mapping", list(["m", "x"])),
            "/mapping/lists/0/fields/0/generate: `x` cannot be renamed where it stands",
        ),
        (
            vec![("l.x", "m.y"), ("l", "m")],
            with(body("{{record.l.[0].x}}"), "mapping", list(["l", "x"])),
            with(body("{{record.m.[0].y}}"), "mapping", list(["m", "y"])),
            "",
        ),
    ] {
        let mut document = before.clone();
        let target = |(from, to)| FieldRename { side: Side::Target, ..rename(from, to) };
        let renames: Vec<FieldRename> = renames.into_iter().map(target).collect();
        let told = rename_fields(&mut document, &renames);
        assert_eq!(document, after, "{told:?}");
        let cannot: Vec<_> = told.iter().filter(|one| one.contains("cannot be renamed")).collect();
        assert_eq!(cannot.is_empty(), said.is_empty(), "{told:?}");
        assert!(said.is_empty() || cannot.iter().any(|one| one.contains(said)), "{told:?}");
        assert!(
            cannot.iter().all(|one| cannot.iter().filter(|other| other == &one).count() == 1),
            "{told:?}"
        );
    }
}

#[test]
fn blocks_and_lookups_without_end_take_time_by_their_number() {
    // Minutes each, if every path looked at all open blocks, or every lookup at all names.
    let inside = |open: &str, close: &str| open.repeat(20_000) + &close.repeat(20_000);
    for text in [
        inside("{{#if a}}", "{{/if}}"),
        inside("{{#if ../a}}", "{{/if}}"),
        inside("{{#each a as |q|}}", "{{/each}}"),
        inside("{{!-- --}}", "{{!-- --}}") + "{{a}}",
    ] {
        rename_fields(&mut json!({ "http": { "relativeURI": [text] } }), &[rename("a", "b")]);
    }
    let lookup = |at: usize| json!({ "name": format!("l{at}"), "relativeURI": "{{a}}" });
    let lookups: Vec<Value> = (0..20_000).map(lookup).collect();
    let mut document = json!({ "http": { "lookups": lookups } });
    rename_fields(&mut document, &[rename("a", "b")]);
    assert_eq!(document["http"]["lookups"][19_999]["relativeURI"], "{{b}}");
}
