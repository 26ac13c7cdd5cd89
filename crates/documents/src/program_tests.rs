//! What steps promise.

use serde_json::json;

use super::*;
use crate::SelectorSpec;

fn jq(program: &str) -> StepSpec {
    StepSpec::new("jq", json!(program))
}

fn rename(find: &str, replace: &str) -> StepSpec {
    StepSpec::new("rename", json!({ "find": find, "replace": replace }))
}

fn set(values: Value) -> StepSpec {
    StepSpec::new("set", values)
}

fn name(template: &str) -> StepSpec {
    StepSpec::new("name", json!(template))
}

fn field(from: &str, to: &str) -> Value {
    json!({ "side": "source", "from": from, "to": to })
}

fn order() -> Value {
    json!({"z": 1, "_id": "i1", "name": "Order", "adaptorType": "HTTPImport", "unknown": {"b": [1], "a": null},
        "http": {"method": ["GET"], "body": ["{{record.id}}"]}})
}

fn facts() -> Facts {
    let row = [("region".to_owned(), "EU".to_owned())].into();
    Facts { row, job_date: "2026-01-31".to_owned(), index: 3, ..Facts::default() }
}

fn apply(steps: Vec<StepSpec>) -> Result<Value, String> {
    let program = Program::compile(steps).unwrap();
    let result = program.apply(order(), &facts());
    result.map(|done| done.document).map_err(|error| error.to_string())
}

fn problems(steps: Vec<StepSpec>) -> Vec<(usize, String, Option<std::ops::Range<usize>>)> {
    let problems = Program::compile(steps).unwrap_err();
    let place = |found: StepProblem| (found.step, found.problem.path.join(" "), found.problem.range);
    problems.into_iter().map(place).collect()
}

#[test]
fn what_no_step_names_passes_through_untouched_and_in_order() {
    let operations = vec![json!({"op": "replace", "path": "/http/method/0", "value": "PUT"})];
    let done = apply(vec![
        rename("^(.*)$", "EU $1"),
        name("{{ name }} ({{ row.region }})"),
        set(json!({"/description": "Moved {{ job.date }}", "/http/body/0": "{{record.key}}"})),
        StepSpec::new("remove", json!(["/z", "/nothing"])),
        StepSpec::new("patch", json!(operations)),
        jq(".http.extra = 1"),
    ]);
    assert_eq!(
        done.unwrap().to_string(),
        r#"{"_id":"i1","name":"EU Order (EU)","adaptorType":"HTTPImport","unknown":{"b":[1],"a":null},"http":{"method":["PUT"],"body":["{{record.key}}"],"extra":1},"description":"Moved 2026-01-31"}"#
    );
}

