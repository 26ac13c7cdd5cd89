//! A target names the row whose own path it is: positions, `[*]` and `*` are part of it, in both mapping models.

use serde_json::{Value, json};
use transship_documents::{Facts, Missing, Program, StepSpec};

/// The document after a step, or why the import failed or was left.
fn done(document: &Value, step: &str, keys: Value) -> Result<Value, String> {
    let mut spec = StepSpec::new(step, keys);
    spec.missing = (step != "add_mapping").then_some(Missing::Fail);
    let program = Program::compile(vec![spec]).unwrap();
    let done = program.apply(document.clone(), &Facts::default());
    done.map(|done| done.document).map_err(|error| error.to_string())
}

fn keys(list: &str, target: &str) -> Value {
    let mut keys = json!({ "target": target });
    if !list.is_empty() {
        keys["list"] = json!(list);
    }
    keys
}

/// The extracts of the rows that an edit changes, or of those that are removed, in the order of the document; empty where no
/// row has the target.
fn met(document: &Value, list: &str, target: &str) -> Vec<String> {
    let mut edit = keys(list, target);
    edit["set"] = json!({ "default": "met" });
    let extracts = |document: &Value| {
        let mut found = Vec::new();
        rows(document, &mut found);
        found
    };
    let before = extracts(document);
    let edited = match done(document, "edit_mapping", edit) {
        Ok(after) => extracts(&after).into_iter().filter(|row| row.1).map(|row| row.0).collect(),
        Err(error) if error.contains("no row has the target") => Vec::new(),
        Err(error) => vec![error],
    };
    let removed: Vec<String> = match done(document, "remove_mapping", keys(list, target)) {
        Ok(after) => {
            let left = extracts(&after);
            before.iter().filter(|row| !left.contains(row)).map(|row| row.0.clone()).collect()
        }
        Err(_) => Vec::new(),
    };
    // What holds rows has no default of its own that a row of this test would show.
    if !edited.is_empty() {
        assert_eq!(edited, removed, "{list} {target}");
    }
    removed
}

