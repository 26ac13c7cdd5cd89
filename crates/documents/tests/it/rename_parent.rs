//! Renaming fields of the parent record: they are those of the source, also where a template sees the mapped record.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// An import that takes the entries of `items` one by one, with a mapping or without.
fn import(mapped: bool, body: &str) -> Value {
    let mut import =
        json!({ "oneToMany": true, "pathToMany": "items", "http": { "body": [body], "relativeURI": ["/"] } });
    if mapped {
        import["mapping"] = json!({ "fields": [{ "extract": "q", "generate": "q" }], "lists": [] });
    }
    import
}

#[test]
fn fields_of_the_parent_are_those_of_the_source_in_a_mapped_body() {
    use Side::{Source, Target};
    for (mapped, side, before, after) in [
        (true, Target, "{{record._PARENT.x}} {{record.x}}", "{{record._PARENT.x}} {{record.y}}"),
        (true, Source, "{{record._PARENT.x}} {{record.x}}", "{{record._PARENT.y}} {{record.x}}"),
        (false, Source, "{{record._PARENT.x}}", "{{record._PARENT.y}}"),
        (true, Target, "{{#with record._PARENT}}{{x}}{{/with}}", "="),
        (
            true,
            Source,
            "{{#with record._PARENT}}{{x}}{{/with}}{{x}}",
            "{{#with record._PARENT}}{{y}}{{/with}}{{x}}",
        ),
        (
            true,
            Source,
            "{{#each record.lines}}{{x}}{{/each}} {{_PARENT.x}}",
            "{{#each record.lines}}{{x}}{{/each}} {{_PARENT.y}}",
        ),
        (true, Target, "{{getValue \"record._PARENT.x\"}} {{trim record._PARENT.x}}", "="),
        (true, Source, "{{getValue \"record._PARENT.x\"}}", "{{getValue \"record._PARENT.y\"}}"),
        (true, Source, "{{record._PARENT.q}} {{pluck record.x \"x\"}} {{trim 'x'}}", "="),
        (true, Target, "{{data.0._PARENT.x}}{{data.0.x}}", "{{data.0._PARENT.x}}{{data.0.y}}"),
    ] {
        let after = if after == "=" { before } else { after };
        let mut document = import(mapped, before);
        let renames = |from: &str, to: &str| [FieldRename { side, from: from.to_owned(), to: to.to_owned() }];
        let said = rename_fields(&mut document, &renames("x", "y"));
        assert_eq!((document.clone(), said), (import(mapped, after), Vec::new()), "{side:?} {before}");
        rename_fields(&mut document, &renames("y", "x"));
        assert_eq!(document, import(mapped, before), "{side:?} {before}");
    }
}

#[test]
fn a_field_of_the_parent_that_cannot_be_renamed_is_said() {
    let rename = |to: &str| [FieldRename { side: Side::Source, from: "x".to_owned(), to: to.to_owned() }];
    let mut document = import(true, "{{record._PARENT.x}}");
    let said = rename_fields(&mut document, &rename("[\"a]b\"]"));
    assert_eq!(document, import(true, "{{record._PARENT.x}}"));
    assert!(said[0].contains("`record._PARENT.x` cannot be renamed where it stands"), "{said:?}");
}
