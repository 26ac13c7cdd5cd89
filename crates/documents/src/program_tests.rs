//! What steps promise.

use serde_json::json;

use super::*;
use crate::{FieldRename, SelectorSpec, Side, Step};

fn always(step: Step) -> GuardedStep {
    GuardedStep { when: None, step }
}

fn jq(program: &str) -> Step {
    Step::Jq { program: program.to_owned() }
}

fn rename(find: &str, replace: &str) -> Step {
    Step::Rename { find: find.to_owned(), replace: replace.to_owned() }
}

fn set(values: Value) -> Step {
    let Value::Object(values) = values else { panic!("an object") };
    Step::Set { values: values.into_iter().collect() }
}

fn field(from: &str, to: &str) -> FieldRename {
    FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() }
}

fn order() -> Value {
    json!({"z": 1, "_id": "i1", "name": "Order", "adaptorType": "HTTPImport", "unknown": {"b": [1], "a": null},
        "http": {"method": ["GET"], "body": ["{{record.id}}"]}})
}

fn facts() -> Facts {
    let row = [("region".to_owned(), "EU".to_owned())].into();
    Facts { row, job_date: "2026-01-31".to_owned(), index: 3, ..Facts::default() }
}

fn apply(steps: Vec<Step>) -> Result<Value, String> {
    let program = Program::compile(steps.into_iter().map(always).collect()).unwrap();
    let result = program.apply(order(), &facts());
    result.map(|done| done.document).map_err(|error| error.to_string())
}

fn problems(steps: Vec<Step>) -> Vec<(usize, String, Option<std::ops::Range<usize>>)> {
    let problems = Program::compile(steps.into_iter().map(always).collect()).unwrap_err();
    problems.into_iter().map(|problem| (problem.step, problem.path.join(" "), problem.range)).collect()
}

#[test]
fn what_no_step_names_passes_through_untouched_and_in_order() {
    let operations = vec![json!({"op": "replace", "path": "/http/method/0", "value": "PUT"})];
    let done = apply(vec![
        rename("^(.*)$", "EU $1"),
        Step::Name { template: "{{ name }} ({{ row.region }})".to_owned() },
        set(json!({"/description": "Moved {{ job.date }}", "/http/body/0": "{{record.key}}"})),
        Step::Remove { pointers: vec!["/z".to_owned(), "/nothing".to_owned()] },
        Step::Patch { operations },
        jq(".http.extra = 1"),
    ]);
    assert_eq!(
        done.unwrap().to_string(),
        r#"{"_id":"i1","name":"EU Order (EU)","adaptorType":"HTTPImport","unknown":{"b":[1],"a":null},"http":{"method":["PUT"],"body":["{{record.key}}"],"extra":1},"description":"Moved 2026-01-31"}"#
    );
}

#[test]
fn a_step_is_for_the_imports_its_when_selects_as_they_are_by_then() {
    let when = |name: &str| Some(SelectorSpec { names: vec![name.to_owned()], ..SelectorSpec::default() });
    let by_jq =
        SelectorSpec { filter: Some(".http.method[0] == \"GET\"".to_owned()), ..SelectorSpec::default() };
    let program = Program::compile(vec![
        GuardedStep { when: when("Order"), step: rename("Order", "Item") },
        GuardedStep { when: when("Order"), step: rename("$", " never") },
        GuardedStep { when: when("Item"), step: rename("$", " two") },
        GuardedStep { when: Some(by_jq), step: rename("$", " three") },
    ]);
    let done = program.unwrap().apply(order(), &facts()).unwrap();
    assert_eq!(done.document["name"], json!("Item two three"));
}