#[test]
fn a_step_is_for_the_imports_its_when_selects_as_they_are_by_then() {
    let when = |name: &str| SelectorSpec { names: vec![name.to_owned()], ..SelectorSpec::default() };
    let by_jq =
        SelectorSpec { filter: Some(".http.method[0] == \"GET\"".to_owned()), ..SelectorSpec::default() };
    let program = Program::compile(vec![
        rename("Order", "Item").when(when("Order")),
        rename("$", " never").when(when("Order")),
        rename("$", " two").when(when("Item")),
        rename("$", " three").when(by_jq),
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
        (name("{{ row.x }}"), "step 1 (name): `row.x` is not known for this import"),
        (set(json!({"/name/x": 1})), "step 1 (set): /name is a text, not an object or a list"),
    ] {
        assert_eq!(apply(vec![step]), Err(message.to_owned()));
    }
}

#[test]
fn all_problems_of_all_steps_are_named_with_their_place() {
    let when = SelectorSpec { filter: Some(".a | nope".to_owned()), ..SelectorSpec::default() };
    let found = Program::compile(vec![jq(".x |").when(when)]).unwrap_err();
    assert_eq!(found.iter().map(|p| p.problem.path.join(" ")).collect::<Vec<_>>(), ["when where", "jq"]);
    let found = problems(vec![
        rename("a(b", ""),
        rename("(a)", "x $1_y"),
        rename("(a)", "x $2"),
        name("{{ name | }}"),
        set(json!({"name": 1, "/a": {"b": ["{{ name | }}"]}, "/_id": 1})),
        StepSpec::new("remove", json!(["/ok", "x"])),
        StepSpec::new("patch", json!([{"op": "add", "path": "/a", "value": 1}, {"op": "x"}])),
        jq(". | mop"),
        StepSpec::new("rename_fields", json!([field("a", "b"), field("a", "c")])),
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
            (6, "patch 1 op"),
            (7, "jq"),
            (8, "rename_fields 1 from"),
        ]
    );
    let ranges: Vec<_> =
        found.into_iter().filter_map(|(step, _, range)| range.map(|range| (step, range))).collect();
    assert_eq!(ranges, [(0, 1..2), (1, 2..6), (2, 2..4), (3, 10..12), (4, 10..12), (7, 4..7)]);
}

#[test]
fn a_group_that_is_not_there_is_found_before_it_eats_the_name() {
    let help =
        |find, replace| Program::compile(vec![rename(find, replace)]).map_err(|p| p[0].problem.help.clone());
    assert_eq!(help("(a)", "$1_y").unwrap_err().unwrap(), "write `${1}_y`");
    for (find, replace) in [("(a)", "${1}_y"), ("(?<x>a)", "$x"), ("a", "$0"), ("a", "$$5"), ("a", "5 $")] {
        assert!(help(find, replace).is_ok(), "{find} {replace}");
    }
}

#[test]
fn renamed_fields_are_followed_and_what_is_left_to_a_person_is_told() {
    let step = StepSpec::new("rename_field", field("internal_id", "internalId"));
    let program = Program::compile(vec![step]).unwrap();
    let document = json!({"_id": "i1", "name": "x", "mapping": {"fields": [{"extract": "internal_id", "generate": "id"}]},
        "hooks": {"preMap": {"function": "f", "_scriptId": "aaaaaaaaaaaaaaaaaaaaaaaa"}}});
    let done = program.apply(document, &facts()).unwrap();
    assert_eq!(done.document["mapping"]["fields"][0]["extract"], json!("internalId"));
    assert!(!done.warnings.is_empty());
}

#[test]
fn the_first_imports_of_the_selection_are_named_whichever_is_met_first() {
    let told = |order: [u32; 6]| {
        let program = Program::compile(vec![StepSpec::new("remove", json!(["/z"]))]).unwrap();
        for index in order {
            let facts = Facts { index, ..facts() };
            program.apply(json!({ "name": format!("i{index}") }), &facts).unwrap();
        }
        program.notes()
    };
    let notes = told([1, 2, 3, 4, 5, 6]);
    assert!(notes[0].contains("\"i1\", \"i2\", \"i3\" and 3 more"), "{notes:?}");
    for order in [[6, 5, 4, 3, 2, 1], [4, 5, 1, 6, 2, 3], [2, 1, 6, 3, 5, 4]] {
        assert_eq!(told(order), notes, "{order:?}");
    }
}

#[test]
fn a_step_that_does_not_apply_leaves_the_import_and_is_counted() {
    let edit = json!({ "target": "price", "set": { "source": "unit_price" } });
    let steps = || vec![StepSpec::new("edit_mapping", edit.clone()), StepSpec::new("remove", json!(["/z"]))];
    let program = Program::compile(steps()).unwrap().at_lines(vec![7, 9]);
    let row = |target: &str| json!({ "name": target, "mapping": { "fields": [{ "extract": "a", "generate": target }] } });
    for name in ["price", "a", "b", "c", "d"] {
        let done = program.apply(row(name), &facts()).unwrap();
        assert_eq!(done.document != row(name), name == "price");
    }
    program.apply(json!({ "name": "none", "z": 1 }), &facts()).unwrap();
    assert_eq!(
        program.notes(),
        [
            "step 1 (edit_mapping, line 7 of the job) does not apply to 5 of 6 imports: \"a\", \"b\", \"c\" and 2 more \
             (no row has the target `price`)",
            "step 2 (remove, line 9 of the job) does not apply to 5 of 6 imports: \"price\", \"a\", \"b\" and 2 more \
             (there is nothing at /z)"
        ]
    );

    let strict = steps().into_iter().map(|step| step.missing(Missing::Fail)).collect();
    let strict = Program::compile(strict).unwrap();
    let error = strict.apply(row("a"), &facts()).unwrap_err().to_string();
    assert_eq!(error, "step 1 (edit_mapping): no row has the target `price`");
    assert_eq!(strict.notes(), [""; 0]);
}

#[test]
fn a_filter_that_raises_an_error_may_leave_the_import_and_one_that_meets_a_limit_may_not() {
    let program = |text: &str| Program::compile(vec![jq(text).missing(Missing::Skip)]).unwrap();
    let raises = program(".http.headers |= map(select(.name != \"X\"))");
    assert_eq!(raises.apply(order(), &facts()).unwrap().document, order());
    assert_eq!(raises.notes().len(), 1);
    assert!(program("def f: 1 + f; .x = f").apply(order(), &facts()).is_err());
    assert!(Program::compile(vec![name("x").missing(Missing::Skip)]).is_err());
}

#[derive(Debug)]
struct Panics;

impl AnyStep for Panics {
    fn touches(&self) -> Touched {
        Touched::Everything
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        document["name"] = Value::Null;
        panic!("of this step");
    }

    fn needs_names(&self) -> bool {
        false
    }

    fn unused(&self, _: Looked) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn what_a_step_did_not_look_for_is_not_said_to_be_missing() {
    let rename = |from: &str| json!({ "side": "source", "from": from, "to": "z" });
    let one = |from: &str| StepSpec::new("rename_field", rename(from));
    let scoped = |from: &str, key: &str, value: &str| {
        let mut row = rename(from);
        row[key] = json!(value);
        row
    };
    let mut other = scoped("a", "import", "i1");
    other["to"] = json!("y");
    let conflict = json!([scoped("a", "adaptor_type", "HTTPImport"), other]);
    let failing = || jq("if .name == \"i1\" then error(\"no\") else . end");
    let table = |rows: Value| StepSpec::new("rename_fields", rows);
    let document = |name: &str, field: &str| json!({ "name": name, "adaptorType": "HTTPImport", "http": { "relativeURI": format!("/{{{{record.{field}}}}}") } });
    let none = "found none of these fields in";
    for (steps, names, expected) in [
        (vec![failing(), one("a")], &["i1"][..], vec![]),
        (
            vec![failing(), one("q")],
            &["i1", "i2"],
            vec![format!("{none} the 1 import that it looked at: `q` (source)")],
        ),
        (
            vec![failing(), one("q")],
            &["i1", "i2", "i3"],
            vec![format!("{none} any of the 2 imports that it looked at: `q` (source)")],
        ),
        (vec![failing(), one("a")], &["i1", "i2"], vec![]),
        (vec![one("q"), failing()], &["i1", "i2"], vec![format!("{none} any import: `q` (source)")]),
        (vec![one("q")], &["i1"], vec![format!("{none} any import: `q` (source)")]),
        (vec![one("q")], &[], vec![format!("{none} any import: `q` (source)")]),
        (vec![table(conflict.clone())], &["i1"], vec![]),
        (vec![table(conflict.clone())], &["i1", "i2"], vec![]),
        (
            vec![table(json!([conflict[0], conflict[1], rename("q")]))],
            &["i1", "i2"],
            vec![format!("{none} the 1 import that it looked at: `q` (source)")],
        ),
        (
            vec![failing(), table(json!([scoped("a", "import", "i1")]))],
            &["i1", "i2"],
            vec![format!(
                "{none} the 1 import that it looked at: `a` (source; it is not one with the import `i1`)"
            )],
        ),
        (
            vec![table(json!([scoped("a", "import", "i9")]))],
            &["i1"],
            vec![format!("{none} any import: `a` (source; no import has the import `i9`)")],
        ),
    ] {
        let shown = format!("{steps:?} {names:?}");
        let program = Program::compile(steps).unwrap();
        for name in names {
            let _ = program.apply(document(name, "a"), &facts());
        }
        let notes = program.notes();
        let told: Vec<&str> = notes.iter().filter_map(|note| Some(&note[note.find(none)?..])).collect();
        assert_eq!(told, expected, "{shown}");
    }
}

#[test]
fn a_when_is_said_to_hold_for_none_of_the_imports_that_it_was_asked_about() {
    let named = |name: &str| SelectorSpec { names: vec![name.to_owned()], ..SelectorSpec::default() };
    let typed = SelectorSpec { adaptor_types: vec!["FTPImport".to_owned()], ..SelectorSpec::default() };
    let failing = || jq("if .name == \"i1\" then error(\"no\") else . end");
    for (first, when, names, said) in [
        (None, named("i9"), &["i1"][..], "step 1 (remove): `when.names`: `i9` matches no import"),
        (
            Some(failing()),
            named("i1"),
            &["i1", "i2"],
            "step 2 (remove): `when.names`: `i1` matches none of the imports that it looked at",
        ),
        (
            Some(failing()),
            typed,
            &["i1", "i2"],
            "step 2 (remove) changes nothing: its `when` holds for none of the imports that it looked at",
        ),
        (Some(failing()), named("i1"), &["i1"], ""),
    ] {
        let remove = StepSpec { when: Some(when), ..StepSpec::new("remove", json!(["/z"])) };
        let program = Program::compile(first.into_iter().chain([remove]).collect()).unwrap();
        for name in names {
            let _ = program.apply(json!({ "name": name, "adaptorType": "HTTPImport" }), &facts());
        }
        assert_eq!(program.notes().join("; "), said);
    }
}

#[test]
fn a_panic_in_a_step_is_the_failure_of_its_import() {
    let mut program = Program::compile(vec![jq(".")]).unwrap();
    let tally = Mutex::default();
    let step = Box::new(Panics);
    program.steps.push(Compiled { kind: "jq", when: None, missing: Missing::Fail, step, tally });
    for _ in 0..2 {
        let error = program.apply(order(), &facts()).unwrap_err();
        assert_eq!(error.to_string(), "step 2 (jq): the step ended with an internal error");
    }
}

#[test]
fn counts_are_written_with_separators() {
    assert_eq!(
        [0, 7, 999, 1000, 12_345, 1_234_567].map(super::grouped),
        ["0", "7", "999", "1,000", "12,345", "1,234,567"]
    );
}