/// The extract of every row, and whether it has the default of the test.
fn rows(value: &Value, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Object(keys) => {
            let holds = ["mappings", "fields", "buildArrayHelper"].iter().any(|key| keys.contains_key(*key));
            if let (Some(Value::String(extract)), false) = (keys.get("extract"), holds) {
                found.push((extract.clone(), keys.get("default") == Some(&json!("met"))));
            }
            keys.values().for_each(|value| rows(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| rows(value, found)),
        _ => {}
    }
}

fn one() -> Value {
    let row = |extract: &str, generate: &str| json!({ "extract": extract, "generate": generate });
    let list = |generate: &str, rows: Value| json!({ "generate": generate, "fields": rows });
    json!({ "name": "n", "adaptorType": "HTTPImport", "http": {}, "mapping": {
        "fields": [row("home", "addr[0].city"), row("work", "addr[1].city"), row("any", "addr.city"),
            row("each", "addr[*].city"), row("x", "x"), row("quoted", "['order']['no']"), row("zip", "zip")],
        "lists": [list("L[0]", json!([row("l0", "x")])), list("L[1]", json!([row("l1", "x")])),
            list("L", json!([row("l", "x"), row("lx0", "x[0]")])), list("M[*]", json!([row("m", "x")]))] } })
}

#[test]
fn a_row_of_mapper_1_is_met_by_its_own_path() {
    for (list, target, expected) in [
        ("", "addr[0].city", &["home"][..]),
        ("", "addr[ 0 ]['city']", &["home"]),
        ("", "[\"addr\"][1].city", &["work"]),
        ("", "addr.city", &["any"]),
        ("", "addr[*].city", &["each"]),
        ("", "addr[].city", &["each"]),
        ("", "addr[2].city", &[]),
        ("", "addr.0.city", &[]),
        ("", "addr", &[]),
        ("", "x", &["x"]),
        ("", "x[-1]", &[]),
        ("", "x[0]", &[]),
        ("", "[0].x", &[]),
        ("", "[*].x", &[]),
        ("", "*.x", &[]),
        ("", "x.*", &[]),
        ("", "order.no", &["quoted"]),
        ("", "[order][no]", &["quoted"]),
        ("L[0]", "x", &["l0"]),
        ("L[1]", "x", &["l1"]),
        ("L[2]", "x", &[]),
        ("L", "x", &["l"]),
        ("L[*]", "x", &["l"]),
        ("L", "x[0]", &["lx0"]),
        ("L", "x[1]", &[]),
        ("", "L.x", &["l"]),
        ("", "L[*].x", &["l"]),
        ("", "L[].x", &["l"]),
        ("", "L[0].x", &["l0"]),
        ("", "L[1].x", &["l1"]),
        ("", "L.x[0]", &["lx0"]),
        ("M[*]", "x", &["m"]),
        ("M", "x", &[]),
        ("", "M[*].x", &["m"]),
    ] {
        assert_eq!(met(&one(), list, target), expected, "{list} {target}");
    }
}

#[test]
fn a_row_of_mapper_1_is_added_beside_those_of_other_positions() {
    let document = json!({ "name": "n", "adaptorType": "HTTPImport", "http": {}, "mapping": {
        "fields": [{ "extract": "home", "generate": "addr[0].city" }],
        "lists": [{ "generate": "L[0]", "fields": [{ "extract": "a", "generate": "x" }] }] } });
    for (list, target, at, generate) in [
        ("", "addr[1].city", "/mapping/fields/1", "addr[1].city"),
        ("", "addr[*].city", "/mapping/fields/1", "addr[*].city"),
        ("L[0]", "y", "/mapping/lists/0/fields/1", "y"),
        ("L[1]", "x", "/mapping/lists/1/fields/0", "x"),
        ("L[*]", "x", "/mapping/lists/1/fields/0", "x"),
    ] {
        let mut step = keys(list, target);
        step["source"] = json!("work");
        let after = done(&document, "add_mapping", step.clone()).unwrap();
        let row = json!({ "extract": "work", "generate": generate });
        assert_eq!(after.pointer(at), Some(&row), "{list} {target}: {after}");
        assert_eq!(done(&after, "add_mapping", step).as_ref(), Ok(&after), "a second time nothing changes");
        if at.starts_with("/mapping/lists/1") {
            let name = list.strip_suffix("[*]").unwrap_or(list);
            assert_eq!(after["mapping"]["lists"][1]["generate"], name);
        }
    }
    let again = done(&document, "add_mapping", json!({ "target": "addr[0]['city']", "source": "work" }));
    assert!(again.unwrap_err().contains("a row has the target `addr[0]['city']` already"));
}

fn row(generate: &str, extract: &str) -> Value {
    json!({ "generate": generate, "dataType": "string", "extract": extract, "status": "Active" })
}

fn list(generate: &str, parts: &[Value]) -> Value {
    let parts: Vec<Value> =
        parts.iter().map(|rows| json!({ "extract": "$.a[*]", "mappings": rows })).collect();
    json!({ "generate": generate, "dataType": "objectarray", "status": "Active", "buildArrayHelper": parts })
}

fn object(generate: &str, rows: &Value) -> Value {
    json!({ "generate": generate, "dataType": "object", "status": "Active", "mappings": rows })
}

fn two(mappings: &Value) -> Value {
    json!({ "name": "n", "adaptorType": "HTTPImport", "http": {}, "mappings": mappings })
}

#[test]
fn a_row_of_mapper_2_is_met_by_its_own_path_and_by_its_own_name_first() {
    let document = two(&json!([
        list("items", &[json!([row("sku", "$.i1")]), json!([row("sku", "$.i2")])]),
        object("o", &json!([row("a", "$.oa"), row("p", "$.op"), row("p[0]", "$.op0")])),
        row("a", "$.a"),
        row("p", "$.p"),
        row("p[0]", "$.p0"),
        row("x.*", "$.xs"),
        row("x", "$.x"),
        row("items[*].qty", "$.q"),
        list("L[0]", &[json!([row("k", "$.k")])]),
    ]));
    for (list, target, expected) in [
        ("", "items", &["$.i1", "$.i2"][..]),
        ("", "items[1]", &[]),
        ("", "items[*]", &[]),
        ("", "items.*", &[]),
        ("", "items[1].sku", &[]),
        ("", "items.sku", &["$.i1", "$.i2"]),
        ("", "items[*].sku", &["$.i1", "$.i2"]),
        ("", "items[].sku", &["$.i1", "$.i2"]),
        ("items", "sku", &["$.i1", "$.i2"]),
        ("items[*]", "sku", &["$.i1", "$.i2"]),
        ("items[1]", "sku", &[]),
        ("", "items[*].qty", &["$.q"]),
        ("", "o.*", &[]),
        ("", "*.a", &[]),
        ("", "[*].a", &[]),
        ("", "o[*].a", &[]),
        ("", "o[0].a", &[]),
        ("", "o.a", &["$.oa"]),
        ("", "a", &["$.a"]),
        ("", "p", &["$.p"]),
        ("", "p[0]", &["$.p0"]),
        ("", "[\"p[0]\"]", &["$.p0"]),
        ("", "p[1]", &[]),
        ("", "p[-1]", &[]),
        ("", "o.p[0]", &["$.op0"]),
        ("o", "p[0]", &["$.op0"]),
        ("", "x.*", &["$.xs"]),
        ("", "x[*]", &[]),
        ("", "x", &["$.x"]),
        ("", "L[0].k", &["$.k"]),
        ("L[0]", "k", &["$.k"]),
        ("L", "k", &[]),
        ("L[1]", "k", &[]),
    ] {
        assert_eq!(met(&document, list, target), expected, "{list} {target}");
    }
    // The rows of a table stand in a list that has no name.
    let wrapped = two(&json!([{ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "mappings": [row("sku", "$.s")] }] }]));
    for (target, expected) in
        [("sku", &["$.s"][..]), ("[*].sku", &["$.s"]), ("[0].sku", &[]), ("*.sku", &[]), ("[*][*].sku", &[])]
    {
        assert_eq!(met(&wrapped, "", target), expected, "{target}");
    }
    let nested = two(
        &json!([{ "generate": "m", "dataType": "arrayarray", "status": "Active", "buildArrayHelper": [
        { "extract": "$.m[*]", "mappings": [{ "dataType": "objectarray", "status": "Active", "buildArrayHelper": [
            { "extract": "$.m", "mappings": [row("k", "$.m.k")] }] }] }] }]),
    );
    for target in ["m.k", "m[*].k", "m[*][*].k"] {
        assert_eq!(met(&nested, "", target), ["$.m.k"], "{target}");
    }
}

