//! What templates promise.

use serde_json::json;

use super::*;

fn facts() -> Facts {
    Facts {
        row: [("region".to_owned(), "eu".to_owned())].into(),
        job_name: "orders".to_owned(),
        job_date: "2026-01-31".to_owned(),
        job_action: "migrate".to_owned(),
        index: 7,
        connection_name: Some("NetSuite Prod".to_owned()),
        integration_name: None,
    }
}

fn render(source: &str) -> Result<String, String> {
    let document = json!({"name": "Order <EU> & Co", "http": {"method": ["PUT"]}});
    let mut templates = Templates::default();
    let template = templates.compile(source).unwrap();
    templates.render(&template, &document, &facts()).map_err(|error| error.to_string())
}

#[test]
fn every_fact_can_be_used() {
    for (source, expected) in [
        ("{{ name }}", "Order <EU> & Co"),
        ("{{ doc.http.method[0] }}", "PUT"),
        ("{{ name }} ({{ row.region | upper }})", "Order <EU> & Co (EU)"),
        ("{{ job.name }}/{{ job.date }}/{{ job.action }}", "orders/2026-01-31/migrate"),
        ("{{ index | pad(4) }}", "0007"),
        ("{{ connection | slug }}", "netsuite-prod"),
        ("{{ name | regex_replace('^(\\\\w+) .*$', '$1!') }}", "Order!"),
        ("{{ name | replace('Order', 'Item') | lower }}", "item <eu> & co"),
        ("{{ ' a ' | trim }}{{ 'big deal' | title }}", "aBig Deal"),
        ("{% if row.region == 'eu' %}EU{% endif %}\n", "EU\n"),
    ] {
        assert_eq!(render(source), Ok(expected.to_owned()), "{source}");
    }
}

#[test]
fn what_is_not_known_is_an_error_that_names_it() {
    assert_eq!(render("{{ row.country }}"), Err("`row.country` is not known for this import".to_owned()));
    assert_eq!(render("{{ integration }}"), Err("`integration` is not known for this import".to_owned()));
    assert_eq!(render("{{ doc.nope.x }}"), Err("`doc.nope.x` is not known for this import".to_owned()));
    assert!(render("{{ name | regex_replace('(', '') }}").unwrap_err().contains("unclosed group"));
}

#[test]
fn a_syntax_error_and_an_unknown_name_are_found_when_compiled() {
    for (source, part) in [("a {{ name | }} b", "}}"), ("{{ nme }}", "nme"), ("{% if name %}", "")]
        .into_iter()
        .chain([("{{ name | uper }}", "uper"), ("{{ '|x' ~ (name|lower|nope('|')) }} | y", "nope")])
        .chain([("{% if name | upcase == 'A' %}{% endif %}", "upcase")])
    {
        let problem = Templates::default().compile(source).unwrap_err();
        assert!(!problem.message.contains("filter") || problem.help.is_some(), "{problem:?}");
        if !part.is_empty() {
            assert_eq!(problem.range.map(|range| source[range].trim()), Some(part), "{source}");
        }
    }
}

#[test]
fn numbers_of_the_document_are_filled_in_as_they_are() {
    let document: Value = serde_json::from_str(r#"{"a":[1,1.5,18446744073709551615],"b":{"c":-3}}"#).unwrap();
    let mut templates = Templates::default();
    let template =
        templates.compile("{{ doc.a[0] + 1 }} {{ doc.a[1] }} {{ doc.a[2] }} {{ doc.b.c }}").unwrap();
    let rendered = templates.render(&template, &document, &facts());
    assert_eq!(rendered, Ok("2 1.5 18446744073709551615 -3".to_owned()));
}

#[test]
fn handlebars_of_the_service_are_no_template() {
    for text in [
        "Moved {{ job.date }}",
        "{{name}}",
        "{{- row.region -}}",
        "{{ connection }} {{integration}}",
        "{{ name | upper }}",
        "{{doc.http.method}}",
        "{{ index }}",
    ] {
        assert!(is_template(text), "{text}");
    }
    for text in [
        "plain",
        "{{record.name}}",
        "{{ name }} {{record.x}}",
        "{{{name}}}",
        "{{#if name}}x{{/if}}",
        "{{connection.http.token}}",
        "{{integration.settings.x}}",
        "{{names}}",
        "{{data.0.name}}",
        "{{> partial}}",
        "{{ name",
        "{% raw %}",
    ] {
        assert!(!is_template(text), "{text}");
    }
}

#[test]
fn texts_are_filled_in_at_any_depth_and_handlebars_pass_through() {
    let value = json!({"b": ["{{ job.date }}", "{{record.id}}", 1], "a": {"x": "{{ index }}", "y": null}});
    let mut templates = Templates::default();
    let fill = templates.compile_value(&value).unwrap();
    let filled = templates.fill(&fill, &json!({}), &facts()).unwrap();
    assert_eq!(filled.to_string(), r#"{"b":["2026-01-31","{{record.id}}",1],"a":{"x":"7","y":null}}"#);
    let plain = json!({"a": ["{{record.id}}", {"b": 1}]});
    assert_eq!(templates.compile_value(&plain), Ok(Fill::Literal(plain)));
    let Problem { path, .. } = templates.compile_value(&json!({"a": ["", "{{ name | }}"]})).unwrap_err();
    assert_eq!(path, ["a", "1"]);
}