#[test]
fn a_step_that_cannot_be_applied_says_which_and_why() {
    for (step, message) in [
        (jq("1"), "step 1 (jq): the result is not an object"),
        (jq("empty"), "step 1 (jq): the filter gave no result"),
        (jq("., ."), "step 1 (jq): the filter gave several results, not one"),
        (jq("._id = \"x\""), "step 1 (jq): the result has another `_id`: it cannot be changed"),
        (jq("del(._id)"), "step 1 (jq): the result has another `_id`: it cannot be changed"),
        (jq("error(\"why\")"), "step 1 (jq): why"),
        (rename(".*", ""), "step 1 (rename): the new name is empty"),
        (
            Step::Name { template: "{{ row.x }}".to_owned() },
            "step 1 (name): `row.x` is not known for this import",
        ),
        (set(json!({"/name/x": 1})), "step 1 (set): /name is a text, not an object or a list"),
    ] {
        assert_eq!(apply(vec![step]), Err(message.to_owned()));
    }
}

#[test]
fn all_problems_of_all_steps_are_named_with_their_place() {
    let when = Some(SelectorSpec { filter: Some(".a | nope".to_owned()), ..SelectorSpec::default() });
    let found = Program::compile(vec![GuardedStep { when, step: jq(".x |") }]).unwrap_err();
    assert_eq!(found.iter().map(|p| p.path.join(" ")).collect::<Vec<_>>(), ["when where", "jq"]);
    let found = problems(vec![
        rename("a(b", ""),
        rename("(a)", "x $1_y"),
        rename("(a)", "x $2"),
        Step::Name { template: "{{ name | }}".to_owned() },
        set(json!({"name": 1, "/a": {"b": ["{{ name | }}"]}, "/_id": 1})),
        Step::Remove { pointers: vec!["/ok".to_owned(), "x".to_owned()] },
        Step::Patch { operations: vec![json!({"op": "add", "path": "/a", "value": 1}), json!({"op": "x"})] },
        jq(". | mop"),
        Step::RenameFields { renames: vec![field("a", "b").into(), field("a", "c").into()] },
    ]);
    let places: Vec<(usize, &str)> = found.iter().map(|(step, path, _)| (*step, path.as_str())).collect();
    assert_eq!(
        places,
        [
            (0, "rename find"),
            (1, "rename replace"),
            (2, "rename replace"),
            (3, "name"),
            (4, "set name"),
            (4, "set /a b 0"),
            (4, "set /_id"),
            (5, "remove 1"),
            (6, "patch 1"),
            (7, "jq"),
            (8, "rename_fields"),
        ]
    );
    let ranges: Vec<_> =
        found.into_iter().filter_map(|(step, _, range)| range.map(|range| (step, range))).collect();
    assert_eq!(ranges, [(0, 1..2), (1, 2..6), (2, 2..4), (3, 10..12), (4, 10..12), (7, 4..7)]);
}

#[test]
fn a_group_that_is_not_there_is_found_before_it_eats_the_name() {
    let help =
        |find, replace| Program::compile(vec![always(rename(find, replace))]).map_err(|p| p[0].help.clone());
    assert_eq!(help("(a)", "$1_y").unwrap_err().unwrap(), "write `${1}_y`");
    for (find, replace) in [("(a)", "${1}_y"), ("(?<x>a)", "$x"), ("a", "$0"), ("a", "$$5"), ("a", "5 $")] {
        assert!(help(find, replace).is_ok(), "{find} {replace}");
    }
}

#[test]
fn renamed_fields_are_followed_and_what_is_left_to_a_person_is_told() {
    let step = Step::RenameFields { renames: vec![field("internal_id", "internalId").into()] };
    let program = Program::compile(vec![always(step)]).unwrap();
    let document = json!({"_id": "i1", "name": "x", "mapping": {"fields": [{"extract": "internal_id", "generate": "id"}]},
        "hooks": {"preMap": {"function": "f", "_scriptId": "aaaaaaaaaaaaaaaaaaaaaaaa"}}});
    let done = program.apply(document, &facts()).unwrap();
    assert_eq!(done.document["mapping"]["fields"][0]["extract"], json!("internalId"));
    assert!(!done.warnings.is_empty());
}