#[test]
fn what_mapper_2_cannot_say_of_a_target_is_told() {
    let document = two(&json!([
        row("z", "$.z"),
        object("o", &json!([row("a", "$.a")])),
        list("items", &[json!([row("sku", "$.i1")]), json!([row("sku", "$.i2")])]),
    ]));
    let table = json!({ "name": "n", "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "csv" }, "mappings": [
        { "dataType": "objectarray", "status": "Active", "buildArrayHelper": [
            { "extract": "$", "mappings": [row("Qty", "$.q")] }] }] });
    for (document, list, target, part) in [
        (&document, "", "addr[0].city", "`addr[0].city` is a field of one entry"),
        (&document, "", "items[1].qty", "`items[1].qty` is a field of one entry"),
        (&document, "items[1]", "qty", "`items[1].qty` is a field of one entry"),
        (&document, "", "z[0]", "`z[0]` is a field of one entry"),
        (&document, "", "tags[*].name", "it has no list `tags`"),
        (&document, "", "tags[*]", "`tags[*]` is a whole entry of a list"),
        (&document, "", "o[*].b", "`o` is no list: write it without `[*]`"),
        (&document, "", "[*].b", "no list: write it without `[*]`"),
        (&table, "", "Qty[0]", "stands in quotes, as `[\"x[0]\"]`"),
        (&table, "", "a[*].b", "it has no list `a`"),
    ] {
        let mut step = keys(list, target);
        step["source"] = json!("s");
        let error = done(document, "add_mapping", step).unwrap_err();
        assert!(error.contains(part), "{list} {target}: {error}");
    }
    for (document, target, at, generate) in [
        (&document, "items[*].qty", "/mappings/2/buildArrayHelper/0/mappings/1", "qty"),
        (&document, "[\"z[0]\"]", "/mappings/3", "z[0]"),
        (&document, "[\"x.*\"]", "/mappings/3", "x.*"),
        (&table, "[*].More", "/mappings/0/buildArrayHelper/0/mappings/1", "More"),
        (&table, "[\"Qty[0]\"]", "/mappings/0/buildArrayHelper/0/mappings/1", "Qty[0]"),
        (&table, "a.b", "/mappings/0/buildArrayHelper/0/mappings/1", "a.b"),
    ] {
        let after = done(document, "add_mapping", json!({ "target": target, "source": "s" })).unwrap();
        assert_eq!(after.pointer(at).unwrap()["generate"], generate, "{target}: {after}");
    }
    for (target, part) in [
        ("items[1]", "no row has the target `items[1]`: it is a field of one entry"),
        ("items[*]", "no row has the target `items[*]`: it is a whole entry of a list"),
        ("items.*", "no row has the target `items.*`: it holds a `*`, which names no field"),
    ] {
        let error = done(&document, "remove_mapping", json!({ "target": target })).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    let error = done(&one(), "remove_mapping", json!({ "target": "addr.*" })).unwrap_err();
    assert!(error.ends_with("it holds a `*`, which names no field"), "{error}");
}

#[test]
fn no_row_is_added_for_a_star() {
    for (keys, at) in [
        (json!({ "target": "*.x", "source": "s" }), "target"),
        (json!({ "target": "x.*", "source": "s" }), "target"),
        (json!({ "target": "*", "source": "s" }), "target"),
        (json!({ "target": "x", "list": "l.*", "source": "s" }), "list"),
    ] {
        let problems = Program::compile(vec![StepSpec::new("add_mapping", keys)]).unwrap_err();
        assert_eq!(problems[0].problem.path.join(" "), format!("add_mapping {at}"));
        assert!(problems[0].problem.message.ends_with("holds a `*`, which names no field"));
    }
}

#[test]
fn what_may_be_about_another_entry_is_said_as_such() {
    let mut document = json!({ "name": "n", "adaptorType": "HTTPImport",
        "http": { "body": ["{{record.addr.[1].city}}"] },
        "mapping": { "fields": [{ "extract": "h", "generate": "addr[0].city" }, { "extract": "z", "generate": "z" }] } });
    let said = |document: &Value| {
        let step = StepSpec::new("remove_mapping", json!({ "target": "addr[0].city" }));
        let program = Program::compile(vec![step]).unwrap();
        program.apply(document.clone(), &Facts::default()).unwrap().warnings
    };
    let expected = "`addr[0].city` may still be named at /http/body/0: check them";
    assert_eq!(said(&document), [expected]);
    document["mapping"]["fields"][1]["generate"] = json!("addr[1].city");
    assert_eq!(said(&document), Vec::<String>::new());

    let mut stars = two(&json!([row("x.*", "$.x"), row("z", "$.z")]));
    stars["http"] = json!({ "body": ["{{record.x}}"] });
    let step = StepSpec::new("remove_mapping", json!({ "target": "x.*" }));
    let done = Program::compile(vec![step]).unwrap().apply(stars, &Facts::default()).unwrap();
    assert_eq!(done.warnings, Vec::<String>::new(), "`x` is another field");
}

#[test]
fn a_source_is_written_as_the_model_has_it_or_refused() {
    let one = json!({ "name": "n", "adaptorType": "HTTPImport", "http": {},
        "mapping": { "fields": [{ "extract": "q", "generate": "g" }], "lists": [] } });
    let two = two(&json!([row("g", "$.q")]));
    for (source, in_one, in_two) in [
        ("a.b", Some("a.b"), Some("$.a.b")),
        ("[a b]", Some("[a b]"), Some("$[\"a b\"]")),
        ("[a].b", Some("[a].b"), Some("$.a.b")),
        ("x[a b].c", Some("x[a b].c"), Some("$.x[\"a b\"].c")),
        ("[a.b]", Some("[a.b]"), Some("$[\"a.b\"]")),
        ("['a b'].c", Some("['a b'].c"), Some("$['a b'].c")),
        ("Link 1.href", Some("Link 1.href"), Some("$.Link 1.href")),
        ("Amount (USD)", Some("Amount (USD)"), Some("$[\"Amount (USD)\"]")),
        ("lines[*].qty", Some("lines[*].qty"), Some("$.lines[*].qty")),
        ("lines[0].qty", Some("lines[0].qty"), Some("$.lines[0].qty")),
        ("lines[0][a b]", Some("lines[0][a b]"), Some("$.lines[0][\"a b\"]")),
        ("lines[-1:].qty", Some("lines[-1:].qty"), Some("$.lines[-1:].qty")),
        ("*.x", Some("*.x"), None),
        ("a.*.b", Some("a.*.b"), None),
        ("[*].x", Some("[*].x"), None),
        ("[0].x", Some("[0].x"), None),
        ("{first} {last}", Some("{first} {last}"), None),
        ("a[?(@.x)]", Some("a[?(@.x)]"), None),
        ("_PARENT.x", Some("_PARENT.x"), None),
        ("$x", Some("$x"), None),
        ("$", Some("$"), Some("$")),
        ("$.a[\"b c\"]", Some("a[\"b c\"]"), Some("$.a[\"b c\"]")),
        ("$[\"b c\"]", Some("[\"b c\"]"), Some("$[\"b c\"]")),
        ("$.a[*].b", Some("a[*].b"), Some("$.a[*].b")),
        ("$..b", None, Some("$..b")),
        ("$.*.b", None, Some("$.*.b")),
        ("$.a[?(@.b==1)].c", None, Some("$.a[?(@.b==1)].c")),
        ("{{record.[a b]}}", Some("{{record.[a b]}}"), Some("{{record.[a b]}}")),
    ] {
        for (document, row, expected, model) in
            [(&one, "/mapping/fields", in_one, "1.0"), (&two, "/mappings", in_two, "2.0")]
        {
            for (step, keys, at) in [
                ("edit_mapping", json!({ "target": "g", "set": { "source": source } }), 0),
                ("add_mapping", json!({ "target": "new", "source": source }), 1),
            ] {
                match (done(document, step, keys), expected) {
                    (Ok(after), Some(expected)) => {
                        let extract = after.pointer(&format!("{row}/{at}/extract"));
                        assert_eq!(extract, Some(&json!(expected)), "{step} {source}");
                    }
                    (Err(said), None) => {
                        let why = format!("source: `{source}` may not mean the same in Mapper {model}");
                        assert!(said.contains(&why), "{said}");
                    }
                    (done, expected) => panic!("{step} {source} {model}: {done:?}, not {expected:?}"),
                }
            }
        }
    }
}
